//! Profit sharing, numbers that have to be encoded, keys that are wrong or replaced.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use wxpay_rs::{
    WxPayClient, WxPayError,
    cert::CertificateDownloader,
    http::ReqwestHttpClient,
    services::{
        payments::{PaymentOptions, SettleInfo},
        profit_sharing::{
            AddProfitSharingReceiverRequest, DeleteProfitSharingReceiverRequest, ProfitSharingFinishRequest,
            ProfitSharingOptions, ProfitSharingRequest, Receiver,
        },
    },
};

use crate::{
    Kind, Shop, config, headers, must, number,
    receiver::Notice,
    sandbox::{Elsewhere, Failure},
};

const PERSON: &str = "PERSONAL_OPENID";

impl Shop {
    /// The notification of an order that was just paid, verified and opened; the id of its transaction.
    async fn paid(&mut self, options: &PaymentOptions) -> Result<(Notice, String), Failure> {
        let request = self.native_request(&number());
        let placed = self.client.native().create_order_with_options(&request, options).await?;
        self.sandbox.pay(&placed.code_url, 0).await?;
        let notice = self.receiver.next().await?;
        let id = self.transaction(&notice).await?;
        Ok((notice, id))
    }

    async fn transaction(&self, notice: &Notice) -> Result<String, Failure> {
        let handler = self.client.notify_handler()?;
        let verified = handler.verify_and_parse(headers(notice), &notice.body).await?;
        Ok(handler.handle_verified_payment_notify(&verified).await?.transaction_id)
    }

    pub(crate) async fn share(&mut self) -> Result<(), Failure> {
        let (appid, account) =
            (self.sandbox.text("/wechat/appid"), self.sandbox.text("/wechat/openids/1/openid"));
        let added = AddProfitSharingReceiverRequest {
            sub_mchid: None,
            appid: appid.clone(),
            sub_appid: None,
            receiver_type: PERSON.to_owned(),
            account: account.clone(),
            name: Some("李四".to_owned()),
            relation_type: "STAFF".to_owned(),
            custom_relation: None,
        };
        self.client.profit_sharing().add_receiver(&added).await?;
        let settle_info = Some(SettleInfo { profit_sharing: true });
        let (_, id) = self.paid(&PaymentOptions { settle_info, ..PaymentOptions::default() }).await?;
        self.sandbox.next_minute().await?;
        self.split(&id, &account).await?;
        let deleted = DeleteProfitSharingReceiverRequest {
            appid,
            receiver_type: PERSON.to_owned(),
            account: account.clone(),
            sub_mchid: None,
            sub_appid: None,
        };
        let deleted = self.client.profit_sharing().delete_receiver(&deleted).await?;
        must(deleted.account == Some(account), "another receiver")
    }

    async fn split(&self, transaction_id: &str, account: &str) -> Result<(), Failure> {
        let sharing = self.client.profit_sharing();
        let receiver = Receiver {
            receiver_type: PERSON.to_owned(),
            account: account.to_owned(),
            amount: 30,
            description: "提成".to_owned(),
            name: Some("李四".to_owned()),
        };
        let request = ProfitSharingRequest {
            transaction_id: transaction_id.to_owned(),
            out_order_no: format!("{}@", number()),
            receivers: vec![receiver],
            description: String::new(),
        };
        let options = ProfitSharingOptions { appid: None, unfreeze_unsplit: false };
        let shared = sharing.create_profit_sharing_with_options(&request, &options).await?;
        must(shared.receivers.iter().all(|one| one.result == "SUCCESS"), "it was not shared")?;
        let found = sharing.query_profit_sharing(transaction_id, &request.out_order_no).await?;
        must(found.order_id == shared.order_id, "another request")?;
        let rest = ProfitSharingFinishRequest {
            transaction_id: transaction_id.to_owned(),
            out_order_no: number(),
            description: "解冻全部剩余资金".to_owned(),
        };
        let done = sharing.finish_profit_sharing(&rest).await?;
        must(done.receivers.iter().map(|one| one.amount).sum::<u64>() == 69, "another rest")
    }

    pub(crate) async fn strange_number(&self) -> Result<(), Failure> {
        let out_trade_no = format!("{}|*_-", number());
        self.native(&out_trade_no).await?;
        let found = self.client.query().by_out_trade_no(&out_trade_no).await?;
        must(found.trade_state == "NOTPAY", "another state")?;
        self.client.query().close(&out_trade_no).await.map(drop).map_err(Into::into)
    }

    /// A key of nobody here, under the merchant's serial number.
    pub(crate) async fn wrong_key(&self) -> Result<(), Failure> {
        let key = KeyPair::generate(KeySize::Rsa2048).map_err(|error| error.to_string())?;
        let der: Pkcs8V1Der<'_> = key.as_der().map_err(|error| error.to_string())?;
        let text = BASE64_STANDARD.encode(der.as_ref());
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
        let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
        let own = ReqwestHttpClient::builder().build()?;
        let http = Elsewhere { api: self.sandbox.text("/api"), own };
        let config = config(&self.sandbox, Kind::PublicKey, pem.into_bytes())?;
        let stranger = WxPayClient::builder().config(config).http_client(http).build().await?;
        match stranger.query().by_out_trade_no(&number()).await {
            Err(WxPayError::ApiError { code, .. }) => must(code == "SIGN_ERROR", &code),
            Err(other) => Err(other.into()),
            Ok(_) => Err("it was not refused".into()),
        }
    }

    /// The SDK downloads certificates when it is told to, or at an interval. What the old one has signed stays good.
    pub(crate) async fn rotation(&mut self) -> Result<(), Failure> {
        let (before, id) = self.paid(&PaymentOptions::default()).await?;
        let listed = self.sandbox.replace_certificate("rotate").await?;
        self.client.query().by_transaction_id(&id).await?;
        let renew = self.renew.as_ref().ok_or("there are no certificates")?;
        must(renew.download().await?.len() == 2, "another number of certificates")?;
        self.sandbox.replace_certificate("switch").await?;
        self.client.query().by_transaction_id(&id).await?;
        let (after, _) = self.paid(&PaymentOptions::default()).await?;
        self.transaction(&before).await?;
        must(
            [&before, &after].map(|notice| notice.header("wechatpay-serial")) == listed,
            "another serial number",
        )
    }
}
