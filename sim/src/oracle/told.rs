//! Notifications: every event has its deliveries, each of which arrived or was given up by the rules, and of one thing
//! the numbers never go back.

use std::collections::BTreeMap;

use tongbao_api::event_body::EventBody;
use tongbao_core::{
    Id,
    delivery::{Delivery, DeliveryStatus, Dialect, RETRY_AFTER_S},
    endpoint::{Endpoint, EndpointStatus},
    event::{Event, Subject},
    merchant::App,
};

use super::Holdings;
use crate::{process::BASE_URL, state::State};

/// Checks what merchants were told.
pub(super) fn check(held: &Holdings, state: &State, found: &mut Vec<String>) {
    for delivery in held.all::<Delivery>() {
        check_delivery(held, state, delivery, found);
    }
    for event in held.all::<Event>() {
        check_event(held, event, found);
    }
    check_order(held, found);
}

fn is_disabled(held: &Holdings, delivery: &Delivery) -> bool {
    let endpoint = delivery.endpoint.and_then(|id| held.get::<Endpoint>(id));
    endpoint.is_some_and(|endpoint| endpoint.status != EndpointStatus::Enabled)
}

fn check_delivery(held: &Holdings, state: &State, delivery: &Delivery, found: &mut Vec<String>) {
    let taken = state.receivers.taken.get(&(delivery.url.clone(), delivery.event.to_string()));
    match delivery.status {
        DeliveryStatus::Due | DeliveryStatus::Waiting => {
            found.push(format!("{} is still {:?}", delivery.id, delivery.status));
        }
        DeliveryStatus::Done if !taken.is_some_and(|taken| taken.acknowledged) => {
            found.push(format!("{} is done, and {} knows nothing of it", delivery.id, delivery.url));
        }
        DeliveryStatus::GivenUp => {
            let tried = usize::from(delivery.failures) > RETRY_AFTER_S.len();
            // There are no words for merchants of WeChat Pay's interface in a world without their keys.
            let wordless = delivery.dialect == Dialect::Wechat;
            if !tried && !wordless && !is_disabled(held, delivery) {
                found.push(format!("{} was given up after {} failures", delivery.id, delivery.failures));
            }
        }
        DeliveryStatus::Done => {}
    }
    let (Some(taken), Some(event)) = (taken, held.get::<Event>(delivery.event)) else { return };
    let said = serde_json::to_vec(&EventBody::of(event, BASE_URL)).unwrap_or_default();
    if taken.body != said {
        found.push(format!("{} was told in other words than it is kept in", event.id));
    }
}

fn check_event(held: &Holdings, event: &Event, found: &mut Vec<String>) {
    let deliveries = || held.all::<Delivery>().filter(|delivery| delivery.event == event.id);
    let for_endpoints = !matches!(event.subject, Subject::CombinedOrder(_) | Subject::TransferBatch(_));
    let Some(app) = held.get::<App>(event.app).filter(|_| for_endpoints) else { return };
    for id in &app.endpoints {
        let Some(endpoint) = held.get::<Endpoint>(*id) else { continue };
        let told = deliveries().any(|delivery| delivery.endpoint == Some(*id));
        if !told && endpoint.status == EndpointStatus::Enabled && endpoint.wants(event.kind) {
            found.push(format!("{} has no delivery to {id}", event.id));
        }
    }
    let address = match &event.subject {
        Subject::Payment(payment) if payment.wechat.is_none() => payment.notify_url.clone(),
        _ => None,
    };
    if address.is_some_and(|url| !deliveries().any(|delivery| delivery.url == url)) {
        found.push(format!("{} has no delivery to the payment's own address", event.id));
    }
}

/// In the order in which they were committed, the events of one thing have numbers that do not go back.
fn check_order(held: &Holdings, found: &mut Vec<String>) {
    let mut latest: BTreeMap<Id, u32> = BTreeMap::new();
    for event in held.written.iter().filter_map(|id| held.get::<Event>((*id).try_into().ok()?)) {
        let subject: Id = match &event.subject {
            Subject::Payment(payment) => payment.id.into(),
            Subject::Refund(refund) => refund.id.into(),
            Subject::Transfer(transfer) => transfer.id.into(),
            Subject::Ride(ride) => ride.id.into(),
            Subject::CombinedOrder(_)
            | Subject::Share(_)
            | Subject::Complaint(_)
            | Subject::TransferBatch(_) => continue,
        };
        let sequence = event.subject.sequence();
        let before = latest.insert(subject, sequence);
        if before.is_some_and(|before| before > sequence) {
            found.push(format!("{subject} was told of as {before:?} and then as {sequence}"));
        }
    }
}
