//! What a client can do to the listener, and what it gets for it; and how the listener ends.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tongbao_api::listener::{Limits, LongAnswer, development_certificate};

use crate::socket::{Server, hello, ms, within};

/// Says when it is dropped.
struct Farewell(mpsc::UnboundedSender<()>);

impl Drop for Farewell {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A body without end.
struct Endless(#[expect(dead_code, reason = "held for its drop")] Farewell);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 16 * 1024])))))
    }
}

/// A router that answers `/endless` without end (and `/export` likewise, declared as long), and tells when an
/// answer was given up.
fn endless() -> (Router, mpsc::UnboundedReceiver<()>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let export = sender.clone();
    let router = Router::new()
        .route("/endless", get(async move || Body::new(Endless(Farewell(sender.clone()))).into_response()))
        .route(
            "/export",
            get(async move || {
                let mut response = Body::new(Endless(Farewell(export.clone()))).into_response();
                response.extensions_mut().insert(LongAnswer);
                response
            }),
        );
    (router, receiver)
}

#[tokio::test]
async fn a_half_sent_head_is_closed_at_its_deadline() {
    let limits = Limits { head_timeout: ms(100), ..Limits::default() };
    let server = Server::start(hello(), limits, None);
    let mut client = server.connect().await;
    let start = Instant::now();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n").await;
    assert_eq!(client.until_closed().await, b"");
    assert!(start.elapsed() >= ms(100) && start.elapsed() < ms(1_000), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_head_that_drips_is_closed_at_the_same_deadline() {
    let limits = Limits { head_timeout: ms(100), ..Limits::default() };
    let server = Server::start(hello(), limits, None);
    let mut client = server.connect().await;
    // Also after a good request: the deadline is each request's own.
    assert_eq!(client.get("/").await.body, "hello");
    let start = Instant::now();
    let mut byte = [0];
    while start.elapsed() < ms(3_000) {
        let _ = client.stream.write_all(b"G").await;
        // The wait for an end is what paces the drip.
        if let Ok(Ok(0) | Err(_)) = timeout(ms(10), client.stream.read(&mut byte)).await {
            break;
        }
    }
    assert!(start.elapsed() >= ms(90) && start.elapsed() < ms(1_000), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_slow_body_is_answered_with_408() {
    let limits = Limits { body_timeout: ms(100), ..Limits::default() };
    let server = Server::start(hello(), limits, None);
    let mut client = server.connect().await;
    client.send("POST /take HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n").await;
    client.send("Content-Length: 10\r\n\r\n{\"a\"").await;
    let reply = client.reply().await;
    assert_eq!((reply.status, reply.code().as_str()), (408, "request_timeout"));
    assert_eq!(client.until_closed().await, b"");
}

#[tokio::test]
async fn a_body_that_breaks_off_harms_nobody() {
    let server = Server::start(hello(), Limits::default(), None);
    let mut client = server.connect().await;
    client.send("POST /take HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n").await;
    client.send("Transfer-Encoding: chunked\r\n\r\n5\r\n{\"a\"x\r\nzz\r\n").await;
    assert_eq!(client.reply().await.code(), "incomplete_body");
    assert_eq!(server.connect().await.get("/").await.body, "hello");
}

#[tokio::test]
async fn a_client_that_never_reads_is_cut() {
    let (router, mut given_up) = endless();
    let limits = Limits { write_stall_timeout: ms(100), ..Limits::default() };
    let server = Server::start(router, limits, None);
    for path in ["/endless", "/export"] {
        let mut client = server.connect().await;
        client.send(format!("GET {path} HTTP/1.1\r\nHost: t\r\n\r\n")).await;
        assert_eq!(within(given_up.recv()).await, Some(()));
    }
}

#[tokio::test]
async fn a_client_that_reads_a_little_now_and_then_is_cut_too() {
    let (router, mut given_up) = endless();
    let limits = Limits { request_timeout: ms(100), write_stall_timeout: ms(100), ..Limits::default() };
    let server = Server::start(router, limits, None);
    let mut client = server.connect().await;
    client.send("GET /endless HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let start = Instant::now();
    let mut buffer = vec![0; 256 * 1024];
    while given_up.try_recv().is_err() {
        assert!(start.elapsed() < ms(3_000), "still being served");
        let _ = timeout(ms(5), client.stream.read(&mut buffer)).await;
    }
}

#[tokio::test]
async fn an_answer_declared_long_may_take_longer_than_the_deadline() {
    let (router, mut given_up) = endless();
    let limits = Limits { request_timeout: ms(20), write_stall_timeout: ms(50), ..Limits::default() };
    let server = Server::start(router, limits, None);
    let mut client = server.connect().await;
    client.send("GET /export HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let start = Instant::now();
    let mut buffer = vec![0; 256 * 1024];
    while start.elapsed() < ms(300) {
        assert_ne!(within(client.stream.read(&mut buffer)).await.unwrap(), 0);
    }
    assert!(given_up.try_recv().is_err());
}

#[tokio::test]
async fn an_http_2_client_that_never_reads_is_cut() {
    let (router, mut given_up) = endless();
    let limits = Limits { request_timeout: ms(100), write_stall_timeout: ms(100), ..Limits::default() };
    let server = Server::start(router, limits, None);
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://t/endless").body(Empty::<Bytes>::new()).unwrap();
    // Without being read, the answer's body grants the server no more window.
    let _unread = within(sender.send_request(request)).await.unwrap();
    assert_eq!(within(given_up.recv()).await, Some(()));
}

#[tokio::test]
async fn two_hundred_idle_connections_do_not_disturb_an_honest_client() {
    let server = Server::start(hello(), Limits::default(), None);
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(server.connect().await);
    }
    let mut honest = server.connect().await;
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(honest.get("/").await.body, "hello");
    }
    assert!(start.elapsed() < ms(1_000), "{:?}", start.elapsed());
}

#[tokio::test]
async fn idle_connections_make_room_when_the_process_is_full() {
    let limits = Limits { connections_max: 20, idle_under_pressure_timeout: ms(50), ..Limits::default() };
    let server = Server::start(hello(), limits, None);
    let mut idle = Vec::new();
    for _ in 0..60 {
        idle.push(server.connect().await);
    }
    assert_eq!(server.connect().await.get("/").await.body, "hello");
}

#[tokio::test]
async fn one_address_gets_its_share_of_connections_and_no_more() {
    let limits = Limits { connections_per_peer_max: 2, ..Limits::default() };
    let server = Server::start(hello(), limits, None);
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    assert_eq!(first.get("/").await.body, "hello");
    assert_eq!(second.get("/").await.body, "hello");
    assert_eq!(server.connect().await.until_closed().await, b"");
    first.send("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").await;
    first.until_closed().await;
    // The place is free a moment after the socket is closed.
    let again = async {
        loop {
            let mut third = server.connect().await;
            third.stream.write_all(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").await.unwrap();
            if third.until_closed().await.starts_with(b"HTTP/1.1 200") {
                break;
            }
        }
    };
    within(again).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_a_while() {
    let limits = Limits { idle_timeout: ms(100), ..Limits::default() };
    let server = Server::start(hello(), limits, None);
    let mut used = server.connect().await;
    let mut unused = server.connect().await;
    assert_eq!(used.get("/").await.body, "hello");
    assert_eq!(used.until_closed().await, b"");
    assert_eq!(unused.until_closed().await, b"");
}

#[tokio::test]
async fn a_head_too_large_is_answered_with_431() {
    let server = Server::start(hello(), Limits::default(), None);
    let mut long = server.connect().await;
    let value = "x".repeat(20 * 1024);
    long.send(format!("GET / HTTP/1.1\r\nHost: t\r\nX-Long: {value}\r\n\r\n")).await;
    assert_eq!(long.reply().await.status, 431);
    long.until_closed().await;
    let mut many = server.connect().await;
    many.send(format!("GET / HTTP/1.1\r\n{}\r\n", "X-Many: 1\r\n".repeat(200))).await;
    assert_eq!(many.reply().await.status, 431);
    many.until_closed().await;
}

#[tokio::test]
async fn a_huge_body_is_refused_without_being_read() {
    let server = Server::start(hello(), Limits::default(), None);
    let mut announced = server.connect().await;
    announced.send("POST /take HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n").await;
    // Not one byte of the body is sent: the refusal does not wait for it.
    announced.send("Content-Length: 99999999999\r\n\r\n").await;
    let reply = announced.reply().await;
    assert_eq!((reply.status, reply.code().as_str()), (413, "body_too_large"));

    let mut chunked = server.connect().await;
    chunked.send("POST /take HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n").await;
    chunked.send("Transfer-Encoding: chunked\r\n\r\n").await;
    let chunk = format!("8000\r\n{}\r\n", " ".repeat(0x8000));
    // Three chunks exceed the limit; the end is never sent.
    for _ in 0..3 {
        chunked.send(&chunk).await;
    }
    assert_eq!(chunked.reply().await.code(), "body_too_large");
}

#[tokio::test]
async fn a_client_may_finish_sending_what_was_refused() {
    let server = Server::start(hello(), Limits::default(), None);
    let mut client = server.connect().await;
    client.send("POST /take HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n").await;
    client.send("Content-Length: 2000000\r\n\r\n").await;
    assert_eq!(client.reply().await.code(), "body_too_large");
    assert_eq!(client.until_closed().await, b"");
    // A socket that was closed outright would answer with a reset, and a client that writes before it reads
    // would report a broken connection instead of the refusal.
    let waste = vec![b' '; 100_000];
    for _ in 0..20 {
        client.send(&waste).await;
    }
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_dropped_and_answered_for() {
    let (sender, mut dropped) = mpsc::unbounded_channel();
    let router = Router::new().route(
        "/",
        get(async move || -> String {
            let _farewell = Farewell(sender.clone());
            std::future::pending().await
        }),
    );
    let limits = Limits { request_timeout: ms(50), ..Limits::default() };
    let server = Server::start(router, limits, None);
    let reply = server.connect().await.get("/").await;
    assert_eq!((reply.status, reply.code().as_str()), (503, "deadline_passed"));
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(within(dropped.recv()).await, Some(()));
}

/// A router whose `/` answers when told to, and tells when it was asked.
fn gated() -> (Router, mpsc::UnboundedReceiver<()>, Arc<Notify>) {
    let (sender, asked) = mpsc::unbounded_channel();
    let gate = Arc::new(Notify::new());
    let opened = gate.clone();
    let router = hello().route(
        "/gate",
        get(async move || {
            sender.send(()).unwrap();
            opened.notified().await;
            "done"
        }),
    );
    (router, asked, gate)
}

#[tokio::test]
async fn a_drain_finishes_what_is_in_flight_and_closes_what_is_idle() {
    let (router, mut asked, gate) = gated();
    let mut server = Server::start(router, Limits::default(), None);
    let mut idle = server.connect().await;
    assert_eq!(idle.get("/").await.body, "hello");
    let mut busy = server.connect().await;
    busy.send("GET /gate HTTP/1.1\r\nHost: t\r\n\r\n").await;
    within(asked.recv()).await;
    server.stop();
    assert_eq!(idle.until_closed().await, b"");
    within(async { while TcpStream::connect(server.addr).await.is_ok() {} }).await;
    gate.notify_one();
    let reply = busy.reply().await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "done"));
    assert_eq!(busy.until_closed().await, b"");
    assert_eq!(server.drained().await.cut, 0);
}

#[tokio::test]
async fn a_drain_ends_at_its_deadline() {
    let (router, mut asked, _gate) = gated();
    let limits = Limits { drain_timeout: ms(50), ..Limits::default() };
    let server = Server::start(router, limits, None);
    let mut busy = server.connect().await;
    busy.send("GET /gate HTTP/1.1\r\nHost: t\r\n\r\n").await;
    within(asked.recv()).await;
    assert_eq!(server.drained().await.cut, 1);
    assert_eq!(busy.until_closed().await, b"");
}

#[tokio::test]
async fn a_tls_handshake_that_stalls_or_is_none_is_closed() {
    let directory = tempfile::tempdir().unwrap();
    let tls = development_certificate(directory.path(), &["localhost".into()]).unwrap();
    let limits = Limits { handshake_timeout: ms(100), ..Limits::default() };
    let server = Server::start(hello(), limits, Some(tls));
    let start = Instant::now();
    let mut silent = server.connect().await;
    silent.until_closed().await;
    assert!(start.elapsed() >= ms(90), "{:?}", start.elapsed());
    let mut clear = server.connect().await;
    clear.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let answer = clear.until_closed().await;
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
}
