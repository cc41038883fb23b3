//! The cashier, and what a developer looks at, in a real browser of a phone's size.
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
pub(crate) struct Driver {
    child: Child,
    url: String,
}

impl Driver {
    pub(crate) fn start(program: &str) -> Driver {
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

pub(crate) async fn open(driver: &Driver, profile: &std::path::Path) -> Client {
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

pub(crate) async fn element(browser: &Client, css: &str) -> fantoccini::elements::Element {
    browser
        .wait()
        .at_most(PATIENCE)
        .every(Duration::from_millis(50))
        .for_element(Locator::Css(css))
        .await
        .unwrap()
}

/// The driver's program; nothing without a browser to test in.
pub(crate) fn program() -> Option<String> {
    let program = std::env::var("TONGBAO_CHROMEDRIVER").ok();
    assert!(
        program.is_some() || std::env::var_os("CI").is_none(),
        "CI must test in a browser: TONGBAO_CHROMEDRIVER is not set"
    );
    program
}

#[tokio::test]
async fn a_payer_signs_in_with_a_code_and_pays_with_the_password() {
    let Some(program) = program() else { return };
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

/// Fills a field in.
pub(crate) async fn fill(browser: &Client, css: &str, text: &str) {
    let field = element(browser, css).await;
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

/// Whether the first of these elements stands where a reader sees it, and nothing stands before it.
async fn is_seen(browser: &Client, css: &str) -> bool {
    let script = "const found = document.querySelector(arguments[0]), box = found.getBoundingClientRect();
        const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height, 10) / 2);
        return box.top >= 0 && box.top < innerHeight && found.contains(top);";
    browser.execute(script, vec![json!(css)]).await.unwrap().as_bool().unwrap()
}

#[tokio::test]
async fn a_developer_has_a_signature_examined_and_follows_an_order() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let new =
        json!({"order_no": "followed-1", "amount": 2999, "currency": "CNY", "description": "Pu-erh cake"});
    let payment = sandbox.post("/v1/payments", new).await;
    let api = sandbox.file["api"].as_str().unwrap();
    let driver = Driver::start(&program);
    let browser = open(&driver, &directory.path().join("profile")).await;

    browser.goto(&format!("{api}/sandbox/signature?lang=en")).await.unwrap();
    fill(&browser, "#method", "GET").await;
    fill(&browser, "#url", "/v3/certificates").await;
    let mchid = sandbox.file["wechat"]["mchid"].as_str().unwrap();
    let serial = sandbox.file["wechat"]["serial_no"].as_str().unwrap();
    let header = format!(
        "WECHATPAY2-SHA256-RSA2048 mchid=\"{mchid}\",nonce_str=\"n\",timestamp=\"1700000000\",\
         serial_no=\"{serial}\",signature=\"{}==\"",
        "A".repeat(342)
    );
    fill(&browser, "#authorization", &header).await;
    fill(&browser, "#own", "GET\n/v3/certificate\n1700000000\nn\n\n").await;
    element(&browser, ".paste button").await.click().await.unwrap();
    element(&browser, ".findings").await;
    let page = browser.source().await.unwrap();
    for told in ["unknown_key", "clock_skew", "line 2, byte 16", "1700000000\\n"] {
        assert!(page.contains(told), "{told} is missing: {page}");
    }

    browser.goto(&format!("{api}/sandbox?lang=en")).await.unwrap();
    element(&browser, "a[href^='/sandbox/timeline?of=']").await.click().await.unwrap();
    element(&browser, ".timeline details summary").await.click().await.unwrap();
    let body = element(&browser, ".timeline details[open] pre").await.text().await.unwrap();
    assert!(body.contains("\"order_no\": \"followed-1\"") && body.contains("Bearer ***"), "{body}");
    fill(&browser, "#of", payment["id"].as_str().unwrap()).await;
    element(&browser, ".search button").await.click().await.unwrap();
    element(&browser, ".timeline").await;

    // A problem links to where its code is explained: there, and not behind the head of the page.
    browser.goto(&format!("{api}/docs?lang=en#error-refund_too_large")).await.unwrap();
    element(&browser, "#error-refund_too_large").await;
    assert!(is_seen(&browser, "#error-refund_too_large").await);
    browser.close().await.unwrap();
}
