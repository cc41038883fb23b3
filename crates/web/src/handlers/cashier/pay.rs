//! `POST …/pay`: the payer confirms with the payment password.
//!
//! What needs no password is checked before a try at it is counted. Only where nothing can have happened does the page
//! say that nothing was charged; when the store stops in between, an error page says to look at the result first.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use tongbao_core::{
    Refusal,
    limits::CODE_PAUSE_MS,
    payer::Payer,
    payment::{Method, Status},
};
use tongbao_engine::Error;
use tongbao_store::Fault;

use super::{Till, notice::Told, prove, show};
use crate::{
    handlers::{Pages, answer::Trouble, visit::Visit},
    i18n::common::WhyNot,
};

/// How long to wait for another code, in seconds: as long as the pause is.
const CODE_PAUSE_S: u64 = (CODE_PAUSE_MS / 1_000).cast_unsigned();

/// Digits of a payment password.
const PASSWORD_DIGITS: usize = 6;

#[derive(Deserialize)]
pub(super) struct PayForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn pay(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<PayForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let (method, told) = attempt(&till, form).await?;
    Ok(told.map_or_else(|| till.again(), |told| till.again_telling(told, method)))
}

/// Pays. Gives the method chosen, and what to tell the payer beside what the page shows anyway.
async fn attempt(till: &Till<'_>, form: PayForm) -> Result<(Option<Method>, Option<Told>), Trouble> {
    let Some((_, payer)) = &till.payer else {
        // A form that was open for longer than the session; a payment that is over says so itself.
        return Ok((None, till.is_payable().then_some(Told::SessionEnded)));
    };
    if !till.is_our_form(&form.csrf) {
        return Ok((None, Some(Told::FormExpired)));
    }
    if !till.is_payable() {
        return Ok((None, already_paid(till)?));
    }
    let method = match chosen(till, payer, &form.method)? {
        Ok(method) => method,
        Err((told, method)) => return Ok((method, Some(told))),
    };
    if !is_password(&form.password) {
        return Ok((Some(method), Some(Told::MalformedPassword)));
    }
    let told = pay_with(till, payer, method, form.password).await?;
    Ok((Some(method), told))
}

/// The method with this key, if it can be used; otherwise what to tell.
pub(super) fn chosen(
    till: &Till,
    payer: &Payer,
    key: &str,
) -> Result<Result<Method, (Told, Option<Method>)>, Fault> {
    let available = show::available(till.pages, &till.payment, payer)?;
    let methods = show::methods(till, payer.id, available)?;
    let Some((method, view)) = methods.into_iter().find(|(_, view)| view.key == key) else {
        return Ok(Err((Told::MethodUnavailable, None)));
    };
    Ok(match view.why_not {
        Some(WhyNot::InsufficientBalance) => Err((Told::InsufficientBalance, Some(method))),
        Some(WhyNot::AboveLimit | WhyNot::Maintenance | WhyNot::NotForThisOrder | WhyNot::AccountFrozen) => {
            Err((Told::MethodUnavailable, Some(method)))
        }
        None => Ok(method),
    })
}

pub(super) fn is_password(text: &str) -> bool {
    text.len() == PASSWORD_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

async fn pay_with(
    till: &Till<'_>,
    payer: &Payer,
    method: Method,
    password: String,
) -> Result<Option<Told>, Trouble> {
    let engine = &till.pages.engine;
    match engine.pay_with_password(payer.id, till.payable(), method, password).await {
        // An attempt that failed is in the payment; the page reads it there, and what one waits for too.
        Ok(payment) => prove::send_if_missing(till, &payment).await,
        Err(error) => told_of(till, error),
    }
}

/// What a refusal means to the payer.
pub(super) fn told_of(till: &Till, error: Error) -> Result<Option<Told>, Trouble> {
    let refusal = match error {
        // Nothing of the step was taken up.
        Error::Fault(Fault::Busy | Fault::Full) => return Ok(Some(Told::TemporarilyUnavailable)),
        Error::Fault(fault) => return Err(fault.into()),
        Error::Refused(refusal) => refusal,
    };
    Ok(match refusal {
        Refusal::WrongPassword { tries_left } => Some(Told::WrongPassword(tries_left)),
        Refusal::PasswordLocked { until } => Some(Told::PasswordLocked(until)),
        Refusal::TooManyAttempts => Some(Told::AttemptsUsedUp),
        // Or a code cannot be sent.
        Refusal::CardUnusable | Refusal::Invalid { param: "code", .. } => Some(Told::MethodUnavailable),
        Refusal::PaymentPaid => already_paid(till)?,
        Refusal::PayerFrozen => Some(Told::AccountFrozen),
        Refusal::IdentityRequired => Some(Told::IdentityRequired),
        Refusal::PaymentsUsedUp => Some(Told::PaymentsUsedUp),
        Refusal::ProofVoid => Some(Told::ProofVoid),
        Refusal::PasskeyRefused => Some(Told::PasskeyRefused),
        Refusal::WrongCode => Some(Told::CodeExpired),
        Refusal::CodeTooSoon => Some(Told::CodeTooSoon(CODE_PAUSE_S)),
        Refusal::CodesOfDayUsedUp => Some(Told::CodesUsedUp),
        Refusal::LimitReached { left, .. } => Some(Told::LimitReached(left)),
        // The page shows what the payment has become.
        Refusal::PaymentExpired | Refusal::PaymentClosed | Refusal::PaymentProcessing => None,
        Refusal::NotFound(_) => return Err(Trouble::NotFound),
        Refusal::Invalid { .. }
        | Refusal::OrderNoUsed(_)
        | Refusal::RefundNoUsed(_)
        | Refusal::KeyReused { .. }
        | Refusal::NotPaid
        | Refusal::RefundTooLarge { .. }
        | Refusal::TooManyRefunds
        | Refusal::MerchantBalance
        | Refusal::WrongIdentity { .. }
        | Refusal::IdentityLocked { .. }
        | Refusal::TooManyAccounts
        | Refusal::TooManyPasskeys
        | Refusal::TooManyEndpoints
        | Refusal::PasswordRequired
        | Refusal::PaymentCodesOff
        | Refusal::KeyRevoked
        | Refusal::TransferAccepted
        | Refusal::TransferReturned
        | Refusal::BalanceInsufficient
        | Refusal::Blocked
        | Refusal::PasskeyNeeded
        | Refusal::ReviewEnded
        | Refusal::TooManyCards
        | Refusal::TooManyCardChecks { .. }
        | Refusal::FeeChanged
        | Refusal::LookUpsUsedUp
        | Refusal::CollectionLimit { .. }
        | Refusal::RideNoUsed(_)
        | Refusal::TransitCodeInvalid
        | Refusal::TransitCodeExpired
        | Refusal::TransitCodeUsed
        | Refusal::RideOpen
        | Refusal::RideEnded
        | Refusal::DebtOpen
        | Refusal::LeaseLost => return Err(Trouble::Refused(refusal)),
    })
}

/// Someone paid before. A payer who pressed twice, and paid, is not told off for it.
pub(super) fn already_paid(till: &Till) -> Result<Option<Told>, Fault> {
    let Some(payment) = till.reread()?.filter(|payment| payment.status == Status::Succeeded) else {
        return Ok(None);
    };
    let mine = payment.paid_by().is_some_and(|attempt| show::paid_by(till.session(), attempt));
    Ok((!mine).then_some(Told::AlreadyPaid))
}
