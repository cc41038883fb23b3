//! The simulator: the real engine, core, store and API in one thread and in simulated time, among channels that lie,
//! merchants and payers who do things twice, and a process that dies.
//!
//! ```text
//!   seed ──▶ plan: who, how many, which faults ──▶ trouble ──▶ rest, without faults ──▶ oracle
//! ```
//! **Invariants.** A seed tells one story: two runs of it have the same trace, and its hash says so. Nothing waits in
//! real time. Whoever gets no answer asks again, so that whatever is accepted can finish; and after faults end it must.
//!
//! **Absent on purpose:** sockets, TLS and the words of WeChat Pay's interface, which other tests speak with real
//! clients; several databases, which `crates/store/tests` compares; a bank's success that is not on its bill, because
//! nothing reads bills yet.

mod acts;
mod agenda;
mod bank;
mod book;
mod canary;
mod chance;
mod found;
mod oracle;
mod output;
mod plan;
mod process;
mod receivers;
mod report;
mod seen;
mod sim;
mod state;
mod store;
mod story;
mod trace;
mod watch;
mod wechat;

use std::{
    ops::Range,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use clap::Parser;

use crate::{
    canary::Canary,
    output::say,
    report::{Report, Sighting},
    seen::Rare,
    sim::Told,
    trace::Lines,
};

/// Lets simulated worlds happen and checks that every promise is kept in them.
#[derive(Parser)]
#[command(name = "sim", version, max_term_width = 100)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Cli {
    /// The worlds of these seeds, the last not included
    #[arg(long, value_name = "FROM..TO", value_parser = seeds, default_value = "0..1000")]
    seeds: Range<u64>,
    /// One world, twice: its two traces must be the same
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Print what happens, line by line
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Plant every canary in turn, each of which must be caught
    #[arg(long)]
    canaries: bool,
    /// With --seed: plant this one
    #[arg(long, requires = "seed", value_name = "NUMBER")]
    canary: Option<usize>,
    /// Fail if a rare state was not seen
    #[arg(long)]
    all_rare: bool,
    /// Print the figures as JSON
    #[arg(long)]
    json: bool,
    /// Worlds at once, each on a thread of its own; 0 is one for each processor
    #[arg(long, default_value_t = 0)]
    threads: usize,
}

/// Worlds in which a canary must be caught.
const CANARY_SEEDS: u64 = 200;

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parts = text.split_once("..").map(|(from, to)| (from.parse(), to.parse()));
    match parts {
        Some((Ok(from), Ok(to))) if from < to => Ok(from..to),
        _ => Err("two numbers with `..` between them, the smaller first".to_owned()),
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let kept = match cli.seed {
        Some(seed) => one(seed, &cli),
        None => many(&cli),
    };
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One world, told twice.
fn one(seed: u64, cli: &Cli) -> bool {
    let canary = cli.canary.and_then(|number| Canary::ALL.get(number).copied());
    let lines = if cli.trace { Lines::Printed } else { Lines::Hashed };
    let told = sim::run(seed, canary, lines);
    let again = sim::run(seed, canary, Lines::Hashed);
    say(format_args!("{:?}", told.plan));
    say(format_args!("hash {}, again {}", told.hash, again.hash));
    report::tell_failure(&told);
    if told.hash != again.hash {
        say("the same seed told two stories");
    }
    told.hash == again.hash && told.violations.is_empty()
}

fn many(cli: &Cli) -> bool {
    let mut report = Report::default();
    let threads = match cli.threads {
        0 => thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    };
    for told in worlds(cli.seeds.clone(), threads) {
        report::tell_failure(&told);
        report.add(&told);
    }
    if cli.canaries {
        for canary in Canary::ALL {
            report.canaries.push((*canary, sighting(*canary, threads)));
        }
    }
    if cli.json {
        say(report.json());
    } else {
        report.print();
    }
    let unseen = Rare::ALL.iter().filter(|rare| report.seen.count(**rare) == 0).count();
    report.failed.is_empty()
        && report.canaries.iter().all(|(_, sighting)| sighting.is_some())
        && (unseen == 0 || !cli.all_rare)
}

/// All of these worlds, in the order of their seeds.
fn worlds(seeds: Range<u64>, threads: usize) -> Vec<Told> {
    let next = AtomicU64::new(seeds.start);
    let told = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let world = sim::run(seed, None, Lines::Hashed);
                    told.lock().unwrap_or_else(PoisonError::into_inner).push(world);
                }
            });
        }
    });
    let mut told = told.into_inner().unwrap_or_else(PoisonError::into_inner);
    told.sort_by_key(|told| told.plan.seed);
    told
}

