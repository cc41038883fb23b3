//! Features as they stream, against a second computation that looks at all payments each time.

#![expect(clippy::cast_precision_loss, reason = "amounts and counts of small worlds")]
#![expect(clippy::unwrap_used, reason = "a test that panics has done its work")]

use proptest::prelude::*;
use tongbao_money::Amount;
use tongbao_risk::{
    features::{
        Damaged, EntityId, Event, HIGH_RATIO, Label, NAMES, Payment, QUIET_MINOR_MAX, State, Vector,
        labelled, number,
    },
    generator::{Made, World},
};

const DAY_S: f64 = 86_400.0;
const DELAY_S: u32 = 7 * 86_400;

fn small_world(seed: u64) -> Vec<Made> {
    World { payers: 150, payees: 300, days: 60, seed }.payments()
}

/// A payment of the past, with what the slow computation found out about it.
#[derive(Clone, Copy)]
struct Past {
    payment: Payment,
    fraud: bool,
    ratio: f64,
    counted_yuan: f64,
}

impl Past {
    fn at_s(&self) -> f64 {
        f64::from(self.payment.at_s)
    }

    fn is_high(&self) -> bool {
        self.ratio > f64::from(HIGH_RATIO)
    }

    fn is_known(&self, now: &Payment) -> bool {
        self.payment.at_s + DELAY_S <= now.at_s
    }

    fn is_quiet(&self) -> bool {
        !self.is_high() && self.payment.amount.minor() <= QUIET_MINOR_MAX
    }
}

fn faded(elapsed_s: f64, days: f64) -> f64 {
    (-elapsed_s / (days * DAY_S)).exp()
}

/// The sum of what is left of each of `past` after `days`, counted from `delay_s` after it was paid.
fn count<'a>(past: impl IntoIterator<Item = &'a Past>, now: &Payment, days: f64, delay_s: u32) -> f64 {
    let left = |past: &Past| faded(f64::from(now.at_s) - past.at_s() - f64::from(delay_s), days);
    past.into_iter().map(left).sum()
}

fn days_since(now: &Payment, at_s: f64) -> f64 {
    (f64::from(now.at_s) - at_s) / DAY_S
}

/// Mean and standard deviation of what was counted, each weighed by what is left of it after 60 days.
fn usual(past: &[Past], now: &Payment) -> (f64, f64) {
    let weights: Vec<f64> = past.iter().map(|past| faded(f64::from(now.at_s) - past.at_s(), 60.0)).collect();
    let all: f64 = weights.iter().sum();
    let mean = past.iter().zip(&weights).map(|(past, weight)| past.counted_yuan * weight).sum::<f64>() / all;
    let squares = past.iter().zip(&weights).map(|(past, weight)| (past.counted_yuan - mean).powi(2) * weight);
    (mean, (squares.sum::<f64>() / all).sqrt())
}

fn slow(payer: &[Past], payee: &[Past], now: &Payment) -> Vec<(&'static str, f64)> {
    let yuan = now.amount.minor() as f64 / 100.0;
    let mut found = vec![("amount_yuan", yuan)];
    let (mut mean, mut ratio, mut deviations, mut age, mut idle) = (-1.0, 1.0, 0.0, -1.0, -1.0);
    if let (Some(first), Some(last)) = (payer.first(), payer.last()) {
        let deviation;
        (mean, deviation) = usual(payer, now);
        ratio = yuan / mean;
        deviations = (yuan - mean) / deviation.max(mean * 0.1).max(0.01);
        age = days_since(now, first.at_s()).min(60.0);
        idle = days_since(now, last.at_s());
    }
    found.extend([("payer_mean_yuan", mean), ("amount_over_mean", ratio), ("amount_deviations", deviations)]);
    found.extend([("payer_age_days", age), ("payer_idle_days", idle)]);
    for (name, days) in [("payer_count_10m", 10.0 / 1_440.0), ("payer_count_1h", 1.0 / 24.0)] {
        found.push((name, count(payer, now, days, 0)));
    }
    for (name, days) in [("payer_count_1d", 1.0), ("payer_count_7d", 7.0), ("payer_count_30d", 30.0)] {
        found.push((name, count(payer, now, days, 0)));
    }
    for (name, days) in [("payer_high_3d", 3.0), ("payer_high_10d", 10.0)] {
        found.push((name, count(payer.iter().filter(|past| past.is_high()), now, days, 0)));
    }
    let frauds = payer.iter().filter(|past| past.fraud && past.is_known(now));
    found.push(("payer_frauds_30d", count(frauds, now, 30.0, DELAY_S)));
    found.extend(slow_payee(payee, now));
    found
}

