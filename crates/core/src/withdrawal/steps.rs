//! From what happened to a withdrawal to what changes: postings, messages, tasks, the wallet's free sum.

use tongbao_money::{Amount, Currency, Money};
use tongbao_risk::choices::{Operation, Scene};

use super::{
    CHANNEL, Speed, Withdrawal, WithdrawalStatus,
    fee::{Quote, RULE},
    machine::{self, Happened, Input},
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, TaskKey, Work,
    bank::{BankTold, query_after_s},
    card,
    event::{self, AlarmKind},
    id::{CardId, PayerId, WithdrawalId},
    ledger::{Account, template},
    limits::{BOUNCE_QUERY_S, BOUNCE_WATCH_MS, REQUEST_NO_CHARS_MAX, WITHDRAWAL_AMOUNT_MAX},
    message::{self, Text},
    payer::{self, Payer, usage},
    payment::{Failure, Proof, Proofs, steps::after_proof},
    risk::{Asked, judged},
};

/// What a payer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWithdrawal {
    /// Whose balance.
    pub payer: PayerId,
    /// To which card.
    pub card: CardId,
    /// The number of the form; the same form again is the same withdrawal.
    pub request_no: String,
    /// What is to arrive.
    pub money: Money,
    /// When the bank is asked.
    pub speed: Speed,
    /// The fee that the payer was shown.
    pub fee_shown: Amount,
    /// What was proven.
    pub proofs: Proofs,
}

impl NewWithdrawal {
    /// Whether every field is within its limits; says which is not.
    pub fn check(&self) -> Result<(), Refusal> {
        let amount = self.money.amount;
        if self.money.currency != Currency::CNY || amount.is_zero() || amount > WITHDRAWAL_AMOUNT_MAX {
            return Err(Refusal::Invalid { param: "amount", must: "from 0.01 to 50,000 yuan" });
        }
        if self.request_no.is_empty() || self.request_no.len() > REQUEST_NO_CHARS_MAX {
            return Err(Refusal::Invalid { param: "request", must: "1 to 64 characters" });
        }
        Ok(())
    }
}

/// What the bank says of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// The money went out.
    Paid {
        /// What the bank calls the payout.
        reference: Option<String>,
    },
    /// It paid nothing.
    Failed(Failure),
    /// The money went out and came back.
    Bounced {
        /// What the bank calls the payout that came back.
        reference: Option<String>,
    },
    /// It works on it, or gives no answer. Never taken for a failure.
    Unknown,
}

/// What it costs a payer now to withdraw this much.
pub fn quote(facts: &dyn Facts, payer: PayerId, amount: Amount) -> Result<Quote, Stop> {
    let wallet = card::steps::wallet(facts, payer)?;
    Ok(RULE.quote(wallet.map_or(Amount::ZERO, |wallet| wallet.withdrawn_free), amount))
}

/// Plans a withdrawal after proofs that were found right. A payment password was counted by [`payer::try_password`];
/// its count starts again also when the withdrawal is refused. An equal form again finds the withdrawal it made.
pub fn plan_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewWithdrawal,
) -> Result<(ChangeSet, Result<Withdrawal, Refusal>), Stop> {
    judged(facts, cx, (asked(facts, new)?, &new.request_no, new.proofs), |cx| {
        let planned = plan(facts, cx, new);
        after_proof(facts, (new.payer, new.proofs), planned)
    })
}

/// What risk control is asked; nothing if the withdrawal was asked for before, or is refused whatever it says.
fn asked<'f>(facts: &'f dyn Facts, new: &NewWithdrawal) -> Result<Option<Asked<'f>>, Stop> {
    let number = Key::WithdrawalNo(new.payer, new.request_no.clone());
    if new.check().is_err() || facts.key(&number)?.is_some() {
        return Ok(None);
    }
    let payer = facts.get::<Payer>(new.payer)?.filter(|payer| payer.frozen.is_none());
    Ok(payer.map(|payer| Asked {
        operation: Operation::Withdrawal,
        scene: Scene::Web,
        money: new.money,
        payer,
        payee: None,
        card: Some(new.card),
        is_channel: false,
    }))
}

