//! From records of the core to what the views show of them.

use tongbao_core::{
    Time,
    payment::{Method, Payment, Status},
};
use tongbao_money::Currency;

use crate::{amount::Amount, i18n::common::MethodName, i18n::common::PaymentStatus, moment::Moment};

/// An amount of minor units.
pub(super) fn amount(minor: i64, currency: Currency) -> Amount {
    Amount::new(minor, currency.code(), currency.exponent())
}

/// What is to be paid.
pub(super) fn price(payment: &Payment) -> Amount {
    amount(payment.money.amount.minor(), payment.money.currency)
}

/// An instant.
pub(super) fn moment(at: Time) -> Moment {
    Moment::from_unix_ms(at.ms())
}

/// What a method is called.
pub(super) fn method_name(method: Method) -> MethodName {
    match method {
        Method::Balance => MethodName::Balance,
        Method::SandboxBank => MethodName::SandboxBank,
        Method::Card(_) => MethodName::BankCard,
    }
}

/// Whether a payer may still begin an attempt, as far as time and state go. The timer that closes a payment may run a
/// moment late; nobody is asked for a password then.
pub(super) fn is_payable(payment: &Payment, now: Time) -> bool {
    payment.status == Status::Open && now < payment.payable_until()
}

/// Where a payment stands for its readers.
pub(super) fn payment_status(payment: &Payment, now: Time) -> PaymentStatus {
    match payment.status {
        Status::Open if is_payable(payment, now) => PaymentStatus::Open,
        Status::Open | Status::Closed => PaymentStatus::Closed,
        Status::Processing => PaymentStatus::Processing,
        Status::Succeeded if payment.refunded >= payment.money.amount => PaymentStatus::Refunded,
        Status::Succeeded if !payment.refunded.is_zero() => PaymentStatus::PartlyRefunded,
        Status::Succeeded => PaymentStatus::Succeeded,
    }
}

/// Seconds until a payment expires, rounded up.
pub(super) fn expires_in_s(payment: &Payment, now: Time) -> u64 {
    let left_ms = u64::try_from(payment.payable_until().since_ms(now)).unwrap_or_default();
    left_ms.div_ceil(1_000)
}
