//! What may be wrong with a table, said so that one can change it.

use std::{fmt, ops::RangeInclusive};

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TableFlaw {
    /// It is not TOML of this shape; the text says where.
    Shape(String),
    /// A number is out of its range.
    Range {
        /// Section and name.
        name: String,
        /// The number.
        value: i64,
        /// The least and the most.
        range: RangeInclusive<i64>,
    },
    /// A list is empty.
    Empty(String),
    /// A part does not say where its numbers come from.
    NoSource(String),
    /// Two lines have this id.
    Twice(String),
    /// Fewer hops are asked for than allowed.
    Hops,
}

impl fmt::Display for TableFlaw {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TableFlaw::Shape(why) => formatter.write_str(why),
            TableFlaw::Range { name, value, range } => {
                write!(formatter, "{name} is {value}; it must be from {} to {}", range.start(), range.end())
            }
            TableFlaw::Empty(name) => write!(formatter, "{name} is empty; name at least one"),
            TableFlaw::NoSource(name) => {
                write!(
                    formatter,
                    "{name}.source is empty; say where the numbers come from, or \"own choice\""
                )
            }
            TableFlaw::Twice(id) => write!(formatter, "two lines of large_value have the id {id}"),
            TableFlaw::Hops => formatter.write_str("cycle.hops_max is below cycle.hops_min"),
        }
    }
}

impl std::error::Error for TableFlaw {}
