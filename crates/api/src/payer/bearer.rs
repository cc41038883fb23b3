//! Who calls: the payer whose session a token opens.
//!
//! Without a session that counts the answer is 401, and does not tell unknown from ended. Each payer has an allowance
//! of requests of its own, whatever device and address they come from; it is taken after the session was found good,
//! so nobody uses up another's.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use http::header::AUTHORIZATION;
use tongbao_core::{
    Actor, Refusal,
    id::PayerId,
    payer::{Payer, is_password, session::Session},
};
use tongbao_engine::{Input, SignedIn};

use super::token::Token;
use crate::{
    caller::UNAUTHENTICATED,
    problem::Problem,
    rate::Quota,
    refusal::{failed, fault, refused},
    state::Api,
};

/// What one payer may ask, on all its devices together: an app that shows a payment code and asks for its state needs
/// two a second.
pub const PAYER_QUOTA: Quota = Quota::new(10, 60);

/// A payer, by the token of its session.
#[derive(Clone, Debug)]
pub struct Bearer(SignedIn);

impl Bearer {
    /// The payer's id.
    pub(super) fn id(&self) -> PayerId {
        self.0.payer.id
    }

    /// The payer.
    pub(super) fn payer(&self) -> &Payer {
        &self.0.payer
    }

    /// The session.
    pub(super) fn session(&self) -> &Session {
        &self.0.session
    }

    /// The input of this name, by this payer.
    pub(super) fn input(&self, name: &'static str) -> Input {
        Input { actor: Actor::Payer(self.id()), name }
    }

    /// Proves the payment password. What cannot be one is refused before a try is counted.
    pub(super) async fn prove(&self, api: &Api, password: String) -> Result<(), Problem> {
        check_password("password", &password)?;
        api.engine.prove_password(self.id(), password).await.map_err(|error| failed(&error))
    }
}

/// Refuses what cannot be a payment password.
pub(super) fn check_password(param: &'static str, text: &str) -> Result<(), Problem> {
    if is_password(text) { Ok(()) } else { Err(refused(&Refusal::Invalid { param, must: "six digits" })) }
}

fn unauthenticated(detail: &'static str) -> Problem {
    Problem::of(UNAUTHENTICATED).detail(detail)
}

impl FromRequestParts<Arc<Api>> for Bearer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Bearer, Problem> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let text = header.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
        let Some(text) = text else {
            return Err(unauthenticated("Send the session's token as `Authorization: Bearer pt_…`."));
        };
        let ended = || unauthenticated("There is no such session, or it has ended. Sign in again.");
        let Token { payer, device, secret } = Token::read(text, api.engine.mode).ok_or_else(ended)?;
        let found = api.engine.signed_in(payer, &device, &secret).await.map_err(|error| fault(&error))?;
        let signed_in = found.ok_or_else(ended)?;
        let standing = api.payers.check(&signed_in.payer.id);
        standing.map_err(|exceeded| Problem::rate_limited(exceeded.retry_after_s))?;
        Ok(Bearer(signed_in))
    }
}
