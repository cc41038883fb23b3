//! `/wallet/bills/{id}`: one payment or transfer with its steps; and what can be done about a transfer.
//!
//! To anybody but the payers concerned there is no such bill.

use axum::{extract::Path, response::Response};
use tongbao_core::{
    Actor, ChangeSet, Context, Facts, Id, Refusal, Stop,
    id::{PayerId, TransferId},
    payment::{Attempt, Payment},
    transfer::{Transfer, steps},
};
use tongbao_engine::{
    Error, Input,
    bills::{self, Bill},
};
use tongbao_store::Fault;

use super::{Posted, Visitor, bills::Names, yuan};
use crate::{
    handlers::{
        answer::Trouble,
        record_view::{amount, method_name, moment},
    },
    i18n::send::{BillKind, BillStatus, Text as T},
    paths,
    wallet::{
        Tab,
        send::{BillTitle, Deeds, DetailView, Step, StepWhat, render_bill},
    },
};

pub(super) async fn show(visitor: Visitor, Path(id): Path<String>) -> Result<Response, Trouble> {
    let id: Id = id.parse().map_err(|_| Trouble::NotFound)?;
    let view = match visitor.pages.engine.bill(visitor.payer.id, id)?.ok_or(Trouble::NotFound)? {
        Bill::Transfer { transfer, is_mine, status, deeds, steps } => {
            transfer_view(&visitor, &transfer, is_mine, (status, deeds, &steps))?
        }
        Bill::Payment { payment, paid, status, steps } => {
            payment_view(&visitor, &payment, paid.as_deref(), (status, &steps))?
        }
        // It has a page of its own.
        Bill::Utility { payment, .. } => return Ok(visitor.to(&paths::utility(&payment.id.to_string()))),
    };
    let around = visitor.around(Tab::Bills, &paths::bill(&view.number));
    Ok(visitor.page(|frame| render_bill(&view, &around, frame)))
}

fn transfer_view(
    visitor: &Visitor,
    transfer: &Transfer,
    is_mine: bool,
    (status, deeds, steps): (bills::BillStatus, bills::Deeds, &[bills::Step]),
) -> Result<DetailView, Fault> {
    let mut names = Names::new(visitor);
    let other = if is_mine { names.payer(transfer.recipient)? } else { names.sender(transfer)? };
    let mut rows = vec![(T::Counterparty, other.clone())];
    if !transfer.remark.is_empty() {
        rows.push((T::NoteLabel, transfer.remark.clone()));
    }
    if transfer.collection.is_some() {
        rows.push((T::Method, visitor.frame().t(T::ViaCode).to_owned()));
    }
    let sign = if is_mine { -1 } else { 1 };
    let minor = transfer.money.amount.minor().saturating_mul(sign);
    Ok(DetailView {
        title: if is_mine { BillTitle::SentTo(other) } else { BillTitle::ReceivedFrom(other) },
        kind: BillKind::Transfer,
        amount: amount(minor, transfer.money.currency),
        status: shown_status(status),
        just_sent: is_mine && visitor.visit.query("sent").is_some(),
        rows,
        at: moment(transfer.created_at),
        number: transfer.id.to_string(),
        steps: steps.iter().map(shown_step).collect(),
        deeds: match deeds {
            bills::Deeds::None => Deeds::None,
            bills::Deeds::TakeBack => Deeds::TakeBack,
            bills::Deeds::AcceptOrDecline => Deeds::AcceptOrDecline,
            bills::Deeds::Accept => Deeds::Accept,
        },
    })
}

fn payment_view(
    visitor: &Visitor,
    payment: &Payment,
    paid: Option<&Attempt>,
    (status, steps): (bills::BillStatus, &[bills::Step]),
) -> Result<DetailView, Fault> {
    let name = Names::new(visitor).merchant(payment.merchant)?;
    let frame = visitor.frame();
    let mut rows = vec![(T::Goods, payment.description.clone()), (T::OrderNo, payment.order_no.clone())];
    if let Some(attempt) = paid {
        rows.push((T::Method, frame.t(method_name(attempt.method)).to_owned()));
    }
    let minor = if paid.is_some() { payment.money.amount.minor().saturating_neg() } else { 0 };
    Ok(DetailView {
        title: BillTitle::PaidTo(name),
        kind: BillKind::Payment,
        amount: amount(minor, payment.money.currency),
        status: shown_status(status),
        just_sent: false,
        rows,
        at: moment(payment.succeeded_at.filter(|_| paid.is_some()).unwrap_or(payment.created_at)),
        number: payment.id.to_string(),
        steps: steps.iter().map(shown_step).collect(),
        deeds: Deeds::None,
    })
}

