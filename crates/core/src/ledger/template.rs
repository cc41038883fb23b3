//! The templates: the only functions that write postings. Each balances for all amounts because each
//! line does; the property tests also prove what every template does to every account.

use tongbao_money::{Amount, Money};

use super::{Account, Channel, Posting, Reason};
use crate::{
    Id,
    id::{MerchantId, PayerId},
};

fn line(reason: Reason, debit: Account, credit: Account, money: Money, subject: Id) -> Option<Posting> {
    (!money.amount.is_zero()).then_some(Posting { debit, credit, money, reason, subject })
}

fn with(money: Money, amount: Amount) -> Money {
    Money { amount, ..money }
}

/// A payer's balance grows by what a channel took in.
pub fn top_up(channel: Channel, payer: PayerId, money: Money, subject: Id) -> Vec<Posting> {
    let from = Account::ChannelClearing(channel);
    line(Reason::TopUp, from, Account::PayerAvailable(payer), money, subject).into_iter().collect()
}

/// A payment of `money` reaches the merchant from `source`, less the fee.
pub fn payment(
    source: Account,
    merchant: MerchantId,
    money: Money,
    fee: Amount,
    subject: Id,
) -> Vec<Posting> {
    let pending = Account::MerchantPending(merchant);
    let paid = line(Reason::Payment, source, pending, money, subject);
    let fee = line(Reason::Fee, pending, Account::PlatformFees, with(money, fee), subject);
    paid.into_iter().chain(fee).collect()
}

/// Sets a payer's money aside until an attempt's result is known.
pub fn hold(payer: PayerId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::PayerAvailable(payer), Account::PayerHeld(payer));
    line(Reason::Hold, from, to, money, subject).into_iter().collect()
}

/// Gives back what [`hold`] set aside.
pub fn release(payer: PayerId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::PayerHeld(payer), Account::PayerAvailable(payer));
    line(Reason::Release, from, to, money, subject).into_iter().collect()
}

/// Takes a refund from the merchant, returning `fee` of the fee with it.
pub fn refund(merchant: MerchantId, money: Money, fee: Amount, subject: Id) -> Vec<Posting> {
    let pending = Account::MerchantPending(merchant);
    let back = line(Reason::FeeReturn, Account::PlatformFees, pending, with(money, fee), subject);
    let taken = line(Reason::Refund, pending, Account::RefundsInFlight, money, subject);
    back.into_iter().chain(taken).collect()
}

/// A refund in flight arrives at `target`: the payer's balance, or the channel that paid it out.
pub fn refund_paid(target: Account, money: Money, subject: Id) -> Vec<Posting> {
    line(Reason::RefundPaid, Account::RefundsInFlight, target, money, subject).into_iter().collect()
}

/// A refund in flight failed: the merchant has its money back, the platform its fee.
pub fn refund_failed(merchant: MerchantId, money: Money, fee: Amount, subject: Id) -> Vec<Posting> {
    let pending = Account::MerchantPending(merchant);
    let back = line(Reason::RefundFailed, Account::RefundsInFlight, pending, money, subject);
    let fee = line(Reason::FeeAgain, pending, Account::PlatformFees, with(money, fee), subject);
    back.into_iter().chain(fee).collect()
}

/// A refund that had failed was paid after all, and the merchant's takings cover it.
pub fn refund_after_all(
    merchant: MerchantId,
    target: Account,
    money: Money,
    fee: Amount,
    subject: Id,
) -> Vec<Posting> {
    let taken = refund(merchant, money, fee, subject);
    taken.into_iter().chain(refund_paid(target, money, subject)).collect()
}

/// A refund that had failed was paid after all, and the merchant's takings do not cover it: it rests in
/// suspense, where it is an alarm of its own until somebody settles it.
pub fn refund_uncovered(target: Account, money: Money, subject: Id) -> Vec<Posting> {
    let taken = line(Reason::Refund, Account::Suspense, Account::RefundsInFlight, money, subject);
    taken.into_iter().chain(refund_paid(target, money, subject)).collect()
}

/// Money nobody asked for came in and starts its way back at once.
pub fn unexpected(channel: Channel, money: Money, subject: Id) -> Vec<Posting> {
    let from = Account::ChannelClearing(channel);
    let came = line(Reason::Unexpected, from, Account::Suspense, money, subject);
    let back = line(Reason::Return, Account::Suspense, Account::RefundsInFlight, money, subject);
    came.into_iter().chain(back).collect()
}

/// A transfer leaves the account of its sender and waits for its recipient.
pub fn transfer(source: Account, money: Money, subject: Id) -> Vec<Posting> {
    line(Reason::Transfer, source, Account::TransfersInFlight, money, subject).into_iter().collect()
}

/// The recipient accepts a transfer.
pub fn transfer_accepted(recipient: PayerId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::TransfersInFlight, Account::PayerAvailable(recipient));
    line(Reason::TransferAccepted, from, to, money, subject).into_iter().collect()
}

/// A transfer that was not accepted goes back to the account it came from.
pub fn transfer_returned(source: Account, money: Money, subject: Id) -> Vec<Posting> {
    line(Reason::TransferReturned, Account::TransfersInFlight, source, money, subject).into_iter().collect()
}

/// A payer's transfer that its recipient has at once.
pub fn transfer_at_once(sender: PayerId, recipient: PayerId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::PayerAvailable(sender), Account::PayerAvailable(recipient));
    line(Reason::TransferAtOnce, from, to, money, subject).into_iter().collect()
}

