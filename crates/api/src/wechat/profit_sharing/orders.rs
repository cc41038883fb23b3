//! `/v3/profitsharing/orders`: sharing, unfreezing, and looking both up; and what of an order is left to share.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    error::{Code, InternalCode, Location, Refusal},
    time::rfc3339,
};
use tongbao_core::{
    Facts, Key, Want,
    payment::{Payment, Status},
    profit_sharing::{
        Sharing, SharingOrder, is_asked_for,
        machine::Denied,
        order::{self, NewShare, NewSharingOrder, Shared},
        receiver::{self, ReceiverKind},
    },
    wechat::number,
};

use super::{
    ACCOUNT_CHARS_MAX, DESCRIPTION_CHARS_MAX, NAME_CIPHERTEXT_CHARS_MAX, ReceiverType, invalid, missing,
};
use crate::wechat::{
    Door, Number,
    answer::Answer,
    auth::{Call, unknown_merchant},
    fields::{amount, of_error, of_fault, optional, out_refund_no, text, unexpected, wrong},
    number as path_number, place,
    transfers::sealed_name,
};

/// Receivers of one request.
const RECEIVERS_MAX: usize = 50;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateOrder {
    appid: String,
    transaction_id: String,
    out_order_no: String,
    receivers: Vec<ShareBody>,
    unfreeze_unsplit: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareBody {
    #[serde(rename = "type")]
    kind: ReceiverType,
    account: String,
    name: Option<String>,
    amount: i64,
    description: String,
}

impl CreateOrder {
    fn check(&self, door: &Door) -> Result<(), Refusal> {
        text("/appid", &self.appid, 32)?;
        text("/transaction_id", &self.transaction_id, 32)?;
        out_order_no("/out_order_no", &self.out_order_no, Location::Body)?;
        if !(1..=RECEIVERS_MAX).contains(&self.receivers.len()) {
            return Err(wrong("/receivers", "须有1至50项", Location::Body));
        }
        for (at, share) in self.receivers.iter().enumerate() {
            let field = |name| format!("/receivers/{at}/{name}");
            text(&field("account"), &share.account, ACCOUNT_CHARS_MAX)?;
            optional(&field("name"), share.name.as_ref(), NAME_CIPHERTEXT_CHARS_MAX)?;
            text(&field("description"), &share.description, DESCRIPTION_CHARS_MAX)?;
            amount(&field("amount"), share.amount)?;
            let mut before = self.receivers.iter().take(at);
            if before.any(|other| (other.kind, &other.account) == (share.kind, &share.account)) {
                return Err(wrong(&field("account"), "在同一请求中重复", Location::Body));
            }
            let named = || door.api.engine.wechat_payer(&self.appid, &share.account).is_some();
            if share.kind == ReceiverType::Person && !named() {
                return Err(invalid("appid与openid不匹配"));
            }
        }
        Ok(())
    }
}

/// A number of a request: 1 to 64 digits, letters or characters of `_-|*@`, as a refund's.
pub(super) fn out_order_no(field: &str, value: &str, location: Location) -> Result<(), Refusal> {
    out_refund_no(field, value, location)
}

/// A request as it is answered.
#[derive(Debug, Serialize)]
struct OrderBody {
    transaction_id: String,
    out_order_no: String,
    order_id: String,
    state: &'static str,
    receivers: Vec<SharedBody>,
}

#[derive(Debug, Serialize)]
struct SharedBody {
    amount: i64,
    description: String,
    #[serde(rename = "type")]
    kind: &'static str,
    account: String,
    result: &'static str,
    detail_id: String,
    create_time: String,
    finish_time: String,
}

impl OrderBody {
    fn of(order: &SharingOrder) -> OrderBody {
        let line =
            |amount: i64, description: String, kind: ReceiverKind, account: &str, detail_id| SharedBody {
                amount,
                description,
                kind: kind.name(),
                account: account.to_owned(),
                result: "SUCCESS",
                detail_id,
                create_time: rfc3339(order.created_at),
                finish_time: rfc3339(order.created_at),
            };
        let mut receivers: Vec<SharedBody> = order
            .shares
            .iter()
            .map(|share| {
                let (kind, account) = (share.account.kind(), share.account.text());
                line(share.amount.minor(), share.description.clone(), kind, account, share.detail_id.clone())
            })
            .collect();
        // What was unfrozen is shown as a share of the merchant's own.
        if !order.unfrozen.is_zero() {
            let place = u32::try_from(order.shares.len()).unwrap_or(u32::MAX);
            let detail_id = number::sharing_detail_id(order.id.into(), place);
            let description = order.description.clone().unwrap_or_else(|| "解冻给分账方".to_owned());
            let own = (ReceiverKind::Merchant, order.mchid.as_str());
            receivers.push(line(order.unfrozen.minor(), description, own.0, own.1, detail_id));
        }
        OrderBody {
            transaction_id: order.transaction_id.clone(),
            out_order_no: order.out_order_no.clone(),
            order_id: order.order_id.clone(),
            state: "FINISHED",
            receivers,
        }
    }
}

/// `POST /v3/profitsharing/orders`.
pub(super) async fn create(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let body: CreateOrder = call.json()?;
    // An appid that is not bound has no openids either: the first of the two is the one to mend.
    if !call.merchant.record.appids.contains(&body.appid) {
        return Err(place::not_bound());
    }
    body.check(&door)?;
    let mut shares = Vec::with_capacity(body.receivers.len());
    for share in body.receivers {
        let name = match share.name {
            Some(ciphertext) => Some(sealed_name(&door, &call, "/receivers/name", ciphertext).await?),
            None => None,
        };
        shares.push(NewShare {
            kind: share.kind.kind(),
            account: share.account,
            name,
            amount: amount("/receivers/amount", share.amount)?,
            description: share.description,
        });
    }
    let new = NewSharingOrder {
        mchid: call.mchid().to_owned(),
        transaction_id: body.transaction_id,
        out_order_no: body.out_order_no,
        shares,
        finish: body.unfreeze_unsplit,
        description: None,
    };
    step(&door, &call, new).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unfreeze {
    transaction_id: String,
    out_order_no: String,
    description: String,
}

/// `POST /v3/profitsharing/orders/unfreeze`.
pub(super) async fn unfreeze(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let body: Unfreeze = call.json()?;
    text("/transaction_id", &body.transaction_id, 32)?;
    out_order_no("/out_order_no", &body.out_order_no, Location::Body)?;
    text("/description", &body.description, DESCRIPTION_CHARS_MAX)?;
    let new = NewSharingOrder {
        mchid: call.mchid().to_owned(),
        transaction_id: body.transaction_id,
        out_order_no: body.out_order_no,
        shares: Vec::new(),
        finish: true,
        description: Some(body.description),
    };
    step(&door, &call, new).await
}

/// Everything that fifty receivers need is asked for at once: their relations and identities, then their apps.
fn wanted(door: &Door, call: &Call, new: &NewSharingOrder) -> Result<Vec<Want>, Refusal> {
    let record = &call.merchant.record;
    let mut want = vec![
        Want::Key(Key::WechatMerchant(record.mchid.clone())),
        Want::Key(Key::SharingOrderNo(record.merchant, new.out_order_no.clone())),
        Want::Key(Key::WechatTransaction(new.transaction_id.clone())),
    ];
    for share in &new.shares {
        want.push(Want::Key(receiver::key(&new.mchid, share.kind, &share.account)));
        if share.kind == ReceiverKind::Merchant {
            want.push(Want::Key(Key::WechatMerchant(share.account.clone())));
            let engine = &door.api.engine;
            let known = engine.wechat_merchant(&share.account).map_err(|fault| of_fault(&fault))?;
            let Some(app) = known.map(|known| known.record.app) else { continue };
            want.push(Want::Record(app.into()));
            let found = engine.store.get::<tongbao_core::merchant::App>(app);
            let endpoints = found.map_err(|fault| of_fault(&fault))?.map(|app| app.endpoints);
            want.extend(endpoints.into_iter().flatten().map(|endpoint| Want::Record(endpoint.into())));
        }
    }
    Ok(want)
}

async fn step(door: &Door, call: &Call, new: NewSharingOrder) -> Result<Answer, Refusal> {
    let want = wanted(door, call, &new)?;
    let decide = move |facts: &dyn Facts, cx: &mut _| order::create(facts, cx, &new);
    let shared = door.api.engine.step_wanting(call.input("share_profit"), want, decide).await;
    match shared.map_err(|error| of_error(&error, unexpected))? {
        Shared::Made(order) => Ok(Answer::json(&OrderBody::of(&order))),
        Shared::UnknownMerchant => Err(unknown_merchant()),
        Shared::UnknownPayment => Err(missing("订单不存在")),
        Shared::NotForSharing => Err(not_for_sharing()),
        Shared::Differs => Err(invalid("分账接收方与原请求不一致").numbered(InternalCode::REENTRY_DIFFERS)),
        Shared::NoRelation => Err(invalid("分账接收方关系不存在")),
        Shared::NameDiffers => Err(invalid("微信用户姓名与实名不一致")),
        Shared::Denied(denied) => Err(refused(denied)),
    }
}

fn not_for_sharing() -> Refusal {
    invalid("非分账订单不支持分账")
}

fn refused(denied: Denied) -> Refusal {
    match denied {
        Denied::Finished => invalid("订单已完结分账，不支持分账"),
        Denied::TooSoon => invalid("订单处理中，请稍后重试"),
        Denied::TooMany => Refusal::new(Code::RuleLimit, "分账次数已达上限"),
        Denied::AboveRatio => Refusal::new(Code::RuleLimit, "分账金额超出最大分账比例"),
        Denied::NotEnough => Refusal::new(Code::NotEnough, "分账金额不足").at(400),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfTransaction {
    transaction_id: String,
}

/// `GET /v3/profitsharing/orders/{out_order_no}`.
pub(super) fn get(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let number = path_number("out_order_no", path)?;
    out_order_no("out_order_no", &number, Location::Path)?;
    let of: OfTransaction = call.query()?;
    let key = Key::SharingOrderNo(call.merchant.record.merchant, number);
    let found = door.api.engine.store.find::<SharingOrder>(key).map_err(|fault| of_fault(&fault))?;
    let own = found.filter(|order| order.mchid == call.mchid() && order.transaction_id == of.transaction_id);
    own.map(|order| Answer::json(&OrderBody::of(&order))).ok_or_else(|| missing("分账单不存在"))
}

/// What of an order is left to share.
#[derive(Debug, Serialize)]
struct AmountsBody {
    transaction_id: String,
    unsplit_amount: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoQuery {}

/// `GET /v3/profitsharing/transactions/{transaction_id}/amounts`.
pub(super) fn amounts(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let transaction_id = path_number("transaction_id", path)?;
    let NoQuery {} = call.query()?;
    let store = &door.api.engine.store;
    let key = Key::WechatTransaction(transaction_id.clone());
    let found = store.find::<Payment>(key).map_err(|fault| of_fault(&fault))?;
    let paid = |payment: &Payment| payment.is_order_of(call.mchid()) && payment.status == Status::Succeeded;
    let payment = found.filter(paid).ok_or_else(|| missing("订单不存在"))?;
    if !is_asked_for(&payment) {
        return Err(not_for_sharing());
    }
    let sharing = store.find::<Sharing>(Key::SharingOf(payment.id)).map_err(|fault| of_fault(&fault))?;
    let unsplit_amount = sharing.ok_or_else(not_for_sharing)?.unsplit().minor();
    Ok(Answer::json(&AmountsBody { transaction_id, unsplit_amount }))
}
