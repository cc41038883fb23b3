//! `tongbao risk rules`: lists rules and checks them: their texts, their examples, the texts of their reasons.

use std::{fs, path::PathBuf, process::ExitCode};

use clap::Args;
use comfy_table::Table;
use serde_json::{Value, json};
use tongbao_risk::rule::{Flaw, LoadedRule, Mode, RuleSet, Schema, Source, shipped};

use crate::output::{self, Failure};

/// The command line of `tongbao risk rules`.
#[derive(Args)]
pub(crate) struct Rules {
    /// Files with rules and reasons (TOML) in place of those that are shipped
    #[arg(long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// List what rules can speak of
    #[arg(long, conflicts_with = "files")]
    slots: bool,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl Rules {
    /// Lists the rules if all is well with them, and what is wrong otherwise.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if self.slots {
            return slots(self.json);
        }
        match self.loaded()? {
            Ok(set) => list(&set, self.json),
            Err(flaws) => refuse(&flaws, self.json),
        }
    }

    fn loaded(&self) -> Result<Result<RuleSet, Vec<Flaw>>, Failure> {
        if self.files.is_empty() {
            return Ok(shipped());
        }
        let mut files = Vec::new();
        for path in &self.files {
            let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            files.push((path.display().to_string(), text));
        }
        let sources: Vec<Source<'_>> = files.iter().map(|(name, text)| Source { name, text }).collect();
        Ok(RuleSet::load(Schema::standard()?, &sources))
    }
}

fn mode_of(mode: Mode) -> String {
    match mode {
        Mode::Live(percent) => format!("live {percent} %"),
        Mode::Draft | Mode::Shadow => mode.name().to_owned(),
    }
}

fn list(set: &RuleSet, as_json: bool) -> Result<ExitCode, Failure> {
    if as_json {
        let rules: Vec<Value> = set.rules().iter().map(described).collect();
        output::line(json!({ "rules": rules, "flaws": [] }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new();
    table.set_header(["rule", "version", "mode", "owner", "action", "reason", "examples", "steps", "title"]);
    for LoadedRule { record, compiled } in set.rules() {
        table.add_row([
            record.id.clone(),
            record.version.to_string(),
            mode_of(record.mode),
            record.owner.clone(),
            compiled.rule.then.to_string(),
            compiled.rule.reason.clone(),
            format!("{} hit, {} miss", record.hits.len(), record.misses.len()),
            compiled.program.cost().to_string(),
            format!("{}\n{}", record.title_zh, record.title_en),
        ]);
    }
    output::line(table)?;
    output::line(format_args!("{} rules; every example does what it must", set.rules().len()))?;
    Ok(ExitCode::SUCCESS)
}

fn described(rule: &LoadedRule) -> Value {
    let LoadedRule { record, compiled } = rule;
    json!({
        "id": record.id,
        "version": record.version,
        "mode": record.mode.name(),
        "live_percent": if let Mode::Live(percent) = record.mode { Some(percent) } else { None },
        "owner": record.owner,
        "title": { "zh": record.title_zh, "en": record.title_en },
        "rule": compiled.rule.to_string(),
        "action": compiled.rule.then.to_string(),
        "reason": compiled.rule.reason,
        "hits": record.hits.len(),
        "misses": record.misses.len(),
        "steps": compiled.program.cost(),
    })
}

fn refuse(flaws: &[Flaw], as_json: bool) -> Result<ExitCode, Failure> {
    if as_json {
        let flaws: Vec<Value> =
            flaws.iter().map(|flaw| json!({ "place": flaw.place, "message": flaw.message })).collect();
        output::line(json!({ "rules": [], "flaws": flaws }))?;
    } else {
        for flaw in flaws {
            output::note(flaw);
        }
        output::note(format_args!("flaws: {}; docs/risk-rules.md explains the language", flaws.len()));
    }
    Ok(ExitCode::FAILURE)
}

fn slots(as_json: bool) -> Result<ExitCode, Failure> {
    let schema = Schema::standard()?;
    if as_json {
        let slots: Vec<Value> = schema
            .slots()
            .iter()
            .map(|slot| {
                json!({
                    "slot": slot.spelling(),
                    "kind": schema.kind_name(slot.kind),
                    "optional": slot.optional,
                    "everyday": schema.written(slot.everyday),
                    "meaning": slot.meaning,
                })
            })
            .collect();
        output::line(json!({ "slots": slots }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new();
    table.set_header(["slot", "kind", "everyday", "meaning"]);
    for slot in schema.slots() {
        let unknown = if slot.optional { ", may be unknown" } else { "" };
        let kind = format!("{}{unknown}", schema.kind_name(slot.kind));
        table.add_row([slot.spelling(), kind, schema.written(slot.everyday), slot.meaning.clone()]);
    }
    output::line(table)?;
    for enumeration in schema.enumerations() {
        output::line(format_args!("{}: {}", enumeration.name, enumeration.choices.join(", ")))?;
    }
    Ok(ExitCode::SUCCESS)
}
