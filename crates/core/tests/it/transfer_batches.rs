//! Batches of transfers: accepted whole, paid in turns, and random lives in which no fen is made, lost or paid twice.

use proptest::prelude::*;
use tongbao_core::{
    ChangeSet, Facts, Key, Refusal, TaskKey, Time, Work,
    delivery::{Delivery, Dialect},
    event::{Event, EventKind, Subject},
    id::{PayerId, WechatTransferBatchId},
    ledger::Account,
    limits::{WECHAT_TRANSFER_DETAILS_MAX, WECHAT_TRANSFER_DETAILS_PER_STEP},
    payer,
    transfer::{DetailOf, Transfer, TransferStatus},
    wechat::{
        WechatTransferBatch,
        transfer::SealedName,
        transfer_batch::{
            Accepted, BatchTerms, DetailStatus, FailReason, NewTransferBatch, Tally, TransferDetail, create,
            pay,
        },
    },
};
use tongbao_money::Currency;

use crate::{
    samples,
    shop::{NOTIFY_URL, Shop, after, amount, new_payer},
    transfers::shop,
    wechat_orders::MCHID,
};

const APPID: &str = "wx0000000000000001";
const LEASE_S: i64 = 60;

fn detail(place: usize, minor: i64, recipient: Option<PayerId>) -> TransferDetail {
    TransferDetail {
        out_detail_no: format!("D{place}"),
        amount: amount(minor),
        remark: "wages".to_owned(),
        openid: "o".to_owned(),
        recipient,
        name: None,
    }
}

fn batch_of(number: &str, details: Vec<TransferDetail>) -> NewTransferBatch {
    let terms = BatchTerms {
        mchid: MCHID.to_owned(),
        appid: APPID.to_owned(),
        out_batch_no: number.to_owned(),
        name: "April".to_owned(),
        remark: "wages".to_owned(),
        scene_id: None,
        notify_url: Some(NOTIFY_URL.to_owned()),
    };
    NewTransferBatch { terms, details, by_public_key: false }
}

fn ask(shop: &mut Shop, at: Time, new: &NewTransferBatch) -> Accepted {
    shop.books.step(at, |facts, cx| create(facts, cx, new)).unwrap()
}

fn accepted(shop: &mut Shop, new: &NewTransferBatch) -> WechatTransferBatch {
    match ask(shop, after(0), new) {
        Accepted::Made(batch) => *batch,
        other => panic!("{other:?}"),
    }
}

fn task(shop: &Shop, id: WechatTransferBatchId) -> Option<TaskKey> {
    let tasks = shop.books.tasks(|work| work == Work::PayTransferBatch(id));
    assert!(tasks.len() <= 1, "a batch has one task at a time");
    tasks.first().copied()
}

/// A worker takes the task; from now on nobody else has it.
fn lease(shop: &mut Shop, at: Time, id: WechatTransferBatchId) -> Option<TaskKey> {
    let due = task(shop, id)?;
    Some(shop.books.lease(due, due.due_at.max(at).plus_s(LEASE_S)))
}

fn pay_under(shop: &mut Shop, at: Time, id: WechatTransferBatchId, lease: TaskKey) -> Result<(), Refusal> {
    shop.books.step(at, |facts, cx| Ok((pay(facts, cx, id, lease)?, ())))
}

fn pay_next(shop: &mut Shop, at: Time, id: WechatTransferBatchId) {
    let lease = lease(shop, at, id).unwrap();
    pay_under(shop, at, id, lease).unwrap();
}

fn balance(shop: &Shop, account: Account) -> i64 {
    shop.books.balance(account, Currency::CNY)
}

/// What the merchant, the platform between, and the shop's payer have.
fn balances(shop: &Shop) -> (i64, i64, i64) {
    (
        balance(shop, Account::MerchantPending(shop.merchant)),
        balance(shop, Account::TransfersInFlight),
        balance(shop, Account::PayerAvailable(shop.payer)),
    )
}

fn tally(count: u32, minor: i64) -> Tally {
    Tally { count, amount: amount(minor) }
}

