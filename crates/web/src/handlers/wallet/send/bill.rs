//! `/wallet/bills/{id}`: one payment or transfer with its steps; and what can be done about a transfer.
//!
//! To anybody but the payers concerned there is no such bill.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use tongbao_core::{
    Actor, ChangeSet, Context, Facts, Id, List, Record, Refusal, Stop,
    facts::Entity,
    id::{PayerId, TransferId},
    payment::{Attempt, AttemptStatus, Payment, Status},
    refund::{Refund, RefundStatus},
    transfer::{ReturnReason, Transfer, TransferStatus, steps},
};
use tongbao_engine::{Error, Input};
use tongbao_store::{Fault, Query};

use super::{super::visitor::Visitor, BareForm, bills::Names, yuan};
use crate::{
    handlers::{
        Pages,
        answer::Trouble,
        record_view::{amount, method_name, moment},
        visit::Visit,
    },
    i18n::send::{BillKind, BillStatus, Text as T},
    paths,
    wallet::{
        Tab,
        send::{BillTitle, Deeds, DetailView, Step, StepWhat, render_bill},
    },
};

/// Refunds of one payment: as many as it may have.
const REFUNDS_MAX: u32 = 50;

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let id: Id = id.parse().map_err(|_| Trouble::NotFound)?;
    let record = pages.engine.store.records(Query::Record(id))?.into_iter().next();
    let view = match record {
        Some(Record::Transfer(transfer)) => transfer_view(&visitor, &transfer)?,
        Some(Record::Payment(payment)) => payment_view(&visitor, &payment)?,
        _ => None,
    };
    let view = view.ok_or(Trouble::NotFound)?;
    let around = visitor.around(Tab::Bills, &paths::bill(&view.number));
    Ok(visitor.page(|frame| render_bill(&view, &around, frame)))
}

fn step(at: tongbao_core::Time, what: StepWhat) -> Step {
    Step { at: moment(at), what }
}

fn transfer_view(visitor: &Visitor, transfer: &Transfer) -> Result<Option<DetailView>, Fault> {
    let me = visitor.payer.id;
    let is_mine = transfer.sender.payer() == Some(me);
    if !is_mine && transfer.recipient != me {
        return Ok(None);
    }
    let mut names = Names::new(visitor);
    let other = if is_mine { names.payer(transfer.recipient)? } else { names.sender(transfer)? };
    let is_open = transfer.status == TransferStatus::Offered && visitor.now < transfer.expires_at;
    let status = match transfer.status {
        TransferStatus::Offered if is_mine => BillStatus::Waiting,
        TransferStatus::Offered => BillStatus::WaitingForYou,
        TransferStatus::Accepted => BillStatus::Done,
        TransferStatus::Returned(_) => BillStatus::Returned,
    };
    let mut rows = vec![(T::Counterparty, other.clone())];
    if !transfer.remark.is_empty() {
        rows.push((T::NoteLabel, transfer.remark.clone()));
    }
    if transfer.collection.is_some() {
        rows.push((T::Method, visitor.frame().t(T::ViaCode).to_owned()));
    }
    let sign = if is_mine { -1 } else { 1 };
    let minor = transfer.money.amount.minor().saturating_mul(sign);
    Ok(Some(DetailView {
        title: if is_mine { BillTitle::SentTo(other) } else { BillTitle::ReceivedFrom(other) },
        kind: BillKind::Transfer,
        amount: amount(minor, transfer.money.currency),
        status,
        just_sent: is_mine && visitor.visit.query("sent").is_some(),
        rows,
        at: moment(transfer.created_at),
        number: transfer.id.to_string(),
        steps: transfer_steps(transfer),
        deeds: match (is_open, is_mine, transfer.sender.payer()) {
            (false, ..) => Deeds::None,
            (true, true, _) => Deeds::TakeBack,
            (true, false, Some(_)) => Deeds::AcceptOrDecline,
            (true, false, None) => Deeds::Accept,
        },
    }))
}

fn transfer_steps(transfer: &Transfer) -> Vec<Step> {
    let ended = transfer.ended_at.unwrap_or(transfer.created_at);
    let last = match transfer.status {
        TransferStatus::Offered => step(transfer.expires_at, StepWhat::EndsAt),
        // One that arrived at once had no time to be accepted in.
        TransferStatus::Accepted if transfer.expires_at == transfer.created_at => {
            step(ended, StepWhat::Arrived)
        }
        TransferStatus::Accepted => step(ended, StepWhat::Accepted),
        TransferStatus::Returned(ReturnReason::Withdrawn) => step(ended, StepWhat::TakenBack),
        TransferStatus::Returned(ReturnReason::Declined) => step(ended, StepWhat::SentBack),
        TransferStatus::Returned(ReturnReason::Expired) => step(ended, StepWhat::TimeOver),
    };
    vec![step(transfer.created_at, StepWhat::Sent), last]
}

