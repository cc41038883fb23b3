//! What must not be left in the tree: notes to oneself, muted lints, panics, places of one machine.

use super::lexer::is_word;
use super::source::{Source, Tree};
use super::{Finding, OWN};

/// Words that promise work for later. They are looked for in every text file.
const PROMISES: [&str; 2] = ["TODO", "FIXME"];

/// Code that must not be merged, and what to write instead.
const CODE: [(&str, &str); 6] = [
    ("dbg!", "remove it, or log with `tracing`"),
    ("todo!", "finish it, or leave it out"),
    ("unimplemented!", "finish it, or leave it out"),
    ("#[allow(", "write `#[expect(…, reason = \"…\")]`, which tells when it is no longer needed"),
    ("#![allow(", "write `#![expect(…, reason = \"…\")]`, which tells when it is no longer needed"),
    ("#[ignore", "make the test run, or delete it"),
];

/// Directories that exist on somebody's machine only.
const PLACES: [&str; 3] = ["/home/", "/root/", "/work/"];

/// Forgotten notes, debugging code and muted lints.
pub(crate) fn leftovers(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in others(tree) {
        for (number, line) in source.lines() {
            let found = PROMISES.iter().find(|word| has_word(line, word)).copied();
            // The same three letters are a currency code (ISO 4217: no currency), so only comments count.
            let found =
                found.or_else(|| (comment(line).is_some_and(|text| has_word(text, "XXX"))).then_some("XXX"));
            if let Some(word) = found {
                let message = format!("`{word}` is left over; do it now, or put it where work is planned");
                findings.push(Finding::new(&source.path, number, message));
            }
        }
        for (number, line) in source.code_lines() {
            for (code, instead) in CODE.iter().filter(|(code, _)| has_word(line, code)) {
                let message = format!("`{code}` must not be merged; {instead}");
                findings.push(Finding::new(&source.path, number, message));
            }
        }
    }
    findings
}

/// `unwrap()` in code that is shipped.
pub(crate) fn unwraps(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.rust() {
        for (number, _) in source.shipped_code().filter(|(_, line)| line.contains(".unwrap()")) {
            let message = "`.unwrap()` outside tests; return the error, or write \
                           `expect(\"why this cannot fail\")` where that is a fact";
            findings.push(Finding::new(&source.path, number, message));
        }
    }
    findings
}

/// Absolute paths of one machine.
pub(crate) fn places(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in others(tree) {
        for (number, line) in source.lines() {
            for place in PLACES.iter().filter(|place| starts_path(line, place)) {
                let message =
                    format!("`{place}…` is a path of one machine; name it from the root of the repository");
                findings.push(Finding::new(&source.path, number, message));
            }
        }
    }
    findings
}

/// Every file but the rules themselves, whose tables spell out what they look for.
fn others(tree: &Tree) -> impl Iterator<Item = &Source> {
    tree.sources.iter().filter(|source| !source.path.starts_with(OWN))
}

/// Whether `word` stands in the line with no letter, digit or underscore touching it.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let touches = |neighbour: Option<char>, edge: Option<char>| {
            edge.is_some_and(is_word) && neighbour.is_some_and(is_word)
        };
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !touches(before, word.chars().next()) && !touches(after, word.chars().next_back())
    })
}

/// The comment at the end of a line, in any of the languages of the tree.
fn comment(line: &str) -> Option<&str> {
    ["//", "/*", "--", "<!--", "#"].iter().filter_map(|mark| line.find(mark)).min().map(|at| &line[at..])
}

/// Whether a path begins here with this directory, rather than passing through one of that name.
fn starts_path(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(|before| is_word(before) || "./-~}*".contains(before))
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_code};
    use super::*;

    #[test]
    fn notes_to_oneself_are_found_everywhere() {
        check_code(leftovers, "// TODO: later\nfn a() {}\n", &[1]);
        check_code(leftovers, "let a = \"FIXME\";\n", &[1]);
        check_code(leftovers, "// XXX\nlet no_currency = \"XXX\";\n", &[1]);
        check_code(leftovers, "let TODOS = 1; // a todo list\n", &[]);
        check(
            leftovers,
            &[("docs/API.md", "- TODO write\n"), ("a.sql", "-- XXX\n")],
            &["a.sql:1", "docs/API.md:1"],
        );
        check(leftovers, &[("xtask/src/tidy/markers.rs", "// TODO\n")], &[]);
    }

    #[test]
    fn unfinished_code_and_muted_lints_are_found() {
        check_code(leftovers, "dbg!(a);\ntodo!();\nunimplemented!()\n", &[1, 2, 3]);
        check_code(leftovers, "#[allow(dead_code)]\n#![allow(unused)]\n", &[1, 2]);
        check_code(leftovers, "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n", &[2]);
        check_code(
            leftovers,
            "// use #[allow(…)]? no\n#[expect(unused, reason = \"a\")]\nlet a = \"todo!\";\n",
            &[],
        );
    }

    #[test]
    fn unwrap_is_for_tests() {
        check_code(unwraps, "fn a() { b.unwrap() }\n", &[1]);
        check_code(unwraps, "// b.unwrap()\nfn a() { b.unwrap_or(1); b.expect(\".unwrap()\") }\n", &[]);
        check_code(unwraps, "#[cfg(test)]\nmod tests {\n    fn a() { b.unwrap() }\n}\n", &[]);
        check(unwraps, &[("crates/core/tests/it/a.rs", "fn a() { b.unwrap() }\n")], &[]);
        let package = ("crates/core/Cargo.toml", "");
        let parent = ("crates/core/src/lib.rs", "#[cfg(test)]\nmod cases;\n");
        check(unwraps, &[package, parent, ("crates/core/src/cases.rs", "fn a() { b.unwrap() }\n")], &[]);
    }

    #[test]
    fn places_of_one_machine_are_found() {
        check_code(places, "let a = \"/home/b\";\n// see /work/a and (/root/b)\n", &[1, 2, 2]);
        check_code(places, "// crates/work/a, https://example.com/home/a, ../root/b\n", &[]);
    }
}
