//! From a syntax tree to a program: names are looked up, kinds checked, the cost counted.
//!
//! **Invariants.** A program that comes out of here uses its stack as its instructions expect it, costs at most
//! [`COST_MAX`] steps, and says yes or no for every row of its schema. A value that may be unknown decides nothing: a
//! rule has to say what stands for it.
//!
//! **Absent on purpose:** conversions between kinds, but for whole numbers beside fractions.

mod operators;

use super::{
    diagnostic::{Code, Diagnostic},
    kind::{Kind, Value, cell_of},
    language::{
        parse,
        syntax::{Argument, Expression, Literal, Node, Operator, Rule, Span},
    },
    names,
    program::{Instruction, Program, STACK_CELLS, Stack},
    row::Row,
    schema::Schema,
};

/// Steps of one rule. Two hundred rules of so many take less than 50 microseconds, what a whole decision may take.
pub const COST_MAX: u32 = 128;

/// Diagnostics given of one rule: behind the first few, most follow from the others.
pub const DIAGNOSTICS_MAX: usize = 8;

/// A rule whose condition can be run.
#[derive(Clone, Debug, PartialEq)]
pub struct Compiled {
    /// What was read.
    pub rule: Rule,
    /// Its condition.
    pub program: Program,
}

/// Reads and compiles a rule. The diagnostics of the error are at least one and at most [`DIAGNOSTICS_MAX`].
pub fn compile(text: &str, schema: &Schema) -> Result<Compiled, Vec<Diagnostic>> {
    let rule = parse(text).map_err(|wrong| vec![wrong])?;
    let mut compiler = Compiler { schema, constants: Vec::new(), wrong: Vec::new() };
    let condition = compiler.condition(&rule.when);
    let program = condition.and_then(|condition| compiler.finish(condition));
    match program {
        Some(program) if compiler.wrong.is_empty() => Ok(Compiled { rule, program }),
        _ => {
            compiler.wrong.truncate(DIAGNOSTICS_MAX);
            Err(compiler.wrong)
        }
    }
}

impl Compiled {
    /// Whether the condition holds for a row of the schema that the rule was compiled for.
    pub fn hits(&self, row: &Row) -> bool {
        self.program.holds(row, &mut Stack::default())
    }
}

/// The code of a part of a condition, and what it leaves on the stack.
struct Fragment {
    span: Span,
    kind: Kind,
    /// Whether the value may be unknown.
    optional: bool,
    /// The value, where the text has it.
    constant: Option<i64>,
    code: Vec<Instruction>,
    /// Cells that it needs.
    depth: usize,
}

struct Compiler<'a> {
    schema: &'a Schema,
    constants: Vec<i64>,
    wrong: Vec<Diagnostic>,
}

impl Fragment {
    fn constant(span: Span, kind: Kind, cell: i64) -> Fragment {
        let code = vec![Instruction::Push(cell)];
        Fragment { span, kind, optional: false, constant: Some(cell), code, depth: 1 }
    }

    fn then(mut self, instruction: Instruction) -> Fragment {
        self.code.push(instruction);
        self.constant = None;
        self
    }

    /// The code of two operands and of what is done with them.
    fn with(mut self, right: Fragment, instruction: Instruction, kind: Kind) -> Fragment {
        self.span = self.span.to(right.span);
        self.depth = self.depth.max(right.depth.saturating_add(1));
        self.optional |= right.optional;
        self.kind = kind;
        self.code.extend(right.code);
        self.then(instruction)
    }

    fn into_float(self) -> Fragment {
        match (self.kind, self.code.as_slice()) {
            (Kind::Int, _) => Fragment { kind: Kind::Float, ..self.then(Instruction::ToFloat) },
            _ => self,
        }
    }
}

