//! The strict body and query readers: a table of everything that is wrong with a request, and over the wire.

use std::collections::BTreeMap;

use axum::Router;
use axum::routing::{get, post};
use serde::Deserialize;
use tongbao_api::json::{StrictJson, StrictQuery, parse, parse_query};
use tongbao_api::listener::Limits;
use tongbao_api::problem::Problem;

use crate::socket::Server;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Order {
    amount: i64,
    count: Option<u8>,
    #[serde(default)]
    items: Vec<Item>,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
    note: Option<String>,
    method: Option<Method>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Item {
    name: String,
    #[serde(default)]
    price: u64,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Method {
    Balance,
    BankCard,
}

fn refused(body: &[u8]) -> Problem {
    match parse::<Order>(body) {
        Ok(order) => panic!("{:?} was read as {order:?}", String::from_utf8_lossy(body)),
        Err(problem) => problem,
    }
}

/// A body that cannot be an [`Order`], the code it is refused with, and the field that is named.
const BODIES: &[(&str, &str, Option<&str>)] = &[
    ("", "invalid_json", None),
    ("   ", "invalid_json", None),
    ("{", "invalid_json", None),
    ("{\"amount\":1", "invalid_json", None),
    ("{\"amount\":1}}", "invalid_json", None),
    ("{\"amount\":1} x", "invalid_json", None),
    ("{\"amount\":1}{\"amount\":2}", "invalid_json", None),
    ("{\"amount\":1,}", "invalid_json", None),
    ("{'amount':1}", "invalid_json", None),
    ("{\"amount\":NaN}", "invalid_json", None),
    ("{\"amount\":Infinity}", "invalid_json", None),
    ("{\"amount\":-Infinity}", "invalid_json", None),
    ("{\"amount\":0x10}", "invalid_json", None),
    ("{\"amount\":01}", "invalid_json", None),
    ("{\"amount\":+1}", "invalid_json", None),
    ("{\"amount\":1.}", "invalid_json", None),
    ("{\"amount\":.5}", "invalid_json", None),
    ("{\"amount\":1-1}", "invalid_json", None),
    ("1-1", "invalid_json", None),
    ("\u{feff}{\"amount\":1}", "invalid_json", None),
    ("{\"amount\":1,\"note\":\"\\ud800\"}", "invalid_json", None),
    ("{\"amount\":1,\"note\":\"\\x41\"}", "invalid_json", None),
    ("{\"amount\":1,\"note\":\"a\tb\"}", "invalid_json", None),
    ("{\"amount\":1,\"note\":\"a\\u0000b\"}", "invalid_character", None),
    ("{\"amount\":1,\"note\":\"a\0b\"}", "invalid_character", None),
    ("{\"amount\":1,\"amount\":2}", "duplicate_field", Some("amount")),
    ("{\"amount\":1,\"am\\u006funt\":2}", "duplicate_field", Some("amount")),
    ("{\"amount\":1,\"metadata\":{\"k\":\"a\",\"k\":\"b\"}}", "duplicate_field", Some("metadata.k")),
    ("{\"amount\":1,\"items\":[{\"name\":\"a\",\"name\":\"b\"}]}", "duplicate_field", Some("items[0].name")),
    ("{}", "missing_field", Some("amount")),
    ("{\"amount\":1,\"items\":[{\"name\":\"a\"},{}]}", "missing_field", Some("items[1].name")),
    ("{\"amount\":1,\"colour\":2}", "unknown_field", Some("colour")),
    ("{\"amount\":1,\"items\":[{\"name\":\"a\",\"x\":1}]}", "unknown_field", Some("items[0].x")),
    ("{\"amount\":\"1\"}", "wrong_type", Some("amount")),
    ("{\"amount\":null}", "wrong_type", Some("amount")),
    ("{\"amount\":true}", "wrong_type", Some("amount")),
    ("{\"amount\":[1]}", "wrong_type", Some("amount")),
    ("{\"amount\":1,\"note\":5}", "wrong_type", Some("note")),
    ("{\"amount\":1,\"note\":5.5}", "wrong_type", Some("note")),
    ("{\"amount\":1,\"items\":{}}", "wrong_type", Some("items")),
    ("{\"amount\":1,\"items\":[\"a\"]}", "wrong_type", Some("items[0]")),
    ("{\"amount\":1,\"items\":[{\"name\":\"a\",\"price\":\"1\"}]}", "wrong_type", Some("items[0].price")),
    ("[]", "wrong_type", None),
    // Serde would read these as the fields in their order.
    ("[1,null,[],{},null,null]", "wrong_type", None),
    ("{\"amount\":1,\"items\":[[\"a\",1]]}", "wrong_type", Some("items[0]")),
    ("5", "wrong_type", None),
    ("\"text\"", "wrong_type", None),
    ("null", "wrong_type", None),
    ("{\"amount\":1.0}", "not_an_integer", Some("amount")),
    ("{\"amount\":1.5}", "not_an_integer", Some("amount")),
    ("{\"amount\":1e2}", "not_an_integer", Some("amount")),
    ("{\"amount\":1E+2}", "not_an_integer", Some("amount")),
    ("{\"amount\":-0}", "not_an_integer", Some("amount")),
    ("{\"amount\":-0.0}", "not_an_integer", Some("amount")),
    ("{\n\"amount\": 1.5 ,\n\"count\": 1}", "not_an_integer", Some("amount")),
    ("{\"amount\":1e309}", "number_out_of_range", Some("amount")),
    ("{\"amount\":9223372036854775808}", "number_out_of_range", Some("amount")),
    ("{\"amount\":-9223372036854775809}", "number_out_of_range", Some("amount")),
    ("{\"amount\":99999999999999999999999999}", "number_out_of_range", Some("amount")),
    ("{\n\n\"amount\" : 99999999999999999999999999 }", "number_out_of_range", Some("amount")),
    ("{\"amount\":1,\"count\":256}", "number_out_of_range", Some("count")),
    ("{\"amount\":1,\"count\":-1}", "number_out_of_range", Some("count")),
    ("{\"amount\":1,\"count\":1.5}", "not_an_integer", Some("count")),
    ("{\"amount\":1,\"method\":\"cash\"}", "unknown_value", Some("method")),
    ("{\"amount\":1,\"method\":7}", "wrong_type", Some("method")),
];

#[test]
fn every_fault_of_a_body_is_named_with_its_place() {
    for (body, code, param) in BODIES {
        let problem = refused(body.as_bytes());
        assert_eq!((problem.code, problem.param.as_deref()), (*code, *param), "{body:?}: {problem:?}");
        assert_eq!(problem.status.as_u16(), 400);
        assert!(problem.detail.is_some(), "{body:?}");
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    let overlong_slash = b"{\"amount\":1,\"note\":\"\xC0\xAF\"}";
    let surrogate = b"{\"amount\":1,\"note\":\"\xED\xA0\x80\"}";
    let cut = b"{\"amount\":1,\"note\":\"\xE9\x80";
    let utf_16 = b"\xFF\xFE{\0}\0";
    for body in [&overlong_slash[..], surrogate, cut, utf_16] {
        assert_eq!(refused(body).code, "invalid_utf8");
    }
}

#[test]
fn nesting_is_bounded_whatever_the_field() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for depth in [17, 10_000] {
            let body = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(refused(body.as_bytes()).code, "json_too_deep");
        }
        let body = format!("{}1{}", open.repeat(16), close.repeat(16));
        assert!(parse::<serde_json::Value>(body.as_bytes()).is_ok());
        // Half of it, without any end.
        assert_eq!(refused(open.repeat(20_000).as_bytes()).code, "json_too_deep");
    }
}

#[test]
fn what_is_right_is_read() {
    let body = "{\"amount\": 9223372036854775807, \"count\": null, \"metadata\": {\"\": \"空\"}, \
                \"items\": [{\"name\": \"\\ud83d\\ude00\\n\"}], \"method\": \"bank_card\"}\n";
    let order: Order = parse(body.as_bytes()).unwrap();
    assert_eq!(order.amount, i64::MAX);
    assert_eq!(order.metadata[""], "空");
    assert_eq!(order.items, [Item { name: "😀\n".into(), price: 0 }]);
    assert_eq!(order.method, Some(Method::BankCard));
    assert_eq!(parse::<Order>(b"{\"amount\":-1}").unwrap().amount, -1);
    assert_eq!(parse::<Order>(b"{\"amount\":0}").unwrap().amount, 0);
}

#[test]
fn a_refusal_helps_and_does_not_repeat_values() {
    let problem = refused(b"{\"amount\":\"6222020000000000\"}");
    assert_eq!(problem.detail.as_deref(), Some("The value must be a whole number."));
    let problem = refused(b"{\"amount\":1,\"method\":\"my secret`, expected `x\"}");
    assert_eq!(problem.detail.as_deref(), Some("Allowed here: `balance` or `bank_card`."));
    let problem = refused(b"{\"amount\":1,\"items\":[{\"name\":\"a\",\"cost\":1}]}");
    assert_eq!(problem.detail.as_deref(), Some("Known here: `name` or `price`."));
    let name = "n".repeat(5_000);
    let problem = refused(format!("{{\"amount\":1,\"{name}\":1}}").as_bytes());
    assert!(problem.param.unwrap().len() < 200);
    let problem =
        refused(format!("{{\"amount\":1,\"metadata\":{{\"{name}\":\"\",\"{name}\":\"\"}}}}").as_bytes());
    assert!(problem.param.unwrap().len() < 200);
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<u8>,
    cursor: Option<String>,
    state: Option<Method>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Needs {
    #[expect(dead_code, reason = "only its absence matters")]
    order_no: String,
}

#[test]
fn every_fault_of_a_query_is_named() {
    let table = [
        ("limit=x", "wrong_type", Some("limit")),
        ("limit=", "wrong_type", Some("limit")),
        ("limit=-1", "wrong_type", Some("limit")),
        ("limit=1.5", "wrong_type", Some("limit")),
        ("limit=256", "wrong_type", Some("limit")),
        ("limt=5", "unknown_parameter", Some("limt")),
        ("limit=5&colour=red", "unknown_parameter", Some("colour")),
        ("limit=5&limit=6", "duplicate_parameter", Some("limit")),
        ("state=open", "unknown_value", Some("state")),
        ("cursor=%ff", "invalid_utf8", None),
        ("cursor=%c0%af", "invalid_utf8", None),
        ("cursor=a%00", "invalid_character", None),
        ("cursor=%", "bad_request", None),
        ("cursor=%4", "bad_request", None),
        ("cursor=%zz", "bad_request", None),
    ];
    for (query, code, param) in table {
        let problem = parse_query::<Page>(query).unwrap_err();
        assert_eq!((problem.code, problem.param.as_deref()), (code, param), "{query}: {problem:?}");
        assert_eq!(problem.status.as_u16(), 400);
    }
    let problem = parse_query::<Needs>("").unwrap_err();
    assert_eq!((problem.code, problem.param.as_deref()), ("missing_parameter", Some("order_no")));
    let page: Page = parse_query("limit=20&cursor=a%2Bb+%e9%80%9a&state=balance").unwrap();
    assert_eq!(page, Page { limit: Some(20), cursor: Some("a+b 通".into()), state: Some(Method::Balance) });
}

fn router() -> Router {
    async fn order(body: StrictJson<Order, 1_000>) -> String {
        format!("{} {}", body.value.amount, body.raw.len())
    }
    async fn list(StrictQuery(page): StrictQuery<Page>) -> String {
        page.limit.unwrap_or(10).to_string()
    }
    Router::new().route("/orders", post(order)).route("/list", get(list))
}

#[tokio::test]
async fn bodies_are_read_over_the_wire() {
    let server = Server::start(router(), Limits::default(), None);
    let mut client = server.connect().await;
    for kind in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
    {
        assert_eq!(client.post("/orders", kind, "{\"amount\":7}").await.body, "7 12");
    }
    // Byte by byte in chunks, the body is joined again.
    client.send("POST /orders HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n").await;
    client.send("Transfer-Encoding: chunked\r\n\r\n").await;
    for byte in "{\"amount\":7}".chars() {
        client.send(format!("1\r\n{byte}\r\n")).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.reply().await.body, "7 12");
}

#[tokio::test]
async fn media_types_other_than_plain_json_are_refused() {
    let server = Server::start(router(), Limits::default(), None);
    let mut client = server.connect().await;
    let kinds = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "application/jsonx",
        "",
    ];
    for kind in kinds {
        let reply = client.post("/orders", kind, "{\"amount\":7}").await;
        assert_eq!((reply.status, reply.code().as_str()), (415, "unsupported_media_type"), "{kind}");
    }
    client.send("POST /orders HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}").await;
    assert_eq!(client.reply().await.status, 415);
    client.send("POST /orders HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n").await;
    client.send("Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}").await;
    assert_eq!(client.reply().await.status, 415);
}

#[tokio::test]
async fn the_body_limit_belongs_to_the_endpoint() {
    let server = Server::start(router(), Limits::default(), None);
    let fitting = format!("{:<1000}", "{\"amount\":7}");
    assert_eq!(server.connect().await.post("/orders", "application/json", &fitting).await.body, "7 1000");
    let reply = server.connect().await.post("/orders", "application/json", format!("{fitting} ")).await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));
    assert_eq!(reply.json()["detail"], "The body may have at most 1000 bytes.");
}

#[tokio::test]
async fn faults_of_body_and_query_come_back_as_problems() {
    let server = Server::start(router(), Limits::default(), None);
    let mut client = server.connect().await;
    let reply = client.post("/orders", "application/json", "{\"amount\":1.5}").await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "not_an_integer"));
    assert_eq!(reply.json()["param"], "amount");
    let reply = client.get("/list?limit=many").await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "wrong_type"));
    assert_eq!(client.get("/list").await.body, "10");
}
