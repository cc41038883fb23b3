//! Placing a combined order, and placing it again.

use std::collections::{BTreeMap, BTreeSet};

use tongbao_money::{Amount, Currency, Money};

use super::{CombinedTerms, SubOrder, WechatCombinedOrder, find};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayerId, WechatCombinedOrderId},
    limits::{WECHAT_COMBINED_SUB_ORDERS_MAX, WECHAT_COMBINED_SUB_ORDERS_MIN, WECHAT_SUB_ORDER_AMOUNT_MAX},
    merchant as merchants,
    payment::{
        Payment, Status,
        create::{NewPayment, make},
    },
    wechat::{
        WechatMerchant, merchant, number,
        order::{OrderTerms, WechatOrder, opening, with_prepay},
    },
};

/// A part to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSubOrder {
    /// The merchant number of who is paid.
    pub mchid: String,
    /// That merchant's number of it.
    pub out_trade_no: String,
    /// How much, in fen.
    pub amount: Amount,
    /// What for.
    pub description: String,
    /// Given back with the payment.
    pub attach: String,
    /// For coupons.
    pub goods_tag: Option<String>,
    /// The goods, as the merchant wrote them.
    pub detail: Option<String>,
    /// Whether the money is to be shared.
    pub profit_sharing: Option<bool>,
}

/// A combined order to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCombinedOrder {
    /// What is asked for, beside its parts.
    pub terms: CombinedTerms,
    /// Its parts.
    pub sub_orders: Vec<NewSubOrder>,
    /// Whom the openid names.
    pub payer: Option<PayerId>,
    /// Whether who places it verifies with the public key.
    pub by_public_key: bool,
    /// Until when it may be paid.
    pub time_expire: Option<Time>,
}

/// What became of placing a combined order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It can be paid: it is new, or the same was asked for again and has a fresh prepay code.
    Ready(Box<WechatCombinedOrder>),
    /// There is no merchant with this number.
    UnknownMerchant(String),
    /// The appid is not bound to the merchant with this number.
    AppidNotBound(String),
    /// The number of the whole was used with other parameters.
    Differs,
    /// The same, and what differs is only whether money is to be shared.
    SettlementDiffers,
    /// This number of a part is used by another order or payment.
    Taken(String),
    /// It is paid.
    Paid,
    /// It is closed, or its time is over.
    Over,
    /// It was placed again more often than there are codes.
    TooOften,
}

impl NewSubOrder {
    /// What its payment remembers as an order.
    fn terms(&self, whole: &CombinedTerms) -> OrderTerms {
        OrderTerms {
            mchid: self.mchid.clone(),
            appid: whole.appid.clone(),
            trade_type: whole.trade_type,
            openid: whole.openid.clone(),
            attach: Some(self.attach.clone()),
            goods_tag: self.goods_tag.clone(),
            support_fapiao: None,
            detail: self.detail.clone(),
            scene_info: None,
            device_id: whole.device_id.clone(),
            profit_sharing: self.profit_sharing,
        }
    }

    fn payment(&self, expires_in_s: i64) -> NewPayment {
        NewPayment {
            order_no: self.out_trade_no.clone(),
            money: Money { amount: self.amount, currency: Currency::CNY },
            description: self.description.clone(),
            items: Vec::new(),
            metadata: BTreeMap::new(),
            // The whole has an address, its parts have none.
            notify_url: None,
            return_url: None,
            expires_in_s,
        }
    }
}

impl NewCombinedOrder {
    fn check(&self) -> Result<(), Refusal> {
        let invalid = |param, must| Err(Refusal::Invalid { param, must });
        let count = WECHAT_COMBINED_SUB_ORDERS_MIN..=WECHAT_COMBINED_SUB_ORDERS_MAX;
        if !count.contains(&self.sub_orders.len()) {
            return invalid("sub_orders", "from 2 to 10 orders");
        }
        if self.sub_orders.iter().any(|sub| sub.amount > WECHAT_SUB_ORDER_AMOUNT_MAX) {
            return invalid("sub_orders", "orders of at most 10 million yuan each");
        }
        self.sub_orders.iter().try_for_each(|sub| sub.payment(0).check_content())
    }
}

