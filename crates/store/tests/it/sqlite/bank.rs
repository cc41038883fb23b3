//! The bank test: random transfers, while others take whole trial balances. Every one of them sums to
//! zero, and nobody is ever below zero.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use simdisk::Chance;
use tongbao_core::ledger::{Account, Posting};
use tongbao_money::Currency;
use tongbao_store::{
    Page, Query, Step, Store,
    limits::READ_ROWS_MAX,
    sqlite::{Options, SqliteReader, SqliteStore},
};

use super::Place;
use crate::by_hand::{BANK, after, balance, cause, clean, post, posting, purse, trial, yuan};

const CUSTOMERS: u64 = 12;

/// A transfer that is refused unless it is covered; some are to customers who are new.
fn transfer(
    store: &dyn Store,
    chance: &mut Chance,
    number: u64,
) -> tongbao_store::Answer<tongbao_store::Outcome> {
    let from = chance.below(CUSTOMERS);
    let to =
        if chance.once_in(3) { 1_000 + number } else { (from + 1 + chance.below(CUSTOMERS - 1)) % CUSTOMERS };
    let amount = i64::try_from(chance.below(50)).unwrap() + 1;
    let decide = move |facts: &dyn tongbao_core::Facts| {
        if facts.account(&purse(from).of(Currency::CNY))?.balance() < amount {
            return Err(tongbao_core::Refusal::NotFound("money").into());
        }
        let postings = vec![posting(purse(from), purse(to), yuan(amount))];
        Ok(tongbao_core::ChangeSet { postings, ..tongbao_core::ChangeSet::default() })
    };
    store.step(Step { cause: cause(after(0)), decide: Box::new(decide) })
}

/// What every read of the whole must show.
#[track_caller]
fn is_whole(store: &dyn Store) {
    for line in trial(store) {
        assert_eq!(line.debits, line.credits, "{line:?}");
    }
}

/// The statement of one account is a chain without gaps, and its newest balance is of some moment.
#[track_caller]
fn has_a_statement(store: &dyn Store, account: Account) {
    let entries = store.entries(account.of(Currency::CNY), None, 20).unwrap();
    assert!(!entries.is_empty(), "an account that moved has a statement");
    for pair in entries.windows(2) {
        assert_eq!(pair[0].balance, pair[1].balance + pair[0].amount);
    }
    let Page::Balance(at_the_end) = store.read(Query::BalanceAt(BANK.of(Currency::CNY), after(9))).unwrap()
    else {
        panic!("not a balance");
    };
    assert_ne!(at_the_end, 0, "the bank has owed all the time");
}

/// Lets two threads transfer and this one read, until `rounds` reads are done.
fn read_while_others_transfer(store: &dyn Store, rounds: usize, mut read: impl FnMut()) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for seed in [1, 2] {
            let done = &done;
            scope.spawn(move || {
                let mut chance = Chance::new(seed);
                let mut number = seed * 1_000_000;
                while !done.load(Ordering::Relaxed) {
                    let answers: Vec<_> = (0..=chance.below(12))
                        .map(|_| {
                            number += 1;
                            transfer(store, &mut chance, number)
                        })
                        .collect();
                    for answer in answers {
                        answer.wait().unwrap();
                    }
                }
            });
        }
        // Ends the others also when a check here fails.
        let _ending = Ending(&done);
        (0..rounds).for_each(|_| read());
    });
}

struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Opens a bank whose entries are merged often, and gives every customer a little.
fn open(place: &Place) -> SqliteStore {
    let options = Options { generation_entries: 40, checkpoint_pages: 64, ..Options::new(&place.file()) };
    let store = SqliteStore::open_with(options).unwrap();
    let deposits: Vec<Posting> =
        (0..CUSTOMERS).map(|number| posting(BANK, purse(number), yuan(500))).collect();
    post(&store, after(0), deposits);
    store
}

#[test]
fn every_trial_balance_sums_to_zero_while_money_moves() {
    let place = Place::new();
    let store = open(&place);
    read_while_others_transfer(&store, 400, || is_whole(&store));
    clean(&store);
    assert_eq!(balance(&store, BANK), -500 * i64::try_from(CUSTOMERS).unwrap());
}

#[test]
fn every_statement_is_whole_while_money_moves() {
    let place = Place::new();
    let store = open(&place);
    let mut customer = 0;
    read_while_others_transfer(&store, 400, || {
        customer = (customer + 1) % CUSTOMERS;
        has_a_statement(&store, purse(customer));
    });
}

#[test]
fn every_picture_verifies_while_money_moves() {
    let place = Place::new();
    let store = open(&place);
    read_while_others_transfer(&store, 25, || {
        let picture = SqliteReader::open(&place.file()).unwrap();
        is_whole(&picture);
        clean(&picture);
    });
}

#[test]
fn the_store_verifies_while_money_moves() {
    let place = Place::new();
    let store = open(&place);
    read_while_others_transfer(&store, 40, || drop(clean(&store)));
}

#[test]
fn a_trial_balance_of_many_pages_of_accounts_sums_to_zero_while_money_moves() {
    let place = Place::new();
    let store = open(&place);
    let many = u64::from(READ_ROWS_MAX) + 500;
    let deposits: Vec<Posting> =
        (0..many).map(|number| posting(BANK, purse(50_000 + number), yuan(1))).collect();
    post(&store, after(0), deposits);
    // From the first page to the last, and back.
    let (first, last) = (purse(0), purse(50_000 + many - 1));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                post(&store, after(0), vec![posting(first, last, yuan(1))]);
                post(&store, after(0), vec![posting(last, first, yuan(1))]);
            }
        });
        let _ending = Ending(&done);
        (0..12).for_each(|_| is_whole(&store));
    });
}
