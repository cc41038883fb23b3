//! A review (人工审核): an attempt whose money waits until a person has looked at it.
//!
//! ```text
//!            opened                       decided
//!   nothing ────────▶ waits ──────────────────────────▶ ended: genuine, escalated: the attempt goes on
//!                        │                                     fraud, insufficient: it has failed
//!                        └──── time over ───────────────▶ ended: overdue: it has failed
//! ```
//!
//! **Invariants.** While it waits the money is held, or no bank has been asked yet. It ends once. What was found is
//! a label ([`super::follow`]), if it says what the payment was.
//!
//! **Absent on purpose:** who may decide; the step is told a name.

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

use super::Assessment;
use crate::{
    ChangeSet, Context, Facts, List, Refusal, Stop, Task, TaskKey, Time, Work,
    id::{AttemptId, MerchantId, PayerId, PaymentId, ReviewId},
    payment::{
        Failure, Method, Payment,
        steps::{self, Said},
    },
};

/// How long a person has: two hours. A choice of our own: whoever waits at a till has left by then.
pub const REVIEW_LIFE_S: i64 = 2 * 3_600;

/// Characters of the name of who decides.
pub const REVIEWER_CHARS_MAX: usize = 64;

/// An attempt that a person looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Its id.
    pub id: ReviewId,
    /// How often it changed: once when it ended.
    pub version: u32,
    /// The payment.
    pub payment: PaymentId,
    /// The attempt at it.
    pub attempt: AttemptId,
    /// Who pays.
    pub payer: PayerId,
    /// Who is paid.
    pub merchant: MerchantId,
    /// How much.
    pub money: Money,
    /// The code of the severest reason.
    pub reason: Option<String>,
    /// The model's score.
    pub score: Option<u16>,
    /// When it was opened.
    pub opened_at: Time,
    /// When it ends by itself.
    pub until: Time,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
}

/// How a review ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub finding: Finding,
    /// Who found that; nobody if the time was over.
    pub by: Option<String>,
    /// When.
    pub at: Time,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The payer pays, and wants to.
    Genuine,
    /// Somebody else does, or the payer was deceived.
    Fraud,
    /// There is too little to tell.
    Insufficient,
    /// It goes on, and those who look for laundered money look at it.
    Escalated,
    /// Nobody decided in time.
    Overdue,
}

impl Finding {
    /// Those that a person can give.
    pub const GIVEN: [Finding; 4] =
        [Finding::Genuine, Finding::Fraud, Finding::Insufficient, Finding::Escalated];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Finding::Genuine => "genuine",
            Finding::Fraud => "fraud",
            Finding::Insufficient => "insufficient",
            Finding::Escalated => "escalated",
            Finding::Overdue => "overdue",
        }
    }

    /// Whether the attempt goes on.
    pub const fn goes_on(self) -> bool {
        match self {
            Finding::Genuine | Finding::Escalated => true,
            Finding::Fraud | Finding::Insufficient | Finding::Overdue => false,
        }
    }

    /// What it says of the payment: whether it was fraud.
    pub const fn label(self) -> Option<bool> {
        match self {
            Finding::Genuine => Some(false),
            Finding::Fraud => Some(true),
            Finding::Insufficient | Finding::Escalated | Finding::Overdue => None,
        }
    }
}

impl Review {
    pub(crate) fn lists() -> Vec<List> {
        vec![List::Reviews]
    }

    /// The task that ends it.
    fn timer(&self) -> Task {
        Task::new(self.until, Work::EndReview(self.id))
    }
}

/// Opens a review of an attempt: the review, and the task that ends it.
pub(crate) fn open(
    cx: &mut Context,
    change: &mut ChangeSet,
    payment: &Payment,
    (attempt, payer): (AttemptId, PayerId),
    assessment: &Assessment,
) -> ReviewId {
    let review = Review {
        id: cx.draw(),
        version: 1,
        payment: payment.id,
        attempt,
        payer,
        merchant: payment.merchant,
        money: payment.money,
        reason: assessment.code().map(str::to_owned),
        score: assessment.score,
        opened_at: cx.at(),
        until: cx.at().plus_s(REVIEW_LIFE_S),
        ended: None,
    };
    let id = review.id;
    change.tasks.push(review.timer());
    change.put(review);
    id
}

/// A person has decided. The same finding again changes nothing; another one is refused.
pub fn decide(
    facts: &dyn Facts,
    cx: &mut Context,
    id: ReviewId,
    finding: Finding,
    by: &str,
) -> Result<(ChangeSet, Review), Stop> {
    if by.trim().is_empty() || by.chars().count() > REVIEWER_CHARS_MAX {
        return Err(Refusal::Invalid { param: "by", must: "a name of 1 to 64 characters" }.into());
    }
    if finding == Finding::Overdue {
        let must = "genuine, fraud, insufficient or escalated";
        return Err(Refusal::Invalid { param: "finding", must }.into());
    }
    let review = known(facts, id)?;
    match &review.ended {
        Some(ended) if ended.finding == finding => Ok((ChangeSet::default(), review.clone())),
        Some(_) => Err(Refusal::ReviewEnded.into()),
        None => end(facts, cx, review, finding, Some(by.to_owned())),
    }
}

/// The time is over. The worker must still hold `lease`.
pub fn expire(facts: &dyn Facts, cx: &mut Context, id: ReviewId, lease: TaskKey) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let review = known(facts, id)?;
    let mut change = if review.ended.is_some() {
        ChangeSet::default()
    } else if cx.at() < review.until {
        // It went off too early.
        ChangeSet { tasks: vec![review.timer()], ..ChangeSet::default() }
    } else {
        end(facts, cx, review, Finding::Overdue, None)?.0
    };
    change.done.push(lease);
    Ok(change)
}

fn known(facts: &dyn Facts, id: ReviewId) -> Result<&Review, Stop> {
    Ok(facts.get::<Review>(id)?.ok_or(Refusal::NotFound("review"))?)
}

fn end(
    facts: &dyn Facts,
    cx: &mut Context,
    review: &Review,
    finding: Finding,
    by: Option<String>,
) -> Result<(ChangeSet, Review), Stop> {
    let payment = steps::known(facts, review.payment)?;
    let of = (review.payment, review.attempt);
    let waits = payment.attempt(review.attempt).is_some_and(|attempt| attempt.review == Some(review.id));
    let mut change = match payment.attempt(review.attempt).map(|attempt| attempt.method) {
        Some(Method::Balance) if finding.goes_on() => {
            steps::hear(facts, cx, of, None, &steps::held_result(payment))?
        }
        Some(Method::Card(_) | Method::SandboxBank) if finding.goes_on() && waits => ChangeSet {
            tasks: vec![Task::new(cx.at(), Work::SubmitAttempt(review.payment, review.attempt))],
            ..ChangeSet::default()
        },
        _ => steps::hear(facts, cx, of, None, &Said::Failed(Failure::Blocked))?,
    };
    let ended = Some(Ended { finding, by, at: cx.at() });
    let after = Review { version: review.version.saturating_add(1), ended, ..review.clone() };
    change.done.push(review.timer().key);
    change.put(after.clone());
    Ok((change, after))
}
