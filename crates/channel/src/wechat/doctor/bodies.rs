//! Other forms of a request's body that clients sign: written anew by another library, in another charset, or not the
//! body at all.
//!
//! JSON is rewritten character by character, so that members keep their order and numbers their digits.

use std::fmt::Write as _;

use encoding_rs::GBK;

use super::mistake::Mistake;

/// Bodies above this are tried in fewer forms, because each form is hashed.
const MANY_FORMS_BYTES_MAX: usize = 16 * 1024;

/// What a request without a body may have been signed with.
const STAND_INS: [&str; 5] = ["{}", "null", "[]", "\"\"", "undefined"];

/// Every form of `body` that may have been signed instead, with the mistake that it is.
pub(super) fn others(body: &[u8], query: Option<&str>) -> Vec<(Mistake, Vec<u8>)> {
    let mut found = Vec::new();
    if body.is_empty() {
        found.extend(STAND_INS.iter().map(|text| (Mistake::BodyNotEmpty, text.as_bytes().to_vec())));
        found.extend(query.map(|query| (Mistake::BodyNotEmpty, query.as_bytes().to_vec())));
        return found;
    }
    found.push((Mistake::BodyMissing, Vec::new()));
    found.push((Mistake::BodyLineEnds, [body, b"\n"].concat()));
    found.push((Mistake::BodyLineEnds, body.trim_ascii().to_vec()));
    if let Ok(text) = std::str::from_utf8(body) {
        of_text(text, &mut found);
    } else {
        let (text, _, _) = GBK.decode(body);
        found.push((Mistake::BodyCharset, text.into_owned().into_bytes()));
    }
    found.retain(|(_, other)| other != body);
    found
}

fn of_text(text: &str, found: &mut Vec<(Mistake, Vec<u8>)>) {
    let mut add = |mistake, other: String| found.push((mistake, other.into_bytes()));
    add(Mistake::BodyLineEnds, text.replace('\n', "\r\n"));
    add(Mistake::BodyLineEnds, text.replace("\r\n", "\n"));
    add(Mistake::BodyCharset, format!("\u{feff}{text}"));
    add(Mistake::BodyCharset, text.trim_start_matches('\u{feff}').to_owned());
    if !text.is_ascii() {
        add(Mistake::BodyCharset, text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect());
        add(Mistake::BodyCharset, text.bytes().map(char::from).collect());
        if let Some(once) = text.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<u8>>>() {
            found.push((Mistake::BodyCharset, once));
        }
        let (gbk, _, unmappable) = GBK.encode(text);
        if !unmappable {
            found.push((Mistake::BodyCharset, gbk.into_owned()));
        }
    }
    let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if is_json && text.len() <= MANY_FORMS_BYTES_MAX {
        rewritten(text, found);
    }
}

/// Blanks between the tokens of a JSON text.
#[derive(Clone, Copy)]
enum Blanks {
    AsTheyAre,
    None,
    /// `{"a": 1, "b": 2}`, as Python writes by default.
    AfterMarks,
    /// One member to a line, indented by so many.
    Lines(usize),
}

fn rewritten(text: &str, found: &mut Vec<(Mistake, Vec<u8>)>) {
    let mut add = |other: String| found.push((Mistake::BodyRewritten, other.into_bytes()));
    let blanks = [Blanks::AsTheyAre, Blanks::None, Blanks::AfterMarks, Blanks::Lines(2), Blanks::Lines(4)];
    let mut forms: Vec<String> = blanks.iter().map(|blanks| spaced(text, *blanks)).collect();
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(text) {
        // This type keeps members in the order of their names.
        forms.push(value.to_string());
        add(serde_json::Value::from(text).to_string());
    }
    for form in forms {
        add(escaped(&form, |c| !c.is_ascii(), false));
        add(escaped(&form, |c| !c.is_ascii(), true));
        add(escaped(&form, |c| matches!(c, '<' | '>' | '&'), false));
        add(escaped(&form, |c| matches!(c, '<' | '>' | '&' | '=' | '\''), false));
        add(form.replace('/', "\\/").replace("\\\\/", "\\/"));
        add(escaped(&form.replace('/', "\\/").replace("\\\\/", "\\/"), |c| !c.is_ascii(), false));
        add(form.replace("\\/", "/"));
        add(unescaped(&form));
        add(form);
    }
}