/// What a merchant was paid is frozen until it is shared.
pub fn freeze(merchant: MerchantId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::MerchantPending(merchant), Account::MerchantFrozen(merchant));
    line(Reason::Freeze, from, to, money, subject).into_iter().collect()
}

/// What was frozen goes to the merchant's other takings.
pub fn unfreeze(merchant: MerchantId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::MerchantFrozen(merchant), Account::MerchantPending(merchant));
    line(Reason::Unfreeze, from, to, money, subject).into_iter().collect()
}

/// A share of a merchant's frozen money goes to the account of its receiver.
pub fn share(merchant: MerchantId, receiver: Account, money: Money, subject: Id) -> Vec<Posting> {
    let from = Account::MerchantFrozen(merchant);
    line(Reason::Share, from, receiver, money, subject).into_iter().collect()
}

/// A merchant gives a share back to another, whose other takings it joins.
pub fn share_returned(receiver: MerchantId, merchant: MerchantId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::MerchantPending(receiver), Account::MerchantPending(merchant));
    line(Reason::ShareReturned, from, to, money, subject).into_iter().collect()
}

/// A withdrawal and its fee leave the balance and wait for the bank.
pub fn withdrawal(payer: PayerId, money: Money, fee: Amount, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::PayerAvailable(payer), Account::WithdrawalsInFlight);
    let taken = line(Reason::Withdrawal, from, to, money, subject);
    let fee = line(Reason::WithdrawalFee, from, to, with(money, fee), subject);
    taken.into_iter().chain(fee).collect()
}

/// The bank paid a withdrawal, and its fee is earned.
pub fn withdrawal_paid(channel: Channel, money: Money, fee: Amount, subject: Id) -> Vec<Posting> {
    let from = Account::WithdrawalsInFlight;
    let paid = line(Reason::WithdrawalPaid, from, Account::ChannelClearing(channel), money, subject);
    let fee = line(Reason::WithdrawalFeeEarned, from, Account::PlatformFees, with(money, fee), subject);
    paid.into_iter().chain(fee).collect()
}

/// A withdrawal came to nothing: the payer has money and fee back.
pub fn withdrawal_returned(payer: PayerId, money: Money, fee: Amount, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::WithdrawalsInFlight, Account::PayerAvailable(payer));
    let back = line(Reason::WithdrawalReturned, from, to, money, subject);
    let fee = line(Reason::WithdrawalFeeReturned, from, to, with(money, fee), subject);
    back.into_iter().chain(fee).collect()
}

/// A withdrawal that the bank had paid came back: the payer has money and fee back.
pub fn withdrawal_bounced(
    channel: Channel,
    payer: PayerId,
    money: Money,
    fee: Amount,
    subject: Id,
) -> Vec<Posting> {
    let between = Account::WithdrawalsInFlight;
    let back = line(Reason::WithdrawalBounced, Account::ChannelClearing(channel), between, money, subject);
    let fees = line(Reason::WithdrawalFeeReturned, Account::PlatformFees, between, with(money, fee), subject);
    let returned = withdrawal_returned(payer, money, fee, subject);
    back.into_iter().chain(fees).chain(returned).collect()
}

/// The bank paid what nobody's balance covers: it rests in suspense, where it is an alarm of its own.
pub fn withdrawal_uncovered(channel: Channel, money: Money, subject: Id) -> Vec<Posting> {
    let taken = line(Reason::Withdrawal, Account::Suspense, Account::WithdrawalsInFlight, money, subject);
    taken.into_iter().chain(withdrawal_paid(channel, money, Amount::ZERO, subject)).collect()
}

/// What [`withdrawal_uncovered`] booked came back from the bank.
pub fn withdrawal_uncovered_back(channel: Channel, money: Money, subject: Id) -> Vec<Posting> {
    let between = Account::WithdrawalsInFlight;
    let back = line(Reason::WithdrawalBounced, Account::ChannelClearing(channel), between, money, subject);
    let settled = line(Reason::WithdrawalReturned, between, Account::Suspense, money, subject);
    back.into_iter().chain(settled).collect()
}

/// A utility payment leaves the balance and waits for the biller.
pub fn utility(payer: PayerId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::PayerAvailable(payer), Account::UtilitiesInFlight);
    line(Reason::Utility, from, to, money, subject).into_iter().collect()
}

/// The biller has booked it and is owed the money.
pub fn utility_paid(money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::UtilitiesInFlight, Account::BillersClearing);
    line(Reason::UtilityPaid, from, to, money, subject).into_iter().collect()
}

/// The biller refused it: the payer has the money back.
pub fn utility_returned(payer: PayerId, money: Money, subject: Id) -> Vec<Posting> {
    let (from, to) = (Account::UtilitiesInFlight, Account::PayerAvailable(payer));
    line(Reason::UtilityReturned, from, to, money, subject).into_iter().collect()
}

/// A biller booked what nobody asked for: it rests in suspense, where it is an alarm of its own.
pub fn utility_surplus(money: Money, subject: Id) -> Vec<Posting> {
    let taken = line(Reason::Utility, Account::Suspense, Account::UtilitiesInFlight, money, subject);
    taken.into_iter().chain(utility_paid(money, subject)).collect()
}

/// A fare reaches the operator from the balance of who rode, less the fee.
pub fn fare(payer: PayerId, merchant: MerchantId, money: Money, fee: Amount, subject: Id) -> Vec<Posting> {
    let (from, pending) = (Account::PayerAvailable(payer), Account::MerchantPending(merchant));
    let paid = line(Reason::Fare, from, pending, money, subject);
    let fee = line(Reason::FareFee, pending, Account::PlatformFees, with(money, fee), subject);
    paid.into_iter().chain(fee).collect()
}
