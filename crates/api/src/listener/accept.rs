//! The accept loop: sockets in, one task each, until the shutdown; then the drain.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::Service;

use super::connection::{self, Common, Phase};
use super::peers::Peers;

/// Connections that the kernel keeps for us until we accept them. Linux caps this at `net.core.somaxconn`,
/// 4,096 since version 5.4.
const BACKLOG: u32 = 4_096;

/// How long to wait before accepting again after the process ran out of file handles or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long cut connections get to disappear before the drain reports.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// What became of the connections that were open at the shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Drained {
    /// Connections that were still busy at the drain deadline and were closed.
    pub cut: u32,
}

pub(super) fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restarted server must not wait for the last connections of its predecessor to time out.
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

pub(super) async fn run<S>(
    listener: TcpListener,
    common: Arc<Common<S>>,
    shutdown: impl Future<Output = ()>,
) -> Drained
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    let peers = Peers::new(common.limits.connections_per_peer_max);
    let (phase, watched) = watch::channel(Phase::Serving);
    let mut shutdown = pin!(shutdown);
    loop {
        // Waiting for room before accepting leaves further clients in the backlog of the kernel, where they
        // cost nothing, until idle connections make room.
        let permit = tokio::select! {
            biased;
            () = &mut shutdown => break,
            permit = common.room.clone().acquire_owned() => permit.expect("this semaphore is never closed"),
        };
        let (stream, peer) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener) => accepted,
        };
        let Some(place) = peers.enter(peer.ip()) else {
            tracing::debug!(%peer, "too many connections of one network");
            continue;
        };
        let connection = connection::serve(common.clone(), stream, peer, watched.clone());
        tokio::spawn(async move {
            connection.await;
            drop((permit, place));
        });
    }
    drop(listener);
    drain(&common.room, common.limits.connections_max, common.limits.drain_timeout, &phase).await
}

/// The next connection. Errors never end the loop: those of a single connection are skipped, those of the
/// process (no file handles, no memory) are waited out.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small and written at once; waiting to fill a packet would only delay them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%peer, %error, "TCP_NODELAY refused");
                }
                return (stream, peer);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections at the moment");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

async fn drain(room: &Semaphore, all: u32, deadline: Duration, phase: &watch::Sender<Phase>) -> Drained {
    phase.send_replace(Phase::Draining);
    if timeout(deadline, room.acquire_many(all)).await.is_ok() {
        return Drained { cut: 0 };
    }
    let free = u32::try_from(room.available_permits()).unwrap_or(u32::MAX);
    let cut = all.saturating_sub(free);
    tracing::warn!(connections = cut, "the drain deadline passed; open connections are cut");
    phase.send_replace(Phase::Over);
    let _ = timeout(CUT_GRACE, room.acquire_many(all)).await;
    Drained { cut }
}
