//! The cashier in a real browser of a phone's size.
//!
//! Needs Chromium and its driver; `cargo xtask test` finds or installs them and names the driver in
//! `TONGBAO_CHROMEDRIVER`. Without that variable there is no browser to test in, which the test says.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, wd::Capabilities};
use serde_json::json;

use crate::process::{PATIENCE, Sandbox, wait_for};

/// The driver's process, killed when it is dropped.
struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    fn start(program: &str) -> Driver {
        let mut child = Command::new(program).arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let started = lines.find_map(|line| {
            let line = line.unwrap();
            let port = line.rsplit_once("on port ")?.1.trim_end_matches('.').to_owned();
            line.contains("started successfully").then_some(port)
        });
        // It goes on printing, and must find somebody who reads.
        std::thread::spawn(move || lines.for_each(drop));
        Driver { child, url: format!("http://127.0.0.1:{}", started.unwrap()) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn open(driver: &Driver, profile: &std::path::Path) -> Client {
    let mut options = json!({"args": [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--window-size=390,844", format!("--user-data-dir={}", profile.display())
    ]});
    if let Ok(program) = std::env::var("TONGBAO_CHROMIUM") {
        options["binary"] = json!(program);
    }
    let mut capabilities = Capabilities::new();
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities.insert("goog:loggingPrefs".to_owned(), json!({"browser": "ALL"}));
    ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
        .capabilities(capabilities)
        .connect(&driver.url)
        .await
        .unwrap()
}

async fn element(browser: &Client, css: &str) -> fantoccini::elements::Element {
    browser
        .wait()
        .at_most(PATIENCE)
        .every(Duration::from_millis(50))
        .for_element(Locator::Css(css))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_payer_signs_in_with_a_code_and_pays_with_the_password() {
    let Ok(program) = std::env::var("TONGBAO_CHROMEDRIVER") else {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must test in a browser: TONGBAO_CHROMEDRIVER is not set"
        );
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let new =
        json!({"order_no": "browser-1", "amount": 2999, "currency": "CNY", "description": "Pu-erh cake"});
    let payment = sandbox.post("/v1/payments", new).await;
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;
    let url = format!("{}?lang=en", payment["cashier_url"].as_str().unwrap());
    browser.goto(&url).await.unwrap();
    assert!(browser.source().await.unwrap().contains("29.99"));
    element(&browser, "input[name=phone]")
        .await
        .send_keys(sandbox.payer()["phone"].as_str().unwrap())
        .await
        .unwrap();
    element(&browser, ".pay-button").await.click().await.unwrap();

    let code = element(&browser, "input[name=code]").await;
    let messages = sandbox.get("/sandbox/messages").await;
    code.send_keys(messages["data"][0]["code"].as_str().unwrap()).await.unwrap();
    element(&browser, ".pay-button").await.click().await.unwrap();

    element(&browser, "input[name=password]").await.send_keys("999999").await.unwrap();
    element(&browser, ".pay-button").await.click().await.unwrap();
    element(&browser, "[role=alert]").await;
    element(&browser, "input[name=password]").await;
    let right = sandbox.payer()["password"].as_str().unwrap();
    element(&browser, "input[name=password]").await.send_keys(right).await.unwrap();
    element(&browser, ".pay-button").await.click().await.unwrap();
    let path = format!("/v1/payments/{}", payment["id"].as_str().unwrap());
    wait_for("the payment", async || Some(sandbox.get(&path).await).filter(|p| p["status"] == "succeeded"))
        .await;
    assert!(browser.source().await.unwrap().contains("browser-1"), "the result names the order");
    browser.close().await.unwrap();
}
