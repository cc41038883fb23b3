//! From what happened to a top-up to what changes: postings, messages, tasks.

use tongbao_money::{Currency, Money};
use tongbao_risk::choices::{Operation, Scene};

use super::{
    CHANNEL, TopUp, TopUpStatus,
    machine::{self, Happened, Input},
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, TaskKey, Work,
    bank::{BankTold, query_after_s},
    card, event,
    id::{CardId, PayerId, TopUpId},
    ledger::template,
    limits::{REQUEST_NO_CHARS_MAX, TOP_UP_AMOUNT_MAX},
    message::{self, Text},
    payer::{self, Payer, identity::Identity},
    payment::{
        Proofs,
        steps::{QUERY_CONTESTED_AFTER_S, Said, after_proof},
    },
    risk::{Asked, judged},
    transit::debt,
};

/// What a payer asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopUp {
    /// Whose balance.
    pub payer: PayerId,
    /// From which card.
    pub card: CardId,
    /// The number of the form; the same form again is the same top-up.
    pub request_no: String,
    /// How much.
    pub money: Money,
}

impl NewTopUp {
    /// Whether every field is within its limits; says which is not.
    pub fn check(&self) -> Result<(), Refusal> {
        let amount = self.money.amount;
        if self.money.currency != Currency::CNY || amount.is_zero() || amount > TOP_UP_AMOUNT_MAX {
            return Err(Refusal::Invalid { param: "amount", must: "from 0.01 to 50,000 yuan" });
        }
        if self.request_no.is_empty() || self.request_no.len() > REQUEST_NO_CHARS_MAX {
            return Err(Refusal::Invalid { param: "request", must: "1 to 64 characters" });
        }
        Ok(())
    }
}

/// Plans a top-up after the payment password, which was counted by [`payer::try_password`] and found right; its count
/// starts again also when the top-up is refused. An equal form again finds the top-up it made.
pub fn plan_proven(
    facts: &dyn Facts,
    cx: &mut Context,
    new: &NewTopUp,
) -> Result<(ChangeSet, Result<TopUp, Refusal>), Stop> {
    judged(facts, cx, (asked(facts, new)?, &new.request_no, Proofs::PASSWORD), |cx| {
        let planned = plan(facts, cx, new);
        after_proof(facts, (new.payer, Proofs::PASSWORD), planned)
    })
}

/// What risk control is asked; nothing if the top-up was asked for before, or is refused whatever it says.
fn asked<'f>(facts: &'f dyn Facts, new: &NewTopUp) -> Result<Option<Asked<'f>>, Stop> {
    let number = Key::TopUpNo(new.payer, new.request_no.clone());
    if new.check().is_err() || facts.key(&number)?.is_some() {
        return Ok(None);
    }
    let payer = facts.get::<Payer>(new.payer)?.filter(|payer| payer.frozen.is_none());
    Ok(payer.map(|payer| Asked {
        operation: Operation::TopUp,
        scene: Scene::Web,
        money: new.money,
        payer,
        payee: None,
        card: Some(new.card),
        is_channel: false,
    }))
}

fn plan(facts: &dyn Facts, cx: &mut Context, new: &NewTopUp) -> Result<(ChangeSet, TopUp), Stop> {
    let mut change = ChangeSet::default();
    let owner = payer::able(facts, new.payer)?;
    if owner.identity == Some(Identity::Unverified) {
        return Err(Refusal::IdentityRequired.into());
    }
    new.check()?;
    payer::password_was_right(facts, &mut change, new.payer)?;
    let id = cx.draw();
    if let Some(earlier) = facts.find::<TopUp>(&Key::TopUpNo(new.payer, new.request_no.clone()))? {
        if (earlier.card, earlier.money) != (new.card, new.money) {
            return Err(Refusal::Invalid { param: "request", must: "a number of its own" }.into());
        }
        return Ok((change, earlier.clone()));
    }
    let card = card::steps::usable_for_balance(facts, new.payer, new.card)?;
    let top_up = TopUp {
        id,
        version: 1,
        payer: new.payer,
        card: card.id,
        request_no: new.request_no.clone(),
        money: new.money,
        status: TopUpStatus::Planned,
        failure: None,
        reference: None,
        other_references: Vec::new(),
        contested: Vec::new(),
        contradicted: false,
        created_at: cx.at(),
        ended_at: None,
    };
    change.tasks.push(Task::new(cx.at(), Work::SubmitTopUp(id)));
    change.put(top_up.clone());
    Ok((change, top_up))
}

/// The bank's word on a top-up. `lease` is the task that asked, if one did.
pub fn hear(
    facts: &dyn Facts,
    cx: &mut Context,
    id: TopUpId,
    lease: Option<TaskKey>,
    said: &Said,
) -> Result<ChangeSet, Stop> {
    let mut change = ChangeSet::default();
    if let Some(lease) = lease {
        lease.held(facts)?;
        change.done.push(lease);
    }
    let now = facts.get::<TopUp>(id)?.ok_or(Refusal::NotFound("top-up"))?;
    let again = |seconds| Task::new(cx.at().plus_s(seconds), Work::QueryTopUp(id));
    let input = match said {
        // Nobody asks the holder about a top-up; until the bank says more nothing is known.
        Said::MustConfirm(_) | Said::Unknown => {
            // The task that asked asks again. Word that nobody asked for starts no second one.
            let waits = lease.is_some() && now.is_open();
            let pause_s = query_after_s(cx.at().since_ms(now.created_at));
            change.tasks.extend(waits.then(|| again(pause_s)));
            Input::Working
        }
        Said::Failed(failure) => Input::Failed(*failure),
        Said::Paid { money, reference } => match claimed_elsewhere(facts, id, reference.as_ref())? {
            Some(reference) => {
                let waits = lease.is_some() && now.is_open();
                change.tasks.extend(waits.then(|| again(QUERY_CONTESTED_AFTER_S)));
                Input::Contested { reference: reference.clone() }
            }
            None => Input::Paid { money: *money, reference: reference.clone() },
        },
    };
    if let Some((next, happened)) = machine::decide(now, input, cx.at()) {
        apply(facts, cx, &mut change, &next, &happened)?;
        change.put(TopUp { version: now.version.saturating_add(1), ..next });
    }
    Ok(change)
}

/// The reference, if it names money that was booked for something else.
fn claimed_elsewhere<'a>(
    facts: &dyn Facts,
    id: TopUpId,
    reference: Option<&'a String>,
) -> Result<Option<&'a String>, Stop> {
    let Some(reference) = reference else { return Ok(None) };
    let holder = facts.key(&Key::ChannelReference(CHANNEL, reference.clone()))?;
    Ok(holder.filter(|holder| *holder != id.into()).map(|_| reference))
}

fn apply(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    next: &TopUp,
    happened: &[Happened],
) -> Result<(), Stop> {
    for happened in happened {
        let text = match happened {
            Happened::Sent => continue,
            Happened::Alarm(kind) => {
                event::raise(cx, change, *kind, next.id.into());
                continue;
            }
            Happened::Credited(money) => {
                change.postings.extend(template::top_up(CHANNEL, next.payer, *money, next.id.into()));
                debt::collect_from_top_up(facts, cx, change, (next.payer, *money))?;
                BankTold::ToppedUp { money: *money }
            }
            Happened::Failed => BankTold::TopUpFailed { money: next.money, failure: next.failure },
        };
        let owner = payer::known(facts, next.payer)?;
        change.put(message::tell(cx, owner, Text::Bank(text)));
    }
    Ok(())
}
