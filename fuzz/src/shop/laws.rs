//! What must hold in a shop after every step, whatever happened: each account is explained by the payments and
//! refunds there are.

use std::collections::BTreeMap;

use tongbao_core::{
    ledger::{Account, Channel},
    payment::{AttemptStatus, Method, Payment, Status},
    refund::{Origin, Refund, RefundStatus, Target},
};
use tongbao_money::Currency;
use tongbao_store::{Page, Query, Store, verify::verify};

use super::World;

/// All payments and refunds of a world at one moment.
#[derive(Debug)]
pub struct Picture {
    payments: Vec<Payment>,
    refunds: Vec<Refund>,
}

impl Picture {
    /// Reads them.
    pub fn of(store: &dyn Store, world: &World) -> Picture {
        let payments = world.payments.iter().map(|id| store.get::<Payment>(*id));
        let refunds = world.refunds.iter().map(|id| store.get::<Refund>(*id));
        let payments: Result<Option<Vec<_>>, _> = payments.collect();
        let refunds: Result<Option<Vec<_>>, _> = refunds.collect();
        let (payments, refunds) = (payments.expect("readable"), refunds.expect("readable"));
        Picture {
            payments: payments.expect("what was made is there"),
            refunds: refunds.expect("what was made is there"),
        }
    }

    /// What is paid stays paid, what is closed stays closed, and versions grow by one.
    pub fn follows(&self, before: &Picture) {
        for (before, after) in before.payments.iter().zip(&self.payments) {
            let step = after.version - before.version;
            assert!(step <= 1, "{before:?} became {after:?}");
            assert!(step == 1 || before == after, "{before:?} changed without a version");
            let settled = matches!(before.status, Status::Succeeded | Status::Closed);
            assert!(!settled || before.status == after.status, "{before:?} became {after:?}");
            assert!(after.refunded >= before.refunded, "{before:?} became {after:?}");
        }
        for (before, after) in before.refunds.iter().zip(&self.refunds) {
            let kept = before.status != RefundStatus::Succeeded || after.status == RefundStatus::Succeeded;
            assert!(kept && before.money == after.money, "{before:?} became {after:?}");
        }
    }

    /// Each payment and refund is sound by itself.
    pub fn is_sound(&self) {
        for payment in &self.payments {
            let paid =
                payment.attempts.iter().filter(|attempt| attempt.status == AttemptStatus::Succeeded).count();
            assert_eq!(paid, usize::from(payment.status == Status::Succeeded), "{payment:?}");
            let pending =
                payment.attempts.iter().filter(|attempt| attempt.status == AttemptStatus::Processing).count();
            let waits = match payment.status {
                Status::Processing => pending == 1,
                Status::Open | Status::Closed => pending == 0,
                // One that had failed may have paid it while another was under way.
                Status::Succeeded => pending <= 1,
            };
            assert!(waits, "{payment:?}");
            assert!(payment.refunded <= payment.refund_claimed, "{payment:?}");
            assert!(payment.fee_returned <= payment.fee, "{payment:?}");
            let claimed = payment.refund_claimed <= payment.money.amount;
            // A refund that had failed and was paid after all is a fact: it may pass the amount.
            assert!(
                claimed || self.asked_of(payment).any(|refund| refund.succeeded_at.is_some()),
                "{payment:?}"
            );
            let open = |refund: &&Refund| refund.status != RefundStatus::Failed;
            let sum: i64 =
                self.asked_of(payment).filter(open).map(|refund| refund.money.amount.minor()).sum();
            assert_eq!(sum, payment.refund_claimed.minor(), "{payment:?} {:?}", self.refunds);
        }
    }

    /// The refunds that the merchant asked for.
    fn asked_of<'a>(&'a self, payment: &'a Payment) -> impl Iterator<Item = &'a Refund> {
        let asked = |refund: &&Refund| refund.origin != Origin::Unexpected;
        self.refunds.iter().filter(asked).filter(move |refund| refund.payment == payment.id)
    }

