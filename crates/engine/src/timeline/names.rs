//! By which names requests and answers speak of a payment.

use tongbao_core::{
    id::MerchantId,
    payment::Payment,
    refund::{Origin, Refund},
};

use crate::exchange::{Exchange, Kept};

/// The names of a payment and its refunds.
pub(super) struct Names {
    merchant: MerchantId,
    /// Nobody else has these: ids, numbers of the platform, prepay tokens.
    unique: Vec<String>,
    /// The merchant's own numbers; others may use them, too.
    own: Vec<String>,
}

impl Names {
    pub(super) fn of(payment: &Payment, refunds: &[Refund]) -> Names {
        let mut unique = vec![payment.id.to_string()];
        let mut own = vec![payment.order_no.clone()];
        if let Some(order) = &payment.wechat {
            unique.push(order.transaction_id.clone());
            unique.push(order.prepay_token.clone());
        }
        for refund in refunds {
            unique.push(refund.id.to_string());
            unique.extend(refund.wechat.iter().map(|refund| refund.refund_id.clone()));
            if let Origin::Merchant(number) = &refund.origin {
                own.push(number.clone());
            }
        }
        unique.retain(|name| !name.is_empty());
        own.retain(|name| !name.is_empty());
        Names { merchant: payment.merchant, unique, own }
    }

    /// Whether one of the names stands in the request or in its answer.
    pub(super) fn stand_in(&self, exchange: &Exchange) -> bool {
        let texts = [text(&exchange.request_body()), text(&exchange.answer_body())];
        let anywhere = |name: &String| {
            exchange.target.contains(name.as_str()) || texts.iter().any(|text| text.contains(name.as_str()))
        };
        if self.unique.iter().any(anywhere) {
            return true;
        }
        let may_be_own = exchange.merchant.is_none_or(|merchant| merchant == self.merchant);
        let target = decoded(&exchange.target);
        may_be_own
            && self.own.iter().any(|name| {
                let quoted = format!("\"{name}\"");
                stands_in_target(&target, name) || texts.iter().any(|text| text.contains(&quoted))
            })
    }
}

fn text(kept: &Kept) -> String {
    String::from_utf8_lossy(&kept.bytes).into_owned()
}

/// Whether a name is a whole segment of the path, or a whole value of the query.
fn stands_in_target(target: &str, name: &str) -> bool {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let values = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(_, value)| value);
    path.split('/').chain(values).any(|part| part == name)
}

/// The target with its percent-encoding undone where that gives characters that can be shown.
fn decoded(target: &str) -> String {
    let mut decoded = Vec::with_capacity(target.len());
    let mut rest = target.as_bytes();
    while let [first, after @ ..] = rest {
        let digits =
            after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