#[test]
fn a_batch_takes_its_whole_sum_at_once_and_pays_so_many_details_in_each_step() {
    let mut shop = shop(1_000);
    let endpoint = shop.endpoint(&[]);
    let before = balances(&shop);
    let details: Vec<_> = (0..120).map(|place| detail(place, 2, Some(shop.payer))).collect();
    let made = accepted(&mut shop, &batch_of("B1", details));
    assert_eq!((made.total, made.paid, made.ended()), (tally(120, 240), Tally::default(), 0));
    assert_eq!(balances(&shop), (before.0 - 240, 240, before.2));
    assert!(made.batch_id.len() == 40 && made.batch_id.starts_with("1030"));
    let key = Key::WechatTransferBatch(made.batch_id.clone());
    assert_eq!(shop.books.key(&key).unwrap(), Some(made.id.into()));
    for (step, ended) in [(1, 50), (2, 100), (3, 120)] {
        let stale = task(&shop, made.id).unwrap();
        let lease = lease(&mut shop, after(step), made.id).unwrap();
        assert_eq!(pay_under(&mut shop, after(step), made.id, stale), Err(Refusal::LeaseLost));
        pay_under(&mut shop, after(step), made.id, lease).unwrap();
        let now: WechatTransferBatch = shop.books.get(made.id);
        assert_eq!((now.paid, now.updated_at), (tally(ended, i64::from(ended) * 2), after(step)));
        assert_eq!(now.status(ended), DetailStatus::Waiting);
        assert_eq!(now.status(ended - 1), DetailStatus::Paid);
        let paid = i64::from(ended) * 2;
        assert_eq!(balances(&shop), (before.0 - 240, 240 - paid, before.2 + paid));
        assert_eq!(pay_under(&mut shop, after(step), made.id, lease), Err(Refusal::LeaseLost));
    }
    assert_eq!(task(&shop, made.id), None);
    let transfers: Vec<&Transfer> = shop.books.all::<Transfer>().collect();
    assert!(transfers.iter().all(|transfer| transfer.status == TransferStatus::Accepted));
    let places: Vec<_> = transfers.iter().filter_map(|transfer| transfer.detail).collect();
    assert_eq!(places, (0..120).map(|place| DetailOf { batch: made.id, place }).collect::<Vec<_>>());
    // Each transfer is told to the endpoint, the batch to its own address; the first event filled the till.
    let told: Vec<_> =
        shop.books.all::<Delivery>().skip(1).map(|told| (told.endpoint, told.dialect)).collect();
    assert_eq!(told.iter().filter(|told| **told == (Some(endpoint), Dialect::Native)).count(), 120);
    assert_eq!(told.iter().filter(|told| **told == (None, Dialect::Wechat)).count(), 1);
    let batches = |event: &&Event| matches!(event.subject, Subject::TransferBatch(_));
    let end = shop.books.all::<Event>().find(batches).unwrap();
    let now: WechatTransferBatch = shop.books.get(made.id);
    assert_eq!(end.kind, EventKind::TransferAccepted);
    assert_eq!(end.subject, Subject::TransferBatch(Box::new(now)));
}

#[test]
fn a_detail_that_nobody_can_have_gives_its_money_back() {
    let mut shop = shop(1_000);
    let before = balances(&shop);
    let details =
        vec![detail(0, 1, None), detail(1, 20, Some(shop.payer)), detail(2, 300, Some(samples::id(99)))];
    let made = accepted(&mut shop, &batch_of("B1", details));
    pay_next(&mut shop, after(1), made.id);
    let now: WechatTransferBatch = shop.books.get(made.id);
    assert_eq!((now.paid, now.failed(), now.is_finished()), (tally(1, 20), tally(2, 301), true));
    let failed: Vec<_> = now.failed.iter().map(|failed| (failed.place, failed.reason)).collect();
    assert_eq!(failed, [(0, FailReason::UnknownOpenid), (2, FailReason::UnknownRecipient)]);
    assert_eq!(now.status(2), DetailStatus::Failed(now.failed[1]));
    assert_eq!(now.status(1), DetailStatus::Paid);
    assert_eq!(balances(&shop), (before.0 - 20, 0, before.2 + 20));
    let second = accepted(&mut shop, &batch_of("B2", vec![detail(0, 5, None)]));
    pay_next(&mut shop, after(2), second.id);
    let last = shop.books.all::<Event>().last().unwrap();
    assert_eq!(last.kind, EventKind::TransferReturned, "nothing of it was paid");
    assert_eq!(balances(&shop), (before.0 - 20, 0, before.2 + 20));
}

