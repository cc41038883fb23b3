//! `/v3/combine-transactions/…`: placing, querying and closing a combined order, and its notification.

mod body;

use std::{collections::BTreeSet, sync::Arc};

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    error::{Code, InternalCode, Location, Refusal},
    time,
};
use tongbao_core::{
    ChangeSet, Facts, Key, Time, Want,
    limits::{WECHAT_COMBINED_SUB_ORDERS_MAX, WECHAT_COMBINED_SUB_ORDERS_MIN, WECHAT_SUB_ORDER_AMOUNT_MAX},
    wechat::{
        combine::{self, Closed, CombinedPicture, CombinedTerms, NewCombinedOrder, NewSubOrder, Placed},
        order::TradeType,
    },
};

use super::{
    Door, Number,
    answer::Answer,
    auth::{Call, unknown_merchant},
    fields::{amount, currency, notify_url, of_error, optional, out_trade_no, text, unexpected, wrong},
    number,
    orders::not_exist,
    place::{H5, OrderPayer, compact, extra, not_bound, to_pay_with},
};

pub(super) use body::CombinedBody;

/// Characters of a part's goods.
const DETAIL_CHARS_MAX: usize = 6_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceCombined {
    combine_appid: String,
    combine_mchid: String,
    combine_out_trade_no: String,
    scene_info: Option<Scene>,
    sub_orders: Vec<PlaceSub>,
    combine_payer_info: Option<OrderPayer>,
    time_start: Option<String>,
    time_expire: Option<String>,
    notify_url: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scene {
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    payer_client_ip: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    h5_info: Option<H5>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlaceSub {
    mchid: String,
    attach: String,
    amount: SubAmount,
    out_trade_no: String,
    goods_tag: Option<String>,
    description: String,
    detail: Option<String>,
    settle_info: Option<Settle>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubAmount {
    total_amount: i64,
    currency: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settle {
    profit_sharing: Option<bool>,
    subsidy_amount: Option<i64>,
}

/// The number of a whole: like an order number, but it may have two characters only.
fn combine_out_trade_no(field: &str, value: &str, location: Location) -> Result<(), Refusal> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte);
    let fits = (2..=32).contains(&value.len()) && value.bytes().all(known);
    let must = "须为2至32个字符，只能是数字、大小写字母及_-|*";
    if fits { Ok(()) } else { Err(wrong(field, must, location)) }
}

fn moment(field: &str, value: Option<&String>) -> Result<Option<Time>, Refusal> {
    let must = "须为RFC 3339格式，如2018-06-08T10:34:56+08:00";
    value.map(|text| time::parse(text).ok_or_else(|| wrong(field, must, Location::Body))).transpose()
}

impl Scene {
    fn check(&self, trade_type: TradeType) -> Result<(), Refusal> {
        text("/scene_info/payer_client_ip", &self.payer_client_ip, 45)?;
        optional("/scene_info/device_id", self.device_id.as_ref(), 32)?;
        match (trade_type, &self.h5_info) {
            (TradeType::H5, None) => Err(Refusal::missing("/scene_info/h5_info", Location::Body)),
            (TradeType::H5, Some(h5)) => h5.check(),
            (_, Some(_)) => Err(extra("/scene_info/h5_info")),
            (_, None) => Ok(()),
        }
    }
}

impl PlaceSub {
    fn read(self, at: usize) -> Result<NewSubOrder, Refusal> {
        let field = |name: &str| format!("/sub_orders/{at}/{name}");
        text(&field("mchid"), &self.mchid, 32)?;
        text(&field("attach"), &self.attach, 128)?;
        let total = amount(&field("amount/total_amount"), self.amount.total_amount)?;
        if total > WECHAT_SUB_ORDER_AMOUNT_MAX {
            let too_much = wrong(&field("amount/total_amount"), "不能超过1000万元", Location::Body);
            return Err(too_much.numbered(InternalCode::OUT_OF_RANGE));
        }
        currency(&field("amount/currency"), &self.amount.currency)?;
        out_trade_no(&field("out_trade_no"), &self.out_trade_no, Location::Body)?;
        optional(&field("goods_tag"), self.goods_tag.as_ref(), 128)?;
        text(&field("description"), &self.description, 127)?;
        let fits = |detail: &String| (1..=DETAIL_CHARS_MAX).contains(&detail.chars().count());
        if !self.detail.as_ref().is_none_or(fits) {
            return Err(wrong(&field("detail"), "须为1至6000个字符", Location::Body));
        }
        if self.settle_info.as_ref().and_then(|settle| settle.subsidy_amount).is_some_and(|sum| sum != 0) {
            return Err(wrong(&field("settle_info/subsidy_amount"), "须为0：不支持补差", Location::Body));
        }
        Ok(NewSubOrder {
            mchid: self.mchid,
            out_trade_no: self.out_trade_no,
            amount: total,
            description: self.description,
            attach: self.attach,
            goods_tag: self.goods_tag,
            detail: self.detail,
            profit_sharing: self.settle_info.and_then(|settle| settle.profit_sharing),
        })
    }
}

impl PlaceCombined {
    fn check(&self, trade_type: TradeType) -> Result<(), Refusal> {
        text("/combine_appid", &self.combine_appid, 32)?;
        text("/combine_mchid", &self.combine_mchid, 32)?;
        combine_out_trade_no("/combine_out_trade_no", &self.combine_out_trade_no, Location::Body)?;
        if let Some(scene) = &self.scene_info {
            scene.check(trade_type)?;
        }
        let count = WECHAT_COMBINED_SUB_ORDERS_MIN..=WECHAT_COMBINED_SUB_ORDERS_MAX;
        if !count.contains(&self.sub_orders.len()) {
            return Err(wrong("/sub_orders", "须有2至10笔子单", Location::Body));
        }
        let mut numbers = BTreeSet::new();
        if !self.sub_orders.iter().all(|sub| numbers.insert((&sub.mchid, &sub.out_trade_no))) {
            return Err(wrong("/sub_orders", "中的商户订单号重复", Location::Body));
        }
        match (trade_type, &self.combine_payer_info, &self.scene_info) {
            (TradeType::Jsapi, None, _) => {
                let field = "/combine_payer_info/openid";
                let missing = Refusal::parameter(field, "JSAPI支付必须传openid", Location::Body);
                Err(missing.numbered(InternalCode::OPENID_MISSING))
            }
            (TradeType::Native | TradeType::App | TradeType::H5, Some(_), _) => {
                Err(extra("/combine_payer_info"))
            }
            (TradeType::H5, _, None) => Err(Refusal::missing("/scene_info", Location::Body)),
            _ => Ok(()),
        }
    }

    fn read(
        self,
        door: &Door,
        trade_type: TradeType,
        by_public_key: bool,
    ) -> Result<NewCombinedOrder, Refusal> {
        self.check(trade_type)?;
        notify_url("/notify_url", &self.notify_url, door.api.engine.mode.webhook_policy())?;
        moment("/time_start", self.time_start.as_ref())?;
        let time_expire = moment("/time_expire", self.time_expire.as_ref())?;
        let sub_orders = self.sub_orders.into_iter().enumerate().map(|(at, sub)| sub.read(at));
        let terms = CombinedTerms {
            mchid: self.combine_mchid,
            appid: self.combine_appid,
            out_trade_no: self.combine_out_trade_no,
            trade_type,
            openid: self.combine_payer_info.map(|payer| payer.openid),
            scene_info: self.scene_info.as_ref().map(compact),
            device_id: self.scene_info.and_then(|scene| scene.device_id),
            notify_url: self.notify_url,
        };
        let sub_orders = sub_orders.collect::<Result<_, _>>()?;
        Ok(NewCombinedOrder { terms, sub_orders, payer: None, by_public_key, time_expire })
    }
}

/// `POST /v3/combine-transactions/{jsapi,native,app,h5}`.
pub(super) async fn place(door: Arc<Door>, call: Call, trade_type: TradeType) -> Result<Answer, Refusal> {
    let body: PlaceCombined = call.json()?;
    call.require_own(&body.combine_mchid)?;
    let mut new = body.read(&door, trade_type, call.by_public_key)?;
    if !call.merchant.record.appids.contains(&new.terms.appid) {
        return Err(not_bound());
    }
    if let Some(openid) = &new.terms.openid {
        let unknown = || Refusal::parameter("/combine_payer_info/openid", "无效的openid", Location::Body);
        new.payer = Some(door.api.engine.wechat_payer(&new.terms.appid, openid).ok_or_else(unknown)?);
    }
    let merchants = new.sub_orders.iter().map(|sub| Want::Key(Key::WechatMerchant(sub.mchid.clone())));
    let (mchid, whole) = (new.terms.mchid.clone(), new.terms.out_trade_no.clone());
    let own =
        [Want::Key(Key::WechatMerchant(mchid.clone())), Want::Key(Key::WechatCombinedOrder(mchid, whole))];
    let want = own.into_iter().chain(merchants).collect();
    let decide = move |facts: &dyn Facts, cx: &mut _| combine::place(facts, cx, &new);
    let placed = door.api.engine.step_wanting(call.input("place_combined_order"), want, decide).await;
    answer(&door, &call, placed.map_err(|error| of_error(&error, unexpected))?)
}

fn answer(door: &Door, call: &Call, placed: Placed) -> Result<Answer, Refusal> {
    let refuse = |code, text: &'static str| Refusal::new(code, text);
    Err(match placed {
        Placed::Ready(order) => return Ok(to_pay_with(door, order.terms.trade_type, &order.prepay())),
        Placed::UnknownMerchant(mchid) if mchid == call.mchid() => unknown_merchant(),
        Placed::UnknownMerchant(mchid) => {
            Refusal::new(Code::MchNotExists, format!("子单商户号{mchid}不存在"))
                .numbered(InternalCode::MERCHANT_UNUSABLE)
        }
        Placed::AppidNotBound(mchid) if mchid == call.mchid() => not_bound(),
        Placed::AppidNotBound(mchid) => {
            Refusal::new(Code::AppidMchidNotMatch, format!("combine_appid和子单商户号{mchid}不匹配"))
        }
        Placed::Differs => refuse(Code::InvalidRequest, "请求重入时，参数与首次请求时不一致")
            .numbered(InternalCode::REENTRY_DIFFERS),
        Placed::SettlementDiffers => {
            refuse(Code::InvalidRequest, "重复下单且结算信息不一致").numbered(InternalCode::REENTRY_DIFFERS)
        }
        Placed::Taken(number) => Refusal::new(Code::OutTradeNoUsed, format!("子单商户订单号{number}重复")),
        Placed::Paid => refuse(Code::InvalidRequest, "该订单已支付").numbered(InternalCode::REENTRY_PAID),
        Placed::Over => refuse(Code::OrderClosed, "该订单已失效"),
        Placed::TooOften => refuse(Code::FrequencyLimited, "同一订单下单次数过多，请更换合单商户订单号"),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// `GET /v3/combine-transactions/out-trade-no/{combine_out_trade_no}`.
pub(super) async fn get(door: Arc<Door>, call: Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("combine_out_trade_no", path)?;
    combine_out_trade_no("combine_out_trade_no", &number, Location::Path)?;
    let Nothing {} = call.query()?;
    let mchid = call.mchid().to_owned();
    let want = vec![Want::Key(Key::WechatCombinedOrder(mchid.clone(), number.clone()))];
    // A step that changes nothing: records that are read one by one could be of two moments, and a whole that is
    // half paid is never true.
    let look = move |facts: &dyn Facts, _: &mut _| {
        let Some(order) = combine::find(facts, &mchid, &number)? else {
            return Ok((ChangeSet::default(), None));
        };
        let picture = CombinedPicture { order: order.clone(), payments: order.payments(facts)? };
        Ok((ChangeSet::default(), Some(picture)))
    };
    let engine = &door.api.engine;
    let found = engine.step_wanting(call.input("get_combined_order"), want, look).await;
    let picture = found.map_err(|error| of_error(&error, unexpected))?.ok_or_else(not_exist)?;
    Ok(Answer::json(&CombinedBody::of(engine, &picture)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseCombined {
    combine_appid: String,
    sub_orders: Vec<CloseSub>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseSub {
    mchid: String,
    out_trade_no: String,
}

/// `POST /v3/combine-transactions/out-trade-no/{combine_out_trade_no}/close`.
pub(super) async fn close(door: Arc<Door>, call: Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("combine_out_trade_no", path)?;
    combine_out_trade_no("combine_out_trade_no", &number, Location::Path)?;
    let CloseCombined { combine_appid, sub_orders } = call.json()?;
    text("/combine_appid", &combine_appid, 32)?;
    for (at, sub) in sub_orders.iter().enumerate() {
        text(&format!("/sub_orders/{at}/mchid"), &sub.mchid, 32)?;
        out_trade_no(&format!("/sub_orders/{at}/out_trade_no"), &sub.out_trade_no, Location::Body)?;
    }
    let named: Vec<(String, String)> =
        sub_orders.into_iter().map(|sub| (sub.mchid, sub.out_trade_no)).collect();
    let mchid = call.mchid().to_owned();
    let want = vec![Want::Key(Key::WechatCombinedOrder(mchid.clone(), number.clone()))];
    let decide = move |facts: &dyn Facts, cx: &mut _| {
        combine::close(facts, cx, (&mchid, &combine_appid, &number), &named)
    };
    let closed = door.api.engine.step_wanting(call.input("close_combined_order"), want, decide).await;
    match closed.map_err(|error| of_error(&error, unexpected))? {
        Closed::Done => Ok(Answer::nothing()),
        Closed::Unknown => Err(not_exist()),
        Closed::Differs => Err(Refusal::new(Code::InvalidRequest, "子单信息与下单时不一致，请核实后再试")
            .numbered(InternalCode::REENTRY_DIFFERS)),
        Closed::Paid => Err(Refusal::new(Code::OrderPaid, "订单已支付")),
        Closed::Paying => Err(Refusal::new(Code::UserPaying, "用户支付中，请稍后再试").at(400)),
    }
}
