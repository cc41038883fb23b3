//! Made-up conditions and rows, from bytes.

use tongbao_money::Amount;
use tongbao_risk::rule::{
    Row, Schema, Value,
    language::syntax::{Argument, Comparison, Expression, Literal, Node, Operator, Span},
};

/// Bytes that choose; zero behind the last.
pub(super) struct Choices<'a>(pub(super) &'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().map_or((0, self.0), |(first, rest)| (*first, rest));
        self.0 = rest;
        first
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

fn at_nowhere(node: Node) -> Expression {
    Expression { span: Span::default(), node }
}

/// The same tree without its places, so that trees can be compared.
pub(super) fn without_places(mut expression: Expression) -> Expression {
    expression.span = Span::default();
    let inner = |inner: Box<Expression>| Box::new(without_places(*inner));
    expression.node = match expression.node {
        Node::Not(it) => Node::Not(inner(it)),
        Node::Negate(it) => Node::Negate(inner(it)),
        Node::Known(it) => Node::Known(inner(it)),
        Node::Binary { operator, left, right } => {
            Node::Binary { operator, left: inner(left), right: inner(right) }
        }
        Node::In { subject, negated, list } => {
            let list = list.into_iter().map(without_places).collect();
            Node::In { subject: inner(subject), negated, list }
        }
        leaf @ (Node::Literal(_) | Node::Name(_) | Node::Call { .. }) => leaf,
    };
    expression
}

/// What a made-up part is of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Sort {
    Bool,
    Int,
    Float,
    Money,
    Duration,
    Fruit,
}

const SORTS: [Sort; 6] = [Sort::Bool, Sort::Int, Sort::Float, Sort::Money, Sort::Duration, Sort::Fruit];
const NUMBERS: [Sort; 4] = [Sort::Int, Sort::Float, Sort::Money, Sort::Duration];

fn binary(operator: Operator, left: Expression, right: Expression) -> Expression {
    at_nowhere(Node::Binary { operator, left: Box::new(left), right: Box::new(right) })
}

fn name(name: &str) -> Expression {
    at_nowhere(Node::Name(name.to_owned()))
}

/// A condition whose kinds are right.
pub(super) fn condition(choices: &mut Choices<'_>, depth: usize) -> Expression {
    if depth == 0 {
        return literal_or_slot(choices, Sort::Bool);
    }
    let deeper = depth - 1;
    match choices.below(8) {
        0 => literal_or_slot(choices, Sort::Bool),
        1 => at_nowhere(Node::Not(Box::new(condition(choices, deeper)))),
        2 => {
            let sort = choices.pick(&SORTS);
            at_nowhere(Node::Known(Box::new(perhaps(choices, sort, deeper))))
        }
        3 => {
            let operator = choices.pick(&[Operator::And, Operator::Or]);
            binary(operator, condition(choices, deeper), condition(choices, deeper))
        }
        4 => {
            let operator = choices.pick(&[Operator::Or, Operator::And]);
            binary(operator, condition(choices, deeper), condition(choices, deeper))
        }
        5 => {
            let sort = choices.pick(&[Sort::Int, Sort::Money, Sort::Duration, Sort::Fruit]);
            let subject = Box::new(certain(choices, sort, deeper));
            let length = 1 + choices.below(5);
            let list = (0..length).map(|_| literal(choices, sort)).collect();
            at_nowhere(Node::In { subject, negated: choices.below(2) == 1, list })
        }
        6 => {
            let comparison = choices.pick(&[Comparison::Equal, Comparison::Unequal]);
            let sort = choices.pick(&[Sort::Int, Sort::Money, Sort::Duration, Sort::Fruit]);
            let left = certain(choices, sort, deeper);
            binary(Operator::Compare(comparison), left, literal(choices, sort))
        }
        _ => {
            let operator =
                Operator::Compare(choices.pick(&[Comparison::Less, Comparison::AtMost, Comparison::AtLeast]));
            let sort = choices.pick(&NUMBERS);
            let (left, right) = (certain(choices, sort, deeper), certain(choices, sort, deeper));
            binary(operator, left, right)
        }
    }
}

/// A part that is always known.
fn certain(choices: &mut Choices<'_>, sort: Sort, depth: usize) -> Expression {
    if sort == Sort::Bool {
        return condition(choices, depth);
    }
    if depth == 0 {
        return literal_or_slot(choices, sort);
    }
    let deeper = depth - 1;
    match choices.below(5) {
        0 => {
            let left = perhaps(choices, sort, deeper);
            binary(Operator::Otherwise, left, certain(choices, sort, deeper))
        }
        1 if sort != Sort::Fruit => {
            let operator = choices.pick(&[Operator::Add, Operator::Subtract]);
            binary(operator, certain(choices, sort, deeper), certain(choices, sort, deeper))
        }
        2 if matches!(sort, Sort::Money | Sort::Duration) => {
            let operator = choices.pick(&[Operator::Multiply, Operator::Multiply]);
            binary(operator, certain(choices, sort, deeper), certain(choices, Sort::Int, deeper))
        }
        2 if sort != Sort::Fruit => {
            binary(Operator::Multiply, certain(choices, sort, deeper), certain(choices, sort, deeper))
        }
        3 if sort != Sort::Fruit => at_nowhere(Node::Negate(Box::new(certain(choices, sort, deeper)))),
        _ => literal_or_slot(choices, sort),
    }
}

