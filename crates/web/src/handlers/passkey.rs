//! What the script of a page is told before it asks a device for a passkey, and what it brings back.

use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};
use tongbao_core::{Refusal, id::PayerId};
use tongbao_engine::{
    Error,
    passkey::{Assertion, RelyingParty, options::request},
};
use tongbao_store::Fault;

use super::Pages;

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
        Ok(options(&request(party, &challenge.bytes(), &self.engine.passkeys(payer)?)))
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

/// The answer to the script.
pub(super) fn options(options: &Value) -> Response {
    Json(json!({"options": options})).into_response()
}

/// What the script shows instead of asking the device.
pub(super) fn told(words: &str) -> Response {
    Json(json!({"told": words})).into_response()
}
