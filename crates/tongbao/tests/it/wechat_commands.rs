//! `tongbao wechat`: enrolment, certificates and the way to a sandbox, as operators and developers use them.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tongbao_channel::wechat::{
    answer,
    authorization::Authorization,
    certificate::{Certificate, CertificateList},
    envelope::ApiV3Key,
    message,
    signature::{SigningKey, VerifyingKey},
};
use tongbao_core::Time;

use crate::{
    process::{Process, Sandbox, printed, run},
    production::config,
};

const NATIVE: &str = "/v3/pay/transactions/native";
const CERTIFICATES: &str = "/v3/certificates";

/// A merchant by the files in a directory.
struct Merchant {
    overview: Value,
    key: SigningKey,
    directory: PathBuf,
    client: Client,
}

/// An answer with its headers.
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn signed(&self) -> answer::Headers {
        answer::Headers::read(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .unwrap()
    }
}

fn now() -> Time {
    #[expect(clippy::disallowed_methods, reason = "the process under test has the machine's clock")]
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    Time::from_ms(i64::try_from(now.as_millis()).unwrap())
}

impl Merchant {
    fn open(directory: &Path) -> Merchant {
        let key = std::fs::read_to_string(directory.join("apiclient_key.pem")).unwrap();
        Merchant::with_key(directory, &key)
    }

    fn with_key(directory: &Path, key: &str) -> Merchant {
        let overview = std::fs::read(directory.join("wechat.json")).unwrap();
        Merchant {
            overview: serde_json::from_slice(&overview).unwrap(),
            key: SigningKey::from_pem(key).unwrap(),
            directory: directory.to_owned(),
            client: Client::new(),
        }
    }

    fn text(&self, name: &str) -> &str {
        self.overview[name].as_str().unwrap()
    }

    fn pem(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.join(self.text(name))).unwrap()
    }

    /// Asks, signed; the answer is to be signed with this key.
    async fn ask(&self, base: &str, target: &str, body: Option<&Value>, verify_by: &str) -> Answer {
        let body = body.map(Value::to_string).unwrap_or_default();
        let method = if body.is_empty() { Method::GET } else { Method::POST };
        let timestamp_s = now().ms() / 1_000;
        let nonce = format!("{:?}", std::time::Instant::now()).replace(|c: char| !c.is_ascii_digit(), "");
        let request = message::Request {
            method: method.as_str(),
            target,
            timestamp_s,
            nonce: &nonce,
            body: body.as_bytes(),
        };
        let signature = self.key.sign(&request.message());
        let serial = self.text("serial_no").parse().unwrap();
        let signed = Authorization::new(self.text("mchid"), &nonce, timestamp_s, serial, &signature).unwrap();
        let request = self
            .client
            .request(method, format!("{base}{target}"))
            .header("accept", "application/json")
            .header("user-agent", "test")
            .header("content-type", "application/json")
            .header("wechatpay-serial", verify_by)
            .header("authorization", signed.to_string())
            .body(body);
        let answer = request.send().await.unwrap();
        let pairs = answer.headers().iter();
        let headers = pairs.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        Answer {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: answer.bytes().await.unwrap().to_vec(),
        }
    }

    fn order(&self, out_trade_no: &str) -> Value {
        json!({"mchid": self.text("mchid"), "appid": self.text("appid"), "description": "tea",
               "out_trade_no": out_trade_no, "notify_url": "https://example.com/notify",
               "amount": {"total": 100}})
    }

    /// Places an order, and verifies the answer with the platform's public key.
    async fn place(&self, base: &str, out_trade_no: &str) -> Answer {
        let by = self.text("public_key_id");
        let answer = self.ask(base, NATIVE, Some(&self.order(out_trade_no)), by).await;
        if answer.status == 200 {
            let key = VerifyingKey::from_pem(&self.pem("public_key_file")).unwrap();
            answer.signed().verify(&key, now(), &answer.body).unwrap();
            assert!(answer.json()["code_url"].as_str().unwrap().starts_with("weixin://wxpay/"));
        }
        answer
    }

    /// The serial number that signed, and those listed.
    async fn certificates(&self, base: &str) -> (String, Vec<String>) {
        let answer = self.ask(base, CERTIFICATES, None, "").await;
        let list: CertificateList = serde_json::from_slice(&answer.body).unwrap();
        let shared = ApiV3Key::new(self.text("apiv3_key").as_bytes()).unwrap();
        let found = |entry: &tongbao_channel::wechat::certificate::ListedCertificate| {
            entry.open(&shared).unwrap().unwrap()
        };
        let certificates: Vec<Certificate> = list.data.iter().map(found).collect();
        let by = answer.signed();
        let signer = certificates.iter().find(|known| known.serial().to_string() == by.key.to_string());
        by.verify(signer.unwrap().key(), now(), &answer.body).unwrap();
        let listed = certificates.iter().map(|known| known.serial().to_string()).collect();
        (by.key.to_string(), listed)
    }
}

