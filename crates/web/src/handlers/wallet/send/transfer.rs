//! `/wallet/transfer`: to whom, how much, confirm; what was sent is shown as a bill.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{
    Actor, Facts, List,
    collection::{self, CollectionCode, PayCode},
    facts::Entity,
    ledger::Account,
    payer::{Payer, is_password, usage::Factors},
    transfer::{
        payee::Payee,
        send::{self as sending, NewTransfer, Way, is_note},
    },
};
use tongbao_engine::{Error, Input};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::{Fault, Query};

use super::{
    super::{told, visitor::Visitor},
    draft::{Draft, PARAMETER, Told},
    fen, told_of, who, yuan,
};
use crate::{
    handlers::{Pages, answer::Trouble, sign_in::phone_number, visit::Visit},
    paths,
    wallet::{
        Around, Tab,
        send::{
            AmountView, ConfirmView, PayeeView, StartView, notice, render_amount, render_confirm,
            render_start,
        },
    },
};

/// Payees offered again.
const PAYEES_MAX: u32 = 8;

/// The page that fits how far the transfer got.
pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let carried = visit.query(PARAMETER);
    match carried.and_then(|text| Draft::open(&visitor, text)) {
        Some(draft) if draft.number.is_some() => confirm_page(&visitor, &draft),
        Some(draft) => amount_page(&visitor, &draft),
        None => start_page(&visitor, carried.map(|_| Told::FormExpired)),
    }
}

fn around(visitor: &Visitor, here: &str, told: Option<Told>) -> Around {
    let lang = visitor.frame().lang;
    Around { notice: told.map(|told| notice(&told.notice(), lang)), ..visitor.around(Tab::Home, here) }
}

fn start_page(visitor: &Visitor, told: Option<Told>) -> Result<Response, Trouble> {
    let whose = visitor.payer.id.to_string();
    let carried = told::read(visitor.pages, visitor.visit, visitor.now, (&whose, paths::TRANSFER));
    let store = &visitor.pages.engine.store;
    let list = List::Payees(visitor.payer.id);
    let query = Query::List { list, after: None, newest_first: true, limit: PAYEES_MAX };
    let mut payees = Vec::new();
    for known in store.records(query)?.iter().filter_map(Payee::of) {
        if let Some(payee) = store.get::<Payer>(known.recipient)? {
            let path = Draft::to(visitor, payee.id).path(visitor);
            payees.push(PayeeView { path, who: who(&payee) });
        }
    }
    let around = around(visitor, paths::TRANSFER, told.or(carried));
    Ok(visitor.page(|frame| render_start(&StartView { payees }, &around, frame)))
}

/// The payee, and whether money was never sent there.
fn payee_of(visitor: &Visitor, draft: &Draft) -> Result<(Payer, bool), Trouble> {
    let store = &visitor.pages.engine.store;
    let payee = store.get::<Payer>(draft.payee)?.ok_or(Trouble::NotFound)?;
    let key = tongbao_core::Key::Payee(visitor.payer.id, payee.id);
    let known = store.find::<Payee>(key)?.is_some();
    Ok((payee, !known))
}

fn amount_page(visitor: &Visitor, draft: &Draft) -> Result<Response, Trouble> {
    let (payee, first_time) = payee_of(visitor, draft)?;
    let view = AmountView {
        action: paths::TRANSFER_AMOUNT.to_owned(),
        draft: draft.seal(visitor),
        who: who(&payee),
        by_code: false,
        fixed: None,
        first_time,
        amount: draft.minor.map(plain).unwrap_or_default(),
        note: draft.note.clone(),
        to_be_accepted: draft.way == Way::ToBeAccepted,
    };
    // Nothing else stands between the payer and the button.
    let around = Around { tab: None, ..around(visitor, &draft.path(visitor), draft.told) };
    Ok(visitor.page(|frame| render_amount(&view, &around, frame)))
}

