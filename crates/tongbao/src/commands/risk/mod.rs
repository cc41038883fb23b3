//! `tongbao risk`: trains models and judges them, and checks rules.

mod evaluate;
mod history;
mod rules;
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
    /// List the rules, and check their texts and examples
    Rules(rules::Rules),
}

impl Risk {
    /// Runs it.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Train(train) => train.run(),
            What::Evaluate(evaluate) => evaluate.run(),
            What::Rules(rules) => rules.run(),
        }
    }
}
