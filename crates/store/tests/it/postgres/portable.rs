//! The store's SQL is what distributed databases that speak the protocol have, too.

use std::{fs, path::Path};

/// What they lack, or have in a way of their own, in lower case.
const FORBIDDEN: &[&str] = &[
    "advisory",
    "bigserial",
    "copy ",
    "create extension",
    "create function",
    "create sequence",
    "create trigger",
    "create type",
    "ctid",
    "deferrable",
    "exclude using",
    "generated always",
    "identity",
    "inherits",
    "listen ",
    "lock table",
    "nextval",
    "notify ",
    "plpgsql",
    "serial primary",
    "savepoint",
    "tablespace",
    "unlogged",
    "xmin",
];

fn files(under: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(under);
    let read = |entry: fs::DirEntry| {
        (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap())
    };
    fs::read_dir(folder).unwrap().map(|entry| read(entry.unwrap())).collect()
}

/// A text without comments of Rust and of SQL.
fn statements(text: &str) -> String {
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    let lines = lines.map(|line| line.split("--").next().unwrap_or_default().to_lowercase());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_sql_is_portable() {
    let mut seen = 0;
    for (name, text) in files("src/postgres").into_iter().chain(files("migrations/postgres")) {
        let text = statements(&text);
        seen += text.matches("select ").count() + text.matches("create table").count();
        for word in FORBIDDEN {
            assert!(!text.contains(word), "{name} says `{word}`");
        }
    }
    assert!(seen > 40, "the statements were looked at: {seen}");
}

#[test]
fn every_migration_may_run_again() {
    for (name, text) in files("migrations/postgres") {
        let statements = statements(&text);
        for statement in statements.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
            let first = statement.lines().next().unwrap();
            assert!(first.contains("if not exists") || first.contains("if exists"), "{name}: {first}");
        }
    }
}
