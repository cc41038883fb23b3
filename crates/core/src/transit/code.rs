//! Transit codes (乘车码): digits that a payer shows and a gate scans.
//!
//! They are made as payment codes are ([`crate::payment_code`]), of the same seed and in the same windows, under a name
//! of their own: neither kind says anything of the other. Their first digits differ as well, so that a till refuses a
//! transit code by its looks, and a gate a payment code.
//!
//! **Invariants.** Digits that were shown lead to one payer for ever. A code passes one gate, once: it begins one ride,
//! or ends one. It is good in the window in which it was shown and in the next, at the instant at which the gate
//! scanned it.

use serde::{Deserialize, Serialize};

use super::rider;
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayerId, RideId, TransitCodeId},
    payer::{self, identity::Identity},
    payment_code::{CODES_PER_WINDOW_MAX, DIGITS, Window},
};

/// What used a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// The ride that it began or ended.
    pub ride: RideId,
    /// When.
    pub at: Time,
}

/// A code that was shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitCode {
    /// Its id.
    pub id: TransitCodeId,
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

impl std::fmt::Debug for TransitCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TransitCode({}, of {}, used {:?})", self.id, self.payer, self.used)
    }
}

impl TransitCode {
    /// Whether a gate may let somebody through for it, who showed it at this instant.
    pub fn check(&self, at: Time) -> Result<(), Refusal> {
        match self.used {
            Some(_) => Err(Refusal::TransitCodeUsed),
            None if at >= self.window.expires_at() => Err(Refusal::TransitCodeExpired),
            None => Ok(()),
        }
    }

    /// Its next version, used for a ride.
    pub(super) fn used_for(&self, ride: RideId, at: Time) -> Result<TransitCode, Refusal> {
        self.check(at)?;
        let used = Some(Used { ride, at: at.max(self.created_at) });
        Ok(TransitCode { version: self.version.saturating_add(1), used, ..self.clone() })
    }
}

/// Whether a text has the form of a code: 18 digits of which the first two are 40 to 45. Payment codes begin with 10 to
/// 15 at WeChat Pay and here, with 25 to 30 at Alipay.
pub fn is_code(text: &str) -> bool {
    let is_first = |second: &u8| (b'0'..=b'5').contains(second);
    text.len() == DIGITS
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.starts_with('4')
        && text.as_bytes().get(1).is_some_and(is_first)
}

/// What became of showing a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// The code with the digest at this place.
    Code(usize, TransitCode),
    /// The digests are of another window than the present one.
    OtherWindow,
    /// All of them were used.
    UsedUp,
}

/// Shows a payer's code: of the digests of this window, in their order, the first that can be used. Who could not ride
/// is shown none.
pub fn show(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    window: Window,
    digests: &[[u8; 32]],
) -> Result<(ChangeSet, Shown), Stop> {
    let payer = payer::able(facts, id)?;
    if payer.identity == Some(Identity::Unverified) {
        return Err(Refusal::IdentityRequired.into());
    }
    if rider(facts, id)?.is_some_and(|rider| rider.debt.is_some()) {
        return Err(Refusal::DebtOpen.into());
    }
    let none = |shown| Ok((ChangeSet::default(), shown));
    if window != Window::of(cx.at()) {
        return none(Shown::OtherWindow);
    }
    for (place, digest) in digests.iter().enumerate().take(CODES_PER_WINDOW_MAX) {
        let Some(known) = facts.find::<TransitCode>(&Key::TransitCode(*digest))? else {
            let code = TransitCode {
                id: cx.draw(),
                version: 1,
                payer: id,
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
        if known.payer == id && known.window == window && known.check(cx.at()).is_ok() {
            return none(Shown::Code(place, known.clone()));
        }
    }
    none(Shown::UsedUp)
}

/// The code with this digest; a refusal says no more than that it is none.
pub fn known<'a>(facts: &'a dyn Facts, digest: &[u8; 32]) -> Result<&'a TransitCode, Stop> {
    let found = facts.find::<TransitCode>(&Key::TransitCode(*digest))?;
    Ok(found.ok_or(Refusal::TransitCodeInvalid)?)
}
