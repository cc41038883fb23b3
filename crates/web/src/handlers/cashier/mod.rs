//! The cashier: `/cashier/{payment}`, its forms, and the status that a waiting page asks for.
//!
//! Whoever knows a payment's id may look at it: the shop hands it to the payer as a link or a QR code. Paying takes a
//! signed-in payer, the payment password, and whatever other proof the attempt then waits for.

mod code;
mod combined;
mod enter;
mod notice;
mod passkey;
mod pay;
mod prove;
mod returned;
mod session;
mod show;

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    response::Response,
    routing::{get, post},
};
use serde_json::{Value, json};
use tongbao_core::{
    Time,
    id::WechatCombinedOrderId,
    payer::Payer,
    payment::{Method, Payment, Status},
};
use tongbao_store::Fault;

use self::notice::Told;
pub(super) use self::returned::AskedLately;
use self::session::Session;
use super::{
    Pages,
    answer::{Trouble, see_other},
    form_token::{self, Scope},
    record_view::is_payable,
    visit::Visit,
};

pub(super) fn routes() -> Router<Arc<Pages>> {
    // Who comes to the address of a form with a GET, by reloading or by hand, is shown the page again.
    Router::new()
        .route("/cashier/{payment}", get(show::show))
        .route("/cashier/{payment}/status", get(status))
        .route("/cashier/{payment}/code", post(code::send).get(back))
        .route("/cashier/{payment}/session", post(enter::begin).get(back))
        .route("/cashier/{payment}/session/end", post(enter::end).get(back))
        .route("/cashier/{payment}/pay", post(pay::pay).get(back))
        .route("/cashier/{payment}/passkey", post(passkey::ask).get(back))
        .route("/cashier/{payment}/passkey/proof", post(passkey::prove).get(back))
        .route("/cashier/{payment}/proof", post(prove::prove).get(back))
        .route("/cashier/{payment}/proof/code", post(prove::send_again).get(back))
        .route("/cashier/{payment}/proof/end", post(prove::take_back).get(back))
        .route("/cashier/{payment}/return", get(returned::came_back))
}

/// A payment on the cashier, and who stands before it.
struct Till<'a> {
    pages: &'a Pages,
    visit: &'a Visit,
    /// What is to be paid. Of a combined order: a picture that looks like one payment.
    payment: Payment,
    /// The combined order, if it is one.
    combined: Option<WechatCombinedOrderId>,
    payer: Option<(Session, Payer)>,
    now: Time,
}

impl<'a> Till<'a> {
    /// The till of the payment or combined order with this id. A session that does not open it to its payer is none.
    fn open(pages: &'a Pages, visit: &'a Visit, id: &str) -> Result<Till<'a>, Trouble> {
        let store = &pages.engine.store;
        let (payment, combined) = if let Ok(order) = id.parse::<WechatCombinedOrderId>() {
            (None, Some(order))
        } else {
            let id = id.parse().map_err(|_| Trouble::NotFound)?;
            let payment = store.get::<Payment>(id)?.ok_or(Trouble::NotFound)?;
            // A part of a combined order is paid with all of it.
            let combined = payment.combined();
            (Some(payment), combined)
        };
        let picture = match combined {
            Some(order) => combined::picture(&pages.engine, order)?,
            None => payment,
        };
        let payment = picture.ok_or(Trouble::NotFound)?;
        let now = pages.engine.now();
        let payer = match Session::read(pages, visit, now) {
            Some(session) => {
                let payer = store.get::<Payer>(session.payer)?.filter(|payer| session.opens(payer));
                payer.map(|payer| (session, payer))
            }
            None => None,
        };
        Ok(Till { pages, visit, payment, combined, payer, now })
    }

    fn session(&self) -> Option<&Session> {
        self.payer.as_ref().map(|(session, _)| session)
    }

    /// What the page is of: `pay_…`, or `wxc_…`.
    fn id(&self) -> String {
        self.combined.map_or_else(|| self.payment.id.to_string(), |order| order.to_string())
    }

    fn path(&self) -> String {
        path(&self.id())
    }

    fn is_payable(&self) -> bool {
        is_payable(&self.payment, self.now)
    }

    fn is_our_form(&self, token: &str) -> bool {
        let session = self.session().map(Session::payload);
        form_token::is_right(self.pages, self.visit, Scope::Cashier, session, token)
    }

    /// What became of the payment meanwhile.
    fn reread(&self) -> Result<Option<Payment>, Fault> {
        match self.combined {
            Some(order) => combined::picture(&self.pages.engine, order),
            None => self.pages.engine.store.get::<Payment>(self.payment.id),
        }
    }

    /// Back to the page.
    fn again(&self) -> Response {
        see_other(&self.visit.frame("").href(&self.path()))
    }

    /// Back to the page, which says why; `method` stays chosen.
    fn again_telling(&self, told: Told, method: Option<Method>) -> Response {
        let query = notice::query(self, told, method);
        see_other(&self.visit.frame("").href(&format!("{}?{query}", self.path())))
    }
}

fn path(id: &str) -> String {
    format!("/cashier/{id}")
}

async fn back(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    Till::open(&pages, &visit, &id).map(|till| till.again())
}

/// What a waiting page asks every two seconds.
async fn status(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let is_over = till.payment.status == Status::Open && !till.is_payable();
    let status = match show::to_confirm(&till) {
        // A page that waits shows then where the holder confirms.
        Some(_) => "must_confirm",
        None if is_over => "closed",
        None => till.payment.shown_status(),
    };
    Ok(Json(json!({ "status": status })))
}
