//! Money: every balance, worked out from what the records say happened and from what the channel knows it did.

use std::collections::{BTreeMap, BTreeSet};

use tongbao_core::{
    Id,
    event::{Alarm, AlarmKind},
    ledger::{Account, AccountKey, Channel, Reason},
    payment::{Method, Payment, Status},
    profit_sharing::{SharingOrder, SharingReturn, giving_back::ReturnResult},
    refund::{Origin, Refund, RefundStatus, Target},
    transfer::{Transfer, TransferStatus},
};
use tongbao_money::{Currency, Money};

use super::Holdings;
use crate::state::State;

/// What each account should have.
#[derive(Default)]
struct Should(BTreeMap<AccountKey, i64>);

impl Should {
    fn add(&mut self, account: Account, currency: Currency, minor: i64) {
        let sum = self.0.entry(account.of(currency)).or_default();
        *sum = sum.saturating_add(minor);
    }

    fn give(&mut self, account: Account, money: Money) {
        self.add(account, money.currency, money.amount.minor());
    }

    fn take(&mut self, account: Account, money: Money) {
        self.add(account, money.currency, money.amount.minor().saturating_neg());
    }
}

/// Refunds that were paid out without cover: what suspense is short of, each with its alarm.
fn uncovered(held: &Holdings, found: &mut Vec<String>) -> BTreeSet<Id> {
    let mut net: BTreeMap<Id, i64> = BTreeMap::new();
    for line in &held.postings {
        let is_suspense = |number| held.names.get(number).is_some_and(|key| key.account == Account::Suspense);
        let change = match (is_suspense(&line.debit), is_suspense(&line.credit)) {
            (true, false) => line.amount.saturating_neg(),
            (false, true) => line.amount,
            _ => continue,
        };
        let sum = net.entry(line.subject).or_default();
        *sum = sum.saturating_add(change);
        let known = Reason::from_code(line.reason);
        if !matches!(known, Some(Reason::Unexpected | Reason::Return | Reason::Refund)) {
            found.push(format!("posting {} moves suspense for {known:?}", line.number));
        }
    }
    net.retain(|_, sum| *sum != 0);
    for (subject, sum) in &net {
        let alarmed = held.all::<Alarm>().any(|alarm| {
            alarm.subject == *subject && alarm.kind == AlarmKind::RefundPaidAfterFailed && *sum < 0
        });
        if !alarmed {
            found.push(format!("{sum} is left in suspense for {subject}, and nobody was told"));
        }
    }
    net.into_keys().collect()
}

fn payments(held: &Holdings, should: &mut Should, found: &mut Vec<String>) {
    for payment in held.all::<Payment>().filter(|payment| payment.status == Status::Succeeded) {
        let Some(paid) = payment.paid_by() else {
            found.push(format!("{} was paid by nothing", payment.id));
            continue;
        };
        if payment.fee != payment.fee_rate.of(payment.money.amount) {
            found.push(format!("{} has the fee {:?}", payment.id, payment.fee));
        }
        if paid.method == Method::Balance {
            should.take(Account::PayerAvailable(paid.payer), payment.money);
        }
        let fee = Money { amount: payment.fee, ..payment.money };
        should.give(Account::MerchantPending(payment.merchant), payment.money);
        should.take(Account::MerchantPending(payment.merchant), fee);
        should.give(Account::PlatformFees, fee);
    }
}

fn refunds(held: &Holdings, uncovered: &BTreeSet<Id>, should: &mut Should) {
    for refund in held.all::<Refund>() {
        let (is_claimed, in_flight) = match refund.status {
            RefundStatus::Accepted | RefundStatus::Processing => (true, true),
            RefundStatus::Succeeded => (true, false),
            RefundStatus::Failed => (false, false),
            RefundStatus::Abnormal => (false, true),
        };
        if in_flight {
            should.give(Account::RefundsInFlight, refund.money);
        }
        let by_merchant = matches!(refund.origin, Origin::Merchant(_));
        if is_claimed && by_merchant {
            let fee = Money { amount: refund.fee, ..refund.money };
            let from = if uncovered.contains(&refund.id.into()) {
                Account::Suspense
            } else {
                Account::MerchantPending(refund.merchant)
            };
            should.take(from, refund.money);
            should.give(from, fee);
            should.take(Account::PlatformFees, fee);
        }
        if let (RefundStatus::Succeeded, Target::Balance(payer)) = (refund.status, refund.target) {
            should.give(Account::PayerAvailable(payer), refund.money);
        }
    }
}

fn transfers(held: &Holdings, should: &mut Should) {
    for transfer in held.all::<Transfer>() {
        let from = transfer.sender.account();
        match transfer.status {
            TransferStatus::Offered => {
                should.take(from, transfer.money);
                should.give(Account::TransfersInFlight, transfer.money);
            }
            TransferStatus::Accepted => {
                should.take(from, transfer.money);
                should.give(Account::PayerAvailable(transfer.recipient), transfer.money);
            }
            TransferStatus::Returned(_) => {}
        }
    }
}

