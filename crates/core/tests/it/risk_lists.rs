//! Risk lists: what counts at which instant, what outweighs what; adding again and ending again change nothing.

use proptest::prelude::*;
use tongbao_core::{
    ChangeSet, Facts, Record, Refusal, Stop, Time, Want,
    id::PayerId,
    limits::LIST_ENTRIES_PER_ENTITY_MAX,
    risk::list::{
        Added, Category, EndEntry, Ended, Entity, ListEntry, ListedEntity, NewEntry, RiskList, Source,
        Standing, add, add_all, end, standing, wants,
    },
};

use crate::{
    books::Books,
    samples::{id, payer},
    shop::after,
};

/// A listed entity with all there can be in it.
pub(crate) fn record() -> Record {
    let entry = ListEntry {
        number: 3,
        list: RiskList::Block,
        category: Category::Sanction,
        reason: "UN_1267".to_owned(),
        author: "ops-1".to_owned(),
        from: after(0),
        until: Some(after(9)),
        evidence: Some("case-7".to_owned()),
        source: Source::Institution("north".to_owned()),
        confidence: Some(90),
        added_at: after(0),
        shared: Some([6; 32]),
        ended: Some(Ended { at: after(1), author: "ops-2".to_owned(), reason: "a mistake".to_owned() }),
    };
    ListedEntity {
        id: id(100),
        version: 5,
        entity: Entity::Phone([9; 32]),
        next_number: 4,
        entries: vec![entry],
        created_at: after(0),
    }
    .into()
}

const PHONE: Entity = Entity::Phone([5; 32]);

fn new(list: RiskList, category: Category) -> NewEntry {
    NewEntry {
        entity: PHONE,
        list,
        category,
        reason: "REASON".to_owned(),
        author: "ops-1".to_owned(),
        from: None,
        until: (list == RiskList::Allow).then(|| after(1_000)),
        evidence: None,
        source: Source::Own,
        confidence: None,
        share: None,
    }
}

fn put(books: &mut Books, at: Time, new: &NewEntry) -> Result<Added, Refusal> {
    books.step(at, |facts, cx| add(facts, cx, new))
}

fn ask(books: &mut Books, at: Time, entities: &[Entity]) -> Standing {
    let look = |facts: &dyn Facts, _: &mut _| Ok((ChangeSet::default(), standing(facts, entities, at)?));
    books.step(at, look).unwrap()
}

#[test]
fn an_entry_counts_from_its_first_instant_until_just_before_its_last() {
    let mut books = Books::default();
    let entry =
        NewEntry { from: Some(after(10)), until: Some(after(20)), ..new(RiskList::Block, Category::Fraud) };
    assert_eq!(put(&mut books, after(0), &entry), Ok(Added::New(1)));
    let ms = |ms: i64| after(0).plus_ms(ms);
    for (at, counts) in
        [(after(0), false), (ms(9_999), false), (after(10), true), (ms(19_999), true), (after(20), false)]
    {
        let found = ask(&mut books, at, &[PHONE]);
        assert_eq!(found.block.is_some(), counts, "at {at:?}");
        assert_eq!(found.is_clear(), !counts);
    }
}

#[test]
fn what_was_ended_counts_no_more_and_is_ended_once() {
    let mut books = Books::default();
    put(&mut books, after(0), &new(RiskList::Watch, Category::Suspicion)).unwrap();
    let asked = |number, author: &str| EndEntry {
        entity: PHONE,
        number,
        author: author.to_owned(),
        reason: "cleared".to_owned(),
    };
    let stop = |books: &mut Books, at, asked: EndEntry| {
        books.step(at, |facts, cx| Ok((end(facts, cx, &asked)?, ())))
    };
    assert_eq!(stop(&mut books, after(1), asked(2, "ops-2")), Err(Refusal::NotFound("list entry")));
    assert!(matches!(
        stop(&mut books, after(1), asked(1, " ")),
        Err(Refusal::Invalid { param: "author", .. })
    ));
    stop(&mut books, after(2), asked(1, "ops-2")).unwrap();
    assert!(ask(&mut books, after(2), &[PHONE]).is_clear());
    stop(&mut books, after(3), asked(1, "ops-3")).unwrap();
    let facts: &dyn Facts = &books;
    let listed = facts.find::<ListedEntity>(&PHONE.key()).unwrap().unwrap();
    let ended = listed.entries[0].ended.clone().unwrap();
    assert_eq!((listed.version, ended.at, ended.author.as_str()), (2, after(2), "ops-2"));
    // It may be added again, and stands under another number.
    let again = new(RiskList::Watch, Category::Suspicion);
    assert_eq!(put(&mut books, after(4), &again), Ok(Added::New(2)));
    assert_eq!(put(&mut books, after(5), &again), Ok(Added::Known(2)));
}

