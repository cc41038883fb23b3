//! The forms that move money between card and balance, and what became of it.

use askama::Template;
use tongbao_core::payment::Failure;

use super::super::Around;
use crate::{
    amount::Amount,
    frame::Frame,
    i18n::{
        Lang,
        money::{self as words, Text as T},
    },
    moment::Moment,
    paths,
};

/// A card to choose.
#[derive(Clone, Debug)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// The bank and the last four digits.
    pub label: String,
}

/// The form of a top-up.
#[derive(Clone, Debug)]
pub struct TopUpView {
    /// What the payer has.
    pub balance: Amount,
    /// The cards that can be used, the default first.
    pub cards: Vec<Choice>,
    /// The number of this form.
    pub number: String,
}

/// The form of a withdrawal.
#[derive(Clone, Debug)]
pub struct WithdrawView {
    /// What the payer has.
    pub balance: Amount,
    /// The cards that can be used, the default first.
    pub cards: Vec<Choice>,
    /// What is still free of charge.
    pub free_left: Amount,
}

/// A withdrawal before it is confirmed.
#[derive(Clone, Debug)]
pub struct ConfirmView {
    /// What is confirmed, sealed.
    pub draft: String,
    /// What arrives.
    pub amount: Amount,
    /// What it costs.
    pub fee: Amount,
    /// Both.
    pub total: Amount,
    /// The card.
    pub card: String,
    /// Whether the bank is asked tomorrow.
    pub tomorrow: bool,
    /// Where the script learns what a passkey is asked to sign; none without a passkey.
    pub passkey: Option<String>,
}

/// Where a top-up or a withdrawal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveState {
    /// The bank is asked tomorrow.
    Tomorrow,
    /// The bank was asked, or is about to be.
    Asking,
    /// A top-up that is in the balance.
    ToppedUp,
    /// A top-up that failed.
    TopUpFailed(Option<Failure>),
    /// A withdrawal that is on the card.
    Withdrawn,
    /// A withdrawal that failed.
    WithdrawalFailed(Option<Failure>),
    /// A withdrawal that came back.
    WithdrawalBounced,
}

/// What became of a top-up or a withdrawal.
#[derive(Clone, Debug)]
pub struct MoveView {
    /// Its id.
    pub id: String,
    /// Whether it is a withdrawal.
    pub is_withdrawal: bool,
    /// Where it stands.
    pub state: MoveState,
    /// How much.
    pub amount: Amount,
    /// What it costs, if it does.
    pub fee: Option<Amount>,
    /// The card.
    pub card: String,
    /// When it was asked for.
    pub at: Moment,
}

impl MoveView {
    fn title(&self) -> T {
        match self.state {
            MoveState::Tomorrow => T::PlannedTomorrow,
            MoveState::Asking => T::Asking,
            MoveState::ToppedUp => T::ToppedUp,
            MoveState::TopUpFailed(_) => T::TopUpFailed,
            MoveState::Withdrawn => T::Withdrawn,
            MoveState::WithdrawalFailed(_) => T::WithdrawalFailed,
            MoveState::WithdrawalBounced => T::WithdrawalBounced,
        }
    }

    /// Why nothing moved, where nothing did.
    fn reason(&self, lang: Lang) -> &'static str {
        match self.state {
            MoveState::TopUpFailed(failure) | MoveState::WithdrawalFailed(failure) => {
                words::failure(lang, failure)
            }
            MoveState::Tomorrow
            | MoveState::Asking
            | MoveState::ToppedUp
            | MoveState::Withdrawn
            | MoveState::WithdrawalBounced => "",
        }
    }

    /// Where the payer tries again, where that makes sense.
    fn again(&self) -> Option<&'static str> {
        match self.state {
            MoveState::TopUpFailed(_) => Some(paths::TOP_UP),
            MoveState::WithdrawalFailed(_) | MoveState::WithdrawalBounced => Some(paths::WITHDRAWAL),
            MoveState::Tomorrow | MoveState::Asking | MoveState::ToppedUp | MoveState::Withdrawn => None,
        }
    }

    fn is_asking(&self) -> bool {
        self.state == MoveState::Asking
    }

    /// The mark above the title.
    fn mark(&self) -> &'static str {
        match self.state {
            MoveState::ToppedUp | MoveState::Withdrawn => "good",
            MoveState::Tomorrow => "back",
            MoveState::Asking => "",
            MoveState::TopUpFailed(_) | MoveState::WithdrawalFailed(_) | MoveState::WithdrawalBounced => {
                "over"
            }
        }
    }
}

#[derive(Template)]
#[template(path = "wallet/money/top_up.html")]
struct TopUpPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a TopUpView,
}

#[derive(Template)]
#[template(path = "wallet/money/withdraw.html")]
struct WithdrawPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a WithdrawView,
}

#[derive(Template)]
#[template(path = "wallet/money/confirm.html")]
struct ConfirmPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a ConfirmView,
}

#[derive(Template)]
#[template(path = "wallet/money/move.html")]
struct MovePage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a MoveView,
}

/// Renders the form of a top-up.
pub fn render_top_up(view: &TopUpView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&TopUpPage { f: frame, w: around, v: view })
}

/// Renders the form of a withdrawal.
pub fn render_withdraw(view: &WithdrawView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&WithdrawPage { f: frame, w: around, v: view })
}

/// Renders the confirmation of a withdrawal.
pub fn render_confirm(view: &ConfirmView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&ConfirmPage { f: frame, w: around, v: view })
}

/// Renders what became of a top-up or a withdrawal.
pub fn render_move(view: &MoveView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&MovePage { f: frame, w: around, v: view })
}