impl Compiler<'_> {
    fn refuse<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.wrong.push(diagnostic);
        None
    }

    fn finish(&mut self, condition: Fragment) -> Option<Program> {
        let searches: u32 = condition.code.iter().map(cost).sum();
        if searches > COST_MAX {
            let message = format!("the rule takes {searches} steps, {COST_MAX} are allowed");
            let wrong = Diagnostic::new(Code::TooCostly, condition.span, message);
            return self.refuse(wrong.help("make several rules of it"));
        }
        if condition.depth > STACK_CELLS {
            let message = format!("the rule has to remember {} values at a time", condition.depth);
            let wrong = Diagnostic::new(Code::TooDeep, condition.span, message);
            return self.refuse(wrong.help(format!("{STACK_CELLS} are allowed; make several rules of it")));
        }
        let (code, constants) = (condition.code.into(), std::mem::take(&mut self.constants).into());
        Some(Program { code, constants, cost: searches })
    }

    /// A part that says yes or no.
    fn condition(&mut self, expression: &Expression) -> Option<Fragment> {
        let fragment = self.certain(expression)?;
        if fragment.kind == Kind::Bool {
            return Some(fragment);
        }
        let kind = self.schema.kind_name(fragment.kind);
        let wrong =
            Diagnostic::new(Code::NotBool, fragment.span, format!("this is of kind {kind}, no yes or no"));
        self.refuse(wrong.help("compare it with something, as in `amount > yuan(50)`"))
    }

    /// A part whose value is always known.
    fn certain(&mut self, expression: &Expression) -> Option<Fragment> {
        let fragment = self.fragment(expression)?;
        self.known(fragment)
    }

    fn known(&mut self, fragment: Fragment) -> Option<Fragment> {
        if !fragment.optional {
            return Some(fragment);
        }
        let zero = match fragment.kind {
            Kind::Bool => "false",
            Kind::Int | Kind::Choice(_) => "…",
            Kind::Float => "0.0",
            Kind::Money => "yuan(0)",
            Kind::Duration => "0s",
        };
        let wrong = Diagnostic::new(Code::MaybeUnknown, fragment.span, "this may be unknown");
        self.refuse(wrong.help(format!("say what stands for it: `(… otherwise {zero})`; or ask `known(…)`")))
    }

    fn fragment(&mut self, expression: &Expression) -> Option<Fragment> {
        let span = expression.span;
        match &expression.node {
            Node::Literal(literal) => {
                let (kind, cell) = literal_of(*literal);
                Some(Fragment::constant(span, kind, cell))
            }
            Node::Name(name) => self.slot(span, name, &[]),
            Node::Call { name, arguments } => self.slot(span, name, arguments),
            Node::Not(inner) => {
                let inner = self.condition(inner)?.then(Instruction::Not);
                Some(Fragment { span, ..inner })
            }
            Node::Negate(inner) => self.negate(span, inner),
            Node::Known(inner) => {
                let inner = self.fragment(inner)?;
                if !inner.optional {
                    let wrong = Diagnostic::new(Code::AlwaysKnown, inner.span, "this is always known");
                    return self.refuse(wrong.help("leave `known(…)` out"));
                }
                let known = inner.then(Instruction::Known);
                Some(Fragment { span, kind: Kind::Bool, optional: false, ..known })
            }
            Node::Binary { operator, left, right } => self.binary(span, *operator, left, right),
            Node::In { subject, negated, list } => self.list(span, subject, *negated, list),
        }
    }

    fn slot(&mut self, span: Span, name: &str, arguments: &[Argument]) -> Option<Fragment> {
        let Some(slot) = self.schema.find(name, arguments) else {
            return self.refuse(names::unknown_slot(self.schema, span, name, arguments));
        };
        let optional = self.schema.get(slot.index).is_some_and(|slot| slot.optional);
        let load =
            if optional { Instruction::LoadOptional(slot.index) } else { Instruction::Load(slot.index) };
        Some(Fragment { span, kind: slot.kind, optional, constant: None, code: vec![load], depth: 1 })
    }

    fn negate(&mut self, span: Span, inner: &Expression) -> Option<Fragment> {
        let inner = self.fragment(inner)?;
        let kind = inner.kind;
        let instruction = match kind {
            Kind::Int | Kind::Money | Kind::Duration => Instruction::Negate,
            Kind::Float => Instruction::NegateFloat,
            Kind::Bool | Kind::Choice(_) => {
                let message = format!("`-` before a value of kind {}", self.schema.kind_name(inner.kind));
                let wrong = Diagnostic::new(Code::WrongKind, span, message);
                return self.refuse(
                    wrong.help("`-` is for numbers, money and time spans; `not` turns a yes into a no"),
                );
            }
        };
        // So that `-1` can stand in a list.
        let constant = inner.constant.filter(|_| inner.kind != Kind::Float).map(i64::saturating_neg);
        let negated =
            constant.map_or_else(|| inner.then(instruction), |cell| Fragment::constant(span, kind, cell));
        Some(Fragment { span, ..negated })
    }

    fn binary(
        &mut self,
        span: Span,
        operator: Operator,
        left: &Expression,
        right: &Expression,
    ) -> Option<Fragment> {
        let fragment = match operator {
            Operator::And | Operator::Or => {
                let (left, right) = (self.condition(left), self.condition(right));
                self.both(operator == Operator::And, left?, right?)
            }
            Operator::Compare(comparison) => {
                let (left, right) = self.operands(left, right)?;
                let (left, right) = (self.known(left), self.known(right));
                self.compare(span, comparison, left?, right?)
            }
            Operator::Otherwise => {
                let (left, right) = self.operands(left, right)?;
                let right = self.known(right)?;
                self.otherwise(span, left, right)
            }
            Operator::Add | Operator::Subtract => {
                let (left, right) = (self.fragment(left), self.fragment(right));
                self.sum(span, operator, left?, right?)
            }
            Operator::Multiply => {
                let (left, right) = (self.fragment(left), self.fragment(right));
                self.product(span, left?, right?)
            }
            Operator::Divide | Operator::Remainder => {
                let (left, right) = (self.fragment(left), self.fragment(right));
                self.quotient(span, operator, left?, right?)
            }
        }?;
        Some(Fragment { span, ..fragment })
    }

    fn both(&mut self, and: bool, mut left: Fragment, right: Fragment) -> Option<Fragment> {
        let Ok(skipped) = u16::try_from(right.code.len()) else {
            return self.refuse(Diagnostic::new(Code::TooManyParts, right.span, "the condition is too long"));
        };
        let skip = if and { Instruction::SkipUnless(skipped) } else { Instruction::SkipIf(skipped) };
        left.code.push(skip);
        left.code.extend(right.code);
        Some(Fragment { depth: left.depth.max(right.depth), constant: None, ..left })
    }

    /// Two operands of which one may be a bare value of the other's enumeration.
    fn operands(&mut self, left: &Expression, right: &Expression) -> Option<(Fragment, Fragment)> {
        if let Some(word) = self.bare(right) {
            let left = self.fragment(left)?;
            let right = self.choice(&left, right, word)?;
            return Some((left, right));
        }
        if let Some(word) = self.bare(left) {
            let right = self.fragment(right)?;
            let left = self.choice(&right, left, word)?;
            return Some((left, right));
        }
        let (left, right) = (self.fragment(left), self.fragment(right));
        Some((left?, right?))
    }

    fn bare<'e>(&self, expression: &'e Expression) -> Option<&'e str> {
        match &expression.node {
            Node::Name(name) if self.schema.find(name, &[]).is_none() => Some(name),
            _ => None,
        }
    }

    fn choice(&mut self, beside: &Fragment, expression: &Expression, word: &str) -> Option<Fragment> {
        let Kind::Choice(enumeration) = beside.kind else {
            return self.refuse(names::unknown_slot(self.schema, expression.span, word, &[]));
        };
        match self.schema.choice(enumeration, word) {
            Some(choice) => {
                Some(Fragment::constant(expression.span, beside.kind, Value::Choice(choice).cell()))
            }
            None => self.refuse(names::unknown_value(self.schema, expression.span, enumeration, word)),
        }
    }

    fn list(
        &mut self,
        span: Span,
        subject: &Expression,
        negated: bool,
        list: &[Expression],
    ) -> Option<Fragment> {
        let subject = self.certain(subject)?;
        if matches!(subject.kind, Kind::Bool | Kind::Float) {
            let message = format!("`in` behind a value of kind {}", self.schema.kind_name(subject.kind));
            return self.refuse(
                Diagnostic::new(Code::WrongKind, subject.span, message)
                    .help("`in` is for whole numbers, money, time spans and values of enumerations"),
            );
        }
        let mut cells = Vec::with_capacity(list.len());
        for item in list {
            let fragment = match self.bare(item) {
                Some(word) => self.choice(&subject, item, word)?,
                None => self.fragment(item)?,
            };
            let Some(cell) = fragment.constant else {
                let wrong = Diagnostic::new(Code::NotConstant, item.span, "a list has constants only");
                return self.refuse(wrong.help("compare with `==`, and join with `or`"));
            };
            match (subject.kind, fragment.kind) {
                (a, b) if a == b => cells.push(cell),
                (a @ (Kind::Money | Kind::Duration), Kind::Int | Kind::Float) => {
                    return self.unit_missing(item.span, a);
                }
                (a, b) => {
                    let (a, b) = (self.schema.kind_name(a), self.schema.kind_name(b));
                    let message = format!("a value of kind {b} in a list for {a}");
                    return self.refuse(Diagnostic::new(Code::KindMismatch, item.span, message));
                }
            }
        }
        cells.sort_unstable();
        cells.dedup();
        let place = (u16::try_from(self.constants.len()).ok(), u16::try_from(cells.len()).ok());
        let (Some(start), Some(length)) = place else {
            return self.refuse(Diagnostic::new(Code::TooManyParts, span, "the lists are too long"));
        };
        self.constants.extend(cells);
        let found = subject.then(Instruction::In { start, length, negated });
        Some(Fragment { span, kind: Kind::Bool, ..found })
    }
}

fn literal_of(literal: Literal) -> (Kind, i64) {
    match literal {
        Literal::Bool(yes) => (Kind::Bool, i64::from(yes)),
        Literal::Int(number) => (Kind::Int, number),
        Literal::Float(number) => (Kind::Float, cell_of(number)),
        Literal::Money(fen) => (Kind::Money, fen),
        Literal::Duration(s) => (Kind::Duration, s),
    }
}

/// What an instruction costs: one step, and one more for each halving of a list.
fn cost(instruction: &Instruction) -> u32 {
    match instruction {
        Instruction::In { length, .. } => 2 + length.checked_ilog2().unwrap_or_default(),
        _ => 1,
    }
}
