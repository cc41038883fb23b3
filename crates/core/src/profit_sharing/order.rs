//! Requests to share (分账单): what goes to whom, under the merchant's own number.

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Money};

use super::{
    SHARES_PER_ORDER_MAX, Sharing,
    machine::{self, Denied, Input},
    receiver::{self, ReceiverAccount, ReceiverKind, SharingReceiver},
    steps,
};
use crate::{
    ChangeSet, Context, Facts, Key, List, Refusal, Stop, Time,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::{AppId, MerchantId, SharingId, SharingOrderId},
    ledger::template,
    payer,
    payment::{Payment, Status, create::is_order_no},
    wechat::{WechatMerchant, merchant, number, transfer::SealedName},
};

/// What one receiver gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Who.
    pub account: ReceiverAccount,
    /// How much.
    pub amount: Amount,
    /// What for.
    pub description: String,
    /// The platform's number of it (分账明细单号).
    pub detail_id: String,
    /// How much of it was given back.
    #[serde(default)]
    pub returned: Amount,
}

/// A request to share, or to unfreeze what is left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingOrder {
    /// Its id.
    pub id: SharingOrderId,
    /// How often it changed.
    pub version: u32,
    /// Whose money it was.
    pub merchant: MerchantId,
    /// Which app asked.
    pub app: AppId,
    /// The merchant number.
    pub mchid: String,
    /// From which frozen money.
    pub sharing: SharingId,
    /// The platform's number of the payment.
    pub transaction_id: String,
    /// The merchant's own number.
    pub out_order_no: String,
    /// The platform's number (微信分账单号).
    pub order_id: String,
    /// The currency of all its amounts, and the sum of all shares.
    pub shared: Money,
    /// The shares; none in a request that only unfreezes.
    pub shares: Vec<Share>,
    /// Whether what was left was unfrozen with it.
    pub finish: bool,
    /// What was unfrozen with it.
    pub unfrozen: Amount,
    /// Why, in a request that only unfreezes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How often a receiver gave something back.
    #[serde(default)]
    pub returns: u16,
    /// When it was made.
    pub created_at: Time,
}

impl SharingOrder {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![
            Key::SharingOrderNo(self.merchant, self.out_order_no.clone()),
            Key::SharingOrder(self.order_id.clone()),
        ]
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::SharingOrders(self.merchant)]
    }

    fn is_same(&self, new: &NewSharingOrder) -> bool {
        let shares = self.shares.iter().zip(&new.shares).all(|(known, asked)| {
            (known.account.kind(), known.account.text()) == (asked.kind, asked.account.as_str())
                && (known.amount, &known.description) == (asked.amount, &asked.description)
        });
        self.mchid == new.mchid
            && self.transaction_id == new.transaction_id
            && (self.finish, &self.description) == (new.finish, &new.description)
            && self.shares.len() == new.shares.len()
            && shares
    }
}

/// A share to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShare {
    /// What kind of receiver.
    pub kind: ReceiverKind,
    /// The account, as requests name it.
    pub account: String,
    /// The receiver's name, to be compared with the one that is known.
    pub name: Option<SealedName>,
    /// How much.
    pub amount: Amount,
    /// What for.
    pub description: String,
}

/// A request to be made. Without shares it only unfreezes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSharingOrder {
    /// The merchant number.
    pub mchid: String,
    /// The platform's number of the payment.
    pub transaction_id: String,
    /// The merchant's own number.
    pub out_order_no: String,
    /// The shares.
    pub shares: Vec<NewShare>,
    /// Whether what is left is unfrozen.
    pub finish: bool,
    /// Why, if it only unfreezes.
    pub description: Option<String>,
}

