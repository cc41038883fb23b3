//! Transfer bills (商家转账): what a merchant asks for, and the number under which it asks again.

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

use super::{merchant, number};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::PayerId,
    limits::{PAYMENT_AMOUNT_MAX, REASON_CHARS_MAX, TRANSFER_OPEN_S, WECHAT_TRANSFER_QUERY_WINDOW_MS},
    payer,
    payment::create::{is_order_no, is_text},
    transfer::{Sender, Transfer, TransferStatus, steps},
};

/// What a merchant has reported about its use of a scene (转账场景报备信息).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SceneReport {
    /// What it is about.
    pub info_type: String,
    /// What it says.
    pub info_content: String,
}

/// A person's name, which only the shell can read.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedName {
    /// The name, sealed by the shell.
    pub sealed: String,
    /// Its keyed digest: equal for equal names.
    pub digest: [u8; 32],
}

impl std::fmt::Debug for SealedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealedName")
    }
}

/// What was asked for, beside what every transfer has. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferTerms {
    /// The merchant number.
    pub mchid: String,
    /// For which official account, mini program or app.
    pub appid: String,
    /// The recipient, as that app names its users.
    pub openid: String,
    /// What kind of transfer it is (转账场景).
    pub scene_id: String,
    /// What the recipient is to take it for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub perception: Option<String>,
    /// What is reported for the scene.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reports: Vec<SceneReport>,
    /// Where its end is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
}

/// What a transfer bill remembers beside what every transfer has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatTransfer {
    /// What was asked for.
    pub terms: TransferTerms,
    /// The recipient's name, if the merchant gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SealedName>,
    /// The platform's number of it (微信转账单号).
    pub transfer_bill_no: String,
    /// Whether who asked for it verifies with the public key. Its notification is then signed with that.
    #[serde(default)]
    pub by_public_key: bool,
}

/// A transfer bill to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTransferBill {
    /// The merchant's own number.
    pub out_bill_no: String,
    /// How much.
    pub money: Money,
    /// Whom the openid names.
    pub recipient: PayerId,
    /// What for, for the recipient to read.
    pub remark: String,
    /// The rest.
    pub terms: TransferTerms,
    /// The recipient's name.
    pub name: Option<SealedName>,
    /// Whether who asks verifies with the public key.
    pub by_public_key: bool,
}

impl NewTransferBill {
    fn check(&self) -> Result<(), Refusal> {
        if !is_order_no(&self.out_bill_no) {
            let must = "1 to 64 letters, digits or characters of _-|*.:/@";
            return Err(Refusal::Invalid { param: "out_bill_no", must });
        }
        if self.money.amount.is_zero() || self.money.amount > PAYMENT_AMOUNT_MAX {
            let must = "from 1 to 10000000000 minor units";
            return Err(Refusal::Invalid { param: "transfer_amount", must });
        }
        if !is_text(&self.remark, REASON_CHARS_MAX) {
            let must = "1 to 256 characters without control characters";
            return Err(Refusal::Invalid { param: "transfer_remark", must });
        }
        Ok(())
    }
}

/// What became of asking for a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offered {
    /// It was made, now or before.
    Made(Box<Transfer>),
    /// There is no such merchant.
    UnknownMerchant,
    /// The appid is not bound to the merchant.
    AppidNotBound,
    /// The openid was given out here, and its payer is gone.
    UnknownRecipient,
    /// The number was used with other parameters.
    Differs,
    /// The merchant has not that much.
    NotEnough,
}

