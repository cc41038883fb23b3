//! The API reference reads the document as the standard says, and survives documents that do not follow it.

use serde_json::{Value, json};

use super::operation::groups;
use super::render_docs;
use super::schema::Schemas;
use crate::frame::Frame;
use crate::i18n::Lang;

fn frame() -> Frame {
    Frame::new(Some("en"), None, None, "nonce", "csrf")
}

fn document() -> Value {
    json!({
        "info": {"title": "Shop", "version": "1"},
        "servers": [{"url": "https://pay.example/"}],
        "security": [{"key": []}],
        "tags": [{"name": "Second", "description": "Stands first, as declared."}],
        "paths": {
            "/a": {"get": {"tags": ["First"], "summary": "Read A", "responses": {"200": {"description": "Fine."}}}},
            "/b/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "post": {
                    "tags": ["Second"],
                    "summary": "Change B",
                    "requestBody": {"$ref": "#/components/requestBodies/Change"},
                    "responses": {
                        "200": {"$ref": "#/components/responses/Changed"},
                        "409": {"description": "No.", "content": {
                            "application/problem+json": {"examples": {"taken": {"summary": "In use."}}}
                        }}
                    },
                    "x-error-codes": ["frozen", {"code": "too_late", "status": 410, "description": "Use `POST /a`."}]
                }
            }
        },
        "components": {
            "requestBodies": {"Change": {"content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Node"}}
            }}},
            "responses": {"Changed": {"description": "Changed.", "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Node"}}
            }}},
            "schemas": {
                "Node": {"type": "object", "required": ["name"], "properties": {
                    "name": {"type": "string", "maxLength": 8, "examples": ["it's"]},
                    "kind": {"$ref": "#/components/schemas/Kind"},
                    "next": {"anyOf": [{"$ref": "#/components/schemas/Node"}, {"type": "null"}]}
                }},
                "Kind": {"type": "string", "enum": ["x", "y"]}
            }
        }
    })
}

/// The values of an attribute, in the order of the page.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    page.split(&format!(" {name}=\"")).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_error_code_has_the_place_that_problems_link_to() {
    let mut document = document();
    document["x-error-codes"] = json!([
        {"code": "internal", "status": 500, "description": "Something went wrong."},
        {"code": "frozen", "status": 409, "description": "It is frozen."}
    ]);
    let page = render_docs(&document, false, &frame());
    let places: Vec<&str> =
        attributes(&page, "id").into_iter().filter(|id| id.starts_with("error-")).collect();
    // Those that only an operation names stand behind those that the document lists.
    assert_eq!(places, ["error-internal", "error-frozen", "error-too_late", "error-taken"]);
    assert!(page.contains("It is frozen."), "what it means stands beside it");
    let links: Vec<&str> =
        attributes(&page, "href").into_iter().filter_map(|link| link.strip_prefix('#')).collect();
    let known = attributes(&page, "id");
    assert!(links.contains(&"error-frozen") && links.contains(&"errors"));
    assert!(links.iter().all(|link| known.contains(link)), "every link within the page leads somewhere");
}

#[test]
fn a_document_without_error_codes_has_no_chapter_of_them() {
    let page = render_docs(&json!({}), false, &frame());
    assert!(!page.contains("id=\"errors\"") && !page.contains("#errors"));
}

#[test]
fn operations_stand_under_their_tags_in_declared_order() {
    let document = document();
    let groups = groups(Schemas { document: &document, lang: Lang::En });
    let tags: Vec<_> = groups.iter().map(|group| group.tag.as_str()).collect();
    assert_eq!(tags, ["Second", "First"]);
    let change = &groups[0].operations[0];
    assert_eq!(change.anchor, "post-b-id");
    assert_eq!(change.parameters[0].name, "id");
    assert!(change.parameters[0].required);
}

