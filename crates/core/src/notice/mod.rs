//! Notices (短信、邮件通知): messages and codes on their way to a payer's phone or mailbox.
//!
//! ```text
//!   a step tells a payer ──▶ message, task ──▶ plan: which media, and when ──▶ notice ──▶ sent ──▶ done
//!                                                                               ▲    │ no answer
//!                                                                               └────┘ too often, or no: given up
//! ```
//!
//! Which notices come of a step follows from what it changes ([`follow`]), so no other decision has to think of them.
//!
//! **Invariants.** A message stands in the wallet whatever becomes of its notices. A notice keeps its id however often
//! it is sent, so a gateway can tell a repetition. The address and the code are sealed, and are forgotten when the
//! notice is over. News neither wakes anybody nor comes more often than [`NEWS_PER_DAY_MAX`]; codes and alerts do.
//!
//! **Absent on purpose:** what a notice says. The shell writes it, from the message, in the payer's language.

pub mod contact;
mod follow;
mod plan;
pub mod told;

use serde::{Deserialize, Serialize};

pub use self::{
    follow::follow,
    plan::{NEWS_PER_DAY_MAX, QUIET_FROM_H, QUIET_UNTIL_H, awake, plan},
};
use crate::{
    ChangeSet, Context, Facts, List, Refusal, Stop, Task, TaskKey, Time, Work,
    id::{MessageId, NoticeId, PayerId},
    limits::CODE_LIFE_MS,
};

/// When a message is sent again after no answer, in seconds: quickly at first, for a gateway that restarts, and for
/// four hours in all, because news of yesterday helps nobody.
pub const RETRY_AFTER_S: [i64; 6] = [5, 30, 120, 600, 3_600, 10_800];
/// The same for a code, which somebody waits for and which is void after five minutes.
pub const CODE_RETRY_AFTER_S: [i64; 3] = [2, 10, 30];

/// By what a payer is reached outside its wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// A text message to the phone number.
    Sms,
    /// Mail to the address that the payer confirmed.
    Mail,
}

/// In which language a notice is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// How soon a payer must know something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// A one-time code, which somebody waits for. It is never counted and never waits.
    Code,
    /// Something that may be a thief's doing. It is sent by all media at any hour, whatever the payer chose.
    Alert,
    /// Everything else: by the payer's choice, not at night, and not too often.
    News,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A message.
    Message(MessageId),
    /// A one-time code, sealed by the shell; none once the notice is over.
    Code(Option<String>),
}

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeStatus {
    /// To be sent for the first time.
    Due,
    /// There was no answer; it is sent again.
    Waiting,
    /// The gateway or mail server has taken it.
    Done,
    /// It was refused, or there was no answer too often.
    GivenUp,
}

/// A payer's address in one medium.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The medium.
    pub medium: Medium,
    /// Phone number or mail address, sealed by the shell.
    pub sealed: String,
    /// The same, masked.
    pub hint: String,
}

/// A message or code on its way to a payer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its id, and the name under which the gateway knows it.
    pub id: NoticeId,
    /// How often it changed.
    pub version: u32,
    /// To whom; of somebody who signs up, the payer to come.
    pub payer: PayerId,
    /// By what.
    pub medium: Medium,
    /// Where to, sealed; none once it is over.
    pub to_sealed: Option<String>,
    /// Where to, masked.
    pub to_hint: String,
    /// In which language.
    pub language: Language,
    /// What.
    pub what: What,
    /// Where it stands.
    pub status: NoticeStatus,
    /// How often there was no answer.
    pub failures: u8,
    /// When it is sent next.
    pub next_at: Option<Time>,
    /// When it was planned.
    pub created_at: Time,
}

impl std::fmt::Debug for Notice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Notice({}, {:?}, {:?}, version {})", self.id, self.medium, self.status, self.version)
    }
}

