//! The crate `wxpay-rs`, the strictest of the SDKs, against a running sandbox: one line of JSON for each operation.

mod products;
mod receiver;
mod sandbox;

use std::{process::ExitCode, sync::Arc, time::SystemTime};

use receiver::{Notice, Receiver};
use sandbox::{Elsewhere, Failure, OFFICIAL, Sandbox};
use serde_json::json;
use wxpay_rs::{
    WxPayClient, WxPayConfig, WxPayError,
    auth::Sha256RsaSigner,
    cert::{CertDownloader, CertManager, CertificateDownloader},
    http::ReqwestHttpClient,
    notify::{NotifyHeaders, handler::PaymentExpectation},
    services::{
        payments::{
            app::AppRequest,
            h5::{H5Info, H5Request, SceneInfo},
            jsapi::{Amount, JsapiRequest, Payer},
            native::NativeRequest,
        },
        refund::{RefundAmount, RefundRequest},
    },
};

const TOTAL: u64 = 100;

/// How the merchant verifies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    PublicKey,
    Certificates,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::PublicKey => "public key",
            Kind::Certificates => "certificates",
        }
    }
}

/// What became of an operation.
enum Found {
    Works,
    Fails(String),
    /// The SDK has no such operation.
    Absent(&'static str),
}

struct Shop {
    sandbox: Sandbox,
    client: WxPayClient,
    /// Downloads the platform's certificates; nothing with the public key.
    renew: Option<CertDownloader>,
    receiver: Receiver,
    findings: Vec<(&'static str, Found)>,
}

fn number() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    format!("RS{}", now.as_nanos())
}

fn must(holds: bool, why: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(why.into()) }
}

fn code_of<T>(result: Result<T, WxPayError>) -> Result<String, Failure> {
    match result {
        Err(WxPayError::ApiError { code, .. }) => Ok(code),
        Err(other) => Err(other.into()),
        Ok(_) => Err("it was not refused".into()),
    }
}

fn amount() -> Option<Amount> {
    Some(Amount { total: TOTAL, currency: Some("CNY".to_owned()) })
}

impl Shop {
    async fn open(kind: Kind) -> Result<Shop, Failure> {
        let sandbox = Sandbox::find()?;
        let config = config(&sandbox, kind, sandbox.pem("/wechat/private_key_file")?)?;
        let elsewhere = || -> Result<Elsewhere, Failure> {
            Ok(Elsewhere { api: sandbox.text("/api"), own: ReqwestHttpClient::builder().build()? })
        };
        let mut client = WxPayClient::builder().http_client(elsewhere()?);
        let mut renew = None;
        if kind == Kind::Certificates {
            let manager = Arc::new(CertManager::new());
            let (merchant, key) = (&config.merchant_id, &config.private_key);
            let signer = Sha256RsaSigner::new(merchant, key, &config.cert_serial_number)?;
            let http = Arc::new(elsewhere()?);
            let downloader =
                CertDownloader::new(OFFICIAL, merchant, Arc::new(signer), http, Arc::clone(&manager))
                    .with_api_v3_key(&config.api_v3_key);
            downloader.download().await?;
            client = client.cert_manager(manager);
            renew = Some(downloader);
        }
        let client = client.config(config).build().await?;
        Ok(Shop { sandbox, client, renew, receiver: Receiver::start().await?, findings: Vec::new() })
    }

    fn native_request(&self, out_trade_no: &str) -> NativeRequest {
        NativeRequest {
            appid: self.sandbox.text("/wechat/appid"),
            mchid: self.sandbox.text("/wechat/mchid"),
            description: "一壶茶".to_owned(),
            out_trade_no: out_trade_no.to_owned(),
            amount: amount(),
            notify_url: Some(self.receiver.url.clone()),
        }
    }

    async fn native(&self, out_trade_no: &str) -> Result<String, Failure> {
        Ok(self.client.native().create_order(&self.native_request(out_trade_no)).await?.code_url)
    }

