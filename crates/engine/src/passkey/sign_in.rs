//! Signing in by a passkey that the device keeps: who it is follows from the passkey.
//!
//! **Invariants.** Whatever is wrong is refused alike, and nothing but the log says what it was: nobody learns whether
//! a credential is known, removed, or of a closed account.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tongbao_core::{
    Actor, Facts, Key, Refusal,
    id::{PayerId, SignInChallengeId},
    payer::passkey::{self, Passkey, SignInChallenge, Signed},
};

use super::{Assertion, RelyingParty, by, refused, verify};
use crate::{
    Engine, Error, Input,
    account::{Device, SessionSecret},
};

impl Engine {
    /// Asks the device of somebody who is not signed in to sign. The challenge waits here for five minutes.
    pub async fn ask_to_sign_in(&self) -> Result<SignInChallenge, Error> {
        let (nonce, input) = (self.entropy.secret(), Input { actor: Actor::Visitor, name: "ask_to_sign_in" });
        self.step(input, move |_: &dyn Facts, cx| Ok(passkey::ask_to_sign_in(cx, nonce))).await
    }

    /// Signs in whose passkey has signed the challenge with this id.
    pub async fn sign_in_by_passkey(
        &self,
        party: &RelyingParty,
        asked: SignInChallengeId,
        given: &Assertion,
        device: Device<'_>,
    ) -> Result<(PayerId, SessionSecret), Error> {
        let nothing = Error::Refused(Refusal::PasskeyRefused);
        let credential = URL_SAFE_NO_PAD.encode(&given.id.0);
        let found = self.store.find::<Passkey>(Key::Passkey(blake3::hash(credential.as_bytes()).into()))?;
        let challenge = self.store.get::<SignInChallenge>(asked)?;
        let challenge = challenge.filter(|challenge| challenge.is_live(self.now()));
        let Some((passkey, challenge)) = found.zip(challenge) else { return Err(nothing) };
        let (payer, challenge) = (passkey.payer, challenge.bytes());
        // Who was asked for no passkey in particular is told by the device whose it is (section 7.2, step 6).
        if given.user.is_none() {
            return Err(refused(payer, verify::Wrong::Credential));
        }
        let sign_count = verify::asserted(party, &challenge, &passkey, given);
        let sign_count = sign_count.map_err(|wrong| refused(payer, wrong))?;
        let signed = Signed { passkey: passkey.id, challenge, sign_count };
        let (secret, sign_in) = self.sign_in(device);
        let step = move |facts: &dyn Facts, cx: &mut _| {
            passkey::sign_in(facts, cx, payer, (asked, &signed), &sign_in)
        };
        self.step(by(payer, "sign_in_by_passkey"), step).await?.map_err(Error::Refused)?;
        Ok((payer, secret))
    }
}
