//! Records: whether each is as its last change left it, and what keys and lists they name.

use std::{
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, sync_channel},
    },
    thread,
};

use foldhash::quality::RandomState;
use tongbao_core::Record;

use super::{
    Report, ahead,
    indexes::Sums,
    lanes::Lanes,
    last_word::{LastWords, Written},
};
use crate::{
    log::Touched,
    port::{Fault, RecordLine, Store},
};

/// A record that is not simply as the log says.
struct Suspect {
    stored: Touched,
    /// Whether it can be read, and then whether it has the version it is stored under.
    readable: bool,
    consistent: bool,
    /// The log's last word on it; of one that is there twice, only once.
    word: Option<Written>,
}

/// What records turned out to be.
#[derive(Default)]
struct Looked {
    count: u64,
    suspects: Vec<Suspect>,
    /// How many the log has a word on.
    met: usize,
    /// What they name.
    named: Sums,
}

/// Checks every record against the log's last word on it; gives what they name.
pub(super) fn check(
    store: &dyn Store,
    lanes: &Lanes,
    report: &mut Report,
    last_words: &LastWords,
    seed: &RandomState,
    progress: &mut dyn FnMut(u64),
) -> Result<Sums, Fault> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let pages = Arc::new(Mutex::new(ahead::records(scope, store)));
        let (sender, looked) = sync_channel(cores);
        for _ in 0..cores {
            let (pages, sender) = (Arc::clone(&pages), sender.clone());
            scope.spawn(move || {
                while let Some(lines) = next(&pages) {
                    let looked = lines.map(|lines| look_at(&lines, last_words, seed));
                    // Whoever judges may have left after a failure.
                    if sender.send(looked).is_err() {
                        return;
                    }
                }
            });
        }
        // What is left of both is with those threads.
        drop((pages, sender));
        let (mut named, mut met) = (Sums::default(), 0);
        for looked in looked {
            let looked = looked?;
            (named, met) = (named + looked.named, met + looked.met);
            report.records += looked.count;
            for suspect in looked.suspects {
                judge(&suspect, store, lanes, report)?;
            }
            progress(report.changes + report.postings + report.records);
        }
        report.expect(met == last_words.len(), || "records that changes wrote are gone".to_owned());
        Ok(named)
    })
}

fn next<T>(pages: &Mutex<Receiver<T>>) -> Option<T> {
    pages.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

fn judge(suspect: &Suspect, store: &dyn Store, lanes: &Lanes, report: &mut Report) -> Result<(), Fault> {
    let Suspect { stored, readable, consistent, word } = suspect;
    let id = stored.id;
    report.expect(*readable, || format!("{id} cannot be read"));
    let Some(Written { version, body, times }) = *word else {
        // Written after the log was read, if it is new; if not, a record that no change wrote, or one that is there
        // twice.
        let new = *consistent && lanes.have_grown(store)?;
        report.expect(new, || format!("no change wrote {id}"));
        return Ok(());
    };
    report.expect(times == version, || {
        format!("changes write {times} versions of {id}, the last of which is version {version}")
    });
    let agrees = stored.version == version && stored.body == body;
    let holds = agrees || stored.version > version && lanes.have_grown(store)?;
    report.expect(holds, || format!("{id} is not as its last change left it"));
    Ok(())
}

/// Reads and hashes records.
fn look_at(lines: &[RecordLine], last_words: &LastWords, seed: &RandomState) -> Looked {
    let (mut looked, mut place) = (Looked { count: lines.len() as u64, ..Looked::default() }, 0);
    for line in lines {
        let record = Record::decode(line.id.kind, &line.body);
        if let Ok(record) = &record {
            looked.named.count(seed, line.id, record);
        }
        let stored = Touched::of(line.id, line.version, &line.body);
        let word = last_words.take(line.id, &mut place);
        looked.met += usize::from(word.is_some());
        let as_said = |word: Written| {
            let Written { version, body, times } = word;
            times == version && (stored.version, stored.body) == (version, body)
        };
        if record.is_err() || !word.is_some_and(as_said) {
            let consistent = record.as_ref().is_ok_and(|record| record.version() == line.version);
            looked.suspects.push(Suspect { stored, readable: record.is_ok(), consistent, word });
        }
    }
    looked
}
