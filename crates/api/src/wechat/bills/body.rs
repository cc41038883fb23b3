//! A bill on its way: built part by part, as fast as the client takes it.
//!
//! Nothing is held while the client is slow but one part: the next one is built when it is asked for, by a thread
//! that may block. A fault in the middle ends the transfer before its end, so that the client knows.

use std::{
    io::{self, Write},
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use hyper::body::Frame;
use tokio::task::{JoinHandle, spawn_blocking};
use tongbao_store::Fault;

use super::text::BillText;

/// A bill, compressed or not.
struct Parts {
    text: BillText,
    gzip: Option<GzEncoder<Vec<u8>>>,
    done: bool,
}

impl Parts {
    /// The next part that is not empty; `None` is the end.
    fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        while !self.done {
            let part = self.text.next_part()?;
            self.done = part.is_none();
            let part = part.unwrap_or_default();
            let bytes = match self.gzip.take() {
                None => part.into_bytes(),
                Some(mut gzip) => {
                    let unwritten = |error: io::Error| Fault::Broken(format!("gzip: {error}"));
                    gzip.write_all(part.as_bytes()).map_err(unwritten)?;
                    if self.done {
                        gzip.finish().map_err(unwritten)?
                    } else {
                        let bytes = std::mem::take(gzip.get_mut());
                        self.gzip = Some(gzip);
                        bytes
                    }
                }
            };
            if !bytes.is_empty() {
                return Ok(Some(bytes.into()));
            }
        }
        Ok(None)
    }
}

type Built = (Box<Parts>, Result<Option<Bytes>, Fault>);

enum State {
    Waiting(Box<Parts>),
    Building(JoinHandle<Built>),
    Done,
}

/// The body of a bill's download.
pub(super) fn of(text: BillText, gzip: bool) -> Body {
    let gzip = gzip.then(|| GzEncoder::new(Vec::new(), Compression::default()));
    Body::new(BillBody(State::Waiting(Box::new(Parts { text, gzip, done: false }))))
}

struct BillBody(State);

impl HttpBody for BillBody {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Fault>>> {
        loop {
            match std::mem::replace(&mut self.0, State::Done) {
                State::Waiting(mut parts) => {
                    self.0 = State::Building(spawn_blocking(move || {
                        let part = parts.next();
                        (parts, part)
                    }));
                }
                State::Building(mut task) => {
                    let Poll::Ready(built) = Pin::new(&mut task).poll(cx) else {
                        self.0 = State::Building(task);
                        return Poll::Pending;
                    };
                    let built = built.map_err(|_| Fault::Broken("building a bill panicked".to_owned()));
                    let part = built.and_then(|(parts, part)| Ok((parts, part?)));
                    return Poll::Ready(match part {
                        Ok((parts, Some(part))) => {
                            self.0 = State::Waiting(parts);
                            Some(Ok(Frame::data(part)))
                        }
                        Ok((_, None)) => None,
                        Err(fault) => {
                            tracing::error!(%fault, "a bill was cut off");
                            Some(Err(fault))
                        }
                    });
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }
}
