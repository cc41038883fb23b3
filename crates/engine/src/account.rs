//! A payer's account from outside: signing up and in by phone and code, sessions on devices, the proofs of the
//! security centre.
//!
//! **Invariants.** Of the secrets of devices and sessions only digests are kept. A code says in its digest what it is
//! for.

use std::borrow::Cow;

use tongbao_core::{
    Actor, Key, Refusal,
    id::PayerId,
    message::Text,
    notice::{Address, Medium, contact},
    payer::{
        self,
        session::{self, Session, SignIn},
        sign_up::{self, Sending},
    },
};
use tongbao_store::Fault;

use crate::{
    Engine, Error, Input,
    auth::{hex, mask_phone},
    vault::{Field, is_equal},
};

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident, $len:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone)]
            pub struct $name([u8; $len]);

            impl $name {
                /// What a cookie holds of it.
                pub fn bytes(&self) -> &[u8] {
                    &self.0
                }

                /// Read from a cookie; none if the length is another.
                pub fn from_bytes(bytes: &[u8]) -> Option<$name> {
                    bytes.try_into().ok().map($name)
                }

                /// What is kept of it. It has more chance in it than can be tried, so its digest needs no key.
                pub fn digest(&self) -> [u8; 32] {
                    blake3::hash(&self.0).into()
                }
            }
        )*
    };
}

secrets! {
    /// Names a device: a browser of a payer.
    DeviceSecret, 16;
    /// Opens the session that it began.
    SessionSecret, 32;
}

/// What a one-time code is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Signing in.
    SignIn,
    /// Setting the payment password anew.
    Reset,
    /// Lifting a freeze of one's own.
    Unfreeze,
    /// Confirming a mail address.
    Mail,
    /// Closing the account.
    Closing,
    /// Proving an attempt to pay: what is paid has this digest.
    Challenge([u8; 32]),
}

impl Purpose {
    fn name(self) -> Cow<'static, str> {
        match self {
            // As before there were others.
            Purpose::SignIn => "".into(),
            Purpose::Reset => "reset/".into(),
            Purpose::Unfreeze => "unfreeze/".into(),
            Purpose::Mail => "mail/".into(),
            Purpose::Closing => "closing/".into(),
            Purpose::Challenge(digest) => format!("challenge/{}/", hex(&digest)).into(),
        }
    }
}

/// What became of a code typed by who wants to come in.
pub enum Entered {
    /// The payer with this number.
    Payer(PayerId),
    /// Nobody has the number: who holds this may choose a password.
    New(SessionSecret),
    /// The code was wrong, or too old, or none was sent.
    Wrong,
}

fn by(payer: PayerId, name: &'static str) -> Input {
    Input { actor: Actor::Payer(payer), name }
}

/// Somebody who has no account yet.
fn nobody(name: &'static str) -> Input {
    Input { actor: Actor::Visitor, name }
}

impl Engine {
    /// A secret for a device that has none.
    pub fn new_device_secret(&self) -> DeviceSecret {
        DeviceSecret(self.entropy.seed())
    }

    /// The session that these two open, whether it counts or not.
    pub fn session(
        &self,
        payer: PayerId,
        device: &DeviceSecret,
        secret: &SessionSecret,
    ) -> Result<Option<Session>, Fault> {
        let found = self.store.find::<Session>(Key::Session(payer, device.digest()))?;
        Ok(found.filter(|session| is_equal(&session.secret, &secret.digest())))
    }

    /// Signs a payer in on a device, after a code.
    pub async fn begin_session(
        &self,
        payer: PayerId,
        device: &DeviceSecret,
        device_name: &str,
    ) -> Result<SessionSecret, Error> {
        let (secret, sign_in) = self.sign_in(device, device_name);
        self.step(by(payer, "begin_session"), move |facts, cx| session::begin(facts, cx, payer, &sign_in))
            .await?;
        Ok(secret)
    }

    fn sign_in(&self, device: &DeviceSecret, device_name: &str) -> (SessionSecret, SignIn) {
        let secret = SessionSecret(self.entropy.secret());
        let digests = (device.digest(), secret.digest());
        let device_name = device_name.to_owned();
        (secret, SignIn { device: digests.0, secret: digests.1, device_name })
    }

    pub(crate) fn new_code(&self) -> String {
        format!("{:06}", u128::from_be_bytes(self.entropy.seed()) % 1_000_000)
    }

    pub(crate) fn code_digest(&self, whose: &str, purpose: Purpose, code: &str) -> [u8; 32] {
        self.vault.digest("code", &format!("{whose}/{}{code}", purpose.name()))
    }

