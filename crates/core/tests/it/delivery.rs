//! Deliveries: the schedule, what ends them, what an endpoint's failing comes to, and a model.

use proptest::{prelude::*, test_runner::Config};
use tongbao_core::{
    ChangeSet, Refusal, TaskKey, Time, Work,
    delivery::{self, Delivery, DeliveryAttempt, DeliveryStatus, RETRY_AFTER_S, Sent},
    endpoint::{Endpoint, EndpointStatus},
    event::Event,
    id::{DeliveryId, EndpointId, EventId},
    limits::{DELIVERY_ATTEMPTS_KEPT_MAX, ENDPOINT_FAILING_MS_MAX},
};

use crate::shop::{Shop, after, another_merchant};

const TRIES: usize = RETRY_AFTER_S.len() + 1;

fn sent(at: Time, delivered: bool, retry_after_s: Option<u32>, jitter: u8) -> Sent {
    let attempt = DeliveryAttempt {
        at,
        http_status: Some(if delivered { 204 } else { 503 }),
        failure: (!delivered).then(|| "http_status".to_owned()),
        duration_ms: 12,
    };
    Sent { attempt, retry_after_s, jitter }
}

/// A shop whose one endpoint is to be told of one payment that succeeded.
fn one_delivery() -> (Shop, EndpointId, DeliveryId) {
    let mut shop = Shop::open(60, 0);
    let endpoint = shop.endpoint(&[]);
    shop.paid_by_bank("1", 100);
    let to_endpoint = |delivery: &&Delivery| delivery.endpoint == Some(endpoint);
    let id = shop.books.all::<Delivery>().find(to_endpoint).unwrap().id;
    (shop, endpoint, id)
}

fn task(shop: &Shop, id: DeliveryId) -> Option<TaskKey> {
    let found = shop.books.tasks(|work| work == Work::Deliver(id));
    assert!(found.len() <= 1, "one delivery is sent by one task");
    found.first().copied()
}

fn record(shop: &mut Shop, id: DeliveryId, lease: TaskKey, sent: &Sent) -> Result<(), Refusal> {
    let at = sent.attempt.at;
    shop.books.step(at, |facts, _| Ok((delivery::record_attempt(facts, id, lease, sent)?, ())))
}

fn resend(shop: &mut Shop, at: Time, id: DeliveryId) -> Result<Delivery, Refusal> {
    let app = shop.app;
    shop.books.step(at, |facts, cx| delivery::resend(facts, cx, app, id))
}

/// Sends when due; gives the delivery after it.
fn send(
    shop: &mut Shop,
    id: DeliveryId,
    delivered: bool,
    retry_after_s: Option<u32>,
    jitter: u8,
) -> Delivery {
    let due = task(shop, id).unwrap();
    let lease = shop.books.lease(due, due.due_at.plus_s(60));
    record(shop, id, lease, &sent(due.due_at, delivered, retry_after_s, jitter)).unwrap();
    shop.books.get(id)
}

/// The wait in milliseconds after the failure number `number`, counted from 0.
fn wait_ms(number: usize, retry_after_s: Option<u32>, jitter: u8) -> i64 {
    let (mut shop, _, id) = one_delivery();
    for _ in 0..number {
        send(&mut shop, id, false, None, 50);
    }
    let failed_at = task(&shop, id).unwrap().due_at;
    let next = send(&mut shop, id, false, retry_after_s, jitter);
    assert_eq!(next.next_at, task(&shop, id).map(|key| key.due_at));
    next.next_at.unwrap().since_ms(failed_at)
}

#[test]
fn the_schedule_is_the_published_one_spread_by_a_fifth() {
    let published = [5, 30, 120, 600, 3_600, 10_800, 21_600, 43_200, 86_400];
    for (number, base_s) in published.into_iter().enumerate() {
        for (jitter, percent) in [(0, 80), (25, 90), (50, 100), (100, 120), (255, 120)] {
            assert_eq!(wait_ms(number, None, jitter), base_s * 10 * percent, "try {number}, jitter {jitter}");
        }
    }
}