#[test]
fn blocks_of_law_and_of_mules_are_final_and_the_strongest_is_shown() {
    let mut books = Books::default();
    for category in [Category::Complaint, Category::Fraud, Category::ConfirmedMule, Category::Court] {
        put(&mut books, after(0), &new(RiskList::Block, category)).unwrap();
    }
    put(&mut books, after(0), &new(RiskList::Watch, Category::Gambling)).unwrap();
    put(&mut books, after(0), &new(RiskList::Allow, Category::Trusted)).unwrap();
    let found = ask(&mut books, after(1), &[Entity::Payer(payer()), PHONE]);
    let category = |mark: Option<tongbao_core::risk::list::Mark>| mark.map(|mark| mark.category);
    assert_eq!(category(found.block_final), Some(Category::Court));
    assert_eq!(category(found.block), Some(Category::Fraud));
    assert_eq!(category(found.watch), Some(Category::Gambling));
    assert_eq!(category(found.allow), Some(Category::Trusted));
}

#[test]
fn another_institution_blocks_only_by_law() {
    for (category, blocks) in [
        (Category::Sanction, true),
        (Category::Court, true),
        (Category::ConfirmedMule, false),
        (Category::Fraud, false),
    ] {
        let mut books = Books::default();
        let source = Source::Institution("north".to_owned());
        put(&mut books, after(0), &NewEntry { source, ..new(RiskList::Block, category) }).unwrap();
        let found = ask(&mut books, after(1), &[PHONE]);
        assert_eq!(found.block_final.is_some(), blocks, "{category:?}");
        assert_eq!(found.watch.is_some(), !blocks, "{category:?}");
        assert!(found.block.is_none() && found.allow.is_none());
    }
}

#[test]
fn what_is_out_of_range_is_refused_by_the_name_of_its_field() {
    let good = new(RiskList::Block, Category::Fraud);
    let table = [
        (NewEntry { reason: String::new(), ..good.clone() }, "reason"),
        (NewEntry { reason: "9_LIVES".to_owned(), ..good.clone() }, "reason"),
        (NewEntry { reason: "lower".to_owned(), ..good.clone() }, "reason"),
        (NewEntry { reason: "A".repeat(41), ..good.clone() }, "reason"),
        (NewEntry { author: String::new(), ..good.clone() }, "author"),
        (NewEntry { author: "a".repeat(65), ..good.clone() }, "author"),
        (NewEntry { evidence: Some("e".repeat(129)), ..good.clone() }, "evidence"),
        (NewEntry { confidence: Some(101), ..good.clone() }, "confidence"),
        (NewEntry { until: Some(after(0)), ..good.clone() }, "until"),
        (NewEntry { from: Some(after(5)), until: Some(after(5)), ..good.clone() }, "until"),
        (NewEntry { category: Category::Trusted, ..good.clone() }, "category"),
        (NewEntry { list: RiskList::Allow, until: Some(after(5)), ..good }, "category"),
        (NewEntry { until: None, ..new(RiskList::Allow, Category::Trusted) }, "until"),
        (
            NewEntry {
                source: Source::Institution("north".to_owned()),
                ..new(RiskList::Allow, Category::Trusted)
            },
            "list",
        ),
    ];
    for (wrong, field) in table {
        let mut books = Books::default();
        match put(&mut books, after(0), &wrong) {
            Err(Refusal::Invalid { param, .. }) => assert_eq!(param, field, "{wrong:?}"),
            other => panic!("{wrong:?}: {other:?}"),
        }
    }
}

#[test]
fn a_full_record_drops_what_is_over_and_nothing_else() {
    let mut books = Books::default();
    let numbered = |number: usize, until: Option<Time>| NewEntry {
        reason: format!("R{number}"),
        until,
        ..new(RiskList::Watch, Category::Other)
    };
    let room = LIST_ENTRIES_PER_ENTITY_MAX;
    for number in 1..=room {
        let until = (number == 7).then(|| after(100));
        put(&mut books, after(0), &numbered(number, until)).unwrap();
    }
    let full = put(&mut books, after(99), &numbered(room + 1, None));
    assert!(matches!(full, Err(Refusal::Invalid { param: "entity", .. })), "{full:?}");
    let number = u32::try_from(room + 1).unwrap();
    assert_eq!(put(&mut books, after(100), &numbered(room + 1, None)), Ok(Added::New(number)));
    let facts: &dyn Facts = &books;
    let listed = facts.find::<ListedEntity>(&PHONE.key()).unwrap().unwrap();
    assert_eq!(listed.entries.len(), room);
    assert!(listed.entries.iter().all(|entry| entry.number != 7));
}

