//! Transfers: every state with every input, and random lives in which no fen is made or lost.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tongbao_core::{
    Key, Refusal, TaskKey, Time, Work,
    delivery::{Delivery, Dialect},
    event::{Event, EventKind},
    id::{PayerId, TransferId},
    ledger::Account,
    limits::TRANSFER_OPEN_S,
    payer,
    payment::Method,
    transfer::{
        ReturnReason, Transfer, TransferStatus,
        machine::{Input, decide},
        steps,
    },
    wechat::{
        merchant,
        transfer::{self as bills, Cancelled, NewTransferBill, Offered, SealedName, TransferTerms},
    },
};
use tongbao_money::Currency;

use crate::{
    samples,
    shop::{NOTIFY_URL, Shop, after, amount, new_payer, yuan},
    wechat_keys::identity,
    wechat_orders::MCHID,
};

const APPID: &str = "wx0000000000000001";

/// A shop that has taken so many fen, without a fee.
pub(crate) fn shop(takings: i64) -> Shop {
    let mut shop = Shop::open(0, 1_000_000);
    let new = identity(MCHID, shop.app);
    shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &new)).unwrap();
    if takings > 0 {
        let payment = shop.payment("takings", takings);
        shop.pay(after(0), payment, Method::Balance).unwrap();
    }
    shop
}

fn new_bill(shop: &Shop, number: &str, minor: i64) -> NewTransferBill {
    NewTransferBill {
        out_bill_no: number.to_owned(),
        money: yuan(minor),
        recipient: shop.payer,
        remark: "wages".to_owned(),
        terms: TransferTerms {
            mchid: MCHID.to_owned(),
            appid: APPID.to_owned(),
            openid: "o".to_owned(),
            scene_id: "1000".to_owned(),
            perception: None,
            reports: Vec::new(),
            notify_url: Some(NOTIFY_URL.to_owned()),
        },
        name: None,
        by_public_key: false,
    }
}

fn offer(shop: &mut Shop, at: Time, new: &NewTransferBill) -> Offered {
    shop.books.step(at, |facts, cx| bills::create(facts, cx, new)).unwrap()
}

fn offered(shop: &mut Shop, number: &str, minor: i64) -> Transfer {
    let new = new_bill(shop, number, minor);
    match offer(shop, after(0), &new) {
        Offered::Made(transfer) => *transfer,
        other => panic!("{other:?}"),
    }
}

fn accept(shop: &mut Shop, at: Time, payer: PayerId, id: TransferId) -> Result<Transfer, Refusal> {
    shop.books.step(at, |facts, cx| steps::accept(facts, cx, payer, id))
}

fn cancel(shop: &mut Shop, at: Time, number: &str) -> Cancelled {
    shop.books.step(at, |facts, cx| bills::cancel(facts, cx, MCHID, number)).unwrap()
}

fn expire(shop: &mut Shop, at: Time, id: TransferId, lease: TaskKey) -> Result<(), Refusal> {
    shop.books.step(at, |facts, cx| Ok((steps::expire(facts, cx, id, lease)?, ())))
}

fn timer(shop: &Shop, id: TransferId) -> Option<TaskKey> {
    shop.books.tasks(|work| work == Work::ExpireTransfer(id)).first().copied()
}

/// What the merchant, the platform between, and the payer have.
fn balances(shop: &Shop) -> (i64, i64, i64) {
    let of = |account| shop.books.balance(account, Currency::CNY);
    let between = of(Account::TransfersInFlight);
    (of(Account::MerchantPending(shop.merchant)), between, of(Account::PayerAvailable(shop.payer)))
}

