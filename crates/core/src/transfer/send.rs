//! Transfers between payers: what is asked for, and what becomes of it.
//!
//! **Invariants.** Money leaves the sender's balance in the step that makes the transfer, covered, by a payer who is
//! neither frozen nor over a limit. A number of the sender's makes one transfer. Whoever is to have the money only has
//! to be known here: who is frozen receives.
//!
//! **Absent on purpose:** events. Nobody but the two payers is told, by messages.

use serde::{Deserialize, Serialize};
use tongbao_money::{Currency, Money};
use tongbao_risk::choices::{Operation, Scene};

use super::{ReturnReason, Sender, Transfer, TransferStatus, payee, steps};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop,
    id::{CollectionCodeId, PayerId, TransferId},
    ledger::{Account, template},
    limits::{PAYMENT_AMOUNT_MAX, TRANSFER_NOTE_CHARS_MAX, TRANSFER_OPEN_S},
    message::{self, Text},
    payer::{self, Payer},
    payment::{Proof, Proofs, create::is_order_no, steps::after_proof},
    risk::{Asked, Recipient, judged},
};

/// When the recipient has the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// At once.
    AtOnce,
    /// When the recipient accepts it, in [`TRANSFER_OPEN_S`] seconds at most; otherwise it goes back.
    ToBeAccepted,
}

/// What a payer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTransfer {
    /// The number of the request: the payer's own, and used once.
    pub number: String,
    /// Who sends.
    pub sender: PayerId,
    /// To whom.
    pub recipient: PayerId,
    /// How much: yuan.
    pub money: Money,
    /// What for; may be empty.
    pub note: String,
    /// When the recipient has it.
    pub way: Way,
    /// The collection code that was scanned.
    pub collection: Option<CollectionCodeId>,
    /// What was proven.
    pub proofs: Proofs,
}

impl NewTransfer {
    /// Whether every field is within its limits; says which is not.
    pub fn check(&self) -> Result<(), Refusal> {
        let invalid = |param, must| Err(Refusal::Invalid { param, must });
        if !is_order_no(&self.number) {
            return invalid("number", "1 to 64 letters, digits or characters of _-|*.:/@");
        }
        if self.money.currency != Currency::CNY {
            return invalid("currency", "CNY");
        }
        if self.money.amount.is_zero() || self.money.amount > PAYMENT_AMOUNT_MAX {
            return invalid("amount", "from 1 to 10000000000 minor units");
        }
        if !is_note(&self.note) {
            return invalid("note", "at most 50 characters, none of which controls how others are shown");
        }
        if self.sender == self.recipient {
            return invalid("recipient", "somebody else");
        }
        Ok(())
    }

    /// Whether an earlier transfer under this number is the same one, asked for again.
    fn is_again(&self, earlier: &Transfer) -> bool {
        let at_once = earlier.expires_at == earlier.created_at;
        earlier.recipient == self.recipient
            && earlier.money == self.money
            && earlier.remark == self.note
            && earlier.collection == self.collection
            && at_once == (self.way == Way::AtOnce)
    }
}

/// Whether a text can be a note: short, without control characters, and without those that change the direction in
/// which the text around them is read (UAX #9), with which a note could show another amount than the page does.
pub fn is_note(text: &str) -> bool {
    let turns = |char: char| {
        let embeds = matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        embeds || matches!(char, '\u{61c}' | '\u{200e}' | '\u{200f}')
    };
    let breaks = |char: char| matches!(char, '\u{2028}' | '\u{2029}');
    text.chars().take(TRANSFER_NOTE_CHARS_MAX.saturating_add(1)).count() <= TRANSFER_NOTE_CHARS_MAX
        && !text.chars().any(|char| char.is_control() || turns(char) || breaks(char))
}

