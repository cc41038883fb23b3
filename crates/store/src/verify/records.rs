//! Records: whether each is as its last change left it, and what keys and lists they name.

use std::{num::NonZero, thread};

use foldhash::quality::RandomState;
use tongbao_core::Record;

use super::{
    Report, ahead,
    indexes::Sums,
    lanes::Lanes,
    walk::{LastWord, Written},
};
use crate::{
    log::Touched,
    port::{Fault, RecordLine, Store},
};

/// What a stored form turned out to be.
struct Looked {
    stored: Touched,
    /// Whether it can be read, and then whether it has the version it is stored under.
    readable: bool,
    consistent: bool,
}

/// Checks every record against the log's last word on it; gives what they name.
pub(super) fn check(
    store: &dyn Store,
    lanes: &Lanes,
    report: &mut Report,
    mut last_word: LastWord,
    seed: &RandomState,
    progress: &mut dyn FnMut(u64),
) -> Result<Sums, Fault> {
    thread::scope(|scope| {
        let mut named = Sums::default();
        for lines in ahead::records(scope, store) {
            let (all, sums) = look_at(&lines?, seed);
            named = named + sums;
            for Looked { stored, readable, consistent } in all {
                report.records += 1;
                let id = stored.id;
                report.expect(readable, || format!("{id} cannot be read"));
                let Some(Written { version, body, times }) = last_word.remove(&id) else {
                    // Written after the log was read, if it is new; if not, a record that no change wrote, or
                    // one that is there twice.
                    let new = consistent && lanes.have_grown(store)?;
                    report.expect(new, || format!("no change wrote {id}"));
                    continue;
                };
                report.expect(times == version, || {
                    format!("changes write {times} versions of {id}, the last of which is version {version}")
                });
                let agrees = stored.version == version && stored.body == body;
                let holds = agrees || stored.version > version && lanes.have_grown(store)?;
                report.expect(holds, || format!("{id} is not as its last change left it"));
            }
            progress(report.changes + report.postings + report.records);
        }
        report.expect(last_word.is_empty(), || "records that changes wrote are gone".to_owned());
        Ok(named)
    })
}

/// Reads and hashes records, on as many threads as there are cores.
fn look_at(lines: &[RecordLine], seed: &RandomState) -> (Vec<Looked>, Sums) {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = lines.len().div_ceil(cores).max(1);
    let parts: Vec<(Vec<Looked>, Sums)> = thread::scope(|scope| {
        let workers: Vec<_> =
            lines.chunks(share).map(|part| scope.spawn(|| look_at_part(part, seed))).collect();
        let joined = workers.into_iter().map(|worker| worker.join().expect("looking does not panic"));
        joined.collect()
    });
    let mut all = (Vec::with_capacity(lines.len()), Sums::default());
    for (looked, sums) in parts {
        all.0.extend(looked);
        all.1 = all.1 + sums;
    }
    all
}

fn look_at_part(lines: &[RecordLine], seed: &RandomState) -> (Vec<Looked>, Sums) {
    let mut named = Sums::default();
    let look = |line: &RecordLine| {
        let record = Record::decode(line.id.kind, &line.body);
        if let Ok(record) = &record {
            named.count(seed, line.id, record);
        }
        Looked {
            stored: Touched::of(line.id, line.version, &line.body),
            readable: record.is_ok(),
            consistent: record.is_ok_and(|record| record.version() == line.version),
        }
    };
    let looked = lines.iter().map(look).collect();
    (looked, named)
}