#[test]
fn references_are_followed_and_circles_end() {
    let document = document();
    let schemas = Schemas { document: &document, lang: Lang::En };
    let fields = schemas.fields(&document["components"]["schemas"]["Node"]["properties"]["next"]);
    let names: Vec<_> = fields.iter().map(|field| (field.depth, field.name.as_str())).collect();
    assert_eq!(names.len(), 3, "the inner node is not unfolded again: {names:?}");
    let next = fields.iter().find(|field| field.name == "next").unwrap();
    assert_eq!(next.type_text, "Node | null");
    assert!(next.notes.iter().any(|note| note.text.contains("repeats")));
    let kind = fields.iter().find(|field| field.name == "kind").unwrap();
    assert!(kind.notes.iter().any(|note| note.text == "x · y"));
    assert!(fields.iter().find(|field| field.name == "name").unwrap().required);
}

#[test]
fn codes_come_from_the_extension_and_from_examples() {
    let document = document();
    let groups = groups(Schemas { document: &document, lang: Lang::En });
    let codes = &groups[0].operations[0].error_codes;
    let codes: Vec<_> = codes.iter().map(|code| (code.code.as_str(), code.status.as_str())).collect();
    assert_eq!(codes, [("frozen", ""), ("too_late", "410"), ("taken", "409")]);
}

#[test]
fn the_command_survives_a_shell() {
    let document = document();
    let groups = groups(Schemas { document: &document, lang: Lang::En });
    let command = &groups[0].operations[0].command;
    assert!(command.starts_with("curl https://pay.example/b/{id} \\\n"));
    assert!(command.contains("Authorization: Bearer $TONGBAO_SECRET_KEY"));
    assert!(
        command.contains("it'\\''s"),
        "a quote ends the shell's word unless it is written outside: {command}"
    );
}

#[test]
fn the_command_shows_the_secret_that_the_operation_asks_for() {
    let mut document = document();
    let command = |document: &Value| {
        let groups = groups(Schemas { document, lang: Lang::En });
        groups[0].operations[0].command.clone()
    };
    for (security, secret) in [
        (json!([{"session": []}]), Some("Bearer $TONGBAO_SESSION_TOKEN\"")),
        (json!([{"secret_key": []}]), Some("Bearer $TONGBAO_SECRET_KEY\"")),
        (json!([{}]), None),
        (json!([]), None),
    ] {
        document["security"] = security;
        let command = command(&document);
        assert_eq!(command.contains("Authorization"), secret.is_some(), "{command}");
        assert!(secret.is_none_or(|secret| command.contains(secret)), "{command}");
    }
}

#[test]
fn the_page_names_every_operation_twice() {
    let html = render_docs(&document(), true, &frame());
    for anchor in ["get-a", "post-b-id"] {
        assert!(html.contains(&format!("href=\"#{anchor}\"")) && html.contains(&format!("id=\"{anchor}\"")));
    }
    assert!(html.contains("data-words=\"get /a read a"));
    assert!(html.contains("<code>POST /a</code>"));
}

#[test]
fn documents_that_make_no_sense_still_give_a_page() {
    for document in [
        json!(null),
        json!([]),
        json!({"paths": []}),
        json!({"paths": {"/x": {"get": 7, "post": {"requestBody": {"content": {}}, "responses": []}}}}),
        json!({"paths": {"/x": {"get": {
            "responses": {"200": {"$ref": "#/nowhere"}}, "parameters": [{"$ref": "#/paths"}]
        }}}}),
        json!({"a": {"type": "array", "items": {"$ref": "#/a"}}, "paths": {"/x": {"post": {"requestBody":
            {"content": {"application/json": {"schema": {"$ref": "#/a"}}}}}}}}),
        json!({"a": {"anyOf": [{"$ref": "#/b"}, {"$ref": "#/a"}]}, "b": {"allOf": [{"$ref": "#/a"}, {"$ref": "#/b"}]},
            "paths": {"/x": {"post": {"requestBody":
            {"content": {"application/json": {"schema": {"$ref": "#/a"}}}}}}}}),
        json!({"a": {"$ref": "#/a"}, "paths": {"/x": {"get": {"requestBody": {"$ref": "#/a"}}}}}),
    ] {
        assert!(render_docs(&document, true, &frame()).contains("</html>"));
    }
    let empty = render_docs(&json!({}), true, &frame());
    assert!(empty.contains("The document has no operations yet."));
}
