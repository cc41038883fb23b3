//! Bodies of requests: what is read is what was written, and a refusal repeats no value of the client.

use serde_json::{Value, json};
use tongbao_api::{
    json::parse,
    resources::{payments::CreatePayment, refunds::CreateRefund},
};

use tongbao_engine::auth::hex;

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// Shorter values may stand in a refusal by accident.
const TELLING_CHARS: usize = 12;

/// The documented fields.
const PAYMENT: [&str; 9] = [
    "order_no",
    "amount",
    "currency",
    "description",
    "items",
    "notify_url",
    "return_url",
    "expires_in",
    "metadata",
];
const REFUND: [&str; 4] = ["payment", "refund_no", "amount", "reason"];

/// See the module.
pub const TARGET: Target = Target {
    name: "bodies",
    run: target,
    words: &[
        "\"order_no\":",
        "\"amount\":",
        "\"currency\":\"CNY\"",
        "\"description\":",
        "\"items\":[",
        "\"name\":",
        "\"quantity\":",
        "\"unit_amount\":",
        "\"notify_url\":",
        "\"return_url\":",
        "\"expires_in\":",
        "\"metadata\":{",
        "\"payment\":",
        "\"refund_no\":",
        "\"reason\":",
        "null",
        "1.5",
        "-1",
        "1e2",
        "9223372036854775808",
        "[]",
        "{}",
        ",",
        "\"\"",
        "true",
    ],
};

/// Takes an input: as a body, and as the values of a body that must be read.
pub fn target(input: &[u8]) {
    arbitrary(input);
    wanted(&mut Bytes::new(input));
    refused(&mut Bytes::new(input));
}

fn arbitrary(input: &[u8]) {
    let value: Option<Value> = serde_json::from_slice(input).ok();
    match parse::<CreatePayment>(input) {
        Ok(read) => {
            reached("a payment");
            let value = value.expect("what the strict reader reads is JSON");
            check_names(&value, &PAYMENT);
            assert_eq!(value["amount"], json!(read.amount));
            assert_eq!(value["order_no"], json!(read.order_no));
            assert_eq!(value["currency"], json!(read.currency));
            assert_eq!(
                value.get("items").map_or(0, |items| items.as_array().map_or(0, Vec::len)),
                read.items.len()
            );
            assert_eq!(value.get("expires_in").and_then(Value::as_i64), read.expires_in);
        }
        Err(problem) => reached(&format!("{} {:?}", problem.code, problem.param)),
    }
    match parse::<CreateRefund>(input) {
        Ok(read) => {
            reached("a refund");
            let value = value_of(input);
            check_names(&value, &REFUND);
            assert_eq!(value["amount"], json!(read.amount));
            assert_eq!(value["payment"], json!(read.payment));
            assert_eq!(value.get("reason").cloned().unwrap_or_default(), json!(read.reason));
        }
        Err(problem) => reached(&format!("refund {} {:?}", problem.code, problem.param)),
    }
}

/// A field that nobody documented must not be passed over in silence.
fn check_names(value: &Value, known: &[&str]) {
    let fields = value.as_object().expect("a body is an object");
    let unknown = fields.keys().find(|name| !known.contains(&name.as_str()));
    assert_eq!(unknown, None, "{value}");
}

fn value_of(input: &[u8]) -> Value {
    serde_json::from_slice(input).expect("what the strict reader reads is JSON")
}

/// A body that is in order is read, with exactly these values.
fn wanted(bytes: &mut Bytes<'_>) {
    let text = |bytes: &mut Bytes<'_>| bytes.text().replace('\0', "0");
    let (payment, refund_no, amount) = (text(bytes), text(bytes), bytes.long());
    let reason = bytes.byte().is_multiple_of(2).then(|| text(bytes));
    let body = json!({"payment": payment, "refund_no": refund_no, "amount": amount, "reason": reason});
    let read: CreateRefund = parse(body.to_string().as_bytes()).expect("the body is in order");
    assert_eq!(
        (read.payment, read.refund_no, read.amount, read.reason),
        (payment, refund_no, amount, reason)
    );
}

/// A value of the wrong type is refused without being repeated.
fn refused(bytes: &mut Bytes<'_>) {
    let secret = hex(&bytes.array::<8>());
    debug_assert!(secret.len() >= TELLING_CHARS);
    let wrong = match bytes.byte() % 4 {
        0 => json!(secret),
        1 => json!([secret]),
        2 => json!({"name": secret}),
        _ => json!({"name": [secret]}),
    };
    let mut body = json!({"order_no": "A", "amount": 1, "currency": "CNY", "description": "tea"});
    let fields = ["amount", "items", "metadata", "expires_in", "notify_url"];
    let field = bytes.pick(&fields).expect("there are fields");
    body[field] = wrong;
    if let Err(problem) = parse::<CreatePayment>(body.to_string().as_bytes()) {
        assert!(!format!("{problem:?}").contains(&secret), "{problem:?} repeats a value");
        reached(&format!("wrong {field} {}", problem.code));
    }
}
