//! JSON with line breaks for readers, otherwise as it was sent: same order of members, same digits.

/// Indents a JSON text. Text that is not JSON comes out readable, not checked.
pub(super) fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len().saturating_mul(2));
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    let mut rest = json.chars().peekable();
    while let Some(char) = rest.next() {
        if in_string {
            text.push(char);
            in_string = escaped || char != '"';
            escaped = !escaped && char == '\\';
            continue;
        }
        match char {
            '{' | '[' => {
                text.push(char);
                if let Some(close) = rest.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(close);
                } else {
                    depth = depth.saturating_add(1);
                    break_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut text, depth);
                text.push(char);
            }
            ',' => {
                text.push(char);
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            white if white.is_ascii_whitespace() => {}
            other => {
                in_string = other == '"';
                text.push(other);
            }
        }
    }
    text
}

fn break_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth));
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn members_keep_their_order_and_strings_their_content() {
        let json = r#"{"b":[1,{"a":"x, \"{y}\": \\"}],"empty":{},"none":[]}"#;
        let expected = "{\n  \"b\": [\n    1,\n    {\n      \"a\": \"x, \\\"{y}\\\": \\\\\"\n    }\n  ],\n  \
                        \"empty\": {},\n  \"none\": []\n}";
        assert_eq!(indented(json), expected);
        let before: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&indented(json)).unwrap(), before);
    }

    #[test]
    fn what_is_no_json_does_no_harm() {
        assert_eq!(indented(""), "");
        assert_eq!(indented("}}{\"").trim(), "}\n}{\n  \"");
    }
}
