//! Writing: one transaction for each batch, together with a slice of what earlier ones put off.

use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, Statement, params};
use tongbao_core::TaskKey;

use super::{
    checkpoint::Checkpoints,
    deferred::{Entries, Progress, Shared},
    fault, records,
    rows::{run, signed},
};
use crate::{
    cache::drop_elsewhere,
    log::{ChangeLine, Touched},
    port::{Fault, PostingLine},
    rows::{AccountWrite, Queued, Writes},
};

/// Entries merged with a commit, at least and for each that the commit adds: faster than they come in,
/// so that the old generation is merged before the young one is full.
const MERGED_MIN: usize = 64;
const MERGED_PER_ENTRY: usize = 2;

/// The statements of every batch, prepared once.
struct Statements<'a> {
    begin: Statement<'a>,
    commit: Statement<'a>,
    insert_account: Statement<'a>,
    insert_posting: Statement<'a>,
    insert_mark: Statement<'a>,
    insert_change: Statement<'a>,
    put_task: Statement<'a>,
    remove_task: Statement<'a>,
    insert_tail: Statement<'a>,
    forget_tail: Statement<'a>,
    merge_key: Statement<'a>,
    merge_listing: Statement<'a>,
    merge_account: Statement<'a>,
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> rusqlite::Result<Statements<'a>> {
        let prepare = |sql| connection.prepare(sql);
        Ok(Statements {
            begin: prepare("BEGIN IMMEDIATE")?,
            commit: prepare("COMMIT")?,
            // Its name is needed at once; its totals are shown together with those on the other side.
            insert_account: prepare(
                "INSERT INTO account (number, name, debits, credits, entries, head, floor)
                 VALUES (?1, ?2, 0, 0, 0, 0, ?3)",
            )?,
            insert_posting: prepare(
                "INSERT INTO posting (number, change, at, debit, credit, amount, reason, subject,
                                      debit_before, credit_before, debit_balance, credit_balance)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?,
            insert_mark: prepare("INSERT INTO mark (account, at, posting) VALUES (?1, ?2, ?3)")?,
            insert_change: prepare(
                "INSERT INTO change (number, at, actor, input, touched, postings, digest)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?,
            put_task: prepare(
                "INSERT OR REPLACE INTO task (due_at, id, work, held) VALUES (?1, ?2, ?3, ?4)",
            )?,
            remove_task: prepare("DELETE FROM task WHERE due_at = ?1 AND id = ?2")?,
            insert_tail: prepare("INSERT INTO tail (number, entries) VALUES (?1, ?2)")?,
            forget_tail: prepare("DELETE FROM tail WHERE number <= ?1")?,
            merge_key: prepare("INSERT OR IGNORE INTO key (digest, record) VALUES (?1, ?2)")?,
            merge_listing: prepare("INSERT OR IGNORE INTO list (list, uuid) VALUES (?1, ?2)")?,
            merge_account: prepare(
                "UPDATE account SET debits = ?2, credits = ?3, entries = ?4, head = ?5 WHERE number = ?1",
            )?,
        })
    }
}

/// The writing connection.
pub(super) struct Tables<'a> {
    connection: &'a Connection,
    records: records::Write<'a>,
    statements: Statements<'a>,
    checkpoints: Checkpoints,
    deferred: Shared,
    progress: Progress,
    /// How many entries a generation has.
    generation_entries: usize,
    /// The last row of the tail, and the last that belongs to the old generation.
    tail: i64,
    tail_old: i64,
}

/// What a batch writes, prepared for these tables.
pub(super) struct Prepared {
    writes: Writes,
    /// What the batch puts off, and its form in the tail.
    entries: Entries,
    encoded: Vec<u8>,
}

impl Prepared {
    pub(super) fn of(mut writes: Writes) -> Prepared {
        writes.records.sort_unstable_by_key(|record| records::place(record.id));
        let listings = std::mem::take(&mut writes.listings).into_iter();
        let entries = Entries {
            keys: std::mem::take(&mut writes.keys),
            lists: listings.map(|(list, uuid)| (list.bytes(), *uuid.as_bytes())).collect(),
            accounts: writes.accounts.iter().map(|account| (account.number, account.state)).collect(),
        };
        let encoded = entries.encode();
        Prepared { writes, entries, encoded }
    }
}