#[test]
fn many_are_added_at_once_and_the_same_again_changes_nothing() {
    let mut books = Books::default();
    let fraud = new(RiskList::Block, Category::Fraud);
    let card = NewEntry { entity: Entity::Card([1; 32]), ..fraud.clone() };
    let wrong = NewEntry { reason: "no code".to_owned(), ..fraud.clone() };
    let watch = NewEntry { list: RiskList::Watch, category: Category::Suspicion, ..fraud.clone() };
    let all = [fraud.clone(), card, wrong, fraud, watch];
    let told = books.step(after(0), |facts, cx| add_all(facts, cx, &all)).unwrap();
    let [first, second, Err(Refusal::Invalid { param: "reason", .. }), fourth, fifth] = told.as_slice()
    else {
        panic!("{told:?}")
    };
    assert_eq!([first, second], [&Ok(Added::New(1)); 2]);
    assert_eq!([fourth, fifth], [&Ok(Added::Known(1)), &Ok(Added::New(2))]);
    // Ended or not: an import revives nothing.
    let asked = EndEntry { entity: PHONE, number: 1, author: "ops".to_owned(), reason: "cleared".to_owned() };
    books.step(after(1), |facts, cx| Ok((end(facts, cx, &asked)?, ()))).unwrap();
    let cx = books.context(after(2));
    let (change, told) = books.decide(&cx, |facts, cx| add_all(facts, cx, &all)).unwrap();
    assert!(change.is_empty(), "{:?}", change.records);
    assert_eq!(told.iter().filter(|told| matches!(told, Ok(Added::Known(_)))).count(), 4);
}

#[test]
fn what_is_not_loaded_is_asked_for_at_once() {
    struct Nothing;
    impl Facts for Nothing {
        fn record(&self, id: tongbao_core::Id) -> tongbao_core::Lookup<Option<&Record>> {
            Err(tongbao_core::Need(Want::Record(id)))
        }
        fn key(&self, key: &tongbao_core::Key) -> tongbao_core::Lookup<Option<tongbao_core::Id>> {
            Err(tongbao_core::Need(Want::Key(key.clone())))
        }
        fn account(
            &self,
            account: &tongbao_core::ledger::AccountKey,
        ) -> tongbao_core::Lookup<tongbao_core::ledger::AccountState> {
            Err(tongbao_core::Need(Want::Account(*account)))
        }
        fn task(&self, task: &tongbao_core::TaskKey) -> tongbao_core::Lookup<bool> {
            Err(tongbao_core::Need(Want::Task(*task)))
        }
    }
    let entities = [PHONE, Entity::Payer(payer()), Entity::Payee(id::<PayerId>(9).into())];
    let asked = standing(&Nothing, &entities, after(0));
    assert_eq!(asked, Err(Stop::Need(tongbao_core::Need(Want::All(wants(&entities))))));
}

#[test]
fn an_address_of_ipv6_is_its_network_and_a_mapped_one_itself() {
    let entity = |text: &str| Entity::address(text.parse().unwrap());
    assert_eq!(entity("2001:db8:1:2:3::4"), entity("2001:db8:1:2::"));
    assert_ne!(entity("2001:db8:1:2::"), entity("2001:db8:1:3::"));
    assert_eq!(entity("::ffff:192.0.2.1"), entity("192.0.2.1"));
    assert_ne!(entity("192.0.2.1"), entity("192.0.2.2"));
}

proptest! {
    /// Whatever stands there: nothing counts that is over or not begun, and what is given is the best that counts.
    #[test]
    fn a_standing_is_what_a_look_through_all_entries_gives(
        drawn in prop::collection::vec(
            (0_usize..2, 0_usize..9, 0_i64..20, prop::option::of(1_i64..20), any::<bool>()), 1..12),
        at in 0_i64..25,
    ) {
        let mut books = Books::default();
        for (place, (list, category, from, lasts, is_foreign)) in drawn.iter().enumerate() {
            let entry = NewEntry {
                reason: format!("R{place}"),
                from: Some(after(*from)),
                until: lasts.map(|lasts| after(from + lasts)),
                source: if *is_foreign { Source::Institution("north".to_owned()) } else { Source::Own },
                ..new(RiskList::ALL[*list], Category::ALL[if *category == 8 { 9 } else { *category }])
            };
            put(&mut books, after(0), &entry).unwrap();
        }
        let found = ask(&mut books, after(at), &[PHONE]);
        let facts: &dyn Facts = &books;
        let listed = facts.find::<ListedEntity>(&PHONE.key()).unwrap().unwrap();
        let counts = |entry: &&ListEntry| {
            entry.from <= after(at) && entry.until.is_none_or(|until| after(at) < until)
        };
        let is_final = |entry: &&ListEntry| {
            matches!(entry.category, Category::Sanction | Category::Court)
                || (entry.category == Category::ConfirmedMule && entry.source == Source::Own)
        };
        let best = |wanted: &dyn Fn(&&ListEntry) -> bool| {
            let all = listed.entries.iter().filter(counts).filter(wanted);
            all.map(|entry| (entry.source != Source::Own, entry.category)).min()
        };
        let got = |mark: &Option<tongbao_core::risk::list::Mark>| {
            mark.as_ref().map(|mark| (mark.source != Source::Own, mark.category))
        };
        let own = |entry: &&ListEntry| entry.source == Source::Own;
        let block = |entry: &&ListEntry| entry.list == RiskList::Block;
        prop_assert_eq!(got(&found.block_final), best(&|entry| block(entry) && is_final(entry)));
        prop_assert_eq!(got(&found.block), best(&|entry| block(entry) && !is_final(entry) && own(entry)));
        let watched = |entry: &&ListEntry| !block(entry) || (!own(entry) && !is_final(entry));
        prop_assert_eq!(got(&found.watch), best(&watched));
        prop_assert!(found.allow.is_none());
    }
}
