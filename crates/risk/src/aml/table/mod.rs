//! What detectors are set to: one typed table, read from TOML, with a version and a source for each part.

mod flaw;

use std::ops::RangeInclusive;

use serde::Deserialize;
use tongbao_money::Currency;

pub use self::flaw::TableFlaw;
use super::{large_value::LargeValueLine, movement::TieKind};

/// The table in the program.
const SHIPPED: &str = include_str!("../../../aml/thresholds.toml");

const HOUR_MS: i64 = 3_600_000;
const FEN_IN_A_YUAN: i64 = 100;

/// The currency that detectors count in. Movements in others are for large-value reports only.
pub const CURRENCY: Currency = Currency::CNY;

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident in $range:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Where the numbers come from.
            pub source: String,
            $($(#[$field_doc])* pub $field: i64,)*
        }

        impl $name {
            fn flaws(&self, section: &'static str, flaws: &mut Vec<TableFlaw>) {
                if self.source.trim().is_empty() {
                    flaws.push(TableFlaw::NoSource(section.to_owned()));
                }
                $(within(section, stringify!($field), self.$field, $range, flaws);)*
            }
        }
    };
}

/// Basis points of something.
const SHARE: RangeInclusive<i64> = 0..=10_000;
/// How many of something. More than any window keeps would never be reached.
const COUNT: RangeInclusive<i64> = 1..=200;
/// Hours of a window: one hour to a quarter.
const HOURS: RangeInclusive<i64> = 1..=2_160;
/// Yuan: up to a milliard.
const YUAN: RangeInclusive<i64> = 1..=1_000_000_000;

/// Structuring: amounts just below a threshold.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Structuring {
    /// Where the numbers come from.
    pub source: String,
    /// The thresholds, in yuan.
    pub thresholds_yuan: Vec<i64>,
    /// How far below a threshold is just below, in basis points of it.
    pub band_bps: i64,
    /// How many make an alert.
    pub count_min: i64,
    /// Within how many hours: each of these.
    pub windows_h: Vec<i64>,
    /// Which part of all amounts from half the threshold on is in the band.
    pub band_share_min_bps: i64,
}

impl Structuring {
    fn flaws(&self, section: &'static str, flaws: &mut Vec<TableFlaw>) {
        if self.source.trim().is_empty() {
            flaws.push(TableFlaw::NoSource(section.to_owned()));
        }
        for (name, list, range) in
            [("thresholds_yuan", &self.thresholds_yuan, YUAN), ("windows_h", &self.windows_h, HOURS)]
        {
            if list.is_empty() {
                flaws.push(TableFlaw::Empty(format!("{section}.{name}")));
            }
            for value in list {
                within(section, name, *value, range.clone(), flaws);
            }
        }
        within(section, "band_bps", self.band_bps, 1..=5_000, flaws);
        within(section, "count_min", self.count_min, COUNT, flaws);
        within(section, "band_share_min_bps", self.band_share_min_bps, SHARE, flaws);
    }
}

section! {
    /// Fan-in and fan-out: many strangers in a short time.
    Fan {
        /// Hours of the window.
        window_h in HOURS;
        /// How many counterparties that were not known before.
        counterparties_min in COUNT;
        /// Which part of all counterparties they are.
        strangers_min_bps in SHARE;
        /// What they moved together, in yuan.
        total_min_yuan in YUAN;
    }
}

section! {
    /// Pass-through: what comes in leaves at once.
    PassThrough {
        /// Minutes within which it leaves.
        window_min in 1..=10_080;
        /// What came in, in yuan.
        in_min_yuan in YUAN;
        /// Which part of it left.
        out_share_min_bps in SHARE;
        /// At most so much of it left.
        out_share_max_bps in 0..=100_000;
        /// What is left in the balance, of what came in.
        left_max_bps in SHARE;
        /// How often.
        episodes_min in COUNT;
        /// Within how many hours.
        episodes_h in HOURS;
    }
}

