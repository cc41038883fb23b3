//! `/v3/refund/domestic/refunds`: making a refund, and looking one up.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    error::{Code, InternalCode, Location, Refusal},
    time::rfc3339,
};
use tongbao_core::{
    Facts, Key, Refusal as CoreRefusal,
    refund::{Refund, RefundStatus, Target},
    wechat::refund::{self, Asked, NewOrderRefund, OrderName},
};

use super::{
    Door, Number,
    answer::Answer,
    auth::Call,
    fields::{
        amount, currency, notify_url, of_error, of_fault, optional, out_refund_no, out_trade_no, text,
        unexpected, wrong,
    },
    number,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateRefund {
    transaction_id: Option<String>,
    out_trade_no: Option<String>,
    out_refund_no: String,
    reason: Option<String>,
    notify_url: Option<String>,
    funds_account: Option<FundsAccount>,
    amount: RefundAmount,
    goods_detail: Option<Vec<RefundedGoods>>,
}

/// Where the merchant wants the money taken from. It is always taken from what is not settled yet.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum FundsAccount {
    Available,
    Unsettled,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundAmount {
    refund: i64,
    total: i64,
    currency: String,
    from: Option<Vec<Source>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    account: SourceAccount,
    amount: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum SourceAccount {
    Available,
    Unavailable,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefundedGoods {
    merchant_goods_id: String,
    wechatpay_goods_id: Option<String>,
    goods_name: Option<String>,
    unit_price: i64,
    refund_amount: i64,
    refund_quantity: u32,
}

impl CreateRefund {
    fn read(self, door: &Door, mchid: &str) -> Result<NewOrderRefund, Refusal> {
        out_refund_no("/out_refund_no", &self.out_refund_no, Location::Body)?;
        optional("/reason", self.reason.as_ref(), 80)?;
        if let Some(url) = &self.notify_url {
            notify_url("/notify_url", url, door.api.engine.mode.webhook_policy())?;
        }
        currency("/amount/currency", &self.amount.currency)?;
        let refund = amount("/amount/refund", self.amount.refund)?;
        let total = amount("/amount/total", self.amount.total)?;
        match self.funds_account {
            None | Some(FundsAccount::Available | FundsAccount::Unsettled) => {}
        }
        self.amount.check_sources()?;
        for (at, goods) in self.goods_detail.iter().flatten().enumerate() {
            goods.check(at)?;
        }
        // The platform's number wins if both are there.
        let order = match (self.transaction_id, self.out_trade_no) {
            (Some(number), _) => {
                text("/transaction_id", &number, 32)?;
                OrderName::TransactionId(number)
            }
            (None, Some(number)) => {
                out_trade_no("/out_trade_no", &number, Location::Body)?;
                OrderName::OutTradeNo(number)
            }
            (None, None) => return Err(Refusal::missing("/transaction_id", Location::Body)),
        };
        let (mchid, out_refund_no) = (mchid.to_owned(), self.out_refund_no);
        let (reason, notify_url) = (self.reason, self.notify_url);
        Ok(NewOrderRefund { mchid, order, out_refund_no, refund, total, reason, notify_url })
    }
}

impl RefundAmount {
    fn check_sources(&self) -> Result<(), Refusal> {
        let Some(from) = &self.from else { return Ok(()) };
        let amounts = from.iter().map(|source| match source.account {
            SourceAccount::Available | SourceAccount::Unavailable => source.amount,
        });
        let sum = amounts.fold(0_i64, i64::saturating_add);
        let positive = from.iter().all(|source| source.amount > 0);
        if positive && sum == self.refund {
            return Ok(());
        }
        Err(wrong("/amount/from", "的金额之和须等于退款金额", Location::Body))
    }
}

impl RefundedGoods {
    fn check(&self, at: usize) -> Result<(), Refusal> {
        let field = |name| format!("/goods_detail/{at}/{name}");
        text(&field("merchant_goods_id"), &self.merchant_goods_id, 32)?;
        optional(&field("wechatpay_goods_id"), self.wechatpay_goods_id.as_ref(), 32)?;
        optional(&field("goods_name"), self.goods_name.as_ref(), 256)?;
        if self.unit_price < 0 || self.refund_amount < 0 {
            return Err(wrong(&field("refund_amount"), "不能为负数", Location::Body));
        }
        if self.refund_quantity == 0 {
            return Err(wrong(&field("refund_quantity"), "须为大于0的整数", Location::Body));
        }
        Ok(())
    }
}

/// A refund as queries answer it.
#[derive(Debug, Serialize)]
struct RefundBody {
    amount: AmountBody,
    channel: &'static str,
    create_time: String,
    funds_account: &'static str,
    out_refund_no: String,
    out_trade_no: String,
    /// Always empty: there are no coupons here.
    promotion_detail: [(); 0],
    refund_id: String,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_time: Option<String>,
    transaction_id: String,
    user_received_account: &'static str,
}

#[derive(Debug, Serialize)]
struct AmountBody {
    currency: &'static str,
    discount_refund: i64,
    from: [(); 0],
    payer_refund: i64,
    payer_total: i64,
    refund: i64,
    settlement_refund: i64,
    settlement_total: i64,
    total: i64,
}

/// A refund as notifications tell it: `refund_status` where queries say `status`.
#[derive(Debug, Serialize)]
pub(super) struct RefundNotice {
    mchid: String,
    out_trade_no: String,
    transaction_id: String,
    out_refund_no: String,
    refund_id: String,
    refund_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_time: Option<String>,
    amount: NoticeAmount,
    user_received_account: &'static str,
}

#[derive(Debug, Serialize)]
struct NoticeAmount {
    total: i64,
    refund: i64,
    payer_total: i64,
    payer_refund: i64,
}

fn status(refund: &Refund) -> &'static str {
    match refund.status {
        RefundStatus::Accepted | RefundStatus::Processing => "PROCESSING",
        RefundStatus::Succeeded => "SUCCESS",
        RefundStatus::Failed => "CLOSED",
        RefundStatus::Abnormal => "ABNORMAL",
    }
}

/// Where the payer finds the money.
fn received(refund: &Refund) -> &'static str {
    match refund.target {
        Target::Balance(_) => "支付用户零钱",
        Target::Channel(tongbao_core::ledger::Channel::SandboxBank) => "沙箱银行储蓄卡",
    }
}

impl RefundBody {
    fn of(refund: &Refund) -> Option<RefundBody> {
        let order = refund.wechat.as_ref()?;
        let (total, part) = (order.total.minor(), refund.money.amount.minor());
        Some(RefundBody {
            amount: AmountBody {
                currency: "CNY",
                discount_refund: 0,
                from: [],
                payer_refund: part,
                payer_total: total,
                refund: part,
                settlement_refund: part,
                settlement_total: total,
                total,
            },
            channel: "ORIGINAL",
            create_time: rfc3339(refund.created_at),
            funds_account: "UNSETTLED",
            out_refund_no: refund.refund_no()?.to_owned(),
            out_trade_no: order.out_trade_no.clone(),
            promotion_detail: [],
            refund_id: order.refund_id.clone(),
            status: status(refund),
            success_time: refund.succeeded_at.map(rfc3339),
            transaction_id: order.transaction_id.clone(),
            user_received_account: received(refund),
        })
    }
}

impl RefundNotice {
    /// `None` for a refund of a payment that is no order of this interface.
    pub(super) fn of(refund: &Refund) -> Option<RefundNotice> {
        let order = refund.wechat.as_ref()?;
        let (total, part) = (order.total.minor(), refund.money.amount.minor());
        Some(RefundNotice {
            mchid: order.mchid.clone(),
            out_trade_no: order.out_trade_no.clone(),
            transaction_id: order.transaction_id.clone(),
            out_refund_no: refund.refund_no()?.to_owned(),
            refund_id: order.refund_id.clone(),
            refund_status: status(refund),
            success_time: refund.succeeded_at.map(rfc3339),
            amount: NoticeAmount { total, refund: part, payer_total: total, payer_refund: part },
            user_received_account: received(refund),
        })
    }
}

fn missing(what: &'static str) -> Refusal {
    Refusal::new(Code::ResourceNotExists, what)
}

/// `POST /v3/refund/domestic/refunds`.
pub(super) async fn create(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let new = call.json::<CreateRefund>()?.read(&door, call.mchid())?;
    let decide = move |facts: &dyn Facts, cx: &mut _| refund::create(facts, cx, &new);
    let asked = door.api.engine.step(call.input("create_order_refund"), decide).await;
    match asked.map_err(|error| of_error(&error, refused))? {
        Asked::Made(refund) => {
            let body = RefundBody::of(&refund);
            body.map(|body| Answer::json(&body)).ok_or_else(|| missing("退款单不存在"))
        }
        Asked::UnknownOrder => Err(missing("订单不存在")),
        Asked::TotalDiffers => Err(differs()),
        Asked::TooLate => Err(Refusal::new(Code::InvalidRequest, "订单已超过可退款的最大期限")),
    }
}

fn differs() -> Refusal {
    Refusal::new(Code::InvalidRequest, "订单金额或退款金额与之前请求不一致，请核实后再试")
        .numbered(InternalCode::REENTRY_DIFFERS)
}

/// What a refusal of the core means to who asks for a refund.
fn refused(refusal: &CoreRefusal) -> Refusal {
    let invalid = |text: &'static str| Refusal::new(Code::InvalidRequest, text);
    match refusal {
        CoreRefusal::NotFound(_) | CoreRefusal::NotPaid | CoreRefusal::PaymentProcessing => {
            missing("订单不存在")
        }
        CoreRefusal::RefundNoUsed(_) => differs(),
        CoreRefusal::RefundTooLarge { left: 0 } => invalid("订单已全额退款"),
        CoreRefusal::RefundTooLarge { .. } => invalid("申请退款金额超过订单可退金额"),
        CoreRefusal::TooManyRefunds => invalid("单个订单的退款次数已达上限"),
        CoreRefusal::MerchantBalance => Refusal::new(Code::NotEnough, "基本账户余额不足，请充值后重新发起"),
        other => unexpected(other),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoQuery {}

/// `GET /v3/refund/domestic/refunds/{out_refund_no}`.
pub(super) fn get(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("out_refund_no", path)?;
    out_refund_no("out_refund_no", &number, Location::Path)?;
    let NoQuery {} = call.query()?;
    let key = Key::RefundNo(call.merchant.record.merchant, number);
    let found = door.api.engine.store.find::<Refund>(key).map_err(|fault| of_fault(&fault))?;
    let own = found.filter(|refund| refund.wechat.as_ref().is_some_and(|order| order.mchid == call.mchid()));
    let body = own.and_then(|refund| RefundBody::of(&refund));
    body.map(|body| Answer::json(&body)).ok_or_else(|| missing("退款单不存在"))
}
