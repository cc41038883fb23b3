//! The parts of the API's answers that the supervisor reads. Written from the documentation, not from the
//! code: the types of the API are not used here, so that a change of form is noticed.

use serde::Deserialize;
use serde_json::Value;

/// A payment.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Payment {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) order_no: String,
    pub(crate) created_at: String,
    pub(crate) qr_text: String,
    pub(crate) amount_refunded: i64,
    pub(crate) fee: i64,
    pub(crate) method: Option<String>,
    pub(crate) payer: Option<String>,
}

impl Payment {
    /// Whether its money was taken.
    pub(crate) fn is_paid(&self) -> bool {
        matches!(self.status.as_str(), "succeeded" | "partly_refunded" | "refunded")
    }

    /// Why `later` cannot have become of this payment, if it cannot: a content that never changes did, or a
    /// status went a way that is not documented.
    pub(crate) fn contradicts(&self, later: &Payment) -> Option<String> {
        let content = |payment: &Payment| {
            (payment.id.clone(), payment.amount, payment.currency.clone(), payment.order_no.clone())
        };
        if content(self) != content(later) || self.created_at != later.created_at {
            return Some(format!("its content was {self:?} and is {later:?}"));
        }
        let way = match self.status.as_str() {
            "open" | "processing" => true,
            "succeeded" => later.is_paid(),
            "partly_refunded" => matches!(later.status.as_str(), "partly_refunded" | "refunded"),
            same => later.status == same,
        };
        if !way {
            return Some(format!("it was {} and is {}", self.status, later.status));
        }
        // The sandbox's bank refuses no refund, so what was refunded stays refunded.
        let less = later.amount_refunded < self.amount_refunded;
        let other = self.is_paid() && (&self.payer, &self.method) != (&later.payer, &later.method);
        (less || other).then(|| format!("it was {self:?} and is {later:?}"))
    }
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) payment: String,
    #[serde(rename = "refund_no")]
    pub(crate) number: String,
    pub(crate) amount: i64,
    pub(crate) status: String,
}

impl Refund {
    /// Why `later` cannot have become of this refund, if it cannot.
    pub(crate) fn contradicts(&self, later: &Refund) -> Option<String> {
        let content = |refund: &Refund| {
            (refund.id.clone(), refund.payment.clone(), refund.number.clone(), refund.amount)
        };
        let way = match self.status.as_str() {
            "accepted" | "processing" => true,
            "failed" | "abnormal" => later.status == self.status || later.status == "succeeded",
            same => later.status == same,
        };
        let sound = content(self) == content(later) && way;
        (!sound).then(|| format!("it was {self:?} and is {later:?}"))
    }
}

/// An entry of the merchant's balance.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) amount: i64,
    pub(crate) balance_after: i64,
    pub(crate) reason: String,
    pub(crate) subject: String,
}

/// An event.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) data: EventSubject,
}

/// What an event is about.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventSubject {
    Payment(Payment),
    Refund(Refund),
}

impl Event {
    /// The id of what it is about.
    pub(crate) fn subject(&self) -> &str {
        match &self.data {
            EventSubject::Payment(payment) => &payment.id,
            EventSubject::Refund(refund) => &refund.id,
        }
    }
}

/// What the phone of the sandbox answers.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) paid: bool,
    pub(crate) payment: Payment,
}

/// One page of a list.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Page {
    pub(crate) data: Vec<Value>,
    pub(crate) next_cursor: Option<String>,
}

/// The stable name of a refusal.
pub(crate) fn code(body: &str) -> String {
    let problem: Value = serde_json::from_str(body).unwrap_or_default();
    problem.get("code").and_then(Value::as_str).unwrap_or("no code").to_owned()
}

/// A refusal without the id of its request, which is another each time.
pub(crate) fn without_request_id(body: &str) -> Value {
    let mut problem: Value = serde_json::from_str(body).unwrap_or_default();
    if let Some(fields) = problem.as_object_mut() {
        fields.remove("request_id");
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payment(status: &str, amount_refunded: i64) -> Payment {
        let text = |text: &str| text.to_owned();
        Payment {
            id: text("pay_1"),
            status: text(status),
            amount: 10,
            currency: text("CNY"),
            order_no: text("A"),
            created_at: text("now"),
            qr_text: text("qr"),
            amount_refunded,
            fee: 0,
            method: None,
            payer: None,
        }
    }

    #[track_caller]
    fn check(earlier: (&str, i64), later: (&str, i64), possible: bool) {
        let found = payment(earlier.0, earlier.1).contradicts(&payment(later.0, later.1));
        assert_eq!(found.is_none(), possible, "{earlier:?} {later:?} {found:?}");
    }

    #[test]
    fn a_payment_goes_only_documented_ways() {
        check(("open", 0), ("refunded", 10), true);
        check(("processing", 0), ("open", 0), true);
        check(("succeeded", 0), ("partly_refunded", 3), true);
        check(("partly_refunded", 3), ("partly_refunded", 4), true);
        check(("partly_refunded", 4), ("partly_refunded", 3), false);
        check(("succeeded", 0), ("open", 0), false);
        check(("succeeded", 0), ("closed", 0), false);
        check(("refunded", 10), ("partly_refunded", 10), false);
        check(("closed", 0), ("succeeded", 0), false);
    }

    #[test]
    fn refusals_are_compared_without_the_id_of_their_request() {
        let one = r#"{"code":"refund_too_large","request_id":"req_1"}"#;
        let two = r#"{"code":"refund_too_large","request_id":"req_2"}"#;
        assert_eq!(without_request_id(one), without_request_id(two));
        assert_eq!(code(one), "refund_too_large");
    }
}
