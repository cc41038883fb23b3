//! The form beside the phone: what goes wrong with the next attempt.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{
    ChangeSet, Key,
    id::PayerId,
    limits::SANDBOX_FAULTS_MAX,
    sandbox::{self as settings, Sandbox, WaitingFault},
};
use tongbao_engine::{Engine, Error};

use super::{
    SandboxPages,
    answer::Trouble,
    console,
    phone::{back, input},
};
use crate::{
    handlers::visit::Visit,
    i18n::sandbox::{Fault, SandboxNotice},
};

/// What the next attempt of this payer will meet.
pub(super) fn next(engine: &Engine, payer: &str) -> Result<Fault, tongbao_store::Fault> {
    let payer = payer.parse::<PayerId>().ok();
    let waiting = engine.store.find::<Sandbox>(Key::Sandbox)?.map(|found| found.faults).unwrap_or_default();
    let meets = |fault: &&WaitingFault| fault.payer.is_none() || fault.payer == payer;
    Ok(waiting.iter().find(meets).map_or(Fault::Nothing, |waiting| match waiting.fault {
        settings::Fault::Declined => Fault::Declined,
        settings::Fault::InsufficientBalance => Fault::InsufficientBalance,
        settings::Fault::ResultLate => Fault::ResultLate,
        settings::Fault::DuplicateNotification => Fault::DuplicateNotification,
        settings::Fault::SignatureProbe => Fault::SignatureProbe,
    }))
}

#[derive(Deserialize)]
pub(super) struct FaultForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    payer: String,
    #[serde(default)]
    fault: String,
}

/// Arranges what the next attempt meets, whoever makes it: one fault in place of those that would have come first for
/// the payer at the phone, or none.
pub(super) async fn arm(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<FaultForm>,
) -> Result<Response, Trouble> {
    if !sandbox.is_our_form(&visit, &form.csrf) {
        return Ok(back(&visit, &form.payer, SandboxNotice::FormExpired));
    }
    let chosen = Fault::EVERY.into_iter().find(|fault| fault.value() == form.fault);
    let (Some(chosen), Ok(payer)) = (chosen, form.payer.parse::<PayerId>()) else {
        return Ok(back(&visit, &form.payer, SandboxNotice::Failed));
    };
    let fault = match chosen {
        Fault::Nothing => None,
        Fault::Declined => Some(settings::Fault::Declined),
        Fault::InsufficientBalance => Some(settings::Fault::InsufficientBalance),
        Fault::ResultLate => Some(settings::Fault::ResultLate),
        Fault::DuplicateNotification => Some(settings::Fault::DuplicateNotification),
        Fault::SignatureProbe => Some(settings::Fault::SignatureProbe),
    };
    let notice = match replace_faults(&sandbox.pages.engine, payer, fault).await {
        Ok(()) => SandboxNotice::FaultArmed,
        Err(error) => console::failed(error)?,
    };
    Ok(back(&visit, &form.payer, notice))
}

async fn replace_faults(
    engine: &Engine,
    payer: PayerId,
    fault: Option<settings::Fault>,
) -> Result<(), Error> {
    for _ in 0..SANDBOX_FAULTS_MAX {
        let take = engine.step(input("take_fault"), move |facts, _| {
            let mut change = ChangeSet::default();
            let taken = settings::take_fault(facts, &mut change, payer)?;
            Ok((change, taken))
        });
        if take.await?.is_none() {
            break;
        }
    }
    let Some(fault) = fault else { return Ok(()) };
    let waiting = WaitingFault { payer: None, fault };
    engine.step(input("arm_fault"), move |facts, cx| settings::arm_fault(facts, cx, waiting)).await.map(drop)
}
