//! From postings to movements: who moved money to whom.
//!
//! Money of which it is not settled yet whether it arrives rests in an account in between (transfers, withdrawals,
//! refunds, utility payments under way). Whose it was is remembered by the account and the subject until it leaves
//! there; the movement is told then. What goes back to where it came from is no movement. Fees are none, and neither
//! is what changes its place within one owner's accounts.
//!
//! So a withdrawal is told when the bank has paid, which for one of tomorrow is the next day; and a withdrawal that
//! bounced later stays told.

use std::collections::HashMap;

use tongbao_core::{
    Id,
    id::{PayerId, PaymentId, RefundId, TransferId, TypedId},
    ledger::{Account, Reason},
    payment::{Method, Payment},
    refund::Refund,
    transfer::Transfer,
};
use tongbao_money::{Amount, Money};
use tongbao_risk::{
    aml::{Movement, MovementKind, Party, Ties},
    features::EntityId,
};
use tongbao_store::{PostingLine, Store};

use super::journal::Journal;
use crate::output::Failure;

/// What an account is, seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Somebody's.
    Of(Party),
    /// Between two: money rests here until it is settled.
    Between(Way),
    /// The bank's side.
    Bank,
    /// The billers' side.
    Billers,
    /// The platform's own, or nobody's.
    Platform,
}

/// What is under way in an account between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    Refunds,
    Transfers,
    Withdrawals,
    Utilities,
}

/// The party that a payer is.
pub(super) fn party(payer: PayerId) -> Party {
    Party::Payer(EntityId(payer.uuid().as_u128()))
}

fn place(account: Account) -> Place {
    let of_merchant = |uuid: uuid::Uuid| Place::Of(Party::Merchant(EntityId(uuid.as_u128())));
    match account {
        Account::PayerAvailable(payer) | Account::PayerHeld(payer) => Place::Of(party(payer)),
        Account::MerchantPending(merchant)
        | Account::MerchantAvailable(merchant)
        | Account::MerchantFrozen(merchant) => of_merchant(merchant.uuid()),
        Account::RefundsInFlight => Place::Between(Way::Refunds),
        Account::TransfersInFlight => Place::Between(Way::Transfers),
        Account::WithdrawalsInFlight => Place::Between(Way::Withdrawals),
        Account::UtilitiesInFlight => Place::Between(Way::Utilities),
        Account::ChannelClearing(_) => Place::Bank,
        Account::BillersClearing => Place::Billers,
        Account::PlatformFees | Account::Suspense => Place::Platform,
    }
}

/// What rests between two.
#[derive(Clone, Copy, Debug)]
struct Resting {
    from: Party,
    left: Option<Amount>,
    minor: i64,
}

/// See the module.
pub(super) struct Movements<'a> {
    store: &'a dyn Store,
    journal: Journal<'a>,
    resting: HashMap<(Way, Id), Resting>,
    /// Postings that were read.
    pub(super) read: u64,
}

/// A posting and what it says.
struct Posted {
    line: PostingLine,
    money: Money,
    /// What is left of the available balance that it was taken from.
    left: Option<Amount>,
}

