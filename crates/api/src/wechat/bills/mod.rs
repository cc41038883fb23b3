//! `/v3/bill/…` and `/v3/billdownload/file`: asking for the bill of a day, and fetching it.
//!
//! ```text
//!   ask ──▶ build, digest ──▶ SHA1 + download_url?token=…      nothing is kept
//!   fetch ─▶ read token ────▶ build again, send page by page
//! ```
//!
//! A bill is built from the postings of the merchant's account and the records they were made for, each time anew.
//!
//! **Invariants.** The bill of a day that is over never changes: what is built is the same each time, so the digest
//! holds for the file that is fetched later. It adds up to the ledger. Of a bill, only one page is in memory at a
//! time.
//!
//! **Absent on purpose:** files. A token is a keyed digest and says itself what it is good for.

mod body;
mod flows;
mod text;
mod token;
mod trades;

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::get,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, task::spawn_blocking};
use tongbao_channel::wechat::{
    bill::{BillDigest, Day, TradeBill},
    error::{Code, Location, Refusal},
};
use tongbao_core::Time;
use tongbao_engine::Mode;
use tongbao_store::Fault;

use super::{
    Door,
    answer::{Answer, Stamp},
    auth::{self, Call},
    fields::{of_fault, wrong},
    run,
};
use text::BillText;

/// The path of downloads.
pub(super) const DOWNLOAD_PATH: &str = "/v3/billdownload/file";

/// How many calendar months back a bill can be had: three, by the documents.
const MONTHS_BACK: u8 = 3;
/// How long after a day its bill can be had. WeChat Pay begins at nine and asks merchants to come after ten.
const READY_AFTER_MS: i64 = 10 * 3_600 * 1_000;
/// The same in a sandbox: longer than any step may wait for the writer, so that a day that is over stays as it is.
const READY_AFTER_IN_SANDBOX_MS: i64 = 60 * 1_000;
/// How long a `download_url` can be used: five minutes, by the documents.
const URL_LIFE_S: i64 = 5 * 60;

/// Digests of bills that are made at once. Each keeps a thread and a processor busy for as long as it takes.
const DIGESTS_AT_ONCE: usize = 2;

/// A merchant's account that has a fund flow bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FundAccount {
    /// Basic account (基本账户): the takings.
    Basic,
    /// Operation account (运营账户): the settled money.
    Operation,
}

/// What a bill lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    Trades(TradeBill),
    Flows(FundAccount),
}

/// A bill that can be asked for, beside whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bill {
    content: Content,
    day: Day,
    gzip: bool,
}

/// Where digests of bills wait to be made.
pub(super) struct Digests(Arc<Semaphore>);

