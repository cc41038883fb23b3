//! The one way to write a rule down: parentheses only where they are needed, the largest unit that fits.

use std::fmt;

use super::syntax::{Argument, Expression, Literal, Node, Rule, strength};

impl fmt::Display for Rule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "when {} then {} reason {}", self.when, self.then, self.reason)
    }
}

impl fmt::Display for Expression {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(out, self, 0)
    }
}

/// Writes a part of a condition, in parentheses if it binds less strongly than its surroundings ask for.
fn write(out: &mut fmt::Formatter<'_>, expression: &Expression, least: u8) -> fmt::Result {
    let strength = strength_of(&expression.node);
    if strength < least {
        out.write_str("(")?;
        write(out, expression, 0)?;
        return out.write_str(")");
    }
    match &expression.node {
        Node::Literal(literal) => write!(out, "{literal}"),
        Node::Name(name) => out.write_str(name),
        Node::Call { name, arguments } => {
            write!(out, "{name}({})", Separated(arguments))
        }
        Node::Not(inner) => {
            out.write_str("not ")?;
            write(out, inner, strength)
        }
        Node::Negate(inner) => {
            out.write_str("-")?;
            write(out, inner, strength::PRIMARY)
        }
        Node::Known(inner) => write!(out, "known({inner})"),
        Node::Binary { operator, left, right } => {
            let behind = strength.saturating_add(1);
            write(out, left, if operator.chains() { strength } else { behind })?;
            write!(out, " {} ", operator.sign())?;
            write(out, right, behind)
        }
        Node::In { subject, negated, list } => {
            write(out, subject, strength.saturating_add(1))?;
            let word = if *negated { "not in" } else { "in" };
            write!(out, " {word} [{}]", Separated(list))
        }
    }
}

fn strength_of(node: &Node) -> u8 {
    match node {
        Node::Literal(_) | Node::Name(_) | Node::Call { .. } | Node::Known(_) => strength::PRIMARY,
        Node::Not(_) => strength::NOT,
        Node::Negate(_) => strength::NEGATE,
        Node::Binary { operator, .. } => operator.strength(),
        Node::In { .. } => strength::COMPARISON,
    }
}

/// Several things with commas between them.
pub(crate) struct Separated<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Display> fmt::Display for Separated<'_, T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, item) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(out, "{separator}{item}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Argument::Word(word) => out.write_str(word),
            Argument::Window(s) => write!(out, "{}", Literal::Duration(*s)),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Literal::Bool(yes) => write!(out, "{yes}"),
            Literal::Int(number) => write!(out, "{number}"),
            Literal::Float(number) if number.fract() == 0.0 => write!(out, "{number}.0"),
            Literal::Float(number) => write!(out, "{number}"),
            Literal::Money(fen) if fen.checked_rem(100) == Some(0) => {
                write!(out, "yuan({})", fen.checked_div(100).unwrap_or_default())
            }
            Literal::Money(fen) => {
                let (yuan, rest) =
                    (fen.checked_div(100).unwrap_or_default(), fen.checked_rem(100).unwrap_or_default());
                write!(out, "yuan({yuan}.{rest:02})")
            }
            Literal::Duration(s) => {
                let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
                let fits = |(unit_s, _): &(i64, &str)| s != 0 && s.checked_rem(*unit_s) == Some(0);
                let (unit_s, unit) = units.into_iter().find(fits).unwrap_or((1, "s"));
                write!(out, "{}{unit}", s.checked_div(unit_s).unwrap_or_default())
            }
        }
    }
}
