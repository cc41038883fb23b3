//! Query strings, as strict as bodies.

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use crate::problem::{
    BAD_REQUEST, DUPLICATE_PARAMETER, INVALID_CHARACTER, INVALID_UTF8, Kind, MISSING_PARAMETER, Problem,
    UNKNOWN_PARAMETER, UNKNOWN_VALUE, WRONG_TYPE,
};

/// Characters of a `param`; longer names are cut, since they come from the client.
const PARAM_MAX: usize = 128;

/// The query string, read strictly into a flat struct with `#[serde(deny_unknown_fields)]`.
#[derive(Clone, Copy, Debug)]
pub struct StrictQuery<T>(pub T);

impl<S, T> FromRequestParts<S> for StrictQuery<T>
where
    S: Send + Sync,
    T: DeserializeOwned,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        parse_query(parts.uri.query().unwrap_or_default()).map(Self)
    }
}

/// Reads a query string (what follows the `?`) strictly.
pub fn parse_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    check_encoding(query)?;
    let pairs = form_urlencoded::parse(query.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs)).map_err(|error| {
        let path = error.path().to_string();
        refuse(&error.into_inner().to_string(), &path)
    })
}

/// The decoder below never fails: it passes broken escapes on and replaces what is not UTF-8. We refuse both.
fn check_encoding(query: &str) -> Result<(), Problem> {
    let mut decoded = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            decoded.push(*byte);
            continue;
        }
        let Some((high, low, after)) = escape(rest) else {
            return Err(Problem::of(BAD_REQUEST)
                .detail("In the query, a percent sign must be followed by two hexadecimal digits."));
        };
        decoded.push(high << 4 | low);
        rest = after;
    }
    let text = std::str::from_utf8(&decoded)
        .map_err(|_| Problem::of(INVALID_UTF8).detail("The query is not valid UTF-8."))?;
    if text.contains('\0') {
        return Err(Problem::of(INVALID_CHARACTER).detail("Remove the character U+0000 from the query."));
    }
    Ok(())
}

/// The two digits of an escape, and what follows them.
fn escape(bytes: &[u8]) -> Option<(u8, u8, &[u8])> {
    let [high, low, after @ ..] = bytes else { return None };
    Some((digit(*high)?, digit(*low)?, after))
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// From serde's text to a problem, with the same care as for bodies: our names are passed on, values are not.
fn refuse(said: &str, path: &str) -> Problem {
    let name = |start: &str| Some(said.strip_prefix(start)?.split('`').next()?.to_owned());
    if let Some(name) = name("missing field `") {
        return problem(MISSING_PARAMETER, &name).detail("Add this query parameter.");
    }
    if let Some(name) = name("duplicate field `") {
        return problem(DUPLICATE_PARAMETER, &name).detail("Send each query parameter once.");
    }
    let list = said.rsplit_once("`, expected ").map_or("", |(_, list)| list);
    let list = list.strip_prefix("one of ").unwrap_or(list);
    if let Some(name) = name("unknown field `") {
        let name = if path == "." { &name } else { path };
        let problem = problem(UNKNOWN_PARAMETER, name);
        return if list.is_empty() {
            problem.detail("Remove it.")
        } else {
            problem.detail(format!("Known here: {list}."))
        };
    }
    if said.starts_with("unknown variant `") {
        return problem(UNKNOWN_VALUE, path).detail(format!("Allowed here: {list}."));
    }
    problem(WRONG_TYPE, path).detail("The value cannot be read as the type that this parameter has.")
}

fn problem(kind: Kind, param: &str) -> Problem {
    match param {
        "" | "." => Problem::of(kind),
        param => Problem::of(kind).param(param.chars().take(PARAM_MAX).collect::<String>()),
    }
}
