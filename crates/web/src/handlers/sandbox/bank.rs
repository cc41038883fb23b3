//! `/sandbox/bank/{payment}/{attempt}`: the page of the sandbox's bank on which the holder of a card confirms a payment
//! (3-D Secure), or refuses it. It leads back to the cashier, which asks the bank.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use tongbao_core::{
    card::Card,
    id::{AttemptId, PaymentId},
    merchant::Merchant,
    payment::{Attempt, HolderSaid, Method, Payment, steps},
};
use tongbao_engine::Error;
use tongbao_store::Fault;

use super::{SandboxPages, answer::Trouble, phone::input};
use crate::{
    handlers::{answer::see_other, record_view::price, visit::Visit},
    paths,
    sandbox::{HolderView, render_holder},
};

/// The attempt that an address names, and its payment. Only cards have holders.
fn found(sandbox: &SandboxPages, payment: &str, attempt: &str) -> Result<(Payment, Attempt), Trouble> {
    let (Ok(id), Ok(attempt)) = (payment.parse::<PaymentId>(), attempt.parse::<AttemptId>()) else {
        return Err(Trouble::NotFound);
    };
    let payment = sandbox.pages.engine.store.get::<Payment>(id)?.ok_or(Trouble::NotFound)?;
    let tried = payment.attempt(attempt).filter(|tried| tried.confirmation.is_some()).cloned();
    let tried = tried.ok_or(Trouble::NotFound)?;
    Ok((payment, tried))
}

pub(super) async fn show(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Path((payment, attempt)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let (payment, attempt) = found(&sandbox, &payment, &attempt)?;
    sandbox.page(&visit, |frame| Ok(render_holder(&view(&sandbox, &payment, &attempt)?, frame)))
}

fn view(sandbox: &SandboxPages, payment: &Payment, attempt: &Attempt) -> Result<HolderView, Fault> {
    let store = &sandbox.pages.engine.store;
    let card = match attempt.method {
        Method::Card(card) => store.get::<Card>(card)?.map(|card| card.label()),
        Method::Balance | Method::SandboxBank => None,
    };
    let merchant = store.get::<Merchant>(payment.merchant)?.map(|merchant| merchant.name);
    Ok(HolderView {
        path: paths::bank(&payment.id.to_string(), &attempt.id.to_string()),
        cashier: came_back(payment),
        card: card.unwrap_or_default(),
        merchant_name: merchant.unwrap_or_default(),
        amount: price(payment),
        waits: attempt.to_confirm().is_some(),
    })
}

fn came_back(payment: &Payment) -> String {
    format!("/cashier/{}/return", payment.id)
}

#[derive(Deserialize)]
pub(super) struct HolderForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    said: String,
}

pub(super) async fn answer(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Path((payment, attempt)): Path<(String, String)>,
    Form(form): Form<HolderForm>,
) -> Result<Response, Trouble> {
    let (payment, attempt) = found(&sandbox, &payment, &attempt)?;
    let said = match form.said.as_str() {
        "confirmed" if sandbox.is_our_form(&visit, &form.csrf) => HolderSaid::Confirmed,
        "refused" if sandbox.is_our_form(&visit, &form.csrf) => HolderSaid::Refused,
        _ => {
            let page = paths::bank(&payment.id.to_string(), &attempt.id.to_string());
            return Ok(see_other(&visit.frame("").href(&page)));
        }
    };
    let which = (payment.id, attempt.id);
    let engine = &sandbox.pages.engine;
    let step =
        move |facts: &dyn tongbao_core::Facts, cx: &mut _| steps::holder_answered(facts, cx, which, said);
    match engine.run(input("answer_bank"), step).await {
        Ok(()) => Ok(see_other(&visit.frame("").href(&came_back(&payment)))),
        Err(Error::Refused(refusal)) => Err(Trouble::Refused(refusal)),
        Err(Error::Fault(fault)) => Err(fault.into()),
    }
}
