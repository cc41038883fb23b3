//! What is signed, and by which keys.

use proptest::prelude::*;
use tongbao_channel::wechat::{
    authorization::SignError,
    message::{self, Client, Invocation, Request},
    signature::{KeyError, PROBE_PREFIX, Probe, SigningKey, Target, VerifyingKey, is_probe},
};

use crate::wechat_samples::{MERCHANT, NONCE, PLATFORM, WRONG_KEYS, documented_key, get};

/// The request of the documents, <https://pay.weixin.qq.com/doc/v3/merchant/4012365336>.
fn documented_request() -> Request<'static> {
    Request {
        method: "POST",
        target: "/v3/pay/transactions/jsapi",
        timestamp_s: 1_554_208_460,
        nonce: NONCE,
        body: concat!(
            r#"{"appid":"wxd678efh567hg6787","mchid":"1900007291","description":"Image形象店-深圳腾大-QQ公仔","#,
            r#""out_trade_no":"1217752501201407033233368018","#,
            r#""notify_url":"https://www.weixin.qq.com/wxpay/pay.php","#,
            r#""amount":{"total":100,"currency":"CNY"},"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}"#,
        )
        .as_bytes(),
    }
}

const DOCUMENTED_SIGNATURE: &str = concat!(
    "jnks4dlrPw3ZX+ozVvSK39oa0t7OMBsg83BHAwd8BRdUFiVaQNTLTvci+wURgP1OQBbKYhFGvt7iqYpDSTQkp7Uq1slt",
    "aQKyncCyrA1g88m5bsKERQfPyT0ahSwKTYJ1CAn9QiJuSJRq1QsQs07eehbU/k9BCS51jTyc1Jpsi2H77HF9f/BnjXAO",
    "P3/sPObg6V5Ee4EzwLox684hhuMuIwHo7D8KFk3LIHOKDcNI4It1aCXydFWNpNK+SG86VUDe5kwoDpw4Ulqfu9z8OFDG",
    "bDs9TCxEv8iqQzbpxOlEVoOe2kalSYM5kApQb3nZcxdUtoE0liJGW3RGUNE0t4v01A==",
);

fn documented_invocation(client: Client) -> Invocation<'static> {
    Invocation {
        client,
        appid: "wx2421b1c4370ec43b",
        timestamp: "1554208460",
        nonce: NONCE,
        prepay_id: "wx201410272009395522657a690389285100",
    }
}

/// The `paySign` of the documents.
const DOCUMENTED_PAY_SIGN: &str = concat!(
    "mI35pfNEQV6777ke/1T+LJLQDNTm7yeoUJH+j/adPGhmCCi0PbgkvYQTRcXH0uibcLVtvFLdGLpmoYO9FV6lBBsTAjuh",
    "h5YOvQi0e2g3e0yytitiNET9FEuqM0pjnKfRW4K6LIZDdbWJv9KhZUx3DrJa5TL7OJ7VdADVivxVySIlPVKjGwuCXzuX",
    "SJes0UcILgWQUMyha5/3nYofuHtS7r+KYyMuxD+oJ9VM1Qdxk4UIG59CP5Y3wtYIFybyF3bdu1caHTRRX+DLyMXyYA/I",
    "rTmiW01c4RPjpHBX5Dk1sZyY1zVsWNsvMHr2e1NTWtBxKJ+qk5N61J7caYoepHFaxw==",
);

/// Made with openssl and the key of the documents, over four lines that end with the bare prepay id.
const APP_SIGN: &str = concat!(
    "gXx9KhTP6IooKV1SuG3OCGlBIgZbKtubCZvnau6khw1iffvNT28IzLbKmztq2xA/RCNbZa1XOsoiuVmAEeTZQicWfhv4",
    "P+O4oBRIrx0X9f3cnWFkMBU9alTWs0nyQ1N9fcILOTe0f4kxOhVh+/Xhn5hOiUK7Sz3XA1mcpa3R2NCWf/e+0ow/RDf1",
    "5iTymOHgDrEkT/gedg/3E0iXfDX3mFicSZhrHESZDOTXcl9RzELREBUFznd/o2NQM99WcL86m23HY0cTy+QGWU4QDmNr",
    "bQ9ihmLW71qPb0Cx/d7EQvw/Kyx0A6s64ZQp3hHdcmiRcLnjVXrKCk7LShaCK+lS3Q==",
);

#[test]
fn the_signatures_in_the_documents_fit() {
    let key = documented_key();
    let request = documented_request();
    assert_eq!(key.verify_request(&request, DOCUMENTED_SIGNATURE), Ok(Target::Received));
    for (client, signature) in [(Client::Jsapi, DOCUMENTED_PAY_SIGN), (Client::App, APP_SIGN)] {
        assert_eq!(key.verify(&documented_invocation(client).message(), signature), Ok(()));
    }
}

