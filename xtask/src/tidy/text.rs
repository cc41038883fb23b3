//! Lines and their ends, the same in every text file.

use super::Finding;
use super::source::{Source, Tree};

/// rustfmt breaks code at 110; this also holds strings and comments, which rustfmt leaves alone.
const LINE_CHARS_MAX: usize = 120;

/// Files whose lines are read side by side in a review. Tables in documents and manifests are not.
const NARROW: [&str; 5] = ["css", "js", "rs", "sh", "sql"];

/// Lines longer than the limit. An address cannot be broken, so its line may be longer.
pub(crate) fn line_length(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in tree.sources.iter().filter(|source| NARROW.iter().any(|ending| source.is(ending))) {
        for (number, line) in source.lines() {
            let length = line.chars().count();
            if length > LINE_CHARS_MAX && !line.contains("://") {
                let message = format!("{length} characters, {LINE_CHARS_MAX} are allowed; break the line");
                findings.push(Finding::new(&source.path, number, message));
            }
        }
    }
    findings
}

/// Trailing blanks, tabs where we indent by spaces, foreign line ends, and a missing last newline.
pub(crate) fn whitespace(tree: &Tree) -> Vec<Finding> {
    tree.sources.iter().flat_map(whitespace_of).collect()
}

fn whitespace_of(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |line, message| findings.push(Finding::new(&source.path, line, message));
    for (number, line) in source.text.split('\n').enumerate().map(|(index, line)| (index + 1, line)) {
        if line.ends_with('\r') {
            say(number, "the line ends with CR LF; save the file with LF");
        } else if line.ends_with([' ', '\t']) {
            say(number, "blanks at the end of the line; remove them");
        }
        if line.contains('\t') && (source.is("rs") || source.is("md")) {
            say(number, "a tab; indent with spaces, write `\\t` in strings");
        }
    }
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        say(source.text.lines().count(), "the last line has no newline; add one");
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::*;

    #[test]
    fn long_lines_are_found_in_code_only() {
        let wide = |start: &str, width| format!("{start}{}\n", "字".repeat(width));
        check(line_length, &[("a.rs", &wide("", 120))], &[]);
        check(line_length, &[("a.rs", &wide("", 121))], &["a.rs:1"]);
        check(line_length, &[("a.sql", &wide("\n", 121))], &["a.sql:2"]);
        check(line_length, &[("a.rs", &wide("// https://example.com/", 121))], &[]);
        check(line_length, &[("a.md", &wide("", 300)), ("a.toml", &wide("", 300))], &[]);
    }

    #[test]
    fn blanks_tabs_and_line_ends_are_found() {
        check(whitespace, &[("a.rs", "a\n\nb\n"), ("b.rs", "")], &[]);
        check(whitespace, &[("a.rs", "a \nb\n")], &["a.rs:1"]);
        check(whitespace, &[("a.md", "a\n  \nb\n")], &["a.md:2"]);
        check(whitespace, &[("a.rs", "\ta\n")], &["a.rs:1"]);
        check(whitespace, &[("a.css", "\ta\n")], &[]);
        check(whitespace, &[("a.sql", "a\r\nb\n")], &["a.sql:1"]);
        check(whitespace, &[("a.rs", "a\nb")], &["a.rs:2"]);
    }
}
