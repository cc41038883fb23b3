//! The top-up's table of states and inputs, pure over the top-up alone.

use tongbao_money::Money;

use super::{TopUp, TopUpStatus};
use crate::{Time, event::AlarmKind, payment::Failure};

/// What the bank can say of a top-up. All are facts; none can be refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// It works on it, or gives no answer.
    Working,
    /// Money left the card.
    Paid {
        /// How much.
        money: Money,
        /// What the bank calls the movement.
        reference: Option<String>,
    },
    /// It says "paid", by money that something else has.
    Contested {
        /// What the bank calls that money.
        reference: String,
    },
    /// It took nothing.
    Failed(Failure),
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The bank was asked.
    Sent,
    /// This much is the payer's now.
    Credited(Money),
    /// Nothing came.
    Failed,
    /// A person must look.
    Alarm(AlarmKind),
}

/// The top-up after an input, still with the old version, and what happened; `None` is "already so".
pub fn decide(now: &TopUp, input: Input, at: Time) -> Option<(TopUp, Vec<Happened>)> {
    // Nothing happens to a top-up before it was made, whatever the clock does.
    let at = at.max(now.created_at);
    match (now.status, input) {
        (TopUpStatus::Planned, Input::Working) => {
            Some((TopUp { status: TopUpStatus::Sent, ..now.clone() }, vec![Happened::Sent]))
        }
        (TopUpStatus::Sent | TopUpStatus::Paid | TopUpStatus::Failed, Input::Working)
        | (TopUpStatus::Failed, Input::Failed(_)) => None,
        (TopUpStatus::Planned | TopUpStatus::Sent, Input::Paid { money, reference }) => {
            let surprise = (money != now.money).then_some(AlarmKind::TopUpUnexpected);
            Some(credited(now, (money, reference), surprise, at))
        }
        (TopUpStatus::Failed, Input::Paid { money, reference }) => {
            Some(credited(now, (money, reference), Some(AlarmKind::TopUpUnexpected), at))
        }
        (TopUpStatus::Paid, Input::Paid { money, reference }) => again(now, money, reference),
        (TopUpStatus::Planned | TopUpStatus::Sent, Input::Failed(failure)) => {
            let next = TopUp {
                status: TopUpStatus::Failed,
                failure: Some(failure),
                ended_at: Some(at),
                ..now.clone()
            };
            Some((next, vec![Happened::Failed]))
        }
        (TopUpStatus::Paid, Input::Failed(_)) => (!now.contradicted).then(|| {
            let next = TopUp { contradicted: true, ..now.clone() };
            (next, vec![Happened::Alarm(AlarmKind::FailedAfterPaid)])
        }),
        (
            TopUpStatus::Planned | TopUpStatus::Sent | TopUpStatus::Paid | TopUpStatus::Failed,
            Input::Contested { reference },
        ) => contested(now, reference),
    }
}

fn credited(
    now: &TopUp,
    (money, reference): (Money, Option<String>),
    surprise: Option<AlarmKind>,
    at: Time,
) -> (TopUp, Vec<Happened>) {
    let next =
        TopUp { status: TopUpStatus::Paid, failure: None, reference, ended_at: Some(at), ..now.clone() };
    let mut happened = vec![Happened::Credited(money)];
    happened.extend(surprise.map(Happened::Alarm));
    (next, happened)
}

/// "Paid", of one that is paid: the same movement told again, or another. A word without a name cannot be shown to tell
/// of another movement than the one known.
fn again(now: &TopUp, money: Money, reference: Option<String>) -> Option<(TopUp, Vec<Happened>)> {
    let reference = reference.filter(|_| now.reference.is_some())?;
    if now.references().any(|known| *known == reference) {
        return None;
    }
    let mut next = now.clone();
    next.other_references.push(reference);
    Some((next, vec![Happened::Credited(money), Happened::Alarm(AlarmKind::TopUpUnexpected)]))
}

/// The money is booked elsewhere: booking it here would make money of nothing. A person is told once.
fn contested(now: &TopUp, reference: String) -> Option<(TopUp, Vec<Happened>)> {
    if now.contested.contains(&reference) {
        return None;
    }
    let mut next = now.clone();
    next.contested.push(reference);
    Some((next, vec![Happened::Alarm(AlarmKind::ReferenceClaimedTwice)]))
}
