//! Exhaustive small world: a payment with two attempts, and every order of up to four facts and requests.

use tongbao_core::{
    ledger::{Account, Channel},
    payment::{Failure, Method, Payment, Status, steps::Said},
    refund::{Refund, RefundStatus, steps::Said as RefundSaid},
};
use tongbao_money::Money;

use crate::shop::{EXPIRES_IN_S, Shop, after, new_refund};

/// One fact or request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    FirstPaid,
    FirstFailed,
    SecondPaid,
    SecondFailed,
    Expire,
    Close,
    Refund,
    RefundPaid,
    RefundFailed,
}

const WORDS: [Word; 9] = [
    Word::FirstPaid,
    Word::FirstFailed,
    Word::SecondPaid,
    Word::SecondFailed,
    Word::Expire,
    Word::Close,
    Word::Refund,
    Word::RefundPaid,
    Word::RefundFailed,
];

/// A payment with two attempts at the bank: the first failed, or was said to, the second is open.
fn two_attempts() -> (Shop, Payment) {
    let mut shop = Shop::open(60, 0);
    let id = shop.payment("1", 100);
    let first = shop.pay(after(1), id, Method::SandboxBank).unwrap().attempts[0].id;
    shop.hear(after(2), (id, first), None, &Said::Failed(Failure::Declined)).unwrap();
    let now = shop.pay(after(3), id, Method::SandboxBank).unwrap();
    (shop, now)
}

/// Says one word; a request that is refused is no harm.
fn say(shop: &mut Shop, payment: &Payment, word: Word) {
    let (at, id) = (after(EXPIRES_IN_S), payment.id);
    let about = |place: usize| (id, payment.attempts[place].id);
    let paid =
        |place: usize| Said::Paid { money: payment.money, reference: Some(format!("movement {place}")) };
    let failed = Said::Failed(Failure::Declined);
    let refund =
        shop.books.all::<Refund>().find(|refund| refund.refund_no().is_some()).map(|refund| refund.id);
    match word {
        Word::FirstPaid => shop.hear(at, about(0), None, &paid(0)).unwrap(),
        Word::FirstFailed => shop.hear(at, about(0), None, &failed).unwrap(),
        Word::SecondPaid => shop.hear(at, about(1), None, &paid(1)).unwrap(),
        Word::SecondFailed => shop.hear(at, about(1), None, &failed).unwrap(),
        Word::Expire => shop.expire(at, id),
        Word::Close => drop(shop.close(at, id)),
        Word::Refund => drop(shop.refund(at, &new_refund(id, "r", 100))),
        Word::RefundPaid | Word::RefundFailed => {
            let Some(refund) = refund else { return };
            let paid = RefundSaid::Paid { reference: None };
            let said = if word == Word::RefundPaid { paid } else { RefundSaid::Failed };
            shop.hear_refund(at, refund, None, &said).unwrap();
        }
    }
}

/// What the bank took less what it says it gave back is what the books say it holds; and what came twice
/// or late is on its way back.
fn check_world(shop: &Shop, payment: &Payment, said: &[Word]) {
    let cny = payment.money.currency;
    let took = |word| i64::from(said.contains(&word)) * 100;
    let taken = took(Word::FirstPaid) + took(Word::SecondPaid);
    let refunds = || shop.books.all::<Refund>();
    let sum = |wanted: &dyn Fn(&Refund) -> bool| -> i64 {
        refunds().filter(|refund| wanted(refund)).map(|refund| refund.money.amount.minor()).sum()
    };
    let given_back = sum(&|refund| refund.status == RefundStatus::Succeeded);
    let flying = sum(&|refund| matches!(refund.status, RefundStatus::Accepted | RefundStatus::Processing));
    let now: Payment = shop.books.get(payment.id);
    let sold = i64::from(now.status == Status::Succeeded) * 100;
    let returned = sum(&|refund| refund.refund_no().is_none());
    assert_eq!(
        shop.books.balance(Account::ChannelClearing(Channel::SandboxBank), cny),
        given_back - taken,
        "{said:?}"
    );
    assert_eq!(shop.books.balance(Account::RefundsInFlight, cny), flying, "{said:?}");
    assert_eq!(taken, sold + returned, "all that came is the sale or on its way back: {said:?}");
    assert_eq!(shop.books.balance(Account::Suspense, cny), 0, "{said:?}");
    assert!(shop.books.totals().values().all(|total| *total == 0));
    let refunded = Money { amount: now.refunded, currency: cny };
    assert!(now.refund_claimed <= now.money.amount && refunded.amount <= now.refund_claimed, "{said:?}");
}

#[test]
fn every_order_of_up_to_four_words_leaves_the_books_true() {
    let (shop, payment) = two_attempts();
    let mut waiting = vec![(shop, Vec::new())];
    let mut orders = 0;
    while let Some((shop, said)) = waiting.pop() {
        check_world(&shop, &payment, &said);
        orders += 1;
        if said.len() == 4 {
            continue;
        }
        for word in WORDS {
            let mut next = shop.clone();
            say(&mut next, &payment, word);
            let said: Vec<Word> = said.iter().copied().chain([word]).collect();
            waiting.push((next, said));
        }
    }
    assert_eq!(orders, 1 + 9 + 81 + 729 + 6_561);
}
