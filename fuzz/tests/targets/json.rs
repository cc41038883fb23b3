//! Bodies and query strings.

use serde_json::Value;
use tongbao_api::{
    json::{parse, parse_query},
    resources::payments::{CreatePayment, ListPayments},
};

use crate::{spell, time};

const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"",
    " ",
    "\n",
    "\"order_no\"",
    "\"amount\"",
    "\"currency\"",
    "\"CNY\"",
    "\"description\"",
    "\"items\"",
    "\"metadata\"",
    "\"a\"",
    "1",
    "0",
    "-",
    "1e309",
    "-0",
    "1.5",
    "null",
    "true",
    "9223372036854775808",
    "\\u0000",
    "\\ud800",
    "\u{feff}",
    "é",
    "\"order-1\":",
    "{\"amount\":1,",
    "NaN",
];

#[test]
fn bodies_are_read_or_refused_and_what_is_read_was_json() {
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        for raw in [bytes, spell(bytes, WORDS).as_bytes()] {
            if let Err(problem) = parse::<CreatePayment>(raw) {
                assert!(problem.status.is_client_error(), "{problem:?}");
            }
            match parse::<Value>(raw) {
                Ok(value) => assert_eq!(serde_json::from_slice::<Value>(raw).unwrap(), value),
                Err(problem) => assert!(problem.status.is_client_error(), "{problem:?}"),
            }
        }
    });
}

#[test]
fn query_strings_are_read_or_refused() {
    let words = &[
        "order_no=",
        "&",
        "limit=",
        "cursor=",
        "%",
        "%2",
        "%C3%28",
        "+",
        "=",
        "1",
        "-1",
        "status=open",
        "é",
    ];
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        for text in [String::from_utf8_lossy(bytes).into_owned(), spell(bytes, words)] {
            if let Err(problem) = parse_query::<ListPayments>(&text) {
                assert!(problem.status.is_client_error(), "{problem:?}");
            }
        }
    });
}
