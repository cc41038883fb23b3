//! Who asks: the signature over the bytes of a request, and everything that must be right about it.

use std::sync::Arc;

use axum::extract::Request;
use bytes::Bytes;
use http::{
    HeaderMap,
    header::{ACCEPT, AUTHORIZATION, USER_AGENT},
};
use tongbao_channel::wechat::{
    answer::SERIAL,
    authorization::{Authorization, SignError},
    error::{Code, HEADERS_MISSING, InternalCode, MCHID_MISMATCH, Refusal},
    message,
    serial::{KeyName, Serial},
};
use tongbao_core::Actor;
use tongbao_engine::{
    Input,
    wechat::{MerchantKeys, NamedKey},
};
use tongbao_store::Fault;

use super::{
    Door, bills,
    fields::{of_fault, of_problem},
    nonces::Noted,
    transfer_batches,
};
use crate::json::{BODY_BYTES_MAX, read_body};

/// A request whose signature fits.
pub(super) struct Call {
    /// Who asks.
    pub(super) merchant: Arc<MerchantKeys>,
    /// What follows the `?`.
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    /// Whether the caller verifies with the public key, if it has the choice.
    pub(super) by_public_key: bool,
    /// The key that the caller has named: what it encrypted is for that.
    pub(super) platform_key: Option<KeyName>,
    /// The certificate it signed with.
    pub(super) serial: Serial,
    /// The body as it came.
    pub(super) body: Bytes,
    nonce: String,
}

/// The nonce of a request that is being answered.
pub(super) struct Used {
    mchid: String,
    nonce: String,
}

impl Used {
    /// Gives the nonce back if the answer tells the client to come again: some send the same bytes then.
    pub(super) fn after(self, door: &Door, refusal: &Refusal) {
        if refusal.status == 429 || refusal.status >= 500 {
            door.nonces.give_back(&self.mchid, &self.nonce);
        }
    }
}

impl Call {
    /// The merchant number.
    pub(super) fn mchid(&self) -> &str {
        &self.merchant.record.mchid
    }

    /// Refuses a merchant number in a body or query that is not the one that signed.
    pub(super) fn require_own(&self, mchid: &str) -> Result<(), Refusal> {
        if mchid == self.mchid() { Ok(()) } else { Err(Refusal::new(Code::ParamError, MCHID_MISMATCH)) }
    }

    /// The nonce it has used up.
    pub(super) fn used(&self) -> Used {
        Used { mchid: self.mchid().to_owned(), nonce: self.nonce.clone() }
    }

    /// What the change log says of it.
    pub(super) fn input(&self, name: &'static str) -> Input {
        Input { actor: Actor::App(self.merchant.record.app), name }
    }
}

/// Verifies a request. The cheap questions come first, and the memory of nonces last.
pub(super) async fn authenticate(door: &Door, request: Request) -> Result<Call, Refusal> {
    let (parts, body) = request.into_parts();
    if !(parts.headers.contains_key(ACCEPT) && parts.headers.contains_key(USER_AGENT)) {
        return Err(Refusal::new(Code::InvalidRequest, HEADERS_MISSING));
    }
    let authorization = authorization(&parts.headers)?;
    let world = door.api.engine.clock.world();
    authorization.check_time(world).map_err(|error| Refusal::sign(error, None))?;
    let merchant = merchant(door, authorization.mchid())?;
    let verifier = merchant.verifier(authorization.serial(), world);
    let verifier = verifier.ok_or_else(|| Refusal::sign(SignError::Serial, None))?;
    let bytes_max = transfer_batches::body_bytes_max(parts.uri.path()).unwrap_or(BODY_BYTES_MAX);
    let body = read_body(body, bytes_max).await.map_err(|problem| of_problem(&problem))?;
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let signed = message::Request {
        method: parts.method.as_str(),
        target,
        timestamp_s: authorization.timestamp_s(),
        nonce: authorization.nonce(),
        body: &body,
    };
    let fits = verifier.verify_request(&signed, authorization.signature()).or_else(|error| {
        // One SDK signs the whole `download_url`, because it knows the host of WeChat Pay only.
        let whole =
            (parts.uri.path() == bills::DOWNLOAD_PATH).then(|| format!("{}{target}", door.download_base));
        let whole = whole.as_deref().ok_or(error)?;
        let signed = message::Request { target: whole, ..signed };
        verifier.verify_request(&signed, authorization.signature()).map_err(|_| error)
    });
    fits.map_err(|error| Refusal::sign(error, Some(&signed)))?;
    require_new(door, &authorization, world.ms().div_euclid(1_000))?;
    let mchid = authorization.mchid();
    if door.merchants.check(&merchant.record.mchid).is_err() {
        door.nonces.give_back(mchid, authorization.nonce());
        return Err(frequency_limited());
    }
    let nonce = authorization.nonce().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    let platform_key = named_key(&parts.headers);
    let by_public_key = matches!(platform_key, Some(KeyName::PublicKey(_)));
    let serial = authorization.serial();
    let headers = parts.headers.clone();
    Ok(Call { merchant, query, headers, by_public_key, platform_key, serial, body, nonce })
}

/// The one header. Two of them could be read in two ways.
fn authorization(headers: &HeaderMap) -> Result<Authorization<'_>, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Refusal::sign(SignError::Format, None));
    };
    let text = value.to_str().map_err(|_| Refusal::sign(SignError::Format, None))?;
    Authorization::parse(text).map_err(|error| Refusal::sign(error, None))
}

fn merchant(door: &Door, mchid: &str) -> Result<Arc<MerchantKeys>, Refusal> {
    let found = door.api.engine.wechat_merchant(mchid).map_err(|fault| of_fault(&fault))?;
    found.ok_or_else(unknown_merchant)
}

/// There is no merchant with this number.
pub(super) fn unknown_merchant() -> Refusal {
    Refusal::new(Code::MchNotExists, "商户号不存在，请检查商户号").numbered(InternalCode::MERCHANT_UNUSABLE)
}

fn require_new(door: &Door, authorization: &Authorization<'_>, now_s: i64) -> Result<(), Refusal> {
    let noted =
        door.nonces.note(authorization.mchid(), authorization.nonce(), authorization.timestamp_s(), now_s);
    match noted {
        Noted::New => Ok(()),
        Noted::Seen => Err(Refusal::new(
            Code::SignError,
            "Http头Authorization中的nonce_str已被使用过，请为每个请求生成新的随机串",
        )),
        Noted::Full => Err(frequency_limited()),
    }
}

fn frequency_limited() -> Refusal {
    Refusal::new(Code::FrequencyLimited, "请求过于频繁，请稍后再试")
}

/// The key that `Wechatpay-Serial` names. What is no name is no wish.
fn named_key(headers: &HeaderMap) -> Option<KeyName> {
    headers.get(SERIAL).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// The key that signs the answer.
pub(super) fn signer(door: &Door, call: &Call) -> Result<NamedKey, Refusal> {
    let (engine, mode) = (&door.api.engine, call.merchant.record.key_mode);
    let platform = engine.wechat_platform().map_err(|fault| of_fault(&fault))?;
    let signer =
        platform.and_then(|platform| platform.signer(mode, call.by_public_key, engine.clock.world()));
    signer.ok_or_else(|| of_fault(&Fault::Broken("the platform has no key to sign with".to_owned())))
}