#[test]
fn a_request_that_differs_anywhere_does_not_fit() {
    let key = documented_key();
    let request = documented_request();
    let mut body = request.body.to_vec();
    *body.last_mut().unwrap() = b' ';
    let mut longer = request.body.to_vec();
    longer.push(b'\n');
    for other in [
        Request { method: "PUT", ..request },
        Request { target: "/v3/pay/transactions/app", ..request },
        Request { target: "/v3/pay/transactions/jsapi?", ..request },
        Request { timestamp_s: request.timestamp_s + 1, ..request },
        Request { nonce: "593BEC0C930BF1AFEB40B4A08C8FB243", ..request },
        Request { body: &body, ..request },
        Request { body: &longer, ..request },
        Request { body: b"", ..request },
    ] {
        assert_eq!(key.verify_request(&other, DOCUMENTED_SIGNATURE), Err(SignError::Mismatch), "{other:?}");
    }
    let other_key = MERCHANT.verifying_key();
    assert_eq!(other_key.verify_request(&request, DOCUMENTED_SIGNATURE), Err(SignError::Mismatch));
}

#[test]
fn messages_are_lines_that_all_end() {
    assert_eq!(
        get("/v3/certificates").message(),
        format!("GET\n/v3/certificates\n1554208460\n{NONCE}\n\n").as_bytes()
    );
    assert_eq!(message::answer(1, "n", b"{}"), b"1\nn\n{}\n");
    assert_eq!(message::answer(1, "n", b""), b"1\nn\n\n");
    let invocation = documented_invocation(Client::Jsapi);
    assert_eq!(invocation.package(), "prepay_id=wx201410272009395522657a690389285100");
    assert_eq!(message::prepay_id(&invocation.package()), Some(invocation.prepay_id));
    assert_eq!(documented_invocation(Client::App).package(), "Sign=WXPay");
    assert_eq!(message::prepay_id("Sign=WXPay"), None);
}

/// What a client signed, what it sent, and whether that is the same request.
#[track_caller]
fn check_target(signed: &str, sent: &str, expected: Result<Target, SignError>) {
    let signature = MERCHANT.sign(&get(signed).message());
    let key = MERCHANT.verifying_key();
    assert_eq!(key.verify_request(&get(sent), &signature), expected, "signed {signed}, sent {sent}");
}

#[test]
fn a_target_may_be_signed_before_it_was_encoded() {
    let raw = "/v3/pay/transactions/out-trade-no/AB|C*D_E-F?mchid=1";
    let encoded = "/v3/pay/transactions/out-trade-no/AB%7CC*D_E-F?mchid=1";
    check_target(raw, raw, Ok(Target::Received));
    check_target(encoded, encoded, Ok(Target::Received));
    check_target(raw, encoded, Ok(Target::Decoded));
    check_target(raw, &encoded.replace("%7C", "%7c"), Ok(Target::Decoded));
    check_target(encoded, raw, Err(SignError::Mismatch));
    check_target("/v3/商户", "/v3/%E5%95%86%E6%88%B7", Ok(Target::Decoded));
}

#[test]
fn decoding_never_makes_another_request_of_a_target() {
    for (signed, sent) in [
        ("/v3/a?b=1&c=2", "/v3/a?b=1%26c=2"),
        ("/v3/a?b=1", "/v3/a%3Fb=1"),
        ("/v3/a/b", "/v3/a%2Fb"),
        ("/v3/a=b", "/v3/a%3Db"),
        ("/v3/a%7Cb", "/v3/a%257Cb"),
        ("/v3/a#b", "/v3/a%23b"),
        ("/v3/a+b", "/v3/a%2Bb"),
        ("/v3/a b", "/v3/a%20b"),
        ("/v3/a\nb", "/v3/a%0Ab"),
        ("/v3/a|%zz", "/v3/a%7C%zz"),
        ("/v3/a|%", "/v3/a%7C%"),
        ("/v3/a|%1", "/v3/a%7C%1"),
    ] {
        check_target(signed, sent, Err(SignError::Mismatch));
    }
}

#[test]
fn a_signature_that_is_not_base64_of_256_bytes_is_told_from_a_wrong_one() {
    let key = documented_key();
    let message = documented_request().message();
    let url_safe = DOCUMENTED_SIGNATURE.replace('+', "-").replace('/', "_");
    let unpadded = DOCUMENTED_SIGNATURE.trim_end_matches('=');
    let huge = "A".repeat(1 << 20);
    for text in
        ["", "=", "AAAA", "中文", url_safe.as_str(), unpadded, huge.as_str(), &DOCUMENTED_SIGNATURE[4..]]
    {
        assert_eq!(key.verify(&message, text), Err(SignError::Signature));
    }
    let zeros = format!("{}==", "A".repeat(342));
    assert_eq!(key.verify(&message, &zeros), Err(SignError::Mismatch));
}

