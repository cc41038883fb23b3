//! What is wrong with the text of a rule: where, what was expected, and what was probably meant.
//!
//! **Invariant.** A diagnostic points into the text that it is about.

use std::fmt;

use super::language::syntax::Span;

/// Something wrong with the text of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What sort of thing it is.
    pub code: Code,
    /// Where it is.
    pub span: Span,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// The sorts of things that can be wrong; each is shown in `docs/risk-rules.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The text is longer than a rule may be.
    TooLong,
    /// Parentheses or `not` within each other, too deep.
    TooDeep,
    /// More parts, or a list with more values, than a rule may have.
    TooManyParts,
    /// The rule would take too long.
    TooCostly,
    /// A character that means nothing here.
    UnknownCharacter,
    /// A number that is none, or out of bounds.
    BadNumber,
    /// A time span that is none, or out of bounds.
    BadDuration,
    /// An amount that is none, or out of bounds.
    BadMoney,
    /// Something else was expected here.
    Unexpected,
    /// `a < b < c`.
    ChainedComparison,
    /// There is no such action.
    UnknownAction,
    /// There is no such proof.
    UnknownProof,
    /// A reason's code that is none.
    BadReason,
    /// No slot has this name.
    UnknownName,
    /// There is a slot of this name, but not with this window.
    UnknownWindow,
    /// There is a slot of this name, but not with these arguments.
    UnknownArguments,
    /// The enumeration has no such value.
    UnknownValue,
    /// The kinds of two operands do not go together.
    KindMismatch,
    /// The operand has a kind on which the operator is not defined.
    WrongKind,
    /// A plain number beside money or a time span.
    UnitMissing,
    /// A value that may be unknown, where one is needed.
    MaybeUnknown,
    /// `otherwise` or `known` about a value that is always known.
    AlwaysKnown,
    /// Something in a list that is no constant.
    NotConstant,
    /// The whole condition, or an operand of `and`, `or`, `not`, is no yes or no.
    NotBool,
    /// `x == true`.
    ComparedBool,
    /// `==` between fractions.
    ComparedFloat,
}

impl Code {
    /// All of them.
    pub const ALL: [Code; 26] = [
        Code::TooLong,
        Code::TooDeep,
        Code::TooManyParts,
        Code::TooCostly,
        Code::UnknownCharacter,
        Code::BadNumber,
        Code::BadDuration,
        Code::BadMoney,
        Code::Unexpected,
        Code::ChainedComparison,
        Code::UnknownAction,
        Code::UnknownProof,
        Code::BadReason,
        Code::UnknownName,
        Code::UnknownWindow,
        Code::UnknownArguments,
        Code::UnknownValue,
        Code::KindMismatch,
        Code::WrongKind,
        Code::UnitMissing,
        Code::MaybeUnknown,
        Code::AlwaysKnown,
        Code::NotConstant,
        Code::NotBool,
        Code::ComparedBool,
        Code::ComparedFloat,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Code::TooLong => "too_long",
            Code::TooDeep => "too_deep",
            Code::TooManyParts => "too_many_parts",
            Code::TooCostly => "too_costly",
            Code::UnknownCharacter => "unknown_character",
            Code::BadNumber => "bad_number",
            Code::BadDuration => "bad_duration",
            Code::BadMoney => "bad_money",
            Code::Unexpected => "unexpected",
            Code::ChainedComparison => "chained_comparison",
            Code::UnknownAction => "unknown_action",
            Code::UnknownProof => "unknown_proof",
            Code::BadReason => "bad_reason",
            Code::UnknownName => "unknown_name",
            Code::UnknownWindow => "unknown_window",
            Code::UnknownArguments => "unknown_arguments",
            Code::UnknownValue => "unknown_value",
            Code::KindMismatch => "kind_mismatch",
            Code::WrongKind => "wrong_kind",
            Code::UnitMissing => "unit_missing",
            Code::MaybeUnknown => "maybe_unknown",
            Code::AlwaysKnown => "always_known",
            Code::NotConstant => "not_constant",
            Code::NotBool => "not_bool",
            Code::ComparedBool => "compared_bool",
            Code::ComparedFloat => "compared_float",
        }
    }
}

impl Diagnostic {
    pub(crate) fn new(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, span, message: message.into(), help: None }
    }

    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// The diagnostic beside the line that it is about, as a terminal shows it.
    pub fn shown<'a>(&'a self, text: &'a str) -> impl fmt::Display + 'a {
        Shown { diagnostic: self, text }
    }
}

struct Shown<'a> {
    diagnostic: &'a Diagnostic,
    text: &'a str,
}

/// Characters shown of a line before and behind the place, so that a long line stays readable.
const AROUND_CHARS: usize = 60;

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown { diagnostic, text } = self;
        let start = floor(text, diagnostic.span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let line = text.get(line_start..).unwrap_or_default().lines().next().unwrap_or_default();
        let row = before.matches('\n').count().saturating_add(1);
        let column = text.get(line_start..start).unwrap_or_default().chars().count();
        let end = floor(text, diagnostic.span.end).max(start);
        let marked = text.get(start..end).unwrap_or_default().lines().next().unwrap_or_default();
        let skipped = column.saturating_sub(AROUND_CHARS);
        let marks = marked.chars().count().clamp(1, AROUND_CHARS);
        let seen: String = line
            .chars()
            .skip(skipped)
            .take(column.saturating_sub(skipped).saturating_add(marks).saturating_add(AROUND_CHARS))
            .collect();
        let (code, message) = (diagnostic.code.name(), &diagnostic.message);
        writeln!(out, "line {row}, column {}: {message} [{code}]", column.saturating_add(1))?;
        writeln!(out, "  {}", seen.trim_end())?;
        let indent = column.saturating_sub(skipped).saturating_add(2);
        write!(out, "{}{}", " ".repeat(indent), "^".repeat(marks))?;
        match &diagnostic.help {
            Some(help) => write!(out, "\n  {help}"),
            None => Ok(()),
        }
    }
}

/// The last place at or before `at` where a character begins.
fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at = at.saturating_sub(1);
    }
    at
}
