//! Several processes on one database of a server: what one did the others show, and they come back with it.

use std::path::{Path, PathBuf};

use pgtest::Cluster;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::process::{Process, Sandbox, printed, run, wait_for};

/// A directory for another process on the database of the first.
fn beside(first: &Path, name: &str) -> PathBuf {
    let directory = first.parent().unwrap().join(name);
    std::fs::create_dir(&directory).unwrap();
    for file in ["master.key", "sandbox.json"] {
        std::fs::copy(first.join(file), directory.join(file)).unwrap();
    }
    directory
}

async fn status(url: &str) -> StatusCode {
    // Nobody listens while a process starts.
    Client::new().get(url).send().await.map_or(StatusCode::IM_A_TEAPOT, |answer| answer.status())
}

fn order(number: &str) -> Value {
    json!({"order_no": number, "amount": 1, "currency": "CNY", "description": "tea"})
}

#[tokio::test]
async fn two_processes_and_a_worker_share_a_database() {
    let Some(url) = pgtest::database() else { return };
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("one");
    let one = Sandbox::start_on(&place, &url);
    let two = Sandbox::start_on(&beside(&place, "two"), &url);
    assert_eq!(one.file["secret_key"], two.file["secret_key"]);
    let payment = one.post("/v1/payments", order("shared-1")).await;
    let again = two.call(reqwest::Method::POST, "/v1/payments", Some(order("shared-1"))).await;
    assert_eq!(
        (again.0, &again.1["id"]),
        (200, &payment["id"]),
        "asked twice, of two processes, it is one payment"
    );
    let pay = json!({"payer": two.payer()["id"], "code": payment["id"]});
    assert_eq!(two.post("/sandbox/phone/pay", pay).await["paid"], true);
    let path = format!("/v1/payments/{}", payment["id"].as_str().unwrap());
    assert_eq!(one.get(&path).await["status"], "succeeded");

    // The doors go; what waits is left to the worker.
    let receiver = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut new = order("shared-2");
    new["notify_url"] = json!(format!("http://{receiver}/"));
    let payment = one.post("/v1/payments", new).await;
    one.post(&format!("/v1/payments/{}/closure", payment["id"].as_str().unwrap()), json!({})).await;
    wait_for("a failed delivery", async || {
        let list = two.get("/v1/deliveries?status=waiting").await;
        (!list["data"].as_array()?.is_empty()).then_some(())
    })
    .await;
    one.process.terminate();
    two.process.terminate();
    let receiver =
        Process::start(["receive", "--data", place.to_str().unwrap(), "--listen", &receiver.to_string()]);
    assert!(receiver.line().starts_with("receiving"));
    let file = directory.path().join("serve.toml");
    let text = format!(
        "data = {:?}\ndatabase = {url:?}\nlisten = \"127.0.0.1:0\"\nbase_url = \"http://127.0.0.1\"\n",
        beside(&place, "three")
    );
    std::fs::write(&file, text).unwrap();
    let worker = Process::start(["worker", "--config", file.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert!(worker.line().contains("health on"));
    assert!(receiver.line().ends_with("signature ok"));
    worker.terminate();
    let verdict = printed(&run(["verify", "--data", place.to_str().unwrap(), "--database", &url]));
    assert!(verdict.starts_with("verify: clean"), "{verdict}");
}

#[tokio::test]
async fn a_process_is_not_ready_while_its_database_is_away_and_comes_back_with_it() {
    if !pgtest::is_here() {
        return;
    }
    let cluster = Cluster::start();
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start_on(&directory.path().join("one"), &cluster.database());
    let api = sandbox.file["api"].as_str().unwrap().to_owned();
    sandbox.post("/v1/payments", order("away-1")).await;
    assert_eq!(status(&format!("{api}/health/ready")).await, 200);
    cluster.crash();
    let unready = async || (status(&format!("{api}/health/ready")).await == 503).then_some(());
    wait_for("a process that says it is not ready", unready).await;
    assert_eq!(status(&format!("{api}/health/live")).await, 200);
    let new = order("away-2");
    let (refused, problem) = sandbox.call(reqwest::Method::POST, "/v1/payments", Some(new.clone())).await;
    assert_eq!(refused, 503, "{problem}");
    cluster.resume();
    let ready = async || (status(&format!("{api}/health/ready")).await == 200).then_some(());
    wait_for("a process that is ready again", ready).await;
    wait_for("a commit", async || {
        let asked = sandbox.call(reqwest::Method::POST, "/v1/payments", Some(new.clone())).await;
        (asked.0 == 201).then_some(())
    })
    .await;
    sandbox.process.terminate();
}
