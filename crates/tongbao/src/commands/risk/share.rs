//! `tongbao risk share`: sharing risk lists with other institutions. What is shared is said with the entry
//! (`tongbao risk list add --share`), with whom in the configuration.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Args, Subcommand};
use comfy_table::Table;
use serde_json::json;
use tongbao_core::{
    Key,
    risk::list_sharing::{ListLog, ListMember, ListSource},
};
use tongbao_engine::{Engine, Entropy, SystemEntropy};
use tongbao_risk::sharing::{Asking, BATCH_MAX, ELEMENT_BYTES, Evaluator, PROOF_BYTES, SharedKind, Token};

use crate::{
    commands::Place,
    config::Config,
    output::{self, Failure},
};

/// The command line of `tongbao risk share`.
#[derive(Args)]
pub(crate) struct Share {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Print our public keys, for the configuration of the others
    Keys {
        #[command(flatten)]
        data: Place,
    },
    /// Show what was taken of each source, and what each member has asked
    Status {
        /// The configuration file of `tongbao serve` (TOML)
        #[arg(long, value_name = "FILE", env = "TONGBAO_CONFIG")]
        config: PathBuf,
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Compare two made-up sets of phone numbers, in process, and print how long each part takes
    Bench {
        /// How many numbers each side has; half of them are the same
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
        size: u32,
        /// Print JSON instead of lines
        #[arg(long)]
        json: bool,
    },
}

impl Share {
    /// Does what is asked.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Keys { data } => {
                let keys = data.instance().looking_engine()?.sharing_keys();
                let (signing, evaluation) = (keys.signing_key(), keys.evaluation_key());
                output::line(format_args!("signing_key = \"{signing}\"\nevaluation_key = \"{evaluation}\""))?;
            }
            What::Status { config, json } => {
                let config = Config::read(&config)?;
                let settings = config.sharing()?.ok_or("the configuration has no section [sharing]")?;
                let engine = config.instance().looking_engine()?;
                let names: Vec<&str> = settings.members.iter().map(|member| member.name.as_str()).collect();
                status(&engine, &names, json)?;
            }
            What::Bench { size, json } => bench(size, json)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn status(engine: &Engine, names: &[&str], as_json: bool) -> Result<(), Failure> {
    let store = engine.store.as_ref();
    let published = store.find::<ListLog>(Key::ListLog)?.map_or(0, |log| log.chain.number);
    let mut members = Vec::new();
    for name in names {
        let source = store.find::<ListSource>(Key::ListSource((*name).to_owned()))?;
        let member = store.find::<ListMember>(Key::ListMember((*name).to_owned()))?;
        let pulled_at = source.as_ref().and_then(|source| source.pulled_at).map(tongbao_api::wire::rfc3339);
        members.push(json!({
            "name": name,
            "taken_until": source.as_ref().map_or(0, |source| source.chain.number),
            "pulled_at": pulled_at,
            "hits": source.as_ref().map(|source| &source.hits),
            "not_taken": source.as_ref().map_or(0, |source| source.not_taken),
            "asked_today": member.as_ref().map_or(0, |member| member.asked_today),
            "asked": member.as_ref().map_or(0, |member| member.asked),
            "our_hits": member.as_ref().map(|member| &member.hits),
        }));
    }
    if as_json {
        return output::line(json!({ "published_until": published, "members": members }));
    }
    let mut table = Table::new();
    let columns =
        ["name", "taken_until", "pulled_at", "hits", "not_taken", "asked_today", "asked", "our_hits"];
    table.set_header(columns);
    for member in &members {
        table.add_row(columns.map(|column| match &member[column] {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        }));
    }
    output::line(table)?;
    output::line(format_args!("published until {published}"))
}

/// A made-up phone number.
fn phone(number: u32) -> String {
    format!("170{number:08}")
}

fn bench(size: u32, as_json: bool) -> Result<(), Failure> {
    let broken = |error: tongbao_risk::sharing::Refused| error.to_string();
    let entropy = SystemEntropy;
    let source = Evaluator::new(&entropy.secret()).ok_or("no key follows from this seed")?;
    let (theirs, ours): (Vec<String>, Vec<String>) =
        ((0..size).map(phone).collect(), (size / 2..size + size / 2).map(phone).collect());
    let bar = output::progress("values");
    let start = Instant::now();
    let mut listed = BTreeSet::new();
    for value in &theirs {
        listed.insert(source.token(SharedKind::Phone, value).map_err(broken)?);
        bar.inc(1);
    }
    let own = start.elapsed();
    let [mut blinded, mut evaluated, mut opened] = [Duration::ZERO; 3];
    let (mut found, mut sent) = (0_usize, 0_usize);
    for part in ours.chunks(BATCH_MAX) {
        let at = Instant::now();
        let asking =
            Asking::about(&entropy.secret(), part.iter().map(|value| (SharedKind::Phone, value.as_str())));
        let asking = asking.map_err(broken)?;
        blinded += at.elapsed();
        let at = Instant::now();
        let answer = source.answer(&entropy.secret(), asking.message()).map_err(broken)?;
        evaluated += at.elapsed();
        let at = Instant::now();
        let tokens: Vec<Token> = asking.tokens(&answer, &source.public_key()).map_err(broken)?;
        found += tokens.iter().filter(|token| listed.contains(*token)).count();
        opened += at.elapsed();
        sent += 2 * part.len() * ELEMENT_BYTES + PROOF_BYTES;
        bar.inc(u64::try_from(part.len())?);
    }
    bar.finish_and_clear();
    let in_common = usize::try_from(size - size / 2)?;
    if found != in_common {
        return Err(format!("found {found} numbers in common where there are {in_common}").into());
    }
    let total = start.elapsed();
    let figures =
        [("source's own", own), ("blinding", blinded), ("evaluating", evaluated), ("unblinding", opened)];
    let figures = [&figures[..], &[("in all", total)]].concat();
    if as_json {
        let times: serde_json::Map<_, _> = figures
            .iter()
            .map(|(name, time)| (name.replace(['\'', ' '], "_"), json!(time.as_secs_f64())))
            .collect();
        return output::line(json!({ "size": size, "in_common": found, "bytes": sent, "seconds": times }));
    }
    output::line(format_args!(
        "{size} numbers against {size}: {found} in common, {sent} bytes between the two"
    ))?;
    for (name, time) in figures {
        output::line(format_args!("{name:>13} {:>8.3} s", time.as_secs_f64()))?;
    }
    Ok(())
}
