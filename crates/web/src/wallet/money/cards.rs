//! The list of cards, and the form that binds one.

use askama::Template;
use tongbao_engine::bank::sandbox_card::Behaviour;

use super::super::Around;
use crate::{frame::Frame, i18n::money::Text as T, paths};

/// A card in the list.
#[derive(Clone, Debug)]
pub struct CardView {
    /// Its id.
    pub id: String,
    /// The bank and the last four digits.
    pub label: String,
    /// Whether it draws on credit.
    pub is_credit: bool,
    /// Whether it is switched off.
    pub is_off: bool,
}

/// The list of cards, the default first.
#[derive(Clone, Debug)]
pub struct CardsView {
    /// The cards.
    pub cards: Vec<CardView>,
    /// Whether no more can be bound.
    pub is_full: bool,
}

/// A test card of the sandbox.
#[derive(Clone, Copy, Debug)]
pub struct TestCardView {
    /// Its number.
    pub number: &'static str,
    /// What it does.
    pub behaviour: Behaviour,
}

impl TestCardView {
    fn what(self) -> T {
        match self.behaviour {
            Behaviour::Well => T::TestWell,
            Behaviour::Credit => T::TestCredit,
            Behaviour::Insufficient => T::TestInsufficient,
            Behaviour::Expired => T::TestExpired,
            Behaviour::Declined => T::TestDeclined,
            Behaviour::LateSuccess => T::TestLateSuccess,
            Behaviour::LateFailure => T::TestLateFailure,
            Behaviour::Bounces => T::TestBounces,
            Behaviour::LateReversal => T::TestLateReversal,
            Behaviour::OfAnother => T::TestOfAnother,
            Behaviour::NoAnswer => T::TestNoAnswer,
            Behaviour::Confirms => T::TestConfirms,
            Behaviour::ConfirmsLate => T::TestConfirmsLate,
        }
    }

    /// The number in groups of four.
    fn grouped(self) -> String {
        let digits: Vec<char> = self.number.chars().collect();
        let groups: Vec<String> = digits.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }
}

/// The form that binds a card.
#[derive(Clone, Debug)]
pub struct BindView {
    /// The payer's name and ID number, mostly hidden, where they were verified: then they are not asked for.
    pub holder: Option<(String, String)>,
    /// The sandbox's test cards.
    pub test_cards: Vec<TestCardView>,
}

#[derive(Template)]
#[template(path = "wallet/money/cards.html")]
struct CardsPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a CardsView,
}

impl CardsPage<'_> {
    fn action(&self, id: &str, deed: &str) -> String {
        self.f.href(&paths::card_deed(id, deed))
    }
}

#[derive(Template)]
#[template(path = "wallet/money/bind.html")]
struct BindPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a BindView,
}

/// Renders the list of cards.
pub fn render_cards(view: &CardsView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&CardsPage { f: frame, w: around, v: view })
}

/// Renders the form that binds a card.
pub fn render_bind(view: &BindView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&BindPage { f: frame, w: around, v: view })
}
