//! Orders: placing one, placing it again, closing it, and the prepay codes under which it is paid.

use serde::{Deserialize, Serialize};

use super::{
    codepay::CodeOrder,
    merchant,
    number::{self, PrepayCode},
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayerId, PaymentId, WechatCombinedOrderId},
    limits::{URL_CHARS_MAX, WECHAT_EXPIRES_IN_S_DEFAULT, WECHAT_EXPIRES_IN_S_MAX, WECHAT_EXPIRES_IN_S_MIN},
    merchant as merchants,
    payment::{
        self, Payment, Status,
        create::{NewPayment, is_text, make},
    },
};

/// How long a prepay id and a code URL can be used: two hours.
pub const PREPAY_LIFE_MS: i64 = 2 * 3_600 * 1_000;
/// How long an H5 URL can be used: five minutes.
pub const H5_LIFE_MS: i64 = 5 * 60 * 1_000;

/// How many prepay codes of an order are remembered.
const PREPAYS_KEPT_MAX: usize = 8;

/// Where the payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradeType {
    /// In a page of WeChat's browser, or a mini program.
    Jsapi,
    /// By scanning a code.
    Native,
    /// In the merchant's app.
    App,
    /// In another browser on a phone.
    H5,
    /// By showing a payment code, which a shop scans.
    Micropay,
}

impl TradeType {
    /// The name in answers.
    pub const fn name(self) -> &'static str {
        match self {
            TradeType::Jsapi => "JSAPI",
            TradeType::Native => "NATIVE",
            TradeType::App => "APP",
            TradeType::H5 => "MWEB",
            TradeType::Micropay => "MICROPAY",
        }
    }
}

/// What was asked for when an order was placed, beside what every payment has. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderTerms {
    /// The merchant number.
    pub mchid: String,
    /// For which official account, mini program or app.
    pub appid: String,
    /// Where it is paid.
    pub trade_type: TradeType,
    /// Who is to pay it, as that app names its users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openid: Option<String>,
    /// Given back with the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attach: Option<String>,
    /// For coupons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goods_tag: Option<String>,
    /// Whether the payer may ask for an invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support_fapiao: Option<bool>,
    /// The goods, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Where the payer is, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scene_info: Option<String>,
    /// The till's number, from the scene.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Whether the money is to be shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profit_sharing: Option<bool>,
}

/// What an order remembers beside what every payment has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatOrder {
    /// What was asked for.
    pub terms: OrderTerms,
    /// Who alone may pay it, if the merchant named an openid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<PayerId>,
    /// Whether who placed it verifies with the public key. Its notifications are then signed with that.
    #[serde(default)]
    pub by_public_key: bool,
    /// Until when it may be paid, if the merchant said so. The first prepay alone sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_expire: Option<Time>,
    /// The platform's number of it (微信支付订单号), shown once it is paid.
    pub transaction_id: String,
    /// Names it in prepay codes; empty if it has none.
    pub prepay_token: String,
    /// How many prepay codes it was given.
    pub prepays: u16,
    /// When the latest of them were given, oldest first.
    pub prepaid_at: Vec<Time>,
    /// Of which combined order it is a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub combined: Option<WechatCombinedOrderId>,
    /// What it remembers if it was made from a payment code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CodeOrder>,
}

/// A prepay code and when it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepay {
    /// The code.
    pub code: PrepayCode,
    /// When.
    pub given_at: Time,
}

/// Why a prepay code does not lead to its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrepayOver {
    /// Another has taken its place, or it was never given.
    Replaced,
    /// Its time is over.
    Expired,
}

impl WechatOrder {
    /// The code to pay it with, given last.
    pub fn prepay_code(&self) -> PrepayCode {
        self.prepay().code
    }

    /// The same, and when it was given.
    pub fn prepay(&self) -> Prepay {
        latest_prepay(&self.prepay_token, self.prepays, &self.prepaid_at)
    }

    /// Whether this code leads to it now. A code to scan is replaced by the next one; others live side by side.
    pub fn check_code(&self, code: &PrepayCode, at: Time) -> Result<(), PrepayOver> {
        check_code(self.terms.trade_type, self.prepays, &self.prepaid_at, code, at)
    }

    /// The keys it adds to those of its payment.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        let prepay = (!self.prepay_token.is_empty()).then(|| Key::WechatPrepay(self.prepay_token.clone()));
        std::iter::once(Key::WechatTransaction(self.transaction_id.clone())).chain(prepay)
    }
}

/// The code given last of an order with this token.
pub(super) fn latest_prepay(token: &str, prepays: u16, prepaid_at: &[Time]) -> Prepay {
    let code = PrepayCode { token: token.to_owned(), sequence: prepays };
    Prepay { code, given_at: prepaid_at.last().copied().unwrap_or_default() }
}

