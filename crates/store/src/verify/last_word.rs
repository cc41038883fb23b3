//! What the log says of each record: its highest version, and how many there are.
//!
//! Changes name records nearly in the order of their ids. So what they name is kept in rows as it comes, and the rows
//! are put in order now and then: that takes fewer bytes than a map, and reads memory from one end to the other.

use std::sync::atomic::{AtomicBool, Ordering};

use tongbao_core::{Id, id::Kind};
use uuid::Uuid;

use crate::{cache::Map, log::Touched};

/// Words of one kind that wait at least to be put in order.
const FRESH_MIN: usize = 65_536;

/// What the log says of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// The highest version, and its hash.
    pub(super) version: u32,
    pub(super) body: [u8; 16],
    /// How many versions there are.
    pub(super) times: u32,
}

impl Written {
    /// Takes in what the log says of the same record further on.
    fn hear(&mut self, later: Written) {
        self.times += later.times;
        if later.version > self.version {
            (self.version, self.body) = (later.version, later.body);
        }
    }
}

/// Records of one kind: in order and each once, then as they came.
#[derive(Default)]
struct Words {
    all: Vec<(Uuid, Written)>,
    settled: usize,
}

impl Words {
    fn settle(&mut self) {
        // Stable, so words on one record stay in the order of the log; and quick where runs are in order already.
        self.all.sort_by_key(|(uuid, _)| *uuid);
        self.all.dedup_by(|(uuid, later), (before, earlier)| {
            let same = uuid == before;
            if same {
                earlier.hear(*later);
            }
            same
        });
        self.settled = self.all.len();
    }
}

/// The log's words, while it is read.
#[derive(Default)]
pub(super) struct LogWords(Map<Kind, Words>);

impl LogWords {
    /// The log says that a change wrote this.
    pub(super) fn hear(&mut self, &Touched { id, version, body }: &Touched) {
        let words = self.0.entry(id.kind).or_default();
        words.all.push((id.uuid, Written { version, body, times: 1 }));
        if words.all.len() - words.settled >= words.settled.max(FRESH_MIN) {
            words.settle();
        }
    }

    /// The log has been read.
    pub(super) fn settle(mut self) -> LastWords {
        self.0.values_mut().for_each(Words::settle);
        let last = |(kind, words): (Kind, Words)| {
            let taken = words.all.iter().map(|_| AtomicBool::new(false)).collect();
            (kind, Last { words: words.all, taken })
        };
        LastWords(self.0.into_iter().map(last).collect())
    }
}

/// The last words on records of one kind, in order, and whether each was taken.
struct Last {
    words: Vec<(Uuid, Written)>,
    taken: Vec<AtomicBool>,
}

/// The log's last word on every record, each to be taken once.
pub(super) struct LastWords(Map<Kind, Last>);

impl LastWords {
    /// On how many.
    pub(super) fn len(&self) -> usize {
        self.0.values().map(|last| last.words.len()).sum()
    }

    /// The last word on a record, if nobody took it before. `place` is where it probably stands, and then where the
    /// one after it does.
    pub(super) fn take(&self, id: Id, place: &mut usize) -> Option<Written> {
        let Last { words, taken } = self.0.get(&id.kind)?;
        if words.get(*place).is_none_or(|(uuid, _)| *uuid != id.uuid) {
            *place = words.binary_search_by_key(&id.uuid, |(uuid, _)| *uuid).ok()?;
        }
        let (_, word) = words.get(*place)?;
        let was_taken = taken.get(*place)?.swap(true, Ordering::Relaxed);
        *place += 1;
        (!was_taken).then_some(*word)
    }
}

#[cfg(test)]
mod tests {
    use tongbao_core::{Id, id::Kind};
    use uuid::Uuid;

    use super::{FRESH_MIN, LogWords};
    use crate::log::Touched;

    fn touched(number: u128, version: u32) -> Touched {
        let id = Id { kind: Kind::Payment, uuid: Uuid::from_u128(number) };
        let mut body = [0; 16];
        body[..4].copy_from_slice(&version.to_be_bytes());
        Touched { id, version, body }
    }

    #[test]
    fn the_highest_version_is_the_last_word_wherever_it_stands() {
        let mut words = LogWords::default();
        let count = u128::try_from(FRESH_MIN).unwrap() * 3;
        for number in 0..count {
            // Every third again and again, some of them out of order.
            words.hear(&touched(number ^ 1, 1));
            words.hear(&touched(number / 3 * 3, u32::try_from(number % 3).unwrap() + 2));
        }
        let last = words.settle();
        assert_eq!(last.len() as u128, count);
        let mut place = 0;
        for number in [5, 4, 0].into_iter().chain((1..4).chain(6..count)) {
            let word = last.take(touched(number, 0).id, &mut place).unwrap();
            let (version, times) = if number % 3 == 0 { (4, 4) } else { (1, 1) };
            assert_eq!((word.version, word.times), (version, times), "{number}");
            assert_eq!(word.body, touched(number, version).body);
        }
        assert!(last.take(touched(count, 0).id, &mut place).is_none());
        assert!(last.take(touched(7, 0).id, &mut place).is_none(), "taken before");
        let other = Id { kind: Kind::Refund, ..touched(0, 0).id };
        assert!(last.take(other, &mut place).is_none());
    }
}
