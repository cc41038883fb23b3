//! From where a payer signs in, signing in by a passkey, and what older records lack.

use serde_json::Value;
use tongbao_core::{
    Record, Refusal, Time,
    facts::Entity as _,
    id::{Kind, PasskeyId, PayerId, SessionId, SignInChallengeId, TypedId as _},
    limits::{PASSKEY_CHALLENGE_LIFE_MS, SIGN_IN_NETWORKS_MAX},
    message::{Message, Text},
    payer::{
        self, CodePurpose, Payer,
        network::Networks,
        passkey::{self, Algorithm, NewPasskey, Passkey, SignInChallenge, Signed},
        session::{self, Session, SignIn},
    },
};
use uuid::Uuid;

use crate::shop::{Shop, after, new_payer};

const DAY_S: i64 = 24 * 3_600;

fn from(device: u8, network: Option<u8>) -> SignIn {
    SignIn {
        device: [device; 32],
        secret: [1; 32],
        device_name: "Firefox".to_owned(),
        network: network.map(|network| [network; 16]),
    }
}

fn begin(shop: &mut Shop, at: Time, device: u8, network: Option<u8>) -> SessionId {
    let (id, sign_in) = (shop.payer, from(device, network));
    shop.books.step(at, |facts, cx| session::begin(facts, cx, id, &sign_in)).unwrap()
}

/// What the payer was told, in order.
fn told(shop: &Shop) -> Vec<&'static str> {
    shop.books.all::<Message>().map(|message| message.text.name()).collect()
}

#[test]
fn a_payer_is_told_of_a_network_that_is_new_while_others_are_known() {
    let mut shop = Shop::open(60, 0);
    // Signed in before networks were noted: the first one is new to nobody.
    begin(&mut shop, after(0), 1, None);
    begin(&mut shop, after(1), 1, Some(1));
    assert_eq!(told(&shop), ["new_device"]);
    begin(&mut shop, after(2), 1, Some(2));
    begin(&mut shop, after(3), 1, Some(1));
    begin(&mut shop, after(4), 1, Some(2));
    assert_eq!(told(&shop), ["new_device", "new_network"], "once for each network");
    // Who is told of a new device is not told of its network, too; it is known from then on.
    begin(&mut shop, after(5), 2, Some(3));
    begin(&mut shop, after(6), 1, Some(3));
    assert_eq!(told(&shop), ["new_device", "new_network", "new_device"]);
    // Where the address is not known, nothing is said.
    begin(&mut shop, after(7), 1, None);
    assert_eq!(told(&shop).len(), 3);
    let all: Vec<&Message> = shop.books.all().collect();
    assert_eq!(all[1].text, Text::NewNetwork("Firefox".to_owned()));
    assert!(all[1].in_wallet, "the wallet shows it");
}

#[test]
fn the_networks_of_a_payer_are_bounded_and_the_one_seen_longest_ago_goes() {
    let mut shop = Shop::open(60, 0);
    let most = u8::try_from(SIGN_IN_NETWORKS_MAX).unwrap();
    for network in 0..most {
        begin(&mut shop, after(i64::from(network)), 1, Some(network));
    }
    // The first is seen again on another day, so the second is the oldest.
    begin(&mut shop, after(DAY_S), 1, Some(0));
    begin(&mut shop, after(DAY_S + 1), 1, Some(most));
    let networks: &Networks = shop.books.all().next().unwrap();
    let known: Vec<u8> = networks.known.iter().map(|known| known.digest[0]).collect();
    let expected: Vec<u8> = (2..most).chain([0, most]).collect();
    assert_eq!(known, expected);
    let count = told(&shop).len();
    begin(&mut shop, after(DAY_S + 2), 1, Some(0));
    assert_eq!(told(&shop).len(), count);
    begin(&mut shop, after(DAY_S + 3), 1, Some(1));
    assert_eq!(told(&shop).len(), count + 1, "what was forgotten is new again");
}

