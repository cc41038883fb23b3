//! `tongbao risk aml`: money that went round between payers of a sandbox is found in its history and reported in
//! files; and how the detectors are judged.

use std::{collections::BTreeSet, path::Path};

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Sandbox, printed, run};

/// A payer's app.
struct App {
    token: String,
    payer: Value,
}

impl App {
    /// Signs a test payer in with the code that was sent last.
    async fn sign_in(sandbox: &Sandbox, number: usize) -> App {
        let payer = sandbox.file["payers"][number].clone();
        let sent =
            sandbox.call(Method::POST, "/payer/v1/codes", Some(json!({ "phone": payer["phone"] }))).await;
        assert_eq!(sent.0, 202, "{}", sent.1);
        let inbox = sandbox.get("/sandbox/messages").await;
        let codes = inbox["data"].as_array().unwrap().iter().map(|message| &message["code"]);
        let code = codes.filter_map(Value::as_str).find(|code| !code.is_empty()).unwrap().to_owned();
        let body = json!({ "phone": payer["phone"], "code": code, "device_name": "An app" });
        let (status, signed_in) = sandbox.call(Method::POST, "/payer/v1/sessions", Some(body)).await;
        assert_eq!(status, 201, "{signed_in}");
        App { token: signed_in["token"].as_str().unwrap().to_owned(), payer }
    }

    async fn post(&self, sandbox: &Sandbox, path: &str, body: Value, key: Option<&str>) -> Value {
        let url = format!("{}/payer/v1/{path}", sandbox.file["api"].as_str().unwrap());
        let post = reqwest::Client::new().post(url).bearer_auth(&self.token);
        let post = post.header("content-type", "application/json");
        let post = key.into_iter().fold(post, |post, key| post.header("idempotency-key", key));
        let answer = post.body(body.to_string()).send().await.unwrap();
        let status = answer.status();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    async fn sends(&self, sandbox: &Sandbox, to: &App, fen: i64) {
        let phone = json!({ "phone": to.payer["phone"] });
        let payee = self.post(sandbox, "payee_look_ups", phone, None).await;
        let password = &self.payer["password"];
        let new = json!({ "recipient": payee["recipient"], "amount": fen, "password": password });
        self.post(sandbox, "transfers", new, Some(&format!("send-{fen}"))).await;
    }
}

/// The shipped thresholds with others for small amounts.
fn thresholds(file: &Path) {
    let shipped = printed(&run(["risk", "aml", "--print-table"]));
    let changed = shipped.replacen("amount_min_yuan = 1000", "amount_min_yuan = 1", 1).replacen(
        "at_least = 500000",
        "at_least = 10",
        1,
    );
    std::fs::write(file, changed).unwrap();
}

/// Money goes round between the three payers, beside an ordinary payment and a refund; then it is looked for.
async fn money_that_goes_round_is_reported(sandbox: &Sandbox, data: &Path, more: &[&str]) {
    let directory = tempfile::tempdir().unwrap();
    let (table, out) = (directory.path().join("table.toml"), directory.path().join("out"));
    thresholds(&table);
    let mut people = Vec::new();
    for number in 0..3 {
        people.push(App::sign_in(sandbox, number).await);
    }
    for (place, fen) in (0..).zip([2_000, 1_960, 1_900]) {
        people[place].sends(sandbox, &people[(place + 1) % 3], fen).await;
    }
    let new = json!({ "order_no": "aml-1", "amount": 700, "currency": "CNY", "description": "tea" });
    let payment = sandbox.post("/v1/payments", new).await;
    let pay = json!({ "payer": sandbox.payer()["id"], "code": payment["id"] });
    assert_eq!(sandbox.post("/sandbox/phone/pay", pay).await["paid"], true);

    let look = |options: &[&str]| {
        let own = ["risk", "aml", "--data", data.to_str().unwrap(), "--table", table.to_str().unwrap()];
        printed(&run([&own[..], more, options].concat()))
    };
    let found: Value = serde_json::from_str(&look(&["--json", "--out", out.to_str().unwrap()])).unwrap();
    let cases = found["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1, "{found}");
    let ids = people.iter().map(|person| person.payer["id"].as_str().unwrap());
    let accounts: BTreeSet<&str> =
        cases[0]["accounts"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(accounts, ids.collect());
    assert_eq!(cases[0]["alerts"][0]["pattern"], "cycle");
    // Three beginnings, three transfers, one payment.
    assert_eq!((&found["movements"], &found["late"]), (&json!(7), &json!(0)), "{found}");

    let case = cases[0]["id"].as_str().unwrap();
    let report = std::fs::read_to_string(out.join(format!("suspicious-{case}.xml"))).unwrap();
    assert_eq!(report.matches("subject=\"trf_").count(), 3, "{report}");
    assert_eq!(report.matches("role=\"subject\"").count(), 3, "{report}");
    assert!(report.contains("amount=\"19.60\""), "{report}");
    let large = std::fs::read_to_string(out.join("large-value.csv")).unwrap();
    assert!(
        large
            .lines()
            .any(|line| line.contains("natural_domestic,press,payer") && line.ends_with("27.00,20.00")),
        "{large}"
    );
    for person in &people {
        let phone = person.payer["phone"].as_str().unwrap();
        assert!(!report.contains(phone) && !large.contains(phone), "phone numbers are masked");
    }

    let again: Value = serde_json::from_str(&look(&["--json"])).unwrap();
    assert_eq!(again["cases"][0]["id"], found["cases"][0]["id"], "a case keeps its name");
    let later: Value = serde_json::from_str(&look(&["--json", "--from", "2199-01-01"])).unwrap();
    assert_eq!((later["cases"].as_array().unwrap().len(), &later["large_value_days"]), (0, &json!(0)));
    let earlier: Value = serde_json::from_str(&look(&["--json", "--to", "2020-01-01"])).unwrap();
    assert_eq!(earlier["movements"], 0);
    assert!(look(&[]).contains("cases: 1, large-value days: 6"), "{}", look(&[]));
}

#[tokio::test]
async fn money_that_goes_round_is_found_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(directory.path());
    money_that_goes_round_is_reported(&sandbox, directory.path(), &[]).await;
}

#[tokio::test]
async fn money_that_goes_round_is_found_on_a_server() {
    let Some(url) = pgtest::database() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start_on(directory.path(), &url);
    money_that_goes_round_is_reported(&sandbox, directory.path(), &["--database", &url]).await;
}

#[test]
fn detectors_are_judged_and_a_wrong_table_or_day_is_refused() {
    let small = ["--accounts", "1000", "--schemes", "4", "--seeds", "1", "--json"];
    let judged: Value =
        serde_json::from_slice(&run([&["risk", "aml", "--generated"], &small[..]].concat()).stdout).unwrap();
    assert_eq!(judged["patterns"].as_array().unwrap().len(), 10, "{judged}");
    assert!(judged["movements"].as_u64().unwrap() > 50_000, "{judged}");

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("table.toml");
    std::fs::write(&file, "version = 1\n").unwrap();
    let refused = run(["risk", "aml", "--generated", "--table", file.to_str().unwrap()]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("missing field"));
    let refused = run(["risk", "aml", "--from", "yesterday"]);
    assert!(String::from_utf8(refused.stderr).unwrap().contains("must be a day such as 2026-01-31"));
}
