//! The texts that are signed: lines that each end with LF, the last one too.
//!
//! Bodies are bytes, as they were received or are sent. Nothing is parsed, trimmed or escaped here.

/// A request: method, target, timestamp, nonce, body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The method in upper case.
    pub method: &'a str,
    /// Path and query as they stand in the request line, with their percent-encoding, without the host.
    pub target: &'a str,
    /// Seconds since 1970-01-01T00:00:00Z.
    pub timestamp_s: i64,
    /// The nonce of the same header.
    pub nonce: &'a str,
    /// The body; empty if there is none. Of a multipart upload, the content of the part `meta` alone.
    pub body: &'a [u8],
}

impl Request<'_> {
    /// What its signature is made over.
    pub fn message(&self) -> Vec<u8> {
        self.message_for(self.target.as_bytes())
    }

    /// The same for a client that signed the target before percent-encoding it, as two of the widespread
    /// SDKs do with the `|` that an order number may hold. `None` if no other target can have been meant.
    pub fn decoded_message(&self) -> Option<Vec<u8>> {
        decoded_target(self.target).map(|target| self.message_for(&target))
    }

    fn message_for(&self, target: &[u8]) -> Vec<u8> {
        let timestamp = self.timestamp_s.to_string();
        lines(&[self.method.as_bytes(), target, timestamp.as_bytes(), self.nonce.as_bytes(), self.body])
    }
}

/// What the signature of an answer or a notification is made over. The body is empty for a 204.
pub fn answer(timestamp_s: i64, nonce: &str, body: &[u8]) -> Vec<u8> {
    lines(&[timestamp_s.to_string().as_bytes(), nonce.as_bytes(), body])
}

/// Which program on the payer's phone is asked to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// A page in WeChat's browser, or a mini program. The package is `prepay_id=…`.
    Jsapi,
    /// The merchant's own app. The package is `Sign=WXPay`, and the bare prepay id is signed.
    App,
}

/// What the merchant signs so that a client may open the cashier (调起支付).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invocation<'a> {
    /// Where it is opened.
    pub client: Client,
    /// The id of the official account, mini program or app.
    pub appid: &'a str,
    /// `timeStamp`: seconds, as the text that the client was given.
    pub timestamp: &'a str,
    /// `nonceStr`.
    pub nonce: &'a str,
    /// The prepay id, without a prefix.
    pub prepay_id: &'a str,
}

impl Invocation<'_> {
    /// What `paySign` or `sign` is made over.
    pub fn message(&self) -> Vec<u8> {
        let package = self.package();
        let signed = match self.client {
            Client::Jsapi => package.as_str(),
            Client::App => self.prepay_id,
        };
        lines(&[self.appid, self.timestamp, self.nonce, signed].map(str::as_bytes))
    }

    /// What the client is given as `package` or `packageValue`.
    pub fn package(&self) -> String {
        match self.client {
            Client::Jsapi => format!("{PREPAY}{}", self.prepay_id),
            Client::App => "Sign=WXPay".to_owned(),
        }
    }
}

const PREPAY: &str = "prepay_id=";

/// The prepay id in the `package` of a JSAPI or mini program invocation.
pub fn prepay_id(package: &str) -> Option<&str> {
    package.strip_prefix(PREPAY)
}

/// The target with its percent-encoding undone, if that leaves its meaning alone.
///
/// An escaped delimiter, blank or line break is another target than the bare one: a signature over
/// `?a=1&b=2` must not vouch for `?a=1%26b=2`.
fn decoded_target(target: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(target.len());
    let mut rest = target.as_bytes();
    let mut escaped = false;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            decoded.push(*first);
            continue;
        }
        let (digits, after) = after.split_first_chunk::<2>()?;
        let byte = nibble(digits[0])? << 4 | nibble(digits[1])?;
        if byte <= b' ' || byte == 0x7F || b"%/?#&=+".contains(&byte) {
            return None;
        }
        decoded.push(byte);
        (rest, escaped) = (after, true);
    }
    escaped.then_some(decoded)
}

fn nibble(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

fn lines(parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len() + 1).sum();
    parts.iter().fold(Vec::with_capacity(length), |mut text, part| {
        text.extend_from_slice(part);
        text.push(b'\n');
        text
    })
}
