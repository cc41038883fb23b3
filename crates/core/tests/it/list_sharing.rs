//! List sharing: deltas of what changed, deltas of others taken once and in order, and entries that stand and end with
//! them.

use std::collections::BTreeMap;

use tongbao_core::{
    ChangeSet, Facts, Key, Record, Refusal, Time,
    id::TypedId,
    risk::{
        list::{
            Added, Category, EndEntry, Entity, ListedEntity, NewEntry, RiskList, Source, Standing, add,
            add_all, end, standing,
        },
        list_sharing::{
            KnownItem, ListDelta, ListLog, ListMember, ListSource, ListToken, Screened, appeal, count_asked,
            pulled, screened, take_delta, take_hits,
        },
    },
};
use tongbao_risk::sharing::{Chain, Delta, Item, ItemState, SharedKind, Token};

use crate::{books::Books, samples::id, shop::after};

const TOKEN: Token = Token([7; 32]);
const PHONE: Entity = Entity::Phone([5; 32]);
const NORTH: &str = "north";

fn item(number: u32, category: Category, state: ItemState) -> Item {
    Item {
        token: TOKEN,
        kind: SharedKind::Phone,
        number,
        blocks: true,
        category: category.name().to_owned(),
        confidence: 90,
        evidence: Some("case-1".to_owned()),
        from_ms: after(0).ms(),
        until_ms: None,
        state,
    }
}

fn delta(number: u64, items: Vec<Item>) -> Delta {
    Delta { number, at_ms: after(0).ms(), items }
}

/// One of each kind, with everything in it that there can be.
pub(crate) fn records() -> Vec<Record> {
    let one = delta(1, vec![Item { until_ms: Some(9), ..item(1, Category::Fraud, ItemState::Appealed) }]);
    let chain = Chain::default().followed_by(&one).unwrap();
    let hits = BTreeMap::from([("fraud".to_owned(), 3)]);
    let drawn = tongbao_core::id::PayerId::uuid(id(4));
    vec![
        ListLog { id: id(101), version: 2, chain }.into(),
        ListDelta { id: id(102), version: 1, delta: one.clone(), chain }.into(),
        ListSource {
            id: id(103),
            version: 2,
            name: NORTH.to_owned(),
            chain,
            pulled_at: Some(after(2)),
            payers_until: Some(drawn),
            cards_until: Some(drawn),
            hits: hits.clone(),
            not_taken: 1,
        }
        .into(),
        ListToken {
            id: id(104),
            version: 2,
            source: NORTH.to_owned(),
            token: TOKEN,
            items: vec![KnownItem { item: one.items[0].clone(), entry: Some(3) }],
            entity: Some(PHONE),
        }
        .into(),
        ListMember {
            id: id(105),
            version: 2,
            name: NORTH.to_owned(),
            day: 20_000,
            asked_today: 5,
            asked: 50,
            hits,
            told_at: Some(after(3)),
        }
        .into(),
    ]
}

fn found<T: tongbao_core::facts::Entity + Clone>(books: &Books, key: &Key) -> T {
    let facts: &dyn Facts = books;
    facts.find::<T>(key).unwrap().unwrap().clone()
}

fn take(books: &mut Books, at: Time, delta: &Delta) -> Result<(), Refusal> {
    books.step(at, |facts, cx| Ok((take_delta(facts, cx, NORTH, delta)?, ())))
}

fn screen(books: &mut Books, at: Time) {
    let found = Screened { tokens: vec![(TOKEN, PHONE)], ..Screened::default() };
    books.step(at, |facts, cx| Ok((screened(facts, cx, NORTH, &found)?, ()))).unwrap();
}

fn ask(books: &mut Books, at: Time) -> Standing {
    books.step(at, |facts, _| Ok((ChangeSet::default(), standing(facts, &[PHONE], at)?))).unwrap()
}

fn new(share: bool) -> NewEntry {
    NewEntry {
        entity: PHONE,
        list: RiskList::Block,
        category: Category::Fraud,
        reason: "REASON".to_owned(),
        author: "ops".to_owned(),
        from: None,
        until: None,
        evidence: None,
        source: Source::Own,
        confidence: None,
        share: share.then_some(TOKEN.0),
    }
}

