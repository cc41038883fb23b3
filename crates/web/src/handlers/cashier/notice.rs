//! What the page says after a redirect: carried in the query, signed for this payment, for two minutes.
//!
//! Nobody can make a cashier say something by sending a link, and no text comes back that was sent in. Absent on
//! purpose: amounts, which would tell a log what a payer owns; they are worked out when the page is shown.

use serde::{Deserialize, Serialize};
use tongbao_core::{
    Time,
    payer::Payer,
    payment::{AttemptStatus, Failure, Method},
    sandbox::Fault,
};
use tongbao_money::Currency;

use super::{Till, show};
use crate::{
    cashier::Notice,
    handlers::{
        record_view::{amount, moment, price},
        signed,
    },
};

const PARAMETER: &str = "notice";

/// How long a notice is shown again when the page is loaded again, in milliseconds.
const LIFE_MS: i64 = 2 * 60 * 1_000;

/// A notice without its amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Told {
    /// With the tries left.
    WrongPassword(u8),
    /// Until then.
    PasswordLocked(Time),
    MalformedPassword,
    MethodUnavailable,
    AttemptsUsedUp,
    InsufficientBalance,
    AccountFrozen,
    IdentityRequired,
    /// With what may still be paid, in fen.
    LimitReached(i64),
    /// With the tries left.
    WrongCode(u8),
    CodeExpired,
    /// With the seconds to wait.
    CodeTooSoon(u64),
    CodesUsedUp,
    InvalidPhone,
    SessionEnded,
    FormExpired,
    AlreadyPaid,
    TemporarilyUnavailable,
    PaymentsUsedUp,
    ProofVoid,
    PasskeyRefused,
}

#[derive(Serialize, Deserialize)]
struct Carried {
    at: Time,
    told: Told,
    method: Option<Method>,
}

fn purpose(till: &Till) -> String {
    format!("notice {}", till.id())
}

/// The query that makes the page of this till say it.
pub(super) fn query(till: &Till, told: Told, method: Option<Method>) -> String {
    let carried = Carried { at: till.now, told, method };
    let payload = serde_json::to_vec(&carried).expect("numbers and names always become JSON");
    format!("{PARAMETER}={}", signed::sign(&till.pages.engine.vault, &purpose(till), &payload))
}

/// What the query of this request says, and the method that was chosen.
pub(super) fn read(till: &Till) -> Option<(Told, Option<Method>)> {
    let payload = signed::open(&till.pages.engine.vault, &purpose(till), till.visit.query(PARAMETER)?)?;
    let carried: Carried = serde_json::from_slice(&payload).ok()?;
    (till.now.since_ms(carried.at) < LIFE_MS).then_some((carried.told, carried.method))
}

/// The notice for the page. `available` is what the payer has, in minor units.
pub(super) fn worded(till: &Till, told: Told, available: i64) -> Option<Notice> {
    Some(match told {
        Told::WrongPassword(tries_left) => Notice::WrongPassword { tries_left: tries_left.into() },
        Told::PasswordLocked(until) => Notice::PasswordLocked { until: moment(until) },
        Told::MalformedPassword => Notice::MalformedPassword,
        Told::MethodUnavailable => Notice::MethodUnavailable,
        Told::AttemptsUsedUp => Notice::AttemptsUsedUp,
        Told::InsufficientBalance => return short(till, available),
        Told::AccountFrozen => Notice::AccountFrozen,
        Told::IdentityRequired => Notice::IdentityRequired,
        Told::LimitReached(left) => Notice::LimitReached { left: amount(left, Currency::CNY) },
        Told::WrongCode(tries_left) => Notice::WrongCode { tries_left: tries_left.into() },
        Told::CodeExpired => Notice::CodeExpired,
        Told::CodeTooSoon(wait_s) => Notice::CodeTooSoon { wait_s },
        Told::CodesUsedUp => Notice::CodesUsedUp,
        Told::InvalidPhone => Notice::InvalidPhone,
        Told::SessionEnded => Notice::SessionEnded,
        Told::FormExpired => Notice::FormExpired,
        Told::AlreadyPaid => Notice::AlreadyPaid,
        Told::TemporarilyUnavailable => Notice::TemporarilyUnavailable,
        Told::PaymentsUsedUp => Notice::PaymentsUsedUp,
        Told::ProofVoid => Notice::ProofVoid,
        Told::PasskeyRefused => Notice::PasskeyRefused,
    })
}

/// Says what is missing, while something is.
fn short(till: &Till, available: i64) -> Option<Notice> {
    let money = till.payment.money;
    let missing = money.amount.minor().saturating_sub(available);
    (missing > 0).then(|| Notice::InsufficientBalance { short_by: amount(missing, money.currency) })
}

/// What a signed-in payer should know without having pressed anything: a lock, or why the latest attempt
/// came to nothing.
/// Read from the records, because a bank's answer comes long after the redirect.
pub(super) fn of_payer(till: &Till, payer: &Payer, available: i64) -> Option<Notice> {
    if show::attempts_are_used_up(&till.payment) {
        return Some(Notice::AttemptsUsedUp);
    }
    if payer.frozen.is_some() {
        return Some(Notice::AccountFrozen);
    }
    if let Some(until) = payer.locked_until.filter(|until| till.now < *until) {
        return Some(Notice::PasswordLocked { until: moment(until) });
    }
    let latest = till.payment.attempts.last().filter(|latest| latest.payer == payer.id)?;
    match latest.status {
        AttemptStatus::Processing => return None,
        AttemptStatus::Challenged
            if latest.challenge.as_ref().is_some_and(|waits| !waits.is_live(till.now)) =>
        {
            return Some(Notice::ProofVoid);
        }
        AttemptStatus::Challenged
        | AttemptStatus::Unproven
        | AttemptStatus::Succeeded
        | AttemptStatus::Failed
        | AttemptStatus::Returned => {}
    }
    match (latest.failure?, latest.method) {
        (Failure::WrongAmount, _) => Some(Notice::MoneyReturned),
        // A sandbox that was told to find too little misses all of it.
        (Failure::InsufficientBalance, Method::Balance)
            if latest.fault == Some(Fault::InsufficientBalance) =>
        {
            short(till, available).or(Some(Notice::InsufficientBalance { short_by: price(&till.payment) }))
        }
        (Failure::InsufficientBalance, Method::Balance) => short(till, available),
        // A bank does not say how much is missing.
        (Failure::InsufficientBalance, Method::Card(_)) => Some(Notice::CardInsufficient),
        (Failure::CardExpired, _) => Some(Notice::CardExpired),
        (Failure::NotConfirmed, _) => Some(Notice::NotConfirmed),
        (Failure::Blocked, _) => Some(Notice::Blocked),
        (Failure::Declined, _) | (Failure::InsufficientBalance, Method::SandboxBank) => {
            Some(Notice::Declined)
        }
    }
}
