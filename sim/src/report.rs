//! What a run over many worlds comes to.

use std::collections::BTreeMap;

use comfy_table::Table;
use serde_json::{Value, json};

use crate::{
    canary::Canary,
    output::{complain, say},
    plan::Fault,
    seen::{Rare, Seen},
    sim::Told,
};

const DAY_MS: i64 = 86_400_000;

/// Where a canary was caught first.
#[derive(Clone, Debug)]
pub(crate) struct Sighting {
    /// In which world.
    pub(crate) seed: u64,
    /// What was noticed.
    pub(crate) what: String,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Report {
    seeds: u64,
    events: u64,
    commits: u64,
    acknowledged: u64,
    /// Worlds that happened on both stores.
    compared: u64,
    lasted_ms: i64,
    slowest_heal_ms: i64,
    faults: BTreeMap<Fault, u64>,
    pub(crate) seen: Seen,
    pub(crate) canaries: Vec<(Canary, Option<Sighting>)>,
    /// The seeds of worlds in which a promise was broken.
    pub(crate) failed: Vec<u64>,
    hash: blake3::Hasher,
}

/// Says what is wrong with a world, and how to see it again.
pub(crate) fn tell_failure(told: &Told) {
    if told.violations.is_empty() {
        return;
    }
    let seed = told.plan.seed;
    complain(format_args!("seed {seed}: {:?}", told.plan));
    for violation in &told.violations {
        complain(format_args!("seed {seed}: {violation}"));
    }
    complain(format_args!("to see it: cargo run -p sim -- --seed {seed} --trace"));
}

impl Report {
    /// Counts a world.
    pub(crate) fn add(&mut self, told: &Told) {
        self.seeds = self.seeds.saturating_add(1);
        self.events = self.events.saturating_add(told.events);
        self.commits = self.commits.saturating_add(told.commits);
        self.acknowledged = self.acknowledged.saturating_add(told.acknowledged);
        self.compared = self.compared.saturating_add(u64::from(told.compared));
        self.lasted_ms = self.lasted_ms.saturating_add(told.lasted_ms);
        self.slowest_heal_ms = self.slowest_heal_ms.max(told.healed_ms);
        for (fault, count) in &told.faults {
            let sum = self.faults.entry(*fault).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.seen.add(&told.seen);
        self.hash.update(told.hash.as_bytes());
        if !told.violations.is_empty() {
            self.failed.push(told.plan.seed);
        }
    }

    fn hash(&self) -> String {
        self.hash.finalize().to_hex()[..32].to_owned()
    }

    fn caught(&self) -> usize {
        self.canaries.iter().filter(|(_, sighting)| sighting.is_some()).count()
    }

    /// The figures.
    pub(crate) fn json(&self) -> String {
        let faults: BTreeMap<&str, u64> =
            Fault::ALL.iter().map(|it| (it.name(), self.faulted(*it))).collect();
        let rare: BTreeMap<&str, u64> =
            Rare::ALL.iter().map(|it| (it.name(), self.seen.count(*it))).collect();
        let canaries: BTreeMap<&str, Value> = self
            .canaries
            .iter()
            .map(|(canary, sighting)| {
                let found = sighting.as_ref().map(|it| json!({"seed": it.seed, "noticed": it.what}));
                (canary.name(), found.unwrap_or(Value::Null))
            })
            .collect();
        json!({
            "seeds": self.seeds,
            "simulated_days": self.lasted_ms.div_euclid(DAY_MS),
            "events": self.events,
            "commits": self.commits,
            "acknowledged": self.acknowledged,
            "equal_on_both_stores": self.compared,
            "slowest_heal_ms": self.slowest_heal_ms,
            "faults": faults,
            "rare_states": rare,
            "rare_states_seen": Rare::ALL.iter().filter(|it| self.seen.count(**it) > 0).count(),
            "rare_states_in_all": Rare::ALL.len(),
            "canaries": canaries,
            "canaries_caught": self.caught(),
            "failed_seeds": self.failed,
            "hash": self.hash(),
        })
        .to_string()
    }

    fn faulted(&self, fault: Fault) -> u64 {
        self.faults.get(&fault).copied().unwrap_or_default()
    }

    /// The same for people.
    pub(crate) fn print(&self) {
        let mut table = Table::new();
        table.set_header(["fault", "times"]);
        for fault in Fault::ALL {
            table.add_row([fault.name().to_owned(), self.faulted(*fault).to_string()]);
        }
        say(table);
        let mut table = Table::new();
        table.set_header(["rare state", "times"]);
        for rare in Rare::ALL {
            let count = self.seen.count(*rare);
            let shown = if count == 0 { "never".to_owned() } else { count.to_string() };
            table.add_row([rare.name().to_owned(), shown]);
        }
        say(table);
        if !self.canaries.is_empty() {
            let mut table = Table::new();
            table.set_header(["canary", "caught by seed", "as"]);
            for (canary, sighting) in &self.canaries {
                let (seed, what) = match sighting {
                    Some(found) => (found.seed.to_string(), found.what.chars().take(90).collect()),
                    None => ("never".to_owned(), String::new()),
                };
                table.add_row([canary.name().to_owned(), seed, what]);
            }
            say(table);
        }
        say(format_args!(
            "{} seeds, {} of them on both stores, {} simulated days, {} events, {} commits, {} acknowledgements; \
             slowest to rest {} h; {} failed; hash {}",
            self.seeds,
            self.compared,
            self.lasted_ms.div_euclid(DAY_MS),
            self.events,
            self.commits,
            self.acknowledged,
            self.slowest_heal_ms.div_euclid(3_600_000),
            self.failed.len(),
            self.hash()
        ));
    }
}
