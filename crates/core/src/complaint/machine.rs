//! The table of what can be done about a complaint, pure over where it stands.

use serde::{Deserialize, Serialize};

use super::{Deed, ProblemKind};

/// Where a complaint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The payer waits for an answer (待处理).
    Pending,
    /// The merchant has answered (处理中).
    Processing,
    /// The merchant says that it is settled (已处理完成).
    Processed,
}

impl Status {
    /// The name that `/v1` has for it.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Processing => "processing",
            Status::Processed => "processed",
        }
    }
}

/// What the merchant says to the payer who wants the money back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It will come.
    Approved,
    /// It will not.
    Rejected,
}

/// All that decides what can be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stage {
    /// What the payer complains about now.
    pub kind: ProblemKind,
    /// Where it stands.
    pub status: Status,
    /// What the merchant has said to a wish for a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

/// Why the answer is no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It is processed; only its payer may go on.
    Processed,
    /// The payer does not ask for a refund.
    NoRefundAsked,
    /// A refund was promised, which cannot be taken back.
    Promised,
    /// There is no room for more.
    Full,
}

/// Where the complaint stands after a deed; `Ok(None)` is "nothing to do".
pub fn decide(now: Stage, deed: &Deed) -> Result<Option<Stage>, Denied> {
    use Status::{Pending, Processed, Processing};
    let becomes = |status| Ok(Some(Stage { status, ..now }));
    match (now.status, deed) {
        (Pending | Processing | Processed, Deed::Complained { kind, .. }) => {
            Ok(Some(Stage { kind: *kind, status: Pending, verdict: None }))
        }
        (Pending | Processing, Deed::Responded { .. }) => becomes(Processing),
        (Pending | Processing, Deed::Completed) => becomes(Processed),
        (Pending | Processing, Deed::RefundApproved { .. }) => judge(now, Verdict::Approved),
        (Pending | Processing, Deed::RefundRejected { .. }) => judge(now, Verdict::Rejected),
        (Processed, Deed::Completed) => Ok(None),
        (Processed, Deed::Responded { .. } | Deed::RefundApproved { .. } | Deed::RefundRejected { .. }) => {
            Err(Denied::Processed)
        }
    }
}

fn judge(now: Stage, verdict: Verdict) -> Result<Option<Stage>, Denied> {
    match (now.kind, now.verdict) {
        (ProblemKind::ServiceNotWorking | ProblemKind::Other, _) => Err(Denied::NoRefundAsked),
        (ProblemKind::Refund, Some(Verdict::Approved)) => Err(Denied::Promised),
        (ProblemKind::Refund, Some(Verdict::Rejected) | None) => {
            Ok(Some(Stage { status: Status::Processing, verdict: Some(verdict), ..now }))
        }
    }
}