#[test]
fn every_state_answers_every_input() {
    use TransferStatus::{Accepted, Offered, Returned};
    let withdrawn = Returned(ReturnReason::Withdrawn);
    let expired = Returned(ReturnReason::Expired);
    let declined = Returned(ReturnReason::Declined);
    let already = Ok(None);
    let becomes = |status| Ok(Some(status));
    let (early, late) = (after(8), after(9));
    let table = [
        (Offered, Input::Accept, early, becomes(Accepted)),
        (Offered, Input::Accept, late, Err(Refusal::TransferReturned)),
        (Offered, Input::Withdraw, early, becomes(withdrawn)),
        (Offered, Input::Withdraw, late, becomes(withdrawn)),
        (Offered, Input::Expire, early, already.clone()),
        (Offered, Input::Expire, late, becomes(expired)),
        (Accepted, Input::Accept, late, already.clone()),
        (Accepted, Input::Withdraw, early, Err(Refusal::TransferAccepted)),
        (Accepted, Input::Expire, late, already.clone()),
        (withdrawn, Input::Accept, early, Err(Refusal::TransferReturned)),
        (withdrawn, Input::Withdraw, early, already.clone()),
        (withdrawn, Input::Expire, late, already.clone()),
        (expired, Input::Accept, late, Err(Refusal::TransferReturned)),
        (expired, Input::Withdraw, late, Err(Refusal::TransferReturned)),
        (expired, Input::Expire, late, already.clone()),
        (Offered, Input::Decline, early, becomes(declined)),
        (Offered, Input::Decline, late, becomes(declined)),
        (Accepted, Input::Decline, late, Err(Refusal::TransferAccepted)),
        (withdrawn, Input::Decline, early, Err(Refusal::TransferReturned)),
        (expired, Input::Decline, late, Err(Refusal::TransferReturned)),
        (declined, Input::Decline, late, already.clone()),
        (declined, Input::Accept, early, Err(Refusal::TransferReturned)),
        (declined, Input::Withdraw, early, Err(Refusal::TransferReturned)),
        (declined, Input::Expire, late, already),
    ];
    for (status, input, at, answer) in table {
        let now = Transfer { status, ended_at: None, ..samples::transfer() };
        let next = decide(&now, input, at);
        let told = next.clone().map(|next| next.map(|next| next.status));
        assert_eq!(told, answer, "{status:?} {input:?}");
        if let Ok(Some(next)) = next {
            assert_eq!(next, Transfer { status: next.status, ended_at: Some(at), ..now });
        }
    }
    // A clock that is behind does not let a transfer end before it began.
    let now = Transfer { status: Offered, ended_at: None, ..samples::transfer() };
    let next = decide(&now, Input::Accept, after(-5)).unwrap().unwrap();
    assert_eq!(next.ended_at, Some(now.created_at));
}

#[test]
fn a_bill_takes_the_money_waits_for_its_recipient_and_is_told_of() {
    let mut shop = shop(1_000);
    let endpoint = shop.endpoint(&[]);
    let before = balances(&shop);
    let made = offered(&mut shop, "T1", 300);
    assert_eq!(balances(&shop), (before.0 - 300, 300, before.2));
    let bill = made.wechat.clone().unwrap();
    assert!(bill.transfer_bill_no.len() == 40 && bill.transfer_bill_no.starts_with("1330"));
    let key = Key::WechatTransfer(bill.transfer_bill_no);
    assert_eq!(tongbao_core::Facts::key(&shop.books, &key).unwrap(), Some(made.id.into()));
    let stranger = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    assert_eq!(accept(&mut shop, after(1), stranger, made.id), Err(Refusal::NotFound("transfer")));
    let payer = shop.payer;
    let accepted = accept(&mut shop, after(1), payer, made.id).unwrap();
    assert_eq!((accepted.status, accepted.version), (TransferStatus::Accepted, 2));
    assert_eq!(balances(&shop), (before.0 - 300, 0, before.2 + 300));
    assert_eq!(timer(&shop, made.id), None);
    assert_eq!(accept(&mut shop, after(2), payer, made.id).unwrap(), accepted, "asked twice, done once");
    assert_eq!(cancel(&mut shop, after(2), "T1"), Cancelled::TooLate);
    assert_eq!(balances(&shop), (before.0 - 300, 0, before.2 + 300));
    // The first is of the payment that filled the till.
    let told: Vec<(Option<_>, Dialect)> =
        shop.books.all::<Delivery>().skip(1).map(|delivery| (delivery.endpoint, delivery.dialect)).collect();
    assert_eq!(told, [(None, Dialect::Wechat), (Some(endpoint), Dialect::Native)]);
    let kinds: Vec<EventKind> = shop.books.all::<Event>().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::PaymentSucceeded, EventKind::TransferAccepted]);
}