#[test]
fn what_is_shared_is_published_with_its_change_and_taken_back_with_its_end() {
    let mut books = Books::default();
    books.step(after(0), |facts, cx| add(facts, cx, &new(true))).unwrap();
    let card = NewEntry { entity: Entity::Card([1; 32]), share: Some([8; 32]), ..new(false) };
    let quiet = NewEntry { reason: "QUIET".to_owned(), ..new(false) };
    let all = [card, quiet, new(true)];
    books.step(after(1), |facts, cx| add_all(facts, cx, &all)).unwrap();
    let asked = EndEntry { entity: PHONE, number: 1, author: "ops".to_owned(), reason: "wrong".to_owned() };
    books.step(after(2), |facts, cx| Ok((appeal(facts, cx, &asked, true)?, ()))).unwrap();
    books.step(after(3), |facts, cx| Ok((end(facts, cx, &asked)?, ()))).unwrap();
    books.step(after(4), |facts, cx| Ok((end(facts, cx, &asked)?, ()))).unwrap();
    let again = books.step(after(5), |facts, cx| Ok((appeal(facts, cx, &asked, true)?, ())));
    assert_eq!(again, Err(Refusal::NotFound("list entry")));
    let log: ListLog = found(&books, &Key::ListLog);
    assert_eq!(log.chain.number, 4);
    let mut chain = Chain::default();
    let mut said = Vec::new();
    for number in 1..=4 {
        let kept: ListDelta = found(&books, &Key::ListDelta(number));
        chain = chain.followed_by(&kept.delta).unwrap();
        assert_eq!(kept.chain, chain);
        said.extend(kept.delta.items.iter().map(|item| (item.kind, item.number, item.state)));
    }
    assert_eq!(chain, log.chain);
    let stands = ItemState::Stands;
    assert_eq!(
        said,
        [
            (SharedKind::Phone, 1, stands),
            (SharedKind::Card, 1, stands),
            (SharedKind::Phone, 1, ItemState::Appealed),
            (SharedKind::Phone, 1, ItemState::Revoked),
        ]
    );
}

#[test]
fn what_means_nothing_to_others_or_allows_is_not_shared() {
    let device = NewEntry { entity: Entity::Device([1; 32]), ..new(true) };
    let allow =
        NewEntry { list: RiskList::Allow, category: Category::Trusted, until: Some(after(9)), ..new(true) };
    for wrong in [device, allow] {
        let refused = Books::default().step(after(0), |facts, cx| add(facts, cx, &wrong));
        assert!(matches!(refused, Err(Refusal::Invalid { param: "share", .. })), "{refused:?}");
    }
}

#[test]
fn an_entry_stands_once_both_its_delta_and_its_value_are_known_in_either_order() {
    for delta_first in [true, false] {
        let mut books = Books::default();
        let first = delta(1, vec![item(1, Category::Fraud, ItemState::Stands)]);
        if delta_first {
            take(&mut books, after(1), &first).unwrap();
            assert!(ask(&mut books, after(1)).is_clear(), "a token says nothing by itself");
            screen(&mut books, after(2));
        } else {
            screen(&mut books, after(1));
            take(&mut books, after(2), &first).unwrap();
        }
        let standing = ask(&mut books, after(2));
        let mark = standing.watch.expect("another institution's block is a watch here");
        assert_eq!(mark.source, Source::Institution(NORTH.to_owned()));
        assert_eq!((mark.confidence, mark.reason.as_str()), (Some(90), "SHARED_FRAUD"));
        assert!(standing.block.is_none() && standing.block_final.is_none());
        // Twice is once.
        take(&mut books, after(3), &first).unwrap();
        screen(&mut books, after(3));
        let source: ListSource = found(&books, &Key::ListSource(NORTH.to_owned()));
        assert_eq!(source.hits, BTreeMap::from([("fraud".to_owned(), 1)]));
        let listed: ListedEntity = found(&books, &PHONE.key());
        assert_eq!(listed.entries.len(), 1);
        // Taken back.
        take(&mut books, after(4), &delta(2, vec![item(1, Category::Fraud, ItemState::Revoked)])).unwrap();
        assert!(ask(&mut books, after(4)).is_clear());
        let listed: ListedEntity = found(&books, &PHONE.key());
        assert_eq!(listed.entries[0].ended.as_ref().map(|ended| ended.author.as_str()), Some(NORTH));
    }
}

