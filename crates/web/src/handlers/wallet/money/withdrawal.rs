//! `/wallet/withdrawal`: the form, the confirmation with the fee, and what became of it.
//!
//! What is to be confirmed goes through the browser sealed, so that no log has an amount and nobody changes one between
//! the fee that was shown and the password.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, Facts, Key, Time,
    card::Wallet,
    id::{CardId, PayerId, WithdrawalId},
    withdrawal::{
        Speed, Withdrawal,
        fee::RULE,
        steps::{self, NewWithdrawal},
    },
};
use tongbao_engine::{Input, auth::hex, vault::Field};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::Fault;

use super::{
    MoneyNotice, Told, around, available, choices, label, moved, path_id, prove, refused, telling,
    typed_amount, worded, yuan,
};
use crate::{
    handlers::{Pages, answer::Trouble, visit::Visit, wallet::visitor::Visitor},
    paths,
    wallet::money::{ConfirmView, WithdrawView, render_confirm, render_move, render_withdraw},
};

/// How long a withdrawal waits to be confirmed, in milliseconds.
const DRAFT_LIFE_MS: i64 = 10 * 60 * 1_000;

/// What is to be confirmed.
#[derive(Clone, Serialize, Deserialize)]
struct Draft {
    payer: PayerId,
    card: CardId,
    amount: Amount,
    fee: Amount,
    speed: Speed,
    number: String,
    at: Time,
}

impl Draft {
    fn seal(&self, pages: &Pages) -> String {
        let text = serde_json::to_string(self).expect("numbers and names always become JSON");
        pages.engine.vault.seal(Field::WithdrawalDraft, &text)
    }

    /// What the form carried, if it is this payer's and not too old.
    fn open(visitor: &Visitor<'_>, sealed: &str) -> Option<Draft> {
        let text = visitor.pages.engine.vault.open(Field::WithdrawalDraft, sealed).ok()?;
        let draft: Draft = serde_json::from_str(&text).ok()?;
        let fresh = visitor.now.since_ms(draft.at) < DRAFT_LIFE_MS;
        (fresh && draft.payer == visitor.payer.id).then_some(draft)
    }

    fn asked(&self) -> NewWithdrawal {
        NewWithdrawal {
            payer: self.payer,
            card: self.card,
            request_no: self.number.clone(),
            money: Money { amount: self.amount, currency: Currency::CNY },
            speed: self.speed,
            fee_shown: self.fee,
        }
    }
}

/// How much was withdrawn free of charge.
fn withdrawn_free(visitor: &Visitor<'_>) -> Result<Amount, Fault> {
    let wallet = visitor.pages.engine.store.find::<Wallet>(Key::Wallet(visitor.payer.id))?;
    Ok(wallet.map_or(Amount::ZERO, |wallet| wallet.withdrawn_free))
}

pub(super) async fn form(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let free_left = RULE.free_sum.minus(withdrawn_free(&visitor)?).unwrap_or_default();
    let view = WithdrawView {
        balance: yuan(available(&visitor)?),
        cards: choices(&visitor)?,
        free_left: yuan(free_left.minor()),
    };
    let around = around(&visitor, paths::WITHDRAWAL);
    Ok(visitor.page(|frame| render_withdraw(&view, &around, frame)))
}

#[derive(Deserialize)]
pub(super) struct AskForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    speed: String,
}

/// Works out the fee and goes on to the confirmation.
pub(super) async fn ask(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<AskForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    Ok(match draft(&visitor, &form)? {
        Ok(draft) => {
            let query = serde_urlencoded::to_string([("d", draft.seal(&pages))]).unwrap_or_default();
            visitor.to(&format!("{}?{query}", paths::WITHDRAWAL_CONFIRM))
        }
        Err(told) => telling(&visitor, paths::WITHDRAWAL, told),
    })
}

