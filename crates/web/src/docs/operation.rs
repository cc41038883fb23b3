//! The operations of an OpenAPI document, gathered by tag.

use serde_json::Value;

use crate::docs::prose::{Block, Span, blocks, spans};
use crate::docs::schema::{Field, Schemas, type_text};

/// The methods of a path item that are operations (OpenAPI 3.1 §4.8.9), in the order shown.
const METHODS: [&str; 5] = ["post", "get", "put", "patch", "delete"];

/// The name under which a tag's operations stand.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Empty for operations without a tag.
    pub(crate) tag: String,
    pub(crate) description: Vec<Block>,
    pub(crate) operations: Vec<Operation>,
}

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) anchor: String,
    /// Lower case.
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: Vec<Block>,
    pub(crate) deprecated: bool,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) request: Option<Body>,
    pub(crate) responses: Vec<Response>,
    pub(crate) error_codes: Vec<ErrorCode>,
    pub(crate) command: String,
    /// What the filter looks at, lower case.
    pub(crate) words: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: String,
    pub(crate) type_text: String,
    pub(crate) required: bool,
    pub(crate) description: Vec<Span>,
    pub(crate) notes: Vec<Span>,
}

#[derive(Clone, Debug)]
pub(crate) struct Body {
    pub(crate) type_text: String,
    pub(crate) fields: Vec<Field>,
    /// Indented JSON.
    pub(crate) example: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: String,
    pub(crate) tone: &'static str,
    pub(crate) description: Vec<Span>,
    pub(crate) body: Option<Body>,
}

/// A stable code of `application/problem+json`.
#[derive(Clone, Debug)]
pub(crate) struct ErrorCode {
    pub(crate) code: String,
    pub(crate) status: String,
    pub(crate) description: Vec<Span>,
}

/// Reads every operation of the document. Tags stand in the order of the document's `tags`, then of appearance.
pub(crate) fn groups(schemas: Schemas<'_>) -> Vec<Group> {
    let document = schemas.document;
    let mut groups: Vec<Group> =
        document["tags"].as_array().into_iter().flatten().map(declared_group).collect();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let Some(source) = item.get(method) else { continue };
            let tag = source["tags"][0].as_str().unwrap_or_default();
            let operation = operation(schemas, path, item, method, source);
            match groups.iter_mut().find(|group| group.tag == tag) {
                Some(group) => group.operations.push(operation),
                None => groups.push(Group {
                    tag: tag.to_owned(),
                    description: Vec::new(),
                    operations: vec![operation],
                }),
            }
        }
    }
    groups.retain(|group| !group.operations.is_empty());
    groups
}

fn declared_group(tag: &Value) -> Group {
    Group {
        tag: text(tag, "name"),
        description: blocks(tag["description"].as_str().unwrap_or_default()),
        operations: Vec::new(),
    }
}

fn operation(
    schemas: Schemas<'_>,
    path: &str,
    item: &Value,
    method: &'static str,
    source: &Value,
) -> Operation {
    let summary = text(source, "summary");
    let request = body(schemas, schemas.resolve(&source["requestBody"]).0);
    let parameters: Vec<_> = [&item["parameters"], &source["parameters"]]
        .into_iter()
        .filter_map(Value::as_array)
        .flatten()
        .map(|source| parameter(schemas, source))
        .collect();
    let description = source["description"].as_str().unwrap_or_default();
    let words =
        format!("{method} {path} {summary} {description} {}", text(source, "operationId")).to_lowercase();
    Operation {
        anchor: anchor(method, path),
        method,
        path: path.to_owned(),
        command: command(schemas, path, method, source, request.as_ref()),
        // A description that only repeats the summary says nothing.
        description: if description.trim() == summary { Vec::new() } else { blocks(description) },
        summary,
        deprecated: source["deprecated"] == true,
        parameters,
        request,
        responses: responses(schemas, source),
        error_codes: error_codes(source),
        words,
    }
}

fn parameter(schemas: Schemas<'_>, source: &Value) -> Parameter {
    let (source, _) = schemas.resolve(source);
    let schema = &source["schema"];
    Parameter {
        name: text(source, "name"),
        place: text(source, "in"),
        type_text: type_text(schema),
        required: source["required"] == true,
        description: spans(source["description"].as_str().unwrap_or_default()),
        notes: schemas.notes(schema),
    }
}

