//! Turning a host name into addresses, inside the connector, with the forbidden ones kept out.
//!
//! Invariant: the addresses that were judged are the addresses that are connected to. There is no second
//! lookup between the two, so a name that changes its answer (DNS rebinding) gains nothing. The name stays in
//! Host and in SNI.
//!
//! One forbidden address refuses the whole name: a public name has no business pointing inside, and which
//! address the connector would have tried first must not matter.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::target::Policy;

/// Lookups that run at once. Each holds a thread of the blocking pool (512 by default in tokio), which
/// password hashing shares; name servers that do not answer must not use it up.
const SYSTEM_LOOKUPS_MAX: usize = 64;

/// The answer of a [`Lookup`].
pub type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Where names become addresses. The system's resolver in service; tests answer what they like.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of `name`. An empty list means that the name has none.
    fn lookup(&self, name: &str) -> Looking;
}

/// The resolver of the operating system.
pub struct SystemLookup {
    slots: Arc<Semaphore>,
}

impl SystemLookup {
    /// A resolver with at most 64 lookups at once; the others wait, within the deadline of their attempt.
    pub fn new() -> Self {
        Self { slots: Arc::new(Semaphore::new(SYSTEM_LOOKUPS_MAX)) }
    }
}

impl Default for SystemLookup {
    fn default() -> Self {
        Self::new()
    }
}

impl Lookup for SystemLookup {
    fn lookup(&self, name: &str) -> Looking {
        let slots = Arc::clone(&self.slots);
        let name = name.to_owned();
        Box::pin(async move {
            let slot = slots.acquire_owned().await.map_err(io::Error::other)?;
            // The slot moves into the thread: an attempt that gave up does not free the thread.
            let blocking = tokio::task::spawn_blocking(move || {
                let _slot = slot;
                let addresses = (name.as_str(), 0).to_socket_addrs()?;
                Ok(addresses.map(|address| address.ip()).collect())
            });
            blocking.await.map_err(io::Error::other)?
        })
    }
}

/// Why a name gave no address to connect to.
#[derive(Debug)]
pub(super) enum LookupFailure {
    /// At least one address is forbidden.
    Forbidden,
    /// The name has no address, or nobody could be asked.
    NotFound,
}

impl fmt::Display for LookupFailure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Forbidden => "the name resolves to a forbidden address",
            Self::NotFound => "the name does not resolve",
        })
    }
}

impl std::error::Error for LookupFailure {}

/// The resolver that the HTTP client connects with.
pub(super) struct GuardedResolver {
    pub(super) policy: Policy,
    pub(super) lookup: Arc<dyn Lookup>,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy;
        let looking = self.lookup.lookup(name.as_str());
        Box::pin(async move {
            let addresses = looking.await.map_err(|_| LookupFailure::NotFound)?;
            if addresses.is_empty() {
                return Err(LookupFailure::NotFound.into());
            }
            if !addresses.iter().all(|address| policy.permits(*address)) {
                return Err(LookupFailure::Forbidden.into());
            }
            // Port 0 stands for the port of the URL.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