#[test]
fn a_network_makes_one_version_a_day() {
    let mut shop = Shop::open(60, 0);
    for second in 0..5 {
        begin(&mut shop, after(second), 1, Some(1));
    }
    let version = |shop: &Shop| shop.books.all::<Networks>().next().unwrap().version;
    assert_eq!(version(&shop), 1);
    begin(&mut shop, after(DAY_S), 1, Some(1));
    assert_eq!(version(&shop), 2);
}

fn ask(shop: &mut Shop, at: Time, nonce: u8) -> SignInChallenge {
    shop.books.step(at, |_, cx| Ok(passkey::ask_to_sign_in(cx, [nonce; 32]))).unwrap()
}

/// A passkey of this payer that has counted to `sign_count`.
fn add(shop: &mut Shop, payer: PayerId, credential: &str, sign_count: u32) -> PasskeyId {
    let about = [7; 32];
    let asked = shop.books.step(after(0), |facts, cx| passkey::ask(facts, cx, payer, ([6; 32], about)));
    let new = NewPasskey {
        challenge: asked.unwrap().bytes(),
        about,
        credential: credential.to_owned(),
        algorithm: Algorithm::Es256,
        public_key: "MFkw".to_owned(),
        sign_count,
        backup_eligible: false,
        name: "Phone".to_owned(),
    };
    shop.books.step(after(0), |facts, cx| passkey::register(facts, cx, payer, &new)).unwrap().unwrap()
}

fn sign_in(
    shop: &mut Shop,
    at: Time,
    payer: PayerId,
    (asked, signed): (SignInChallengeId, &Signed),
) -> Result<SessionId, Refusal> {
    let place = from(9, Some(9));
    shop.books
        .step(at, |facts, cx| passkey::sign_in(facts, cx, payer, (asked, signed), &place))
        .and_then(|told| told)
}

#[test]
fn a_passkey_signs_in_once_for_each_challenge_while_it_is_live() {
    let life_s = PASSKEY_CHALLENGE_LIFE_MS / 1_000;
    for (wait_s, good) in [(0, true), (life_s - 1, true), (life_s, false)] {
        let mut shop = Shop::open(60, 0);
        let payer = shop.payer;
        let passkey = add(&mut shop, payer, "one", 0);
        let asked = ask(&mut shop, after(0), 1);
        let signed = Signed { passkey, challenge: asked.bytes(), sign_count: 0 };
        let session = sign_in(&mut shop, after(wait_s), payer, (asked.id, &signed));
        assert_eq!(session.is_ok(), good, "after {wait_s} s");
        let again = sign_in(&mut shop, after(wait_s), payer, (asked.id, &signed));
        assert_eq!(again, Err(Refusal::PasskeyRefused));
        if let Ok(session) = session {
            assert!(shop.books.get::<Session>(session).is_live(after(wait_s)));
            assert!(shop.books.get::<Passkey>(passkey).used_on.is_some());
        }
    }
}

#[test]
fn what_signs_nobody_in_is_refused_alike_and_a_passkey_that_does_not_count_uses_the_challenge_up() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let passkey = add(&mut shop, payer, "one", 5);
    let other = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let others = add(&mut shop, other, "two", 0);
    let mut bad = |signed: &dyn Fn(&SignInChallenge) -> (SignInChallengeId, Signed), uses_up: bool| {
        let asked = ask(&mut shop, after(1), 1);
        let (named, signed) = signed(&asked);
        let told = sign_in(&mut shop, after(1), payer, (named, &signed));
        assert_eq!(told, Err(Refusal::PasskeyRefused));
        assert_eq!(shop.books.get::<SignInChallenge>(asked.id).used_at.is_some(), uses_up);
    };
    let signed = |asked: &SignInChallenge, passkey, sign_count| {
        (asked.id, Signed { passkey, challenge: asked.bytes(), sign_count })
    };
    // A copy of the device, another's passkey, one that nobody has.
    bad(&|asked| signed(asked, passkey, 5), true);
    bad(&|asked| signed(asked, others, 0), true);
    bad(&|asked| signed(asked, PasskeyId::from_uuid(Uuid::nil()), 9), true);
    // Another challenge was signed, or none of ours is named.
    bad(&|asked| (asked.id, Signed { passkey, challenge: [3; 32], sign_count: 9 }), false);
    let nobodys = SignInChallengeId::from_uuid(Uuid::nil());
    bad(&|asked| (nobodys, Signed { passkey, challenge: asked.bytes(), sign_count: 9 }), false);
}

