//! What is remembered of one entity: a payer, a payee, a card, a device, an address.
//!
//! A profile is a fold over [`Deed`]s: what was done, once it is done. Rules are told of it by exact counters, the
//! model by what [`features`](crate::features) remember. Whatever never happened takes no room.
//!
//! **Invariants.** The same deeds in the same order give the same profile. A deed is counted in the bucket of its own
//! time. What is judged is not yet among what is remembered.
//!
//! **Absent on purpose:** storage, and what follows from a profile.

use serde::{Deserialize, Serialize};
use tongbao_money::Amount;

use crate::{
    choices::Category,
    counters::{Crowd, Exact, Recent},
    features::{EntityId, Label, Payee, Payer, Payment},
};

/// What is counted exactly of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// What it paid, or what was paid with it or from it.
    Paid,
    /// What it was paid.
    Taken,
    /// Payments of at most a yuan, and tries of them.
    Small,
    /// Payments of whole hundreds of yuan.
    Round,
    /// What went for blind boxes.
    BlindBox,
    /// What went for games.
    Game,
    /// Top-ups.
    TopUp,
    /// Withdrawals.
    Withdrawal,
    /// What came in: transfers, top-ups.
    Inflow,
    /// Payments that failed.
    Failure,
    /// Refunds: to a payer, or by a payee.
    Refund,
    /// Complaints: by a payer, or about a payee.
    Complaint,
    /// Payments that turned out to be fraud.
    Fraud,
}

/// Whom or what an entity meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Payers.
    Payer,
    /// Payees.
    Payee,
    /// Cards.
    Card,
    /// Devices.
    Device,
    /// Those who refunded.
    Refunder,
}

/// The most that makes a payment small, in fen.
pub const SMALL_MINOR_MAX: i64 = 100;
/// Of what a round payment is a multiple, in fen.
pub const ROUND_MINOR: i64 = 10_000;

/// What is remembered of one entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    measures: Vec<(Measure, Exact)>,
    met: Vec<(Relation, Recent)>,
    crowd: Crowd,
    as_payer: Option<Payer>,
    as_payee: Option<Payee>,
    last_paid_s: Option<i64>,
    last_inflow_s: Option<i64>,
}

// Every number in it is finite, so a profile equals itself.
impl Eq for Profile {}

/// Something that was done, as one of those involved sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Deed {
    /// It paid.
    Paid(Payment),
    /// It bought something of this category.
    Bought(Category, Amount),
    /// It was paid; with the payment's amount over what the payer usually pays.
    Taken(Payment, f32),
    /// Something was paid with it (a card) or from it (a device, an address).
    Used(Payment),
    /// A payment of this amount failed.
    Failed(Amount),
    /// It met one that a payment was tried or made with.
    Met(Relation, EntityId),
    /// Money came in.
    Received(Amount),
    /// It was topped up; that money came in is a deed of its own.
    ToppedUp(Amount),
    /// It withdrew.
    Withdrew(Amount),
    /// It was given back this much by that payee, or gave it back.
    Refunded(Amount, Option<EntityId>),
    /// It complained, or was complained about.
    Complained,
    /// It became known what a payment of it was.
    Labelled(Label),
}

