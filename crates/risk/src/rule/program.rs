//! A condition as a postfix program over a row.
//!
//! **Invariants.** Skips go forward only, so a program ends after at most as many instructions as it has. It allocates
//! nothing. The same row gives the same answer, and every row has one: whole numbers stop at the bounds of 64 bits,
//! fractions at the largest finite ones, a division by zero is unknown.
//!
//! **Absent on purpose:** checks of kinds while it runs. Only [`super::compile`] makes programs.

use super::{
    kind::{cell_of, float_of},
    language::syntax::Comparison,
    row::Row,
};

/// Values that a program may have in hand at a time. A rule of six comparisons has three.
pub(super) const STACK_CELLS: usize = 16;

/// One step of a program.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Instruction {
    /// Puts a constant on the stack.
    Push(i64),
    /// Puts a slot's value on the stack.
    Load(u16),
    /// The same for a slot whose value may be unknown.
    LoadOptional(u16),
    /// Makes a fraction of the whole number on top.
    ToFloat,
    /// Changes the sign of a whole number.
    Negate,
    /// Changes the sign of a fraction.
    NegateFloat,
    /// Calculates with the two whole numbers on top.
    Calculate(Calculation),
    /// Calculates with the two fractions on top.
    CalculateFloat(Calculation),
    /// Divides two whole numbers, into a fraction.
    Ratio,
    /// Compares the two whole numbers on top.
    Compare(Comparison),
    /// Compares the slot's whole number with the constant: `Load`, `Push` and `Compare` in one, as most rules need it.
    CompareSlot(u16, Comparison, i64),
    /// Compares the two fractions on top.
    CompareFloat(Comparison),
    /// Whether the whole number on top is among these constants, which are sorted.
    In { start: u16, length: u16, negated: bool },
    /// Turns yes into no.
    Not,
    /// Takes the value on top where the one below is unknown.
    Otherwise,
    /// Whether the value on top is known.
    Known,
    /// Leaves a no on the stack and skips so many instructions; drops a yes.
    SkipUnless(u16),
    /// Leaves a yes on the stack and skips so many instructions; drops a no.
    SkipIf(u16),
}

/// What is done with two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calculation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// A compiled condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    pub(super) code: Box<[Instruction]>,
    pub(super) constants: Box<[i64]>,
    pub(super) cost: u32,
}

/// Where programs calculate; one can be used for many.
#[derive(Clone, Debug, Default)]
pub(super) struct Stack {
    cells: [i64; STACK_CELLS],
    /// How many cells are in use.
    height: usize,
    /// One bit for each cell: whether its value is unknown.
    unknown: u32,
}

impl Stack {
    #[inline]
    fn push(&mut self, cell: i64) {
        self.cells[self.height % STACK_CELLS] = cell;
        self.unknown &= !(1 << (self.height % STACK_CELLS));
        self.height += 1;
    }

    /// Removes the top; zero on an empty stack, which no program finds.
    #[inline]
    fn pop(&mut self) -> i64 {
        self.height = self.height.saturating_sub(1);
        self.cells[self.height % STACK_CELLS]
    }

    #[inline]
    fn top(&mut self) -> &mut i64 {
        &mut self.cells[self.height.saturating_sub(1) % STACK_CELLS]
    }

    /// The bit of the cell on top.
    #[inline]
    fn bit(&self) -> u32 {
        1 << (self.height.saturating_sub(1) % STACK_CELLS)
    }

    /// Puts the result for two operands in place of the left one, unknown if either of them is.
    #[inline]
    fn calculate(&mut self, result: impl FnOnce(i64, i64) -> Option<i64>) {
        let right_unknown = self.unknown & self.bit() != 0;
        let right = self.pop();
        let result = result(*self.top(), right);
        *self.top() = result.unwrap_or_default();
        if right_unknown || result.is_none() {
            self.unknown |= self.bit();
        }
    }
}

impl Program {
    /// Steps that it takes at most.
    pub const fn cost(&self) -> u32 {
        self.cost
    }

    /// Whether the condition holds.
    pub(super) fn holds(&self, row: &Row, stack: &mut Stack) -> bool {
        stack.height = 0;
        let mut at = 0;
        while let Some(instruction) = self.code.get(at) {
            at += 1 + self.step(*instruction, row, stack);
        }
        stack.pop() != 0
    }

