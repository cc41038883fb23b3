//! The strict JSON reader against `serde_json`: whatever it accepts means the same there, and whatever it
//! refuses although `serde_json` would not, it refuses for a reason that can be checked.

use serde_json::Value;
use tongbao_api::json::{DEPTH_MAX, parse};

use super::Target;
use crate::driver::reached;

/// See the module.
pub const TARGET: Target = Target {
    name: "json",
    run: target,
    words: &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "null",
        "true",
        "false",
        "0",
        "-",
        "-0",
        "1e309",
        "1.5",
        "\\u0000",
        "\\ud83d",
        "\\ude00",
        "\\n",
        "\"a\":1",
        "{\"a\":",
        "[[[[[[[[",
        "\u{feff}",
        "9223372036854775808",
        " ",
        "\t",
        "/",
        "通",
    ],
};

/// Takes an input.
pub fn target(input: &[u8]) {
    let (ours, theirs) = (parse::<Value>(input), serde_json::from_slice::<Value>(input));
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            reached(kind(&ours));
            assert_eq!(ours, theirs, "two readers, two meanings");
            let (depth, names) = outline(input);
            assert!(depth <= DEPTH_MAX, "{depth} levels");
            assert_eq!(names, count_names(&ours), "a name twice in one object");
            assert!(!has_nul(&ours), "U+0000 in {ours}");
        }
        (Ok(ours), Err(error)) => panic!("read as {ours}, which is no JSON: {error}"),
        (Err(problem), theirs) => {
            reached(problem.code);
            assert!(problem.status.is_client_error(), "{problem:?}");
            if let Ok(theirs) = theirs {
                check_strictness(problem.code, input, &theirs);
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The three things that are stricter here.
fn check_strictness(code: &str, input: &[u8], theirs: &Value) {
    let (depth, names) = outline(input);
    let holds = match code {
        "json_too_deep" => depth > DEPTH_MAX,
        "duplicate_field" => names > count_names(theirs),
        "invalid_character" => input.contains(&0) || input.windows(6).any(|six| six == b"\\u0000"),
        _ => false,
    };
    assert!(holds, "refused as {code}, but it is {theirs}");
}

/// The depth of a text that is JSON, and how many names its objects have.
fn outline(input: &[u8]) -> (usize, usize) {
    let (mut depth, mut deepest, mut names, mut in_text, mut escaped) = (0_usize, 0, 0, false, false);
    for byte in input {
        if in_text {
            in_text = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' => names += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    (deepest, names)
}

fn count_names(value: &Value) -> usize {
    match value {
        Value::Array(values) => values.iter().map(count_names).sum(),
        Value::Object(fields) => fields.len() + fields.values().map(count_names).sum::<usize>(),
        _ => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(has_nul),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}
