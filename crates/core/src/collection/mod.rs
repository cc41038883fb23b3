//! Collection codes (收款码): what an owner shows, printed once, and payers scan.
//!
//! **Invariants.** An owner has one code, whose token never changes: what was printed stays good. Static codes take no
//! more from one payer on one day than [`COLLECTION_PER_DAY_MAX`], all codes
//! together. What is paid to a person's code is a transfer that the person has at once; what is paid to a shop's is a
//! payment of that shop, made and paid in one step.
//!
//! **Absent on purpose:** who the owner is, in the code: the token says nothing, and only who is signed in is shown
//! whom it pays.

mod shop;

pub use self::shop::order_no;

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Currency, Money};

use crate::{
    ChangeSet, Context, Facts, Id, Key, Refusal, Stop, Time,
    id::{AppId, CollectionCodeId, PayerId},
    limits::COLLECTION_PER_DAY_MAX,
    merchant, payer,
    payment::{Payment, Proofs, steps::after_proof},
    risk::judged,
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
    /// A shop's: the app whose payments the code makes.
    App(AppId),
}

impl Owner {
    fn id(self) -> Id {
        match self {
            Owner::Payer(payer) => payer.into(),
            Owner::App(app) => app.into(),
        }
    }

    fn is_known(self, facts: &dyn Facts) -> Result<(), Stop> {
        match self {
            Owner::Payer(payer) => payer::open(facts, payer).map(|_| ()),
            Owner::App(app) => merchant::app(facts, app).map(|_| ()),
        }
    }
}

impl From<PayerId> for Owner {
    fn from(payer: PayerId) -> Owner {
        Owner::Payer(payer)
    }
}

impl From<AppId> for Owner {
    fn from(app: AppId) -> Owner {
        Owner::App(app)
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
        vec![Key::CollectionCode(self.token.clone()), Key::CollectionCodeOf(self.owner.id())]
    }
}

/// The code with this token.
pub fn known<'a>(facts: &'a dyn Facts, token: &str) -> Result<&'a CollectionCode, Stop> {
    let found = facts.find::<CollectionCode>(&Key::CollectionCode(token.to_owned()))?;
    Ok(found.ok_or(Refusal::NotFound("collection code"))?)
}

/// Gives an owner a code under a token that the shell drew; one that has a code keeps it.
pub fn enrol(
    facts: &dyn Facts,
    cx: &mut Context,
    owner: impl Into<Owner>,
    token: &str,
) -> Result<(ChangeSet, CollectionCode), Stop> {
    let owner = owner.into();
    owner.is_known(facts)?;
    let mut change = ChangeSet::default();
    if let Some(known) = facts.find::<CollectionCode>(&Key::CollectionCodeOf(owner.id()))? {
        return Ok((change, known.clone()));
    }
    let code = made(cx, owner, token, None);
    change.put(code.clone());
    Ok((change, code))
}

fn made(cx: &mut Context, owner: Owner, token: &str, fixed: Option<Amount>) -> CollectionCode {
    let (id, token, created_at) = (cx.draw(), token.to_owned(), cx.at());
    CollectionCode { id, version: 1, owner, token, fixed, created_at }
}

/// A code that is there with the amount that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// The code.
    pub code: CollectionCode,
    /// Whether it was made now.
    pub new: bool,
}

/// [`enrol`] and [`fix`] in one step.
pub fn prepare(
    facts: &dyn Facts,
    cx: &mut Context,
    owner: impl Into<Owner>,
    token: &str,
    fixed: Option<Amount>,
) -> Result<(ChangeSet, Prepared), Stop> {
    let owner = owner.into();
    owner.is_known(facts)?;
    check_fixed(fixed)?;
    if facts.key(&Key::CollectionCodeOf(owner.id()))?.is_some() {
        let (change, code) = fix(facts, owner, fixed)?;
        return Ok((change, Prepared { code, new: false }));
    }
    let code = made(cx, owner, token, fixed);
    let mut change = ChangeSet::default();
    change.put(code.clone());
    Ok((change, Prepared { code, new: true }))
}