#[test]
fn law_blocks_and_is_not_put_off_by_an_appeal() {
    let mut books = Books::default();
    screen(&mut books, after(0));
    let say = |books: &mut Books, number, category, state| {
        take(
            books,
            after(1),
            &delta(number, vec![item(u32::try_from(number).unwrap() % 2, category, state)]),
        )
        .unwrap();
    };
    say(&mut books, 1, Category::Court, ItemState::Stands);
    say(&mut books, 2, Category::Fraud, ItemState::Stands);
    say(&mut books, 3, Category::Court, ItemState::Appealed);
    say(&mut books, 4, Category::Fraud, ItemState::Appealed);
    let standing = ask(&mut books, after(2));
    assert_eq!(standing.block_final.map(|mark| mark.category), Some(Category::Court));
    assert!(standing.watch.is_none());
    say(&mut books, 5, Category::Court, ItemState::Revoked);
    say(&mut books, 6, Category::Fraud, ItemState::Stands);
    let standing = ask(&mut books, after(3));
    assert!(standing.block_final.is_none() && standing.watch.is_some());
}

#[test]
fn a_delta_out_of_its_order_is_refused_and_changes_nothing() {
    let mut books = Books::default();
    let item = |number| vec![item(number, Category::Fraud, ItemState::Stands)];
    take(&mut books, after(0), &delta(1, item(1))).unwrap();
    let before: ListSource = found(&books, &Key::ListSource(NORTH.to_owned()));
    for number in [3, 9] {
        let refused = take(&mut books, after(1), &delta(number, item(1)));
        assert!(matches!(refused, Err(Refusal::Invalid { param: "delta", .. })));
    }
    assert_eq!(found::<ListSource>(&books, &Key::ListSource(NORTH.to_owned())), before);
    books.step(after(2), |facts, cx| Ok((pulled(facts, cx, NORTH)?, ()))).unwrap();
    let source: ListSource = found(&books, &Key::ListSource(NORTH.to_owned()));
    assert_eq!((source.pulled_at, source.chain.number), (Some(after(2)), 1));
}

#[test]
fn a_sources_rubbish_is_clipped_and_its_trust_is_worth_nothing() {
    let mut books = Books::default();
    screen(&mut books, after(0));
    let odd = Item {
        category: "trusted".to_owned(),
        confidence: 255,
        evidence: Some("é".repeat(500)),
        ..item(1, Category::Fraud, ItemState::Stands)
    };
    let over = Item { until_ms: Some(after(0).ms()), ..item(2, Category::Fraud, ItemState::Stands) };
    take(&mut books, after(1), &delta(1, vec![odd, over])).unwrap();
    let standing = ask(&mut books, after(1));
    assert!(standing.allow.is_none());
    assert_eq!(
        standing.watch.map(|mark| (mark.category, mark.confidence)),
        Some((Category::Other, Some(100)))
    );
    let listed: ListedEntity = found(&books, &PHONE.key());
    assert_eq!(listed.entries.len(), 1);
}

#[test]
fn a_member_may_ask_as_much_as_a_day_allows() {
    let mut books = Books::default();
    let day_s = 24 * 3_600;
    let mut ask =
        |at: Time, count: u32| books.step(at, |facts, cx| count_asked(facts, cx, NORTH, count, 10)).unwrap();
    assert!(ask(after(0), 6));
    assert!(!ask(after(1), 5), "what is refused is not counted");
    assert!(ask(after(2), 4));
    assert!(!ask(after(3), 1));
    assert!(ask(after(day_s), 10));
    let hits = BTreeMap::from([("fraud".to_owned(), 3), ("made up".to_owned(), 1)]);
    books.step(after(day_s), |facts, cx| Ok((take_hits(facts, cx, NORTH, &hits)?, ()))).unwrap();
    let member: ListMember = found(&books, &Key::ListMember(NORTH.to_owned()));
    assert_eq!((member.asked, member.asked_today), (20, 10));
    assert_eq!(member.hits, BTreeMap::from([("fraud".to_owned(), 3)]));
    assert_eq!(member.told_at, Some(after(day_s)));
}

#[test]
fn adding_is_known_also_when_it_would_be_shared() {
    let mut books = Books::default();
    books.step(after(0), |facts, cx| add(facts, cx, &new(true))).unwrap();
    assert_eq!(books.step(after(1), |facts, cx| add(facts, cx, &new(true))), Ok(Added::Known(1)));
    assert_eq!(found::<ListLog>(&books, &Key::ListLog).chain.number, 1);
}
