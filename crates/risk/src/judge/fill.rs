//! From a subject to the values of the slots that rules speak of.
//!
//! **Invariant.** Every slot of the standard schema is filled here; a test compares the two.
//!
//! **Absent on purpose:** what the platform is not told: whether a device is imitated or watched, places and what lies
//! between them. Their slots say *no* and *unknown*.

use tongbao_money::Amount;

use super::subject::{Party, Subject};
use crate::{
    choices::{Category, Level, Means, Operation, Scene},
    counters::{Exact, SHANGHAI_OFFSET_S, Sum},
    features::EntityId,
    profile::{Measure, Profile, Relation, who},
    rule::{Row, RuleSet, Schema, SlotId, Value},
};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
const WEEK_DAYS: i64 = 7;
/// 1970-01-01 was a Thursday: with Monday as 0, the third day.
const FIRST_WEEKDAY: i64 = 3;
const SATURDAY: i64 = 5;

/// How a slot is filled.
#[derive(Clone, Copy, Debug)]
enum Filler {
    /// With a value.
    Known(fn(&Subject<'_>) -> Value),
    /// With a value, if there is one.
    Maybe(fn(&Subject<'_>) -> Option<Value>),
}

use Filler::{Known, Maybe};

/// How the slots of a rule set are filled.
#[derive(Debug)]
pub(super) struct Fill {
    slots: Vec<(SlotId, Filler)>,
    score: Option<SlotId>,
    operations: Vec<(SlotId, Vec<Value>)>,
}

impl Fill {
    /// Finds who fills each slot; an error names one that nobody does.
    pub(super) fn of(rules: &RuleSet) -> Result<Fill, String> {
        let schema = rules.schema();
        let mut fill = Fill { slots: Vec::new(), score: None, operations: Vec::new() };
        for slot in schema.slots() {
            let spelling = slot.spelling();
            let Some(id) = schema.slot(&spelling) else { continue };
            if let Some((_, filler)) = FILLERS.iter().find(|(name, _)| *name == spelling) {
                fill.slots.push((id, *filler));
            } else if spelling == "score" {
                fill.score = Some(id);
            } else if !is_choice(&spelling) {
                return Err(format!("nobody fills the slot `{spelling}`"));
            }
        }
        for name in CHOICES {
            let id = schema.slot(name).ok_or_else(|| format!("there is no slot `{name}`"))?;
            fill.operations.push((id, values(schema, name)?));
        }
        Ok(fill)
    }

    /// The row of a subject.
    pub(super) fn row(&self, rules: &RuleSet, subject: &Subject<'_>, score: Option<u16>) -> Row {
        let mut row = Row::new(rules.schema());
        let mut put = |slot: SlotId, value: Option<Value>| {
            // Kinds are compared when the fillers are tested; a value of another kind would stay unknown, and the
            // rules would say that it is missing.
            if let Some(value) = value {
                let _ = row.set(slot, value);
            }
        };
        for (slot, filler) in &self.slots {
            put(
                *slot,
                match filler {
                    Known(value) => Some(value(subject)),
                    Maybe(value) => value(subject),
                },
            );
        }
        if let Some(slot) = self.score {
            put(slot, score.map(|score| Value::Int(score.into())));
        }
        for ((slot, values), place) in self.operations.iter().zip(places(subject)) {
            put(*slot, values.get(place).copied());
        }
        row
    }
}

/// The slots whose values are those of an enumeration, in the order of [`places`].
const CHOICES: [&str; 5] = ["operation", "scene", "method", "category", "level"];

fn is_choice(spelling: &str) -> bool {
    CHOICES.contains(&spelling)
}

fn values(schema: &Schema, slot: &str) -> Result<Vec<Value>, String> {
    let (enumeration, names): (&str, &[&str]) = match slot {
        "operation" => ("operations", &Operation::NAMES),
        "scene" => ("scenes", &Scene::NAMES),
        "method" => ("methods", &Means::NAMES),
        "category" => ("categories", &Category::NAMES),
        _ => ("levels", &Level::NAMES),
    };
    let value = |name: &&str| schema.choice_of(enumeration, name);
    let values: Option<Vec<Value>> = names.iter().map(value).collect();
    values.ok_or_else(|| format!("`{enumeration}` lacks a value"))
}

fn places(subject: &Subject<'_>) -> [usize; 5] {
    [
        subject.operation as usize,
        subject.scene as usize,
        subject.means as usize,
        subject.category as usize,
        subject.level as usize,
    ]
}

/// A window that slots speak of.
#[derive(Clone, Copy)]
enum Window {
    Minutes10,
    Hour,
    Day,
    Week,
    Month,
}

impl Window {
    fn of(self, exact: &Exact, now_s: i64) -> Sum {
        match self {
            Window::Minutes10 => exact.last_minutes(now_s, 2),
            Window::Hour => exact.last_hour(now_s),
            Window::Day => exact.last_hours(now_s, 24),
            Window::Week => exact.last_days(now_s, 7),
            Window::Month => exact.last_days(now_s, 30),
        }
    }
}

fn sum(subject: &Subject<'_>, party: Option<Party<'_>>, measure: Measure, window: Window) -> Sum {
    let exact = party.and_then(|party| party.profile.counted(measure));
    exact.map(|exact| window.of(exact, subject.at_s)).unwrap_or_default()
}

fn of_payer(subject: &Subject<'_>, measure: Measure, window: Window) -> Sum {
    sum(subject, Some(subject.payer), measure, window)
}

fn int(number: impl Into<i64>) -> Value {
    Value::Int(number.into())
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn money(minor: i64) -> Value {
    Value::Money(Amount::new(minor.max(0)).unwrap_or(Amount::MAX))
}

fn yes(is: bool) -> Value {
    Value::Bool(is)
}

fn since(subject: &Subject<'_>, at_s: Option<i64>) -> Option<Value> {
    at_s.map(|at_s| Value::Duration(subject.at_s.saturating_sub(at_s).max(0)))
}

fn mean(sum: Sum) -> Option<Value> {
    sum.minor.checked_div(i64::from(sum.count)).map(money)
}

fn hour_of_day(at_s: i64) -> i64 {
    at_s.saturating_add(SHANGHAI_OFFSET_S).rem_euclid(DAY_S) / HOUR_S
}

fn weekday(at_s: i64) -> i64 {
    let day = at_s.saturating_add(SHANGHAI_OFFSET_S).div_euclid(DAY_S);
    day.saturating_add(FIRST_WEEKDAY).rem_euclid(WEEK_DAYS)
}

/// What the payer paid this payee, or had back from it, in an hour, a day or a month.
fn pair(subject: &Subject<'_>, relation: Relation, window: Window) -> Sum {
    let met = subject
        .payee
        .and_then(|payee| subject.payer.profile.met(relation).and_then(|recent| recent.of(who(payee.id))));
    met.map(|met| match window {
        Window::Minutes10 | Window::Hour => met.last_hours(subject.at_s, 1),
        Window::Day => met.last_hours(subject.at_s, 24),
        Window::Week => met.last_days(subject.at_s, 7),
        Window::Month => met.last_days(subject.at_s, 30),
    })
    .unwrap_or_default()
}

fn contact_s(subject: &Subject<'_>) -> Option<i64> {
    let recent = subject.payer.profile.met(Relation::Payee)?;
    Some(recent.of(who(subject.payee?.id))?.first_s())
}

fn is_first(of: &Profile, relation: Relation, other: Option<EntityId>) -> Value {
    let Some(other) = other else { return yes(false) };
    yes(of.met(relation).is_none_or(|recent| recent.of(who(other)).is_none()))
}

/// How many different ones were met, this one among them.
fn distinct(subject: &Subject<'_>, party: Option<Party<'_>>, relation: Relation, span_s: i64) -> usize {
    let recent = party.and_then(|party| party.profile.met(relation));
    recent.map_or(0, |recent| recent.distinct(subject.at_s, span_s))
}

/// Who fills which slot.
const FILLERS: &[(&str, Filler)] = &[
    ("amount", Known(|s| Value::Money(s.amount))),
    ("balance_before", Known(|s| money(s.balance_before))),
    ("hour", Known(|s| int(hour_of_day(s.at_s)))),
    ("weekend", Known(|s| yes(weekday(s.at_s) >= SATURDAY))),
    ("age", Maybe(|s| s.age.map(|age| Value::Int(age.into())))),
    ("guardian_consent", Known(|_| yes(false))),
    ("account_age", Maybe(|s| since(s, Some(s.payer.since_s)))),
    ("device_age", Maybe(|s| since(s, Some(s.device.map_or(s.payer.since_s, |device| device.since_s))))),
    ("card_age", Maybe(|s| since(s, s.card.map(|card| card.since_s)))),
    ("payee_age", Maybe(|s| since(s, s.payee.map(|payee| payee.since_s)))),
    ("session_age", Maybe(|s| since(s, Some(s.signed_in_s.unwrap_or(s.at_s))))),
    ("since_password_change", Maybe(|_| None)),
    ("since_phone_change", Maybe(|_| None)),
    ("since_last_payment", Maybe(|s| since(s, s.payer.profile.last_paid_s()))),
    ("since_last_inflow", Maybe(|s| since(s, s.payer.profile.last_inflow_s()))),
    ("since_first_contact", Maybe(|s| since(s, contact_s(s)))),
    ("speed_kmh", Maybe(|_| None)),
    ("distance_km", Maybe(|_| None)),
    ("emulator", Known(|_| yes(false))),
    ("remote_control", Known(|_| yes(false))),
    ("hidden_address", Known(|_| yes(false))),
    ("device_of_payee", Known(|s| yes(s.is_device_of_payee))),
    (
        "first_time(payer, payee)",
        Known(|s| is_first(s.payer.profile, Relation::Payee, s.payee.map(|of| of.id))),
    ),
    (
        "first_time(payer, device)",
        Known(|s| is_first(s.payer.profile, Relation::Device, s.device.map(|of| of.id))),
    ),
    ("first_time(payer, city)", Known(|_| yes(false))),
    ("first_time(payer, card)", Known(|s| is_first(s.payer.profile, Relation::Card, s.card.map(|of| of.id)))),
    ("listed(payer, watch)", Known(|s| yes(s.listed.payer_watch))),
    ("listed(payee, watch)", Known(|s| yes(s.listed.payee_watch))),
    ("listed(device, watch)", Known(|s| yes(s.listed.device_watch))),
    ("listed(payer, foreign)", Known(|s| yes(s.listed.payer_foreign))),
    ("listed(payee, foreign)", Known(|s| yes(s.listed.payee_foreign))),
    ("count(payer, 10m)", Known(|s| int(of_payer(s, Measure::Paid, Window::Minutes10).count))),
    ("count(payer, 1h)", Known(|s| int(of_payer(s, Measure::Paid, Window::Hour).count))),
    ("count(payer, 1d)", Known(|s| int(of_payer(s, Measure::Paid, Window::Day).count))),
    ("count(payer, 7d)", Known(|s| int(of_payer(s, Measure::Paid, Window::Week).count))),
    ("count(payer, 30d)", Known(|s| int(of_payer(s, Measure::Paid, Window::Month).count))),
    ("count(payer, payee, 1h)", Known(|s| int(pair(s, Relation::Payee, Window::Hour).count))),
    ("count(payer, payee, 1d)", Known(|s| int(pair(s, Relation::Payee, Window::Day).count))),
    ("count(payer, payee, 30d)", Known(|s| int(pair(s, Relation::Payee, Window::Month).count))),
    ("count(payee, 10m)", Known(|s| int(sum(s, s.payee, Measure::Taken, Window::Minutes10).count))),
    ("count(payee, 1h)", Known(|s| int(sum(s, s.payee, Measure::Taken, Window::Hour).count))),
    ("count(payee, 1d)", Known(|s| int(sum(s, s.payee, Measure::Taken, Window::Day).count))),
    ("count(payee, 30d)", Known(|s| int(sum(s, s.payee, Measure::Taken, Window::Month).count))),
    ("count(device, 1h)", Known(|s| int(sum(s, s.device, Measure::Paid, Window::Hour).count))),
    ("small(card, 1h)", Known(|s| int(sum(s, s.card, Measure::Small, Window::Hour).count))),
    ("small(payer, 1h)", Known(|s| int(of_payer(s, Measure::Small, Window::Hour).count))),
    ("round(payer, 1d)", Known(|s| int(of_payer(s, Measure::Round, Window::Day).count))),
    ("red_packets(payer, 1h)", Known(|_| int(0))),
    ("top_ups(payer, 1d)", Known(|s| int(of_payer(s, Measure::TopUp, Window::Day).count))),
    ("withdrawals(payer, 1d)", Known(|s| int(of_payer(s, Measure::Withdrawal, Window::Day).count))),
    ("sum(payer, 1h)", Known(|s| money(of_payer(s, Measure::Paid, Window::Hour).minor))),
    ("sum(payer, 1d)", Known(|s| money(of_payer(s, Measure::Paid, Window::Day).minor))),
    ("sum(payer, 30d)", Known(|s| money(of_payer(s, Measure::Paid, Window::Month).minor))),
    ("sum(payer, payee, 1d)", Known(|s| money(pair(s, Relation::Payee, Window::Day).minor))),
    ("sum(payer, payee, 30d)", Known(|s| money(pair(s, Relation::Payee, Window::Month).minor))),
    ("sum(payer, blind_box, 1d)", Known(|s| money(of_payer(s, Measure::BlindBox, Window::Day).minor))),
    ("sum(payer, game, 30d)", Known(|s| money(of_payer(s, Measure::Game, Window::Month).minor))),
    ("sum(payee, 1h)", Known(|s| money(sum(s, s.payee, Measure::Taken, Window::Hour).minor))),
    ("sum(payee, 1d)", Known(|s| money(sum(s, s.payee, Measure::Taken, Window::Day).minor))),
    ("inflow(payer, 1h)", Known(|s| money(of_payer(s, Measure::Inflow, Window::Hour).minor))),
    ("inflow(payer, 1d)", Known(|s| money(of_payer(s, Measure::Inflow, Window::Day).minor))),
    ("mean(payer, 30d)", Maybe(|s| mean(of_payer(s, Measure::Paid, Window::Month)))),
    (
        "largest(payer, 30d)",
        Maybe(|s| {
            let paid = of_payer(s, Measure::Paid, Window::Month);
            (paid.count > 0).then_some(paid.largest).map(money)
        }),
    ),
    ("mean(payee, 30d)", Maybe(|s| mean(sum(s, s.payee, Measure::Taken, Window::Month)))),
    ("distinct(card, device, 1d)", Known(|s| count(distinct(s, s.device, Relation::Card, DAY_S)))),
    ("distinct(card, payer, 1d)", Known(|s| count(distinct(s, Some(s.payer), Relation::Card, DAY_S)))),
    ("distinct(card, address, 1h)", Known(|s| count(distinct(s, s.address, Relation::Card, HOUR_S)))),
    ("distinct(payer, device, 1d)", Known(|s| count(distinct(s, s.device, Relation::Payer, DAY_S)))),
    ("distinct(payer, device, 30d)", Known(|s| count(distinct(s, s.device, Relation::Payer, 30 * DAY_S)))),
    ("distinct(payer, address, 1h)", Known(|s| count(distinct(s, s.address, Relation::Payer, HOUR_S)))),
    ("distinct(device, payer, 1d)", Known(|s| count(distinct(s, Some(s.payer), Relation::Device, DAY_S)))),
    ("distinct(payee, payer, 1h)", Known(|s| count(distinct(s, Some(s.payer), Relation::Payee, HOUR_S)))),
    ("distinct(payee, payer, 1d)", Known(|s| count(distinct(s, Some(s.payer), Relation::Payee, DAY_S)))),
    (
        "distinct(payer, payee, 1h)",
        Known(|s| count(s.payee.map_or(0, |payee| payee.profile.payers_last_hour(s.at_s)))),
    ),
    (
        "new_payees(payer, 1d)",
        Known(|s| {
            let payees = s.payer.profile.met(Relation::Payee);
            count(payees.map_or(0, |recent| recent.first_met(s.at_s, DAY_S)))
        }),
    ),
    ("failures(payer, 1h)", Known(|s| int(of_payer(s, Measure::Failure, Window::Hour).count))),
    ("failures(payer, 1d)", Known(|s| int(of_payer(s, Measure::Failure, Window::Day).count))),
    ("failures(card, 1h)", Known(|s| int(sum(s, s.card, Measure::Failure, Window::Hour).count))),
    ("failures(device, 1h)", Known(|s| int(sum(s, s.device, Measure::Failure, Window::Hour).count))),
    ("failures(address, 10m)", Known(|s| int(sum(s, s.address, Measure::Failure, Window::Minutes10).count))),
    ("failures(payee, 1h)", Known(|s| int(sum(s, s.payee, Measure::Failure, Window::Hour).count))),
    ("wrong_passwords(payer, 1d)", Known(|s| int(s.wrong_passwords))),
    ("wrong_codes(payer, 1h)", Known(|_| int(0))),
    ("refunds(payer, 30d)", Known(|s| int(of_payer(s, Measure::Refund, Window::Month).count))),
    ("refunds(payee, 1d)", Known(|s| int(sum(s, s.payee, Measure::Refund, Window::Day).count))),
    ("refunds(payer, payee, 30d)", Known(|s| int(pair(s, Relation::Refunder, Window::Month).count))),
    ("refunded(payer, 30d)", Known(|s| money(of_payer(s, Measure::Refund, Window::Month).minor))),
    ("complaints(payer, 30d)", Known(|s| int(of_payer(s, Measure::Complaint, Window::Month).count))),
    ("complaints(payee, 7d)", Known(|s| int(sum(s, s.payee, Measure::Complaint, Window::Week).count))),
    ("frauds(payer, 30d)", Known(|s| int(of_payer(s, Measure::Fraud, Window::Month).count))),
    ("frauds(payee, 30d)", Known(|s| int(sum(s, s.payee, Measure::Fraud, Window::Month).count))),
    ("frauds(device, 30d)", Known(|s| int(sum(s, s.device, Measure::Fraud, Window::Month).count))),
];
