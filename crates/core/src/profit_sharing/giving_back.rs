//! Returns (分账回退): a merchant that received a share gives some of it back.

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Money};

use super::{
    GIVEN_BACK_WITHIN_MS, RETURNS_PER_ORDER_MAX, SharingOrder,
    order::{ReceivedShare, Share, announce},
    receiver::ReceiverAccount,
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    event::EventKind,
    id::{MerchantId, SharingOrderId, SharingReturnId},
    ledger::{Account, template},
    payment::create::is_order_no,
    wechat::{merchant, number},
};

/// What came of a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnResult {
    /// The merchant that shares has the money.
    Succeeded,
    /// The receiver has not that much. The number is spent.
    BalanceNotEnough,
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingReturn {
    /// Its id.
    pub id: SharingReturnId,
    /// Always 1: a return is done or has failed when it is made.
    pub version: u32,
    /// Who gets the money back.
    pub merchant: MerchantId,
    /// Of which request.
    pub order: SharingOrderId,
    /// The platform's number of the request.
    pub order_id: String,
    /// The merchant's own number of the request.
    pub out_order_no: String,
    /// The merchant's own number.
    pub out_return_no: String,
    /// The platform's number (微信回退单号).
    pub return_id: String,
    /// Who gives it back.
    pub return_mchid: String,
    /// How much.
    pub money: Money,
    /// Why.
    pub description: String,
    /// What came of it.
    pub result: ReturnResult,
    /// When it was made.
    pub created_at: Time,
}

impl SharingReturn {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::SharingReturnNo(self.merchant, self.out_return_no.clone())]
    }
}

/// Which request a return is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrderName {
    /// By the platform's number.
    OrderId(String),
    /// By the merchant's own.
    OutOrderNo(String),
}

/// A return to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReturn {
    /// The merchant number that shares.
    pub mchid: String,
    /// Of which request.
    pub order: OrderName,
    /// The merchant's own number.
    pub out_return_no: String,
    /// The merchant number that gives it back.
    pub return_mchid: String,
    /// How much.
    pub amount: Amount,
    /// Why.
    pub description: String,
}

/// What became of asking for a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// It was made, now or before; whether it succeeded is in it.
    Made(Box<SharingReturn>),
    /// There is no such merchant.
    UnknownMerchant,
    /// There is no such request.
    UnknownOrder,
    /// The number was used with other content.
    Differs,
    /// That merchant number received nothing by this request.
    NoShare,
    /// More than the receiver still has of this share.
    TooLarge,
    /// There were 50 returns of this request.
    TooMany,
    /// The request is older than 180 days.
    TooLate,
}

/// Makes a return, or finds the one that an equal request made.
pub fn create(facts: &dyn Facts, cx: &mut Context, new: &NewReturn) -> Result<(ChangeSet, Returned), Stop> {
    let none = |returned| Ok((ChangeSet::default(), returned));
    if !is_order_no(&new.out_return_no) || new.amount.is_zero() {
        return Err(Refusal::Invalid { param: "out_return_no", must: "a number and an amount" }.into());
    }
    let merchant = match merchant::known(facts, &new.mchid) {
        Err(Stop::Refuse(Refusal::NotFound(_))) => return none(Returned::UnknownMerchant),
        known => known?.merchant,
    };
    let Some(order) = find(facts, merchant, new)? else { return none(Returned::UnknownOrder) };
    let number = Key::SharingReturnNo(merchant, new.out_return_no.clone());
    if let Some(earlier) = facts.find::<SharingReturn>(&number)? {
        let made = || Returned::Made(Box::new(earlier.clone()));
        return none(if is_same(earlier, order, new) { made() } else { Returned::Differs });
    }
    let found = order.shares.iter().enumerate().find_map(|(place, share)| match &share.account {
        ReceiverAccount::Merchant { mchid, merchant } if *mchid == new.return_mchid => {
            Some((place, share, *merchant))
        }
        ReceiverAccount::Merchant { .. } | ReceiverAccount::Payer { .. } => None,
    });
    let Some((place, share, receiver)) = found else { return none(Returned::NoShare) };
    let left = share.amount.minus(share.returned).unwrap_or_default();
    if new.amount > left {
        return none(Returned::TooLarge);
    }
    if order.returns >= RETURNS_PER_ORDER_MAX {
        return none(Returned::TooMany);
    }
    if cx.at().since_ms(order.created_at) > GIVEN_BACK_WITHIN_MS {
        return none(Returned::TooLate);
    }
    make(facts, cx, new, order, (place, receiver))
}

fn make(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewReturn,
    order: &SharingOrder,
    (place, receiver): (usize, MerchantId),
) -> Result<(ChangeSet, Returned), Stop> {
    let id: SharingReturnId = cx.draw();
    let money = Money { amount: new.amount, ..order.shared };
    let from = Account::MerchantPending(receiver);
    let covered = facts.account(&from.of(money.currency))?.balance() >= money.amount.minor();
    let made = SharingReturn {
        id,
        version: 1,
        merchant: order.merchant,
        order: order.id,
        order_id: order.order_id.clone(),
        out_order_no: order.out_order_no.clone(),
        out_return_no: new.out_return_no.clone(),
        return_id: number::sharing_return_id(id.into()),
        return_mchid: new.return_mchid.clone(),
        money,
        description: new.description.clone(),
        result: if covered { ReturnResult::Succeeded } else { ReturnResult::BalanceNotEnough },
        created_at: cx.at(),
    };
    let mut change = ChangeSet::default();
    if covered {
        // Two numbers of one merchant: the money is where it is to go.
        if receiver != order.merchant {
            change.postings.extend(template::share_returned(receiver, order.merchant, money, id.into()));
        }
        let mut next = SharingOrder {
            version: order.version.saturating_add(1),
            returns: order.returns.saturating_add(1),
            ..order.clone()
        };
        if let Some(share) = next.shares.get_mut(place) {
            give_back(share, new.amount);
        }
        let received = ReceivedShare {
            told: order.mchid.clone(),
            mchid: order.mchid.clone(),
            transaction_id: order.transaction_id.clone(),
            order_id: order.order_id.clone(),
            out_order_no: order.out_order_no.clone(),
            money,
            description: new.description.clone(),
            at: cx.at(),
        };
        announce(facts, cx, &mut change, EventKind::ShareReturned, received)?;
        change.put(next);
    }
    change.put(made.clone());
    Ok((change, Returned::Made(Box::new(made))))
}

fn give_back(share: &mut Share, amount: Amount) {
    share.returned = share.returned.plus(amount).unwrap_or(share.amount);
}

fn find<'a>(
    facts: &'a dyn Facts,
    merchant: MerchantId,
    new: &NewReturn,
) -> Result<Option<&'a SharingOrder>, Stop> {
    let key = match &new.order {
        OrderName::OrderId(id) => Key::SharingOrder(id.clone()),
        OrderName::OutOrderNo(number) => Key::SharingOrderNo(merchant, number.clone()),
    };
    Ok(facts.find::<SharingOrder>(&key)?.filter(|order| order.mchid == new.mchid))
}

fn is_same(earlier: &SharingReturn, order: &SharingOrder, new: &NewReturn) -> bool {
    earlier.order == order.id
        && earlier.return_mchid == new.return_mchid
        && earlier.money.amount == new.amount
        && earlier.description == new.description
}
