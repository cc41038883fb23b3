//! How a payer proves in a request that it wants what is asked: the payment password, or what a passkey has signed.
//!
//! **Invariant.** A passkey signs a challenge that was asked for exactly this request: its operation and every field
//! but the proofs. What was signed for another request proves nothing here.

use serde::{Deserialize, Serialize};
use tongbao_core::{Refusal, payer::passkey::digest_of, payment::Proofs};
use tongbao_engine::passkey::{Assertion, verify::Binary};
use utoipa::ToSchema;

use super::bearer::check_password;
use crate::{problem::Problem, refusal::refused};

/// What a passkey has signed: members of the `AuthenticatorAssertionResponse` that the device gave, in base64url.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyAssertion {
    /// The credential's `rawId`.
    #[schema(value_type = String, max_length = 1_400)]
    pub credential_id: Binary,
    /// `clientDataJSON`.
    #[schema(value_type = String, max_length = 4_096)]
    pub client_data_json: Binary,
    /// `authenticatorData`.
    #[schema(value_type = String, max_length = 4_096)]
    pub authenticator_data: Binary,
    /// `signature`.
    #[schema(value_type = String, max_length = 2_048)]
    pub signature: Binary,
    /// `userHandle`, where the device gave one; signing in needs it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 128)]
    pub user_handle: Option<Binary>,
}

impl From<PasskeyAssertion> for Assertion {
    fn from(said: PasskeyAssertion) -> Assertion {
        Assertion {
            id: said.credential_id,
            client: said.client_data_json,
            authenticator: said.authenticator_data,
            signature: said.signature,
            user: said.user_handle,
        }
    }
}

/// The proof in a request.
pub(super) enum Proof {
    /// None is needed, or none is given yet.
    None,
    /// The payment password.
    Password(String),
    /// What a passkey has signed, and the digest of what it was asked to confirm.
    Passkey([u8; 32], Assertion),
}

/// The digest of a request that a passkey confirms: its operation, and its body without the proofs.
pub(super) fn about(operation: &str, body: &impl Serialize) -> Result<[u8; 32], Problem> {
    let body = serde_json::to_vec(body).map_err(|_| Problem::internal())?;
    Ok(digest_of("a request of a payer", [operation.as_bytes(), &body]))
}

impl Proof {
    /// The payment password, if it can be one.
    pub(super) fn password(password: String) -> Result<Proof, Problem> {
        check_password("password", &password)?;
        Ok(Proof::Password(password))
    }

    /// One of the two.
    pub(super) fn one(
        password: Option<String>,
        passkey: Option<PasskeyAssertion>,
        about: impl FnOnce() -> Result<[u8; 32], Problem>,
    ) -> Result<Proof, Problem> {
        match (password, passkey) {
            (Some(password), None) => Proof::password(password),
            (None, Some(passkey)) => Ok(Proof::Passkey(about()?, passkey.into())),
            (None, None) | (Some(_), Some(_)) => {
                let must = "given, or `passkey`, and not both";
                Err(refused(&Refusal::Invalid { param: "password", must }))
            }
        }
    }

    /// What it proves.
    pub(super) const fn proofs(&self) -> Proofs {
        match self {
            Proof::None => Proofs::NONE,
            Proof::Password(_) => Proofs::PASSWORD,
            Proof::Passkey(..) => Proofs::PASSKEY,
        }
    }
}
