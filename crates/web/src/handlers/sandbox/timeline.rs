//! `/sandbox/timeline`: everything that is known of a payment, in the order of time.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use tongbao_core::{
    payment::Payment,
    risk::{Assessment, Decision, RuleHit},
};
use tongbao_engine::{
    exchange::{self, Exchange, Headers, Kept, Letter, mask},
    timeline::{Attempt, Change, Line, Posting, Timeline, What},
};
use tongbao_store::Fault;

use super::{SandboxPages, answer::Trouble, console, indent::indented};
use crate::{
    handlers::{
        record_view::{amount, moment, payment_status, price},
        visit::Visit,
    },
    i18n::timeline::{BlockName, LineKind},
    sandbox::{FoundTimeline, TimelineRow, TimelineView, render_timeline},
};

/// The query parameter with a name of the payment.
const OF: &str = "of";

pub(super) async fn show(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let asked = visit.query(OF).map(str::to_owned);
    let timeline = match asked.clone() {
        Some(name) => read(&sandbox, name).await?,
        None => None,
    };
    sandbox.page(&visit, |frame| {
        let view = TimelineView {
            console: console::view(&sandbox, &visit)?,
            is_unknown: asked.is_some() && timeline.is_none(),
            found: timeline.map(|timeline| found(&sandbox, timeline)),
        };
        Ok(render_timeline(&view, frame))
    })
}

/// Reads on a thread that may be busy for a while.
async fn read(sandbox: &SandboxPages, name: String) -> Result<Option<Timeline>, Fault> {
    let engine = Arc::clone(&sandbox.pages.engine);
    let read = tokio::task::spawn_blocking(move || match engine.payment_named(&name)? {
        Some(id) => engine.timeline(id),
        None => Ok(None),
    });
    read.await.unwrap_or_else(|_| Err(Fault::Broken("reading a timeline panicked".to_owned())))
}

fn found(sandbox: &SandboxPages, timeline: Timeline) -> FoundTimeline {
    let Timeline { payment, lines, is_whole, .. } = timeline;
    FoundTimeline {
        id: payment.id.to_string(),
        order_no: payment.order_no.clone(),
        transaction_id: payment.wechat.as_ref().map(|order| order.transaction_id.clone()),
        amount: price(&payment),
        status: payment_status(&payment, sandbox.pages.engine.now()),
        cashier_url: format!("/cashier/{}", payment.id),
        json_url: format!("/sandbox/payments/{}/timeline", payment.id),
        is_whole,
        rows: lines.into_iter().map(|line| row(&payment, line)).collect(),
    }
}

fn row(payment: &Payment, line: Line) -> TimelineRow {
    let row = match line.what {
        What::Exchange(exchange) => of_exchange(&exchange),
        What::Change(change) => of_change(change),
        What::Decision(risk) => of_decision(&risk),
        What::Posting(posting) => of_posting(payment, &posting),
        What::Event(event) => {
            let note = format!("{} · {}", event.id, event.subject.sequence());
            TimelineRow { title: event.kind.name().to_owned(), note, tone: "good", ..blank(LineKind::Event) }
        }
        What::Attempt(attempt) => of_attempt(&attempt),
    };
    TimelineRow { at: moment(line.at), ..row }
}

fn blank(kind: LineKind) -> TimelineRow {
    TimelineRow {
        at: moment(tongbao_core::Time::default()),
        kind,
        title: String::new(),
        result: String::new(),
        tone: "idle",
        note: String::new(),
        blocks: Vec::new(),
    }
}

/// The decision, its score, and why; shadows among the rules stand in brackets.
fn of_decision(risk: &Assessment) -> TimelineRow {
    let tone = match risk.decision {
        Decision::Allow => "good",
        Decision::ChallengePassword | Decision::ChallengeCode | Decision::ChallengePasskey => "warn",
        Decision::Review => "busy",
        Decision::Block => "bad",
    };
    let rule = |hit: &RuleHit| if hit.live { hit.rule.clone() } else { format!("({})", hit.rule) };
    let reasons = risk.reasons.iter().map(|reason| format!("{} {}", reason.code, reason.zh));
    let notes: Vec<String> = reasons.chain(risk.hits.iter().map(rule)).chain(risk.pushes.clone()).collect();
    TimelineRow {
        title: risk.decision.name().to_owned(),
        result: risk.score.map(|score| score.to_string()).unwrap_or_default(),
        tone,
        note: notes.join(" · "),
        ..blank(LineKind::Decision)
    }
}