section! {
    /// Cycles: money that comes back.
    Cycle {
        /// Hours of the window.
        window_h in HOURS;
        /// The fewest transfers.
        hops_min in 2..=8;
        /// The most transfers.
        hops_max in 2..=8;
        /// How much less the last is than the first.
        decay_max_bps in SHARE;
        /// The least amount, in yuan.
        amount_min_yuan in YUAN;
    }
}

section! {
    /// Dormant, then a burst.
    DormantBurst {
        /// Days without a movement.
        silent_days in 1..=3_650;
        /// Hours of the burst.
        window_h in HOURS;
        /// How much a movement is, in yuan, that counts.
        each_min_yuan in YUAN;
        /// How many of those movements.
        count_min in COUNT;
        /// What they come to, in yuan, in and out together.
        total_min_yuan in YUAN;
        /// How many times the busiest day before.
        times_busiest_day in 0..=10_000;
    }
}

section! {
    /// Mule rings: accounts with things in common that collect and pass on.
    MuleRing {
        /// Hours of the window.
        window_h in HOURS;
        /// How many accounts.
        accounts_min in 2..=64;
        /// How many of them received from outside the ring, and sent on.
        receivers_min in COUNT;
        /// How much each of those did, in yuan.
        each_in_min_yuan in YUAN;
        /// From how many senders.
        senders_min in COUNT;
        /// How much, in yuan.
        in_min_yuan in YUAN;
        /// Which part of it left the ring, from each of them and in all.
        out_share_min_bps in SHARE;
        /// A device of more accounts than this is common.
        device_accounts_max in 2..=64;
        /// An address of more accounts than this is common.
        address_accounts_max in 2..=64;
        /// A card of more accounts than this is common.
        card_accounts_max in 2..=64;
        /// A person with more accounts than this is common.
        identity_accounts_max in 2..=64;
    }
}

impl MuleRing {
    /// How many accounts may have a thing in common for it to say something.
    #[must_use]
    pub fn accounts_max(&self, kind: TieKind) -> usize {
        let max = match kind {
            TieKind::Device => self.device_accounts_max,
            TieKind::Address => self.address_accounts_max,
            TieKind::Card => self.card_accounts_max,
            TieKind::Identity => self.identity_accounts_max,
        };
        count(max)
    }
}

section! {
    /// Merchants' cash-out: purchases that are none.
    CashOut {
        /// The least payment, in yuan.
        amount_min_yuan in YUAN;
        /// Hours within which it comes back.
        back_h in HOURS;
        /// Which part of it comes back.
        back_min_bps in SHARE;
        /// How many of a payer came back.
        returns_min in COUNT;
        /// Or how many were made by who has something in common with the merchant.
        own_payments_min in COUNT;
        /// What they come to, in yuan.
        total_min_yuan in YUAN;
        /// Hours of the window.
        window_h in HOURS;
    }
}

section! {
    /// Gambling: small round amounts at night.
    Gambling {
        /// Hours of the window.
        window_h in HOURS;
        /// The most that is small, in yuan.
        small_max_yuan in YUAN;
        /// What a round amount is a multiple of, in yuan.
        round_to_yuan in YUAN;
        /// How many small amounts came in.
        count_min in COUNT;
        /// From how many senders.
        senders_min in COUNT;
        /// Which part of them is round.
        round_min_bps in SHARE;
        /// The hour at which night begins.
        night_from_hour in 0..=23;
        /// The hour at which it ends.
        night_until_hour in 0..=23;
        /// Which part came at night.
        night_min_bps in SHARE;
        /// How many times the mean of what came in a transfer out is.
        out_times_mean in 1..=10_000;
        /// Which part of what came in went out by such transfers.
        out_share_min_bps in SHARE;
    }
}

section! {
    /// Refund abuse: nearly everything comes back.
    RefundAbuse {
        /// Days of the window.
        window_days in 1..=90;
        /// How many refunds.
        refunds_min in COUNT;
        /// Of how many merchants.
        merchants_min in COUNT;
        /// Which part of what was bought.
        refunded_min_bps in SHARE;
        /// How much, in yuan.
        refunded_min_yuan in YUAN;
    }
}

