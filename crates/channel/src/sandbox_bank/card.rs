//! Test cards: one for each thing that a bank does with a card.
//!
//! A card of another number is nobody's here. Name, identity number and phone number may be any but for one card.

use tongbao_core::{
    card::CardKind,
    payment::{Failure, steps::Said},
    refund::steps::Said as RefundSaid,
    withdrawal::steps::Said as PayoutSaid,
};

use super::reference;
use crate::bank::{Checked, Holder, Movement};

/// The bank's name.
pub const NAME: &str = "Sandbox Bank 沙箱银行";

/// How long a late answer takes, in milliseconds: the first query, five seconds after, still finds nothing.
pub const LATE_MS: i64 = 8_000;

/// How long after it was asked for a payout comes back, in milliseconds: a day.
pub const BOUNCE_MS: i64 = 24 * 3_600 * 1_000;

/// What the bank does with a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// All goes well.
    Well,
    /// All goes well, on credit.
    Credit,
    /// There is too little on it.
    Insufficient,
    /// It is no longer valid.
    Expired,
    /// The bank says no.
    Declined,
    /// The answer is late, and good.
    LateSuccess,
    /// The answer is late, and bad.
    LateFailure,
    /// What is paid out to it comes back a day later.
    Bounces,
    /// What is taken from it goes back late.
    LateReversal,
    /// It is somebody else's.
    OfAnother,
    /// The bank gives no answer to the check of the four factors.
    NoAnswer,
}

/// A card that the sandbox's bank knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestCard {
    /// Its number.
    pub number: &'static str,
    /// What the bank does with it.
    pub behaviour: Behaviour,
}

const fn card(number: &'static str, behaviour: Behaviour) -> TestCard {
    TestCard { number, behaviour }
}

/// All test cards.
pub const CARDS: [TestCard; 11] = [
    card("6200000000000013", Behaviour::Well),
    card("6200000000000021", Behaviour::Credit),
    card("6200000000000039", Behaviour::Insufficient),
    card("6200000000000047", Behaviour::Expired),
    card("6200000000000054", Behaviour::Declined),
    card("6200000000000062", Behaviour::LateSuccess),
    card("6200000000000070", Behaviour::LateFailure),
    card("6200000000000088", Behaviour::Bounces),
    card("6200000000000096", Behaviour::LateReversal),
    card("6200000000000104", Behaviour::OfAnother),
    card("6200000000000112", Behaviour::NoAnswer),
];

fn behaviour(number: &str) -> Option<Behaviour> {
    CARDS.iter().find(|card| card.number == number).map(|card| card.behaviour)
}

/// Whether a card is this person's.
pub fn check(holder: &Holder) -> Checked {
    let right = |kind| Checked::Right { bank: NAME.to_owned(), kind };
    match behaviour(&holder.card_number) {
        Some(
            Behaviour::Well
            | Behaviour::Insufficient
            | Behaviour::Expired
            | Behaviour::Declined
            | Behaviour::LateSuccess
            | Behaviour::LateFailure
            | Behaviour::Bounces
            | Behaviour::LateReversal,
        ) => right(CardKind::Debit),
        Some(Behaviour::Credit) => right(CardKind::Credit),
        Some(Behaviour::OfAnother) | None => Checked::Wrong,
        Some(Behaviour::NoAnswer) => Checked::Unknown,
    }
}

/// What became of money that was to be taken from a card, or becomes of it now.
pub fn charge(charge: &Movement) -> Said {
    let is_late = charge.age_ms() < LATE_MS;
    match behaviour(&charge.card_number) {
        Some(Behaviour::LateSuccess | Behaviour::LateFailure) if is_late => Said::Unknown,
        Some(
            Behaviour::Well
            | Behaviour::Credit
            | Behaviour::LateSuccess
            | Behaviour::Bounces
            | Behaviour::LateReversal,
        ) => Said::Paid { money: charge.money, reference: Some(reference(&charge.id)) },
        Some(Behaviour::Insufficient) => Said::Failed(Failure::InsufficientBalance),
        Some(Behaviour::Expired) => Said::Failed(Failure::CardExpired),
        Some(Behaviour::Declined | Behaviour::LateFailure | Behaviour::OfAnother | Behaviour::NoAnswer)
        | None => Said::Failed(Failure::Declined),
    }
}

/// What became of money that was to be paid to a card, or becomes of it now.
pub fn pay_out(payout: &Movement) -> PayoutSaid {
    let is_late = payout.age_ms() < LATE_MS;
    let reference = Some(reference(&payout.id));
    match behaviour(&payout.card_number) {
        Some(Behaviour::LateSuccess | Behaviour::LateFailure) if is_late => PayoutSaid::Unknown,
        Some(Behaviour::Bounces) if payout.age_ms() >= BOUNCE_MS => PayoutSaid::Bounced { reference },
        Some(
            Behaviour::Well
            | Behaviour::Insufficient
            | Behaviour::LateSuccess
            | Behaviour::Bounces
            | Behaviour::LateReversal,
        ) => PayoutSaid::Paid { reference },
        Some(Behaviour::Expired) => PayoutSaid::Failed(Failure::CardExpired),
        Some(
            Behaviour::Credit
            | Behaviour::Declined
            | Behaviour::LateFailure
            | Behaviour::OfAnother
            | Behaviour::NoAnswer,
        )
        | None => PayoutSaid::Failed(Failure::Declined),
    }
}

/// What became of money that was to go back to the card it was taken from, or becomes of it now.
pub fn reverse(reversal: &Movement) -> RefundSaid {
    match behaviour(&reversal.card_number) {
        Some(Behaviour::LateReversal) if reversal.age_ms() < LATE_MS => RefundSaid::Working,
        Some(_) | None => RefundSaid::Paid { reference: Some(reference(&reversal.id)) },
    }
}
