//! `tongbao risk aml --generated`: how well the detectors do on made-up accounts.

use std::process::ExitCode;

use comfy_table::Table;
use serde_json::{Value, json};
use tongbao_risk::aml::{
    Thresholds,
    evaluation::{Score, scores},
    generator::World,
};

use crate::output::{self, Failure};

/// The least part of the schemes that must be found, and the most false alerts for 10,000 ordinary accounts.
const RECALL_MIN: f64 = 0.9;
const FALSE_PER_10_000_MAX: f64 = 5.0;

/// Makes worlds up, judges them, and prints recall and false alerts for each pattern; fails if one is not good enough.
pub(super) fn run(
    world: World,
    seeds: &[u64],
    table: &Thresholds,
    as_json: bool,
) -> Result<ExitCode, Failure> {
    let mut sums: Vec<Score> = Vec::new();
    let mut movements = 0;
    for &seed in seeds {
        let bar = output::progress("making accounts up");
        let world = World { seed, ..world };
        let history = world.history();
        bar.finish_and_clear();
        let bar = output::progress("movements");
        let judged = scores(&world, &history, table, &mut || bar.inc(1));
        bar.finish_and_clear();
        movements += history.movements.len();
        sums = if sums.is_empty() {
            judged
        } else {
            sums.iter().zip(&judged).map(|(sum, score)| sum.and(score)).collect()
        };
    }
    let is_good =
        |score: &Score| score.recall() >= RECALL_MIN && score.false_per_10_000() <= FALSE_PER_10_000_MAX;
    let all_good = sums.iter().all(is_good);
    if as_json {
        let pattern = |score: &Score| {
            json!({
                "pattern": score.pattern.name(),
                "schemes": score.schemes,
                "found": score.found,
                "recall": score.recall(),
                "alerts": score.alerts,
                "false_alerts": score.false_alerts,
                "false_per_10_000_accounts": score.false_per_10_000(),
            })
        };
        let patterns: Vec<Value> = sums.iter().map(pattern).collect();
        output::line(serde_json::to_string_pretty(&json!({
            "simulated": true,
            "seeds": seeds,
            "accounts": world.payers + world.merchants,
            "days": world.days,
            "movements": movements,
            "table_version": table.version,
            "patterns": patterns,
            "good_enough": all_good,
        }))?)?;
    } else {
        print(&sums)?;
        output::line(format_args!(
            "{} accounts, {} days, {} seeds, {movements} movements. All of it is made up, by those who wrote the \
             detectors; docs/aml.md says how.",
            world.payers + world.merchants,
            world.days,
            seeds.len()
        ))?;
    }
    Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(sums: &[Score]) -> Result<(), Failure> {
    let mut table = Table::new();
    table.set_header(["pattern", "", "schemes", "found", "recall", "alerts", "false", "false in 10,000"]);
    for score in sums {
        table.add_row([
            score.pattern.name().to_owned(),
            score.pattern.name_zh().to_owned(),
            score.schemes.to_string(),
            score.found.to_string(),
            format!("{:.3}", score.recall()),
            score.alerts.to_string(),
            score.false_alerts.to_string(),
            format!("{:.2}", score.false_per_10_000()),
        ]);
    }
    output::line(table)
}
