//! `tongbao payer`: what an operator does about a payer's account. A file has one writer, so the instance must be
//! stopped meanwhile; with a database server it may run.
//!
//! **Absent on purpose:** phone numbers on the command line, which others could see; a payer is named by its id.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use tongbao_core::{Actor, id::PayerId, payer::freeze};
use tongbao_engine::{Input, Mode};

use super::{Place, block_on};
use crate::output::{self, Failure};

/// The command line of `tongbao payer`.
#[derive(Args)]
pub(crate) struct Payer {
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
    /// Let no money leave a payer's accounts; the payer cannot lift it
    Freeze {
        /// The payer's id
        payer: PayerId,
        /// Why; kept with the account
        #[arg(long)]
        reason: String,
    },
    /// Lift a freeze, whoever froze
    Unfreeze {
        /// The payer's id
        payer: PayerId,
    },
}

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

impl Payer {
    /// Does what is asked.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let mode = if self.sandbox { Mode::Sandbox } else { Mode::Production };
        let instance = self.data.instance();
        block_on(async {
            let engine = instance.engine(mode).await?;
            match self.what {
                What::Freeze { payer, reason } => {
                    let freeze = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
                        freeze::freeze(facts, cx, payer, &reason)
                    };
                    engine.run(input("freeze_payer"), freeze).await?;
                    output::line(format_args!("frozen {payer}"))
                }
                What::Unfreeze { payer } => {
                    let unfreeze =
                        move |facts: &dyn tongbao_core::Facts, cx: &mut _| freeze::unfreeze(facts, cx, payer);
                    engine.run(input("unfreeze_payer"), unfreeze).await?;
                    output::line(format_args!("unfrozen {payer}"))
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
