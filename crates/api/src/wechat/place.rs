//! `POST /v3/pay/transactions/{jsapi,native,app,h5}`: placing an order.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tongbao_channel::wechat::{
    error::{Code, InternalCode, Location, Refusal},
    time,
};
use tongbao_core::{
    Key, Want,
    id::PayerId,
    payment::{Payment, create::NewPayment},
    wechat::order::{self, NewOrder, OrderTerms, Placed, Prepay, TradeType},
};
use tongbao_engine::wechat::prepay::{code_url, prepay_id};
use tongbao_money::{Currency, Money};

use super::{
    Door,
    answer::Answer,
    auth::{Call, unknown_merchant},
    fields::{amount, currency, notify_url, of_error, optional, out_trade_no, text, unexpected, wrong},
    goods::{self, Goods},
    h5,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceOrder {
    appid: String,
    mchid: String,
    description: String,
    out_trade_no: String,
    time_expire: Option<String>,
    attach: Option<String>,
    notify_url: String,
    goods_tag: Option<String>,
    support_fapiao: Option<bool>,
    amount: OrderAmount,
    payer: Option<OrderPayer>,
    detail: Option<OrderDetail>,
    scene_info: Option<Scene>,
    settle_info: Option<Settle>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderAmount {
    pub(super) total: i64,
    pub(super) currency: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderPayer {
    pub(super) openid: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settle {
    pub(super) profit_sharing: Option<bool>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderDetail {
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_price: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_detail: Option<Vec<GoodsLine>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoodsLine {
    merchant_goods_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    wechatpay_goods_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_name: Option<String>,
    quantity: u32,
    unit_price: i64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scene {
    payer_client_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store_info: Option<Store>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h5_info: Option<H5>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Store {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    area_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct H5 {
    #[serde(rename = "type")]
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package_name: Option<String>,
}

impl PlaceOrder {
    fn check(&self, trade_type: TradeType) -> Result<(), Refusal> {
        text("/appid", &self.appid, 32)?;
        text("/mchid", &self.mchid, 32)?;
        text("/description", &self.description, 127)?;
        out_trade_no("/out_trade_no", &self.out_trade_no, Location::Body)?;
        optional("/attach", self.attach.as_ref(), 128)?;
        optional("/goods_tag", self.goods_tag.as_ref(), 32)?;
        currency("/amount/currency", self.amount.currency.as_deref().unwrap_or("CNY"))?;
        if let Some(detail) = &self.detail {
            detail.check()?;
        }
        if let Some(scene) = &self.scene_info {
            scene.check(trade_type)?;
        }
        match (trade_type, &self.payer, &self.scene_info) {
            (TradeType::Jsapi, None, _) => {
                let missing = Refusal::parameter("/payer/openid", "JSAPI支付必须传openid", Location::Body);
                Err(missing.numbered(InternalCode::OPENID_MISSING))
            }
            (TradeType::Native | TradeType::App | TradeType::H5, Some(_), _) => Err(extra("/payer")),
            (TradeType::H5, _, None) => Err(Refusal::missing("/scene_info", Location::Body)),
            _ => Ok(()),
        }
    }
}

/// A field that this endpoint does not have.
pub(super) fn extra(field: &str) -> Refusal {
    Refusal::parameter(field, "参数中含有非法的额外参数", Location::Body)
        .numbered(InternalCode::EXTRA_PARAMETER)
}

impl OrderDetail {
    fn check(&self) -> Result<(), Refusal> {
        goods::check(self.invoice_id.as_ref(), self.cost_price, self.goods_detail.as_deref())
    }
}

impl<'a> From<&'a GoodsLine> for Goods<'a> {
    fn from(line: &'a GoodsLine) -> Goods<'a> {
        Goods {
            merchant_id: &line.merchant_goods_id,
            platform_id: ("wechatpay_goods_id", line.wechatpay_goods_id.as_ref()),
            name: line.goods_name.as_ref(),
            quantity: line.quantity,
            unit_price: line.unit_price,
        }
    }
}

impl Scene {
    fn check(&self, trade_type: TradeType) -> Result<(), Refusal> {
        text("/scene_info/payer_client_ip", &self.payer_client_ip, 45)?;
        optional("/scene_info/device_id", self.device_id.as_ref(), 32)?;
        if let Some(store) = &self.store_info {
            text("/scene_info/store_info/id", &store.id, 32)?;
            optional("/scene_info/store_info/name", store.name.as_ref(), 256)?;
            optional("/scene_info/store_info/area_code", store.area_code.as_ref(), 32)?;
            optional("/scene_info/store_info/address", store.address.as_ref(), 512)?;
        }
        match (trade_type, &self.h5_info) {
            (TradeType::H5, None) => Err(Refusal::missing("/scene_info/h5_info", Location::Body)),
            (TradeType::H5, Some(h5)) => h5.check(),
            (_, Some(_)) => Err(extra("/scene_info/h5_info")),
            (_, None) => Ok(()),
        }
    }
}

impl H5 {
    pub(super) fn check(&self) -> Result<(), Refusal> {
        text("/scene_info/h5_info/type", &self.kind, 32)?;
        optional("/scene_info/h5_info/app_name", self.app_name.as_ref(), 64)?;
        optional("/scene_info/h5_info/app_url", self.app_url.as_ref(), 128)?;
        optional("/scene_info/h5_info/bundle_id", self.bundle_id.as_ref(), 128)?;
        optional("/scene_info/h5_info/package_name", self.package_name.as_ref(), 128)
    }
}

/// The same content always becomes the same text.
pub(super) fn compact(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers always become JSON")
}

impl PlaceOrder {
    fn read(self, door: &Door, trade_type: TradeType, by_public_key: bool) -> Result<NewOrder, Refusal> {
        let engine = &door.api.engine;
        self.check(trade_type)?;
        let total = amount("/amount/total", self.amount.total)?;
        notify_url("/notify_url", &self.notify_url, engine.mode.webhook_policy())?;
        let moment = |text: &String| {
            let must = "须为RFC 3339格式，如2018-06-08T10:34:56+08:00";
            time::parse(text).ok_or_else(|| wrong("/time_expire", must, Location::Body))
        };
        let openid = self.payer.map(|payer| payer.openid);
        let payment = NewPayment {
            order_no: self.out_trade_no,
            money: Money { amount: total, currency: Currency::CNY },
            description: self.description,
            items: Vec::new(),
            metadata: BTreeMap::new(),
            notify_url: Some(self.notify_url),
            return_url: None,
            expires_in_s: 0,
        };
        let terms = OrderTerms {
            mchid: self.mchid,
            appid: self.appid,
            trade_type,
            openid,
            attach: self.attach,
            goods_tag: self.goods_tag,
            support_fapiao: self.support_fapiao,
            detail: self.detail.as_ref().map(compact),
            scene_info: self.scene_info.as_ref().map(compact),
            device_id: self.scene_info.and_then(|scene| scene.device_id),
            profit_sharing: self.settle_info.and_then(|settle| settle.profit_sharing),
        };
        let time_expire = self.time_expire.as_ref().map(moment).transpose()?;
        Ok(NewOrder { payment, terms, payer: None, by_public_key, time_expire })
    }
}

pub(super) async fn place(door: Arc<Door>, call: Call, trade_type: TradeType) -> Result<Answer, Refusal> {
    let body: PlaceOrder = call.json()?;
    call.require_own(&body.mchid)?;
    let mut new = body.read(&door, trade_type, call.by_public_key)?;
    // An appid that is not bound has no openids either: the first of the two is the one to mend.
    if !call.merchant.record.appids.contains(&new.terms.appid) {
        return Err(not_bound());
    }
    new.payer = payer(&door, &new.terms)?;
    let record = &call.merchant.record;
    let want = vec![
        Want::Key(Key::WechatMerchant(record.mchid.clone())),
        Want::Key(Key::OrderNo(record.merchant, new.payment.order_no.clone())),
        Want::Record(record.app.into()),
        Want::Record(record.merchant.into()),
    ];
    let decide = move |facts: &dyn tongbao_core::Facts, cx: &mut _| order::place(facts, cx, &new);
    let placed = door.api.engine.step_wanting(call.input("place_order"), want, decide).await;
    answer(&door, placed.map_err(|error| of_error(&error, unexpected))?)
}

/// Whom the openid names.
fn payer(door: &Door, terms: &OrderTerms) -> Result<Option<PayerId>, Refusal> {
    let Some(openid) = &terms.openid else { return Ok(None) };
    let unknown = || Refusal::parameter("/payer/openid", "无效的openid", Location::Body);
    door.api.engine.wechat_payer(&terms.appid, openid).map(Some).ok_or_else(unknown)
}

pub(super) fn not_bound() -> Refusal {
    Refusal::new(Code::AppidMchidNotMatch, "appid和mch_id不匹配，请检查后再试")
}

fn answer(door: &Door, placed: Placed) -> Result<Answer, Refusal> {
    let refuse = |code, text: &'static str| Refusal::new(code, text);
    Err(match placed {
        Placed::Ready(payment) => return Ok(ready(door, &payment)),
        Placed::UnknownMerchant => unknown_merchant(),
        Placed::AppidNotBound => not_bound(),
        Placed::Differs => refuse(Code::InvalidRequest, "请求重入时，参数与首次请求时不一致")
            .numbered(InternalCode::REENTRY_DIFFERS),
        Placed::Taken => refuse(Code::OutTradeNoUsed, "商户订单号重复"),
        Placed::Paid => refuse(Code::InvalidRequest, "该订单已支付").numbered(InternalCode::REENTRY_PAID),
        Placed::Over => refuse(Code::OrderClosed, "该订单已失效"),
        Placed::TooOften => refuse(Code::FrequencyLimited, "同一订单下单次数过多，请更换商户订单号"),
    })
}

fn ready(door: &Door, payment: &Payment) -> Answer {
    let Some(order) = &payment.wechat else { return Answer::json(&json!({})) };
    to_pay_with(door, order.terms.trade_type, &order.prepay())
}

/// What the payer's client is given to pay an order with.
pub(super) fn to_pay_with(door: &Door, trade_type: TradeType, prepay: &Prepay) -> Answer {
    Answer::json(&match trade_type {
        TradeType::Jsapi | TradeType::App => json!({ "prepay_id": prepay_id(prepay) }),
        TradeType::Native => json!({ "code_url": code_url(prepay) }),
        TradeType::H5 => json!({ "h5_url": h5::url(&door.api.base_url, prepay) }),
        // Nothing is placed that way: a code is scanned, and the answer is the order.
        TradeType::Micropay => json!({}),
    })
}