/// What came of sending once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// It was taken.
    Taken,
    /// It was refused for good: another try would be refused as well.
    Refused,
    /// There was no answer, or one that says "later".
    Unanswered,
}

impl Notice {
    /// Whether it is over.
    pub const fn is_over(&self) -> bool {
        matches!(self.status, NoticeStatus::Done | NoticeStatus::GivenUp)
    }

    /// Whether sending it would help nobody any more: a code that is void.
    pub fn is_stale(&self, at: Time) -> bool {
        matches!(self.what, What::Code(_)) && at.since_ms(self.created_at) >= CODE_LIFE_MS
    }

    fn retry_after_s(&self) -> Option<i64> {
        let schedule = match self.what {
            What::Message(_) => RETRY_AFTER_S.as_slice(),
            What::Code(_) => CODE_RETRY_AFTER_S.as_slice(),
        };
        schedule.get(usize::from(self.failures)).copied()
    }

    /// The notice after it was sent at `at`; nothing if it was over already.
    pub fn after(&self, at: Time, carried: Carried) -> Option<Notice> {
        let next = Notice { version: self.version.saturating_add(1), next_at: None, ..self.clone() };
        match (self.status, carried) {
            (NoticeStatus::Due | NoticeStatus::Waiting, Carried::Taken) => {
                Some(next.over(NoticeStatus::Done))
            }
            (NoticeStatus::Due | NoticeStatus::Waiting, Carried::Refused) => {
                Some(next.over(NoticeStatus::GivenUp))
            }
            (NoticeStatus::Due | NoticeStatus::Waiting, Carried::Unanswered) => {
                let failures = self.failures.saturating_add(1);
                let Some(wait_s) = self.retry_after_s() else {
                    return Some(Notice { failures, ..next.over(NoticeStatus::GivenUp) });
                };
                let next_at = Some(at.plus_s(wait_s));
                Some(Notice { failures, status: NoticeStatus::Waiting, next_at, ..next })
            }
            (NoticeStatus::Done | NoticeStatus::GivenUp, _) => None,
        }
    }

    /// What is left when nothing will be sent any more: neither the address nor the code.
    fn over(self, status: NoticeStatus) -> Notice {
        let what = match self.what {
            What::Code(_) => What::Code(None),
            message @ What::Message(_) => message,
        };
        Notice { status, what, to_sealed: None, ..self }
    }

    pub(crate) fn lists() -> Vec<List> {
        vec![List::Notices]
    }
}

/// Puts a notice on its way.
fn put(
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: PayerId,
    (address, language): (Address, Language),
    what: What,
    due_at: Time,
) {
    let notice = Notice {
        id: cx.draw(),
        version: 1,
        payer,
        medium: address.medium,
        to_sealed: Some(address.sealed),
        to_hint: address.hint,
        language,
        what,
        status: NoticeStatus::Due,
        failures: 0,
        next_at: Some(due_at),
        created_at: cx.at(),
    };
    change.tasks.push(Task::new(due_at, Work::SendNotice(notice.id)));
    change.put(notice);
}

/// Sends a one-time code, sealed, to this address, now.
pub fn send_code(
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: PayerId,
    to: (Address, Language),
    code_sealed: String,
) {
    let now = cx.at();
    put(cx, change, payer, to, What::Code(Some(code_sealed)), now);
}

/// Records what came of sending a notice once. The worker must still hold `lease`.
pub fn record_sent(
    facts: &dyn Facts,
    cx: &Context,
    id: NoticeId,
    lease: TaskKey,
    carried: Carried,
) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let mut change = ChangeSet { done: vec![lease], ..ChangeSet::default() };
    let notice = facts.get::<Notice>(id)?.ok_or(Refusal::NotFound("notice"))?;
    let Some(next) = notice.after(cx.at(), carried) else { return Ok(change) };
    if let Some(due_at) = next.next_at {
        change.tasks.push(Task::new(due_at, Work::SendNotice(id)));
    }
    change.put(next);
    Ok(change)
}
