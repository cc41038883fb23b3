//! The first start of a sandbox, killed at any moment: the next start has a whole one.

use std::{path::Path, time::Instant};

use serde_json::json;

use crate::process::{Process, Sandbox, printed, run};
use crate::wechat;

/// At how many moments of a first start it is killed.
const KILLS: u32 = 12;

/// Uses everything that a first start makes: the key, the merchant, each payer with its balance, the keys of WeChat
/// Pay's interface.
async fn assert_whole(sandbox: &Sandbox, data: &Path) {
    let payers = sandbox.file["payers"].as_array().unwrap();
    assert_eq!(payers.len(), 3);
    for (number, payer) in payers.iter().enumerate() {
        let order_no = format!("whole-{number}");
        let new = json!({"order_no": order_no, "amount": payer["balance"], "currency": "CNY", "description": "tea"});
        let payment = sandbox.post("/v1/payments", new).await;
        let pay = json!({"payer": payer["id"], "code": payment["id"]});
        assert_eq!(sandbox.post("/sandbox/phone/pay", pay).await["paid"], true, "{payer}");
    }
    let (status, answer) = wechat::certificates(sandbox, data).await;
    assert_eq!(status, 200, "{answer}");
}

fn arguments(data: &Path) -> [&str; 5] {
    ["sandbox", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()]
}

#[tokio::test]
async fn a_first_start_that_was_killed_leaves_nothing_that_the_next_cannot_use() {
    let directory = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let sandbox = Sandbox::start(&directory.path().join("whole"));
    let whole = begun.elapsed();
    assert_whole(&sandbox, &directory.path().join("whole")).await;
    for number in 0..KILLS {
        let data = directory.path().join(number.to_string());
        let first = Process::start(arguments(&data));
        // The moment is what is varied; nothing is waited for.
        std::thread::sleep(whole * number / KILLS);
        first.kill();
        let second = Sandbox::start(&data);
        assert_whole(&second, &data).await;
        second.process.kill();
        assert!(printed(&run(["verify", "--data", data.to_str().unwrap()])).starts_with("verify: clean"));
    }
}