/// Makes a transfer bill, or finds the one that an equal request made.
pub fn create(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewTransferBill,
) -> Result<(ChangeSet, Offered), Stop> {
    let none = |offered| Ok((ChangeSet::default(), offered));
    new.check()?;
    let merchant = match merchant::known(facts, &new.terms.mchid) {
        Err(Stop::Refuse(Refusal::NotFound(_))) => return none(Offered::UnknownMerchant),
        known => known?,
    };
    if !merchant.appids.contains(&new.terms.appid) {
        return none(Offered::AppidNotBound);
    }
    let number = Key::TransferNo(merchant.merchant, new.out_bill_no.clone());
    if let Some(earlier) = facts.find::<Transfer>(&number)? {
        let same = is_same(earlier, new);
        return none(if same { Offered::Made(Box::new(earlier.clone())) } else { Offered::Differs });
    }
    match payer::open(facts, new.recipient) {
        Err(Stop::Refuse(Refusal::NotFound(_))) => return none(Offered::UnknownRecipient),
        known => known?,
    };
    let id = cx.draw();
    let (merchant, app, transfer_no) = (merchant.merchant, merchant.app, new.out_bill_no.clone());
    let transfer = Transfer {
        id,
        version: 1,
        sender: Sender::Merchant { merchant, app, transfer_no },
        recipient: new.recipient,
        money: new.money,
        remark: new.remark.clone(),
        status: TransferStatus::Offered,
        created_at: cx.at(),
        expires_at: cx.at().plus_s(TRANSFER_OPEN_S),
        ended_at: None,
        wechat: Some(Box::new(WechatTransfer {
            terms: new.terms.clone(),
            name: new.name.clone(),
            transfer_bill_no: number::transfer_bill_no(facts, id.into())?,
            by_public_key: new.by_public_key,
        })),
        detail: None,
        collection: None,
    };
    let mut change = ChangeSet::default();
    match steps::offer(facts, &mut change, &transfer) {
        Err(Stop::Refuse(Refusal::MerchantBalance)) => none(Offered::NotEnough),
        Err(stop) => Err(stop),
        Ok(()) => Ok((change, Offered::Made(Box::new(transfer)))),
    }
}

/// Whether an earlier bill is the same one, asked for again. A name is sealed anew each time; its digest tells.
fn is_same(earlier: &Transfer, new: &NewTransferBill) -> bool {
    let digest = |name: &Option<SealedName>| name.as_ref().map(|name| name.digest);
    earlier.wechat.as_ref().is_some_and(|bill| {
        bill.terms == new.terms
            && digest(&bill.name) == digest(&new.name)
            && earlier.money == new.money
            && earlier.recipient == new.recipient
            && earlier.remark == new.remark
    })
}

/// The bill of this merchant number with this number of its own, if it is not too old to be asked for.
pub fn find<'a>(
    facts: &'a dyn Facts,
    mchid: &str,
    out_bill_no: &str,
    at: Time,
) -> Result<Option<&'a Transfer>, Stop> {
    let merchant = merchant::known(facts, mchid)?.merchant;
    let found = facts.find::<Transfer>(&Key::TransferNo(merchant, out_bill_no.to_owned()))?;
    Ok(found.filter(|transfer| transfer.is_bill_of(mchid) && is_shown(transfer, at)))
}

/// Whether a bill can still be asked for: for 30 days.
pub fn is_shown(transfer: &Transfer, at: Time) -> bool {
    at.since_ms(transfer.created_at) <= WECHAT_TRANSFER_QUERY_WINDOW_MS
}

/// What became of cancelling a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelled {
    /// The merchant has the money back, now or before.
    Done(Box<Transfer>),
    /// There is no such bill.
    Unknown,
    /// The recipient has accepted it, or its time was over.
    TooLate,
}

/// Cancels a bill that was not accepted.
pub fn cancel(
    facts: &dyn Facts,
    cx: &mut Context,
    mchid: &str,
    out_bill_no: &str,
) -> Result<(ChangeSet, Cancelled), Stop> {
    let none = |cancelled| Ok((ChangeSet::default(), cancelled));
    let Some(now) = find(facts, mchid, out_bill_no, cx.at())? else { return none(Cancelled::Unknown) };
    match steps::withdraw(facts, cx, now) {
        Ok((change, transfer)) => Ok((change, Cancelled::Done(Box::new(transfer)))),
        Err(Stop::Refuse(Refusal::TransferAccepted | Refusal::TransferReturned)) => none(Cancelled::TooLate),
        Err(stop) => Err(stop),
    }
}
