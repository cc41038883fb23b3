//! `/v3/profitsharing/…`: profit sharing (分账) of a merchant's own orders.
//!
//! **Absent on purpose:** `PROCESSING`, `PENDING` and `CLOSED`: what is asked for is done or refused within one step,
//! so a request that was accepted has succeeded for every receiver. Partner and brand merchants, and the bill.

mod notice;
mod orders;
mod receivers;
mod returns;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::error::{Code, Refusal};
use tongbao_core::profit_sharing::receiver::ReceiverKind;

use super::{Door, Number, run};

pub(super) use notice::ShareNotice;

/// Characters of a receiver's account.
const ACCOUNT_CHARS_MAX: usize = 64;
/// Characters of a description.
const DESCRIPTION_CHARS_MAX: usize = 80;
/// Characters of an encrypted name.
const NAME_CIPHERTEXT_CHARS_MAX: usize = 1_024;

/// What kind of receiver. `PERSONAL_SUB_OPENID` is for partners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum ReceiverType {
    #[serde(rename = "MERCHANT_ID")]
    Merchant,
    #[serde(rename = "PERSONAL_OPENID")]
    Person,
}

impl ReceiverType {
    const fn kind(self) -> ReceiverKind {
        match self {
            ReceiverType::Merchant => ReceiverKind::Merchant,
            ReceiverType::Person => ReceiverKind::Payer,
        }
    }
}

/// The routes of profit sharing.
pub(super) fn routes() -> Router<Arc<Door>> {
    Router::new()
        .route("/v3/profitsharing/receivers/add", post(add_receiver))
        .route("/v3/profitsharing/receivers/delete", post(delete_receiver))
        .route("/v3/profitsharing/orders", post(create_order))
        .route("/v3/profitsharing/orders/unfreeze", post(unfreeze))
        .route("/v3/profitsharing/orders/{number}", get(get_order))
        .route("/v3/profitsharing/return-orders", post(create_return))
        .route("/v3/profitsharing/return-orders/{number}", get(get_return))
        .route("/v3/profitsharing/transactions/{number}/amounts", get(get_amounts))
}

async fn add_receiver(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, receivers::add).await
}

async fn delete_receiver(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, receivers::delete).await
}

async fn create_order(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, orders::create).await
}

async fn unfreeze(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, orders::unfreeze).await
}

async fn get_order(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| orders::get(&door, &call, path)).await
}

async fn create_return(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, returns::create).await
}

async fn get_return(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| returns::get(&door, &call, path)).await
}

async fn get_amounts(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| orders::amounts(&door, &call, path)).await
}

fn missing(what: &'static str) -> Refusal {
    Refusal::new(Code::ResourceNotExists, what)
}

fn invalid(what: &'static str) -> Refusal {
    Refusal::new(Code::InvalidRequest, what)
}
