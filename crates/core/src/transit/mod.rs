//! Transit (乘车): rides that are paid afterwards, and the debts of those whose riders could not.
//!
//! ```text
//!            exit told, or none in time
//!   riding ──┬── the balance covers the fare ──▶ settled
//!            └── it does not ──▶ owed ── top-up, or the payer pays ──▶ settled
//! ```
//!
//! A payer shows a transit code, which a gate scans ([`code`]); the operator, a merchant's app, reports where the ride
//! began, and where it ended with what it costs. Nobody waits for a bank at a gate.
//!
//! **Invariants.** A payer has one ride under way at most, and one debt at most: while there is either, no ride begins.
//! A ride costs no more than the operator said when it began, and no more than
//! [`FARE_MAX`](crate::limits::FARE_MAX). The operator is paid in the step that takes the fare from the payer's
//! balance, never before. A balance never goes below zero for a ride. What is paid counts as a payment with one proof,
//! the code, under the limits of the payer's level.
//!
//! **Absent on purpose:** fares worked out by the platform, whoever runs the gates knows them; a fare taken from a
//! bank card, whose answer may come after days; refunds of a fare; several riders by one code; who rides, in anything
//! that the operator is told.

pub mod code;
pub mod debt;
pub mod machine;
pub mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, BasisPoints, Currency, Money};

use crate::{
    Facts, Key, List, Stop, Time,
    id::{AppId, DebtId, MerchantId, PayerId, RideId, RiderId, TransitCodeId},
};

pub use self::{
    code::TransitCode,
    debt::{Debt, DebtReason},
};

/// Where a ride stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RideStatus {
    /// Somebody is on the way.
    Riding,
    /// It was paid; a ride that costs nothing, too.
    Settled,
    /// It is over, and its fare is a debt.
    Owed,
}

impl RideStatus {
    /// All of them.
    pub const EVERY: [RideStatus; 3] = [RideStatus::Riding, RideStatus::Settled, RideStatus::Owed];

    /// The name in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            RideStatus::Riding => "riding",
            RideStatus::Settled => "settled",
            RideStatus::Owed => "owed",
        }
    }
}

/// A gate that somebody passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Where: the operator's name of the station or stop.
    pub station: String,
    /// When, by the operator's word within what [`steps`] allows.
    pub at: Time,
}

/// A ride.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_field_names,
    reason = "`ride_no` is the name in requests and stored forms, as `order_no`"
)]
pub struct Ride {
    /// Its id.
    pub id: RideId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is: the operator.
    pub merchant: MerchantId,
    /// The app that is told of it.
    pub app: AppId,
    /// Who rides.
    pub payer: PayerId,
    /// The operator's own number.
    pub ride_no: String,
    /// The code that opened it.
    pub code: TransitCodeId,
    /// Where it stands.
    pub status: RideStatus,
    /// Where it began.
    pub entry: Gate,
    /// Where it ended; none before, and of a ride whose end nobody told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<Gate>,
    /// What it costs if nobody tells its end, and at most, in fen.
    pub max: Amount,
    /// What it costs, in fen; none while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fare: Option<Amount>,
    /// The platform's fee of what it costs.
    pub fee_rate: BasisPoints,
    /// What became a debt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debt: Option<DebtId>,
    /// When its beginning was reported.
    pub created_at: Time,
    /// When its fare was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// When it was paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Time>,
}

impl Ride {
    /// What it costs; zero while that is not known.
    pub fn money(&self) -> Money {
        fen(self.fare.unwrap_or_default())
    }

    /// The platform's fee: none until it is paid.
    pub fn fee(&self) -> Amount {
        match self.status {
            RideStatus::Settled => self.fee_rate.of(self.money().amount),
            RideStatus::Riding | RideStatus::Owed => Amount::ZERO,
        }
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::RideNo(self.merchant, self.ride_no.clone())]
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::Rides(self.merchant), List::RidesOf(self.payer)]
    }
}

/// What is kept of a payer's rides as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rider {
    /// Its id.
    pub id: RiderId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub payer: PayerId,
    /// The ride that is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ride: Option<RideId>,
    /// What is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debt: Option<DebtId>,
}

impl Rider {
    pub(crate) fn next(&self) -> Rider {
        Rider { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// What a payer is told of a ride. No text of the operator's is in it: messages leave the platform under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RideTold {
    /// Which ride.
    pub ride: RideId,
    /// What it costs.
    pub money: Money,
    /// What became of the fare.
    pub outcome: RideOutcome,
}

/// What became of a fare, as payers are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RideOutcome {
    /// It was paid after the ride.
    Settled,
    /// It is owed, and why.
    Owed(DebtReason),
    /// It was owed, and is paid.
    DebtPaid,
}

/// Yuan: operators are paid in no other currency.
pub(crate) const fn fen(amount: Amount) -> Money {
    Money { amount, currency: Currency::CNY }
}

/// What is kept of a payer's rides, if it ever rode.
pub fn rider(facts: &dyn Facts, payer: PayerId) -> Result<Option<&Rider>, Stop> {
    Ok(facts.find::<Rider>(&Key::Rider(payer))?)
}
