//! From an error of serde to a problem that says which field is wrong and what it should be.
//!
//! `serde_json` gives its errors as text only, and puts the client's value into it. We read from that text what
//! kind of error it is and the part that comes from our own types, and leave the value out: it may be secret,
//! personal or huge. The texts are part of serde's behaviour since 1.0; the table in the tests pins them.

use std::borrow::Cow;

use serde_json::error::Category;
use serde_path_to_error::Path;

use super::scan::Flaw;
use crate::problem::{
    DUPLICATE_FIELD, INVALID_CHARACTER, INVALID_JSON, INVALID_VALUE, JSON_TOO_DEEP, Kind, MISSING_FIELD,
    NOT_AN_INTEGER, NUMBER_OUT_OF_RANGE, Problem, UNKNOWN_FIELD, UNKNOWN_VALUE, WRONG_TYPE,
};

/// Characters of a `param`; longer paths are cut, since their names come from the client.
const PARAM_MAX: usize = 128;

/// Characters of a text that one of our own types gave as the reason.
const REASON_MAX: usize = 200;

/// The problem for what the scan found.
pub(super) fn of_flaw(flaw: Flaw, text: &str) -> Problem {
    match flaw {
        Flaw::Malformed { offset } => {
            let (line, column) = line_and_column(text, offset);
            invalid_json(line, column)
        }
        Flaw::TooDeep => Problem::of(JSON_TOO_DEEP)
            .detail(format!("Arrays and objects may be nested {} levels deep.", super::DEPTH_MAX)),
        Flaw::Duplicate { path } => {
            Problem::of(DUPLICATE_FIELD).param(cut(&path, PARAM_MAX)).detail("Send each field once.")
        }
        Flaw::Nul { offset } => {
            let (line, column) = line_and_column(text, offset);
            Problem::of(INVALID_CHARACTER)
                .detail(format!("Remove the character U+0000 at line {line}, column {column}."))
        }
    }
}

/// The problem for what serde found.
pub(super) fn of_serde(error: &serde_json::Error, path: &Path, text: &str) -> Problem {
    let message = error.to_string();
    let path = path.to_string();
    let path = if path == "." { "" } else { &path };
    match error.classify() {
        Category::Data => of_data(error, &message, path, text),
        _ if message.starts_with("number out of range") => {
            refuse(NUMBER_OUT_OF_RANGE, path, "The number is too large.")
        }
        // The scan has found the structure sound, so a value was there, of another type: this is what serde_json
        // says of anything but a text or an object where an enum belongs.
        _ if message.starts_with("expected value") => {
            refuse(WRONG_TYPE, path, "The value must be one of the documented values.")
        }
        Category::Syntax | Category::Eof | Category::Io => invalid_json(error.line(), error.column()),
    }
}

fn of_data(error: &serde_json::Error, message: &str, path: &str, text: &str) -> Problem {
    // serde_json adds the position to what the type said.
    let said = message.rsplit_once(" at line ").map_or(message, |(said, _)| said);
    if let Some(name) = quoted_after(said, "missing field `") {
        return refuse(MISSING_FIELD, &join(path, name), "Add this field.");
    }
    if said.starts_with("unknown field `") {
        return refuse(UNKNOWN_FIELD, path, allowed(said, "Known here"));
    }
    if said.starts_with("unknown variant `") {
        return refuse(UNKNOWN_VALUE, path, allowed(said, "Allowed here"));
    }
    if said.starts_with("duplicate field `") {
        return refuse(DUPLICATE_FIELD, path, "Send each field once.");
    }
    let expected = said.rsplit_once(", expected ").map_or("something else", |(_, expected)| plain(expected));
    let must = format!("The value must be {expected}.");
    if expected == "a whole number" && said.starts_with("invalid type: floating point") {
        // An integer beyond 64 bits reaches serde as a float; the text tells the two apart.
        let whole = number_before(text, error).is_some_and(is_integer);
        let kind = if whole { NUMBER_OUT_OF_RANGE } else { NOT_AN_INTEGER };
        return refuse(kind, path, must);
    }
    if said.starts_with("invalid type: ") {
        return refuse(WRONG_TYPE, path, must);
    }
    if said.starts_with("invalid value: integer") {
        return refuse(NUMBER_OUT_OF_RANGE, path, "The number is out of range.");
    }
    if said.starts_with("invalid value: ") || said.starts_with("invalid length ") {
        return refuse(INVALID_VALUE, path, must);
    }
    refuse(INVALID_VALUE, path, cut(said, REASON_MAX).into_owned())
}

fn is_integer(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    number != "-0" && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn refuse(kind: Kind, path: &str, detail: impl Into<Cow<'static, str>>) -> Problem {
    let problem = Problem::of(kind).detail(detail);
    if path.is_empty() { problem } else { problem.param(cut(path, PARAM_MAX)) }
}

fn invalid_json(line: usize, column: usize) -> Problem {
    Problem::of(INVALID_JSON).detail(format!("Reading failed at line {line}, column {column}."))
}

/// What serde expected, in words of JSON instead of Rust.
fn plain(expected: &str) -> &str {
    match expected {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
            "a whole number"
        }
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "an array",
        "a map" => "an object",
        _ if expected.starts_with("struct ") => "an object",
        _ if expected.starts_with("tuple ") => "an array",
        _ if expected.starts_with("enum ") || expected.ends_with("enum") => "one of the documented values",
        other => other,
    }
}

/// The list of our own names at the end of serde's text. The client's name before it may contain anything,
/// so the search goes from the end.
fn allowed(said: &str, introduction: &str) -> String {
    let list = said.rsplit_once("`, expected ").map_or("", |(_, list)| list);
    let list = list.strip_prefix("one of ").unwrap_or(list);
    if list.is_empty() { "Remove it.".to_owned() } else { format!("{introduction}: {list}.") }
}

fn quoted_after<'a>(said: &'a str, start: &str) -> Option<&'a str> {
    said.strip_prefix(start)?.strip_suffix('`')
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn cut(text: &str, chars_max: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars_max) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}

/// The number that ends where serde noticed the error.
fn number_before<'a>(text: &'a str, error: &serde_json::Error) -> Option<&'a str> {
    let line_start = match error.line() {
        0 => return None,
        1 => 0,
        line => text.match_indices('\n').nth(line - 2)?.0 + 1,
    };
    let before = text.get(..line_start + error.column())?;
    let number = before.trim_end_matches(|c: char| !is_of_number(c));
    let start = number.trim_end_matches(is_of_number).len();
    Some(&number[start..])
}

fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E')
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let line = before.split(|byte| *byte == b'\n').count();
    (line, before.len() - line_start + 1)
}