/// The body of a request or response: its first JSON representation.
fn body(schemas: Schemas<'_>, source: &Value) -> Option<Body> {
    let content = source["content"].as_object()?;
    let (_, media) =
        content.iter().find(|(kind, _)| kind.contains("json")).or_else(|| content.iter().next())?;
    let schema = &media["schema"];
    let named = media["examples"].as_object().and_then(|examples| examples.values().next());
    let given = media.get("example").or_else(|| named.and_then(|example| example.get("value"))).cloned();
    let example = given.unwrap_or_else(|| schemas.example(schema));
    Some(Body {
        type_text: type_text(schema),
        fields: schemas.fields(schema),
        example: format!("{example:#}"),
    })
}

fn responses(schemas: Schemas<'_>, source: &Value) -> Vec<Response> {
    let responses = source["responses"].as_object().into_iter().flatten();
    responses
        .map(|(status, response)| {
            let (response, _) = schemas.resolve(response);
            let tone = match status.as_bytes().first() {
                Some(b'2') => "good",
                Some(b'3') => "busy",
                Some(b'4') => "warn",
                Some(b'5') => "bad",
                _ => "idle",
            };
            // Problems all look alike: the codes below say more than the same table again.
            let body = if matches!(tone, "warn" | "bad") { None } else { body(schemas, response) };
            Response {
                status: status.clone(),
                tone,
                description: spans(&text(response, "description")),
                body,
            }
        })
        .collect()
}

/// Reads `x-error-codes` (codes, or objects with `code`, `status` and `description`) and the names of the examples
/// of `application/problem+json`.
pub(crate) fn error_codes(source: &Value) -> Vec<ErrorCode> {
    let mut codes: Vec<ErrorCode> = Vec::new();
    for code in source["x-error-codes"].as_array().into_iter().flatten() {
        let named = code.as_str().map_or_else(|| text(code, "code"), str::to_owned);
        let status = match &code["status"] {
            Value::Number(status) => status.to_string(),
            status => status.as_str().unwrap_or_default().to_owned(),
        };
        codes.push(ErrorCode { code: named, status, description: spans(&text(code, "description")) });
    }
    for (status, response) in source["responses"].as_object().into_iter().flatten() {
        let examples = &response["content"]["application/problem+json"]["examples"];
        for (name, example) in examples.as_object().into_iter().flatten() {
            if codes.iter().any(|known| known.code == *name) {
                continue;
            }
            let description = spans(example["summary"].as_str().unwrap_or_default());
            codes.push(ErrorCode { code: name.clone(), status: status.clone(), description });
        }
    }
    codes
}

/// Every code of the document, each once: those that it lists itself, then those that only operations name. A problem
/// links to the place of its code, so each has one.
pub(crate) fn all_error_codes(document: &Value, groups: &[Group]) -> Vec<ErrorCode> {
    let mut codes: Vec<ErrorCode> = Vec::new();
    let named =
        groups.iter().flat_map(|group| &group.operations).flat_map(|operation| &operation.error_codes);
    for code in error_codes(document).iter().chain(named) {
        if !codes.iter().any(|known| known.code == code.code) {
            codes.push(code.clone());
        }
    }
    codes
}

/// A command that performs the operation: the server is the document's first.
fn command(schemas: Schemas<'_>, path: &str, method: &str, source: &Value, request: Option<&Body>) -> String {
    let server = schemas.document["servers"][0]["url"].as_str().unwrap_or("http://127.0.0.1:8080");
    let mut command = format!("curl {}{path}", server.trim_end_matches('/'));
    if method != "get" && !(method == "post" && request.is_some()) {
        command = format!("{command} -X {}", method.to_uppercase());
    }
    let security = source.get("security").unwrap_or(&schemas.document["security"]);
    // A requirement that names no scheme asks for nothing.
    let scheme = security[0].as_object().and_then(|schemes| schemes.keys().next());
    if let Some(scheme) = scheme {
        let secret = if scheme == "session" { "$TONGBAO_SESSION_TOKEN" } else { "$TONGBAO_SECRET_KEY" };
        command.push_str(" \\\n  -H \"Authorization: Bearer ");
        command.push_str(secret);
        command.push('"');
    }
    if let Some(request) = request {
        command.push_str(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '");
        // A quote inside a quoted shell word ends it, so it is written outside.
        command.push_str(&request.example.replace('\'', "'\\''"));
        command.push('\'');
    }
    command
}

/// A fragment identifier: letters, digits and dashes.
fn anchor(method: &str, path: &str) -> String {
    let name = format!("{method}-{path}");
    let words = name.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

fn text(source: &Value, key: &str) -> String {
    source[key].as_str().unwrap_or_default().trim().to_owned()
}
