//! Every question that can be asked about a program's world, so that two stores can be compared.

use tongbao_core::{
    Id, Key, List, Record,
    id::{EventId, Kind, TypedId},
    ledger::AccountKey,
};
use tongbao_store::{Page, Query, Store};

use super::world::World;
use crate::by_hand::{ALL_ROWS, LATE, after, stored};

/// All rows are compared, and every so-many-th of the questions about one thing: programs differ in
/// length, so the next asks others.
const ASKED_OF: usize = 4;

/// Asks both stores the same; they must answer alike.
#[track_caller]
pub(crate) fn compare(world: &World, model: &dyn Store, other: &dyn Store) {
    let about_one = about_one(world, model);
    let asked = about_one.into_iter().skip(world.ids.len() % ASKED_OF).step_by(ASKED_OF);
    assert_eq!(stored(other, ALL_ROWS), stored(model, ALL_ROWS));
    for query in about_all().into_iter().chain(asked) {
        let expected = model.read(query.clone());
        assert_eq!(other.read(query.clone()), expected, "{query:?}");
    }
}

fn about_all() -> Vec<Query> {
    let mut questions = vec![
        Query::Trial,
        Query::Changes(0, ALL_ROWS),
        Query::Changes(3, 4),
        Query::Postings(0, ALL_ROWS),
        Query::Postings(2, 3),
        Query::Accounts(0, ALL_ROWS),
        Query::Accounts(1, 2),
    ];
    questions.extend([0, 60, 700, 5_000].map(|seconds| Query::Backlog(after(seconds))));
    questions.push(Query::Backlog(LATE));
    questions
}

fn about_one(world: &World, model: &dyn Store) -> Vec<Query> {
    let mut questions = Vec::new();
    for list in lists(world) {
        let query = |after, newest_first, limit| Query::List { list, after, newest_first, limit };
        questions.extend([query(None, true, ALL_ROWS), query(None, false, 2)]);
        let middle = world.ids.iter().filter(|id| id.kind == list.kind()).nth(1);
        questions
            .extend(middle.into_iter().flat_map(|id| [true, false].map(|way| query(Some(id.uuid), way, 2))));
    }
    let Page::Accounts(accounts) = model.read(Query::Accounts(0, ALL_ROWS)).unwrap() else {
        panic!("not a page of accounts");
    };
    questions.extend(accounts.iter().flat_map(|line| about_account(line.key, line.state.head)));
    questions.extend(keys(world, model).into_iter().map(Query::Key));
    questions.extend(world.ids.iter().map(|id| Query::Record(*id)));
    questions
}

fn about_account(account: AccountKey, head: u64) -> Vec<Query> {
    let entries = |before, limit| Query::Entries { account, before, limit };
    let mut questions =
        vec![Query::Account(account), entries(None, ALL_ROWS), entries(Some(head), 2), entries(Some(1), 2)];
    questions.extend([-1, 0, 100, 1_000].map(|seconds| Query::BalanceAt(account, after(seconds))));
    let movements = |from, until, seen, limit| {
        let (from, until) = (after(from), after(until));
        Query::Movements { account, from, until, after: seen, limit }
    };
    questions.extend([
        movements(0, 10_000, 0, ALL_ROWS),
        movements(1, 100, 2, 3),
        movements(-1, 700, head, 2),
    ]);
    questions
}

fn lists(world: &World) -> Vec<List> {
    let mut lists = vec![List::Merchants, List::Payers, List::Messages, List::Alarms];
    for merchant in &world.merchants {
        lists.extend([List::Payments(*merchant), List::Refunds(*merchant), List::Apps(*merchant)]);
    }
    for app in &world.apps {
        lists.extend([
            List::Events(*app),
            List::Endpoints(*app),
            List::Deliveries(*app),
            List::ApiKeys(*app),
        ]);
    }
    lists.extend(world.payments.iter().take(3).map(|payment| List::RefundsOf(*payment)));
    let events = world.ids.iter().filter(|id| id.kind == Kind::Event).take(3);
    lists.extend(events.map(|id| List::DeliveriesOf(EventId::from_uuid(id.uuid))));
    lists
}

/// All keys that records hold, and one that none does.
fn keys(world: &World, model: &dyn Store) -> Vec<Key> {
    let record = |id: &Id| -> Option<Record> { model.records(Query::Record(*id)).unwrap().pop() };
    let held = world.ids.iter().filter_map(record).flat_map(|record| record.keys());
    held.chain([Key::Phone([99; 32])]).collect()
}
