//! Risk control: what a decision about a payment rests on and leaves behind.

mod assess;
mod assessment;
mod follow;
pub mod list;
pub mod list_sharing;
mod movement;
mod profile;
pub mod review;

pub use self::{
    assess::UNJUDGED_AMOUNT_MAX,
    assessment::{Assessment, Decision, Reason, RuleHit},
    follow::follow,
    movement::RiskDecision,
    profile::RiskProfile,
};
pub(crate) use self::{
    assess::{Asked, Recipient, assess},
    movement::judged,
};
