//! From what happened to a utility payment to what changes: postings, messages, tasks.

use tongbao_money::{Currency, Money};

use super::{
    Failure, Utility, UtilityPayment, UtilityStatus, UtilityTold,
    machine::{self, Happened, Input},
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, TaskKey, Work,
    bank::query_after_s,
    event::{self, AlarmKind},
    id::{PayerId, UtilityPaymentId},
    ledger::{Account, template},
    limits::{REQUEST_NO_CHARS_MAX, UTILITY_AMOUNT_MAX},
    message::{self, Text},
    payer::{self, usage},
    payment::{Proof, Proofs, steps::after_proof},
};

/// What a payer asks for, after the biller has said what is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUtilityPayment {
    /// Who pays.
    pub payer: PayerId,
    /// The number of the form; the same form again is the same payment.
    pub request_no: String,
    /// The code of the biller in the directory.
    pub biller: String,
    /// What the biller is called.
    pub biller_name: String,
    /// What it supplies.
    pub utility: Utility,
    /// The number of the account at the biller, sealed by the shell.
    pub account_sealed: String,
    /// Its last digits.
    pub account_hint: String,
    /// What the biller calls the time that is paid for.
    pub period: String,
    /// What is due.
    pub money: Money,
    /// What was proven.
    pub proofs: Proofs,
}

impl NewUtilityPayment {
    /// Whether every field is within its limits; says which is not.
    pub fn check(&self) -> Result<(), Refusal> {
        let amount = self.money.amount;
        if self.money.currency != Currency::CNY || amount.is_zero() || amount > UTILITY_AMOUNT_MAX {
            return Err(Refusal::Invalid { param: "amount", must: "from 0.01 to 50,000 yuan" });
        }
        if self.request_no.is_empty() || self.request_no.len() > REQUEST_NO_CHARS_MAX {
            return Err(Refusal::Invalid { param: "request", must: "1 to 64 characters" });
        }
        Ok(())
    }

    /// Whether an earlier payment under this number is the same one, asked for again. Sealing a text twice gives two
    /// texts, so the account is compared by its hint; the number of a form is drawn for one account.
    fn is_again(&self, earlier: &UtilityPayment) -> bool {
        earlier.biller == self.biller
            && earlier.account_hint == self.account_hint
            && earlier.period == self.period
            && earlier.money == self.money
    }
}

/// What the biller says of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It has booked it.
    Paid {
        /// What the biller calls the booking.
        reference: String,
    },
    /// It has not, and will not.
    Failed(Failure),
    /// It works on it, or gives no answer. Never taken for a failure.
    Unknown,
}

/// Plans a utility payment after proofs that were found right; the tries at a password, which [`payer::try_password`]
/// counts, start again also when the payment is refused. An equal form again finds the payment it made.
pub fn plan_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewUtilityPayment,
) -> Result<(ChangeSet, Result<UtilityPayment, Refusal>), Stop> {
    let planned = plan(facts, cx, new);
    after_proof(facts, (new.payer, new.proofs), planned)
}

fn plan(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewUtilityPayment,
) -> Result<(ChangeSet, UtilityPayment), Stop> {
    let mut change = ChangeSet::default();
    new.check()?;
    if new.proofs.has(Proof::Password) {
        payer::password_was_right(facts, &mut change, new.payer)?;
    }
    let number = Key::UtilityPaymentNo(new.payer, new.request_no.clone());
    if let Some(earlier) = facts.find::<UtilityPayment>(&number)? {
        if !new.is_again(earlier) {
            return Err(Refusal::Invalid { param: "request", must: "a number of its own" }.into());
        }
        return Ok((change, earlier.clone()));
    }
    payer::able(facts, new.payer)?;
    usage::spend(facts, cx, &mut change, new.payer, new.money, new.proofs.factors())?;
    let available = Account::PayerAvailable(new.payer).of(new.money.currency);
    if facts.account(&available)?.balance() < new.money.amount.minor() {
        return Err(Refusal::BalanceInsufficient.into());
    }
    let payment = made(cx, new);
    change.postings.extend(template::utility(new.payer, new.money, payment.id.into()));
    change.tasks.push(Task::new(cx.at(), Work::PayBiller(payment.id)));
    change.put(payment.clone());
    Ok((change, payment))
}

fn made(cx: &mut Context, new: &NewUtilityPayment) -> UtilityPayment {
    UtilityPayment {
        id: cx.draw(),
        version: 1,
        payer: new.payer,
        request_no: new.request_no.clone(),
        biller: new.biller.clone(),
        biller_name: new.biller_name.clone(),
        utility: new.utility,
        account_sealed: new.account_sealed.clone(),
        account_hint: new.account_hint.clone(),
        period: new.period.clone(),
        money: new.money,
        status: UtilityStatus::Planned,
        failure: None,
        reference: None,
        surplus: Vec::new(),
        contradicted: false,
        created_at: cx.at(),
        ended_at: None,
    }
}

/// The biller's word on a payment. `lease` is the task that asked, if one did.
pub fn hear(
    facts: &dyn Facts,
    cx: &mut Context,
    id: UtilityPaymentId,
    lease: Option<TaskKey>,
    said: &Said,
) -> Result<ChangeSet, Stop> {
    let mut change = ChangeSet::default();
    if let Some(lease) = lease {
        lease.held(facts)?;
        change.done.push(lease);
    }
    let now = facts.get::<UtilityPayment>(id)?.ok_or(Refusal::NotFound("utility payment"))?;
    let input = match said {
        Said::Unknown => Input::Working,
        Said::Paid { reference } => Input::Paid { reference: reference.clone() },
        Said::Failed(failure) => Input::Failed(*failure),
    };
    let decided = machine::decide(now, input, cx.at());
    let after = decided.as_ref().map_or(now, |(next, _)| next);
    // The task that asked asks again. Word that nobody asked for starts no second one.
    if lease.is_some() && after.is_open() {
        let pause_s = query_after_s(cx.at().since_ms(now.created_at));
        change.tasks.push(Task::new(cx.at().plus_s(pause_s), Work::QueryBiller(id)));
    }
    if let Some((next, happened)) = decided {
        apply(facts, cx, &mut change, &next, happened)?;
        change.put(UtilityPayment { version: now.version.saturating_add(1), ..next });
    }
    Ok(change)
}

fn apply(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: &UtilityPayment,
    happened: Happened,
) -> Result<(), Stop> {
    let (subject, money) = (next.id.into(), next.money);
    match happened {
        Happened::Sent => {}
        Happened::Alarm(kind) => event::raise(cx, change, kind, subject),
        Happened::Surplus => {
            event::raise(cx, change, AlarmKind::UtilityPaidUnasked, subject);
            change.postings.extend(template::utility_surplus(money, subject));
        }
        Happened::Paid | Happened::Failed => {
            change.postings.extend(if happened == Happened::Paid {
                template::utility_paid(money, subject)
            } else {
                template::utility_returned(next.payer, money, subject)
            });
            let told = UtilityTold {
                payment: next.id,
                biller: next.biller_name.clone(),
                money,
                failure: next.failure,
            };
            let owner = payer::known(facts, next.payer)?;
            change.put(message::tell(cx, owner, Text::Utility(told)));
        }
    }
    Ok(())
}
