//! One attempt to pay: by whom, how, and what became of it.

use serde::{Deserialize, Serialize};

use super::{Challenge, Method, Proofs};
use crate::{
    Context, Time,
    id::{AttemptId, PayerId, ReviewId},
    risk::{Assessment, Decision},
    sandbox::Fault,
};

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptStatus {
    /// It waits for proofs; nothing was moved for it, and nobody was asked.
    Challenged,
    /// The proofs it waited for did not come in time, or their payer took it back. Nothing was moved.
    Unproven,
    /// Its result is not known.
    Processing,
    /// It paid the payment.
    Succeeded,
    /// It did not.
    Failed,
    /// It took money that went back.
    Returned,
}

/// Why an attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The bank said no.
    Declined,
    /// Not enough money.
    InsufficientBalance,
    /// The bank took another amount.
    WrongAmount,
    /// The card is no longer valid.
    CardExpired,
    /// The bank wanted the card's holder to confirm, who did not, or said no.
    NotConfirmed,
    /// The platform refused it, by a rule or after somebody had looked at it.
    Blocked,
}

impl Failure {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Failure::Declined => "declined",
            Failure::InsufficientBalance => "insufficient_balance",
            Failure::WrongAmount => "wrong_amount",
            Failure::CardExpired => "card_expired",
            Failure::NotConfirmed => "not_confirmed",
            Failure::Blocked => "blocked",
        }
    }

    /// What it means and what to do.
    pub const fn message(self) -> &'static str {
        match self {
            Failure::Declined => "The bank declined the payment. Try another way to pay.",
            Failure::InsufficientBalance => "There is not enough money. Top up or choose another way to pay.",
            Failure::WrongAmount => "The bank took another amount than asked; it is being returned.",
            Failure::CardExpired => "The card is no longer valid. Use another card or another way to pay.",
            Failure::NotConfirmed => {
                "The bank was not told by the card's holder to pay. Pay again and confirm."
            }
            Failure::Blocked => {
                "This payment cannot be made in this way. Choose another way to pay, or ask customer service."
            }
        }
    }
}

/// What the holder of a card said to its bank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderSaid {
    /// Yes, pay.
    Confirmed,
    /// No.
    Refused,
}

/// What a card's bank wants before it pays: its holder's word (3-D Secure). The result of the attempt stays unknown
/// until the bank says it; that the holder came back says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Where the holder gives it: a page of the bank.
    pub address: String,
    /// Since when the bank waits.
    pub since: Time,
    /// What the holder said at the sandbox's bank, which remembers it here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<HolderSaid>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said_at: Option<Time>,
}

/// One attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its id, and the channel's idempotency key.
    pub id: AttemptId,
    /// How.
    pub method: Method,
    /// By whom.
    pub payer: PayerId,
    /// Where it stands.
    pub status: AttemptStatus,
    /// When it began.
    pub started_at: Time,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What the channel calls the movement of money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the channel calls other money that came in its name and went back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_references: Vec<String>,
    /// What the channel named in its name although another payment has that money. Not a key of this
    /// payment; kept so that each is told of once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contested: Vec<String>,
    /// What a sandbox was told to do with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// The proofs that were given for it.
    #[serde(default, skip_serializing_if = "Proofs::is_none_ref")]
    pub proofs: Proofs,
    /// What it waits for, while it is challenged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Box<Challenge>>,
    /// What its card's bank wants from the holder, once it has said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Box<Confirmation>>,
    /// What risk control decided when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Box<Assessment>>,
    /// The review that it waits for, or waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewId>,
}

impl Attempt {
    /// A new one, of which nothing is known yet.
    pub(crate) fn begin(cx: &mut Context, method: Method, payer: PayerId) -> Attempt {
        Attempt {
            id: cx.draw(),
            method,
            payer,
            status: AttemptStatus::Processing,
            started_at: cx.at(),
            failure: None,
            reference: None,
            other_references: Vec::new(),
            contested: Vec::new(),
            fault: None,
            proofs: Proofs::NONE,
            challenge: None,
            confirmation: None,
            risk: None,
            review: None,
        }
    }

    /// What risk control decided; without it everything goes on.
    pub fn decision(&self) -> Decision {
        self.risk.as_ref().map_or(Decision::Allow, |risk| risk.decision)
    }

    /// Whether it never got past its challenge. Such an attempt is not counted among those of a payment.
    pub const fn is_before_proof(&self) -> bool {
        match self.status {
            AttemptStatus::Challenged | AttemptStatus::Unproven => true,
            AttemptStatus::Processing
            | AttemptStatus::Succeeded
            | AttemptStatus::Failed
            | AttemptStatus::Returned => false,
        }
    }

    /// Where its holder is to confirm, while the bank waits for that.
    pub fn to_confirm(&self) -> Option<&Confirmation> {
        let waits = self.status == AttemptStatus::Processing;
        self.confirmation.as_deref().filter(|confirmation| waits && confirmation.said.is_none())
    }

    /// Makes it wait for proofs before it goes on.
    pub(crate) fn wait(&mut self, challenge: Challenge) {
        self.status = AttemptStatus::Challenged;
        self.challenge = Some(Box::new(challenge));
    }

    /// What the channel calls all the money that came in its name.
    pub fn references(&self) -> impl Iterator<Item = &String> {
        self.reference.iter().chain(&self.other_references)
    }
}
