//! Lists of what is the payer's own, newest first.

use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tongbao_core::{List, facts::Entity};
use utoipa::IntoParams;

use crate::{
    list::{self, Part},
    problem::Problem,
    state::Api,
    wire::{list_limit, read_cursor},
};

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListOwn {
    /// Rows: 1 to 100, 20 unless given.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// A page of one.
pub(super) fn own<T: Entity, W: Serialize>(
    api: &Api,
    list: List,
    query: &ListOwn,
    keep: impl Fn(&T) -> bool,
    wire: impl Fn(&T) -> W,
) -> Result<Response, Problem> {
    let (limit, after) = (list_limit(query.limit)?, read_cursor(query.cursor.as_deref())?);
    let part = Part { list, after, newest_first: true, limit };
    let page = list::page(api.engine.store.as_ref(), part, keep, wire)?;
    Ok(axum::Json(page).into_response())
}