/// The whole table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Raised with each change; reports name it.
    pub version: u32,
    /// Amounts just below a threshold.
    pub structuring: Structuring,
    /// Many strangers send to one.
    pub fan_in: Fan,
    /// One sends to many strangers.
    pub fan_out: Fan,
    /// In and out at once.
    pub pass_through: PassThrough,
    /// Money that comes back.
    pub cycle: Cycle,
    /// A long silence, then a lot.
    pub dormant_burst: DormantBurst,
    /// Accounts with things in common.
    pub mule_ring: MuleRing,
    /// Purchases that are none.
    pub cash_out: CashOut,
    /// Small round amounts at night.
    pub gambling: Gambling,
    /// Nearly everything is refunded.
    pub refund_abuse: RefundAbuse,
    /// From which sums on movements are reported.
    #[serde(default)]
    pub large_value: Vec<LargeValueLine>,
}

impl Thresholds {
    /// The table in the program.
    ///
    /// # Panics
    /// Never: a test reads it.
    #[must_use]
    pub fn shipped() -> Thresholds {
        Thresholds::parse(SHIPPED).expect("a test reads the shipped table")
    }

    /// The text of the table in the program, to begin one's own with.
    #[must_use]
    pub const fn shipped_text() -> &'static str {
        SHIPPED
    }

    /// Reads a table; the errors say what to change.
    pub fn parse(text: &str) -> Result<Thresholds, Vec<TableFlaw>> {
        let table: Thresholds =
            toml::from_str(text).map_err(|error| vec![TableFlaw::Shape(error.to_string())])?;
        let mut flaws = Vec::new();
        table.structuring.flaws("structuring", &mut flaws);
        table.fan_in.flaws("fan_in", &mut flaws);
        table.fan_out.flaws("fan_out", &mut flaws);
        table.pass_through.flaws("pass_through", &mut flaws);
        table.cycle.flaws("cycle", &mut flaws);
        table.dormant_burst.flaws("dormant_burst", &mut flaws);
        table.mule_ring.flaws("mule_ring", &mut flaws);
        table.cash_out.flaws("cash_out", &mut flaws);
        table.gambling.flaws("gambling", &mut flaws);
        table.refund_abuse.flaws("refund_abuse", &mut flaws);
        if table.cycle.hops_max < table.cycle.hops_min {
            flaws.push(TableFlaw::Hops);
        }
        for (place, line) in table.large_value.iter().enumerate() {
            if table.large_value.iter().take(place).any(|other| other.id == line.id) {
                flaws.push(TableFlaw::Twice(line.id.clone()));
            }
            if line.source.trim().is_empty() {
                flaws.push(TableFlaw::NoSource(format!("large_value {}", line.id)));
            }
            within("large_value", &line.id, line.at_least, YUAN, &mut flaws);
        }
        if flaws.is_empty() { Ok(table) } else { Err(flaws) }
    }
}

fn within(section: &str, name: &str, value: i64, range: RangeInclusive<i64>, flaws: &mut Vec<TableFlaw>) {
    if !range.contains(&value) {
        flaws.push(TableFlaw::Range { name: format!("{section}.{name}"), value, range });
    }
}

/// Hours in milliseconds.
pub(super) const fn hours_ms(hours: i64) -> i64 {
    hours.saturating_mul(HOUR_MS)
}

/// Days in milliseconds.
pub(super) const fn days_ms(days: i64) -> i64 {
    hours_ms(days.saturating_mul(24))
}

/// Yuan in fen.
pub(super) const fn fen(yuan: i64) -> i64 {
    yuan.saturating_mul(FEN_IN_A_YUAN)
}

/// A count that was checked to be one.
pub(super) fn count(value: i64) -> usize {
    usize::try_from(value).unwrap_or_default()
}
