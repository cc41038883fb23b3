//! What of a request or answer may be shown: no keys, no whole signatures, no phone numbers.

use super::Headers;

/// Headers that are kept. Cookies and whatever else a client sends are not.
const KEPT: [&str; 14] = [
    "accept",
    "authorization",
    "content-type",
    "idempotency-key",
    "idempotency-replayed",
    "request-id",
    "retry-after",
    "user-agent",
    "webhook-id",
    "webhook-timestamp",
    "wechatpay-nonce",
    "wechatpay-serial",
    "wechatpay-signature-type",
    "wechatpay-timestamp",
];

/// Headers that are kept cut.
const CUT: [&str; 2] = ["webhook-signature", "wechatpay-signature"];

/// Items of the header of WeChat Pay's interface that may be shown whole.
const ITEMS: [&str; 4] = ["mchid", "nonce_str", "serial_no", "timestamp"];

/// Members of JSON objects that hold a person's data in the clear.
const PERSONAL: [&str; 6] =
    ["payer_client_ip", "user_name", "payer_phone", "phone", "phone_number", "id_card_number"];

/// Characters shown of a signature.
const SIGNATURE_SHOWN: usize = 12;

/// Digits of a Chinese mobile number: 11, the first of them 1 and the second from 3 on (numbering plan of the MIIT).
const PHONE_DIGITS: usize = 11;

/// The headers that may be kept, each as it may be kept.
pub fn headers<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> Headers {
    let mut kept = Headers::new();
    for (name, value) in all {
        let name = name.to_ascii_lowercase();
        let value = match name.as_str() {
            "authorization" => authorization(value),
            name if CUT.contains(&name) => cut(value),
            name if KEPT.contains(&name) => value.chars().take(256).collect(),
            _ => continue,
        };
        kept.push((name, value));
    }
    kept
}

/// The first characters of a signature.
fn cut(value: &str) -> String {
    if value.chars().count() <= SIGNATURE_SHOWN * 3 {
        return value.to_owned();
    }
    format!("{}…", value.chars().take(SIGNATURE_SHOWN).collect::<String>())
}

/// A scheme with its items; a key or password is not shown, of a signature only the beginning.
fn authorization(value: &str) -> String {
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.to_ascii_uppercase().starts_with("WECHATPAY") {
        // Without a scheme the first word may be the key itself.
        let known =
            ["Bearer", "Basic", "Digest"].into_iter().find(|known| scheme.eq_ignore_ascii_case(known));
        return known.map_or_else(|| "***".to_owned(), |known| format!("{known} ***"));
    }
    let items = rest.split(',').map(|item| match item.trim().split_once('=') {
        Some(("signature", value)) => format!("signature=\"{}\"", cut(value.trim_matches('"'))),
        Some((name, value)) if ITEMS.contains(&name) => {
            format!("{name}={}", value.chars().take(128).collect::<String>())
        }
        _ => "***".to_owned(),
    });
    let scheme: String = scheme.chars().take(32).collect();
    format!("{scheme} {}", items.collect::<Vec<_>>().join(","))
}

/// A text with phone numbers and the members that hold a person's data masked.
pub fn shown(text: &str) -> String {
    phones(&personal(text))
}

/// Masks the middle of every phone number.
fn phones(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 {
            let next = text[at..].chars().next().map_or(1, char::len_utf8);
            shown.push_str(&text[at..at + next]);
            at += next;
            continue;
        }
        let end = at + digits;
        let run = &text[at..end];
        let is_word = |neighbour: Option<&u8>| {
            neighbour.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'-')
        };
        let alone =
            !is_word(at.checked_sub(1).and_then(|before| bytes.get(before))) && !is_word(bytes.get(end));
        if alone && digits == PHONE_DIGITS && run.starts_with('1') && bytes[at + 1] >= b'3' {
            shown.push_str(&run[..3]);
            shown.push_str("****");
            shown.push_str(&run[7..]);
        } else {
            shown.push_str(run);
        }
        at = end;
    }
    shown
}

/// Masks the strings of members that hold a person's data.
fn personal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    'text: while let Some(at) = rest.find('"') {
        let (before, quoted) = rest.split_at(at);
        shown.push_str(before);
        for name in PERSONAL {
            let member = quoted[1..].strip_prefix(name).and_then(|after| after.strip_prefix('"'));
            let Some(after) = member else { continue };
            let value = after.trim_start().strip_prefix(':').map(str::trim_start);
            let Some(value) = value.and_then(|value| value.strip_prefix('"')) else { break };
            let end = value.find('"').unwrap_or(value.len());
            shown.push_str(&quoted[..quoted.len() - value.len()]);
            shown.push_str("***");
            rest = &value[end..];
            // The closing quote goes on as text, so that it opens nothing.
            if let Some(after) = rest.strip_prefix('"') {
                shown.push('"');
                rest = after;
            }
            continue 'text;
        }
        let end = string_end(quoted);
        shown.push_str(&quoted[..end]);
        rest = &quoted[end..];
    }
    shown.push_str(rest);
    shown
}

/// Where a string ends that begins here, its closing quote included.
fn string_end(quoted: &str) -> usize {
    let mut escaped = true;
    for (at, character) in quoted.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    quoted.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_not_kept_and_signatures_not_whole() {
        let signature = "A".repeat(344);
        let wechat = format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"1\",nonce_str=\"n\",timestamp=\"2\",serial_no=\"0A\",\
             signature=\"{signature}\""
        );
        let kept = headers([
            ("Authorization", "Bearer sk_sandbox_secret"),
            ("authorization", wechat.as_str()),
            ("Cookie", "session=1"),
            ("Wechatpay-Signature", signature.as_str()),
            ("Content-Type", "application/json"),
        ]);
        let text = format!("{kept:?}");
        assert!(
            !text.contains("sk_sandbox") && !text.contains("session") && !text.contains(&signature[..20])
        );
        assert!(
            text.contains("Bearer ***")
                && text.contains("serial_no=\\\"0A\\\"")
                && text.contains("AAAAAAAAAAAA…")
        );
        assert_eq!(kept.len(), 4);
        for odd in
            ["sk_secret", "", "Basic c2s6", "WECHATPAY2 secret", "WECHATPAY2 a=secret,mchid", "Key secret"]
        {
            assert!(!authorization(odd).contains("secret") && !authorization(odd).contains("c2s6"), "{odd}");
        }
    }

    #[test]
    fn phone_numbers_and_personal_members_are_masked() {
        for (text, expected) in [
            ("call 17000000001.", "call 170****0001."),
            ("{\"n\":13912345678}", "{\"n\":139****5678}"),
            ("4200202611220000000017000000001", "4200202611220000000017000000001"),
            ("ORDER-17000000001", "ORDER-17000000001"),
            ("1900000001 12912345678", "1900000001 12912345678"),
            ("{\"payer_client_ip\": \"192.0.2.7\",\"a\":1}", "{\"payer_client_ip\": \"***\",\"a\":1}"),
            ("{\"user_name\":\"x\",\"phone\":\"+86 1\"}", "{\"user_name\":\"***\",\"phone\":\"***\"}"),
            ("{\"a\":\"\\\"phone\\\":\\\"x\"}", "{\"a\":\"\\\"phone\\\":\\\"x\"}"),
            ("{\"phone\":null,\"b\":\"茶\"}", "{\"phone\":null,\"b\":\"茶\"}"),
            ("\"phone\":\"", "\"phone\":\"***"),
            ("\"", "\""),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
