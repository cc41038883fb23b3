//! Files of entries taken in: many lines in a step, several steps under way.
//!
//! **Invariants.** A line is a record, so an unclosed quotation mark spoils one line and not the rest of the file. The
//! same file a second time changes nothing; so an import that was cut short is taken up by running it again.

use std::{
    fmt,
    io::{self, BufRead, Read},
    sync::Arc,
};

use csv::{ReaderBuilder, StringRecord};
use tokio::task::JoinSet;
use tongbao_core::{
    Facts, Refusal,
    risk::list::{Added, NewEntry, add_all},
};

use super::{Flaw, input, row::Header};
use crate::{Engine, Error, list_sharing::SharingKeys};

/// Lines of one step. A step's change is one line of the change log, with some bytes for each record: 500 make one of
/// some twenty kilobytes, and a commit that nobody waits for long.
pub const IMPORT_LINES_PER_STEP: usize = 500;
/// Steps under way: while one is committed the next is decided and the one after it is read.
const STEPS_UNDER_WAY: usize = 4;
/// Bytes of a line: all columns at their longest, quoted, in characters of four bytes, fit in a fifth of it.
const LINE_BYTES_MAX: usize = 4_096;
/// What some programs put at the beginning of a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A line that was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rejected {
    /// Its number; the first line of the file is 1.
    pub line: u64,
    /// Why.
    pub flaw: Flaw,
}

/// What became of a file, or of what was read of it so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Lines read, the first among them.
    pub lines: u64,
    /// Entries added.
    pub added: u64,
    /// Lines that say what stood already.
    pub known: u64,
    /// Lines without anything on them.
    pub blank: u64,
    /// Lines that were not taken, in their order.
    pub rejected: Vec<Rejected>,
}

/// Why an import ended early. What was added before stays added.
#[derive(Debug)]
pub enum ImportFailure {
    /// The file cannot be read.
    Unreadable(io::Error),
    /// The first line does not name the columns; the text says what is wrong with it.
    Header(String),
    /// A step failed.
    Step(Error),
}

impl fmt::Display for ImportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ImportFailure::Unreadable(error) => write!(f, "the file cannot be read: {error}"),
            ImportFailure::Header(wrong) => f.write_str(wrong),
            ImportFailure::Step(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ImportFailure {}

/// What a step answered: for each line its number and what became of it.
type Told = Result<Vec<(u64, Result<Added, Refusal>)>, Error>;

impl Engine {
    /// Adds the entries of a file, written by this author, and tells what became of it so far after every step. With
    /// `share` members of the sharing learn of those that mean something to them.
    pub async fn import_lists(
        self: &Arc<Engine>,
        file: impl BufRead,
        author: &str,
        share: bool,
        tell: &mut (dyn FnMut(&Imported) + Send),
    ) -> Result<Imported, ImportFailure> {
        let mut import = Import::begin(self, file, author, share)?;
        while let Some(lines) = import.next_lines()? {
            if import.under_way.len() >= STEPS_UNDER_WAY {
                import.hear().await?;
                tell(&import.so_far);
            }
            import.send(lines);
        }
        while !import.under_way.is_empty() {
            import.hear().await?;
            tell(&import.so_far);
        }
        let mut imported = import.so_far;
        imported.rejected.sort_unstable();
        Ok(imported)
    }
}

struct Import<'a, R> {
    engine: &'a Arc<Engine>,
    author: &'a str,
    keys: Option<SharingKeys>,
    file: R,
    header: Header,
    so_far: Imported,
    under_way: JoinSet<Told>,
}

