//! `docs/risk-rules.md`: what it shows as a rule is one, and what it shows as wrong is answered as it says.

use std::{collections::BTreeSet, fmt::Write};

use tongbao_risk::rule::{Code, Schema, compile};

const DOCUMENT: &str = include_str!("../../../../../docs/risk-rules.md");

/// The blocks of the document behind this fence.
fn blocks(fence: &str) -> Vec<&'static str> {
    let opening = format!("```{fence}\n");
    DOCUMENT.split(opening.as_str()).skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn every_rule_in_the_document_compiles() {
    let schema = Schema::standard().unwrap();
    let rules = blocks("rule");
    assert!(rules.len() >= 10, "{} rules", rules.len());
    for rule in rules {
        compile(rule, &schema).unwrap_or_else(|wrong| panic!("{rule}\n{}", wrong[0].shown(rule)));
    }
}

#[test]
fn every_diagnostic_is_shown_as_it_is() {
    let schema = Schema::standard().unwrap();
    let (mut seen, mut differ) = (BTreeSet::new(), String::new());
    for block in blocks("wrong") {
        let (rule, _) = block.split_once("\n\n").unwrap_or((block, ""));
        let text = format!("when {rule} then review reason R");
        let text = if rule.starts_with("when") { rule } else { &text };
        let wrong = compile(text, &schema).expect_err(rule);
        seen.extend(wrong.iter().map(|wrong| wrong.code));
        let answers: Vec<String> = wrong.iter().map(|wrong| wrong.shown(text).to_string()).collect();
        let expected = format!("{rule}\n\n{}", answers.join("\n"));
        if block != expected {
            write!(differ, "```wrong\n{expected}\n```\n").unwrap();
        }
    }
    assert!(differ.is_empty(), "these blocks have to read:\n{differ}");
    // A text that is too long, deep or costly would fill a page; these are named in the document's list of limits.
    let bounds = [Code::TooLong, Code::TooDeep, Code::TooManyParts, Code::TooCostly];
    for code in Code::ALL {
        let shown = seen.contains(&code) || bounds.contains(&code);
        assert!(shown, "no example of {}", code.name());
        assert!(DOCUMENT.contains(&format!("`{}`", code.name())) || seen.contains(&code), "{}", code.name());
    }
}

#[test]
fn what_is_too_much_is_refused_by_name() {
    let schema = Schema::standard().unwrap();
    let wrong = |condition: &str| {
        let diagnostics = compile(&format!("when {condition} then review reason R"), &schema).unwrap_err();
        diagnostics[0].code
    };
    assert_eq!(wrong(&" ".repeat(4_096)), Code::TooLong);
    assert_eq!(wrong(&format!("{}weekend{}", "(".repeat(25), ")".repeat(25))), Code::TooDeep);
    assert_eq!(wrong(&format!("{}weekend", "not ".repeat(25))), Code::TooDeep);
    assert_eq!(wrong(&vec!["weekend"; 129].join(" or ")), Code::TooManyParts);
    assert_eq!(wrong(&format!("hour in [{}]", vec!["1"; 65].join(", "))), Code::TooManyParts);
    assert_eq!(wrong(&vec!["weekend"; 65].join(" or ")), Code::TooCostly);
    let deep = format!("{}hour{} > 1", "(hour - ".repeat(16), ")".repeat(16));
    assert_eq!(wrong(&deep), Code::TooDeep);
    let most = vec!["weekend"; 64].join(" or ");
    let cost = compile(&format!("when {most} then review reason R"), &schema).unwrap().program.cost();
    assert_eq!(cost, 127);
}
