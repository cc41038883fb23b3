//! The `Authorization` header of a request: who asks, and the signature over what is asked.
//!
//! ```text
//! WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",timestamp="…",serial_no="…",signature="…"
//! ```
//! One scheme, one blank, five items in any order, each once. Values are visible ASCII without quotes and
//! backslashes, so a header that was written here cannot be continued by a value.
//!
//! **Absent on purpose:** whether the merchant exists, whether the serial number is its own, and memory of
//! nonces. Those are questions to a store.

use std::fmt;

use tongbao_core::Time;

use super::{is_timely, serial::Serial};

/// The scheme: RSASSA-PKCS1-v1.5 with SHA-256 under a key of 2048 bits. Also the value of
/// `Wechatpay-Signature-Type`.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// The scheme of the Chinese national algorithms (SM2 with SM3, GB/T 32918 and GB/T 32905), by invitation.
pub const SCHEME_SM2: &str = "WECHATPAY2-SM2-WITH-SM3";

/// Bytes of a whole header. Five items of their longest are about 700.
pub const HEADER_BYTES_MAX: usize = 1_024;

/// Bytes of a merchant number, string(32) in every table of the API.
pub const MCHID_BYTES_MAX: usize = 32;

/// Bytes of a nonce. The documents say 32; SDKs send 9 to 32, and longer ones do no harm.
pub const NONCE_BYTES_MAX: usize = 64;

/// Digits of a timestamp in seconds: enough until the year 2286.
const TIMESTAMP_DIGITS_MAX: usize = 10;

/// Characters of a signature: 256 bytes in Base64.
const SIGNATURE_CHARS: usize = 344;

/// Why a request is answered with 401 `SIGN_ERROR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignError {
    /// The header is missing or not of the documented form.
    Format,
    /// The header has another scheme.
    Scheme,
    /// The header has the scheme of the national algorithms, which this platform does not speak. The text
    /// is the one of [`SignError::Scheme`]; support for it would begin where this is returned.
    SchemeNotSupported,
    /// The timestamp is more than five minutes from the reader's clock.
    Timestamp,
    /// The serial number is not one, or not of a certificate of this merchant.
    Serial,
    /// The signature is not 256 bytes in Base64. WeChat Pay has two texts for a wrong signature and does not
    /// say when it uses which; that this one means unreadable is our choice.
    Signature,
    /// The signature does not fit the request.
    Mismatch,
}

impl SignError {
    /// The `message` of the answer.
    pub const fn text(self) -> &'static str {
        match self {
            SignError::Format => "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
            SignError::Scheme | SignError::SchemeNotSupported => "Http头Authorization认证类型不正确",
            SignError::Timestamp => "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
            SignError::Serial => "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
            SignError::Signature => "签名错误，请检查后再试",
            SignError::Mismatch => "错误的签名，验签失败",
        }
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for SignError {}

/// The five items. `Display` writes the header's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    mchid: &'a str,
    nonce: &'a str,
    timestamp_s: i64,
    serial: Serial,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// The items of a header to be written, under the rules by which one is read.
    pub fn new(
        mchid: &'a str,
        nonce: &'a str,
        timestamp_s: i64,
        serial: Serial,
        signature: &'a str,
    ) -> Result<Authorization<'a>, SignError> {
        if !(is_mchid(mchid) && is_nonce(nonce) && timestamp_s >= 0) {
            return Err(SignError::Format);
        }
        if signature.len() != SIGNATURE_CHARS {
            return Err(SignError::Signature);
        }
        Ok(Authorization { mchid, nonce, timestamp_s, serial, signature })
    }

    /// Reads a header's value. Scheme first, then the form of the items, then the items.
    pub fn parse(header: &'a str) -> Result<Authorization<'a>, SignError> {
        if header.len() > HEADER_BYTES_MAX {
            return Err(SignError::Format);
        }
        let (scheme, items) = header.split_once(' ').ok_or(SignError::Format)?;
        if scheme.eq_ignore_ascii_case(SCHEME_SM2) {
            return Err(SignError::SchemeNotSupported);
        }
        // Schemes are compared without regard to case (RFC 9110 §11.1).
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return Err(SignError::Scheme);
        }
        let items = Items::parse(items).ok_or(SignError::Format)?;
        let timestamp_s = timestamp(items.timestamp).ok_or(SignError::Format)?;
        let serial = items.serial.parse().map_err(|_| SignError::Serial)?;
        Authorization::new(items.mchid, items.nonce, timestamp_s, serial, items.signature)
    }

    /// Whether the request was signed within five minutes of now.
    pub fn check_time(&self, now: Time) -> Result<(), SignError> {
        if is_timely(self.timestamp_s, now) { Ok(()) } else { Err(SignError::Timestamp) }
    }

    /// The calling merchant's number; in partner mode the service provider's.
    pub fn mchid(&self) -> &'a str {
        self.mchid
    }

    /// The nonce, as it was signed.
    pub fn nonce(&self) -> &'a str {
        self.nonce
    }

    /// When the request was signed, in seconds since 1970-01-01T00:00:00Z.
    pub fn timestamp_s(&self) -> i64 {
        self.timestamp_s
    }

    /// The serial number of the merchant API certificate whose key signed.
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// The signature, in what should be Base64.
    pub fn signature(&self) -> &'a str {
        self.signature
    }
}