fn draft(visitor: &Visitor<'_>, form: &AskForm) -> Result<Told<Draft>, Trouble> {
    if !visitor.is_our_form(&form.csrf) {
        return Ok(Err(MoneyNotice::FormExpired));
    }
    let Some(amount) = typed_amount(&form.amount) else { return Ok(Err(MoneyNotice::BadAmount)) };
    let Ok(card) = form.card.parse() else { return Ok(Err(MoneyNotice::CardUnusable)) };
    let speed = if form.speed == "next_day" { Speed::NextDay } else { Speed::Now };
    let fee = RULE.quote(withdrawn_free(visitor)?, amount).fee;
    let number = hex(&visitor.pages.engine.entropy.seed());
    let draft = Draft { payer: visitor.payer.id, card, amount, fee, speed, number, at: visitor.now };
    if let Err(refusal) = draft.asked().check() {
        return refused(refusal).map(Err);
    }
    if !choices(visitor)?.iter().any(|choice| choice.id == card.to_string()) {
        return Ok(Err(MoneyNotice::CardUnusable));
    }
    if available(visitor)? < amount.minor().saturating_add(fee.minor()) {
        return Ok(Err(MoneyNotice::BalanceInsufficient));
    }
    Ok(Ok(draft))
}

pub(super) async fn confirm(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let sealed = visit.query("d").unwrap_or_default();
    let Some(draft) = Draft::open(&visitor, sealed) else { return Ok(visitor.to(paths::WITHDRAWAL)) };
    let view = ConfirmView {
        draft: sealed.to_owned(),
        amount: yuan(draft.amount.minor()),
        fee: yuan(draft.fee.minor()),
        total: yuan(draft.amount.minor().saturating_add(draft.fee.minor())),
        card: label(&visitor, draft.card)?,
        tomorrow: draft.speed == Speed::NextDay,
    };
    let query = serde_urlencoded::to_string([("d", sealed)]).unwrap_or_default();
    let around = around(&visitor, &format!("{}?{query}", paths::WITHDRAWAL_CONFIRM));
    Ok(visitor.page(|frame| render_confirm(&view, &around, frame)))
}

#[derive(Deserialize)]
pub(super) struct BeginForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    d: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn begin(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<BeginForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let draft = Draft::open(&visitor, &form.d).filter(|_| visitor.is_our_form(&form.csrf));
    let Some(draft) = draft else {
        return Ok(telling(&visitor, paths::WITHDRAWAL, MoneyNotice::FormExpired));
    };
    Ok(match plan(&visitor, draft.asked(), form.password).await? {
        Ok(id) => visitor.to(&paths::withdrawal(&id.to_string())),
        // These can be put right on the same page.
        Err(told @ (MoneyNotice::WrongPassword(_) | MoneyNotice::MalformedPassword | MoneyNotice::Busy)) => {
            let query = serde_urlencoded::to_string([("d", &form.d)]).unwrap_or_default();
            telling(&visitor, &format!("{}?{query}", paths::WITHDRAWAL_CONFIRM), told)
        }
        Err(told) => telling(&visitor, paths::WITHDRAWAL, told),
    })
}

async fn plan(
    visitor: &Visitor<'_>,
    new: NewWithdrawal,
    password: String,
) -> Result<Told<WithdrawalId>, Trouble> {
    if let Err(told) = prove(visitor, password).await? {
        return Ok(Err(told));
    }
    let input = Input { actor: Actor::Payer(new.payer), name: "plan_withdrawal" };
    let plan = move |facts: &dyn Facts, cx: &mut _| steps::plan_proven(facts, cx, &new);
    match visitor.pages.engine.step(input, plan).await {
        Ok(Ok(withdrawal)) => Ok(Ok(withdrawal.id)),
        Ok(Err(refusal)) => refused(refusal).map(Err),
        Err(error) => worded(error).map(Err),
    }
}

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    path: Path<String>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let id: WithdrawalId = path_id(&path)?;
    let found = pages.engine.store.get::<Withdrawal>(id)?.filter(|found| found.payer == visitor.payer.id);
    let view = moved::withdrawal(&visitor, &found.ok_or(Trouble::NotFound)?)?;
    let around = around(&visitor, &paths::withdrawal(&view.id));
    Ok(visitor.page(|frame| render_move(&view, &around, frame)))
}