fn payment_view(visitor: &Visitor, payment: &Payment) -> Result<Option<DetailView>, Fault> {
    let me = visitor.payer.id;
    let mine = |attempt: &&Attempt| attempt.payer == me;
    let paid = payment.paid_by().filter(mine);
    if !payment.attempts.iter().any(|attempt| mine(&attempt)) {
        return Ok(None);
    }
    let list = List::RefundsOf(payment.id);
    let query = Query::List { list, after: None, newest_first: false, limit: REFUNDS_MAX };
    let refunds = if paid.is_some() { visitor.pages.engine.store.records(query)? } else { Vec::new() };
    let refunds: Vec<&Refund> = refunds.iter().filter_map(Refund::of).collect();
    let name = Names::new(visitor).merchant(payment.merchant)?;
    let frame = visitor.frame();
    let mut rows = vec![(T::Goods, payment.description.clone()), (T::OrderNo, payment.order_no.clone())];
    if let Some(attempt) = paid {
        rows.push((T::Method, frame.t(method_name(attempt.method)).to_owned()));
    }
    let minor = if paid.is_some() { payment.money.amount.minor().saturating_neg() } else { 0 };
    Ok(Some(DetailView {
        title: BillTitle::PaidTo(name),
        kind: BillKind::Payment,
        amount: amount(minor, payment.money.currency),
        status: payment_status(payment, me),
        just_sent: false,
        rows,
        at: moment(payment.succeeded_at.filter(|_| paid.is_some()).unwrap_or(payment.created_at)),
        number: payment.id.to_string(),
        steps: payment_steps(payment, &refunds, me),
        deeds: Deeds::None,
    }))
}

fn payment_status(payment: &Payment, me: PayerId) -> BillStatus {
    let is_mine = payment.paid_by().is_some_and(|attempt| attempt.payer == me);
    match payment.status {
        Status::Succeeded if is_mine && payment.refunded >= payment.money.amount => BillStatus::Refunded,
        Status::Succeeded if is_mine && !payment.refunded.is_zero() => BillStatus::PartlyRefunded,
        Status::Succeeded if is_mine => BillStatus::Done,
        Status::Processing if payment.pending().is_some_and(|attempt| attempt.payer == me) => {
            BillStatus::Processing
        }
        Status::Open | Status::Processing | Status::Succeeded | Status::Closed => BillStatus::Failed,
    }
}

/// What the payer did and what came of it; other payers' attempts at the same order are theirs.
fn payment_steps(payment: &Payment, refunds: &[&Refund], me: PayerId) -> Vec<Step> {
    let mut steps = vec![step(payment.created_at, StepWhat::Ordered)];
    for attempt in payment.attempts.iter().filter(|attempt| attempt.payer == me) {
        steps.push(step(attempt.started_at, StepWhat::Tried));
        match attempt.status {
            AttemptStatus::Succeeded => {
                steps.extend(payment.succeeded_at.map(|at| step(at, StepWhat::Paid)));
            }
            AttemptStatus::Failed | AttemptStatus::Returned => {
                steps.push(step(attempt.started_at, StepWhat::TryFailed));
            }
            AttemptStatus::Processing => {}
        }
    }
    steps.extend(payment.closed_at.map(|at| step(at, StepWhat::Closed)));
    for refund in refunds {
        let money = || yuan(refund.money.amount.minor());
        steps.push(step(refund.created_at, StepWhat::RefundAsked(money())));
        match refund.status {
            RefundStatus::Succeeded => {
                let at = refund.succeeded_at.unwrap_or(refund.created_at);
                steps.push(step(at, StepWhat::RefundArrived(money())));
            }
            RefundStatus::Failed => steps.push(step(refund.created_at, StepWhat::RefundFailed)),
            RefundStatus::Accepted | RefundStatus::Processing | RefundStatus::Abnormal => {}
        }
    }
    steps.sort_by_key(|step| step.at);
    steps
}

/// What a payer does about a transfer.
type Deed = fn(&dyn Facts, &mut Context, PayerId, TransferId) -> Result<(ChangeSet, Transfer), Stop>;

/// Does it, and shows the bill; one that it came too late for says so itself.
async fn done(
    visitor: &Visitor<'_>,
    (id, form): (String, BareForm),
    name: &'static str,
    deed: Deed,
) -> Result<Response, Trouble> {
    let id: TransferId = id.parse().map_err(|_| Trouble::NotFound)?;
    let back = Ok(visitor.to(&paths::bill(&id.to_string())));
    if !visitor.is_our_form(&form.csrf) {
        return back;
    }
    let me = visitor.payer.id;
    let input = Input { actor: Actor::Payer(me), name };
    let step = visitor.pages.engine.step(input, move |facts: &dyn Facts, cx| deed(facts, cx, me, id));
    match step.await {
        Ok(_) | Err(Error::Refused(Refusal::TransferAccepted | Refusal::TransferReturned)) => back,
        Err(Error::Refused(Refusal::NotFound(_))) => Err(Trouble::NotFound),
        Err(Error::Refused(refusal)) => Err(Trouble::Refused(refusal)),
        Err(Error::Fault(fault)) => Err(fault.into()),
    }
}

pub(super) async fn accept(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<BareForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    done(&visitor, (id, form), "accept_transfer", steps::accept).await
}

pub(super) async fn decline(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<BareForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    done(&visitor, (id, form), "decline_transfer", steps::decline).await
}

pub(super) async fn take_back(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<BareForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    done(&visitor, (id, form), "take_transfer_back", steps::take_back).await
}

pub(super) async fn back(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let id: TransferId = id.parse().map_err(|_| Trouble::NotFound)?;
    Ok(visitor.to(&paths::bill(&id.to_string())))
}
