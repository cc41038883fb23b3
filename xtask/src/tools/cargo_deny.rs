//! cargo-deny: licences, bans, sources and advisories of our dependencies.

use std::path::PathBuf;

use super::{has_version, missing, place};
use crate::run::{self, Stop};

/// Pinned, because another version may judge the same tree differently.
const VERSION: &str = "0.20.2";

/// The path of a `cargo-deny` of our version.
pub(crate) fn cargo_deny() -> Result<PathBuf, Stop> {
    let own = place().join("bin/cargo-deny");
    let candidates = [run::which("cargo-deny"), Some(own.clone())];
    let fits = |program: &PathBuf| has_version(program, &["--version"], VERSION);
    if let Some(found) = candidates.into_iter().flatten().find(fits) {
        return Ok(found);
    }
    let root = place();
    let root = root.to_string_lossy();
    let install = ["install", "cargo-deny", "--version", VERSION, "--locked", "--root", &root];
    run::succeed(&mut run::cargo(install)).map_err(|stop| {
        let by_hand = format!("cargo install cargo-deny --version {VERSION} --locked");
        missing(&format!("cargo-deny {VERSION}"), &by_hand, stop.to_string())
    })?;
    Ok(own)
}
