//! The supervisor's own book: every answer it was given, in memory and in a file outside the sandbox's
//! directory, and every promise it saw broken.
//!
//! **Invariant.** What is written here was acknowledged by the sandbox and must be found there for ever.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::json;

use crate::{
    client::{Answer, Ask},
    output::{Failure, say},
    sandbox::append,
    wire::{Payment, Refund},
};

/// Broken promises printed at most; they are all counted.
const SHOWN_MAX: u64 = 50;

/// What was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Something acknowledged is not there, or not as it was acknowledged.
    Lost,
    /// Something asked for once was done twice.
    Doubled,
    /// Anything else that was promised.
    Other,
}

/// A request with a key and the answer it was given.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) ask: Ask,
    pub(crate) answer: Answer,
}

/// How much of each.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Requests that changed something or were refused, and were answered.
    pub(crate) acknowledged: AtomicU64,
    /// Of these, those that were committed although the first answer was lost.
    pub(crate) unacknowledged: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) doubled: AtomicU64,
    pub(crate) other: AtomicU64,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sums {
    pub(crate) acknowledged: u64,
    pub(crate) unacknowledged: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) other: u64,
}

#[derive(Default)]
struct Pages {
    kept: Vec<Kept>,
    payments: BTreeMap<String, Payment>,
    refunds: BTreeMap<String, Refund>,
}

/// See the module.
pub(crate) struct Book {
    pages: Mutex<Pages>,
    file: Mutex<File>,
    counts: Counts,
}

impl Book {
    /// An empty book, kept in this file.
    pub(crate) fn new(file: &Path) -> Result<Book, Failure> {
        Ok(Book { pages: Mutex::default(), file: Mutex::new(append(file)?), counts: Counts::default() })
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, line: &serde_json::Value) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = writeln!(file, "{line}") {
            say(format_args!("the book could not be written: {error}"));
        }
    }

    /// Writes down an answer. One to a request with a key must be given again, to the byte, for ever.
    pub(crate) fn keep(&self, ask: &Ask, answer: &Answer) {
        self.counts.acknowledged.fetch_add(1, Ordering::Relaxed);
        let (status, body) = (answer.status, &answer.body);
        self.write(
            &json!({"path": ask.path, "key": ask.key, "asked": ask.body, "status": status, "body": body}),
        );
        // A replay of what was never answered is the other half of a lost answer.
        if answer.replayed && answer.tries > 1 {
            self.note_unacknowledged();
        } else if answer.replayed {
            self.broken(Broken::Other, format_args!("{ask:?} was new and answered as a replay: {body}"));
        }
        if ask.key.is_some() {
            self.pages().kept.push(Kept { ask: ask.clone(), answer: answer.clone() });
        }
    }

    /// One more was committed although its answer was lost.
    pub(crate) fn note_unacknowledged(&self) {
        self.counts.unacknowledged.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes down a payment as it was shown; what was seen of it before must allow that.
    pub(crate) fn see_payment(&self, payment: &Payment) {
        let earlier = self.pages().payments.insert(payment.id.clone(), payment.clone());
        if let Some(why) = earlier.and_then(|earlier| earlier.contradicts(payment)) {
            self.broken(Broken::Lost, format_args!("{}: {why}", payment.id));
        }
    }

    /// Writes down a refund as it was shown.
    pub(crate) fn see_refund(&self, refund: &Refund) {
        let earlier = self.pages().refunds.insert(refund.id.clone(), refund.clone());
        if let Some(why) = earlier.and_then(|earlier| earlier.contradicts(refund)) {
            self.broken(Broken::Lost, format_args!("{}: {why}", refund.id));
        }
    }

    /// All payments as they were seen last.
    pub(crate) fn payments(&self) -> BTreeMap<String, Payment> {
        self.pages().payments.clone()
    }

    /// All refunds as they were seen last.
    pub(crate) fn refunds(&self) -> BTreeMap<String, Refund> {
        self.pages().refunds.clone()
    }

    /// All requests with keys, with their answers.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        self.pages().kept.clone()
    }

    /// The requests with keys that were answered last, at most so many.
    pub(crate) fn latest(&self, count: usize) -> Vec<Kept> {
        let pages = self.pages();
        pages.kept.iter().rev().take(count).cloned().collect()
    }

    /// A promise was broken.
    pub(crate) fn broken(&self, kind: Broken, what: impl std::fmt::Display) {
        let (counter, name) = match kind {
            Broken::Lost => (&self.counts.lost, "LOST"),
            Broken::Doubled => (&self.counts.doubled, "DOUBLED"),
            Broken::Other => (&self.counts.other, "BROKEN"),
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let sums = self.sums();
        if sums.lost + sums.doubled + sums.other <= SHOWN_MAX {
            say(format_args!("{name}: {what}"));
        }
        self.write(&json!({"broken": name, "what": what.to_string()}));
    }

    /// Writes a failed look at the sandbox down as a broken promise, and goes on.
    pub(crate) fn judge<T>(&self, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|error| self.broken(Broken::Other, error)).ok()
    }

    /// The counts now.
    pub(crate) fn sums(&self) -> Sums {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Sums {
            acknowledged: read(&self.counts.acknowledged),
            unacknowledged: read(&self.counts.unacknowledged),
            lost: read(&self.counts.lost),
            doubled: read(&self.counts.doubled),
            other: read(&self.counts.other),
        }
    }

    /// Whether no promise was broken.
    pub(crate) fn is_clean(&self) -> bool {
        let sums = self.sums();
        sums.lost + sums.doubled + sums.other == 0
    }
}
