//! Who judges payments in this process: the model and the rules that the configuration names, or those that the program
//! brings along.

use std::{fs, path::PathBuf, sync::Arc};

use clap::ValueEnum;
use serde::Deserialize;
use tongbao_engine::Engine;
use tongbao_risk::{
    judge::Judge,
    model::{self, Model},
    rule::{self, RuleSet, Schema, Source},
};

use crate::output::Failure;

/// What the configuration says of risk control.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Risk {
    /// Whether payments are judged.
    pub(crate) mode: Mode,
    /// Files with rules in place of those that the program brings along.
    rules: Vec<PathBuf>,
    /// A file with a model in place of the one that the program brings along.
    model: Option<PathBuf>,
}

/// Whether payments are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// They are.
    #[default]
    On,
    /// They are not, and nothing is remembered for it.
    Off,
}

impl Risk {
    /// Judged by what the program brings along, or not at all.
    pub(crate) fn shipped(mode: Mode) -> Risk {
        Risk { mode, ..Risk::default() }
    }

    /// Gives an engine that nobody else has yet its judge.
    pub(crate) fn fit(&self, engine: &mut Arc<Engine>) -> Result<(), Failure> {
        if self.mode == Mode::Off {
            return Ok(());
        }
        let judge = Judge::new(Some(self.model()?), self.rules()?)?;
        let own = Arc::get_mut(engine).ok_or("risk control is set up before the engine is shared")?;
        own.judge = Some(Arc::new(judge));
        Ok(())
    }

    fn model(&self) -> Result<Model, Failure> {
        let Some(path) = &self.model else { return Ok(model::shipped()?) };
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Model::from_json(&text).map_err(|error| format!("{}: {error}", path.display()))?)
    }

    fn rules(&self) -> Result<RuleSet, Failure> {
        let loaded = if self.rules.is_empty() { rule::shipped() } else { self.own_rules()? };
        loaded.map_err(|flaws| {
            let told: Vec<String> = flaws.iter().map(ToString::to_string).collect();
            told.join("\n").into()
        })
    }

    fn own_rules(&self) -> Result<Result<RuleSet, Vec<rule::Flaw>>, Failure> {
        let mut files = Vec::with_capacity(self.rules.len());
        for path in &self.rules {
            let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.push((path.display().to_string(), text));
        }
        let sources: Vec<Source<'_>> = files.iter().map(|(name, text)| Source { name, text }).collect();
        Ok(RuleSet::load(Schema::standard()?, &sources))
    }
}
