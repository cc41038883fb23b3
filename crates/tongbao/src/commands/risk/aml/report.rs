//! The files: a suspicious-transaction report for each case (XML), and the large-value days (CSV).
//!
//! They are drafts in a form of our own: what an authority takes has a schema of its own, and a person decides. Of
//! people they hold the ids of accounts and the masked hints that operators see anyway; files are for their owner
//! only.

use std::{collections::BTreeSet, path::Path};

use askama::Template;
use tongbao_core::{
    id::{MerchantId, PayerId, TypedId},
    payer::{
        Payer,
        identity::{Identity, Level},
    },
};
use tongbao_risk::aml::{
    Alert, Case, Direction, Evidence, Figure, LargeValue, Party, Thresholds, Unit, day_of,
};
use tongbao_store::{Page, Query, Store};
use uuid::Uuid;

use crate::{instance::write_private, output::Failure};

/// An account as reports name it.
pub(super) fn name(party: Party) -> String {
    match party {
        Party::Payer(id) => PayerId::from_uuid(Uuid::from_u128(id.0)).to_string(),
        Party::Merchant(id) => MerchantId::from_uuid(Uuid::from_u128(id.0)).to_string(),
        Party::Outside => "outside".to_owned(),
    }
}

/// An instant in Asia/Shanghai, as RFC 3339 writes it.
pub(super) fn moment(at_ms: i64) -> String {
    let written = || {
        let instant = jiff::Timestamp::from_millisecond(at_ms).ok()?;
        Some(instant.display_with_offset(jiff::tz::offset(8)).to_string())
    };
    written().unwrap_or_else(|| at_ms.to_string())
}

/// A day in Asia/Shanghai.
pub(super) fn day(at_ms: i64) -> String {
    moment(at_ms).chars().take("2025-01-01".len()).collect()
}

/// Minor units as whole units and decimals.
fn decimal(minor: i64, exponent: u8) -> String {
    let unit = 10_i64.pow(u32::from(exponent.min(9)));
    let (whole, rest) = (minor / unit, minor % unit);
    if exponent == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{rest:0width$}", width = usize::from(exponent))
    }
}

struct PartyLine {
    id: String,
    kind: &'static str,
    is_subject: bool,
    phone: String,
    name: String,
    number: String,
    level: &'static str,
}

struct MovementLine {
    posting: u128,
    subject: String,
    at: String,
    kind: &'static str,
    from: String,
    to: String,
    amount: String,
}

struct FigureLine {
    name: &'static str,
    value: i64,
    unit: &'static str,
    text: String,
}

struct AlertLine {
    id: String,
    pattern: &'static str,
    pattern_zh: &'static str,
    meaning: &'static str,
    at: String,
    accounts: Vec<String>,
    figures: Vec<FigureLine>,
    evidence: Vec<MovementLine>,
}

#[derive(Template)]
#[template(path = "suspicious.xml")]
struct Suspicious {
    case: String,
    table_version: u32,
    first_at: String,
    last_at: String,
    parties: Vec<PartyLine>,
    alerts: Vec<AlertLine>,
}

/// Writes the report of a case; gives the file's name.
pub(super) fn write_case(
    store: &dyn Store,
    case: &Case,
    table: &Thresholds,
    directory: &Path,
) -> Result<String, Failure> {
    let mut parties = BTreeSet::new();
    let mut alerts = Vec::new();
    for alert in &case.alerts {
        parties.extend(alert.accounts.iter().copied());
        parties.extend(alert.evidence.iter().flat_map(|seen| [seen.from, seen.to]));
        alerts.push(alert_line(store, alert)?);
    }
    parties.remove(&Party::Outside);
    let parties: Result<Vec<PartyLine>, Failure> =
        parties.into_iter().map(|party| party_line(store, party, case)).collect();
    let report = Suspicious {
        case: case.id.to_string(),
        table_version: table.version,
        first_at: moment(case.alerts.first().map_or(0, |alert| alert.at_ms)),
        last_at: moment(case.last_ms()),
        parties: parties?,
        alerts,
    };
    let file = format!("suspicious-{}.xml", case.id);
    write_private(&directory.join(&file), &report.render()?)?;
    Ok(file)
}

