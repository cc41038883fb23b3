//! `/v3/merchant-service/complaints-v2`: payers' complaints (投诉), and what the merchant does about them.
//!
//! **Absent on purpose:** pictures, so the upload and download of them; messages of the platform; money, which is given
//! back by an ordinary refund.

mod address;
mod body;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;
use tongbao_channel::wechat::{
    bill::Day,
    error::{Code, InternalCode, Location, Refusal},
    sensitive::EncryptingKey,
};
use tongbao_core::{
    Facts, Key, List, Record, Time,
    complaint::{
        Complaint, Deed, Denied,
        steps::{self, Answered},
    },
    facts::Entity,
    payer::Payer,
    payment::Payment,
};
use tongbao_store::Query;
use uuid::Uuid;

use super::{
    Door, Number,
    answer::Answer,
    auth::Call,
    fields::{of_error, of_fault, unexpected, wrong},
    number, run,
};
use crate::wire::LIST_SCANNED_MAX;
use body::{ComplaintBody, CompleteBody, DecideBody, PageBody, RespondBody, history};

pub(super) use body::ComplaintNotice;

/// Complaints on one page, at most and unless the request says otherwise.
const COMPLAINTS_PER_PAGE_MAX: usize = 50;
const COMPLAINTS_PER_PAGE_DEFAULT: usize = 10;
/// Turns of a history on one page, at most and unless the request says otherwise.
const TURNS_PER_PAGE_MAX: usize = 300;
const TURNS_PER_PAGE_DEFAULT: usize = 100;
/// From the first day that is asked for to the last.
const DAYS_MAX: i32 = 30;
/// Records read at a time.
const CHUNK: u32 = 100;

/// The routes of complaints.
pub(super) fn routes() -> Router<Arc<Door>> {
    const COMPLAINTS: &str = "/v3/merchant-service/complaints-v2";
    Router::new()
        .route(COMPLAINTS, get(list_complaints))
        .route(&format!("{COMPLAINTS}/{{number}}"), get(get_complaint))
        .route(&format!("{COMPLAINTS}/{{number}}/negotiation-historys"), get(list_turns))
        .route(&format!("{COMPLAINTS}/{{number}}/response"), post(respond))
        .route(&format!("{COMPLAINTS}/{{number}}/complete"), post(complete))
        .route(&format!("{COMPLAINTS}/{{number}}/update-refund-progress"), post(decide_refund))
        .merge(address::routes())
}

async fn list_complaints(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, async |door, call| list(&door, &call)).await
}

async fn get_complaint(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| show(&door, &call, path)).await
}

async fn list_turns(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| show_history(&door, &call, path)).await
}

async fn respond(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| {
        let deed = call.json::<RespondBody>()?.read(&call)?;
        answer(&door, &call, path, "respond_to_complaint", deed).await
    })
    .await
}

async fn complete(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| {
        let deed = call.json::<CompleteBody>()?.read(&call)?;
        answer(&door, &call, path, "complete_complaint", deed).await
    })
    .await
}

async fn decide_refund(State(door): State<Arc<Door>>, path: Number, request: Request) -> Response {
    run(door, request, async |door, call| {
        let deed = call.json::<DecideBody>()?.read()?;
        answer(&door, &call, path, "decide_complaint_refund", deed).await
    })
    .await
}

fn not_found() -> Refusal {
    Refusal::new(Code::ResourceNotExists, "投诉单不存在")
}

