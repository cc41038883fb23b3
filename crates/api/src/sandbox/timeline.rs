//! `GET /sandbox/payments/{id}/timeline`: everything that is known of a payment, in the order of time (订单时间线).

use std::sync::Arc;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tongbao_core::{delivery::DeliveryAttempt, risk::Assessment};
use tongbao_engine::{
    exchange::{self, Exchange, Kept, mask},
    timeline::{Attempt, Change, Line, Posting, Timeline, What},
};
use utoipa::ToSchema;

use crate::{
    errors::SandboxErrors,
    problem::Problem,
    refusal::fault,
    resources::{payments::PaymentBody, refunds::RefundBody},
    state::Api,
    wire::rfc3339,
};

/// A payment and what happened to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub(super) struct TimelineBody {
    /// The payment as it is now.
    payment: PaymentBody,
    /// Its refunds, oldest first.
    refunds: Vec<RefundBody>,
    /// Whether all of the change log was read; if not, later lines are missing.
    whole: bool,
    /// What happened, oldest first.
    lines: Vec<TimelineLineBody>,
}

/// One thing that happened: one of the objects is there.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineLine)]
struct TimelineLineBody {
    /// When, by the sandbox's clock.
    at: String,
    /// `exchange`, `decision`, `change`, `posting`, `event` or `notification`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exchange: Option<ExchangeBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<ChangeBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    posting: Option<PostingBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<TimelineEventBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification: Option<NotificationBody>,
}

/// What risk control decided about an attempt to pay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RiskDecision)]
struct DecisionBody {
    /// `allow`, `challenge_password`, `challenge_code`, `challenge_passkey`, `review` or `block`.
    decision: &'static str,
    /// The model's score, 0 to 999; null without one.
    score: Option<u16>,
    /// The rules that held and counted.
    rules: Vec<String>,
    /// The rules that held and did not count.
    shadows: Vec<String>,
    /// Why, as reviewers read it: the stable code, and the text with its figures.
    reasons: Vec<String>,
    /// The features that pushed the score up most.
    features: Vec<String>,
}

impl DecisionBody {
    fn of(risk: &Assessment) -> DecisionBody {
        let rules = |live| {
            let held = risk.hits.iter().filter(move |hit| hit.live == live);
            held.map(|hit| hit.rule.clone()).collect()
        };
        DecisionBody {
            decision: risk.decision.name(),
            score: risk.score,
            rules: rules(true),
            shadows: rules(false),
            reasons: risk.reasons.iter().map(|reason| format!("{}: {}", reason.code, reason.en)).collect(),
            features: risk.pushes.clone(),
        }
    }
}

/// A request and its answer, from the sandbox's memory; keys, signatures and personal data are masked.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Exchange)]
struct ExchangeBody {
    /// The method.
    method: String,
    /// Path and query.
    url: String,
    /// The request's headers that matter.
    headers: Vec<HeaderBody>,
    /// The request's body.
    body: String,
    /// The HTTP status of the answer; null if there has been none.
    status: Option<u16>,
    /// How long it took, in milliseconds.
    took_ms: Option<u32>,
    /// The answer's headers that matter.
    answer_headers: Vec<HeaderBody>,
    /// The answer's body.
    answer_body: String,
    /// What the platform signed of the answer, if it did: time, nonce and body, each on a line.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<String>,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Header)]
struct HeaderBody {
    /// In lower case.
    name: String,
    /// Its value.
    value: String,
}

/// A line of the change log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
struct ChangeBody {
    /// Its number.
    number: u64,
    /// Which input.
    input: String,
    /// Who.
    actor: String,
    /// The records that were written.
    records: Vec<TouchedBody>,
}

/// A record that was written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WrittenRecord)]
struct TouchedBody {
    /// Its id.
    id: String,
    /// The version that was written.
    version: u32,
}

/// A line of the ledger.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Posting)]
struct PostingBody {
    /// Its number.
    number: u64,
    /// The change that wrote it.
    change: u64,
    /// The account that gives.
    debit: String,
    /// The account that gets.
    credit: String,
    /// Minor units.
    amount: i64,
    /// Why.
    reason: &'static str,
    /// For what.
    subject: String,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEvent)]
struct TimelineEventBody {
    /// Its id.
    id: String,
    /// What happened.
    r#type: &'static str,
    /// Grows with each event of one thing.
    sequence: u32,
}

/// An attempt to notify a receiver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationAttempt)]
struct NotificationBody {
    /// The delivery.
    delivery: String,
    /// Where to.
    url: String,
    /// Which attempt, counted from 1.
    attempt: usize,
    /// The HTTP status that was answered.
    http_status: Option<u16>,
    /// Why it failed; null is success.
    failure: Option<String>,
    /// How long it took, in milliseconds.
    took_ms: u32,
    /// When it is tried next.
    next_attempt_at: Option<String>,
    /// What was sent, while the sandbox remembers.
    #[serde(skip_serializing_if = "Option::is_none")]
    headers: Option<Vec<HeaderBody>>,
    /// The body that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// What the platform signed, for a notification of WeChat Pay's interface.
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<String>,
}

fn headers(all: &exchange::Headers) -> Vec<HeaderBody> {
    all.iter().map(|(name, value)| HeaderBody { name: name.clone(), value: value.clone() }).collect()
}