#[test]
fn retry_after_stretches_a_wait_to_at_most_twice_and_never_shortens_it() {
    // Base 30 s: `Retry-After` in seconds, jitter, wait in milliseconds.
    let table = [
        (None, 50, 30_000),
        (Some(0), 50, 30_000),
        (Some(29), 50, 30_000),
        (Some(45), 50, 45_000),
        (Some(60), 50, 60_000),
        (Some(61), 50, 60_000),
        (Some(u32::MAX), 50, 60_000),
        // The spread never makes us come earlier than the receiver asked.
        (Some(30), 0, 30_000),
        (Some(45), 0, 45_000),
        (Some(60), 0, 48_000),
        (Some(10), 100, 36_000),
        (Some(50), 100, 50_000),
        (Some(100), 100, 72_000),
    ];
    for (asked_s, jitter, expected_ms) in table {
        assert_eq!(wait_ms(1, asked_s, jitter), expected_ms, "Retry-After {asked_s:?}, jitter {jitter}");
    }
}

#[test]
fn it_is_given_up_after_ten_failures_and_then_hears_nothing_more() {
    let (mut shop, _, id) = one_delivery();
    for failures in 1..TRIES {
        let next = send(&mut shop, id, false, None, 50);
        assert_eq!((next.status, usize::from(next.failures)), (DeliveryStatus::Waiting, failures));
    }
    let last = send(&mut shop, id, false, Some(1), 50);
    assert_eq!((last.status, last.next_at, last.attempts.len()), (DeliveryStatus::GivenUp, None, 10));
    assert_eq!(task(&shop, id), None);
    assert_eq!(last.after(&sent(after(9), true, None, 0)), None);
    assert_eq!(last.after(&sent(after(9), false, None, 0)), None);
}

#[test]
fn done_is_final() {
    let (mut shop, _, id) = one_delivery();
    let done = send(&mut shop, id, true, None, 50);
    assert_eq!((done.status, done.next_at, task(&shop, id)), (DeliveryStatus::Done, None, None));
    for delivered in [true, false] {
        assert_eq!(done.after(&sent(after(9), delivered, None, 0)), None);
    }
    // A task left over by a re-send that crossed a success.
    for leftover in 0..3 {
        let lease = TaskKey { due_at: after(50), id: Work::Deliver(id).task_id() };
        let tasks = vec![tongbao_core::Task { key: lease, work: Work::Deliver(id) }];
        shop.books.apply(ChangeSet { tasks, ..ChangeSet::default() });
        shop.books
            .step(after(51), |facts, _| {
                let change = match leftover {
                    0 => delivery::abandon(facts, id, lease)?,
                    1 => delivery::postpone(facts, id, lease, after(99))?,
                    _ => delivery::record_attempt(facts, id, lease, &sent(after(51), false, None, 0))?,
                };
                Ok((change, ()))
            })
            .unwrap();
        assert_eq!((shop.books.get::<Delivery>(id), task(&shop, id)), (done.clone(), None));
    }
}

/// Sends, fails or gives up until a delivery stands where it is wanted.
fn brought_to(status: DeliveryStatus) -> (Shop, DeliveryId) {
    let (mut shop, _, id) = one_delivery();
    match status {
        DeliveryStatus::Due => {}
        DeliveryStatus::Waiting => drop(send(&mut shop, id, false, None, 50)),
        DeliveryStatus::Done => drop(send(&mut shop, id, true, None, 50)),
        DeliveryStatus::GivenUp => {
            let lease = task(&shop, id).unwrap();
            let abandon =
                |facts: &dyn tongbao_core::Facts, _: &mut _| Ok((delivery::abandon(facts, id, lease)?, ()));
            shop.books.step(after(3), abandon).unwrap();
        }
    }
    assert_eq!(shop.books.get::<Delivery>(id).status, status);
    (shop, id)
}

const ALL: [DeliveryStatus; 4] =
    [DeliveryStatus::Due, DeliveryStatus::Waiting, DeliveryStatus::Done, DeliveryStatus::GivenUp];

#[test]
fn a_resend_from_every_state_keeps_the_event_and_is_due_at_once() {
    for status in ALL {
        let (mut shop, id) = brought_to(status);
        let before: Delivery = shop.books.get(id);
        let again = resend(&mut shop, after(9_000), id).unwrap();
        assert_eq!((again.event, again.id, again.url.as_str()), (before.event, id, before.url.as_str()));
        assert_eq!(
            (again.status, again.failures, again.next_at),
            (DeliveryStatus::Due, 0, Some(after(9_000)))
        );
        assert_eq!(again.attempts, before.attempts, "what was sent stays on record");
        assert_eq!(task(&shop, id).map(|key| key.due_at), Some(after(9_000)));
        // In the same millisecond once more: still one task.
        resend(&mut shop, after(9_000), id).unwrap();
        assert_eq!(task(&shop, id).map(|key| key.due_at), Some(after(9_000)));
        assert_eq!(send(&mut shop, id, true, None, 50).status, DeliveryStatus::Done);
    }
}

