//! Payments and refunds: each acknowledged one is there, once, as it was or as it may have become.

use std::collections::BTreeMap;

use crate::{
    book::{Book, Broken},
    load::Load,
    output::Failure,
    wire::{Payment, Refund},
};

/// Order and refund numbers that are looked up one by one.
const LOOKED_UP: usize = 100;

/// What the sandbox holds.
pub(super) struct Things {
    pub(super) payments: BTreeMap<String, Payment>,
    pub(super) refunds: BTreeMap<String, Refund>,
}

impl Things {
    /// The payments whose money was taken.
    pub(super) fn paid(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values().filter(|payment| payment.is_paid())
    }

    /// What was refunded of each payment, in fen.
    fn refunded(&self) -> BTreeMap<&str, i64> {
        let mut sums = BTreeMap::new();
        for refund in self.refunds.values().filter(|refund| refund.status == "succeeded") {
            *sums.entry(refund.payment.as_str()).or_default() += refund.amount;
        }
        sums
    }
}

/// Lists everything, compares it with the book, and gives it.
pub(super) async fn compare(load: &Load) -> Result<Things, Failure> {
    let payments: Vec<Payment> = load.client.all("/v1/payments").await?;
    let refunds: Vec<Refund> = load.client.all("/v1/refunds").await?;
    once(&load.book, "order number", payments.iter().map(|payment| &payment.order_no));
    once(&load.book, "refund number", refunds.iter().map(|refund| &refund.number));
    let payments = payments.into_iter().map(|payment| (payment.id.clone(), payment)).collect();
    let refunds = refunds.into_iter().map(|refund| (refund.id.clone(), refund)).collect();
    let things = Things { payments, refunds };
    same(&load.book, &load.book.payments(), &things.payments, Payment::contradicts);
    same(&load.book, &load.book.refunds(), &things.refunds, Refund::contradicts);
    let sums = things.refunded();
    for payment in things.payments.values() {
        let refunded = sums.get(payment.id.as_str()).copied().unwrap_or_default();
        let shown = payment.amount_refunded;
        if refunded != shown || refunded > payment.amount {
            let what = format_args!("{payment:?}, whose refunds add up to {refunded}");
            load.book.broken(Broken::Doubled, what);
        }
    }
    look_up(load, &things).await?;
    Ok(things)
}

/// No number stands twice in a list.
fn once<'a>(book: &Book, what: &str, numbers: impl Iterator<Item = &'a String>) {
    let mut seen: BTreeMap<&String, u32> = BTreeMap::new();
    numbers.for_each(|number| *seen.entry(number).or_default() += 1);
    for (number, times) in seen.into_iter().filter(|(_, times)| *times > 1) {
        book.broken(Broken::Doubled, format_args!("{what} {number} stands {times} times in the list"));
    }
}

/// Everything acknowledged is there and may have become what it is; nothing else is there.
fn same<T: std::fmt::Debug>(
    book: &Book,
    acknowledged: &BTreeMap<String, T>,
    found: &BTreeMap<String, T>,
    contradicts: impl Fn(&T, &T) -> Option<String>,
) {
    for (id, known) in acknowledged {
        match found.get(id) {
            None => book.broken(Broken::Lost, format_args!("{known:?} is not there")),
            Some(found) => {
                if let Some(why) = contradicts(known, found) {
                    book.broken(Broken::Lost, format_args!("{id}: {why}"));
                }
            }
        }
    }
    for (_, found) in found.iter().filter(|(id, _)| !acknowledged.contains_key(*id)) {
        book.broken(Broken::Doubled, format_args!("nobody asked for {found:?}"));
    }
}

/// The index by number agrees with the list.
async fn look_up(load: &Load, things: &Things) -> Result<(), Failure> {
    for payment in things.payments.values().rev().take(LOOKED_UP) {
        let path = format!("/v1/payments?order_no={}", payment.order_no);
        let found: Vec<Payment> = load.client.all(&path).await?;
        if found.iter().ne([payment]) {
            load.book
                .broken(Broken::Doubled, format_args!("{} is the number of {found:?}", payment.order_no));
        }
    }
    for refund in things.refunds.values().rev().take(LOOKED_UP) {
        let found: Vec<Refund> = load.client.all(&format!("/v1/refunds?refund_no={}", refund.number)).await?;
        if found.iter().ne([refund]) {
            load.book.broken(Broken::Doubled, format_args!("{} is the number of {found:?}", refund.number));
        }
    }
    Ok(())
}
