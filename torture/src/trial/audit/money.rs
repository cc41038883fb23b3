//! The merchant's money: its entries add up, and there is exactly one for each thing that moved it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::things::Things;
use crate::{
    book::Broken,
    load::Load,
    output::Failure,
    wire::{Entry, Payment},
};

/// What entries of one subject and reason there are: how many, and what they add up to.
type Sums<'a> = BTreeMap<(&'a str, &'a str), (u32, i64)>;

/// Compares entries, balance and things; gives the balance, in fen.
pub(super) async fn compare(load: &Load, things: &Things) -> Result<i64, Failure> {
    let entries: Vec<Entry> = load.client.all("/v1/balance/entries?purpose=pending&currency=CNY").await?;
    let balance = pending(load).await?;
    let mut expected = balance;
    for entry in &entries {
        if entry.balance_after != expected {
            load.book.broken(Broken::Other, format_args!("{entry:?} should come to {expected}"));
        }
        expected = entry.balance_after - entry.amount;
    }
    if expected != 0 {
        load.book.broken(Broken::Other, format_args!("the oldest entry begins at {expected}"));
    }
    let taken: i64 =
        things.paid().map(|payment| payment.amount - payment.amount_refunded - payment.fee).sum();
    if taken != balance {
        let what = format_args!("the balance is {balance}; paid, less refunded, less fees is {taken}");
        load.book.broken(if balance < taken { Broken::Lost } else { Broken::Doubled }, what);
    }
    one_by_one(load, things, &entries);
    Ok(balance)
}

async fn pending(load: &Load) -> Result<i64, Failure> {
    let balance: Value = load.client.get("/v1/balance").await?;
    let rows = balance.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
    let row = rows.iter().find(|row| row.get("currency").is_some_and(|currency| currency == "CNY"));
    let field = |name: &str| row.and_then(|row| row.get(name)).and_then(Value::as_i64);
    if field("available") != Some(0) || field("frozen") != Some(0) {
        load.book.broken(Broken::Other, format_args!("nothing settles or freezes here, but: {balance}"));
    }
    Ok(field("pending").ok_or("the balance has no CNY")?)
}

fn one_by_one(load: &Load, things: &Things, entries: &[Entry]) {
    let mut sums = Sums::new();
    for entry in entries {
        let sum = sums.entry((&entry.subject, &entry.reason)).or_default();
        *sum = (sum.0 + 1, sum.1 + entry.amount);
    }
    let check = |subject: &str, reason: &str, amount: i64| {
        let found = sums.get(&(subject, reason)).copied().unwrap_or_default();
        if found != (1, amount) {
            let kind = if found.0 == 0 { Broken::Lost } else { Broken::Doubled };
            let what = format_args!("{subject} should have one {reason} of {amount}; it has {found:?}");
            load.book.broken(kind, what);
        }
    };
    things.paid().for_each(|payment| check(&payment.id, "payment", payment.amount));
    things.refunds.values().for_each(|refund| check(&refund.id, "refund", -refund.amount));
    let known = |subject: &str| {
        things.payments.get(subject).is_some_and(Payment::is_paid) || things.refunds.contains_key(subject)
    };
    for ((subject, reason), _) in sums.iter().filter(|((subject, _), _)| !known(subject)) {
        load.book
            .broken(Broken::Doubled, format_args!("an entry {reason} for {subject}, which moved no money"));
    }
}
