//! The chart of accounts, and the state of one account.
//!
//! A balance is credits minus debits: what the platform owes the owner. Accounts of money that others
//! owe the platform (clearing) are therefore negative in ordinary times.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Currency};

use crate::id::{MerchantId, PayerId};

/// A payment channel: where money comes from and refunds go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// The bank of the sandbox: answers as it is told to.
    SandboxBank,
}

impl Channel {
    /// The name in account names and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Channel::SandboxBank => "sandbox_bank",
        }
    }
}

/// An account, by owner and purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// Money a payer can spend.
    PayerAvailable(PayerId),
    /// A payer's money set aside for an attempt whose result is not known yet.
    PayerHeld(PayerId),
    /// A merchant's takings before settlement.
    MerchantPending(MerchantId),
    /// A merchant's settled money.
    MerchantAvailable(MerchantId),
    /// A merchant's money that may not move.
    MerchantFrozen(MerchantId),
    /// Fees earned.
    PlatformFees,
    /// Refunds taken from merchants and not yet with the payer. Returns to zero.
    RefundsInFlight,
    /// Transfers taken from their senders and not yet accepted. Returns to zero.
    TransfersInFlight,
    /// Withdrawals taken from their payers and not yet paid by the bank, with their fees. Returns to zero.
    WithdrawalsInFlight,
    /// Utility payments taken from their payers and not yet booked by their billers. Returns to zero.
    UtilitiesInFlight,
    /// What billers are owed for what they have booked, until it is settled with them.
    BillersClearing,
    /// Money whose owner is not settled: came without being asked for (positive) or left without cover
    /// (negative). Returns to zero.
    Suspense,
    /// What a channel owes us (negative) or we owe it.
    ChannelClearing(Channel),
}

/// What an account is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Can be spent.
    Available,
    /// Set aside.
    Held,
    /// Before settlement.
    Pending,
    /// May not move.
    Frozen,
    /// Fees.
    Fees,
    /// Refunds under way.
    Refunds,
    /// Transfers under way.
    Transfers,
    /// Withdrawals under way.
    Withdrawals,
    /// Utility payments under way.
    Utilities,
    /// Nobody's yet.
    Suspense,
    /// With a channel, or with billers.
    Clearing,
}

impl Purpose {
    /// The name in statements.
    pub const fn name(self) -> &'static str {
        match self {
            Purpose::Available => "available",
            Purpose::Held => "held",
            Purpose::Pending => "pending",
            Purpose::Frozen => "frozen",
            Purpose::Fees => "fees",
            Purpose::Refunds => "refunds",
            Purpose::Transfers => "transfers",
            Purpose::Withdrawals => "withdrawals",
            Purpose::Utilities => "utilities",
            Purpose::Suspense => "suspense",
            Purpose::Clearing => "clearing",
        }
    }
}

impl Account {
    /// The least balance; `None` is no floor: a channel may owe us, and suspense takes whatever a fact
    /// brings, either way.
    pub const fn floor(self) -> Option<i64> {
        match self {
            Account::PayerAvailable(_)
            | Account::PayerHeld(_)
            | Account::MerchantPending(_)
            | Account::MerchantAvailable(_)
            | Account::MerchantFrozen(_)
            | Account::PlatformFees
            | Account::RefundsInFlight
            | Account::TransfersInFlight
            | Account::WithdrawalsInFlight
            | Account::UtilitiesInFlight => Some(0),
            Account::Suspense | Account::BillersClearing | Account::ChannelClearing(_) => None,
        }
    }

    /// What it is for.
    pub const fn purpose(self) -> Purpose {
        match self {
            Account::PayerAvailable(_) | Account::MerchantAvailable(_) => Purpose::Available,
            Account::PayerHeld(_) => Purpose::Held,
            Account::MerchantPending(_) => Purpose::Pending,
            Account::MerchantFrozen(_) => Purpose::Frozen,
            Account::PlatformFees => Purpose::Fees,
            Account::RefundsInFlight => Purpose::Refunds,
            Account::TransfersInFlight => Purpose::Transfers,
            Account::WithdrawalsInFlight => Purpose::Withdrawals,
            Account::UtilitiesInFlight => Purpose::Utilities,
            Account::Suspense => Purpose::Suspense,
            Account::BillersClearing | Account::ChannelClearing(_) => Purpose::Clearing,
        }
    }

