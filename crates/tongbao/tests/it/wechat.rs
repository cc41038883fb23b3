//! The WeChat Pay door of the binary, with the keys that a sandbox writes beside `sandbox.json`.

use std::{path::Path, time::SystemTime};

use reqwest::Client;
use serde_json::Value;
use tongbao_channel::wechat::{
    authorization::Authorization,
    certificate::{Certificate, CertificateList},
    envelope::ApiV3Key,
    message,
    serial::Serial,
    signature::SigningKey,
};

use crate::process::{Sandbox, printed, run};

const TARGET: &str = "/v3/certificates";

fn text<'a>(file: &'a Value, name: &str) -> &'a str {
    file["wechat"][name].as_str().unwrap()
}

fn pem(file: &Value, data: &Path, name: &str) -> String {
    std::fs::read_to_string(data.join(text(file, name))).unwrap()
}

/// Asks for the platform's certificates, signed with the keys in the sandbox's files.
pub(crate) async fn certificates(sandbox: &Sandbox, data: &Path) -> (u16, Value) {
    let file = &sandbox.file;
    let key = SigningKey::from_pem(&pem(file, data, "private_key_file")).unwrap();
    let serial: Serial = text(file, "serial_no").parse().unwrap();
    #[expect(clippy::disallowed_methods, reason = "the process under test has the machine's clock")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let timestamp_s = i64::try_from(now.as_secs()).unwrap();
    let nonce = now.as_nanos().to_string();
    let request = message::Request { method: "GET", target: TARGET, timestamp_s, nonce: &nonce, body: b"" };
    let signature = key.sign(&request.message());
    let signed = Authorization::new(text(file, "mchid"), &nonce, timestamp_s, serial, &signature).unwrap();
    let request = Client::new()
        .get(format!("{}{TARGET}", file["api"].as_str().unwrap()))
        .header("accept", "application/json")
        .header("user-agent", "test")
        .header("authorization", signed.to_string());
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

#[tokio::test]
async fn the_files_of_a_sandbox_fit_each_other_and_are_its_owner_s() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let sandbox = Sandbox::start(data);
    let file = &sandbox.file;
    let own = Certificate::from_pem(&pem(file, data, "certificate_file")).unwrap();
    let key = SigningKey::from_pem(&pem(file, data, "private_key_file")).unwrap();
    assert_eq!(own.key().der(), key.verifying_key().der());
    assert_eq!(own.serial().to_string(), text(file, "serial_no"));
    assert!(Certificate::from_pem(&pem(file, data, "ca_file")).unwrap().is_authority());
    assert!(text(file, "public_key_id").starts_with("PUB_KEY_ID_"));
    assert_eq!(file["wechat"]["openids"].as_array().unwrap().len(), 3);

    let (status, answer) = certificates(&sandbox, data).await;
    assert_eq!(status, 200, "{answer}");
    let list: CertificateList = serde_json::from_value(answer).unwrap();
    let shared = ApiV3Key::new(text(file, "apiv3_key").as_bytes()).unwrap();
    assert!(list.data[0].open(&shared).unwrap().is_some());
    #[cfg(unix)]
    for name in ["private_key_file", "certificate_file", "public_key_file", "ca_file"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data.join(text(file, name))).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    sandbox.process.terminate();
    let again = Sandbox::start(data);
    assert_eq!(again.file["wechat"], *file.get("wechat").unwrap(), "a restart keeps the keys");
    assert_eq!(certificates(&again, data).await.0, 200);
}

#[tokio::test]
async fn a_sandbox_file_from_before_is_read_and_kept_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let path = data.join("sandbox.json");
    let first = Sandbox::start(data);
    first.get("/v1/payments").await;
    first.process.terminate();
    let mut file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    file.as_object_mut().unwrap().remove("wechat").unwrap();
    std::fs::write(&path, file.to_string()).unwrap();
    let again = Sandbox::start(data);
    assert!(again.file.get("wechat").is_none());
    let list = again.get("/v1/payments").await;
    assert_eq!(list["data"], serde_json::json!([]));
    again.process.terminate();
    assert!(printed(&run(["verify", "--data", data.to_str().unwrap()])).starts_with("verify: clean"));
}
