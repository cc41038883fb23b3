//! What the WeChat Pay door refuses before it reads a request, and what it must not refuse.

use axum::Router;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tongbao_api::listener::Limits;
use tongbao_api::rate::Quota;
use tongbao_core::wechat::merchant as identities;

use crate::api_shop::{Call, Reply};
use crate::socket::{Server, within};
use crate::wechat_shop::{MCHID, WechatShop, new_order};

const NATIVE: &str = "/v3/pay/transactions/native";
const SIGNATURE: u32 = 268_443_699;

fn query(number: &str) -> String {
    format!("/v3/pay/transactions/out-trade-no/{number}?mchid={MCHID}")
}

/// The `message` of a `SIGN_ERROR`.
#[track_caller]
fn sign_error(reply: &Reply) -> String {
    reply.denied(401, "SIGN_ERROR", SIGNATURE);
    reply.text("/message")
}

#[tokio::test]
async fn an_altered_request_is_told_what_should_have_been_signed() {
    let door = WechatShop::open().await;
    let call = door.post(NATIVE, &new_order("order-1"));
    let other = new_order("order-2").to_string();
    let reply = door.ask(Call { body: other.clone().into_bytes(), ..call.clone() }).await;
    assert_eq!(sign_error(&reply), "错误的签名，验签失败");
    assert_eq!(reply.text("/detail/detail/issue"), "sign not match");
    let shown = reply.text("/detail/sign_information/truncated_sign_message");
    assert!(shown.starts_with("POST\n/v3/pay/transactions/native\n"), "{shown}");
    assert!(shown.ends_with(&other[..8]) && !shown.contains("order-2"), "{shown}");
    for altered in [
        Call { path: "/v3/pay/transactions/app".to_owned(), ..call.clone() },
        Call { path: format!("{NATIVE}?x=1"), ..call.clone() },
        Call { body: Vec::new(), ..call.clone() },
        Call { body: [&call.body[..], b" "].concat(), ..call.clone() },
    ] {
        sign_error(&door.ask(altered).await);
    }
    assert_eq!(door.ask(call).await.status, 200, "as it was signed");
}

#[tokio::test]
async fn a_request_is_answered_once() {
    let door = WechatShop::open().await;
    let call = door.post(NATIVE, &new_order("order-1"));
    assert_eq!(door.ask(call.clone()).await.status, 200);
    assert!(sign_error(&door.ask(call).await).contains("nonce_str"));
    // Another request with a nonce that was used, of this merchant and of another.
    let now_s = door.engine().clock.world().ms() / 1_000;
    let stranger = door.stranger().await;
    let at = |client: &crate::wechat_shop::Client, target: &str| {
        let authorization = client.authorization_at(now_s, "the-same", "GET", target, b"");
        door.get(target).header("authorization", authorization)
    };
    assert_eq!(door.ask(at(&door.client, &query("order-1"))).await.status, 200);
    sign_error(&door.ask(at(&door.client, &query("order-2"))).await);
    let own = query("order-1").replace(MCHID, &stranger.mchid);
    assert_eq!(door.send(at(&stranger, &own)).await.status, 404);
    // A request that was refused has used up nothing.
    let good = door.get(&query("order-1"));
    sign_error(&door.ask(Call { path: query("order-9"), ..good.clone() }).await);
    assert_eq!(door.ask(good).await.status, 200);
}

#[tokio::test]
async fn a_key_must_be_of_this_merchant_and_good_now() {
    const SERIAL: &str = "商户证书序列号有误。请使用签名私钥匹配的证书序列号";
    let door = WechatShop::open().await;
    let stranger = door.stranger().await;
    let own = query("order-1");
    let with = |from: &str, to: &str| {
        let header = door.client.authorization(door.engine(), "GET", &own, b"").replace(from, to);
        door.get(&own).header("authorization", header)
    };
    // The serial number of another merchant, and another merchant's number with one's own.
    let (serial, foreign) = (door.client.serial.to_string(), stranger.serial.to_string());
    assert_eq!(sign_error(&door.ask(with(&serial, &foreign)).await), SERIAL);
    assert_eq!(sign_error(&door.ask(with(MCHID, &stranger.mchid)).await), SERIAL);
    assert_eq!(sign_error(&door.ask(with(&serial, "0A")).await), SERIAL);
    assert_eq!(sign_error(&door.ask(with(&serial, "xyz")).await), SERIAL);
    // One's own serial number over another's signature.
    let forged = stranger.authorization(door.engine(), "GET", &own, b"");
    let forged = forged.replace(&foreign, &serial).replace(&stranger.mchid, MCHID);
    sign_error(&door.ask(door.get(&own).header("authorization", forged)).await);
    let unknown = door.ask(with(MCHID, "1900000009")).await;
    unknown.denied(400, "MCH_NOT_EXISTS", 268_443_715);

    assert_eq!(door.ask(with("x", "x")).await.status, 404, "the order is not there, the key is good");
    let serial = door.client.serial.to_string();
    door.identity(move |facts, cx| identities::revoke_certificate(facts, cx, MCHID, &serial)).await;
    assert_eq!(sign_error(&door.ask(with("x", "x")).await), SERIAL);
}