#[test]
fn a_task_that_is_left_over_changes_nothing() {
    let mut shop = shop(1_000);
    let new = batch_of("B1", vec![detail(0, 5, Some(shop.payer))]);
    let made = accepted(&mut shop, &new);
    pay_next(&mut shop, after(1), made.id);
    let before = (balances(&shop), shop.books.get::<WechatTransferBatch>(made.id));
    let left = tongbao_core::Task::new(after(2), Work::PayTransferBatch(made.id));
    shop.books.apply(ChangeSet { tasks: vec![left], ..ChangeSet::default() });
    pay_next(&mut shop, after(2), made.id);
    assert_eq!((balances(&shop), shop.books.get::<WechatTransferBatch>(made.id)), before);
    assert_eq!(task(&shop, made.id), None);
}

#[test]
fn the_same_number_finds_the_same_batch_and_refuses_another() {
    let mut shop = shop(1_000);
    let named = |sealed: &str, digest| Some(SealedName { sealed: sealed.to_owned(), digest: [digest; 32] });
    let with_name = |name| vec![TransferDetail { name, ..detail(0, 30, Some(samples::payer())) }];
    let new = batch_of("B1", with_name(named("one", 1)));
    let made = Accepted::Made(Box::new(accepted(&mut shop, &new)));
    let again = NewTransferBatch { details: with_name(named("anew", 1)), by_public_key: true, ..new.clone() };
    assert_eq!(ask(&mut shop, after(1), &again), made);
    let details = |details| NewTransferBatch { details, ..new.clone() };
    let terms = |change: fn(&mut BatchTerms)| {
        let mut other = new.clone();
        change(&mut other.terms);
        other
    };
    let one = detail(0, 30, Some(samples::payer()));
    for differs in [
        details(with_name(named("one", 2))),
        details(with_name(None)),
        details(vec![TransferDetail { amount: amount(31), ..one.clone() }]),
        details(vec![TransferDetail { recipient: None, ..one.clone() }]),
        details(vec![TransferDetail { remark: "bonus".to_owned(), ..one.clone() }]),
        details([with_name(named("one", 1)), vec![detail(1, 1, None)]].concat()),
        terms(|terms| terms.name = "May".to_owned()),
        terms(|terms| terms.remark = "bonus".to_owned()),
        terms(|terms| terms.notify_url = None),
        terms(|terms| terms.scene_id = Some("1000".to_owned())),
    ] {
        assert_eq!(ask(&mut shop, after(1), &differs), Accepted::Differs, "{differs:?}");
    }
    let unknown = terms(|terms| terms.mchid = "1".to_owned());
    assert_eq!(ask(&mut shop, after(1), &unknown), Accepted::UnknownMerchant);
    let unbound = terms(|terms| terms.appid = "wx".to_owned());
    assert_eq!(ask(&mut shop, after(1), &unbound), Accepted::AppidNotBound);
    let dear = batch_of("B2", vec![detail(0, 970, None), detail(1, 1, None)]);
    assert_eq!(ask(&mut shop, after(1), &dear), Accepted::NotEnough);
    assert_eq!(balances(&shop), (970, 30, 1_000_000 - 1_000));
}

