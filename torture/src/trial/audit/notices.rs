//! Events and notifications: one event for each thing that happened, each received, and nothing received that
//! did not happen.

use std::collections::BTreeMap;

use serde_json::Value;

use super::things::Things;
use crate::{
    book::{Book, Broken},
    load::Load,
    output::Failure,
    receiver::Receiver,
    wire::Event,
};

/// Compares events, notifications and things; gives the number of events.
pub(super) async fn compare(load: &Load, receiver: &Receiver, things: &Things) -> Result<usize, Failure> {
    let listed: Vec<Value> = load.client.all("/v1/events?order=asc").await?;
    let mut events = BTreeMap::new();
    for value in &listed {
        let event: Event = serde_json::from_value(value.clone())?;
        if events.insert(event.id.clone(), (event, value)).is_some() {
            load.book.broken(Broken::Doubled, format_args!("one event stands twice in the list: {value}"));
        }
    }
    let notices = receiver.notices();
    for (id, (_, value)) in &events {
        match notices.get(id) {
            Some(notice) if notice.taken > 0 && notice.event == **value => {}
            Some(notice) if notice.taken > 0 => {
                let received = &notice.event;
                load.book.broken(Broken::Other, format_args!("{value} was received as {received}"));
            }
            Some(_) | None => load.book.broken(Broken::Lost, format_args!("nobody received {value}")),
        }
    }
    for (id, notice) in notices.iter().filter(|(id, _)| !events.contains_key(*id)) {
        let said = &notice.event;
        load.book.broken(Broken::Lost, format_args!("{id} was received and is no event: {said}"));
    }
    let events: Vec<&Event> = events.values().map(|(event, _)| event).collect();
    happened_once(&load.book, &events, things);
    Ok(events.len())
}

/// Success, closing and refund have one event each, and nothing else has.
fn happened_once(book: &Book, events: &[&Event], things: &Things) {
    let mut told: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind != "payment.failed") {
        *told.entry((event.subject(), &event.kind)).or_default() += 1;
    }
    let mut happened: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for payment in things.payments.values() {
        if payment.is_paid() {
            happened.insert((&payment.id, "payment.succeeded"), 1);
        } else if payment.status == "closed" {
            happened.insert((&payment.id, "payment.closed"), 1);
        }
    }
    for refund in things.refunds.values().filter(|refund| refund.status == "succeeded") {
        happened.insert((&refund.id, "refund.succeeded"), 1);
    }
    for (what, _) in happened.iter().filter(|(what, _)| !told.contains_key(*what)) {
        book.broken(Broken::Lost, format_args!("no event tells of {what:?}"));
    }
    for (what, times) in told.iter().filter(|(what, times)| happened.get(*what) != Some(*times)) {
        book.broken(Broken::Doubled, format_args!("{times} events tell of {what:?}"));
    }
}
