//! Alerts: what a detector has seen, with the numbers and the movements it rests on.

use std::fmt;

use serde::Serialize;

use super::movement::{Evidence, Party};

/// The patterns that detectors look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// Amounts that keep just below a threshold.
    Structuring,
    /// Many strangers send to one account.
    FanIn,
    /// One account sends to many strangers.
    FanOut,
    /// What comes in leaves at once, again and again.
    PassThrough,
    /// Money comes back to where it began.
    Cycle,
    /// A long silence, then a lot.
    DormantBurst,
    /// Accounts that share devices, cards, people or addresses collect and pass on.
    MuleRing,
    /// Purchases that are paid back.
    CashOut,
    /// Round small amounts at night in, few large ones out.
    Gambling,
    /// Nearly everything that is bought is refunded.
    RefundAbuse,
}

impl Pattern {
    /// All of them.
    pub const ALL: [Pattern; 10] = [
        Pattern::Structuring,
        Pattern::FanIn,
        Pattern::FanOut,
        Pattern::PassThrough,
        Pattern::Cycle,
        Pattern::DormantBurst,
        Pattern::MuleRing,
        Pattern::CashOut,
        Pattern::Gambling,
        Pattern::RefundAbuse,
    ];

    /// The name in tables, files and reports; part of the ids of alerts.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Pattern::Structuring => "structuring",
            Pattern::FanIn => "fan_in",
            Pattern::FanOut => "fan_out",
            Pattern::PassThrough => "pass_through",
            Pattern::Cycle => "cycle",
            Pattern::DormantBurst => "dormant_burst",
            Pattern::MuleRing => "mule_ring",
            Pattern::CashOut => "cash_out",
            Pattern::Gambling => "gambling",
            Pattern::RefundAbuse => "refund_abuse",
        }
    }

    /// What it is called in Chinese.
    #[must_use]
    pub const fn name_zh(self) -> &'static str {
        match self {
            Pattern::Structuring => "拆分交易",
            Pattern::FanIn => "分散转入、集中",
            Pattern::FanOut => "集中、分散转出",
            Pattern::PassThrough => "快进快出",
            Pattern::Cycle => "资金回流",
            Pattern::DormantBurst => "休眠账户突然启用",
            Pattern::MuleRing => "跑分团伙",
            Pattern::CashOut => "商户套现",
            Pattern::Gambling => "疑似赌博收款",
            Pattern::RefundAbuse => "异常退款",
        }
    }

    /// What it means, in a sentence for whoever looks into it.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Pattern::Structuring => "Several amounts keep just below a threshold, and hardly any cross it.",
            Pattern::FanIn => {
                "Many accounts that never dealt with this one sent money to it in a short time."
            }
            Pattern::FanOut => "This account sent money in a short time to many it had never dealt with.",
            Pattern::PassThrough => "Nearly all that came in left again within minutes, several times.",
            Pattern::Cycle => "Money went from account to account and came back to the first, hardly less.",
            Pattern::DormantBurst => "After a long silence much more moved than on any day before it.",
            Pattern::MuleRing => {
                "Accounts with devices, cards, people or addresses in common collected from others and sent it on."
            }
            Pattern::CashOut => {
                "Repeated purchases of one payer came back from the merchant, or were made on the merchant's device."
            }
            Pattern::Gambling => "Many round small amounts came in at night, and few large ones went out.",
            Pattern::RefundAbuse => "Nearly all that was bought, at several merchants, was refunded.",
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// In what a figure is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things.
    Count,
    /// Fen.
    Fen,
    /// Ten-thousandths.
    BasisPoints,
    /// Milliseconds.
    Milliseconds,
}

/// One number behind an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// What it is.
    pub name: &'static str,
    /// How much.
    pub value: i64,
    /// Of what.
    pub unit: Unit,
}

impl Figure {
    /// So many things.
    #[must_use]
    pub(super) fn count(name: &'static str, count: usize) -> Figure {
        Figure { name, value: i64::try_from(count).unwrap_or(i64::MAX), unit: Unit::Count }
    }

