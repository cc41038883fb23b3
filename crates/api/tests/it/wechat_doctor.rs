//! The signature doctor over the door: what arrived and did not fit is listed and examined.

use axum::Router;
use serde_json::{Value, json};
use tongbao_api::{Api, sandbox::recorded};
use tongbao_channel::wechat::signature::SigningKey;
use tongbao_core::wechat::merchant as identities;

use crate::api_shop::{BASE_URL, Call, Reply, send};
use crate::wechat_shop::{MCHID, WechatShop, new_order};

const NATIVE: &str = "/v3/pay/transactions/native";
const EXAMINE: &str = "/sandbox/wechat/signature";

/// A shop whose sandbox keeps what passes.
struct Clinic {
    door: WechatShop,
    router: Router,
}

impl Clinic {
    async fn open() -> Clinic {
        let door = WechatShop::open().await;
        let api = Api::new(std::sync::Arc::clone(&door.shop.engine), BASE_URL);
        let router = recorded(&api, door.router.clone());
        Clinic { door, router }
    }

    async fn send(&self, call: Call) -> Reply {
        send(self.router.clone(), call).await
    }

    /// Has something examined.
    async fn examine(&self, what: &Value) -> Value {
        let reply = self.send(Call::post(EXAMINE, what)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Has a request examined with this text signed in place of the right one.
    async fn examine_signed(&self, key: &SigningKey, alter: impl Fn(String) -> String) -> Value {
        let now_s = self.door.engine().clock.world().ms() / 1_000;
        let body = new_order("order-1").to_string();
        let text = alter(format!("POST\n{NATIVE}\n{now_s}\nnonce\n{body}\n"));
        let what = json!({
            "method": "POST",
            "url": format!("http://127.0.0.1:8080{NATIVE}"),
            "body": body,
            "mchid": MCHID,
            "nonce_str": "nonce",
            "timestamp": now_s.to_string(),
            "serial_no": self.door.client.serial.to_string(),
            "signature": key.sign(text.as_bytes()),
        });
        self.examine(&what).await
    }

    async fn refused(&self) -> Vec<Value> {
        self.send(Call::get("/sandbox/wechat/refused")).await.json()["data"].as_array().unwrap().clone()
    }
}

fn codes(examination: &Value) -> Vec<&str> {
    examination["findings"].as_array().unwrap().iter().map(|found| found["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_request_that_was_refused_is_listed_and_examined() {
    let clinic = Clinic::open().await;
    let call = clinic.door.post(NATIVE, &new_order("order-1"));
    let sent = serde_json::to_string_pretty(&new_order("order-1")).unwrap();
    let altered = Call { body: sent.clone().into_bytes(), ..call.clone() };
    assert_eq!(clinic.send(altered).await.status, 401);
    let [refused] = clinic.refused().await.try_into().unwrap();
    assert_eq!((&refused["method"], &refused["url"]), (&json!("POST"), &json!(NATIVE)));
    assert_eq!(refused["refused"], "错误的签名，验签失败");
    let found = clinic.examine(&json!({ "refused": refused["number"] })).await;
    assert_eq!((codes(&found), &found["verifies"]), (vec!["body_rewritten"], &json!(false)));
    assert_eq!(found["serial_no"], clinic.door.client.serial.to_string());
    let text = found["string_to_sign"].as_str().unwrap();
    assert!(text.starts_with("POST\n/v3/pay/") && text.ends_with(&format!("\n{sent}\n")), "{text}");
    assert_eq!((&found["lines"][0]["text"], &found["lines"][4]["name"]), (&json!("POST\\n"), &json!("body")));
    let shown = found["lines"][4]["text"].as_str().unwrap();
    assert!(shown.starts_with("{\\n  \"") && shown.ends_with("}\\n"), "{shown}");
    let instruction = &found["findings"][0]["instruction"];
    assert!(instruction["zh"].as_str().unwrap().contains("序列化"), "{instruction}");
    // What was answered well is no case for the doctor.
    assert_eq!(clinic.send(call).await.status, 200);
    assert_eq!(clinic.refused().await.len(), 1);
}

#[tokio::test]
async fn what_the_door_did_not_read_is_kept_too() {
    let clinic = Clinic::open().await;
    let call = clinic.door.post(NATIVE, &new_order("order-1"));
    let header = call.headers.iter().find(|(name, _)| *name == "authorization").unwrap().1.clone();
    let spaced = call.clone().header("authorization", header.replacen(' ', "  ", 1));
    assert_eq!(clinic.send(spaced).await.status, 401);
    let nobody = call.clone().header("authorization", header.replace(MCHID, "1900000009"));
    assert_eq!(clinic.send(nobody).await.status, 400);
    let refused = clinic.refused().await;
    let bytes = new_order("order-1").to_string().len();
    assert!(refused.iter().all(|kept| kept["body_bytes"] == bytes), "{refused:?}");
    let found = clinic.examine(&json!({ "refused": refused[1]["number"] })).await;
    assert_eq!((codes(&found), &found["verifies"]), (vec!["header_format"], &json!(false)));
    let found = clinic.examine(&json!({ "refused": refused[0]["number"] })).await;
    assert_eq!(codes(&found), ["merchant_unknown"]);
}

#[tokio::test]
async fn a_nonce_that_was_used_again_is_named() {
    let clinic = Clinic::open().await;
    let call = clinic.door.post(NATIVE, &new_order("order-1"));
    assert_eq!(clinic.send(call.clone()).await.status, 200);
    assert_eq!(clinic.send(call).await.status, 401);
    let [refused] = clinic.refused().await.try_into().unwrap();
    let found = clinic.examine(&json!({ "refused": refused["number"] })).await;
    assert_eq!((codes(&found), &found["verifies"]), (vec!["nonce_used"], &json!(true)));
}

#[tokio::test]
async fn a_pasted_request_is_examined_in_pieces_or_whole() {
    let clinic = Clinic::open().await;
    let key = &clinic.door.client.key;
    let found = clinic.examine_signed(key, |text| text).await;
    assert_eq!((codes(&found), &found["verifies"]), (vec![], &json!(true)));
    let found = clinic.examine_signed(key, |text| text.trim_end().to_owned()).await;
    assert_eq!(codes(&found), ["newline_missing"]);
    let found = clinic.examine_signed(key, |text| text.replace("/v3", "http://127.0.0.1:8080/v3")).await;
    assert_eq!(codes(&found), ["target_with_host"]);
    let stranger = clinic.door.stranger().await;
    let found = clinic.examine_signed(&stranger.key, |text| text).await;
    assert_eq!(codes(&found), ["key_of_other_merchant"]);
    assert!(found["findings"][0]["about"].as_str().unwrap().contains(&stranger.mchid));
    let header = clinic.door.client.authorization(clinic.door.engine(), "GET", "/v3/certificates", b"");
    let whole = json!({ "method": "GET", "url": "/v3/certificates", "authorization": header });
    assert_eq!(clinic.examine(&whole).await["verifies"], true);
    let old = clinic.door.client.authorization_at(1_700_000_000, "n", "GET", "/v3/certificates", b"");
    let old = json!({ "method": "GET", "url": "/v3/certificates", "authorization": old });
    assert_eq!(codes(&clinic.examine(&old).await), ["clock_skew"]);
    let nothing = clinic.examine(&json!({ "method": "GET", "url": "/v3/certificates" })).await;
    assert_eq!((codes(&nothing), &nothing["string_to_sign"]), (vec!["header_missing"], &Value::Null));
}

#[tokio::test]
async fn serial_numbers_are_told_apart() {
    let clinic = Clinic::open().await;
    let stranger = clinic.door.stranger().await;
    let (own, engine) = (clinic.door.client.serial.to_string(), clinic.door.engine());
    let platform = engine.wechat_platform().unwrap().unwrap();
    let platform = platform.listed(engine.clock.world()).next().unwrap().serial().to_string();
    // The serial number as a library prints a large number.
    let digits = own.chars().fold(vec![0_u32], |number, digit| {
        let mut carry = digit.to_digit(16).unwrap();
        let mut next: Vec<u32> = number
            .iter()
            .map(|place| {
                let value = place * 16 + carry;
                carry = value / 10;
                value % 10
            })
            .collect();
        while carry > 0 {
            next.push(carry % 10);
            carry /= 10;
        }
        next
    });
    let decimal: String = digits.iter().rev().map(ToString::to_string).collect();
    let good = clinic.door.client.authorization(engine, "GET", "/v3/certificates", b"");
    for (serial, code) in [
        (stranger.serial.to_string(), "serial_of_other_merchant"),
        (platform, "serial_of_platform"),
        (decimal.trim_start_matches('0').to_owned(), "serial_decimal"),
        ("0A".to_owned(), "serial_unknown"),
        ("no-serial".to_owned(), "serial_unknown"),
    ] {
        let header = good.replace(&own, &serial);
        let what = json!({ "method": "GET", "url": "/v3/certificates", "authorization": header });
        let found = clinic.examine(&what).await;
        assert_eq!((codes(&found), &found["verifies"]), (vec![code], &json!(false)), "{serial}");
    }
    let serial = own.clone();
    clinic.door.identity(move |facts, cx| identities::revoke_certificate(facts, cx, MCHID, &serial)).await;
    let what = json!({ "method": "GET", "url": "/v3/certificates", "authorization": good });
    let found = clinic.examine(&what).await;
    assert_eq!((codes(&found), &found["verifies"]), (vec!["certificate_unusable"], &json!(false)));
}

#[tokio::test]
async fn ones_own_string_is_compared_with_the_platform_s() {
    let clinic = Clinic::open().await;
    let call = clinic.door.get("/v3/certificates?algorithm_type=RSA");
    let altered = Call { path: "/v3/certificates?algorithm_type=ALL".to_owned(), ..call };
    assert_eq!(clinic.send(altered).await.status, 401);
    let number = clinic.refused().await[0]["number"].clone();
    let text = clinic.examine(&json!({ "refused": number })).await;
    let text = text["string_to_sign"].as_str().unwrap();
    let own = text.replace("ALL", "RSA");
    let found = clinic.examine(&json!({ "refused": number, "string_to_sign": own })).await;
    assert_eq!((codes(&found), &found["own"]["is_signed"]), (vec!["own_text_differs"], &json!(true)));
    let difference = &found["own"]["difference"];
    assert_eq!((&difference["line"], &difference["column"]), (&json!(2), &json!(33)));
    assert!(difference["expected"].as_str().unwrap().starts_with("ALL\\n"), "{difference}");
    assert!(difference["found"].as_str().unwrap().starts_with("RSA\\n"), "{difference}");
    let equal = clinic.examine(&json!({ "refused": number, "string_to_sign": text })).await;
    assert_eq!((&equal["own"]["is_signed"], &equal["own"]["difference"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn the_last_twenty_are_kept() {
    let clinic = Clinic::open().await;
    for number in 0..25 {
        let call = clinic.door.get("/v3/certificates");
        clinic.send(Call { path: format!("/v3/certificates?n={number}"), ..call }).await;
    }
    let refused = clinic.refused().await;
    assert_eq!(refused.len(), 20);
    assert_eq!(
        (&refused[0]["url"], &refused[19]["url"]),
        (&json!("/v3/certificates?n=24"), &json!("/v3/certificates?n=5"))
    );
    let forgotten = clinic.send(Call::post(EXAMINE, &json!({ "refused": 1 }))).await;
    forgotten.refused(400, "invalid_value", "refused");
}

#[tokio::test]
async fn what_makes_no_request_is_refused() {
    let clinic = Clinic::open().await;
    for (what, code, param) in [
        (json!({}), "missing_field", "method"),
        (json!({ "method": "GET" }), "missing_field", "url"),
        (json!({ "method": "GET", "url": "v3" }), "invalid_value", "url"),
        (json!({ "method": "GET", "url": "http://x" }), "invalid_value", "url"),
        (
            json!({ "method": "GET", "url": "/", "body": "", "body_base64": "" }),
            "invalid_value",
            "body_base64",
        ),
        (json!({ "method": "GET", "url": "/", "body_base64": "?" }), "invalid_value", "body_base64"),
        (
            json!({ "method": "GET", "url": "/", "authorization": "", "mchid": "" }),
            "invalid_value",
            "authorization",
        ),
        (json!({ "refused": 0 }), "invalid_value", "refused"),
    ] {
        clinic.send(Call::post(EXAMINE, &what)).await.refused(400, code, param);
    }
}