impl NewSharingOrder {
    /// The sum of all shares, if every part of the request is within its limits.
    fn check(&self) -> Result<Amount, Refusal> {
        let invalid = |param, must| Err(Refusal::Invalid { param, must });
        if !is_order_no(&self.out_order_no) {
            return invalid("out_order_no", "1 to 64 letters, digits or characters of _-|*.:/@");
        }
        if self.shares.len() > SHARES_PER_ORDER_MAX || (self.shares.is_empty() && !self.finish) {
            return invalid("receivers", "from 1 to 50");
        }
        let mut named = std::collections::BTreeSet::new();
        if !self.shares.iter().all(|share| named.insert((share.kind.name(), &share.account))) {
            return invalid("receivers", "each another");
        }
        if self.shares.iter().any(|share| share.amount.is_zero()) {
            return invalid("receivers", "each of at least 1 minor unit");
        }
        let mut amounts = self.shares.iter().map(|share| share.amount);
        let sum = amounts.try_fold(Amount::ZERO, Amount::plus);
        sum.ok_or(Refusal::Invalid { param: "receivers", must: "of a sum within the limits" })
    }
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shared {
    /// It was made, now or before.
    Made(Box<SharingOrder>),
    /// There is no such merchant.
    UnknownMerchant,
    /// There is no such payment, or it was not paid.
    UnknownPayment,
    /// The payment was not asked for with profit sharing.
    NotForSharing,
    /// The number was used with other content.
    Differs,
    /// A receiver is none of this merchant's.
    NoRelation,
    /// A receiver has another name.
    NameDiffers,
    /// The frozen money does not allow it.
    Denied(Denied),
}

/// Shares or unfreezes, or finds what an equal request did.
pub fn create(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewSharingOrder,
) -> Result<(ChangeSet, Shared), Stop> {
    let none = |shared| Ok((ChangeSet::default(), shared));
    let amount = new.check()?;
    let merchant = match merchant::known(facts, &new.mchid) {
        Err(Stop::Refuse(Refusal::NotFound(_))) => return none(Shared::UnknownMerchant),
        known => known?,
    };
    let number = Key::SharingOrderNo(merchant.merchant, new.out_order_no.clone());
    if let Some(earlier) = facts.find::<SharingOrder>(&number)? {
        let made = || Shared::Made(Box::new(earlier.clone()));
        return none(if earlier.is_same(new) { made() } else { Shared::Differs });
    }
    let Some(payment) = paid(facts, &new.mchid, &new.transaction_id)? else {
        return none(Shared::UnknownPayment);
    };
    let Some(sharing) = steps::of(facts, payment)? else { return none(Shared::NotForSharing) };
    let next = match machine::decide(sharing, Input::Share { amount, finish: new.finish }, cx.at()) {
        Ok(Some(next)) => next,
        Ok(None) => return none(Shared::Denied(Denied::Finished)),
        Err(denied) => return none(Shared::Denied(denied)),
    };
    let mut accounts = Vec::with_capacity(new.shares.len());
    for share in &new.shares {
        match relation(facts, &new.mchid, share)? {
            Ok(account) => accounts.push(account),
            Err(refused) => return none(refused),
        }
    }
    let order = make(facts, cx, new, (merchant, sharing), accounts, (amount, next.unfrozen))?;
    let mut change = ChangeSet::default();
    for share in &order.shares {
        let money = Money { amount: share.amount, ..order.shared };
        let to = share.account.account();
        change.postings.extend(template::share(order.merchant, to, money, order.id.into()));
    }
    steps::apply(&mut change, sharing, next);
    for share in &order.shares {
        tell(facts, cx, &mut change, &order, share)?;
    }
    change.put(order.clone());
    Ok((change, Shared::Made(Box::new(order))))
}

fn make(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewSharingOrder,
    (merchant, sharing): (&WechatMerchant, &Sharing),
    accounts: Vec<ReceiverAccount>,
    (amount, unfrozen): (Amount, Amount),
) -> Result<SharingOrder, Stop> {
    let id: SharingOrderId = cx.draw();
    let share = |(place, (account, share)): (u32, (ReceiverAccount, &NewShare))| Share {
        account,
        amount: share.amount,
        description: share.description.clone(),
        detail_id: number::sharing_detail_id(id.into(), place),
        returned: Amount::ZERO,
    };
    Ok(SharingOrder {
        id,
        version: 1,
        merchant: merchant.merchant,
        app: merchant.app,
        mchid: new.mchid.clone(),
        sharing: sharing.id,
        transaction_id: new.transaction_id.clone(),
        out_order_no: new.out_order_no.clone(),
        order_id: number::sharing_order_id(facts, id.into())?,
        shared: Money { amount, ..sharing.total },
        shares: (0..).zip(accounts.into_iter().zip(&new.shares)).map(share).collect(),
        finish: new.finish,
        unfrozen,
        description: new.description.clone(),
        returns: 0,
        created_at: cx.at(),
    })
}

/// The paid order of this merchant number with this transaction id.
pub fn paid<'a>(
    facts: &'a dyn Facts,
    mchid: &str,
    transaction_id: &str,
) -> Result<Option<&'a Payment>, Stop> {
    let found = facts.find::<Payment>(&Key::WechatTransaction(transaction_id.to_owned()))?;
    Ok(found.filter(|payment| payment.is_order_of(mchid) && payment.status == Status::Succeeded))
}

