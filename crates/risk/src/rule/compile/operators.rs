//! What operators do with operands of which kinds.
//!
//! **Absent on purpose:** a fraction of an amount. Whether it is rounded up or down would decide at the limit, so a
//! rule compares a quotient instead.

use super::{Compiler, Fragment};
use crate::rule::{
    diagnostic::{Code, Diagnostic},
    kind::Kind,
    language::syntax::{Comparison, Operator, Span},
    program::{Calculation, Instruction},
};

impl Compiler<'_> {
    pub(super) fn compare(
        &mut self,
        span: Span,
        comparison: Comparison,
        left: Fragment,
        right: Fragment,
    ) -> Option<Fragment> {
        let equality = matches!(comparison, Comparison::Equal | Comparison::Unequal);
        let (left, right) = self.alike(span, comparison.sign(), left, right)?;
        match left.kind {
            Kind::Bool => {
                let wrong = Diagnostic::new(Code::ComparedBool, span, "a yes or no is compared");
                self.refuse(wrong.help("write `x` or `not x`"))
            }
            Kind::Choice(_) if !equality => {
                let message =
                    format!("`{}` between values of an enumeration, which have no order", comparison.sign());
                self.refuse(
                    Diagnostic::new(Code::WrongKind, span, message).help("use `==`, `!=` or `in […]`"),
                )
            }
            Kind::Float if equality => {
                let message = format!(
                    "`{}` between fractions, which are rarely equal to the last digit",
                    comparison.sign()
                );
                self.refuse(
                    Diagnostic::new(Code::ComparedFloat, span, message).help("use `<`, `<=`, `>` or `>=`"),
                )
            }
            Kind::Float => Some(left.with(right, Instruction::CompareFloat(comparison), Kind::Bool)),
            Kind::Int | Kind::Money | Kind::Duration | Kind::Choice(_) => {
                if let ([Instruction::Load(slot)], [Instruction::Push(cell)]) = (&*left.code, &*right.code) {
                    let code = vec![Instruction::CompareSlot(*slot, comparison, *cell)];
                    return Some(Fragment { kind: Kind::Bool, code, ..left });
                }
                Some(left.with(right, Instruction::Compare(comparison), Kind::Bool))
            }
        }
    }

    pub(super) fn otherwise(&mut self, span: Span, left: Fragment, right: Fragment) -> Option<Fragment> {
        if !left.optional {
            let wrong = Diagnostic::new(Code::AlwaysKnown, left.span, "this is always known");
            return self.refuse(wrong.help("leave `otherwise …` out"));
        }
        let (left, right) = self.alike(span, "otherwise", left, right)?;
        let kind = left.kind;
        Some(Fragment { optional: false, ..left.with(right, Instruction::Otherwise, kind) })
    }

    pub(super) fn sum(
        &mut self,
        span: Span,
        operator: Operator,
        left: Fragment,
        right: Fragment,
    ) -> Option<Fragment> {
        let (left, right) = self.alike(span, operator.sign(), left, right)?;
        let calculation = if operator == Operator::Add { Calculation::Add } else { Calculation::Subtract };
        self.calculated(span, calculation, left, right)
    }

    pub(super) fn product(&mut self, span: Span, left: Fragment, right: Fragment) -> Option<Fragment> {
        match (left.kind, right.kind) {
            (Kind::Money | Kind::Duration, Kind::Int) => {
                let kind = left.kind;
                Some(left.with(right, Instruction::Calculate(Calculation::Multiply), kind))
            }
            (Kind::Int, Kind::Money | Kind::Duration) => {
                let kind = right.kind;
                Some(left.with(right, Instruction::Calculate(Calculation::Multiply), kind))
            }
            (Kind::Money | Kind::Duration, Kind::Float) | (Kind::Float, Kind::Money | Kind::Duration) => {
                let wrong = Diagnostic::new(
                    Code::WrongKind,
                    span,
                    "money and time spans are whole: no fraction of them",
                );
                self.refuse(wrong.help("divide and compare: `a / b > 2.5` in place of `a > b * 2.5`"))
            }
            (Kind::Money, Kind::Money) | (Kind::Duration, Kind::Duration) => {
                let kind = self.schema.kind_name(left.kind);
                let wrong = Diagnostic::new(Code::WrongKind, span, format!("{kind} times {kind} is nothing"));
                self.refuse(wrong.help("one of the two is a number"))
            }
            _ => {
                let (left, right) = self.alike(span, "*", left, right)?;
                self.calculated(span, Calculation::Multiply, left, right)
            }
        }
    }

    pub(super) fn quotient(
        &mut self,
        span: Span,
        operator: Operator,
        left: Fragment,
        right: Fragment,
    ) -> Option<Fragment> {
        // Zero has the same bits as a fraction.
        let safe = right.constant.is_some_and(|cell| cell != 0);
        let optional = left.optional || right.optional || !safe;
        let divide = operator == Operator::Divide;
        let fragment = match (left.kind, right.kind) {
            (Kind::Money | Kind::Duration, Kind::Int) if divide => {
                let kind = left.kind;
                left.with(right, Instruction::Calculate(Calculation::Divide), kind)
            }
            _ => {
                let (left, right) = self.alike(span, operator.sign(), left, right)?;
                match left.kind {
                    Kind::Int | Kind::Money | Kind::Duration if divide => {
                        left.with(right, Instruction::Ratio, Kind::Float)
                    }
                    _ => {
                        let calculation = if divide { Calculation::Divide } else { Calculation::Remainder };
                        self.calculated(span, calculation, left, right)?
                    }
                }
            }
        };
        Some(Fragment { optional, ..fragment })
    }

    fn calculated(
        &mut self,
        span: Span,
        calculation: Calculation,
        left: Fragment,
        right: Fragment,
    ) -> Option<Fragment> {
        let kind = left.kind;
        match kind {
            Kind::Int | Kind::Money | Kind::Duration => {
                Some(left.with(right, Instruction::Calculate(calculation), kind))
            }
            Kind::Float => Some(left.with(right, Instruction::CalculateFloat(calculation), kind)),
            Kind::Bool | Kind::Choice(_) => {
                let message =
                    format!("nothing is calculated with values of kind {}", self.schema.kind_name(kind));
                self.refuse(Diagnostic::new(Code::WrongKind, span, message))
            }
        }
    }

    /// Two operands of one kind, a whole number made a fraction where the other is one.
    fn alike(
        &mut self,
        span: Span,
        sign: &str,
        left: Fragment,
        right: Fragment,
    ) -> Option<(Fragment, Fragment)> {
        match (left.kind, right.kind) {
            (a, b) if a == b => Some((left, right)),
            (Kind::Int, Kind::Float) | (Kind::Float, Kind::Int) => {
                Some((left.into_float(), right.into_float()))
            }
            (Kind::Money | Kind::Duration, Kind::Int | Kind::Float) => {
                self.unit_missing(right.span, left.kind)
            }
            (Kind::Int | Kind::Float, Kind::Money | Kind::Duration) => {
                self.unit_missing(left.span, right.kind)
            }
            (a, b) => {
                let (a, b) = (self.schema.kind_name(a), self.schema.kind_name(b));
                let message = format!("`{sign}` between {a} and {b}");
                self.refuse(
                    Diagnostic::new(Code::KindMismatch, span, message).help("both sides are of one kind"),
                )
            }
        }
    }

    pub(super) fn unit_missing<T>(&mut self, span: Span, kind: Kind) -> Option<T> {
        let help = match kind {
            Kind::Money => "an amount is `yuan(50)` or `fen(5000)`",
            _ => "a time span is `30s`, `10m`, `1h` or `7d`",
        };
        let message =
            format!("a plain number where a value of kind {} is expected", self.schema.kind_name(kind));
        self.refuse(Diagnostic::new(Code::UnitMissing, span, message).help(help))
    }
}
