//! Transit code, rides and debt, as the handlers fill their pages.

use askama::Template;
use serde::{Deserialize, Serialize};
use tongbao_core::transit::{DebtReason, RideStatus};

use super::{Around, Notice, Tone, send::CodeShown};
use crate::{
    amount::Amount,
    asset::ROTATE_CODE_JS,
    frame::Frame,
    i18n::{
        Lang,
        transit::{self as words, Text as T},
    },
    moment::Moment,
    paths,
    qr::qr_svg,
};

/// What a page says of what was done; carried over a redirect, so it holds numbers and no texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TransitNotice {
    /// All codes of this minute were used.
    CodesUsedUp,
    /// Too much to do; nothing was done.
    Busy,
    /// The account is frozen.
    Frozen,
    /// Nobody knows who the payer is.
    IdentityRequired,
    /// A limit of the account would be passed; this much is left, in fen.
    LimitReached(i64),
    /// As many payments were made today as may be.
    PaymentsUsedUp,
    /// There is less than is owed.
    BalanceInsufficient,
    /// What was owed is paid.
    Paid,
}

/// The words of a notice.
pub fn notice(told: TransitNotice, lang: Lang) -> Notice {
    let (title, next) = words::notice(lang, told);
    let tone = match told {
        TransitNotice::Paid => Tone::Good,
        TransitNotice::CodesUsedUp | TransitNotice::Busy => Tone::Warn,
        TransitNotice::Frozen
        | TransitNotice::IdentityRequired
        | TransitNotice::LimitReached(_)
        | TransitNotice::PaymentsUsedUp
        | TransitNotice::BalanceInsufficient => Tone::Bad,
    };
    Notice { tone, title, next }
}

/// A gate that was passed.
#[derive(Clone, Debug)]
pub struct GateView {
    /// Where.
    pub station: String,
    /// When.
    pub at: Moment,
}

/// A ride that is under way.
#[derive(Clone, Debug)]
pub struct RidingView {
    /// Its id.
    pub id: String,
    /// Where it began.
    pub entry: GateView,
}

/// The page that shows the payer's code to a gate.
#[derive(Clone, Debug)]
pub struct TransitView {
    /// The code, once it was asked for.
    pub shown: Option<CodeShown>,
    /// The ride that is under way.
    pub riding: Option<RidingView>,
    /// What is owed; then no code is shown.
    pub owed: Option<Amount>,
}

/// A ride in the list.
#[derive(Clone, Debug)]
pub struct RideRow {
    /// Its id.
    pub id: String,
    /// Where it began.
    pub entry: GateView,
    /// Where it ended.
    pub exit: Option<String>,
    /// What it cost; none while it is under way.
    pub fare: Option<Amount>,
    /// Where it stands.
    pub status: RideStatus,
}

impl RideRow {
    fn state(&self) -> T {
        state(self.status)
    }
}

/// The payer's rides.
#[derive(Clone, Debug)]
pub struct RidesView {
    /// One page of them, the newest first.
    pub rides: Vec<RideRow>,
    /// Where older ones are.
    pub older: Option<String>,
}

/// One ride.
#[derive(Clone, Debug)]
pub struct RideView {
    /// Its id.
    pub id: String,
    /// Who runs it.
    pub operator: String,
    /// Where it stands.
    pub status: RideStatus,
    /// Where it began.
    pub entry: GateView,
    /// Where it ended.
    pub exit: Option<GateView>,
    /// What it costs at most.
    pub max: Amount,
    /// What it costs; none while it is under way.
    pub fare: Option<Amount>,
    /// When its fare was known.
    pub ended_at: Option<Moment>,
    /// Why its fare is or was owed.
    pub reason: Option<DebtReason>,
    /// When it was paid.
    pub settled_at: Option<Moment>,
}

impl RideView {
    fn state(&self) -> T {
        state(self.status)
    }

    /// The mark above the title.
    fn mark(&self) -> &'static str {
        match self.status {
            RideStatus::Riding => "back",
            RideStatus::Settled => "good",
            RideStatus::Owed => "over",
        }
    }

    /// Whether it ended without anybody telling where.
    fn missed(&self) -> bool {
        self.exit.is_none() && self.ended_at.is_some()
    }

    fn why(&self, lang: Lang) -> &'static str {
        self.reason.map_or("", |reason| words::reason(lang, reason))
    }

    fn owed(&self) -> bool {
        self.status == RideStatus::Owed
    }
}

const fn state(status: RideStatus) -> T {
    match status {
        RideStatus::Riding => T::StatusRiding,
        RideStatus::Settled => T::StatusSettled,
        RideStatus::Owed => T::StatusOwed,
    }
}

/// What is owed, and what there is.
#[derive(Clone, Debug)]
pub struct OwedView {
    /// The debt's id.
    pub debt: String,
    /// The ride's id.
    pub ride: String,
    /// Who is owed.
    pub operator: String,
    /// How much.
    pub amount: Amount,
    /// Why it could not be paid after the ride.
    pub reason: DebtReason,
    /// What the payer has.
    pub balance: Amount,
    /// Whether that is enough.
    pub is_enough: bool,
}

impl OwedView {
    fn why(&self, lang: Lang) -> &'static str {
        words::reason(lang, self.reason)
    }
}

#[derive(Template)]
#[template(path = "wallet/transit/code.html")]
struct CodePage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a TransitView,
    qr: String,
}

#[derive(Template)]
#[template(path = "wallet/transit/rides.html")]
struct RidesPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a RidesView,
}

#[derive(Template)]
#[template(path = "wallet/transit/ride.html")]
struct RidePage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: &'a RideView,
}

#[derive(Template)]
#[template(path = "wallet/transit/debt.html")]
struct DebtPage<'a> {
    f: &'a Frame,
    w: &'a Around,
    v: Option<&'a OwedView>,
}

/// Renders the page with the transit code.
pub fn render_transit(view: &TransitView, around: &Around, frame: &Frame) -> String {
    let qr = view.shown.as_ref().map(|shown| qr_svg(&shown.digits)).unwrap_or_default();
    crate::rendered(&CodePage { f: frame, w: around, v: view, qr })
}

/// Renders the list of rides.
pub fn render_rides(view: &RidesView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&RidesPage { f: frame, w: around, v: view })
}

/// Renders one ride.
pub fn render_ride(view: &RideView, around: &Around, frame: &Frame) -> String {
    crate::rendered(&RidePage { f: frame, w: around, v: view })
}

/// Renders what is owed; none is nothing.
pub fn render_debt(view: Option<&OwedView>, around: &Around, frame: &Frame) -> String {
    crate::rendered(&DebtPage { f: frame, w: around, v: view })
}
