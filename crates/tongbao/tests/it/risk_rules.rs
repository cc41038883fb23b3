//! `tongbao risk rules`, as those who write rules meet it.

use serde_json::Value;

use crate::process::{printed, run};

#[test]
fn the_shipped_rules_are_listed_and_in_order() {
    let listed: Value = serde_json::from_str(&printed(&run(["risk", "rules", "--json"]))).unwrap();
    assert!(listed["rules"].as_array().unwrap().len() >= 25, "{listed}");
    assert_eq!(listed["flaws"], serde_json::json!([]));
    assert!(printed(&run(["risk", "rules"])).contains("every example does what it must"));
    assert!(printed(&run(["risk", "rules", "--slots"])).contains("count(payer, 1h)"));
}

#[test]
fn a_file_that_is_wrong_is_refused_with_what_to_write() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("rules.toml");
    let rule = "[[rule]]\nid = \"a\"\nversion = 1\nmode = \"draft\"\nowner = \"risk\"\n\
                title = { zh = \"试\", en = \"try\" }\ntext = \"when amuont > yuan(5) then block reason A\"\n";
    std::fs::write(&file, rule).unwrap();
    let refused = run(["risk", "rules", "--file", file.to_str().unwrap()]);
    assert!(!refused.status.success());
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("line 1, column 6") && told.contains("did you mean `amount`?"), "{told}");
}
