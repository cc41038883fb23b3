//! The sender against receivers and name servers that behave and misbehave, over plain HTTP.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use tongbao_engine::webhook::lookup::{Looking, Lookup};
use tongbao_engine::webhook::outcome::{Failure, Outcome};
use tongbao_engine::webhook::sender::{RESPONSE_MAX_BYTES, Sender, Settings};
use tongbao_engine::webhook::signature::{Secret, SignedHeaders, sign};
use tongbao_engine::webhook::target::{Policy, TargetRefusal};

use crate::webhook_receiver::{Notice, PreparedLookup, Receiver, Script, Untouched, answer, header};

const BODY: &str = "{\"type\":\"payment.succeeded\"}";

pub(crate) fn signed() -> SignedHeaders {
    sign("evt_test", 1_760_000_000, BODY.as_bytes(), &[Secret::from_bytes([1; 32])], None)
}

fn sandbox_sender() -> Sender {
    Sender::new(Policy::LoopbackToo).expect("a sender")
}

fn sender_with_lookup(policy: Policy, lookup: Arc<dyn Lookup>) -> Sender {
    Sender::with(Settings { lookup, ..Settings::new(policy) }).expect("a sender")
}

fn impatient_sender() -> Sender {
    let deadline = Duration::from_millis(200);
    Sender::with(Settings { deadline, ..Settings::new(Policy::LoopbackToo) }).expect("a sender")
}

async fn send(sender: &Sender, url: &str) -> Outcome {
    sender.send(url, &signed(), BODY).await
}

async fn outcome_of(script: Script) -> Outcome {
    let receiver = Receiver::start(script).await;
    send(&sandbox_sender(), &receiver.url()).await
}

#[tokio::test]
async fn a_delivery_carries_body_and_headers_and_succeeds_on_any_2xx() {
    for status in ["200 OK", "201 Created", "202 Accepted", "204 No Content", "299 Fine"] {
        let mut receiver = Receiver::start(answer(status, "retry-after: 7\r\n", "")).await;
        let outcome = send(&sandbox_sender(), &receiver.url()).await;
        assert!(outcome.is_success(), "{status}: {outcome:?}");
        assert_eq!(outcome.status, status[..3].parse().ok());
        assert_eq!(outcome.retry_after_s, None);

        let (head, body) = receiver.next_request().await;
        assert_eq!(body, BODY.as_bytes());
        assert!(head.starts_with("POST /notify HTTP/1.1\r\n"), "{head}");
        assert_eq!(header(&head, "content-type"), Some("application/json"));
        assert_eq!(header(&head, "accept-encoding"), Some("identity"));
        assert_eq!(header(&head, "content-length"), Some(BODY.len().to_string().as_str()));
        let agent = concat!("Tongbao-Webhooks/", env!("CARGO_PKG_VERSION"));
        assert_eq!(header(&head, "user-agent"), Some(agent));
        for (name, value) in signed().pairs() {
            assert_eq!(header(&head, name), Some(value));
        }
    }
}

#[tokio::test]
async fn two_deliveries_share_a_connection() {
    let mut receiver = Receiver::start(answer("200 OK", "", "thank you")).await;
    let sender = sandbox_sender();
    assert_eq!(send(&sender, &receiver.url()).await.response_bytes, 9);
    assert!(send(&sender, &receiver.url()).await.is_success());
    assert_eq!(receiver.next().await, Notice::Opened(None));
    assert!(matches!(receiver.next().await, Notice::Request { .. }));
    assert!(matches!(receiver.next().await, Notice::Request { .. }));
}

#[tokio::test]
async fn other_statuses_are_failures() {
    for (status, code) in [("400 Bad Request", 400), ("410 Gone", 410), ("500 Oh", 500), ("503 Busy", 503)] {
        let outcome = outcome_of(answer(status, "", "no")).await;
        assert_eq!((outcome.status, outcome.failure), (Some(code), Some(Failure::Http(code))));
    }
}

