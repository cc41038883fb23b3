//! Sets of rules: modes, shares, rest, and rows that are not as they should be.

use tongbao_risk::rule::{Hit, NotJudged, Occasion, Row, RuleSet, Schema, Source, Value};

use super::schema;

const REASONS: &str = r#"
[[reason]]
code = "A_REASON"
payer = { zh = "请确认。", en = "Please confirm." }
merchant = { zh = "请等待。", en = "Please wait." }

[reason.reviewer]
zh = "数量 {n}，金额 {amount} 元，{since}，{fruit}，{yes}，{f}。"
en = "{n}, {amount} yuan, {since}, {fruit}, {yes}, {f}"

[[reason]]
code = "B_REASON"
payer = { zh = "请确认。", en = "Please confirm." }
merchant = { zh = "请等待。", en = "Please wait." }
reviewer = { zh = "查看。", en = "look" }
"#;

/// A rule that hits where `n` is at least this, with more fields.
fn rule(id: &str, least: u32, action: &str, reason: &str, fields: &str) -> String {
    format!(
        r#"
[[rule]]
id = "{id}"
version = 1
owner = "risk"
title = {{ zh = "试", en = "try" }}
text = "when n >= {least} then {action} reason {reason}"
hit = [{{ n = {least} }}]
miss = [{{}}]
{fields}
"#
    )
}

fn set(rules: &[String]) -> RuleSet {
    let text = format!("{REASONS}{}", rules.concat());
    RuleSet::load(schema(), &[Source { name: "a.toml", text: &text }]).unwrap()
}

fn row(schema: &Schema, n: i64) -> Row {
    let mut row = schema.everyday();
    row.set(schema.slot("n").unwrap(), Value::Int(n)).unwrap();
    row
}

fn judged(set: &RuleSet, n: i64, now_ms: i64, entities: &[&str]) -> Vec<(String, bool)> {
    let mut hits: Vec<Hit> = Vec::new();
    set.judge(&row(set.schema(), n), &Occasion { now_ms, entities }, &mut hits).unwrap();
    hits.iter().map(|hit| (set.rules()[hit.rule].record.id.clone(), hit.live)).collect()
}

#[test]
fn drafts_are_not_run_and_shadows_do_not_count() {
    let set = set(&[
        rule("draft", 5, "block", "A_REASON", "mode = \"draft\""),
        rule("shadow", 5, "block", "A_REASON", "mode = \"shadow\""),
        rule("live", 5, "review", "B_REASON", "mode = \"live\""),
    ]);
    let expected = [("shadow".to_owned(), false), ("live".to_owned(), true)];
    assert_eq!(judged(&set, 5, 0, &["p"]), expected);
    assert_eq!(judged(&set, 4, 0, &["p"]), []);
    let mut hits = Vec::new();
    set.judge(&row(set.schema(), 5), &Occasion { now_ms: 0, entities: &["p"] }, &mut hits).unwrap();
    let codes: Vec<&str> = set.reasons(&hits).iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["B_REASON"], "a shadow gives no reason");
}

#[test]
fn a_share_is_of_payers_and_not_of_tries() {
    let set = set(&[
        rule("some", 5, "block", "A_REASON", "mode = \"live\"\nlive_percent = 30"),
        rule("all", 5, "block", "B_REASON", "mode = \"live\"\nlive_percent = 100"),
    ]);
    let mut live = 0;
    for payer in 0..2_000 {
        let payer = format!("pyr_{payer}");
        let first = judged(&set, 5, 0, &[&payer]);
        assert_eq!(first, judged(&set, 9, 1_000, &[&payer, "another device"]));
        assert_eq!(first[1], ("all".to_owned(), true));
        live += usize::from(first[0].1);
    }
    assert!((520..=680).contains(&live), "{live} of 2,000 for 30 percent");
}