fn of_exchange(exchange: &Exchange) -> TimelineRow {
    let answer = exchange.answer();
    let tone = match answer.as_ref().map(|answer| answer.status) {
        Some(200..=299) => "good",
        Some(300..=499) => "warn",
        Some(_) => "bad",
        None => "busy",
    };
    let result = answer.as_ref().map(|answer| format!("{} · {} ms", answer.status, answer.took_ms));
    let asked = message(&exchange.headers, &exchange.request_body());
    let mut blocks = vec![(BlockName::Asked, asked)];
    if let Some(answer) = &answer {
        let body = exchange.answer_body();
        blocks.push((BlockName::Answered, message(&answer.headers, &body)));
        let signed = exchange::signed_text(&answer.headers, &body);
        blocks.extend(signed.map(|signed| (BlockName::Signed, mask::shown(&signed))));
    }
    TimelineRow {
        title: format!("{} {}", exchange.method, mask::shown(&exchange.target)),
        result: result.unwrap_or_else(|| "…".to_owned()),
        tone,
        blocks,
        ..blank(LineKind::Exchange)
    }
}

/// Headers, an empty line, and the body, indented if it is JSON.
fn message(headers: &Headers, kept: &Kept) -> String {
    let lines = headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
    let body = mask::shown(&String::from_utf8_lossy(&kept.bytes));
    let body = if body.starts_with(['{', '[']) { indented(&body) } else { body };
    let more = if kept.is_cut { "…" } else { "" };
    format!("{}\n{body}{more}", lines.collect::<String>()).trim_end().to_owned()
}

fn of_change(change: Change) -> TimelineRow {
    let records: Vec<String> =
        change.touched.iter().map(|(id, version)| format!("{id} v{version}")).collect();
    TimelineRow {
        title: change.input,
        result: format!("#{}", change.number),
        note: change.actor,
        blocks: vec![(BlockName::Records, records.join("\n"))],
        tone: "busy",
        ..blank(LineKind::Change)
    }
}

fn of_posting(payment: &Payment, posting: &Posting) -> TimelineRow {
    TimelineRow {
        title: posting.reason.to_owned(),
        result: amount(posting.line.amount, payment.money.currency).to_string(),
        note: format!("{} → {}", posting.debit, posting.credit),
        ..blank(LineKind::Posting)
    }
}

fn of_attempt(attempt: &Attempt) -> TimelineRow {
    let told = &attempt.outcome;
    let answer = match (told.http_status, &told.failure) {
        (Some(status), Some(failure)) if !failure.starts_with("http") => format!("{status} {failure}"),
        (Some(status), _) => status.to_string(),
        (None, Some(failure)) => failure.clone(),
        (None, None) => "–".to_owned(),
    };
    let next = attempt.next_at.map(|at| format!(" ⟳ {}", moment(at).short_text())).unwrap_or_default();
    TimelineRow {
        title: attempt.url.clone(),
        result: format!("{answer} · {} ms", told.duration_ms),
        tone: if told.failure.is_none() { "good" } else { "bad" },
        note: format!("{} · #{}{next}", attempt.delivery, attempt.number),
        blocks: attempt.letter.as_deref().map(sent).unwrap_or_default(),
        ..blank(LineKind::Notification)
    }
}

fn sent(letter: &Letter) -> Vec<(BlockName, String)> {
    let whole = (BlockName::Sent, message(&letter.headers, &letter.body));
    let signed = exchange::signed_text(&letter.headers, &letter.body);
    std::iter::once(whole).chain(signed.map(|signed| (BlockName::Signed, signed))).collect()
}