fn slow_payee(payee: &[Past], now: &Payment) -> Vec<(&'static str, f64)> {
    let mut found = Vec::new();
    for (name, days) in [("payee_count_1d", 1.0), ("payee_count_7d", 7.0), ("payee_count_30d", 30.0)] {
        found.push((name, count(payee, now, days, 0)));
    }
    found.push(("payee_high_7d", count(payee.iter().filter(|past| past.is_high()), now, 7.0, 0)));
    found.push((
        "payee_age_days",
        payee.first().map_or(-1.0, |first| days_since(now, first.at_s()).min(60.0)),
    ));
    // What is known about the payee: everything that is labelled, loud frauds left out.
    let known: Vec<Past> =
        payee.iter().filter(|past| past.is_known(now) && (!past.fraud || past.is_quiet())).copied().collect();
    let genuine = known.iter().rposition(|past| !past.fraud);
    let run = &known[genuine.map_or(0, |place| place + 1)..];
    let before = genuine.map_or(payee.first(), |place| known.get(place));
    let since = |past: Option<&Past>| past.map_or(-1.0, |past| days_since(now, past.at_s()));
    found.push(("payee_run", run.len() as f64));
    found.push(("payee_run_days", since(run.first())));
    found.push(("payee_run_days_max", if run.is_empty() { -1.0 } else { since(before) }));
    found.push(("payee_run_idle_days", since(run.last())));
    found.push(("payee_genuine_days", since(genuine.map(|place| &known[place]))));
    let frauds: Vec<Past> = known.iter().filter(|past| past.fraud).copied().collect();
    found.push(("payee_frauds_7d", count(&frauds, now, 7.0, DELAY_S)));
    found.push(("payee_frauds_30d", count(&frauds, now, 30.0, DELAY_S)));
    let all = count(&known, now, 30.0, DELAY_S);
    let share = if known.is_empty() { -1.0 } else { count(&frauds, now, 30.0, DELAY_S) / all };
    found.push(("payee_fraud_share_30d", share));
    found
}

/// What the payment is in the past of those that come after it.
fn past(made: &Made, ratio: f64, payer: &[Past]) -> Past {
    let yuan = made.payment.amount.minor() as f64 / 100.0;
    let is_capped = payer.len() >= 5 && ratio > 2.5;
    let counted_yuan = if is_capped { yuan / ratio } else { yuan };
    Past { payment: made.payment, fraud: made.is_fraud(), ratio, counted_yuan }
}