#[test]
fn a_bill_that_is_cancelled_or_whose_time_is_over_goes_back() {
    let mut shop = shop(1_000);
    let before = balances(&shop);
    let (first, second) = (offered(&mut shop, "T1", 300), offered(&mut shop, "T2", 700));
    let third = new_bill(&shop, "T3", 1);
    assert_eq!(offer(&mut shop, after(0), &third), Offered::NotEnough);
    let Cancelled::Done(back) = cancel(&mut shop, after(1), "T1") else { panic!("it was not cancelled") };
    assert_eq!(back.status, TransferStatus::Returned(ReturnReason::Withdrawn));
    assert_eq!(cancel(&mut shop, after(2), "T1"), Cancelled::Done(back), "asked twice, done once");
    assert_eq!(cancel(&mut shop, after(2), "T9"), Cancelled::Unknown);
    let payer = shop.payer;
    assert_eq!(accept(&mut shop, after(2), payer, first.id), Err(Refusal::TransferReturned));
    // A timer that goes off too early is set again; the right one finds the money there.
    let (over, due) = (after(TRANSFER_OPEN_S), timer(&shop, second.id).unwrap());
    assert_eq!(due.due_at, over);
    let early = shop.books.lease(due, after(60));
    expire(&mut shop, after(30), second.id, early).unwrap();
    assert_eq!(timer(&shop, second.id), Some(due));
    let lease = shop.books.lease(due, over.plus_s(60));
    assert_eq!(expire(&mut shop, over, second.id, due), Err(Refusal::LeaseLost));
    expire(&mut shop, over, second.id, lease).unwrap();
    assert_eq!(timer(&shop, second.id), None);
    let now: Transfer = shop.books.get(second.id);
    assert_eq!(now.status, TransferStatus::Returned(ReturnReason::Expired));
    assert_eq!(cancel(&mut shop, over, "T2"), Cancelled::TooLate);
    assert_eq!(accept(&mut shop, over, payer, second.id), Err(Refusal::TransferReturned));
    assert_eq!(balances(&shop), before);
}

#[test]
fn the_same_number_finds_the_same_bill_and_refuses_another() {
    let mut shop = shop(1_000);
    let named = |sealed: &str, digest| Some(SealedName { sealed: sealed.to_owned(), digest: [digest; 32] });
    let new = NewTransferBill { name: named("one", 1), ..new_bill(&shop, "T1", 300) };
    let Offered::Made(made) = offer(&mut shop, after(0), &new) else { panic!("it was not made") };
    let resealed = NewTransferBill { name: named("sealed anew", 1), by_public_key: true, ..new.clone() };
    assert_eq!(offer(&mut shop, after(1), &resealed), Offered::Made(made));
    let other = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let terms = |change: fn(&mut TransferTerms)| {
        let mut other = new.clone();
        change(&mut other.terms);
        other
    };
    for differs in [
        NewTransferBill { money: yuan(301), ..new.clone() },
        NewTransferBill { remark: "bonus".to_owned(), ..new.clone() },
        NewTransferBill { recipient: other, ..new.clone() },
        NewTransferBill { name: None, ..new.clone() },
        NewTransferBill { name: named("one", 2), ..new.clone() },
        terms(|terms| terms.scene_id = "1005".to_owned()),
        terms(|terms| terms.notify_url = None),
        terms(|terms| terms.perception = Some("wages".to_owned())),
    ] {
        assert_eq!(offer(&mut shop, after(1), &differs), Offered::Differs, "{differs:?}");
    }
    assert_eq!(
        offer(&mut shop, after(1), &terms(|terms| terms.mchid = "1".into())),
        Offered::UnknownMerchant
    );
    assert_eq!(offer(&mut shop, after(1), &terms(|terms| terms.appid = "wx".into())), Offered::AppidNotBound);
    let gone = NewTransferBill { recipient: samples::id(99), ..new_bill(&shop, "T2", 1) };
    assert_eq!(offer(&mut shop, after(1), &gone), Offered::UnknownRecipient);
    for (param, wrong) in [
        ("transfer_amount", new_bill(&shop, "T2", 0)),
        ("transfer_amount", new_bill(&shop, "T2", 10_000_000_001)),
        ("out_bill_no", new_bill(&shop, "", 1)),
        ("transfer_remark", NewTransferBill { remark: "\n".to_owned(), ..new_bill(&shop, "T2", 1) }),
    ] {
        let refused = shop.books.step(after(1), |facts, cx| bills::create(facts, cx, &wrong)).unwrap_err();
        assert_eq!(refused.param(), Some(param));
    }
    assert_eq!(balances(&shop), (700, 300, 1_000_000 - 1_000));
}