#[tokio::test]
async fn a_header_may_be_written_as_sdks_write_it() {
    let door = WechatShop::open().await;
    door.native("order-1").await;
    let own = query("order-1");
    let serial = door.client.serial.to_string();
    let fresh = || door.client.authorization(door.engine(), "GET", &own, b"");
    let reversed = {
        let header = fresh();
        let (scheme, items) = header.split_once(' ').unwrap();
        let mut items: Vec<&str> = items.split(',').collect();
        items.reverse();
        format!("{scheme} {}", items.join(", "))
    };
    for header in [
        fresh().replace(&serial, &serial.to_lowercase()),
        fresh().replace(&serial, &format!("00{serial}")),
        fresh().replacen("WECHATPAY2", "wechatpay2", 1),
        reversed,
    ] {
        let reply = door.ask(door.get(&own).header("authorization", header.clone())).await;
        assert_eq!(reply.status, 200, "{header}");
    }
    let now_s = door.engine().clock.world().ms() / 1_000;
    for nonce in ["x".to_owned(), "fi2paym2fy".to_owned(), "n".repeat(64)] {
        let header = door.client.authorization_at(now_s, &nonce, "GET", &own, b"");
        assert_eq!(door.ask(door.get(&own).header("authorization", header)).await.status, 200, "{nonce}");
    }
    // A GET that says that it has JSON of no length, as two SDKs do.
    assert_eq!(door.ask(door.get(&own).header("content-length", "0")).await.status, 200);
    let escaped = new_order("order-2").to_string().replace('茶', "\\u8336");
    let call = door.client.signed(door.engine(), "POST", NATIVE, escaped.as_bytes());
    assert_eq!(door.ask(call).await.status, 200);
}

#[tokio::test]
async fn a_header_that_is_wrong_is_refused_by_its_own_text() {
    let door = WechatShop::open().await;
    let own = query("order-1");
    let good = || door.client.authorization(door.engine(), "GET", &own, b"");
    let format = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》";
    let scheme = "Http头Authorization认证类型不正确";
    for (header, text) in [
        (String::new(), format),
        ("WECHATPAY2-SHA256-RSA2048".to_owned(), format),
        (good().replacen(' ', "  ", 1), format),
        (good().replacen("nonce_str=", "nonce=", 1), format),
        (format!("{},mchid=\"1\"", good()), format),
        (good().replacen("nonce_str=\"", &format!("nonce_str=\"{}", "n".repeat(33)), 1), format),
        (format!("{}{}", good(), " ".repeat(2_000)), format),
        (good().replacen("WECHATPAY2-SHA256-RSA2048", "Bearer", 1), scheme),
        (good().replacen("WECHATPAY2-SHA256-RSA2048", "WECHATPAY2-SM2-WITH-SM3", 1), scheme),
        (good().replacen("signature=\"", "signature=\"A", 1), "签名错误，请检查后再试"),
    ] {
        let reply = door.ask(door.get(&own).header("authorization", header.clone())).await;
        assert_eq!(sign_error(&reply), text, "{header}");
    }
    for missing in ["accept", "user-agent"] {
        let mut call = door.get(&own);
        call.headers.retain(|(name, _)| *name != missing);
        door.ask(call).await.denied(400, "INVALID_REQUEST", 268_435_456);
    }
    let mut call = door.get(&own);
    call.headers.retain(|(name, _)| *name != "authorization");
    sign_error(&door.ask(call).await);
    let mut call = door.get(&own);
    call.headers.push(("authorization", good()));
    assert_eq!(sign_error(&door.ask(call).await), format, "two headers");
}

