//! The detectors, one module each.
//!
//! **Invariants.** A detector is given movements in the order of their times. It says that a pattern is complete at
//! the movement that completes it, and then is quiet about the same accounts for a while. It remembers what its
//! window holds, so how much it keeps is bounded by the accounts that moved in it; two keep a few numbers of each
//! account for ever, and say so.

mod cash_out;
mod cycle;
mod dormant_burst;
mod fan;
mod gambling;
mod mule_ring;
mod pass_through;
mod refund_abuse;
mod structuring;

use super::{Alert, Movement, Thresholds, TieIndex};

/// What looks for a pattern.
pub(super) trait Detector {
    /// Takes one movement over, and adds what it completes.
    fn see(&mut self, movement: &Movement, ties: &TieIndex, alerts: &mut Vec<Alert>);
}

/// One of each.
pub(super) fn all(table: &Thresholds) -> Vec<Box<dyn Detector + Send>> {
    vec![
        Box::new(structuring::Structurings::new(&table.structuring)),
        Box::new(fan::Fans::into_one(&table.fan_in)),
        Box::new(fan::Fans::out_of_one(&table.fan_out)),
        Box::new(pass_through::PassThroughs::new(&table.pass_through)),
        Box::new(cycle::Cycles::new(&table.cycle)),
        Box::new(dormant_burst::Bursts::new(&table.dormant_burst)),
        Box::new(mule_ring::Rings::new(&table.mule_ring)),
        Box::new(cash_out::CashOuts::new(&table.cash_out)),
        Box::new(gambling::Gamblings::new(&table.gambling)),
        Box::new(refund_abuse::Refunds::new(&table.refund_abuse)),
    ]
}
