//! `tongbao risk train`: a model from a week of payments.
//!
//! It learns from one week and is calibrated on the third: by then what became of the first is known.

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use tongbao_risk::{
    evaluation::{DAYS_AFTER, Sample, Split, split},
    features::{Vector, definition_hash},
    generator::World,
    model::{Calibration, Model, Settings, train},
};

use super::history::History;
use crate::output::{self, Failure};

/// The command line of `tongbao risk train`.
#[derive(Args)]
pub(crate) struct Train {
    /// Payments to learn from (Parquet); made up if left out
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Where the model is written
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The first day of the week that is learned from; the last possible one if left out
    #[arg(long, value_name = "DAY")]
    start_day: Option<u32>,
    /// Trees of the model
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    trees: u16,
    /// What is drawn is drawn by this
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Train {
    /// Trains, calibrates, writes.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let world = World { seed: self.seed, ..World::default() };
        let history = History::of(self.data.as_deref(), world)?;
        let last = history.days().checked_sub(DAYS_AFTER).ok_or("training needs 21 days of payments")?;
        let start_day = self.start_day.unwrap_or(last);
        if start_day > last {
            return Err(format!("the last week that can be learned from begins on day {last}").into());
        }
        let weeks = split(&history.rows, start_day);
        let settings = Settings { trees: usize::from(self.trees), seed: self.seed, ..Settings::default() };
        let model = fit(&history, &weeks, &settings)?;
        let later: Vec<(i64, bool)> = scored(&history, &weeks, &model)
            .into_iter()
            .map(|(row, log_odds)| (log_odds, row.fraud))
            .collect();
        let model = model.calibrated(Calibration::fit(&later));
        fs::write(&self.out, model.to_json() + "\n")
            .map_err(|error| Failure::from(format!("{}: {error}", self.out.display())))?;
        let (learned, calibrated) = (weeks.train.len(), later.len());
        if self.json {
            output::line(json!({
                "features_hash": definition_hash(),
                "trees": model.trees(),
                "start_day": start_day,
                "learned_from": learned,
                "calibrated_on": calibrated,
            }))?;
        } else {
            let (trees, out) = (model.trees(), self.out.display());
            output::line(format_args!(
                "{out}: {trees} trees, learned from {learned} payments from day {start_day} on, calibrated on \
                 {calibrated}"
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A model of the training week.
pub(super) fn fit(history: &History, weeks: &Split, settings: &Settings) -> Result<Model, Failure> {
    let vectors: Vec<Vector> = weeks.train.iter().map(|&place| history.vectors[place]).collect();
    let frauds: Vec<bool> = weeks.train.iter().map(|&place| history.rows[place].fraud).collect();
    let bar: ProgressBar = output::progress("trees");
    let model = train(&vectors, &frauds, settings, &mut |trees| bar.set_position(trees as u64))?;
    bar.finish_and_clear();
    Ok(model)
}

/// The payments of the test week with their scores, in millionths of log-odds.
pub(super) fn scored(history: &History, weeks: &Split, model: &Model) -> Vec<(Sample, i64)> {
    weeks.test.iter().map(|&place| (history.rows[place], model.log_odds(&history.vectors[place]))).collect()
}
