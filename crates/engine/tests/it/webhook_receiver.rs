//! Receivers of webhooks on 127.0.0.1, written by hand so that they can misbehave.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tongbao_engine::webhook::lookup::{Looking, Lookup};

/// What a receiver does with each request.
#[derive(Clone)]
pub(crate) enum Script {
    /// Writes these bytes and waits for the next request.
    Answer(Vec<u8>),
    /// Writes the first bytes, then the second over and over until the sender hangs up.
    Forever(Vec<u8>, Vec<u8>),
    /// Writes these bytes and then nothing more, keeping the connection open.
    Stall(Vec<u8>),
    /// Writes these bytes and hangs up.
    HangUp(Vec<u8>),
}

/// What a receiver noticed, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// A connection was opened, with this server name if over TLS.
    Opened(Option<String>),
    /// A request arrived whole.
    Request { head: String, body: Vec<u8> },
    /// The connection ended.
    Closed,
}

/// A receiver that runs until it is dropped.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    notices: mpsc::UnboundedReceiver<Notice>,
    task: tokio::task::JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start(script: Script) -> Self {
        Self::start_with(script, None).await
    }

    pub(crate) async fn start_with(script: Script, tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (noticed, notices) = mpsc::unbounded_channel();
        let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
        let task = tokio::spawn(async move {
            // One connection at a time is enough for one sender that makes one attempt at a time.
            while let Ok((socket, _)) = listener.accept().await {
                // An error here is the sender hanging up, which is a notice and not a failure.
                let _ended: io::Result<()> = serve(socket, tls.as_ref(), &script, &noticed).await;
                if noticed.send(Notice::Closed).is_err() {
                    return;
                }
            }
        });
        Self { address, notices, task }
    }

    /// A URL at this receiver with its address as host.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/notify", self.address)
    }

    /// A URL at the port of this receiver with a name as host.
    pub(crate) fn url_by_name(&self, scheme: &str) -> String {
        format!("{scheme}://shop.example.com:{}/notify", self.address.port())
    }

    pub(crate) async fn next(&mut self) -> Notice {
        self.notices.recv().await.expect("the receiver runs")
    }

    /// Head and body of the next request, skipping other notices.
    pub(crate) async fn next_request(&mut self) -> (String, Vec<u8>) {
        loop {
            if let Notice::Request { head, body } = self.next().await {
                return (head, body);
            }
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    socket: TcpStream,
    tls: Option<&TlsAcceptor>,
    script: &Script,
    noticed: &mpsc::UnboundedSender<Notice>,
) -> io::Result<()> {
    let Some(tls) = tls else {
        let _kept = noticed.send(Notice::Opened(None));
        return converse(socket, script, noticed).await;
    };
    let stream = tls.accept(socket).await?;
    let name = stream.get_ref().1.server_name().map(ToOwned::to_owned);
    let _kept = noticed.send(Notice::Opened(name));
    converse(stream, script, noticed).await
}

async fn converse(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &Script,
    noticed: &mpsc::UnboundedSender<Notice>,
) -> io::Result<()> {
    while let Some((head, body)) = read_request(&mut stream).await? {
        let _kept = noticed.send(Notice::Request { head, body });
        match script {
            Script::Answer(answer) => stream.write_all(answer).await?,
            Script::Forever(start, more) => {
                stream.write_all(start).await?;
                loop {
                    stream.write_all(more).await?;
                }
            }
            // The next read then lasts until the sender hangs up.
            Script::Stall(start) => stream.write_all(start).await?,
            Script::HangUp(start) => {
                stream.write_all(start).await?;
                return stream.shutdown().await;
            }
        }
        stream.flush().await?;
    }
    Ok(())
}

/// The next request with its `Content-Length` body; `None` when the sender has closed.
async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<(String, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let head_bytes = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_bytes]).into_owned();
    let length = header(&head, "content-length").map_or(0, |value| value.parse().expect("a length"));
    let mut body = bytes.split_off(head_bytes);
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Ok(None);
        }
    }
    Ok(Some((head, body)))
}

/// The value of a header in the text of a head.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// An answer with a length.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> Script {
    let length = body.len();
    Script::Answer(
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n{body}").into_bytes(),
    )
}

/// A listener that nobody should connect to.
pub(crate) struct Untouched(TcpListener);

impl Untouched {
    pub(crate) async fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a port is free"))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("it is bound")
    }

    /// Connects itself and checks that this is the first connection the listener has seen.
    pub(crate) async fn assert_untouched(self) {
        let own = TcpStream::connect(self.address()).await.expect("it listens");
        let (_, peer) = self.0.accept().await.expect("it listens");
        assert_eq!(peer, own.local_addr().expect("it is connected"), "somebody connected before us");
    }
}

/// A name server that gives one prepared answer per question, then none.
pub(crate) struct PreparedLookup(Mutex<VecDeque<Vec<IpAddr>>>);

impl PreparedLookup {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |text: &&str| text.parse().expect("an address");
        let answers = answers.iter().map(|answer| answer.iter().map(parse).collect());
        Arc::new(Self(Mutex::new(answers.collect())))
    }

    /// How many prepared answers nobody has asked for.
    pub(crate) fn remaining(&self) -> usize {
        self.0.lock().expect("no test panics while holding it").len()
    }
}

impl Lookup for PreparedLookup {
    fn lookup(&self, name: &str) -> Looking {
        assert_eq!(name, "shop.example.com");
        let answer = self.0.lock().expect("no test panics while holding it").pop_front();
        Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
    }
}