/// Whether a code can be used that was given as one of so many, the latest of them at these times.
pub(super) fn check_code(
    trade_type: TradeType,
    prepays: u16,
    prepaid_at: &[Time],
    code: &PrepayCode,
    at: Time,
) -> Result<(), PrepayOver> {
    let age = prepays.checked_sub(code.sequence).ok_or(PrepayOver::Replaced)?;
    let newest_first = prepaid_at.iter().rev();
    let given = newest_first.copied().nth(usize::from(age)).ok_or(PrepayOver::Replaced)?;
    let (replaced, life_ms) = match trade_type {
        TradeType::Native => (age > 0, PREPAY_LIFE_MS),
        TradeType::Jsapi | TradeType::App => (false, PREPAY_LIFE_MS),
        TradeType::H5 => (false, H5_LIFE_MS),
        // It has none.
        TradeType::Micropay => (true, 0),
    };
    if replaced {
        return Err(PrepayOver::Replaced);
    }
    if at.since_ms(given) < life_ms { Ok(()) } else { Err(PrepayOver::Expired) }
}

/// Count and times of prepay codes after one more is given; none if there can be no more.
pub(super) fn with_prepay(prepays: u16, prepaid_at: &[Time], at: Time) -> Option<(u16, Vec<Time>)> {
    let older = prepaid_at.len().saturating_add(1).saturating_sub(PREPAYS_KEPT_MAX);
    let kept = prepaid_at.iter().skip(older).copied().chain([at]);
    Some((prepays.checked_add(1)?, kept.collect()))
}

/// Until when an order may be paid that is placed now, moved into the limits; and for how many seconds it is open:
/// it is closed after seven days, or when it can no longer be paid, whichever is later.
pub(super) fn opening(now: Time, time_expire: Option<Time>) -> (Option<Time>, i64) {
    let limits = (now.plus_s(WECHAT_EXPIRES_IN_S_MIN), now.plus_s(WECHAT_EXPIRES_IN_S_MAX));
    let time_expire = time_expire.map(|until| until.clamp(limits.0, limits.1));
    let open_s = time_expire.map_or(0, |until| until.since_ms(now).div_euclid(1_000).saturating_add(1));
    (time_expire, open_s.max(WECHAT_EXPIRES_IN_S_DEFAULT))
}

/// An order to be placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// What every payment has. `expires_in_s` is not looked at: see `time_expire`.
    pub payment: NewPayment,
    /// What this interface has beside it.
    pub terms: OrderTerms,
    /// Whom the openid names.
    pub payer: Option<PayerId>,
    /// Whether who places it verifies with the public key.
    pub by_public_key: bool,
    /// Until when it may be paid.
    pub time_expire: Option<Time>,
}

/// What became of placing an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placed {
    /// It can be paid: it is new, or the same was asked for again and has a fresh prepay code.
    Ready(Box<Payment>),
    /// There is no such merchant.
    UnknownMerchant,
    /// The appid is not bound to the merchant.
    AppidNotBound,
    /// The order number was used with other parameters.
    Differs,
    /// The order number belongs to a payment that was not made through this interface, or to another merchant number.
    Taken,
    /// The order is paid.
    Paid,
    /// The order is closed, or its time is over.
    Over,
    /// The order was placed again more often than there are codes.
    TooOften,
}

/// Places an order, or gives the one that was placed before a fresh prepay code.
pub fn place(facts: &dyn Facts, cx: &mut Context, new: &NewOrder) -> Result<(ChangeSet, Placed), Stop> {
    let none = |placed| Ok((ChangeSet::default(), placed));
    new.payment.check_content()?;
    let merchant = match merchant::known(facts, &new.terms.mchid) {
        Err(Stop::Refuse(Refusal::NotFound(_))) => return none(Placed::UnknownMerchant),
        known => known?,
    };
    if !merchant.appids.contains(&new.terms.appid) {
        return none(Placed::AppidNotBound);
    }
    let number = Key::OrderNo(merchant.merchant, new.payment.order_no.clone());
    if let Some(earlier) = facts.find::<Payment>(&number)? {
        return Ok(place_again(cx, earlier, new));
    }
    let app = merchants::app(facts, merchant.app)?;
    let now = cx.at();
    let (time_expire, expires_in_s) = opening(now, new.time_expire);
    let payment = NewPayment { expires_in_s, ..new.payment.clone() };
    let mut change = ChangeSet::default();
    let made = make(facts, cx, &mut change, app, &payment, |facts, id| {
        Ok(Some(Box::new(WechatOrder {
            terms: new.terms.clone(),
            payer: new.payer,
            by_public_key: new.by_public_key,
            time_expire,
            transaction_id: number::transaction_id(facts, id.into())?,
            prepay_token: number::prepay_token(facts, id.into())?,
            prepays: 1,
            prepaid_at: vec![now],
            combined: None,
            code: None,
        })))
    })?;
    Ok((change, Placed::Ready(Box::new(made))))
}

