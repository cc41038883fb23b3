//! How far a payer got with signing in: the phone number typed, when a code was asked for, and wrong codes since.
//!
//! The browser keeps it, sealed, for one cashier or for the wallet only. What the page says of codes follows from it
//! alone, so a number that nobody has looks the same as one that somebody has. What counts is the core's own count.

use serde::{Deserialize, Serialize};
use tongbao_core::{
    Time,
    limits::{CODE_LIFE_MS, CODE_PAUSE_MS, CODE_TRIES_MAX},
};
pub(in crate::handlers) use tongbao_engine::phone::{phone_number, unhurried};
use tongbao_engine::vault::Field;

use super::{Pages, cookie::Cookie, visit::Visit};
use crate::cashier::CHANGE_PHONE;

const COOKIE: &str = "tongbao_sign_in";

/// How long the browser keeps it, in seconds: twice the life of a code.
const KEPT_S: i64 = CODE_LIFE_MS / 1_000 * 2;

/// Characters of a phone number as typed, as many as the field takes.
const PHONE_CHARS_MAX: usize = 20;

/// See the module.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct SignIn {
    /// The number: normalised once a code was asked for, before that as typed.
    pub(super) phone: String,
    /// When a code was asked for.
    pub(super) sent_at: Option<Time>,
    /// Wrong codes typed since.
    pub(super) tries: u8,
}

impl SignIn {
    /// What the browser kept; nothing if the payer wants to start over.
    pub(super) fn read(pages: &Pages, visit: &Visit) -> SignIn {
        if visit.query(CHANGE_PHONE).is_some() {
            return SignIn::default();
        }
        let open = |text: &str| {
            let text = pages.engine.vault.open(Field::Phone, text).ok()?;
            serde_json::from_str(&text).ok()
        };
        visit.cookies(COOKIE).find_map(open).unwrap_or_default()
    }

    /// Itself, as a cookie.
    pub(super) fn keep(&self, pages: &Pages, path: String) -> Cookie {
        let text = serde_json::to_string(self).expect("texts and numbers always become JSON");
        let value = pages.engine.vault.seal(Field::Phone, &text);
        Cookie { name: COOKIE, value, path, max_age_s: Some(KEPT_S) }
    }

    /// The order to forget it.
    pub(super) fn forget(path: String) -> Cookie {
        Cookie::forget(COOKIE, path)
    }

    /// A number that is none, to be corrected.
    pub(super) fn typed(text: &str) -> SignIn {
        SignIn { phone: text.chars().take(PHONE_CHARS_MAX).collect(), ..SignIn::default() }
    }

    /// A code was asked for.
    pub(super) fn sent(phone: String, now: Time) -> SignIn {
        SignIn { phone, sent_at: Some(now), tries: 0 }
    }

    /// Seconds until a code may be asked for again for this number.
    pub(super) fn wait_s(&self, phone: &str, now: Time) -> Option<u64> {
        let sent_at = self.sent_at.filter(|_| self.phone == phone)?;
        let left_ms = u64::try_from(CODE_PAUSE_MS.saturating_sub(now.since_ms(sent_at))).ok()?;
        (left_ms > 0).then(|| left_ms.div_ceil(1_000))
    }

    /// Whether a code for this number can still be right.
    pub(super) fn can_try(&self, phone: &str, now: Time) -> bool {
        let fresh = self.sent_at.is_some_and(|sent_at| now.since_ms(sent_at) < CODE_LIFE_MS);
        fresh && self.phone == phone && self.tries < CODE_TRIES_MAX
    }

    /// After a wrong code, and how many tries are left.
    pub(super) fn after_wrong_code(self) -> (SignIn, u8) {
        let tries = self.tries.saturating_add(1);
        (SignIn { tries, ..self }, CODE_TRIES_MAX.saturating_sub(tries))
    }
}
