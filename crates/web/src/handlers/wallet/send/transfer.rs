//! `/wallet/transfer`: to whom, how much, confirm; what was sent is shown as a bill.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::{
    Actor, Facts, Id, Key, List, Refusal,
    collection::{self, CollectionCode, Owner, PayCode},
    facts::Entity,
    ledger::Account,
    merchant::{App, Merchant},
    payer::Payer,
    payment::Payment,
    transfer::{
        Transfer,
        payee::Payee,
        send::{self as sending, NewTransfer, Way, is_note},
    },
};
use tongbao_engine::{Error, Input};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::{Fault, Query};

use super::{
    super::{
        proof::{self, Brought, Unproven},
        told,
    },
    Posted, Visitor,
    draft::{Draft, PARAMETER, Told},
    plain, told_of, typed_sum, who, yuan,
};
use crate::{
    handlers::{answer::Trouble, passkey, sign_in::phone_number},
    paths,
    wallet::{
        Around, Tab,
        send::{
            AmountView, ConfirmView, PayeeView, StartView, Who, notice, render_amount, render_confirm,
            render_start,
        },
    },
};

/// Payees offered again.
const PAYEES_MAX: u32 = 8;

/// The page that fits how far the transfer got.
pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let carried = visitor.visit.query(PARAMETER);
    match carried.and_then(|text| Draft::open(&visitor, text)) {
        Some(draft) if draft.number.is_some() => confirm_page(&visitor, &draft),
        Some(draft) => amount_page(&visitor, &draft),
        None => start_page(&visitor, carried.map(|_| Told::FormExpired)),
    }
}

fn around(visitor: &Visitor, here: &str, told: Option<Told>) -> Around {
    let lang = visitor.frame().lang;
    visitor.around(Tab::Home, here).saying(told.map(|told| notice(&told.notice(), lang)))
}

