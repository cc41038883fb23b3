//! `/wallet/withdrawal`: the form, the confirmation with the fee, and what became of it.
//!
//! What is to be confirmed goes through the browser sealed, so that no log has an amount and nobody changes one between
//! the fee that was shown and the password.

use axum::{extract::Path, response::Response};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, Facts, Key, Refusal, Time,
    id::{CardId, PayerId, WithdrawalId},
    payer::passkey::digest_of,
    payment::Proofs,
    withdrawal::{
        Speed, Withdrawal,
        steps::{self, NewWithdrawal},
    },
};
use tongbao_engine::{Error, Input, auth::hex, vault::Field};
use tongbao_money::{Amount, Currency, Money};

use super::{
    super::proof::{self, Brought, Unproven},
    MoneyNotice, Posted, Told, around, available, choices, label, moved, path_id, refused, telling,
    typed_sum, worded, yuan,
};
use crate::{
    handlers::{Pages, answer::Trouble, passkey, wallet::visitor::Visitor},
    paths,
    wallet::money::{ConfirmView, WithdrawView, notice, render_confirm, render_move, render_withdraw},
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
    fn open(visitor: &Visitor, sealed: &str) -> Option<Draft> {
        let text = visitor.pages.engine.vault.open(Field::WithdrawalDraft, sealed).ok()?;
        let draft: Draft = serde_json::from_str(&text).ok()?;
        let fresh = visitor.now.since_ms(draft.at) < DRAFT_LIFE_MS;
        (fresh && draft.payer == visitor.payer.id).then_some(draft)
    }

    /// The digest of what is confirmed: all of it, its number among it.
    fn about(&self) -> [u8; 32] {
        let text = serde_json::to_vec(self).expect("numbers and names always become JSON");
        digest_of("a withdrawal", [text.as_slice()])
    }

    fn asked(&self) -> NewWithdrawal {
        NewWithdrawal {
            payer: self.payer,
            card: self.card,
            request_no: self.number.clone(),
            money: Money { amount: self.amount, currency: Currency::CNY },
            speed: self.speed,
            fee_shown: self.fee,
            proofs: Proofs::NONE,
        }
    }
}

pub(super) async fn form(visitor: Visitor) -> Result<Response, Trouble> {
    let free_left = visitor.pages.engine.withdrawal_free_left(visitor.payer.id)?;
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
    amount: String,
    #[serde(default)]
    card: String,
    #[serde(default)]
    speed: String,
}

/// Works out the fee and goes on to the confirmation.
pub(super) async fn ask(Posted(visitor, form): Posted<AskForm>) -> Result<Response, Trouble> {
    Ok(match draft(&visitor, &form)? {
        Ok(draft) => {
            let query = serde_urlencoded::to_string([("d", draft.seal(&visitor.pages))]).unwrap_or_default();
            visitor.to(&format!("{}?{query}", paths::WITHDRAWAL_CONFIRM))
        }
        Err(told) => telling(&visitor, paths::WITHDRAWAL, told),
    })
}

