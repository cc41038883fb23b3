//! Dependencies: listed once, used, and each with a reason in `deny.toml`.
//!
//! A reason is a comment line `# name: why` in `deny.toml`.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::manifest::{manifests, workspace};
use super::source::{Source, Tree};

const ROOT: &str = "Cargo.toml";
const REASONS: &str = "deny.toml";

/// Dependencies without a reason, without a user, or with a version of their own; reasons for nothing.
pub(crate) fn reasons(tree: &Tree) -> Vec<Finding> {
    let listed: BTreeMap<String, usize> = workspace(tree)
        .into_iter()
        .filter(|dependency| !dependency.by_path)
        .map(|dependency| (dependency.name, dependency.line))
        .collect();
    let reasons = tree.get(REASONS).map(written_reasons).unwrap_or_default();
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for manifest in manifests(tree) {
        for dependency in &manifest.dependencies {
            if !dependency.inherited {
                let message = format!(
                    "`{}` has a version of its own; list it in [workspace.dependencies] of {ROOT} \
                     and write `{}.workspace = true`",
                    dependency.name, dependency.name
                );
                findings.push(Finding::new(&manifest.source.path, dependency.line, message));
            }
            used.insert(dependency.name.clone());
        }
    }
    for (name, line) in &listed {
        if !used.contains(name) {
            findings.push(Finding::new(ROOT, *line, format!("no package uses `{name}`; remove the line")));
        }
        if !reasons.contains_key(name.as_str()) {
            let message = format!("`{name}` has no reason; write `# {name}: why` in {REASONS}");
            findings.push(Finding::new(ROOT, *line, message));
        }
    }
    for (name, line) in reasons.into_iter().filter(|(name, _)| !listed.contains_key(*name)) {
        let message = format!("a reason for `{name}`, which {ROOT} does not list; remove it");
        findings.push(Finding::new(REASONS, line, message));
    }
    findings
}

/// The names that have a reason, with their lines.
fn written_reasons(source: &Source) -> BTreeMap<&str, usize> {
    let reason = |(number, line): (usize, &'_ str)| {
        let (name, why) = line.strip_prefix("# ")?.split_once(": ")?;
        let is_name =
            name.chars().all(|letter| letter.is_ascii_lowercase() || "-_0123456789".contains(letter));
        (is_name && !why.trim().is_empty()).then_some((name.len(), number))
    };
    let found = source.lines().filter_map(|(number, line)| {
        let (length, number) = reason((number, line))?;
        Some((&line[2..2 + length], number))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::*;

    const USER: &str = "[package]\nname = \"xtask\"\n[dependencies]\nclap.workspace = true\n";
    const LISTED: &str = "[workspace.dependencies]\nclap = \"4\"\n";

    #[track_caller]
    fn check_three(root: &str, user: &str, reasons_file: &str, places: &[&str]) {
        check(reasons, &[(ROOT, root), ("xtask/Cargo.toml", user), (REASONS, reasons_file)], places);
    }

    #[test]
    fn a_dependency_is_listed_used_and_has_a_reason() {
        check_three(LISTED, USER, "# clap: the command line\n", &[]);
        check_three(LISTED, USER, "# clap\n# Clap: no\n", &["Cargo.toml:2"]);
        check_three(&format!("{LISTED}url = \"2\"\n"), USER, "# clap: a\n# url: b\n", &["Cargo.toml:3"]);
        check_three(&format!("{LISTED}xtask = {{ path = \"xtask\" }}\n"), USER, "# clap: a\n", &[]);
        check_three(LISTED, USER, "# clap: a\n# url: b\n", &["deny.toml:2"]);
    }

    #[test]
    fn versions_stand_in_one_place() {
        let own = "[package]\nname = \"xtask\"\n[dev-dependencies]\nclap = \"4\"\n";
        check_three(LISTED, own, "# clap: a\n", &["xtask/Cargo.toml:4"]);
        // A client in a workspace of its own is no part of this one.
        let apart =
            ("conformance/Cargo.toml", "[package]\nname = \"c\"\n[dependencies]\nurl = \"2\"\n[workspace]\n");
        let files = [(ROOT, LISTED), ("xtask/Cargo.toml", USER), apart, (REASONS, "# clap: a\n")];
        check(reasons, &files, &[]);
    }
}
