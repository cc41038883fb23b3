//! The core's refusals and the store's faults, as problems.

use http::StatusCode;
use tongbao_core::{
    Refusal, Time,
    id::{PaymentId, RefundId, RideId, TypedId},
    payer::usage::Limit,
};
use tongbao_engine::Error;
use tongbao_store::Fault;
use uuid::Uuid;

use crate::{
    caller::{FORBIDDEN, UNAUTHENTICATED},
    payer::{
        ACCOUNT_NOT_EMPTY, BANK_UNANSWERED, CARD_NOT_CONFIRMED, CODES_USED_UP, MONEY_UNDER_WAY,
        PASSKEYS_NOT_OFFERED, WRONG_SECURITY_CODE,
    },
    problem::{self, Kind, Problem},
};

/// Seconds after which to ask again when the disk is full or the writer has stopped.
const AWAY_RETRY_AFTER_S: u32 = 10;

/// The status and title of a refusal.
fn kind(refusal: &Refusal) -> Kind {
    let (status, title) = match refusal {
        Refusal::NotFound(_) => (StatusCode::NOT_FOUND, "There is no such thing"),
        Refusal::Invalid { .. } => (StatusCode::BAD_REQUEST, "A value is not allowed"),
        Refusal::OrderNoUsed(_) => (StatusCode::CONFLICT, "The order number is taken"),
        Refusal::RefundNoUsed(_) => (StatusCode::CONFLICT, "The refund number is taken"),
        Refusal::KeyReused { .. } => (StatusCode::CONFLICT, "The idempotency key is taken"),
        Refusal::PaymentExpired => (StatusCode::CONFLICT, "The payment has expired"),
        Refusal::PaymentClosed => (StatusCode::CONFLICT, "The payment is closed"),
        Refusal::PaymentPaid => (StatusCode::CONFLICT, "The payment was paid already"),
        Refusal::PaymentProcessing => (StatusCode::CONFLICT, "The payment is being processed"),
        Refusal::NotPaid => (StatusCode::CONFLICT, "The payment was not paid"),
        Refusal::RefundTooLarge { .. } => (StatusCode::CONFLICT, "The refund is too large"),
        Refusal::TooManyRefunds => (StatusCode::CONFLICT, "The payment has too many refunds"),
        Refusal::TooManyAttempts => (StatusCode::CONFLICT, "The payment has too many attempts"),
        Refusal::MerchantBalance => (StatusCode::CONFLICT, "The merchant's balance is too low"),
        Refusal::TransferAccepted => (StatusCode::CONFLICT, "The transfer was accepted already"),
        Refusal::TransferReturned => (StatusCode::CONFLICT, "The transfer has been returned"),
        Refusal::BalanceInsufficient => (StatusCode::CONFLICT, "The balance is too low"),
        Refusal::CardUnusable => (StatusCode::CONFLICT, "The card cannot be used"),
        Refusal::TooManyCards => (StatusCode::CONFLICT, "The payer has too many cards"),
        Refusal::TooManyCardChecks { .. } => (StatusCode::TOO_MANY_REQUESTS, "Too many cards were checked"),
        Refusal::FeeChanged => (StatusCode::CONFLICT, "The fee has changed"),
        Refusal::LookUpsUsedUp => (StatusCode::TOO_MANY_REQUESTS, "No more payees can be looked up today"),
        Refusal::CollectionLimit { .. } => {
            (StatusCode::CONFLICT, "Collection codes may take no more of the payer today")
        }
        Refusal::PayerFrozen => (StatusCode::FORBIDDEN, "The payer's account is frozen"),
        Refusal::IdentityRequired => (StatusCode::FORBIDDEN, "The payer's identity is not verified"),
        Refusal::WrongIdentity { .. } => (StatusCode::FORBIDDEN, "The identity is another one"),
        Refusal::IdentityLocked { .. } => (StatusCode::FORBIDDEN, "Too many wrong identities"),
        Refusal::TooManyAccounts => (StatusCode::CONFLICT, "The person has an account already"),
        Refusal::LimitReached { .. } => (StatusCode::CONFLICT, "A limit of the payer is reached"),
        Refusal::PaymentsUsedUp => (StatusCode::TOO_MANY_REQUESTS, "The payer has paid as often as it may"),
        Refusal::Blocked => (StatusCode::FORBIDDEN, "This cannot be done now"),
        Refusal::PasskeyNeeded => (StatusCode::FORBIDDEN, "A passkey is needed"),
        Refusal::ReviewEnded => (StatusCode::CONFLICT, "The review has ended otherwise"),
        Refusal::ProofVoid => (StatusCode::CONFLICT, "The proof is for something else, or came too late"),
        Refusal::WrongPassword { .. } => (StatusCode::FORBIDDEN, "The payment password is wrong"),
        Refusal::PasswordLocked { .. } => (StatusCode::FORBIDDEN, "The payment password is locked"),
        Refusal::WrongCode => (StatusCode::FORBIDDEN, "The one-time code is wrong"),
        Refusal::CodeTooSoon => (StatusCode::TOO_MANY_REQUESTS, "A code was sent a moment ago"),
        Refusal::CodesOfDayUsedUp => (StatusCode::TOO_MANY_REQUESTS, "No more codes are sent there today"),
        Refusal::PasswordRequired => (StatusCode::FORBIDDEN, "The payment password is required"),
        Refusal::PaymentCodesOff => (StatusCode::FORBIDDEN, "Payment codes are not switched on here"),
        Refusal::PasskeyRefused => (StatusCode::FORBIDDEN, "The passkey was not accepted"),
        Refusal::TooManyPasskeys => (StatusCode::CONFLICT, "The payer has too many passkeys"),
        Refusal::TooManyEndpoints => (StatusCode::CONFLICT, "The app has too many endpoints"),
        Refusal::KeyRevoked => (StatusCode::CONFLICT, "The key is revoked"),
        Refusal::RideNoUsed(_) => (StatusCode::CONFLICT, "The ride number is taken"),
        Refusal::TransitCodeInvalid => (StatusCode::BAD_REQUEST, "This is no transit code of the rider"),
        Refusal::TransitCodeExpired => (StatusCode::CONFLICT, "The transit code has expired"),
        Refusal::TransitCodeUsed => (StatusCode::CONFLICT, "The transit code was used already"),
        Refusal::RideOpen => (StatusCode::CONFLICT, "The payer is on a ride"),
        Refusal::RideEnded => (StatusCode::CONFLICT, "The ride has ended"),
        Refusal::DebtOpen => (StatusCode::CONFLICT, "The payer owes a fare"),
        Refusal::LeaseLost => (StatusCode::CONFLICT, "Another worker has this task"),
    };
    Kind::new(status, refusal.code(), title)
}