/// Sends money to another payer, after proofs that were found right. Asked for again under the same number,
/// finds what became of it and moves nothing.
pub fn send(facts: &dyn Facts, cx: &mut Context, new: &NewTransfer) -> Result<(ChangeSet, Transfer), Stop> {
    new.check()?;
    let mut change = ChangeSet::default();
    if new.proofs.has(Proof::Password) {
        payer::password_was_right(facts, &mut change, new.sender)?;
    }
    let number = Key::PayerTransferNo(new.sender, new.number.clone());
    if let Some(earlier) = facts.find::<Transfer>(&number)? {
        if !new.is_again(earlier) {
            let must = "one that no other transfer of yours has";
            return Err(Refusal::Invalid { param: "number", must }.into());
        }
        return Ok((change, earlier.clone()));
    }
    let sender = payer::able(facts, new.sender)?;
    let recipient = payer::open(facts, new.recipient)?;
    if new.collection.is_some() {
        payee::count_by_code(facts, cx, &mut change, new.sender, new.money.amount)?;
    }
    payer::usage::spend(facts, cx, &mut change, new.sender, new.money, new.proofs.factors())?;
    let source = Account::PayerAvailable(new.sender);
    if facts.account(&source.of(new.money.currency))?.balance() < new.money.amount.minor() {
        return Err(Refusal::BalanceInsufficient.into());
    }
    let transfer = made(cx, new);
    let (sent, received) = match new.way {
        Way::AtOnce => {
            let (from, to) = (new.sender, new.recipient);
            change.postings = template::transfer_at_once(from, to, new.money, transfer.id.into());
            (What::Sent, What::Received)
        }
        Way::ToBeAccepted => {
            change.postings = template::transfer(source, new.money, transfer.id.into());
            change.tasks.push(steps::timer(&transfer));
            (What::Offered, What::Waits)
        }
    };
    payee::remember(facts, cx, &mut change, (new.sender, new.recipient))?;
    change.put(message::tell(cx, sender, told(&transfer, &recipient.phone_hint, sent)));
    change.put(message::tell(cx, recipient, told(&transfer, &sender.phone_hint, received)));
    change.put(transfer.clone());
    Ok((change, transfer))
}

/// The same; a refusal is part of the answer, because the tries at the password start again whatever becomes of the
/// transfer.
pub fn send_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewTransfer,
) -> Result<(ChangeSet, Result<Transfer, Refusal>), Stop> {
    judged(facts, cx, (asked(facts, new)?, &new.number, new.proofs), |cx| {
        let sent = send(facts, cx, new);
        after_proof(facts, (new.sender, new.proofs), sent)
    })
}

/// What risk control is asked; nothing if the transfer was asked for before, or is refused whatever it says.
pub(crate) fn asked<'f>(facts: &'f dyn Facts, new: &NewTransfer) -> Result<Option<Asked<'f>>, Stop> {
    let number = Key::PayerTransferNo(new.sender, new.number.clone());
    if new.check().is_err() || facts.key(&number)?.is_some() {
        return Ok(None);
    }
    let sender = facts.get::<Payer>(new.sender)?.filter(|sender| sender.frozen.is_none());
    let scene = if new.collection.is_some() { Scene::StaticCode } else { Scene::Web };
    Ok(sender.map(|payer| Asked {
        operation: Operation::Transfer,
        scene,
        money: new.money,
        payer,
        payee: Some(Recipient::Payer(new.recipient)),
        card: None,
        is_channel: false,
    }))
}

/// The transfer as it is first stored. One that its recipient has at once could never expire: its time is none.
fn made(cx: &mut Context, new: &NewTransfer) -> Transfer {
    let (id, at) = (cx.draw(), cx.at());
    let (status, expires_at, ended_at) = match new.way {
        Way::AtOnce => (TransferStatus::Accepted, at, Some(at)),
        Way::ToBeAccepted => (TransferStatus::Offered, at.plus_s(TRANSFER_OPEN_S), None),
    };
    Transfer {
        id,
        version: 1,
        sender: Sender::Payer { payer: new.sender, number: new.number.clone() },
        recipient: new.recipient,
        money: new.money,
        remark: new.note.clone(),
        status,
        created_at: at,
        expires_at,
        ended_at,
        wechat: None,
        detail: None,
        collection: new.collection,
    }
}

/// What a payer is told of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// To the sender: the other has it.
    Sent,
    /// To the recipient: you have it.
    Received,
    /// To the sender: the other may accept it.
    Offered,
    /// To the recipient: it waits for you.
    Waits,
    /// To the sender: the other has accepted it.
    WasAccepted,
    /// To the recipient: you have accepted it.
    Accepted,
    /// To the sender: it came back, and why.
    CameBack(ReturnReason),
    /// To the recipient: it went back, and why.
    WentBack(ReturnReason),
}

/// A message about a transfer. The note is not in it: messages may leave the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferTold {
    /// Which transfer.
    pub transfer: TransferId,
    /// How much.
    pub money: Money,
    /// The other payer's phone number, masked.
    pub other: String,
    /// What.
    pub what: What,
}

/// What a payer is told of a transfer with this other one.
pub(crate) fn told(transfer: &Transfer, other: &str, what: What) -> Text {
    Text::Transfer(TransferTold {
        transfer: transfer.id,
        money: transfer.money,
        other: other.to_owned(),
        what,
    })
}
