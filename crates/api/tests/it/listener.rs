//! What a client can do to the listener, and what it gets for it.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tongbao_api::json::StrictJson;
use tongbao_api::listener::{Limits, LongAnswer, PeerAddr, RequestId, TlsConfig, development_certificate};

use crate::socket::{Server, ms, within};

fn hello() -> Router {
    async fn take(body: StrictJson<serde_json::Value>) -> String {
        body.raw.len().to_string()
    }
    Router::new().route("/", get(|| async { "hello" })).route("/take", post(take))
}

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
async fn a_refusal_reaches_a_client_that_is_still_sending() {
    let server = Server::start(hello(), Limits::default(), None);
    let mut client = server.connect().await;
    client.send("POST /take HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n").await;
    client.send("Content-Length: 2000000\r\n\r\n").await;
    // More than the buffers of both sockets hold, before a single byte of the answer is read.
    client.send(vec![b' '; 2_000_000]).await;
    assert_eq!(client.reply().await.code(), "body_too_large");
    assert_eq!(client.until_closed().await, b"");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let router = Router::new().route("/{n}", get(async |path: axum::extract::Path<u32>| path.0.to_string()));
    let server = Server::start(router, Limits::default(), None);
    let mut client = server.connect().await;
    let requests: Vec<_> = (0..50).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: t\r\n\r\n")).collect();
    client.send(requests.concat()).await;
    for n in 0..50 {
        assert_eq!(client.reply().await.body, n.to_string());
    }
}

#[tokio::test]
async fn every_answer_carries_an_id_and_forbids_caching_and_sniffing() {
    let router = Router::new()
        .route("/ids", get(async |id: RequestId, peer: PeerAddr| format!("{id} {}", peer.0)))
        .route("/asset", get(async || [("cache-control", "max-age=60")]));
    let server = Server::start(router, Limits::default(), None);
    let mut client = server.connect().await;
    let peer = client.stream.local_addr().unwrap();
    let reply = client.get("/ids").await;
    let id = reply.headers["request-id"].clone();
    assert_eq!(reply.body, format!("{id} {peer}"));
    assert!(id.starts_with("req_") && id.len() == 30, "{id}");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    assert_eq!(reply.headers["cache-control"], "no-store");
    let asset = client.get("/asset").await;
    assert_eq!(asset.headers["cache-control"], "max-age=60");
    assert_ne!(asset.headers["request-id"], id);
}

#[tokio::test]
async fn refusals_of_the_router_are_problems() {
    let server = Server::start(hello(), Limits::default(), None);
    let mut client = server.connect().await;
    let missing = client.get("/nowhere").await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "not_found"));
    let method = client.post("/", "text/plain", "").await;
    assert_eq!((method.status, method.code().as_str()), (405, "method_not_allowed"));
    assert_eq!(method.headers["allow"], "GET,HEAD");
    let kind = client.post("/take", "text/plain", "{}").await;
    assert_eq!((kind.status, kind.code().as_str()), (415, "unsupported_media_type"));
}

#[tokio::test]
async fn a_panic_becomes_a_500_that_keeps_its_text_to_itself() {
    async fn late_panic() -> Response {
        tokio::task::yield_now().await;
        panic!("the secret of the house");
    }
    let router = hello().route("/panic", get(late_panic));
    let server = Server::start(router, Limits::default(), None);
    let mut client = server.connect().await;
    let reply = client.get("/panic").await;
    assert_eq!((reply.status, reply.code().as_str()), (500, "internal"));
    assert!(!reply.body.contains("secret"));
    assert_eq!(client.get("/").await.body, "hello");
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
async fn http_2_is_understood_on_clear_text_by_prior_knowledge() {
    let limits = Limits { http2_streams_max: 8, ..Limits::default() };
    let server = Server::start(hello(), limits, None);
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    // After one exchange the client knows how many streams it may open, and queues the rest.
    let request = Request::get("http://t/").body(Full::default()).unwrap();
    assert_eq!(within(sender.send_request(request)).await.unwrap().status(), StatusCode::OK);
    let mut requests = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let mut sender = sender.clone();
        requests.spawn(async move {
            let request = Request::post("http://t/take")
                .header("content-type", "application/json")
                .body(Full::new(Bytes::from_static(b"[1,2]")))
                .unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert!(response.headers().contains_key("request-id"));
            response.into_body().collect().await.unwrap().to_bytes()
        });
    }
    let bodies = within(requests.join_all()).await;
    assert!(bodies.iter().all(|body| body.as_ref() == b"5") && bodies.len() == 40);
}

