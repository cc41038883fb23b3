//! What people intend to do, before it is known what they have, and the draws they do it by.

use crate::{
    aml::movement::{MovementKind, Party},
    features::EntityId,
    seeded::Seeded,
};

pub(super) const MINUTE_MS: i64 = 60_000;
pub(super) const HOUR_MS: i64 = 60 * MINUTE_MS;
pub(super) const DAY_MS: i64 = 24 * HOUR_MS;

/// How much is to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sum {
    /// So many fen.
    Fen(i64),
    /// What the balance has.
    Everything,
}

/// Money that is to be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Draft {
    pub(super) at_ms: i64,
    pub(super) kind: MovementKind,
    pub(super) from: Party,
    pub(super) to: Party,
    pub(super) sum: Sum,
    /// Whether it belongs to a scheme: a silent account is silent but for that.
    pub(super) is_planted: bool,
}

/// All of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Drafts(pub(super) Vec<Draft>);

impl Drafts {
    /// An ordinary movement.
    pub(super) fn put(&mut self, at_ms: i64, kind: MovementKind, from: Party, to: Party, fen: i64) {
        if fen > 0 && from != to {
            self.0.push(Draft { at_ms, kind, from, to, sum: Sum::Fen(fen), is_planted: false });
        }
    }

    /// An ordinary transfer.
    pub(super) fn send(&mut self, at_ms: i64, from: Party, to: Party, fen: i64) {
        self.put(at_ms, MovementKind::Transfer, from, to, fen);
    }

    /// A movement of a scheme.
    pub(super) fn plant(&mut self, at_ms: i64, kind: MovementKind, from: Party, to: Party, fen: i64) {
        if fen > 0 && from != to {
            self.0.push(Draft { at_ms, kind, from, to, sum: Sum::Fen(fen), is_planted: true });
        }
    }

    /// A transfer of a scheme.
    pub(super) fn plant_transfer(&mut self, at_ms: i64, from: Party, to: Party, fen: i64) {
        self.plant(at_ms, MovementKind::Transfer, from, to, fen);
    }

    /// Who hands an account over withdraws what is his.
    pub(super) fn empty(&mut self, at_ms: i64, account: Party) {
        let (kind, to, sum) = (MovementKind::Withdrawal, Party::Outside, Sum::Everything);
        self.0.push(Draft { at_ms, kind, from: account, to, sum, is_planted: true });
    }
}

/// A payer by its number.
pub(super) fn payer(number: usize) -> Party {
    Party::Payer(EntityId(1 + number as u128))
}

/// A merchant by its number.
pub(super) fn merchant(number: usize) -> Party {
    Party::Merchant(EntityId((1 << 64) + number as u128))
}

/// Draws that lives are made of.
impl Seeded {
    /// Whether something happens that happens in so many of a hundred cases.
    pub(super) fn percent(&mut self, percent: f64) -> bool {
        self.uniform(100.0) < percent
    }

    /// From one number to another, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = usize::try_from(most.saturating_sub(least)).unwrap_or_default() + 1;
        least + i64::try_from(self.below(span)).unwrap_or_default()
    }

    /// The same as a count.
    pub(super) fn count(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most.saturating_sub(least) + 1)
    }

    /// Fen, log-normal around a median in yuan.
    pub(super) fn fen(&mut self, median_yuan: f64, sigma: f64) -> i64 {
        let yuan = median_yuan * libm::exp(self.normal(0.0, sigma));
        #[expect(clippy::cast_possible_truncation, reason = "below a million yuan")]
        let fen = (yuan.clamp(0.01, 900_000.0) * 100.0) as i64;
        fen.max(1)
    }

    /// The same as people send it: most amounts are round.
    pub(super) fn round_fen(&mut self, median_yuan: f64, sigma: f64) -> i64 {
        let fen = self.fen(median_yuan, sigma);
        let unit = match self.below(10) {
            0..=2 => 10_000,
            3..=4 => 5_000,
            5..=6 => 1_000,
            7 => 100,
            _ => 1,
        };
        if fen >= unit { fen / unit * unit } else { fen }
    }

    /// A moment of a day, mostly in the afternoon.
    pub(super) fn by_day(&mut self, day: i64) -> i64 {
        #[expect(clippy::cast_possible_truncation, reason = "within a day")]
        let into_ms = self.normal(14.5 * 3_600_000.0, 4.5 * 3_600_000.0) as i64;
        super::START_MS + day * DAY_MS + into_ms.rem_euclid(DAY_MS)
    }

    /// A moment of the night that begins on a day: from 20 to 3 o'clock.
    pub(super) fn by_night(&mut self, day: i64) -> i64 {
        super::START_MS + day * DAY_MS + 20 * HOUR_MS + self.between(0, 7 * HOUR_MS)
    }

    /// One of several.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { Some(all[self.below(all.len())]) }
    }

    /// Part of an amount: so many percent of it, drawn between two.
    pub(super) fn part_of(&mut self, fen: i64, least_percent: f64, most_percent: f64) -> i64 {
        let percent = least_percent + self.uniform(most_percent - least_percent);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "below 2^53 fen")]
        let part = (fen as f64 * percent / 100.0) as i64;
        part
    }
}
