//! The syntax tree of a rule.
//!
//! **Invariant.** Numbers in literals are not negative: a minus sign is a node of its own.
//!
//! **Absent on purpose:** kinds. A tree may be nonsense until it is compiled.

use crate::rule::action::Action;

/// A place in the text of a rule, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the beginning of the one to the end of the other.
    #[must_use]
    pub const fn to(self, last: Span) -> Span {
        Span { start: self.start, end: last.end }
    }
}

/// `when … then … reason …`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The condition.
    pub when: Expression,
    /// What is done when it holds.
    pub then: Action,
    /// The code of the reason, as in `NEW_PAYEE_BURST`.
    pub reason: String,
}

/// A part of a condition, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    /// Its place in the text.
    pub span: Span,
    /// What it is.
    pub node: Node,
}

/// The parts of a condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A value that is written down.
    Literal(Literal),
    /// A slot without arguments, or a value of an enumeration.
    Name(String),
    /// A slot with arguments, as in `count(payer, 1h)`.
    Call {
        /// The name before the parenthesis.
        name: String,
        /// What stands between the parentheses; at least one.
        arguments: Vec<Argument>,
    },
    /// `not x`.
    Not(Box<Expression>),
    /// `-x`.
    Negate(Box<Expression>),
    /// `known(x)`.
    Known(Box<Expression>),
    /// Two operands with an operator between them.
    Binary {
        /// The operator.
        operator: Operator,
        /// What stands before it.
        left: Box<Expression>,
        /// What stands behind it.
        right: Box<Expression>,
    },
    /// `x in […]`, or `x not in […]`.
    In {
        /// What is looked for.
        subject: Box<Expression>,
        /// Whether it says `not in`.
        negated: bool,
        /// Literals, or values of an enumeration; at least one.
        list: Vec<Expression>,
    },
}

/// An argument of a slot.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Argument {
    /// An entity or a period, as in `payer`.
    Word(String),
    /// A window, in seconds.
    Window(i64),
}

/// A value that is written down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Literal {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a decimal point; finite.
    Float(f64),
    /// An amount in fen: `yuan(0.50)`, `fen(50)`.
    Money(i64),
    /// A time span in seconds: `30s`, `10m`, `1h`, `7d`.
    Duration(i64),
}

/// What stands between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `or`.
    Or,
    /// `and`.
    And,
    /// `==`, `<` and so on.
    Compare(Comparison),
    /// `otherwise`: the right side where the left is unknown.
    Otherwise,
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `/`.
    Divide,
    /// `%`: what a division leaves.
    Remainder,
}

impl Operator {
    /// How it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Compare(comparison) => comparison.sign(),
            Operator::Otherwise => "otherwise",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
            Operator::Remainder => "%",
        }
    }

    /// How strongly it binds: of two, the one with the greater number takes its operands first.
    pub(super) const fn strength(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Compare(_) => strength::COMPARISON,
            Operator::Otherwise => 5,
            Operator::Add | Operator::Subtract => 6,
            Operator::Multiply | Operator::Divide | Operator::Remainder => 7,
        }
    }

    /// Whether `a ○ b ○ c` may be written, and then means `(a ○ b) ○ c`.
    pub(super) const fn chains(self) -> bool {
        !matches!(self, Operator::Compare(_) | Operator::Otherwise)
    }
}

/// How strongly what is no binary operator binds.
pub(super) mod strength {
    /// `not x`.
    pub(crate) const NOT: u8 = 3;
    /// Comparisons and `in`.
    pub(crate) const COMPARISON: u8 = 4;
    /// `-x`.
    pub(crate) const NEGATE: u8 = 8;
    /// What needs no parentheses anywhere.
    pub(crate) const PRIMARY: u8 = 9;
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`.
    Equal,
    /// `!=`.
    Unequal,
    /// `<`.
    Less,
    /// `<=`.
    AtMost,
    /// `>`.
    Greater,
    /// `>=`.
    AtLeast,
}

impl Comparison {
    /// All of them.
    pub const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::Unequal,
        Comparison::Less,
        Comparison::AtMost,
        Comparison::Greater,
        Comparison::AtLeast,
    ];

    /// How it is written.
    pub const fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => "==",
            Comparison::Unequal => "!=",
            Comparison::Less => "<",
            Comparison::AtMost => "<=",
            Comparison::Greater => ">",
            Comparison::AtLeast => ">=",
        }
    }

    /// Whether it holds between two values.
    pub fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
        match self {
            Comparison::Equal => left == right,
            Comparison::Unequal => left != right,
            Comparison::Less => left < right,
            Comparison::AtMost => left <= right,
            Comparison::Greater => left > right,
            Comparison::AtLeast => left >= right,
        }
    }
}
