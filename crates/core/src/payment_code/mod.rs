//! Payment codes (付款码): digits that a payer shows and a shop scans.
//!
//! ```text
//!            show                  use
//!   nothing ──────▶ good ─────────────────▶ used, by one payment
//!                    │ ▲
//!                    │ └── show again, within its window
//!                    └── time over ──▶ expired
//! ```
//!
//! Each payer has a seed. The shell makes the digits of a window of time out of it (as HOTP, RFC 4226, makes one-time
//! passwords, with the window as the moving factor of RFC 6238) and hands in their keyed digests; what they open is
//! decided here.
//!
//! **Invariants.** Digits that were shown lead to one payer for ever: their digest is a key, so they are never given
//! out again, used or not. A code is used once, by one payment. It is good in the window in which it was shown and
//! in the next.
//!
//! **Absent on purpose:** seeds and digits in clear, an amount, a merchant. Whoever scans says those; until then a
//! code is worth as much as its payer may spend without a password.

pub mod machine;

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayerId, PaymentCodeId, PaymentCodeSeedId, PaymentId},
    payer,
};

/// Decimal digits of a code, as WeChat Pay's and Alipay's have.
pub const DIGITS: usize = 18;

/// How long a window is: the code of a payer changes every minute.
pub const WINDOW_MS: i64 = 60_000;

/// How many windows a code is good in: its own and the next, so that one which changes while it is being scanned is
/// not refused.
pub const WINDOWS_GOOD: i64 = 2;

/// Codes that a payer may show in one window: one that was used is followed by another.
pub const CODES_PER_WINDOW_MAX: usize = 8;

/// A window of time, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Window(i64);

impl Window {
    /// The window of an instant.
    pub const fn of(at: Time) -> Window {
        Window(at.ms().div_euclid(WINDOW_MS))
    }

    /// Its number.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The one before.
    #[must_use]
    pub const fn before(self) -> Window {
        Window(self.0.saturating_sub(1))
    }

    /// The instant at which the next one begins, and a payer's code changes.
    pub const fn ends_at(self) -> Time {
        Time::from_ms(self.0.saturating_add(1).saturating_mul(WINDOW_MS))
    }

    /// The instant from which a code of it is worth nothing.
    pub const fn expires_at(self) -> Time {
        Time::from_ms(self.0.saturating_add(WINDOWS_GOOD).saturating_mul(WINDOW_MS))
    }
}

/// What a payer's codes are made of.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCodeSeed {
    /// Its id.
    pub id: PaymentCodeSeedId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub payer: PayerId,
    /// The seed, sealed by the shell.
    pub seed_sealed: String,
    /// When it was made.
    pub created_at: Time,
}

impl std::fmt::Debug for PaymentCodeSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PaymentCodeSeed({}, version {})", self.payer, self.version)
    }
}

/// What used a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The payment for which it was scanned, paid or not.
    pub payment: PaymentId,
    /// When.
    pub at: Time,
}

/// A code that was shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentCode {
    /// Its id.
    pub id: PaymentCodeId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub payer: PayerId,
    /// Keyed digest of its digits.
    pub digest: [u8; 32],
    /// The window in which it was shown.
    pub window: Window,
    /// What used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<Used>,
    /// When it was first shown.
    pub created_at: Time,
}

impl std::fmt::Debug for PaymentCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PaymentCode({}, of {}, used {:?})", self.id, self.payer, self.used)
    }
}

/// Whether a text has the form of a code: 18 digits of which the first two are 10 to 15.
pub fn is_code(text: &str) -> bool {
    let is_first = |second: &u8| (b'0'..=b'5').contains(second);
    text.len() == DIGITS
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.starts_with('1')
        && text.as_bytes().get(1).is_some_and(is_first)
}

/// Gives a payer a seed; one that has a seed keeps it.
pub fn enrol(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    seed_sealed: &str,
) -> Result<(ChangeSet, PaymentCodeSeed), Stop> {
    payer::known(facts, payer)?;
    let mut change = ChangeSet::default();
    if let Some(known) = facts.find::<PaymentCodeSeed>(&Key::PaymentCodeSeed(payer))? {
        return Ok((change, known.clone()));
    }
    let seed = PaymentCodeSeed {
        id: cx.draw(),
        version: 1,
        payer,
        seed_sealed: seed_sealed.to_owned(),
        created_at: cx.at(),
    };
    change.put(seed.clone());
    Ok((change, seed))
}

/// What became of showing a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The code with the digest at this place.
    Code(usize, PaymentCode),
    /// The digests are of another window than the present one.
    OtherWindow,
    /// All of them were used.
    UsedUp,
}

/// Shows a payer's code: of the digests of this window, in their order, the first that can be used.
pub fn show(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    window: Window,
    digests: &[[u8; 32]],
) -> Result<(ChangeSet, Shown), Stop> {
    payer::able(facts, payer)?;
    let none = |shown| Ok((ChangeSet::default(), shown));
    if window != Window::of(cx.at()) {
        return none(Shown::OtherWindow);
    }
    for (place, digest) in digests.iter().enumerate().take(CODES_PER_WINDOW_MAX) {
        let Some(known) = look_up(facts, digest)? else {
            let code = PaymentCode {
                id: cx.draw(),
                version: 1,
                payer,
                digest: *digest,
                window,
                used: None,
                created_at: cx.at(),
            };
            let mut change = ChangeSet::default();
            change.put(code.clone());
            return Ok((change, Shown::Code(place, code)));
        };
        // Digits that another payer or another window was given are passed over.
        if known.payer == payer && known.window == window && machine::check(known, cx.at()).is_ok() {
            return none(Shown::Code(place, known.clone()));
        }
    }
    none(Shown::UsedUp)
}

/// The code with this digest, whatever became of it.
pub fn look_up<'a>(facts: &'a dyn Facts, digest: &[u8; 32]) -> Result<Option<&'a PaymentCode>, Stop> {
    Ok(facts.find::<PaymentCode>(&Key::PaymentCode(*digest))?)
}

/// The code with this digest; a refusal says no more than that there is none.
pub fn known<'a>(facts: &'a dyn Facts, digest: &[u8; 32]) -> Result<&'a PaymentCode, Stop> {
    Ok(look_up(facts, digest)?.ok_or(Refusal::NotFound("payment code"))?)
}
