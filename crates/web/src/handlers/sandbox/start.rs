//! `/sandbox`: keys, commands, payers, the latest payments, and a button that makes one.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{
    Actor, List,
    limits::EXPIRES_IN_S_DEFAULT,
    payment::{
        Item, Payment,
        create::{NewPayment, create as create_payment},
    },
};
use tongbao_engine::{Input, auth::hex};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::Fault;

use super::{SandboxPages, answer::Trouble, console};
use crate::{
    handlers::{
        record_view::{moment, payment_status, price},
        visit::Visit,
    },
    i18n::{
        Phrase as _,
        sandbox::{SandboxNotice, Text},
    },
    paths,
    sandbox::{PaymentRow, StartView, render_start},
};

/// Payments shown.
const PAYMENTS_MAX: u32 = 20;

/// What a test payment costs, in fen: every test payer but the poorest can pay it.
const TEST_AMOUNT: Amount = Amount::new(1_280).expect("within the range of amounts");

pub(super) async fn show(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    sandbox.page(&visit, |frame| Ok(render_start(&view(&sandbox, &visit)?, frame)))
}

fn view(sandbox: &SandboxPages, visit: &Visit) -> Result<StartView, Fault> {
    let merchant = sandbox.shop()?.map(|(merchant, _)| merchant);
    let payments = match &merchant {
        Some(merchant) => sandbox.newest::<Payment>(List::Payments(merchant.id), PAYMENTS_MAX)?,
        None => Vec::new(),
    };
    let now = sandbox.pages.engine.now();
    let row = |payment: &Payment| PaymentRow {
        id: payment.id.to_string(),
        cashier_url: format!("/cashier/{}", payment.id),
        order_no: payment.order_no.clone(),
        amount: price(payment),
        status: payment_status(payment, now),
        created_at: moment(payment.created_at),
    };
    Ok(StartView {
        console: console::view(sandbox, visit)?,
        api_base: sandbox.pages.base_url.clone(),
        keys_path: sandbox.notes.keys_path.clone(),
        merchant_name: merchant.map(|merchant| merchant.name).unwrap_or_default(),
        commands: sandbox.notes.commands.clone(),
        payers: sandbox.payers()?,
        payments: payments.iter().map(row).collect(),
    })
}

#[derive(Deserialize)]
pub(super) struct CreateForm {
    #[serde(default)]
    csrf: String,
}

/// Makes a test payment.
pub(super) async fn create(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<CreateForm>,
) -> Result<Response, Trouble> {
    if !sandbox.is_our_form(&visit, &form.csrf) {
        return Ok(console::back(&visit, paths::START, SandboxNotice::FormExpired));
    }
    let Some((_, app)) = sandbox.shop()? else {
        return Ok(console::back(&visit, paths::START, SandboxNotice::Failed));
    };
    let engine = &sandbox.pages.engine;
    let goods = Text::TestGoods.phrase(visit.frame("").lang);
    let new = NewPayment {
        order_no: format!("test-{}", hex(&engine.entropy.seed())),
        money: Money { amount: TEST_AMOUNT, currency: Currency::CNY },
        description: goods.to_owned(),
        items: vec![Item { name: goods.to_owned(), quantity: 1, unit_amount: TEST_AMOUNT }],
        metadata: BTreeMap::new(),
        notify_url: None,
        return_url: None,
        expires_in_s: EXPIRES_IN_S_DEFAULT,
    };
    let input = Input { actor: Actor::Developer, name: "create_payment" };
    let notice = match engine.step(input, move |facts, cx| create_payment(facts, cx, app, &new)).await {
        Ok(_) => SandboxNotice::Created,
        Err(error) => console::failed(error)?,
    };
    Ok(console::back(&visit, paths::START, notice))
}
