//! Refunds of orders.

use serde::{Deserialize, Serialize};
use tongbao_money::Amount;

use super::order;
use crate::{
    ChangeSet, Context, Facts, Key, Stop,
    limits::WECHAT_REFUND_WINDOW_MS,
    payment::{Payment, Status},
    refund::{
        Refund,
        steps::{NewRefund, create_at},
    },
};

/// What the refund of an order remembers beside what every refund has: enough to tell of it without looking at
/// the order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatRefund {
    /// The merchant number.
    pub mchid: String,
    /// The platform's number of it (微信支付退款单号).
    pub refund_id: String,
    /// The platform's number of the order.
    pub transaction_id: String,
    /// The merchant's own number of the order.
    pub out_trade_no: String,
    /// The amount of the order.
    pub total: Amount,
    /// Whether its notifications are signed with the public key, as the order's are.
    #[serde(default)]
    pub by_public_key: bool,
    /// Where its events are sent, if not where the order's are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
}

/// Which order is to be refunded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderName {
    /// By the platform's number.
    TransactionId(String),
    /// By the merchant's own.
    OutTradeNo(String),
}

/// A refund to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrderRefund {
    /// The merchant number.
    pub mchid: String,
    /// Of which order.
    pub order: OrderName,
    /// The merchant's own number of the refund.
    pub out_refund_no: String,
    /// How much.
    pub refund: Amount,
    /// What the merchant takes the order's amount to be.
    pub total: Amount,
    /// Why, for the payer to read.
    pub reason: Option<String>,
    /// Where its events are sent.
    pub notify_url: Option<String>,
}

/// What became of asking for a refund. What every refund may be refused for is a [`crate::Refusal`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was made, now or before.
    Made(Box<Refund>),
    /// There is no such order, or it was not paid.
    UnknownOrder,
    /// The order has another amount.
    TotalDiffers,
    /// The order was paid more than a year ago.
    TooLate,
}

/// Makes a refund, or finds the one that an equal request made.
pub fn create(facts: &dyn Facts, cx: &mut Context, new: &NewOrderRefund) -> Result<(ChangeSet, Asked), Stop> {
    let none = |asked| Ok((ChangeSet::default(), asked));
    let found = match &new.order {
        OrderName::OutTradeNo(number) => order::find(facts, &new.mchid, number)?,
        OrderName::TransactionId(number) => facts
            .find::<Payment>(&Key::WechatTransaction(number.clone()))?
            .filter(|payment| payment.is_order_of(&new.mchid)),
    };
    let paid = found.filter(|payment| payment.status == Status::Succeeded);
    let Some(payment) = paid else { return none(Asked::UnknownOrder) };
    if payment.money.amount != new.total {
        return none(Asked::TotalDiffers);
    }
    let known = facts.key(&Key::RefundNo(payment.merchant, new.out_refund_no.clone()))?.is_some();
    let age_ms = payment.succeeded_at.map_or(0, |paid| cx.at().since_ms(paid));
    if !known && age_ms > WECHAT_REFUND_WINDOW_MS {
        return none(Asked::TooLate);
    }
    let ask = NewRefund {
        payment: payment.id,
        refund_no: new.out_refund_no.clone(),
        amount: new.refund,
        reason: new.reason.clone(),
    };
    let (change, created) = create_at(facts, cx, payment.app, &ask, new.notify_url.as_deref())?;
    Ok((change, Asked::Made(Box::new(created.refund))))
}
