//! What a shop's code takes: a payment of the app that the code is of.
//!
//! **Invariants.** The order number follows from the payer and its number of the request, so pressing twice makes one
//! payment, and no payer finds another's. A payment that would fail is not made: whoever scanned a code tries again,
//! and the shop sees no orders that nobody paid.

use std::collections::BTreeMap;

use tongbao_money::{Currency, Money};

use super::{CollectionCode, PayCode, as_asked_for};
use crate::{
    ChangeSet, Context, Facts, Id, Key, Refusal, Stop,
    id::{AppId, PayerId},
    ledger::Account,
    limits::{EXPIRES_IN_S_MIN, REQUEST_NO_CHARS_MAX},
    merchant, payer,
    payment::{
        Payment, Proof, Status,
        create::NewPayment,
        steps::{Collect, Shown, collect},
    },
    transfer::{payee, send::is_note},
};

/// The beginning of the order numbers of payments that codes make.
const ORDER_NO_PREFIX: &str = "code-";
/// Hexadecimal digits behind it: 128 bits.
const ORDER_NO_DIGITS: usize = 32;
/// What such a payment is for, unless the payer says more.
const DESCRIPTION: &str = "收款码收款";
/// The metadata that tells which code it was.
const METADATA_KEY: &str = "collection_code";

/// The order number of the payment that a payer's request of this number makes.
pub fn order_no(payer: PayerId, number: &str) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(&Id::from(payer).bytes()).update(number.as_bytes());
    let digits = hash.finalize().to_hex();
    format!("{ORDER_NO_PREFIX}{}", digits.get(..ORDER_NO_DIGITS).unwrap_or_default())
}

/// Pays a shop's code from the balance, once for each number.
pub(super) fn pay(
    facts: &dyn Facts,
    cx: &mut Context,
    (code, app): (&CollectionCode, AppId),
    ask: &PayCode,
) -> Result<(ChangeSet, Payment), Stop> {
    let new = asked(code, ask)?;
    let order = Key::OrderNo(merchant::app(facts, app)?.merchant, new.order_no.clone());
    as_asked_for(facts, code, ask, &order)?;
    let by = Collect { payer: ask.payer, shown: Shown::Proofs(ask.proofs), sandbox: false };
    if facts.key(&order)?.is_some() {
        let (mut change, earlier) = collect(facts, cx, app, &new, &by)?;
        if ask.proofs.has(Proof::Password) {
            payer::password_was_right(facts, &mut change, ask.payer)?;
        }
        return Ok((change, earlier.payment));
    }
    payer::able(facts, ask.payer)?;
    let mut counted = ChangeSet::default();
    payee::count_by_code(facts, cx, &mut counted, ask.payer, ask.amount)?;
    let available = Account::PayerAvailable(ask.payer).of(new.money.currency);
    if facts.account(&available)?.balance() < ask.amount.minor() {
        return Err(Refusal::BalanceInsufficient.into());
    }
    let (mut change, made) = collect(facts, cx, app, &new, &by)?;
    if made.payment.status != Status::Succeeded {
        // What was proven is not enough for this payer; a code has no place to wait at.
        return Err(Refusal::ProofVoid.into());
    }
    change.records.append(&mut counted.records);
    Ok((change, made.payment))
}

fn asked(code: &CollectionCode, ask: &PayCode) -> Result<NewPayment, Refusal> {
    if ask.number.is_empty() || ask.number.len() > REQUEST_NO_CHARS_MAX {
        return Err(Refusal::Invalid { param: "number", must: "1 to 64 characters" });
    }
    if !is_note(&ask.note) {
        let must = "at most 50 characters, none of which controls how others are shown";
        return Err(Refusal::Invalid { param: "note", must });
    }
    Ok(NewPayment {
        order_no: order_no(ask.payer, &ask.number),
        money: Money { amount: ask.amount, currency: Currency::CNY },
        description: if ask.note.is_empty() { DESCRIPTION.to_owned() } else { ask.note.clone() },
        items: Vec::new(),
        metadata: BTreeMap::from([(METADATA_KEY.to_owned(), code.id.to_string())]),
        notify_url: None,
        return_url: None,
        expires_in_s: EXPIRES_IN_S_MIN,
    })
}
