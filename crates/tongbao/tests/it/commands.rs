//! The commands beside the servers.

use serde_json::json;

use crate::process::{Process, Sandbox, printed, run};

#[tokio::test]
async fn a_backup_of_a_running_sandbox_is_restored_and_agrees() {
    let directory = tempfile::tempdir().unwrap();
    let (data, copy) = (directory.path().join("a"), directory.path().join("backup.db"));
    let sandbox = Sandbox::start(&data);
    let new = json!({"order_no": "kept-1", "amount": 1, "currency": "CNY", "description": "tea"});
    let payment = sandbox.post("/v1/payments", new).await;
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    printed(&run(["backup", "--data", &path(&data), "--to", &path(&copy)]));
    let again = run(["backup", "--data", &path(&data), "--to", &path(&copy)]);
    assert!(!again.status.success(), "a backup never overwrites one");
    sandbox.process.kill();

    let other = directory.path().join("b");
    printed(&run(["restore", "--from", &path(&copy), "--data", &path(&other)]));
    let refused = run(["restore", "--from", &path(&copy), "--data", &path(&other)]);
    assert!(!refused.status.success(), "a restore never overwrites a database");
    for file in ["master.key", "sandbox.json"] {
        std::fs::copy(data.join(file), other.join(file)).unwrap();
    }
    let restored = Sandbox::start(&other);
    let found = restored.get(&format!("/v1/payments/{}", payment["id"].as_str().unwrap())).await;
    assert_eq!(found["order_no"], "kept-1");
}

#[test]
fn a_second_process_does_not_write_the_same_store() {
    let directory = tempfile::tempdir().unwrap();
    let _first = Sandbox::start(directory.path());
    let data = directory.path().to_str().unwrap();
    let second = Process::start(["sandbox", "--listen", "127.0.0.1:0", "--data", data]);
    assert!(second.failure().contains("another process writes this store"));
    assert!(printed(&run(["verify", "--data", data])).starts_with("verify: clean"), "reading is allowed");
}

#[tokio::test]
async fn listen_forwards_events_signed() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let receiver = Process::start(["receive", "--data", data, "--listen", "127.0.0.1:0"]);
    let url = receiver.line().split_whitespace().last().unwrap().to_owned();
    let new = json!({"order_no": "heard-1", "amount": 1, "currency": "CNY", "description": "tea"});
    let payment = sandbox.post("/v1/payments", new).await;
    sandbox.post(&format!("/v1/payments/{}/closure", payment["id"].as_str().unwrap()), json!({})).await;
    let listener =
        Process::start(["listen", "--data", data, "--forward-to", &url, "--from-start", "--count", "1"]);
    let forwarded = listener.line();
    assert!(
        forwarded.starts_with("payment.closed evt_") && forwarded.ends_with("204 No Content"),
        "{forwarded}"
    );
    assert!(receiver.line().ends_with("signature ok"));
}

#[test]
fn help_completions_and_the_api_document_are_printed() {
    assert!(printed(&run(["--help"])).contains("sandbox"));
    assert!(printed(&run(["completions", "bash"])).contains("_tongbao"));
    let document: serde_json::Value = serde_json::from_str(&printed(&run(["openapi"]))).unwrap();
    assert!(document["paths"]["/v1/payments"]["post"].is_object());
}

#[test]
fn benchmarks_report_rates_latencies_and_the_probe() {
    for (bench, rate) in
        [("store", "commits_per_s"), ("http", "payments_per_s"), ("ledger", "postings_per_s")]
    {
        let report = printed(&run(["bench", bench, "--json", "--seconds", "1"]));
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        for field in [rate, "p50_ms", "p99_ms"] {
            assert!(report[field].as_f64().is_some_and(|figure| figure > 0.0), "{bench} {field}: {report}");
        }
        for field in ["fdatasync_per_s", "sqlite_plain_per_s"] {
            assert!(
                report["probe"][field].as_u64().is_some_and(|figure| figure > 0),
                "{bench} {field}: {report}"
            );
        }
    }
}

#[test]
fn the_wechat_pay_door_is_measured_beside_the_rate_of_signing() {
    let report = printed(&run(["bench", "http", "--door", "wechat", "--json", "--seconds", "1"]));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    let figure = |value: &serde_json::Value| value.as_f64().unwrap_or_default();
    let (rate, signing) = (figure(&report["payments_per_s"]), figure(&report["probe"]["rsa_sign_per_s"]));
    assert!(rate > 0.0 && signing > 0.0, "{report}");
    let refused = run(["bench", "http", "--door", "wechat", "--seconds", "61"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("at most 60 seconds"));
}
