//! Passkeys: challenges that are about one thing, count once and end; passkeys that are added, count on, are removed.

use std::collections::BTreeSet;

use proptest::{prelude::*, test_runner::Config};
use tongbao_core::{
    Refusal, Time,
    id::{PasskeyId, PayerId},
    limits::{PASSKEY_CHALLENGE_LIFE_MS, PASSKEY_NAME_CHARS_MAX, PASSKEYS_PER_PAYER_MAX},
    message::{Message, Text},
    payer::{
        self, CodePurpose, Payer,
        passkey::{self, Algorithm, Challenge, NewPasskey, Passkey, PasskeyRing, Signed, digest_of, is_name},
    },
};

use crate::shop::{Shop, after, new_payer};

const LIFE_S: i64 = PASSKEY_CHALLENGE_LIFE_MS / 1_000;

fn ask(shop: &mut Shop, at: Time, payer: PayerId, nonce: u8, about: u8) -> Result<Challenge, Refusal> {
    let what = ([nonce; 32], [about; 32]);
    shop.books.step(at, |facts, cx| passkey::ask(facts, cx, payer, what))
}

fn new(challenge: &Challenge, about: u8, credential: &str, sign_count: u32) -> NewPasskey {
    NewPasskey {
        challenge: challenge.bytes(),
        about: [about; 32],
        credential: credential.to_owned(),
        algorithm: Algorithm::Es256,
        public_key: "MFkw".to_owned(),
        sign_count,
        backup_eligible: false,
        name: "Chrome · Android".to_owned(),
    }
}

fn register(shop: &mut Shop, at: Time, payer: PayerId, new: &NewPasskey) -> Result<PasskeyId, Refusal> {
    shop.books.step(at, |facts, cx| passkey::register(facts, cx, payer, new)).and_then(|told| told)
}

/// A code that adds a passkey is sent.
fn code(shop: &mut Shop, at: Time, payer: PayerId) {
    let whose = (payer, CodePurpose::Passkey);
    shop.books.step(at, |facts, cx| Ok((payer::send_code(facts, cx, whose, [5; 32], None)?, ()))).unwrap();
}

/// A payer's passkey that has counted to `sign_count`.
fn add(shop: &mut Shop, payer: PayerId, credential: &str, sign_count: u32) -> Result<PasskeyId, Refusal> {
    let challenge = ask(shop, after(1), payer, 1, 1)?;
    register(shop, after(1), payer, &new(&challenge, 1, credential, sign_count))
}

fn prove(shop: &mut Shop, at: Time, payer: PayerId, signed: &Signed, about: u8) -> Result<(), Refusal> {
    shop.books
        .step(at, |facts, cx| passkey::prove(facts, cx, payer, signed, &[about; 32]))
        .and_then(|told| told)
}

fn remove(shop: &mut Shop, at: Time, payer: PayerId, id: PasskeyId) -> Result<(), Refusal> {
    shop.books.step(at, |facts, cx| Ok((passkey::remove(facts, cx, payer, id)?, ())))
}

fn another_payer(shop: &mut Shop) -> PayerId {
    shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap()
}

fn waits(shop: &Shop) -> bool {
    shop.books.all::<PasskeyRing>().next().is_some_and(|ring| ring.challenge.is_some())
}

#[test]
fn a_challenge_counts_until_its_time_is_over_and_for_what_it_is_about() {
    for (wait_s, about, good) in
        [(0, 7, true), (LIFE_S - 1, 7, true), (LIFE_S, 7, false), (0, 8, false), (-5, 7, true)]
    {
        let mut shop = Shop::open(60, 0);
        let payer = shop.payer;
        let passkey = add(&mut shop, payer, "one", 0).unwrap();
        let challenge = ask(&mut shop, after(100), payer, 2, 7).unwrap().bytes();
        let signed = Signed { passkey, challenge, sign_count: 0 };
        let told = prove(&mut shop, after(100 + wait_s), payer, &signed, about);
        assert_eq!(told, if good { Ok(()) } else { Err(Refusal::PasskeyRefused) }, "{wait_s} {about}");
    }
}

#[test]
fn what_is_signed_tells_chance_and_what_is_confirmed() {
    let bytes = |nonce, about| Challenge { nonce: [nonce; 32], about: [about; 32], at: after(0) }.bytes();
    let all: BTreeSet<_> = [bytes(1, 1), bytes(1, 2), bytes(2, 1), bytes(2, 2)].into();
    assert_eq!(all.len(), 4);
    let parts = |parts: &[&str]| digest_of("a", parts.iter().map(|part| part.as_bytes()));
    let all: BTreeSet<_> = [
        parts(&["b", "c"]),
        parts(&["bc"]),
        parts(&["bc", ""]),
        parts(&["", "bc"]),
        digest_of("ab", [b"c".as_slice()]),
    ]
    .into();
    assert_eq!(all.len(), 5);
}

