//! The features of a payment: what the model is given, as a fold over payments and labels.
//!
//! What is remembered of a payer ([`Payer`]) and of a payee ([`Payee`]) is 64 bytes each. A payment's features are
//! read from both before the payment is added to them ([`extract`], then `add`). What later becomes known about it,
//! a [`Label`], is an event with a time of arrival of its own: it changes what is remembered when it arrives and not
//! before.
//!
//! **Invariants.** There is one code path for payments as they come, for tests on the past and for training. Every
//! feature is a finite number; what is not known is −1. [`DEFINITION_HASH`](definition_hash) names the features,
//! their order and every constant they are made with; states and models carry it.
//!
//! **Absent on purpose:** storage, and who waits seven days for a label.

mod definition;
mod payee;
mod payer;
mod state;

use serde::{Deserialize, Serialize};
use tongbao_money::Amount;

use crate::counters::elapsed_s;

pub use definition::{Definition, FEATURES, NAMES, Vector, definition_hash, number};
pub use payee::Payee;
pub use payer::Payer;
pub use state::{Damaged, State, labelled};

/// A payer or a payee: the 128 bits of its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityId(pub u128);

/// A payment that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payment {
    /// When, in seconds since 1970.
    pub at_s: u32,
    /// Who pays.
    pub payer: EntityId,
    /// Who is paid.
    pub payee: EntityId,
    /// How much, in fen.
    pub amount: Amount,
}

impl Payment {
    /// The amount in yuan, as features have it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a feature; nothing is paid by it")]
    pub fn yuan(&self) -> f32 {
        self.amount.minor() as f32 / FEN_IN_A_YUAN
    }
}

/// What became known about a payment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// When it became known, in seconds since 1970.
    pub at_s: u32,
    /// The payment.
    pub payment: Payment,
    /// The feature `amount_over_mean` that the payment had when it was made.
    pub amount_over_mean: f32,
    /// Whether it was fraud.
    pub fraud: bool,
}

impl Label {
    /// Whether nothing about the amount explains the fraud. Such a fraud says something about the payee; one with
    /// a loud amount says that the payer's card leaked.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.amount_over_mean < HIGH_RATIO && self.payment.amount.minor() <= QUIET_MINOR_MAX
    }
}

/// What changes a state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A payment was made.
    Payment(Payment),
    /// Something became known about one.
    Label(Label),
}

impl Event {
    /// When it happened, in seconds since 1970.
    #[must_use]
    pub fn at_s(&self) -> u32 {
        match self {
            Event::Payment(payment) => payment.at_s,
            Event::Label(label) => label.at_s,
        }
    }
}

/// The features of a payment, of what was remembered before it.
#[must_use]
pub fn extract(payer: &Payer, payee: &Payee, payment: &Payment) -> Vector {
    let mut vector = [definition::UNKNOWN; FEATURES];
    let (of_payer, of_payee) = vector.split_at_mut(payer::FEATURES);
    payer.features(payment, of_payer);
    payee.features(payment, of_payee);
    vector
}

/// Days since a first payment, up to [`AGE_DAYS_MAX`].
fn age_days(first_at_s: u32, now_s: u32) -> f32 {
    (elapsed_s(first_at_s, now_s) / DAY_S).min(AGE_DAYS_MAX)
}

/// Ages are counted up to so many days. What is older is old: a model that learned from one week would take the
/// exact age of old payers for the date.
const AGE_DAYS_MAX: f32 = 60.0;

const FEN_IN_A_YUAN: f32 = 100.0;
const DAY_S: f32 = 86_400.0;

/// A payment of more than this many times what the payer usually pays is a high one. Chosen on the generator: a
/// payer's amounts scatter by half of their mean, so one in a hundred genuine payments is higher.
pub const HIGH_RATIO: f32 = 2.2;

/// A fraud above this amount, in fen, is loud whatever the payer usually pays: the generator has no genuine payment
/// above it, and where it is run a rule stops such payments.
pub const QUIET_MINOR_MAX: i64 = 22_000;