#[test]
fn another_app_finds_no_delivery_to_resend() {
    let (mut shop, _, id) = one_delivery();
    let (_, stranger) = another_merchant(&mut shop.books, 0);
    let asked = shop.books.step(after(9), |facts, cx| delivery::resend(facts, cx, stranger, id));
    assert_eq!(asked, Err(Refusal::NotFound("delivery")));
}

#[test]
fn a_worker_that_lost_its_lease_changes_nothing() {
    let (mut shop, _, id) = one_delivery();
    let first = task(&shop, id).unwrap();
    let lost = shop.books.lease(first, after(60));
    let held = shop.books.lease(lost, after(120));
    let before: Delivery = shop.books.get(id);
    let late = sent(after(61), true, None, 50);
    for key in [first, lost] {
        assert_eq!(record(&mut shop, id, key, &late), Err(Refusal::LeaseLost));
        let abandoned = shop.books.step(after(61), |facts, _| Ok((delivery::abandon(facts, id, key)?, ())));
        assert_eq!(abandoned, Err(Refusal::LeaseLost));
        let later = after(90);
        let put_off =
            shop.books.step(after(61), |facts, _| Ok((delivery::postpone(facts, id, key, later)?, ())));
        assert_eq!(put_off, Err(Refusal::LeaseLost));
    }
    assert_eq!(shop.books.get::<Delivery>(id), before);
    record(&mut shop, id, held, &late).unwrap();
    assert_eq!(shop.books.get::<Delivery>(id).status, DeliveryStatus::Done);
}

#[test]
fn a_delivery_put_off_costs_no_try() {
    let (mut shop, _, id) = one_delivery();
    let lease = task(&shop, id).unwrap();
    let until = after(77);
    shop.books.step(after(3), |facts, _| Ok((delivery::postpone(facts, id, lease, until)?, ()))).unwrap();
    let now: Delivery = shop.books.get(id);
    assert_eq!((now.failures, now.attempts.len(), now.next_at), (0, 0, Some(until)));
    assert_eq!(task(&shop, id).map(|key| key.due_at), Some(until));
}

#[test]
fn only_the_latest_attempts_are_kept() {
    let (mut shop, _, id) = one_delivery();
    let more = DELIVERY_ATTEMPTS_KEPT_MAX + 3;
    for _ in 0..more {
        send(&mut shop, id, false, None, 50);
        resend(&mut shop, after(9_000), id).unwrap();
    }
    let now: Delivery = shop.books.get(id);
    assert_eq!(now.attempts.len(), DELIVERY_ATTEMPTS_KEPT_MAX);
    assert_eq!(usize::try_from(now.version).unwrap(), 1 + 2 * more);
}

#[test]
fn an_endpoint_that_failed_for_five_days_on_end_is_disabled() {
    let (mut shop, endpoint, id) = one_delivery();
    let at = |ms: i64| after(10).plus_ms(ms);
    let fail = |shop: &mut Shop, ms: i64, delivered: bool| {
        resend(shop, at(ms), id).unwrap();
        let lease = task(shop, id).unwrap();
        record(shop, id, lease, &sent(at(ms), delivered, None, 50)).unwrap();
        let now: Endpoint = shop.books.get(endpoint);
        (now.status, now.failing_since)
    };
    let enabled = EndpointStatus::Enabled;
    assert_eq!(fail(&mut shop, 0, true), (enabled, None));
    assert_eq!(fail(&mut shop, 1, false), (enabled, Some(at(1))));
    assert_eq!(fail(&mut shop, 9, false), (enabled, Some(at(1))), "since the first failure");
    assert_eq!(fail(&mut shop, ENDPOINT_FAILING_MS_MAX, false), (enabled, Some(at(1))));
    assert_eq!(fail(&mut shop, ENDPOINT_FAILING_MS_MAX, true), (enabled, None), "one success clears it");
    let since = ENDPOINT_FAILING_MS_MAX + 5;
    assert_eq!(fail(&mut shop, since, false), (enabled, Some(at(since))));
    let over = since + ENDPOINT_FAILING_MS_MAX;
    assert_eq!(fail(&mut shop, over - 1, false), (enabled, Some(at(since))));
    assert_eq!(fail(&mut shop, over, false), (EndpointStatus::Disabled, Some(at(since))));
    shop.paid_by_bank("2", 100);
    let told = shop.books.all::<Delivery>().filter(|delivery| delivery.endpoint == Some(endpoint)).count();
    assert_eq!(told, 1, "nothing more is planned for a disabled endpoint");
}