fn alert_line(store: &dyn Store, alert: &Alert) -> Result<AlertLine, Failure> {
    let figure = |figure: &Figure| FigureLine {
        name: figure.name,
        value: figure.value,
        unit: match figure.unit {
            Unit::Count => "count",
            Unit::Fen => "fen",
            Unit::BasisPoints => "basis_points",
            Unit::Milliseconds => "milliseconds",
        },
        text: figure.to_string(),
    };
    let evidence: Result<Vec<MovementLine>, Failure> =
        alert.evidence.iter().map(|seen| movement_line(store, seen)).collect();
    Ok(AlertLine {
        id: alert.id().to_string(),
        pattern: alert.pattern.name(),
        pattern_zh: alert.pattern.name_zh(),
        meaning: alert.pattern.meaning(),
        at: moment(alert.at_ms),
        accounts: alert.accounts.iter().map(|account| name(*account)).collect(),
        figures: alert.figures.iter().map(figure).collect(),
        evidence: evidence?,
    })
}

/// A movement, with what its posting was written for.
fn movement_line(store: &dyn Store, seen: &Evidence) -> Result<MovementLine, Failure> {
    let posting = seen.id.0;
    let before = u64::try_from(posting).unwrap_or_default().saturating_sub(1);
    let subject = match store.read(Query::Postings(before, 1))? {
        Page::Postings(lines) => lines.first().map(|line| line.subject.to_string()),
        _ => None,
    };
    Ok(MovementLine {
        posting,
        subject: subject.unwrap_or_default(),
        at: moment(seen.at_ms),
        kind: seen.kind.name(),
        from: name(seen.from),
        to: name(seen.to),
        amount: decimal(seen.minor, tongbao_risk::aml::CURRENCY.exponent()),
    })
}

fn party_line(store: &dyn Store, party: Party, case: &Case) -> Result<PartyLine, Failure> {
    let kind = if matches!(party, Party::Payer(_)) { "payer" } else { "merchant" };
    let mut line = PartyLine {
        id: name(party),
        kind,
        is_subject: case.accounts.binary_search(&party).is_ok(),
        phone: String::new(),
        name: String::new(),
        number: String::new(),
        level: "",
    };
    let Party::Payer(id) = party else { return Ok(line) };
    let Some(payer) = store.get::<Payer>(PayerId::from_uuid(Uuid::from_u128(id.0)))? else { return Ok(line) };
    line.phone = payer.phone_hint;
    if let Some(Identity::Verified { level, name_hint, number_hint, .. }) = payer.identity {
        (line.name, line.number) = (name_hint, number_hint);
        line.level = match level {
            Level::One => "I",
            Level::Two => "II",
            Level::Three => "III",
        };
    }
    Ok(line)
}

/// The columns of the large-value file.
const LARGE_VALUE_COLUMNS: &str =
    "day,line,figure_checked_in,customer_kind,customer,direction,currency,movements,total,largest";

/// Writes the large-value days. No field needs quotes: ids, dates, numbers and names from the table's closed sets.
pub(super) fn write_large_values(
    values: &[LargeValue],
    table: &Thresholds,
    directory: &Path,
) -> Result<String, Failure> {
    let mut text = format!("{LARGE_VALUE_COLUMNS}\n");
    for value in values {
        let Some(line) = table.large_value.get(value.line) else { continue };
        let exponent = line.currency.exponent();
        let fields = [
            day(value.day_ms),
            line.id.chars().filter(|character| !matches!(character, ',' | '"' | '\n' | '\r')).collect(),
            line.checked.name().to_owned(),
            if matches!(value.customer, Party::Payer(_)) { "payer" } else { "merchant" }.to_owned(),
            name(value.customer),
            Direction::name(value.direction).to_owned(),
            line.currency.to_string(),
            value.movements.to_string(),
            decimal(value.minor, exponent),
            decimal(value.largest_minor, exponent),
        ];
        text.push_str(&fields.join(","));
        text.push('\n');
    }
    write_private(&directory.join("large-value.csv"), &text)?;
    Ok("large-value.csv".to_owned())
}

/// Whether an instant is on one of these days.
pub(super) fn is_within(at_ms: i64, from: Option<i64>, to: Option<i64>) -> bool {
    let day = day_of(at_ms);
    from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to)
}
