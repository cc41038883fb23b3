//! What a rule does when it hits, and what several that hit come to.
//!
//! **Invariant.** More hits never make the outcome milder.

use std::fmt;

/// What is done with a payment, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It goes on. A rule that allows outvotes nobody; it only notes that it was hit.
    Allow,
    /// It goes on once the payer has given this proof, or a stronger one.
    Challenge(Proof),
    /// It is held until a person has looked at it.
    Review,
    /// It is refused.
    Block,
}

/// What a payer may be asked for, weakest first. The names are those of the payers' proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// The payment password. Worth nothing where it was just reset.
    Password,
    /// A one-time code to the phone. Worth nothing where the phone or its number was taken over.
    Code,
    /// A passkey whose device has verified its user.
    Passkey,
}

impl Proof {
    /// All of them.
    pub const ALL: [Proof; 3] = [Proof::Password, Proof::Code, Proof::Passkey];

    /// The name in rules.
    pub const fn name(self) -> &'static str {
        match self {
            Proof::Password => "password",
            Proof::Code => "code",
            Proof::Passkey => "passkey",
        }
    }
}

impl Action {
    /// The name in rules, without the proof.
    pub const fn name(self) -> &'static str {
        match self {
            Action::Allow => "allow",
            Action::Challenge(_) => "challenge",
            Action::Review => "review",
            Action::Block => "block",
        }
    }

    /// What is left to do of it for somebody who has given a proof for this very payment: a challenge is met by its
    /// proof and by stronger ones, nothing else is.
    #[must_use]
    pub fn after(self, passed: Option<Proof>) -> Action {
        match self {
            Action::Challenge(proof) if passed.is_some_and(|passed| passed >= proof) => Action::Allow,
            Action::Allow | Action::Challenge(_) | Action::Review | Action::Block => self,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Challenge(proof) => write!(out, "challenge({})", proof.name()),
            Action::Allow | Action::Review | Action::Block => out.write_str(self.name()),
        }
    }
}

/// What the rules that hit come to: block before review before challenge before allow, and of several challenges the
/// one for the strongest proof. Nothing hit is [`Action::Allow`].
pub fn combine(hits: impl IntoIterator<Item = Action>, passed: Option<Proof>) -> Action {
    hits.into_iter().map(|action| action.after(passed)).max().unwrap_or(Action::Allow)
}
