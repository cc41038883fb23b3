//! Paying a batch, a few details in each step.

use super::{DetailStatus, FailReason, FailedDetail, TransferDetail, WechatTransferBatch, details, known};
use crate::{
    ChangeSet, Context, Facts, Lookup, Need, Stop, Task, TaskKey, Want, Work,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::{PayerId, WechatTransferBatchId},
    ledger::template,
    limits::{TRANSFER_OPEN_S, WECHAT_TRANSFER_DETAILS_PER_STEP},
    payer::Payer,
    transfer::{DetailOf, Sender, Transfer, TransferStatus, steps},
};

/// Ends the next details of a batch, and plans the step after this one unless they were the last. The worker must
/// still hold `lease`.
pub fn pay(
    facts: &dyn Facts,
    cx: &mut Context,
    id: WechatTransferBatchId,
    lease: TaskKey,
) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let now = known(facts, id)?;
    let mut change = ChangeSet::default();
    change.done.push(lease);
    if now.is_finished() {
        return Ok(change);
    }
    let turn = turn(now, details(facts, now)?);
    load_recipients(facts, &turn)?;
    let at = cx.at().max(now.updated_at);
    let mut next =
        WechatTransferBatch { version: now.version.saturating_add(1), updated_at: at, ..now.clone() };
    for (place, detail) in turn {
        let money = detail.money();
        match recipient(facts, detail)? {
            Ok(recipient) => {
                let transfer = transfer(cx, now, (place, detail), recipient);
                steps::give(facts, cx, &mut change, &transfer)?;
                next.paid = next.paid.with(money.amount);
            }
            Err(reason) => {
                change.postings.extend(template::transfer_returned(now.account(), money, id.into()));
                next.returned = next.failed().with(money.amount).amount;
                next.failed.push(FailedDetail { place, reason, at });
            }
        }
    }
    if next.is_finished() {
        tell(facts, cx, &mut change, &next)?;
    } else {
        change.tasks.push(Task::new(cx.at(), Work::PayTransferBatch(id)));
    }
    change.put(next);
    Ok(change)
}

/// The details that are to end in the next step, with their places.
fn turn<'a>(batch: &WechatTransferBatch, details: &'a [TransferDetail]) -> Vec<(u32, &'a TransferDetail)> {
    let waits = |(place, _): &(u32, _)| batch.status(*place) == DetailStatus::Waiting;
    (0..).zip(details).filter(waits).take(WECHAT_TRANSFER_DETAILS_PER_STEP).collect()
}

/// Asks for all recipients at once, so that the decision is not taken anew for each of them.
fn load_recipients(facts: &dyn Facts, turn: &[(u32, &TransferDetail)]) -> Lookup<()> {
    let mut missing = Vec::new();
    for id in turn.iter().filter_map(|(_, detail)| detail.recipient) {
        if let Err(Need(want)) = facts.record(id.into())
            && !missing.contains(&want)
        {
            missing.push(want);
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(Need(Want::All(missing))) }
}

/// Who is to have it, or why nobody can.
fn recipient(facts: &dyn Facts, detail: &TransferDetail) -> Lookup<Result<PayerId, FailReason>> {
    let Some(id) = detail.recipient else { return Ok(Err(FailReason::UnknownOpenid)) };
    Ok(facts
        .get::<Payer>(id)?
        .filter(|payer| payer.closed_at.is_none())
        .map(|payer| payer.id)
        .ok_or(FailReason::UnknownRecipient))
}

/// The transfer that pays a detail.
fn transfer(
    cx: &mut Context,
    batch: &WechatTransferBatch,
    (place, detail): (u32, &TransferDetail),
    recipient: PayerId,
) -> Transfer {
    let (merchant, app, transfer_no) = (batch.merchant, batch.app, detail.out_detail_no.clone());
    Transfer {
        id: cx.draw(),
        version: 1,
        sender: Sender::Merchant { merchant, app, transfer_no },
        recipient,
        money: detail.money(),
        remark: detail.remark.clone(),
        status: TransferStatus::Accepted,
        created_at: cx.at(),
        expires_at: cx.at().plus_s(TRANSFER_OPEN_S),
        ended_at: Some(cx.at()),
        wechat: None,
        detail: Some(DetailOf { batch: batch.id, place }),
        collection: None,
    }
}

/// Tells the batch's own address of its end. The app's endpoints are told of each transfer.
fn tell(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    batch: &WechatTransferBatch,
) -> Result<(), Stop> {
    let kind = if batch.paid.count > 0 { EventKind::TransferAccepted } else { EventKind::TransferReturned };
    let audience = Audience {
        app: batch.app,
        notify_url: batch.terms.notify_url.as_deref(),
        dialect: Dialect::Wechat,
        copies: 1,
        probe: false,
    };
    event::announce(facts, cx, change, audience, kind, Subject::TransferBatch(Box::new(batch.clone())))
}
