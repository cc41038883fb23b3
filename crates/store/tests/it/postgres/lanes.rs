//! Lanes: each start has one, and the ends of the others are kept in it.

use tongbao_core::ledger::Account;
use tongbao_money::Currency;
use tongbao_store::{
    Page, Query, Store,
    lane::{LaneEnd, LaneLine, before_first, lane_of, within},
    postgres::PostgresStore,
};

use super::Raw;
use crate::by_hand::{BANK, after, balance, balance_at, clean, merchant, post, posting, purse, put, yuan};

fn lanes(store: &dyn Store) -> Vec<LaneLine> {
    match store.read(Query::Lanes(None, 100)).unwrap() {
        Page::Lanes(lines) => lines,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_start_numbers_in_a_lane_of_its_own() {
    let Some(url) = pgtest::database() else { return };
    let first = PostgresStore::open(&url).unwrap();
    let one = put(&first, after(0), vec![merchant(1, 1).into()]);
    let second = PostgresStore::open(&url).unwrap();
    let two = put(&second, after(0), vec![merchant(1, 2).into()]);
    let three = put(&first, after(0), vec![merchant(1, 3).into()]);
    drop(first);
    let third = PostgresStore::open(&url).unwrap();
    let four = put(&third, after(0), vec![merchant(1, 4).into()]);
    assert_eq!(
        [one, two, three, four].map(|c| (lane_of(c.number), within(c.number))),
        [(0, 1), (1, 1), (0, 2), (2, 1)]
    );
    let end =
        |committed: tongbao_store::Committed| LaneEnd { number: committed.number, digest: committed.digest };
    let lines = lanes(&third);
    let ends: Vec<&[LaneEnd]> = lines.iter().map(|line| line.ends.as_slice()).collect();
    assert_eq!(ends, [&[][..], &[end(one)], &[end(three), end(two)]]);
    assert_eq!((lines[0].opening, lines[1].number), ([0; 32], 1));
    assert_eq!(third.read(Query::Lanes(Some(1), 100)), Ok(Page::Lanes(vec![lines[2].clone()])));
    clean(&third);
}

#[test]
fn starts_at_once_take_different_lanes() {
    let Some(url) = pgtest::database() else { return };
    PostgresStore::migrate(&url).unwrap();
    let stores: Vec<PostgresStore> = std::thread::scope(|scope| {
        let starting: Vec<_> = (0..8).map(|_| scope.spawn(|| PostgresStore::open(&url).unwrap())).collect();
        starting.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let numbers: Vec<u32> = lanes(&stores[0]).iter().map(|line| line.number).collect();
    assert_eq!(numbers, (0..8).collect::<Vec<_>>());
    for (number, store) in (0..).zip(&stores) {
        put(store, after(0), vec![merchant(number, 1).into()]);
    }
    assert_eq!(clean(&stores[3]).changes, 8);
}

/// A statement in pages must be what it is in one piece, although numbers go up and down along it.
#[track_caller]
fn statement_is_whole(store: &dyn Store, account: Account, expected: usize) {
    let account = account.of(Currency::CNY);
    let all = store.entries(account, None, 10_000).unwrap();
    assert_eq!(all.len(), expected);
    assert!(all.windows(2).all(|pair| pair[0].balance == pair[1].balance + pair[0].amount));
    assert!(all.windows(2).all(|pair| pair[0].at >= pair[1].at), "times never go back along an account");
    assert!(all.windows(2).any(|pair| pair[0].number < pair[1].number), "the lanes are mixed");
    let mut oldest_first = all.clone();
    oldest_first.reverse();
    for limit in [1, 7, 128, 300] {
        let (mut paged, mut before) = (Vec::new(), None);
        while let Some(page) =
            Some(store.entries(account, before, limit).unwrap()).filter(|page| !page.is_empty())
        {
            before = page.last().map(|entry| entry.number);
            paged.extend(page);
        }
        assert_eq!(paged, all, "by {limit}");
        for (from, until) in [(0, 1_000), (40, 90), (57, 58)] {
            let (span, mut seen, mut paged) = ((after(from), after(until)), 0, Vec::new());
            let expected: Vec<_> =
                oldest_first.iter().filter(|entry| (span.0..span.1).contains(&entry.at)).copied().collect();
            while let Some(page) =
                Some(store.movements(account, span, seen, limit).unwrap()).filter(|page| !page.is_empty())
            {
                seen = page.last().unwrap().number;
                paged.extend(page);
            }
            assert_eq!(paged, expected, "{from}..{until} by {limit}");
        }
    }
}

#[test]
fn an_accounts_entries_are_one_chain_through_all_lanes() {
    let Some(url) = pgtest::database() else { return };
    let stores = [PostgresStore::open(&url).unwrap(), PostgresStore::open(&url).unwrap()];
    for round in 0..120 {
        // The second clock is behind.
        let (store, at) = if round % 3 == 0 { (&stores[1], round / 2) } else { (&stores[0], round) };
        let deposits = vec![
            posting(BANK, purse(1), yuan(10)),
            posting(purse(1), purse(2), yuan(3)),
            posting(BANK, purse(1), yuan(1)),
        ];
        post(store, after(at), deposits);
        assert_eq!(balance(store, purse(1)), (round + 1) * 8);
    }
    statement_is_whole(&stores[0], purse(1), 360);
    statement_is_whole(&stores[1], purse(2), 120);
    assert_eq!(balance_at(&stores[1], purse(1), after(-1)), 0);
    assert_eq!(balance_at(&stores[1], purse(1), after(1_000)), 960);
    clean(&stores[0]);
}

#[test]
fn a_lane_that_lost_its_end_is_found() {
    let Some(url) = pgtest::database() else { return };
    let first = PostgresStore::open(&url).unwrap();
    put(&first, after(0), vec![merchant(1, 1).into()]);
    let lost = put(&first, after(0), vec![merchant(2, 1).into()]);
    drop(first);
    let second = PostgresStore::open(&url).unwrap();
    put(&second, after(0), vec![merchant(3, 1).into()]);
    clean(&second);
    assert!(lost.number < before_first(1));
    // The change and all that it wrote.
    let raw = Raw::connect(&url);
    raw.run(&format!("DELETE FROM change WHERE number = {}", lost.number));
    raw.run("DELETE FROM list");
    raw.run("DELETE FROM record WHERE version = 1");
    let report = tongbao_store::verify::verify(&second, &mut |_| ()).unwrap();
    let finding = format!("change {} is missing; a later lane was opened on it", lost.number);
    assert!(report.findings.contains(&finding), "{:#?}", report.findings);
}
