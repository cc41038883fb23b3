//! The signature doctor names each mistake that it is given.

use std::{fs, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tongbao_channel::wechat::{
    authorization::{Authorization, SCHEME},
    doctor::{Case, Diagnosis, Finding, Mistake, OtherKey, diagnose, read_header},
    message::Request,
    signature::{SigningKey, VerifyingKey},
};

use crate::wechat_samples::{MCHID, MERCHANT, NONCE, NOW, PLATFORM};

const BODY: &str =
    r#"{"appid":"wx1","description":"一壶茶","notify_url":"https://shop.example/n","amount":{"total":1}}"#;
const TARGET: &str = "/v3/pay/transactions/out-trade-no/A%7CB?mchid=1900007291&a=b%20c";

fn post() -> Request<'static> {
    Request {
        method: "POST",
        target: "/v3/pay/transactions/native",
        timestamp_s: NOW.ms() / 1_000,
        nonce: NONCE,
        body: BODY.as_bytes(),
    }
}

fn get() -> Request<'static> {
    Request { method: "GET", target: TARGET, body: b"", ..post() }
}

fn examine(request: Request<'_>, signature: &str, own: Option<&[u8]>) -> Diagnosis {
    let key = MERCHANT.verifying_key();
    let other = PLATFORM.verifying_key();
    let others = [OtherKey { name: "1900000002 0A", is_own: false, key: &other }];
    diagnose(&Case { request, host: Some("localhost:8080"), signature, key: &key, others: &others, own })
}

fn mistakes(diagnosis: &Diagnosis) -> Vec<Mistake> {
    diagnosis.findings.iter().map(|finding| finding.mistake).collect()
}

/// What is found when this text was signed instead of the request's.
#[track_caller]
fn check(request: Request<'_>, signed: impl AsRef<[u8]>, expected: &[Mistake]) {
    let signed = signed.as_ref();
    let told = String::from_utf8_lossy(signed);
    let diagnosis = examine(request, &MERCHANT.sign(signed), None);
    assert_eq!(mistakes(&diagnosis), expected, "{told}");
    assert_eq!(diagnosis.verifies, expected.is_empty(), "{told}");
}

fn text(request: &Request<'_>) -> String {
    String::from_utf8(request.message()).unwrap()
}

#[test]
fn a_signature_that_fits_has_no_findings() {
    check(post(), post().message(), &[]);
    check(get(), get().message(), &[]);
    let unreserved = Request { target: "/v3/x/A%7CB", ..get() };
    check(unreserved, text(&unreserved).replace("%7C", "|"), &[]);
}

#[test]
fn line_ends_and_lines_are_told_apart() {
    let right = text(&post());
    check(post(), right.trim_end(), &[Mistake::NewlineMissing]);
    check(get(), text(&get()).strip_suffix('\n').unwrap(), &[Mistake::NewlineMissing]);
    check(post(), format!("{right}\n"), &[Mistake::NewlineTwice]);
    check(post(), right.replace('\n', "\r\n"), &[Mistake::NewlineCrLf]);
    check(post(), right.replace('\n', "\\n"), &[Mistake::NewlineEscaped]);
    check(post(), right.replace('\n', ""), &[Mistake::NewlinesMissing]);
    let [method, target, time, nonce, body] =
        right.trim_end().split('\n').collect::<Vec<_>>().try_into().unwrap();
    check(post(), format!("{method}\n{target}\n{nonce}\n{time}\n{body}\n"), &[Mistake::LinesInOtherOrder]);
    check(post(), format!("{time}\n{nonce}\n{body}\n"), &[Mistake::SignedAsAnswer]);
    check(post(), right.replacen("POST", "post", 1), &[Mistake::MethodLowerCase]);
    check(post(), right.replacen("POST", "GET", 1), &[Mistake::MethodDiffers]);
    check(post(), right.replacen(NONCE, &NONCE.to_lowercase(), 1), &[Mistake::NonceDiffers]);
}

#[test]
fn times_are_told_apart() {
    let (right, time) = (text(&post()), (NOW.ms() / 1_000).to_string());
    check(post(), right.replace(&time, &format!("{time}123")), &[Mistake::TimestampMillisecondsSigned]);
    let earlier = (NOW.ms() / 1_000 - 1).to_string();
    check(post(), right.replace(&time, &earlier), &[Mistake::TimestampDiffers]);
}

