//! Collection codes (收款码): what an owner shows, printed once, and payers scan.
//!
//! **Invariants.** An owner has one code, whose token never changes: what was printed stays good. Static codes take no
//! more from one payer on one day than [`COLLECTION_PER_DAY_MAX`], all codes
//! together. What is paid to a person's code is a transfer that the person has at once.
//!
//! **Absent on purpose:** who the owner is, in the code: the token says nothing, and only who is signed in is shown
//! whom it pays.

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Currency, Money};

use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{CollectionCodeId, PayerId},
    limits::COLLECTION_PER_DAY_MAX,
    payer::{self, usage::Factors},
    transfer::{
        Transfer,
        send::{self, NewTransfer, Way},
    },
};

/// Whose code it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A person's.
    Payer(PayerId),
}

impl Owner {
    const fn id(self) -> PayerId {
        match self {
            Owner::Payer(payer) => payer,
        }
    }
}

/// A collection code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionCode {
    /// Its id.
    pub id: CollectionCodeId,
    /// How often it changed.
    pub version: u32,
    /// Whose.
    pub owner: Owner,
    /// What stands in the address that is scanned.
    pub token: String,
    /// What the owner asks for, in fen; whoever pays says how much if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<Amount>,
    /// When it was made.
    pub created_at: Time,
}

impl CollectionCode {
    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::CollectionCode(self.token.clone()), Key::CollectionCodeOf(self.owner.id().into())]
    }
}

/// The code with this token.
pub fn known<'a>(facts: &'a dyn Facts, token: &str) -> Result<&'a CollectionCode, Stop> {
    let found = facts.find::<CollectionCode>(&Key::CollectionCode(token.to_owned()))?;
    Ok(found.ok_or(Refusal::NotFound("collection code"))?)
}

/// Gives a payer a code under a token that the shell drew; one that has a code keeps it.
pub fn enrol(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    token: &str,
) -> Result<(ChangeSet, CollectionCode), Stop> {
    payer::known(facts, payer)?;
    let mut change = ChangeSet::default();
    if let Some(known) = facts.find::<CollectionCode>(&Key::CollectionCodeOf(payer.into()))? {
        return Ok((change, known.clone()));
    }
    let code = CollectionCode {
        id: cx.draw(),
        version: 1,
        owner: Owner::Payer(payer),
        token: token.to_owned(),
        fixed: None,
        created_at: cx.at(),
    };
    change.put(code.clone());
    Ok((change, code))
}

/// The owner says how much is to be paid; `None` leaves it to whoever pays.
pub fn fix(
    facts: &dyn Facts,
    payer: PayerId,
    fixed: Option<Amount>,
) -> Result<(ChangeSet, CollectionCode), Stop> {
    if fixed.is_some_and(|amount| amount.is_zero() || amount > COLLECTION_PER_DAY_MAX) {
        return Err(Refusal::Invalid { param: "amount", must: "from 1 to 50000 minor units" }.into());
    }
    let found = facts.find::<CollectionCode>(&Key::CollectionCodeOf(payer.into()))?;
    let now = found.ok_or(Refusal::NotFound("collection code"))?;
    let mut change = ChangeSet::default();
    if now.fixed == fixed {
        return Ok((change, now.clone()));
    }
    let next = CollectionCode { version: now.version.saturating_add(1), fixed, ..now.clone() };
    change.put(next.clone());
    Ok((change, next))
}

/// What somebody pays who has scanned a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayCode {
    /// The token that was scanned.
    pub token: String,
    /// The number of the request: the payer's own, and used once.
    pub number: String,
    /// Who pays.
    pub payer: PayerId,
    /// How much, in fen.
    pub amount: Amount,
    /// What for; may be empty.
    pub note: String,
    /// How many proofs were given.
    pub factors: Factors,
}

/// Pays a code from the balance, after the payment password was found right. A refusal is part of the answer, as in
/// [`send::send_proven`].
pub fn pay_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &PayCode,
) -> Result<(ChangeSet, Result<Transfer, Refusal>), Stop> {
    let code = known(facts, &ask.token)?;
    // The owner may have changed the amount since it was shown; who pays what was not asked for is asked again.
    let fixed = code.fixed.filter(|fixed| *fixed != ask.amount);
    let transfer = NewTransfer {
        number: ask.number.clone(),
        sender: ask.payer,
        recipient: code.owner.id(),
        money: Money { amount: ask.amount, currency: Currency::CNY },
        note: ask.note.clone(),
        way: Way::AtOnce,
        collection: Some(code.id),
        factors: ask.factors,
    };
    let again = facts.key(&Key::PayerTransferNo(ask.payer, ask.number.clone()))?.is_some();
    if fixed.is_some() && !again {
        let mut change = ChangeSet::default();
        payer::password_was_right(facts, &mut change, ask.payer)?;
        let refusal = Refusal::Invalid { param: "amount", must: "what the owner of the code asks for" };
        return Ok((change, Err(refusal)));
    }
    send::send_proven(facts, cx, &transfer)
}