    /// So many fen.
    #[must_use]
    pub(super) const fn fen(name: &'static str, value: i64) -> Figure {
        Figure { name, value, unit: Unit::Fen }
    }

    /// The part that one number is of another, in ten-thousandths; of nothing it is nothing.
    #[must_use]
    pub(super) fn share(name: &'static str, part: i64, whole: i64) -> Figure {
        Figure { name, value: share_bps(part, whole), unit: Unit::BasisPoints }
    }

    /// The same of counts.
    #[must_use]
    pub(super) fn part(name: &'static str, part: usize, whole: usize) -> Figure {
        Figure { name, value: count_bps(part, whole), unit: Unit::BasisPoints }
    }

    /// A span of time.
    #[must_use]
    pub(super) const fn span(name: &'static str, value: i64) -> Figure {
        Figure { name, value, unit: Unit::Milliseconds }
    }
}

/// The same of counts.
pub(super) fn count_bps(part: usize, whole: usize) -> i64 {
    let wide = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    share_bps(wide(part), wide(whole))
}

/// The part that one number is of another, in ten-thousandths; of nothing it is nothing.
pub(super) fn share_bps(part: i64, whole: i64) -> i64 {
    if whole <= 0 {
        return 0;
    }
    i64::try_from(i128::from(part) * 10_000 / i128::from(whole)).unwrap_or(i64::MAX)
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Figure { name, value, unit } = self;
        let name = name.replace('_', " ");
        match unit {
            Unit::Count => write!(formatter, "{name} {value}"),
            Unit::Fen => {
                let sign = if *value < 0 { "-" } else { "" };
                let (yuan, fen) = (value.unsigned_abs() / 100, value.unsigned_abs() % 100);
                write!(formatter, "{name} {sign}{yuan}.{fen:02} yuan")
            }
            Unit::BasisPoints => write!(formatter, "{name} {}.{:02} %", value / 100, value.abs() % 100),
            Unit::Milliseconds => write!(formatter, "{name} {} min", value / 60_000),
        }
    }
}

/// Movements that an alert names at most; how many there were is among its figures.
pub const EVIDENCE_MAX: usize = 200;

/// What a detector has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Which pattern.
    pub pattern: Pattern,
    /// The time of the movement that completed it, in milliseconds since 1970.
    pub at_ms: i64,
    /// The accounts it is about, in order, each once. Those they dealt with are in the evidence only.
    pub accounts: Vec<Party>,
    /// The numbers.
    pub figures: Vec<Figure>,
    /// The movements it rests on, oldest first, the last [`EVIDENCE_MAX`] of them.
    pub evidence: Vec<Evidence>,
}

impl Alert {
    pub(super) fn new(
        pattern: Pattern,
        at_ms: i64,
        mut accounts: Vec<Party>,
        figures: Vec<Figure>,
        mut evidence: Vec<Evidence>,
    ) -> Alert {
        accounts.sort_unstable();
        accounts.dedup();
        evidence.sort_by_key(|seen| (seen.at_ms, seen.kind, seen.id));
        let surplus = evidence.len().saturating_sub(EVIDENCE_MAX);
        evidence.drain(..surplus);
        Alert { pattern, at_ms, accounts, figures, evidence }
    }

    /// Its id: 64 bits of a digest of the pattern, the accounts and the moment. The same history judged by the same
    /// table has the same ids.
    #[must_use]
    pub fn id(&self) -> AlertId {
        let mut digest = blake3::Hasher::new_derive_key("tongbao aml alert 1");
        digest.update(self.pattern.name().as_bytes()).update(&[0]).update(&self.at_ms.to_be_bytes());
        for account in &self.accounts {
            digest.update(&account.bytes());
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest.finalize().as_bytes()[..8]);
        AlertId(u64::from_be_bytes(bytes))
    }
}

/// The name of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertId(pub u64);

impl fmt::Display for AlertId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}", self.0)
    }
}
