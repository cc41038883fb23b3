//! `GET /v3/certificates`: the platform's certificates, sealed for the merchant who asks.

use serde::Deserialize;
use tongbao_channel::wechat::{
    certificate::{CertificateList, ListedCertificate},
    envelope::Nonce,
    error::{Code, Location, Refusal},
};
use tongbao_core::wechat::merchant::KeyMode;
use tongbao_store::Fault;

use super::{
    Door,
    answer::Answer,
    auth::Call,
    fields::{of_fault, wrong},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    algorithm_type: Option<String>,
}

fn none() -> Refusal {
    Refusal::new(
        Code::ResourceNotExists,
        "无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥。可查看指引https://pay.weixin.qq.com/docs/merchant/products/platform-certificate/wxp-pub-key-guide.html",
    )
}

pub(super) fn list(door: &Door, call: &Call) -> Result<Answer, Refusal> {
    let algorithm = call.query::<List>()?.algorithm_type;
    match algorithm.as_deref() {
        None | Some("RSA" | "ALL") => {}
        // There are no certificates of the national algorithms here.
        Some("SM2") => return Err(none()),
        Some(_) => return Err(wrong("algorithm_type", "只能是RSA、SM2或ALL", Location::Query)),
    }
    if call.merchant.record.key_mode == KeyMode::PublicKey {
        return Err(none());
    }
    let Some(key) = &call.merchant.api_v3_key else {
        return Err(Refusal::new(Code::InvalidRequest, "请先在商户平台设置APIv3密钥"));
    };
    let engine = &door.api.engine;
    let Some(platform) = engine.wechat_platform().map_err(|fault| of_fault(&fault))? else {
        return Err(none());
    };
    let sealed = platform.listed(engine.clock.world()).map(|certificate| {
        let mut random = [0; 12];
        random.copy_from_slice(&engine.entropy.seed()[..12]);
        ListedCertificate::seal(certificate, key, Nonce::draw(random))
    });
    let data = sealed.collect::<Result<Vec<_>, _>>();
    let data = data.map_err(|error| of_fault(&Fault::Broken(error.to_string())))?;
    Ok(Answer::json(&CertificateList { data }))
}
