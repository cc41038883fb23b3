//! Prepay codes as clients see them: code URLs, prepay ids, H5 URLs; and the way back to the order.

use tongbao_channel::wechat::{message, time};
use tongbao_core::{
    Key,
    facts::Entity,
    id::{PaymentId, WechatCombinedOrderId},
    payment::Payment,
    wechat::{
        WechatCombinedOrder,
        number::PrepayCode,
        order::{Prepay, PrepayOver},
    },
};
use tongbao_store::{Fault, Query};

use crate::Engine;

/// What a code URL begins with.
const CODE_URL: &str = "weixin://wxpay/bizpayurl?pr=";
/// The same in older documents.
const CODE_URL_BEFORE: &str = "weixin://wxpay/bizpayurl/up?pr=";
/// What a prepay id begins with.
const PREPAY_PREFIX: &str = "wx";
/// Digits of the time in a prepay id: `yyyyMMddHHmmss`.
const TIME_DIGITS: usize = 14;

/// The code URL (`code_url`) of an order, for a QR code.
pub fn code_url(prepay: &Prepay) -> String {
    format!("{CODE_URL}{}", prepay.code)
}

/// The prepay id of an order: 36 characters, as WeChat Pay's.
pub fn prepay_id(prepay: &Prepay) -> String {
    let given = time::rfc3339(prepay.given_at);
    let digits = given.chars().filter(char::is_ascii_digit).take(TIME_DIGITS);
    format!("{PREPAY_PREFIX}{}{}", digits.collect::<String>(), prepay.code)
}

/// The prepay code in a code URL, a prepay id, a `package` or an H5 URL; `None` if it is none of these.
fn read(text: &str) -> Option<PrepayCode> {
    let text = text.trim();
    if let Some(code) = text.strip_prefix(CODE_URL).or_else(|| text.strip_prefix(CODE_URL_BEFORE)) {
        return code.parse().ok();
    }
    let in_query = text.split_once('?').and_then(|(_, query)| query.split('&').find_map(message::prepay_id));
    let id = in_query.or_else(|| message::prepay_id(text)).unwrap_or(text);
    let (time, code) = id.strip_prefix(PREPAY_PREFIX)?.split_at_checked(TIME_DIGITS)?;
    if time.bytes().all(|digit| digit.is_ascii_digit()) { code.parse().ok() } else { None }
}

/// Where a text leads that may be a prepay code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// It is none.
    NoCode,
    /// It is one, of no order that we know.
    Unknown,
    /// It cannot be used any more.
    Over(PrepayOver),
    /// This payment.
    Payment(PaymentId),
    /// This combined order.
    Combined(WechatCombinedOrderId),
}

impl Engine {
    /// Where a text leads that may be a code URL, a prepay id, an H5 URL, or a payment code that was scanned.
    pub fn scan_wechat(&self, text: &str) -> Result<Scanned, Fault> {
        let Some(code) = read(text) else {
            // The payer's own code, after a shop has scanned it: the password is typed for that.
            let scanned = self.payment_of_code(text)?;
            return Ok(scanned.map_or(Scanned::NoCode, Scanned::Payment));
        };
        let found = self.store.records(Query::Key(Key::WechatPrepay(code.token.clone())))?;
        let Some(record) = found.first() else { return Ok(Scanned::Unknown) };
        let (checked, leads_to) = if let Some(order) = WechatCombinedOrder::of(record) {
            (order.check_code(&code, self.now()), Scanned::Combined(order.id))
        } else {
            let order = Payment::of(record).and_then(|payment| Some((payment.id, payment.wechat.as_ref()?)));
            let Some((id, order)) = order else { return Ok(Scanned::Unknown) };
            (order.check_code(&code, self.now()), Scanned::Payment(id))
        };
        Ok(checked.map_or_else(Scanned::Over, |()| leads_to))
    }
}
