//! What every answer looks like, over both versions of HTTP, with TLS and without.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tongbao_api::listener::{
    Limits, ListenConfig, Listener, PeerAddr, RequestId, TlsConfig, development_certificate,
};

use crate::socket::{Server, hello, within};

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
async fn names_of_headers_begin_their_words_with_capitals() {
    let router = Router::new().route("/", get(async || [("wechatpay-signature-type", "x")]));
    let server = Server::start(router, Limits::default(), None);
    let mut client = server.connect().await;
    client.send("GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n".to_owned()).await;
    let mut answer = String::new();
    within(client.stream.read_to_string(&mut answer)).await.unwrap();
    // WeChat Pay's SDK for Java compares them so.
    assert!(answer.contains("\r\nWechatpay-Signature-Type: x\r\n"), "{answer}");
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