#[test]
fn targets_are_told_apart() {
    let right = text(&get());
    let with = |target: &str| right.replace(TARGET, target);
    check(get(), with(&format!("http://localhost:8080{TARGET}")), &[Mistake::TargetWithHost]);
    check(get(), with(&format!("https://api.mch.weixin.qq.com{TARGET}")), &[Mistake::TargetWithHost]);
    let (path, query) = TARGET.split_once('?').unwrap();
    check(get(), with(path), &[Mistake::TargetWithoutQuery]);
    check(get(), with(&format!("{path}?a=b%20c&mchid=1900007291")), &[Mistake::TargetQueryOrder]);
    check(get(), with(&TARGET.replace("%7C", "|").replace("%20", " ")), &[Mistake::TargetDecoded]);
    check(get(), with(&TARGET.replace("%20", "+")), &[Mistake::TargetEncoded]);
    check(get(), with(&TARGET.replace("%7C", "%7c")), &[Mistake::TargetEncoded]);
    check(get(), with(&TARGET[1..]), &[Mistake::TargetSlash]);
    check(get(), with(&TARGET[3..]), &[Mistake::TargetCut]);
    check(get(), format!("{right}{{}}"), &[Mistake::UnknownText]);
    check(get(), right.replace("\n\n", &format!("\n{query}\n")), &[Mistake::BodyNotEmpty]);
    check(get(), right.replace("\n\n", "\n{}\n"), &[Mistake::BodyNotEmpty]);
}

#[test]
fn bodies_are_told_apart() {
    let right = text(&post());
    let with = |body: &str| right.replace(BODY, body);
    let pretty = "{\n  \"appid\": \"wx1\",\n  \"description\": \"一壶茶\",\n  \"notify_url\": \"https://shop.example/n\",\n  \
                  \"amount\": {\n    \"total\": 1\n  }\n}";
    for rewritten in [
        BODY.replace(':', ": ").replace(',', ", ").replace("https: ", "https:"),
        BODY.replace("一壶茶", "\\u4e00\\u58f6\\u8336"),
        BODY.replace("一壶茶", "\\u4E00\\u58F6\\u8336"),
        BODY.replace('/', "\\/"),
        BODY.replace('/', "\\/").replace("一壶茶", "\\u4e00\\u58f6\\u8336"),
        pretty.to_owned(),
        serde_json::from_str::<serde_json::Value>(BODY).unwrap().to_string(),
    ] {
        check(post(), with(&rewritten), &[Mistake::BodyRewritten]);
    }
    // The other way round: what was sent is the one with escapes.
    let escaped = BODY.replace("一壶茶", "\\u4e00\\u58f6\\u8336");
    check(Request { body: escaped.as_bytes(), ..post() }, &right, &[Mistake::BodyRewritten]);
    check(post(), with(""), &[Mistake::BodyMissing]);
    check(post(), with(&format!("{BODY}\n")), &[Mistake::NewlineTwice]);
    check(post(), with(&format!("\u{feff}{BODY}")), &[Mistake::BodyCharset]);
    check(post(), with(&BODY.replace("一壶茶", "???")), &[Mistake::BodyCharset]);
    let latin: String = BODY.bytes().map(char::from).collect();
    check(post(), with(&latin), &[Mistake::BodyCharset]);
    let mut gbk = right.split("一壶茶").map(|part| part.as_bytes().to_vec());
    let gbk = [gbk.next().unwrap(), b"\xd2\xbb\xba\xf8\xb2\xe8".to_vec(), gbk.next().unwrap()].concat();
    check(post(), &gbk, &[Mistake::BodyCharset]);
    let lines = format!("{BODY}\n");
    check(Request { body: lines.as_bytes(), ..post() }, &right, &[Mistake::NewlineMissing]);
}

#[test]
fn two_mistakes_at_once_are_both_named() {
    let right = text(&post());
    let spaced = BODY.replace(':', ": ").replace(',', ", ").replace("https: ", "https:");
    let both = right.replace(BODY, &spaced);
    check(post(), both.trim_end(), &[Mistake::BodyRewritten, Mistake::NewlineMissing]);
    let both = right.replace("POST", "post").replace("/v3", "http://localhost:8080/v3");
    check(post(), both, &[Mistake::MethodLowerCase, Mistake::TargetWithHost]);
}

