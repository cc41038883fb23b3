//! `tongbao serve`: production has nothing of a sandbox.

use std::path::Path;

use reqwest::Client;
use serde_json::{Value, json};

use crate::process::{Process, Sandbox, printed, run};

/// Writes a configuration; gives its path. `notice_s` is how long it goes on serving after SIGTERM.
pub(crate) fn config(directory: &Path, data: &Path, notice_s: u32) -> String {
    let file = directory.join("serve.toml");
    let text = format!(
        "data = {:?}\nlisten = \"127.0.0.1:0\"\nworker_listen = \"127.0.0.1:0\"\n\
         base_url = \"https://pay.example.com\"\ndrain_notice_s = {notice_s}\n",
        data.to_str().unwrap()
    );
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn production_serves_live_keys_and_no_sandbox() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("live");
    let made = printed(&run(["keys", "merchant", "--name", "Tea House", "--data", data.to_str().unwrap()]));
    let key = made.lines().find_map(|line| line.strip_prefix("secret key ")).unwrap().to_owned();
    assert!(key.starts_with("sk_live_"));
    let server = Process::start(["serve", "--config", &config(directory.path(), &data, 0)]);
    let api = format!("http://{}", server.line().rsplit(' ').next().unwrap());
    let client = Client::new();
    let ask = async |key: &str, body: Value| {
        let url = format!("{api}/v1/payments");
        let request = client.post(url).bearer_auth(key).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        (status, body)
    };
    let new = json!({"order_no": "live-1", "amount": 100, "currency": "CNY", "description": "tea"});
    let (status, payment) = ask(&key, new.clone()).await;
    assert_eq!(status, 201, "{payment}");
    assert!(payment["cashier_url"].as_str().unwrap().starts_with("https://pay.example.com/cashier/pay_"));
    let (status, problem) = ask(&format!("sk_sandbox_{}", "0".repeat(64)), new.clone()).await;
    assert_eq!((status, problem["code"].as_str()), (401, Some("unauthenticated")));
    let inside = json!({"order_no": "live-2", "amount": 1, "currency": "CNY", "description": "tea",
                        "notify_url": "https://127.0.0.1/hook"});
    let (status, problem) = ask(&key, inside).await;
    assert_eq!((status, problem["param"].as_str()), (400, Some("notify_url")));
    for path in ["/sandbox", "/sandbox/phone", "/sandbox/inbox", "/sandbox/messages"] {
        assert_eq!(client.get(format!("{api}{path}")).send().await.unwrap().status(), 404, "{path}");
    }
    for path in
        ["/sandbox/phone/pay", "/sandbox/clock", "/sandbox/faults", "/sandbox/wechat/platform-certificate"]
    {
        assert_eq!(client.post(format!("{api}{path}")).send().await.unwrap().status(), 404, "{path}");
    }
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(client.get(format!("{api}{path}")).send().await.unwrap().status(), 200, "{path}");
    }
    server.terminate();
}

#[tokio::test]
async fn one_address_cannot_go_through_many_payers_with_codes_or_guesses() {
    let directory = tempfile::tempdir().unwrap();
    let file = config(directory.path(), &directory.path().join("live"), 0);
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("[rate]\ncodes_per_address_per_h = 12\nsign_ins_per_address_per_h = 20\n");
    std::fs::write(&file, text).unwrap();
    let server = Process::start(["serve", "--config", &file]);
    let pages = format!("http://{}", server.line().rsplit(' ').next().unwrap());
    let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let post = async |path: &str, form: String| {
        let request = client.post(format!("{pages}{path}"));
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.unwrap()
    };
    // A quarter of an hour's worth is let through, whoever each is for; the next is one too many.
    for (path, passed) in [("/wallet/sign-in/code", 3), ("/wallet/sign-in/session", 5)] {
        for payer in 0..passed {
            let form = format!("phone=1380000{payer:04}&code=000000");
            assert_eq!(post(path, form).await.status(), 303, "{path} {payer}");
        }
        let refused = post(path, "phone=13800009999&code=000000".to_owned()).await;
        assert_eq!(refused.status(), 429, "{path}");
        let wait_s: u32 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=300).contains(&wait_s), "{path}: {wait_s}");
        assert!(refused.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(refused.text().await.unwrap().contains("req_"), "{path}: a page that names the request");
    }
    // The cashier's doors are counted with the wallet's.
    assert_eq!(post("/cashier/pay_0/code", String::new()).await.status(), 429);
    assert_eq!(client.get(format!("{pages}/wallet/sign-in")).send().await.unwrap().status(), 200);
    server.terminate();
}

#[test]
fn production_refuses_the_database_of_a_sandbox_and_a_sandbox_that_of_production() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("mixed");
    drop(Sandbox::start(&data));
    let server = Process::start(["serve", "--config", &config(directory.path(), &data, 0)]);
    assert!(server.failure().contains("belongs to a sandbox"));
    let live = directory.path().join("live");
    printed(&run(["keys", "merchant", "--name", "Tea House", "--data", live.to_str().unwrap()]));
    let sandbox = Process::start(["sandbox", "--listen", "127.0.0.1:0", "--data", live.to_str().unwrap()]);
    assert!(sandbox.failure().contains("belongs to production"));
}

#[test]
fn another_master_key_than_the_first_is_refused_and_a_missing_one_too() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("live");
    printed(&run(["keys", "merchant", "--name", "Tea House", "--data", data.to_str().unwrap()]));
    let (file, config) = (data.join("master.key"), config(directory.path(), &data, 0));
    let first = std::fs::read(&file).unwrap();
    std::fs::write(&file, "7".repeat(64)).unwrap();
    let said = Process::start(["serve", "--config", &config]).failure();
    assert!(said.contains("another master key") && said.contains("master.key"), "{said}");
    std::fs::remove_file(&file).unwrap();
    assert!(Process::start(["serve", "--config", &config]).failure().contains("master.key is missing"));
    std::fs::write(&file, first).unwrap();
    let server = Process::start(["serve", "--config", &config]);
    assert!(server.line().starts_with("tongbao serves"));
    server.terminate();
    assert!(printed(&run(["verify", "--data", data.to_str().unwrap()])).starts_with("verify: clean"));
}

#[test]
fn a_wrong_configuration_is_refused_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("serve.toml");
    std::fs::write(&file, "data = \"x\"\nlisten = \"127.0.0.1:0\"\nbase_url = \"https://a\"\nlisen = 1\n")
        .unwrap();
    let server = Process::start(["serve", "--config", file.to_str().unwrap()]);
    let said = server.failure();
    assert!(said.contains("line 4") && said.contains("lisen"), "{said}");
    for url in ["https://a/", "a", "ftp://a"] {
        let right = "data = \"x\"\nlisten = \"127.0.0.1:0\"\nbase_url = \"https://a\"\n";
        std::fs::write(&file, format!("{right}wechat_base_url = {url:?}\n")).unwrap();
        let server = Process::start(["serve", "--config", file.to_str().unwrap()]);
        let said = server.failure();
        assert!(said.contains("wechat_base_url must begin with https://"), "{said}");
    }
}