#[test]
fn a_bill_is_asked_for_during_thirty_days() {
    let mut shop = shop(1_000);
    offered(&mut shop, "T1", 300);
    let days = |days: i64, ms: i64| after(days * 24 * 3_600).plus_ms(ms);
    let found = |at| bills::find(&shop.books, MCHID, "T1", at).unwrap().is_some();
    assert!(found(days(30, 0)) && !found(days(30, 1)));
}

/// What happens in a random life: a deed, a number and an amount.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Offer,
    Accept,
    AcceptByStranger,
    Cancel,
    Timer,
    Wait,
}

fn deeds() -> impl Strategy<Value = Vec<(Deed, usize, i64)>> {
    let deed = prop_oneof![
        4 => Just(Deed::Offer),
        3 => Just(Deed::Accept),
        1 => Just(Deed::AcceptByStranger),
        2 => Just(Deed::Cancel),
        2 => Just(Deed::Timer),
        2 => Just(Deed::Wait),
    ];
    prop::collection::vec((deed, 0..5_usize, 1..500_i64), 1..60)
}

const TAKINGS: i64 = 900;

proptest! {
    #[test]
    fn money_is_offered_once_and_ends_once_with_its_recipient_or_its_sender(deeds in deeds()) {
        let mut shop = shop(TAKINGS);
        let (_, _, purse) = balances(&shop);
        let (payer, mut ahead_s) = (shop.payer, 0);
        let mut known: BTreeMap<usize, (TransferId, i64, i64)> = BTreeMap::new();
        for (deed, number, minor) in deeds {
            let (at, text) = (after(ahead_s), number.to_string());
            let id = known.get(&number).map(|(id, ..)| *id);
            match (deed, id) {
                (Deed::Offer, _) => {
                    let new = new_bill(&shop, &text, minor);
                    if let Offered::Made(made) = offer(&mut shop, at, &new) {
                        known.entry(number).or_insert((made.id, minor, ahead_s));
                    }
                }
                (Deed::Accept, Some(id)) => drop(accept(&mut shop, at, payer, id)),
                (Deed::AcceptByStranger, Some(id)) => {
                    prop_assert!(accept(&mut shop, at, samples::payer(), id).is_err());
                }
                (Deed::Cancel, _) => drop(cancel(&mut shop, at, &text)),
                (Deed::Timer, Some(id)) => {
                    if let Some(due) = timer(&shop, id) {
                        let lease = shop.books.lease(due, due.due_at.max(at).plus_s(60));
                        expire(&mut shop, at, id, lease).unwrap();
                    }
                }
                (Deed::Wait, _) => ahead_s += minor * 300,
                (Deed::Accept | Deed::AcceptByStranger | Deed::Timer, None) => {}
            }
            let mut sums = (TAKINGS, 0, purse);
            for (id, minor, offered_s) in known.values() {
                let now: Transfer = shop.books.get(*id);
                let ended_s = now.ended_at.map(|ended| ended.since_ms(after(*offered_s)) / 1_000);
                match now.status {
                    TransferStatus::Offered => {
                        sums = (sums.0 - minor, sums.1 + minor, sums.2);
                        prop_assert!(timer(&shop, *id).is_some(), "an offer ends");
                    }
                    TransferStatus::Accepted => {
                        sums = (sums.0 - minor, sums.1, sums.2 + minor);
                        prop_assert!(ended_s < Some(TRANSFER_OPEN_S), "accepted in time");
                    }
                    TransferStatus::Returned(ReturnReason::Expired) => {
                        prop_assert!(ended_s >= Some(TRANSFER_OPEN_S), "not returned before its time");
                    }
                    TransferStatus::Returned(ReturnReason::Withdrawn | ReturnReason::Declined) => {}
                }
                prop_assert_eq!(now.money.amount, amount(*minor));
            }
            prop_assert_eq!(balances(&shop), sums);
        }
    }
}
