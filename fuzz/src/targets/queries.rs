//! Query strings: what is read can be written and read again; what was written is read.

use tongbao_api::{json::parse_query, resources::payments::ListPayments};
use url::form_urlencoded::Serializer;

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "queries",
    run: target,
    words: &[
        "order_no=",
        "status=",
        "open",
        "created_from=",
        "created_to=",
        "limit=",
        "cursor=",
        "&",
        "=",
        "%00",
        "%",
        "%2",
        "%zz",
        "+",
        "%F0%9F%98%80",
        "%80",
        "2026-01-02T03:04:05Z",
        "100",
        "-1",
        "4294967296",
    ],
};

/// Takes an input.
pub fn target(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        match parse_query::<ListPayments>(text) {
            Ok(read) => {
                reached(&format!("read {}", text.matches('&').count().min(8)));
                assert!(!written(&read).contains("%00"), "U+0000 in {read:?}");
                let again =
                    parse_query::<ListPayments>(&written(&read)).expect("what was read can be written");
                assert_eq!(format!("{read:?}"), format!("{again:?}"));
            }
            Err(problem) => {
                reached(&format!(
                    "{} {:?}",
                    problem.code,
                    problem.param.as_ref().map(|param| param.len().min(16))
                ));
                assert!(problem.status.is_client_error(), "{problem:?}");
            }
        }
    }
    wanted(&mut Bytes::new(input));
}

fn written(query: &ListPayments) -> String {
    let limit = query.limit.map(|limit| limit.to_string());
    let fields = [
        ("order_no", &query.order_no),
        ("status", &query.status),
        ("created_from", &query.created_from),
        ("created_to", &query.created_to),
        ("limit", &limit),
        ("cursor", &query.cursor),
    ];
    let mut text = Serializer::new(String::new());
    for (name, value) in fields {
        if let Some(value) = value {
            text.append_pair(name, value);
        }
    }
    text.finish()
}

/// Any text at all comes through, but for U+0000.
fn wanted(bytes: &mut Bytes<'_>) {
    let value =
        |bytes: &mut Bytes<'_>| bytes.byte().is_multiple_of(2).then(|| bytes.text().replace('\0', ""));
    let limit = bytes.byte().is_multiple_of(2).then(|| u32::from(bytes.short()));
    let asked = ListPayments {
        order_no: value(bytes),
        status: value(bytes),
        created_from: value(bytes),
        created_to: value(bytes),
        limit,
        cursor: value(bytes),
    };
    let read = parse_query::<ListPayments>(&written(&asked)).expect("the query is in order");
    assert_eq!(format!("{asked:?}"), format!("{read:?}"));
}
