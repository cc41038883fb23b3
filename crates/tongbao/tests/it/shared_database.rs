//! Several processes on one database of a server: what one did the others show, and they come back with it.

use std::path::{Path, PathBuf};

use pgtest::Cluster;
use reqwest::{Client, RequestBuilder, StatusCode};
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
    let payment = sandbox.post("/v1/payments", order("away-0")).await;
    let page = format!("{api}/cashier/{}", payment["id"].as_str().unwrap());
    for (number, crash) in [(1, false), (2, true)] {
        assert_eq!(status(&format!("{api}/health/ready")).await, 200);
        assert_eq!(status(&page).await, 200);
        if crash {
            cluster.crash();
        } else {
            cluster.stop();
        }
        let unready = async || (status(&format!("{api}/health/ready")).await == 503).then_some(());
        wait_for("a process that says it is not ready", unready).await;
        assert_eq!(status(&format!("{api}/health/live")).await, 200);
        let new = order(&format!("away-{number}"));
        asks_for_patience(ask(&sandbox, &new)).await;
        asks_for_patience(Client::new().get(&page)).await;
        cluster.resume();
        let ready = async || (status(&format!("{api}/health/ready")).await == 200).then_some(());
        wait_for("a process that is ready again", ready).await;
        let made = async || (ask(&sandbox, &new).send().await.unwrap().status() == 201).then_some(());
        wait_for("a commit", made).await;
    }
    let log = sandbox.process.terminate();
    assert!(log.contains("a request could not be served") && log.contains("the database is away: "), "{log}");
    assert!(!log.contains("too many steps"), "{log}");
}

/// A request to create a payment.
fn ask(sandbox: &Sandbox, order: &Value) -> RequestBuilder {
    let url = format!("{}/v1/payments", sandbox.file["api"].as_str().unwrap());
    let request = Client::new().post(url).bearer_auth(sandbox.file["secret_key"].as_str().unwrap());
    request.header("content-type", "application/json").body(order.to_string())
}

/// The answer is 503, and says when to ask again.
async fn asks_for_patience(request: RequestBuilder) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let seconds: u32 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

/// The configuration of a production instance with a directory of its own on this database.
fn production(directory: &Path, name: &str, url: &str) -> PathBuf {
    let (data, file) = (directory.join(name), directory.join(format!("{name}.toml")));
    let text = format!(
        "data = \"{}\"\ndatabase = {url:?}\nlisten = \"127.0.0.1:0\"\nbase_url = \"https://pay.example.com\"\n\
         drain_notice_s = 0\n",
        data.display()
    );
    std::fs::write(&file, text).unwrap();
    file
}

fn serve(config: &Path) -> Process {
    Process::start(["serve", "--config", config.to_str().unwrap()])
}

#[test]
fn of_two_processes_that_start_at_once_with_different_master_keys_one_has_the_database() {
    for round in 0..4 {
        let Some(url) = pgtest::database() else { return };
        let directory = tempfile::tempdir().unwrap();
        // Neither has a key yet, so each makes one of its own.
        let names = if round % 2 == 0 { ["one", "two"] } else { ["two", "one"] };
        let configs = names.map(|name| production(directory.path(), name, &url));
        let started = configs.each_ref().map(|config| serve(config));
        let lines = started.each_ref().map(Process::line_or_end);
        let winner = lines.iter().position(Option::is_some).expect("one of them starts");
        assert!(lines[winner].as_ref().unwrap().starts_with("tongbao serves"), "{lines:?}");
        assert!(lines[1 - winner].is_none(), "only one of them starts: {lines:?}");
        let [one, two] = started;
        let (won, lost) = if winner == 0 { (one, two) } else { (two, one) };
        refuses_the_key(&lost.failure());
        // Nor later, until it has the other's key.
        refuses_the_key(&serve(&configs[1 - winner]).failure());
        let key = |at: usize| directory.path().join(names[at]).join("master.key");
        assert_ne!(std::fs::read(key(0)).unwrap(), std::fs::read(key(1)).unwrap());
        std::fs::copy(key(winner), key(1 - winner)).unwrap();
        let beside = serve(&configs[1 - winner]);
        assert!(beside.line().starts_with("tongbao serves"));
        beside.terminate();
        won.terminate();
    }
}

/// It says what is wrong, and where the right key belongs.
#[track_caller]
fn refuses_the_key(said: &str) {
    assert!(said.contains("first used with another master key") && said.contains("master.key"), "{said}");
}

#[test]
fn a_database_of_the_other_kind_or_of_another_key_is_refused_whoever_asks() {
    let Some(url) = pgtest::database() else { return };
    let directory = tempfile::tempdir().unwrap();
    let first = serve(&production(directory.path(), "one", &url));
    assert!(first.line().starts_with("tongbao serves"));
    first.terminate();
    let other = directory.path().join("other");
    let other = other.to_str().unwrap();
    let sandbox = Process::start(["sandbox", "--listen", "127.0.0.1:0", "--data", other, "--database", &url]);
    assert!(sandbox.failure().contains("belongs to production"));
    std::fs::write(directory.path().join("other/master.key"), "7".repeat(64)).unwrap();
    let worker = production(directory.path(), "other", &url);
    refuses_the_key(&Process::start(["worker", "--config", worker.to_str().unwrap()]).failure());
    let keys = ["keys", "merchant", "--name", "Tea House", "--data", other, "--database", &url];
    refuses_the_key(&Process::start(keys).failure());
}
