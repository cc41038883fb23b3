//! What all wire forms share: times, ids, lists.

use serde::Serialize;
use tongbao_core::{Time, id::TypedId};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    cursor,
    problem::{INVALID_CURSOR, INVALID_VALUE, Problem},
};

/// Rows of a list unless the request says otherwise, and at most.
pub const LIST_LIMIT_DEFAULT: u32 = 20;
/// Rows of a list at most.
pub const LIST_LIMIT_MAX: u32 = 100;

/// Records looked at for one page of a filtered list. A page may be short; its cursor goes on from there.
pub const LIST_SCANNED_MAX: u32 = 2_000;

/// An instant as RFC 3339 in UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
pub fn rfc3339(at: Time) -> String {
    let stamp = jiff::Timestamp::from_millisecond(at.ms()).unwrap_or(jiff::Timestamp::MAX);
    format!("{stamp:.3}")
}

/// Reads an RFC 3339 instant of a query parameter.
pub fn parse_time(param: &'static str, text: &str) -> Result<Time, Problem> {
    let stamp: Result<jiff::Timestamp, _> = text.parse();
    stamp.map(|stamp| Time::from_ms(stamp.as_millisecond())).map_err(|_| {
        Problem::of(INVALID_VALUE)
            .param(param)
            .detail("Write the time as RFC 3339, as in 2026-01-02T03:04:05Z.")
    })
}

/// Reads an id from a path. One of another kind or shape names nothing here: 404.
pub fn parse_id<T: std::str::FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Reads an id from a body or query parameter.
pub fn parse_param_id<T: TypedId + std::str::FromStr>(param: &'static str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| {
        let detail = format!("`{param}` must be an id that begins with `{}_`.", T::KIND.prefix());
        Problem::of(INVALID_VALUE).param(param).detail(detail)
    })
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListPage<T> {
    /// The rows.
    pub data: Vec<T>,
    /// Give it as `cursor` to get the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// The number of rows asked for, within its limits.
pub fn list_limit(limit: Option<u32>) -> Result<u32, Problem> {
    match limit.unwrap_or(LIST_LIMIT_DEFAULT) {
        limit @ 1..=LIST_LIMIT_MAX => Ok(limit),
        _ => Err(Problem::of(INVALID_VALUE).param("limit").detail("`limit` must be from 1 to 100.")),
    }
}

/// Where a list goes on after this record.
pub fn cursor_after(uuid: Uuid) -> String {
    cursor::encode(uuid.as_bytes())
}

/// The record after which a list goes on.
pub fn read_cursor(text: Option<&str>) -> Result<Option<Uuid>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let bytes = cursor::decode(text)?;
    Uuid::from_slice(&bytes).map(Some).map_err(|_| {
        Problem::of(INVALID_CURSOR).param("cursor").detail("Use `next_cursor` of the page before, unchanged.")
    })
}
