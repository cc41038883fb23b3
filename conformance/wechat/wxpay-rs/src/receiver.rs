//! Takes notifications on this machine: as little of HTTP/1.1 as the sandbox's sender needs.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::sandbox::Failure;

/// Longer than a delivery takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A notification as it came.
pub(crate) struct Notice {
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Notice {
    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.trim())
    }
}

/// See the module.
pub(crate) struct Receiver {
    pub(crate) url: String,
    taken: UnboundedReceiver<Notice>,
}

impl Receiver {
    pub(crate) async fn start() -> Result<Receiver, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/notify", listener.local_addr()?);
        let (sender, taken) = unbounded_channel();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                if let Some(notice) = take(socket).await {
                    // Whoever waited may be gone.
                    let _ = sender.send(notice);
                }
            }
        });
        Ok(Receiver { url, taken })
    }

    /// The next notification.
    pub(crate) async fn next(&mut self) -> Result<Notice, Failure> {
        let notice = tokio::time::timeout(PATIENCE, self.taken.recv()).await?;
        notice.ok_or_else(|| "the receiver has ended".into())
    }
}

/// Reads one request and answers 204.
async fn take(mut socket: TcpStream) -> Option<Notice> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let notice = Notice { head, body: bytes[end + 4..].to_vec() };
            if notice.header("content-length").parse() == Ok(notice.body.len()) {
                socket.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").await.ok()?;
                return Some(notice);
            }
        }
        let mut part = [0; 4_096];
        let length = socket.read(&mut part).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&part[..length]);
    }
}
