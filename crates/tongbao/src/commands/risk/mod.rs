//! `tongbao risk`: trains models and judges them, checks rules, and looks for money laundering.

mod aml;
mod evaluate;
mod history;
mod list;
mod review;
mod rules;
mod share;
mod train;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::output::Failure;

/// The command line of `tongbao risk`.
#[derive(Args)]
pub(crate) struct Risk {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Train a model on a week of payments, calibrate it on a later week, and write it to a file
    Train(train::Train),
    /// Print how well models do on payments they have not seen, by the Fraud Detection Handbook's protocol
    Evaluate(evaluate::Evaluate),
    /// Look for money laundering in the committed history, and write reports of it
    Aml(aml::Aml),
    /// List the rules, and check their texts and examples
    Rules(rules::Rules),
    /// List the payments that wait for a person, and end their reviews
    Review(review::Review),
    /// Put entities on lists and take them off: block, watch, allow
    List(list::List),
    /// Share lists with other institutions, without telling whom they are about
    Share(share::Share),
}

impl Risk {
    /// Runs it.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Train(train) => train.run(),
            What::Evaluate(evaluate) => evaluate.run(),
            What::Aml(aml) => aml.run(),
            What::Rules(rules) => rules.run(),
            What::Review(review) => review.run(),
            What::List(list) => list.run(),
            What::Share(share) => share.run(),
        }
    }
}
