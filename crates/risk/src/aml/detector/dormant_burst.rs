//! Dormant, then a burst: after a long silence an account moves, within days, many times what it moved on its busiest
//! day before.
//!
//! Of every payer a few numbers are kept for ever: without them nobody could be silent.

use std::collections::BTreeMap;

use super::Detector;
use crate::aml::{
    Alert, Movement, Pattern, TieIndex,
    alert::Figure,
    day::day_of,
    movement::{Evidence, Party},
    table::{DormantBurst, count, days_ms, fen, hours_ms},
};

#[derive(Clone, Debug, Default)]
struct Life {
    last_ms: i64,
    /// The day of the last movement, what moved on it, and what moved on the busiest.
    day: i64,
    on_day: i64,
    busiest: i64,
    burst: Option<Box<Burst>>,
}

#[derive(Clone, Debug)]
struct Burst {
    began_ms: i64,
    silent_ms: i64,
    busiest_before: i64,
    count: usize,
    total: i64,
    evidence: Vec<Evidence>,
}

/// Movements of a burst that are kept.
const BURST_EVIDENCE_MAX: usize = 200;

/// See the module.
pub(super) struct Bursts {
    table: DormantBurst,
    lives: BTreeMap<Party, Life>,
}

impl Bursts {
    pub(super) fn new(table: &DormantBurst) -> Bursts {
        Bursts { table: table.clone(), lives: BTreeMap::new() }
    }

    fn look(&mut self, account: Party, seen: Evidence) -> Option<Alert> {
        let table = &self.table;
        let life =
            self.lives.entry(account).or_insert_with(|| Life { last_ms: seen.at_ms, ..Life::default() });
        let silent_ms = seen.at_ms.saturating_sub(life.last_ms);
        if silent_ms >= days_ms(table.silent_days) {
            let busiest_before = life.busiest.max(life.on_day);
            let (began_ms, count, total, evidence) = (seen.at_ms, 0, 0, Vec::new());
            life.burst =
                Some(Box::new(Burst { began_ms, silent_ms, busiest_before, count, total, evidence }));
        }
        life.add(seen);
        let burst = life.burst.as_mut()?;
        let window_ms = hours_ms(table.window_h);
        if seen.at_ms.saturating_sub(burst.began_ms) >= window_ms {
            life.burst = None;
            return None;
        }
        if seen.minor < fen(table.each_min_yuan) {
            return None;
        }
        burst.count += 1;
        burst.total = burst.total.saturating_add(seen.minor);
        if burst.evidence.len() < BURST_EVIDENCE_MAX {
            burst.evidence.push(seen);
        }
        let is_complete = burst.count >= count(table.count_min)
            && burst.total >= fen(table.total_min_yuan)
            && burst.total >= burst.busiest_before.saturating_mul(table.times_busiest_day);
        if !is_complete {
            return None;
        }
        let burst = life.burst.take()?;
        let figures = vec![
            Figure::span("silent", burst.silent_ms),
            Figure::count("movements", burst.count),
            Figure::fen("total", burst.total),
            Figure::fen("busiest_day_before", burst.busiest_before),
            Figure::span("window", window_ms),
        ];
        Some(Alert::new(Pattern::DormantBurst, seen.at_ms, vec![account], figures, burst.evidence))
    }
}

impl Life {
    fn add(&mut self, seen: Evidence) {
        let day = day_of(seen.at_ms);
        if day != self.day {
            self.busiest = self.busiest.max(self.on_day);
            (self.day, self.on_day) = (day, 0);
        }
        self.on_day = self.on_day.saturating_add(seen.minor);
        self.last_ms = seen.at_ms;
    }
}

impl Detector for Bursts {
    fn see(&mut self, movement: &Movement, _: &TieIndex, alerts: &mut Vec<Alert>) {
        for account in [movement.from, movement.to] {
            if account.is_payer() {
                alerts.extend(self.look(account, movement.seen()));
            }
        }
    }
}
