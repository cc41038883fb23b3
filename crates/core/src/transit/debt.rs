//! Debts (欠费): fares that a balance could not pay when the ride was over.
//!
//! **Invariants.** A debt is the whole fare of one ride and is paid once, whole. It is no negative balance: nothing
//! was posted for it. It is collected in the step that books the payer's next top-up, before anybody can spend that,
//! or when the payer asks for it; the operator is paid in that same step.
//!
//! **Absent on purpose:** interest, reminders, parts. Money that comes otherwise, from another payer or as a refund,
//! collects nothing by itself.

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Money};

use super::{
    Ride, RideOutcome,
    machine::{self, Input},
    rider,
    steps::{self, NotCovered},
};
use crate::{
    ChangeSet, Context, Facts, List, Refusal, Stop, Time,
    id::{DebtId, MerchantId, PayerId, RideId},
    payer,
};

/// Why a fare became a debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DebtReason {
    /// The balance was short.
    Balance,
    /// A limit of payments from the balance would have been passed.
    Limit,
    /// The account was frozen.
    Frozen,
}

impl DebtReason {
    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            DebtReason::Balance => "balance",
            DebtReason::Limit => "limit",
            DebtReason::Frozen => "frozen",
        }
    }
}

/// What collected a debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectedBy {
    /// A top-up that arrived.
    TopUp,
    /// The payer.
    Payer,
}

impl CollectedBy {
    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            CollectedBy::TopUp => "top_up",
            CollectedBy::Payer => "payer",
        }
    }
}

/// A fare that is or was owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    /// Its id.
    pub id: DebtId,
    /// How often it changed.
    pub version: u32,
    /// Who owes it.
    pub payer: PayerId,
    /// To whom.
    pub merchant: MerchantId,
    /// For which ride.
    pub ride: RideId,
    /// How much.
    pub money: Money,
    /// Why.
    pub reason: DebtReason,
    /// Since when.
    pub created_at: Time,
    /// When it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Time>,
    /// By what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_by: Option<CollectedBy>,
}

impl Debt {
    /// Whether it is still owed.
    pub const fn is_open(&self) -> bool {
        self.paid_at.is_none()
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::DebtsOf(self.payer)]
    }
}

/// The payer pays a debt of its own from the balance; one that was paid already is as it is.
pub fn pay(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    debt: DebtId,
) -> Result<(ChangeSet, Debt), Stop> {
    payer::able(facts, id)?;
    let found = facts.get::<Debt>(debt)?.filter(|debt| debt.payer == id);
    let now = found.ok_or(Refusal::NotFound("debt"))?;
    let mut change = ChangeSet::default();
    if !now.is_open() {
        return Ok((change, now.clone()));
    }
    match collect(facts, cx, &mut change, now, (Amount::ZERO, CollectedBy::Payer))? {
        Ok(paid) => Ok((change, paid)),
        Err(NotCovered { refusal, .. }) => Err(refusal.into()),
    }
}

/// Collects what a payer owes from a top-up that this step books: it is in the balance beside what the facts say. A
/// top-up is a fact, so nothing is refused here: what cannot be collected stays owed.
pub(crate) fn collect_from_top_up(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    (id, arrived): (PayerId, Money),
) -> Result<(), Stop> {
    let owed = rider(facts, id)?.and_then(|rider| rider.debt);
    let Some(debt) = owed.map(|debt| facts.get::<Debt>(debt)).transpose()?.flatten() else { return Ok(()) };
    if arrived.currency == debt.money.currency {
        // Whether it was collected is told by the change itself.
        let _collected = collect(facts, cx, change, debt, (arrived.amount, CollectedBy::TopUp))?;
    }
    Ok(())
}

fn collect(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    now: &Debt,
    (arrived, by): (Amount, CollectedBy),
) -> Result<Result<Debt, NotCovered>, Stop> {
    let ride = facts.get::<Ride>(now.ride)?.ok_or(Refusal::NotFound("ride"))?;
    let Some((next, _)) = machine::decide(ride, Input::Collected, cx.at())? else {
        return Ok(Ok(now.clone()));
    };
    if let Err(not) = steps::take(facts, cx, change, &next, arrived)? {
        return Ok(Err(not));
    }
    let paid = Debt {
        version: now.version.saturating_add(1),
        paid_at: Some(cx.at().max(now.created_at)),
        paid_by: Some(by),
        ..now.clone()
    };
    if let Some(rider) = rider(facts, now.payer)? {
        change.put(super::Rider { debt: None, ..rider.next() });
    }
    change.put(paid.clone());
    steps::tell(facts, cx, change, next, RideOutcome::DebtPaid)?;
    Ok(Ok(paid))
}
