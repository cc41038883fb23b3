//! Which proofs a payment needs that its payer confirms: the one table of amount, identity and risk.
//!
//! | Amount, in yuan | Identity | Proofs |
//! |---|---|---|
//! | up to 1,000 | any | password, or passkey |
//! | up to 5,000 | level II or III, or known by rules of the institution's own | password, or passkey |
//! | more | any | password and one-time code, or passkey |
//!
//! Where risk control challenges, the password alone is not enough ([`Risk`]). The figures are those of a day's
//! balance payments ([`CONFIRMED_ONCE_MAX`], [`CONFIRMED_ONCE_WEAK_MAX`]); here they hold for a single payment by
//! whatever method, because the limits of a day are for the balance only. Amounts of other currencies have no table:
//! nobody here knows what they are worth, and limits do not count them either.
//!
//! **Absent on purpose:** payment codes, which pay small amounts without a proof by rules of their own
//! (`core::wechat::codepay`), and the sandbox's phone, whose developer proves nothing.

use tongbao_money::{Currency, Money};

use super::proof::{Proof, Proofs};
use crate::{
    limits::{CONFIRMED_ONCE_MAX, CONFIRMED_ONCE_WEAK_MAX},
    payer::identity::{Identity, Level},
};

/// What risk control says of an attempt before it goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Risk {
    /// Nothing.
    #[default]
    Silent,
    /// A code is to be given, or what is stronger.
    Code,
    /// A passkey is to be given; this payer has one.
    Passkey,
}

/// What the policy looks at.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// How much is to be paid.
    pub money: Money,
    /// What is known of who pays.
    pub identity: Option<&'a Identity>,
    /// What risk control says.
    pub risk: Risk,
}

/// The sets of proofs of which any one is enough.
pub fn needed(asked: &Asked) -> Vec<Proofs> {
    match asked.risk {
        Risk::Silent if !is_large(asked) => vec![Proofs::PASSWORD, Proofs::PASSKEY],
        Risk::Silent | Risk::Code => vec![Proofs::PASSWORD.with(Proof::Code), Proofs::PASSKEY],
        Risk::Passkey => vec![Proofs::PASSKEY],
    }
}

/// Whether one of these sets is among what was given.
pub fn is_enough(needed: &[Proofs], given: Proofs) -> bool {
    needed.iter().any(|set| given.covers(*set))
}

fn is_large(asked: &Asked) -> bool {
    let most = match asked.identity.map(Identity::level) {
        Some(None | Some(Level::One)) => CONFIRMED_ONCE_WEAK_MAX,
        None | Some(Some(Level::Two | Level::Three)) => CONFIRMED_ONCE_MAX,
    };
    asked.money.currency == Currency::CNY && asked.money.amount > most
}
