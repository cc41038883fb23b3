//! `/wallet/transit`, the transit code that a gate scans; `/wallet/rides`; and `/wallet/debt`, where a fare is paid
//! that is owed.
//!
//! A GET shows the code that was asked for last while it can be used; a POST asks for the present one, as with payment
//! codes, and only where those are switched on.

use std::sync::Arc;

use axum::{Router, extract::Path, response::Response, routing::get};
use serde::Deserialize;
use tongbao_core::{
    List, Refusal,
    facts::Entity,
    id::{DebtId, MerchantId, RideId, TypedId},
    ledger::Account,
    merchant::Merchant,
    transit::{Debt, Gate, Ride},
};
use tongbao_engine::Error;
use tongbao_money::{Amount, Currency};
use tongbao_store::{Fault, Query};

use super::{posted::Posted, told, visitor::Visitor, yuan::shown as yuan};
use crate::{
    handlers::{Pages, answer::Trouble, record_view::moment},
    paths,
    wallet::{
        Around, Tab,
        send::CodeShown,
        transit::{
            GateView, OwedView, RideRow, RideView, RidesView, RidingView, TransitNotice, TransitView, notice,
            render_debt, render_ride, render_rides, render_transit,
        },
    },
};

/// Rides of one page.
const PAGE_RIDES: u32 = 20;
/// The query parameter with the ride after which the list goes on.
const AFTER: &str = "after";

pub(super) fn routes() -> Router<Arc<Pages>> {
    Router::new()
        .route(paths::TRANSIT, get(show).post(ask))
        .route(paths::RIDES, get(rides))
        .route(&paths::ride("{ride}"), get(ride))
        .route(paths::DEBT, get(debt).post(pay))
}

fn telling(visitor: &Visitor, path: &str, what: TransitNotice) -> Response {
    let payer = visitor.payer.id.to_string();
    visitor.to(&told::address(&visitor.pages, visitor.now, (&payer, path), &what))
}

fn around(visitor: &Visitor, path: &str) -> Around {
    let payer = visitor.payer.id.to_string();
    let what: Option<TransitNotice> = told::read(&visitor.pages, &visitor.visit, visitor.now, (&payer, path));
    visitor.around(Tab::Home, path).saying(what.map(|what| notice(what, visitor.frame().lang)))
}

fn gate(gate: &Gate) -> GateView {
    GateView { station: gate.station.clone(), at: moment(gate.at) }
}

async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let engine = &visitor.pages.engine;
    let owed = engine.open_debt(visitor.payer.id)?;
    if owed.is_none() && !visitor.session.shows_codes(&visitor.payer) {
        return Ok(visitor.to(paths::CODE_SWITCH));
    }
    let shown = engine.shown_transit_code(visitor.payer.id)?;
    let shown = shown.filter(|code| owed.is_none() && code.changes_at > visitor.now).map(|code| {
        let left_ms = u64::try_from(code.changes_at.since_ms(visitor.now)).unwrap_or_default();
        CodeShown { digits: code.digits, changes_in_s: left_ms.div_ceil(1_000) }
    });
    let riding = engine.rider(visitor.payer.id)?.and_then(|rider| rider.ride);
    let riding = riding.map(|ride| engine.store.get::<Ride>(ride)).transpose()?.flatten();
    let view = TransitView {
        shown,
        riding: riding.map(|ride| RidingView { id: ride.id.to_string(), entry: gate(&ride.entry) }),
        owed: owed.map(|debt| yuan(debt.money.amount.minor())),
    };
    let around = around(&visitor, paths::TRANSIT);
    Ok(visitor.page(|frame| render_transit(&view, &around, frame)))
}

async fn ask(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    let what = match visitor.pages.engine.show_transit_code(visitor.payer.id, visitor.session.id).await {
        // The page shows the code, or says what is owed.
        Ok(Some(_)) | Err(Error::Refused(Refusal::DebtOpen)) => return Ok(visitor.to(paths::TRANSIT)),
        Err(Error::Refused(Refusal::PaymentCodesOff)) => return Ok(visitor.to(paths::CODE_SWITCH)),
        Ok(None) => TransitNotice::CodesUsedUp,
        Err(error) => worded(error)?,
    };
    Ok(telling(&visitor, paths::TRANSIT, what))
}