fn check_equal(streamed: &Vector, slow: &[(&'static str, f64)], place: usize) {
    assert_eq!(slow.len(), NAMES.len(), "every feature is computed twice");
    for (name, expected) in slow {
        let found = f64::from(streamed[number(name).unwrap()]);
        let tolerance = 2e-4 * expected.abs().max(1.0);
        assert!((found - expected).abs() <= tolerance, "payment {place}, {name}: {found}, slowly {expected}");
    }
}

#[test]
fn features_as_they_stream_equal_those_of_the_whole_past() {
    let made = small_world(11);
    let streamed = labelled(made.iter().map(|made| (made.payment, made.is_fraud())), DELAY_S);
    let mut payers = vec![Vec::<Past>::new(); 150];
    let mut payees = vec![Vec::<Past>::new(); 300];
    let (mut runs, mut highs) = (0, 0);
    for (place, (made, vector)) in made.iter().zip(streamed).enumerate() {
        let payer = &mut payers[usize::try_from(made.payment.payer.0).unwrap()];
        let payee = &mut payees[usize::try_from(made.payment.payee.0).unwrap()];
        let slow = slow(payer, payee, &made.payment);
        check_equal(&vector, &slow, place);
        let past = past(made, slow[2].1, payer);
        runs += usize::from(vector[number("payee_run").unwrap()] > 2.0);
        highs += usize::from(past.is_high());
        payer.push(past);
        payee.push(past);
    }
    assert!(made.len() > 10_000 && runs > 10 && highs > 50, "{} {runs} {highs}", made.len());
}

/// All events of a world, in the order of their times; labels before payments of the same second.
fn events(made: &[Made]) -> Vec<Event> {
    let mut events: Vec<Event> = made.iter().map(|made| Event::Payment(made.payment)).collect();
    let vectors = labelled(made.iter().map(|made| (made.payment, made.is_fraud())), DELAY_S);
    events.extend(made.iter().zip(vectors).map(|(made, vector)| {
        let at_s = made.payment.at_s + DELAY_S;
        let amount_over_mean = vector[number("amount_over_mean").unwrap()];
        Event::Label(Label { at_s, payment: made.payment, amount_over_mean, fraud: made.is_fraud() })
    }));
    events.sort_by_key(|event| (event.at_s(), matches!(event, Event::Payment(_))));
    events
}

#[test]
fn a_state_that_was_saved_and_loaded_goes_on_as_one_that_was_not() {
    let events = events(&small_world(3));
    let mut straight = State::default();
    let mut broken = State::default();
    for (place, event) in events.iter().enumerate() {
        if place % 1_000 == 0 {
            broken = State::load(&broken.save()).unwrap();
        }
        assert_eq!(straight.apply(event), broken.apply(event));
    }
    assert_eq!(straight, broken);
    assert_eq!(straight.hash(), broken.hash());
    assert_ne!(straight.hash(), State::default().hash());
}

#[test]
fn the_events_give_the_features_that_labelled_payments_have() {
    let made = small_world(4);
    let mut state = State::default();
    let of_events: Vec<Vector> = events(&made).iter().filter_map(|event| state.apply(event)).collect();
    let of_payments: Vec<Vector> =
        labelled(made.iter().map(|made| (made.payment, made.is_fraud())), DELAY_S).collect();
    assert_eq!(of_events, of_payments);
}

#[test]
fn a_label_changes_nothing_before_it_arrives() {
    let made = small_world(5);
    let known: Vec<Vector> =
        labelled(made.iter().map(|made| (made.payment, made.is_fraud())), DELAY_S).collect();
    let never: Vec<Vector> = labelled(made.iter().map(|made| (made.payment, false)), DELAY_S).collect();
    let first_fraud_s = made.iter().find(|made| made.is_fraud()).unwrap().payment.at_s;
    let cut = made.partition_point(|made| made.payment.at_s < first_fraud_s + DELAY_S);
    assert_eq!(known[..cut], never[..cut]);
    assert_ne!(known[cut..], never[cut..]);
}

#[test]
fn damaged_states_and_those_of_other_features_are_refused() {
    let mut state = State::default();
    for event in events(&small_world(6)).iter().take(50) {
        state.apply(event);
    }
    let bytes = state.save();
    assert_eq!(State::load(b"something else"), Err(Damaged::NotAState));
    for place in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[place] ^= 1;
        let expected = match place {
            0..16 => Damaged::NotAState,
            16..32 => Damaged::OtherFeatures,
            _ => Damaged::Checksum,
        };
        assert_eq!(State::load(&changed), Err(expected), "byte {place}");
        assert!(State::load(&bytes[..place]).is_err(), "cut at {place}");
    }
}

/// Whatever happens, in any order: times that go back, amounts from nothing to the most there is, labels of anything.
fn anything() -> impl Strategy<Value = Event> {
    let at_s = prop_oneof![any::<u32>(), 1_700_000_000..1_700_100_000_u32];
    let minor = prop_oneof![Just(0), 1..100_i64, 1..100_000_i64, Just(Amount::MAX.minor())];
    let ratio = prop_oneof![Just(1.0_f32), Just(5.0), 0.0..1e20_f32];
    (at_s, 0..3_u128, 0..3_u128, minor, prop::option::of((any::<u32>(), ratio, any::<bool>()))).prop_map(
        |(at_s, payer, payee, minor, label)| {
            let amount = Amount::new(minor).unwrap();
            let payment = Payment { at_s, payer: EntityId(payer), payee: EntityId(payee), amount };
            match label {
                None => Event::Payment(payment),
                Some((at_s, amount_over_mean, fraud)) => {
                    Event::Label(Label { at_s, payment, amount_over_mean, fraud })
                }
            }
        },
    )
}

proptest! {
    #[test]
    fn whatever_happens_every_feature_is_a_finite_number(
        events in prop::collection::vec(anything(), 1..200),
    ) {
        let mut state = State::default();
        for event in &events {
            if let Some(vector) = state.apply(event) {
                for (feature, value) in NAMES.iter().zip(vector) {
                    prop_assert!(value.is_finite(), "{} is {value}", feature.name);
                }
            }
        }
        prop_assert_eq!(State::load(&state.save()).unwrap(), state);
    }
}
