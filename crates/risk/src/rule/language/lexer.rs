//! From text to tokens.
//!
//! **Invariant.** Every token ends behind where it begins, so reading a text ends.

use super::syntax::Span;
use crate::rule::diagnostic::{Code, Diagnostic};

/// The smallest part of a rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A word that begins with a small letter: a name or a keyword.
    Word(String),
    /// A word in capitals: the code of a reason.
    Capitals(String),
    /// A whole number.
    Int(i64),
    /// A number with a decimal point, as it is written.
    Decimal(String),
    /// A time span in seconds.
    Duration(i64),
    /// One of [`SIGNS`].
    Sign(&'static str),
    /// Behind the last character.
    End,
}

/// Signs that are tokens; of two that fit the longer stands first.
const SIGNS: [&str; 16] =
    ["==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "(", ")", "[", "]", ","];

/// What people write who know another language or type on a Chinese keyboard, and what it is here.
const INSTEAD: [(&str, &str); 17] = [
    ("&&", "and"),
    ("||", "or"),
    ("&", "and"),
    ("|", "or"),
    ("=", "=="),
    ("!", "not"),
    ("（", "("),
    ("）", ")"),
    ("【", "["),
    ("】", "]"),
    ("，", ","),
    ("、", ","),
    ("＞", ">"),
    ("＜", "<"),
    ("＝", "=="),
    ("≥", ">="),
    ("≤", "<="),
];

/// A time span of more than ten years is a slip of the finger.
pub(crate) const DURATION_MAX_S: i64 = 3_653 * 86_400;

/// Digits of a number: any 18 fit an `i64`.
const DIGITS_MAX: usize = 18;

/// Digits of a number with a point: 15 come back from a 64-bit float as they were written.
const DECIMAL_DIGITS_MAX: usize = 15;

/// The tokens of a text, each with its place; the last is [`Token::End`].
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, Span)>, Diagnostic> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let blank = rest.len().saturating_sub(rest.trim_start().len());
        at = at.saturating_add(blank);
        let rest = rest.trim_start();
        let Some(first) = rest.chars().next() else {
            tokens.push((Token::End, Span { start: text.trim_end().len(), end: text.trim_end().len() }));
            return Ok(tokens);
        };
        let (token, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => word(rest),
            '0'..='9' => number(rest, at)?,
            _ => sign(rest, first, at)?,
        };
        let span = Span { start: at, end: at.saturating_add(length) };
        at = span.end;
        tokens.push((token, span));
    }
}

fn leading(text: &str, fits: impl Fn(char) -> bool) -> &str {
    let end = text.find(|c| !fits(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn word(rest: &str) -> (Token, usize) {
    let word = leading(rest, |c| c.is_ascii_alphanumeric() || c == '_');
    let token = if word.starts_with(|c: char| c.is_ascii_uppercase()) {
        Token::Capitals(word.to_owned())
    } else {
        Token::Word(word.to_owned())
    };
    (token, word.len())
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Diagnostic> {
    let written = leading(rest, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    let span = Span { start: at, end: at.saturating_add(written.len()) };
    let unit = written.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '_');
    let digits = written.strip_suffix(unit).unwrap_or(written);
    if !unit.is_empty() {
        let s = seconds(digits, unit);
        return s.map(|s| (Token::Duration(s), written.len())).ok_or_else(|| no_duration(span, written));
    }
    let token = match digits.split_once('.') {
        None if digits.len() <= DIGITS_MAX => digits.parse().ok().map(Token::Int),
        Some((whole, fraction))
            if is_digits(whole)
                && is_digits(fraction)
                && whole.len().saturating_add(fraction.len()) <= DECIMAL_DIGITS_MAX =>
        {
            Some(Token::Decimal(digits.to_owned()))
        }
        _ => None,
    };
    token.map(|token| (token, written.len())).ok_or_else(|| {
        Diagnostic::new(Code::BadNumber, span, format!("`{written}` is no number here")).help(format!(
            "a number has up to {DIGITS_MAX} digits, as in `5000`, \
             or up to {DECIMAL_DIGITS_MAX} around a decimal point, as in `2.5`"
        ))
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// How long a time span is; `None` when it is written in another way than `10m`, or passes [`DURATION_MAX_S`].
fn seconds(digits: &str, unit: &str) -> Option<i64> {
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    let count: i64 = if is_digits(digits) { digits.parse().ok()? } else { return None };
    count.checked_mul(unit_s).filter(|s| *s <= DURATION_MAX_S)
}

fn no_duration(span: Span, written: &str) -> Diagnostic {
    Diagnostic::new(Code::BadDuration, span, format!("`{written}` is no time span here")).help(
        "a whole number and its unit: seconds `30s`, minutes `10m`, hours `1h`, days `7d`; up to ten years",
    )
}

fn sign(rest: &str, first: char, at: usize) -> Result<(Token, usize), Diagnostic> {
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Ok((Token::Sign(sign), sign.len()));
    }
    let other = INSTEAD.iter().find(|(wrong, _)| rest.starts_with(wrong));
    let wrong = other.map_or(first.len_utf8(), |(wrong, _)| wrong.len());
    let span = Span { start: at, end: at.saturating_add(wrong) };
    let written = rest.get(..wrong).unwrap_or_default();
    let diagnostic =
        Diagnostic::new(Code::UnknownCharacter, span, format!("`{}` means nothing here", visible(written)));
    Err(match other {
        Some((_, right)) => diagnostic.help(format!("write `{right}`")),
        None if first == '"' || first == '\'' => {
            diagnostic.help("names and values are written without quotes")
        }
        None => diagnostic,
    })
}

/// A text with control characters spelled out, so that a terminal is not told what to do.
fn visible(text: &str) -> String {
    let each = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(each).collect()
}