#[test]
fn a_probe_is_refused_whether_or_not_it_can_be_read() {
    let key = PLATFORM.verifying_key();
    let message = message::answer(1, NONCE, b"{}");
    let genuine = PLATFORM.sign(&message);
    assert_eq!(key.verify(&message, &genuine), Ok(()));
    assert!(!is_probe(&genuine));
    for (probe, length, expected) in
        [(Probe::Readable, 344, SignError::Mismatch), (Probe::Unreadable, 361, SignError::Signature)]
    {
        let spoilt = probe.spoil(&genuine);
        assert!(spoilt.starts_with(PROBE_PREFIX) && is_probe(&spoilt));
        assert_eq!((spoilt.len(), key.verify(&message, &spoilt)), (length, Err(expected)));
    }
}

#[test]
fn keys_of_other_sizes_and_kinds_are_refused() {
    for pem in WRONG_KEYS {
        assert_eq!(VerifyingKey::from_pem(pem).unwrap_err(), KeyError::NotRsa2048, "{pem}");
    }
    for pem in ["", "-----BEGIN PUBLIC KEY-----", &MERCHANT.to_pem(), &"A".repeat(1 << 20)] {
        assert_eq!(VerifyingKey::from_pem(pem).unwrap_err(), KeyError::Pem);
    }
    let public = MERCHANT.verifying_key().to_pem();
    assert_eq!(SigningKey::from_pem(&public).unwrap_err(), KeyError::Pem);
    assert_eq!(SigningKey::from_pkcs8(b"").unwrap_err(), KeyError::NotRsa2048);
    let pkcs8 = MERCHANT.to_pkcs8();
    assert_eq!(SigningKey::from_pkcs8(&pkcs8[1..]).unwrap_err(), KeyError::NotRsa2048);
    // The last byte belongs to the last part of the key, which then does not fit the others.
    let mut altered = pkcs8.to_vec();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(SigningKey::from_pkcs8(&altered).unwrap_err(), KeyError::NotRsa2048);
}

#[test]
fn keys_read_back_from_their_files() {
    let private = SigningKey::from_pem(&MERCHANT.to_pem()).unwrap();
    assert_eq!(private.to_pkcs8(), MERCHANT.to_pkcs8());
    let public = VerifyingKey::from_pem(&MERCHANT.verifying_key().to_pem()).unwrap();
    assert_eq!(public.der(), private.verifying_key().der());
    assert_eq!(format!("{private:?}"), "SigningKey");
}

proptest! {
    // Each case signs once, which takes about a millisecond.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_signed_verifies_and_nothing_else(
        target in "/v3/[a-z|*]{1,20}(\\?[a-z]{1,5}=[0-9]{1,5})?",
        nonce in "[0-9A-Za-z]{1,32}",
        timestamp_s in 0..9_999_999_999_i64,
        body in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let request = Request { method: "POST", target: &target, timestamp_s, nonce: &nonce, body: &body };
        let signature = MERCHANT.sign(&request.message());
        let key = MERCHANT.verifying_key();
        prop_assert_eq!(key.verify_request(&request, &signature), Ok(Target::Received));
        let mut bytes = MERCHANT.sign_bytes(&request.message());
        bytes[at.index(bytes.len())] ^= flip;
        prop_assert_eq!(key.verify_bytes(&request.message(), &bytes), Err(SignError::Mismatch));
        if !body.is_empty() {
            let mut altered = body.clone();
            altered[at.index(body.len())] ^= flip;
            let request = Request { body: &altered, ..request };
            prop_assert_eq!(key.verify_request(&request, &signature), Err(SignError::Mismatch));
        }
    }

    #[test]
    fn encoding_every_character_but_the_delimiters_is_the_same_target(name in "[a-z|*@~^`<>é中]{1,20}") {
        let pairs: Vec<_> = name.bytes().map(|byte| format!("{byte:02x}")).collect();
        let encoded = format!("%{}", pairs.join("%"));
        let (signed, sent) = (format!("/v3/{name}?a=1"), format!("/v3/{encoded}?a=1"));
        prop_assert_eq!(get(&sent).decoded_message(), Some(get(&signed).message()));
        if name.is_ascii() {
            prop_assert_eq!(get(&signed).decoded_message(), None);
        }
    }
}
