//! `tongbao risk review`: payments that wait until a person has looked at them. A file has one writer, so to end a
//! review the instance must be stopped; with a database server it may run. To list, it may run in any case.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use comfy_table::Table;
use tongbao_core::{
    Actor, Facts, List, Record,
    id::ReviewId,
    risk::review::{self, Finding, Review as Looked},
};
use tongbao_engine::{Input, Mode};
use tongbao_store::Query;

use crate::{
    commands::{Place, block_on},
    output::{self, Failure},
};

/// Reviews that are listed at once.
const LISTED_MAX: u32 = 100;

/// The command line of `tongbao risk review`.
#[derive(Args)]
pub(crate) struct Review {
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
    /// List the latest reviews, newest first
    List {
        /// Only those that wait
        #[arg(long)]
        waiting: bool,
    },
    /// End a review
    End {
        /// Its id
        review: ReviewId,
        /// What was found
        #[arg(value_enum)]
        finding: Found,
        /// Who found it
        #[arg(long)]
        by: String,
    },
}

/// What a person can find.
#[derive(Clone, Copy, ValueEnum)]
enum Found {
    /// The payer pays, and wants to: the payment goes on
    Genuine,
    /// It does not: the money goes back
    Fraud,
    /// There is too little to tell: the money goes back
    Insufficient,
    /// The payment goes on, and is looked at again for laundered money
    Escalated,
}

impl From<Found> for Finding {
    fn from(found: Found) -> Finding {
        match found {
            Found::Genuine => Finding::Genuine,
            Found::Fraud => Finding::Fraud,
            Found::Insufficient => Finding::Insufficient,
            Found::Escalated => Finding::Escalated,
        }
    }
}

impl Review {
    /// Does what is asked.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let instance = self.data.instance();
        match self.what {
            What::List { waiting } => {
                let newest =
                    Query::List { list: List::Reviews, after: None, newest_first: true, limit: LISTED_MAX };
                let records = instance.reader()?.records(newest)?;
                let reviews = records.iter().filter_map(|record| {
                    if let Record::Review(review) = record { Some(review) } else { None }
                });
                show(reviews.filter(|review| !waiting || review.ended.is_none()))?;
            }
            What::End { review, finding, by } => {
                let mode = if self.sandbox { Mode::Sandbox } else { Mode::Production };
                block_on(async {
                    let engine = instance.engine(mode).await?;
                    let input = Input { actor: Actor::Operator, name: "end_review" };
                    let decide = move |facts: &dyn Facts, cx: &mut _| {
                        review::decide(facts, cx, review, finding.into(), &by)
                    };
                    let ended = engine.step(input, decide).await?;
                    output::line(format_args!("{} of {} has ended", ended.id, ended.payment))
                })?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show<'a>(reviews: impl Iterator<Item = &'a Looked>) -> Result<(), Failure> {
    let mut table = Table::new();
    table.set_header(["review", "payment", "amount", "reason", "score", "until", "finding", "by"]);
    for review in reviews {
        let ended = review.ended.as_ref();
        table.add_row([
            review.id.to_string(),
            review.payment.to_string(),
            review.money.to_string(),
            review.reason.clone().unwrap_or_default(),
            review.score.map(|score| score.to_string()).unwrap_or_default(),
            tongbao_api::wire::rfc3339(review.until),
            ended.map_or("waits", |ended| ended.finding.name()).to_owned(),
            ended.and_then(|ended| ended.by.clone()).unwrap_or_default(),
        ]);
    }
    output::line(table)
}
