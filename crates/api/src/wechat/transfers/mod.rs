//! `/v3/fund-app/mch-transfer/transfer-bills`: merchant transfers (商家转账) that their recipients confirm.
//!
//! **Absent on purpose:** `ACCEPTED`, `PROCESSING`, `TRANSFERING` and `CANCELING`. What they stand for happens here
//! within one step, so no bill is ever seen in them. Electronic receipts and authorisations are not served.

mod bill;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use tongbao_channel::wechat::{
    error::{Code, Location, Refusal},
    sensitive::{EncryptingKey, Undecryptable},
};
use tongbao_core::{
    Facts, Key,
    transfer::Transfer,
    wechat::transfer::{self, Cancelled, Offered, SealedName},
};
use tongbao_store::Fault;

use super::{
    Door, Number,
    answer::Answer,
    auth::{Call, unknown_merchant},
    fields::{of_error, of_fault, text, unexpected},
    number, place, run,
};
use bill::{BillBody, CancelledBody, CreateBill, CreatedBody, out_bill_no};

pub(super) use bill::{BillNotice, check_name, out_bill_no as own_number};

/// Characters of a person's name.
const NAME_CHARS_MAX: usize = 64;

/// The routes of transfers.
pub(super) fn routes() -> Router<Arc<Door>> {
    const BILLS: &str = "/v3/fund-app/mch-transfer/transfer-bills";
    Router::new()
        .route(BILLS, post(create_bill))
        .route(&format!("{BILLS}/out-bill-no/{{number}}"), get(get_bill))
        .route(&format!("{BILLS}/out-bill-no/{{number}}/cancel"), post(cancel_bill))
        .route(&format!("{BILLS}/transfer-bill-no/{{number}}"), get(get_bill_by_id))
}

async fn create_bill(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, create).await
}

async fn get_bill(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| get_by_own_number(&door, &call, path)).await
}

async fn get_bill_by_id(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| get_by_id(&door, &call, path)).await
}

async fn cancel_bill(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, |door, call| cancel(door, call, path)).await
}

/// A person's name that was encrypted for the platform, sealed for the core.
pub(super) async fn sealed_name(
    door: &Door,
    call: &Call,
    field: &str,
    ciphertext: String,
) -> Result<SealedName, Refusal> {
    let opened = door.api.engine.open_wechat_field(call.platform_key.as_ref(), ciphertext).await;
    let name = opened.map_err(|fault| of_fault(&fault))?;
    let name =
        name.map_err(|Undecryptable| Refusal::parameter(field, Undecryptable::TEXT, Location::Body))?;
    text(field, &name, NAME_CHARS_MAX)?;
    Ok(door.api.engine.seal_name(&name))
}

async fn create(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let mut body: CreateBill = call.json()?;
    body.check(&door)?;
    if !call.merchant.record.appids.contains(&body.appid) {
        return Err(place::not_bound());
    }
    let recipient = door.api.engine.wechat_payer(&body.appid, &body.openid);
    let recipient = recipient.ok_or_else(unknown_openid)?;
    let name = match body.user_name.take() {
        Some(ciphertext) => Some(sealed_name(&door, &call, "/user_name", ciphertext).await?),
        None => None,
    };
    let new = body.read(&call, recipient, name)?;
    let decide = move |facts: &dyn Facts, cx: &mut _| transfer::create(facts, cx, &new);
    let offered = door.api.engine.step(call.input("create_transfer"), decide).await;
    match offered.map_err(|error| of_error(&error, unexpected))? {
        Offered::Made(transfer) => {
            let body = CreatedBody::of(&transfer);
            body.map(|body| Answer::json(&body)).ok_or_else(not_found)
        }
        Offered::UnknownMerchant => Err(unknown_merchant()),
        Offered::AppidNotBound => Err(place::not_bound()),
        Offered::UnknownRecipient => Err(unknown_openid()),
        Offered::Differs => Err(Refusal::new(Code::AlreadyExists, "单号已存在但信息不一致")),
        Offered::NotEnough => Err(Refusal::new(Code::NotEnough, "商户账户余额不足，请充值后用原单号重试")),
    }
}

fn unknown_openid() -> Refusal {
    Refusal::parameter("/openid", "无效的openid", Location::Body)
}

fn not_found() -> Refusal {
    Refusal::new(Code::NotFound, "转账单不存在")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn get_by_own_number(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("out_bill_no", path)?;
    out_bill_no("out_bill_no", &number, Location::Path)?;
    show(door, call, Key::TransferNo(call.merchant.record.merchant, number))
}

fn get_by_id(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    show(door, call, Key::WechatTransfer(number("transfer_bill_no", path)?))
}

fn show(door: &Door, call: &Call, key: Key) -> Result<Answer, Refusal> {
    let Nothing {} = call.query()?;
    let engine = &door.api.engine;
    let found = engine.store.find::<Transfer>(key).map_err(|fault| of_fault(&fault))?;
    let shown = found
        .filter(|found| found.is_bill_of(call.mchid()) && transfer::is_shown(found, engine.now()))
        .ok_or_else(not_found)?;
    let bill = shown.wechat.as_ref().ok_or_else(not_found)?;
    let name = bill.name.as_ref().map(|name| encrypted(door, call, name)).transpose();
    let name = name.map_err(|fault| of_fault(&fault))?.flatten();
    Ok(Answer::json(&BillBody::of(&shown, bill, name)))
}

/// A name, encrypted for the certificate that signed the request. `None` if that was revoked meanwhile.
pub(super) fn encrypted(door: &Door, call: &Call, name: &SealedName) -> Result<Option<String>, Fault> {
    let engine = &door.api.engine;
    let Some(key) = call.merchant.verifier(call.serial, engine.clock.world()) else { return Ok(None) };
    Ok(EncryptingKey::new(key).encrypt(&engine.open_name(name)?).ok())
}

/// Clients send no body, or an empty object.
async fn cancel(door: Arc<Door>, call: Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("out_bill_no", path)?;
    out_bill_no("out_bill_no", &number, Location::Path)?;
    if !call.body.is_empty() {
        let Nothing {} = call.json()?;
    }
    let mchid = call.mchid().to_owned();
    let decide = move |facts: &dyn Facts, cx: &mut _| transfer::cancel(facts, cx, &mchid, &number);
    let cancelled = door.api.engine.step(call.input("cancel_transfer"), decide).await;
    match cancelled.map_err(|error| of_error(&error, unexpected))? {
        Cancelled::Done(transfer) => {
            let body = CancelledBody::of(&transfer);
            body.map(|body| Answer::json(&body)).ok_or_else(not_found)
        }
        Cancelled::Unknown => Err(not_found()),
        Cancelled::TooLate => Err(Refusal::new(Code::InvalidRequest, "转账单当前状态不允许撤销")),
    }
}
