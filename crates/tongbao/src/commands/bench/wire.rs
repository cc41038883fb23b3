//! A connection that speaks just enough HTTP/1.1 for a benchmark of our own server: one request after the
//! other, answers with a `Content-Length`.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::output::Failure;

/// Room for an answer; ours are smaller.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// See the module.
pub(super) struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer.
pub(super) struct Answer<'a> {
    status: u16,
    head: &'a str,
    body: &'a str,
}

impl<'a> Answer<'a> {
    /// The body, if the status is this one.
    pub(super) fn expect(self, status: u16) -> Result<&'a str, Failure> {
        if self.status == status {
            return Ok(self.body);
        }
        Err(format!("answered {}: {}", self.status, self.body).into())
    }

    /// Names and values of its headers.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let pairs = self.head.lines().filter_map(|line| line.split_once(':'));
        pairs.map(|(name, value)| (name, value.trim()))
    }
}

impl Wire {
    pub(super) async fn connect(address: SocketAddr) -> Result<Wire, Failure> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Wire { stream, received: vec![0; ANSWER_BYTES_MAX] })
    }

    /// Posts a JSON body; `headers` are whole lines.
    pub(super) async fn post(
        &mut self,
        path: &str,
        headers: &str,
        body: &str,
    ) -> Result<Answer<'_>, Failure> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.received[filled..]).await?;
            if read == 0 {
                return Err("the server closed the connection within an answer".into());
            }
            filled += read;
            if let Some((status, start, end)) = parse(&self.received[..filled]) {
                let text = |from: usize, to: usize| std::str::from_utf8(&self.received[from..to]);
                return Ok(Answer { status, head: text(0, start)?, body: text(start, end)? });
            }
        }
    }
}

/// The status of an answer, and where its body starts and ends, once all of it is there.
fn parse(received: &[u8]) -> Option<(u16, usize, usize)> {
    let start = received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&received[..start]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") { value.trim().parse::<usize>().ok() } else { None }
    })?;
    let end = start + length;
    (end <= received.len()).then_some((status, start, end))
}
