//! `cargo xtask test`: everything a change must pass, one stage after the other.
//!
//! Invariants: the first failure ends the run; the last line of the output is `N passed, N failed` and
//! counts every test and every stage; on a build server nothing is skipped for want of a program.

mod count;
mod sandbox;
pub(crate) mod schemathesis;
mod stages;
mod wechat;

use std::time::Instant;

use clap::{Args, ValueEnum};

use crate::run::{self, Stop};
use count::Count;
use stages::{Stage, Workshop};

#[derive(Args)]
pub(crate) struct Options {
    /// Run fmt, clippy, tidy and tests only: what to run before every commit.
    #[arg(long, conflicts_with = "only")]
    quick: bool,
    /// Run these stages only, in their usual order.
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    only: Vec<Stage>,
    /// Leave these stages out.
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    skip: Vec<Stage>,
    /// Print the stages in their order and run none.
    #[arg(long)]
    list: bool,
    /// In stage deny, also ask for known vulnerabilities; this needs a network.
    #[arg(long)]
    advisories: bool,
}

impl Options {
    /// The stages asked for, in their order.
    fn stages(&self) -> Vec<Stage> {
        let wanted = |stage: &Stage| {
            let among: &[Stage] = match (self.quick, self.only.as_slice()) {
                (true, _) => &Stage::QUICK,
                (false, []) => &Stage::ALL,
                (false, only) => only,
            };
            among.contains(stage) && !self.skip.contains(stage)
        };
        Stage::ALL.into_iter().filter(wanted).collect()
    }
}

pub(crate) fn command(options: &Options) -> Result<(), Stop> {
    let stages = options.stages();
    if options.list {
        for stage in stages {
            run::say(&format!("{:13} {}", name(stage), meaning(stage)));
        }
        return Ok(());
    }
    let mut workshop = Workshop::new(options.advisories);
    let mut own = Count::default();
    let mut skipped = Vec::new();
    for stage in stages {
        match timed(&mut workshop, stage) {
            Ok(()) => own.passed += 1,
            Err(Stop::Missing { what, command, why }) if !run::on_build_server() => {
                run::say(&format!("!!!! SKIPPED {}: {what} is missing ({why})", name(stage)));
                run::say(&format!("!!!! install it with: {command}"));
                skipped.push(name(stage));
            }
            Err(stop) => {
                own.failed += 1;
                run::say(&format!("==== {}: {stop}", name(stage)));
                run::say(&format!("==== to repeat: cargo xtask test --only {}", name(stage)));
                break;
            }
        }
    }
    if !skipped.is_empty() {
        run::say(&format!("!!!! skipped for want of a program: {}", skipped.join(", ")));
    }
    let total = total(own, workshop.count);
    run::say(&closing_line(total));
    if total.failed == 0 { Ok(()) } else { Err(Stop::Told) }
}

/// Runs one stage between a line that names it and a line that says how long it took.
fn timed(workshop: &mut Workshop, stage: Stage) -> Result<(), Stop> {
    run::say(&format!("==== {}: {}", name(stage), meaning(stage)));
    let start = Instant::now();
    workshop.run(stage)?;
    run::say(&format!("==== {}: passed in {:.1} s", name(stage), start.elapsed().as_secs_f32()));
    Ok(())
}

/// Stages and tests together. A failed test also failed its stage, which is not counted twice.
fn total(stages: Count, tests: Count) -> Count {
    Count { passed: stages.passed + tests.passed, failed: stages.failed.max(tests.failed) }
}

/// The line that ends every run, alone on its line, for people and programs.
fn closing_line(total: Count) -> String {
    format!("{} passed, {} failed", total.passed, total.failed)
}

fn name(stage: Stage) -> String {
    stage.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn meaning(stage: Stage) -> String {
    let value = stage.to_possible_value();
    value.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options { quick: false, only: Vec::new(), skip: Vec::new(), list: false, advisories: false }
    }

    #[test]
    fn stages_run_in_one_order_however_they_are_named() {
        let only = vec![Stage::Tests, Stage::Fmt];
        assert_eq!(Options { only, ..options() }.stages(), [Stage::Fmt, Stage::Tests]);
        assert_eq!(options().stages(), Stage::ALL);
        assert_eq!(options().stages().last(), Some(&Stage::Tests));
    }

    #[test]
    fn stages_can_be_left_out() {
        let skip = vec![Stage::Clippy];
        let quick = Options { quick: true, skip, ..options() };
        assert_eq!(quick.stages(), [Stage::Fmt, Stage::Tidy, Stage::Tests]);
    }

    #[test]
    fn every_stage_says_what_it_is() {
        assert!(Stage::ALL.iter().all(|stage| !name(*stage).is_empty() && !meaning(*stage).is_empty()));
    }

    #[test]
    fn stages_and_tests_are_counted_together() {
        let count = |passed, failed| Count { passed, failed };
        assert_eq!(closing_line(total(count(11, 0), count(400, 0))), "411 passed, 0 failed");
        // The stage `tests` failed because of two tests.
        assert_eq!(total(count(11, 1), count(398, 2)), count(409, 2));
        // A stage without tests failed.
        assert_eq!(total(count(3, 1), count(0, 0)), count(3, 1));
    }
}
