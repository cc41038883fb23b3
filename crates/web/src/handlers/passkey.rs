//! What the script of a page is told before it asks a device for a passkey, and what it brings back.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tongbao_core::{
    Refusal,
    id::{PayerId, TypedId as _},
    limits::PASSKEY_CHALLENGE_LIFE_MS,
    payer::{
        Payer,
        passkey::{Algorithm, Challenge, Passkey},
    },
};
use tongbao_engine::{
    Error,
    passkey::{Assertion, RelyingParty},
};
use tongbao_store::Fault;

use super::Pages;

/// What browsers show as the maker of a passkey.
const PLATFORM: &str = "Tongbao 通宝";

impl Pages {
    /// Under which name passkeys are made here, if they are.
    pub(super) fn relying_party(&self) -> Option<&RelyingParty> {
        self.party.as_ref().ok()
    }

    /// Whether this payer can confirm with a passkey.
    pub(super) fn has_passkey(&self, payer: PayerId) -> Result<bool, Fault> {
        Ok(self.party.is_ok() && !self.engine.passkeys(payer)?.is_empty())
    }

    /// What the script gives to the payer's device, so that it signs that what has this digest is confirmed.
    pub(super) async fn ask_passkey(&self, payer: PayerId, about: [u8; 32]) -> Result<Response, Error> {
        let Some(party) = self.relying_party() else { return Err(refused()) };
        let challenge = self.engine.ask_passkey(payer, about).await?;
        Ok(options(&request(party, &challenge, &self.engine.passkeys(payer)?)))
    }

    /// Takes what the script has brought as a proof that the payer confirms what has this digest.
    pub(super) async fn prove_passkey(
        &self,
        payer: PayerId,
        about: [u8; 32],
        brought: &str,
    ) -> Result<(), Error> {
        let given = serde_json::from_str::<Assertion>(brought).ok();
        let Some((party, given)) = self.relying_party().zip(given) else {
            return Err(refused());
        };
        self.engine.prove_passkey(payer, party, about, &given).await
    }
}

fn refused() -> Error {
    Error::Refused(Refusal::PasskeyRefused)
}

fn known(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys.iter().map(|known| json!({"type": "public-key", "id": known.credential})).collect()
}

/// What a device is asked to sign (`PublicKeyCredentialRequestOptions`, binary values in base64url).
fn request(party: &RelyingParty, challenge: &Challenge, passkeys: &[Passkey]) -> Value {
    json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge.bytes()),
        "rpId": party.id,
        "allowCredentials": known(passkeys),
        "userVerification": "required",
        "timeout": PASSKEY_CHALLENGE_LIFE_MS,
    })
}

/// What a device is asked to make (`PublicKeyCredentialCreationOptions`, binary values in base64url).
pub(super) fn creation(
    party: &RelyingParty,
    challenge: &Challenge,
    payer: &Payer,
    passkeys: &[Passkey],
) -> Value {
    let algorithms = Algorithm::ALL.map(|one| json!({"type": "public-key", "alg": one.number()}));
    json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge.bytes()),
        "rp": {"id": party.id, "name": PLATFORM},
        "user": {
            "id": URL_SAFE_NO_PAD.encode(payer.id.uuid().as_bytes()),
            "name": payer.phone_hint,
            "displayName": payer.phone_hint,
        },
        "pubKeyCredParams": algorithms,
        "excludeCredentials": known(passkeys),
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "attestation": "none",
        "timeout": PASSKEY_CHALLENGE_LIFE_MS,
    })
}

/// The answer to the script.
pub(super) fn options(options: &Value) -> Response {
    Json(json!({"options": options})).into_response()
}

/// What the script shows instead of asking the device.
pub(super) fn told(words: &str) -> Response {
    Json(json!({"told": words})).into_response()
}
