//! Error bodies, codes and numbers.

use tongbao_channel::wechat::{
    authorization::SignError,
    error::{Body, Code, Detail, InternalCode, Location, Refusal, UnknownCode, request_id},
    message::Request,
};

use crate::wechat_samples::NONCE;

#[track_caller]
fn check(refusal: &Refusal, status: u16, body: &str) {
    assert_eq!(String::from_utf8(refusal.to_json()).unwrap(), body);
    assert_eq!(refusal.status, status);
    let read = Body::from_json(body.as_bytes()).unwrap();
    assert_eq!((read.code.parse(), read.detail), (Ok(refusal.code), refusal.detail.as_deref().cloned()));
}

#[test]
fn an_error_is_a_code_a_text_and_perhaps_a_detail() {
    let unknown = Refusal::new(Code::OrderNotExist, "订单不存在");
    check(&unknown, 404, r#"{"code":"ORDER_NOT_EXIST","message":"订单不存在"}"#);
    assert_eq!(unknown.number, InternalCode::ORDER_NOT_EXIST);
    check(
        &Refusal::missing("/amount/total", Location::Body),
        400,
        concat!(
            r#"{"code":"PARAM_ERROR","message":"参数“total”是必填项","#,
            r#""detail":{"field":"/amount/total","issue":"参数“total”是必填项","location":"body"}}"#,
        ),
    );
    check(
        &Refusal::new(Code::MchNotExists, "a/b").at(404),
        404,
        r#"{"code":"MCH_NOT_EXISTS","message":"a/b"}"#,
    );
}

#[test]
fn a_signature_that_does_not_fit_is_answered_with_what_it_should_fit() {
    let request = Request {
        method: "POST",
        target: "/v3/pay/transactions/native",
        timestamp_s: 1_554_208_460,
        nonce: NONCE,
        body: "{\"说明\":\"一二三四五六\"}".as_bytes(),
    };
    let refusal = Refusal::sign(SignError::Mismatch, Some(&request));
    let expected = format!(
        concat!(
            r#"{{"code":"SIGN_ERROR","message":"错误的签名，验签失败","detail":{{"#,
            r#""detail":{{"issue":"sign not match"}},"field":"signature","location":"authorization","#,
            r#""sign_information":{{"method":"POST","url":"/v3/pay/transactions/native","#,
            r#""truncated_sign_message":"POST\n/v3/pay/transactions/native\n1554208460\n{}\n{{\"说明\":\"一","#,
            r#""sign_message_length":{}}}}}}}"#,
        ),
        NONCE,
        request.message().len()
    );
    check(&refusal, 401, &expected);
    assert_eq!(refusal.number, InternalCode::SIGNATURE);
    let bytes = Request { body: &[0xFF; 100], ..request };
    let refusal = Refusal::sign(SignError::Mismatch, Some(&bytes));
    assert!(matches!(refusal.detail.as_deref(), Some(Detail::Signature { .. })));
}

#[test]
fn every_reason_to_doubt_a_signature_has_its_text() {
    let errors = [
        SignError::Format,
        SignError::Scheme,
        SignError::Timestamp,
        SignError::Serial,
        SignError::Signature,
        SignError::Mismatch,
    ];
    for (index, error) in errors.iter().enumerate() {
        assert!(errors[index + 1..].iter().all(|other| other.text() != error.text()));
        let refusal = Refusal::sign(*error, None);
        assert_eq!((refusal.status, refusal.code, refusal.detail), (401, Code::SignError, None));
        assert_eq!(refusal.message, error.text());
    }
    assert_eq!(SignError::SchemeNotSupported.text(), SignError::Scheme.text());
}

#[test]
fn codes_read_back_in_both_spellings() {
    for code in Code::ALL {
        assert_eq!(code.as_str().parse(), Ok(*code));
        assert_eq!(code.as_str().replace('_', "").parse(), Ok(*code));
        assert!(code.as_str().len() <= 32);
        assert_ne!(InternalCode::of(*code), InternalCode::SUCCESS);
    }
    assert_eq!("ORDERNOTEXIST".parse(), Ok(Code::OrderNotExist));
    for text in ["", "_", "SUCCESS", "order_not_exist", "PARAM_ERROR2"] {
        assert_eq!(text.parse::<Code>(), Err(UnknownCode), "{text}");
    }
}

#[test]
fn foreign_error_bodies_keep_their_code() {
    let read = |text: &str| Body::from_json(text.as_bytes());
    let odd = read(r#"{"code":"NEW_CODE","message":"x","detail":{"what":["ever"]},"more":1}"#).unwrap();
    assert_eq!((odd.code.as_str(), odd.detail), ("NEW_CODE", None));
    assert_eq!(read(r#"{"code":"SIGN_ERROR"}"#).unwrap().message, "");
    for text in ["", "<html>", "[]", r#"{"message":"x"}"#, r#"{"code":1}"#] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn long_texts_are_cut_between_characters() {
    let refusal = Refusal::new(Code::InvalidRequest, "一".repeat(300));
    assert_eq!(refusal.message.chars().count(), 256);
    assert_eq!(Refusal::new(Code::InvalidRequest, "一".repeat(256)).message.chars().count(), 256);
}

#[test]
fn the_number_stands_behind_the_dash() {
    assert_eq!(request_id([0xAB; 16], InternalCode::SUCCESS), format!("{}-0", "AB".repeat(16)));
    assert!(request_id([0; 16], InternalCode::REENTRY_DIFFERS).ends_with("-268498688"));
}