/// A production instance with an app, not running.
struct Live {
    directory: tempfile::TempDir,
    app: String,
}

impl Live {
    fn new() -> Live {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("live");
        let made =
            printed(&run(["keys", "merchant", "--name", "Tea House", "--data", data.to_str().unwrap()]));
        let app = made.lines().find_map(|line| line.strip_prefix("app ")).unwrap().to_owned();
        Live { directory, app }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn wechat(&self, arguments: &str) -> std::process::Output {
        let data = self.path("live");
        let arguments = arguments.split(' ').map(|word| match word.strip_prefix("IN/") {
            Some(name) => self.path(name).to_str().unwrap().to_owned(),
            None => word.replace("APP", &self.app),
        });
        let all = ["wechat", "--data", data.to_str().unwrap()].map(str::to_owned);
        run(all.into_iter().chain(arguments))
    }

    fn serve(&self) -> (Process, String) {
        let server =
            Process::start(["serve", "--config", &config(self.directory.path(), &self.path("live"), 0)]);
        let api = format!("http://{}", server.line().rsplit(' ').next().unwrap());
        (server, api)
    }
}

#[tokio::test]
async fn an_enrolled_merchant_places_orders_in_production_and_its_certificates_are_replaced() {
    let live = Live::new();
    let enrolled = printed(&live.wechat("enroll --app APP --appid wx01,wx02 --to IN/first"));
    let first = Merchant::open(&live.path("first"));
    assert!(enrolled.contains(first.text("mchid")) && enrolled.contains(first.text("serial_no")));
    assert_eq!(first.text("mchid").len(), 10);
    assert!(!enrolled.contains(first.text("apiv3_key")), "the shared key is in the file only");
    #[cfg(unix)]
    for name in ["apiclient_key.pem", "apiclient_cert.pem", "pub_key.pem", "ca.pem", "wechat.json"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(live.path("first").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let (server, api) = live.serve();
    assert_eq!(first.place(&api, "live-1").await.status, 200);
    let refused = live.wechat("rotate-platform");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another process writes this store"));
    server.terminate();

    let mchid = first.text("mchid");
    printed(&live.wechat(&format!("rotate --mchid {mchid} --to IN/second")));
    let second = Merchant::open(&live.path("second"));
    assert_eq!(second.text("apiv3_key"), first.text("apiv3_key"));
    let (server, api) = live.serve();
    for (merchant, order) in [(&first, "live-2"), (&second, "live-3")] {
        assert_eq!(merchant.place(&api, order).await.status, 200, "both sign: {order}");
    }
    server.terminate();

    let serial = first.text("serial_no").to_lowercase();
    printed(&live.wechat(&format!("revoke --mchid {mchid} --serial {serial}")));
    let shown = printed(&live.wechat(&format!("show --mchid {mchid}")));
    assert!(shown.contains("revoked") && shown.contains("good") && shown.contains("wx01 wx02"), "{shown}");
    let (server, api) = live.serve();
    let answer = first.place(&api, "live-4").await;
    assert_eq!(
        (answer.status, answer.json()["code"].as_str().unwrap().to_owned()),
        (401, "SIGN_ERROR".to_owned())
    );
    assert_eq!(second.place(&api, "live-5").await.status, 200);
    server.terminate();
    let verified = printed(&run(["verify", "--data", live.path("live").to_str().unwrap()]));
    assert!(verified.starts_with("verify: clean"), "{verified}");
}

#[tokio::test]
async fn the_platform_s_next_certificate_is_listed_and_signs_when_it_is_told_to() {
    let live = Live::new();
    printed(
        &live
            .wechat("enroll --app APP --mchid 1900000109 --appid wx01 --key-mode certificates --to IN/files"),
    );
    let merchant = Merchant::open(&live.path("files"));
    let (server, api) = live.serve();
    let (first, listed) = merchant.certificates(&api).await;
    assert_eq!(listed, [first.as_str()]);
    server.terminate();

    let early = live.wechat("switch-platform");
    assert!(!early.status.success(), "there is no other certificate yet");
    let second = printed(&live.wechat("rotate-platform"));
    let second = second.trim().strip_prefix("serial number ").unwrap().to_owned();
    assert!(!live.wechat("rotate-platform").status.success(), "two at once");
    let (server, api) = live.serve();
    assert_eq!(merchant.certificates(&api).await, (first.clone(), vec![first.clone(), second.clone()]));
    server.terminate();

    printed(&live.wechat("switch-platform"));
    let (server, api) = live.serve();
    assert_eq!(merchant.certificates(&api).await, (second.clone(), vec![first.clone(), second.clone()]));
    server.terminate();
    let shown = printed(&live.wechat("show"));
    assert!(shown.contains("retired") && shown.contains("signs"), "{shown}");

    printed(&live.wechat("key-mode --mchid 1900000109 public-key"));
    let (server, api) = live.serve();
    assert_eq!(merchant.ask(&api, CERTIFICATES, None, "").await.status, 404, "it has the public key only");
    server.terminate();
}

#[test]
fn enrolment_refuses_what_would_overwrite_or_mislead() {
    let live = Live::new();
    let enroll = |rest: &str| live.wechat(&format!("enroll --appid wx01 {rest}"));
    printed(&enroll("--app APP --mchid 1900000109 --to IN/files"));
    let key = std::fs::read(live.path("files").join("apiclient_key.pem")).unwrap();
    for (rest, why) in [
        ("--app APP --mchid 1900000109 --to IN/other", "is taken"),
        ("--app APP --mchid 19-00 --to IN/other", "1 to 32 letters or digits"),
        ("--app APP --to IN/files", "nothing is overwritten"),
        ("--app app_01m7wnh8fzfw3tn4qjhkmq1e2a --to IN/other", "there is no app"),
        ("--app APP --csr IN/serve.toml --to IN/other", "serve.toml"),
    ] {
        let refused = enroll(rest);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains(why), "{rest}: {said}");
    }
    assert!(!live.path("other").exists(), "nothing is left of what was refused");
    assert_eq!(std::fs::read(live.path("files").join("apiclient_key.pem")).unwrap(), key);
    let unknown = live.wechat("revoke --mchid 1900000109 --serial 01");
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("certificate"));
}

#[tokio::test]
async fn a_merchant_may_keep_its_private_key_to_itself() {
    let live = Live::new();
    let made = Command::new("openssl")
        .args(["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tea", "-keyout", "key.pem"])
        .args(["-out", "request.pem"])
        .current_dir(live.directory.path())
        .output();
    if !made.is_ok_and(|made| made.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "CI must make a request with openssl");
        return;
    }
    printed(&live.wechat("enroll --app APP --appid wx01 --csr IN/request.pem --to IN/files"));
    assert!(!live.path("files").join("apiclient_key.pem").exists());
    let key = std::fs::read_to_string(live.path("key.pem")).unwrap();
    let merchant = Merchant::with_key(&live.path("files"), &key);
    assert!(merchant.overview.get("private_key_file").is_none());
    let (_server, api) = live.serve();
    assert_eq!(merchant.place(&api, "live-1").await.status, 200);
}