impl Profile {
    /// Remembers what was done, at a time in seconds since 1970.
    pub fn add(&mut self, at_s: i64, deed: &Deed) {
        match deed {
            Deed::Paid(payment) => {
                self.used(at_s, payment.amount);
                self.met_mut(Relation::Payee).pay(who(payment.payee), at_s, payment.amount);
                self.as_payer.get_or_insert_default().add(payment);
                self.last_paid_s = self.last_paid_s.max(Some(at_s));
            }
            Deed::Bought(Category::BlindBox, amount) => self.count(Measure::BlindBox, at_s, *amount),
            Deed::Bought(Category::Game, amount) => self.count(Measure::Game, at_s, *amount),
            Deed::Bought(_, _) => {}
            Deed::Taken(payment, ratio) => {
                self.count(Measure::Taken, at_s, payment.amount);
                self.crowd.add(who(payment.payer), at_s);
                self.as_payee.get_or_insert_default().add(payment, *ratio);
            }
            Deed::Used(payment) => self.used(at_s, payment.amount),
            Deed::Failed(amount) => {
                self.count(Measure::Failure, at_s, *amount);
                self.count_small(at_s, *amount);
            }
            Deed::Met(relation, entity) => self.met_mut(*relation).meet(who(*entity), at_s),
            Deed::Received(amount) => {
                self.count(Measure::Inflow, at_s, *amount);
                self.last_inflow_s = self.last_inflow_s.max(Some(at_s));
            }
            Deed::ToppedUp(amount) => self.count(Measure::TopUp, at_s, *amount),
            Deed::Withdrew(amount) => self.count(Measure::Withdrawal, at_s, *amount),
            Deed::Refunded(amount, by) => {
                self.count(Measure::Refund, at_s, *amount);
                if let Some(by) = by {
                    self.met_mut(Relation::Refunder).pay(who(*by), at_s, *amount);
                }
            }
            Deed::Complained => self.count(Measure::Complaint, at_s, Amount::ZERO),
            Deed::Labelled(label) => self.labelled(at_s, label),
        }
    }

    fn labelled(&mut self, at_s: i64, label: &Label) {
        if label.fraud {
            self.count(Measure::Fraud, at_s, label.payment.amount);
        }
        if let Some(payer) = &mut self.as_payer {
            payer.hear(label);
        }
        if let Some(payee) = &mut self.as_payee {
            payee.hear(label);
        }
    }

    fn used(&mut self, at_s: i64, amount: Amount) {
        self.count(Measure::Paid, at_s, amount);
        self.count_small(at_s, amount);
        if amount.minor() % ROUND_MINOR == 0 {
            self.count(Measure::Round, at_s, amount);
        }
    }

    fn count_small(&mut self, at_s: i64, amount: Amount) {
        if amount.minor() <= SMALL_MINOR_MAX {
            self.count(Measure::Small, at_s, amount);
        }
    }

    fn count(&mut self, measure: Measure, at_s: i64, amount: Amount) {
        let place = self.measures.iter().position(|(known, _)| *known == measure).unwrap_or_else(|| {
            self.measures.push((measure, Exact::default()));
            self.measures.len() - 1
        });
        self.measures[place].1.add(at_s, amount);
    }

    fn met_mut(&mut self, relation: Relation) -> &mut Recent {
        let place = self.met.iter().position(|(known, _)| *known == relation).unwrap_or_else(|| {
            self.met.push((relation, Recent::default()));
            self.met.len() - 1
        });
        &mut self.met[place].1
    }

    /// The exact counters of a measure, if there is anything in them.
    #[must_use]
    pub fn counted(&self, measure: Measure) -> Option<&Exact> {
        self.measures.iter().find(|(known, _)| *known == measure).map(|(_, exact)| exact)
    }

    /// Whom or what it met, if anything.
    #[must_use]
    pub fn met(&self, relation: Relation) -> Option<&Recent> {
        self.met.iter().find(|(known, _)| *known == relation).map(|(_, recent)| recent)
    }

    /// How many different payers paid it in the last hour: an estimate.
    #[must_use]
    pub fn payers_last_hour(&self, now_s: i64) -> usize {
        self.crowd.last_hour(now_s)
    }

    /// What the model's features remember of it as a payer.
    #[must_use]
    pub fn as_payer(&self) -> Payer {
        self.as_payer.unwrap_or_default()
    }

    /// What they remember of it as a payee.
    #[must_use]
    pub fn as_payee(&self) -> Payee {
        self.as_payee.unwrap_or_default()
    }

    /// When it last paid, in seconds since 1970.
    #[must_use]
    pub const fn last_paid_s(&self) -> Option<i64> {
        self.last_paid_s
    }

    /// When money last came in, in seconds since 1970.
    #[must_use]
    pub const fn last_inflow_s(&self) -> Option<i64> {
        self.last_inflow_s
    }
}

/// The 64 bits of an id that are kept of those met: the random ones of a UUID.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
pub const fn who(entity: EntityId) -> u64 {
    entity.0 as u64
}