fn plan(facts: &dyn Facts, cx: &mut Context, new: &NewWithdrawal) -> Result<(ChangeSet, Withdrawal), Stop> {
    let mut change = ChangeSet::default();
    payer::able(facts, new.payer)?;
    new.check()?;
    if new.proofs.has(Proof::Password) {
        payer::password_was_right(facts, &mut change, new.payer)?;
    }
    let mut wallet = card::steps::next_wallet(facts, cx, new.payer)?;
    let id = cx.draw();
    if let Some(earlier) = facts.find::<Withdrawal>(&Key::WithdrawalNo(new.payer, new.request_no.clone()))? {
        if (earlier.card, earlier.money, earlier.speed) != (new.card, new.money, new.speed) {
            return Err(Refusal::Invalid { param: "request", must: "a number of its own" }.into());
        }
        return Ok((change, earlier.clone()));
    }
    let card = card::steps::usable_for_balance(facts, new.payer, new.card)?;
    let Quote { fee, free } = quote(facts, new.payer, new.money.amount)?;
    if fee != new.fee_shown {
        return Err(Refusal::FeeChanged.into());
    }
    if available(facts, new.payer, new.money.currency)? < cost(new.money.amount, fee) {
        return Err(Refusal::BalanceInsufficient.into());
    }
    usage::withdraw(facts, cx, &mut change, new.payer, new.money)?;
    wallet.withdrawn_free = wallet.withdrawn_free.plus(free).unwrap_or(wallet.withdrawn_free);
    let withdrawal = Withdrawal {
        id,
        version: 1,
        payer: new.payer,
        card: card.id,
        request_no: new.request_no.clone(),
        money: new.money,
        fee,
        free,
        speed: new.speed,
        status: WithdrawalStatus::Planned,
        failure: None,
        uncovered: false,
        reference: None,
        bounced: Vec::new(),
        surplus: Vec::new(),
        contradicted: false,
        created_at: cx.at(),
        due_at: new.speed.due_at(cx.at()),
        ended_at: None,
    };
    change.postings.extend(template::withdrawal(new.payer, new.money, fee, id.into()));
    change.tasks.push(Task::new(withdrawal.due_at, Work::SubmitWithdrawal(id)));
    change.put(wallet);
    change.put(withdrawal.clone());
    Ok((change, withdrawal))
}

fn available(facts: &dyn Facts, payer: PayerId, currency: Currency) -> Result<i64, Stop> {
    Ok(facts.account(&Account::PayerAvailable(payer).of(currency))?.balance())
}

const fn cost(amount: Amount, fee: Amount) -> i64 {
    amount.minor().saturating_add(fee.minor())
}

/// Hands a planned withdrawal over, before the bank is asked; gives whether it may be asked. One whose payer was frozen
/// meanwhile comes to nothing: no money leaves a frozen account. The worker must hold `lease`.
pub fn begin(
    facts: &dyn Facts,
    cx: &mut Context,
    id: WithdrawalId,
    lease: TaskKey,
) -> Result<(ChangeSet, bool), Stop> {
    lease.held(facts)?;
    let mut change = ChangeSet::default();
    let now = facts.get::<Withdrawal>(id)?.ok_or(Refusal::NotFound("withdrawal"))?;
    if now.status != WithdrawalStatus::Planned {
        return Ok((change, true));
    }
    let is_frozen = payer::known(facts, now.payer)?.frozen.is_some();
    let input = if is_frozen { Input::Stop } else { Input::Working };
    change.done.extend(is_frozen.then_some(lease));
    if let Some((next, happened)) = machine::decide(now, input, cx.at()) {
        let mut next = Withdrawal { version: now.version.saturating_add(1), ..next };
        apply(facts, cx, &mut change, &mut next, happened)?;
        change.put(next);
    }
    Ok((change, !is_frozen))
}

/// The bank's word on a withdrawal. `lease` is the task that asked, if one did.
pub fn hear(
    facts: &dyn Facts,
    cx: &mut Context,
    id: WithdrawalId,
    lease: Option<TaskKey>,
    said: &Said,
) -> Result<ChangeSet, Stop> {
    let mut change = ChangeSet::default();
    if let Some(lease) = lease {
        lease.held(facts)?;
        change.done.push(lease);
    }
    let now = facts.get::<Withdrawal>(id)?.ok_or(Refusal::NotFound("withdrawal"))?;
    let input = match said {
        Said::Unknown => Input::Working,
        Said::Paid { reference } => Input::Paid { reference: reference.clone() },
        Said::Failed(failure) => Input::Failed(*failure),
        Said::Bounced { reference } => Input::Bounced { reference: reference.clone() },
    };
    let decided = machine::decide(now, input, cx.at());
    let after = decided.as_ref().map_or(now, |(next, _)| next);
    // The task that asked asks again. Word that nobody asked for starts no second one.
    let again_s = lease.and_then(|_| ask_again_s(after, cx));
    change.tasks.extend(again_s.map(|pause_s| Task::new(cx.at().plus_s(pause_s), Work::QueryWithdrawal(id))));
    if let Some((next, happened)) = decided {
        let mut next = Withdrawal { version: now.version.saturating_add(1), ..next };
        apply(facts, cx, &mut change, &mut next, happened)?;
        change.put(next);
    }
    Ok(change)
}

