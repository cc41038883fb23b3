//! A payer's app against the binary: signs in by the inbox, moves money through the bank, and is answered the same
//! after a crash.

use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Sandbox, wait_for};

/// A payer's app.
struct App {
    token: String,
}

impl App {
    /// Signs the first test payer in.
    async fn sign_in(sandbox: &Sandbox) -> App {
        let phone = &sandbox.payer()["phone"];
        let sent = sandbox.call(Method::POST, "/payer/v1/codes", Some(json!({ "phone": phone }))).await;
        assert_eq!(sent.0, 202, "{}", sent.1);
        let inbox = sandbox.get("/sandbox/messages").await;
        let codes = inbox["data"].as_array().unwrap().iter().map(|message| &message["code"]);
        let code = codes.filter_map(Value::as_str).find(|code| !code.is_empty()).unwrap().to_owned();
        let body = json!({ "phone": phone, "code": code, "device_name": "An app" });
        let (status, signed_in) = sandbox.call(Method::POST, "/payer/v1/sessions", Some(body)).await;
        assert_eq!(status, 201, "{signed_in}");
        App { token: signed_in["token"].as_str().unwrap().to_owned() }
    }

    /// Looks something up; with a body and a key, asks for something.
    async fn ask(&self, sandbox: &Sandbox, path: &str, body: Option<(Value, Option<&str>)>) -> (u16, Value) {
        let url = format!("{}/payer/v1/{path}", sandbox.file["api"].as_str().unwrap());
        let client = reqwest::Client::new();
        let request = match body {
            None => client.get(url),
            Some((body, key)) => {
                let post = client.post(url).header("content-type", "application/json").body(body.to_string());
                key.into_iter().fold(post, |post, key| post.header("idempotency-key", key))
            }
        };
        let answer = request.bearer_auth(&self.token).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    /// Waits until something is no longer under way.
    async fn settled(&self, sandbox: &Sandbox, path: &str) -> Value {
        let ask = async || {
            let (_, found) = self.ask(sandbox, path, None).await;
            Some(found).filter(|found| found["status"] != "processing")
        };
        wait_for(path, ask).await
    }
}

#[tokio::test]
async fn an_app_moves_money_through_the_bank_and_is_answered_the_same_after_a_crash() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let app = App::sign_in(&sandbox).await;
    let password = sandbox.payer()["password"].clone();
    let card = json!({ "number": "6200000000000013", "phone": "17000000009", "name": "测试",
        "id_number": "990000199001010017" });
    let (_, card) = app.ask(&sandbox, "cards", Some((card, None))).await;
    let card = &card["id"];
    let (_, before) = app.ask(&sandbox, "balance", None).await;

    let top_up = json!({ "amount": 5_000, "card": card, "password": password });
    let (status, first) = app.ask(&sandbox, "top_ups", Some((top_up.clone(), Some("top-up")))).await;
    assert_eq!((status, first["status"].as_str()), (201, Some("processing")), "{first}");
    let path = format!("top_ups/{}", first["id"].as_str().unwrap());
    assert_eq!(app.settled(&sandbox, &path).await["status"], "succeeded");
    let new = json!({ "order_no": "app-1", "amount": 700, "currency": "CNY", "description": "tea" });
    let payment = sandbox.post("/v1/payments", new).await;
    let path = format!("payments/{}", payment["id"].as_str().unwrap());
    let pay = json!({ "method": card, "password": password });
    let (status, paying) = app.ask(&sandbox, &format!("{path}/attempts"), Some((pay, Some("pay")))).await;
    assert_eq!(status, 201, "{paying}");
    let paid = app.settled(&sandbox, &path).await;
    assert_eq!((&paid["status"], &paid["method"]), (&json!("succeeded"), &json!("bank_card")), "{paid}");
    sandbox.process.kill();

    let sandbox = Sandbox::start(directory.path());
    let again = app.ask(&sandbox, "top_ups", Some((top_up, Some("top-up")))).await;
    assert_eq!(again, (201, first.clone()), "the session and the answer outlive a crash");
    let (_, after) = app.ask(&sandbox, "balance", None).await;
    let available = |balance: &Value| balance["available"].as_i64().unwrap();
    assert_eq!(available(&after), available(&before) + 5_000, "topped up once, and the card paid the shop");
    let (_, bills) = app.ask(&sandbox, "bills?kind=top_up", None).await;
    let billed = bills["data"].as_array().unwrap().iter().filter(|bill| bill["subject"] == first["id"]);
    assert_eq!(billed.count(), 1, "{bills}");
    sandbox.process.terminate();
}
