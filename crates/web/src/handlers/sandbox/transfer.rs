//! The phone accepts a transfer: where others scan a code, its `package_info` or the number of its bill is pasted.

use tongbao_core::{Facts, Refusal, id::PayerId, transfer::steps};
use tongbao_engine::Error;

use super::{SandboxPages, answer::Trouble, console, phone::input};
use crate::i18n::sandbox::SandboxNotice;

/// Accepts the transfer that a text names, as this payer; to anybody but its recipient it is unknown.
pub(super) async fn accept(
    sandbox: &SandboxPages,
    payer: PayerId,
    text: &str,
) -> Result<SandboxNotice, Trouble> {
    let engine = &sandbox.pages.engine;
    let Some(found) = engine.find_transfer(text)? else { return Ok(SandboxNotice::UnknownCode) };
    let accept = move |facts: &dyn Facts, cx: &mut _| steps::accept(facts, cx, payer, found.id);
    match engine.step(input("accept_transfer"), accept).await {
        Ok(_) => Ok(SandboxNotice::TransferAccepted),
        Err(Error::Refused(Refusal::TransferReturned)) => Ok(SandboxNotice::TransferReturned),
        Err(Error::Refused(_)) => Ok(SandboxNotice::UnknownCode),
        Err(error) => console::failed(error),
    }
}