/// What a delivery can go through.
#[derive(Clone, Debug)]
enum Step {
    /// A worker takes the task.
    Take,
    /// The worker that took it comes back.
    Sent {
        delivered: bool,
        retry_after_s: Option<u32>,
        jitter: u8,
    },
    /// The lease ends before the worker comes back, and another takes the task.
    LeaseEnds,
    Resend,
    PutOff(i64),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sent = (prop::bool::weighted(0.2), prop::option::of(0..200_000_u32), 0..=100_u8);
    let sent =
        sent.prop_map(|(delivered, retry_after_s, jitter)| Step::Sent { delivered, retry_after_s, jitter });
    let step = prop_oneof![
        4 => Just(Step::Take),
        4 => sent,
        1 => Just(Step::LeaseEnds),
        1 => Just(Step::Resend),
        1 => (1..100_i64).prop_map(Step::PutOff),
        3 => prop_oneof![1..100_i64, 1..90_000_i64].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

/// What must hold of a delivery, counted apart from it: failures in a row since it was last made due.
#[derive(Default)]
struct Count {
    failures: usize,
    over: Option<DeliveryStatus>,
    event: Option<EventId>,
}

impl Count {
    fn sent(&mut self, delivered: bool) {
        match (self.over, delivered) {
            (Some(_), _) => {}
            (None, true) => self.over = Some(DeliveryStatus::Done),
            (None, false) => {
                self.failures += 1;
                self.over = (self.failures == TRIES).then_some(DeliveryStatus::GivenUp);
            }
        }
    }

    fn check(&mut self, shop: &Shop, id: DeliveryId) {
        let now: Delivery = shop.books.get(id);
        let waiting = if self.failures == 0 { DeliveryStatus::Due } else { DeliveryStatus::Waiting };
        assert_eq!(now.status, self.over.unwrap_or(waiting));
        assert_eq!(usize::from(now.failures), self.failures);
        assert_eq!(now.event, *self.event.get_or_insert(now.event), "the event id never changes");
        let sent = shop.books.tasks(|work| work == Work::Deliver(id));
        assert!(self.over.is_some() || !sent.is_empty(), "what is not over is sent again");
        assert!(shop.books.all::<Event>().all(|event| event.version == 1));
    }
}

fn still_held(shop: &Shop, lease: &TaskKey) -> bool {
    tongbao_core::Facts::task(&shop.books, lease) == Ok(true)
}

proptest! {
    #![proptest_config(Config { cases: 1_000, failure_persistence: None, ..Config::default() })]

    #[test]
    fn a_delivery_ends_when_it_is_done_or_was_tried_ten_times(steps in steps()) {
        let (mut shop, _, id) = one_delivery();
        let (mut at, mut held, mut count) = (after(2), None, Count::default());
        for step in steps {
            let due = |key: &TaskKey| key.due_at <= at;
            match step {
                Step::Wait(seconds) => at = at.plus_s(seconds),
                Step::Take => {
                    let task = shop.books.tasks(|work| work == Work::Deliver(id)).into_iter().find(due);
                    held = task.map(|task| shop.books.lease(task, at.plus_s(60))).or(held);
                }
                Step::LeaseEnds => {
                    let Some(lost) = held.filter(|lost| still_held(&shop, lost)) else { continue };
                    held = Some(shop.books.lease(lost, lost.due_at.plus_s(61)));
                    let refused = record(&mut shop, id, lost, &sent(at, true, None, 50));
                    assert_eq!(refused, Err(Refusal::LeaseLost));
                }
                Step::Sent { delivered, retry_after_s, jitter } => {
                    let Some(lease) = held.take() else { continue };
                    let still_held = still_held(&shop, &lease);
                    let told = record(&mut shop, id, lease, &sent(at, delivered, retry_after_s, jitter));
                    assert_eq!(told.is_ok(), still_held);
                    if still_held {
                        count.sent(delivered);
                    }
                }
                Step::Resend => {
                    resend(&mut shop, at, id).unwrap();
                    (count.failures, count.over) = (0, None);
                }
                Step::PutOff(seconds) => {
                    let Some(lease) = held.take() else { continue };
                    let until = at.plus_s(seconds);
                    let put_off = shop.books.step(at, |facts, _| {
                        Ok((delivery::postpone(facts, id, lease, until)?, ()))
                    });
                    assert!(matches!(put_off, Ok(()) | Err(Refusal::LeaseLost)));
                }
            }
            count.check(&shop, id);
        }
    }
}
