//! Every thing that is kept has an entry in `docs/GLOSSARY.md`.
//!
//! The things are the variants of `Record` in the core: one for each noun of the platform.

use super::Finding;
use super::source::{Source, Tree, item_length};

const GLOSSARY: &str = "docs/GLOSSARY.md";
const RECORDS: [&str; 2] = ["crates/core/src/record.rs", "crates/core/src/record/mod.rs"];

/// Variants of `Record` that the glossary does not explain.
pub(crate) fn records(tree: &Tree) -> Vec<Finding> {
    let Some(source) = RECORDS.iter().find_map(|path| tree.get(path)) else {
        return vec![Finding::new(
            RECORDS[0],
            0,
            "is missing; this rule reads the nouns of the platform there",
        )];
    };
    let Some(glossary) = tree.get(GLOSSARY) else {
        return vec![Finding::new(GLOSSARY, 0, "is missing; give every noun of the platform one entry")];
    };
    let known = plain(&glossary.text);
    let unknown = variants(source).into_iter().filter(|(_, name)| !known.contains(&plain(&words(name))));
    let finding = |(line, name): (usize, String)| {
        let message = format!("`{name}` has no entry in {GLOSSARY}; add `{}`", words(&name));
        Finding::new(&source.path, line, message)
    };
    unknown.map(finding).collect()
}

/// The variants of `pub enum Record`, with their lines.
fn variants(source: &Source) -> Vec<(usize, String)> {
    let Some(start) = source.code.find("pub enum Record {") else { return Vec::new() };
    let body = &source.code[start..][..item_length(&source.code[start..])];
    let first = source.code[..start].matches('\n').count() + 1;
    let variant = |(index, line): (usize, &str)| {
        let line = line
            .strip_prefix("    ")
            .filter(|line| line.starts_with(|letter: char| letter.is_uppercase()))?;
        let name = line.split(|letter: char| !letter.is_alphanumeric()).next()?;
        Some((first + index, name.to_owned()))
    };
    body.lines().enumerate().filter_map(variant).collect()
}

/// `RedPacket` as it is spoken: `red packet`.
fn words(name: &str) -> String {
    let mut spoken = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !spoken.is_empty() {
            spoken.push(' ');
        }
        spoken.extend(letter.to_lowercase());
    }
    spoken
}

/// A text as lower-case words between single blanks, so that words are found whole.
fn plain(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    format!(" {} ", words.map(str::to_lowercase).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::*;

    const RECORD: &str =
        "/// A.\npub enum Record {\n    /// B.\n    Payment(Payment),\n    RedPacket { id: Id },\n}\n";

    #[test]
    fn every_record_is_explained() {
        let file = (RECORDS[0], RECORD);
        check(records, &[file, (GLOSSARY, "| 支付单 | payment |\n| 红包 | Red packet |\n")], &[]);
        check(records, &[file, (GLOSSARY, "payments, red packet\n")], &["crates/core/src/record.rs:4"]);
        check(
            records,
            &[(RECORDS[1], RECORD), (GLOSSARY, "payment\n")],
            &["crates/core/src/record/mod.rs:5"],
        );
        check(records, &[file], &["docs/GLOSSARY.md:0"]);
        check(records, &[], &["crates/core/src/record.rs:0"]);
    }
}
