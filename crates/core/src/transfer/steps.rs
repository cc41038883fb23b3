//! From what happened to a transfer to what changes: postings, events, tasks.

use super::{
    Sender, Transfer, TransferStatus,
    machine::{self, Input},
};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Task, TaskKey, Work,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::{PayerId, TransferId},
    ledger::template,
};

/// The transfer with this id.
pub fn known(facts: &dyn Facts, id: TransferId) -> Result<&Transfer, Stop> {
    Ok(facts.get::<Transfer>(id)?.ok_or(Refusal::NotFound("transfer"))?)
}

/// What ends an offer when its time is over.
fn timer(transfer: &Transfer) -> Task {
    Task::new(transfer.expires_at, Work::ExpireTransfer(transfer.id))
}

/// Makes an offer: takes the money from the sender, who must have it, and plans its end.
pub(crate) fn offer(facts: &dyn Facts, change: &mut ChangeSet, transfer: &Transfer) -> Result<(), Stop> {
    let source = transfer.sender.account();
    if facts.account(&source.of(transfer.money.currency))?.balance() < transfer.money.amount.minor() {
        return Err(Refusal::MerchantBalance.into());
    }
    change.postings.extend(template::transfer(source, transfer.money, transfer.id.into()));
    change.tasks.push(timer(transfer));
    change.put(transfer.clone());
    Ok(())
}

/// Makes a transfer that its recipient has at once, from money that has left its sender.
pub(crate) fn give(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    transfer: &Transfer,
) -> Result<(), Stop> {
    let postings = template::transfer_accepted(transfer.recipient, transfer.money, transfer.id.into());
    change.postings.extend(postings);
    tell(facts, cx, change, transfer, EventKind::TransferAccepted)?;
    change.put(transfer.clone());
    Ok(())
}

/// The recipient accepts. To anybody else there is no such transfer.
pub fn accept(
    facts: &dyn Facts,
    cx: &mut Context,
    recipient: PayerId,
    id: TransferId,
) -> Result<(ChangeSet, Transfer), Stop> {
    let now = known(facts, id)?;
    if now.recipient != recipient {
        return Err(Refusal::NotFound("transfer").into());
    }
    ask(facts, cx, now, Input::Accept)
}

/// The sender takes an offer back.
pub(crate) fn withdraw(
    facts: &dyn Facts,
    cx: &mut Context,
    now: &Transfer,
) -> Result<(ChangeSet, Transfer), Stop> {
    ask(facts, cx, now, Input::Withdraw)
}

/// Returns an offer whose time is over. The worker must still hold `lease`.
pub fn expire(
    facts: &dyn Facts,
    cx: &mut Context,
    id: TransferId,
    lease: TaskKey,
) -> Result<ChangeSet, Stop> {
    if !facts.task(&lease)? {
        return Err(Refusal::LeaseLost.into());
    }
    let now = known(facts, id)?;
    let (mut change, after) = ask(facts, cx, now, Input::Expire)?;
    if after.status == TransferStatus::Offered {
        // It went off too early.
        change.tasks.push(timer(now));
    }
    change.done.push(lease);
    Ok(change)
}

fn ask(
    facts: &dyn Facts,
    cx: &mut Context,
    now: &Transfer,
    input: Input,
) -> Result<(ChangeSet, Transfer), Stop> {
    let mut change = ChangeSet::default();
    let Some(next) = machine::decide(now, input, cx.at())? else { return Ok((change, now.clone())) };
    let next = Transfer { version: now.version.saturating_add(1), ..next };
    let (subject, money) = (next.id.into(), next.money);
    let kind = match next.status {
        TransferStatus::Offered => return Ok((change, next)),
        TransferStatus::Accepted => {
            change.postings.extend(template::transfer_accepted(next.recipient, money, subject));
            EventKind::TransferAccepted
        }
        TransferStatus::Returned(_) => {
            change.postings.extend(template::transfer_returned(next.sender.account(), money, subject));
            EventKind::TransferReturned
        }
    };
    change.done.push(timer(&next).key);
    tell(facts, cx, &mut change, &next, kind)?;
    change.put(next.clone());
    Ok((change, next))
}

fn tell(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    transfer: &Transfer,
    kind: EventKind,
) -> Result<(), Stop> {
    let Sender::Merchant { app, .. } = transfer.sender;
    let audience = Audience {
        app,
        notify_url: transfer.wechat.as_ref().and_then(|bill| bill.terms.notify_url.as_deref()),
        dialect: Dialect::of(transfer.wechat.is_some()),
        copies: 1,
        probe: false,
    };
    event::announce(facts, cx, change, audience, kind, Subject::Transfer(Box::new(transfer.clone())))
}
