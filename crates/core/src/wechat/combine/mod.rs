//! Combined orders (合单) of WeChat Pay's interface: several payments, of one merchant or of many, that a payer
//! pays at once.
//!
//! ```text
//!   place ──▶ open ── pay ──▶ succeeded        every payment of it, in one step
//!               │ ▲
//!               │ └── held, then failed        (a sandbox's late result)
//!               └── close, expire ──▶ closed
//! ```
//!
//! The record says what belongs together; where it stands is where its payments stand. Each of them is a payment
//! of its own merchant, with that merchant's fee, and is refunded singly.
//!
//! **Invariants.** Until they are paid, the payments of a combined order are all in the same state, and have
//! equally many attempts: nothing begins, ends, closes or expires one of them without the others. All of them
//! are paid or none is.
//!
//! **Absent on purpose:** paying through a channel. A channel takes one sum for one payment; taking several and
//! giving some of them back would not be "all or none".

mod place;
mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Currency, Money};

use super::{
    number::PrepayCode,
    order::{self, Prepay, PrepayOver, TradeType},
};
use crate::{
    Facts, Key, Refusal, Stop, Time,
    id::{AppId, PayerId, PaymentId, WechatCombinedOrderId},
    payment::{Payment, steps::known},
};

pub use place::{NewCombinedOrder, NewSubOrder, Placed, place};
pub use steps::{Closed, PayCombined, ProveCombined, close, pay, pay_proven, prove, send_code, take_back};
pub(crate) use steps::{expire, hear};

/// What was asked for when a combined order was placed, beside its parts. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CombinedTerms {
    /// The merchant number of who combines (`combine_mchid`).
    pub mchid: String,
    /// For which official account, mini program or app.
    pub appid: String,
    /// The number of the whole (`combine_out_trade_no`).
    pub out_trade_no: String,
    /// Where it is paid.
    pub trade_type: TradeType,
    /// Who is to pay it, as that app names its users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// Where the payer is, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene_info: Option<String>,
    /// The till's number, from the scene.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Where its one notification goes.
    pub notify_url: String,
}

/// A part of a combined order (子单): which payment it is, and under which numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubOrder {
    /// The merchant number of who is paid.
    pub mchid: String,
    /// That merchant's number of it.
    pub out_trade_no: String,
    /// The payment.
    pub payment: PaymentId,
}

/// A combined order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatCombinedOrder {
    /// Its id.
    pub id: WechatCombinedOrderId,
    /// How often it changed.
    pub version: u32,
    /// The app of who combines: its notification is that app's.
    pub app: AppId,
    /// What was asked for.
    pub terms: CombinedTerms,
    /// Its parts, in the order in which they were asked for.
    pub sub_orders: Vec<SubOrder>,
    /// Who alone may pay it, if the merchant named an openid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<PayerId>,
    /// Whether who placed it verifies with the public key. Its notification is then signed with that.
    #[serde(default)]
    pub by_public_key: bool,
    /// Names it in prepay codes.
    pub prepay_token: String,
    /// How many prepay codes it was given.
    pub prepays: u16,
    /// When the latest of them were given, oldest first.
    pub prepaid_at: Vec<Time>,
    /// When it was placed.
    pub created_at: Time,
}

impl WechatCombinedOrder {
    /// The code to pay it with, given last.
    pub fn prepay(&self) -> Prepay {
        order::latest_prepay(&self.prepay_token, self.prepays, &self.prepaid_at)
    }

    /// Whether this code leads to it now.
    pub fn check_code(&self, code: &PrepayCode, at: Time) -> Result<(), PrepayOver> {
        order::check_code(self.terms.trade_type, self.prepays, &self.prepaid_at, code, at)
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![
            Key::WechatCombinedOrder(self.terms.mchid.clone(), self.terms.out_trade_no.clone()),
            Key::WechatPrepay(self.prepay_token.clone()),
        ]
    }

    /// Its payments, in its order.
    pub fn payments(&self, facts: &dyn Facts) -> Result<Vec<Payment>, Stop> {
        self.sub_orders.iter().map(|sub| known(facts, sub.payment).cloned()).collect()
    }
}

/// A combined order with its payments as they were: what its notification tells of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CombinedPicture {
    /// The order.
    pub order: WechatCombinedOrder,
    /// Its payments, in its order.
    pub payments: Vec<Payment>,
}

/// What all of these payments come to. Ten of them are far below what an amount can be.
pub fn total(payments: &[Payment]) -> Money {
    let sum = payments.iter().try_fold(Amount::ZERO, |sum, payment| sum.plus(payment.money.amount));
    let currency = payments.first().map_or(Currency::CNY, |first| first.money.currency);
    Money { amount: sum.unwrap_or(Amount::MAX), currency }
}

/// The combined order with this id.
pub fn by_id(facts: &dyn Facts, id: WechatCombinedOrderId) -> Result<&WechatCombinedOrder, Stop> {
    Ok(facts.get::<WechatCombinedOrder>(id)?.ok_or(Refusal::NotFound("combined order"))?)
}

/// The combined order of this merchant number with this number of its own.
pub fn find<'a>(
    facts: &'a dyn Facts,
    mchid: &str,
    out_trade_no: &str,
) -> Result<Option<&'a WechatCombinedOrder>, Stop> {
    let key = Key::WechatCombinedOrder(mchid.to_owned(), out_trade_no.to_owned());
    Ok(facts.find::<WechatCombinedOrder>(&key)?)
}

/// The refusal of whatever would change a part of a combined order without the others.
pub(crate) fn refuse_alone(payment: &Payment) -> Result<(), Refusal> {
    match payment.combined() {
        Some(_) => Err(Refusal::Invalid {
            param: "payment",
            must: "no part of a combined order, which is paid and closed as a whole",
        }),
        None => Ok(()),
    }
}
