//! `/wallet/code`: the payment code that a shop scans.
//!
//! A GET shows the code that was asked for last while it can be used; a POST asks for the present one. The page asks
//! by itself when a minute is over. Where codes are not switched on, both lead to where they are.

use axum::response::Response;
use tongbao_core::Refusal;
use tongbao_engine::Error;

use super::{Posted, Visitor};
use crate::{
    handlers::answer::Trouble,
    paths,
    wallet::{
        Tab,
        send::{CodeShown, CodeView, render_code},
    },
};

/// The query parameter that says that all codes of a minute were used.
const USED_UP: &str = "used_up";

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    if !visitor.session.shows_codes(&visitor.payer) {
        return Ok(visitor.to(paths::CODE_SWITCH));
    }
    let shown = visitor.pages.engine.shown_payment_code(visitor.payer.id)?;
    let shown = shown.filter(|code| code.changes_at > visitor.now).map(|code| {
        let left_ms = u64::try_from(code.changes_at.since_ms(visitor.now)).unwrap_or_default();
        CodeShown { digits: code.digits, changes_in_s: left_ms.div_ceil(1_000) }
    });
    let view = CodeView { used_up: shown.is_none() && visitor.visit.query(USED_UP).is_some(), shown };
    let around = visitor.around(Tab::Home, paths::PAYMENT_CODE);
    Ok(visitor.page(|frame| render_code(&view, &around, frame)))
}

pub(super) async fn ask(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    match visitor.pages.engine.show_payment_code(visitor.payer.id, visitor.session.id).await {
        Ok(Some(_)) => Ok(visitor.to(paths::PAYMENT_CODE)),
        Ok(None) => Ok(visitor.to(&format!("{}?{USED_UP}=1", paths::PAYMENT_CODE))),
        Err(Error::Refused(Refusal::PaymentCodesOff)) => Ok(visitor.to(paths::CODE_SWITCH)),
        // The page says that the account is frozen, and how that is lifted.
        Err(Error::Refused(Refusal::PayerFrozen)) => Ok(visitor.to(paths::FREEZE)),
        Err(Error::Fault(fault)) => Err(fault.into()),
        Err(Error::Refused(refusal)) => Err(Trouble::Refused(refusal)),
    }
}