fn shown(kept: &Kept) -> String {
    let text = mask::shown(&String::from_utf8_lossy(&kept.bytes));
    if kept.is_cut { format!("{text}…") } else { text }
}

impl ExchangeBody {
    fn of(exchange: &Exchange) -> ExchangeBody {
        let answer = exchange.answer();
        let body = exchange.answer_body();
        let signed = answer.as_ref().and_then(|answer| exchange::signed_text(&answer.headers, &body));
        ExchangeBody {
            method: exchange.method.clone(),
            url: mask::shown(&exchange.target),
            headers: headers(&exchange.headers),
            body: shown(&exchange.request_body()),
            status: answer.as_ref().map(|answer| answer.status),
            took_ms: answer.as_ref().map(|answer| answer.took_ms),
            answer_headers: answer.as_ref().map(|answer| headers(&answer.headers)).unwrap_or_default(),
            answer_body: shown(&body),
            signed: signed.map(|signed| mask::shown(&signed)),
        }
    }
}

impl From<Change> for ChangeBody {
    fn from(change: Change) -> ChangeBody {
        let record = |(id, version): (tongbao_core::Id, u32)| TouchedBody { id: id.to_string(), version };
        ChangeBody {
            number: change.number,
            input: change.input,
            actor: change.actor,
            records: change.touched.into_iter().map(record).collect(),
        }
    }
}

impl From<Posting> for PostingBody {
    fn from(posting: Posting) -> PostingBody {
        PostingBody {
            number: posting.line.number,
            change: posting.line.change,
            debit: posting.debit,
            credit: posting.credit,
            amount: posting.line.amount,
            reason: posting.reason,
            subject: posting.line.subject.to_string(),
        }
    }
}

impl From<Attempt> for NotificationBody {
    fn from(attempt: Attempt) -> NotificationBody {
        let DeliveryAttempt { http_status, failure, duration_ms, .. } = attempt.outcome;
        let letter = attempt.letter.as_deref();
        let signed = letter.and_then(|letter| exchange::signed_text(&letter.headers, &letter.body));
        NotificationBody {
            delivery: attempt.delivery.to_string(),
            url: attempt.url,
            attempt: attempt.number,
            http_status,
            failure,
            took_ms: duration_ms,
            next_attempt_at: attempt.next_at.map(rfc3339),
            headers: letter.map(|letter| headers(&letter.headers)),
            body: letter.map(|letter| shown(&letter.body)),
            signed,
        }
    }
}

impl TimelineLineBody {
    fn of(line: Line) -> TimelineLineBody {
        let empty = TimelineLineBody {
            at: rfc3339(line.at),
            kind: "",
            exchange: None,
            decision: None,
            change: None,
            posting: None,
            event: None,
            notification: None,
        };
        match line.what {
            What::Exchange(exchange) => {
                TimelineLineBody { kind: "exchange", exchange: Some(ExchangeBody::of(&exchange)), ..empty }
            }
            What::Decision(risk) => {
                TimelineLineBody { kind: "decision", decision: Some(DecisionBody::of(&risk)), ..empty }
            }
            What::Change(change) => TimelineLineBody { kind: "change", change: Some(change.into()), ..empty },
            What::Posting(posting) => {
                TimelineLineBody { kind: "posting", posting: Some(posting.into()), ..empty }
            }
            What::Event(event) => {
                let sequence = event.subject.sequence();
                let body =
                    TimelineEventBody { id: event.id.to_string(), r#type: event.kind.name(), sequence };
                TimelineLineBody { kind: "event", event: Some(body), ..empty }
            }
            What::Attempt(attempt) => {
                TimelineLineBody { kind: "notification", notification: Some((*attempt).into()), ..empty }
            }
        }
    }
}

impl TimelineBody {
    fn of(timeline: Timeline, base_url: &str) -> TimelineBody {
        TimelineBody {
            payment: PaymentBody::of(&timeline.payment, base_url),
            refunds: timeline.refunds.iter().map(RefundBody::of).collect(),
            whole: timeline.is_whole,
            lines: timeline.lines.into_iter().map(TimelineLineBody::of).collect(),
        }
    }
}

/// Get the timeline of a payment
///
/// Requests and answers that named it, changes, postings, events and attempts to notify, oldest first. Requests and
/// answers are kept in memory, the last 500 of all. Only a sandbox has this; it needs no key.
#[utoipa::path(get, path = "/sandbox/payments/{id}/timeline", tag = "sandbox", operation_id = "get_payment_timeline",
    security(()),
    params(("id" = String, Path, description = "The payment's id, the merchant's order number, the number of the order \
        in WeChat Pay's interface, or the id or number of a refund")),
    responses((status = 200, description = "The timeline", body = TimelineBody), SandboxErrors))]
pub(super) async fn get_payment_timeline(
    State(api): State<Arc<Api>>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(name) = path.map_err(|_| Problem::not_found())?;
    let engine = Arc::clone(&api.engine);
    let read = tokio::task::spawn_blocking(move || match engine.payment_named(&name)? {
        Some(id) => engine.timeline(id),
        None => Ok(None),
    });
    let found = read.await.map_err(|_| Problem::internal())?.map_err(|error| fault(&error))?;
    let timeline = found.ok_or_else(Problem::not_found)?;
    Ok(axum::Json(TimelineBody::of(timeline, &api.base_url)).into_response())
}
