//! Payments of the past, with what became of them and their features: from a Parquet file, or made up.
//!
//! A file has the columns `ts` (seconds since the first midnight), `customer`, `terminal`, `amount_cents` and
//! `fraud`, all 32 or 8 bits wide and without gaps, in the order of time: the form in which we keep the simulated
//! data of the Fraud Detection Handbook.

use std::{fs::File, path::Path};

use parquet::{
    column::reader::ColumnReader,
    file::reader::{FileReader, RowGroupReader, SerializedFileReader},
};
use tongbao_money::Amount;
use tongbao_risk::{
    evaluation::Sample,
    features::{EntityId, Payment, Vector, labelled},
    generator::{START_S, World},
};

use crate::output::{self, Failure};

/// After how many days it is known what became of a payment (handbook, chapter 3).
const LABEL_DELAY_DAYS: u32 = 7;

const DAY_S: u32 = 86_400;

/// The columns that are read.
const COLUMNS: [&str; 5] = ["ts", "customer", "terminal", "amount_cents", "fraud"];

/// Payments in the order of their times, and their features.
pub(super) struct History {
    pub(super) rows: Vec<Sample>,
    pub(super) vectors: Vec<Vector>,
}

impl History {
    /// The payments of a file, or those of a made-up world.
    pub(super) fn of(file: Option<&Path>, world: World) -> Result<History, Failure> {
        let payments = if let Some(path) = file {
            read(path).map_err(|error| Failure::from(format!("{}: {error}", path.display())))?
        } else {
            let bar = output::progress("making payments up");
            let made = world.payments();
            bar.finish_and_clear();
            made.into_iter().map(|made| (made.payment, made.is_fraud())).collect()
        };
        if !payments.is_sorted_by_key(|(payment, _)| payment.at_s) {
            return Err("the payments are not in the order of their times".into());
        }
        let row = |(payment, fraud): &(Payment, bool)| Sample {
            day: payment.at_s.saturating_sub(START_S) / DAY_S,
            payer: payment.payer.0,
            minor: payment.amount.minor(),
            fraud: *fraud,
        };
        let rows: Vec<Sample> = payments.iter().map(row).collect();
        let bar = output::progress("payments");
        let vectors = labelled(payments, LABEL_DELAY_DAYS * DAY_S).inspect(|_| bar.inc(1)).collect();
        bar.finish_and_clear();
        Ok(History { rows, vectors })
    }

    /// How many days there are.
    pub(super) fn days(&self) -> u32 {
        self.rows.last().map_or(0, |row| row.day + 1)
    }
}

fn read(path: &Path) -> Result<Vec<(Payment, bool)>, Failure> {
    let reader = SerializedFileReader::new(File::open(path)?)?;
    let mut payments = Vec::new();
    let bar = output::progress("rows read");
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group)?;
        let mut columns = Vec::with_capacity(COLUMNS.len());
        for name in COLUMNS {
            columns.push(column(group.as_ref(), name)?);
        }
        let [times, payers, payees, amounts, frauds] = columns.as_slice() else {
            return Err("a column is missing".into());
        };
        for place in 0..times.len() {
            let at_s = START_S.checked_add(u32::try_from(times[place])?).ok_or("a time is out of range")?;
            let id = |number: i32| u128::try_from(number).map(EntityId);
            let payment = Payment {
                at_s,
                payer: id(payers[place])?,
                payee: id(payees[place])?,
                amount: Amount::new(i64::from(amounts[place])).ok_or("an amount is negative")?,
            };
            payments.push((payment, frauds[place] != 0));
        }
        bar.inc(times.len() as u64);
    }
    bar.finish_and_clear();
    Ok(payments)
}

/// A whole column of 32-bit numbers (narrower ones are kept as such).
fn column(group: &dyn RowGroupReader, name: &str) -> Result<Vec<i32>, Failure> {
    let metadata = group.metadata();
    let place = metadata.columns().iter().position(|column| column.column_path().string() == name);
    let place =
        place.ok_or_else(|| format!("there is no column `{name}`; needed are {}", COLUMNS.join(", ")))?;
    let rows = usize::try_from(metadata.num_rows())?;
    let ColumnReader::Int32ColumnReader(mut reader) = group.get_column_reader(place)? else {
        return Err(format!("column `{name}` is not of whole numbers of 32 bits").into());
    };
    let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::new());
    while values.len() < rows {
        levels.clear();
        let (records, ..) = reader.read_records(rows - values.len(), Some(&mut levels), None, &mut values)?;
        if records == 0 {
            break;
        }
    }
    if values.len() != rows {
        return Err(format!("column `{name}` has gaps").into());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parquet::{
        data_type::Int32Type, file::writer::SerializedFileWriter, schema::parser::parse_message_type,
    };
    use tempfile::NamedTempFile;

    use super::*;

    /// A file with a row group of one payment each; `kind` is how its columns are declared.
    fn file(kind: &str, names: &[&str], payments: &[[i32; 5]]) -> NamedTempFile {
        let columns: Vec<String> = names.iter().map(|name| format!("{kind} {name};")).collect();
        let schema = parse_message_type(&format!("message payments {{ {} }}", columns.concat())).unwrap();
        let file = NamedTempFile::new().unwrap();
        let mut writer =
            SerializedFileWriter::new(file.reopen().unwrap(), Arc::new(schema), Arc::default()).unwrap();
        for payment in payments {
            let mut group = writer.next_row_group().unwrap();
            for value in payment {
                let mut column = group.next_column().unwrap().unwrap();
                let levels: Option<&[i16]> = kind.starts_with("optional").then_some(&[1]);
                column.typed::<Int32Type>().write_batch(&[*value], levels, None).unwrap();
                column.close().unwrap();
            }
            group.close().unwrap();
        }
        writer.close().unwrap();
        file
    }

    fn refusal(file: &NamedTempFile) -> String {
        History::of(Some(file.path()), World::default()).err().unwrap().to_string()
    }

    #[test]
    fn payments_are_read_from_a_file() {
        for kind in ["required int32", "optional int32"] {
            let file = file(kind, &COLUMNS, &[[5, 1, 2, 300, 0], [86_405, 1, 2, 400, 1]]);
            let history = History::of(Some(file.path()), World::default()).unwrap();
            assert_eq!(history.days(), 2);
            assert_eq!(history.rows[1], Sample { day: 1, payer: 1, minor: 400, fraud: true });
            assert_eq!(history.vectors.len(), 2);
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_refused_with_its_reason() {
        let required = "required int32";
        assert!(
            refusal(&file(required, &["ts", "a", "b", "c", "d"], &[[0; 5]])).contains("no column `customer`")
        );
        assert!(refusal(&file(required, &COLUMNS, &[[5, 1, 2, -3, 0]])).contains("an amount is negative"));
        assert!(refusal(&file(required, &COLUMNS, &[[-5, 1, 2, 3, 0]])).contains("out of range"));
        let back = file(required, &COLUMNS, &[[5, 1, 2, 3, 0], [4, 1, 2, 3, 0]]);
        assert!(refusal(&back).contains("order of their times"));
        let text = NamedTempFile::new().unwrap();
        std::fs::write(text.path(), "no Parquet").unwrap();
        assert!(refusal(&text).contains("Parquet"), "{}", refusal(&text));
    }
}
