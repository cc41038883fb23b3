//! What a decision may not make up itself: the time, fresh ids, and what it judges by.

use std::sync::Arc;

use tongbao_risk::judge::Judge;
use uuid::{Builder, Uuid};

use crate::{Time, id::TypedId};

/// The time of a decision and a seed for its ids. A copy draws the same ids again, so a decision
/// that is asked twice answers the same.
#[derive(Clone, Debug)]
pub struct Context {
    at: Time,
    seed: [u8; 16],
    drawn: u32,
    judge: Option<Arc<Judge>>,
}

impl Context {
    /// A context for one decision, with a seed nobody else has.
    pub const fn new(at: Time, seed: [u8; 16]) -> Context {
        Context { at, seed, drawn: 0, judge: None }
    }

    /// The same, with who judges what is asked for.
    #[must_use]
    pub fn judged_by(self, judge: Option<Arc<Judge>>) -> Context {
        Context { judge, ..self }
    }

    /// Who judges what is asked for; without one nothing is judged.
    pub fn judge(&self) -> Option<&Arc<Judge>> {
        self.judge.as_ref()
    }

    /// When the decision is taken.
    pub const fn at(&self) -> Time {
        self.at
    }

    /// A fresh id: a UUID of version 7 whose random part is the BLAKE3 of seed and count. The count also
    /// stands in the sub-millisecond bits (RFC 9562 §6.2), so ids of one decision sort in the order
    /// drawn, up to 4,096 of them.
    pub fn draw<T: TypedId>(&mut self) -> T {
        T::from_uuid(self.draw_uuid())
    }

    fn draw_uuid(&mut self) -> Uuid {
        let mut hash = blake3::Hasher::new();
        hash.update(&self.seed).update(&self.drawn.to_be_bytes());
        let mut random = [0; 10];
        hash.finalize_xof().fill(&mut random);
        let ([high, low, ..], [_, _, third, fourth]) = (&mut random, self.drawn.to_be_bytes());
        (*high, *low) = (third, fourth);
        self.drawn = self.drawn.saturating_add(1);
        let ms = u64::try_from(self.at.ms()).unwrap_or_default();
        Builder::from_unix_timestamp_millis(ms, &random).into_uuid()
    }
}
