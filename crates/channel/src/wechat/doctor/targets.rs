//! Other forms of a request's target and query that clients sign.

use super::mistake::Mistake;

/// Hosts that are written into a client's code.
const OFFICIAL: [&str; 2] = ["api.mch.weixin.qq.com", "api.wechatpay.cn"];

/// What a query parameter or path segment is made of (RFC 3986 §2.3).
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// Every form of `target` that may have been signed instead, with the mistake that it is.
pub(super) fn others(target: &str, host: Option<&str>) -> Vec<(Mistake, Vec<u8>)> {
    let mut found = Vec::new();
    let mut add = |mistake, text: Vec<u8>| found.push((mistake, text));
    for host in host.into_iter().chain(OFFICIAL) {
        for scheme in ["https://", "http://", ""] {
            add(Mistake::TargetWithHost, format!("{scheme}{host}{target}").into_bytes());
        }
    }
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    if let Some(query) = query {
        add(Mistake::TargetWithoutQuery, path.into());
        add(Mistake::TargetWithoutQuery, format!("{path}?").into_bytes());
        let mut pairs: Vec<&str> = query.split('&').collect();
        pairs.sort_unstable();
        add(Mistake::TargetQueryOrder, format!("{path}?{}", pairs.join("&")).into_bytes());
        pairs.reverse();
        add(Mistake::TargetQueryOrder, format!("{path}?{}", pairs.join("&")).into_bytes());
    } else {
        add(Mistake::TargetSlash, format!("{target}?").into_bytes());
    }
    let mark = query.map(|query| format!("?{query}")).unwrap_or_default();
    add(Mistake::TargetSlash, format!("{path}/{mark}").into_bytes());
    add(Mistake::TargetSlash, target.trim_start_matches('/').into());
    add(Mistake::TargetSlash, format!("{}{mark}", path.trim_end_matches('/')).into_bytes());
    for prefix in ["/v3", "/v3/pay"] {
        if let Some(rest) = target.strip_prefix(prefix) {
            add(Mistake::TargetCut, rest.into());
        }
    }
    encodings(path, query, &mut add);
    found.retain(|(_, text)| text != target.as_bytes());
    found
}

/// The same target, encoded otherwise.
fn encodings(path: &str, query: Option<&str>, add: &mut impl FnMut(Mistake, Vec<u8>)) {
    let whole = |path: Vec<u8>, query: Option<Vec<u8>>| match query {
        Some(query) => [path.as_slice(), b"?", &query].concat(),
        None => path,
    };
    let bytes = (path.as_bytes(), query.map(str::as_bytes));
    add(Mistake::TargetDecoded, whole(decode(bytes.0), bytes.1.map(decode)));
    for (keep, lower) in [("", false), ("", true), ("!*'()", false), ("!$&'()*+,;=:@", false)] {
        let again = |part: &[u8], between: &str| encode(&decode(part), keep, between, lower);
        let coded = whole(again(bytes.0, "/"), bytes.1.map(|query| again(query, "&=")));
        if bytes.1.is_some() {
            let plus = String::from_utf8_lossy(&coded).replace("%20", "+");
            add(Mistake::TargetEncoded, plus.into_bytes());
        }
        add(Mistake::TargetEncoded, coded);
    }
}

/// Percent-encoding undone wherever there is one.
fn decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let byte = match (first, after) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    decoded
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn encode(text: &[u8], keep: &str, between: &str, lower: bool) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len());
    for byte in text {
        if is_unreserved(*byte) || keep.as_bytes().contains(byte) || between.as_bytes().contains(byte) {
            encoded.push(*byte);
        } else if lower {
            encoded.extend_from_slice(format!("%{byte:02x}").as_bytes());
        } else {
            encoded.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    encoded
}