/// The account of a receiver that the merchant has added, if it has the name that the request gives.
fn relation(
    facts: &dyn Facts,
    mchid: &str,
    share: &NewShare,
) -> Result<Result<ReceiverAccount, Shared>, Stop> {
    let found = facts.find::<SharingReceiver>(&receiver::key(mchid, share.kind, &share.account))?;
    let Some(known) = found.filter(|known| !known.deleted) else { return Ok(Err(Shared::NoRelation)) };
    // Nobody could open what a closed account is given.
    if let ReceiverAccount::Payer { payer, .. } = &known.account
        && payer::known(facts, *payer)?.closed_at.is_some()
    {
        return Ok(Err(Shared::NoRelation));
    }
    let differs = match (&known.name, &share.name) {
        (Some(known), Some(asked)) => known.digest != asked.digest,
        (None, _) | (_, None) => false,
    };
    Ok(if differs { Err(Shared::NameDiffers) } else { Ok(known.account.clone()) })
}

/// What a merchant was given by profit sharing, or got back, as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedShare {
    /// The merchant number that received it, and is told.
    pub told: String,
    /// The merchant number that shares.
    pub mchid: String,
    /// The platform's number of the payment.
    pub transaction_id: String,
    /// The platform's number of the request.
    pub order_id: String,
    /// The merchant's own number of the request.
    pub out_order_no: String,
    /// How much.
    pub money: Money,
    /// What for.
    pub description: String,
    /// When.
    pub at: Time,
}

/// Tells a merchant that it was given a share. Persons are not told (same guide).
fn tell(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    order: &SharingOrder,
    share: &Share,
) -> Result<(), Stop> {
    let ReceiverAccount::Merchant { mchid, .. } = &share.account else { return Ok(()) };
    let received = ReceivedShare {
        told: mchid.clone(),
        mchid: order.mchid.clone(),
        transaction_id: order.transaction_id.clone(),
        order_id: order.order_id.clone(),
        out_order_no: order.out_order_no.clone(),
        money: Money { amount: share.amount, ..order.shared },
        description: share.description.clone(),
        at: cx.at(),
    };
    announce(facts, cx, change, EventKind::ShareReceived, received)
}

/// Tells the merchant number that received a share, at the address that it has set for this.
pub(super) fn announce(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    kind: EventKind,
    received: ReceivedShare,
) -> Result<(), Stop> {
    let told = merchant::known(facts, &received.told)?;
    let audience = Audience {
        app: told.app,
        notify_url: told.sharing_notify_url.as_deref(),
        dialect: Dialect::Wechat,
        copies: 1,
        probe: false,
    };
    event::announce(facts, cx, change, audience, kind, Subject::Share(Box::new(received)))
}
