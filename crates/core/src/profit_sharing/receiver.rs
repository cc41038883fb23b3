//! Receivers (分账接收方): with whom a merchant may share.

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{MerchantId, PayerId, SharingReceiverId},
    ledger::Account,
    payer,
    wechat::{merchant, transfer::SealedName},
};

/// Who receives, as requests name it and as it is known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiverAccount {
    /// A merchant, by its number.
    Merchant {
        /// The merchant number.
        mchid: String,
        /// The merchant.
        merchant: MerchantId,
    },
    /// A payer, as an app names it.
    Payer {
        /// How the app names the payer.
        openid: String,
        /// The payer.
        payer: PayerId,
    },
}

impl ReceiverAccount {
    /// The type in requests and answers.
    pub const fn kind(&self) -> ReceiverKind {
        match self {
            ReceiverAccount::Merchant { .. } => ReceiverKind::Merchant,
            ReceiverAccount::Payer { .. } => ReceiverKind::Payer,
        }
    }

    /// The account in requests and answers.
    pub fn text(&self) -> &str {
        match self {
            ReceiverAccount::Merchant { mchid, .. } => mchid,
            ReceiverAccount::Payer { openid, .. } => openid,
        }
    }

    /// Where the money goes. A merchant has it with its takings, which nothing settles yet.
    pub const fn account(&self) -> Account {
        match self {
            ReceiverAccount::Merchant { merchant, .. } => Account::MerchantPending(*merchant),
            ReceiverAccount::Payer { payer, .. } => Account::PayerAvailable(*payer),
        }
    }
}

/// What kind of receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceiverKind {
    /// A merchant.
    Merchant,
    /// A person.
    Payer,
}

impl ReceiverKind {
    /// The name in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            ReceiverKind::Merchant => "MERCHANT_ID",
            ReceiverKind::Payer => "PERSONAL_OPENID",
        }
    }
}

/// A receiver of one merchant number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharingReceiver {
    /// Its id.
    pub id: SharingReceiverId,
    /// How often it changed.
    pub version: u32,
    /// The merchant number that shares.
    pub mchid: String,
    /// Who receives.
    pub account: ReceiverAccount,
    /// The receiver's name, if the merchant gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<SealedName>,
    /// What the receiver is to the merchant.
    pub relation: String,
    /// The same in the merchant's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_relation: Option<String>,
    /// Whether the merchant has deleted it.
    #[serde(default)]
    pub deleted: bool,
    /// When it was first added.
    pub created_at: Time,
}

impl SharingReceiver {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![key(&self.mchid, self.account.kind(), self.account.text())]
    }
}

/// The key of a receiver.
pub fn key(mchid: &str, kind: ReceiverKind, account: &str) -> Key {
    Key::SharingReceiver(mchid.to_owned(), format!("{}/{account}", kind.name()))
}

/// A receiver to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReceiver {
    /// The merchant number that shares.
    pub mchid: String,
    /// The account, as requests name it.
    pub account: String,
    /// Whom an openid names; `None` is a merchant.
    pub payer: Option<PayerId>,
    /// The receiver's name.
    pub name: Option<SealedName>,
    /// What the receiver is to the merchant.
    pub relation: String,
    /// The same in the merchant's words.
    pub custom_relation: Option<String>,
}

/// What became of adding a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is one, now or before.
    Done,
    /// There is no such account.
    UnknownAccount,
    /// A merchant does not share with itself.
    Itself,
}

/// Adds a receiver; one that is there is brought up to date.
pub fn add(facts: &dyn Facts, cx: &mut Context, new: &NewReceiver) -> Result<(ChangeSet, Added), Stop> {
    let none = |added| Ok((ChangeSet::default(), added));
    if new.mchid == new.account {
        return none(Added::Itself);
    }
    let unknown = |error| matches!(error, Stop::Refuse(Refusal::NotFound(_)));
    let account = match new.payer {
        Some(payer) => match payer::open(facts, payer) {
            Ok(_) => ReceiverAccount::Payer { openid: new.account.clone(), payer },
            Err(Stop::Refuse(Refusal::NotFound(_))) => return none(Added::UnknownAccount),
            Err(stop) => return Err(stop),
        },
        None => match merchant::known(facts, &new.account) {
            Ok(found) => ReceiverAccount::Merchant { mchid: new.account.clone(), merchant: found.merchant },
            Err(stop) if unknown(stop.clone()) => return none(Added::UnknownAccount),
            Err(stop) => return Err(stop),
        },
    };
    let id = cx.draw();
    let earlier = facts.find::<SharingReceiver>(&key(&new.mchid, account.kind(), &new.account))?;
    let fresh = SharingReceiver {
        id: earlier.map_or(id, |earlier| earlier.id),
        version: earlier.map_or(1, |earlier| earlier.version.saturating_add(1)),
        mchid: new.mchid.clone(),
        account,
        name: new.name.clone(),
        relation: new.relation.clone(),
        custom_relation: new.custom_relation.clone(),
        deleted: false,
        created_at: earlier.map_or(cx.at(), |earlier| earlier.created_at),
    };
    let mut change = ChangeSet::default();
    if !earlier.is_some_and(|earlier| is_same(earlier, &fresh)) {
        change.put(fresh);
    }
    Ok((change, Added::Done))
}

fn is_same(earlier: &SharingReceiver, fresh: &SharingReceiver) -> bool {
    let digest = |receiver: &SharingReceiver| receiver.name.as_ref().map(|name| name.digest);
    !earlier.deleted
        && digest(earlier) == digest(fresh)
        && (&earlier.relation, &earlier.custom_relation) == (&fresh.relation, &fresh.custom_relation)
}

/// Deletes a receiver. One that is not there is deleted already.
pub fn delete(facts: &dyn Facts, mchid: &str, kind: ReceiverKind, account: &str) -> Result<ChangeSet, Stop> {
    let mut change = ChangeSet::default();
    if let Some(now) = facts.find::<SharingReceiver>(&key(mchid, kind, account))?.filter(|it| !it.deleted) {
        change.put(SharingReceiver { version: now.version.saturating_add(1), deleted: true, ..now.clone() });
    }
    Ok(change)
}
