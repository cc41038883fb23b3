//! What the pages of the running binary say of requests and of errors.

use reqwest::Client;
use serde_json::Value;

use crate::process::Sandbox;

/// The values of an attribute of a page.
fn attributes(page: &str, name: &str) -> Vec<String> {
    let begin = format!(" {name}=\"");
    page.split(&begin).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn an_error_page_names_the_request_as_its_answer_does() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let mut named = Vec::new();
    for path in ["/cashier/x", "/cashier/pay_01k9yq3vx2e8gtm4d6w7zr5hbn", "/cashier/x/status"] {
        let answer = Client::new().get(format!("{}{path}", sandbox.file["api"].as_str().unwrap()));
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{path}");
        let id = answer.headers()["request-id"].to_str().unwrap().to_owned();
        let page = answer.text().await.unwrap();
        assert!(page.contains("<html") && page.contains(&id), "{path} does not say {id}: {page}");
        named.push(id);
    }
    named.sort();
    named.dedup();
    assert_eq!(named.len(), 3, "each request has a name of its own");
}

#[tokio::test]
async fn every_problem_links_to_a_place_of_the_reference() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let (_, problem) = sandbox.call(reqwest::Method::GET, "/v1/payments/x", None).await;
    let (link, place) = problem["type"].as_str().unwrap().split_once('#').unwrap();
    let page = Client::new().get(link).send().await.unwrap().text().await.unwrap();
    let places = attributes(&page, "id");
    assert!(places.iter().any(|known| known == place), "{place} is not in {places:?}");
    let document = sandbox.get("/v1/openapi.json").await;
    let codes = document["x-error-codes"].as_array().unwrap();
    assert!(codes.len() > 40, "{codes:?}");
    for code in codes {
        let place = format!("error-{}", Value::as_str(&code["code"]).unwrap());
        assert_eq!(places.iter().filter(|known| **known == place).count(), 1, "{place}");
    }
}
