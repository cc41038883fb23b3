//! Who is signed in: a signed cookie, nothing on the server.
//!
//! It says which payer typed a one-time code on this browser, and for how long that counts. It opens no money: every
//! payment asks for the password. Signing in always makes a new one, so one that was planted before is worth nothing.
//! One from before another payment password is worth nothing either, nor one of a closed account.
//!
//! **Absent on purpose:** ending a single one before its time; signing out makes the browser forget it.

use tongbao_core::{
    Time,
    id::{PayerId, TypedId},
    payer::Payer,
};

use crate::handlers::{Pages, cookie::Cookie, signed, visit::Visit};

const COOKIE: &str = "tongbao_session";
const PATH: &str = "/cashier";
const PURPOSE: &str = "session";

/// How long a sign-in counts, in milliseconds: as long as a payment is open unless its shop says otherwise.
const LIFE_MS: i64 = 30 * 60 * 1_000;

/// Payer, end in milliseconds, random.
const PAYLOAD_LEN: usize = 16 + 8 + 16;

/// A sign-in that counts.
pub(in crate::handlers) struct Session {
    /// Who.
    pub(super) payer: PayerId,
    begun_at: Time,
    payload: Vec<u8>,
}

impl Session {
    /// What no other session has, for tokens bound to this one.
    pub(in crate::handlers) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Whether it opens the cashier to its payer.
    pub(super) fn opens(&self, payer: &Payer) -> bool {
        payer.closed_at.is_none() && payer.signed_out.is_none_or(|out| self.begun_at > out.at)
    }

    /// A new session, as a cookie.
    pub(super) fn begin(pages: &Pages, payer: PayerId, now: Time) -> Cookie {
        let until = now.plus_ms(LIFE_MS).ms().to_be_bytes();
        let random = pages.engine.entropy.seed();
        let payload = [payer.uuid().as_bytes().as_slice(), &until, &random].concat();
        let value = signed::sign(&pages.engine.vault, PURPOSE, &payload);
        Cookie { name: COOKIE, value, path: PATH.to_owned(), max_age_s: Some(LIFE_MS / 1_000) }
    }

    /// The order to forget it.
    pub(super) fn end() -> Cookie {
        Cookie::forget(COOKIE, PATH)
    }

    /// The session of this request, if it has one that we signed and that is not over.
    pub(super) fn read(pages: &Pages, visit: &Visit, now: Time) -> Option<Session> {
        visit.cookies(COOKIE).find_map(|text| {
            let payload = signed::open(&pages.engine.vault, PURPOSE, text)?;
            if payload.len() != PAYLOAD_LEN {
                return None;
            }
            let payer = PayerId::from_uuid(uuid::Uuid::from_slice(payload.get(..16)?).ok()?);
            let until = i64::from_be_bytes(payload.get(16..24)?.try_into().ok()?);
            let begun_at = Time::from_ms(until.checked_sub(LIFE_MS)?);
            (now < Time::from_ms(until)).then_some(Session { payer, begun_at, payload })
        })
    }
}