impl fmt::Display for Authorization<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Authorization { mchid, nonce, timestamp_s, serial, signature } = self;
        write!(f, "{SCHEME} mchid=\"{mchid}\",nonce_str=\"{nonce}\",timestamp=\"{timestamp_s}\",")?;
        write!(f, "serial_no=\"{serial}\",signature=\"{signature}\"")
    }
}

/// The items as texts, each present and of no more than visible ASCII.
struct Items<'a> {
    mchid: &'a str,
    nonce: &'a str,
    timestamp: &'a str,
    serial: &'a str,
    signature: &'a str,
}

impl<'a> Items<'a> {
    /// Unknown and repeated items are refused: what they would mean is not documented. There may be blanks
    /// around commas, as in every list of a header (RFC 9110 §5.6.1), but only one after the scheme.
    fn parse(text: &'a str) -> Option<Items<'a>> {
        const BLANKS: [char; 2] = [' ', '\t'];
        if text.starts_with(BLANKS) {
            return None;
        }
        let [mut mchid, mut nonce, mut timestamp, mut serial, mut signature] = [None; 5];
        for item in text.split(',') {
            let (key, value) = item.trim_matches(BLANKS).split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"').filter(|value| is_plain(value))?;
            let slot = match key {
                "mchid" => &mut mchid,
                "nonce_str" => &mut nonce,
                "timestamp" => &mut timestamp,
                "serial_no" => &mut serial,
                "signature" => &mut signature,
                _ => return None,
            };
            if slot.replace(value).is_some() {
                return None;
            }
        }
        Some(Items {
            mchid: mchid?,
            nonce: nonce?,
            timestamp: timestamp?,
            serial: serial?,
            signature: signature?,
        })
    }
}

/// Visible ASCII that a quoted string holds as it is.
fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
}

fn is_mchid(text: &str) -> bool {
    (1..=MCHID_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A comma would end the item in this reader, and in SDKs that split as it does.
fn is_nonce(text: &str) -> bool {
    (1..=NONCE_BYTES_MAX).contains(&text.len()) && is_plain(text) && !text.contains(',')
}

/// Decimal digits as a number is written: what is signed is the text, and so it must be the only one for
/// its number.
pub(crate) fn timestamp(text: &str) -> Option<i64> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = text.bytes().all(|digit| digit.is_ascii_digit());
    let fits = (1..=TIMESTAMP_DIGITS_MAX).contains(&text.len());
    if canonical && digits && fits { text.parse().ok() } else { None }
}
