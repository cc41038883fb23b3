//! Two texts side by side: where they part, and how to show what cannot be seen.

use std::fmt::Write as _;

/// Characters shown of each text from the place on where they part.
const SHOWN_CHARS: usize = 40;

/// Where two texts part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The first byte that differs, counted from 0.
    pub byte: usize,
    /// The line it stands in, counted from 1. Lines end with LF.
    pub line: usize,
    /// Its place in that line, in bytes, counted from 1.
    pub column: usize,
    /// The text of the platform from there on, made visible; empty at its end.
    pub expected: String,
    /// The developer's text from there on.
    pub found: String,
}

impl Difference {
    /// The first difference; `None` if the texts are equal.
    pub fn first(expected: &[u8], found: &[u8]) -> Option<Difference> {
        if expected == found {
            return None;
        }
        let same = expected.iter().zip(found).take_while(|(one, other)| one == other).count();
        // A difference inside a character is shown from the beginning of that character.
        let is_inside =
            |at: usize| expected.get(at).or(found.get(at)).is_some_and(|byte| byte & 0xC0 == 0x80);
        let mut byte = same;
        while byte > 0 && same - byte < 3 && is_inside(byte) {
            byte -= 1;
        }
        let before = &expected[..byte];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        Some(Difference {
            byte,
            line: before.split(|byte| *byte == b'\n').count(),
            column: byte - line_start + 1,
            expected: shown(&expected[byte..]),
            found: shown(&found[byte..]),
        })
    }
}

fn shown(rest: &[u8]) -> String {
    let text = visible(&rest[..rest.len().min(SHOWN_CHARS * 4)]);
    text.chars().take(SHOWN_CHARS).collect()
}

/// A text with its line ends and other invisible characters written out: `\n`, `\r`, `\t`, `\x00`. Bytes that are no
/// UTF-8 become `\xNN`, too. A backslash that could be taken for one of these is doubled.
pub fn visible(text: &[u8]) -> String {
    let mut shown = String::with_capacity(text.len() + 8);
    for chunk in text.utf8_chunks() {
        let mut characters = chunk.valid().chars().peekable();
        while let Some(character) = characters.next() {
            match character {
                '\\' if matches!(characters.peek(), Some('n' | 'r' | 't' | 'x')) => shown.push_str("\\\\"),
                '\n' => shown.push_str("\\n"),
                '\r' => shown.push_str("\\r"),
                '\t' => shown.push_str("\\t"),
                '\u{feff}' => shown.push_str("\\u{feff}"),
                '\u{a0}' => shown.push_str("\\u{a0}"),
                control if control.is_control() => {
                    // Writing to a String cannot fail.
                    let _ = write!(shown, "\\x{:02x}", u32::from(control));
                }
                other => shown.push(other),
            }
        }
        for byte in chunk.invalid() {
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_texts_part_at_a_line_and_column() {
        let first = |expected: &str, found: &str| Difference::first(expected.as_bytes(), found.as_bytes());
        assert_eq!(first("GET\n/v3\n", "GET\n/v3\n"), None);
        let parted = first("GET\n/v3\n", "GET\n/v4\n").unwrap();
        assert_eq!((parted.byte, parted.line, parted.column), (6, 2, 3));
        assert_eq!((parted.expected.as_str(), parted.found.as_str()), ("3\\n", "4\\n"));
        let short = first("a\n\n", "a\n").unwrap();
        assert_eq!((short.byte, short.line, short.column), (2, 2, 1));
        assert_eq!((short.expected.as_str(), short.found.as_str()), ("\\n", ""));
        let chinese = first("一壶茶", "一壶酒").unwrap();
        assert_eq!((chinese.byte, chinese.expected.as_str(), chinese.found.as_str()), (6, "茶", "酒"));
        let longer = first("", "x").unwrap();
        assert_eq!((longer.byte, longer.line, longer.column, longer.found.as_str()), (0, 1, 1, "x"));
    }

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        assert_eq!(visible(b"a\r\n\tb\0\xff"), "a\\r\\n\\tb\\x00\\xff");
        assert_eq!(visible("\u{feff}{\u{a0}}茶".as_bytes()), "\\u{feff}{\\u{a0}}茶");
        assert_eq!(visible(b"a\\nb\\u8336"), "a\\\\nb\\u8336", "two characters are no line end");
    }
}
