//! `tongbao bench risk`: what features and score of a payment cost, in process.
//!
//! A small world is made up and a model trained on its middle week. Then the payments after that come one by one: the
//! features are read, the payment is scored and remembered; each is timed alone. What the operating system does in
//! between is in the figures.

use std::time::Instant;

use comfy_table::Table;
use hdrhistogram::Histogram;
use serde_json::json;
use tongbao_risk::{
    features::{Event, FEATURES, State, Vector, labelled},
    generator::{Made, START_S, World},
    model::{Model, Settings, train},
};

use super::RiskOptions;
use crate::output::{self, Failure};

/// The world that is made up: some 100,000 payments.
const WORLD: World = World { payers: 1_000, payees: 2_000, days: 56, seed: 1 };

/// The days that are learned from, counted from the first.
const LEARNED_DAYS: std::ops::Range<u32> = 28..42;

const DAY_S: u32 = 86_400;
const LABEL_DELAY_S: u32 = 7 * DAY_S;

/// Times of one part, in nanoseconds.
struct Times(Histogram<u64>);

impl Times {
    fn new() -> Result<Times, Failure> {
        Ok(Times(Histogram::new(3)?))
    }

    fn add(&mut self, since: Instant) -> Result<(), Failure> {
        Ok(self.0.record(u64::try_from(since.elapsed().as_nanos())?)?)
    }

    #[expect(clippy::cast_precision_loss, reason = "nanoseconds, shown as microseconds")]
    fn us(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1_000.0
    }
}

/// Measures and reports.
pub(super) fn run(options: &RiskOptions) -> Result<(), Failure> {
    let made = WORLD.payments();
    let day = |made: &Made| (made.payment.at_s - START_S) / DAY_S;
    let before = made.partition_point(|made| day(made) < LEARNED_DAYS.start);
    let middle = made.partition_point(|made| day(made) < LEARNED_DAYS.end);
    let vectors: Vec<Vector> =
        labelled(made.iter().map(|made| (made.payment, made.is_fraud())), LABEL_DELAY_S).collect();
    let frauds: Vec<bool> = made.iter().map(Made::is_fraud).collect();
    let settings = Settings { trees: usize::from(options.trees), ..Settings::default() };
    let bar = output::progress("trees");
    let model = train(&vectors[before..middle], &frauds[before..middle], &settings, &mut |_| bar.inc(1))?;
    bar.finish_and_clear();
    let mut state = State::default();
    for made in &made[..middle] {
        state.apply(&Event::Payment(made.payment));
    }
    let (mut decide, mut fold, mut explain) = (Times::new()?, Times::new()?, Times::new()?);
    let mut high = 0_u64;
    for _ in 0..options.rounds {
        for made in &made[middle..] {
            high += u64::from(decided(&state, &model, made, &mut decide)? > 0);
            let start = Instant::now();
            state.apply(&Event::Payment(made.payment));
            fold.add(start)?;
        }
    }
    for vector in &vectors[middle..] {
        let start = Instant::now();
        std::hint::black_box(model.contributions(vector));
        explain.add(start)?;
    }
    report(options, &[("decide", decide), ("fold", fold), ("explain", explain)], high)
}

/// The score of a payment, and the time that its features and it took.
fn decided(state: &State, model: &Model, made: &Made, times: &mut Times) -> Result<i64, Failure> {
    let start = Instant::now();
    let score = model.log_odds(&state.features(&made.payment));
    times.add(start)?;
    Ok(score)
}

fn report(options: &RiskOptions, parts: &[(&str, Times)], high: u64) -> Result<(), Failure> {
    if options.json {
        let mut fields = json!({
            "features": FEATURES,
            "trees": options.trees,
            "payments": parts.first().map_or(0, |(_, times)| times.0.len()),
            "above_even_odds": high,
        });
        for (name, times) in parts {
            fields[format!("{name}_p50_us")] = json!(times.us(0.50));
            fields[format!("{name}_p99_us")] = json!(times.us(0.99));
            fields[format!("{name}_p999_us")] = json!(times.us(0.999));
        }
        return output::line(serde_json::to_string_pretty(&fields)?);
    }
    let mut table = Table::new();
    table.set_header(["µs", "p50", "p99", "p99.9"]);
    let meanings = ["features and score", "remembering the payment", "contributions"];
    for ((_, times), meaning) in parts.iter().zip(meanings) {
        let shown = [0.50, 0.99, 0.999].map(|quantile| format!("{:.2}", times.us(quantile)));
        table.add_row(std::iter::once(meaning.to_owned()).chain(shown));
    }
    output::line(table)?;
    output::line(format_args!("{FEATURES} features, {} trees, one thread", options.trees))
}
