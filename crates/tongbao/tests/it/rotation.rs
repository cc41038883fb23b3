//! `tongbao keys rotate`: everything that is sealed is sealed with a new key, and nobody notices.

use std::path::Path;

use serde_json::json;

use crate::process::{Sandbox, printed, run};

fn rotate(data: &Path) -> (u32, u32) {
    let said = printed(&run(["keys", "rotate", "--sandbox", "--data", data.to_str().unwrap()]));
    assert!(said.contains("verify: clean"), "{said}");
    let numbers: Vec<u32> =
        said.split(|sign: char| !sign.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    (numbers[0], numbers[1])
}

/// Uses what is sealed: the webhook secret of an endpoint, the phone numbers of payers, the keys of payment codes.
async fn works(sandbox: &Sandbox, order_no: &str) {
    let new = json!({"order_no": order_no, "amount": 100, "currency": "CNY", "description": "tea"});
    let payment = sandbox.post("/v1/payments", new).await;
    let pay = json!({"payer": sandbox.payer()["id"], "code": payment["id"]});
    assert_eq!(sandbox.post("/sandbox/phone/pay", pay).await["paid"], true);
    let code = sandbox.post("/sandbox/phone/payment-code", json!({"payer": sandbox.payer()["id"]})).await;
    assert_eq!(code["payment_code"].as_str().map(str::len), Some(18), "{code}");
}

#[tokio::test]
async fn what_was_sealed_is_sealed_anew_and_everything_goes_on() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("sandbox");
    let sandbox = Sandbox::start(&data);
    works(&sandbox, "before").await;
    sandbox.process.terminate();
    let (key, first) = rotate(&data);
    // Three payers at least, the merchant's app, a seed of payment codes, the keys of WeChat Pay's interface.
    assert!(key == 2 && first >= 6, "{key} {first}");
    let sandbox = Sandbox::start(&data);
    works(&sandbox, "after").await;
    sandbox.process.terminate();
    let (key, second) = rotate(&data);
    assert!(key == 3 && second >= first, "{key} {second}");
    assert!(printed(&run(["verify", "--data", data.to_str().unwrap()])).starts_with("verify: clean"));
}
