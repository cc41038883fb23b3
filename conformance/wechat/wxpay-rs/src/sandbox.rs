//! The sandbox, by its file: its keys, its phone, and the SDK's own transport with another host.

use std::{
    error::Error,
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use wxpay_rs::{
    WxPayResult,
    http::{HttpClient, ReqwestHttpClient, client::HttpResponse},
};

pub(crate) const OFFICIAL: &str = "https://api.mch.weixin.qq.com";

/// Longer than a delivery takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What went wrong.
pub(crate) type Failure = Box<dyn Error>;

/// A running sandbox.
pub(crate) struct Sandbox {
    directory: PathBuf,
    file: Value,
}

impl Sandbox {
    /// The one that `TONGBAO_SANDBOX` names.
    pub(crate) fn find() -> Result<Sandbox, Failure> {
        let path = PathBuf::from(std::env::var("TONGBAO_SANDBOX")?);
        let file = serde_json::from_str(&fs::read_to_string(&path)?)?;
        let directory = path.parent().ok_or("sandbox.json lies in no directory")?.to_owned();
        Ok(Sandbox { directory, file })
    }

    /// The text at a JSON pointer of its file.
    pub(crate) fn text(&self, pointer: &str) -> String {
        self.file.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A file that its file names.
    pub(crate) fn pem(&self, pointer: &str) -> Result<Vec<u8>, Failure> {
        Ok(fs::read(self.directory.join(self.text(pointer)))?)
    }

    async fn ask(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let url = format!("{}{path}", self.text("/api"));
        let answer = ReqwestHttpClient::builder().build()?.post(&url, headers, &body.to_string()).await?;
        Ok(serde_json::from_str(&answer.body)?)
    }

    /// A test payer pays.
    pub(crate) async fn pay(&self, code: &str, payer: usize) -> Result<(), Failure> {
        let payer = self.text(&format!("/payers/{payer}/id"));
        let answer = self.ask("/sandbox/phone/pay", &json!({ "payer": payer, "code": code })).await?;
        if answer["paid"] == true { Ok(()) } else { Err(answer.to_string().into()) }
    }

    /// Whether a notification is on its way.
    async fn is_telling(&self) -> Result<bool, Failure> {
        let headers = vec![("Authorization".to_owned(), format!("Bearer {}", self.text("/secret_key")))];
        let url = format!("{}/v1/deliveries?status=due", self.text("/api"));
        let answer = ReqwestHttpClient::builder().build()?.get(&url, headers).await?;
        let answer: Value = serde_json::from_str(&answer.body)?;
        Ok(answer["data"].as_array().is_some_and(|due| !due.is_empty()))
    }

    /// Moves the clock on, because nothing is shared in the first minute after a payment; but not before what was
    /// sent is noted as sent: else its lease ends, and it is sent again.
    pub(crate) async fn next_minute(&self) -> Result<(), Failure> {
        let until = Instant::now() + PATIENCE;
        while self.is_telling().await? && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.ask("/sandbox/clock", &json!({ "advance_s": 61 })).await.map(drop)
    }

    /// Makes the next platform certificate (`rotate`), or lets it sign (`switch`). Gives the serial numbers of those
    /// that are listed, the oldest first.
    pub(crate) async fn replace_certificate(&self, step: &str) -> Result<[String; 2], Failure> {
        let answer = self.ask("/sandbox/wechat/platform-certificate", &json!({ "step": step })).await?;
        let serial = |at: usize| answer["listed"][at].as_str().map(str::to_owned);
        let both = serial(0).zip(serial(1)).ok_or_else(|| answer.to_string())?;
        Ok(both.into())
    }
}

/// The SDK's transport, which leads to the sandbox.
pub(crate) struct Elsewhere {
    pub(crate) api: String,
    pub(crate) own: ReqwestHttpClient,
}

impl Elsewhere {
    fn at(&self, url: &str) -> String {
        url.replacen(OFFICIAL, &self.api, 1)
    }
}

type Headers = Vec<(String, String)>;

#[async_trait::async_trait]
impl HttpClient for Elsewhere {
    async fn get(&self, url: &str, headers: Headers) -> WxPayResult<HttpResponse> {
        self.own.get(&self.at(url), headers).await
    }

    async fn post(&self, url: &str, headers: Headers, body: &str) -> WxPayResult<HttpResponse> {
        self.own.post(&self.at(url), headers, body).await
    }

    async fn put(&self, url: &str, headers: Headers, body: &str) -> WxPayResult<HttpResponse> {
        self.own.put(&self.at(url), headers, body).await
    }

    async fn delete(&self, url: &str, headers: Headers) -> WxPayResult<HttpResponse> {
        self.own.delete(&self.at(url), headers).await
    }

    async fn patch(&self, url: &str, headers: Headers, body: &str) -> WxPayResult<HttpResponse> {
        self.own.patch(&self.at(url), headers, body).await
    }
}