#[test]
fn a_rule_ends_when_it_expires() {
    let set = set(&[
        rule("ends", 5, "block", "A_REASON", "mode = \"live\"\nexpires = 2027-01-01T08:00:00+08:00"),
        rule("stays", 5, "block", "B_REASON", "mode = \"live\""),
    ]);
    // 2027-01-01T00:00:00Z is 1,798,761,600 seconds after 1970.
    assert_eq!(judged(&set, 5, 1_798_761_599_999, &["p"]).len(), 2);
    assert_eq!(judged(&set, 5, 1_798_761_600_000, &["p"]), [("stays".to_owned(), true)]);
}

#[test]
fn a_rule_rests_for_one_and_until_then() {
    let snooze = r#"
mode = "live"
snooze = [{ entity = "dev_1", until = 2027-01-01T00:00:00Z, by = "li", why = "lab" }]"#;
    let set = set(&[
        rule("noisy", 5, "block", "A_REASON", snooze),
        rule("other", 5, "block", "B_REASON", "mode = \"live\""),
    ]);
    assert_eq!(judged(&set, 5, 0, &["pyr_1", "dev_1"]), [("other".to_owned(), true)]);
    assert_eq!(judged(&set, 5, 0, &["pyr_1", "dev_2"]).len(), 2);
    assert_eq!(judged(&set, 5, 1_798_761_600_000, &["pyr_1", "dev_1"]).len(), 2);
}

#[test]
fn reasons_come_severest_first_and_once_each() {
    let set = set(&[
        rule("a", 5, "challenge(code)", "A_REASON", "mode = \"live\""),
        rule("b", 5, "block", "B_REASON", "mode = \"live\""),
        rule("c", 5, "review", "A_REASON", "mode = \"live\""),
    ]);
    let mut hits = Vec::new();
    let row = row(set.schema(), 12);
    set.judge(&row, &Occasion { now_ms: 0, entities: &["p"] }, &mut hits).unwrap();
    let reasons = set.reasons(&hits);
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.code.as_str()).collect();
    assert_eq!(codes, ["B_REASON", "A_REASON"]);
    let text = reasons[1].reviewer(set.schema(), &row);
    assert_eq!(text.zh, "数量 12，金额 10.00 元，未知，apple，否，0.5。");
    assert_eq!(text.en, "12, 10.00 yuan, unknown, apple, no, 0.5");
}

#[test]
fn a_row_that_is_not_whole_is_not_judged() {
    let set = set(&[
        rule("a", 5, "block", "A_REASON", "mode = \"live\""),
        rule("b", 5, "block", "B_REASON", "mode = \"live\""),
    ]);
    let nobody = Occasion { now_ms: 0, entities: &[] };
    let mut hits = Vec::new();
    let empty = Row::new(set.schema());
    assert_eq!(set.judge(&empty, &nobody, &mut hits), Err(NotJudged::Missing("yes".to_owned())));
    let mut row = row(set.schema(), 5);
    row.unset(set.schema().slot("count(payer, 24h)").unwrap()).unwrap();
    assert_eq!(set.judge(&row, &nobody, &mut hits), Err(NotJudged::Missing("count(payer, 1d)".to_owned())));
    let other = Schema::new(&[], &[["n", "int", "1", "a number"]]).unwrap().everyday();
    assert_eq!(set.judge(&other, &nobody, &mut hits), Err(NotJudged::OtherSchema));
    assert_eq!(hits, []);
}

#[test]
fn the_digest_tells_sets_apart() {
    let with = |fields: &str| {
        let rules =
            [rule("a", 5, "block", "A_REASON", fields), rule("b", 6, "block", "B_REASON", "mode = \"live\"")];
        set(&rules).digest()
    };
    let live = with("mode = \"live\"");
    assert_eq!(live, with("mode = \"live\"\nlive_percent = 100"));
    assert_ne!(live, with("mode = \"shadow\""));
    assert_ne!(live, with("mode = \"live\"\nlive_percent = 99"));
}
