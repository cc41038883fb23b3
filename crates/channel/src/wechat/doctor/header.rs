//! `Authorization` read with indulgence: what is in it, and everything that is wrong with its form.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};

use super::mistake::{Finding, Mistake};
use crate::wechat::{
    authorization::{Authorization, HEADER_BYTES_MAX, SCHEME, SCHEME_SM2, SignError},
    signature::MODULUS_BYTES,
};

/// The items that must be there.
const NAMES: [&str; 5] = ["mchid", "nonce_str", "timestamp", "serial_no", "signature"];

/// Seconds have ten digits until 2286, milliseconds thirteen.
const MILLISECOND_DIGITS: usize = 13;

/// Hexadecimal digits of a signature.
const HEX_DIGITS: usize = MODULUS_BYTES * 2;

/// The items as they were found, whatever their form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderItems {
    /// The merchant number.
    pub mchid: Option<String>,
    /// The nonce.
    pub nonce: Option<String>,
    /// The time of signing, as it was written.
    pub timestamp: Option<String>,
    /// The serial number, as it was written.
    pub serial: Option<String>,
    /// The signature, as it was written.
    pub signature: Option<String>,
}

impl HeaderItems {
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "mchid" => &mut self.mchid,
            "nonce_str" => &mut self.nonce,
            "timestamp" => &mut self.timestamp,
            "serial_no" => &mut self.serial,
            "signature" => &mut self.signature,
            _ => return None,
        })
    }

    /// The time of signing in seconds; milliseconds are understood.
    pub fn timestamp_s(&self) -> Option<i64> {
        let text = self.timestamp.as_deref()?;
        let number: i64 = text.parse().ok()?;
        Some(if text.len() >= MILLISECOND_DIGITS { number.div_euclid(1_000) } else { number })
    }
}

/// Reads the values of a request's `Authorization` headers. A header that the door takes has no findings.
pub fn read_header(values: &[&str]) -> (HeaderItems, Vec<Finding>) {
    let [value] = values else {
        let mistake = if values.is_empty() { Mistake::HeaderMissing } else { Mistake::HeaderRepeated };
        return (HeaderItems::default(), vec![Finding::of(mistake)]);
    };
    let mut findings = Vec::new();
    let items = read_items(behind_scheme(value, &mut findings), &mut findings);
    let written = items.timestamp.as_deref().unwrap_or_default();
    if written.len() == MILLISECOND_DIGITS && written.bytes().all(|digit| digit.is_ascii_digit()) {
        findings.push(Finding::about(Mistake::TimestampMilliseconds, written));
    }
    // Of a wrong serial number or signature others speak.
    let is_malformed = matches!(
        Authorization::parse(value),
        Err(SignError::Format | SignError::Scheme | SignError::SchemeNotSupported)
    );
    if findings.is_empty() && is_malformed {
        findings.push(Finding::of(Mistake::HeaderFormat));
    }
    (items, findings)
}

/// The items behind the scheme; the whole value if there is no scheme.
fn behind_scheme<'a>(value: &'a str, findings: &mut Vec<Finding>) -> &'a str {
    let (scheme, items) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.contains('=') {
        findings.push(Finding::of(Mistake::SchemeMissing));
        return value;
    }
    if scheme.eq_ignore_ascii_case(SCHEME_SM2) || !scheme.eq_ignore_ascii_case(SCHEME) {
        findings.push(Finding::about(Mistake::SchemeUnknown, &short(scheme)));
    }
    if value.len() > HEADER_BYTES_MAX {
        findings.push(Finding::of(Mistake::HeaderTooLong));
    }
    items
}

fn read_items(text: &str, findings: &mut Vec<Finding>) -> HeaderItems {
    let mut items = HeaderItems::default();
    for item in text.split(',') {
        let Some((name, value)) = item.split_once('=') else { continue };
        let bare = name.trim();
        let quoted = value.trim().strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        if quoted.is_none() {
            findings.push(Finding::about(Mistake::ItemNotQuoted, bare));
        }
        let value = quoted.unwrap_or_else(|| value.trim());
        match items.slot(bare) {
            None => findings.push(Finding::about(Mistake::ItemUnknown, &short(bare))),
            Some(Some(_)) => findings.push(Finding::about(Mistake::ItemRepeated, bare)),
            Some(slot) => *slot = Some(value.to_owned()),
        }
    }
    for name in NAMES {
        if items.slot(name).is_some_and(|slot| slot.as_deref().is_none_or(str::is_empty)) {
            findings.push(Finding::about(Mistake::ItemMissing, name));
        }
    }
    items
}

fn short(text: &str) -> String {
    text.chars().take(32).collect()
}

/// The bytes of a signature, in whatever way they were written; `None` if there are not 256 of them.
pub(super) fn lenient_signature(text: &str, findings: &mut Vec<Finding>) -> Option<Vec<u8>> {
    let wrong = |mistake| vec![Finding::of(mistake)];
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let standard = GeneralPurpose::new(&alphabet::STANDARD, config);
    let url_safe = GeneralPurpose::new(&alphabet::URL_SAFE, config);
    let bare: String = text.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    let unescaped = bare.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    let unescaped = unescaped.replace("%2b", "+").replace("%2f", "/").replace("%3d", "=");
    let whole = |bytes: Vec<u8>| Some(bytes).filter(|bytes| bytes.len() == MODULUS_BYTES);
    let decoded = |engine: &GeneralPurpose, text: &str| engine.decode(text).ok().and_then(whole);
    let (bytes, told) = if text.len() == HEX_DIGITS && text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        (unhex(text), wrong(Mistake::SignatureHex))
    } else if let Some(bytes) = decoded(&standard, text) {
        let padded = text.ends_with('=');
        (Some(bytes), if padded { Vec::new() } else { wrong(Mistake::SignatureNotPadded) })
    } else if let Some(bytes) = decoded(&standard, &bare) {
        (Some(bytes), wrong(Mistake::SignatureLineBreaks))
    } else if let Some(bytes) = decoded(&url_safe, &bare) {
        (Some(bytes), wrong(Mistake::SignatureBase64Url))
    } else if let Some(bytes) = decoded(&standard, &unescaped) {
        (Some(bytes), wrong(Mistake::SignaturePercentEncoded))
    } else {
        (None, wrong(Mistake::SignatureUnreadable))
    };
    findings.extend(told);
    bytes
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    pairs.collect()
}