/// An amount as it is typed: without sign and separators.
fn plain(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn confirm_page(visitor: &Visitor, draft: &Draft) -> Result<Response, Trouble> {
    let (payee, first_time) = payee_of(visitor, draft)?;
    let back = match &draft.collection {
        Some(token) => paths::collection(token),
        None => Draft { number: None, told: None, ..draft.clone() }.path(visitor),
    };
    let view = ConfirmView {
        draft: draft.seal(visitor),
        who: who(&payee),
        amount: yuan(draft.minor.unwrap_or_default()),
        note: draft.note.clone(),
        to_be_accepted: draft.way == Way::ToBeAccepted,
        by_code: draft.collection.is_some(),
        first_time,
        back,
    };
    // Nothing else stands between the payer and the button.
    let around = Around { tab: None, ..around(visitor, &draft.path(visitor), draft.told) };
    Ok(visitor.page(|frame| render_confirm(&view, &around, frame)))
}

#[derive(Deserialize)]
pub(super) struct PayeeForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    phone: String,
}

/// Finds the payee by phone number.
pub(super) async fn payee(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<PayeeForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let found = if visitor.is_our_form(&form.csrf) {
        found(&visitor, &form.phone).await?
    } else {
        Err(Told::FormExpired)
    };
    Ok(match found {
        Ok(draft) => visitor.to(&draft.path(&visitor)),
        Err(told) => {
            let whose = visitor.payer.id.to_string();
            visitor.to(&told::address(&pages, visitor.now, (&whose, paths::TRANSFER), &told))
        }
    })
}

async fn found(visitor: &Visitor<'_>, phone: &str) -> Result<Result<Draft, Told>, Trouble> {
    let Some(phone) = phone_number(phone) else { return Ok(Err(Told::BadPhone)) };
    Ok(match visitor.pages.engine.look_up_payee(visitor.payer.id, &phone).await {
        Ok(Some(payee)) if payee == visitor.payer.id => Err(Told::Yourself),
        Ok(Some(payee)) => Ok(Draft::to(visitor, payee)),
        Ok(None) => Err(Told::NoSuchPayee),
        Err(error) => Err(told_of(error)?),
    })
}

#[derive(Deserialize)]
pub(super) struct AmountForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    d: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    note: String,
    #[serde(default)]
    way: String,
    #[serde(default)]
    surname: String,
}

/// Takes amount, note and way; the next page asks for the password.
pub(super) async fn amount(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<AmountForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let draft = Draft::open(&visitor, &form.d).filter(|draft| draft.collection.is_none());
    let Some(draft) = draft else { return Ok(start_again(&visitor)) };
    let note = form.note.trim();
    let way = if form.way == "to_be_accepted" { Way::ToBeAccepted } else { Way::AtOnce };
    let minor = fen(&form.amount).map(Amount::minor);
    let draft = Draft { minor, way, number: None, told: None, ..draft };
    let told = if !visitor.is_our_form(&form.csrf) {
        Some(Told::FormExpired)
    } else if !is_note(note) {
        Some(Told::BadNote)
    } else {
        wrong(&visitor, &draft, &form.surname).await?
    };
    let note = if is_note(note) { note.to_owned() } else { String::new() };
    let draft = Draft { note, ..draft };
    Ok(visitor.to(&complete(&visitor, draft, told).path(&visitor)))
}

/// The draft with a number of its own, or with what must be corrected.
pub(super) fn complete(visitor: &Visitor, draft: Draft, told: Option<Told>) -> Draft {
    match told {
        Some(told) => draft.telling(told),
        None => Draft { number: Some(visitor.pages.engine.request_number()), ..draft },
    }
}

/// What is wrong with amount or name.
async fn wrong(visitor: &Visitor<'_>, draft: &Draft, surname: &str) -> Result<Option<Told>, Trouble> {
    if let Some(told) = cannot_pay(visitor, draft.minor)? {
        return Ok(Some(told));
    }
    let (payee, _) = payee_of(visitor, draft)?;
    if surname.trim().is_empty() || who(&payee).name.is_none() {
        return Ok(None);
    }
    Ok(match visitor.pages.engine.is_surname(visitor.payer.id, &payee, surname).await {
        Ok(true) => None,
        Ok(false) => Some(Told::WrongSurname),
        Err(error) => Some(told_of(error)?),
    })
}

