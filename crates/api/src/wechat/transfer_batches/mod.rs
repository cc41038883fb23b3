//! `/v3/transfer/batches`: batches of transfers (商家批量转账), which nobody has to confirm.
//!
//! **Absent on purpose:** `WAIT_PAY` and `CLOSED`. Asking is paying here, so no batch waits to be paid and none is
//! closed. Electronic receipts (`/v3/transfer/bill-receipt`, `/v3/transfer-detail/…`) are not served.

mod body;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use tongbao_channel::wechat::error::{Code, Location, Refusal};
use tongbao_core::{
    Facts, Key,
    transfer::Transfer,
    wechat::{
        WechatTransferBatch, WechatTransferList,
        transfer_batch::{self, Accepted, DetailStatus, NewTransferBatch, TransferDetail},
    },
};
use tongbao_store::Fault;

use super::{
    Door, Number,
    answer::Answer,
    auth::{Call, unknown_merchant},
    fields::{of_error, of_fault, unexpected, wrong},
    number, place, run,
    transfers::{encrypted, own_number, sealed_name},
};
use body::{BatchBody, CreateBatch, CreatedBody, DetailBody, DetailLine, PageBody, detail_status, field_of};

pub(super) use body::BatchNotice;

const BATCHES: &str = "/v3/transfer/batches";

/// Bytes of a request for a batch: a thousand details of a kilobyte, which is what one with an encrypted name takes.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// Details in a page, by the documents.
const LIMIT_MIN: u32 = 20;
/// See [`LIMIT_MIN`].
const LIMIT_MAX: u32 = 100;

/// How many bytes a request to this path may have, if that is more than others may.
pub(super) fn body_bytes_max(path: &str) -> Option<usize> {
    (path == BATCHES).then_some(BODY_BYTES_MAX)
}

/// The routes of batches.
pub(super) fn routes() -> Router<Arc<Door>> {
    let (by_id, by_own) =
        (format!("{BATCHES}/batch-id/{{number}}"), format!("{BATCHES}/out-batch-no/{{number}}"));
    Router::new()
        .route(BATCHES, post(create_batch))
        .route(&by_id, get(get_batch_by_id))
        .route(&by_own, get(get_batch))
        .route(&format!("{by_id}/details/detail-id/{{detail}}"), get(get_detail_by_id))
        .route(&format!("{by_own}/details/out-detail-no/{{detail}}"), get(get_detail))
}

/// The numbers of a batch and of a detail, in the path.
type Numbers = Result<Path<(String, String)>, PathRejection>;

async fn create_batch(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, create).await
}

async fn get_batch_by_id(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| show(&door, &call, by_id(number("batch_id", path)?))).await
}

async fn get_batch(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| show(&door, &call, by_own(&call, number("out_batch_no", path)?)?))
        .await
}

async fn get_detail_by_id(State(door): State<Arc<Door>>, path: Numbers, request: Request) -> Response {
    run(door, request, async |door, call| {
        let (batch, detail) = numbers(path)?;
        show_detail(&door, &call, by_id(batch), |batch, place, _| batch.detail_id(place) == detail)
    })
    .await
}

async fn get_detail(State(door): State<Arc<Door>>, path: Numbers, request: Request) -> Response {
    run(door, request, async |door, call| {
        let (batch, detail) = numbers(path)?;
        own_number("out_detail_no", &detail, Location::Path)?;
        show_detail(&door, &call, by_own(&call, batch)?, |_, _, found| found.out_detail_no == detail)
    })
    .await
}

fn numbers(path: Numbers) -> Result<(String, String), Refusal> {
    let wrong = |_| Refusal::parameter("batch_id", "路径参数编码有误", Location::Path);
    path.map(|Path(numbers)| numbers).map_err(wrong)
}

async fn create(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let mut body: CreateBatch = call.json()?;
    body.check(&door)?;
    if !call.merchant.record.appids.contains(&body.appid) {
        return Err(place::not_bound());
    }
    let asked = std::mem::take(&mut body.transfer_detail_list);
    let mut details = Vec::with_capacity(asked.len());
    for (place, mut detail) in asked.into_iter().enumerate() {
        let name = match detail.user_name.take() {
            Some(ciphertext) => {
                Some(sealed_name(&door, &call, &field_of(place, "user_name"), ciphertext).await?)
            }
            None => None,
        };
        let recipient = door.api.engine.wechat_payer(&body.appid, &detail.openid);
        details.push(TransferDetail { recipient, name, ..detail.read(place)? });
    }
    let by_public_key = call.by_public_key;
    let new = NewTransferBatch { terms: body.terms(&call), details, by_public_key };
    let decide = move |facts: &dyn Facts, cx: &mut _| transfer_batch::create(facts, cx, &new);
    let accepted = door.api.engine.step(call.input("create_transfer_batch"), decide).await;
    match accepted.map_err(|error| of_error(&error, unexpected))? {
        Accepted::Made(batch) => Ok(Answer::json(&CreatedBody::of(&batch))),
        Accepted::UnknownMerchant => Err(unknown_merchant()),
        Accepted::AppidNotBound => Err(place::not_bound()),
        Accepted::Differs => Err(Refusal::new(Code::AlreadyExists, "批次单号已存在但信息不一致")),
        Accepted::NotEnough => {
            Err(Refusal::new(Code::NotEnough, "商户账户余额不足，请充值后用原批次单号重试"))
        }
    }
}

