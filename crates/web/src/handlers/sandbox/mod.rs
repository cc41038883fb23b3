//! The developer's pages. A production instance does not mount them.

mod bank;
mod clock;
mod console;
mod faults;
mod inbox;
mod indent;
mod notifications;
mod phone;
mod signature;
mod start;
mod timeline;
mod transfer;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    response::Response,
    routing::{get, post},
};
use tongbao_core::{
    List,
    facts::Entity,
    id::{AppId, PayerId},
    ledger::Account,
    merchant::{App, Merchant},
    payer::Payer,
};
use tongbao_engine::{RenderEvent, vault::Field};
use tongbao_money::Currency;
use tongbao_store::{Fault, Query};
use uuid::Uuid;

use super::{
    Pages,
    answer::{self, Trouble},
    form_token::{self, Scope},
    record_view::amount,
    visit::Visit,
};
use crate::{
    frame::Frame,
    paths,
    sandbox::{CommandView, PayerView},
};

/// Test payers shown.
const PAYERS_MAX: u32 = 50;

/// What the sandbox's pages show that the store does not know.
#[derive(Clone)]
pub struct SandboxNotes {
    /// Where the file with the keys is.
    pub keys_path: String,
    /// Commands to paste, in the order of a first integration.
    pub commands: Vec<CommandView>,
    /// The payment passwords of the seeded payers; the store has only hashes.
    pub passwords: BTreeMap<PayerId, String>,
    /// The body of a notification, as it is sent.
    pub render_event: RenderEvent,
}

/// What the handlers of the sandbox share.
#[derive(Clone)]
pub(super) struct SandboxPages {
    pages: Arc<Pages>,
    notes: Arc<SandboxNotes>,
}

impl FromRef<SandboxPages> for Arc<Pages> {
    fn from_ref(sandbox: &SandboxPages) -> Arc<Pages> {
        Arc::clone(&sandbox.pages)
    }
}

pub(super) fn routes() -> Router<SandboxPages> {
    Router::new()
        .route(paths::START, get(start::show))
        .route(paths::CREATE_PAYMENT, post(start::create))
        .route(paths::PHONE, get(phone::show))
        .route(paths::PHONE_PAY, post(phone::pay))
        .route(paths::PHONE_CODE, post(phone::show_code))
        .route(paths::FAULTS, post(faults::arm))
        .route(paths::INBOX, get(inbox::show))
        .route(paths::NOTIFICATIONS, get(notifications::show))
        .route(&paths::resend("{delivery}"), post(notifications::resend))
        .route(paths::SIGNATURE, get(signature::show))
        .route(
            paths::SIGNATURE_FORM,
            post(signature::paste).layer(DefaultBodyLimit::max(signature::FORM_BYTES_MAX)),
        )
        .route(paths::TIMELINE, get(timeline::show))
        .route(paths::CLOCK, post(clock::advance))
        .route(paths::BANK, get(bank::show).post(bank::answer))
}

impl SandboxPages {
    pub(super) fn new(pages: Arc<Pages>, notes: SandboxNotes) -> SandboxPages {
        SandboxPages { pages, notes: Arc::new(notes) }
    }

    /// A page with forms.
    fn page(
        &self,
        visit: &Visit,
        render: impl FnOnce(&Frame) -> Result<String, Fault>,
    ) -> Result<Response, Trouble> {
        let (token, cookie) = form_token::issue(&self.pages, visit, Scope::Sandbox, None);
        let frame = visit.frame(token);
        let mut response = answer::html(&frame, render(&frame)?);
        if let Some(cookie) = cookie {
            cookie.set(&mut response, &self.pages);
        }
        Ok(response)
    }

    fn is_our_form(&self, visit: &Visit, token: &str) -> bool {
        form_token::is_right(&self.pages, visit, Scope::Sandbox, None, token)
    }

    /// Part of a list.
    fn list<T: Entity + Clone>(
        &self,
        list: List,
        after: Option<Uuid>,
        newest_first: bool,
        limit: u32,
    ) -> Result<Vec<T>, Fault> {
        let query = Query::List { list, after, newest_first, limit };
        let records = self.pages.engine.store.records(query)?;
        Ok(records.iter().filter_map(T::of).cloned().collect())
    }

    /// The newest of a list.
    fn newest<T: Entity + Clone>(&self, list: List, limit: u32) -> Result<Vec<T>, Fault> {
        self.list(list, None, true, limit)
    }

    /// The merchant that the sandbox began with, and its app.
    fn shop(&self) -> Result<Option<(Merchant, AppId)>, Fault> {
        let Some(merchant) = self.list::<Merchant>(List::Merchants, None, false, 1)?.pop() else {
            return Ok(None);
        };
        let app = self.list::<App>(List::Apps(merchant.id), None, false, 1)?.pop();
        Ok(app.map(|app| (merchant, app.id)))
    }

    /// The test payers, oldest first. Their phone numbers are the sandbox's own, so they are shown in full.
    fn payers(&self) -> Result<Vec<PayerView>, Fault> {
        let payers = self.list::<Payer>(List::Payers, None, false, PAYERS_MAX)?;
        payers.into_iter().map(|payer| self.payer_view(payer)).collect()
    }

    fn payer_view(&self, payer: Payer) -> Result<PayerView, Fault> {
        let engine = &self.pages.engine;
        let account = Account::PayerAvailable(payer.id).of(Currency::CNY);
        Ok(PayerView {
            id: payer.id.to_string(),
            phone: engine.vault.open(Field::Phone, &payer.phone_sealed).unwrap_or(payer.phone_hint),
            password: self.notes.passwords.get(&payer.id).cloned().unwrap_or_else(|| "–".to_owned()),
            balance: amount(engine.store.account(account)?.balance(), Currency::CNY),
        })
    }
}
