//! What the listener refuses by itself under the paths of the door comes in the words of the door.

use axum::Router;
use axum::routing::get;
use tongbao_api::listener::{Limits, ListenConfig, Listener};
use tongbao_api::wechat::REWORD;

use crate::socket::{ms, within};

async fn stuck() {
    std::future::pending::<()>().await;
}

async fn broken() {
    panic!("on purpose")
}

/// Asks a listener with little patience, and reads the whole answer.
async fn ask(path: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let router = Router::new()
        .route("/v3/stuck", get(stuck))
        .route("/v3/broken", get(broken))
        .route("/v1/stuck", get(stuck));
    let limits = Limits { request_timeout: ms(50), ..Limits::default() };
    let config = ListenConfig { addr: "127.0.0.1:0".parse().unwrap(), tls: None, limits };
    let listener = Listener::bind(config).unwrap().with_reword(REWORD);
    let addr = listener.local_addr();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(listener.serve(router, async { stopped.await.unwrap_or_default() }));
    let mut socket = tokio::net::TcpStream::connect(addr).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    within(socket.read_to_string(&mut answer)).await.unwrap();
    stop.send(()).unwrap();
    assert_eq!(within(server).await.unwrap().cut, 0);
    answer
}

#[tokio::test]
async fn a_deadline_and_a_panic_under_v3_are_told_as_wechat_pay_tells_them() {
    for path in ["/v3/stuck", "/v3/broken"] {
        let answer = ask(path).await;
        assert!(answer.starts_with("HTTP/1.1 500"), "{path}: {answer}");
        assert!(
            answer.contains("\"code\":\"SYSTEM_ERROR\"") && answer.contains("\"message\":\""),
            "{answer}"
        );
        assert!(
            answer.contains("application/json; charset=utf-8") && !answer.contains("problem+json"),
            "{answer}"
        );
        let ids = answer.lines().filter(|line| line.to_ascii_lowercase().starts_with("request-id:"));
        assert!(ids.map(|id| id.contains('-')).eq([true]), "{answer}");
        assert!(!answer.to_ascii_lowercase().contains("wechatpay-"), "errors are not signed: {answer}");
    }
    let answer = ask("/v1/stuck").await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("\"deadline_passed\""), "{answer}");
}