    /// The account with this currency.
    pub const fn of(self, currency: Currency) -> AccountKey {
        AccountKey { account: self, currency }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Account::PayerAvailable(payer) => write!(f, "payer/{payer}/available"),
            Account::PayerHeld(payer) => write!(f, "payer/{payer}/held"),
            Account::MerchantPending(merchant) => write!(f, "merchant/{merchant}/pending"),
            Account::MerchantAvailable(merchant) => write!(f, "merchant/{merchant}/available"),
            Account::MerchantFrozen(merchant) => write!(f, "merchant/{merchant}/frozen"),
            Account::PlatformFees => f.write_str("platform/fees"),
            Account::RefundsInFlight => f.write_str("platform/refunds"),
            Account::TransfersInFlight => f.write_str("platform/transfers"),
            Account::WithdrawalsInFlight => f.write_str("platform/withdrawals"),
            Account::UtilitiesInFlight => f.write_str("platform/utilities"),
            Account::BillersClearing => f.write_str("platform/billers"),
            Account::Suspense => f.write_str("platform/suspense"),
            Account::ChannelClearing(channel) => write!(f, "channel/{}/clearing", channel.name()),
        }
    }
}

/// A text that is not the name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAccount;

impl FromStr for Account {
    type Err = NotAnAccount;

    fn from_str(name: &str) -> Result<Account, NotAnAccount> {
        let mut parts = name.split('/');
        let (Some(owner), Some(second), third, None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAnAccount);
        };
        let payer = || second.parse().map_err(|_| NotAnAccount);
        let merchant = || second.parse().map_err(|_| NotAnAccount);
        match (owner, second, third) {
            ("payer", _, Some("available")) => payer().map(Account::PayerAvailable),
            ("payer", _, Some("held")) => payer().map(Account::PayerHeld),
            ("merchant", _, Some("pending")) => merchant().map(Account::MerchantPending),
            ("merchant", _, Some("available")) => merchant().map(Account::MerchantAvailable),
            ("merchant", _, Some("frozen")) => merchant().map(Account::MerchantFrozen),
            ("platform", "fees", None) => Ok(Account::PlatformFees),
            ("platform", "refunds", None) => Ok(Account::RefundsInFlight),
            ("platform", "transfers", None) => Ok(Account::TransfersInFlight),
            ("platform", "withdrawals", None) => Ok(Account::WithdrawalsInFlight),
            ("platform", "utilities", None) => Ok(Account::UtilitiesInFlight),
            ("platform", "billers", None) => Ok(Account::BillersClearing),
            ("platform", "suspense", None) => Ok(Account::Suspense),
            ("channel", "sandbox_bank", Some("clearing")) => {
                Ok(Account::ChannelClearing(Channel::SandboxBank))
            }
            _ => Err(NotAnAccount),
        }
    }
}

/// An account in one currency: what balances are kept for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// The account.
    pub account: Account,
    /// The currency.
    pub currency: Currency,
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.currency)
    }
}

impl FromStr for AccountKey {
    type Err = NotAnAccount;

    fn from_str(name: &str) -> Result<AccountKey, NotAnAccount> {
        let (account, currency) = name.rsplit_once('/').ok_or(NotAnAccount)?;
        let currency = Currency::parse(currency).map_err(|_| NotAnAccount)?;
        Ok(AccountKey { account: account.parse()?, currency })
    }
}

/// The running totals of one account, and the end of its chain of entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountState {
    /// Sum of all debits, in minor units.
    pub debits: i64,
    /// Sum of all credits, in minor units.
    pub credits: i64,
    /// How many postings touched it.
    pub entries: u64,
    /// The number of the last posting that touched it; 0 is none.
    pub head: u64,
}

impl AccountState {
    /// Credits minus debits, in minor units.
    pub const fn balance(&self) -> i64 {
        self.credits.saturating_sub(self.debits)
    }

    /// The state after posting number `number` debits `amount`; `None` on overflow.
    #[must_use]
    pub fn debit(self, number: u64, amount: Amount) -> Option<AccountState> {
        let debits = self.debits.checked_add(amount.minor())?;
        Some(AccountState { debits, entries: self.entries.checked_add(1)?, head: number, ..self })
    }

    /// The state after posting number `number` credits `amount`; `None` on overflow.
    #[must_use]
    pub fn credit(self, number: u64, amount: Amount) -> Option<AccountState> {
        let credits = self.credits.checked_add(amount.minor())?;
        Some(AccountState { credits, entries: self.entries.checked_add(1)?, head: number, ..self })
    }
}
