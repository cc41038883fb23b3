//! The WeChat Pay door: `/v3/…` at the root of the host, as SDKs for WeChat Pay's API v3 expect it.
//!
//! ```text
//!   raw bytes ▶ auth: signature, time, nonce ▶ operation: wire ⇄ inputs of the core ▶ answer, signed
//! ```
//!
//! It is a translation: orders are payments, refunds are refunds, and every change goes through the same
//! steps as `/v1`. Which endpoints are served and what was chosen where the documents disagree is in
//! `docs/wechatpay.md`.
//!
//! **Invariants.** Nothing is read from a request before its signature fits, but for what it takes to verify it.
//! Every 2xx is signed, a 204 too, but for files; errors never are. A request that was answered is not answered
//! again within the time in which its signature is good.
//!
//! **Absent on purpose:** state of its own, but for the nonces of the last minutes. Partner mode. The Chinese
//! national algorithms. `Keep-Alive` and `Connection` headers: the listener has its own deadlines.

mod answer;
mod auth;
mod bills;
mod certificates;
mod codepay;
mod combine;
mod complaints;
mod fields;
mod goods;
mod h5;
pub(crate) mod nonces;
mod notice;
mod orders;
mod place;
mod profit_sharing;
mod refunds;
mod transfer_batches;
mod transfers;
mod unserved;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response,
    routing::{get, post},
};
use tongbao_channel::wechat::error::{Location, Refusal};
use tongbao_core::wechat::order::TradeType;

use crate::{
    Api,
    rate::{KEYS_MAX, Limiter, Quota},
};
use answer::{Answer, Stamp};
use auth::Call;
use nonces::Nonces;

pub use answer::{REWORD, reword};
pub use notice::render_order_event;

/// What the operations of the door share.
pub struct Door {
    api: Arc<Api>,
    nonces: Nonces,
    merchants: Limiter<String>,
    /// What a `download_url` begins with.
    download_base: String,
    digests: bills::Digests,
}

/// The routes of the door. Each merchant may ask as often as `quota` says.
pub fn router(api: Arc<Api>, quota: Quota) -> Router {
    let download_base = api.base_url.clone();
    router_with(api, quota, download_base)
}

/// The same for clients that know the door by another address than the rest of the instance: files are offered for
/// download under `download_base`, which has no slash at the end.
pub fn router_with(api: Arc<Api>, quota: Quota, download_base: impl Into<String>) -> Router {
    let door = Door {
        api,
        nonces: Nonces::default(),
        merchants: Limiter::new(quota, KEYS_MAX),
        download_base: download_base.into(),
        digests: bills::Digests::default(),
    };
    Router::new()
        .route("/v3/certificates", get(list_certificates))
        .route("/v3/pay/transactions/jsapi", post(place_jsapi))
        .route("/v3/pay/transactions/native", post(place_native))
        .route("/v3/pay/transactions/app", post(place_app))
        .route("/v3/pay/transactions/h5", post(place_h5))
        .route("/v3/pay/transactions/id/{number}", get(get_order_by_id))
        .route("/v3/pay/transactions/out-trade-no/{number}", get(get_order))
        .route("/v3/pay/transactions/out-trade-no/{number}/close", post(close_order))
        .route("/v3/pay/transactions/codepay", post(scan_code))
        .route("/v3/pay/transactions/out-trade-no/{number}/reverse", post(reverse_order))
        .route("/v3/combine-transactions/jsapi", post(combine_jsapi))
        .route("/v3/combine-transactions/native", post(combine_native))
        .route("/v3/combine-transactions/app", post(combine_app))
        .route("/v3/combine-transactions/h5", post(combine_h5))
        .route("/v3/combine-transactions/out-trade-no/{number}", get(get_combined))
        .route("/v3/combine-transactions/out-trade-no/{number}/close", post(close_combined))
        .route("/v3/refund/domestic/refunds", post(create_refund))
        .route("/v3/refund/domestic/refunds/{number}", get(get_refund))
        .merge(bills::routes())
        .merge(transfers::routes())
        .merge(transfer_batches::routes())
        .merge(profit_sharing::routes())
        .merge(complaints::routes())
        .method_not_allowed_fallback(answer::method_not_allowed)
        .route("/v3/{*rest}", axum::routing::any(unserved::any))
        .route(h5::PATH, get(h5::open))
        .with_state(Arc::new(door))
}

/// Authenticates, does, signs.
async fn run<F, Fut>(door: Arc<Door>, request: Request, operation: F) -> Response
where
    F: FnOnce(Arc<Door>, Call) -> Fut,
    Fut: Future<Output = Result<Answer, Refusal>>,
{
    let stamp = Stamp::of(&request);
    let call = match auth::authenticate(&door, request).await {
        Ok(call) => call,
        Err(refusal) => return stamp.refuse(&refusal),
    };
    let used = call.used();
    // The key is found before anything is done: what cannot be signed for is not begun.
    let done = match auth::signer(&door, &call) {
        Ok(signer) => operation(Arc::clone(&door), call).await.map(|answer| (signer, answer)),
        Err(refusal) => Err(refusal),
    };
    match done {
        Ok((signer, answer)) => stamp.sign(&door.api.engine, signer, answer).await,
        Err(refusal) => {
            used.after(&door, &refusal);
            stamp.refuse(&refusal)
        }
    }
}

type Number = Result<Path<String>, PathRejection>;

/// The number in the path.
fn number(field: &'static str, path: Number) -> Result<String, Refusal> {
    let wrong = |_| Refusal::parameter(field, "路径参数编码有误", Location::Path);
    path.map(|Path(number)| number).map_err(wrong)
}

async fn list_certificates(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, async |door, call| certificates::list(&door, &call)).await
}

async fn place_jsapi(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, |door, call| place::place(door, call, TradeType::Jsapi)).await
}

async fn place_native(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, |door, call| place::place(door, call, TradeType::Native)).await
}

async fn place_app(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, |door, call| place::place(door, call, TradeType::App)).await
}

async fn place_h5(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, |door, call| place::place(door, call, TradeType::H5)).await
}

async fn get_order_by_id(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| orders::get_by_id(&door, &call, path)).await
}

async fn get_order(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| orders::get(&door, &call, path)).await
}

async fn close_order(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, |door, call| orders::close(door, call, path)).await
}

async fn scan_code(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, codepay::scan).await
}

async fn reverse_order(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, |door, call| codepay::reverse(door, call, path)).await
}

async fn combine_jsapi(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, |door, call| combine::place(door, call, TradeType::Jsapi)).await
}

async fn combine_native(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, |door, call| combine::place(door, call, TradeType::Native)).await
}

async fn combine_app(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, |door, call| combine::place(door, call, TradeType::App)).await
}

async fn combine_h5(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, |door, call| combine::place(door, call, TradeType::H5)).await
}

async fn get_combined(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, |door, call| combine::get(door, call, path)).await
}

async fn close_combined(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, |door, call| combine::close(door, call, path)).await
}

async fn create_refund(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, refunds::create).await
}

async fn get_refund(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| refunds::get(&door, &call, path)).await
}
