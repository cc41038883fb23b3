//! The house rules of `docs/STYLE.md` that a program can check.
//!
//! Each rule is a function from the tree to findings; a finding names file and line and says what to
//! do instead. Rules read one snapshot of the tree, so they can be tested on trees made of snippets.
//!
//! Absent on purpose: exceptions by comment. A rule that is wrong is changed here, for everyone.

mod architecture;
mod arrows;
mod clippy_files;
mod dependencies;
mod functions;
mod glossary;
mod lexer;
mod manifest;
mod markers;
mod modules;
mod names;
mod source;
#[cfg(test)]
mod testing;
mod text;

use std::fmt;

use clap::Args;

use crate::run::{self, Stop};
use source::Tree;

/// The rules' own tables and tests spell out what is banned, so the rules about words skip them.
const OWN: &str = "xtask/src/tidy/";

#[derive(Args, Default)]
pub(crate) struct Options {
    /// Say that docs/ARCHITECTURE.md was reread after crates/core/src/change.rs changed.
    #[arg(long)]
    accept_architecture: bool,
}

/// One broken rule at one place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    /// Line number from 1; 0 when the whole file is meant.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.into(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.message),
            line => write!(out, "{}:{line}: {}", self.path, self.message),
        }
    }
}

type Rule = fn(&Tree) -> Vec<Finding>;

/// Every rule, in the order of their names in `docs/STYLE.md`.
const RULES: [Rule; 16] = [
    arrows::arrows,
    arrows::pure_core,
    arrows::cycles,
    functions::function_length,
    functions::file_length,
    text::line_length,
    text::whitespace,
    markers::leftovers,
    markers::unwraps,
    markers::places,
    modules::module_docs,
    modules::dead_files,
    names::vague_names,
    glossary::records,
    dependencies::reasons,
    clippy_files::complete,
];

pub(crate) fn command(options: &Options) -> Result<(), Stop> {
    let root = run::root();
    if options.accept_architecture {
        architecture::accept(&root)?;
    }
    let tree = Tree::read(&root)?;
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.extend(architecture::reread(&tree));
    findings.sort();
    for finding in &findings {
        run::say(&finding.to_string());
    }
    if findings.is_empty() {
        run::say(&format!("{} files are tidy", tree.sources.len()));
        return Ok(());
    }
    run::failed(format!("{} places break the rules of docs/STYLE.md", findings.len()))
}
