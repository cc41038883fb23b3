//! `/wallet/utilities`: an account at a biller, what is due on it, paying that, and what became of it.
//!
//! What is due goes through the browser sealed, so that no log has an account's number and nobody changes an amount
//! between what the biller said and the password.

use std::{collections::HashSet, sync::Arc};

use axum::{
    Router,
    extract::Path,
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use tongbao_core::{
    List, Refusal,
    facts::Entity,
    id::UtilityPaymentId,
    ledger::Account,
    utility::{Failure, UtilityPayment, UtilityStatus},
};
use tongbao_engine::{
    Error,
    utility::{LookedUp, Offer, plain_account, sandbox_billers},
};
use tongbao_money::Currency;
use tongbao_store::{Fault, Query};

use super::{
    posted::Posted,
    proof::{self, Brought, Unproven},
    told,
    visitor::Visitor,
    yuan::shown as yuan,
};
use crate::{
    handlers::{
        Pages,
        answer::Trouble,
        passkey,
        record_view::{amount, moment},
    },
    paths,
    wallet::{
        Around, Tab,
        utility::{
            BillerView, KnownView, OfferView, TestAccountView, UtilitiesView, UtilityNotice, UtilityState,
            UtilityView, notice, render_offer, render_utilities, render_utility,
        },
    },
};

/// Payments looked through for accounts that were paid for before.
const PAYMENTS_MAX: u32 = 30;
/// Accounts offered again.
const KNOWN_MAX: usize = 5;
/// The query parameter and field with an offer.
const OFFER: &str = "d";

pub(super) fn routes() -> Router<Arc<Pages>> {
    Router::new()
        .route(paths::UTILITIES, get(form).post(look_up))
        .route(paths::UTILITY_OFFER, get(confirm).post(pay))
        .route(paths::UTILITY_PASSKEY, post(ask_passkey).get(back))
        .route(&paths::utility("{payment}"), get(show))
}

fn telling(visitor: &Visitor, path: &str, what: UtilityNotice) -> Response {
    let payer = visitor.payer.id.to_string();
    visitor.to(&told::address(&visitor.pages, visitor.now, (&payer, path), &what))
}

fn around(visitor: &Visitor, path: &str) -> Around {
    let payer = visitor.payer.id.to_string();
    let what: Option<UtilityNotice> = told::read(&visitor.pages, &visitor.visit, visitor.now, (&payer, path));
    visitor.around(Tab::Home, path).saying(what.map(|what| notice(&what, visitor.frame().lang)))
}

async fn form(visitor: Visitor) -> Result<Response, Trouble> {
    let engine = &visitor.pages.engine;
    let billers: Vec<BillerView> = engine
        .billers()
        .await
        .into_iter()
        .map(|biller| BillerView { code: biller.code, name: biller.name, utility: biller.utility })
        .collect();
    let test = |known: &sandbox_billers::TestAccount| TestAccountView {
        number: known.number,
        behaviour: known.behaviour,
    };
    let view = UtilitiesView {
        chosen: billers.first().map(|biller| biller.code.clone()).unwrap_or_default(),
        billers,
        known: known(&visitor)?,
        tests: if engine.is_sandbox() {
            sandbox_billers::ACCOUNTS.iter().map(test).collect()
        } else {
            Vec::new()
        },
    };
    let around = around(&visitor, paths::UTILITIES);
    Ok(visitor.page(|frame| render_utilities(&view, &around, frame)))
}

/// The accounts that were paid for last, each once.
fn known(visitor: &Visitor) -> Result<Vec<KnownView>, Fault> {
    let list = List::UtilityPaymentsOf(visitor.payer.id);
    let query = Query::List { list, after: None, newest_first: true, limit: PAYMENTS_MAX };
    let records = visitor.pages.engine.store.records(query)?;
    let (mut seen, mut known) = (HashSet::new(), Vec::new());
    for payment in records.iter().filter_map(UtilityPayment::of) {
        if known.len() < KNOWN_MAX && seen.insert((&payment.biller, &payment.account_hint)) {
            known.push(KnownView {
                payment: payment.id.to_string(),
                biller: payment.biller_name.clone(),
                account: payment.account_hint.clone(),
            });
        }
    }
    Ok(known)
}

#[derive(Deserialize)]
struct AccountForm {
    #[serde(default)]
    biller: String,
    #[serde(default)]
    account: String,
    #[serde(default)]
    again: String,
}

/// Asks the biller what is due, and goes on to that.
async fn look_up(Posted(visitor, form): Posted<AccountForm>) -> Result<Response, Trouble> {
    let engine = &visitor.pages.engine;
    let (biller, account) = if form.again.is_empty() {
        (form.biller, plain_account(&form.account))
    } else {
        let payment = owned(&visitor, &form.again)?;
        let account = engine.biller_account(&payment)?.to_string();
        (payment.biller, account)
    };
    let what = match engine.look_up_utility(visitor.payer.id, &biller, &account).await {
        Ok(LookedUp::Due(offer)) => return Ok(visitor.to(&address(&visitor, &offer))),
        Ok(LookedUp::NothingDue) => UtilityNotice::NothingDue,
        Ok(LookedUp::NoSuchAccount) => UtilityNotice::NoSuchAccount,
        Ok(LookedUp::Unknown) => UtilityNotice::NoAnswer,
        Err(error) => worded(error)?,
    };
    Ok(telling(&visitor, paths::UTILITIES, what))
}

fn address(visitor: &Visitor, offer: &Offer) -> String {
    format!("{}?{OFFER}={}", paths::UTILITY_OFFER, visitor.pages.engine.seal_offer(offer))
}

async fn confirm(visitor: Visitor) -> Result<Response, Trouble> {
    let engine = &visitor.pages.engine;
    let sealed = visitor.visit.query(OFFER).unwrap_or_default();
    let Some(offer) = engine.open_offer(visitor.payer.id, sealed) else {
        return Ok(telling(&visitor, paths::UTILITIES, UtilityNotice::OfferExpired));
    };
    let account = Account::PayerAvailable(visitor.payer.id).of(Currency::CNY);
    let balance = engine.store.account(account)?.balance();
    let here = format!("{}?{OFFER}={sealed}", paths::UTILITY_OFFER);
    let view = OfferView {
        offer: sealed.to_owned(),
        biller: offer.biller_name,
        account: offer.account,
        holder: offer.holder,
        period: offer.period,
        amount: yuan(offer.amount.minor()),
        balance: yuan(balance),
        is_enough: balance >= offer.amount.minor(),
        passkey: proof::passkey_path(&visitor, paths::UTILITY_PASSKEY)?,
    };
    // Nothing else stands between the payer and the button.
    let around = Around { tab: None, ..around(&visitor, &here) };
    Ok(visitor.page(|frame| render_offer(&view, &around, frame)))
}

async fn back(visitor: Visitor) -> Result<Response, Trouble> {
    Ok(visitor.to(paths::UTILITIES))
}

#[derive(Deserialize)]
struct PasskeyForm {
    #[serde(default)]
    d: String,
}

/// What the payer's device is asked to sign.
async fn ask_passkey(Posted(visitor, form): Posted<PasskeyForm>) -> Result<Response, Trouble> {
    let lang = visitor.frame().lang;
    let words = |told: UtilityNotice| {
        let notice = notice(&told, lang);
        [notice.title, notice.next].join(" ")
    };
    match visitor.pages.engine.open_offer(visitor.payer.id, &form.d) {
        Some(offer) => proof::ask_passkey(&visitor, offer.about(), |error| Ok(words(worded(error)?))).await,
        None => Ok(passkey::told(&words(UtilityNotice::OfferExpired))),
    }
}

#[derive(Deserialize)]
struct PayForm {
    #[serde(default)]
    d: String,
    #[serde(flatten)]
    brought: Brought,
}

async fn pay(Posted(visitor, form): Posted<PayForm>) -> Result<Response, Trouble> {
    let Some(offer) = visitor.pages.engine.open_offer(visitor.payer.id, &form.d) else {
        return Ok(telling(&visitor, paths::UTILITIES, UtilityNotice::OfferExpired));
    };
    let back = |what| Ok(telling(&visitor, &address(&visitor, &offer), what));
    let done = |payment: UtilityPayment| Ok(visitor.to(&paths::utility(&payment.id.to_string())));
    let engine = &visitor.pages.engine;
    let proofs = match form.brought.prove(&visitor, offer.about()).await {
        Ok(proofs) => proofs,
        Err(Unproven::MalformedPassword) => return back(UtilityNotice::MalformedPassword),
        Err(Unproven::Failed(error)) => {
            // A passkey's proof counts once, so the same form again has none: it finds what it made.
            let is_again = error == Error::Refused(Refusal::PasskeyRefused);
            let made = if is_again { engine.paid_offer(&offer)? } else { None };
            return match made {
                Some(payment) => done(payment),
                None => back(worded(error)?),
            };
        }
    };
    match engine.pay_utility(&offer, proofs).await {
        Ok(payment) => done(payment),
        Err(error) => back(worded(error)?),
    }
}

/// What an error means to the payer; only where nothing can have happened is it told that nothing was paid.
fn worded(error: Error) -> Result<UtilityNotice, Trouble> {
    let refusal = match error {
        Error::Fault(Fault::Busy | Fault::Full) => return Ok(UtilityNotice::Busy),
        Error::Fault(fault) => return Err(fault.into()),
        Error::Refused(refusal) => refusal,
    };
    Ok(match refusal {
        Refusal::WrongPassword { tries_left } => UtilityNotice::WrongPassword(tries_left),
        Refusal::PasswordLocked { until } => UtilityNotice::PasswordLocked(until.ms()),
        Refusal::PasskeyRefused => UtilityNotice::PasskeyRefused,
        Refusal::PayerFrozen => UtilityNotice::Frozen,
        Refusal::IdentityRequired => UtilityNotice::IdentityRequired,
        Refusal::LimitReached { left, .. } => UtilityNotice::LimitReached(left),
        Refusal::BalanceInsufficient => UtilityNotice::BalanceInsufficient,
        Refusal::PaymentsUsedUp => UtilityNotice::PaymentsUsedUp,
        Refusal::LookUpsUsedUp => UtilityNotice::LookUpsUsedUp,
        Refusal::Invalid { param: "amount", .. } => UtilityNotice::AmountTooLarge,
        refusal => return Err(Trouble::Refused(refusal)),
    })
}

/// The visitor's payment with this id; another's is none.
fn owned(visitor: &Visitor, id: &str) -> Result<UtilityPayment, Trouble> {
    let id: UtilityPaymentId = id.parse().map_err(|_| Trouble::NotFound)?;
    let found = visitor.pages.engine.store.get::<UtilityPayment>(id)?;
    found.filter(|payment| payment.payer == visitor.payer.id).ok_or(Trouble::NotFound)
}

async fn show(visitor: Visitor, Path(id): Path<String>) -> Result<Response, Trouble> {
    let payment = owned(&visitor, &id)?;
    let view = UtilityView {
        id: payment.id.to_string(),
        state: match payment.status {
            UtilityStatus::Planned | UtilityStatus::Sent => UtilityState::Asking,
            UtilityStatus::Paid => UtilityState::Paid,
            UtilityStatus::Failed => UtilityState::Failed(payment.failure.unwrap_or(Failure::Refused)),
        },
        biller: payment.biller_name,
        utility: payment.utility,
        account: payment.account_hint,
        period: payment.period,
        amount: amount(payment.money.amount.minor(), payment.money.currency),
        at: moment(payment.created_at),
        ended_at: payment.ended_at.map(moment),
        reference: payment.reference,
    };
    let around = around(&visitor, &paths::utility(&view.id));
    Ok(visitor.page(|frame| render_utility(&view, &around, frame)))
}