#[tokio::test]
async fn a_client_that_knows_only_the_official_host_reaches_the_sandbox_through_the_proxy() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let told = printed(&run(["wechat", "trust", "--data", data]));
    for name in ["api", "secret_key"] {
        let value = sandbox.file[name].as_str().unwrap();
        assert_eq!(told.contains(value), name == "api", "{name}");
    }
    assert!(!told.contains(sandbox.file["wechat"]["apiv3_key"].as_str().unwrap()));
    let leaf = std::fs::read_to_string(directory.path().join("wechat/tls_cert.pem")).unwrap();
    assert!(leaf.starts_with("-----BEGIN CERTIFICATE-----"));

    let proxy = Process::start(["wechat", "proxy", "--data", data, "--listen", "127.0.0.1:0"]);
    let address = proxy.line().rsplit(' ').next().unwrap().to_owned();
    let authority = std::fs::read(directory.path().join("wechat/ca.pem")).unwrap();
    let client = || {
        let authority = reqwest::Certificate::from_pem(&authority).unwrap();
        Client::builder().tls_certs_only([authority])
    };
    let through =
        client().proxy(reqwest::Proxy::https(format!("http://{address}")).unwrap()).build().unwrap();
    let hosts = client().resolve("api.mch.weixin.qq.com", address.parse().unwrap()).build().unwrap();
    for (client, official) in [
        (through.clone(), "https://api.mch.weixin.qq.com".to_owned()),
        (hosts, format!("https://api.mch.weixin.qq.com:{}", address.rsplit_once(':').unwrap().1)),
    ] {
        let overview = sandbox.file["wechat"].clone();
        let key =
            std::fs::read_to_string(directory.path().join(overview["private_key_file"].as_str().unwrap()));
        let key = SigningKey::from_pem(&key.unwrap()).unwrap();
        let merchant = Merchant { overview, key, directory: directory.path().to_owned(), client };
        let (signer, listed) = merchant.certificates(&official).await;
        assert_eq!(listed, [signer.as_str()]);
        assert!(told.contains(&signer), "its file is named");
    }
    let stranger = through.get("https://example.com/").send().await;
    assert!(stranger.is_err(), "no other host is reached");
}