#[test]
fn a_batch_has_its_limits() {
    let mut shop = shop(1_000);
    let one = || detail(0, 1, None);
    let many = |count: usize| (0..count).map(|place| detail(place, 1, None)).collect::<Vec<_>>();
    let terms = |change: fn(&mut BatchTerms)| {
        let mut new = batch_of("B1", vec![detail(0, 1, None)]);
        change(&mut new.terms);
        new
    };
    for (param, wrong) in [
        ("out_batch_no", terms(|terms| terms.out_batch_no = String::new())),
        ("batch_name", terms(|terms| terms.name = "\n".to_owned())),
        ("batch_remark", terms(|terms| terms.remark = String::new())),
        ("transfer_detail_list", batch_of("B1", Vec::new())),
        ("transfer_detail_list", batch_of("B1", many(WECHAT_TRANSFER_DETAILS_MAX + 1))),
        ("out_detail_no", batch_of("B1", vec![one(), one()])),
        ("out_detail_no", batch_of("B1", vec![TransferDetail { out_detail_no: String::new(), ..one() }])),
        ("transfer_amount", batch_of("B1", vec![TransferDetail { amount: amount(0), ..one() }])),
        ("transfer_amount", batch_of("B1", vec![TransferDetail { amount: amount(10_000_000_001), ..one() }])),
        ("transfer_remark", batch_of("B1", vec![TransferDetail { remark: String::new(), ..one() }])),
    ] {
        let refused = shop.books.step(after(1), |facts, cx| create(facts, cx, &wrong)).unwrap_err();
        assert_eq!(refused.param(), Some(param));
    }
    let most = batch_of("B1", many(WECHAT_TRANSFER_DETAILS_MAX));
    let made = accepted(&mut shop, &most);
    let steps = WECHAT_TRANSFER_DETAILS_MAX / WECHAT_TRANSFER_DETAILS_PER_STEP;
    for step in 0..steps {
        assert_eq!(usize::try_from(made.total.count), Ok(WECHAT_TRANSFER_DETAILS_MAX));
        pay_next(&mut shop, after(i64::try_from(step).unwrap()), made.id);
    }
    assert!(shop.books.get::<WechatTransferBatch>(made.id).is_finished());
    assert_eq!(balances(&shop).0, 1_000, "all of them failed");
}

#[test]
fn a_batch_is_asked_for_during_thirty_days_by_its_own_merchant_number() {
    let batch = samples::batch();
    let days = |days: i64, ms: i64| after(days * 24 * 3_600).plus_ms(ms);
    let own = batch.terms.mchid.clone();
    assert!(batch.is_shown(&own, days(30, 0)) && !batch.is_shown(&own, days(30, 1)));
    assert!(!batch.is_shown("1", days(0, 0)));
}

/// Who is to have a detail.
#[derive(Clone, Copy, Debug)]
enum Whom {
    Payer,
    Other,
    Gone,
    Nobody,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// A batch is asked for, now or again.
    Ask(usize),
    /// A worker takes the task of a batch.
    Lease(usize),
    /// A worker does what it holds or held: the latest lease, or one that it lost.
    Pay(usize),
    Wait(i64),
}

/// The details of three batches, and what happens to them.
type Life = (Vec<Vec<(Whom, i64)>>, Vec<(Deed, usize)>);

fn lives() -> impl Strategy<Value = Life> {
    let whom = prop_oneof![
        4 => Just(Whom::Payer),
        2 => Just(Whom::Other),
        1 => Just(Whom::Gone),
        1 => Just(Whom::Nobody),
    ];
    let batch = prop::collection::vec((whom, 1..40_i64), 1..130);
    let deed = prop_oneof![
        2 => (0..3_usize).prop_map(Deed::Ask),
        3 => (0..3_usize).prop_map(Deed::Lease),
        4 => (0..3_usize).prop_map(Deed::Pay),
        1 => (1..90_i64).prop_map(Deed::Wait),
    ];
    (prop::collection::vec(batch, 3), prop::collection::vec((deed, 0..3_usize), 1..40))
}

const TAKINGS: i64 = 5_000;

