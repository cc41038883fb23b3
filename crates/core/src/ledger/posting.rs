//! A posting moves one amount of one currency from one account to another, so an unbalanced journal
//! cannot be written down.

use tongbao_money::Money;

use super::{Account, AccountKey};
use crate::Id;

/// One line of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account that gives.
    pub debit: Account,
    /// The account that gets.
    pub credit: Account,
    /// How much; never zero.
    pub money: Money,
    /// Which template wrote it.
    pub reason: Reason,
    /// The payment, refund or other thing it was written for.
    pub subject: Id,
}

impl Posting {
    /// The account that gives, in the posting's currency.
    pub const fn debit_key(&self) -> AccountKey {
        self.debit.of(self.money.currency)
    }

    /// The account that gets, in the posting's currency.
    pub const fn credit_key(&self) -> AccountKey {
        self.credit.of(self.money.currency)
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// Why money moved: the line of the template.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $name),* }

        impl Reason {
            /// The number in the store; never reused.
            pub const fn code(self) -> u8 {
                match self { $(Reason::$name => $code),* }
            }

            /// The reason with this number.
            pub const fn from_code(code: u8) -> Option<Reason> {
                match code { $($code => Some(Reason::$name),)* _ => None }
            }

            /// The name in statements.
            pub const fn name(self) -> &'static str {
                match self { $(Reason::$name => $text),* }
            }
        }
    };
}

reasons! {
    /// A payer's money came in from a channel.
    TopUp = 1, "top_up";
    /// A payment was paid.
    Payment = 2, "payment";
    /// The platform's fee for a payment.
    Fee = 3, "fee";
    /// Money was set aside for an attempt.
    Hold = 4, "hold";
    /// Money set aside was given back.
    Release = 5, "release";
    /// A refund was taken from the merchant.
    Refund = 6, "refund";
    /// The part of the fee that goes back with a refund.
    FeeReturn = 7, "fee_return";
    /// A refund reached the payer.
    RefundPaid = 8, "refund_paid";
    /// A refund failed and went back to the merchant.
    RefundFailed = 9, "refund_failed";
    /// The fee is charged again because the refund failed.
    FeeAgain = 10, "fee_again";
    /// Money came that nobody asked for.
    Unexpected = 11, "unexpected";
    /// Money nobody asked for is on its way back.
    Return = 12, "return";
    /// A transfer was taken from its sender.
    Transfer = 13, "transfer";
    /// A transfer was accepted.
    TransferAccepted = 14, "transfer_accepted";
    /// A transfer that was not accepted went back.
    TransferReturned = 15, "transfer_returned";
    /// What was paid is frozen until it is shared.
    Freeze = 16, "freeze";
    /// What was frozen is the merchant's to use.
    Unfreeze = 17, "unfreeze";
    /// A share of frozen money.
    Share = 18, "share";
    /// A share was given back.
    ShareReturned = 19, "share_returned";
    /// A withdrawal was taken from its payer.
    Withdrawal = 55, "withdrawal";
    /// The fee for a withdrawal was taken with it.
    WithdrawalFee = 56, "withdrawal_fee";
    /// The bank paid a withdrawal.
    WithdrawalPaid = 57, "withdrawal_paid";
    /// The fee for a withdrawal was earned.
    WithdrawalFeeEarned = 58, "withdrawal_fee_earned";
    /// A withdrawal that came to nothing went back to its payer.
    WithdrawalReturned = 59, "withdrawal_returned";
    /// Its fee went back with it.
    WithdrawalFeeReturned = 65, "withdrawal_fee_returned";
    /// What the bank had paid of a withdrawal came back.
    WithdrawalBounced = 66, "withdrawal_bounced";
    /// A payer's transfer went to its recipient at once.
    TransferAtOnce = 60, "transfer_at_once";
    /// A utility payment was taken from its payer.
    Utility = 75, "utility";
    /// A biller has booked a utility payment.
    UtilityPaid = 76, "utility_paid";
    /// A utility payment that a biller refused went back to its payer.
    UtilityReturned = 77, "utility_returned";
    /// A fare was paid after the ride.
    Fare = 90, "fare";
    /// The platform's fee for a fare.
    FareFee = 91, "fare_fee";
}
