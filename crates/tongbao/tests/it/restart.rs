//! Crash and restart: what was acknowledged is there, what was not delivered is delivered.

use serde_json::json;

use crate::process::{Process, Sandbox, printed, run, wait_for};

#[tokio::test]
async fn an_undelivered_notification_goes_out_after_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    // A port that nobody listens on yet.
    let place = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let before = Sandbox::start(directory.path());
    let new = json!({"order_no": "crash-1", "amount": 1, "currency": "CNY", "description": "tea",
                     "notify_url": format!("http://{place}/")});
    let payment = before.post("/v1/payments", new).await;
    let pay = json!({"payer": before.payer()["id"], "code": payment["id"]});
    assert_eq!(before.post("/sandbox/phone/pay", pay).await["paid"], true);
    let failed = wait_for("a failed delivery", async || {
        let list = before.get("/v1/deliveries?status=waiting").await;
        list["data"].as_array().filter(|rows| !rows.is_empty()).map(|rows| rows[0].clone())
    });
    let failed = failed.await;
    assert_eq!(failed["attempts"][0]["error"], "connect", "{failed}");
    before.process.kill();

    let receiver = Process::start(["receive", "--data", data, "--listen", &place.to_string()]);
    assert!(receiver.line().starts_with("receiving"));
    let after = Sandbox::start(directory.path());
    assert_eq!(after.file["secret_key"], before.file["secret_key"], "a restart keeps the keys");
    let found = after.get(&format!("/v1/payments/{}", payment["id"].as_str().unwrap())).await;
    assert_eq!(found["status"], "succeeded");
    // The retry is due in some seconds; the sandbox's clock need not wait for them.
    after.post("/sandbox/clock", json!({"advance_s": 60})).await;
    assert!(receiver.line().ends_with("signature ok"));
    after.process.terminate();
    assert!(printed(&run(["verify", "--data", data])).starts_with("verify: clean"));
}

#[tokio::test]
async fn an_unpaid_payment_expires_by_the_sandbox_clock() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let new =
        json!({"order_no": "late-1", "amount": 5, "currency": "CNY", "description": "tea", "expires_in": 60});
    let payment = sandbox.post("/v1/payments", new).await;
    sandbox.post("/sandbox/clock", json!({"advance_s": 61})).await;
    let path = format!("/v1/payments/{}", payment["id"].as_str().unwrap());
    let closed =
        wait_for("the closing", async || Some(sandbox.get(&path).await).filter(|p| p["status"] == "closed"));
    assert!(closed.await["closed_at"].is_string());
    let pay = json!({"payer": sandbox.payer()["id"], "code": payment["id"]});
    let (status, problem) = sandbox.call(reqwest::Method::POST, "/sandbox/phone/pay", Some(pay)).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("payment_expired")));
    let events = sandbox.get("/v1/events?type=payment.closed").await;
    assert_eq!(events["data"][0]["data"]["payment"]["id"], payment["id"]);
}

#[tokio::test]
async fn a_late_result_a_decline_and_a_double_notification_come_as_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let payer = sandbox.payer()["id"].clone();
    for (number, method) in ["balance", "sandbox_bank"].into_iter().enumerate() {
        let new = json!({"order_no": format!("late-{number}"), "amount": 100, "currency": "CNY", "description": "tea"});
        let payment = sandbox.post("/v1/payments", new).await;
        let pay = json!({"payer": payer, "code": payment["id"], "method": method});
        sandbox.post("/sandbox/faults", json!({"fault": "declined"})).await;
        sandbox.post("/sandbox/phone/pay", pay.clone()).await;
        let path = format!("/v1/payments/{}", payment["id"].as_str().unwrap());
        let declined = wait_for("the decline", async || {
            Some(sandbox.get(&path).await).filter(|payment| payment["last_failure"]["code"] == "declined")
        });
        assert_eq!(declined.await["status"], "open");
        sandbox.post("/sandbox/faults", json!({"fault": "result_late", "payer": payer})).await;
        let asked = sandbox.post("/sandbox/phone/pay", pay).await;
        assert_eq!(
            (&asked["paid"], asked["payment"]["status"].as_str()),
            (&json!(false), Some("processing"))
        );
        sandbox.post("/sandbox/clock", json!({"advance_s": 10})).await;
        let paid = wait_for("the late result", async || {
            Some(sandbox.get(&path).await).filter(|payment| payment["status"] == "succeeded")
        });
        assert_eq!(paid.await["method"], method);
    }
    let failed = sandbox.get("/v1/events?type=payment.failed").await;
    assert_eq!(failed["data"].as_array().map(Vec::len), Some(2));
}
