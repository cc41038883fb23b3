//! The payer's account: signing up and in, the security centre, messages.
//!
//! Every form leads to a GET of a page, which says what came of it (`told`). What was typed is not shown again.

mod codes;
mod devices;
mod freeze;
mod identity;
mod limits;
mod messages;
mod notices;
mod own_data;
mod passkey_sign_in;
mod passkeys;
mod password;
mod security;
mod sign_in;
mod sign_up;

use std::sync::Arc;

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use tongbao_core::Refusal;
use tongbao_engine::{Error, account::Purpose};
use tongbao_store::Fault;

use super::{posted::Posted, told, visitor::Visitor};
use crate::{
    handlers::{Pages, answer::Trouble},
    i18n, paths,
    wallet::{Around, Tab, account::Told},
};

pub(super) fn routes() -> Router<Arc<Pages>> {
    Router::new()
        .route(paths::SIGN_IN, get(sign_in::show))
        .route("/wallet/sign-in/code", post(sign_in::send).get(sign_in::show))
        .route("/wallet/sign-in/session", post(sign_in::enter).get(sign_in::show))
        .route(paths::SIGN_IN_PASSKEY, post(passkey_sign_in::ask).get(sign_in::show))
        .route(paths::SIGN_IN_PASSKEY_SESSION, post(passkey_sign_in::enter).get(sign_in::show))
        .route(paths::SIGN_UP, get(sign_up::show).post(sign_up::finish))
        .route(paths::SIGN_OUT, post(sign_in::leave).get(sign_in::stay))
        .route(paths::SECURITY, get(security::show))
        .route(paths::DEVICES, get(devices::show).post(devices::remove))
        .route(paths::PASSWORD, get(password::show_change).post(password::change))
        .route(paths::RESET, get(password::show_reset).post(password::reset))
        .route("/wallet/security/reset/code", post(password::send_code).get(password::show_reset))
        .route(paths::PASSKEYS, get(passkeys::show).post(passkeys::add))
        .route(paths::PASSKEYS_OPTIONS, post(passkeys::ask).get(passkeys::show))
        .route(paths::PASSKEYS_CODE, post(passkeys::send_code).get(passkeys::show))
        .route(paths::PASSKEYS_REMOVAL, post(passkeys::remove).get(passkeys::show))
        .route(paths::IDENTITY, get(identity::show).post(identity::verify))
        .route(paths::LIMITS, get(limits::show).post(limits::set))
        .route(paths::CODE_SWITCH, get(codes::show).post(codes::switch_on))
        .route(paths::CODE_SWITCH_OFF, post(codes::switch_off).get(codes::show))
        .route(paths::FREEZE, get(freeze::show).post(freeze::freeze))
        .route("/wallet/security/freeze/code", post(freeze::send_code).get(freeze::show))
        .route("/wallet/security/freeze/end", post(freeze::unfreeze).get(freeze::show))
        .route(paths::NOTICES, get(notices::show).post(notices::choose))
        .route(paths::MAIL, get(notices::show_mail).post(notices::ask_mail))
        .route(paths::MAIL_CODE, post(notices::confirm_mail).get(notices::show_mail))
        .route(paths::MAIL_END, post(notices::remove_mail).get(notices::show))
        .route(paths::OWN_DATA, get(own_data::show).post(own_data::take))
        .route(paths::CLOSING, get(own_data::show_closing).post(own_data::close))
        .route(paths::CLOSING_CODE, post(own_data::send_code).get(own_data::show_closing))
        .route(paths::MESSAGES, get(messages::show))
}

/// Back to a page of a payer, which says what came of a form.
fn telling(visitor: &Visitor, path: &str, what: Told) -> Response {
    let whose = visitor.payer.id.to_string();
    visitor.to(&told::address(&visitor.pages, visitor.now, (&whose, path), &what))
}

/// What stands around a page of the security centre, with what it has to say.
fn around(visitor: &Visitor, path: &str) -> Around {
    let whose = visitor.payer.id.to_string();
    let carried: Option<Told> = told::read(&visitor.pages, &visitor.visit, visitor.now, (&whose, path));
    let lang = visitor.frame().lang;
    visitor.around(Tab::Security, path).saying(carried.map(|told| i18n::told::wording(told, lang)))
}

/// What came of a step that gave no result.
fn told_of(error: Error) -> Result<Told, Trouble> {
    let refusal = match error {
        // Nothing of the step was taken up.
        Error::Fault(Fault::Busy | Fault::Full) => return Ok(Told::Unavailable),
        Error::Fault(fault) => return Err(fault.into()),
        Error::Refused(refusal) => refusal,
    };
    Ok(match refusal {
        Refusal::WrongPassword { tries_left } => Told::WrongPassword(tries_left),
        Refusal::PasswordLocked { until } => Told::PasswordLocked(until.ms()),
        Refusal::WrongIdentity { tries_left } => Told::WrongIdentity(tries_left),
        Refusal::IdentityLocked { until } => Told::IdentityLocked(until.ms()),
        Refusal::TooManyAccounts => Told::TooManyAccounts,
        Refusal::WrongCode => Told::CodeExpired,
        Refusal::CodesOfDayUsedUp => Told::CodesUsedUp,
        Refusal::PasswordRequired => Told::PasswordRequired,
        Refusal::PasskeyRefused => Told::PasskeyRefused,
        Refusal::TooManyPasskeys => Told::TooManyPasskeys,
        Refusal::PayerFrozen => Told::FrozenByOperator,
        Refusal::Invalid { param: "password", .. } => Told::WeakPassword,
        Refusal::Invalid { param: "name", .. } => Told::InvalidName,
        Refusal::Invalid { param: "age", .. } => Told::TooYoung,
        Refusal::Invalid { param: "number", must } if must.starts_with("that of the person") => {
            Told::OtherPerson
        }
        Refusal::Invalid { param: "number", .. } => Told::InvalidNumber,
        Refusal::Invalid { param: "mail", .. } => Told::InvalidMail,
        // There is no SMS port.
        Refusal::Invalid { param: "code", .. } => Told::Unavailable,
        other => return Err(Trouble::Refused(other)),
    })
}

/// Sends a code to who is signed in, and goes back to the page at `path`.
async fn send_code_to(visitor: &Visitor, purpose: Purpose, path: &str) -> Result<Response, Trouble> {
    let sent = visitor.pages.engine.send_code_for(visitor.payer.id, purpose).await;
    let told = match sent {
        Ok(()) => Told::CodeSent,
        Err(Error::Refused(Refusal::CodeTooSoon)) => {
            let sent = purpose.kept().and_then(|kept| visitor.payer.code_for(kept));
            let sent_at = sent.map_or(visitor.now, |code| code.sent_at);
            let left_ms = tongbao_core::limits::CODE_PAUSE_MS.saturating_sub(visitor.now.since_ms(sent_at));
            Told::CodeTooSoon(u64::try_from(left_ms).unwrap_or_default().div_ceil(1_000).max(1))
        }
        Err(error) => told_of(error)?,
    };
    Ok(telling(visitor, path, told))
}

/// Whether two new passwords are one that can be chosen; otherwise what is wrong with them.
fn chosen(password: &str, again: &str) -> Result<(), Told> {
    if !tongbao_core::payer::is_password(password) {
        Err(Told::MalformedPassword)
    } else if password != again {
        Err(Told::PasswordsDiffer)
    } else if tongbao_core::payer::is_weak(password) {
        Err(Told::WeakPassword)
    } else {
        Ok(())
    }
}