impl<'a> Tables<'a> {
    /// Tables over a connection whose tail is in `deferred`, up to row `tail`.
    pub(super) fn new(
        connection: &'a Connection,
        checkpoints: Checkpoints,
        (deferred, tail): (Shared, i64),
        generation_entries: usize,
    ) -> Result<Tables<'a>, Fault> {
        let records = records::Write::prepare(connection).map_err(|error| fault(&error))?;
        let statements = Statements::prepare(connection).map_err(|error| fault(&error))?;
        let progress = Progress::default();
        Ok(Tables {
            connection,
            records,
            statements,
            checkpoints,
            deferred,
            progress,
            generation_entries,
            tail,
            tail_old: 0,
        })
    }

    /// Makes a batch durable; after a fault nothing of it is.
    pub(super) fn commit(&mut self, batch: Prepared) -> Result<(), Fault> {
        // A batch that writes nothing is a good time to merge.
        if batch.writes.is_empty() && self.old().is_empty() {
            return Ok(());
        }
        let done = self.write(batch);
        // After some errors SQLite has rolled back already.
        if done.is_err() && !self.connection.is_autocommit() {
            self.connection.execute_batch("ROLLBACK").map_err(|error| fault(&error))?;
        }
        done
    }

    /// Folds the log if it is long and nobody does so beside the commits.
    pub(super) fn checkpoint_within(&mut self) -> Result<(), Fault> {
        self.checkpoints.within_commit(self.connection)
    }

    /// Has it folded if it is long, and folds what came meanwhile when that is done; for the time between
    /// commits.
    pub(super) fn checkpoint_beside(&mut self) -> Result<(), Fault> {
        self.checkpoints.after_commit(self.connection)
    }

    fn write(&mut self, Prepared { writes, entries, encoded }: Prepared) -> Result<(), Fault> {
        run(&mut self.statements.begin, [])?;
        writes.records.iter().try_for_each(|record| self.records.write(record))?;
        writes.accounts.iter().try_for_each(|account| self.account(account))?;
        writes.postings.iter().try_for_each(|posting| self.posting(posting))?;
        for (account, at, posting) in &writes.marks {
            let row = params![signed(*account), at.ms(), signed(*posting)];
            run(&mut self.statements.insert_mark, row)?;
        }
        writes.changes.iter().try_for_each(|change| self.change(change))?;
        writes.tasks.iter().try_for_each(|(key, queued)| self.task(key, *queued))?;
        if !entries.is_empty() {
            run(&mut self.statements.insert_tail, params![self.tail + 1, encoded])?;
        }
        let (progress, merged) = self.merge(MERGED_MIN + MERGED_PER_ENTRY * entries.len())?;
        let publishing = self.deferred.read().unwrap_or_else(PoisonError::into_inner).publishing();
        let _publishing = publishing.lock().unwrap_or_else(PoisonError::into_inner);
        run(&mut self.statements.commit, [])?;
        self.tail += i64::from(!entries.is_empty());
        self.progress = progress;
        self.publish(entries, merged);
        Ok(())
    }

    fn account(&mut self, account: &AccountWrite) -> Result<(), Fault> {
        let Some(key) = &account.new else { return Ok(()) };
        let row = params![signed(account.number), key.to_string(), key.account.floor()];
        run(&mut self.statements.insert_account, row)
    }

    fn posting(&mut self, line: &PostingLine) -> Result<(), Fault> {
        run(
            &mut self.statements.insert_posting,
            params![
                signed(line.number),
                signed(line.change),
                line.at.ms(),
                signed(line.debit),
                signed(line.credit),
                line.amount,
                line.reason,
                line.subject.bytes(),
                signed(line.debit_before),
                signed(line.credit_before),
                line.debit_balance,
                line.credit_balance
            ],
        )
    }

    fn change(&mut self, line: &ChangeLine) -> Result<(), Fault> {
        let touched = Touched::encode(&line.touched);
        let (number, at) = (signed(line.number), line.at.ms());
        let row = params![number, at, line.actor, line.input, touched, line.postings, line.digest];
        run(&mut self.statements.insert_change, row)
    }

    fn task(&mut self, key: &TaskKey, queued: Option<Queued>) -> Result<(), Fault> {
        let (due_at, id) = (key.due_at.ms(), key.id.as_bytes());
        let Some(Queued { work, held }) = queued else {
            return run(&mut self.statements.remove_task, params![due_at, id]);
        };
        let work = serde_json::to_string(&work).map_err(|error| Fault::Broken(error.to_string()))?;
        run(&mut self.statements.put_task, params![due_at, id, work, held])
    }

    fn old(&self) -> Arc<Entries> {
        self.deferred.read().unwrap_or_else(PoisonError::into_inner).old()
    }

    /// Merges the next entries of the old generation; tells whether they were the last.
    fn merge(&mut self, size: usize) -> Result<(Progress, bool), Fault> {
        let old = self.old();
        if old.is_empty() {
            return Ok((self.progress, false));
        }
        let (slice, progress, last) = self.progress.next(&old, size);
        for (digest, id) in slice.keys {
            run(&mut self.statements.merge_key, params![digest, id.bytes()])?;
        }
        for (list, uuid) in slice.lists {
            run(&mut self.statements.merge_listing, params![list, uuid])?;
        }
        for (number, state) in slice.accounts {
            let (entries, head) = (signed(state.entries), signed(state.head));
            let row = params![signed(*number), state.debits, state.credits, entries, head];
            run(&mut self.statements.merge_account, row)?;
        }
        if last {
            run(&mut self.statements.forget_tail, [self.tail_old])?;
        }
        Ok((progress, last))
    }

    /// Shows readers what the commit made durable.
    fn publish(&mut self, entries: Entries, merged: bool) {
        let mut deferred = self.deferred.write().unwrap_or_else(PoisonError::into_inner);
        deferred.absorb(entries);
        let gone = merged.then(|| deferred.forget_old());
        if deferred.turn(self.generation_entries) {
            (self.tail_old, self.progress) = (self.tail, Progress::default());
        }
        drop(deferred);
        gone.into_iter().for_each(drop_elsewhere);
    }
}
