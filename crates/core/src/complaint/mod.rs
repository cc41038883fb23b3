//! Complaints (投诉): a payer is not content with what was paid for, and the merchant answers.
//!
//! ```text
//!   complain      respond, decide on the refund      complete
//!  ─────────▶ pending ─────────────────▶ processing ─────────▶ processed
//!                ▲  └────────────────── complete ───────────────▶ │
//!                └──────────────── complain again ────────────────┘
//! ```
//!
//! **Invariants.** A payment has one complaint, which its payer may raise again. What was said is appended to and
//! never changed. The last place of its history is kept for its completion, so every complaint can be completed.
//! What would say the same as the turn before it changes nothing.
//!
//! **Absent on purpose:** money. A merchant that agrees to a refund asks for one like any other. Pictures. Messages of
//! the platform.

pub mod machine;
pub mod steps;

use serde::{Deserialize, Serialize};

use crate::{
    Key, List, Refusal, Time,
    id::{AppId, ComplaintId, MerchantId, PayerId, PaymentId},
    limits::{
        COMPLAINT_TEXT_CHARS_MAX, COMPLAINT_TURNS_MAX, URL_CHARS_MAX, WECHAT_APPID_CHARS_MAX,
        WECHAT_REFUND_WINDOW_MS,
    },
    payment::create::is_text,
};

pub use machine::{Denied, Stage, Status, Verdict};

/// What a payer complains about, as WeChat Pay's interface has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// The payer wants the money back.
    Refund,
    /// What was paid for does not work.
    ServiceNotWorking,
    /// Something else.
    Other,
}

impl ProblemKind {
    /// The name that `/v1` has for it.
    pub const fn name(self) -> &'static str {
        match self {
            ProblemKind::Refund => "refund",
            ProblemKind::ServiceNotWorking => "service_not_working",
            ProblemKind::Other => "other",
        }
    }
}

/// A page that an answer leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Its address, https.
    pub url: String,
    /// What stands on it for the payer to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// A page of a mini program that an answer leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiniProgramLink {
    /// Which mini program.
    pub appid: String,
    /// Which page.
    pub path: String,
    /// What stands on it for the payer to read.
    pub text: String,
}

/// What somebody did about a complaint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// The payer complained, for the first time or again.
    Complained {
        /// What about.
        kind: ProblemKind,
        /// In the payer's words.
        text: String,
    },
    /// The merchant answered.
    Responded {
        /// In the merchant's words.
        text: String,
        /// Where it leads.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<Link>,
        /// Where it leads within WeChat.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mini_program: Option<MiniProgramLink>,
    },
    /// The merchant says that it is settled.
    Completed,
    /// The merchant agrees to a refund, which it asks for by itself.
    RefundApproved {
        /// In how many working days; 0 is today.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        within_days: Option<u16>,
        /// The merchant's remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
    /// The merchant does not agree to a refund.
    RefundRejected {
        /// Why, for the payer to read.
        reason: String,
        /// The merchant's remark.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remark: Option<String>,
    },
}

impl Deed {
    /// The name that `/v1` has for it.
    pub const fn name(&self) -> &'static str {
        match self {
            Deed::Complained { .. } => "complained",
            Deed::Responded { .. } => "responded",
            Deed::Completed => "completed",
            Deed::RefundApproved { .. } => "refund_approved",
            Deed::RefundRejected { .. } => "refund_rejected",
        }
    }

    /// What was said with it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Deed::Complained { text, .. } | Deed::Responded { text, .. } => Some(text),
            Deed::RefundRejected { reason, .. } => Some(reason),
            Deed::RefundApproved { remark, .. } => remark.as_deref(),
            Deed::Completed => None,
        }
    }

    /// Whether it is the payer's; the others are the merchant's.
    pub const fn is_payers(&self) -> bool {
        matches!(self, Deed::Complained { .. })
    }

    /// Whether all of it is within its limits; a refusal names the field of WeChat Pay's interface.
    fn check(&self) -> Result<(), Refusal> {
        match self {
            Deed::Complained { text, .. } => said("text", text),
            Deed::Responded { text, link, mini_program } => {
                said("response_content", text)?;
                link.as_ref().map_or(Ok(()), Link::check)?;
                mini_program.as_ref().map_or(Ok(()), MiniProgramLink::check)
            }
            Deed::Completed => Ok(()),
            Deed::RefundApproved { within_days, remark } => {
                if within_days.is_some_and(|days| i64::from(days) > LAUNCH_REFUND_DAYS_MAX) {
                    return Err(Refusal::Invalid { param: "launch_refund_day", must: "from 0 to 365" });
                }
                remark.as_ref().map_or(Ok(()), |remark| said("remark", remark))
            }
            Deed::RefundRejected { reason, remark } => {
                said("reject_reason", reason)?;
                remark.as_ref().map_or(Ok(()), |remark| said("remark", remark))
            }
        }
    }
}

/// A refund can be asked for during so many days, and not later.
const LAUNCH_REFUND_DAYS_MAX: i64 = WECHAT_REFUND_WINDOW_MS / (24 * 3_600 * 1_000);