/// The rules of re-entry: first what became of the order, then whether it is the same.
fn place_again(cx: &Context, earlier: &Payment, new: &NewOrder) -> (ChangeSet, Placed) {
    let none = |placed| (ChangeSet::default(), placed);
    let order = earlier.wechat.as_ref().filter(|_| earlier.is_single_order_of(&new.terms.mchid));
    let Some(order) = order else { return none(Placed::Taken) };
    match earlier.status {
        Status::Succeeded => return none(Placed::Paid),
        Status::Closed => return none(Placed::Over),
        Status::Open | Status::Processing if cx.at() >= earlier.payable_until() => return none(Placed::Over),
        Status::Open | Status::Processing => {}
    }
    // `time_expire` is not compared: the first one stands.
    let same = order.terms == new.terms
        && earlier.money == new.payment.money
        && earlier.description == new.payment.description
        && earlier.notify_url == new.payment.notify_url;
    if !same {
        return none(Placed::Differs);
    }
    let Some((prepays, prepaid_at)) = with_prepay(order.prepays, &order.prepaid_at, cx.at()) else {
        return none(Placed::TooOften);
    };
    let order = WechatOrder { prepays, prepaid_at, ..(**order).clone() };
    let version = earlier.version.saturating_add(1);
    let payment = Payment { version, wechat: Some(Box::new(order)), ..earlier.clone() };
    let mut change = ChangeSet::default();
    change.put(payment.clone());
    (change, Placed::Ready(Box::new(payment)))
}

/// Keeps where the payer of an H5 order goes afterwards (`redirect_url`). The first address stands; one that comes when
/// the order cannot be paid any more, or for an order of another kind, changes nothing.
pub fn return_to(facts: &dyn Facts, id: PaymentId, url: &str) -> Result<ChangeSet, Stop> {
    let web = url.starts_with("https://") || url.starts_with("http://");
    if !web || !is_text(url, URL_CHARS_MAX) {
        let must = "an http or https URL of at most 2048 characters";
        return Err(Refusal::Invalid { param: "redirect_url", must }.into());
    }
    let now = payment::steps::known(facts, id)?;
    let is_h5 = now.wechat.as_ref().is_some_and(|order| order.terms.trade_type == TradeType::H5);
    let mut change = ChangeSet::default();
    if is_h5 && now.status == Status::Open && now.return_url.is_none() {
        let version = now.version.saturating_add(1);
        change.put(Payment { version, return_url: Some(url.to_owned()), ..now.clone() });
    }
    Ok(change)
}

/// What became of closing an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed, now or before.
    Done,
    /// There is no such order.
    Unknown,
    /// It is paid.
    Paid,
    /// An attempt's result is not known.
    Paying,
    /// It was made from a payment code: it is reversed.
    MustReverse,
}

/// Closes an order.
pub fn close(
    facts: &dyn Facts,
    cx: &mut Context,
    mchid: &str,
    out_trade_no: &str,
) -> Result<(ChangeSet, Closed), Stop> {
    let none = |closed| Ok((ChangeSet::default(), closed));
    let found = find(facts, mchid, out_trade_no)?;
    let single = found.filter(|payment| payment.is_single_order_of(mchid));
    let Some(payment) = single else { return none(Closed::Unknown) };
    if payment.wechat.as_ref().is_some_and(|order| order.code.is_some()) {
        return none(Closed::MustReverse);
    }
    match payment::steps::close(facts, cx, payment.app, payment.id) {
        Ok((change, _)) => Ok((change, Closed::Done)),
        Err(Stop::Refuse(Refusal::PaymentPaid)) => none(Closed::Paid),
        Err(Stop::Refuse(Refusal::PaymentProcessing)) => none(Closed::Paying),
        Err(stop) => Err(stop),
    }
}

/// The order of this merchant number with this number of its own, also one that is part of a combined order.
pub fn find<'a>(facts: &'a dyn Facts, mchid: &str, out_trade_no: &str) -> Result<Option<&'a Payment>, Stop> {
    let merchant = merchant::known(facts, mchid)?.merchant;
    let found = facts.find::<Payment>(&Key::OrderNo(merchant, out_trade_no.to_owned()))?;
    Ok(found.filter(|payment| payment.is_order_of(mchid)))
}
