//! A second, slow and obvious way to find out whether a condition holds: by walking its tree.

use tongbao_risk::rule::{
    Row, Schema, Value,
    language::syntax::{Comparison, Expression, Literal, Node, Operator},
};

/// A value on the way. Money and time spans may be negative here.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    Bool(bool),
    Int(i64),
    Float(f64),
    Money(i64),
    Duration(i64),
    Choice(String),
}

/// The value of a part, `None` where it is unknown. Panics where kinds do not go together.
pub(super) fn walk(expression: &Expression, schema: &Schema, row: &Row) -> Option<Seen> {
    let walked = |inner: &Expression| walk(inner, schema, row);
    match &expression.node {
        Node::Literal(literal) => Some(match *literal {
            Literal::Bool(yes) => Seen::Bool(yes),
            Literal::Int(number) => Seen::Int(number),
            Literal::Float(number) => Seen::Float(number),
            Literal::Money(fen) => Seen::Money(fen),
            Literal::Duration(s) => Seen::Duration(s),
        }),
        Node::Name(_) | Node::Call { .. } => slot(&expression.to_string(), schema, row),
        Node::Not(inner) => Some(Seen::Bool(!yes(walked(inner)))),
        Node::Negate(inner) => walked(inner).map(|value| match value {
            Seen::Int(number) => Seen::Int(number.saturating_neg()),
            Seen::Money(fen) => Seen::Money(fen.saturating_neg()),
            Seen::Duration(s) => Seen::Duration(s.saturating_neg()),
            Seen::Float(number) => Seen::Float(-number),
            other => panic!("-{other:?}"),
        }),
        Node::Known(inner) => Some(Seen::Bool(walked(inner).is_some())),
        Node::In { subject, negated, list } => {
            let subject = walked(subject).expect("what is looked for is known");
            let found = list.iter().any(|item| walked(item) == Some(subject.clone()));
            Some(Seen::Bool(found != *negated))
        }
        Node::Binary { operator: Operator::And, left, right } => {
            Some(Seen::Bool(yes(walked(left)) && yes(walked(right))))
        }
        Node::Binary { operator: Operator::Or, left, right } => {
            Some(Seen::Bool(yes(walked(left)) || yes(walked(right))))
        }
        Node::Binary { operator: Operator::Otherwise, left, right } => {
            let (left, right) = (walked(left), walked(right));
            match (left, right) {
                // A whole number that stands for a fraction is one.
                (Some(Seen::Float(number)), _) => Some(Seen::Float(number)),
                (None, Some(right)) => Some(right),
                (left, _) => left,
            }
        }
        Node::Binary { operator: Operator::Compare(comparison), left, right } => {
            let (left, right) = (walked(left).expect("known"), walked(right).expect("known"));
            Some(Seen::Bool(compared(*comparison, &left, &right)))
        }
        Node::Binary { operator, left, right } => calculated(*operator, walked(left)?, walked(right)?),
    }
}

fn slot(spelling: &str, schema: &Schema, row: &Row) -> Option<Seen> {
    let Some(slot) = schema.slot(spelling) else { return Some(Seen::Choice(spelling.to_owned())) };
    Some(match row.get(slot)? {
        Value::Bool(yes) => Seen::Bool(yes),
        Value::Int(number) => Seen::Int(number),
        Value::Float(number) => Seen::Float(number),
        Value::Money(amount) => Seen::Money(amount.minor()),
        Value::Duration(s) => Seen::Duration(s),
        choice @ Value::Choice(_) => {
            let mut names =
                schema.enumerations().iter().flat_map(|all| all.choices.iter().map(move |it| (all, it)));
            let found = names.find(|(all, name)| schema.choice_of(&all.name, name) == Some(choice));
            Seen::Choice(found.expect("a value has a name").1.clone())
        }
    })
}

pub(super) fn yes(value: Option<Seen>) -> bool {
    match value {
        Some(Seen::Bool(yes)) => yes,
        other => panic!("{other:?} is no yes or no"),
    }
}

fn compared(comparison: Comparison, left: &Seen, right: &Seen) -> bool {
    match (left, right) {
        (Seen::Int(a), Seen::Int(b))
        | (Seen::Money(a), Seen::Money(b))
        | (Seen::Duration(a), Seen::Duration(b)) => comparison.holds(a, b),
        (Seen::Choice(a), Seen::Choice(b)) => match comparison {
            Comparison::Equal => a == b,
            Comparison::Unequal => a != b,
            other => panic!("{} between {a} and {b}", other.sign()),
        },
        _ => comparison.holds(float(left), float(right)),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the same loss as in the program")]
fn float(value: &Seen) -> f64 {
    match value {
        Seen::Int(number) => *number as f64,
        Seen::Float(number) => *number,
        other => panic!("{other:?} is no number"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the same loss as in the program")]
fn calculated(operator: Operator, left: Seen, right: Seen) -> Option<Seen> {
    let bounded = |number: i128| i64::try_from(number.clamp(i64::MIN.into(), i64::MAX.into())).unwrap();
    let whole = |a: i64, b: i64| {
        let (a, b) = (i128::from(a), i128::from(b));
        match operator {
            Operator::Add => Some(bounded(a + b)),
            Operator::Subtract => Some(bounded(a - b)),
            Operator::Multiply => Some(bounded(a * b)),
            Operator::Divide => (b != 0).then(|| bounded(a / b)),
            Operator::Remainder => (b != 0).then(|| bounded(a % b)),
            other => panic!("{}", other.sign()),
        }
    };
    let fraction = |a: f64, b: f64| {
        let result = match operator {
            Operator::Add => a + b,
            Operator::Subtract => a - b,
            Operator::Multiply => a * b,
            Operator::Divide => (b != 0.0).then(|| a / b)?,
            Operator::Remainder => (b != 0.0).then(|| a % b)?,
            other => panic!("{}", other.sign()),
        };
        Some(result.clamp(f64::MIN, f64::MAX))
    };
    let divides = operator == Operator::Divide;
    match (left, right) {
        (Seen::Int(a), Seen::Int(b))
        | (Seen::Money(a), Seen::Money(b))
        | (Seen::Duration(a), Seen::Duration(b))
            if divides =>
        {
            fraction(a as f64, b as f64).map(Seen::Float)
        }
        (Seen::Int(a), Seen::Int(b)) => whole(a, b).map(Seen::Int),
        (Seen::Money(a), Seen::Money(b) | Seen::Int(b)) => whole(a, b).map(Seen::Money),
        (Seen::Int(a), Seen::Money(b)) if !divides => whole(a, b).map(Seen::Money),
        (Seen::Duration(a), Seen::Duration(b) | Seen::Int(b)) => whole(a, b).map(Seen::Duration),
        (Seen::Int(a), Seen::Duration(b)) if !divides => whole(a, b).map(Seen::Duration),
        (left, right) => fraction(float(&left), float(&right)).map(Seen::Float),
    }
}
