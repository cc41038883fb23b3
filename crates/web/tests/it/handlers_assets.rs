//! Style sheets, the icon, the reference and the way in.

use std::io::Read as _;

use axum::{
    body::Body,
    http::{Request, Response, StatusCode},
};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use crate::shop::Shop;

async fn get(shop: &Shop, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    shop.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn header<'a>(answer: &'a Response<Body>, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn body(answer: Response<Body>) -> Vec<u8> {
    answer.into_body().collect().await.unwrap().to_bytes().to_vec()
}

#[tokio::test]
async fn the_sheet_of_a_page_is_served_for_ever_in_both_encodings() {
    let shop = Shop::sandbox().await;
    let page = String::from_utf8(body(get(&shop, "/docs", &[]).await).await).unwrap();
    let path = page.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let plain = get(&shop, path, &[]).await;
    assert_eq!(plain.status(), StatusCode::OK);
    assert_eq!(header(&plain, "content-type"), "text/css; charset=utf-8");
    assert_eq!(header(&plain, "cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(header(&plain, "vary"), "accept-encoding");
    let packed = get(&shop, path, &[("accept-encoding", "br, gzip;q=0.8")]).await;
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert_ne!(header(&packed, "etag"), header(&plain, "etag"));
    for known in [&plain, &packed] {
        let etag = header(known, "etag");
        for asked in [etag.to_owned(), format!("\"x\", W/{etag}"), "*".to_owned()] {
            let encoding = if header(known, "content-encoding").is_empty() { "identity" } else { "gzip" };
            let again = get(&shop, path, &[("accept-encoding", encoding), ("if-none-match", &asked)]).await;
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{asked}");
            assert_eq!(header(&again, "etag"), etag);
            assert!(body(again).await.is_empty());
        }
    }
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(body(packed).await.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, body(plain).await);
    for refused in ["gzip;q=0", "br", "identity", "gzip;q=x"] {
        let answer = get(&shop, path, &[("accept-encoding", refused)]).await;
        assert!(header(&answer, "content-encoding").is_empty(), "{refused}");
    }
    assert_eq!(get(&shop, "/assets/cashier.css", &[]).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_way_in_leads_developers_to_the_sandbox_and_carries_their_language() {
    let shop = Shop::sandbox().await;
    let answer = get(&shop, "/?lang=en", &[]).await;
    assert_eq!((answer.status(), header(&answer, "location")), (StatusCode::SEE_OTHER, "/sandbox?lang=en"));
    let docs = String::from_utf8(body(get(&shop, "/docs?lang=en", &[]).await).await).unwrap();
    assert!(docs.contains("Shop API") && docs.contains("href=\"/sandbox?lang=en\""));
    assert_eq!(header(&get(&shop, "/favicon.ico", &[]).await, "content-type"), "image/svg+xml");
}