#[test]
fn a_challenge_is_used_once_and_the_next_one_ends_it() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let passkey = add(&mut shop, payer, "one", 0).unwrap();
    let first = ask(&mut shop, after(2), payer, 2, 7).unwrap().bytes();
    let second = ask(&mut shop, after(3), payer, 3, 7).unwrap().bytes();
    let signed = |challenge| Signed { passkey, challenge, sign_count: 0 };
    assert_eq!(prove(&mut shop, after(4), payer, &signed(first), 7), Err(Refusal::PasskeyRefused));
    assert_eq!(prove(&mut shop, after(4), payer, &signed(second), 7), Ok(()));
    assert_eq!(prove(&mut shop, after(4), payer, &signed(second), 7), Err(Refusal::PasskeyRefused));
    assert_eq!(shop.books.get::<Passkey>(passkey).used_on, Some(after(4).china_day()));
}

#[test]
fn a_proof_that_is_refused_for_its_passkey_uses_the_challenge_up() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let other = another_payer(&mut shop);
    let passkey = add(&mut shop, payer, "one", 5).unwrap();
    let foreign = add(&mut shop, other, "two", 0).unwrap();
    for (passkey, sign_count) in [(passkey, 5), (passkey, 4), (passkey, 0), (foreign, 1)] {
        let challenge = ask(&mut shop, after(2), payer, 2, 7).unwrap().bytes();
        let signed = Signed { passkey, challenge, sign_count };
        assert_eq!(prove(&mut shop, after(2), payer, &signed, 7), Err(Refusal::PasskeyRefused), "{signed:?}");
        assert!(!waits(&shop));
    }
    assert_eq!(shop.books.get::<Passkey>(passkey).used_on, None);
    let challenge = ask(&mut shop, after(2), payer, 2, 7).unwrap().bytes();
    let signed = Signed { passkey, challenge, sign_count: 6 };
    assert_eq!(prove(&mut shop, after(2), other, &signed, 7), Err(Refusal::PasskeyRefused), "another's");
    assert_eq!(prove(&mut shop, after(2), payer, &signed, 7), Ok(()));
    assert_eq!(shop.books.get::<Passkey>(passkey).sign_count, 6);
}

#[test]
fn a_device_that_does_not_count_may_go_on_not_counting() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let passkey = add(&mut shop, payer, "one", 0).unwrap();
    for (sign_count, told) in
        [(0, Ok(())), (0, Ok(())), (3, Ok(())), (0, Err(Refusal::PasskeyRefused)), (u32::MAX, Ok(()))]
    {
        let challenge = ask(&mut shop, after(2), payer, 2, 7).unwrap().bytes();
        let signed = Signed { passkey, challenge, sign_count };
        assert_eq!(prove(&mut shop, after(2), payer, &signed, 7), told, "{sign_count}");
    }
}

#[test]
fn a_passkey_that_was_removed_proves_nothing_and_is_not_taken_up_again() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let other = another_payer(&mut shop);
    let passkey = add(&mut shop, payer, "one", 0).unwrap();
    assert_eq!(remove(&mut shop, after(2), other, passkey), Err(Refusal::NotFound("passkey")));
    ask(&mut shop, after(2), payer, 2, 7).unwrap();
    remove(&mut shop, after(2), payer, passkey).unwrap();
    assert!(!waits(&shop), "what its device was about to sign counts no more");
    assert_eq!(remove(&mut shop, after(2), payer, passkey), Err(Refusal::NotFound("passkey")));
    let challenge = ask(&mut shop, after(3), payer, 3, 7).unwrap().bytes();
    let signed = Signed { passkey, challenge, sign_count: 0 };
    assert_eq!(prove(&mut shop, after(3), payer, &signed, 7), Err(Refusal::PasskeyRefused));
    assert_eq!(add(&mut shop, payer, "one", 0), Err(Refusal::PasskeyRefused));
    assert_eq!(add(&mut shop, other, "one", 0), Err(Refusal::PasskeyRefused));
    let told: Vec<_> = shop.books.all::<Message>().map(|message| message.text.clone()).collect();
    let name = "Chrome · Android".to_owned();
    assert_eq!(told, [Text::PasskeyAdded(name.clone()), Text::PasskeyRemoved(name)]);
}