    async fn jsapi(&mut self) -> Result<(), Failure> {
        let NativeRequest { appid, mchid, description, out_trade_no, amount, notify_url } =
            self.native_request(&number());
        let payer = Some(Payer { openid: self.sandbox.text("/wechat/openids/1/openid") });
        let request = JsapiRequest { appid, mchid, description, out_trade_no, amount, payer, notify_url };
        let placed = self.client.jsapi().create_order(&request).await?;
        let invocation = self.client.jsapi().build_pay_params(&placed.prepay_id).await?;
        must(invocation.pay_sign.len() == 344, "paySign")?;
        self.sandbox.pay(&invocation.package, 1).await?;
        self.receiver.next().await.map(drop)
    }

    async fn app(&self) -> Result<(), Failure> {
        let NativeRequest { appid, mchid, description, out_trade_no, amount, notify_url } =
            self.native_request(&number());
        let request = AppRequest { appid, mchid, description, out_trade_no, amount, notify_url };
        must(self.client.app().create_order(&request).await?.prepay_id.len() == 36, "prepay_id")
    }

    async fn h5(&self) -> Result<(), Failure> {
        let NativeRequest { appid, mchid, description, out_trade_no, amount, notify_url } =
            self.native_request(&number());
        let h5_info = Some(H5Info { r#type: "Wap".to_owned() });
        let scene = SceneInfo { payer_client_ip: Some("127.0.0.1".to_owned()), device_id: None, h5_info };
        let scene_info = Some(scene);
        let request = H5Request { appid, mchid, description, out_trade_no, amount, notify_url, scene_info };
        must(
            self.client.h5().create_order(&request).await?.h5_url.starts_with(&self.sandbox.text("/api")),
            "h5_url",
        )
    }

    async fn again(&self) -> Result<(), Failure> {
        let out_trade_no = number();
        must(self.native(&out_trade_no).await? != self.native(&out_trade_no).await?, "the same code twice")?;
        let other = NativeRequest { description: "two".to_owned(), ..self.native_request(&out_trade_no) };
        must(code_of(self.client.native().create_order(&other).await)? == "INVALID_REQUEST", "another code")
    }

    async fn callback(&mut self, out_trade_no: &str) -> Result<(), Failure> {
        let code_url = self.native(out_trade_no).await?;
        self.sandbox.pay(&code_url, 0).await?;
        let notice = self.receiver.next().await?;
        let handler = self.client.notify_handler()?;
        let verified = handler.verify_and_parse(headers(&notice), &notice.body).await?;
        let (appid, mchid) = (self.sandbox.text("/wechat/appid"), self.sandbox.text("/wechat/mchid"));
        let told = handler.handle_verified_payment_notify(&verified).await?;
        told.validate_order(PaymentExpectation {
            appid: &appid,
            mchid: &mchid,
            out_trade_no,
            total: TOTAL,
            currency: "CNY",
        })?;
        let altered = [&notice.body[..], b" "].concat();
        must(handler.verify_and_parse(headers(&notice), &altered).await.is_err(), "altered and believed")
    }

    async fn query(&self, out_trade_no: &str) -> Result<String, Failure> {
        let found = self.client.query().by_out_trade_no(out_trade_no).await?;
        must(found.trade_state == "SUCCESS", "another state")?;
        let id = found.transaction_id.ok_or("no transaction id")?;
        let again = self.client.query().by_transaction_id(&id).await?;
        must(again.out_trade_no.as_deref() == Some(out_trade_no), "another order")?;
        Ok(id)
    }

    async fn refund(&mut self, out_trade_no: &str) -> Result<(), Failure> {
        let request = RefundRequest {
            transaction_id: Some(self.query(out_trade_no).await?),
            out_trade_no: None,
            out_refund_no: format!("{}@", number()),
            reason: Some("凉了".to_owned()),
            amount: RefundAmount { refund: 40, total: TOTAL, currency: "CNY".to_owned() },
            notify_url: None,
        };
        let made = self.client.refund().create_refund(&request).await?;
        must(made.refund_id.len() == 29, "refund_id")?;
        let found = self.client.refund().query_refund(&request.out_refund_no).await?;
        must(found.status == "SUCCESS", "another state")?;
        let notice = self.receiver.next().await?;
        let handler = self.client.notify_handler()?;
        let verified = handler.verify_and_parse(headers(&notice), &notice.body).await?;
        let told = handler.handle_verified_refund_notify(&verified).await?;
        must(told.out_refund_no == request.out_refund_no, "another refund")
    }

    async fn close(&self) -> Result<(), Failure> {
        let out_trade_no = number();
        self.native(&out_trade_no).await?;
        self.client.query().close(&out_trade_no).await?;
        let found = self.client.query().by_out_trade_no(&out_trade_no).await?;
        must(found.trade_state == "CLOSED", "it is open")
    }

    async fn unknown(&self) -> Result<(), Failure> {
        must(
            code_of(self.client.query().by_out_trade_no(&number()).await)? == "ORDER_NOT_EXIST",
            "another code",
        )
    }

    fn found(&mut self, operation: &'static str, result: Result<(), Failure>) {
        let found = result.map_or_else(|why| Found::Fails(why.to_string()), |()| Found::Works);
        self.findings.push((operation, found));
    }

    /// The SDK has no such operation.
    fn cannot(&mut self, operation: &'static str, why: &'static str) {
        self.findings.push((operation, Found::Absent(why)));
    }

    async fn run(&mut self) {
        let paid = number();
        let result = self.native(&number()).await.map(drop);
        self.found("native", result);
        let result = self.jsapi().await;
        self.found("jsapi, paySign", result);
        let result = self.app().await;
        self.found("app", result);
        let result = self.h5().await;
        self.found("h5", result);
        let result = self.again().await;
        self.found("place again", result);
        let result = self.callback(&paid).await;
        self.found("callback", result);
        let result = self.query(&paid).await.map(drop);
        self.found("query by both numbers", result);
        let result = self.refund(&paid).await;
        self.found("refund, query, callback", result);
        self.cannot("transfer, query, callback", "has batches of transfers only");
        self.cannot("transfer, cancel", "has batches of transfers only");
        let result = self.share().await;
        self.found("profit sharing", result);
        self.cannot("combine, query, callback", "has no combined orders");
        self.cannot("combine, close", "has no combined orders");
        let result = self.close().await;
        self.found("close", result);
        let result = self.strange_number().await;
        self.found("number with | and *", result);
        let result = self.unknown().await;
        self.found("unknown order", result);
        self.cannot("trade bill, fund flow bill, download", "has no bills");
        let result = self.wrong_key().await;
        self.found("wrong key", result);
        self.cannot("skewed clock", "asks the system for the time, and can be given no other");
        if self.renew.is_some() {
            let result = self.rotation().await;
            self.found("certificate rotated in mid-run", result);
        } else {
            self.cannot("certificate rotated in mid-run", "verifies with the public key, which stays");
        }
    }
}

/// The configuration, with this key of the merchant's.
fn config(sandbox: &Sandbox, kind: Kind, key: Vec<u8>) -> Result<WxPayConfig, Failure> {
    let mut config = WxPayConfig::builder()
        .app_id(sandbox.text("/wechat/appid"))
        .merchant_id(sandbox.text("/wechat/mchid"))
        .api_v3_key(sandbox.text("/wechat/apiv3_key"))
        .private_key(key)
        .cert_serial_number(sandbox.text("/wechat/serial_no"));
    if kind == Kind::PublicKey {
        let id = sandbox.text("/wechat/public_key_id");
        config = config.platform_public_key(id, sandbox.pem("/wechat/public_key_file")?);
    }
    Ok(config.build()?)
}

fn headers(notice: &Notice) -> NotifyHeaders<'_> {
    NotifyHeaders {
        timestamp: notice.header("wechatpay-timestamp"),
        nonce: notice.header("wechatpay-nonce"),
        serial: notice.header("wechatpay-serial"),
        signature: notice.header("wechatpay-signature"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let mut code = ExitCode::SUCCESS;
    for kind in [Kind::PublicKey, Kind::Certificates] {
        let mut shop = Shop::open(kind).await?;
        shop.run().await;
        for (operation, found) in &shop.findings {
            let mut line = json!({ "client": format!("wxpay-rs ({})", kind.name()), "operation": operation });
            match found {
                Found::Works => line["ok"] = json!(true),
                Found::Fails(why) => {
                    line["ok"] = json!(false);
                    line["why"] = json!(why);
                    code = ExitCode::FAILURE;
                }
                Found::Absent(why) => {
                    line["ok"] = json!(null);
                    line["why"] = json!(why);
                }
            }
            println!("{line}");
        }
    }
    Ok(code)
}
