//! `tongbao risk aml`: looks for money laundering in the committed history of an instance, also beside one that runs.
//!
//! It reads and changes nothing. The whole history up to the last day is looked at, because an account's past says
//! what is unusual for it; alerts and large-value days are those of the days asked for.

mod generated;
mod journal;
mod movements;
mod report;
mod ties;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use comfy_table::Table;
use serde_json::{Value, json};
use tongbao_risk::aml::{
    Alert, Case, Day, Found, LargeValue, Looked, Monitor, Thresholds, cases, generator::World,
};
use tongbao_store::Store;

use self::{movements::Movements, report::is_within};
use super::super::Place;
use crate::output::{self, Failure};

/// The command line of `tongbao risk aml`.
#[derive(Args)]
pub(crate) struct Aml {
    #[command(flatten)]
    data: Place,
    /// The first day that is reported, in Asia/Shanghai; everything before it is looked at, too
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    from: Option<Day>,
    /// The last day
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    to: Option<Day>,
    /// Write reports into this directory: a file for each case, and one for large values
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Thresholds (TOML) in place of those that are shipped
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Print the shipped thresholds and where they come from
    #[arg(long)]
    print_table: bool,
    /// Judge the detectors on made-up accounts, and look at no instance
    #[arg(long, conflicts_with_all = ["from", "to", "out"])]
    generated: bool,
    /// Made-up accounts, one in thirty of them a merchant's
    #[arg(long, default_value_t = 10_000, requires = "generated")]
    #[arg(value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    accounts: u32,
    /// Days of the made-up accounts
    #[arg(long, default_value_t = 150, requires = "generated")]
    #[arg(value_parser = clap::value_parser!(u32).range(150..=1_000))]
    days: u32,
    /// Schemes of each pattern
    #[arg(long, default_value_t = 20, requires = "generated")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000))]
    schemes: u32,
    /// What the made-up accounts are drawn by: a world for each
    #[arg(long, value_name = "SEED", value_delimiter = ',', default_values_t = [1, 2, 3])]
    #[arg(requires = "generated")]
    seeds: Vec<u64>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// Reads a day; the error says what it must look like.
fn parse_day(text: &str) -> Result<Day, String> {
    Day::try_from(text.to_owned()).map_err(|_| "must be a day such as 2026-01-31".to_owned())
}

impl Aml {
    /// Looks, writes the reports, prints what was found.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.print_table {
            output::line(Thresholds::shipped_text().trim_end())?;
            return Ok(ExitCode::SUCCESS);
        }
        let table = self.table.as_deref().map_or_else(|| Ok(Thresholds::shipped()), read_table)?;
        if self.generated {
            let merchants = self.accounts / 30;
            let (days, schemes) = (self.days, self.schemes);
            let world = World { payers: self.accounts - merchants, merchants, days, schemes, seed: 0 };
            return generated::run(world, &self.seeds, &table, self.json);
        }
        let store = self.data.instance().reader()?;
        let (from, to) = (self.from.map(|day| day.0), self.to.map(|day| day.0));
        let (mut found, looked) = look(store.as_ref(), &table, to)?;
        found.large_values.retain(|value| is_within(value.day_ms, from, to));
        let mut cases = cases(found.alerts);
        cases.retain(|case| case.alerts.iter().any(|alert| is_within(alert.at_ms, from, to)));
        let files = match &self.out {
            Some(directory) => write(store.as_ref(), &cases, &found.large_values, &table, directory)?,
            None => Vec::new(),
        };
        if self.json {
            output::line(serde_json::to_string_pretty(&summary(
                &cases,
                &found.large_values,
                &table,
                looked,
                &files,
            ))?)?;
        } else {
            print(&cases, &found.large_values, looked, &files)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn read_table(path: &Path) -> Result<Thresholds, Failure> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Thresholds::parse(&text).map_err(|flaws| {
        for flaw in &flaws {
            output::note(flaw);
        }
        format!("{}: flaws: {}", path.display(), flaws.len()).into()
    })
}

/// Tells all detectors everything up to the end of the last day.
fn look(store: &dyn Store, table: &Thresholds, to: Option<i64>) -> Result<(Found, Looked), Failure> {
    let mut monitor = Monitor::new(table);
    let bar = output::progress("records looked at");
    ties::tell(store, &mut monitor, &mut |records| bar.set_position(records))?;
    bar.finish_and_clear();
    let bar = output::progress("postings looked at");
    let mut found = Found::default();
    let mut movements = Movements::of(store)?;
    while let Some(movement) = movements.next()? {
        if !is_within(movement.at_ms, None, to) {
            break;
        }
        monitor.see(movement, &mut found);
        bar.set_position(movements.read);
    }
    bar.finish_and_clear();
    let looked = monitor.finish(&mut found);
    Ok((found, looked))
}

/// Writes the reports; gives the names of the files.
fn write(
    store: &dyn Store,
    cases: &[Case],
    large_values: &[LargeValue],
    table: &Thresholds,
    directory: &Path,
) -> Result<Vec<String>, Failure> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
    let bar = output::progress("reports");
    let mut files = vec![report::write_large_values(large_values, table, directory)?];
    for case in cases {
        files.push(report::write_case(store, case, table, directory)?);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(files)
}

fn summary(
    cases: &[Case],
    large_values: &[LargeValue],
    table: &Thresholds,
    looked: Looked,
    files: &[String],
) -> Value {
    let alert = |alert: &Alert| {
        json!({
            "id": alert.id().to_string(),
            "pattern": alert.pattern.name(),
            "at": report::moment(alert.at_ms),
            "accounts": alert.accounts.iter().map(|account| report::name(*account)).collect::<Vec<_>>(),
            "figures": alert.figures,
            "movements": alert.evidence.len(),
        })
    };
    let case = |case: &Case| {
        json!({
            "id": case.id.to_string(),
            "accounts": case.accounts.iter().map(|account| report::name(*account)).collect::<Vec<_>>(),
            "alerts": case.alerts.iter().map(alert).collect::<Vec<_>>(),
        })
    };
    json!({
        "table_version": table.version,
        "movements": looked.movements,
        "other_currencies": looked.other_currencies,
        "late": looked.late,
        "cases": cases.iter().map(case).collect::<Vec<_>>(),
        "large_value_days": large_values.len(),
        "files": files,
    })
}

fn print(
    cases: &[Case],
    large_values: &[LargeValue],
    looked: Looked,
    files: &[String],
) -> Result<(), Failure> {
    let mut table = Table::new();
    table.set_header(["case", "accounts", "alert", "at", "pattern", "figures"]);
    for case in cases {
        for (place, alert) in case.alerts.iter().enumerate() {
            let is_first = place == 0;
            let figures: Vec<String> = alert.figures.iter().map(ToString::to_string).collect();
            table.add_row([
                if is_first { case.id.to_string() } else { String::new() },
                if is_first { case.accounts.len().to_string() } else { String::new() },
                alert.id().to_string(),
                report::moment(alert.at_ms),
                alert.pattern.name().to_owned(),
                figures.join("\n"),
            ]);
        }
    }
    if !cases.is_empty() {
        output::line(table)?;
    }
    output::line(format_args!(
        "movements: {}, cases: {}, large-value days: {}, files: {}; movements in other currencies: {}, told late: {}",
        looked.movements,
        cases.len(),
        large_values.len(),
        files.len(),
        looked.other_currencies,
        looked.late
    ))
}