fn check_fixed(fixed: Option<Amount>) -> Result<(), Refusal> {
    if fixed.is_some_and(|amount| amount.is_zero() || amount > COLLECTION_PER_DAY_MAX) {
        return Err(Refusal::Invalid { param: "amount", must: "from 1 to 50000 minor units" });
    }
    Ok(())
}

/// The owner says how much is to be paid; `None` leaves it to whoever pays.
pub fn fix(
    facts: &dyn Facts,
    owner: impl Into<Owner>,
    fixed: Option<Amount>,
) -> Result<(ChangeSet, CollectionCode), Stop> {
    check_fixed(fixed)?;
    let found = facts.find::<CollectionCode>(&Key::CollectionCodeOf(owner.into().id()))?;
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
    /// What was proven.
    pub proofs: Proofs,
}

/// What a code that was paid has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collected {
    /// A person has it.
    Transfer(Box<Transfer>),
    /// A shop has it.
    Payment(Box<Payment>),
}

impl Collected {
    /// The id of the transfer or payment.
    pub fn id(&self) -> Id {
        match self {
            Collected::Transfer(transfer) => transfer.id.into(),
            Collected::Payment(payment) => payment.id.into(),
        }
    }
}

/// Pays a code from the balance, after proofs that were found right. A refusal is part of the answer, as in
/// [`send::send_proven`]. Asked for again under the same number, finds what became of it and moves nothing.
pub fn pay_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &PayCode,
) -> Result<(ChangeSet, Result<Collected, Refusal>), Stop> {
    // A shop's code becomes a payment, which is judged there.
    let code = facts.find::<CollectionCode>(&Key::CollectionCode(ask.token.clone()))?;
    let transfer = code.and_then(|code| match code.owner {
        Owner::Payer(recipient) => Some(to_person(code, recipient, ask)),
        Owner::App(_) => None,
    });
    let asked = transfer.as_ref().map(|new| send::asked(facts, new)).transpose()?.flatten();
    judged(facts, cx, (asked, &ask.number, ask.proofs), |cx| {
        let collected = pay(facts, cx, ask);
        after_proof(facts, (ask.payer, ask.proofs), collected)
    })
}

fn pay(facts: &dyn Facts, cx: &mut Context, ask: &PayCode) -> Result<(ChangeSet, Collected), Stop> {
    let code = known(facts, &ask.token)?;
    match code.owner {
        Owner::Payer(recipient) => {
            let again = Key::PayerTransferNo(ask.payer, ask.number.clone());
            as_asked_for(facts, code, ask, &again)?;
            let (change, transfer) = send::send(facts, cx, &to_person(code, recipient, ask))?;
            Ok((change, Collected::Transfer(Box::new(transfer))))
        }
        Owner::App(app) => {
            let (change, payment) = shop::pay(facts, cx, (code, app), ask)?;
            Ok((change, Collected::Payment(Box::new(payment))))
        }
    }
}

/// The owner may have changed the amount since it was shown; who pays what was not asked for is asked again. What was
/// paid before stays.
fn as_asked_for(facts: &dyn Facts, code: &CollectionCode, ask: &PayCode, again: &Key) -> Result<(), Stop> {
    let other = code.fixed.is_some_and(|fixed| fixed != ask.amount);
    if other && facts.key(again)?.is_none() {
        let must = "what the owner of the code asks for";
        return Err(Refusal::Invalid { param: "amount", must }.into());
    }
    Ok(())
}

fn to_person(code: &CollectionCode, recipient: PayerId, ask: &PayCode) -> NewTransfer {
    NewTransfer {
        number: ask.number.clone(),
        sender: ask.payer,
        recipient,
        money: Money { amount: ask.amount, currency: Currency::CNY },
        note: ask.note.clone(),
        way: Way::AtOnce,
        collection: Some(code.id),
        proofs: ask.proofs,
    }
}
