//! Accounts, statements, balances of a past moment, trial balances.

use tongbao_core::ledger::{Account, Posting};
use tongbao_money::{Currency, Money};
use tongbao_store::{Entry, Store, TrialLine};

use crate::by_hand::{BANK, after, balance, balance_at, post, posting, postings, purse, trial, yuan};

pub(crate) fn an_account_starts_at_zero_and_adds_up(store: &dyn Store) {
    assert_eq!(balance(store, purse(1)), 0);
    post(store, after(0), vec![posting(BANK, purse(1), yuan(700))]);
    post(store, after(1), vec![posting(purse(1), purse(2), yuan(250))]);
    let state = store.account(purse(1).of(Currency::CNY)).unwrap();
    assert_eq!((state.debits, state.credits, state.entries, state.head), (250, 700, 2, 2));
    assert_eq!((balance(store, purse(1)), balance(store, purse(2)), balance(store, BANK)), (450, 250, -700));
    let line = &postings(store)[1];
    assert_eq!((line.debit_before, line.credit_before), (1, 0));
    assert_eq!((line.debit_balance, line.credit_balance), (450, 250));
}

fn statement(store: &dyn Store, account: Account, before: Option<u64>, limit: u32) -> Vec<Entry> {
    store.entries(account.of(Currency::CNY), before, limit).unwrap()
}

