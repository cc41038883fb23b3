//! Test cards: one for each thing that a bank does with a card.
//!
//! A card of another number is nobody's here. Name, identity number and phone number may be any but for one card. The
//! security code of every credit card is [`SECURITY_CODE`]; it is asked for when a card is bound, as Chinese banks do,
//! and not again when it pays. A bank that wants its holder to confirm (3-D Secure) wants it for purchases, where
//! somebody stands before a page.

use tongbao_core::{
    Time,
    card::CardKind,
    limits::SANDBOX_HOLDER_WAIT_MS,
    payment::{Failure, HolderSaid, steps::Said},
    refund::steps::Said as RefundSaid,
    withdrawal::steps::Said as PayoutSaid,
};

use super::reference;
use crate::bank::{Checked, Holder, HolderStep, Movement};

/// The bank's name.
pub const NAME: &str = "Sandbox Bank 沙箱银行";

/// How long a late answer takes, in milliseconds: the first query, five seconds after, still finds nothing.
pub const LATE_MS: i64 = 8_000;

/// How long after it was asked for a payout comes back, in milliseconds: a day.
pub const BOUNCE_MS: i64 = 24 * 3_600 * 1_000;

/// The security code of the credit cards.
pub const SECURITY_CODE: &str = "123";

/// How long after the last moment at which its holder could confirm a purchase is refused, in milliseconds: nobody who
/// confirmed in time is refused.
const HOLDER_GRACE_MS: i64 = 10_000;

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
    /// Its holder must confirm purchases on a page of the bank.
    Confirms,
    /// The same, on credit, and the answer after that is late.
    ConfirmsLate,
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
pub const CARDS: [TestCard; 13] = [
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
    card("6200000000000120", Behaviour::Confirms),
    card("6200000000000138", Behaviour::ConfirmsLate),
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
            | Behaviour::LateReversal
            | Behaviour::Confirms,
        ) => right(CardKind::Debit),
        Some(Behaviour::Credit | Behaviour::ConfirmsLate) => match holder.security_code.as_deref() {
            None => Checked::SecurityCodeNeeded,
            Some(code) if code == SECURITY_CODE => right(CardKind::Credit),
            Some(_) => Checked::WrongSecurityCode,
        },
        Some(Behaviour::OfAnother) | None => Checked::Wrong,
        Some(Behaviour::NoAnswer) => Checked::Unknown,
    }
}

/// What became of money that was to be taken from a card, or becomes of it now.
pub fn charge(charge: &Movement) -> Said {
    let is_late = charge.age_ms() < LATE_MS;
    match behaviour(&charge.card_number) {
        Some(Behaviour::LateSuccess | Behaviour::LateFailure) if is_late => Said::Unknown,
        Some(behaviour @ (Behaviour::Confirms | Behaviour::ConfirmsLate)) => match &charge.holder {
            Some(step) => after_confirmation(charge, step, behaviour == Behaviour::ConfirmsLate),
            None => paid(charge),
        },
        Some(
            Behaviour::Well
            | Behaviour::Credit
            | Behaviour::LateSuccess
            | Behaviour::Bounces
            | Behaviour::LateReversal,
        ) => paid(charge),
        Some(Behaviour::Insufficient) => Said::Failed(Failure::InsufficientBalance),
        Some(Behaviour::Expired) => Said::Failed(Failure::CardExpired),
        Some(Behaviour::Declined | Behaviour::LateFailure | Behaviour::OfAnother | Behaviour::NoAnswer)
        | None => Said::Failed(Failure::Declined),
    }
}

fn paid(charge: &Movement) -> Said {
    Said::Paid { money: charge.money, reference: Some(reference(&charge.id)) }
}

/// What became of a purchase whose holder is asked first.
fn after_confirmation(charge: &Movement, step: &HolderStep, is_late: bool) -> Said {
    let waits_ms = |since: Time| charge.asked_at.since_ms(since);
    match (step.said, step.since) {
        (Some(HolderSaid::Refused), _) => Said::Failed(Failure::NotConfirmed),
        (Some(HolderSaid::Confirmed), _)
            if is_late && step.said_at.is_some_and(|at| waits_ms(at) < LATE_MS) =>
        {
            Said::Unknown
        }
        (Some(HolderSaid::Confirmed), _) => paid(charge),
        (None, Some(since)) if waits_ms(since) >= SANDBOX_HOLDER_WAIT_MS + HOLDER_GRACE_MS => {
            Said::Failed(Failure::NotConfirmed)
        }
        (None, _) => Said::MustConfirm(page(&step.payment, &charge.id)),
    }
}

/// The bank's page for the holder of a card that pays a payment by this attempt.
pub fn page(payment: &str, attempt: &str) -> String {
    format!("/sandbox/bank/{payment}/{attempt}")
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
            | Behaviour::LateReversal
            | Behaviour::Confirms,
        ) => PayoutSaid::Paid { reference },
        Some(Behaviour::Expired) => PayoutSaid::Failed(Failure::CardExpired),
        Some(
            Behaviour::Credit
            | Behaviour::ConfirmsLate
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