    /// The balance of every account is what payments and refunds make it.
    pub fn explains(&self, store: &dyn Store, world: &World) {
        for currency in [Currency::CNY, Currency::parse("USD").expect("ISO 4217 has it")] {
            let balance = |account: Account| store.account(account.of(currency)).expect("readable").balance();
            let home = currency == Currency::CNY;
            let refunds = |keep: &dyn Fn(&Refund) -> bool| -> i64 {
                let kept =
                    self.refunds.iter().filter(|refund| refund.money.currency == currency && keep(refund));
                kept.map(|refund| refund.money.amount.minor()).sum()
            };
            let paid = self.payments.iter().filter(|payment| home && payment.status == Status::Succeeded);
            let fees: i64 =
                paid.clone().map(|payment| payment.fee.minor() - payment.fee_returned.minor()).sum();
            assert_eq!(balance(Account::PlatformFees), fees, "fees");
            let waiting = [RefundStatus::Accepted, RefundStatus::Processing, RefundStatus::Abnormal];
            let in_flight = refunds(&|refund| waiting.contains(&refund.status));
            assert_eq!(balance(Account::RefundsInFlight), in_flight, "refunds in flight");
            let taken: i64 = paid.clone().map(|payment| payment.money.amount.minor()).sum();
            let asked = refunds(&|refund| {
                refund.origin != Origin::Unexpected && refund.status != RefundStatus::Failed
            });
            let merchant = world.merchant.map_or(0, |merchant| balance(Account::MerchantPending(merchant)));
            assert_eq!(merchant + balance(Account::Suspense), taken - fees - asked, "the merchant's money");
            let by_bank =
                |payment: &&Payment| payment.paid_by().is_some_and(|paid| paid.method == Method::SandboxBank);
            let came: i64 = paid.filter(by_bank).map(|payment| payment.money.amount.minor()).sum();
            let unasked = refunds(&|refund| refund.origin == Origin::Unexpected);
            let through_bank = Target::Channel(Channel::SandboxBank);
            let went =
                refunds(&|refund| refund.status == RefundStatus::Succeeded && refund.target == through_bank);
            let topped_up: i64 = if home { world.topped_up.values().sum() } else { 0 };
            let clearing = balance(Account::ChannelClearing(Channel::SandboxBank));
            assert_eq!(clearing, went - came - unasked - topped_up, "the channel's money");
        }
        self.explains_purses(store, world);
    }

    fn explains_purses(&self, store: &dyn Store, world: &World) {
        let balance =
            |account: Account| store.account(account.of(Currency::CNY)).expect("readable").balance();
        for payer in &world.payers {
            let of_payer = |method: &Method| *method == Method::Balance;
            let held: i64 = self
                .payments
                .iter()
                .filter(|payment| {
                    payment.pending().is_some_and(|it| it.payer == *payer && of_payer(&it.method))
                })
                .map(|payment| payment.money.amount.minor())
                .sum();
            assert_eq!(balance(Account::PayerHeld(*payer)), held, "money held");
            let paid = |payment: &&Payment| {
                payment.paid_by().is_some_and(|it| it.payer == *payer && of_payer(&it.method))
            };
            let spent: i64 = self
                .payments
                .iter()
                .filter(paid)
                .map(|payment| payment.money.amount.minor() - payment.refunded.minor())
                .sum();
            let brought = world.topped_up.get(payer).copied().unwrap_or_default();
            assert_eq!(balance(Account::PayerAvailable(*payer)), brought - spent - held, "a purse");
        }
    }
}

/// Debits are credits in every currency.
pub fn balances(store: &dyn Store) {
    let Ok(Page::Trial(lines)) = store.read(Query::Trial) else { panic!("no trial balance") };
    let sums: BTreeMap<Currency, i128> =
        lines.iter().map(|line| (line.currency, line.debits - line.credits)).collect();
    assert!(sums.values().all(|sum| *sum == 0), "{sums:?}");
}

/// The verifier finds nothing.
pub fn verifies(store: &dyn Store) {
    let report = verify(store, &mut |_| ()).expect("readable");
    assert!(report.is_clean(), "{:?}", report.findings);
}