/// Places a combined order: all its payments in one step; or gives the one that was placed before a fresh prepay
/// code.
pub fn place(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewCombinedOrder,
) -> Result<(ChangeSet, Placed), Stop> {
    new.check()?;
    let combiner = match known(facts, &new.terms.mchid, &new.terms.appid)? {
        Ok(combiner) => combiner,
        Err(placed) => return Ok((ChangeSet::default(), placed)),
    };
    if let Some(earlier) = find(facts, &new.terms.mchid, &new.terms.out_trade_no)? {
        return place_again(facts, cx, earlier, new);
    }
    let merchants = match free(facts, new)? {
        Ok(merchants) => merchants,
        Err(placed) => return Ok((ChangeSet::default(), placed)),
    };
    let now = cx.at();
    let (time_expire, expires_in_s) = opening(now, new.time_expire);
    let id: WechatCombinedOrderId = cx.draw();
    let mut change = ChangeSet::default();
    let mut sub_orders = Vec::with_capacity(merchants.len());
    for (sub, merchant) in new.sub_orders.iter().zip(merchants) {
        let app = merchants::app(facts, merchant.app)?;
        let made = make(facts, cx, &mut change, app, &sub.payment(expires_in_s), |facts, payment| {
            Ok(Some(Box::new(WechatOrder {
                terms: sub.terms(&new.terms),
                payer: new.payer,
                by_public_key: new.by_public_key,
                time_expire,
                transaction_id: number::transaction_id(facts, payment.into())?,
                // The whole has prepay codes, its parts have none.
                prepay_token: String::new(),
                prepays: 0,
                prepaid_at: Vec::new(),
                combined: Some(id),
                code: None,
            })))
        })?;
        sub_orders.push(SubOrder {
            mchid: sub.mchid.clone(),
            out_trade_no: sub.out_trade_no.clone(),
            payment: made.id,
        });
    }
    let order = WechatCombinedOrder {
        id,
        version: 1,
        app: combiner.app,
        terms: new.terms.clone(),
        sub_orders,
        payer: new.payer,
        by_public_key: new.by_public_key,
        prepay_token: number::prepay_token(facts, id.into())?,
        prepays: 1,
        prepaid_at: vec![now],
        created_at: now,
    };
    change.put(order.clone());
    Ok((change, Placed::Ready(Box::new(order))))
}

/// The merchant with this number, if this appid is bound to it.
fn known<'a>(
    facts: &'a dyn Facts,
    mchid: &str,
    appid: &str,
) -> Result<Result<&'a WechatMerchant, Placed>, Stop> {
    let merchant = match merchant::known(facts, mchid) {
        Err(Stop::Refuse(Refusal::NotFound(_))) => {
            return Ok(Err(Placed::UnknownMerchant(mchid.to_owned())));
        }
        known => known?,
    };
    let bound = merchant.appids.iter().any(|bound| bound == appid);
    Ok(if bound { Ok(merchant) } else { Err(Placed::AppidNotBound(mchid.to_owned())) })
}

/// The merchants of the parts, if all their numbers are free.
fn free<'a>(
    facts: &'a dyn Facts,
    new: &NewCombinedOrder,
) -> Result<Result<Vec<&'a WechatMerchant>, Placed>, Stop> {
    let mut merchants = Vec::with_capacity(new.sub_orders.len());
    let mut numbers = BTreeSet::new();
    for sub in &new.sub_orders {
        let merchant = match known(facts, &sub.mchid, &new.terms.appid)? {
            Ok(merchant) => merchant,
            Err(placed) => return Ok(Err(placed)),
        };
        // A merchant has one space of numbers, also when it has several merchant numbers.
        let number = Key::OrderNo(merchant.merchant, sub.out_trade_no.clone());
        if !numbers.insert((merchant.merchant, &sub.out_trade_no)) || facts.key(&number)?.is_some() {
            return Ok(Err(Placed::Taken(sub.out_trade_no.clone())));
        }
        merchants.push(merchant);
    }
    Ok(Ok(merchants))
}

/// The rules of re-entry: first what became of the order, then whether it is the same.
fn place_again(
    facts: &dyn Facts,
    cx: &Context,
    earlier: &WechatCombinedOrder,
    new: &NewCombinedOrder,
) -> Result<(ChangeSet, Placed), Stop> {
    let none = |placed| Ok((ChangeSet::default(), placed));
    let payments = earlier.payments(facts)?;
    for payment in &payments {
        match payment.status {
            Status::Succeeded => return none(Placed::Paid),
            Status::Closed => return none(Placed::Over),
            Status::Open | Status::Processing if cx.at() >= payment.payable_until() => {
                return none(Placed::Over);
            }
            Status::Open | Status::Processing => {}
        }
    }
    match compare(&payments, earlier, new) {
        Compared::Same => {}
        Compared::Settlement => return none(Placed::SettlementDiffers),
        Compared::Other => return none(Placed::Differs),
    }
    let Some((prepays, prepaid_at)) = with_prepay(earlier.prepays, &earlier.prepaid_at, cx.at()) else {
        return none(Placed::TooOften);
    };
    let version = earlier.version.saturating_add(1);
    let order = WechatCombinedOrder { version, prepays, prepaid_at, ..earlier.clone() };
    let mut change = ChangeSet::default();
    change.put(order.clone());
    Ok((change, Placed::Ready(Box::new(order))))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    Same,
    Settlement,
    Other,
}

/// Whether the same is asked for, in the same order. `time_expire` is not compared: the first one stands.
fn compare(payments: &[Payment], earlier: &WechatCombinedOrder, new: &NewCombinedOrder) -> Compared {
    if earlier.terms != new.terms || payments.len() != new.sub_orders.len() {
        return Compared::Other;
    }
    let mut compared = Compared::Same;
    for (payment, sub) in payments.iter().zip(&new.sub_orders) {
        let Some(order) = &payment.wechat else { return Compared::Other };
        let terms = sub.terms(&new.terms);
        let settled = OrderTerms { profit_sharing: order.terms.profit_sharing, ..terms.clone() };
        let same = order.terms == settled
            && payment.order_no == sub.out_trade_no
            && payment.money.amount == sub.amount
            && payment.description == sub.description;
        if !same {
            return Compared::Other;
        }
        if order.terms != terms {
            compared = Compared::Settlement;
        }
    }
    compared
}
