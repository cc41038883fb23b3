//! A crate's own `clippy.toml` holds everything that the root's holds.
//!
//! Clippy reads the nearest file and nothing else, so a crate that bans more would otherwise lose
//! what the whole tree bans.

use super::Finding;
use super::source::Tree;

const ROOT: &str = "clippy.toml";

/// Lines of the root's file that a crate's file lacks.
pub(crate) fn complete(tree: &Tree) -> Vec<Finding> {
    let Some(root) = tree.get(ROOT) else { return Vec::new() };
    let rules = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
    };
    let everywhere = rules(&root.text);
    let mut findings = Vec::new();
    for source in tree.sources.iter().filter(|source| source.path.ends_with("/clippy.toml")) {
        let own = rules(&source.text);
        for line in everywhere.iter().filter(|line| !own.contains(line)) {
            let message =
                format!("lacks `{line}` of the root's {ROOT}, which clippy does not read here; copy it");
            findings.push(Finding::new(&source.path, 0, message));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::*;

    #[test]
    fn a_crate_that_bans_more_bans_the_rest_too() {
        let root = (ROOT, "# All.\nallow-unwrap-in-tests = true\n");
        let fits = "disallowed-methods = []\n\nallow-unwrap-in-tests = true\n";
        check(complete, &[root, ("crates/core/clippy.toml", fits)], &[]);
        check(complete, &[root, ("crates/core/clippy.toml", "# None.\n")], &["crates/core/clippy.toml:0"]);
        check(complete, &[], &[]);
    }
}