#[test]
fn a_wrong_key_is_told_from_a_wrong_text() {
    let right = post().message();
    let foreign = examine(post(), &PLATFORM.sign(&right), None);
    assert_eq!(foreign.findings, [Finding::about(Mistake::KeyOfOtherMerchant, "1900000002 0A")]);
    let both = examine(post(), &PLATFORM.sign(text(&post()).trim_end().as_bytes()), None);
    assert_eq!(mistakes(&both), [Mistake::KeyOfOtherMerchant, Mistake::NewlineMissing]);
    let nobody = SigningKey::generate().sign(&right);
    assert_eq!(mistakes(&examine(post(), &nobody, None)), [Mistake::UnknownKey]);
    check(post(), "something else", &[Mistake::UnknownText]);
}

#[test]
fn ones_own_text_is_compared() {
    let own = b"POST\n/v3/else\n";
    let signed = MERCHANT.sign(own);
    let diagnosis = examine(post(), &signed, Some(own));
    assert_eq!((mistakes(&diagnosis), diagnosis.own_is_signed), (vec![Mistake::OwnTextDiffers], Some(true)));
    let diagnosis = examine(post(), &signed, Some(b"another"));
    assert_eq!((mistakes(&diagnosis), diagnosis.own_is_signed), (vec![Mistake::UnknownText], Some(false)));
    let right = MERCHANT.sign(&post().message());
    assert_eq!(examine(post(), &right, Some(&post().message())).own_is_signed, Some(true));
}