/// What must be, whatever happened: the books add up, and every detail is where its batch says.
fn check(shop: &Shop, batches: &[(WechatTransferBatchId, Vec<TransferDetail>)], payers: [PayerId; 2]) {
    let (mut merchant, mut between, mut had) = (TAKINGS, 0, [0_i64; 2]);
    let mut paid_once = 0;
    for (id, details) in batches {
        let batch: WechatTransferBatch = shop.books.get(*id);
        assert_eq!(batch.is_finished(), task(shop, *id).is_none(), "what is not finished has its task");
        let (mut paid, mut failed) = (Tally::default(), Tally::default());
        for (place, detail) in (0_u32..).zip(details) {
            let key = Key::WechatTransferDetail(*id, place);
            let transfer = shop.books.key(&key).unwrap();
            let minor = detail.amount.minor();
            merchant -= minor;
            let payer = payers.iter().position(|payer| Some(*payer) == detail.recipient);
            match (batch.status(place), payer) {
                (DetailStatus::Waiting, _) => between += minor,
                (DetailStatus::Paid, Some(payer)) => {
                    had[payer] += minor;
                    paid = paid.with(detail.amount);
                    paid_once += 1;
                }
                (DetailStatus::Failed(_), None) => {
                    merchant += minor;
                    failed = failed.with(detail.amount);
                }
                other => panic!("{other:?}"),
            }
            assert_eq!(transfer.is_some(), batch.status(place) == DetailStatus::Paid);
        }
        assert_eq!((batch.paid, batch.failed()), (paid, failed));
    }
    assert_eq!(shop.books.all::<Transfer>().count(), paid_once, "no detail has two transfers");
    assert_eq!(balance(shop, Account::MerchantPending(shop.merchant)), merchant);
    assert_eq!(balance(shop, Account::TransfersInFlight), between);
    assert_eq!(balance(shop, Account::PayerAvailable(payers[0])), 1_000_000 - TAKINGS + had[0]);
    assert_eq!(balance(shop, Account::PayerAvailable(payers[1])), had[1]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_fen_of_a_batch_is_in_the_books_and_no_detail_is_paid_twice((wanted, deeds) in lives()) {
        let mut shop = shop(TAKINGS);
        let other = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
        let payers = [shop.payer, other];
        let asked: Vec<NewTransferBatch> = wanted
            .iter()
            .enumerate()
            .map(|(number, details)| {
                let details = details.iter().enumerate().map(|(place, (whom, minor))| {
                    let recipient = match whom {
                        Whom::Payer => Some(payers[0]),
                        Whom::Other => Some(payers[1]),
                        Whom::Gone => Some(samples::id(99)),
                        Whom::Nobody => None,
                    };
                    detail(place, *minor, recipient)
                });
                batch_of(&format!("B{number}"), details.collect())
            })
            .collect();
        let (mut made, mut leases, mut now_s) = (Vec::new(), Vec::new(), 0);
        for (deed, choice) in deeds {
            let at = after(now_s);
            match deed {
                Deed::Ask(number) => match ask(&mut shop, at, &asked[number]) {
                    Accepted::Made(batch) => {
                        if !made.iter().any(|(id, _)| *id == batch.id) {
                            made.push((batch.id, asked[number].details.clone()));
                        }
                    }
                    other => prop_assert_eq!(other, Accepted::NotEnough),
                },
                Deed::Lease(number) => {
                    let id = made.get(number).map(|(id, _)| *id);
                    if let Some(id) = id && let Some(lease) = lease(&mut shop, at, id) {
                        leases.push((id, lease));
                    }
                }
                Deed::Pay(back) => {
                    let held = leases.len().checked_sub(1 + back.min(choice)).and_then(|at| leases.get(at));
                    if let Some((id, lease)) = held.copied() {
                        let is_held = shop.books.task(&lease) == Ok(true);
                        let done = pay_under(&mut shop, at, id, lease);
                        prop_assert_eq!(done, if is_held { Ok(()) } else { Err(Refusal::LeaseLost) });
                    }
                }
                Deed::Wait(seconds) => now_s += seconds,
            }
            check(&shop, &made, payers);
        }
        // Everything that was accepted finishes.
        for (id, _) in &made {
            while task(&shop, *id).is_some() {
                pay_next(&mut shop, after(now_s), *id);
                check(&shop, &made, payers);
            }
        }
        prop_assert_eq!(balance(&shop, Account::TransfersInFlight), 0);
    }
}
