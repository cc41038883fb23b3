//! All rules of an instance, compiled and tried on their examples, and what they say of a payment.
//!
//! **Invariants.** A set has no rule whose text, reason or example is wrong, none twice, and none that hits an
//! everyday payment. What a row hits depends on the row, the time and who is involved, and on nothing else.
//!
//! **Absent on purpose:** lists, limits and the model: they are decided before and beside rules.

use std::{collections::BTreeMap, fmt};

use super::{
    action::Action,
    compile::{Compiled, compile},
    program::Stack,
    reason::Reason,
    record::{Mode, RuleRecord, file},
    row::Row,
    schema::Schema,
};

/// Rules of a set. Two hundred are many.
pub const RULES_MAX: usize = 1_000;

/// Rules that can be run, with their reasons.
#[derive(Clone, Debug)]
pub struct RuleSet {
    schema: Schema,
    rules: Vec<LoadedRule>,
    reasons: BTreeMap<String, Reason>,
    digest: [u8; 32],
}

/// A rule with its program.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedRule {
    /// All that is known of it.
    pub record: RuleRecord,
    /// What is run.
    pub compiled: Compiled,
}

/// A file with rules.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// What it is called in flaws.
    pub name: &'a str,
    /// What is in it.
    pub text: &'a str,
}

/// Why a set is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The file, and the rule or reason where it is about one.
    pub place: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.place, self.message)
    }
}

/// When a payment is judged, and who is involved.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// The time, in milliseconds since 1970.
    pub now_ms: i64,
    /// Ids of payer, payee, device and so on: a rule can rest for each of them. By the first it is drawn whether a
    /// rule counts that is live for some only.
    pub entities: &'a [&'a str],
}

/// A rule that holds for a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its place in [`RuleSet::rules`].
    pub rule: usize,
    /// What it asks for.
    pub action: Action,
    /// Whether it counts; if not it is only noted.
    pub live: bool,
}

/// Why a row cannot be judged: a bug of whoever filled it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotJudged {
    /// The row is of another schema.
    OtherSchema,
    /// The slot of this spelling has no value and must have one.
    Missing(String),
}

impl fmt::Display for NotJudged {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotJudged::OtherSchema => out.write_str("the row is of another schema than the rules"),
            NotJudged::Missing(slot) => write!(out, "the row has no value for `{slot}`"),
        }
    }
}

impl std::error::Error for NotJudged {}

impl RuleSet {
    /// Reads files, compiles their rules and tries the examples; the flaws of all of them, if there are any.
    pub fn load(schema: Schema, sources: &[Source<'_>]) -> Result<RuleSet, Vec<Flaw>> {
        let mut loading =
            Loading { schema: &schema, rules: Vec::new(), reasons: BTreeMap::new(), flaws: Vec::new() };
        for source in sources {
            loading.file(source);
        }
        loading.compare();
        let Loading { rules, reasons, flaws, .. } = loading;
        if !flaws.is_empty() {
            return Err(flaws);
        }
        let mut digest = blake3::Hasher::new();
        digest.update(&schema.digest());
        for rule in &rules {
            let RuleRecord { id, version, mode, text, expires_ms, snoozes, .. } = &rule.record;
            digest.update(format!("{:?}", (id, version, mode, text, expires_ms, snoozes)).as_bytes());
        }
        Ok(RuleSet { digest: digest.finalize().into(), schema, rules, reasons })
    }

    /// Adds the rules that hold for a row to `hits`, in the order of the set.
    pub fn judge(&self, row: &Row, occasion: &Occasion<'_>, hits: &mut Vec<Hit>) -> Result<(), NotJudged> {
        if row.schema() != self.schema.digest() {
            return Err(NotJudged::OtherSchema);
        }
        if let Some(missing) = row.missing(self.schema.required()) {
            let slot = self.schema.slots().get(missing);
            return Err(NotJudged::Missing(slot.map(super::Slot::spelling).unwrap_or_default()));
        }
        let mut stack = Stack::default();
        for (index, LoadedRule { record, compiled }) in self.rules.iter().enumerate() {
            if record.mode == Mode::Draft
                || record.has_expired(occasion.now_ms)
                || !compiled.program.holds(row, &mut stack)
                || record.is_snoozed(occasion.entities, occasion.now_ms)
            {
                continue;
            }
            let live = record.is_live_for(occasion.entities.first().copied().unwrap_or_default());
            hits.push(Hit { rule: index, action: compiled.rule.then, live });
        }
        Ok(())
    }

    /// The reasons of the hits that count, for the severest action first, each once.
    pub fn reasons(&self, hits: &[Hit]) -> Vec<&Reason> {
        let mut counting: Vec<&Hit> = hits.iter().filter(|hit| hit.live).collect();
        counting.sort_by_key(|hit| std::cmp::Reverse(hit.action));
        let mut reasons: Vec<&Reason> = Vec::new();
        for hit in counting {
            let rule = self.rules.get(hit.rule);
            let reason = rule.and_then(|rule| self.reasons.get(&rule.compiled.rule.reason));
            reasons.extend(reason.filter(|reason| !reasons.iter().any(|known| known.code == reason.code)));
        }
        reasons
    }

    /// What rules can speak of.
    pub const fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The rules, in the order of their files.
    pub fn rules(&self) -> &[LoadedRule] {
        &self.rules
    }

    /// A reason by its code.
    pub fn reason(&self, code: &str) -> Option<&Reason> {
        self.reasons.get(code)
    }

    /// What tells this set from others, for the record of a decision.
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }
}