fn start_page(visitor: &Visitor, told: Option<Told>) -> Result<Response, Trouble> {
    let whose = visitor.payer.id.to_string();
    let carried = told::read(&visitor.pages, &visitor.visit, visitor.now, (&whose, paths::TRANSFER));
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

/// The person to whom money is sent.
fn person(visitor: &Visitor, payee: Owner) -> Result<Payer, Trouble> {
    let Owner::Payer(id) = payee else { return Err(Trouble::NotFound) };
    visitor.pages.engine.store.get::<Payer>(id)?.ok_or(Trouble::NotFound)
}

/// The payee, and whether it is a person to whom money was never sent.
pub(super) fn payee_of(visitor: &Visitor, payee: Owner) -> Result<(Who, bool), Trouble> {
    let store = &visitor.pages.engine.store;
    match payee {
        Owner::Payer(_) => {
            let payee = person(visitor, payee)?;
            let key = Key::Payee(visitor.payer.id, payee.id);
            Ok((who(&payee), store.find::<Payee>(key)?.is_none()))
        }
        Owner::App(app) => {
            let app = store.get::<App>(app)?.ok_or(Trouble::NotFound)?;
            let shop = store.get::<Merchant>(app.merchant)?.ok_or(Trouble::NotFound)?;
            Ok((Who { phone: String::new(), name: Some(shop.name) }, false))
        }
    }
}

fn amount_page(visitor: &Visitor, draft: &Draft) -> Result<Response, Trouble> {
    let (who, first_time) = payee_of(visitor, draft.payee)?;
    let view = AmountView {
        action: paths::TRANSFER_AMOUNT.to_owned(),
        draft: draft.seal(visitor),
        who,
        by_code: false,
        fixed: None,
        first_time,
        amount: draft.minor.and_then(Amount::new).map(plain).unwrap_or_default(),
        note: draft.note.clone(),
        to_be_accepted: draft.way == Way::ToBeAccepted,
    };
    // Nothing else stands between the payer and the button.
    let around = Around { tab: None, ..around(visitor, &draft.path(visitor), draft.told) };
    Ok(visitor.page(|frame| render_amount(&view, &around, frame)))
}

fn confirm_page(visitor: &Visitor, draft: &Draft) -> Result<Response, Trouble> {
    let (who, first_time) = payee_of(visitor, draft.payee)?;
    let back = match &draft.collection {
        Some(token) => paths::collection(token),
        None => Draft { number: None, told: None, ..draft.clone() }.path(visitor),
    };
    let view = ConfirmView {
        draft: draft.seal(visitor),
        who,
        amount: yuan(draft.minor.unwrap_or_default()),
        note: draft.note.clone(),
        to_be_accepted: draft.way == Way::ToBeAccepted,
        by_code: draft.collection.is_some(),
        first_time,
        back,
        passkey: proof::passkey_path(visitor, paths::TRANSFER_PASSKEY)?,
    };
    // Nothing else stands between the payer and the button.
    let around = Around { tab: None, ..around(visitor, &draft.path(visitor), draft.told) };
    Ok(visitor.page(|frame| render_confirm(&view, &around, frame)))
}

#[derive(Deserialize)]
pub(super) struct PayeeForm {
    #[serde(default)]
    phone: String,
}

/// Finds the payee by phone number.
pub(super) async fn payee(Posted(visitor, form): Posted<PayeeForm>) -> Result<Response, Trouble> {
    Ok(match found(&visitor, &form.phone).await? {
        Ok(draft) => visitor.to(&draft.path(&visitor)),
        Err(told) => {
            let whose = visitor.payer.id.to_string();
            visitor.to(&told::address(&visitor.pages, visitor.now, (&whose, paths::TRANSFER), &told))
        }
    })
}

async fn found(visitor: &Visitor, phone: &str) -> Result<Result<Draft, Told>, Trouble> {
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
pub(super) async fn amount(Posted(visitor, form): Posted<AmountForm>) -> Result<Response, Trouble> {
    let draft = Draft::open(&visitor, &form.d).filter(|draft| draft.collection.is_none());
    let Some(draft) = draft else { return Ok(start_again(&visitor)) };
    let note = form.note.trim();
    let way = if form.way == "to_be_accepted" { Way::ToBeAccepted } else { Way::AtOnce };
    let minor = typed_sum(&form.amount).map(Amount::minor);
    let draft = Draft { minor, way, number: None, told: None, ..draft };
    let told =
        if is_note(note) { wrong(&visitor, &draft, &form.surname).await? } else { Some(Told::BadNote) };
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
async fn wrong(visitor: &Visitor, draft: &Draft, surname: &str) -> Result<Option<Told>, Trouble> {
    if let Some(told) = cannot_pay(visitor, draft.minor)? {
        return Ok(Some(told));
    }
    let payee = person(visitor, draft.payee)?;
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
    visitor.to(&told::address(&visitor.pages, visitor.now, (&whose, paths::TRANSFER), &told))
}

#[derive(Deserialize)]
pub(super) struct SendForm {
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
    let words = |told: Told| {
        let notice = notice(&told.notice(), lang);
        [notice.title, notice.next].join(" ")
    };
    match Draft::open(&visitor, &form.d).filter(|draft| draft.number.is_some()) {
        Some(draft) => proof::ask_passkey(&visitor, draft.about(), |error| Ok(words(told_of(error)?))).await,
        None => Ok(passkey::told(&words(Told::FormExpired))),
    }
}

/// Sends what the draft says, after the password or a passkey.
pub(super) async fn send(Posted(visitor, form): Posted<SendForm>) -> Result<Response, Trouble> {
    let draft = Draft::open(&visitor, &form.d);
    let Some((draft, number)) = draft.and_then(|draft| draft.number.clone().map(|number| (draft, number)))
    else {
        return Ok(start_again(&visitor));
    };
    Ok(match sent(&visitor, &draft, number, form.brought).await? {
        Ok(id) => visitor.to(&format!("{}?sent=1", paths::bill(&id))),
        Err(Told::AmountChanged) if draft.collection.is_some() => {
            let path = paths::collection(&draft.collection.unwrap_or_default());
            let whose = visitor.payer.id.to_string();
            visitor.to(&told::address(&visitor.pages, visitor.now, (&whose, &path), &Told::AmountChanged))
        }
        Err(told) => visitor.to(&draft.telling(told).path(&visitor)),
    })
}

/// The id of the transfer that was made, now or before.
async fn sent(
    visitor: &Visitor,
    draft: &Draft,
    number: String,
    brought: Brought,
) -> Result<Result<String, Told>, Trouble> {
    let (engine, sender) = (&visitor.pages.engine, visitor.payer.id);
    let amount = draft.minor.and_then(Amount::new).unwrap_or_default();
    let proofs = match brought.prove(visitor, draft.about()).await {
        Ok(proofs) => proofs,
        Err(Unproven::MalformedPassword) => return Ok(Err(Told::MalformedPassword)),
        Err(Unproven::Failed(error)) => return unproven(visitor, (draft.payee, &number), error),
    };
    let note = draft.note.clone();
    let step = if let Some(token) = draft.collection.clone() {
        let ask = PayCode { token, number, payer: sender, amount, note, proofs };
        let input = Input { actor: Actor::Payer(sender), name: "pay_collection_code" };
        let pay = move |facts: &dyn Facts, cx: &mut _| collection::pay_proven(facts, cx, &ask);
        engine.step(input, pay).await.map(|paid| paid.map(|collected| collected.id()))
    } else {
        let money = Money { amount, currency: Currency::CNY };
        let (recipient, way) = (person(visitor, draft.payee)?.id, draft.way);
        let new = NewTransfer { number, sender, recipient, money, note, way, collection: None, proofs };
        let input = Input { actor: Actor::Payer(sender), name: "create_transfer" };
        let send = move |facts: &dyn Facts, cx: &mut _| sending::send_proven(facts, cx, &new);
        engine.step(input, send).await.map(|sent| sent.map(|transfer| transfer.id.into()))
    };
    Ok(match step {
        Ok(Ok(made)) => Ok(Id::to_string(&made)),
        Ok(Err(refusal)) => Err(told_of(Error::Refused(refusal))?),
        Err(error) => Err(told_of(error)?),
    })
}

/// What a proof that failed means. A passkey's counts once, so the same form again has none: it finds what it made.
fn unproven(
    visitor: &Visitor,
    (payee, number): (Owner, &str),
    error: Error,
) -> Result<Result<String, Told>, Trouble> {
    if error == Error::Refused(Refusal::PasskeyRefused)
        && let Some(made) = made_before(visitor, payee, number)?
    {
        return Ok(Ok(made.to_string()));
    }
    told_of(error).map(Err)
}

/// What this form made earlier.
fn made_before(visitor: &Visitor, payee: Owner, number: &str) -> Result<Option<Id>, Fault> {
    let store = &visitor.pages.engine.store;
    match payee {
        Owner::Payer(_) => {
            let key = Key::PayerTransferNo(visitor.payer.id, number.to_owned());
            Ok(store.find::<Transfer>(key)?.map(|made| made.id.into()))
        }
        Owner::App(app) => {
            let Some(app) = store.get::<App>(app)? else { return Ok(None) };
            let key = Key::OrderNo(app.merchant, collection::order_no(visitor.payer.id, number));
            Ok(store.find::<Payment>(key)?.map(|made| made.id.into()))
        }
    }
}

/// The draft of paying a collection code.
pub(super) fn by_code(visitor: &Visitor, code: &CollectionCode, minor: i64, note: &str) -> Draft {
    Draft {
        collection: Some(code.token.clone()),
        minor: Some(minor),
        note: note.to_owned(),
        ..Draft::to(visitor, code.owner)
    }
}
