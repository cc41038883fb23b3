//! One connection from its first byte to its last: TLS handshake, HTTP, deadlines, farewell.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::body::Body;
use http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service;

use super::front::{Desk, Front};
use super::limits::{HEAD_BYTES_MIN, Limits};
use super::meter::{Meter, Verdict};
use super::socket::Socket;

/// What the listener is doing, as its connections see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    /// Finish what is in flight and close.
    Draining,
    /// The time for draining is over.
    Over,
}

/// What all connections of a listener share.
pub(super) struct Common<S> {
    pub(super) service: S,
    pub(super) desk: Arc<Desk>,
    pub(super) limits: Limits,
    pub(super) builder: Builder<TokioExecutor>,
    pub(super) tls: Option<TlsAcceptor>,
    /// Its free permits tell how full the process is.
    pub(super) room: Arc<Semaphore>,
}

/// The HTTP settings that follow from the limits.
pub(super) fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let head_bytes_max = limits.head_bytes_max.max(HEAD_BYTES_MIN);
    let mut builder = Builder::new(TokioExecutor::new());
    // The head's deadline is kept by `Meter`: the one of hyper also runs while a connection is idle, and
    // allocates and arms a timer for each request. Names of headers begin their words with capitals, because
    // WeChat Pay's SDK for Java looks them up as WeChat Pay writes them.
    builder.http1().header_read_timeout(None).max_buf_size(head_bytes_max).title_case_headers(true);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(limits.http2_ping_interval)
        .keep_alive_timeout(limits.http2_ping_interval)
        .max_concurrent_streams(limits.http2_streams_max)
        .max_header_list_size(u32::try_from(head_bytes_max).unwrap_or(u32::MAX));
    builder
}

/// Serves one accepted socket until it is closed.
pub(super) async fn serve<S>(
    common: Arc<Common<S>>,
    stream: TcpStream,
    peer: SocketAddr,
    mut phase: watch::Receiver<Phase>,
) where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let Some(tls) = &common.tls else {
        return talk(&common, stream, peer, phase).await;
    };
    let handshake = timeout(common.limits.handshake_timeout, tls.accept(stream));
    let over = phase.wait_for(|phase| *phase == Phase::Over);
    let stream = tokio::select! {
        outcome = handshake => match outcome {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return tracing::debug!(%peer, %error, "TLS handshake failed"),
            Err(_) => return tracing::debug!(%peer, "TLS handshake took too long"),
        },
        _ = over => return,
    };
    talk(&common, stream, peer, phase).await;
}

async fn talk<S, I>(common: &Common<S>, stream: I, peer: SocketAddr, mut phase: watch::Receiver<Phase>)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = &common.limits;
    let meter = Meter::new();
    let front = Front {
        service: common.service.clone(),
        desk: common.desk.clone(),
        meter: meter.clone(),
        peer,
        secure: common.tls.is_some(),
    };
    let socket = Socket::new(stream, meter.clone(), limits.write_stall_timeout);
    let mut connection = pin!(common.builder.serve_connection(TokioIo::new(socket), front));
    let mut check = interval(limits.check_interval());
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut retired_at = None;
    if *phase.borrow_and_update() != Phase::Serving {
        connection.as_mut().graceful_shutdown();
    }
    loop {
        tokio::select! {
            // The connection comes last: one that is never at rest uses up the task's budget, and nothing after
            // it would ever be asked.
            biased;
            changed = phase.changed() => match (changed, *phase.borrow_and_update()) {
                (Ok(()), Phase::Serving | Phase::Draining) => connection.as_mut().graceful_shutdown(),
                (Err(_), _) | (_, Phase::Over) => return,
            },
            _ = check.tick() => match judge(common, &meter, retired_at) {
                Verdict::Stay => {}
                Verdict::Retire => {
                    retired_at.get_or_insert_with(Instant::now);
                    connection.as_mut().graceful_shutdown();
                }
                Verdict::Cut(reason) => return tracing::debug!(%peer, reason, "connection cut"),
            },
            outcome = connection.as_mut() => {
                if let Err(error) = outcome {
                    tracing::debug!(%peer, %error, "connection ended early");
                }
                return;
            }
        }
    }
}

/// The meter's verdict; a connection that was retired and is still here after the time for a stalled write
/// is cut.
fn judge<S>(common: &Common<S>, meter: &Meter, retired_at: Option<Instant>) -> Verdict {
    let limits = &common.limits;
    if retired_at.is_some_and(|at| at.elapsed() >= limits.write_stall_timeout) {
        return Verdict::Cut("the client did not take its leave");
    }
    let free = common.room.available_permits();
    let pressed = free < limits.connections_max as usize / 4;
    meter.verdict(limits, pressed)
}
