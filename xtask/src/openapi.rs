//! Writing `openapi/tongbao.json` from the code, and checking that it is in step.
//!
//! The document is what `tongbao openapi` prints, so it describes the very binary that serves it.

use std::fs;
use std::path::Path;

use clap::Args;

use crate::run::{self, Stop};

/// Where the document is kept, under the root.
const DOCUMENT: &str = "openapi/tongbao.json";

#[derive(Args)]
pub(crate) struct Options {
    /// Write nothing; fail if the document on disk differs from the code.
    #[arg(long)]
    check: bool,
}

pub(crate) fn command(options: &Options) -> Result<(), Stop> {
    let mut tongbao = run::cargo(["run", "--quiet", "--package", "tongbao", "--", "openapi"]);
    let document = run::capture(&mut tongbao)?;
    if options.check { check(&document) } else { write(&document) }
}

fn write(document: &str) -> Result<(), Stop> {
    let path = run::root().join(DOCUMENT);
    fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    fs::write(&path, ended(document))?;
    run::say(&format!("wrote {DOCUMENT}"));
    Ok(())
}

/// Fails unless the document on disk is `document`.
pub(crate) fn check(document: &str) -> Result<(), Stop> {
    let kept = fs::read_to_string(run::root().join(DOCUMENT)).unwrap_or_default();
    if kept == ended(document) {
        run::say(&format!("{DOCUMENT} is in step with the code"));
        return Ok(());
    }
    let fresh = ended(document);
    let at = kept.lines().zip(fresh.lines()).take_while(|(old, new)| old == new).count() + 1;
    run::failed(format!("{DOCUMENT}:{at} is not what the code says; run `cargo xtask openapi` and commit it"))
}

/// The text with exactly one newline at its end.
fn ended(document: &str) -> String {
    format!("{}\n", document.trim_end())
}
