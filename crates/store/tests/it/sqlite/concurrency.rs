//! Many threads ask for the same thing at once: it is done once.

use std::{
    collections::BTreeMap,
    sync::{
        Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use tongbao_core::{
    Actor, Cause, ChangeSet, Context, Facts, List, Record, Stop,
    endpoint::WebhookSecret,
    id::{AppId, MerchantId},
    idempotency::{self, Ask},
    merchant::{self, NewMerchant},
    payment::create::{self, NewPayment},
};
use tongbao_money::BasisPoints;
use tongbao_store::{Outcome, Query, Step, Store};

use super::Place;
use crate::by_hand::{ALL_ROWS, after, cause, clean, committed, seed, step, yuan};

const THREADS: u64 = 64;
/// No two contexts draw the same ids.
static SEEDS: AtomicU64 = AtomicU64::new(1_000);

/// A merchant and its app.
fn shop(store: &dyn Store) -> (MerchantId, AppId) {
    let secret = WebhookSecret { sealed: "sealed".to_owned(), until: None };
    let new = NewMerchant { name: "Teahouse".to_owned(), fee_rate: BasisPoints::new(60).unwrap(), secret };
    let make = move || merchant::create(&mut Context::new(after(0), seed(1)), &new);
    let (_, merchant, app) = make();
    committed(step(store, after(0), move |_| Ok(make().0)));
    (merchant, app)
}

fn new_payment(order_no: &str) -> NewPayment {
    NewPayment {
        order_no: order_no.to_owned(),
        money: yuan(880),
        description: "a pot of tea".to_owned(),
        items: Vec::new(),
        metadata: BTreeMap::new(),
        notify_url: None,
        return_url: None,
        expires_in_s: 600,
    }
}

/// Lets all threads take a step at once, each with its own seed, and gives the outcomes.
fn all_at_once(
    store: &dyn Store,
    decide: impl Fn(u64, &dyn Facts, &mut Context) -> Result<ChangeSet, Stop> + Clone + Send + 'static,
) -> Vec<Outcome> {
    let barrier = Barrier::new(usize::try_from(THREADS).unwrap());
    thread::scope(|scope| {
        let start = |number: u64| {
            let (decide, barrier) = (decide.clone(), &barrier);
            scope.spawn(move || {
                let context = Context::new(after(1), seed(SEEDS.fetch_add(1, Ordering::Relaxed)));
                let decide = Box::new(move |facts: &dyn Facts| decide(number, facts, &mut context.clone()));
                barrier.wait();
                store.step(Step { cause: cause(after(1)), decide }).wait().unwrap()
            })
        };
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

fn payments(store: &dyn Store, merchant: MerchantId) -> Vec<Record> {
    let list = List::Payments(merchant);
    store.records(Query::List { list, after: None, newest_first: true, limit: ALL_ROWS }).unwrap()
}

#[track_caller]
fn is_one_of_many(outcomes: &[Outcome]) {
    let committed = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Committed(_))).count();
    let unchanged = outcomes.iter().filter(|outcome| **outcome == Outcome::Unchanged).count();
    assert_eq!((committed, unchanged), (1, outcomes.len() - 1), "{outcomes:?}");
}

#[test]
fn one_order_number_makes_one_payment_whoever_asks_at_once() {
    let place = Place::new();
    let store = place.open();
    let (merchant, app) = shop(&store);
    for round in 0..5 {
        let order_no = format!("order {round}").replace(' ', "-");
        let outcomes = all_at_once(&store, move |_, facts, cx| {
            create::create(facts, cx, app, &new_payment(&order_no)).map(|(change, _)| change)
        });
        is_one_of_many(&outcomes);
        assert_eq!(payments(&store, merchant).len(), round + 1);
    }
    clean(&store);
}

#[test]
fn one_idempotency_key_has_one_answer_whoever_asks_at_once() {
    let place = Place::new();
    let store = place.open();
    let (merchant, app) = shop(&store);
    for round in 0..5 {
        // Each asks for an order of its own under the one key.
        let outcomes = all_at_once(&store, move |number, facts, cx| {
            let ask = Ask { caller: app.into(), key: format!("key {round}"), request: "the same".to_owned() };
            if idempotency::earlier(facts, &ask)?.is_some() {
                return Ok(ChangeSet::default());
            }
            let new = new_payment(&format!("order-{round}-{number}"));
            let (mut change, created) = create::create(facts, cx, app, &new)?;
            change.put(idempotency::reply(cx, &ask, 201, created.payment.id.to_string()));
            Ok(change)
        });
        is_one_of_many(&outcomes);
        assert_eq!(payments(&store, merchant).len(), round + 1);
    }
    clean(&store);
}

#[test]
fn a_task_is_leased_to_one_worker_however_many_ask_at_once() {
    let place = Place::new();
    let store = place.open();
    let (_, app) = shop(&store);
    let payments: Vec<_> = (0..100)
        .map(|number| {
            let cause = Cause { at: after(1), actor: Actor::App(app), input: "create_payment" };
            let decide = move |facts: &dyn Facts| {
                let cx = &mut Context::new(after(1), seed(5_000 + number));
                create::create(facts, cx, app, &new_payment(&format!("order-{number}")))
                    .map(|(change, _)| change)
            };
            store.step(Step { cause, decide: Box::new(decide) })
        })
        .collect();
    for payment in payments {
        committed(payment.wait());
    }
    let leased: Vec<_> = thread::scope(|scope| {
        let worker = || store.due(after(700), 7).wait().unwrap();
        let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let mut ids: Vec<_> = leased.iter().map(|task| task.key.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((leased.len(), ids.len()), (100, 100));
}