fn shares(held: &Holdings, state: &State, should: &mut Should) {
    for order in held.all::<SharingOrder>() {
        for share in &order.shares {
            let money = Money { amount: share.amount, ..order.shared };
            should.take(Account::MerchantPending(order.merchant), money);
            should.give(share.account.account(), money);
        }
    }
    for back in held.all::<SharingReturn>().filter(|it| it.result == ReturnResult::Succeeded) {
        let of = |shop: &&crate::state::Shop| shop.mchid == back.return_mchid;
        let Some(shop) = state.shops.iter().find(of) else { continue };
        should.take(Account::MerchantPending(shop.merchant), back.money);
        should.give(Account::MerchantPending(back.merchant), back.money);
    }
}

/// Compares every balance with what it should be.
pub(super) fn check(held: &Holdings, state: &State, found: &mut Vec<String>) {
    let mut should = Should::default();
    let uncovered = uncovered(held, found);
    for person in &state.persons {
        should.add(Account::PayerAvailable(person.id), Currency::CNY, person.had);
    }
    payments(held, &mut should, found);
    refunds(held, &uncovered, &mut should);
    transfers(held, &mut should);
    shares(held, state, &mut should);
    let currencies: BTreeSet<Currency> = held.accounts.keys().map(|key| key.currency).collect();
    for currency in currencies {
        let with_bank = state.bank.holds(currency).saturating_neg();
        should.add(Account::ChannelClearing(Channel::SandboxBank), currency, with_bank);
        let total: i64 =
            held.accounts.iter().filter(|(key, _)| key.currency == currency).map(|(_, sum)| *sum).sum();
        if total != 0 {
            found.push(format!("the accounts in {currency} come to {total}"));
        }
    }
    compare(held, &should, found);
    floors(held, found);
    payouts(held, state, found);
}

/// What a merchant has frozen counts with its takings: which of them is frozen is the sharing's to say.
fn compare(held: &Holdings, should: &Should, found: &mut Vec<String>) {
    let mut has: BTreeMap<AccountKey, i64> = BTreeMap::new();
    for (key, balance) in &held.accounts {
        let account = match key.account {
            Account::MerchantFrozen(merchant) => Account::MerchantPending(merchant),
            other => other,
        };
        let sum = has.entry(account.of(key.currency)).or_default();
        *sum = sum.saturating_add(*balance);
    }
    let all: BTreeSet<AccountKey> = has.keys().chain(should.0.keys()).copied().collect();
    for key in all {
        let (is, ought) = (has.get(&key).copied(), should.0.get(&key).copied());
        if is.unwrap_or_default() != ought.unwrap_or_default() {
            found.push(format!("{key} has {is:?} and should have {ought:?}"));
        }
    }
}

fn floors(held: &Holdings, found: &mut Vec<String>) {
    for (key, balance) in &held.accounts {
        if key.account.floor().is_some_and(|floor| *balance < floor) {
            found.push(format!("{key} is at {balance}"));
        }
        let ends_at_zero = matches!(
            key.account,
            Account::PayerHeld(_)
                | Account::MerchantFrozen(_)
                | Account::TransfersInFlight
                | Account::WithdrawalsInFlight
                | Account::UtilitiesInFlight
        );
        if ends_at_zero && *balance != 0 {
            found.push(format!("{balance} is left in {key}"));
        }
    }
}

/// What the channel paid out and took, payment by payment: never more back than was taken unless it said that a
/// refund had failed; everything it took is either the payment or on its way back.
fn payouts(held: &Holdings, state: &State, found: &mut Vec<String>) {
    for payment in held.all::<Payment>() {
        let refunds = || held.all::<Refund>().filter(|refund| refund.payment == payment.id);
        let lied = held.all::<Alarm>().any(|alarm| {
            alarm.kind == AlarmKind::RefundPaidAfterFailed
                && refunds().any(|refund| Id::from(refund.id) == alarm.subject)
        });
        let deals = || state.bank.deals.values().filter(|deal| deal.payment == payment.id);
        let mut currencies: BTreeSet<Currency> =
            deals().flat_map(|deal| &deal.movements).map(|it| it.money.currency).collect();
        currencies.insert(payment.money.currency);
        for currency in currencies {
            let of = |money: Money| if money.currency == currency { money.amount.minor() } else { 0 };
            let taken: i64 = deals().flat_map(|deal| &deal.movements).map(|it| of(it.money)).sum();
            let paid = state.bank.payouts.values().filter(|it| it.payment == payment.id && it.is_paid());
            let paid_out: i64 = paid.map(|it| of(it.money)).sum();
            if paid_out > taken && !lied {
                found.push(format!("{} had {taken} {currency} and {paid_out} was paid out", payment.id));
            }
            let by_channel = payment.paid_by().is_some_and(|paid| paid.method != Method::Balance);
            let kept = if by_channel { of(payment.money) } else { 0 };
            let unexpected = refunds().filter(|refund| refund.origin == Origin::Unexpected);
            let sent_back: i64 = unexpected.map(|refund| of(refund.money)).sum();
            if taken != kept.saturating_add(sent_back) {
                found.push(format!(
                    "{} took {taken} {currency}: {kept} paid it and {sent_back} was sent back",
                    payment.id
                ));
            }
        }
        let claimed: i64 = refunds()
            .filter(|refund| refund.refund_no().is_some() && refund.status != RefundStatus::Failed)
            .map(|refund| refund.money.amount.minor())
            .sum();
        if claimed != payment.refund_claimed.minor() || (claimed > payment.money.amount.minor() && !lied) {
            found.push(format!("{} has refunds of {claimed}", payment.id));
        }
    }
}
