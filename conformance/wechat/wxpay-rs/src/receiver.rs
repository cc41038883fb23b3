//! Takes notifications on this machine: as little of HTTP/1.1 as the sandbox's sender needs.

use std::{
    collections::{HashSet, hash_map::RandomState},
    hash::BuildHasher,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};

use crate::sandbox::{Failure, PATIENCE};

/// A notification as it came.
pub(crate) struct Notice {
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Notice {
    /// Which notification it is; sent again it is the same.
    fn id(&self) -> String {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        body["id"].to_string()
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.trim())
    }
}

/// See the module. Its path is its own: what was meant for a client before, whose port this is now, is not taken. Nor
/// is what was taken already and is sent again, as it may be.
pub(crate) struct Receiver {
    pub(crate) url: String,
    taken: UnboundedReceiver<Notice>,
}

impl Receiver {
    pub(crate) async fn start() -> Result<Receiver, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let path = format!("/notify/{:x}", RandomState::new().hash_one(0));
        let url = format!("http://{}{path}", listener.local_addr()?);
        let (sender, taken) = unbounded_channel();
        tokio::spawn(async move {
            let mut known = HashSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                let notice = take(socket, &path).await;
                if let Some(notice) = notice.filter(|notice| known.insert(notice.id())) {
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

/// Reads one request and answers 204, or 404 if it is for another path.
async fn take(mut socket: TcpStream, path: &str) -> Option<Notice> {
    let mut bytes = Vec::new();
    loop {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let notice = Notice { head, body: bytes[end + 4..].to_vec() };
            if notice.header("content-length").parse() == Ok(notice.body.len()) {
                let is_own = notice.head.split(' ').nth(1) == Some(path);
                let status = if is_own { "204 No Content" } else { "404 Not Found" };
                let answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\n\r\n");
                socket.write_all(answer.as_bytes()).await.ok()?;
                return is_own.then_some(notice);
            }
        }
        let mut part = [0; 4_096];
        let length = socket.read(&mut part).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&part[..length]);
    }
}