#[tokio::test]
async fn retry_after_is_read_in_seconds_and_otherwise_ignored() {
    for (value, expected) in [
        ("120", Some(120)),
        (" 0 ", Some(0)),
        ("99999999999999", Some(u32::MAX)),
        ("-1", None),
        ("+5", None),
        ("1.5", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ] {
        let outcome = outcome_of(answer("429 Slow", &format!("retry-after: {value}\r\n"), "")).await;
        assert_eq!(outcome.retry_after_s, expected, "{value:?}");
    }
}

#[tokio::test]
async fn a_redirect_to_the_inside_is_not_followed() {
    for status in ["301 Moved", "302 Found", "303 Other", "307 Temporary", "308 Permanent"] {
        let inside = Untouched::start().await;
        let location = format!("location: http://{}/\r\n", inside.address());
        let outcome = outcome_of(answer(status, &location, "")).await;
        assert_eq!(outcome.failure, Some(Failure::Redirect), "{status}");
        assert_eq!(outcome.status, status[..3].parse().ok());
        inside.assert_untouched().await;
    }
}

#[tokio::test]
async fn an_endless_body_is_cut_at_the_limit_and_the_connection_closed() {
    let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    let mut receiver = Receiver::start(Script::Forever(head, vec![b'x'; 4_096])).await;
    let outcome = send(&sandbox_sender(), &receiver.url()).await;
    assert!(outcome.is_success());
    assert_eq!(outcome.response_bytes, RESPONSE_MAX_BYTES);
    // The limit ended it, not the deadline.
    assert!(outcome.duration_ms < 5_000, "{outcome:?}");
    while receiver.next().await != Notice::Closed {}
}

#[tokio::test]
async fn an_endless_head_is_broken() {
    let outcome = outcome_of(Script::Forever(b"HTTP/1.1 200 OK\r\na: ".to_vec(), vec![b'x'; 4_096])).await;
    assert_eq!((outcome.status, outcome.failure), (None, Some(Failure::Broken)));
}

#[tokio::test]
async fn a_head_that_does_not_come_is_a_timeout() {
    for start in ["", "HTTP/1.1 200 OK\r\n"] {
        let mut receiver = Receiver::start(Script::Stall(start.into())).await;
        let outcome = send(&impatient_sender(), &receiver.url()).await;
        assert_eq!((outcome.status, outcome.failure), (None, Some(Failure::Timeout)));
        assert!((200..2_000).contains(&outcome.duration_ms), "{outcome:?}");
        while receiver.next().await != Notice::Closed {}
    }
}

#[tokio::test]
async fn a_body_that_stalls_after_200_is_a_delivery_within_the_deadline() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome".to_vec();
    let receiver = Receiver::start(Script::Stall(head)).await;
    let outcome = send(&impatient_sender(), &receiver.url()).await;
    assert!(outcome.is_success());
    assert_eq!(outcome.response_bytes, 4);
    assert!((200..2_000).contains(&outcome.duration_ms), "{outcome:?}");
}

#[tokio::test]
async fn a_receiver_that_hangs_up_or_speaks_no_http_is_broken() {
    for start in ["", "HTTP/1.1 200", "SSH-2.0-OpenSSH_9.9\r\n", "+OK\r\n\r\n"] {
        let outcome = outcome_of(Script::HangUp(start.into())).await;
        assert_eq!((outcome.status, outcome.failure), (None, Some(Failure::Broken)), "{start:?}");
    }
}

#[tokio::test]
async fn a_closed_port_is_a_connect_failure() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let outcome = send(&sandbox_sender(), &format!("http://{address}/")).await;
    assert_eq!(outcome.failure, Some(Failure::Connect));
}

#[tokio::test]
async fn a_gzip_bomb_is_counted_as_it_came_and_not_expanded() {
    // 100,000 zero bytes in 132: expanded, they would be cut at the limit.
    let head = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00,
        0xc2, 0xa0, 0xf5, 0x4f, 0x6d, 0x0d, 0x0f, 0xa0,
    ];
    let tail = [0x80, 0x57, 0x03, 0x7d, 0x95, 0x11, 0xd4, 0xa0, 0x86, 0x01, 0x00];
    let bomb = [&head[..], &[0; 96], &tail].concat();
    let length = bomb.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n");
    let outcome = outcome_of(Script::Answer([head.as_bytes(), &bomb].concat())).await;
    assert!(outcome.is_success());
    assert_eq!(usize::try_from(outcome.response_bytes).expect("it fits"), length);
}

#[tokio::test]
async fn literal_addresses_are_judged_before_anything_is_sent() {
    let inside = Untouched::start().await;
    let sender = Sender::new(Policy::PublicOnly).expect("a sender");
    let port = inside.address().port();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"] {
        let outcome = send(&sender, &format!("https://{host}:{port}/")).await;
        assert_eq!(outcome.failure, Some(Failure::Forbidden(TargetRefusal::Address)), "{host}");
        assert_eq!(outcome.status, None);
    }
    inside.assert_untouched().await;
}

