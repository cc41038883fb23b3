//! The judge of payments: features, model and rules, asked once for each of them.
//!
//! ```text
//! Subject ──▶ features ──▶ score ─┐
//!    │                            ├──▶ row ──▶ rules ──▶ the severest of what hit
//!    └──── counters ──────────────┘
//! ```
//!
//! **Invariants.** What is answered depends on the subject, the model and the rules, and on nothing else. It names
//! both by digests, and the features in it are those that were scored: asked again with the same, the judge says the
//! same, to the bit.
//!
//! **Absent on purpose:** state of accounts, limits and lists that block: they are decided before. What is done about
//! an answer is the caller's.

mod fill;
mod subject;

use serde::{Deserialize, Serialize};

pub use subject::{Listed, Party, Subject};

use crate::{
    features::{Payment, Vector, extract},
    model::{self, Model},
    rule::{Action, Hit, NotJudged, Occasion, Row, RuleSet, Text, combine},
};

/// A model and rules, ready to be asked.
#[derive(Debug)]
pub struct Judge {
    model: Option<Model>,
    rules: RuleSet,
    fill: fill::Fill,
    versions: Versions,
}

/// What an answer came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The first half of the digest of the rules and their slots.
    pub rules: u64,
    /// The same of the model; 0 without one.
    pub model: u64,
}

/// What the judge says.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// What is to be done.
    pub action: Action,
    /// The model's score, 0 to 999.
    pub score: Option<u16>,
    /// What was scored.
    pub vector: Vector,
    /// The rules that held, in the order of the set, as places in [`Judge::rules`].
    pub hits: Vec<Hit>,
    /// Why, the severest first; nothing where nothing is to be done.
    pub reasons: Vec<Why>,
    /// What it came from.
    pub versions: Versions,
}

/// A reason, with the figures of this payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Its stable code.
    pub code: String,
    /// What a reviewer reads.
    pub reviewer: Text,
}

/// The features that push a score up most are told, so many of them.
const TOLD_FEATURES: usize = 3;

impl Judge {
    /// A judge by these; an error says which slot of the rules nobody fills.
    pub fn new(model: Option<Model>, rules: RuleSet) -> Result<Judge, String> {
        let fill = fill::Fill::of(&rules)?;
        let versions = Versions {
            rules: half(rules.digest()),
            model: model
                .as_ref()
                .map_or(0, |model| half(*blake3::hash(model.to_json().as_bytes()).as_bytes())),
        };
        Ok(Judge { model, rules, fill, versions })
    }

    /// The judge that the program brings along.
    pub fn shipped() -> Result<Judge, String> {
        let model = model::shipped().map_err(|wrong| wrong.to_string())?;
        let rules = crate::rule::shipped();
        let rules = rules.map_err(|flaws| flaws.iter().map(ToString::to_string).collect::<String>())?;
        Judge::new(Some(model), rules)
    }

    /// The rules.
    #[must_use]
    pub const fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The model.
    #[must_use]
    pub const fn model(&self) -> Option<&Model> {
        self.model.as_ref()
    }

    /// What its answers come from.
    #[must_use]
    pub const fn versions(&self) -> Versions {
        self.versions
    }

    /// Judges. An error is a slot that the rules need and nobody filled.
    pub fn judge(&self, subject: &Subject<'_>) -> Result<Judgement, NotJudged> {
        let vector = features(subject);
        let score = self.model.as_ref().map(|model| model.score(&vector));
        let row = self.fill.row(&self.rules, subject, score);
        let mut hits = Vec::new();
        let occasion = Occasion { now_ms: subject.at_s.saturating_mul(1_000), entities: &subject.names() };
        self.rules.judge(&row, &occasion, &mut hits)?;
        let action = combine(hits.iter().filter(|hit| hit.live).map(|hit| hit.action), None);
        let reasons = if action == Action::Allow { Vec::new() } else { self.why(&hits, &row) };
        Ok(Judgement { action, score, vector, hits, reasons, versions: self.versions })
    }

    fn why(&self, hits: &[Hit], row: &Row) -> Vec<Why> {
        let reasons = self.rules.reasons(hits).into_iter();
        reasons
            .map(|reason| Why {
                code: reason.code.clone(),
                reviewer: reason.reviewer(self.rules.schema(), row),
            })
            .collect()
    }

    /// The features that push the score of a vector up most, with their values: what a reviewer is told of a score.
    #[must_use]
    pub fn pushes(&self, vector: &Vector) -> Vec<(&'static str, f32)> {
        let Some(model) = &self.model else { return Vec::new() };
        let contributions = model.contributions(vector);
        let named = crate::features::NAMES.iter().zip(vector).zip(contributions);
        let mut up: Vec<(i64, &'static str, f32)> = named
            .filter(|(_, contribution)| *contribution > 0)
            .map(|((feature, value), contribution)| (contribution, feature.name, *value))
            .collect();
        up.sort_by_key(|(contribution, ..)| std::cmp::Reverse(*contribution));
        up.into_iter().take(TOLD_FEATURES).map(|(_, name, value)| (name, value)).collect()
    }
}

/// The features of a subject.
#[must_use]
pub fn features(subject: &Subject<'_>) -> Vector {
    let payee = subject.payee.map(|payee| payee.profile.as_payee()).unwrap_or_default();
    extract(&subject.payer.profile.as_payer(), &payee, &payment(subject))
}

/// The payment that features are read of.
#[must_use]
pub fn payment(subject: &Subject<'_>) -> Payment {
    let payer = subject.payer.id;
    Payment {
        at_s: u32::try_from(subject.at_s.max(0)).unwrap_or(u32::MAX),
        payer,
        payee: subject.payee.map_or(payer, |payee| payee.id),
        amount: subject.amount,
    }
}

fn half(digest: [u8; 32]) -> u64 {
    digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