fn draft(visitor: &Visitor, form: &AskForm) -> Result<Told<Draft>, Trouble> {
    let Some(amount) = typed_sum(&form.amount) else { return Ok(Err(MoneyNotice::BadAmount)) };
    let Ok(card) = form.card.parse() else { return Ok(Err(MoneyNotice::CardUnusable)) };
    let speed = if form.speed == "next_day" { Speed::NextDay } else { Speed::Now };
    let fee = visitor.pages.engine.withdrawal_quote(visitor.payer.id, amount)?.fee;
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

pub(super) async fn confirm(visitor: Visitor) -> Result<Response, Trouble> {
    let sealed = visitor.visit.query("d").unwrap_or_default();
    let Some(draft) = Draft::open(&visitor, sealed) else { return Ok(visitor.to(paths::WITHDRAWAL)) };
    let view = ConfirmView {
        draft: sealed.to_owned(),
        amount: yuan(draft.amount.minor()),
        fee: yuan(draft.fee.minor()),
        total: yuan(draft.amount.minor().saturating_add(draft.fee.minor())),
        card: label(&visitor, draft.card)?,
        tomorrow: draft.speed == Speed::NextDay,
        passkey: proof::passkey_path(&visitor, paths::WITHDRAWAL_PASSKEY)?,
    };
    let query = serde_urlencoded::to_string([("d", sealed)]).unwrap_or_default();
    let around = around(&visitor, &format!("{}?{query}", paths::WITHDRAWAL_CONFIRM));
    Ok(visitor.page(|frame| render_confirm(&view, &around, frame)))
}

#[derive(Deserialize)]
pub(super) struct BeginForm {
    #[serde(default)]
    d: String,
    #[serde(flatten)]
    brought: Brought,
}

#[derive(Deserialize)]
pub(super) struct PasskeyForm {
    #[serde(default)]
    d: String,
}

/// What the payer's device is asked to sign.
pub(super) async fn ask_passkey(Posted(visitor, form): Posted<PasskeyForm>) -> Result<Response, Trouble> {
    let lang = visitor.frame().lang;
    let words = |told: MoneyNotice| {
        let notice = notice(&told, lang);
        [notice.title, notice.next].join(" ")
    };
    match Draft::open(&visitor, &form.d) {
        Some(draft) => proof::ask_passkey(&visitor, draft.about(), |error| Ok(words(worded(error)?))).await,
        None => Ok(passkey::told(&words(MoneyNotice::FormExpired))),
    }
}

pub(super) async fn begin(Posted(visitor, form): Posted<BeginForm>) -> Result<Response, Trouble> {
    let draft = Draft::open(&visitor, &form.d);
    let Some(draft) = draft else {
        return Ok(telling(&visitor, paths::WITHDRAWAL, MoneyNotice::FormExpired));
    };
    Ok(match plan(&visitor, &draft, form.brought).await? {
        Ok(id) => visitor.to(&paths::withdrawal(&id.to_string())),
        // These can be put right on the same page.
        Err(
            told @ (MoneyNotice::WrongPassword(_)
            | MoneyNotice::MalformedPassword
            | MoneyNotice::PasskeyRefused
            | MoneyNotice::Busy),
        ) => {
            let query = serde_urlencoded::to_string([("d", &form.d)]).unwrap_or_default();
            telling(&visitor, &format!("{}?{query}", paths::WITHDRAWAL_CONFIRM), told)
        }
        Err(told) => telling(&visitor, paths::WITHDRAWAL, told),
    })
}

async fn plan(visitor: &Visitor, draft: &Draft, brought: Brought) -> Result<Told<WithdrawalId>, Trouble> {
    let proofs = match brought.prove(visitor, draft.about()).await {
        Ok(proofs) => proofs,
        Err(Unproven::MalformedPassword) => return Ok(Err(MoneyNotice::MalformedPassword)),
        Err(Unproven::Failed(error)) => return unproven(visitor, draft, error),
    };
    let new = NewWithdrawal { proofs, ..draft.asked() };
    let input = Input { actor: Actor::Payer(new.payer), name: "plan_withdrawal" };
    let plan = move |facts: &dyn Facts, cx: &mut _| steps::plan_proven(facts, cx, &new);
    match visitor.pages.engine.step(input, plan).await {
        Ok(Ok(withdrawal)) => Ok(Ok(withdrawal.id)),
        Ok(Err(refusal)) => refused(refusal).map(Err),
        Err(error) => worded(error).map(Err),
    }
}

/// What a proof that failed means. A passkey's counts once, so the same form again has none: it finds what it made.
fn unproven(visitor: &Visitor, draft: &Draft, error: Error) -> Result<Told<WithdrawalId>, Trouble> {
    if error == Error::Refused(Refusal::PasskeyRefused) {
        let key = Key::WithdrawalNo(draft.payer, draft.number.clone());
        if let Some(made) = visitor.pages.engine.store.find::<Withdrawal>(key)? {
            return Ok(Ok(made.id));
        }
    }
    worded(error).map(Err)
}

pub(super) async fn show(visitor: Visitor, path: Path<String>) -> Result<Response, Trouble> {
    let id: WithdrawalId = path_id(&path)?;
    let found =
        visitor.pages.engine.store.get::<Withdrawal>(id)?.filter(|found| found.payer == visitor.payer.id);
    let view = moved::withdrawal(&visitor, &found.ok_or(Trouble::NotFound)?)?;
    let around = around(&visitor, &paths::withdrawal(&view.id));
    Ok(visitor.page(|frame| render_move(&view, &around, frame)))
}
