//! What payers are told of their payments and of their accounts.

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

use crate::payment::Failure;

/// What a payer is told of a payment. No text of the merchant's is in it: it would go out by SMS under our name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentTold {
    /// A large one was paid.
    Large {
        /// How much.
        money: Money,
    },
    /// An attempt failed; the order can still be paid.
    Failed {
        /// How much was to be paid.
        money: Money,
        /// Why, if the bank said so.
        failure: Option<Failure>,
    },
    /// The order was closed without being paid: by the merchant, or because its time was over.
    Closed {
        /// How much was to be paid.
        money: Money,
    },
}

/// What a payer is told of its account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountTold {
    /// Notices go to a mail address from now on.
    MailAdded {
        /// The address, masked.
        address: String,
    },
    /// They go there no more.
    MailRemoved {
        /// The address, masked.
        address: String,
    },
    /// A copy of everything kept about the payer was taken.
    DataTaken,
    /// The account was closed.
    Closed,
}
