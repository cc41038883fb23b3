//! The one `check` that the rules' tests share.

use super::Rule;
use super::source::Tree;

/// Runs one rule on a tree made of `files` and compares the places it names.
#[track_caller]
pub(crate) fn check(rule: Rule, files: &[(&str, &str)], places: &[&str]) {
    let mut findings = rule(&Tree::of(files.iter().copied()));
    findings.sort();
    let found: Vec<String> =
        findings.iter().map(|finding| format!("{}:{}", finding.path, finding.line)).collect();
    assert_eq!(found, places, "{findings:#?}");
}

/// Runs one rule on a single Rust file of a crate.
#[track_caller]
pub(crate) fn check_code(rule: Rule, text: &str, lines: &[usize]) {
    let path = "crates/core/src/lib.rs";
    let places: Vec<String> = lines.iter().map(|line| format!("{path}:{line}")).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    check(rule, &[(path, text)], &places);
}
