//! `tongbao risk list`: what stands on the lists, and the steps that change it. A file has one writer, so to add, end
//! and import the instance must be stopped; with a database server it may run. To show and export it may run in any
//! case.
//!
//! **Absent on purpose:** changing an entry. Who finds one wrong ends it and adds another.

mod files;

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use comfy_table::Table;
use serde_json::{Value, json};
use tongbao_core::{
    Time,
    risk::list::{
        Added, Category, EndEntry, Entity, EntityKind, ListEntry, ListedEntity, NewEntry, RiskList, Source,
    },
};
use tongbao_engine::{
    Engine, Mode,
    risk_list::{must, share_token, shown, time_of},
};

use crate::{
    commands::{Place, block_on},
    output::{self, Failure},
};

/// The command line of `tongbao risk list`.
#[derive(Args)]
pub(crate) struct List {
    #[command(flatten)]
    data: Place,
    /// The instance is a sandbox
    #[arg(long, global = true)]
    sandbox: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Put an entity on a list
    Add(Add),
    /// Show what stands on the lists about an entity, or stood
    Show {
        #[command(flatten)]
        entity: Named,
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// End an entry before its time
    End {
        #[command(flatten)]
        entity: Named,
        /// The entry's number, as shown
        #[arg(long)]
        entry: u32,
        /// Who ends it
        #[arg(long)]
        author: String,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Add the entries of a file (CSV); the same file again changes nothing
    Import(files::Import),
    /// Write the entries that count to a file (CSV) that an import takes
    Export(files::Export),
}

/// An entity, named by its kind and value.
#[derive(Args)]
struct Named {
    /// payer, device, card, address, phone or payee
    #[arg(value_enum)]
    kind: Kind,
    /// Its id, address or number, or digest:… instead of a number; - reads a line of standard input, which others do
    /// not see
    value: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    Payer,
    Device,
    Card,
    Address,
    Phone,
    Payee,
}

#[derive(Args)]
struct Add {
    #[command(flatten)]
    entity: Named,
    /// block, watch or allow
    #[arg(long, value_parser = list)]
    list: RiskList,
    /// sanction, court, `confirmed_mule`, fraud, takeover, gambling, complaint, suspicion, trusted, other
    #[arg(long, value_parser = category)]
    category: Category,
    /// The code of the reason, as in `COURT_ORDER`
    #[arg(long)]
    reason: String,
    /// Who says so
    #[arg(long)]
    author: String,
    /// From when on, RFC 3339 or a date in China; now unless given
    #[arg(long, value_parser = time)]
    from: Option<Time>,
    /// Until when; until it is ended unless given
    #[arg(long, value_parser = time)]
    until: Option<Time>,
    /// Where the evidence is found
    #[arg(long)]
    evidence: Option<String>,
    /// Let members of the list sharing learn of it: phones, cards and addresses
    #[arg(long)]
    share: bool,
}

fn list(name: &str) -> Result<RiskList, String> {
    RiskList::named(name).ok_or_else(|| "one of block, watch, allow".to_owned())
}

fn category(name: &str) -> Result<Category, String> {
    let names = Category::ALL.map(Category::name).join(", ");
    Category::named(name).ok_or_else(|| format!("one of {names}"))
}

fn time(typed: &str) -> Result<Time, String> {
    time_of(typed).ok_or_else(|| "a time as 2026-12-31T16:00:00Z, or a date as 2026-12-31".to_owned())
}

impl Named {
    /// The kind and what was typed, here or on standard input.
    fn typed(&self) -> Result<(EntityKind, String), Failure> {
        let kind = match self.kind {
            Kind::Payer => EntityKind::Payer,
            Kind::Device => EntityKind::Device,
            Kind::Card => EntityKind::Card,
            Kind::Address => EntityKind::Address,
            Kind::Phone => EntityKind::Phone,
            Kind::Payee => EntityKind::Payee,
        };
        let mut typed = self.value.clone();
        if typed == "-" {
            typed.clear();
            std::io::stdin().read_line(&mut typed)?;
        }
        Ok((kind, typed))
    }

    fn entity(&self, engine: &Engine) -> Result<Entity, Failure> {
        let (kind, typed) = self.typed()?;
        entity(engine, kind, &typed)
    }
}

fn entity(engine: &Engine, kind: EntityKind, typed: &str) -> Result<Entity, Failure> {
    engine.entity(kind, typed).ok_or_else(|| format!("{} must be {}", kind.name(), must(kind)).into())
}

impl List {
    /// Does what is asked.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let instance = self.data.instance();
        match self.what {
            What::Show { entity, json } => {
                let engine = instance.looking_engine()?;
                let listed = engine.listed(entity.entity(&engine)?)?;
                show(listed.as_ref(), engine.now(), json)
            }
            What::Export(export) => export.run(&instance),
            What::Add(_) | What::End { .. } | What::Import(_) => block_on(async {
                let mode = if self.sandbox { Mode::Sandbox } else { Mode::Production };
                let engine = instance.engine(mode).await?;
                match self.what {
                    What::Add(add) => add.run(&engine).await,
                    What::End { entity, entry, author, reason } => {
                        let entity = entity.entity(&engine)?;
                        engine.end_on_list(EndEntry { entity, number: entry, author, reason }).await?;
                        output::line(format_args!("ended {entry}"))?;
                        Ok(ExitCode::SUCCESS)
                    }
                    What::Import(import) => import.run(&engine).await,
                    What::Show { .. } | What::Export(_) => Ok(ExitCode::SUCCESS),
                }
            }),
        }
    }
}

impl Add {
    async fn run(self, engine: &Engine) -> Result<ExitCode, Failure> {
        let (kind, typed) = self.entity.typed()?;
        let entity = entity(engine, kind, &typed)?;
        let token = || share_token(&engine.sharing_keys(), kind, &typed);
        let share = self
            .share
            .then(|| token().ok_or("only phones, cards and addresses can be shared, by their value"));
        let new = NewEntry {
            entity,
            list: self.list,
            category: self.category,
            reason: self.reason,
            author: self.author,
            from: self.from,
            until: self.until,
            evidence: self.evidence,
            source: Source::Own,
            confidence: None,
            share: share.transpose()?,
        };
        match engine.add_to_list(new).await? {
            Added::New(number) => output::line(format_args!("added {number}"))?,
            Added::Known(number) => output::line(format_args!("stands already as {number}"))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn state(entry: &ListEntry, at: Time) -> &'static str {
    match (&entry.ended, entry.is_live(at), entry.is_over(at)) {
        (Some(_), ..) => "ended",
        (None, true, _) => "counts",
        (None, false, true) => "expired",
        (None, false, false) => "to come",
    }
}

fn source(entry: &ListEntry) -> &str {
    match &entry.source {
        Source::Own => "own",
        Source::Institution(name) => name,
    }
}

fn text(at: Time) -> String {
    tongbao_api::wire::rfc3339(at)
}

fn show(listed: Option<&ListedEntity>, at: Time, as_json: bool) -> Result<ExitCode, Failure> {
    if as_json {
        let entries = listed.map(|listed| listed.entries.iter().map(|entry| described(entry, at)).collect());
        let entity = listed.map(|listed| shown(&listed.entity));
        let entries: Vec<Value> = entries.unwrap_or_default();
        output::line(json!({ "id": listed.map(|listed| listed.id), "entity": entity, "entries": entries }))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(listed) = listed else {
        output::line("stands on no list")?;
        return Ok(ExitCode::SUCCESS);
    };
    let mut table = Table::new();
    table.set_header([
        "entry", "list", "category", "reason", "state", "from", "until", "source", "author", "evidence",
    ]);
    for entry in &listed.entries {
        table.add_row([
            entry.number.to_string(),
            entry.list.name().to_owned(),
            entry.category.name().to_owned(),
            entry.reason.clone(),
            state(entry, at).to_owned(),
            text(entry.from),
            entry.until.map(text).unwrap_or_default(),
            source(entry).to_owned(),
            entry.author.clone(),
            entry.evidence.clone().unwrap_or_default(),
        ]);
    }
    output::line(table)?;
    for (entry, ended) in listed.entries.iter().filter_map(|entry| Some((entry, entry.ended.as_ref()?))) {
        output::line(format_args!(
            "{} ended {} by {}: {}",
            entry.number,
            text(ended.at),
            ended.author,
            ended.reason
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn described(entry: &ListEntry, at: Time) -> Value {
    json!({
        "entry": entry.number,
        "list": entry.list,
        "category": entry.category,
        "reason": entry.reason,
        "state": state(entry, at),
        "from": text(entry.from),
        "until": entry.until.map(text),
        "source": source(entry),
        "confidence": entry.confidence,
        "author": entry.author,
        "evidence": entry.evidence,
        "ended": entry.ended.as_ref().map(|ended| json!({
            "at": text(ended.at), "author": ended.author, "reason": ended.reason,
        })),
    })
}