/// How soon the bank is asked again, if it is: until the result is known, and then for some days whether it came back.
fn ask_again_s(withdrawal: &Withdrawal, cx: &Context) -> Option<i64> {
    match withdrawal.status {
        WithdrawalStatus::Planned | WithdrawalStatus::Sent => {
            Some(query_after_s(cx.at().since_ms(withdrawal.due_at)))
        }
        WithdrawalStatus::Paid => {
            let paid_at = withdrawal.ended_at.unwrap_or(withdrawal.created_at);
            (cx.at().since_ms(paid_at) < BOUNCE_WATCH_MS).then_some(BOUNCE_QUERY_S)
        }
        WithdrawalStatus::Failed | WithdrawalStatus::Bounced => None,
    }
}

fn apply(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: &mut Withdrawal,
    happened: Happened,
) -> Result<(), Stop> {
    let (subject, money, fee) = (next.id.into(), next.money, next.fee);
    let text = match happened {
        Happened::Sent | Happened::Noted => return Ok(()),
        Happened::Alarm(kind) => {
            event::raise(cx, change, kind, subject);
            return Ok(());
        }
        Happened::PaidTwice => {
            event::raise(cx, change, AlarmKind::WithdrawalPaidTwice, subject);
            change.postings.extend(template::withdrawal_uncovered(CHANNEL, money, subject));
            return Ok(());
        }
        Happened::SurplusBack => {
            change.postings.extend(template::withdrawal_uncovered_back(CHANNEL, money, subject));
            return Ok(());
        }
        Happened::Bounced if next.uncovered => {
            next.uncovered = false;
            change.postings.extend(template::withdrawal_uncovered_back(CHANNEL, money, subject));
            return Ok(());
        }
        Happened::Paid => {
            change.postings.extend(template::withdrawal_paid(CHANNEL, money, fee, subject));
            BankTold::Withdrawn { money }
        }
        Happened::PaidAfterAll => {
            event::raise(cx, change, AlarmKind::WithdrawalPaidAfterFailed, subject);
            pay_after_all(facts, cx, change, next)?;
            BankTold::Withdrawn { money }
        }
        Happened::Failed | Happened::CameBack => {
            change.postings.extend(template::withdrawal_returned(next.payer, money, fee, subject));
            free_again(facts, cx, change, next)?;
            if happened == Happened::Failed {
                BankTold::WithdrawalFailed { money, failure: next.failure }
            } else {
                BankTold::WithdrawalBounced { money }
            }
        }
        Happened::Bounced => {
            change.postings.extend(template::withdrawal_bounced(CHANNEL, next.payer, money, fee, subject));
            free_again(facts, cx, change, next)?;
            BankTold::WithdrawalBounced { money }
        }
    };
    let owner = payer::known(facts, next.payer)?;
    change.put(message::tell(cx, owner, Text::Bank(text)));
    Ok(())
}

/// The bank paid what the payer had back: it is taken from the balance if that covers it, with the fee, and otherwise
/// from suspense, without.
fn pay_after_all(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: &mut Withdrawal,
) -> Result<(), Stop> {
    let (subject, money, fee) = (next.id.into(), next.money, next.fee);
    next.uncovered = available(facts, next.payer, money.currency)? < cost(money.amount, fee);
    if next.uncovered {
        change.postings.extend(template::withdrawal_uncovered(CHANNEL, money, subject));
        return Ok(());
    }
    change.postings.extend(template::withdrawal(next.payer, money, fee, subject));
    change.postings.extend(template::withdrawal_paid(CHANNEL, money, fee, subject));
    let mut wallet = card::steps::next_wallet(facts, cx, next.payer)?;
    wallet.withdrawn_free = wallet.withdrawn_free.plus(next.free).unwrap_or(wallet.withdrawn_free);
    change.put(wallet);
    Ok(())
}

/// What the payer has back does not count towards the sum that is free.
fn free_again(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: &Withdrawal,
) -> Result<(), Stop> {
    let mut wallet = card::steps::next_wallet(facts, cx, next.payer)?;
    wallet.withdrawn_free = wallet.withdrawn_free.minus(next.free).unwrap_or_default();
    change.put(wallet);
    Ok(())
}
