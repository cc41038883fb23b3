//! Which of our crates may use which.
//!
//! ```text
//! money ← risk ← core ← {store, channel} ← engine ← {api, web} ← tongbao
//! ```
//! A crate may use what stands further left, and nothing beside it or to its right. Tests may use
//! anything, as long as no circle comes of it.

use std::collections::BTreeMap;

use super::Finding;
use super::manifest::{Manifest, manifests};
use super::source::Tree;

/// The crates by distance from `money`. Crates at the same distance do not know each other.
const LAYERS: [&[&str]; 7] = [
    &["tongbao-money"],
    &["tongbao-risk"],
    &["tongbao-core"],
    &["tongbao-store", "tongbao-channel"],
    &["tongbao-engine"],
    &["tongbao-api", "tongbao-web"],
    &["tongbao"],
];

/// Crates that only decide, and what would let them do more.
const PURE: [&str; 3] = ["tongbao-money", "tongbao-risk", "tongbao-core"];
const IMPURE: [&str; 7] = ["axum", "getrandom", "hyper", "rand", "reqwest", "rusqlite", "tokio"];

/// Dependencies between our crates that do not point left.
pub(crate) fn arrows(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(tree).iter().filter(|manifest| manifest.directory.starts_with("crates/")) {
        let path = &manifest.source.path;
        let Some(own) = layer(&manifest.name) else {
            let message =
                format!("`{}` has no place in the arrows; give it one in {}", manifest.name, file!());
            findings.push(Finding::new(path, 0, message));
            continue;
        };
        for dependency in manifest.dependencies.iter().filter(|dependency| !dependency.dev) {
            let ours = dependency.name.starts_with("tongbao") || is_tool(tree, &dependency.name);
            if ours && layer(&dependency.name).is_none_or(|other| other >= own) {
                let message = format!(
                    "`{}` may not use `{}`; arrows point left: {}",
                    manifest.name,
                    dependency.name,
                    picture()
                );
                findings.push(Finding::new(path, dependency.line, message));
            }
        }
    }
    findings
}

/// Runtimes, databases and chance among the dependencies of the crates that only decide.
pub(crate) fn pure_core(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests(tree).iter().filter(|manifest| PURE.contains(&manifest.name.as_str())) {
        let impure = |name: &str| IMPURE.contains(&name);
        for found in manifest.dependencies.iter().filter(|found| !found.dev && impure(&found.name)) {
            let message = format!(
                "`{}` decides and does nothing else, so it cannot have `{}`; \
                 take what it would give as an argument",
                manifest.name, found.name
            );
            findings.push(Finding::new(&manifest.source.path, found.line, message));
        }
    }
    findings
}

/// Circles among our packages, tests included.
pub(crate) fn cycles(tree: &Tree) -> Vec<Finding> {
    let manifests = manifests(tree);
    let by_name: BTreeMap<&str, &Manifest> =
        manifests.iter().map(|manifest| (manifest.name.as_str(), manifest)).collect();
    let mut findings = Vec::new();
    for manifest in &manifests {
        if let Some(way) = way_back(&by_name, &manifest.name, &[manifest.name.as_str()]) {
            let message = format!(
                "a circle of dependencies: {}; move the test to the crate furthest right in {}",
                way.join(" → "),
                picture()
            );
            findings.push(Finding::new(&manifest.source.path, 0, message));
        }
    }
    findings
}

/// A path along dependencies from the last package of `way` to `goal`.
fn way_back<'a>(
    by_name: &BTreeMap<&'a str, &'a Manifest>,
    goal: &str,
    way: &[&'a str],
) -> Option<Vec<&'a str>> {
    let last = by_name.get(way.last()?)?;
    for dependency in &last.dependencies {
        let name = dependency.name.as_str();
        let mut further = way.to_owned();
        further.push(name);
        if name == goal {
            return Some(further);
        }
        if !way.contains(&name)
            && let Some(found) = way_back(by_name, goal, &further)
        {
            return Some(found);
        }
    }
    None
}

fn layer(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

/// Whether this is one of our packages outside `crates/`: tools that nothing shipped may use.
fn is_tool(tree: &Tree, name: &str) -> bool {
    tree.packages().contains(name)
}

fn picture() -> String {
    LAYERS.map(|layer| layer.join(" | ")).join(" ← ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::*;

    fn manifest(name: &str, lines: &str) -> String {
        format!("[package]\nname = \"{name}\"\n[dependencies]\n{lines}")
    }

    #[track_caller]
    fn check_store(dependencies: &str, places: &[&str]) {
        let store = manifest("tongbao-store", dependencies);
        check(arrows, &[("crates/store/Cargo.toml", &store), ("fuzz/Cargo.toml", "")], places);
    }

    #[test]
    fn arrows_point_left() {
        check_store("tongbao-core.workspace = true\ntongbao-money.workspace = true\nserde = \"1\"\n", &[]);
        check_store("tongbao-channel.workspace = true\n", &["crates/store/Cargo.toml:4"]);
        check_store("serde = \"1\"\ntongbao-engine = { workspace = true }\n", &["crates/store/Cargo.toml:5"]);
        check_store("fuzz = { path = \"../../fuzz\" }\n", &["crates/store/Cargo.toml:4"]);
        check_store("[dependencies.tongbao-api]\nworkspace = true\n", &["crates/store/Cargo.toml:4"]);
        check_store("[build-dependencies]\ntongbao.workspace = true\n", &["crates/store/Cargo.toml:5"]);
        check_store(
            "[target.'cfg(unix)'.dependencies]\ntongbao.workspace = true\n",
            &["crates/store/Cargo.toml:5"],
        );
        check_store("[dev-dependencies]\ntongbao-engine.workspace = true\n", &[]);
    }

    #[test]
    fn a_crate_without_a_place_is_told_to_take_one() {
        let bank = manifest("tongbao-bank", "");
        check(arrows, &[("crates/bank/Cargo.toml", &bank)], &["crates/bank/Cargo.toml:0"]);
        check(arrows, &[("torture/Cargo.toml", &manifest("torture", "tongbao.workspace = true\n"))], &[]);
    }

    #[test]
    fn the_core_stays_pure() {
        let core = manifest("tongbao-core", "serde = \"1\"\nrand.workspace = true\n");
        check(pure_core, &[("crates/core/Cargo.toml", &core)], &["crates/core/Cargo.toml:5"]);
        let tested = manifest("tongbao-core", "[dev-dependencies]\ntokio = \"1\"\n");
        check(pure_core, &[("crates/core/Cargo.toml", &tested)], &[]);
        let engine = manifest("tongbao-engine", "tokio = \"1\"\n");
        check(pure_core, &[("crates/engine/Cargo.toml", &engine)], &[]);
    }

    #[test]
    fn circles_through_tests_are_found() {
        let store = manifest("tongbao-store", "tongbao-core.workspace = true\n");
        let circle = manifest("tongbao-core", "[dev-dependencies]\ntongbao-store.workspace = true\n");
        let straight = manifest("tongbao-core", "tongbao-money.workspace = true\n");
        let files = [("crates/store/Cargo.toml", store.as_str()), ("crates/core/Cargo.toml", &circle)];
        check(cycles, &files, &["crates/core/Cargo.toml:0", "crates/store/Cargo.toml:0"]);
        check(cycles, &[files[0], ("crates/core/Cargo.toml", &straight)], &[]);
    }
}