    /// Sends a six-digit code to a payer's phone: by the SMS port; a sandbox shows it in its inbox. Without either it
    /// is refused before anything is kept.
    pub async fn send_code_for(&self, id: PayerId, purpose: Purpose) -> Result<(), Error> {
        self.can_send()?;
        let code = self.new_code();
        let digest = self.code_digest(&id.to_string(), purpose, &code);
        let sealed = self.vault.seal(Field::Code, &code);
        let text = match purpose {
            Purpose::SignIn => Text::SignInCode(code),
            Purpose::Reset | Purpose::Unfreeze | Purpose::Mail | Purpose::Closing | Purpose::Challenge(_) => {
                Text::SecurityCode(code)
            }
        };
        let inbox = self.is_sandbox().then_some(text);
        self.run(by(id, "send_code"), move |facts, cx| {
            let mut change = payer::send_code(facts, cx, id, digest, inbox.clone())?;
            if inbox.is_none() {
                contact::phone_code(facts, cx, &mut change, id, sealed.clone())?;
            }
            Ok(change)
        })
        .await
    }

    pub(crate) fn can_send(&self) -> Result<(), Error> {
        let must = "sent by SMS, and no SMS port is configured";
        let refusal = Refusal::Invalid { param: "code", must };
        if self.can_send_codes() { Ok(()) } else { Err(Error::Refused(refusal)) }
    }

    /// The digest of a code as a payer typed it.
    pub fn typed_code(&self, id: PayerId, purpose: Purpose, code: &str) -> [u8; 32] {
        self.code_digest(&id.to_string(), purpose, code)
    }

    /// Sends a code to a number, whether or not somebody has it: one step either way.
    pub async fn send_entry_code(&self, phone: &str) -> Result<(), Error> {
        if let Some(payer) = self.payer_by_phone(phone)? {
            return self.send_code_for(payer.id, Purpose::SignIn).await;
        }
        self.can_send()?;
        let code = self.new_code();
        let to = Address {
            medium: Medium::Sms,
            sealed: self.vault.seal(Field::Phone, phone),
            hint: mask_phone(phone),
        };
        let sealed = self.vault.seal(Field::Code, &code);
        let new = Sending {
            phone_digest: self.vault.digest("phone", phone),
            phone_hint: mask_phone(phone),
            code_digest: self.code_digest(phone, Purpose::SignIn, &code),
            inbox: self.is_sandbox().then_some(code),
        };
        self.run(nobody("send_code"), move |facts, cx| {
            let mut change = sign_up::send_code(facts, cx, &new)?;
            if new.inbox.is_none() {
                contact::entry_code(cx, &mut change, to.clone(), sealed.clone());
            }
            Ok(change)
        })
        .await
    }

    /// Whose number it is, if the code is right.
    pub async fn use_entry_code(&self, phone: &str, code: &str) -> Result<Entered, Error> {
        if let Some(payer) = self.payer_by_phone(phone)? {
            return match self.use_code(payer.id, code).await {
                Ok(()) => Ok(Entered::Payer(payer.id)),
                Err(Error::Refused(Refusal::WrongCode)) => Ok(Entered::Wrong),
                Err(error) => Err(error),
            };
        }
        let ticket = SessionSecret(self.entropy.secret());
        let (number, digest) = (self.vault.digest("phone", phone), ticket.digest());
        let code = self.code_digest(phone, Purpose::SignIn, code);
        let used = self
            .step(nobody("use_code"), move |facts, cx| sign_up::use_code(facts, cx, &number, &code, digest))
            .await;
        match used {
            Ok(true) => Ok(Entered::New(ticket)),
            Ok(false) | Err(Error::Refused(Refusal::WrongCode)) => Ok(Entered::Wrong),
            Err(error) => Err(error),
        }
    }

    /// Makes the payer of a number that was proven, with this payment password, signed in on this device. The
    /// password is hashed where passwords wait to be checked; [`Fault::Busy`] when too many wait.
    pub async fn sign_up(
        &self,
        (phone, password): (&str, String),
        ticket: &SessionSecret,
        device: &DeviceSecret,
        device_name: &str,
    ) -> Result<(PayerId, SessionSecret), Error> {
        let hash = self.hash_password(password).await?;
        let new = self.payer_with(phone, hash);
        let (secret, sign_in) = self.sign_in(device, device_name);
        let ticket = ticket.digest();
        let finish = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
            sign_up::finish(facts, cx, &new, &ticket, &sign_in)
        };
        let (payer, _) = self.step(nobody("sign_up"), finish).await?;
        Ok((payer, secret))
    }
}
