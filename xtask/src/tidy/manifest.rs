//! What the rules read in a `Cargo.toml`.

use toml::{Table, Value};

use super::source::{Source, Tree};

/// One line of a dependency table.
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) name: String,
    /// Whether it is needed for tests only.
    pub(crate) dev: bool,
    /// Whether version and path come from the workspace.
    pub(crate) inherited: bool,
    /// Whether it is one of our packages, by path.
    pub(crate) by_path: bool,
    /// The line that names it; 0 if it is spelled in an unusual way.
    pub(crate) line: usize,
}

/// The manifests of our packages: directory, file, name, dependencies.
pub(crate) struct Manifest<'a> {
    pub(crate) directory: &'a str,
    pub(crate) source: &'a Source,
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// Every package's manifest. One that is not TOML is left out: cargo has a better message for it. So is one that is a
/// workspace of its own: nothing of it goes into ours.
pub(crate) fn manifests(tree: &Tree) -> Vec<Manifest<'_>> {
    let read = |directory| {
        let source = tree.get(&format!("{directory}/Cargo.toml"))?;
        let table: Table = source.text.parse().ok()?;
        if table.contains_key("workspace") {
            return None;
        }
        let name = table.get("package")?.get("name")?.as_str()?.to_owned();
        Some(Manifest { directory, source, name, dependencies: dependencies(&table, source) })
    };
    tree.packages().into_iter().filter_map(read).collect()
}

/// The dependencies listed for the whole workspace.
pub(crate) fn workspace(tree: &Tree) -> Vec<Dependency> {
    let read = || {
        let source = tree.get("Cargo.toml")?;
        let table: Table = source.text.parse().ok()?;
        let listed = table.get("workspace")?.get("dependencies")?.as_table()?.clone();
        Some(listed.iter().map(|(name, value)| dependency(name, value, false, source)).collect())
    };
    read().unwrap_or_default()
}

fn dependencies(table: &Table, source: &Source) -> Vec<Dependency> {
    let targets = table.get("target").and_then(Value::as_table);
    let tables = targets.into_iter().flat_map(|targets| targets.values().filter_map(Value::as_table));
    let mut found = Vec::new();
    for table in tables.chain([table]) {
        for (section, dev) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let listed = table.get(section).and_then(Value::as_table).into_iter().flatten();
            found.extend(listed.map(|(name, value)| dependency(name, value, dev, source)));
        }
    }
    found
}

fn dependency(name: &str, value: &Value, dev: bool, source: &Source) -> Dependency {
    let package = value.get("package").and_then(Value::as_str).unwrap_or(name);
    let names_it = |line: &str| {
        line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['.', '=']))
            || line.trim_end().ends_with(&format!("dependencies.{name}]"))
    };
    let line = source.lines().find(|(_, line)| names_it(line)).map_or(0, |(number, _)| number);
    Dependency {
        name: package.to_owned(),
        dev,
        inherited: value.get("workspace").and_then(Value::as_bool) == Some(true),
        by_path: value.get("path").is_some(),
        line,
    }
}
