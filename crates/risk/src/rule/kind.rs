//! What kinds of values rules know.
//!
//! **Invariants.** A fraction is finite. Money in a rule is fen of CNY, whatever the payment's own currency: who fills
//! a row converts.
//!
//! **Absent on purpose:** texts. Names and numbers of people are compared by lists outside, and a rule sees yes or no.

use tongbao_money::Amount;

/// The kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// A fraction, as a 64-bit float.
    Float,
    /// An amount in fen.
    Money,
    /// A time span in seconds.
    Duration,
    /// One of the values of an enumeration.
    Choice(EnumerationId),
}

/// An enumeration of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EnumerationId(pub(super) u8);

/// A value as it is put into a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A fraction; finite.
    Float(f64),
    /// An amount in fen.
    Money(Amount),
    /// A time span in seconds.
    Duration(i64),
    /// One of the values of an enumeration.
    Choice(Choice),
}

/// One of the values of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Choice {
    pub(super) enumeration: EnumerationId,
    pub(super) value: u8,
}

impl Value {
    /// Its kind.
    pub const fn kind(self) -> Kind {
        match self {
            Value::Bool(_) => Kind::Bool,
            Value::Int(_) => Kind::Int,
            Value::Float(_) => Kind::Float,
            Value::Money(_) => Kind::Money,
            Value::Duration(_) => Kind::Duration,
            Value::Choice(choice) => Kind::Choice(choice.enumeration),
        }
    }

    /// The 64 bits that programs calculate with.
    pub(super) fn cell(self) -> i64 {
        match self {
            Value::Bool(yes) => i64::from(yes),
            Value::Int(number) | Value::Duration(number) => number,
            Value::Float(number) => cell_of(number),
            Value::Money(amount) => amount.minor(),
            Value::Choice(choice) => i64::from(choice.value),
        }
    }
}

/// A fraction as 64 bits.
pub(super) const fn cell_of(number: f64) -> i64 {
    number.to_bits().cast_signed()
}

/// The fraction in 64 bits.
pub(super) const fn float_of(cell: i64) -> f64 {
    f64::from_bits(cell.cast_unsigned())
}
