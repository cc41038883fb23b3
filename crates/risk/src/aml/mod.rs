//! Looking for money laundering in what has happened: detectors over movements of money, alerts, cases, and the days
//! that are reported for their size.
//!
//! This runs beside the platform and after the fact. It holds nothing up and blocks nobody; what it finds is for those
//! who look into it, and must not be told to those it is about.
//!
//! **Invariants.** The same movements judged by the same [`Thresholds`] give the same alerts with the same ids, told
//! one by one or all at once, and in whatever order the movements of one instant come. Memory is bounded by what
//! happens in the windows, plus a few numbers for each account.
//!
//! **Absent on purpose:** I/O, clocks, names and numbers of people, verdicts, and claims about real criminals: what
//! the detectors find in [`generator`]'s worlds was planted by those who wrote the detectors (`docs/aml.md`).

mod alert;
mod case;
mod day;
mod detector;
pub mod evaluation;
pub mod generator;
mod large_value;
mod monitor;
mod movement;
mod recent;
mod table;
mod ties;

pub use alert::{Alert, AlertId, EVIDENCE_MAX, Figure, Pattern, Unit};
pub use case::{Case, CaseId, cases};
pub use day::{day_of, start_of};
pub use large_value::{Checked, Customer, Day, Direction, LargeValue, LargeValueLine};
pub use monitor::{Found, INSTANT_MAX, Looked, Monitor};
pub use movement::{Evidence, Movement, MovementKind, Party, Tie, TieKind, Ties};
pub use table::{
    CURRENCY, CashOut, Cycle, DormantBurst, Fan, Gambling, MuleRing, PassThrough, RefundAbuse, Structuring,
    TableFlaw, Thresholds,
};
pub use ties::{RING_MAX, TIES_MAX, TieIndex};
