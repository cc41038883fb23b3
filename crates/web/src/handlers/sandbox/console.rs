//! The head of every sandbox page, and the answer to the button pressed last.
//!
//! The answer travels in the query by name. It is one of a fixed list and carries nothing, so it is not signed.

use axum::response::Response;
use tongbao_core::{Key, sandbox::Sandbox};
use tongbao_engine::Error;
use tongbao_store::Fault;

use super::{SandboxPages, answer, answer::Trouble};
use crate::{
    handlers::{record_view::moment, visit::Visit},
    i18n::sandbox::SandboxNotice,
    sandbox::ConsoleView,
};

const PARAMETER: &str = "notice";

const NOTICES: [(&str, SandboxNotice); 17] = [
    ("created", SandboxNotice::Created),
    ("paid", SandboxNotice::Paid),
    ("processing", SandboxNotice::Processing),
    ("unknown_code", SandboxNotice::UnknownCode),
    ("not_payable", SandboxNotice::NotPayable),
    ("declined", SandboxNotice::Declined),
    ("insufficient_balance", SandboxNotice::InsufficientBalance),
    ("refused", SandboxNotice::Refused),
    ("code_shown", SandboxNotice::CodeShown),
    ("codes_used_up", SandboxNotice::CodesUsedUp),
    ("transfer_accepted", SandboxNotice::TransferAccepted),
    ("transfer_returned", SandboxNotice::TransferReturned),
    ("fault_armed", SandboxNotice::FaultArmed),
    ("clock_moved", SandboxNotice::ClockMoved),
    ("resent", SandboxNotice::Resent),
    ("form_expired", SandboxNotice::FormExpired),
    ("failed", SandboxNotice::Failed),
];

/// The head of a page.
pub(super) fn view(sandbox: &SandboxPages, visit: &Visit) -> Result<ConsoleView, Fault> {
    let engine = &sandbox.pages.engine;
    let settings = engine.store.find::<Sandbox>(Key::Sandbox)?;
    let ahead_s = settings.map_or(0, |settings| settings.advanced_s);
    let told = visit.query(PARAMETER);
    Ok(ConsoleView {
        now: moment(engine.now()),
        ahead_s: u64::try_from(ahead_s).unwrap_or_default(),
        notice: NOTICES.iter().find(|(name, _)| Some(*name) == told).map(|(_, notice)| *notice),
    })
}

/// Back to a page, which says it. `page` may have a query already.
pub(super) fn back(visit: &Visit, page: &str, notice: SandboxNotice) -> Response {
    let name = NOTICES.iter().find(|(_, known)| *known == notice).map_or("failed", |(name, _)| *name);
    let separator = if page.contains('?') { '&' } else { '?' };
    answer::see_other(&visit.frame("").href(&format!("{page}{separator}{PARAMETER}={name}")))
}

/// What a step that did not work comes to: a refusal is the developer's to read, a fault the log's.
pub(super) fn failed(error: Error) -> Result<SandboxNotice, Trouble> {
    match error {
        Error::Refused(_) | Error::Fault(Fault::Busy | Fault::Full) => Ok(SandboxNotice::Failed),
        Error::Fault(fault) => Err(fault.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::{NOTICES, SandboxNotice};

    #[test]
    fn every_notice_has_a_name() {
        for notice in SandboxNotice::ALL {
            assert_eq!(NOTICES.iter().filter(|(_, known)| known == notice).count(), 1, "{notice:?}");
        }
    }
}
