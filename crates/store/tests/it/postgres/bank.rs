//! The bank test: random transfers by four processes on one database, while a fifth reads everything. Every picture
//! sums to zero, nobody is ever below zero, and what customers have in all stays what it was.

use std::{
    env,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use simdisk::Chance;
use tongbao_core::{ChangeSet, Refusal, ledger::Posting};
use tongbao_money::Currency;
use tongbao_store::{
    AccountLine, Answer, Fault, Outcome, Page, Query, Step, Store,
    postgres::{PostgresReader, PostgresStore},
};

use crate::{
    by_hand::{ALL_ROWS, BANK, after, cause, clean, post, posting, purse, trial, yuan},
    programs::number_from,
};

/// This test, which runs itself as each of the processes.
const NAME: &str = "postgres::bank::no_total_is_ever_wrong_while_four_processes_move_money";

/// Set for them: the database, and which of them each is.
const DATABASE: &str = "TONGBAO_BANK_DATABASE";
const SEED: &str = "TONGBAO_BANK_SEED";

/// What each of them prints before the count of its transfers.
const MOVED: &str = "transfers committed: ";

const CUSTOMERS: u64 = 12;
const DEPOSIT: i64 = 500;
const PROCESSES: u64 = 4;

/// Transfers that wait for one commit at most: few, so that processes are often in each other's way.
const TOGETHER: u64 = 12;

fn span() -> Duration {
    Duration::from_secs(number_from("TONGBAO_BANK_SECONDS", 6).into())
}

fn transfer(store: &dyn Store, chance: &mut Chance) -> Answer<Outcome> {
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

/// One process: moves money for as long as it takes, and tells how often it did.
#[expect(clippy::print_stdout, reason = "the process that started it reads it")]
fn move_money(url: &str, seed: u64) {
    let store = PostgresStore::open(url).unwrap();
    let (mut chance, mut committed, until) = (Chance::new(seed), 0_u64, Instant::now() + span());
    while Instant::now() < until {
        let together = chance.below(TOGETHER) + 1;
        let answers: Vec<_> = (0..together).map(|_| transfer(&store, &mut chance)).collect();
        for answer in answers {
            match answer.wait() {
                Ok(Outcome::Committed(_)) => committed += 1,
                // The others were in the way for too long.
                Ok(_) | Err(Fault::Busy) => {}
                Err(fault) => panic!("{fault}"),
            }
        }
    }
    println!("\n{MOVED}{committed}");
}

/// Starts this test as one of the processes.
fn start(url: &str, seed: u64) -> Child {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", NAME, "--nocapture"]).env(DATABASE, url).env(SEED, seed.to_string());
    child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// How many transfers a process that has ended says it has committed.
fn told(ended: &Output) -> u64 {
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    let count = out.lines().find_map(|line| line.strip_prefix(MOVED)?.parse().ok());
    assert!(ended.status.success(), "{out}\n{err}");
    count.expect("it says how many")
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
fn no_total_is_ever_wrong_while_four_processes_move_money() {
    if let Ok(url) = env::var(DATABASE) {
        return move_money(&url, number_from(SEED, 0).into());
    }
    let Some(url) = pgtest::database() else { return };
    let store = PostgresStore::open(&url).unwrap();
    let deposits: Vec<Posting> =
        (0..CUSTOMERS).map(|number| posting(BANK, purse(number), yuan(DEPOSIT))).collect();
    post(&store, after(0), deposits);
    let mut processes: Vec<Child> = (1..=PROCESSES).map(|seed| start(&url, seed)).collect();
    let mut readings = 0;
    while processes.iter_mut().any(|process| process.try_wait().unwrap().is_none()) {
        is_whole(&store);
        let picture = PostgresReader::open(&url).unwrap();
        is_whole(&picture);
        clean(&picture);
        readings += 1;
    }
    let ended = processes.into_iter().map(|process| process.wait_with_output().unwrap());
    let moved: Vec<u64> = ended.map(|output| told(&output)).collect();
    is_whole(&store);
    // The deposits, and one line for each transfer.
    let committed: u64 = moved.iter().sum();
    assert_eq!(clean(&store).changes, committed + 1);
    let all_took_part = moved.iter().all(|count| *count > 10);
    assert!(all_took_part && readings > 3, "{moved:?} transfers and {readings} readings show something");
}