impl<'a, R: BufRead> Import<'a, R> {
    fn begin(
        engine: &'a Arc<Engine>,
        mut file: R,
        author: &'a str,
        share: bool,
    ) -> Result<Import<'a, R>, ImportFailure> {
        let mut line = Vec::new();
        let first = if read_line(&mut file, &mut line).map_err(ImportFailure::Unreadable)? {
            record_of(line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line))
        } else {
            Ok(StringRecord::new())
        };
        let first = first.map_err(|flaw| ImportFailure::Header(format!("the first line is {flaw}")))?;
        let header = Header::of(&first).map_err(ImportFailure::Header)?;
        let so_far = Imported { lines: 1, ..Imported::default() };
        let keys = share.then(|| engine.sharing_keys());
        Ok(Import { engine, author, keys, file, header, so_far, under_way: JoinSet::new() })
    }

    /// The entries of the next step; none at the end of the file.
    fn next_lines(&mut self) -> Result<Option<Vec<(u64, NewEntry)>>, ImportFailure> {
        let mut entries = Vec::with_capacity(IMPORT_LINES_PER_STEP);
        let mut bytes = Vec::new();
        while entries.len() < IMPORT_LINES_PER_STEP {
            if !read_line(&mut self.file, &mut bytes).map_err(ImportFailure::Unreadable)? {
                break;
            }
            self.so_far.lines += 1;
            let line = self.so_far.lines;
            if bytes.trim_ascii().is_empty() {
                self.so_far.blank += 1;
                continue;
            }
            let entry = record_of(&bytes);
            match entry
                .and_then(|record| self.header.entry(self.engine, self.author, self.keys.as_ref(), &record))
            {
                Ok(entry) => entries.push((line, entry)),
                Err(flaw) => self.so_far.rejected.push(Rejected { line, flaw }),
            }
        }
        Ok(Some(entries).filter(|entries| !entries.is_empty()))
    }

    fn send(&mut self, lines: Vec<(u64, NewEntry)>) {
        let engine = Arc::clone(self.engine);
        let (numbers, entries): (Vec<u64>, Vec<NewEntry>) = lines.into_iter().unzip();
        self.under_way.spawn(async move {
            let add = move |facts: &dyn Facts, cx: &mut _| add_all(facts, cx, &entries);
            let told = engine.step(input("import_list_entries"), add).await?;
            Ok(numbers.into_iter().zip(told).collect())
        });
    }

    /// Waits for a step and counts what it answered.
    async fn hear(&mut self) -> Result<(), ImportFailure> {
        let told = match self.under_way.join_next().await {
            Some(Ok(told)) => told.map_err(ImportFailure::Step)?,
            Some(Err(error)) => return Err(ImportFailure::Unreadable(io::Error::other(error))),
            None => return Ok(()),
        };
        for (line, told) in told {
            match told {
                Ok(Added::New(_)) => self.so_far.added += 1,
                Ok(Added::Known(_)) => self.so_far.known += 1,
                Err(refusal) => self.so_far.rejected.push(Rejected { line, flaw: Flaw::of(&refusal) }),
            }
        }
        Ok(())
    }
}

/// Reads the next line, without its end; whether there was one. Of a line that is too long only the beginning is kept,
/// which is too long, too.
fn read_line(file: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let most = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(2);
    if file.by_ref().take(most).read_until(b'\n', line)? == 0 {
        return Ok(false);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
    } else if line.len() > LINE_BYTES_MAX {
        file.skip_until(b'\n')?;
    }
    Ok(true)
}

/// The columns of a line.
fn record_of(line: &[u8]) -> Result<StringRecord, Flaw> {
    if line.len() > LINE_BYTES_MAX {
        return Err(Flaw::TooLong);
    }
    let text = std::str::from_utf8(line).map_err(|_| Flaw::NotUtf8)?;
    if !text.matches('"').count().is_multiple_of(2) {
        return Err(Flaw::UnclosedQuote);
    }
    let mut builder = ReaderBuilder::new();
    let mut reader =
        builder.has_headers(false).flexible(true).buffer_capacity(LINE_BYTES_MAX).from_reader(line);
    let mut record = StringRecord::new();
    // A line that is UTF-8 and flexible in its columns can always be read.
    reader.read_record(&mut record).map_err(|_| Flaw::Columns)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{Flaw, LINE_BYTES_MAX, read_line, record_of};

    #[test]
    fn lines_end_as_the_world_ends_them_and_long_ones_do_not_run_over() {
        let long = "x".repeat(3 * LINE_BYTES_MAX);
        let exact = "y".repeat(LINE_BYTES_MAX);
        let text = format!("a\nb\r\n\n{long}\n{exact}\r\nlast");
        let mut file = BufReader::with_capacity(7, text.as_bytes());
        let mut lines = Vec::new();
        let mut line = Vec::new();
        while read_line(&mut file, &mut line).expect("a text in memory can be read") {
            lines.push(record_of(&line).map(|record| record.get(0).unwrap_or_default().len()));
        }
        assert_eq!(lines, [Ok(1), Ok(1), Ok(0), Err(Flaw::TooLong), Ok(LINE_BYTES_MAX), Ok(4)]);
    }

    #[test]
    fn a_quotation_mark_spoils_its_own_line_only() {
        assert_eq!(record_of(b"\"a\",b").map(|record| record.len()), Ok(2));
        assert_eq!(record_of(b"\"a,b\",\"say \"\"x\"\"\"").map(|record| record.len()), Ok(2));
        assert_eq!(record_of(b"\"a,b"), Err(Flaw::UnclosedQuote));
        assert_eq!(record_of(b"\xff,b"), Err(Flaw::NotUtf8));
    }
}
