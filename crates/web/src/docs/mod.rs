//! The API reference, rendered from the OpenAPI 3.1 document that the API generates from its code.
//!
//! One page without any outside resource: navigation by tag, every operation with its parameters, bodies, responses,
//! error codes and a command to paste, then every error code at the place that the `type` of a problem links to
//! (`#error-<code>`); a filter when scripts run. Absent on purpose: sending requests from the page.

mod operation;
mod prose;
mod schema;
#[cfg(test)]
mod tests;

use askama::Template;
use serde_json::Value;

use self::operation::{ErrorCode, Group, all_error_codes, groups};
use self::prose::{Block, blocks};
use self::schema::Schemas;
use crate::asset::FILTER_JS;
use crate::frame::Frame;
use crate::i18n::common;
use crate::i18n::docs::Text as T;
use crate::paths;

#[derive(Template)]
#[template(path = "docs/page.html")]
struct DocsPage<'a> {
    f: &'a Frame,
    here: &'a str,
    /// The other document, and what it is called.
    other: (&'a str, T),
    title: &'a str,
    version: &'a str,
    description: Vec<Block>,
    groups: Vec<Group>,
    errors: Vec<ErrorCode>,
    sandbox: bool,
}

/// Renders an OpenAPI 3.1 document. What the document lacks is left out; nothing in it makes this fail. `sandbox` says
/// whether this instance has the sandbox's pages to link to.
pub fn render_docs(openapi: &Value, sandbox: bool, frame: &Frame) -> String {
    render(openapi, (paths::DOCS, (paths::PAYER_DOCS, T::ForPayers)), sandbox, frame)
}

/// The same for the document of the payers' API.
pub(crate) fn render_payer_docs(openapi: &Value, sandbox: bool, frame: &Frame) -> String {
    render(openapi, (paths::PAYER_DOCS, (paths::DOCS, T::ForMerchants)), sandbox, frame)
}

fn render(openapi: &Value, (here, other): (&str, (&str, T)), sandbox: bool, frame: &Frame) -> String {
    let about = &openapi["info"];
    let groups = groups(Schemas { document: openapi, lang: frame.lang });
    crate::rendered(&DocsPage {
        f: frame,
        here,
        other,
        title: about["title"].as_str().unwrap_or_default(),
        version: about["version"].as_str().unwrap_or_default(),
        description: blocks(about["description"].as_str().unwrap_or_default()),
        errors: all_error_codes(openapi, &groups),
        groups,
        sandbox,
    })
}
