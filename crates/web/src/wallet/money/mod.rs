//! Cards, top-up and withdrawal, as the handlers fill them.
//!
//! Absent on purpose: numbers of cards. A page knows a card's bank and its last four digits.

mod cards;
mod moves;

use serde::{Deserialize, Serialize};

pub use self::{
    cards::{BindView, CardView, CardsView, TestCardView, render_bind, render_cards},
    moves::{
        Choice, ConfirmView, MoveState, MoveView, TopUpView, WithdrawView, render_confirm, render_move,
        render_top_up, render_withdraw,
    },
};
use super::{Notice, Tone};
use crate::i18n::{Lang, money as words};

/// What a page says of what was done; carried over a redirect, so it holds numbers and no texts. Instants are
/// milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MoneyNotice {
    /// With the tries left.
    WrongPassword(u8),
    /// What the device brought was not accepted.
    PasskeyRefused,
    /// Until then.
    PasswordLocked(i64),
    /// It has six digits.
    MalformedPassword,
    /// The form is too old, or not ours.
    FormExpired,
    /// Too much to do; nothing was done.
    Busy,
    /// The account is frozen.
    Frozen,
    /// It is no card number.
    BadCardNumber,
    /// It is no name.
    BadName,
    /// It is no ID number.
    BadIdNumber,
    /// It is no phone number.
    BadPhone,
    /// The bank says that the four factors do not belong together.
    CardWrong,
    /// The bank gave no answer.
    CardUnknown,
    /// The card is a credit card, and its security code was not given.
    SecurityCodeNeeded,
    /// The security code is not the card's.
    WrongSecurityCode,
    /// There are as many as there may be.
    TooManyCards,
    /// Until then no card is checked.
    TooManyChecks(i64),
    /// Done.
    CardBound,
    /// Done.
    CardUnbound,
    /// It is no amount.
    BadAmount,
    /// The card cannot do this.
    CardUnusable,
    /// Amount and fee are more than there is.
    BalanceInsufficient,
    /// It does not go on.
    Blocked,
    /// Only a passkey confirms it.
    PasskeyNeeded,
    /// The fee is another than was shown.
    FeeChanged,
    /// Nobody knows who the payer is.
    IdentityRequired,
    /// A limit of the account would be passed.
    LimitReached,
}

/// The words of a notice.
pub fn notice(told: &MoneyNotice, lang: Lang) -> Notice {
    let (title, next) = words::notice(lang, told);
    let tone = match told {
        MoneyNotice::CardBound | MoneyNotice::CardUnbound => Tone::Good,
        MoneyNotice::FeeChanged => Tone::Warn,
        MoneyNotice::WrongPassword(_)
        | MoneyNotice::PasskeyRefused
        | MoneyNotice::PasswordLocked(_)
        | MoneyNotice::MalformedPassword
        | MoneyNotice::FormExpired
        | MoneyNotice::Busy
        | MoneyNotice::Frozen
        | MoneyNotice::BadCardNumber
        | MoneyNotice::BadName
        | MoneyNotice::BadIdNumber
        | MoneyNotice::BadPhone
        | MoneyNotice::CardWrong
        | MoneyNotice::CardUnknown
        | MoneyNotice::SecurityCodeNeeded
        | MoneyNotice::WrongSecurityCode
        | MoneyNotice::TooManyCards
        | MoneyNotice::TooManyChecks(_)
        | MoneyNotice::BadAmount
        | MoneyNotice::CardUnusable
        | MoneyNotice::BalanceInsufficient
        | MoneyNotice::Blocked
        | MoneyNotice::PasskeyNeeded
        | MoneyNotice::IdentityRequired
        | MoneyNotice::LimitReached => Tone::Bad,
    };
    Notice { tone, title, next }
}
