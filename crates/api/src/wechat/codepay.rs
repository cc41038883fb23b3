//! `POST /v3/pay/transactions/codepay`: a shop has scanned a payment code; and reversing what came of it.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::json;
use tongbao_channel::wechat::error::{Code, InternalCode, Location, Refusal};
use tongbao_core::{
    Facts, Key, Refusal as CoreRefusal, Want,
    payment::create::NewPayment,
    payment_code::is_code,
    wechat::{
        codepay::{self, NewCodeOrder, Reversed, Scanned},
        order::{OrderTerms, TradeType},
    },
};
use tongbao_money::{Currency, Money};

use super::{
    Door, Number,
    answer::Answer,
    auth::{Call, unknown_merchant},
    fields::{amount, currency, of_error, optional, out_trade_no, text, unexpected, wrong},
    goods::{self, Goods},
    number,
    orders::{TransactionBody, not_exist},
    place::{OrderAmount, Settle, compact, not_bound},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScanCode {
    appid: String,
    mchid: String,
    description: String,
    out_trade_no: String,
    attach: Option<String>,
    goods_tag: Option<String>,
    support_fapiao: Option<bool>,
    payer: CodePayer,
    amount: OrderAmount,
    scene_info: CodeScene,
    detail: Option<CodeDetail>,
    settle_info: Option<Settle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CodePayer {
    auth_code: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeScene {
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_ip: Option<String>,
    store_info: CodeStore,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeStore {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeDetail {
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_price: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_detail: Option<Vec<CodeGoods>>,
}

/// The same line as in other orders, but for the name of one field.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CodeGoods {
    merchant_goods_id: String,
    #[serde(skip_serializing_if = "Option::is_none", alias = "wechatpay_goods_id")]
    wxpay_goods_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_name: Option<String>,
    quantity: u32,
    unit_price: i64,
}

impl CodeScene {
    fn check(&self) -> Result<(), Refusal> {
        optional("/scene_info/device_id", self.device_id.as_ref(), 32)?;
        optional("/scene_info/device_ip", self.device_ip.as_ref(), 45)?;
        let CodeStore { id, out_id } = &self.store_info;
        optional("/scene_info/store_info/id", id.as_ref(), 32)?;
        optional("/scene_info/store_info/out_id", out_id.as_ref(), 256)?;
        if id.as_ref().is_some_and(|id| !id.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(wrong("/scene_info/store_info/id", "只能是数字", Location::Body));
        }
        if id.is_none() && out_id.is_none() {
            return Err(wrong("/scene_info/store_info", "须有id或out_id", Location::Body));
        }
        Ok(())
    }
}

impl CodeDetail {
    fn check(&self) -> Result<(), Refusal> {
        goods::check(self.invoice_id.as_ref(), self.cost_price, self.goods_detail.as_deref())
    }
}

impl<'a> From<&'a CodeGoods> for Goods<'a> {
    fn from(line: &'a CodeGoods) -> Goods<'a> {
        Goods {
            merchant_id: &line.merchant_goods_id,
            platform_id: ("wxpay_goods_id", line.wxpay_goods_id.as_ref()),
            name: line.goods_name.as_ref(),
            quantity: line.quantity,
            unit_price: line.unit_price,
        }
    }
}

impl ScanCode {
    fn check(&self) -> Result<(), Refusal> {
        text("/appid", &self.appid, 32)?;
        text("/mchid", &self.mchid, 32)?;
        text("/description", &self.description, 127)?;
        out_trade_no("/out_trade_no", &self.out_trade_no, Location::Body)?;
        optional("/attach", self.attach.as_ref(), 128)?;
        optional("/goods_tag", self.goods_tag.as_ref(), 32)?;
        currency("/amount/currency", self.amount.currency.as_deref().unwrap_or("CNY"))?;
        if !is_code(&self.payer.auth_code) {
            let must = "须为18位数字，且以10至15开头";
            return Err(wrong("/payer/auth_code", must, Location::Body));
        }
        self.scene_info.check()?;
        self.detail.as_ref().map_or(Ok(()), CodeDetail::check)
    }

    fn read(self, door: &Door, by_public_key: bool) -> Result<NewCodeOrder, Refusal> {
        self.check()?;
        let engine = &door.api.engine;
        let total = amount("/amount/total", self.amount.total)?;
        let payment = NewPayment {
            order_no: self.out_trade_no,
            money: Money { amount: total, currency: Currency::CNY },
            description: self.description,
            items: Vec::new(),
            metadata: BTreeMap::new(),
            notify_url: None,
            return_url: None,
            expires_in_s: 0,
        };
        let terms = OrderTerms {
            mchid: self.mchid,
            appid: self.appid,
            trade_type: TradeType::Micropay,
            openid: None,
            attach: self.attach,
            goods_tag: self.goods_tag,
            support_fapiao: self.support_fapiao,
            detail: self.detail.as_ref().map(compact),
            scene_info: Some(compact(&self.scene_info)),
            device_id: self.scene_info.device_id,
            profit_sharing: self.settle_info.and_then(|settle| settle.profit_sharing),
        };
        let code = engine.payment_code_digest(&self.payer.auth_code);
        Ok(NewCodeOrder { payment, terms, code, by_public_key, sandbox: engine.is_sandbox() })
    }
}

/// `POST /v3/pay/transactions/codepay`.
pub(super) async fn scan(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let body: ScanCode = call.json()?;
    call.require_own(&body.mchid)?;
    let new = body.read(&door, call.by_public_key)?;
    let record = &call.merchant.record;
    let want = vec![
        Want::Key(Key::WechatMerchant(record.mchid.clone())),
        Want::Key(Key::PaymentCode(new.code)),
        Want::Key(Key::OrderNo(record.merchant, new.payment.order_no.clone())),
        Want::Key(Key::Sandbox),
        Want::Record(record.app.into()),
        Want::Record(record.merchant.into()),
    ];
    let decide = move |facts: &dyn Facts, cx: &mut _| codepay::scan(facts, cx, &new);
    let scanned = door.api.engine.step_wanting(call.input("scan_payment_code"), want, decide).await;
    answer(&door, scanned.map_err(|error| of_error(&error, unpayable))?)
}

/// Why the payer of a code cannot pay by it, in words that a shop may show.
fn unpayable(refusal: &CoreRefusal) -> Refusal {
    match refusal {
        CoreRefusal::PayerFrozen | CoreRefusal::NotFound("payer") => {
            Refusal::new(Code::AccountError, "用户账户异常，请换一种付款方式")
        }
        CoreRefusal::IdentityRequired => {
            Refusal::new(Code::RuleLimit, "用户未完成实名认证，请换一种付款方式")
        }
        CoreRefusal::LimitReached { .. } | CoreRefusal::PaymentsUsedUp => {
            Refusal::new(Code::RuleLimit, "超出用户的支付限额，请换一种付款方式")
        }
        other => unexpected(other),
    }
}

fn answer(door: &Door, scanned: Scanned) -> Result<Answer, Refusal> {
    let refuse = |code, text: &'static str| Refusal::new(code, text);
    Err(match scanned {
        Scanned::Order(payment) => {
            let body = TransactionBody::of(&door.api.engine, &payment).ok_or_else(not_exist)?;
            return Ok(Answer::json(&body));
        }
        Scanned::NotEnough => refuse(Code::NotEnough, "用户余额不足，请换一种付款方式后刷新付款码"),
        Scanned::UnknownMerchant => unknown_merchant(),
        Scanned::AppidNotBound => not_bound(),
        Scanned::Differs => refuse(Code::InvalidRequest, "请求重入时，参数与首次请求时不一致")
            .numbered(InternalCode::REENTRY_DIFFERS),
        Scanned::Taken => refuse(Code::OutTradeNoUsed, "商户订单号重复"),
        Scanned::Paid => refuse(Code::InvalidRequest, "该订单已支付").numbered(InternalCode::REENTRY_PAID),
        Scanned::Paying => refuse(Code::UserPaying, "用户支付中，请稍后再试").at(400),
        Scanned::Over => refuse(Code::OrderClosed, "该订单已失效"),
        Scanned::UnknownCode => refuse(Code::InvalidRequest, "付款码无效，请用户刷新后重新扫码"),
        Scanned::UsedCode => refuse(Code::InvalidRequest, "付款码已使用，请用户刷新后重新扫码"),
        Scanned::ExpiredCode => refuse(Code::InvalidRequest, "付款码已过期，请用户刷新后重新扫码"),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reverse {
    appid: String,
    mchid: String,
}

/// `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/reverse`.
pub(super) async fn reverse(door: Arc<Door>, call: Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("out_trade_no", path)?;
    out_trade_no("out_trade_no", &number, Location::Path)?;
    let Reverse { appid, mchid } = call.json()?;
    text("/appid", &appid, 32)?;
    call.require_own(&mchid)?;
    let body = json!({ "appid": appid, "mchid": mchid, "out_trade_no": number });
    let decide = move |facts: &dyn Facts, cx: &mut _| codepay::reverse(facts, cx, (&mchid, &appid), &number);
    let refused = |refusal: &CoreRefusal| match refusal {
        CoreRefusal::MerchantBalance => Refusal::new(Code::NotEnough, "基本账户余额不足，请充值后重新发起"),
        other => unexpected(other),
    };
    let reversed = door.api.engine.step(call.input("reverse_order"), decide).await;
    let refuse = |code, text: &'static str| Err(Refusal::new(code, text));
    match reversed.map_err(|error| of_error(&error, refused))? {
        Reversed::Done => Ok(Answer::json(&body)),
        Reversed::Unknown => Err(not_exist()),
        Reversed::NotFromCode => refuse(Code::InvalidRequest, "非付款码支付订单，请使用关单或退款接口"),
        Reversed::OtherApp => Err(not_bound()),
        Reversed::Paying => Err(Refusal::new(Code::UserPaying, "用户支付中，请稍后再试").at(400)),
        Reversed::Refunded => refuse(Code::InvalidRequest, "订单已发生退款，不能撤销"),
        Reversed::TooLate => refuse(Code::InvalidRequest, "支付超过7天的订单不能撤销，请使用退款接口"),
    }
}