#[test]
fn forms_of_a_signature_are_told_apart() {
    let right = MERCHANT.sign(&post().message());
    let bytes = STANDARD.decode(&right).unwrap();
    let hex = tongbao_channel::wechat::draw::hex(&bytes).to_lowercase();
    let (first, second) = right.split_at(76);
    // Of 342 characters some are sure to be one of the two that differ.
    assert!(right.contains(['+', '/']));
    for (written, mistake) in [
        (right.replace('+', "-").replace('/', "_"), Mistake::SignatureBase64Url),
        (right.trim_end_matches('=').replace('+', "-").replace('/', "_"), Mistake::SignatureBase64Url),
        (right.trim_end_matches('=').to_owned(), Mistake::SignatureNotPadded),
        (format!("{first}\n{second}"), Mistake::SignatureLineBreaks),
        (right.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"), Mistake::SignaturePercentEncoded),
        (hex, Mistake::SignatureHex),
        (right[..340].to_owned(), Mistake::SignatureUnreadable),
        (String::new(), Mistake::SignatureUnreadable),
    ] {
        let diagnosis = examine(post(), &written, None);
        assert!(!diagnosis.verifies);
        assert_eq!(mistakes(&diagnosis), [mistake], "{written}");
    }
}

/// How openssl signs with another padding.
const PSS: &str = "dgst -sha256 -sign key.pem -sigopt rsa_padding_mode:pss";

#[test]
fn other_algorithms_are_told_apart() {
    let here = Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success());
    assert!(here || std::env::var_os("CI").is_none(), "CI must compare with openssl, which is not there");
    if !here {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("key.pem"), MERCHANT.to_pem().as_bytes()).unwrap();
    fs::write(place.path().join("message"), post().message()).unwrap();
    fs::write(place.path().join("short"), text(&post()).trim_end()).unwrap();
    for (arguments, expected) in [
        ("dgst -sha256 -sign key.pem -out signature message", vec![]),
        ("dgst -sha1 -sign key.pem -out signature message", vec![Mistake::DigestSha1]),
        ("dgst -md5 -sign key.pem -out signature message", vec![Mistake::DigestMd5, Mistake::UnknownText]),
        ("dgst -sha512 -sign key.pem -out signature message", vec![Mistake::DigestOther]),
        ("dgst -sha1 -sign key.pem -out signature short", vec![Mistake::DigestSha1, Mistake::NewlineMissing]),
        (&format!("{PSS} -out signature message"), vec![Mistake::PaddingPss]),
        (&format!("{PSS} -sigopt rsa_pss_saltlen:32 -out signature message"), vec![Mistake::PaddingPss]),
        (
            &format!("{PSS} -sigopt rsa_pss_saltlen:0 -out signature short"),
            vec![Mistake::PaddingPss, Mistake::NewlineMissing],
        ),
        ("dgst -sha256 -binary -out digest message", vec![]),
        ("pkeyutl -sign -inkey key.pem -in digest -out signature", vec![Mistake::DigestUnnamed]),
        ("dgst -sha256 -sign key.pem -out signature digest", vec![Mistake::DigestTwice]),
    ] {
        openssl(place.path(), arguments);
        if let Ok(signature) = fs::read(place.path().join("signature")) {
            let diagnosis = examine(post(), &STANDARD.encode(signature), None);
            assert_eq!(mistakes(&diagnosis), expected, "{arguments}");
        }
        drop(fs::remove_file(place.path().join("signature")));
    }
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_header_is_read_with_indulgence_and_its_flaws_are_named() {
    let signature = MERCHANT.sign(&post().message());
    let serial = "0123456789ABCDEF0123456789ABCDEF01234567".parse().unwrap();
    let good = Authorization::new(MCHID, NONCE, NOW.ms() / 1_000, serial, &signature).unwrap().to_string();
    let time = format!("\"{}\"", NOW.ms() / 1_000);
    let cases: [(String, &[Mistake]); 14] = [
        (good.clone(), &[]),
        (good.replacen(' ', "  ", 1), &[Mistake::HeaderFormat]),
        (good.replacen(&format!("{SCHEME} "), "", 1), &[Mistake::SchemeMissing]),
        (good.replacen(SCHEME, "Bearer", 1), &[Mistake::SchemeUnknown]),
        (good.replacen(SCHEME, "WECHATPAY2-SM2-WITH-SM3", 1), &[Mistake::SchemeUnknown]),
        (good.replacen("nonce_str", "nonceStr", 1), &[Mistake::ItemUnknown, Mistake::ItemMissing]),
        (good.replacen(NONCE, "", 1), &[Mistake::ItemMissing]),
        (good.replacen(&time, time.trim_matches('"'), 1), &[Mistake::ItemNotQuoted]),
        (good.replacen(&time, &format!("\"{}\"", NOW.ms()), 1), &[Mistake::TimestampMilliseconds]),
        (format!("{good},mchid=\"1\""), &[Mistake::ItemRepeated]),
        (format!("{good},{}", "x".repeat(1_000)), &[Mistake::HeaderTooLong]),
        (good.replacen(NONCE, &"n".repeat(65), 1), &[Mistake::HeaderFormat]),
        (good.replacen("0123456789ABCDEF", "no-serial-", 1), &[]),
        (String::new(), &[Mistake::SchemeUnknown]),
    ];
    for (header, expected) in cases {
        let (items, findings) = read_header(&[&header]);
        let found: Vec<Mistake> = findings.iter().map(|finding| finding.mistake).collect();
        assert!(found.starts_with(expected), "{header}: {found:?}");
        assert_eq!(found.is_empty(), expected.is_empty(), "{header}");
        if expected.is_empty() {
            assert_eq!(items.signature.as_deref(), Some(signature.as_str()));
            assert_eq!(items.timestamp_s(), Some(NOW.ms() / 1_000));
        }
    }
    let only = |values: &[&str]| read_header(values).1;
    assert_eq!(only(&[]), [Finding::of(Mistake::HeaderMissing)]);
    assert_eq!(only(&[&good, &good]), [Finding::of(Mistake::HeaderRepeated)]);
}

#[test]
fn nothing_that_is_sent_costs_much_or_panics() {
    let key = VerifyingKey::from_der(MERCHANT.verifying_key().der()).unwrap();
    let large = vec![b'['; 65_536];
    for body in [&b""[..], b"\xff", b"\"\\", b"{\"a\":\"\\ud800\"}", &large] {
        for target in ["", "/", "%", "/%zz?%", "/?&&=", "/v3?"] {
            let request = Request { method: "", target, timestamp_s: i64::MAX, nonce: "", body };
            for signature in
                ["", "AAAA", &"A".repeat(344), &STANDARD.encode([0; 256]), &STANDARD.encode([255; 256])]
            {
                let case = Case { request, host: None, signature, key: &key, others: &[], own: Some(b"") };
                assert!(!diagnose(&case).verifies);
            }
        }
        assert!(
            !diagnose(&Case {
                request: Request { method: "", target: "/", timestamp_s: i64::MIN, nonce: "", body },
                host: Some(""),
                signature: &MERCHANT.sign(b"other"),
                key: &key,
                others: &[],
                own: None,
            })
            .verifies
        );
    }
}
