//! `/wallet`: balance, entry points, what waits, and the newest bills.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::{
    List,
    facts::Entity,
    ledger::Account,
    payer::Payer,
    transfer::{Sender, Transfer, TransferStatus},
};
use tongbao_money::Currency;
use tongbao_store::{Fault, Query};

use super::{
    Posted, Visitor,
    bills::{self, Names},
    who, yuan,
};
use crate::{
    handlers::{answer::Trouble, cookie::Cookie, record_view::moment},
    paths,
    wallet::{
        Tab,
        send::{HomeView, WaitingView, render_home},
    },
};

/// The cookie of who does not want the balance to be seen over the shoulder.
const HIDDEN: &str = "tongbao_hidden";
/// How long the browser keeps it, in seconds: a year.
const HIDDEN_S: i64 = 365 * 24 * 3_600;

/// Transfers looked through for those that wait.
const TRANSFERS_MAX: u32 = 50;
/// Bills shown.
const BILLS_MAX: usize = 4;

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let view = view(&visitor)?;
    let around = visitor.around(Tab::Home, paths::WALLET);
    Ok(visitor.page(|frame| render_home(&view, &around, frame)))
}

fn view(visitor: &Visitor) -> Result<HomeView, Fault> {
    let (store, payer) = (&visitor.pages.engine.store, &visitor.payer);
    let hidden = visitor.visit.cookies(HIDDEN).next().is_some();
    let balance = |account: Account| Ok::<_, Fault>(store.account(account.of(Currency::CNY))?.balance());
    let available = balance(Account::PayerAvailable(payer.id))?;
    let held = balance(Account::PayerHeld(payer.id))?;
    Ok(HomeView {
        masked_phone: payer.phone_hint.clone(),
        balance: (!hidden).then(|| yuan(available)),
        held: (!hidden && held > 0).then(|| yuan(held)),
        waiting: waiting(visitor)?,
        recent: bills::newest(visitor, BILLS_MAX)?,
    })
}

fn waiting(visitor: &Visitor) -> Result<Vec<WaitingView>, Fault> {
    let query = Query::List {
        list: List::TransfersTo(visitor.payer.id),
        after: None,
        newest_first: true,
        limit: TRANSFERS_MAX,
    };
    let records = visitor.pages.engine.store.records(query)?;
    let transfers = records.iter().filter_map(Transfer::of);
    let open = transfers.filter(|t| t.status == TransferStatus::Offered && visitor.now < t.expires_at);
    let mut names = Names::new(visitor);
    open.map(|transfer| {
        let from = match &transfer.sender {
            Sender::Merchant { merchant, .. } => names.merchant(*merchant)?,
            Sender::Payer { payer, .. } => {
                let sender = visitor.pages.engine.store.get::<Payer>(*payer)?;
                sender.map(|sender| who(&sender).to_string()).unwrap_or_default()
            }
        };
        let amount = yuan(transfer.money.amount.minor());
        Ok(WaitingView { id: transfer.id.to_string(), from, amount, until: moment(transfer.expires_at) })
    })
    .collect()
}

#[derive(Deserialize)]
pub(super) struct HideForm {
    #[serde(default)]
    hide: String,
}

/// Hides the balance, or shows it again: a choice of this browser.
pub(super) async fn hide(Posted(visitor, form): Posted<HideForm>) -> Result<Response, Trouble> {
    let mut response = visitor.to(paths::WALLET);
    let cookie = if form.hide.is_empty() {
        Cookie::forget(HIDDEN, paths::WALLET)
    } else {
        let (value, path) = ("1".to_owned(), paths::WALLET.to_owned());
        Cookie { name: HIDDEN, value, path, max_age_s: Some(HIDDEN_S) }
    };
    cookie.set(&mut response, &visitor.pages);
    Ok(response)
}