#[test]
fn a_payer_has_ten_passkeys_and_room_again_when_one_is_removed() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let mut last = None;
    for number in 0..PASSKEYS_PER_PAYER_MAX {
        last = Some(add(&mut shop, payer, &number.to_string(), 0).unwrap());
    }
    assert_eq!(add(&mut shop, payer, "one more", 0), Err(Refusal::TooManyPasskeys));
    assert!(!waits(&shop));
    let what = ([2; 32], [1; 32]);
    code(&mut shop, after(2), payer);
    let asked = |shop: &mut Shop| {
        let whose = (payer, &[5; 32]);
        shop.books.step(after(2), |facts, cx| passkey::ask_to_register(facts, cx, whose, what)).unwrap()
    };
    assert_eq!(asked(&mut shop).err(), Some(Refusal::TooManyPasskeys));
    remove(&mut shop, after(2), payer, last.unwrap()).unwrap();
    assert!(asked(&mut shop).is_ok());
    assert!(add(&mut shop, payer, "one more", 0).is_ok());
}

#[test]
fn a_right_password_starts_its_count_again_even_if_there_is_no_room() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    for number in 0..=PASSKEYS_PER_PAYER_MAX {
        // A day has ten codes.
        let at = after(3 * 3_600 * i64::try_from(number).unwrap());
        code(&mut shop, at, payer);
        shop.books
            .step(at, |facts, cx| {
                let (change, _, left) = payer::try_password(facts, cx, payer)?;
                Ok((change, left))
            })
            .unwrap();
        assert_eq!(shop.books.get::<Payer>(payer).password_tries, 1);
        let (whose, what) = ((payer, &[5; 32]), ([2; 32], [1; 32]));
        let told = shop.books.step(at, |facts, cx| passkey::ask_to_register(facts, cx, whose, what)).unwrap();
        assert_eq!(shop.books.get::<Payer>(payer).password_tries, 0);
        let Ok(challenge) = told else {
            assert_eq!(number, PASSKEYS_PER_PAYER_MAX);
            continue;
        };
        register(&mut shop, at, payer, &new(&challenge, 1, &number.to_string(), 0)).unwrap();
    }
}

#[test]
fn a_name_is_short_and_seen_and_a_bad_one_uses_the_challenge_up() {
    let long = "名".repeat(PASSKEY_NAME_CHARS_MAX);
    for (name, good) in [
        ("a", true),
        ("我的手机", true),
        (long.as_str(), true),
        ("", false),
        (&format!("{long}名"), false),
        ("a\u{202e}b", false),
        ("a\nb", false),
    ] {
        assert_eq!(is_name(name), good, "{name:?}");
        let mut shop = Shop::open(60, 0);
        let payer = shop.payer;
        let challenge = ask(&mut shop, after(1), payer, 1, 1).unwrap();
        let new = NewPasskey { name: name.to_owned(), ..new(&challenge, 1, "one", 0) };
        assert_eq!(register(&mut shop, after(1), payer, &new).is_ok(), good, "{name:?}");
        assert!(!waits(&shop));
    }
}

#[test]
fn nobody_asks_for_who_is_not_there() {
    let mut shop = Shop::open(60, 0);
    let nobody = another_payer(&mut Shop::open(60, 0));
    assert_eq!(ask(&mut shop, after(0), nobody, 1, 1).err(), Some(Refusal::NotFound("payer")));
    let payer = shop.payer;
    let never = Challenge { nonce: [1; 32], about: [1; 32], at: after(0) };
    assert_eq!(register(&mut shop, after(0), payer, &new(&never, 1, "one", 0)), Err(Refusal::PasskeyRefused));
}

/// What a payer, its devices or somebody else does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Asks for a signature about this.
    Ask(u8),
    /// Waits, in seconds.
    Wait(i64),
    /// A device answers with a new passkey: which credential, about what.
    Register(u8, u8),
    /// A device signs the challenge that was asked last, or the one before: which passkey, about what, its count.
    Prove { passkey: usize, about: u8, sign_count: u32, stale: bool },
    /// Removes a passkey.
    Remove(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0..3_u8).prop_map(Deed::Ask),
        1 => (1..400_i64).prop_map(Deed::Wait),
        2 => (0..6_u8, 0..3_u8).prop_map(|(credential, about)| Deed::Register(credential, about)),
        4 => (0..4_usize, 0..3_u8, 0..6_u32, prop::bool::weighted(0.2))
            .prop_map(|(passkey, about, sign_count, stale)| Deed::Prove { passkey, about, sign_count, stale }),
        1 => (0..4_usize).prop_map(Deed::Remove),
    ]
}

