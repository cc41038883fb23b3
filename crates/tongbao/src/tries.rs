//! How often one address may ask for one-time codes and try to sign in, whoever it claims to be.
//!
//! Each number and payer has limits of its own in the core; these stop who goes through many of them from one place.
//! Like all limits by address they are counted by each process for itself.

use std::net::IpAddr;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::Method;
use tongbao_api::{
    problem::Problem,
    rate::{KEYS_MAX, Limiter, by_network},
};
use tongbao_web::handlers::TooMany;

use crate::config::Rate;

/// See the module.
pub(crate) struct Tries {
    codes: Limiter<IpAddr>,
    sign_ins: Limiter<IpAddr>,
}

/// What a form asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// A one-time code, or a challenge for a passkey.
    Code,
    /// To be let in by one.
    SignIn,
}

/// What a request asks for that is counted. Only who is not signed in asks for such things: in the security centre a
/// payer asks for codes to its own number, one in half a minute.
fn asked(method: &Method, path: &str) -> Option<Asked> {
    if method != Method::POST {
        return None;
    }
    let mut parts = path.trim_matches('/').split('/');
    match (parts.next()?, parts.next()?, parts.next()?, parts.next()) {
        ("wallet", "sign-in", "code" | "passkey", None)
        | ("cashier", _, "code", None)
        | ("payer", "v1", "codes" | "sign_in_challenges", None) => Some(Asked::Code),
        ("wallet", "sign-in", "session", None)
        | ("wallet", "sign-in", "passkey", Some("session"))
        | ("cashier", _, "session", None)
        | ("payer", "v1", "sessions" | "payers" | "passkey_sessions", None) => Some(Asked::SignIn),
        _ => None,
    }
}

impl Tries {
    /// Nothing counted yet.
    pub(crate) fn new(rate: Rate) -> Tries {
        Tries {
            codes: Limiter::new(rate.codes(), KEYS_MAX),
            sign_ins: Limiter::new(rate.sign_ins(), KEYS_MAX),
        }
    }

    /// Counts a request, and marks one that is too many.
    pub(crate) fn count(&self, mut request: Request) -> Request {
        let limiter = match asked(request.method(), request.uri().path()) {
            None => return request,
            Some(Asked::Code) => &self.codes,
            Some(Asked::SignIn) => &self.sign_ins,
        };
        // Without a listener there is no address, and nobody from outside.
        let exceeded = by_network(&request).and_then(|network| limiter.check(&network).err());
        if let Some(exceeded) = exceeded {
            request.extensions_mut().insert(TooMany(exceeded.retry_after_s));
        }
        request
    }
}

/// Refuses what was marked, where JSON is spoken; pages say it themselves.
pub(crate) async fn refuse(request: Request, next: Next) -> Response {
    match request.extensions().get::<TooMany>() {
        Some(TooMany(retry_after_s)) => Problem::rate_limited(*retry_after_s).into_response(),
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Method, asked};

    #[test]
    fn what_opens_an_account_to_a_stranger_is_counted() {
        for (path, counted) in [
            ("/wallet/sign-in/code", Some(Asked::Code)),
            ("/wallet/sign-in/session", Some(Asked::SignIn)),
            ("/wallet/sign-in/passkey", Some(Asked::Code)),
            ("/wallet/sign-in/passkey/session", Some(Asked::SignIn)),
            ("/payer/v1/sign_in_challenges", Some(Asked::Code)),
            ("/payer/v1/passkey_sessions", Some(Asked::SignIn)),
            ("/cashier/pay_1/code", Some(Asked::Code)),
            ("/cashier/pay_1/session", Some(Asked::SignIn)),
            ("/cashier/pay_1/session/end", None),
            ("/cashier/pay_1/pay", None),
            ("/wallet/security/reset/code", None),
            ("/payer/v1/codes", Some(Asked::Code)),
            ("/payer/v1/sessions", Some(Asked::SignIn)),
            ("/payer/v1/payers", Some(Asked::SignIn)),
            ("/payer/v1/security_codes", None),
            ("/payer/v1/payments/pay_1/codes", None),
            ("/wallet/sign-in", None),
            ("/", None),
        ] {
            assert_eq!(asked(&Method::POST, path), counted, "{path}");
            assert_eq!(asked(&Method::GET, path), None, "{path}");
        }
    }
}