#[test]
fn a_removed_passkey_and_a_closed_account_sign_nobody_in() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let passkey = add(&mut shop, payer, "one", 0);
    let asked = ask(&mut shop, after(0), 1);
    let signed = Signed { passkey, challenge: asked.bytes(), sign_count: 0 };
    shop.books.step(after(1), |facts, cx| Ok((passkey::remove(facts, cx, payer, passkey)?, ()))).unwrap();
    let told = sign_in(&mut shop, after(2), payer, (asked.id, &signed));
    assert_eq!(told, Err(Refusal::PasskeyRefused));

    let kept = add(&mut shop, payer, "two", 0);
    let asked = ask(&mut shop, after(2), 2);
    let signed = Signed { passkey: kept, challenge: asked.bytes(), sign_count: 0 };
    let close = |shop: &mut Shop| {
        let before = shop.books.get::<Payer>(payer);
        let closed = Payer { closed_at: Some(after(3)), version: before.version + 1, ..before };
        let step = shop.books.step(after(3), |_, _| {
            let mut change = tongbao_core::ChangeSet::default();
            change.put(closed.clone());
            Ok((change, ()))
        });
        step.unwrap();
    };
    close(&mut shop);
    let told = sign_in(&mut shop, after(4), payer, (asked.id, &signed));
    assert_eq!(told, Err(Refusal::PasskeyRefused));
}

#[test]
fn a_code_stands_beside_those_for_other_purposes() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let purposes = [
        CodePurpose::SignIn,
        CodePurpose::Reset,
        CodePurpose::Unfreeze,
        CodePurpose::Closing,
        CodePurpose::Passkey,
        CodePurpose::Payment,
    ];
    for (number, purpose) in (1..).zip(purposes) {
        let send = |at: Time, shop: &mut Shop| -> Result<(), Refusal> {
            let digest = [number; 32];
            shop.books
                .step(at, |facts, cx| Ok((payer::send_code(facts, cx, (payer, purpose), digest, None)?, ())))
        };
        send(after(0), &mut shop).unwrap();
        assert_eq!(send(after(1), &mut shop), Err(Refusal::CodeTooSoon), "{purpose:?}: a pause of its own");
    }
    let wrong = shop
        .books
        .step(after(2), |facts, cx| payer::use_code(facts, cx, (payer, CodePurpose::SignIn), &[6; 32]));
    assert_eq!(wrong, Ok(false), "the code of a payment signs nobody in");
    for (number, purpose) in (1_u8..).zip(purposes) {
        let known: Payer = shop.books.get(payer);
        let tries = known.code_for(purpose).unwrap().tries;
        assert_eq!(tries, u8::from(purpose == CodePurpose::SignIn), "{purpose:?}");
        let used = shop
            .books
            .step(after(3), |facts, cx| payer::use_code(facts, cx, (payer, purpose), &[number; 32]));
        assert_eq!(used, Ok(true), "{purpose:?}");
        assert!(shop.books.get::<Payer>(payer).code_for(purpose).is_none());
    }
}

#[test]
fn a_payer_that_was_stored_before_codes_had_places_reads_back() {
    let mut shop = Shop::open(60, 0);
    let payer = shop.payer;
    let whose = (payer, CodePurpose::SignIn);
    shop.books
        .step(after(0), |facts, cx| Ok((payer::send_code(facts, cx, whose, [8; 32], None)?, ())))
        .unwrap();
    let now: Payer = shop.books.get(payer);
    let mut stored = Record::from(now.clone()).to_json().unwrap();
    let Value::Object(fields) = &mut stored else { panic!("a record is a map") };
    fields.remove("codes");
    let read = Record::from_json(Kind::Payer, stored).unwrap();
    let before = Payer::of(&read).unwrap();
    assert_eq!(before.code_for(CodePurpose::SignIn), now.code_for(CodePurpose::SignIn));
    assert!(before.code_for(CodePurpose::Payment).is_none());
}