/// The complaint with the number in the path, if it is about the merchant number that asks.
fn found(door: &Door, call: &Call, path: Number) -> Result<Complaint, Refusal> {
    let key = Key::WechatComplaint(number("complaint_id", path)?);
    let found = door.api.engine.store.find::<Complaint>(key).map_err(|fault| of_fault(&fault))?;
    found.filter(|found| found.is_about(call.mchid())).ok_or_else(not_found)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn show(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let Nothing {} = call.query()?;
    let complaint = found(door, call, path)?;
    wire(door, call, &complaint).map(|body| Answer::json(&body))
}

/// A complaint with what is known of its payment and payer.
fn wire(door: &Door, call: &Call, complaint: &Complaint) -> Result<ComplaintBody, Refusal> {
    let engine = &door.api.engine;
    let payment = engine.store.get::<Payment>(complaint.payment).map_err(|fault| of_fault(&fault))?;
    let payer = engine.store.get::<Payer>(complaint.payer).map_err(|fault| of_fault(&fault))?;
    let phone = payer.and_then(|payer| encrypted_phone(door, call, &payer));
    let body = payment.and_then(|payment| ComplaintBody::of(engine, complaint, &payment, phone));
    body.ok_or_else(not_found)
}

/// The payer's phone number, encrypted for the certificate that signed the request. `None` if that was revoked
/// meanwhile, or if the number cannot be read: a complaint is worth answering without it.
fn encrypted_phone(door: &Door, call: &Call, payer: &Payer) -> Option<String> {
    let engine = &door.api.engine;
    let key = call.merchant.verifier(call.serial, engine.clock.world())?;
    let opened = engine.open_phone(payer);
    let phone = opened.inspect_err(|fault| tracing::error!(%fault, "a phone number cannot be read")).ok()?;
    EncryptingKey::new(key).encrypt(&phone).ok()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListComplaints {
    limit: Option<u32>,
    offset: Option<u32>,
    begin_date: String,
    end_date: String,
    complainted_mchid: Option<String>,
}

/// Limit and offset of a page.
fn page(
    limit: Option<u32>,
    offset: Option<u32>,
    (default, max): (usize, usize),
) -> Result<(usize, usize), Refusal> {
    let wide = |value: Option<u32>| value.map(|value| usize::try_from(value).unwrap_or(usize::MAX));
    let limit = wide(limit).unwrap_or(default);
    if !(1..=max).contains(&limit) {
        let refusal = wrong("limit", &format!("须为1至{max}"), Location::Query);
        return Err(refusal.numbered(InternalCode::OUT_OF_RANGE));
    }
    Ok((limit, wide(offset).unwrap_or(0)))
}

/// The first instant of one day and the last of another.
fn span(begin: &str, end: &str) -> Result<(Time, Time), Refusal> {
    let day =
        |field, text| Day::parse(text).ok_or_else(|| wrong(field, "的格式须为yyyy-MM-DD", Location::Query));
    let (begin, end) = (day("begin_date", begin)?, day("end_date", end)?);
    if !(0..=DAYS_MAX).contains(&end.number().saturating_sub(begin.number())) {
        return Err(wrong("end_date", "不能早于begin_date，查询日期跨度不超过30天", Location::Query));
    }
    Ok((begin.start(), end.end()))
}

fn list(door: &Door, call: &Call) -> Result<Answer, Refusal> {
    let asked: ListComplaints = call.query()?;
    asked.complainted_mchid.as_ref().map_or(Ok(()), |mchid| call.require_own(mchid))?;
    let limits = (COMPLAINTS_PER_PAGE_DEFAULT, COMPLAINTS_PER_PAGE_MAX);
    let (limit, offset) = page(asked.limit, asked.offset, limits)?;
    let (begin, end) = span(&asked.begin_date, &asked.end_date)?;
    let (mut data, mut total_count, mut scanned) = (Vec::new(), 0, 0);
    let mut after = before_all(end);
    let list = List::Complaints(call.merchant.record.merchant);
    'reading: while scanned < LIST_SCANNED_MAX {
        let query = Query::List { list, after: Some(after), newest_first: true, limit: CHUNK };
        let records: Vec<Record> = door.api.engine.store.records(query).map_err(|fault| of_fault(&fault))?;
        let Some(last) = records.last() else { break };
        after = last.id().uuid;
        for complaint in records.iter().filter_map(Complaint::of) {
            scanned += 1;
            if complaint.created_at < begin {
                break 'reading;
            }
            if complaint.is_about(call.mchid()) {
                if total_count >= offset && data.len() < limit {
                    data.push(wire(door, call, complaint)?);
                }
                total_count += 1;
            }
        }
    }
    Ok(Answer::json(&PageBody { data, limit, offset, total_count }))
}

/// Stands before all ids that are made from this instant on, and behind all that were made earlier: an id begins with
/// its millisecond.
fn before_all(at: Time) -> Uuid {
    Uuid::from_u128(u128::try_from(at.ms()).unwrap_or_default() << 80)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListTurns {
    limit: Option<u32>,
    offset: Option<u32>,
}

fn show_history(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let asked: ListTurns = call.query()?;
    let limits = (TURNS_PER_PAGE_DEFAULT, TURNS_PER_PAGE_MAX);
    let (limit, offset) = page(asked.limit, asked.offset, limits)?;
    let turns = history(&found(door, call, path)?);
    let total_count = turns.len();
    let data = turns.into_iter().skip(offset).take(limit).collect();
    Ok(Answer::json(&PageBody { data, limit, offset, total_count }))
}

async fn answer(
    door: &Door,
    call: &Call,
    path: Number,
    input: &'static str,
    deed: Deed,
) -> Result<Answer, Refusal> {
    let complaint_id = number("complaint_id", path)?;
    let mchid = call.mchid().to_owned();
    let decide = move |facts: &dyn Facts, cx: &mut _| steps::answer(facts, cx, &mchid, &complaint_id, &deed);
    let answered = door.api.engine.step(call.input(input), decide).await;
    let denied = |text: &'static str| Err(Refusal::new(Code::InvalidRequest, text));
    match answered.map_err(|error| of_error(&error, unexpected))? {
        Answered::Done(_) => Ok(Answer::nothing()),
        Answered::Unknown => Err(not_found()),
        Answered::Denied(Denied::Processed) => denied("投诉单已处理完成，不能再操作"),
        Answered::Denied(Denied::NoRefundAsked) => denied("投诉单不是申请退款类型，不能更新退款审批结果"),
        Answered::Denied(Denied::Promised) => denied("已同意退款，不能再更新退款审批结果"),
        Answered::Denied(Denied::Full) => denied("投诉单的协商记录已达上限，请反馈处理完成"),
    }
}
