//! Utility payments (生活缴费): what a payer owes for water, electricity or gas, paid from the balance to a biller.
//!
//! ```text
//!             asked          booked
//!   planned ───────▶ sent ──────────▶ paid
//!      └──────────────┴── refused ──▶ failed
//! ```
//!
//! **Invariants.** The money leaves the balance in the step that plans the payment and rests in `platform/utilities`
//! until the biller has booked or refused it, so that account holds the sum of all such payments under way. What a
//! biller refuses goes back to the payer, whole. A booking beside the one asked for, or of what had been refused, is
//! booked from suspense, and a person is told: the payer has lost nothing. An unknown answer changes nothing.
//!
//! **Absent on purpose:** the number of an account at a biller, readable: the shell seals it. Amounts that the payer
//! chooses, as prepaid meters have them: what is paid is what the biller says is due. A biller that takes back what it
//! has booked: that is an alarm, and a person settles it.

pub mod machine;
pub mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

use crate::{
    Key, List, Time,
    id::{PayerId, UtilityPaymentId},
};

/// What a biller supplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Utility {
    /// Water.
    Water,
    /// Electricity.
    Electricity,
    /// Gas.
    Gas,
}

impl Utility {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Utility; 3] = [Utility::Water, Utility::Electricity, Utility::Gas];

    /// The name in requests and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Utility::Water => "water",
            Utility::Electricity => "electricity",
            Utility::Gas => "gas",
        }
    }
}

/// Why a biller did not take a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// It said no.
    Refused,
    /// Another amount is due than was paid.
    AmountChanged,
}

/// Where a utility payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UtilityStatus {
    /// The biller will be asked.
    Planned,
    /// The biller was asked, and what became of it is not known.
    Sent,
    /// The biller has booked it.
    Paid,
    /// The biller has not, and the payer has the money back.
    Failed,
}

/// A utility payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtilityPayment {
    /// Its id, and the biller's idempotency key.
    pub id: UtilityPaymentId,
    /// How often it changed.
    pub version: u32,
    /// Who pays.
    pub payer: PayerId,
    /// The number of the form that asked for it, of which the payer has one.
    pub request_no: String,
    /// The code of the biller in the directory.
    pub biller: String,
    /// What the biller was called then.
    pub biller_name: String,
    /// What it supplies.
    pub utility: Utility,
    /// The number of the account at the biller, sealed by the shell.
    pub account_sealed: String,
    /// Its last digits.
    pub account_hint: String,
    /// What the biller calls the time that is paid for: `2026-10`.
    pub period: String,
    /// How much.
    pub money: Money,
    /// Where it stands.
    pub status: UtilityStatus,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the biller calls its booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the biller calls bookings that nobody asked for, booked from suspense.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surplus: Vec<String>,
    /// Whether the biller refused after it had booked; the alarm was raised then.
    #[serde(default)]
    pub contradicted: bool,
    /// When it was asked for.
    pub created_at: Time,
    /// When it was paid or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
}

impl UtilityPayment {
    /// Whether what becomes of it is not known yet.
    pub fn is_open(&self) -> bool {
        matches!(self.status, UtilityStatus::Planned | UtilityStatus::Sent)
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::UtilityPaymentNo(self.payer, self.request_no.clone())]
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::UtilityPaymentsOf(self.payer)]
    }
}

/// What a payer is told of a utility payment. The account is not in it: messages may leave the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtilityTold {
    /// Which payment.
    pub payment: UtilityPaymentId,
    /// What the biller is called.
    pub biller: String,
    /// How much.
    pub money: Money,
    /// Why it failed, if it did; otherwise it was paid.
    pub failure: Option<Failure>,
}
