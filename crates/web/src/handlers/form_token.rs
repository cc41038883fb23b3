//! Tokens against forged forms: a signed double submit, bound to the payer who is signed in.
//!
//! The browser keeps a random secret in a cookie; a form carries the keyed digest of that secret, of the part of the
//! pages it belongs to, and of the session. Another site can read neither; one that plants a cookie of its own knows
//! the digest for no session of ours. Browsers that say a form came from elsewhere are believed before all that.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Pages, cookie::Cookie, signed, visit::Visit};

const COOKIE: &str = "tongbao_form";

/// The parts of the pages that have forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The payer's, before one payment.
    Cashier,
    /// The payer's own.
    Wallet,
    /// The developer's.
    Sandbox,
}

impl Scope {
    const fn path(self) -> &'static str {
        match self {
            Scope::Cashier => "/cashier",
            Scope::Wallet => "/wallet",
            Scope::Sandbox => "/sandbox",
        }
    }
}

fn content(scope: Scope, secret: &str, session: Option<&[u8]>) -> Vec<u8> {
    let payload = [secret.as_bytes(), b"\0", session.unwrap_or_default()].concat();
    signed::content(scope.path(), &payload)
}

fn is_secret(value: &str) -> bool {
    URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes.len() == 16)
}

/// A fresh secret. The payer gets one whenever who is signed in changes.
pub(super) fn fresh(pages: &Pages, scope: Scope) -> Cookie {
    let value = URL_SAFE_NO_PAD.encode(pages.engine.entropy.seed());
    Cookie { name: COOKIE, value, path: scope.path().to_owned(), max_age_s: None }
}

/// The token for the forms of a page, and the cookie to set if the browser has none yet.
pub(super) fn issue(
    pages: &Pages,
    visit: &Visit,
    scope: Scope,
    session: Option<&[u8]>,
) -> (String, Option<Cookie>) {
    let token = |secret: &str| {
        let signature = pages.engine.vault.sign(&content(scope, secret, session));
        URL_SAFE_NO_PAD.encode(signature)
    };
    if let Some(secret) = visit.cookies(COOKIE).find(|value| is_secret(value)) {
        return (token(secret), None);
    }
    let cookie = fresh(pages, scope);
    (token(&cookie.value), Some(cookie))
}

/// Whether the form that carried `given` is one of ours, from this browser, for this session.
pub(super) fn is_right(
    pages: &Pages,
    visit: &Visit,
    scope: Scope,
    session: Option<&[u8]>,
    given: &str,
) -> bool {
    let Ok(given) = URL_SAFE_NO_PAD.decode(given) else { return false };
    let vault = &pages.engine.vault;
    let mut secrets = visit.cookies(COOKIE).filter(|value| is_secret(value));
    !visit.foreign && secrets.any(|secret| vault.is_signature(&content(scope, secret, session), &given))
}