pub(crate) fn entries_are_paged_newest_first(store: &dyn Store) {
    for number in 0..10 {
        post(
            store,
            after(number),
            vec![posting(BANK, purse(1), yuan(100)), posting(purse(1), purse(2), yuan(30))],
        );
    }
    let all = statement(store, purse(1), None, 100);
    assert_eq!(all.len(), 20);
    let newest = all[0];
    assert_eq!((newest.number, newest.at, newest.amount, newest.balance), (20, after(9), -30, 700));
    let oldest = all[19];
    assert_eq!((oldest.number, oldest.at, oldest.amount, oldest.balance), (1, after(0), 100, 100));
    let (mut paged, mut before) = (Vec::new(), None);
    loop {
        let page = statement(store, purse(1), before, 7);
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(statement(store, purse(2), None, 100).len(), 10);
    assert_eq!(statement(store, purse(3), None, 100), []);
}

pub(crate) fn a_cursor_of_another_account_shows_nothing(store: &dyn Store) {
    post(store, after(0), vec![posting(BANK, purse(1), yuan(100)), posting(BANK, purse(2), yuan(100))]);
    post(store, after(1), vec![posting(BANK, purse(1), yuan(100))]);
    assert_eq!(statement(store, purse(1), Some(3), 10).len(), 1);
    for elsewhere in [2, 4, 0, u64::MAX] {
        assert_eq!(statement(store, purse(1), Some(elsewhere), 10), [], "{elsewhere}");
    }
}

/// All movements from `from` to `until` seconds, read in pages of `limit`.
#[track_caller]
fn movements(store: &dyn Store, (from, until): (i64, i64), limit: u32) -> Vec<Entry> {
    let (account, span) = (purse(1).of(Currency::CNY), (after(from), after(until)));
    let (mut all, mut seen) = (Vec::new(), 0);
    loop {
        let page = store.movements(account, span, seen, limit).unwrap();
        let Some(last) = page.last() else { return all };
        assert!(page.len() <= limit as usize);
        seen = last.number;
        all.extend(page);
    }
}

/// Reads every span in pages of several sizes; each must give what the whole statement has.
#[track_caller]
fn movements_are_those_of_the_statement(store: &dyn Store, spans: &[(i64, i64)]) {
    let mut statement = statement(store, purse(1), None, 10_000);
    statement.reverse();
    for &(from, until) in spans {
        let mut expected = statement.clone();
        expected.retain(|entry| (after(from)..after(until)).contains(&entry.at));
        for limit in [1, 2, 100, 127, 128, 129, 257, 10_000] {
            assert_eq!(movements(store, (from, until), limit), expected, "{from}..{until} by {limit}");
        }
    }
}

pub(crate) fn movements_are_paged_oldest_first(store: &dyn Store) {
    assert_eq!(movements(store, (0, 100), 10), []);
    many_entries(store, |group| group);
    let all = movements(store, (0, 100), 50);
    assert_eq!((all.len(), all[0].number, all[0].amount), (340, 1, 10));
    movements_are_those_of_the_statement(store, &[(0, 100)]);
    let account = purse(1).of(Currency::CNY);
    let page = |seen| store.movements(account, (after(0), after(100)), seen, 2).unwrap();
    assert_eq!(page(338).iter().map(|entry| entry.number).collect::<Vec<_>>(), [339, 340]);
    assert_eq!((page(340).len(), page(u64::MAX >> 1).len()), (0, 0));
}

pub(crate) fn movements_keep_to_their_span(store: &dyn Store) {
    many_entries(store, |group| group);
    // Entries of others, so that an account's numbers have gaps.
    post(store, after(34), vec![posting(BANK, purse(2), yuan(1)), posting(BANK, purse(1), yuan(1))]);
    let spans =
        [(-5, 0), (-5, 1), (0, 1), (3, 29), (12, 13), (13, 13), (14, 12), (33, 35), (34, 40), (35, 40)];
    movements_are_those_of_the_statement(store, &spans);
}

pub(crate) fn movements_in_one_instant_are_paged(store: &dyn Store) {
    many_entries(store, |group| if group < 30 { 7 } else { 9 });
    movements_are_those_of_the_statement(store, &[(0, 100), (7, 8), (8, 9), (7, 9), (8, 10), (0, 7)]);
}

/// 340 entries of purse 1: `times` says when each group of ten was committed.
fn many_entries(store: &dyn Store, times: impl Fn(i64) -> i64) -> Vec<(i64, i64)> {
    let mut history = vec![(i64::MIN, 0)];
    for group in 0..34 {
        let one = |index: i64| -> Posting {
            if index % 3 == 2 {
                posting(purse(1), purse(2), yuan(5 + group))
            } else {
                posting(BANK, purse(1), yuan(10 + index))
            }
        };
        post(store, after(times(group)), (0..10).map(one).collect());
        history.push((times(group), balance(store, purse(1))));
    }
    history
}

#[track_caller]
fn history_is_found(store: &dyn Store, history: &[(i64, i64)]) {
    for moment in -2..40 {
        let expected = history.iter().rfind(|(at, _)| *at <= moment).unwrap().1;
        assert_eq!(balance_at(store, purse(1), after(moment)), expected, "{moment} seconds after the start");
    }
    assert_eq!(balance_at(store, purse(9), after(1)), 0, "an account that was never used");
}

pub(crate) fn a_balance_in_the_past_is_found_among_many_entries(store: &dyn Store) {
    let history = many_entries(store, |group| group);
    history_is_found(store, &history);
}

pub(crate) fn a_balance_in_the_past_is_found_among_equal_times(store: &dyn Store) {
    // Hundreds of entries share an instant, so that marks stand before, within and after it.
    let history = many_entries(store, |group| {
        if group < 2 {
            0
        } else if group < 30 {
            7
        } else {
            9
        }
    });
    history_is_found(store, &history);
}

pub(crate) fn a_trial_balance_has_a_line_for_each_currency(store: &dyn Store) {
    assert_eq!(trial(store), []);
    let dollars = Currency::parse("USD").unwrap();
    let money = |minor, currency| Money { currency, ..yuan(minor) };
    post(
        store,
        after(0),
        vec![posting(BANK, purse(1), money(900, dollars)), posting(BANK, purse(1), yuan(400))],
    );
    post(store, after(1), vec![posting(purse(1), purse(2), yuan(150))]);
    let line = |currency, sum| TrialLine { currency, debits: sum, credits: sum };
    assert_eq!(trial(store), [line(Currency::CNY, 550), line(dollars, 900)]);
    assert_eq!(store.account(purse(1).of(dollars)).unwrap().balance(), 900);
    assert_eq!(balance(store, purse(1)), 250);
}

pub(crate) fn one_change_may_touch_an_account_many_times(store: &dyn Store) {
    let there_and_back = [posting(purse(1), purse(2), yuan(60)), posting(purse(2), purse(1), yuan(40))];
    let first = posting(BANK, purse(1), yuan(1_000));
    post(store, after(0), std::iter::once(first).chain(there_and_back.repeat(4)).collect());
    assert_eq!((balance(store, purse(1)), balance(store, purse(2))), (920, 80));
    let balances: Vec<i64> = statement(store, purse(1), None, 10).iter().map(|entry| entry.balance).collect();
    assert_eq!(balances, [920, 880, 940, 900, 960, 920, 980, 940, 1_000]);
}
