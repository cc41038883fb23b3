//! A transfer on its way through its pages: the browser keeps it, sealed, in the address.
//!
//! So what the payer confirms is what was typed, for the payee who was found, and nothing of it can be read or changed
//! on the way. It is good for its sender only, for a quarter of an hour. Its number, drawn when it is complete, makes
//! pressing twice one transfer.

use serde::{Deserialize, Serialize};
use tongbao_core::{Time, collection::Owner, id::PayerId, payer::passkey::digest_of, transfer::send::Way};
use tongbao_engine::vault::Field;

use super::{super::visitor::Visitor, yuan};
use crate::{handlers::record_view::moment, paths, wallet::send::SendNotice};

/// How long it can be gone on with, in milliseconds.
const LIFE_MS: i64 = 15 * 60 * 1_000;

/// The query parameter, and the field of forms.
pub(super) const PARAMETER: &str = "d";

/// What did not work, without its amounts in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Told {
    WrongPassword(u8),
    PasswordLocked(Time),
    MalformedPassword,
    PasskeyRefused,
    FormExpired,
    Busy,
    BadPhone,
    NoSuchPayee,
    Yourself,
    LookUpsUsedUp,
    BadAmount,
    BadNote,
    WrongSurname,
    BalanceInsufficient,
    Blocked,
    PasskeyNeeded,
    Frozen,
    IdentityRequired,
    LimitReached(i64),
    CollectionLimit(i64),
    AmountChanged,
}

impl Told {
    /// The same for the page.
    pub(super) fn notice(self) -> SendNotice {
        match self {
            Told::WrongPassword(tries) => SendNotice::WrongPassword(tries),
            Told::PasswordLocked(until) => SendNotice::PasswordLocked(moment(until)),
            Told::MalformedPassword => SendNotice::MalformedPassword,
            Told::PasskeyRefused => SendNotice::PasskeyRefused,
            Told::FormExpired => SendNotice::FormExpired,
            Told::Busy => SendNotice::Busy,
            Told::BadPhone => SendNotice::BadPhone,
            Told::NoSuchPayee => SendNotice::NoSuchPayee,
            Told::Yourself => SendNotice::Yourself,
            Told::LookUpsUsedUp => SendNotice::LookUpsUsedUp,
            Told::BadAmount => SendNotice::BadAmount,
            Told::BadNote => SendNotice::BadNote,
            Told::WrongSurname => SendNotice::WrongSurname,
            Told::Blocked => SendNotice::Blocked,
            Told::PasskeyNeeded => SendNotice::PasskeyNeeded,
            Told::BalanceInsufficient => SendNotice::BalanceInsufficient,
            Told::Frozen => SendNotice::Frozen,
            Told::IdentityRequired => SendNotice::IdentityRequired,
            Told::LimitReached(left) => SendNotice::LimitReached(yuan(left)),
            Told::CollectionLimit(left) => SendNotice::CollectionLimit(yuan(left)),
            Told::AmountChanged => SendNotice::AmountChanged,
        }
    }
}

/// See the module.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Draft {
    /// When it was begun.
    pub(super) at: Time,
    /// Who sends.
    pub(super) sender: PayerId,
    /// To whom.
    pub(super) payee: Owner,
    /// The token of the collection code that was scanned.
    pub(super) collection: Option<String>,
    /// What was typed as the amount, in fen.
    pub(super) minor: Option<i64>,
    /// What for.
    pub(super) note: String,
    /// When the payee has it.
    pub(super) way: Way,
    /// The number of the request, once it can be confirmed.
    pub(super) number: Option<String>,
    /// What its page says.
    pub(super) told: Option<Told>,
}

impl Draft {
    /// A transfer to somebody, of which nothing else is known.
    pub(super) fn to(visitor: &Visitor, payee: impl Into<Owner>) -> Draft {
        Draft {
            at: visitor.now,
            sender: visitor.payer.id,
            payee: payee.into(),
            collection: None,
            minor: None,
            note: String::new(),
            way: Way::AtOnce,
            number: None,
            told: None,
        }
    }

    /// The same, to be corrected.
    pub(super) fn telling(self, told: Told) -> Draft {
        Draft { told: Some(told), ..self }
    }

    /// The digest of what is confirmed: all of it, its number among it.
    pub(super) fn about(&self) -> [u8; 32] {
        let confirmed = Draft { told: None, ..self.clone() };
        let text = serde_json::to_vec(&confirmed).expect("numbers and texts always become JSON");
        digest_of("a transfer", [text.as_slice()])
    }

    /// Itself as text for an address or a form.
    pub(super) fn seal(&self, visitor: &Visitor) -> String {
        let text = serde_json::to_string(self).expect("numbers and texts always become JSON");
        visitor.pages.engine.vault.seal(Field::TransferDraft, &text).replace('+', "-").replace('/', "_")
    }

    /// The page on which it goes on.
    pub(super) fn path(&self, visitor: &Visitor) -> String {
        format!("{}?{PARAMETER}={}", paths::TRANSFER, self.seal(visitor))
    }

    /// The visitor's draft that a text holds, if it can be gone on with.
    pub(super) fn open(visitor: &Visitor, text: &str) -> Option<Draft> {
        let sealed = text.replace('-', "+").replace('_', "/");
        let text = visitor.pages.engine.vault.open(Field::TransferDraft, &sealed).ok()?;
        let draft: Draft = serde_json::from_str(&text).ok()?;
        let fresh = visitor.now.since_ms(draft.at) < LIFE_MS;
        (fresh && draft.sender == visitor.payer.id).then_some(draft)
    }
}
