//! The HTTP listener: TLS or clear text, HTTP/1.1 and HTTP/2 on one port, and a deadline for everything a
//! client may be slow at.
//!
//! We run our own accept loop because `axum::serve` waits for ever for a request head (measured: still open
//! after 75 seconds). What a client can do to us, and what stops it:
//!
//! | The client | is stopped by |
//! |---|---|
//! | stays silent | [`Limits::idle_timeout`] |
//! | opens many connections | [`Limits::connections_max`], [`Limits::connections_per_peer_max`] |
//! | dawdles in the handshake | [`Limits::handshake_timeout`] |
//! | dawdles in the request head | [`Limits::head_timeout`] |
//! | dawdles in the body | [`Limits::body_timeout`]: 408 |
//! | sends a huge head | [`Limits::head_bytes_max`]: 431 |
//! | sends a huge body | the endpoint's own limit: 413 |
//! | does not read the answer | [`Limits::write_stall_timeout`] |
//! | reads a byte now and then | [`Limits::request_timeout`] |
//! | opens many HTTP/2 streams | [`Limits::http2_streams_max`] |
//!
//! Invariants: no client's behaviour ends the loop; a connection holds its place among those of its network
//! and of the process until its socket is closed; every answer of a router carries `Request-Id`,
//! `X-Content-Type-Options` and `Cache-Control`, and every refusal is a
//! [`Problem`](crate::problem::Problem). Answers to requests that cannot be parsed (400, 414, 431) come
//! from hyper, are empty, and carry none of this.
//!
//! Absent on purpose: `axum::serve`, upgrades (WebSocket), the PROXY protocol, compression.

mod accept;
mod arrival;
mod body;
mod connection;
mod front;
mod limits;
mod meter;
mod peers;
mod socket;
mod tls;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::{fmt, io};

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use rustls::pki_types::pem;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tower::Service;

pub use self::accept::Drained;
pub use self::arrival::{Arrival, PeerAddr, RequestId};
pub use self::body::BodyFault;
pub use self::front::{LongAnswer, REQUEST_ID, Reword};
pub use self::limits::*;
pub use self::peers::network;
pub use self::tls::{TlsConfig, development_certificate};

/// Where to listen, and how.
#[derive(Clone, Debug)]
pub struct ListenConfig {
    /// The address to bind; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Certificate and key; `None` speaks clear text.
    pub tls: Option<TlsConfig>,
    /// What one client may take.
    pub limits: Limits,
}

/// A bound listener. Clients can connect from now on; they are answered once it serves.
pub struct Listener {
    socket: TcpListener,
    addr: SocketAddr,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    docs_base: String,
    reword: Option<Reword>,
    request_ids: Box<dyn Fn() -> RequestId + Send + Sync>,
}

impl Listener {
    /// Reads certificate and key and binds the address. Needs a Tokio runtime with I/O and time.
    pub fn bind(config: ListenConfig) -> Result<Self, BindFault> {
        let tls = config.tls.as_ref().map(tls::server_config).transpose()?;
        let address_fault = |source| BindFault::Address { addr: config.addr, source };
        let socket = accept::listen(config.addr).map_err(address_fault)?;
        let addr = socket.local_addr().map_err(address_fault)?;
        Ok(Self {
            socket,
            addr,
            tls: tls.map(|tls| TlsAcceptor::from(Arc::new(tls))),
            limits: config.limits,
            docs_base: String::new(),
            reword: None,
            request_ids: Box::new(RequestId::generate),
        })
    }

    /// Makes request ids by `make` instead of from the clock and the system's randomness.
    #[must_use]
    pub fn with_request_ids(mut self, make: impl Fn() -> RequestId + Send + Sync + 'static) -> Self {
        self.request_ids = Box::new(make);
        self
    }

    /// Puts `base`, such as `https://pay.example`, before `/docs#error-…` in the `type` of problems. Without
    /// it the link is relative to the host that was asked.
    #[must_use]
    pub fn with_docs_base(mut self, base: impl Into<String>) -> Self {
        self.docs_base = base.into();
        self
    }

    /// Says what the listener refuses by itself in the words of a door, on the paths of that door.
    #[must_use]
    pub fn with_reword(mut self, reword: Reword) -> Self {
        self.reword = Some(reword);
        self
    }

    /// The address that was bound, with the port that was found for port 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers requests by `router` until `shutdown` is ready; then stops accepting, lets requests in flight
    /// finish for [`Limits::drain_timeout`], and returns.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()>) -> Drained {
        // This lets the router build its routes once instead of at each request.
        self.serve_service(router.with_state(()), shutdown).await
    }

    /// Like [`Self::serve`] for a router inside layers, without the boxing that `Router::layer` brings.
    pub async fn serve_service<S>(self, service: S, shutdown: impl Future<Output = ()>) -> Drained
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        let desk = front::Desk {
            body_timeout: self.limits.body_timeout,
            request_timeout: self.limits.request_timeout,
            docs_base: self.docs_base,
            reword: self.reword,
            request_ids: self.request_ids,
        };
        let common = connection::Common {
            service,
            desk: Arc::new(desk),
            builder: connection::builder(&self.limits),
            tls: self.tls,
            room: Arc::new(Semaphore::new(self.limits.connections_max as usize)),
            limits: self.limits,
        };
        accept::run(self.socket, Arc::new(common), shutdown).await
    }
}

/// Why a listener could not be set up.
#[derive(Debug)]
pub enum BindFault {
    /// The address is taken, or not ours.
    Address {
        /// What was to be bound.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate file cannot be read.
    Certificate {
        /// As configured.
        file: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// The key file cannot be read.
    Key {
        /// As configured.
        file: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// Certificate and key do not fit each other, or TLS cannot use them.
    Tls(rustls::Error),
}

impl fmt::Display for BindFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { addr, .. } => write!(f, "cannot listen on {addr}"),
            Self::Certificate { file, .. } => write!(f, "cannot read the certificate {}", file.display()),
            Self::Key { file, .. } => write!(f, "cannot read the private key {}", file.display()),
            Self::Tls(_) => f.write_str("certificate and key cannot be used"),
        }
    }
}

impl std::error::Error for BindFault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Address { source, .. } => Some(source),
            Self::Certificate { source, .. } | Self::Key { source, .. } => Some(source),
            Self::Tls(source) => Some(source),
        }
    }
}
