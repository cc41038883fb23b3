//! The bank test: random transfers from several stores, while others read everything. Every picture sums to zero,
//! nobody is ever below zero, and what customers have in all stays what it was.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use simdisk::Chance;
use tongbao_core::{ChangeSet, Refusal, ledger::Posting};
use tongbao_money::Currency;
use tongbao_store::{
    AccountLine, Fault, Outcome, Page, Query, Step, Store,
    postgres::{PostgresReader, PostgresStore},
};

use crate::{
    by_hand::{ALL_ROWS, BANK, after, cause, clean, post, posting, purse, trial, yuan},
    programs::number_from,
};

const CUSTOMERS: u64 = 12;
const DEPOSIT: i64 = 500;
const STORES: u64 = 4;

/// Transfers that wait for one commit at most: few, so that stores are often in each other's way.
const TOGETHER: u64 = 12;

fn transfer(store: &dyn Store, chance: &mut Chance) -> tongbao_store::Answer<Outcome> {
    let from = chance.below(CUSTOMERS);
    let to = (from + 1 + chance.below(CUSTOMERS - 1)) % CUSTOMERS;
    let amount = i64::try_from(chance.below(50)).unwrap() + 1;
    let decide = move |facts: &dyn tongbao_core::Facts| {
        if facts.account(&purse(from).of(Currency::CNY))?.balance() < amount {
            return Err(Refusal::NotFound("money").into());
        }
        Ok(ChangeSet {
            postings: vec![posting(purse(from), purse(to), yuan(amount))],
            ..ChangeSet::default()
        })
    };
    store.step(Step { cause: cause(after(0)), decide: Box::new(decide) })
}

/// What every read of the whole must show.
#[track_caller]
fn is_whole(store: &dyn Store) {
    for line in trial(store) {
        assert_eq!(line.debits, line.credits, "{line:?}");
    }
    let accounts: Vec<AccountLine> = match store.read(Query::Accounts(0, ALL_ROWS)).unwrap() {
        Page::Accounts(lines) => lines,
        other => panic!("{other:?}"),
    };
    let balances = accounts.iter().filter(|line| line.key.account != BANK).map(|line| line.state.balance());
    let balances: Vec<i64> = balances.collect();
    assert!(balances.iter().all(|balance| *balance >= 0), "{balances:?}");
    assert_eq!(balances.iter().sum::<i64>(), DEPOSIT * i64::try_from(CUSTOMERS).unwrap());
}

#[test]
fn no_total_is_ever_wrong_while_four_stores_move_money() {
    let Some(url) = pgtest::database() else { return };
    let stores: Vec<PostgresStore> = (0..STORES).map(|_| PostgresStore::open(&url).unwrap()).collect();
    let deposits: Vec<Posting> =
        (0..CUSTOMERS).map(|number| posting(BANK, purse(number), yuan(DEPOSIT))).collect();
    post(&stores[0], after(0), deposits);
    let until = Instant::now() + Duration::from_secs(number_from("TONGBAO_BANK_SECONDS", 6).into());
    let (committed, reads) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for (seed, store) in (1..).zip(&stores) {
            let committed = &committed;
            scope.spawn(move || {
                let mut chance = Chance::new(seed);
                while Instant::now() < until {
                    let together = chance.below(TOGETHER) + 1;
                    let answers: Vec<_> = (0..together).map(|_| transfer(store, &mut chance)).collect();
                    for answer in answers {
                        match answer.wait() {
                            Ok(Outcome::Committed(_)) => drop(committed.fetch_add(1, Ordering::Relaxed)),
                            // The others were in the way for too long.
                            Ok(_) | Err(Fault::Busy) => {}
                            Err(fault) => panic!("{fault}"),
                        }
                    }
                }
            });
        }
        while Instant::now() < until {
            is_whole(&stores[0]);
            let picture = PostgresReader::open(&url).unwrap();
            is_whole(&picture);
            clean(&picture);
            reads.fetch_add(1, Ordering::Relaxed);
        }
    });
    for store in &stores {
        is_whole(store);
    }
    let (committed, reads) = (committed.into_inner(), reads.into_inner());
    // The deposits, and one line for each transfer.
    assert_eq!(clean(&stores[0]).changes, committed + 1);
    assert!(committed > 100 && reads > 3, "{committed} transfers and {reads} readings show something");
}
