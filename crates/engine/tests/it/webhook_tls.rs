//! The sender over TLS: which certificates it accepts, and which name it asks for.

use std::sync::Arc;

use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use reqwest::Certificate;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tongbao_engine::webhook::outcome::{Failure, Outcome};
use tongbao_engine::webhook::sender::{Sender, Settings};
use tongbao_engine::webhook::target::Policy;

use crate::webhook_receiver::{Notice, PreparedLookup, Receiver, Script, answer, header};
use crate::webhook_sender::signed;

fn certificate_for(name: &str) -> CertifiedKey<KeyPair> {
    generate_simple_self_signed([name.to_owned()]).expect("a certificate")
}

fn server_config(certificate: &CertifiedKey<KeyPair>) -> ServerConfig {
    let key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
    ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.cert.der().clone()], key.into())
        .expect("key and certificate belong together")
}

async fn send(receiver: &Receiver, trusted: Option<&CertifiedKey<KeyPair>>) -> Outcome {
    let extra_roots =
        trusted.iter().map(|root| Certificate::from_der(root.cert.der()).expect("a certificate")).collect();
    let settings = Settings {
        lookup: PreparedLookup::new(&[&["127.0.0.1"]]),
        extra_roots,
        ..Settings::new(Policy::LoopbackToo)
    };
    let sender = Sender::with(settings).expect("a sender");
    sender.send(&receiver.url_by_name("https"), &signed(), "{}").await
}

#[tokio::test]
async fn a_trusted_certificate_for_the_name_is_accepted_and_the_name_stays_in_sni_and_host() {
    let certificate = certificate_for("shop.example.com");
    let tls = server_config(&certificate);
    let mut receiver = Receiver::start_with(answer("200 OK", "", ""), Some(tls)).await;
    let outcome = send(&receiver, Some(&certificate)).await;
    assert!(outcome.is_success(), "{outcome:?}");
    assert_eq!(receiver.next().await, Notice::Opened(Some("shop.example.com".to_owned())));
    let (head, body) = receiver.next_request().await;
    let host = format!("shop.example.com:{}", receiver.address.port());
    assert_eq!(header(&head, "host"), Some(host.as_str()));
    assert_eq!(body, b"{}");
}

#[tokio::test]
async fn a_self_signed_certificate_is_refused_before_any_request() {
    let tls = server_config(&certificate_for("shop.example.com"));
    let mut receiver = Receiver::start_with(answer("200 OK", "", ""), Some(tls)).await;
    let outcome = send(&receiver, None).await;
    assert_eq!((outcome.status, outcome.failure), (None, Some(Failure::Tls)));
    // The handshake never ended, so the connection was closed without having been opened.
    assert_eq!(receiver.next().await, Notice::Closed);
}

#[tokio::test]
async fn a_trusted_certificate_for_another_name_is_refused() {
    let certificate = certificate_for("other.example.com");
    let tls = server_config(&certificate);
    let receiver = Receiver::start_with(answer("200 OK", "", ""), Some(tls)).await;
    assert_eq!(send(&receiver, Some(&certificate)).await.failure, Some(Failure::Tls));
}

#[tokio::test]
async fn a_receiver_that_does_not_speak_tls_is_a_tls_failure() {
    // The client's hello holds no blank line, so a plain receiver would wait for more: it is told to hang up.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let url = format!("https://{}/", listener.local_addr().expect("it is bound"));
    let plain = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("the sender connects");
        tokio::io::AsyncReadExt::read_buf(&mut socket, &mut Vec::new()).await.expect("a hello");
        tokio::io::AsyncWriteExt::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .expect("open");
    });
    let sender = Sender::new(Policy::LoopbackToo).expect("a sender");
    assert_eq!(sender.send(&url, &signed(), "{}").await.failure, Some(Failure::Tls));
    plain.await.expect("the receiver ran");
}

#[tokio::test]
async fn the_production_policy_never_speaks_plain_http() {
    let receiver = Receiver::start(Script::Answer(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    let sender = Sender::new(Policy::PublicOnly).expect("a sender");
    let outcome = sender.send(&receiver.url(), &signed(), "{}").await;
    assert_eq!(outcome.failure.map(Failure::name), Some("forbidden"));
}