/// The first world in which a canary is caught.
fn sighting(canary: Canary, threads: usize) -> Option<Sighting> {
    let next = AtomicU64::new(0);
    let first: Mutex<Option<Sighting>> = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let known = first.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    if seed >= CANARY_SEEDS || known.is_some_and(|known| known.seed < seed) {
                        return;
                    }
                    let told = sim::run(seed, Some(canary), Lines::Hashed);
                    if told.tampered == 0 && !told.violations.is_empty() {
                        continue;
                    }
                    let Some(what) = told.violations.first().cloned() else { continue };
                    let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
                    if first.as_ref().is_none_or(|known| seed < known.seed) {
                        *first = Some(Sighting { seed, what });
                    }
                }
            });
        }
    });
    first.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::plan::{Fault, Kept, Plan};

    /// Enough for every kind of store.
    const FEW: Range<u64> = 0..12;

    #[test]
    fn a_seed_tells_the_same_story_every_time_and_no_other_tells_it() {
        let hashes: Vec<String> = worlds(FEW, 2).into_iter().map(|told| told.hash).collect();
        let again: Vec<String> = worlds(FEW, 1).into_iter().map(|told| told.hash).collect();
        assert_eq!(hashes, again);
        assert_eq!(hashes.iter().collect::<BTreeSet<_>>().len(), hashes.len());
        let kept: BTreeSet<u8> = FEW.map(|seed| Plan::draw(seed).kept as u8).collect();
        assert_eq!(kept.len(), 3, "in memory, shared and on disk");
        assert_eq!(Plan::draw(0).kept, Kept::Disk);
    }

    #[test]
    fn a_store_on_disk_and_one_in_memory_tell_the_same_story_through_every_kill() {
        let mut kills = 0;
        for seed in FEW {
            let mut plan = Plan::draw(seed);
            plan.orders = plan.orders.min(8);
            plan.faults.retain(|(fault, _)| !matches!(fault, Fault::PowerCut | Fault::PowerCutInCommit));
            let on = |kept| sim::happen(Plan { kept, ..plan.clone() }, None, Lines::Hashed);
            let (on_disk, in_memory) = (on(Kept::Disk), on(Kept::Memory));
            assert_eq!(on_disk.hash, in_memory.hash, "seed {seed}");
            kills += on_disk.faults.get(&Fault::Crash).copied().unwrap_or_default();
        }
        assert!(kills > 0, "nobody was killed");
    }

    #[test]
    fn no_promise_is_broken_and_something_was_promised() {
        for told in worlds(FEW, 2) {
            assert_eq!(told.violations, Vec::<String>::new(), "seed {}", told.plan.seed);
            assert!(told.acknowledged > 0 && told.commits > told.acknowledged / 2, "{:?}", told.plan);
        }
    }

    #[test]
    fn a_canary_is_noticed_because_of_what_it_does() {
        for canary in [Canary::DropsCommit, Canary::SkipsFee, Canary::AcknowledgesUnsent] {
            let found = sighting(canary, 2).unwrap();
            let sound = sim::run(found.seed, None, Lines::Hashed);
            assert_eq!(sound.violations, Vec::<String>::new(), "{}: {}", canary.name(), found.what);
        }
    }

    #[test]
    fn every_fault_is_drawn_by_many_seeds_and_left_out_by_many() {
        let plans: Vec<Plan> = (0..300).map(Plan::draw).collect();
        for fault in Fault::ALL {
            let with = plans.iter().filter(|plan| plan.fault(*fault) > 0).count();
            assert!((90..210).contains(&with), "{}: {with} of 300", fault.name());
        }
    }

    #[test]
    fn seeds_are_two_numbers_the_smaller_first() {
        assert_eq!(seeds("3..5"), Ok(3..5));
        for wrong in ["5..3", "3", "3..", "a..b", "3..3"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }
}