    /// Does one instruction; answers how many are skipped.
    #[inline]
    fn step(&self, instruction: Instruction, row: &Row, stack: &mut Stack) -> usize {
        match instruction {
            Instruction::Push(cell) => stack.push(cell),
            Instruction::Load(slot) => stack.push(row.cell(slot)),
            Instruction::LoadOptional(slot) => {
                stack.push(row.cell(slot));
                if !row.is_known(slot) {
                    stack.unknown |= stack.bit();
                }
            }
            Instruction::ToFloat => *stack.top() = cell_of(to_float(*stack.top())),
            Instruction::Negate => *stack.top() = stack.top().saturating_neg(),
            Instruction::NegateFloat => *stack.top() = cell_of(-float_of(*stack.top())),
            Instruction::Calculate(calculation) => stack.calculate(|left, right| calculation.of(left, right)),
            Instruction::CalculateFloat(calculation) => stack
                .calculate(|left, right| calculation.of_floats(float_of(left), float_of(right)).map(cell_of)),
            Instruction::Ratio => stack.calculate(|left, right| {
                Calculation::Divide.of_floats(to_float(left), to_float(right)).map(cell_of)
            }),
            Instruction::Compare(comparison) => {
                let right = stack.pop();
                *stack.top() = i64::from(comparison.holds(*stack.top(), right));
            }
            Instruction::CompareSlot(slot, comparison, cell) => {
                stack.push(i64::from(comparison.holds(row.cell(slot), cell)));
            }
            Instruction::CompareFloat(comparison) => {
                let right = float_of(stack.pop());
                *stack.top() = i64::from(comparison.holds(float_of(*stack.top()), right));
            }
            Instruction::In { start, length, negated } => {
                let start = usize::from(start);
                let list = self.constants.get(start..start + usize::from(length)).unwrap_or_default();
                *stack.top() = i64::from(list.binary_search(stack.top()).is_ok() != negated);
            }
            Instruction::Not => *stack.top() = i64::from(*stack.top() == 0),
            Instruction::Otherwise => {
                let right = stack.pop();
                if stack.unknown & stack.bit() != 0 {
                    *stack.top() = right;
                    stack.unknown &= !stack.bit();
                }
            }
            Instruction::Known => {
                *stack.top() = i64::from(stack.unknown & stack.bit() == 0);
                stack.unknown &= !stack.bit();
            }
            Instruction::SkipUnless(skipped) => {
                if *stack.top() == 0 {
                    return usize::from(skipped);
                }
                stack.pop();
            }
            Instruction::SkipIf(skipped) => {
                if *stack.top() != 0 {
                    return usize::from(skipped);
                }
                stack.pop();
            }
        }
        0
    }
}

impl Calculation {
    /// The result for whole numbers; `None` behind a division by zero. A division rounds toward zero.
    #[inline]
    fn of(self, left: i64, right: i64) -> Option<i64> {
        match self {
            Calculation::Add => Some(left.saturating_add(right)),
            Calculation::Subtract => Some(left.saturating_sub(right)),
            Calculation::Multiply => Some(left.saturating_mul(right)),
            Calculation::Divide => (right != 0).then(|| left.saturating_div(right)),
            Calculation::Remainder => (right != 0).then(|| left.wrapping_rem(right)),
        }
    }

    /// The result for fractions; `None` behind a division by zero.
    #[inline]
    fn of_floats(self, left: f64, right: f64) -> Option<f64> {
        let result = match self {
            Calculation::Add => left + right,
            Calculation::Subtract => left - right,
            Calculation::Multiply => left * right,
            Calculation::Divide | Calculation::Remainder if right == 0.0 => return None,
            Calculation::Divide => left / right,
            Calculation::Remainder => left % right,
        };
        // Operands are finite, so a result is never "no number", and only its size is to be bounded.
        Some(result.clamp(f64::MIN, f64::MAX))
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts and amounts below 2^53 are exact; above, a ratio is near enough"
)]
#[inline]
const fn to_float(number: i64) -> f64 {
    number as f64
}
