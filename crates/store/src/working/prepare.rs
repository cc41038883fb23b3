//! Checking a change set, and working out everything it writes.

use tongbao_core::{
    Cause, Id, KeyDigest, Record,
    ledger::{AccountKey, Posting},
};

use super::{Known, Ready, Working, broken};
use crate::{
    cache::Map,
    limits::ENTRIES_PER_MARK,
    log::{self, ChangeLine, Touched},
    port::{Fault, PostingLine},
    rows::Rows,
};

/// What postings come to.
struct Posted {
    postings: Vec<PostingLine>,
    /// The accounts after them.
    accounts: Vec<(AccountKey, Known)>,
    /// Marks they leave: an account and the posting.
    marks: Vec<(u64, u64)>,
    /// Accounts that were never used before, in the order of their numbers.
    opened: Vec<(u64, AccountKey)>,
}

impl Working {
    /// Checks a change set and works out everything it writes; nothing is taken over yet.
    pub(super) fn prepare(
        &mut self,
        rows: &mut dyn Rows,
        cause: &Cause,
        changed: Vec<Record>,
        posted: &[Posting],
    ) -> Result<Ready, Fault> {
        let mut records = Vec::with_capacity(changed.len());
        let mut keys = Vec::new();
        for record in changed {
            if records.iter().any(|(known, _): &(Box<Record>, Vec<u8>)| known.id() == record.id()) {
                return Err(broken(format!("{} is written twice in one change", record.id())));
            }
            self.check_record(rows, &record, &mut keys)?;
            let body = record.encode().map_err(|error| broken(format!("{}: {error}", record.id())))?;
            records.push((Box::new(record), body));
        }
        let touched =
            |(record, body): &(Box<Record>, Vec<u8>)| Touched::of(record.id(), record.version(), body);
        let mut line = ChangeLine {
            number: self.head.change + 1,
            // Recorded times never decrease, whatever the clock does.
            at: cause.at.max(self.head.at),
            actor: cause.actor.to_string(),
            input: cause.input.to_owned(),
            touched: records.iter().map(touched).collect(),
            postings: u32::try_from(posted.len()).map_err(|_| broken("too many postings"))?,
            digest: [0; 32],
        };
        let Posted { mut postings, accounts, marks, opened } = self.post(rows, &line, posted)?;
        // Nor do they along the entries of an account, whoever wrote the one before.
        if let Some(moved) = accounts.iter().map(|(_, known)| known.at).max().filter(|at| *at > line.at) {
            line.at = moved;
            for posting in &mut postings {
                posting.at = moved;
            }
        }
        line.digest = log::digest(&self.head.digest, &line, &postings, &opened);
        Ok(Ready { line, postings, accounts, marks, records, keys })
    }

    /// A record must follow its stored version by one, and may only take keys that are free.
    fn check_record(
        &mut self,
        rows: &mut dyn Rows,
        record: &Record,
        keys: &mut Vec<(KeyDigest, Id)>,
    ) -> Result<(), Fault> {
        let id = record.id();
        self.load_record(rows, id)?;
        let before = self.cached(id.kind).get(&id).and_then(Option::as_deref);
        let expected = before.map_or(1, |before| before.version().saturating_add(1));
        if record.version() != expected {
            return Err(broken(format!("{id} is written as version {}, not {expected}", record.version())));
        }
        let held = before.map(Record::keys).unwrap_or_default();
        for key in record.keys().iter().filter(|key| !held.contains(key)) {
            let digest = key.digest();
            if let Some(holder) = self.load_key(rows, &digest)? {
                return Err(broken(format!("{id} takes a key that {holder} holds")));
            }
            if keys.iter().any(|(taken, _)| *taken == digest) {
                return Err(broken(format!("{id} takes a key that is taken in the same change")));
            }
            keys.push((digest, id));
        }
        Ok(())
    }

    /// Works out posting lines and the accounts after them.
    fn post(
        &mut self,
        rows: &mut dyn Rows,
        line: &ChangeLine,
        postings: &[Posting],
    ) -> Result<Posted, Fault> {
        let mut accounts: Vec<(AccountKey, Known)> = Vec::new();
        let mut places: Map<AccountKey, usize> = Map::default();
        let (mut lines, mut marks) = (Vec::with_capacity(postings.len()), Vec::new());
        let (mut fresh, mut opened) = (self.head.account, Vec::new());
        for (number, posting) in (self.head.posting + 1..).zip(postings) {
            if posting.money.amount.is_zero() || posting.debit == posting.credit {
                return Err(broken(format!("posting for {} moves nothing", posting.subject)));
            }
            let mut place = |working: &mut Working, key: AccountKey| -> Result<usize, Fault> {
                if let Some(place) = places.get(&key) {
                    return Ok(*place);
                }
                let mut known = working.load_account(rows, &key)?;
                if known.number == 0 {
                    fresh += 1;
                    known.number = fresh;
                    opened.push((fresh, key));
                }
                places.insert(key, accounts.len());
                accounts.push((key, known));
                Ok(accounts.len() - 1)
            };
            let (debit, credit) = (place(self, posting.debit_key())?, place(self, posting.credit_key())?);
            let (from, to) = (accounts[debit].1, accounts[credit].1);
            let overflow = || broken(format!("an account of posting {number} overflows"));
            let amount = posting.money.amount;
            accounts[debit].1.state = from.state.debit(number, amount).ok_or_else(overflow)?;
            accounts[credit].1.state = to.state.credit(number, amount).ok_or_else(overflow)?;
            let after = [accounts[debit].1, accounts[credit].1];
            marks.extend(
                after.iter().filter(|a| a.state.entries % ENTRIES_PER_MARK == 0).map(|a| (a.number, number)),
            );
            lines.push(PostingLine {
                number,
                change: line.number,
                at: line.at,
                debit: from.number,
                credit: to.number,
                amount: amount.minor(),
                reason: posting.reason.code(),
                subject: posting.subject,
                debit_before: from.state.head,
                credit_before: to.state.head,
                debit_balance: after[0].state.balance(),
                credit_balance: after[1].state.balance(),
            });
        }
        for (key, known) in &accounts {
            if key.account.floor().is_some_and(|floor| known.state.balance() < floor) {
                return Err(broken(format!("{} would fall below its floor", key.account.purpose().name())));
            }
        }
        Ok(Posted { postings: lines, accounts, marks, opened })
    }
}
