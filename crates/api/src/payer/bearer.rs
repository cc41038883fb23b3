//! Who calls: the payer whose session a token opens.
//!
//! Without a session that counts the answer is 401, and does not tell unknown from ended. Each payer has an allowance
//! of requests of its own, whatever device and address they come from; it is taken after the session was found good,
//! so nobody uses up another's.

use std::sync::{Arc, OnceLock};

use axum::{
    extract::{FromRequestParts, Request},
    http::request::Parts,
    middleware::Next,
    response::Response,
};
use http::header::AUTHORIZATION;
use tongbao_core::{
    Actor, Refusal,
    id::PayerId,
    payer::{Payer, is_password, session::Session},
};
use tongbao_engine::{Input, SignedIn};

use super::{proof::Proof, token::Token};
use crate::{
    caller::UNAUTHENTICATED,
    problem::Problem,
    rate::{Quota, Standing, tell},
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

    /// Takes a proof of the payer's.
    pub(super) async fn prove(&self, api: &Api, proof: Proof) -> Result<(), Problem> {
        let proven = match proof {
            Proof::None => Ok(()),
            Proof::Password(password) => api.engine.prove_password(self.id(), password).await,
            Proof::Passkey(about, given) => {
                api.engine.prove_passkey(self.id(), api.relying_party()?, about, &given).await
            }
        };
        proven.map_err(|error| failed(&error))
    }
}

/// Refuses what cannot be a payment password.
pub(super) fn check_password(param: &'static str, text: &str) -> Result<(), Problem> {
    if is_password(text) { Ok(()) } else { Err(refused(&Refusal::Invalid { param, must: "six digits" })) }
}

/// Where the payer of a request stands, once it is known.
#[derive(Clone, Default)]
struct Told(Arc<OnceLock<Standing>>);

/// Says in the answer where the payer stands, so that what is said there is about the payer and not about the address,
/// whose limit stands further out.
pub(super) async fn tell_standing(mut request: Request, next: Next) -> Response {
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let mut response = next.run(request).await;
    if let Some(standing) = told.0.get() {
        tell(response.headers_mut(), *standing);
    }
    response
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
        let checked = api.payers.check(&signed_in.payer.id);
        if let Some(Told(slot)) = parts.extensions.get::<Told>() {
            let standing = checked.unwrap_or_else(|exceeded| exceeded.standing);
            slot.get_or_init(|| standing);
        }
        checked.map_err(|exceeded| Problem::rate_limited(exceeded.retry_after_s))?;
        Ok(Bearer(signed_in))
    }
}
