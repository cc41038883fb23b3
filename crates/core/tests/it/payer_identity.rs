//! Who payers are: numbers that could be somebody's, levels by sources, one account for a person, tries that are
//! counted before a source is asked.

use jiff::civil::date;
use tongbao_core::{
    Refusal, Time,
    id::PayerId,
    limits::{IDENTITY_LOCK_MS, IDENTITY_TRIES_MAX},
    message::{Message, Text},
    payer::{
        self, Payer,
        id_number::IdNumber,
        identity::{self, Claim, Confirmed, Identity, Level, Person},
    },
};

use crate::shop::{Shop, after, new_payer};

fn claim(name: u8, number: u8) -> Claim {
    Claim { name_digest: [name; 32], number_digest: [number; 32] }
}

fn confirmed(claim: Claim, sources: u8) -> Confirmed {
    Confirmed {
        claim,
        name_sealed: "sealed name".to_owned(),
        number_sealed: "sealed number".to_owned(),
        name_hint: "**甲".to_owned(),
        number_hint: "9****************7".to_owned(),
        sources,
    }
}

fn ask(shop: &mut Shop, at: Time, id: PayerId, claim: Claim) -> Result<(), Refusal> {
    shop.books.step(at, |facts, cx| Ok((identity::ask(facts, cx, id, &claim)?, ())))
}

pub(crate) fn verify(
    shop: &mut Shop,
    at: Time,
    id: PayerId,
    number: u8,
    sources: u8,
) -> Result<Level, Refusal> {
    let confirmed = confirmed(claim(1, number), sources);
    shop.books.step(at, |facts, cx| identity::verify(facts, cx, id, &confirmed))
}

fn level(shop: &Shop, id: PayerId) -> Option<Level> {
    shop.books.get::<Payer>(id).identity.as_ref().and_then(Identity::level)
}

#[test]
fn a_number_is_read_only_if_its_check_character_fits_and_its_day_is_one() {
    for number in [
        "990000199001010017",
        " 990000 19900101 0017 ",
        "99000019900101101X",
        "99000019900101101x",
        "990000202402290018",
    ] {
        let read = IdNumber::parse(number).unwrap_or_else(|| panic!("{number}"));
        assert_eq!(read.text().len(), 18);
    }
    for number in [
        "",
        "99000019900101001",
        "9900001990010100177",
        "990000199001010018",
        "X90000199001010017",
        "99000019900101101Y",
        // 1900 had no 29 February; its check character fits.
        "990000190002290013",
        "９９00001990010100",
        "99000019900101001\u{0}",
    ] {
        assert!(IdNumber::parse(number).is_none(), "{number}");
    }
}

#[test]
fn every_single_wrong_digit_and_every_swap_of_neighbours_is_noticed() {
    let right = "990000199001010017";
    for place in 0..18 {
        for digit in "0123456789X".chars() {
            let mut wrong: Vec<char> = right.chars().collect();
            wrong[place] = digit;
            let wrong: String = wrong.into_iter().collect();
            assert_eq!(IdNumber::parse(&wrong).is_some(), wrong == right, "{wrong}");
        }
        let mut swapped: Vec<char> = right.chars().collect();
        if place < 17 && swapped[place] != swapped[place + 1] {
            swapped.swap(place, place + 1);
            let swapped: String = swapped.into_iter().collect();
            assert!(IdNumber::parse(&swapped).is_none(), "{swapped}");
        }
    }
}

#[test]
fn age_grows_on_the_birthday_and_a_number_shows_only_its_ends() {
    let number = IdNumber::parse("990000202402290018").unwrap();
    for (day, age) in [
        (date(2024, 2, 28), None),
        (date(2024, 2, 29), Some(0)),
        (date(2025, 2, 28), Some(0)),
        (date(2025, 3, 1), Some(1)),
        (date(2032, 2, 28), Some(7)),
        (date(2032, 2, 29), Some(8)),
        (date(2023, 12, 31), None),
    ] {
        assert_eq!(number.age_on(day), age, "{day}");
    }
    assert_eq!(number.hint(), "9****************8");
    assert_eq!(format!("{number:?}"), "IdNumber");
}

#[test]
fn levels_follow_the_number_of_sources_and_never_fall() {
    for (sources, level) in [
        (0, None),
        (1, Some(Level::One)),
        (2, Some(Level::One)),
        (3, Some(Level::Two)),
        (4, Some(Level::Two)),
        (5, Some(Level::Three)),
        (u8::MAX, Some(Level::Three)),
    ] {
        assert_eq!(Level::of_sources(sources), level, "{sources}");
    }
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    assert_eq!(verify(&mut shop, after(1), id, 7, 0).unwrap_err().param(), Some("sources"));
    for (sources, then) in
        [(1, Level::One), (3, Level::Two), (1, Level::Two), (5, Level::Three), (3, Level::Three)]
    {
        assert_eq!(verify(&mut shop, after(1), id, 7, sources), Ok(then));
        assert_eq!(level(&shop, id), Some(then));
    }
    let told = shop.books.all::<Message>().filter(|told| matches!(told.text, Text::IdentityVerified(_)));
    assert_eq!(told.count(), 3, "one for each level reached");
    assert_eq!(shop.books.all::<Person>().count(), 1);
}

#[test]
fn a_person_has_one_account_and_an_account_one_person() {
    let mut shop = Shop::open(60, 0);
    let first = shop.payer;
    let other = shop.books.step(after(1), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    verify(&mut shop, after(2), first, 7, 1).unwrap();
    ask(&mut shop, after(3), other, claim(1, 7)).unwrap();
    assert_eq!(verify(&mut shop, after(3), other, 7, 1), Err(Refusal::TooManyAccounts));
    assert_eq!(level(&shop, other), None);
    let asked = shop.books.get::<Payer>(other).identity_tries.count;
    assert_eq!(asked, 1, "who finds out by trying has lost a try");
    assert_eq!(ask(&mut shop, after(3), first, claim(1, 8)).unwrap_err().param(), Some("number"));
    assert_eq!(verify(&mut shop, after(3), first, 8, 5).unwrap_err().param(), Some("number"));
    ask(&mut shop, after(3), first, claim(1, 7)).unwrap();
    verify(&mut shop, after(3), other, 8, 1).unwrap();
}

#[test]
fn askings_at_once_get_five_to_a_source_and_a_source_that_is_silent_costs_nothing() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    for _ in 0..20 {
        ask(&mut shop, after(1), id, claim(1, 7)).unwrap();
        shop.books.step(after(1), |facts, _| Ok((identity::forget_asking(facts, id)?, ()))).unwrap();
    }
    let told: Vec<_> = (0..20).map(|_| ask(&mut shop, after(2), id, claim(1, 7))).collect();
    assert_eq!(told.iter().filter(|told| told.is_ok()).count(), usize::from(IDENTITY_TRIES_MAX));
    let until = after(2).plus_ms(IDENTITY_LOCK_MS);
    assert_eq!(ask(&mut shop, until.plus_ms(-1), id, claim(1, 7)), Err(Refusal::IdentityLocked { until }));
    ask(&mut shop, until, id, claim(1, 7)).unwrap();
    let tries = shop.books.get::<Payer>(id).identity_tries;
    assert_eq!((tries.count, tries.locked_until), (1, None), "after the lock the count starts again");
    verify(&mut shop, until, id, 7, 1).unwrap();
    assert_eq!(shop.books.get::<Payer>(id).identity_tries.count, 0);
}
