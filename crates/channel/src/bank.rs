//! What a bank is told of cards, and what it answers, whichever bank it is.
//!
//! **Invariant.** A card's number and what identifies a person are in no debug output.

use std::fmt;

use tongbao_core::{Time, card::CardKind, payment::HolderSaid};
use tongbao_money::Money;
use zeroize::Zeroizing;

/// The four factors of a card check: whether this card is this person's, who has this phone number at the bank.
#[derive(Clone, PartialEq, Eq)]
pub struct Holder {
    /// The card's number.
    pub card_number: Zeroizing<String>,
    /// The person's name.
    pub name: Zeroizing<String>,
    /// The number of the person's identity document.
    pub id_number: Zeroizing<String>,
    /// The phone number that the bank knows.
    pub phone: Zeroizing<String>,
    /// The three digits on the back of a credit card (CVV2, CVN2), if they were given. They are told to the bank and
    /// kept nowhere (PCI DSS 4.0, requirement 3.3).
    pub security_code: Option<Zeroizing<String>>,
}

impl Holder {
    /// The four factors as somebody gives them.
    pub fn new(card_number: String, name: String, id_number: String, phone: String) -> Holder {
        Holder {
            card_number: Zeroizing::new(card_number),
            name: Zeroizing::new(name),
            id_number: Zeroizing::new(id_number),
            phone: Zeroizing::new(phone),
            security_code: None,
        }
    }

    /// The same with the security code of a credit card.
    #[must_use]
    pub fn with_security_code(self, code: String) -> Holder {
        Holder { security_code: Some(Zeroizing::new(code)), ..self }
    }
}

impl fmt::Debug for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Holder")
    }
}

/// What a bank says of the four factors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// They are right.
    Right {
        /// The bank's name.
        bank: String,
        /// What the card draws on.
        kind: CardKind,
    },
    /// They are not, and the bank does not say which.
    Wrong,
    /// The card is a credit card, and its security code was not given.
    SecurityCodeNeeded,
    /// The security code is not the card's.
    WrongSecurityCode,
    /// No answer.
    Unknown,
}

/// The step of a purchase in which a bank may want the word of the card's holder (3-D Secure), and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderStep {
    /// The payment that is paid: to its cashier the holder comes back.
    pub payment: String,
    /// Since when the bank waits for the holder, if it said that it does.
    pub since: Option<Time>,
    /// What the holder said, where the bank is the sandbox's, which remembers nothing itself.
    pub said: Option<HolderSaid>,
    /// When.
    pub said_at: Option<Time>,
}

/// Money that is to move between a card and the platform, or that may have moved.
#[derive(Clone, PartialEq, Eq)]
pub struct Movement {
    /// The platform's name of it, and the bank's idempotency key.
    pub id: String,
    /// The card's number.
    pub card_number: Zeroizing<String>,
    /// How much.
    pub money: Money,
    /// When the bank was to be asked first.
    pub began_at: Time,
    /// When it is asked this time.
    pub asked_at: Time,
    /// What concerns the card's holder; none where nobody stands before a page, as in a top-up or a payout.
    pub holder: Option<HolderStep>,
}

impl Movement {
    /// How long ago it began, in milliseconds.
    pub const fn age_ms(&self) -> i64 {
        self.asked_at.since_ms(self.began_at)
    }
}

impl fmt::Debug for Movement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Movement({})", self.id)
    }
}
