//! `docs/ARCHITECTURE.md` was reread since `change.rs` last changed.
//!
//! The document carries the digest of the file that everything turns on. When the file changes, the
//! digest no longer fits, and somebody has to read the document and say that it still tells the truth.

use std::fs;
use std::path::Path;

use super::Finding;
use super::source::Tree;
use crate::run::{self, Stop};

const DOCUMENT: &str = "docs/ARCHITECTURE.md";
const CHANGE: &str = "crates/core/src/change.rs";
const OPENING: &str = "<!-- change.rs: ";

/// Sixteen hexadecimal digits, 64 bits: no collision by accident, and short enough to read aloud.
const DIGITS: usize = 16;

/// A finding if the document is missing or was written for another `change.rs`.
pub(crate) fn reread(tree: &Tree) -> Option<Finding> {
    let Some(change) = tree.get(CHANGE) else {
        return Some(Finding::new(CHANGE, 0, "is missing; this rule compares it with the document about it"));
    };
    let Some(document) = tree.get(DOCUMENT) else {
        return Some(Finding::new(DOCUMENT, 0, "is missing; it explains the whole in four pages"));
    };
    let wanted = line_for(&change.text);
    let found = document.lines().find(|(_, line)| line.starts_with(OPENING));
    match found {
        Some((_, line)) if line == wanted => None,
        Some((number, _)) => {
            let message = format!(
                "{CHANGE} has changed since this was read; reread it, put it right, \
                 then run `cargo xtask tidy --accept-architecture`"
            );
            Some(Finding::new(DOCUMENT, number, message))
        }
        None => {
            let message = "does not say which change.rs it describes; \
                           reread it, then run `cargo xtask tidy --accept-architecture`";
            Some(Finding::new(DOCUMENT, 0, message))
        }
    }
}

/// Writes the digest of today's `change.rs` into the document.
pub(crate) fn accept(root: &Path) -> Result<(), Stop> {
    let change = fs::read_to_string(root.join(CHANGE))?;
    let document = fs::read_to_string(root.join(DOCUMENT))?;
    fs::write(root.join(DOCUMENT), accepted(&document, &change))?;
    run::say(&format!("{DOCUMENT} now describes {CHANGE} as it is"));
    Ok(())
}

/// The document with the digest of `change`, at its old place or else at the end.
fn accepted(document: &str, change: &str) -> String {
    let wanted = line_for(change);
    match document.lines().find(|line| line.starts_with(OPENING)) {
        Some(old) => document.replacen(old, &wanted, 1),
        None => format!("{}\n\n{wanted}\n", document.trim_end()),
    }
}

fn line_for(change: &str) -> String {
    let digest = blake3::hash(change.as_bytes()).to_hex();
    format!("{OPENING}{} -->", &digest[..DIGITS])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Option<usize> {
        reread(&Tree::of(files.iter().copied())).map(|finding| finding.line)
    }

    #[test]
    fn a_document_for_another_change_rs_is_found() {
        // The empty input's digest is printed in the BLAKE3 specification.
        let current = "# A\n<!-- change.rs: af1349b9f5f9a1a6 -->\n";
        assert_eq!(found(&[(CHANGE, ""), (DOCUMENT, current)]), None);
        assert_eq!(found(&[(CHANGE, "//! B.\n"), (DOCUMENT, current)]), Some(2));
        assert_eq!(found(&[(CHANGE, ""), (DOCUMENT, "# A\n")]), Some(0));
        assert_eq!(found(&[(CHANGE, "")]), Some(0));
        assert_eq!(found(&[]), Some(0));
    }

    #[test]
    fn accepting_writes_the_line_once() {
        let fresh = accepted("# A\n", "//! B.\n");
        assert_eq!(found(&[(CHANGE, "//! B.\n"), (DOCUMENT, &fresh)]), None);
        let again = accepted(&fresh, "");
        assert_eq!(found(&[(CHANGE, ""), (DOCUMENT, &again)]), None);
        assert_eq!(again.matches(OPENING).count(), 1);
    }
}
