//! The judge: slots filled from what was done, features equal to those of the fold, the same answer twice.
#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use std::collections::BTreeMap;

use tongbao_money::Amount;
use tongbao_risk::{
    choices::{Category, Level, Means, Operation, Scene},
    features::{EntityId, Event, Payment, State},
    generator::World,
    judge::{Judge, Listed, Party, Subject, features},
    profile::{Deed, Profile, Relation},
    rule::{Action, Proof},
};

/// 2026-03-04 13:00 in Asia/Shanghai, a Wednesday.
const NOW_S: i64 = 1_772_600_400;
const DAY_S: i64 = 86_400;
const PAYER: EntityId = EntityId(1);
const SHOP: EntityId = EntityId(0xabcd_0000_0000_0001);

fn yuan(yuan: i64) -> Amount {
    Amount::new(yuan * 100).unwrap()
}

fn party<'a>(name: &'a str, id: EntityId, profile: &'a Profile) -> Party<'a> {
    Party { name, id, profile, since_s: NOW_S - 400 * DAY_S }
}

fn subject<'a>(amount: Amount, payer: &'a Profile, payee: &'a Profile) -> Subject<'a> {
    Subject {
        at_s: NOW_S,
        operation: Operation::Payment,
        scene: Scene::App,
        means: Means::Balance,
        category: Category::General,
        level: Level::Two,
        amount,
        balance_before: 1_000_000,
        age: None,
        payer: party("pyr_1", PAYER, payer),
        payee: Some(party("mch_1", SHOP, payee)),
        card: None,
        device: None,
        address: None,
        signed_in_s: None,
        is_device_of_payee: false,
        wrong_passwords: 0,
        listed: Listed::default(),
    }
}

fn payment(payer: EntityId, payee: EntityId, at_s: i64, amount: Amount) -> Payment {
    Payment { at_s: u32::try_from(at_s).unwrap(), payer, payee, amount }
}

/// A payer and a shop that know each other: 30 payments of some 50 yuan, one a day.
fn acquainted() -> (Profile, Profile) {
    let (mut payer, mut shop) = (Profile::default(), Profile::default());
    for day in 1..=30 {
        let at_s = NOW_S - day * DAY_S;
        let paid = payment(PAYER, SHOP, at_s, yuan(45 + day % 10));
        payer.add(at_s, &Deed::Paid(paid));
        shop.add(at_s, &Deed::Taken(paid, 1.0));
    }
    (payer, shop)
}

#[test]
fn the_shipped_judge_fills_all_slots_of_its_rules_and_lets_an_everyday_payment_go() {
    let judge = Judge::shipped().unwrap();
    let (payer, shop) = acquainted();
    let said = judge.judge(&subject(yuan(50), &payer, &shop)).unwrap();
    assert_eq!(said.action, Action::Allow, "{said:?}");
    assert!(said.reasons.is_empty() && said.score.is_some());
    assert_eq!(said, judge.judge(&subject(yuan(50), &payer, &shop)).unwrap());
    assert_eq!(said.versions, judge.versions());
    let nobody = Profile::default();
    assert!(
        judge.judge(&subject(yuan(50), &nobody, &nobody)).is_ok(),
        "a payer without a past is judged, too"
    );
}

#[test]
fn many_new_payees_in_a_day_are_noticed_with_the_figures_of_the_transfer() {
    let judge = Judge::shipped().unwrap();
    let mut payer = Profile::default();
    for other in 10..14 {
        let at_s = NOW_S - i64::from(other) * 60;
        payer.add(at_s, &Deed::Paid(payment(PAYER, EntityId(other.try_into().unwrap()), at_s, yuan(900))));
    }
    let nobody = Profile::default();
    let asked = Subject { operation: Operation::Transfer, ..subject(yuan(1_000), &payer, &nobody) };
    let said = judge.judge(&asked).unwrap();
    assert!(said.action >= Action::Challenge(Proof::Passkey), "{said:?}");
    assert!(said.reasons.iter().any(|why| why.code == "CONFIRM_PAYEE"), "{:?}", said.reasons);
}

#[test]
fn what_is_listed_elsewhere_is_challenged_and_never_blocked_by_that_alone() {
    let judge = Judge::shipped().unwrap();
    let (payer, shop) = acquainted();
    let listed = Listed { payer_foreign: true, payee_foreign: true, ..Listed::default() };
    let said = judge.judge(&Subject { listed, ..subject(yuan(50), &payer, &shop) }).unwrap();
    assert_eq!(said.action, Action::Challenge(Proof::Code));
}

#[test]
fn cards_that_are_tried_on_a_device_are_counted_there() {
    let judge = Judge::shipped().unwrap();
    let (payer, shop) = acquainted();
    let mut device = Profile::default();
    let ask = |device: &Profile| {
        let asked = Subject {
            means: Means::DebitCard,
            device: Some(party("dev_1", EntityId(7), device)),
            card: Some(party("crd_1", EntityId(8), &payer)),
            ..subject(yuan(50), &payer, &shop)
        };
        judge.judge(&asked).unwrap().action
    };
    for card in 0..4 {
        device.add(NOW_S - 60, &Deed::Met(Relation::Card, EntityId(card)));
    }
    assert_eq!(ask(&device), Action::Allow);
    device.add(NOW_S - 30, &Deed::Met(Relation::Card, EntityId(4)));
    assert_eq!(ask(&device), Action::Challenge(Proof::Code));
}

/// The model reads the same of profiles, payment by payment, as of the fold over the whole past.
#[test]
fn features_of_profiles_equal_those_of_the_fold() {
    let world = World { payers: 40, payees: 60, days: 20, seed: 3 };
    let (mut profiles, mut state) = (BTreeMap::<(bool, EntityId), Profile>::new(), State::default());
    for made in world.payments() {
        let paid = made.payment;
        let payer = profiles.entry((true, paid.payer)).or_default().clone();
        let payee = profiles.entry((false, paid.payee)).or_default().clone();
        let asked = Subject {
            at_s: paid.at_s.into(),
            amount: paid.amount,
            payer: Party { name: "p", id: paid.payer, profile: &payer, since_s: 0 },
            payee: Some(Party { name: "q", id: paid.payee, profile: &payee, since_s: 0 }),
            ..subject(paid.amount, &payer, &payee)
        };
        assert_eq!(state.apply(&Event::Payment(paid)), Some(features(&asked)));
        let ratio = payer.as_payer().amount_over_mean(&paid);
        profiles.entry((true, paid.payer)).or_default().add(paid.at_s.into(), &Deed::Paid(paid));
        profiles.entry((false, paid.payee)).or_default().add(paid.at_s.into(), &Deed::Taken(paid, ratio));
    }
}

#[test]
fn a_profile_is_kept_and_read_again_without_a_loss() {
    let (payer, shop) = acquainted();
    for profile in [payer, shop, Profile::default()] {
        let text = serde_json::to_string(&profile).unwrap();
        assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), profile);
    }
}
