//! Files of rules and reasons that are wrong: each is refused, and the flaw says where and what.

use tongbao_risk::rule::{RuleSet, Source};

use super::schema;

const GOOD: &str = r#"
[[rule]]
id = "many"
version = 1
mode = "live"
owner = "risk"
title = { zh = "多", en = "many" }
text = "when n >= 5 then review reason MANY"
hit = [{ n = 5 }, { n = 7, since = "2h", other = "pear", "count(payer, 60m)" = "3", f = 2.0 }]
miss = [{ n = 4 }, { n = "-3", yes = true, since = "unknown" }]

[[reason]]
code = "MANY"
payer = { zh = "请稍候。", en = "Please wait." }
merchant = { zh = "请稍候。", en = "Please wait." }
reviewer = { zh = "{n} 次", en = "{n} times" }
"#;

fn flaws(text: &str) -> Vec<String> {
    match RuleSet::load(schema(), &[Source { name: "a.toml", text }]) {
        Ok(_) => Vec::new(),
        Err(flaws) => flaws.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn what_is_good_is_taken() {
    assert_eq!(flaws(GOOD), Vec::<String>::new());
    assert_eq!(flaws(""), Vec::<String>::new());
}

/// Each row: what is replaced in the good file, by what, and what a flaw then says.
#[test]
fn what_is_wrong_is_named() {
    let cases = [
        ("id = \"many\"", "id = \"Many\"", "rule \"Many\": an id is of small letters"),
        ("version = 1", "version = 0", "versions count from 1"),
        ("version = 1", "version = -1", "version"),
        ("mode = \"live\"", "mode = \"lively\"", "unknown variant `lively`"),
        ("mode = \"live\"", "mode = \"live\"\nlive_percent = 0", "`live_percent` is from 1 to 100"),
        ("mode = \"live\"", "mode = \"live\"\nlive_percent = 101", "`live_percent` is from 1 to 100"),
        ("mode = \"live\"", "mode = \"shadow\"\nlive_percent = 50", "for rules that are live"),
        ("mode = \"live\"", "mode = \"live\"\nexpire = 1", "unknown field `expire`"),
        ("mode = \"live\"", "mode = \"live\"\nexpires = 2027-01-01T00:00:00", "no time with its offset"),
        ("mode = \"live\"", "mode = \"live\"\nexpires = 2027-01-01", "no time with its offset"),
        ("owner = \"risk\"", "owner = \" \"", "`owner` has from 1 to"),
        ("reason MANY", "reason FEW", "rule many: the reason `FEW` has no texts"),
        ("n >= 5", "m >= 5", "this may be unknown"),
        ("n >= 5", "n >= 6", "rule many: example `hit` 1: it must be hit and is not"),
        ("n >= 5", "n >= 4", "rule many: example `miss` 1: it must not be hit and is"),
        ("n >= 5", "n >= 1 or n < 0", "it hits an everyday payment"),
        ("hit = [{ n = 5 }, ", "hit = [{ nn = 5 }, ", "there is no slot `nn`"),
        ("{ n = 4 }", "{ amount = 4 }", "amount: `4` where an amount"),
        ("{ n = 4 }", "{ n = \"unknown\" }", "n: `unknown` where a whole number"),
        ("{ n = 4 }", "{ n = 4.5 }", "n: `4.5` where a whole number"),
        ("{ n = 4 }", "{ n = [4] }", "values are written as in rules"),
        ("{ n = 4 }", "{ fruit = \"cherry\" }", "one of apple, pear, plum"),
        ("code = \"MANY\"", "code = \"many\"", "a code is of capitals"),
        ("{n} times", "{k} times", "names no slot: `{k}`"),
        ("{n} times", "{n times", "a `{` without `}`"),
        ("请稍候。", "Wait.", "has no Chinese"),
        ("Please wait.", "请 wait", "has no English"),
        ("请稍候。", "疑似洗钱，请稍候。", "says `洗钱`"),
        ("Please wait.", "Suspicious. Wait.", "says `suspicio`"),
        ("Please wait.", "At most 50 yuan.", "has a figure"),
        ("请稍候。", "每日限额 ５ 元。", "has a figure"),
    ];
    for (old, new, expected) in cases {
        assert!(GOOD.contains(old), "{old}");
        let found = flaws(&GOOD.replace(old, new));
        assert!(found.iter().any(|flaw| flaw.contains(expected)), "{new}: {found:#?}");
        assert!(found.iter().all(|flaw| flaw.starts_with("a.toml") || flaw.starts_with('r')), "{found:#?}");
    }
}

#[test]
fn nothing_is_there_twice_or_for_nothing() {
    let (rule, reason) = GOOD.split_once("[[reason]]").unwrap();
    let reason = format!("[[reason]]{reason}");
    let expectations = [
        (format!("{GOOD}{rule}"), "another rule has the same id"),
        (format!("{GOOD}{reason}"), "another reason has the same code"),
        (reason.clone(), "reason MANY: no rule gives it"),
        (rule.replace("hit = [{ n = 5 }", "hits = [{ n = 5 }"), "unknown field `hits`"),
        (
            rule.lines().filter(|line| !line.starts_with("miss")).collect::<Vec<_>>().join("\n") + &reason,
            "no example `miss`",
        ),
        (format!("# {}\n", "x".repeat(1 << 20)), "1048576 are allowed"),
        ("rule = 5".to_owned(), "rule"),
        ("[[rule".to_owned(), "line 1"),
    ];
    for (text, expected) in expectations {
        let found = flaws(&text);
        assert!(found.iter().any(|flaw| flaw.contains(expected)), "{expected}: {found:#?}");
    }
}

#[test]
fn all_flaws_are_told_at_once() {
    let text = GOOD
        .replace("{ n = 5 }", "{ n = 4 }")
        .replace("{ n = 4 }]", "{ n = 6 }]")
        .replace("{ n = \"-3\"", "{ n = 9");
    assert_eq!(flaws(&text).len(), 2, "{:#?}", flaws(&text));
}