#[tokio::test]
async fn a_clock_may_be_five_minutes_off() {
    let door = WechatShop::open().await;
    let own = query("order-1");
    let now_s = door.engine().clock.world().ms() / 1_000;
    for (off_s, good) in [(-290, true), (290, true), (-310, false), (310, false)] {
        let header = door.client.authorization_at(now_s + off_s, &format!("n{off_s}"), "GET", &own, b"");
        let reply = door.ask(door.get(&own).header("authorization", header)).await;
        if good {
            reply.denied(404, "ORDER_NOT_EXIST", 268_512_771);
        } else {
            assert!(sign_error(&reply).contains("不得超过5分钟"), "{off_s}");
        }
    }
    // Moving the sandbox's clock moves nobody else's.
    door.shop.engine.clock.set_ahead_s(10 * 366 * 24 * 3_600);
    door.ask(door.get(&own)).await.denied(404, "ORDER_NOT_EXIST", 268_512_771);
}

#[tokio::test]
async fn a_body_must_be_json_of_a_bounded_size() {
    let door = WechatShop::open().await;
    let signed = |body: &[u8]| door.client.signed(door.engine(), "POST", NATIVE, body);
    let order = new_order("order-1").to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        door.ask(signed(order.as_bytes()).header("content-type", kind)).await.denied(
            415,
            "PARAM_ERROR",
            268_435_461,
        );
    }
    let utf8 = signed(order.as_bytes()).header("content-type", "application/json; charset=utf-8");
    assert_eq!(door.ask(utf8).await.status, 200);
    for body in ["", "{", "[]", "null", "\u{feff}{}", "{\"appid\":1,\"appid\":2}", "{\"appid\":\"\\u0000\"}"]
    {
        door.ask(signed(body.as_bytes())).await.denied(400, "PARAM_ERROR", 268_435_461);
    }
    door.ask(signed(b"{\"\xff\":1}")).await.denied(400, "PARAM_ERROR", 268_435_461);
    door.ask(signed(&vec![b' '; 65_537])).await.denied(413, "PARAM_ERROR", 268_435_461);
}

#[tokio::test]
async fn a_merchant_that_asks_too_often_is_told_so_and_no_other_is() {
    let door = WechatShop::with(Quota::new(1, 2)).await;
    let stranger = door.stranger().await;
    for _ in 0..2 {
        assert_eq!(door.ask(door.get(&query("order-1"))).await.status, 404);
    }
    let reply = door.ask(door.get(&query("order-1"))).await;
    reply.denied(429, "FREQUENCY_LIMITED", 268_447_840);
    // A client that was told to come again may send the same bytes.
    let again = door.get(&query("order-1"));
    if door.ask(again.clone()).await.status == 429 {
        assert!(matches!(door.ask(again).await.status, 429 | 404), "its nonce is free again");
    }
    let own = query("order-1").replace(MCHID, &stranger.mchid);
    assert_eq!(door.send(stranger.signed(door.engine(), "GET", &own, b"")).await.status, 404);
}

/// Sends bytes to a server and reads the head of its answer.
async fn raw(server: &Server, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(server.addr).await.unwrap();
    // The server may answer and close before all of it was read.
    let _ = socket.write_all(request).await;
    let mut answer = vec![0; 4_096];
    let length = within(socket.read(&mut answer)).await.unwrap_or_default();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn over_a_socket_the_answer_has_one_request_id_and_a_flood_of_headers_is_cut() {
    let door = WechatShop::open().await;
    let router: Router = door.router.clone();
    let server = Server::start(router, Limits::default(), None);
    door.native("AB|C*D").await;
    let target = query("AB|C*D");
    let head = |call: &Call| {
        let lines: Vec<String> =
            call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{}", lines.concat())
    };
    let call = door.get(&target);
    let answer = raw(&server, format!("{}\r\n", head(&call)).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let ids: Vec<&str> =
        answer.lines().filter(|line| line.to_ascii_lowercase().starts_with("request-id:")).collect();
    assert!(ids.len() == 1 && ids[0].ends_with("-0"), "{ids:?}");
    assert!(answer.contains("nosniff"));
    let flood = format!("{}{}\r\n", head(&door.get(&target)), "x-flood: 0123456789abcdef\r\n".repeat(10_000));
    let answer = raw(&server, flood.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431") || answer.is_empty(), "{answer}");
    assert_eq!(server.drained().await.cut, 0);
}

#[tokio::test]
async fn an_instance_without_keys_knows_no_merchant() {
    let door = WechatShop::open().await;
    let bare = crate::api_shop::Shop::open().await;
    let api = tongbao_api::Api::new(std::sync::Arc::clone(&bare.engine), crate::api_shop::BASE_URL);
    let router = tongbao_api::wechat::router(api, Quota::new(10, 10));
    let call = door.client.signed(&bare.engine, "POST", NATIVE, json!({}).to_string().as_bytes());
    crate::api_shop::send(router, call).await.denied(400, "MCH_NOT_EXISTS", 268_443_715);
}
