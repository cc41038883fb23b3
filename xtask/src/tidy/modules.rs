//! Module files: each is reached from its crate's root, and says at its top what it is.

use std::collections::BTreeSet;

use super::Finding;
use super::source::{Source, Tree, name_after};

/// Rust files that do not open with `//!`.
pub(crate) fn module_docs(tree: &Tree) -> Vec<Finding> {
    let message = "does not open with `//!`; say what it is, what always holds, what is absent on purpose";
    let bare = tree.rust().filter(|source| !source.text.starts_with("//!"));
    bare.map(|source| Finding::new(&source.path, 1, message)).collect()
}

/// Rust files that no `mod` line reaches: the compiler never sees them, so nothing in them is checked.
pub(crate) fn dead_files(tree: &Tree) -> Vec<Finding> {
    let mut reached: BTreeSet<&str> = BTreeSet::new();
    let mut waiting: Vec<&Source> = tree.rust().filter(|source| is_root(tree, &source.path)).collect();
    while let Some(source) = waiting.pop() {
        if reached.insert(&source.path) {
            waiting.extend(children(tree, source).map(|(_, child)| child));
        }
    }
    let message = "no `mod` line leads here, so it is never compiled; declare it or delete it";
    let dead = tree.rust().filter(|source| !reached.contains(source.path.as_str()));
    dead.map(|source| Finding::new(&source.path, 0, message)).collect()
}

/// Files whose `mod` line stands behind `#[cfg(test)]`, and everything below them.
pub(crate) fn test_only_files(tree: &Tree) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&Source> = Vec::new();
    for source in tree.rust() {
        waiting.extend(
            children(tree, source).filter(|(line, _)| source.test_lines[line - 1]).map(|(_, child)| child),
        );
    }
    while let Some(source) = waiting.pop() {
        if found.insert(source.path.clone()) {
            waiting.extend(children(tree, source).map(|(_, child)| child));
        }
    }
    found
}

/// The files that a file declares as its modules, with the lines of the declarations.
fn children<'a>(tree: &'a Tree, source: &'a Source) -> impl Iterator<Item = (usize, &'a Source)> {
    let directory = directory_of_children(tree, &source.path);
    let declared = source.code_lines().filter(|(_, line)| line.trim_end().ends_with(';'));
    declared.filter_map(move |(number, line)| {
        let name = name_after(line, "mod")?;
        let beside = tree.get(&format!("{directory}/{name}.rs"));
        Some((number, beside.or_else(|| tree.get(&format!("{directory}/{name}/mod.rs")))?))
    })
}

/// Where the modules of a file live: beside a crate root or a `mod.rs`, else in a folder of its name.
fn directory_of_children(tree: &Tree, path: &str) -> String {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    if name == "mod.rs" || is_root(tree, path) {
        return directory.to_owned();
    }
    format!("{directory}/{}", name.trim_end_matches(".rs"))
}

/// Whether cargo compiles this file by itself, by its place in the package.
fn is_root(tree: &Tree, path: &str) -> bool {
    let mut packages = tree.packages().into_iter();
    let Some(inside) = packages.find_map(|package| path.strip_prefix(package)?.strip_prefix('/')) else {
        return false;
    };
    let parts: Vec<&str> = inside.split('/').collect();
    matches!(
        parts.as_slice(),
        ["build.rs"]
            | ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["src", "bin", _, "main.rs"]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_code};
    use super::*;

    #[test]
    fn every_module_opens_with_what_it_is() {
        check_code(module_docs, "//! Amounts.\n", &[]);
        check_code(module_docs, "use std::fmt;\n//! Amounts.\n", &[1]);
        check_code(module_docs, "/// Amounts.\n", &[1]);
        check_code(module_docs, "", &[1]);
    }

    #[track_caller]
    fn check_dead(files: &[(&str, &str)], dead: &[&str]) {
        let mut tree = vec![("crates/core/Cargo.toml", "")];
        tree.extend(files);
        check(dead_files, &tree, dead);
    }

    #[test]
    fn files_that_no_module_names_are_dead() {
        let root = ("crates/core/src/lib.rs", "pub mod a;\n// mod c;\n");
        let folder = ("crates/core/src/a/mod.rs", "mod b;\n");
        let leaf = ("crates/core/src/a/b.rs", "");
        check_dead(&[root, folder, leaf], &[]);
        check_dead(&[root, ("crates/core/src/a.rs", "")], &[]);
        check_dead(&[root, folder, leaf, ("crates/core/src/c.rs", "")], &["crates/core/src/c.rs:0"]);
        check_dead(&[root, ("crates/core/src/b.rs", "mod d;\n")], &["crates/core/src/b.rs:0"]);
    }

    #[test]
    fn tests_that_never_run_are_dead() {
        let main = ("crates/core/tests/it/main.rs", "mod refunds;\n");
        let refunds = ("crates/core/tests/it/refunds.rs", "");
        let single = ("crates/core/tests/model.rs", "mod common;\n");
        let common = ("crates/core/tests/common/mod.rs", "");
        check_dead(&[main, refunds, single, common], &[]);
        check_dead(&[main, ("crates/core/tests/it/payouts.rs", "")], &["crates/core/tests/it/payouts.rs:0"]);
    }

    #[test]
    fn modules_below_a_test_module_are_test_only() {
        let root = ("crates/core/src/lib.rs", "#[cfg(test)]\nmod cases;\nmod shipped;\n");
        let cases = ("crates/core/src/cases/mod.rs", "mod one;\n");
        let files = [("crates/core/Cargo.toml", ""), root, cases, ("crates/core/src/cases/one.rs", "")];
        let tree = Tree::of(files.into_iter().chain([("crates/core/src/shipped.rs", "")]));
        let found: Vec<String> = test_only_files(&tree).into_iter().collect();
        assert_eq!(found, ["crates/core/src/cases/mod.rs", "crates/core/src/cases/one.rs"]);
    }
}