fn by_id(batch_id: String) -> Key {
    Key::WechatTransferBatch(batch_id)
}

fn by_own(call: &Call, out_batch_no: String) -> Result<Key, Refusal> {
    own_number("out_batch_no", &out_batch_no, Location::Path)?;
    Ok(Key::WechatTransferBatchNo(call.merchant.record.merchant, out_batch_no))
}

fn not_found(what: &'static str) -> Refusal {
    Refusal::new(Code::NotFound, what)
}

fn find(door: &Door, call: &Call, key: Key) -> Result<WechatTransferBatch, Refusal> {
    let engine = &door.api.engine;
    let found = engine.store.find::<WechatTransferBatch>(key).map_err(|fault| of_fault(&fault))?;
    let shown = found.filter(|batch| batch.is_shown(call.mchid(), engine.now()));
    shown.ok_or_else(|| not_found("转账批次单不存在"))
}

fn details(door: &Door, batch: &WechatTransferBatch) -> Result<Vec<TransferDetail>, Refusal> {
    let list = door.api.engine.store.get::<WechatTransferList>(batch.list);
    let broken = || of_fault(&Fault::Broken(format!("{} has no details", batch.id)));
    Ok(list.map_err(|fault| of_fault(&fault))?.ok_or_else(broken)?.details)
}

/// Which details are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Wanted {
    #[default]
    #[serde(rename = "ALL")]
    All,
    #[serde(rename = "SUCCESS")]
    Paid,
    #[serde(rename = "FAIL")]
    Failed,
    /// There never is one.
    #[serde(rename = "WAIT_PAY")]
    Unconfirmed,
}

impl Wanted {
    const fn has(self, status: DetailStatus) -> bool {
        match (self, status) {
            (Wanted::All, _)
            | (Wanted::Paid, DetailStatus::Paid)
            | (Wanted::Failed, DetailStatus::Failed(_)) => true,
            (Wanted::Paid | Wanted::Failed | Wanted::Unconfirmed, _) => false,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageAsked {
    need_query_detail: bool,
    #[serde(default)]
    offset: u32,
    limit: Option<u32>,
    #[serde(default)]
    detail_status: Wanted,
}

fn show(door: &Door, call: &Call, key: Key) -> Result<Answer, Refusal> {
    let PageAsked { need_query_detail, offset, limit, detail_status: wanted } = call.query()?;
    let limit = limit.unwrap_or(LIMIT_MIN);
    if !(LIMIT_MIN..=LIMIT_MAX).contains(&limit) {
        return Err(wrong("limit", "须为20至100", Location::Query));
    }
    let batch = find(door, call, key)?;
    let line = |(place, detail): (u32, &TransferDetail)| DetailLine {
        detail_id: batch.detail_id(place),
        out_detail_no: detail.out_detail_no.clone(),
        detail_status: detail_status(batch.status(place)),
    };
    let page = |details: Vec<TransferDetail>| {
        let wanted = (0..).zip(&details).filter(|(place, _)| wanted.has(batch.status(*place)));
        wanted.skip(offset as usize).take(limit as usize).map(line).collect()
    };
    // Details are shown once all of them have ended, by the documents.
    let shows = need_query_detail && batch.is_finished();
    let transfer_detail_list = shows.then(|| details(door, &batch)).transpose()?.map(page);
    Ok(Answer::json(&PageBody { transfer_batch: BatchBody::of(&batch), transfer_detail_list, offset, limit }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn show_detail(
    door: &Door,
    call: &Call,
    key: Key,
    is_asked_for: impl Fn(&WechatTransferBatch, u32, &TransferDetail) -> bool,
) -> Result<Answer, Refusal> {
    let Nothing {} = call.query()?;
    let batch = find(door, call, key)?;
    let details = details(door, &batch)?;
    let found = (0..).zip(&details).find(|(place, detail)| is_asked_for(&batch, *place, detail));
    let (place, detail) = found.ok_or_else(|| not_found("转账明细单不存在"))?;
    let name = detail.name.as_ref().map(|name| encrypted(door, call, name)).transpose();
    let name = name.map_err(|fault| of_fault(&fault))?.flatten();
    let transfer = door.api.engine.store.find::<Transfer>(Key::WechatTransferDetail(batch.id, place));
    let paid_at = transfer.map_err(|fault| of_fault(&fault))?.and_then(|transfer| transfer.ended_at);
    Ok(Answer::json(&DetailBody::of(&batch, (place, detail), paid_at, name)))
}
