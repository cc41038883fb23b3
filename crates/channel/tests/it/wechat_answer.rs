//! The headers that sign answers and notifications.

use tongbao_channel::wechat::{
    answer::{Headers, NONCE, SERIAL, SIGNATURE, SIGNATURE_TYPE, TIMESTAMP, Unverified},
    serial::{KeyName, PublicKeyId},
    signature::Probe,
};

use crate::wechat_samples::{MERCHANT, NOW, PLATFORM};

const BODY: &[u8] = b"{\"code_url\":\"weixin://wxpay/bizpayurl?pr=1\"}";

fn signed(body: &[u8]) -> Headers {
    let name = KeyName::PublicKey(PublicKeyId::draw([7; 16]));
    Headers::sign(&PLATFORM, name, NOW, [9; 16], body)
}

fn pairs() -> Vec<(String, String)> {
    signed(BODY).pairs().map(|(name, value)| (name.to_owned(), value)).to_vec()
}

fn read(pairs: &[(String, String)]) -> Result<Headers, Unverified> {
    Headers::read(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

#[test]
fn what_is_signed_reads_back_and_verifies() {
    let mut pairs = pairs();
    let key = PLATFORM.verifying_key();
    assert_eq!(read(&pairs).unwrap(), signed(BODY));
    for (name, _) in &mut pairs {
        *name = name.to_lowercase();
    }
    pairs.push(("content-type".to_owned(), "application/json".to_owned()));
    assert_eq!(read(&pairs).unwrap().verify(&key, NOW, BODY), Ok(()));
    assert_eq!(signed(b"").verify(&key, NOW, b""), Ok(()));
}

#[test]
fn every_header_is_there_once_but_the_scheme_may_be_left_out() {
    for name in [TIMESTAMP, NONCE, SIGNATURE, SERIAL] {
        let fewer: Vec<_> = pairs().into_iter().filter(|(other, _)| other != name).collect();
        assert_eq!(read(&fewer), Err(Unverified::Missing(name)));
    }
    let unnamed: Vec<_> = pairs().into_iter().filter(|(other, _)| other != SIGNATURE_TYPE).collect();
    assert_eq!(read(&unnamed), Ok(signed(BODY)));
    for name in [TIMESTAMP, NONCE, SIGNATURE, SERIAL, SIGNATURE_TYPE] {
        let mut more = pairs();
        let (_, value) = more.iter().find(|(other, _)| other == name).unwrap().clone();
        more.push((name.to_lowercase(), value));
        assert_eq!(read(&more), Err(Unverified::Repeated(name)));
    }
}

#[test]
fn headers_that_cannot_be_read_are_named() {
    let huge = "1".repeat(513);
    for (name, value) in [
        (TIMESTAMP, "1e9"),
        (TIMESTAMP, "-1"),
        (TIMESTAMP, ""),
        (NONCE, ""),
        (NONCE, &huge),
        (SIGNATURE, &huge),
        (SERIAL, "not a serial"),
        (SIGNATURE_TYPE, "WECHATPAY2-SM2-WITH-SM3"),
    ] {
        let mut pairs = pairs();
        pairs.iter_mut().find(|(other, _)| other == name).unwrap().1 = value.to_owned();
        assert_eq!(read(&pairs), Err(Unverified::Unreadable(name)), "{value}");
    }
}

#[test]
fn what_was_altered_or_is_old_does_not_verify() {
    let key = PLATFORM.verifying_key();
    let headers = signed(BODY);
    assert_eq!(headers.verify(&key, NOW, b""), Err(Unverified::Mismatch));
    assert_eq!(headers.verify(&MERCHANT.verifying_key(), NOW, BODY), Err(Unverified::Mismatch));
    let other = Headers { nonce: "0".repeat(32), ..headers.clone() };
    assert_eq!(other.verify(&key, NOW, BODY), Err(Unverified::Mismatch));
    assert_eq!(headers.verify(&key, NOW.plus_s(300), BODY), Ok(()));
    assert_eq!(headers.verify(&key, NOW.plus_s(301), BODY), Err(Unverified::Timestamp));
    assert_eq!(headers.verify(&key, NOW.plus_s(-301), BODY), Err(Unverified::Timestamp));
    for probe in [Probe::Readable, Probe::Unreadable] {
        let spoilt = headers.clone().spoilt(probe);
        assert_eq!(spoilt.verify(&key, NOW, BODY), Err(Unverified::Mismatch), "{probe:?}");
    }
}
