//! What was decided about something that was asked for, as it is kept with it.
//!
//! **Invariants.** It is in the commit of what it judged. With the features and the digests in it the same model gives
//! the same score, to the bit.

use serde::{Deserialize, Serialize};
use tongbao_risk::{
    judge::{Judge, Judgement, Versions},
    rule::{Action, Proof},
};

use super::list::Mark;

/// What was decided, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It goes on.
    Allow,
    /// It goes on once a payment password was given for it.
    ChallengePassword,
    /// It goes on once a one-time code, or a passkey, was given for it.
    ChallengeCode,
    /// It goes on once a passkey was given for it; from who has none, password and code together.
    ChallengePasskey,
    /// It is held until a person has looked at it.
    Review,
    /// It is refused.
    Block,
}

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// What was decided.
    pub decision: Decision,
    /// The model's score, 0 to 999; none without a model.
    pub score: Option<u16>,
    /// What it came from.
    pub versions: Versions,
    /// The features, as 32-bit floats, least byte first.
    #[serde(with = "serde_bytes")]
    pub features: Vec<u8>,
    /// The rules that held.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hits: Vec<RuleHit>,
    /// Why, the severest reason first; of what goes on, nothing but the list that allows it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
    /// The features that pushed the score up most, with their values, where something was to be done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pushes: Vec<String>,
}

/// A rule that held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleHit {
    /// Its id.
    pub rule: String,
    /// Its version.
    pub version: u32,
    /// Whether it counted; a shadow does not.
    pub live: bool,
}

/// Why something was to be done. The texts are for reviewers: they have the figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The stable code; by it the texts for payer and merchant are found among the rules.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Decision {
    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Allow => "allow",
            Decision::ChallengePassword => "challenge_password",
            Decision::ChallengeCode => "challenge_code",
            Decision::ChallengePasskey => "challenge_passkey",
            Decision::Review => "review",
            Decision::Block => "block",
        }
    }
}

impl From<Action> for Decision {
    fn from(action: Action) -> Decision {
        match action {
            Action::Allow => Decision::Allow,
            Action::Challenge(Proof::Password) => Decision::ChallengePassword,
            Action::Challenge(Proof::Code) => Decision::ChallengeCode,
            Action::Challenge(Proof::Passkey) => Decision::ChallengePasskey,
            Action::Review => Decision::Review,
            Action::Block => Decision::Block,
        }
    }
}

impl Assessment {
    /// What a judge said, as it is kept.
    pub(super) fn of(judge: &Judge, said: &Judgement) -> Assessment {
        let hits = said.hits.iter().filter_map(|hit| {
            let record = &judge.rules().rules().get(hit.rule)?.record;
            Some(RuleHit { rule: record.id.clone(), version: record.version, live: hit.live })
        });
        let reasons = said.reasons.iter().map(|why| Reason {
            code: why.code.clone(),
            zh: why.reviewer.zh.clone(),
            en: why.reviewer.en.clone(),
        });
        let decision = Decision::from(said.action);
        let pushes = if decision == Decision::Allow { Vec::new() } else { judge.pushes(&said.vector) };
        Assessment {
            decision,
            score: said.score,
            versions: said.versions,
            features: said.vector.iter().flat_map(|number| number.to_le_bytes()).collect(),
            hits: hits.collect(),
            reasons: reasons.collect(),
            pushes: pushes.into_iter().map(|(name, value)| format!("{name} {value:.2}")).collect(),
        }
    }

    /// What is kept where a list decided.
    pub(super) fn listed(judge: &Judge, decision: Decision, mark: &Mark) -> Assessment {
        let (kind, category) = (mark.kind.name(), mark.category.name());
        let reason = Reason {
            code: mark.reason.clone(),
            zh: format!("名单：{kind}，{category}，第 {} 条。", mark.number),
            en: format!("Listed: {kind}, {category}, entry {}.", mark.number),
        };
        Assessment { reasons: vec![reason], ..Assessment::unjudged(judge, decision) }
    }

    /// What is kept where the judge had no answer.
    pub(super) fn unjudged(judge: &Judge, decision: Decision) -> Assessment {
        Assessment {
            decision,
            score: None,
            versions: judge.versions(),
            features: Vec::new(),
            hits: Vec::new(),
            reasons: Vec::new(),
            pushes: Vec::new(),
        }
    }

    /// One of the features, by its name.
    pub fn feature(&self, name: &str) -> Option<f32> {
        let place = tongbao_risk::features::number(name)?;
        let bytes = self.features.chunks_exact(size_of::<f32>()).nth(place)?;
        bytes.first_chunk().map(|bytes| f32::from_le_bytes(*bytes))
    }

    /// The code of the severest reason.
    pub fn code(&self) -> Option<&str> {
        self.reasons.first().map(|reason| reason.code.as_str())
    }
}
