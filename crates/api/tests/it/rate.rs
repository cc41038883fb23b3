//! Rate limits: what passes, what is refused, and that nobody can make the limiter forget or grow.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use tongbao_api::listener::Limits;
use tongbao_api::rate::{Limiter, Quota, RateLimit, by_network};

use crate::socket::Server;

#[test]
fn a_key_gets_its_burst_and_then_its_rate() {
    let limiter = Limiter::new(Quota::new(1, 3), 1_000);
    let start = Instant::now();
    for remaining in [2, 1, 0] {
        let standing = limiter.check(&"key").unwrap();
        assert_eq!((standing.limit, standing.remaining), (3, remaining));
    }
    let exceeded = limiter.check(&"key").unwrap_err();
    assert!(start.elapsed().as_millis() < 900, "too slow to tell anything");
    assert_eq!((exceeded.retry_after_s, exceeded.standing.remaining, exceeded.standing.reset_s), (1, 0, 3));
    assert!(limiter.check(&"another key").is_ok());
}

#[test]
fn a_flood_of_new_keys_neither_grows_the_limiter_nor_harms_known_keys() {
    let limiter = Limiter::new(Quota::new(1, 100), 320);
    let start = Instant::now();
    let used = (0..10_000).take_while(|_| limiter.check(&u64::MAX).is_ok()).count();
    assert!(used >= 100, "{used}");
    let passed = (0..100_000_u64).filter(|key| limiter.check(key).is_ok()).count();
    assert!(limiter.keys() <= 320, "{}", limiter.keys());
    // At most one request for each remembered key, and one burst for each of the 32 shards.
    // A slow machine gives each of them another request for every second that passed.
    let seconds = usize::try_from(start.elapsed().as_secs()).unwrap() + 1;
    assert!(passed <= 320 + 32 * 110 + (320 + 32) * seconds, "{passed}");
    // The key that used up its allowance has not got it back.
    let back = (0..100).take_while(|_| limiter.check(&u64::MAX).is_ok()).count();
    assert!(back <= seconds, "{back} requests in {seconds} seconds");
}

#[test]
fn keys_whose_allowance_is_full_again_are_forgotten() {
    let limiter = Limiter::new(Quota::new(1_000_000, 1), 1_000);
    for key in 0..500 {
        limiter.check(&key).unwrap();
    }
    assert!(limiter.keys() > 0);
    let start = Instant::now();
    while limiter.keys() > 0 {
        assert!(start.elapsed().as_secs() < 5);
        limiter.forget_idle();
    }
}

#[tokio::test]
async fn requests_beyond_the_quota_get_429_and_are_told_when_to_return() {
    let limiter = Arc::new(Limiter::new(Quota::new(1, 2), 1_000));
    let router =
        Router::new().route("/", get(|| async { "hello" })).layer(RateLimit::new(limiter, by_network));
    let server = Server::start(router, Limits::default(), None);
    // Another connection from the same address does not help.
    let first = server.connect().await.get("/").await;
    assert_eq!((first.status, first.headers["ratelimit-remaining"].as_str()), (200, "1"));
    let mut client = server.connect().await;
    assert_eq!(client.get("/").await.status, 200);
    let refused = client.get("/").await;
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limited"));
    assert_eq!(refused.headers["retry-after"], "1");
    assert_eq!(refused.headers["ratelimit-limit"], "2");
    assert_eq!(refused.headers["ratelimit-remaining"], "0");
    assert_eq!(refused.headers["ratelimit-reset"], "2");
    assert_eq!(refused.json()["retry_after_s"], 1);
}

#[tokio::test]
async fn the_limit_of_the_key_is_the_one_that_is_told() {
    let by_key = RateLimit::new(Arc::new(Limiter::new(Quota::new(5, 5), 1_000)), |request| {
        request.headers().get("x-key").map(|key| key.as_bytes().to_vec())
    });
    let by_address = RateLimit::new(Arc::new(Limiter::new(Quota::new(100, 100), 1_000)), by_network);
    let router = Router::new().route("/", get(|| async { "hello" })).layer(by_key).layer(by_address);
    let server = Server::start(router, Limits::default(), None);
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: t\r\nX-Key: abc\r\n\r\n").await;
    assert_eq!(client.reply().await.headers["ratelimit-limit"], "5");
    // Without a key only the address counts.
    assert_eq!(client.get("/").await.headers["ratelimit-limit"], "100");
}