impl<'a> Movements<'a> {
    pub(super) fn of(store: &'a dyn Store) -> Result<Movements<'a>, Failure> {
        Ok(Movements { store, journal: Journal::open(store)?, resting: HashMap::new(), read: 0 })
    }

    /// The next movement.
    pub(super) fn next(&mut self) -> Result<Option<Movement>, Failure> {
        while let Some(line) = self.journal.next()? {
            self.read += 1;
            if let Some(movement) = self.told(line)? {
                return Ok(Some(movement));
            }
        }
        Ok(None)
    }

    fn told(&mut self, line: PostingLine) -> Result<Option<Movement>, Failure> {
        let (debit, credit) = (self.journal.account(line.debit)?, self.journal.account(line.credit)?);
        let amount = Amount::new(line.amount).ok_or("a posting has an amount that there is not")?;
        let is_available = matches!(debit.account, Account::PayerAvailable(_));
        let left = if is_available { Amount::new(line.debit_balance) } else { None };
        let posted = Posted { money: Money { amount, currency: debit.currency }, left, line };
        Ok(match (place(debit.account), place(credit.account)) {
            (Place::Of(from), Place::Of(to)) => posted.between(from, to),
            (Place::Of(from), Place::Between(way)) => {
                self.rest(way, from, &posted);
                None
            }
            (Place::Between(way), Place::Of(to)) => self.arrived(way, to, &posted)?,
            (Place::Between(way), Place::Bank) => self.left_us(way, &posted)?,
            (Place::Between(way), Place::Billers) => {
                let resting = self.settle(way, &posted);
                resting.and_then(|resting| posted.told(MovementKind::Utility, resting, Party::Outside))
            }
            (Place::Bank, Place::Of(to @ Party::Payer(_))) => {
                posted.movement(MovementKind::TopUp, Party::Outside, to, None, Ties::default())
            }
            (Place::Bank, Place::Of(to)) => self.paid_by_card(to, &posted)?,
            (Place::Between(way), Place::Platform) => {
                // A fee that rested with what it is for.
                self.settle(way, &posted);
                None
            }
            (Place::Between(_), Place::Between(_))
            | (Place::Bank | Place::Billers | Place::Platform, _)
            | (Place::Of(_), Place::Bank | Place::Billers | Place::Platform) => None,
        })
    }

    fn rest(&mut self, way: Way, from: Party, posted: &Posted) {
        let fresh = Resting { from, left: posted.left, minor: 0 };
        let resting = self.resting.entry((way, posted.line.subject)).or_insert(fresh);
        resting.minor = resting.minor.saturating_add(posted.line.amount);
        resting.left = posted.left;
    }

    /// Whose it was that now leaves; forgotten when all of it has left.
    fn settle(&mut self, way: Way, posted: &Posted) -> Option<Resting> {
        let key = (way, posted.line.subject);
        let resting = self.resting.get_mut(&key)?;
        resting.minor = resting.minor.saturating_sub(posted.line.amount);
        let settled = *resting;
        if settled.minor <= 0 {
            self.resting.remove(&key);
        }
        Some(settled)
    }

    fn arrived(&mut self, way: Way, to: Party, posted: &Posted) -> Result<Option<Movement>, Failure> {
        let resting = self.settle(way, posted);
        let kind = match way {
            Way::Refunds => MovementKind::Refund,
            Way::Transfers => MovementKind::Transfer,
            // It came back: the bank or the biller did not take it.
            Way::Withdrawals | Way::Utilities => return Ok(None),
        };
        let resting = match (resting, TransferId::try_from(posted.line.subject)) {
            (None, Ok(transfer)) => self.sender(transfer)?,
            (resting, _) => resting,
        };
        Ok(resting.and_then(|resting| posted.told(kind, resting, to)))
    }

    /// The sender of a detail of a batch, whose money rests under the batch's name.
    fn sender(&self, transfer: TransferId) -> Result<Option<Resting>, Failure> {
        let found = self.store.get::<Transfer>(transfer)?;
        Ok(found.and_then(|transfer| match place(transfer.sender.account()) {
            Place::Of(from) => Some(Resting { from, left: None, minor: 0 }),
            Place::Between(_) | Place::Bank | Place::Billers | Place::Platform => None,
        }))
    }

    fn left_us(&mut self, way: Way, posted: &Posted) -> Result<Option<Movement>, Failure> {
        let Some(resting) = self.settle(way, posted) else { return Ok(None) };
        Ok(match way {
            Way::Withdrawals => posted.told(MovementKind::Withdrawal, resting, Party::Outside),
            Way::Refunds => {
                let to = self.refunded(posted.line.subject)?;
                posted.told(MovementKind::Refund, resting, to)
            }
            Way::Transfers | Way::Utilities => None,
        })
    }

    /// Who paid what is refunded to a card.
    fn refunded(&self, subject: Id) -> Result<Party, Failure> {
        let Ok(refund) = RefundId::try_from(subject) else { return Ok(Party::Outside) };
        let refund = self.store.get::<Refund>(refund)?;
        let payment = refund.map(|refund| self.store.get::<Payment>(refund.payment)).transpose()?.flatten();
        let payer = payment.and_then(|payment| payment.paid_by().map(|attempt| attempt.payer));
        Ok(payer.map_or(Party::Outside, party))
    }

    fn paid_by_card(&self, to: Party, posted: &Posted) -> Result<Option<Movement>, Failure> {
        let Ok(payment) = PaymentId::try_from(posted.line.subject) else { return Ok(None) };
        let payment = self.store.get::<Payment>(payment)?;
        let paid_by = payment.as_ref().and_then(Payment::paid_by);
        let from = paid_by.map_or(Party::Outside, |attempt| party(attempt.payer));
        let card = paid_by.and_then(|attempt| match attempt.method {
            Method::Card(card) => Some(card.uuid().as_u128()),
            Method::Balance | Method::SandboxBank => None,
        });
        let ties = Ties { card, ..Ties::default() };
        Ok(posted.movement(MovementKind::Payment, from, to, None, ties))
    }
}

impl Posted {
    /// From one's account to another's at once.
    fn between(&self, from: Party, to: Party) -> Option<Movement> {
        let kind = match (from, to, Reason::from_code(self.line.reason)) {
            (Party::Payer(_), Party::Merchant(_), _) => MovementKind::Payment,
            (Party::Merchant(_), Party::Payer(_), Some(Reason::RefundPaid)) => MovementKind::Refund,
            _ => MovementKind::Transfer,
        };
        self.movement(kind, from, to, self.left, Ties::default())
    }

    fn told(&self, kind: MovementKind, resting: Resting, to: Party) -> Option<Movement> {
        self.movement(kind, resting.from, to, resting.left, Ties::default())
    }

    fn movement(
        &self,
        kind: MovementKind,
        from: Party,
        to: Party,
        left: Option<Amount>,
        ties: Ties,
    ) -> Option<Movement> {
        let (at_ms, id) = (self.line.at.ms(), EntityId(u128::from(self.line.number)));
        (from != to).then_some(Movement { at_ms, id, kind, from, to, money: self.money, left, ties })
    }
}
