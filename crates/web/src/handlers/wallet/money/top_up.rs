//! `/wallet/top-up`: the form, and what became of it.

use axum::{extract::Path, response::Response};
use serde::Deserialize;
use tongbao_core::{
    Actor, Facts,
    id::TopUpId,
    top_up::{
        TopUp,
        steps::{self, NewTopUp},
    },
};
use tongbao_engine::{Input, auth::hex};
use tongbao_money::{Currency, Money};

use super::{
    MoneyNotice, Posted, Told, around, available, choices, moved, path_id, prove, refused, telling,
    typed_sum, worded, yuan,
};
use crate::{
    handlers::{answer::Trouble, wallet::visitor::Visitor},
    paths,
    wallet::money::{TopUpView, render_move, render_top_up},
};

pub(super) async fn form(visitor: Visitor) -> Result<Response, Trouble> {
    let view = TopUpView {
        balance: yuan(available(&visitor)?),
        cards: choices(&visitor)?,
        number: hex(&visitor.pages.engine.entropy.seed()),
    };
    let around = around(&visitor, paths::TOP_UP);
    Ok(visitor.page(|frame| render_top_up(&view, &around, frame)))
}

#[derive(Deserialize)]
pub(super) struct TopUpForm {
    #[serde(default)]
    request: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn begin(Posted(visitor, form): Posted<TopUpForm>) -> Result<Response, Trouble> {
    Ok(match ask(&visitor, form).await? {
        Ok(id) => visitor.to(&paths::top_up(&id.to_string())),
        Err(told) => telling(&visitor, paths::TOP_UP, told),
    })
}

async fn ask(visitor: &Visitor, form: TopUpForm) -> Result<Told<TopUpId>, Trouble> {
    let Some(amount) = typed_sum(&form.amount) else { return Ok(Err(MoneyNotice::BadAmount)) };
    let Ok(card) = form.card.parse() else { return Ok(Err(MoneyNotice::CardUnusable)) };
    let payer = visitor.payer.id;
    let money = Money { amount, currency: Currency::CNY };
    let new = NewTopUp { payer, card, request_no: form.request, money };
    if let Err(refusal) = new.check() {
        return refused(refusal).map(Err);
    }
    if let Err(told) = prove(visitor, form.password).await? {
        return Ok(Err(told));
    }
    let input = Input { actor: Actor::Payer(payer), name: "plan_top_up" };
    let plan = move |facts: &dyn Facts, cx: &mut _| steps::plan_proven(facts, cx, &new);
    match visitor.pages.engine.step(input, plan).await {
        Ok(Ok(top_up)) => Ok(Ok(top_up.id)),
        Ok(Err(refusal)) => refused(refusal).map(Err),
        Err(error) => worded(error).map(Err),
    }
}

pub(super) async fn show(visitor: Visitor, path: Path<String>) -> Result<Response, Trouble> {
    let id: TopUpId = path_id(&path)?;
    let top_up =
        visitor.pages.engine.store.get::<TopUp>(id)?.filter(|top_up| top_up.payer == visitor.payer.id);
    let view = moved::top_up(&visitor, &top_up.ok_or(Trouble::NotFound)?)?;
    let around = around(&visitor, &paths::top_up(&view.id));
    Ok(visitor.page(|frame| render_move(&view, &around, frame)))
}