fn said(param: &'static str, text: &str) -> Result<(), Refusal> {
    let must = "1 to 200 characters without control characters";
    if is_text(text, COMPLAINT_TEXT_CHARS_MAX) { Ok(()) } else { Err(Refusal::Invalid { param, must }) }
}

impl Link {
    fn check(&self) -> Result<(), Refusal> {
        if !self.url.starts_with("https://") || !is_text(&self.url, URL_CHARS_MAX) {
            let must = "an https URL of at most 2048 characters";
            return Err(Refusal::Invalid { param: "jump_url", must });
        }
        self.text.as_ref().map_or(Ok(()), |text| said("jump_url_text", text))
    }
}

impl MiniProgramLink {
    fn check(&self) -> Result<(), Refusal> {
        let fits = is_text(&self.appid, WECHAT_APPID_CHARS_MAX)
            && is_text(&self.path, URL_CHARS_MAX)
            && is_text(&self.text, COMPLAINT_TEXT_CHARS_MAX);
        let must = "an appid, a path and a text, none of them empty";
        if fits { Ok(()) } else { Err(Refusal::Invalid { param: "mini_program_jump_info", must }) }
    }
}

/// An turn of a complaint's history (协商历史).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// What was done.
    pub deed: Deed,
    /// When.
    pub at: Time,
}

/// What a complaint about an order of WeChat Pay's interface has beside the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatComplaint {
    /// The merchant number that is complained about.
    pub mchid: String,
    /// The platform's number of the complaint (投诉单号).
    pub complaint_id: String,
}

/// A complaint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Complaint {
    /// Its id.
    pub id: ComplaintId,
    /// How often it changed.
    pub version: u32,
    /// About which merchant.
    pub merchant: MerchantId,
    /// Of which app the payment is.
    pub app: AppId,
    /// Who complains.
    pub payer: PayerId,
    /// About which payment.
    pub payment: PaymentId,
    /// Where it stands.
    pub stage: Stage,
    /// What the payer said last.
    pub text: String,
    /// How often the payer has complained.
    pub times: u16,
    /// All that was done, the oldest first; the first is the payer's.
    pub turns: Vec<Turn>,
    /// When it was raised first.
    pub created_at: Time,
    /// What it has as a complaint about an order of WeChat Pay's interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<WechatComplaint>,
}

impl Complaint {
    /// Whether it is about an order of this merchant number.
    pub fn is_about(&self, mchid: &str) -> bool {
        self.wechat.as_ref().is_some_and(|wechat| wechat.mchid == mchid)
    }

    /// The complaint after a deed; `Ok(None)` is "nothing to do": it was done before.
    pub fn after(&self, deed: &Deed, at: Time) -> Result<Option<Complaint>, Denied> {
        let last = self.turns.last();
        if last.is_some_and(|turn| turn.deed == *deed) {
            return Ok(None);
        }
        let Some(stage) = machine::decide(self.stage, deed)? else { return Ok(None) };
        let kept = usize::from(!matches!(deed, Deed::Completed));
        if self.turns.len().saturating_add(kept) >= COMPLAINT_TURNS_MAX {
            return Err(Denied::Full);
        }
        let at = last.map_or(at, |last| at.max(last.at));
        let mut next = Complaint { version: self.version.saturating_add(1), stage, ..self.clone() };
        if let Deed::Complained { text, .. } = deed {
            next.times = next.times.saturating_add(1);
            next.text.clone_from(text);
        }
        next.turns.push(Turn { deed: deed.clone(), at });
        Ok(Some(next))
    }

    /// The complaint as its last turn left it; `None` only for one without turns, which is never made.
    pub fn told(&self, by_public_key: bool) -> Option<ToldComplaint> {
        Some(ToldComplaint {
            id: self.id,
            version: self.version,
            payment: self.payment,
            stage: self.stage,
            times: self.times,
            turn: self.turns.last()?.clone(),
            created_at: self.created_at,
            wechat: self.wechat.clone(),
            by_public_key,
        })
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        let number = self.wechat.iter().map(|wechat| Key::WechatComplaint(wechat.complaint_id.clone()));
        std::iter::once(Key::ComplaintOf(self.payment)).chain(number).collect()
    }

    pub(crate) fn lists(&self) -> Vec<List> {
        vec![List::Complaints(self.merchant)]
    }
}

/// A complaint as its merchant is told of it: without what was said before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldComplaint {
    /// Which complaint.
    pub id: ComplaintId,
    /// How often it had changed.
    pub version: u32,
    /// About which payment.
    pub payment: PaymentId,
    /// Where it stood.
    pub stage: Stage,
    /// How often the payer had complained.
    pub times: u16,
    /// What was done.
    pub turn: Turn,
    /// When it was raised first.
    pub created_at: Time,
    /// What it has as a complaint about an order of WeChat Pay's interface.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<WechatComplaint>,
    /// Whether who has set the address for complaints verifies with the public key.
    #[serde(default)]
    pub by_public_key: bool,
}

impl ToldComplaint {
    /// Whether it is the first that is told of the complaint.
    pub const fn is_first(&self) -> bool {
        self.version == 1
    }
}
