//! A payer's account from outside: signing up and in by phone and code, sessions on devices, the proofs of the
//! security centre.
//!
//! **Invariants.** Of the secrets of devices and sessions only digests are kept. A code says in its digest what it is
//! for.

use std::{borrow::Cow, net::IpAddr};

use tongbao_core::{
    Actor, Key, Refusal,
    id::PayerId,
    message::Text,
    notice::{Address, Medium, contact},
    payer::{
        self, CodePurpose,
        network::NetworkDigest,
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
    /// Adding a passkey.
    Passkey,
    /// Proving an attempt to pay: what is paid has this digest.
    Challenge([u8; 32]),
}

/// A device on which somebody signs in.
#[derive(Clone, Copy)]
pub struct Device<'a> {
    /// The secret that names it.
    pub secret: &'a DeviceSecret,
    /// What kind of device it says to be.
    pub name: &'a str,
    /// The address that it came from, if that is known.
    pub address: Option<IpAddr>,
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
            Purpose::Passkey => "passkey/".into(),
            Purpose::Challenge(digest) => format!("challenge/{}/", hex(&digest)).into(),
        }
    }

    /// Where the core keeps such a code; that of a mail address is kept with the address.
    pub const fn kept(self) -> Option<CodePurpose> {
        match self {
            Purpose::SignIn => Some(CodePurpose::SignIn),
            Purpose::Reset => Some(CodePurpose::Reset),
            Purpose::Unfreeze => Some(CodePurpose::Unfreeze),
            Purpose::Closing => Some(CodePurpose::Closing),
            Purpose::Passkey => Some(CodePurpose::Passkey),
            Purpose::Challenge(_) => Some(CodePurpose::Payment),
            Purpose::Mail => None,
        }
    }
}

/// The network of an address, as it is digested: the first 24 bits of IPv4, the first 48 of IPv6.
fn network_text(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
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

/// Nobody is told how many codes a number was sent today: whoever asks for one is told what is told after any other.
pub(crate) fn untold(error: Error) -> Error {
    if matches!(error, Error::Refused(Refusal::CodesOfDayUsedUp)) {
        return Error::Refused(Refusal::CodeTooSoon);
    }
    error
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
    pub async fn begin_session(&self, payer: PayerId, device: Device<'_>) -> Result<SessionSecret, Error> {
        let (secret, sign_in) = self.sign_in(device);
        self.step(by(payer, "begin_session"), move |facts, cx| session::begin(facts, cx, payer, &sign_in))
            .await?;
        Ok(secret)
    }

    pub(crate) fn sign_in(&self, device: Device<'_>) -> (SessionSecret, SignIn) {
        let secret = SessionSecret(self.entropy.secret());
        let sign_in = SignIn {
            device: device.secret.digest(),
            secret: secret.digest(),
            device_name: device.name.to_owned(),
            network: device.address.map(|address| self.network_digest(address)),
        };
        (secret, sign_in)
    }

    /// The network of an address, as it is kept.
    fn network_digest(&self, address: IpAddr) -> NetworkDigest {
        let digest = self.vault.digest("network", &network_text(address));
        *digest.first_chunk().expect("32 bytes begin with 16")
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
        let unkept = Refusal::Invalid { param: "code", must: "sent to the phone" };
        let kept = purpose.kept().ok_or(Error::Refused(unkept))?;
        self.can_send()?;
        let code = self.new_code();
        let digest = self.code_digest(&id.to_string(), purpose, &code);
        let sealed = self.vault.seal(Field::Code, &code);
        let text = match purpose {
            Purpose::SignIn => Text::SignInCode(code),
            Purpose::Reset
            | Purpose::Unfreeze
            | Purpose::Mail
            | Purpose::Closing
            | Purpose::Passkey
            | Purpose::Challenge(_) => Text::SecurityCode(code),
        };
        let inbox = self.is_sandbox().then_some(text);
        self.run(by(id, "send_code"), move |facts, cx| {
            let mut change = payer::send_code(facts, cx, (id, kept), digest, inbox.clone())?;
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

    /// Sends a code to a number, whether or not somebody has it: one step either way. When the day's codes are used up
    /// the answer is that of a code that was asked for too soon.
    pub async fn send_entry_code(&self, phone: &str) -> Result<(), Error> {
        if let Some(payer) = self.payer_by_phone(phone)? {
            return self.send_code(payer.id).await;
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
        .map_err(untold)
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
        device: Device<'_>,
    ) -> Result<(PayerId, SessionSecret), Error> {
        let hash = self.hash_password(password).await?;
        let new = self.payer_with(phone, hash);
        let (secret, sign_in) = self.sign_in(device);
        let ticket = ticket.digest();
        let finish = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
            sign_up::finish(facts, cx, &new, &ticket, &sign_in)
        };
        let (payer, _) = self.step(nobody("sign_up"), finish).await?;
        Ok((payer, secret))
    }
}

#[cfg(test)]
mod tests {
    use super::network_text;

    #[test]
    fn a_network_is_what_a_provider_gives_to_one_place() {
        for (address, network) in [
            ("192.0.2.7", "192.0.2.0/24"),
            ("192.0.2.255", "192.0.2.0/24"),
            ("192.0.3.7", "192.0.3.0/24"),
            ("::ffff:192.0.2.7", "192.0.2.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
            ("2001:db8:1:ffff::3", "2001:db8:1::/48"),
            ("2001:db8:2::3", "2001:db8:2::/48"),
        ] {
            assert_eq!(network_text(address.parse().unwrap()), network, "{address}");
        }
    }
}