const fn shown_status(status: bills::BillStatus) -> BillStatus {
    match status {
        bills::BillStatus::Done => BillStatus::Done,
        bills::BillStatus::Processing => BillStatus::Processing,
        bills::BillStatus::Failed => BillStatus::Failed,
        bills::BillStatus::Refunded => BillStatus::Refunded,
        bills::BillStatus::PartlyRefunded => BillStatus::PartlyRefunded,
        bills::BillStatus::Waiting => BillStatus::Waiting,
        bills::BillStatus::WaitingForYou => BillStatus::WaitingForYou,
        bills::BillStatus::Returned => BillStatus::Returned,
    }
}

fn shown_step(step: &bills::Step) -> Step {
    let what = match step.what {
        bills::StepWhat::Ordered => StepWhat::Ordered,
        bills::StepWhat::Tried => StepWhat::Tried,
        bills::StepWhat::TryFailed => StepWhat::TryFailed,
        bills::StepWhat::Paid => StepWhat::Paid,
        bills::StepWhat::Closed => StepWhat::Closed,
        bills::StepWhat::RefundAsked(amount) => StepWhat::RefundAsked(yuan(amount.minor())),
        bills::StepWhat::RefundArrived(amount) => StepWhat::RefundArrived(yuan(amount.minor())),
        bills::StepWhat::RefundFailed => StepWhat::RefundFailed,
        bills::StepWhat::Sent => StepWhat::Sent,
        bills::StepWhat::EndsAt => StepWhat::EndsAt,
        bills::StepWhat::Arrived => StepWhat::Arrived,
        bills::StepWhat::Accepted => StepWhat::Accepted,
        bills::StepWhat::TakenBack => StepWhat::TakenBack,
        bills::StepWhat::SentBack => StepWhat::SentBack,
        bills::StepWhat::TimeOver => StepWhat::TimeOver,
    };
    Step { at: moment(step.at), what }
}

/// What a payer does about a transfer.
type Deed = fn(&dyn Facts, &mut Context, PayerId, TransferId) -> Result<(ChangeSet, Transfer), Stop>;

/// Does it, and shows the bill; one that it came too late for says so itself.
pub(super) async fn act(
    Path((id, deed)): Path<(String, String)>,
    Posted(visitor, _): Posted,
) -> Result<Response, Trouble> {
    let id: TransferId = id.parse().map_err(|_| Trouble::NotFound)?;
    let (name, deed): (_, Deed) = match deed.as_str() {
        "acceptance" => ("accept_transfer", steps::accept),
        "refusal" => ("decline_transfer", steps::decline),
        "withdrawal" => ("take_transfer_back", steps::take_back),
        _ => return Err(Trouble::NotFound),
    };
    let me = visitor.payer.id;
    let input = Input { actor: Actor::Payer(me), name };
    let step = visitor.pages.engine.step(input, move |facts: &dyn Facts, cx| deed(facts, cx, me, id));
    match step.await {
        Ok(_) | Err(Error::Refused(Refusal::TransferAccepted | Refusal::TransferReturned)) => {
            Ok(visitor.to(&paths::bill(&id.to_string())))
        }
        Err(Error::Refused(Refusal::NotFound(_))) => Err(Trouble::NotFound),
        Err(Error::Refused(refusal)) => Err(Trouble::Refused(refusal)),
        Err(Error::Fault(fault)) => Err(fault.into()),
    }
}

/// Who comes to the address of a form with a GET is shown the bill.
pub(super) async fn back(
    visitor: Visitor,
    Path((id, _)): Path<(String, String)>,
) -> Result<Response, Trouble> {
    let id: TransferId = id.parse().map_err(|_| Trouble::NotFound)?;
    Ok(visitor.to(&paths::bill(&id.to_string())))
}
