//! A server under test, and a client that can misbehave because it writes its own bytes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tongbao_api::json::StrictJson;
use tongbao_api::listener::{Drained, Limits, ListenConfig, Listener, TlsConfig};

/// How long anything in these tests may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for something that must happen.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("this did not happen in time")
}

pub(crate) const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A router that greets at `/`, and counts the bytes of a JSON body at `/take`.
pub(crate) fn hello() -> Router {
    async fn take(body: StrictJson<serde_json::Value>) -> String {
        body.raw.len().to_string()
    }
    Router::new().route("/", get(|| async { "hello" })).route("/take", post(take))
}

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Drained>,
}

impl Server {
    pub(crate) fn start(router: Router, limits: Limits, tls: Option<TlsConfig>) -> Self {
        let config = ListenConfig { addr: "127.0.0.1:0".parse().unwrap(), tls, limits };
        let listener = Listener::bind(config).unwrap();
        let addr = listener.local_addr();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(listener.serve(router, async { stopped.await.unwrap_or_default() }));
        Self { addr, stop: Some(stop), task }
    }

    /// Asks for the shutdown without waiting for it.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).unwrap();
        }
    }

    pub(crate) async fn drained(mut self) -> Drained {
        self.stop();
        within(self.task).await.unwrap()
    }

    pub(crate) async fn connect(&self) -> Client {
        Client { stream: within(TcpStream::connect(self.addr)).await.unwrap(), received: Vec::new() }
    }
}

pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The code of a problem, once its form has been checked.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], self.status);
        assert_eq!(json["request_id"], self.headers["request-id"]);
        let code = json["code"].as_str().unwrap();
        assert_eq!(json["type"], format!("/docs#error-{code}"));
        code.to_owned()
    }
}

impl Client {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within(self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await;
        self.reply().await
    }

    pub(crate) async fn post(&mut self, path: &str, content_type: &str, body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        self.send([head.as_bytes(), body].concat()).await;
        self.reply().await
    }

    /// The next answer, whose length must be announced.
    pub(crate) async fn reply(&mut self) -> Reply {
        let head_length = loop {
            if let Some(end) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 4;
            }
            self.receive().await;
        };
        let head = String::from_utf8(self.received[..head_length].to_vec()).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: HashMap<String, String> = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let body_length: usize = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
        while self.received.len() < head_length + body_length {
            self.receive().await;
        }
        let rest = self.received.split_off(head_length + body_length);
        let body = String::from_utf8(self.received[head_length..].to_vec()).unwrap();
        self.received = rest;
        Reply { status, headers, body }
    }

    async fn receive(&mut self) {
        let count = within(self.stream.read_buf(&mut self.received)).await.unwrap();
        assert_ne!(count, 0, "closed after {:?}", String::from_utf8_lossy(&self.received));
    }

    /// Waits for the server to close, and gives what came before.
    pub(crate) async fn until_closed(&mut self) -> Vec<u8> {
        // A reset is as much an end as an orderly close.
        let _ = within(self.stream.read_to_end(&mut self.received)).await;
        std::mem::take(&mut self.received)
    }
}