#[tokio::test]
async fn an_http_2_head_too_large_is_answered_with_431() {
    let server = Server::start(hello(), Limits::default(), None);
    let stream = TcpStream::connect(server.addr).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://t/").header("x-long", "x".repeat(20 * 1024));
    let response = within(sender.send_request(request.body(Empty::<Bytes>::new()).unwrap())).await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    // Only that stream is refused, not the connection.
    let request = Request::get("http://t/").body(Empty::<Bytes>::new()).unwrap();
    assert_eq!(within(sender.send_request(request)).await.unwrap().status(), StatusCode::OK);
}

/// A client's TLS settings that trust this certificate and offer this protocol.
fn connector(tls: &TlsConfig, protocol: &[u8]) -> TlsConnector {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&tls.cert_file).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn both_versions_of_http_are_spoken_over_tls() {
    let directory = tempfile::tempdir().unwrap();
    let tls = development_certificate(directory.path(), &["localhost".into(), "127.0.0.1".into()]).unwrap();
    let server = Server::start(hello(), Limits::default(), Some(tls.clone()));
    for (protocol, name) in [(&b"h2"[..], "localhost"), (b"http/1.1", "127.0.0.1")] {
        let stream = TcpStream::connect(server.addr).await.unwrap();
        let name = ServerName::try_from(name).unwrap();
        let stream = within(connector(&tls, protocol).connect(name, stream)).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        let io = TokioIo::new(stream);
        let request =
            Request::get("https://localhost/").header("host", "localhost").body(Empty::<Bytes>::new());
        let request = request.unwrap();
        let response = if protocol == b"h2" {
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            within(sender.send_request(request)).await.unwrap()
        } else {
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            within(sender.send_request(request)).await.unwrap()
        };
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    }
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

#[test]
fn a_development_certificate_is_kept_until_its_names_change() {
    let directory = tempfile::tempdir().unwrap();
    let names = ["localhost".to_owned()];
    let tls = development_certificate(directory.path(), &names).unwrap();
    let first = std::fs::read(&tls.cert_file).unwrap();
    assert_eq!(development_certificate(directory.path(), &names).unwrap(), tls);
    assert_eq!(std::fs::read(&tls.cert_file).unwrap(), first);
    development_certificate(directory.path(), &["pay.test".to_owned()]).unwrap();
    assert_ne!(std::fs::read(&tls.cert_file).unwrap(), first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&tls.key_file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn the_ids_and_the_link_can_be_given() {
    use tongbao_api::listener::{ListenConfig, Listener};
    let config = ListenConfig { addr: "127.0.0.1:0".parse().unwrap(), tls: None, limits: Limits::default() };
    let next = Mutex::new(0);
    let listener =
        Listener::bind(config).unwrap().with_docs_base("https://pay.example").with_request_ids(move || {
            let mut next = next.lock().unwrap();
            *next += 1;
            RequestId::from_u128(*next)
        });
    let addr = listener.local_addr();
    let serving = tokio::spawn(listener.serve(hello(), std::future::pending()));
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(b"GET /none HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    within(stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.contains("\"request_id\":\"req_00000000000000000000000001\""), "{answer}");
    assert!(answer.contains("\"type\":\"https://pay.example/docs#error-not_found\""), "{answer}");
    serving.abort();
}