impl Default for Digests {
    fn default() -> Digests {
        Digests(Arc::new(Semaphore::new(DIGESTS_AT_ONCE)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskTrades {
    bill_date: String,
    bill_type: Option<String>,
    tar_type: Option<String>,
    sub_mchid: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskFlows {
    bill_date: String,
    account_type: Option<String>,
    tar_type: Option<String>,
}

/// Where to fetch a bill, and how to know that it arrived whole.
#[derive(Serialize)]
struct OfferBody {
    download_url: String,
    hash_type: &'static str,
    hash_value: String,
}

/// The routes of bills.
pub(super) fn routes() -> Router<Arc<Door>> {
    Router::new()
        .route("/v3/bill/tradebill", get(ask_trades))
        .route("/v3/bill/fundflowbill", get(ask_flows))
        .route(DOWNLOAD_PATH, get(download))
}

async fn ask_trades(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, trades).await
}

async fn ask_flows(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, flows).await
}

/// The answer is not signed: SDKs know that, by the path.
async fn download(State(door): State<Arc<Door>>, request: Request) -> Response {
    let stamp = Stamp::of(&request);
    let call = match auth::authenticate(&door, request).await {
        Ok(call) => call,
        Err(refusal) => return stamp.refuse(&refusal),
    };
    file(&door, &call, stamp).unwrap_or_else(|refusal| {
        call.used().after(&door, &refusal);
        stamp.refuse(&refusal)
    })
}

/// `GET /v3/bill/tradebill`.
async fn trades(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let ask: AskTrades = call.query()?;
    let (day, gzip) = (day(&ask.bill_date)?, gzip(ask.tar_type.as_deref())?);
    let bill = match ask.bill_type.as_deref() {
        None | Some("ALL") => Some(TradeBill::All),
        Some("SUCCESS") => Some(TradeBill::Success),
        Some("REFUND") => Some(TradeBill::Refund),
        // There are no coupons that were paid for, and so no refunds of them.
        Some("RECHARGE_REFUND") => None,
        Some(_) => {
            let must = "只能是ALL、SUCCESS、REFUND或RECHARGE_REFUND";
            return Err(wrong("bill_type", must, Location::Query));
        }
    };
    if ask.sub_mchid.is_some() {
        return Err(Refusal::new(Code::NoAuth, "权限异常，无该子商户账单的权限"));
    }
    let content = bill.map(Content::Trades);
    offer(&door, &call, content, day, gzip).await
}

/// `GET /v3/bill/fundflowbill`.
async fn flows(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let ask: AskFlows = call.query()?;
    let (day, gzip) = (day(&ask.bill_date)?, gzip(ask.tar_type.as_deref())?);
    let account = match ask.account_type.as_deref() {
        None | Some("BASIC") => Some(FundAccount::Basic),
        Some("OPERATION") => Some(FundAccount::Operation),
        // Fees are taken from the takings; there is no account that they are paid for from.
        Some("FEES") => None,
        Some(_) => return Err(wrong("account_type", "只能是BASIC、OPERATION或FEES", Location::Query)),
    };
    offer(&door, &call, account.map(Content::Flows), day, gzip).await
}

fn day(text: &str) -> Result<Day, Refusal> {
    Day::parse(text).ok_or_else(|| wrong("bill_date", "须为yyyy-MM-dd格式的日期", Location::Query))
}

fn gzip(tar_type: Option<&str>) -> Result<bool, Refusal> {
    match tar_type {
        None => Ok(false),
        Some("GZIP") => Ok(true),
        Some(_) => Err(wrong("tar_type", "只能是GZIP", Location::Query)),
    }
}

/// Whether the bill of a day can be had now.
fn require_ready(mode: Mode, now: Time, day: Day) -> Result<(), Refusal> {
    let today = Day::of(now);
    let invalid = |text| Err(Refusal::new(Code::InvalidRequest, text));
    if day >= today {
        return invalid("请检查bill_date，只能申请今天以前的账单");
    }
    if day < today.months_before(MONTHS_BACK) {
        return invalid("请检查bill_date，只能申请三个月以内的账单");
    }
    let wait_ms = match mode {
        Mode::Sandbox => READY_AFTER_IN_SANDBOX_MS,
        Mode::Production => READY_AFTER_MS,
    };
    if now.since_ms(day.end()) < wait_ms {
        return Err(Refusal::new(Code::StatementCreating, "账单生成中"));
    }
    Ok(())
}

/// Nothing happened on that day.
fn none() -> Refusal {
    Refusal::new(Code::NoStatementExist, "请求的账单文件不存在")
}

async fn offer(
    door: &Arc<Door>,
    call: &Call,
    content: Option<Content>,
    day: Day,
    gzip: bool,
) -> Result<Answer, Refusal> {
    let engine = &door.api.engine;
    require_ready(engine.mode, engine.now(), day)?;
    let bill = Bill { content: content.ok_or_else(none)?, day, gzip };
    let text = BillText::new(Arc::clone(engine), &call.merchant.record, bill);
    let digest = digest(&door.digests, text).await.map_err(|fault| of_fault(&fault))?;
    let token = token::issue(&engine.vault, call.mchid(), bill, engine.now().plus_s(URL_LIFE_S));
    Ok(Answer::json(&OfferBody {
        download_url: format!("{}{DOWNLOAD_PATH}?token={token}", door.download_base),
        hash_type: BillDigest::NAME,
        hash_value: digest.ok_or_else(none)?,
    }))
}

/// The digest of a bill; `None` if the bill has no lines. What was begun goes on if the caller goes away, and keeps
/// its place until then.
async fn digest(digests: &Digests, mut text: BillText) -> Result<Option<String>, Fault> {
    let broken = |why: &str| Fault::Broken(format!("digest of a bill: {why}"));
    let place = Arc::clone(&digests.0).acquire_owned().await.map_err(|_| broken("no places"))?;
    let made = spawn_blocking(move || {
        let mut digest = BillDigest::default();
        while let Some(part) = text.next_part()? {
            digest.update(part.as_bytes());
        }
        drop(place);
        Ok((text.lines() > 0).then(|| digest.finish()))
    });
    made.await.map_err(|_| broken("a panic"))?
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetch {
    token: String,
}

/// `GET /v3/billdownload/file`.
fn file(door: &Door, call: &Call, stamp: Stamp) -> Result<Response, Refusal> {
    let Fetch { token } = call.query()?;
    let engine = &door.api.engine;
    let bill = token::read(&engine.vault, call.mchid(), &token, engine.now()).map_err(|bad| match bad {
        token::Bad::Altered => wrong("token", "无效", Location::Query),
        token::Bad::Expired => {
            Refusal::new(Code::InvalidRequest, "账单下载地址已失效，请重新申请账单获取download_url")
        }
    })?;
    let text = BillText::new(Arc::clone(engine), &call.merchant.record, bill);
    // Some SDKs give a text only if the type is this one and nothing more.
    let kind = if bill.gzip { "application/gzip" } else { "text/plain" };
    Ok(stamp.file(kind, body::of(text, bill.gzip)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_ready_a_minute_after_midnight_in_a_sandbox_and_at_ten_in_production() {
        const HOUR_MS: i64 = 3_600 * 1_000;
        let day = Day::parse("2026-01-31").expect("a day of the calendar");
        let code = |mode, after_ms| {
            let found = require_ready(mode, day.end().plus_ms(after_ms), day);
            found.err().map(|refusal| refusal.code)
        };
        for (mode, ready_ms) in [(Mode::Sandbox, 60_000), (Mode::Production, 10 * HOUR_MS)] {
            assert_eq!(code(mode, -1), Some(Code::InvalidRequest), "the day is not over");
            assert_eq!(code(mode, 0), Some(Code::StatementCreating));
            assert_eq!(code(mode, ready_ms - 1), Some(Code::StatementCreating));
            assert_eq!(code(mode, ready_ms), None);
            // April ends 89 days later; three months before the first of May, it is February.
            assert_eq!(code(mode, 89 * 24 * HOUR_MS - 1), None);
            assert_eq!(code(mode, 89 * 24 * HOUR_MS), Some(Code::InvalidRequest));
        }
    }
}