/// A part that may be unknown.
fn perhaps(choices: &mut Choices<'_>, sort: Sort, depth: usize) -> Expression {
    let slot = match sort {
        Sort::Bool => "also",
        Sort::Int => "m",
        Sort::Float => "g",
        Sort::Money => "usual",
        Sort::Duration => "since",
        Sort::Fruit => "other",
    };
    if depth == 0 || matches!(sort, Sort::Bool | Sort::Fruit) {
        return name(slot);
    }
    let deeper = depth - 1;
    match choices.below(4) {
        0 => {
            let right = certain(choices, sort, deeper);
            binary(
                Operator::Remainder,
                certain(choices, sort, deeper),
                binary(Operator::Add, name_of(sort), right),
            )
        }
        1 if sort == Sort::Float => {
            let part = choices.pick(&NUMBERS);
            let left = certain(choices, part, deeper);
            binary(
                Operator::Divide,
                left,
                binary(Operator::Add, name_of(part), certain(choices, part, deeper)),
            )
        }
        2 => binary(Operator::Add, perhaps(choices, sort, deeper), certain(choices, sort, deeper)),
        _ => name(slot),
    }
}

fn name_of(sort: Sort) -> Expression {
    name(match sort {
        Sort::Bool => "yes",
        Sort::Int => "n",
        Sort::Float => "f",
        Sort::Money => "amount",
        Sort::Duration => "age",
        Sort::Fruit => "fruit",
    })
}

fn literal_or_slot(choices: &mut Choices<'_>, sort: Sort) -> Expression {
    match choices.below(4) {
        0 if sort != Sort::Fruit => literal(choices, sort),
        1 if sort == Sort::Int => at_nowhere(Node::Call {
            name: "count".to_owned(),
            arguments: vec![
                Argument::Word("payer".to_owned()),
                Argument::Window(choices.pick(&[3_600, 86_400])),
            ],
        }),
        _ => name_of(sort),
    }
}

fn literal(choices: &mut Choices<'_>, sort: Sort) -> Expression {
    let byte = choices.byte();
    at_nowhere(Node::Literal(match sort {
        Sort::Bool => Literal::Bool(byte % 2 == 1),
        Sort::Int => Literal::Int(if byte == 255 { 999_999_999_999_999_999 } else { i64::from(byte % 5) }),
        Sort::Float => Literal::Float(f64::from(byte) / 4.0),
        Sort::Money => Literal::Money(i64::from(byte) * 25),
        Sort::Duration => Literal::Duration(i64::from(byte) * 1_800),
        Sort::Fruit => return name(["apple", "pear", "plum"][usize::from(byte % 3)]),
    }))
}

/// Any tree at all, whatever its kinds.
pub(super) fn anything(choices: &mut Choices<'_>, depth: usize) -> Expression {
    const OPERATORS: [Operator; 12] = [
        Operator::Or,
        Operator::And,
        Operator::Otherwise,
        Operator::Add,
        Operator::Subtract,
        Operator::Multiply,
        Operator::Divide,
        Operator::Remainder,
        Operator::Compare(Comparison::Equal),
        Operator::Compare(Comparison::Less),
        Operator::Compare(Comparison::AtLeast),
        Operator::Compare(Comparison::Unequal),
    ];
    let sort = choices.pick(&SORTS);
    if depth == 0 {
        return if choices.below(2) == 0 {
            perhaps(choices, sort, 0)
        } else {
            literal_or_slot(choices, sort)
        };
    }
    let deeper = depth - 1;
    match choices.below(7) {
        0 => literal(choices, sort),
        1 => at_nowhere(Node::Not(Box::new(anything(choices, deeper)))),
        2 => at_nowhere(Node::Negate(Box::new(anything(choices, deeper)))),
        3 => at_nowhere(Node::Known(Box::new(anything(choices, deeper)))),
        4 => {
            let subject = Box::new(anything(choices, deeper));
            let list = vec![literal(choices, sort), literal(choices, sort)];
            at_nowhere(Node::In { subject, negated: choices.below(2) == 1, list })
        }
        _ => {
            let operator = choices.pick(&OPERATORS);
            binary(operator, anything(choices, deeper), anything(choices, deeper))
        }
    }
}

/// A row; what may be unknown often is.
pub(super) fn row(choices: &mut Choices<'_>, schema: &Schema) -> Row {
    let mut row = schema.everyday();
    for slot in schema.slots() {
        let id = schema.slot(&slot.spelling()).unwrap();
        let byte = choices.byte();
        if slot.optional && byte.is_multiple_of(3) {
            row.unset(id).unwrap();
            continue;
        }
        let number = i64::from(byte) - 100;
        let value = match schema.kind_name(slot.kind) {
            "bool" => Value::Bool(byte % 2 == 1),
            "int" => Value::Int(if byte == 255 { i64::MIN } else { number }),
            "float" => Value::Float(if byte == 255 { f64::MAX } else { f64::from(byte) - 100.0 }),
            "money" => {
                Value::Money(if byte == 255 { Amount::MAX } else { Amount::new(i64::from(byte)).unwrap() })
            }
            "duration" => Value::Duration(number * 1_800),
            _ => schema.choice_of("fruits", ["apple", "pear", "plum"][usize::from(byte % 3)]).unwrap(),
        };
        row.set(id, value).unwrap();
    }
    row
}
