//! Who calls: the app that a secret key speaks for.
//!
//! A key is refused with 401 when it is missing, unknown, expired or revoked (the answer does not tell
//! unknown from mistyped), with 403 when it is valid but may not do this, or not from here.

use std::sync::Arc;

use axum::{extract::FromRequestParts, http::request::Parts};
use http::{StatusCode, header::AUTHORIZATION};
use ipnet::IpNet;
use tongbao_core::{
    Actor,
    api_key::{ApiKey, Scope},
    id::{AppId, MerchantId},
};
use tongbao_engine::Input;

use crate::{
    listener::Arrival,
    problem::{Kind, Problem},
    refusal::fault,
    state::Api,
};

/// No key, or one that is not valid.
pub const UNAUTHENTICATED: Kind =
    Kind::new(StatusCode::UNAUTHORIZED, "unauthenticated", "A valid secret key or session is needed");
/// A valid key that may not do this.
pub const FORBIDDEN: Kind = Kind::new(StatusCode::FORBIDDEN, "forbidden", "The key may not do this");

/// An app, by one of its keys.
#[derive(Clone, Debug)]
pub struct Caller {
    key: Arc<ApiKey>,
}

impl Caller {
    /// The app.
    pub fn app(&self) -> AppId {
        self.key.app
    }

    /// The app's merchant.
    pub fn merchant(&self) -> MerchantId {
        self.key.merchant
    }

    /// The input of this name, by this app.
    pub fn input(&self, name: &'static str) -> Input {
        Input { actor: Actor::App(self.key.app), name }
    }

    /// Refuses unless the key has this scope.
    pub fn may(&self, scope: Scope) -> Result<(), Problem> {
        if self.key.scopes.contains(&scope) {
            return Ok(());
        }
        let detail =
            format!("The key lacks the scope `{}`. Use another key, or make one with it.", scope.name());
        Err(Problem::of(FORBIDDEN).detail(detail))
    }
}

fn unauthenticated(detail: &'static str) -> Problem {
    Problem::of(UNAUTHENTICATED).detail(detail)
}

impl FromRequestParts<Arc<Api>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Caller, Problem> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = header.and_then(|value| value.strip_prefix("Bearer ")).map(str::trim);
        let Some(secret) = secret else {
            return Err(unauthenticated("Send the secret key as `Authorization: Bearer sk_…`."));
        };
        let prefix = api.engine.mode.key_prefix();
        if !secret.starts_with(prefix) {
            return Err(unauthenticated(
                "Keys of the sandbox begin with sk_sandbox_, keys of production with sk_live_.",
            ));
        }
        let now = api.engine.now();
        let key = api.key(secret, now).map_err(|error| fault(&error))?;
        let Some(key) = key else {
            return Err(unauthenticated("There is no such key. Check that all of it was copied."));
        };
        if key.revoked_at.is_some() {
            return Err(unauthenticated("The key was revoked. Use another."));
        }
        if key.expires_at.is_some_and(|until| now >= until) {
            return Err(unauthenticated("The key has expired. Make a new one."));
        }
        if !comes_from(parts, &key.networks) {
            return Err(Problem::of(FORBIDDEN).detail("The key may not be used from this address."));
        }
        Ok(Caller { key })
    }
}

/// Whether the peer's address is in one of the key's networks; no networks is anywhere.
fn comes_from(parts: &Parts, networks: &[String]) -> bool {
    let peer = Arrival::of(&parts.extensions).map(|arrival| arrival.peer.ip().to_canonical());
    let holds = |network: &String| {
        peer.is_some_and(|peer| network.parse::<IpNet>().is_ok_and(|network| network.contains(&peer)))
    };
    networks.is_empty() || networks.iter().any(holds)
}
