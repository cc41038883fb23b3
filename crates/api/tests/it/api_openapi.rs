//! The OpenAPI document: in step with the file, complete, and served to anyone.

use std::path::Path;

use serde_json::Value;

use crate::api_operations::{Operation, WITHOUT_CHANGE, operations_of};
use crate::api_shop::{Call, Shop};

/// Where the document is kept.
fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi").join(name)
}

/// The documents: of merchants, and of payers.
fn documents() -> [(&'static str, utoipa::openapi::OpenApi); 2] {
    [
        ("tongbao.json", tongbao_api::openapi::document()),
        ("tongbao-payer.json", tongbao_api::payer::document()),
    ]
}

/// All operations of both.
fn every_operation() -> Vec<Operation> {
    let all = documents().map(|(_, document)| operations_of(&serde_json::to_value(document).unwrap()));
    all.into_iter().flatten().collect()
}

#[test]
fn openapi() {
    for (name, document) in documents() {
        is_kept(name, &document);
    }
}

fn is_kept(name: &str, document: &utoipa::openapi::OpenApi) {
    let fresh = format!("{}\n", document.to_pretty_json().unwrap().trim_end());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(file(name).parent().unwrap()).unwrap();
        std::fs::write(file(name), &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(file(name)).unwrap_or_default();
    let at = kept.lines().zip(fresh.lines()).take_while(|(kept, fresh)| kept == fresh).count() + 1;
    assert!(
        kept == fresh,
        "openapi/{name} differs from the code from line {at} on: run `cargo xtask openapi` and look at the \
         difference"
    );
}

#[tokio::test]
async fn the_document_is_served_to_anyone() {
    let shop = Shop::open().await;
    let paths = ["/v1/openapi.json", "/payer/v1/openapi.json"];
    for (path, (_, document)) in paths.into_iter().zip(documents()) {
        let reply = shop.send(Call::get(path)).await;
        assert_eq!(
            (reply.status, reply.headers["content-type"].to_str().unwrap()),
            (200, "application/json")
        );
        let document = serde_json::to_value(document).unwrap();
        assert_eq!(reply.json(), document);
        assert_eq!(document["openapi"], "3.1.0");
    }
}

/// Whether an operation is named `<verb>_<resource>`, with the verb of its method.
fn verb_and_resource(operation: &Operation) -> bool {
    let verbs = ["create", "get", "list", "delete"];
    let verb = operation.id.split('_').next().unwrap_or_default();
    let fits = match operation.method {
        "POST" => verb == "create",
        "DELETE" => verb == "delete",
        _ => verb == "get" || verb == "list",
    };
    verbs.contains(&verb) && fits
}

#[test]
fn every_operation_is_named_and_says_how_it_may_end() {
    for operation in every_operation() {
        let Operation { id, method, source, .. } = &operation;
        assert!(verb_and_resource(&operation), "{id} is not <verb>_<resource> of {method}");
        assert!(source["tags"].as_array().is_some_and(|tags| tags.len() == 1), "{id} has no tag");
        assert!(source["summary"].is_string(), "{id} has no summary");
        let mut expected = vec!["405", "429", "500", "503"];
        if !operation.is_public() {
            expected.extend(["400", "401", "403", "404"]);
        }
        if *method == "POST" {
            expected.extend(["408", "413", "415"]);
            if !WITHOUT_CHANGE.contains(&id.as_str()) {
                expected.push("409");
            }
        }
        for status in expected {
            let problem = &source["responses"][status]["content"]["application/problem+json"]["schema"];
            assert_eq!(
                problem["$ref"], "#/components/schemas/ProblemDetails",
                "{id} does not document {status}"
            );
        }
        let success = [200, 201, 202].into_iter().any(|status| operation.documents(status));
        assert!(success, "{id} documents no success");
    }
}

#[test]
fn every_code_that_an_operation_names_is_explained_once() {
    let document = serde_json::to_value(tongbao_api::openapi::document()).unwrap();
    let known: Vec<&str> = document["x-error-codes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|code| code["code"].as_str().unwrap())
        .collect();
    let unique: std::collections::BTreeSet<&str> = known.iter().copied().collect();
    assert_eq!(unique.len(), known.len(), "a code has two meanings");
    for operation in every_operation() {
        for code in operation.source["x-error-codes"].as_array().into_iter().flatten() {
            assert!(known.contains(&code.as_str().unwrap()), "{}: {code}", operation.id);
        }
    }
}

/// The references of a document, wherever they stand.
fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    for (_, document) in documents() {
        let document = serde_json::to_value(document).unwrap();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(!found.is_empty());
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }
}
