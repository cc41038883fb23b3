//! Passkeys from outside: challenges for devices, and what devices answered.
//!
//! ```text
//!   ask ──▶ challenge, kept ──▶ the device signs ──▶ verify (here, no step) ──▶ prove (a step; uses the challenge up)
//! ```
//!
//! **Invariants.** A proof is given for one digest, and whoever uses it names that digest again. What was found wrong
//! changes nothing: there is nothing to guess at in a signature, so tries are not counted.

pub mod options;
mod relying_party;
mod sign_in;
pub mod verify;

use tongbao_core::{
    Actor, Facts, Key, Refusal,
    id::{PasskeyId, PayerId},
    payer::passkey::{self, Challenge, NewPasskey, Passkey, PasskeyRing, Signed},
};
use tongbao_store::Fault;

pub use self::{
    relying_party::{NotOffered, RelyingParty},
    verify::{Assertion, Registration},
};
use crate::{Engine, Error, Input, account::Purpose};

fn by(payer: PayerId, name: &'static str) -> Input {
    Input { actor: Actor::Payer(payer), name }
}

/// What the challenge of a new passkey is about.
fn of_registration(payer: PayerId) -> [u8; 32] {
    passkey::digest_of("a new passkey", [payer.to_string().as_bytes()])
}

impl Engine {
    /// A payer's passkeys, those that were removed left out, in the order of their making.
    pub fn passkeys(&self, payer: PayerId) -> Result<Vec<Passkey>, Fault> {
        let Some(ring) = self.passkey_ring(payer)? else { return Ok(Vec::new()) };
        let found: Result<Vec<_>, Fault> =
            ring.passkeys.into_iter().map(|id| self.store.get::<Passkey>(id)).collect();
        Ok(found?.into_iter().flatten().collect())
    }

    fn passkey_ring(&self, payer: PayerId) -> Result<Option<PasskeyRing>, Fault> {
        self.store.find::<PasskeyRing>(Key::PasskeyRing(payer))
    }

    /// The challenge that a payer's device was given last, as bytes; none that is too old.
    fn waiting_challenge(&self, payer: PayerId) -> Result<[u8; 32], Error> {
        let challenge = self.passkey_ring(payer)?.and_then(|ring| ring.challenge);
        let live = challenge.filter(|challenge| challenge.is_live(self.now()));
        live.map(|challenge| challenge.bytes()).ok_or(Error::Refused(Refusal::PasskeyRefused))
    }

    /// Asks a payer's device for a new passkey, after the payment password and the one-time code that was sent for
    /// [`Purpose::Passkey`].
    pub async fn ask_for_new_passkey(
        &self,
        payer: PayerId,
        password: String,
        code: &str,
    ) -> Result<Challenge, Error> {
        let code = self.typed_code(payer, Purpose::Passkey, code);
        self.prove_password(payer, password).await?;
        let what = (self.entropy.secret(), of_registration(payer));
        let ask =
            move |facts: &dyn Facts, cx: &mut _| passkey::ask_to_register(facts, cx, (payer, &code), what);
        self.step(by(payer, "ask_new_passkey"), ask).await?.map_err(Error::Refused)
    }

    /// Takes up the passkey that the device has made.
    pub async fn register_passkey(
        &self,
        payer: PayerId,
        party: &RelyingParty,
        new: &Registration,
        name: &str,
    ) -> Result<PasskeyId, Error> {
        let challenge = self.waiting_challenge(payer)?;
        let made = verify::registered(party, &challenge, new).map_err(|wrong| refused(payer, wrong))?;
        let new = NewPasskey {
            challenge,
            about: of_registration(payer),
            credential: made.credential,
            algorithm: made.algorithm,
            public_key: made.public_key,
            sign_count: made.sign_count,
            backup_eligible: made.backup_eligible,
            name: name.to_owned(),
        };
        let register = move |facts: &dyn Facts, cx: &mut _| passkey::register(facts, cx, payer, &new);
        self.step(by(payer, "register_passkey"), register).await?.map_err(Error::Refused)
    }

    /// Asks a payer's device to sign what is confirmed: `about` is its digest.
    pub async fn ask_passkey(&self, payer: PayerId, about: [u8; 32]) -> Result<Challenge, Error> {
        let what = (self.entropy.secret(), about);
        self.step(by(payer, "ask_passkey"), move |facts: &dyn Facts, cx| passkey::ask(facts, cx, payer, what))
            .await
    }

    /// Takes what the device has signed as a proof that the payer confirms what has this digest. It proves that once.
    pub async fn prove_passkey(
        &self,
        payer: PayerId,
        party: &RelyingParty,
        about: [u8; 32],
        given: &Assertion,
    ) -> Result<(), Error> {
        let challenge = self.waiting_challenge(payer)?;
        let passkeys = self.passkeys(payer)?.into_iter();
        let mut tried = passkeys.map(|known| (known.id, verify::asserted(party, &challenge, &known, given)));
        let fits = |found: &(_, Result<_, _>)| !matches!(found.1, Err(verify::Wrong::Credential));
        let Some((passkey, found)) = tried.find(fits) else {
            return Err(refused(payer, verify::Wrong::Credential));
        };
        let sign_count = found.map_err(|wrong| refused(payer, wrong))?;
        let signed = Signed { passkey, challenge, sign_count };
        let prove = move |facts: &dyn Facts, cx: &mut _| passkey::prove(facts, cx, payer, &signed, &about);
        self.step(by(payer, "prove_passkey"), prove).await?.map_err(Error::Refused)
    }

    /// Removes a payer's passkey.
    pub async fn remove_passkey(&self, payer: PayerId, id: PasskeyId) -> Result<(), Error> {
        self.run(by(payer, "remove_passkey"), move |facts, cx| passkey::remove(facts, cx, payer, id)).await
    }
}

fn refused(payer: PayerId, wrong: verify::Wrong) -> Error {
    tracing::info!(%payer, ?wrong, "a passkey was refused");
    Error::Refused(Refusal::PasskeyRefused)
}
