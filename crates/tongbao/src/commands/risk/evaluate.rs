//! `tongbao risk evaluate`: the figures of the Fraud Detection Handbook's protocol.
//!
//! A week is learned from, a week passes in which nothing becomes known, a week is tested. The split of chapter 3
//! learns from 2018-07-25 on, and so does the first of the four weeks of chapter 5.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use comfy_table::Table;
use serde_json::{Value, json};
use tongbao_risk::{
    evaluation::{DAYS_AFTER, Figures, figures, split},
    features::{FEATURES, definition_hash},
    generator::World,
    model::{Model, Settings},
};

use super::{
    history::History,
    train::{fit, scored},
};
use crate::output::{self, Failure};

/// The first days of the training weeks of chapter 5, from 2018-04-01: July 25th, August 1st, 8th, 15th. The first
/// is that of chapter 3.
const HANDBOOK_DAYS: [u32; 4] = [115, 122, 129, 136];

/// The command line of `tongbao risk evaluate`.
#[derive(Args)]
pub(crate) struct Evaluate {
    /// The handbook's payments (Parquet); without them a made-up world of the same size
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Judge this model instead of one that is trained for each week
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// The first days of the weeks to learn from
    #[arg(long, value_name = "DAY", value_delimiter = ',', default_values_t = HANDBOOK_DAYS)]
    start_days: Vec<u32>,
    /// Trees of the models
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..=2_000))]
    trees: u16,
    /// What is drawn is drawn by this
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl Evaluate {
    /// Trains and tests each week, and prints the figures and their means.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let given = self.model.as_deref().map(model_of).transpose()?;
        let last_day = self.start_days.iter().max().ok_or("there is no week to test")?;
        let days = last_day.checked_add(DAYS_AFTER).ok_or("there are no such days")?;
        let world = World { days: days.min(WORLD_DAYS_MAX), seed: self.seed, ..World::default() };
        let history = History::of(self.data.as_deref(), world)?;
        if history.days() < days {
            let message = format!(
                "the weeks from day {last_day} on need {days} days, and there are {}",
                history.days()
            );
            return Err(message.into());
        }
        let settings = Settings { trees: usize::from(self.trees), seed: self.seed, ..Settings::default() };
        let mut weeks = Vec::new();
        for &start_day in &self.start_days {
            let week = split(&history.rows, start_day);
            let model = match &given {
                Some(model) => model.clone(),
                None => fit(&history, &week, &settings)?,
            };
            weeks.push((start_day, week.train.len(), figures(&scored(&history, &week, &model))));
        }
        if self.json {
            output::line(serde_json::to_string_pretty(&self.report(&weeks))?)?;
        } else {
            print(&weeks)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, weeks: &[Week]) -> Value {
        let week = |(start_day, learned, figures): &Week| {
            let mut fields = fields(figures);
            fields["start_day"] = json!(start_day);
            fields["learned_from"] = json!(learned);
            fields["payments"] = json!(figures.payments);
            fields["frauds"] = json!(figures.frauds);
            fields
        };
        json!({
            "data": if self.data.is_some() { "file" } else { "generator" },
            "simulated": true,
            "features": FEATURES,
            "features_hash": definition_hash(),
            "trees": self.trees,
            "seed": self.seed,
            "weeks": weeks.iter().map(week).collect::<Vec<_>>(),
            "mean": fields(&mean(weeks)),
        })
    }
}

/// First day, how many rows were learned from, and the figures.
type Week = (u32, usize, Figures);

/// The most days of a made-up world: the handbook's.
const WORLD_DAYS_MAX: u32 = 183;

fn model_of(path: &std::path::Path) -> Result<Model, Failure> {
    let read = || -> Result<Model, Failure> { Ok(Model::from_json(&std::fs::read_to_string(path)?)?) };
    read().map_err(|error| format!("{}: {error}", path.display()).into())
}

fn fields(figures: &Figures) -> Value {
    let rounded = |part: f64| json!((part * 10_000.0).round() / 10_000.0);
    json!({
        "auc": rounded(figures.area_under_curve),
        "ap": rounded(figures.average_precision),
        "cp_100": rounded(figures.card_precision),
        "recall_at_0_1_percent": rounded(figures.caught.recall),
        "recall_by_value_at_0_1_percent": rounded(figures.caught.recall_by_value),
        "precision_at_0_1_percent": rounded(figures.caught.precision),
    })
}

fn print(weeks: &[Week]) -> Result<(), Failure> {
    let mut table = Table::new();
    let header =
        ["from day", "learned from", "tested", "frauds", "AUC", "AP", "CP@100", "recall", "by value"];
    table.set_header(header);
    let shown = |figures: &Figures| {
        let caught = figures.caught;
        let parts =
            [figures.area_under_curve, figures.average_precision, figures.card_precision, caught.recall];
        parts.into_iter().chain([caught.recall_by_value]).map(|part| format!("{part:.4}"))
    };
    for (start_day, learned, figures) in weeks {
        let counts = [*start_day as usize, *learned, figures.payments, figures.frauds];
        table.add_row(counts.into_iter().map(|count| count.to_string()).chain(shown(figures)));
    }
    let labels = ["mean", "", "", ""].into_iter().map(str::to_owned);
    table.add_row(labels.chain(shown(&mean(weeks))));
    output::line(table)?;
    output::line(
        "Recall is that at one false positive in a thousand genuine payments. All data is simulated, and the \
         features were designed knowing its kinds of fraud.",
    )
}

/// The mean of the weeks.
#[expect(clippy::cast_precision_loss, reason = "a handful of weeks")]
fn mean(weeks: &[Week]) -> Figures {
    let of = |part: fn(&Figures) -> f64| {
        weeks.iter().map(|(.., figures)| part(figures)).sum::<f64>() / weeks.len().max(1) as f64
    };
    let count = |part: fn(&Figures) -> usize| weeks.iter().map(|(.., figures)| part(figures)).sum();
    Figures {
        payments: count(|figures| figures.payments),
        frauds: count(|figures| figures.frauds),
        area_under_curve: of(|figures| figures.area_under_curve),
        average_precision: of(|figures| figures.average_precision),
        card_precision: of(|figures| figures.card_precision),
        caught: tongbao_risk::evaluation::Caught {
            threshold: None,
            recall: of(|figures| figures.caught.recall),
            recall_by_value: of(|figures| figures.caught.recall_by_value),
            precision: of(|figures| figures.caught.precision),
        },
    }
}