/// Why the visitor cannot pay this, as far as it can be known without the password.
pub(super) fn cannot_pay(visitor: &Visitor, minor: Option<i64>) -> Result<Option<Told>, Fault> {
    let Some(minor) = minor else { return Ok(Some(Told::BadAmount)) };
    if visitor.payer.frozen.is_some() {
        return Ok(Some(Told::Frozen));
    }
    let account = Account::PayerAvailable(visitor.payer.id).of(Currency::CNY);
    let available = visitor.pages.engine.store.account(account)?.balance();
    Ok((available < minor).then_some(Told::BalanceInsufficient))
}

fn start_again(visitor: &Visitor) -> Response {
    let whose = visitor.payer.id.to_string();
    let told = Told::FormExpired;
    visitor.to(&told::address(visitor.pages, visitor.now, (&whose, paths::TRANSFER), &told))
}

#[derive(Deserialize)]
pub(super) struct SendForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    d: String,
    #[serde(default)]
    password: String,
}

/// Sends what the draft says, after the password.
pub(super) async fn send(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<SendForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let draft = Draft::open(&visitor, &form.d);
    let Some((draft, number)) = draft.and_then(|draft| draft.number.clone().map(|number| (draft, number)))
    else {
        return Ok(start_again(&visitor));
    };
    let sent = if visitor.is_our_form(&form.csrf) {
        sent(&visitor, &draft, number, form.password).await?
    } else {
        Err(Told::FormExpired)
    };
    Ok(match sent {
        Ok(id) => visitor.to(&format!("{}?sent=1", paths::bill(&id))),
        Err(Told::AmountChanged) if draft.collection.is_some() => {
            let path = paths::collection(&draft.collection.unwrap_or_default());
            let whose = visitor.payer.id.to_string();
            visitor.to(&told::address(&pages, visitor.now, (&whose, &path), &Told::AmountChanged))
        }
        Err(told) => visitor.to(&draft.telling(told).path(&visitor)),
    })
}

/// The id of the transfer that was made, now or before.
async fn sent(
    visitor: &Visitor<'_>,
    draft: &Draft,
    number: String,
    password: String,
) -> Result<Result<String, Told>, Trouble> {
    let (engine, sender) = (&visitor.pages.engine, visitor.payer.id);
    let amount = draft.minor.and_then(Amount::new).unwrap_or_default();
    if !is_password(&password) {
        return Ok(Err(Told::MalformedPassword));
    }
    if let Err(error) = engine.prove_password(sender, password).await {
        return Ok(Err(told_of(error)?));
    }
    // A device that a one-time code signed in, and the password.
    let factors = Factors::Two;
    let note = draft.note.clone();
    let step = if let Some(token) = draft.collection.clone() {
        let ask = PayCode { token, number, payer: sender, amount, note, factors };
        let input = Input { actor: Actor::Payer(sender), name: "pay_collection_code" };
        engine.step(input, move |facts: &dyn Facts, cx| collection::pay_proven(facts, cx, &ask)).await
    } else {
        let money = Money { amount, currency: Currency::CNY };
        let (recipient, way) = (draft.payee, draft.way);
        let new = NewTransfer { number, sender, recipient, money, note, way, collection: None, factors };
        let input = Input { actor: Actor::Payer(sender), name: "create_transfer" };
        engine.step(input, move |facts: &dyn Facts, cx| sending::send_proven(facts, cx, &new)).await
    };
    Ok(match step {
        Ok(Ok(transfer)) => Ok(transfer.id.to_string()),
        Ok(Err(refusal)) => Err(told_of(Error::Refused(refusal))?),
        Err(error) => Err(told_of(error)?),
    })
}

/// The draft of paying a collection code.
pub(super) fn by_code(visitor: &Visitor, code: &CollectionCode, minor: i64, note: &str) -> Draft {
    let collection::Owner::Payer(owner) = code.owner;
    Draft {
        collection: Some(code.token.clone()),
        minor: Some(minor),
        note: note.to_owned(),
        ..Draft::to(visitor, owner)
    }
}
