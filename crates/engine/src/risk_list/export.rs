//! Entries written to a file: those that count, as an import takes them, or all of them with what else is known.

use std::io::Write;

use csv::Writer;
use jiff::Timestamp;
use tongbao_core::{
    List, Record, Time,
    risk::list::{ListEntry, ListedEntity, Source},
};
use tongbao_store::{Query, Store, limits::READ_ROWS_MAX};

use super::{COLUMNS, shown};

/// Columns of a file that no import takes.
const MORE: [&str; 8] =
    ["number", "author", "source", "confidence", "added_at", "ended_at", "ended_by", "ended_because"];

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// Our own entries that are not over at this instant.
    Own(Time),
    /// Whatever is kept.
    Everything,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Export {
    /// Writes the file; tells after every part how many entries stand in it. Gives their count.
    pub fn write(
        self,
        store: &dyn Store,
        out: impl Write,
        tell: &mut dyn FnMut(u64),
    ) -> Result<u64, Failure> {
        let mut out = Writer::from_writer(out);
        let columns = COLUMNS.iter().chain(MORE.iter().filter(|_| self == Export::Everything));
        out.write_record(columns)?;
        let (mut after, mut count) = (None, 0_u64);
        loop {
            let part =
                Query::List { list: List::ListedEntities, after, newest_first: false, limit: READ_ROWS_MAX };
            let records = store.records(part)?;
            let Some(last) = records.last() else { break };
            after = Some(last.id().uuid);
            for record in &records {
                let Record::ListedEntity(listed) = record else { continue };
                for entry in listed.entries.iter().filter(|entry| self.takes(entry)) {
                    out.write_record(self.row(listed, entry))?;
                    count += 1;
                }
            }
            tell(count);
        }
        out.flush()?;
        Ok(count)
    }

    fn takes(self, entry: &ListEntry) -> bool {
        match self {
            Export::Own(at) => entry.source == Source::Own && !entry.is_over(at),
            Export::Everything => true,
        }
    }

    fn row(self, listed: &ListedEntity, entry: &ListEntry) -> Vec<String> {
        let mut row = vec![
            listed.entity.kind().name().to_owned(),
            shown(&listed.entity),
            entry.list.name().to_owned(),
            entry.category.name().to_owned(),
            entry.reason.clone(),
            rfc3339(entry.from),
            entry.until.map(rfc3339).unwrap_or_default(),
            entry.evidence.clone().unwrap_or_default(),
        ];
        if self == Export::Everything {
            let ended = entry.ended.as_ref();
            row.extend([
                entry.number.to_string(),
                entry.author.clone(),
                source(&entry.source).to_owned(),
                entry.confidence.map(|sure| sure.to_string()).unwrap_or_default(),
                rfc3339(entry.added_at),
                ended.map(|ended| rfc3339(ended.at)).unwrap_or_default(),
                ended.map(|ended| ended.author.clone()).unwrap_or_default(),
                ended.map(|ended| ended.reason.clone()).unwrap_or_default(),
            ]);
        }
        row
    }
}

fn source(source: &Source) -> &str {
    match source {
        Source::Own => "",
        Source::Institution(name) => name,
    }
}

fn rfc3339(at: Time) -> String {
    Timestamp::from_millisecond(at.ms()).map_or_else(|_| at.ms().to_string(), |at| at.to_string())
}