#[tokio::test]
async fn a_name_with_any_address_inside_is_refused_whole() {
    let inside = Untouched::start().await;
    for addresses in [
        &["127.0.0.1"][..],
        &["::1"],
        &["::ffff:127.0.0.1"],
        &["1.1.1.1", "127.0.0.1"],
        &["127.0.0.1", "1.1.1.1"],
        &["2606:4700:4700::1111", "169.254.169.254"],
        &["1.1.1.1", "64:ff9b::7f00:1"],
    ] {
        let lookup = PreparedLookup::new(&[addresses]);
        let sender = sender_with_lookup(Policy::PublicOnly, lookup.clone());
        let outcome = send(&sender, "https://shop.example.com:8443/").await;
        assert_eq!(outcome.failure, Some(Failure::Forbidden(TargetRefusal::Address)), "{addresses:?}");
        assert_eq!(lookup.remaining(), 0);
    }
    inside.assert_untouched().await;
}

#[tokio::test]
async fn in_the_sandbox_a_name_that_also_points_inside_is_refused_without_a_connection() {
    let loopback = Untouched::start().await;
    for addresses in [&["127.0.0.1", "10.0.0.1"], &["192.168.0.1", "127.0.0.1"]] {
        let sender = sender_with_lookup(Policy::LoopbackToo, PreparedLookup::new(&[addresses]));
        let url = format!("http://shop.example.com:{}/", loopback.address().port());
        let outcome = send(&sender, &url).await;
        assert_eq!(outcome.failure, Some(Failure::Forbidden(TargetRefusal::Address)));
    }
    loopback.assert_untouched().await;
}

#[tokio::test]
async fn rebinding_gains_nothing_because_the_judged_answer_is_the_one_connected_to() {
    let mut receiver = Receiver::start(answer("200 OK", "connection: close\r\n", "")).await;
    // Permitted first, forbidden second: a sender that looked twice would meet the second answer at once.
    let lookup = PreparedLookup::new(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let sender = sender_with_lookup(Policy::LoopbackToo, lookup.clone());
    assert!(send(&sender, &receiver.url_by_name("http")).await.is_success());
    assert_eq!(lookup.remaining(), 1);
    let (head, _) = receiver.next_request().await;
    let host = format!("shop.example.com:{}", receiver.address.port());
    assert_eq!(header(&head, "host"), Some(host.as_str()));
    assert_eq!(receiver.next().await, Notice::Closed);

    let outcome = send(&sender, &receiver.url_by_name("http")).await;
    assert_eq!(outcome.failure, Some(Failure::Forbidden(TargetRefusal::Address)));
    assert_eq!(lookup.remaining(), 0);
}

#[tokio::test]
async fn a_name_without_addresses_is_a_dns_failure() {
    for lookup in [PreparedLookup::new(&[]), PreparedLookup::new(&[&[]])] {
        let sender = sender_with_lookup(Policy::PublicOnly, lookup);
        assert_eq!(send(&sender, "https://shop.example.com/").await.failure, Some(Failure::Dns));
    }
}

struct SilentLookup;

impl Lookup for SilentLookup {
    fn lookup(&self, _name: &str) -> Looking {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_name_server_that_does_not_answer_is_bounded_by_the_connect_timeout() {
    let settings = Settings {
        lookup: Arc::new(SilentLookup),
        connect_timeout: Duration::from_millis(100),
        ..Settings::new(Policy::PublicOnly)
    };
    let sender = Sender::with(settings).expect("a sender");
    let outcome = send(&sender, "https://shop.example.com/").await;
    assert_eq!(outcome.failure, Some(Failure::Timeout));
    assert!((100..2_000).contains(&outcome.duration_ms), "{outcome:?}");
}

#[tokio::test]
async fn the_resolver_of_the_system_finds_localhost_in_the_sandbox() {
    let receiver = Receiver::start(answer("200 OK", "", "")).await;
    let url = format!("http://localhost:{}/", receiver.address.port());
    assert!(send(&sandbox_sender(), &url).await.is_success());
}

/// Runs itself again with proxy variables in the environment, which a process cannot safely set for itself.
#[tokio::test]
async fn a_proxy_in_the_environment_is_not_used() {
    const IN_CHILD: &str = "WEBHOOK_PROXY_TEST";
    if std::env::var_os(IN_CHILD).is_some() {
        let receiver = Receiver::start(answer("200 OK", "", "")).await;
        let sender = sender_with_lookup(Policy::LoopbackToo, PreparedLookup::new(&[&["127.0.0.1"]]));
        assert!(send(&sender, &receiver.url_by_name("http")).await.is_success());
        return;
    }
    let proxy = Untouched::start().await;
    let mut child = Command::new(std::env::current_exe().expect("the test has a path"));
    child.args(["--exact", "webhook_sender::a_proxy_in_the_environment_is_not_used"]).env(IN_CHILD, "1");
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, format!("http://{}", proxy.address()));
    }
    let output =
        tokio::task::spawn_blocking(move || child.output()).await.expect("no panic").expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    proxy.assert_untouched().await;
}