struct Loading<'a> {
    schema: &'a Schema,
    rules: Vec<LoadedRule>,
    reasons: BTreeMap<String, Reason>,
    flaws: Vec<Flaw>,
}

impl Loading<'_> {
    fn flaw(&mut self, place: String, message: impl Into<String>) {
        self.flaws.push(Flaw { place, message: message.into() });
    }

    fn file(&mut self, source: &Source<'_>) {
        let contents = file::read(source.text, self.schema);
        for (whose, wrong) in contents.wrong {
            let place =
                whose.map_or_else(|| source.name.to_owned(), |whose| format!("{}, {whose}", source.name));
            self.flaw(place, wrong);
        }
        for reason in contents.reasons {
            let place = format!("{}, reason {}", source.name, reason.code);
            if self.reasons.insert(reason.code.clone(), reason).is_some() {
                self.flaw(place, "another reason has the same code");
            }
        }
        for record in contents.rules {
            self.rule(format!("{}, rule {}", source.name, record.id), record);
        }
    }

    fn rule(&mut self, place: String, record: RuleRecord) {
        if self.rules.len() >= RULES_MAX {
            return self.flaw(place, format!("a set has at most {RULES_MAX} rules"));
        }
        if self.rules.iter().any(|other| other.record.id == record.id) {
            return self.flaw(place, "another rule has the same id");
        }
        let compiled = match compile(&record.text, self.schema) {
            Ok(compiled) => compiled,
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    self.flaw(place.clone(), diagnostic.shown(&record.text).to_string());
                }
                return;
            }
        };
        for (must_hit, examples) in [(true, &record.hits), (false, &record.misses)] {
            let kind = if must_hit { "hit" } else { "miss" };
            if examples.is_empty() {
                self.flaw(
                    place.clone(),
                    format!("no example `{kind}`; a rule has at least one of either kind"),
                );
            }
            for (index, example) in examples.iter().enumerate() {
                if let Err(wrong) = example.check(&compiled.program, self.schema, must_hit) {
                    self.flaw(place.clone(), format!("example `{kind}` {}: {wrong}", index + 1));
                }
            }
        }
        if compiled.program.holds(&self.schema.everyday(), &mut Stack::default()) {
            self.flaw(place, "it hits an everyday payment");
        }
        self.rules.push(LoadedRule { record, compiled });
    }

    /// Compares the reasons that rules name with those that have texts.
    fn compare(&mut self) {
        let named: Vec<(String, String)> = self
            .rules
            .iter()
            .map(|rule| (rule.record.id.clone(), rule.compiled.rule.reason.clone()))
            .collect();
        for (id, code) in &named {
            if !self.reasons.contains_key(code) {
                self.flaw(format!("rule {id}"), format!("the reason `{code}` has no texts"));
            }
        }
        // A rule that is wrong is not among the rules, so its reason would seem to be nobody's.
        if !self.flaws.is_empty() {
            return;
        }
        let codes: Vec<String> = self.reasons.keys().cloned().collect();
        for code in codes.into_iter().filter(|code| !named.iter().any(|(_, named)| named == code)) {
            self.flaw(format!("reason {code}"), "no rule gives it");
        }
    }
}