/// What an error means to the payer; only where nothing can have happened is it told that nothing was paid.
fn worded(error: Error) -> Result<TransitNotice, Trouble> {
    let refusal = match error {
        Error::Fault(Fault::Busy | Fault::Full) => return Ok(TransitNotice::Busy),
        Error::Fault(fault) => return Err(fault.into()),
        Error::Refused(refusal) => refusal,
    };
    Ok(match refusal {
        Refusal::PayerFrozen => TransitNotice::Frozen,
        Refusal::IdentityRequired => TransitNotice::IdentityRequired,
        Refusal::LimitReached { left, .. } => TransitNotice::LimitReached(left),
        Refusal::PaymentsUsedUp => TransitNotice::PaymentsUsedUp,
        Refusal::BalanceInsufficient => TransitNotice::BalanceInsufficient,
        Refusal::NotFound(_) => return Err(Trouble::NotFound),
        refusal => return Err(Trouble::Refused(refusal)),
    })
}

async fn rides(visitor: Visitor) -> Result<Response, Trouble> {
    let after: Option<RideId> = visitor.visit.query(AFTER).and_then(|id| id.parse().ok());
    let query = Query::List {
        list: List::RidesOf(visitor.payer.id),
        after: after.map(TypedId::uuid),
        newest_first: true,
        limit: PAGE_RIDES.saturating_add(1),
    };
    let records = visitor.pages.engine.store.records(query)?;
    let found: Vec<&Ride> = records.iter().filter_map(Ride::of).collect();
    let size = usize::try_from(PAGE_RIDES).unwrap_or(usize::MAX);
    let page = found.get(..size.min(found.len())).unwrap_or_default();
    let last = page.last().filter(|_| found.len() > size);
    let row = |ride: &&Ride| RideRow {
        id: ride.id.to_string(),
        entry: gate(&ride.entry),
        exit: ride.exit.as_ref().map(|exit| exit.station.clone()),
        fare: ride.fare.map(|fare| yuan(fare.minor())),
        status: ride.status,
    };
    let view = RidesView {
        rides: page.iter().map(row).collect(),
        older: last.map(|ride| format!("{}?{AFTER}={}", paths::RIDES, ride.id)),
    };
    let around = around(&visitor, paths::RIDES);
    Ok(visitor.page(|frame| render_rides(&view, &around, frame)))
}

fn operator(visitor: &Visitor, id: MerchantId) -> Result<String, Fault> {
    let merchant = visitor.pages.engine.store.get::<Merchant>(id)?;
    Ok(merchant.map(|merchant| merchant.name).unwrap_or_default())
}

async fn ride(visitor: Visitor, Path(id): Path<String>) -> Result<Response, Trouble> {
    let store = &visitor.pages.engine.store;
    let id: RideId = id.parse().map_err(|_| Trouble::NotFound)?;
    let ride = store.get::<Ride>(id)?.filter(|ride| ride.payer == visitor.payer.id);
    let ride = ride.ok_or(Trouble::NotFound)?;
    let debt = ride.debt.map(|debt| store.get::<Debt>(debt)).transpose()?.flatten();
    let view = RideView {
        id: ride.id.to_string(),
        operator: operator(&visitor, ride.merchant)?,
        status: ride.status,
        entry: gate(&ride.entry),
        exit: ride.exit.as_ref().map(gate),
        max: yuan(ride.max.minor()),
        fare: ride.fare.map(Amount::minor).map(yuan),
        ended_at: ride.ended_at.map(moment),
        reason: debt.map(|debt| debt.reason),
        settled_at: ride.settled_at.map(moment),
    };
    let around = around(&visitor, &paths::ride(&view.id));
    Ok(visitor.page(|frame| render_ride(&view, &around, frame)))
}

async fn debt(visitor: Visitor) -> Result<Response, Trouble> {
    let engine = &visitor.pages.engine;
    let view = match engine.open_debt(visitor.payer.id)? {
        None => None,
        Some(debt) => {
            let available = Account::PayerAvailable(visitor.payer.id).of(Currency::CNY);
            let balance = engine.store.account(available)?.balance();
            Some(OwedView {
                debt: debt.id.to_string(),
                ride: debt.ride.to_string(),
                operator: operator(&visitor, debt.merchant)?,
                amount: yuan(debt.money.amount.minor()),
                reason: debt.reason,
                balance: yuan(balance),
                is_enough: balance >= debt.money.amount.minor(),
            })
        }
    };
    let around = around(&visitor, paths::DEBT);
    Ok(visitor.page(|frame| render_debt(view.as_ref(), &around, frame)))
}

#[derive(Deserialize)]
struct PayForm {
    #[serde(default)]
    debt: String,
}

async fn pay(Posted(visitor, form): Posted<PayForm>) -> Result<Response, Trouble> {
    let id: DebtId = form.debt.parse().map_err(|_| Trouble::NotFound)?;
    let what = match visitor.pages.engine.pay_debt(visitor.payer.id, id).await {
        Ok(_) => TransitNotice::Paid,
        Err(error) => worded(error)?,
    };
    Ok(telling(&visitor, paths::DEBT, what))
}
