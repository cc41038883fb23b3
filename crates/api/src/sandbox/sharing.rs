//! `POST /sandbox/profit-sharing-url`: where a merchant of WeChat Pay's interface is told of its shares. There a
//! merchant sets that on a page of its own.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use tongbao_core::{Actor, Facts, limits::URL_CHARS_MAX, wechat::merchant};
use tongbao_engine::{Input, webhook::check_url};

use crate::{
    json::StrictJson,
    problem::{INVALID_VALUE, Problem},
    refusal::failed,
    state::Api,
};

/// Whose address it is; null is none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetUrl {
    mchid: String,
    notify_url: Option<String>,
}

pub(super) async fn set(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<SetUrl>,
) -> Result<StatusCode, Problem> {
    let fits =
        |url: &String| url.len() <= URL_CHARS_MAX && check_url(url, api.engine.mode.webhook_policy()).is_ok();
    if !value.notify_url.as_ref().is_none_or(fits) {
        let detail = "`notify_url` must be an http or https URL of at most 2048 characters.";
        return Err(Problem::of(INVALID_VALUE).param("notify_url").detail(detail));
    }
    let SetUrl { mchid, notify_url } = value;
    let input = Input { actor: Actor::Developer, name: "set_sharing_url" };
    let set = move |facts: &dyn Facts, _: &mut _| {
        merchant::set_sharing_notify_url(facts, &mchid, notify_url.as_deref())
    };
    api.engine.run(input, set).await.map_err(|error| failed(&error))?;
    Ok(StatusCode::NO_CONTENT)
}
