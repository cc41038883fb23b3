//! Freezing what is paid for sharing, taking refunds from it, and unfreezing what is left.

use tongbao_money::{Amount, Money};

use super::{
    FROZEN_FOR_S, Sharing, is_asked_for,
    machine::{self, Input, Next},
};
use crate::{
    ChangeSet, Context, Facts, Key, Lookup, Refusal, Stop, Task, TaskKey, Work, id::SharingId,
    ledger::template, payment::Payment,
};

/// What unfreezes the rest when its time is over.
fn timer(sharing: &Sharing) -> Task {
    Task::new(sharing.ends_at, Work::Unfreeze(sharing.id))
}

/// Freezes a payment that was just paid, less its fee, if it was asked for with profit sharing.
pub(crate) fn freeze(cx: &mut Context, change: &mut ChangeSet, payment: &Payment) {
    if !is_asked_for(payment) {
        return;
    }
    let frozen = payment.money.amount.minus(payment.fee).unwrap_or_default();
    let paid_at = payment.succeeded_at.unwrap_or(cx.at());
    let sharing = Sharing {
        id: cx.draw(),
        version: 1,
        merchant: payment.merchant,
        payment: payment.id,
        total: payment.money,
        frozen,
        shared: Amount::ZERO,
        refunded: Amount::ZERO,
        orders: 0,
        created_at: paid_at,
        ends_at: paid_at.plus_s(FROZEN_FOR_S),
        finished_at: None,
    };
    let money = Money { amount: frozen, ..payment.money };
    change.postings.extend(template::freeze(payment.merchant, money, sharing.id.into()));
    change.tasks.push(timer(&sharing));
    change.put(sharing);
}

/// The sharing of a payment, if it has one.
pub fn of<'a>(facts: &'a dyn Facts, payment: &Payment) -> Lookup<Option<&'a Sharing>> {
    if is_asked_for(payment) { facts.find::<Sharing>(&Key::SharingOf(payment.id)) } else { Ok(None) }
}

/// Takes a refund out of what is frozen, so that it can be taken from the merchant's other takings. Gives whether
/// it was; `false` is a payment whose money is not frozen, or not any more.
pub(crate) fn take_refund(
    facts: &dyn Facts,
    cx: &Context,
    change: &mut ChangeSet,
    payment: &Payment,
    amount: Amount,
) -> Result<bool, Stop> {
    let Some(now) = of(facts, payment)? else { return Ok(false) };
    match machine::decide(now, Input::Refund(amount), cx.at()) {
        Ok(None) => Ok(false),
        Ok(Some(next)) => {
            apply(change, now, next);
            Ok(true)
        }
        Err(_) => Err(Refusal::MerchantBalance.into()),
    }
}

/// Unfreezes what is left when its time is over. The worker must still hold `lease`.
pub fn unfreeze(facts: &dyn Facts, cx: &Context, id: SharingId, lease: TaskKey) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let now = facts.get::<Sharing>(id)?.ok_or(Refusal::NotFound("sharing"))?;
    let mut change = ChangeSet { done: vec![lease], ..ChangeSet::default() };
    match machine::decide(now, Input::Expire, cx.at()) {
        Ok(Some(next)) => apply(&mut change, now, next),
        // It went off too early.
        Ok(None) | Err(_) if now.finished_at.is_none() => change.tasks.push(timer(now)),
        Ok(None) | Err(_) => {}
    }
    Ok(change)
}

/// Books what was unfrozen, ends the timer with the last of it, and counts the version.
pub(super) fn apply(change: &mut ChangeSet, before: &Sharing, next: Next) {
    let Next { sharing, unfrozen } = next;
    let money = Money { amount: unfrozen, ..sharing.total };
    change.postings.extend(template::unfreeze(sharing.merchant, money, sharing.id.into()));
    if sharing.finished_at.is_some() {
        change.done.push(timer(before).key);
    }
    change.put(Sharing { version: before.version.saturating_add(1), ..sharing });
}
