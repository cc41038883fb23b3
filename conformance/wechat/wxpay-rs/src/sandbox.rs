//! The sandbox, by its file: its keys, its phone, and the SDK's own transport with another host.

use std::{error::Error, fs, path::PathBuf};

use serde_json::{Value, json};
use wxpay_rs::{
    WxPayResult,
    http::{HttpClient, ReqwestHttpClient, client::HttpResponse},
};

const OFFICIAL: &str = "https://api.mch.weixin.qq.com";

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

    /// A test payer pays.
    pub(crate) async fn pay(&self, code: &str, payer: usize) -> Result<(), Failure> {
        let payer = self.text(&format!("/payers/{payer}/id"));
        let body = json!({ "payer": payer, "code": code }).to_string();
        let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
        let url = format!("{}/sandbox/phone/pay", self.text("/api"));
        let answer = ReqwestHttpClient::builder().build()?.post(&url, headers, &body).await?;
        let answer: Value = serde_json::from_str(&answer.body)?;
        if answer["paid"] == true { Ok(()) } else { Err(answer.to_string().into()) }
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
