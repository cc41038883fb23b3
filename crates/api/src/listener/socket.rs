//! A socket that gives up on a client which does not read, and that lets a refusal reach a client which
//! is still sending.
//!
//! The second point: when a socket is closed while unread bytes wait in it, the kernel answers with a
//! reset, and the client may lose the 413 that explains it all. So after the answer the rest of the body is
//! read and thrown away, for a bounded time and amount (RFC 9112 §9.6).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::meter::Meter;

/// How long the rest of an unwanted body is thrown away before the socket is closed.
const LINGER: Duration = Duration::from_secs(1);

/// How many bytes of it at most.
const LINGER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A timer that is made at first use and kept, because most connections never wait to send.
#[derive(Default)]
struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    armed: bool,
}

impl Alarm {
    /// Arms the alarm if it is not armed, and says whether it has gone off.
    fn poll(&mut self, cx: &mut Context<'_>, after: Duration) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(after)));
        if !self.armed {
            sleep.as_mut().reset(Instant::now() + after);
            self.armed = true;
        }
        sleep.as_mut().poll(cx)
    }

    fn disarm(&mut self) {
        self.armed = false;
    }
}

/// A socket, plain or TLS, with a deadline for progress in sending.
pub(super) struct Socket<S> {
    inner: S,
    meter: Meter,
    write_stall_timeout: Duration,
    stall: Alarm,
    linger: Alarm,
    linger_bytes: usize,
    shut: bool,
}

impl<S> Socket<S> {
    pub(super) fn new(inner: S, meter: Meter, write_stall_timeout: Duration) -> Self {
        Self {
            inner,
            meter,
            write_stall_timeout,
            stall: Alarm::default(),
            linger: Alarm::default(),
            linger_bytes: 0,
            shut: false,
        }
    }

    /// Passes a result of writing on, or turns waiting into an error once it has lasted too long.
    fn progress<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(result) => {
                self.stall.disarm();
                Poll::Ready(result)
            }
            Poll::Pending => {
                ready!(self.stall.poll(cx, self.write_stall_timeout));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not read")))
            }
        }
    }
}

impl<S: AsyncRead + Unpin> Socket<S> {
    /// Throws bytes away until the client closes, or the time or the amount is used up.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut waste = [0; 8 * 1024];
        while self.linger_bytes < LINGER_BYTES_MAX {
            if self.linger.poll(cx, LINGER).is_ready() {
                break;
            }
            let mut waste = ReadBuf::new(&mut waste);
            match ready!(Pin::new(&mut self.inner).poll_read(cx, &mut waste)) {
                Ok(()) if !waste.filled().is_empty() => self.linger_bytes += waste.filled().len(),
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(cx, buf))?;
        let bytes = &buf.filled()[before..];
        if !bytes.is_empty() {
            this.meter.received(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write(cx, buf);
        this.progress(cx, result)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_write_vectored(cx, bufs);
        this.progress(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.inner).poll_flush(cx);
        this.progress(cx, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.shut {
            let result = Pin::new(&mut this.inner).poll_shutdown(cx);
            ready!(this.progress(cx, result))?;
            this.shut = true;
        }
        if this.meter.body_unread() {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
