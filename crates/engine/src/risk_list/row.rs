//! One line of a file of lists: columns by name, and what can be wrong with them.

use std::fmt;

use csv::StringRecord;
use jiff::{Timestamp, civil::Date, tz};
use tongbao_core::{
    Refusal, Time,
    risk::list::{Category, EntityKind, NewEntry, RiskList, Source},
};

use super::share_token;
use crate::{Engine, list_sharing::SharingKeys};

/// The columns of a file, in the order in which they are written; a file that is read may have them in any order, and
/// the last three may be absent.
pub const COLUMNS: [&str; 8] = ["kind", "value", "list", "category", "reason", "from", "until", "evidence"];
const REQUIRED: usize = 5;
/// China is eight hours ahead of UTC all year.
const CHINA_AHEAD_H: i8 = 8;

/// Why a line was rejected. The name is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// Longer than any entry can be.
    TooLong,
    /// Not UTF-8.
    NotUtf8,
    /// A quotation mark without another on the same line.
    UnclosedQuote,
    /// More or fewer columns than the first line.
    Columns,
    /// No such kind of entity.
    UnknownKind,
    /// Not a value of its kind.
    BadValue,
    /// No such list.
    UnknownList,
    /// No such category, or one that does not go with the list.
    BadCategory,
    /// Not the code of a reason.
    BadReason,
    /// Not a time.
    BadTime,
    /// It is over already, or before it begins; or it allows without an end.
    BadUntil,
    /// Too long a reference to evidence.
    BadEvidence,
    /// The entity has as many entries as it may have, and none of them is over.
    EntityFull,
    /// Refused for another reason.
    Refused,
}

impl Flaw {
    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Flaw::TooLong => "too_long",
            Flaw::NotUtf8 => "not_utf8",
            Flaw::UnclosedQuote => "unclosed_quote",
            Flaw::Columns => "columns",
            Flaw::UnknownKind => "unknown_kind",
            Flaw::BadValue => "bad_value",
            Flaw::UnknownList => "unknown_list",
            Flaw::BadCategory => "bad_category",
            Flaw::BadReason => "bad_reason",
            Flaw::BadTime => "bad_time",
            Flaw::BadUntil => "bad_until",
            Flaw::BadEvidence => "bad_evidence",
            Flaw::EntityFull => "entity_full",
            Flaw::Refused => "refused",
        }
    }

    /// The flaw that the core refused for.
    pub(super) fn of(refusal: &Refusal) -> Flaw {
        match refusal.param() {
            Some("category") => Flaw::BadCategory,
            Some("reason") => Flaw::BadReason,
            Some("until") => Flaw::BadUntil,
            Some("evidence") => Flaw::BadEvidence,
            Some("entity") => Flaw::EntityFull,
            _ => Flaw::Refused,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A time as people write it: RFC 3339, or a date, which is its first instant in China.
pub fn time_of(typed: &str) -> Option<Time> {
    if let Ok(at) = typed.parse::<Timestamp>() {
        return Some(Time::from_ms(at.as_millisecond()));
    }
    let date: Date = typed.parse().ok()?;
    let day = date.to_zoned(tz::offset(CHINA_AHEAD_H).to_time_zone()).ok()?;
    Some(Time::from_ms(day.timestamp().as_millisecond()))
}

/// Where each column stands in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    places: [Option<usize>; COLUMNS.len()],
    width: usize,
}

impl Header {
    /// Reads the first line; the text says what it must be.
    pub(super) fn of(first: &StringRecord) -> Result<Header, String> {
        let mut places = [None; COLUMNS.len()];
        for (at, name) in first.iter().enumerate() {
            let column = COLUMNS.iter().position(|known| *known == name.trim());
            let Some(place) = column.and_then(|column| places.get_mut(column)) else {
                return Err(format!(
                    "the first line names the column {name:?}; it may name {}",
                    COLUMNS.join(", ")
                ));
            };
            if place.replace(at).is_some() {
                return Err(format!("the first line names the column {name:?} twice"));
            }
        }
        match COLUMNS.iter().zip(places).take(REQUIRED).find(|(_, place)| place.is_none()) {
            Some((name, _)) => Err(format!("the first line does not name the column {name}")),
            None => Ok(Header { places, width: first.len() }),
        }
    }

    fn field<'a>(&self, record: &'a StringRecord, column: usize) -> &'a str {
        let place = self.places.get(column).copied().flatten();
        place.and_then(|place| record.get(place)).unwrap_or_default().trim()
    }

    /// The entry that a line asks for.
    pub(super) fn entry(
        &self,
        engine: &Engine,
        author: &str,
        keys: Option<&SharingKeys>,
        record: &StringRecord,
    ) -> Result<NewEntry, Flaw> {
        if record.len() != self.width {
            return Err(Flaw::Columns);
        }
        let [kind, value, list, category, reason, from, until, evidence] =
            std::array::from_fn(|column| self.field(record, column));
        let kind = EntityKind::named(kind).ok_or(Flaw::UnknownKind)?;
        let time = |typed: &str| match typed {
            "" => Ok(None),
            typed => time_of(typed).map(Some).ok_or(Flaw::BadTime),
        };
        Ok(NewEntry {
            entity: engine.entity(kind, value).ok_or(Flaw::BadValue)?,
            list: RiskList::named(list).ok_or(Flaw::UnknownList)?,
            category: Category::named(category).ok_or(Flaw::BadCategory)?,
            reason: reason.to_owned(),
            author: author.to_owned(),
            from: time(from)?,
            until: time(until)?,
            evidence: Some(evidence.to_owned()).filter(|evidence| !evidence.is_empty()),
            source: Source::Own,
            confidence: None,
            share: keys.and_then(|keys| share_token(keys, kind, value)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Time, time_of};

    #[test]
    fn times_are_read_as_people_write_them() {
        for (typed, ms) in [
            ("2026-01-01T00:00:00Z", Some(1_767_225_600_000)),
            ("2026-01-01T08:00:00+08:00", Some(1_767_225_600_000)),
            ("2026-01-01", Some(1_767_196_800_000)),
            ("2026-13-01", None),
            ("tomorrow", None),
            ("", None),
        ] {
            assert_eq!(time_of(typed), ms.map(Time::from_ms), "{typed}");
        }
    }
}
