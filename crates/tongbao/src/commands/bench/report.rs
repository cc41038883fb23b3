//! The result of a benchmark: a rate, its latencies, and the probe of the same run.

use comfy_table::Table;
use hdrhistogram::Histogram;
use serde_json::{Map, Value, json};

use super::probe::Probe;
use crate::output::{self, Failure};

/// What was measured.
pub(super) struct Report {
    /// The name of the rate: `commits_per_s`, `payments_per_s`, `postings_per_s`.
    pub(super) rate_name: &'static str,
    /// How many a second.
    pub(super) rate: f64,
    /// Latencies in microseconds.
    pub(super) latencies_us: Histogram<u64>,
    /// The machine.
    pub(super) probe: Probe,
    /// What else there is to say, in order.
    pub(super) details: Vec<(&'static str, Value)>,
}

#[expect(clippy::cast_precision_loss, reason = "a latency of years would lose a microsecond")]
fn ms(latencies_us: &Histogram<u64>, quantile: f64) -> f64 {
    (latencies_us.value_at_quantile(quantile) as f64 / 10.0).round() / 100.0
}

impl Report {
    /// Writes it, as JSON or as a table.
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        let mut fields = Map::new();
        fields.insert(self.rate_name.to_owned(), json!(self.rate.round()));
        fields.insert("p50_ms".to_owned(), json!(ms(&self.latencies_us, 0.50)));
        fields.insert("p99_ms".to_owned(), json!(ms(&self.latencies_us, 0.99)));
        for (name, value) in &self.details {
            fields.insert((*name).to_owned(), value.clone());
        }
        fields.insert("probe".to_owned(), serde_json::to_value(self.probe)?);
        if json {
            return output::line(serde_json::to_string_pretty(&Value::Object(fields))?);
        }
        let mut table = Table::new();
        for (name, value) in fields {
            match value {
                Value::Object(parts) => {
                    for (part, value) in parts {
                        table.add_row([format!("{name}.{part}"), value.to_string()]);
                    }
                }
                value => drop(table.add_row([name, value.to_string()])),
            }
        }
        output::line(table)
    }
}