/// The text with other blanks between its tokens.
fn spaced(text: &str, blanks: Blanks) -> String {
    if matches!(blanks, Blanks::AsTheyAre) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if in_string {
            out.push(character);
            in_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        if character.is_ascii_whitespace() {
            continue;
        }
        while rest.next_if(char::is_ascii_whitespace).is_some() {}
        in_string = character == '"';
        let closes_at_once = matches!(rest.peek(), Some('}' | ']'));
        match (blanks, character) {
            (Blanks::AfterMarks, ',' | ':') | (Blanks::Lines(_), ':') => {
                out.push(character);
                out.push(' ');
            }
            (Blanks::Lines(indent), '{' | '[') if !closes_at_once => {
                depth = depth.saturating_add(1);
                out.push(character);
                break_line(&mut out, depth * indent);
            }
            (Blanks::Lines(indent), ',') => {
                out.push(character);
                break_line(&mut out, depth * indent);
            }
            (Blanks::Lines(indent), '}' | ']') if !out.ends_with(['{', '[']) => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth * indent);
                out.push(character);
            }
            _ => out.push(character),
        }
    }
    out
}

fn break_line(out: &mut String, indent: usize) {
    out.push('\n');
    // Nesting is bounded by the parser that has read the text before.
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Some characters as `\uXXXX`, in upper- or lower-case digits. Outside of strings JSON has none of them.
fn escaped(text: &str, which: impl Fn(char) -> bool, upper: bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if !which(character) {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = if upper { write!(out, "\\u{unit:04X}") } else { write!(out, "\\u{unit:04x}") };
        }
    }
    out
}

/// `\uXXXX` as the characters themselves, where that is no control character, quote or backslash.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        out.push_str(before);
        let (character, length) = unicode(escape).unwrap_or_else(|| {
            let second = escape.chars().nth(1).map_or(0, char::len_utf8);
            (String::new(), 1 + second)
        });
        if character.is_empty() {
            out.push_str(&escape[..length]);
        } else {
            out.push_str(&character);
        }
        rest = &escape[length..];
    }
    out.push_str(rest);
    out
}

/// The character that an escape at the beginning stands for, and the length of the escape.
fn unicode(escape: &str) -> Option<(String, usize)> {
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = unit(escape)?;
    let second = escape.get(6..).and_then(unit);
    let (units, length) = match second {
        Some(second) if (0xD800..0xDC00).contains(&first) => (vec![first, second], 12),
        _ => (vec![first], 6),
    };
    let text = String::from_utf16(&units).ok()?;
    let is_plain = !text.chars().any(|c| c.is_control() || matches!(c, '"' | '\\'));
    is_plain.then_some((text, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_spaced_as_libraries_space_it() {
        let text = r#"{"a":[1,{"b": "x, \"y\": \\"}],"e":{ },"n":[]}"#;
        assert_eq!(spaced(text, Blanks::None), r#"{"a":[1,{"b":"x, \"y\": \\"}],"e":{},"n":[]}"#);
        assert_eq!(
            spaced(text, Blanks::AfterMarks),
            r#"{"a": [1, {"b": "x, \"y\": \\"}], "e": {}, "n": []}"#
        );
        let lines = "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x, \\\"y\\\": \\\\\"\n    }\n  ],\n  \
                     \"e\": {},\n  \"n\": []\n}";
        assert_eq!(spaced(text, Blanks::Lines(2)), lines);
        assert_eq!(spaced(text, Blanks::AsTheyAre), text);
    }

    #[test]
    fn escapes_are_made_and_undone() {
        assert_eq!(escaped("茶😀", |c| !c.is_ascii(), false), "\\u8336\\ud83d\\ude00");
        assert_eq!(escaped("茶", |c| !c.is_ascii(), true), "\\u8336");
        assert_eq!(
            unescaped(r#""\u8336\ud83d\ude00\u0022\n\\u8336\u12""#),
            "\"茶😀\\u0022\\n\\\\u8336\\u12\""
        );
    }
}
