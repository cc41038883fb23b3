//! What a form of the wallet brings to confirm what it is about: the payment password, or what a passkey has signed.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::{payer::is_password, payment::Proofs};
use tongbao_engine::Error;
use tongbao_store::Fault;

use super::visitor::Visitor;

/// The fields of a form that prove.
#[derive(Deserialize)]
pub(super) struct Brought {
    #[serde(default)]
    password: String,
    #[serde(default)]
    passkey: String,
}

/// Why nothing is proven.
pub(super) enum Unproven {
    /// What was typed cannot be a payment password; it was not tried.
    MalformedPassword,
    /// It was tried.
    Failed(Error),
}

impl Brought {
    /// What it proves of what has this digest. The script fills in one of the two; a passkey that is there is meant.
    pub(super) async fn prove(self, visitor: &Visitor, about: [u8; 32]) -> Result<Proofs, Unproven> {
        let (pages, payer) = (&visitor.pages, visitor.payer.id);
        if !self.passkey.is_empty() {
            let proven = pages.prove_passkey(payer, about, &self.passkey).await;
            return proven.map(|()| Proofs::PASSKEY).map_err(Unproven::Failed);
        }
        if !is_password(&self.password) {
            return Err(Unproven::MalformedPassword);
        }
        let proven = pages.engine.prove_password(payer, self.password).await;
        proven.map(|()| Proofs::PASSWORD).map_err(Unproven::Failed)
    }
}

/// Where the script of a page of this payer learns what a passkey is asked to sign: `path`, if there is a passkey.
pub(super) fn passkey_path(visitor: &Visitor, path: &str) -> Result<Option<String>, Fault> {
    Ok(visitor.pages.has_passkey(visitor.payer.id)?.then(|| path.to_owned()))
}

/// What the script gives to the device; `words` says what did not work.
pub(super) async fn ask_passkey<E>(
    visitor: &Visitor,
    about: [u8; 32],
    words: impl FnOnce(Error) -> Result<String, E>,
) -> Result<Response, E> {
    match visitor.pages.ask_passkey(visitor.payer.id, about).await {
        Ok(answer) => Ok(answer),
        Err(error) => words(error).map(|words| crate::handlers::passkey::told(&words)),
    }
}
