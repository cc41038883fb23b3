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
    message,
    payer::Payer,
    transfer::send::{What, told},
};

/// The transfer with this id.
pub fn known(facts: &dyn Facts, id: TransferId) -> Result<&Transfer, Stop> {
    Ok(facts.get::<Transfer>(id)?.ok_or(Refusal::NotFound("transfer"))?)
}

/// What ends an offer when its time is over.
pub(crate) fn timer(transfer: &Transfer) -> Task {
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

/// The recipient of a payer's transfer does not want it. A merchant's cannot be declined: it is left to expire.
pub fn decline(
    facts: &dyn Facts,
    cx: &mut Context,
    recipient: PayerId,
    id: TransferId,
) -> Result<(ChangeSet, Transfer), Stop> {
    let now = known(facts, id)?;
    if now.recipient != recipient || now.sender.payer().is_none() {
        return Err(Refusal::NotFound("transfer").into());
    }
    ask(facts, cx, now, Input::Decline)
}

/// A payer takes an offer back. To anybody else there is no such transfer.
pub fn take_back(
    facts: &dyn Facts,
    cx: &mut Context,
    sender: PayerId,
    id: TransferId,
) -> Result<(ChangeSet, Transfer), Stop> {
    let now = known(facts, id)?;
    if now.sender.payer() != Some(sender) {
        return Err(Refusal::NotFound("transfer").into());
    }
    ask(facts, cx, now, Input::Withdraw)
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
    lease.held(facts)?;
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
    let app = match &transfer.sender {
        Sender::Merchant { app, .. } => *app,
        Sender::Payer { payer, .. } => return tell_payers(facts, cx, change, transfer, *payer),
    };
    let audience = Audience {
        app,
        notify_url: transfer.wechat.as_ref().and_then(|bill| bill.terms.notify_url.as_deref()),
        dialect: Dialect::of(transfer.wechat.is_some()),
        copies: 1,
        probe: false,
    };
    event::announce(facts, cx, change, audience, kind, Subject::Transfer(Box::new(transfer.clone())))
}

/// Tells both payers how a transfer between them ended.
fn tell_payers(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    transfer: &Transfer,
    sender: PayerId,
) -> Result<(), Stop> {
    let (to_sender, to_recipient) = match transfer.status {
        TransferStatus::Offered => return Ok(()),
        TransferStatus::Accepted => (What::WasAccepted, What::Accepted),
        TransferStatus::Returned(reason) => (What::CameBack(reason), What::WentBack(reason)),
    };
    let (sender, recipient) = (facts.get::<Payer>(sender)?, facts.get::<Payer>(transfer.recipient)?);
    let (Some(sender), Some(recipient)) = (sender, recipient) else { return Ok(()) };
    change.put(message::tell(cx, sender, told(transfer, &recipient.phone_hint, to_sender)));
    change.put(message::tell(cx, recipient, told(transfer, &sender.phone_hint, to_recipient)));
    Ok(())
}
