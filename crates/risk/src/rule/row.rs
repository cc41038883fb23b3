//! The values of one payment, in the order of a schema's slots.
//!
//! **Invariant.** A cell holds a value of its slot's kind, or nothing.
//!
//! **Absent on purpose:** how values are come by.

use std::fmt;

use super::{
    kind::{Kind, Value, float_of},
    schema::{Schema, SlotId},
};

/// The values of one payment. One row can be used for many, with [`Row::clear`] between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    schema: [u8; 16],
    cells: Box<[i64]>,
    /// One bit for each slot: whether its value is known.
    known: Box<[u64]>,
}

/// Why a value was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongValue {
    /// The slot has another kind.
    Kind,
    /// The fraction is infinite, or no number.
    NotFinite,
    /// The slot is of another schema.
    Slot,
}

impl fmt::Display for WrongValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            WrongValue::Kind => "the slot has another kind",
            WrongValue::NotFinite => "the fraction is no finite number",
            WrongValue::Slot => "the slot is of another schema",
        })
    }
}

impl std::error::Error for WrongValue {}

impl Row {
    /// A row in which nothing is known yet.
    pub fn new(schema: &Schema) -> Row {
        let slots = schema.slots().len();
        Row {
            schema: schema.digest(),
            cells: vec![0; slots].into_boxed_slice(),
            known: vec![0; slots.div_ceil(64)].into_boxed_slice(),
        }
    }

    /// Forgets all values.
    pub fn clear(&mut self) {
        self.cells.fill(0);
        self.known.fill(0);
    }

    /// Puts a value in.
    pub fn set(&mut self, slot: SlotId, value: Value) -> Result<(), WrongValue> {
        if value.kind() != slot.kind {
            return Err(WrongValue::Kind);
        }
        if matches!(value, Value::Float(number) if !number.is_finite()) {
            return Err(WrongValue::NotFinite);
        }
        let (word, bit) = place(slot.index);
        let (Some(cell), Some(known)) =
            (self.cells.get_mut(usize::from(slot.index)), self.known.get_mut(word))
        else {
            return Err(WrongValue::Slot);
        };
        *cell = value.cell();
        *known |= bit;
        Ok(())
    }

    /// Says that a value is unknown.
    pub fn unset(&mut self, slot: SlotId) -> Result<(), WrongValue> {
        let (word, bit) = place(slot.index);
        let (Some(cell), Some(known)) =
            (self.cells.get_mut(usize::from(slot.index)), self.known.get_mut(word))
        else {
            return Err(WrongValue::Slot);
        };
        *cell = 0;
        *known &= !bit;
        Ok(())
    }

    /// The value of a slot; `None` while it is unknown.
    pub fn get(&self, slot: SlotId) -> Option<Value> {
        let cell = self.cell(slot.index);
        self.is_known(slot.index).then_some(match slot.kind {
            Kind::Bool => Value::Bool(cell != 0),
            Kind::Int => Value::Int(cell),
            Kind::Float => Value::Float(float_of(cell)),
            Kind::Money => Value::Money(tongbao_money::Amount::new(cell)?),
            Kind::Duration => Value::Duration(cell),
            Kind::Choice(enumeration) => {
                Value::Choice(super::kind::Choice { enumeration, value: u8::try_from(cell).ok()? })
            }
        })
    }

    /// The digest of the schema that the row is of.
    pub(super) const fn schema(&self) -> [u8; 16] {
        self.schema
    }

    /// The first slot that must be known and is not.
    pub(super) fn missing(&self, required: &[u64]) -> Option<usize> {
        let absent = required.iter().zip(&self.known).map(|(required, known)| required & !known);
        let (word, bits) = absent.enumerate().find(|(_, bits)| *bits != 0)?;
        Some(word * 64 + bits.trailing_zeros() as usize)
    }

    /// The bits of a slot; zero while it is unknown.
    #[inline]
    pub(super) fn cell(&self, slot: u16) -> i64 {
        self.cells.get(usize::from(slot)).copied().unwrap_or_default()
    }

    /// Whether a slot has a value.
    #[inline]
    pub(super) fn is_known(&self, slot: u16) -> bool {
        let (word, bit) = place(slot);
        self.known.get(word).is_some_and(|known| known & bit != 0)
    }
}

#[inline]
const fn place(slot: u16) -> (usize, u64) {
    (slot as usize / 64, 1 << (slot % 64))
}
