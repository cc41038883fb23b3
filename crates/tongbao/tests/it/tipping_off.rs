//! Nobody is tipped off: no text that a payer or a merchant can read speaks of money laundering or of suspicion.
//!
//! The texts are read where they are written: the tables of both languages, the templates of pages, notices by SMS and
//! mail, the problems of the interfaces and their documents, and the reasons of the shipped rules. Comments, and pages
//! that only operators see, are left out.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tongbao_risk::rule::shipped;

/// Parts of words that give it away, in small letters.
const TELLTALES: [&str; 22] = [
    "launder",
    "suspici",
    "suspected",
    "money mule",
    "structuring",
    "terroris",
    "criminal",
    "tip off",
    "blacklist",
    "watch list",
    "large-value",
    "洗钱",
    "可疑",
    "涉嫌",
    "嫌疑",
    "恐怖",
    "跑分",
    "套现",
    "黑名单",
    "大额交易",
    "上报",
    "监控",
];

/// Where texts for payers and merchants stand.
const PLACES: [&str; 11] = [
    "crates/web/src",
    "crates/web/templates",
    "crates/api/src",
    "crates/engine/src/notice",
    "crates/core/src/notice",
    "crates/core/src/message.rs",
    "crates/core/src/refusal.rs",
    "crates/core/src/payment",
    "crates/core/src/transfer",
    "crates/core/src/withdrawal",
    "openapi",
];

/// Names of folders and files with what only operators see.
const OPERATORS: [&str; 4] = ["console", "operator", "review", "risk"];

/// The first telltale in a text.
fn telltale(text: &str) -> Option<&'static str> {
    let small = text.to_lowercase();
    let is_word =
        |word: &str| small.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|found| found == word);
    let telltale = TELLTALES.into_iter().find(|telltale| small.contains(telltale));
    telltale.or_else(|| is_word("aml").then_some("aml"))
}

fn files(place: &Path, found: &mut Vec<PathBuf>) {
    if place.is_file() {
        found.push(place.to_owned());
        return;
    }
    for entry in fs::read_dir(place).unwrap_or_else(|error| panic!("{}: {error}", place.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !OPERATORS.iter().any(|operators| name.contains(operators)) {
            files(&path, found);
        }
    }
}

/// What is left of a source file without its comments.
fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let lines = lines.map(|line| line.split_once("// ").map_or(line, |(code, _)| code));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_search_finds_what_it_looks_for() {
    for text in ["Your account is SUSPICIOUS.", "该账户涉嫌违法", "see our AML policy", "反洗钱"] {
        assert!(telltale(text).is_some(), "{text}");
    }
    assert_eq!(telltale("A camlet of wool. 请稍后再试。"), None);
    assert_eq!(without_comments("let a = \"b\"; // suspicious\n    /// laundering\nc"), "let a = \"b\"; \nc");
}

#[test]
fn no_text_for_payers_and_merchants_speaks_of_laundering_or_suspicion() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut read = 0;
    for place in PLACES {
        let mut found = Vec::new();
        files(&root.join(place), &mut found);
        assert!(!found.is_empty(), "{place} has no texts");
        for file in found {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            let is_source = file.extension().is_some_and(|extension| extension == "rs");
            let text = if is_source { without_comments(&text) } else { text };
            for (number, line) in (1..).zip(text.lines()) {
                let told = telltale(line);
                assert!(
                    told.is_none(),
                    "{} (line {number} of its texts): {told:?} in {line}",
                    file.display()
                );
            }
            read += text.len();
        }
    }
    assert!(read > 500_000, "only {read} bytes were read");
    for table in ["wallet.rs", "phrase.rs", "notice.rs", "told.rs", "error.rs"] {
        assert!(root.join("crates/web/src/i18n").join(table).is_file(), "{table} has moved: name it here");
    }
}

#[test]
fn the_reasons_of_the_shipped_rules_do_not_either() {
    let rules = shipped().unwrap();
    let named = rules.rules().iter().map(|rule| rules.reason(&rule.compiled.rule.reason).unwrap());
    let reasons: Vec<_> = named.collect();
    assert!(reasons.len() >= 10, "{}", reasons.len());
    for reason in reasons {
        for text in [&reason.payer.zh, &reason.payer.en, &reason.merchant.zh, &reason.merchant.en] {
            assert_eq!(telltale(text), None, "{}: {text}", reason.code);
        }
    }
}