/// A refusal, as a problem.
pub fn refused(refusal: &Refusal) -> Problem {
    let problem = Problem::of(kind(refusal)).detail(refusal.to_string());
    match refusal.param() {
        Some(param) => problem.param(param),
        None => problem,
    }
}

/// A fault, as a problem. What failed goes to the log; the client is told only whether to ask again.
pub fn fault(fault: &Fault) -> Problem {
    match fault {
        Fault::Busy => Problem::unavailable(1),
        Fault::Full | Fault::Away(_) | Fault::Stopped(_) => {
            tracing::error!(%fault, "a request could not be served");
            Problem::unavailable(AWAY_RETRY_AFTER_S)
        }
        Fault::Broken(_) | Fault::Unreadable(_) => {
            tracing::error!(%fault, "a request failed");
            Problem::of(problem::INTERNAL)
        }
    }
}

/// Why a step gave no result, as a problem.
pub fn failed(error: &Error) -> Problem {
    match error {
        Error::Refused(refusal) => refused(refusal),
        Error::Fault(world) => fault(world),
    }
}

/// Every kind of refusal that an answer may have, for documentation.
pub fn kinds() -> Vec<Kind> {
    let refusals = [
        Refusal::OrderNoUsed(PaymentId::from_uuid(Uuid::nil())),
        Refusal::RefundNoUsed(RefundId::from_uuid(Uuid::nil())),
        Refusal::KeyReused { first: String::new(), second: String::new() },
        Refusal::PaymentExpired,
        Refusal::PaymentClosed,
        Refusal::PaymentPaid,
        Refusal::PaymentProcessing,
        Refusal::NotPaid,
        Refusal::RefundTooLarge { left: 0 },
        Refusal::TooManyRefunds,
        Refusal::TooManyAttempts,
        Refusal::MerchantBalance,
        Refusal::TransferAccepted,
        Refusal::TransferReturned,
        Refusal::BalanceInsufficient,
        Refusal::CardUnusable,
        Refusal::TooManyCards,
        Refusal::TooManyCardChecks { until: Time::default() },
        Refusal::FeeChanged,
        Refusal::LookUpsUsedUp,
        Refusal::CollectionLimit { left: 0 },
        Refusal::PayerFrozen,
        Refusal::IdentityRequired,
        Refusal::WrongIdentity { tries_left: 0 },
        Refusal::IdentityLocked { until: Time::default() },
        Refusal::TooManyAccounts,
        Refusal::LimitReached { limit: Limit::Total, left: 0 },
        Refusal::WrongPassword { tries_left: 0 },
        Refusal::PasswordLocked { until: Time::default() },
        Refusal::WrongCode,
        Refusal::PaymentsUsedUp,
        Refusal::ProofVoid,
        Refusal::CodeTooSoon,
        Refusal::CodesOfDayUsedUp,
        Refusal::PasswordRequired,
        Refusal::PaymentCodesOff,
        Refusal::PasskeyRefused,
        Refusal::Blocked,
        Refusal::PasskeyNeeded,
        Refusal::ReviewEnded,
        Refusal::TooManyPasskeys,
        Refusal::TooManyEndpoints,
        Refusal::KeyRevoked,
        Refusal::RideNoUsed(RideId::from_uuid(Uuid::nil())),
        Refusal::TransitCodeInvalid,
        Refusal::TransitCodeExpired,
        Refusal::TransitCodeUsed,
        Refusal::RideOpen,
        Refusal::RideEnded,
        Refusal::DebtOpen,
        Refusal::LeaseLost,
    ];
    let callers = [
        UNAUTHENTICATED,
        FORBIDDEN,
        CARD_NOT_CONFIRMED,
        WRONG_SECURITY_CODE,
        BANK_UNANSWERED,
        CODES_USED_UP,
        PASSKEYS_NOT_OFFERED,
        ACCOUNT_NOT_EMPTY,
        MONEY_UNDER_WAY,
    ];
    problem::KINDS.iter().copied().chain(callers).chain(refusals.iter().map(kind)).collect()
}
