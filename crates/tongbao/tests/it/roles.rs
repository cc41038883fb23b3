//! What a process does, by its role: doors, workers or both; and how it says that it is about to end.

use reqwest::Client;
use serde_json::{Value, json};

use crate::{
    process::{Process, Sandbox, printed, run, wait_for},
    production::config,
};

/// A running `tongbao serve` with a key of a merchant.
struct Server {
    process: Process,
    api: String,
    key: String,
    client: Client,
}

impl Server {
    /// Starts one on a new database.
    fn start(directory: &std::path::Path, notice_s: u32, flags: &[&str]) -> Server {
        let data = directory.join("live");
        let made =
            printed(&run(["keys", "merchant", "--name", "Tea House", "--data", data.to_str().unwrap()]));
        let key = made.lines().find_map(|line| line.strip_prefix("secret key ")).unwrap().to_owned();
        let file = config(directory, &data, notice_s);
        let process = Process::start([&["serve", "--config", &file], flags].concat());
        let api = format!("http://{}", process.line().rsplit(' ').next().unwrap());
        Server { process, api, key, client: Client::new() }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        asked(self.client.get(format!("{}{path}", self.api))).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.client.post(format!("{}{path}", self.api)).bearer_auth(&self.key);
        let request = request.header("content-type", "application/json");
        let request = request.header("idempotency-key", format!("{path} {body}"));
        asked(request.body(body.to_string())).await
    }
}

async fn asked(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

fn order(number: &str) -> Value {
    json!({"order_no": number, "amount": 1, "currency": "CNY", "description": "tea",
           "notify_url": "https://shop.example.com/notices"})
}

#[tokio::test]
async fn a_process_that_is_asked_to_end_is_not_ready_and_still_serves_until_its_notice_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), 15, &[]);
    assert_eq!(server.get("/health/ready").await.1["status"], "ready");
    server.process.ask_to_end();
    let unready = wait_for("the drain", async || {
        let (status, body) = server.get("/health/ready").await;
        (status == 503).then_some(body)
    });
    assert_eq!(unready.await["status"], "draining");
    assert_eq!(server.get("/health/live").await, (200, json!({"status": "live"})));
    assert_eq!(server.post("/v1/payments", &order("late-1")).await.0, 201);
    // A second signal ends the notice; without it the end would come fifteen seconds later.
    let begun = std::time::Instant::now();
    server.process.terminate();
    assert!(begun.elapsed().as_secs() < 12, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn doors_alone_leave_the_work_undone() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), 0, &["--doors-only"]);
    let (status, payment) = server.post("/v1/payments", &order("closed-1")).await;
    assert_eq!(status, 201, "{payment}");
    let closure = format!("/v1/payments/{}/closure", payment["id"].as_str().unwrap());
    assert_eq!(server.post(&closure, &json!({})).await.0, 200);
    // A worker looks four times a second, so nothing would be due for so long.
    wait_for("a notification that nobody sends", async || {
        let body = server.get("/health/ready").await.1;
        (body["tasks_due"] == 1 && body["oldest_due_ms"].as_i64()? > 1_500).then_some(())
    })
    .await;
    server.process.terminate();
}

#[tokio::test]
async fn a_worker_does_what_a_dead_process_left() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let place = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let new = json!({"order_no": "left-1", "amount": 1, "currency": "CNY", "description": "tea",
                     "notify_url": format!("http://{place}/")});
    let payment = sandbox.post("/v1/payments", new).await;
    let pay = json!({"payer": sandbox.payer()["id"], "code": payment["id"]});
    assert_eq!(sandbox.post("/sandbox/phone/pay", pay).await["paid"], true);
    wait_for("a failed delivery", async || {
        let list = sandbox.get("/v1/deliveries?status=waiting").await;
        (!list["data"].as_array()?.is_empty()).then_some(())
    })
    .await;
    // The retry must be the worker's, so it is put off until that one runs.
    sandbox.process.kill();
    let receiver = Process::start(["receive", "--data", data, "--listen", &place.to_string()]);
    assert!(receiver.line().starts_with("receiving"));
    let worker = Process::start(["worker", "--config", &config(directory.path(), directory.path(), 0)]);
    let health = format!("http://{}/health/ready", worker.line().rsplit(' ').next().unwrap());
    assert_eq!(asked(Client::new().get(&health)).await.0, 200);
    assert!(receiver.line().ends_with("signature ok"));
    assert_eq!(asked(Client::new().get(health.replace("/health/ready", "/v1/payments"))).await.0, 404);
    worker.terminate();
    assert!(printed(&run(["verify", "--data", data])).starts_with("verify: clean"));
}

#[test]
fn a_worker_is_refused_while_another_process_has_the_sqlite_database() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let worker = Process::start(["worker", "--config", &config(directory.path(), directory.path(), 0)]);
    let said = worker.failure();
    assert!(said.contains("another process writes this store"), "{said}");
    assert!(said.contains("belongs to one process"), "{said}");
    sandbox.process.terminate();
    let nothing = directory.path().join("nothing");
    let worker = Process::start(["worker", "--config", &config(directory.path(), &nothing, 0)]);
    assert!(worker.failure().contains("there is no database"));
}