/// What somebody knows who watches from outside.
#[derive(Default)]
struct Watcher {
    now_s: i64,
    /// The last two challenges: bytes, about, when; the last one until it is used.
    asked: Vec<([u8; 32], u8, i64)>,
    used: bool,
    /// Passkeys in the order of their making: id, count, whether removed.
    passkeys: Vec<(PasskeyId, u32, bool)>,
    credentials: BTreeSet<u8>,
}

impl Watcher {
    /// Whether the challenge at the end counts for this.
    fn counts(&self, challenge: &[u8; 32], about: u8) -> bool {
        let last = self.asked.last();
        !self.used
            && last.is_some_and(|(bytes, asked, at_s)| {
                bytes == challenge && *asked == about && self.now_s - at_s < LIFE_S
            })
    }

    fn challenge(&self, stale: bool) -> [u8; 32] {
        let place = self.asked.len().checked_sub(if stale { 2 } else { 1 });
        place.map_or([0; 32], |place| self.asked[place].0)
    }
}

fn live(deed: Deed, shop: &mut Shop, seen: &mut Watcher) {
    let (payer, at) = (shop.payer, after(seen.now_s));
    match deed {
        Deed::Ask(about) => {
            let nonce = u8::try_from(seen.asked.len() % 256).unwrap();
            let challenge = ask(shop, at, payer, nonce, about).unwrap();
            seen.asked.push((challenge.bytes(), about, seen.now_s));
            seen.used = false;
        }
        Deed::Wait(seconds) => seen.now_s += seconds,
        Deed::Register(credential, about) => {
            let challenge = seen.challenge(false);
            let fresh = Challenge { nonce: [0; 32], about: [0; 32], at };
            let new = NewPasskey { challenge, ..new(&fresh, about, &credential.to_string(), 0) };
            let counts = seen.counts(&challenge, about);
            let told = register(shop, at, payer, &new);
            let room =
                seen.passkeys.iter().filter(|(_, _, removed)| !removed).count() < PASSKEYS_PER_PAYER_MAX;
            let good = counts && room && !seen.credentials.contains(&credential);
            assert_eq!(told.is_ok(), good);
            seen.used |= counts;
            if let Ok(id) = told {
                seen.passkeys.push((id, 0, false));
                seen.credentials.insert(credential);
            }
        }
        Deed::Prove { passkey, about, sign_count, stale } => {
            let Some((id, counted, removed)) = seen.passkeys.get(passkey).copied() else { return };
            let challenge = seen.challenge(stale);
            let counts = seen.counts(&challenge, about);
            let on = (sign_count, counted) == (0, 0) || sign_count > counted;
            let told = prove(shop, at, payer, &Signed { passkey: id, challenge, sign_count }, about);
            assert_eq!(told.is_ok(), counts && on && !removed);
            seen.used |= counts;
            if told.is_ok() {
                seen.passkeys[passkey].1 = sign_count;
            }
        }
        Deed::Remove(passkey) => {
            let Some((id, _, removed)) = seen.passkeys.get(passkey).copied() else { return };
            assert_eq!(remove(shop, at, payer, id).is_ok(), !removed);
            seen.used |= !removed;
            seen.passkeys[passkey].2 = true;
        }
    }
}

proptest! {
    #![proptest_config(Config { cases: 400, failure_persistence: None, ..Config::default() })]

    #[test]
    fn whatever_is_answered_a_challenge_proves_one_thing_once_by_a_passkey_that_is_there(
        deeds in prop::collection::vec(deed(), 1..60)
    ) {
        let (mut shop, mut seen) = (Shop::open(60, 0), Watcher::default());
        for deed in deeds {
            live(deed, &mut shop, &mut seen);
        }
        let ring = shop.books.all::<PasskeyRing>().next().map(|ring| ring.passkeys.clone());
        let there: Vec<_> = seen.passkeys.iter().filter(|(_, _, removed)| !removed).map(|(id, _, _)| *id).collect();
        prop_assert_eq!(ring.unwrap_or_default(), there);
        for (id, count, removed) in seen.passkeys {
            let passkey: Passkey = shop.books.get(id);
            prop_assert_eq!((passkey.sign_count, passkey.removed_at.is_some()), (count, removed));
        }
    }
}
