//! Writing the documents under `openapi` from the code, and checking that they are in step.
//!
//! Each is what `tongbao openapi` prints, so it describes the very binary that serves it.

use std::fs;
use std::path::Path;

use clap::Args;

use crate::run::{self, Stop};

/// Where each document is kept, under the root, and the arguments that print it: of merchants, and of payers.
pub(crate) const DOCUMENTS: [(&str, &[&str]); 2] =
    [("openapi/tongbao.json", &["openapi"]), ("openapi/tongbao-payer.json", &["openapi", "--payer"])];

#[derive(Args)]
pub(crate) struct Options {
    /// Write nothing; fail if a document on disk differs from the code.
    #[arg(long)]
    check: bool,
}

pub(crate) fn command(options: &Options) -> Result<(), Stop> {
    for (name, arguments) in DOCUMENTS {
        let mut tongbao = run::cargo(["run", "--quiet", "--package", "tongbao", "--"]);
        let document = run::capture(tongbao.args(arguments))?;
        if options.check { check(name, &document)? } else { write(name, &document)? }
    }
    Ok(())
}

fn write(name: &str, document: &str) -> Result<(), Stop> {
    let path = run::root().join(name);
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(&path, ended(document))?;
    run::say(&format!("wrote {name}"));
    Ok(())
}

/// Fails unless the document on disk is `document`.
pub(crate) fn check(name: &str, document: &str) -> Result<(), Stop> {
    let kept = fs::read_to_string(run::root().join(name)).unwrap_or_default();
    if kept == ended(document) {
        run::say(&format!("{name} is in step with the code"));
        return Ok(());
    }
    let fresh = ended(document);
    let at = kept.lines().zip(fresh.lines()).take_while(|(old, new)| old == new).count() + 1;
    run::failed(format!("{name}:{at} is not what the code says; run `cargo xtask openapi` and commit it"))
}

/// The text with exactly one newline at its end.
fn ended(document: &str) -> String {
    format!("{}\n", document.trim_end())
}
