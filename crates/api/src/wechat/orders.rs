//! Orders as merchants see them: `GET /v3/pay/transactions/…`, closing one, and the content of notifications.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    error::{Code, InternalCode, Location, Refusal},
    time::rfc3339,
};
use tongbao_core::{
    Facts, Key, Time,
    payment::{Payment, Status},
    wechat::{
        codepay::{self, CodeState},
        order::{self, Closed},
    },
};
use tongbao_engine::Engine;

use super::{
    Door, Number,
    answer::Answer,
    auth::Call,
    fields::{of_error, of_fault, out_trade_no, unexpected},
    number,
};

/// What every payment that did not come from a bank card has as its bank.
pub(super) const BANK_TYPE: &str = "OTHERS";

/// An order, as queries answer it and notifications tell it.
#[derive(Debug, Serialize)]
pub(super) struct TransactionBody {
    amount: AmountBody,
    appid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_type: Option<&'static str>,
    mchid: String,
    out_trade_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<PayerBody>,
    /// Always empty: there are no coupons here.
    #[serde(skip_serializing_if = "Option::is_none")]
    promotion_detail: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_time: Option<String>,
    trade_state: &'static str,
    trade_state_desc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct AmountBody {
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer_currency: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer_total: Option<i64>,
    total: i64,
}

#[derive(Debug, Serialize)]
pub(super) struct PayerBody {
    pub(super) openid: String,
}

#[derive(Debug, Serialize)]
pub(super) struct SceneBody {
    pub(super) device_id: String,
}

/// The state of an order and what it is called. One that is being paid is not paid.
pub(super) fn state(payment: &Payment, now: Time) -> (&'static str, &'static str) {
    match codepay::state(payment, now) {
        Some(CodeState::Paying) => return ("USERPAYING", "用户支付中，需要输入密码"),
        Some(CodeState::Failed) => return ("PAYERROR", "支付失败，请用户刷新付款码后重新扫码"),
        Some(CodeState::Reversed) => return ("REVOKED", "订单已撤销"),
        Some(CodeState::Paid | CodeState::Closed) | None => {}
    }
    match payment.status {
        Status::Open | Status::Processing => ("NOTPAY", "订单未支付"),
        Status::Closed => ("CLOSED", "订单已关闭"),
        Status::Succeeded if !payment.refund_claimed.is_zero() => ("REFUND", "订单发生过退款"),
        Status::Succeeded => ("SUCCESS", "支付成功"),
    }
}

impl TransactionBody {
    /// `None` for a payment that is no order of this interface.
    pub(super) fn of(engine: &Engine, payment: &Payment) -> Option<TransactionBody> {
        let order = payment.wechat.as_ref()?;
        let terms = &order.terms;
        let paid = payment.paid_by();
        let openid = paid.map(|attempt| match &terms.openid {
            Some(openid) => openid.clone(),
            None => engine.wechat_openid(&terms.appid, attempt.payer),
        });
        let (trade_state, trade_state_desc) = state(payment, engine.now());
        let from_code = order.code.is_some();
        let total = payment.money.amount.minor();
        Some(TransactionBody {
            amount: AmountBody {
                currency: "CNY",
                payer_currency: paid.map(|_| "CNY"),
                payer_total: paid.map(|_| total),
                total,
            },
            appid: terms.appid.clone(),
            attach: paid.and_then(|_| terms.attach.clone()),
            bank_type: paid.map(|_| BANK_TYPE),
            mchid: terms.mchid.clone(),
            out_trade_no: payment.order_no.clone(),
            payer: openid.map(|openid| PayerBody { openid }),
            promotion_detail: paid.map(|_| []),
            scene_info: terms.device_id.clone().map(|device_id| SceneBody { device_id }),
            success_time: payment.succeeded_at.map(rfc3339),
            trade_state,
            trade_state_desc,
            trade_type: (paid.is_some() || from_code).then(|| terms.trade_type.name()),
            transaction_id: paid.map(|_| order.transaction_id.clone()),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfMerchant {
    mchid: String,
}

/// There is no such order.
pub(super) fn not_exist() -> Refusal {
    Refusal::new(Code::OrderNotExist, "订单不存在")
}

fn show(door: &Door, call: &Call, key: Key, paid_only: bool) -> Result<Answer, Refusal> {
    call.require_own(&call.query::<OfMerchant>()?.mchid)?;
    let engine = &door.api.engine;
    let found = engine.store.find::<Payment>(key).map_err(|fault| of_fault(&fault))?;
    let payment = found.filter(|payment| {
        payment.is_single_order_of(call.mchid()) && (!paid_only || payment.status == Status::Succeeded)
    });
    let body = payment.and_then(|payment| TransactionBody::of(engine, &payment));
    body.map(|body| Answer::json(&body)).ok_or_else(not_exist)
}

/// `GET /v3/pay/transactions/id/{transaction_id}`. An order that was not paid has no such number yet.
pub(super) fn get_by_id(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let id = number("transaction_id", path)?;
    show(door, call, Key::WechatTransaction(id), true)
}

/// `GET /v3/pay/transactions/out-trade-no/{out_trade_no}`.
pub(super) fn get(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("out_trade_no", path)?;
    out_trade_no("out_trade_no", &number, Location::Path)?;
    show(door, call, Key::OrderNo(call.merchant.record.merchant, number), false)
}

/// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`.
pub(super) async fn close(door: Arc<Door>, call: Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("out_trade_no", path)?;
    out_trade_no("out_trade_no", &number, Location::Path)?;
    call.require_own(&call.json::<OfMerchant>()?.mchid)?;
    let mchid = call.mchid().to_owned();
    let decide = move |facts: &dyn Facts, cx: &mut _| order::close(facts, cx, &mchid, &number);
    let closed = door.api.engine.step(call.input("close_order"), decide).await;
    match closed.map_err(|error| of_error(&error, unexpected))? {
        Closed::Done => Ok(Answer::nothing()),
        Closed::Unknown => Err(not_exist()),
        Closed::Paid => Err(Refusal::new(Code::OrderPaid, "订单已支付")),
        Closed::MustReverse => {
            Err(Refusal::new(Code::InvalidRequest, "付款码支付订单不支持关单，请使用撤销接口")
                .numbered(InternalCode::CLOSE_NOT_ALLOWED))
        }
        // 202 is what old pages have for it, which clients would take for success.
        Closed::Paying => Err(Refusal::new(Code::UserPaying, "用户支付中，请稍后再试").at(400)),
    }
}
