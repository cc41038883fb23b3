//! How many connections each network has open.
//!
//! Invariant: an entry exists only while its count is above zero, so the map is never larger than the
//! number of open connections.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The part of an address that one customer of a network provider holds: a whole IPv4 address, or the
/// first 64 bits of an IPv6 address (RFC 6177 gives an end site a /64 or more).
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[derive(Clone, Debug)]
pub(super) struct Peers {
    counts: Arc<Mutex<HashMap<IpAddr, u32>>>,
    per_peer_max: u32,
}

impl Peers {
    pub(super) fn new(per_peer_max: u32) -> Self {
        Self { counts: Arc::default(), per_peer_max }
    }

    /// A place for one more connection of this address, or `None` when it has all it may have.
    pub(super) fn enter(&self, address: IpAddr) -> Option<Place> {
        let network = network(address);
        let mut counts = self.lock();
        let count = counts.entry(network).or_insert(0);
        if *count >= self.per_peer_max {
            if *count == 0 {
                counts.remove(&network);
            }
            return None;
        }
        *count += 1;
        Some(Place { peers: self.clone(), network })
    }

    fn leave(&self, network: IpAddr) {
        let mut counts = self.lock();
        if let Some(count) = counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&network);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, u32>> {
        // No code that can panic runs under this lock, and a count is whole at every instant.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place among those of its network; dropping it gives the place back.
#[derive(Debug)]
pub(super) struct Place {
    peers: Peers,
    network: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.peers.leave(self.network);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn addresses_of_one_ipv6_site_share_their_places() {
        let peers = Peers::new(2);
        let first = peers.enter(ip("2001:db8:1:2::1"));
        let second = peers.enter(ip("2001:db8:1:2:ffff::9"));
        assert!(first.is_some() && second.is_some());
        assert!(peers.enter(ip("2001:db8:1:2::3")).is_none());
        assert!(peers.enter(ip("2001:db8:1:3::3")).is_some());
        drop(first);
        assert!(peers.enter(ip("2001:db8:1:2::3")).is_some());
    }

    #[test]
    fn an_ipv4_address_is_the_same_when_mapped_into_ipv6() {
        let peers = Peers::new(1);
        let _held = peers.enter(ip("192.0.2.7"));
        assert!(peers.enter(ip("::ffff:192.0.2.7")).is_none());
        assert!(peers.enter(ip("192.0.2.8")).is_some());
    }

    #[test]
    fn nothing_is_remembered_of_those_who_left() {
        let peers = Peers::new(1);
        drop(peers.enter(ip("192.0.2.7")));
        assert!(peers.lock().is_empty());
        let none = Peers::new(0);
        assert!(none.enter(ip("192.0.2.7")).is_none());
        assert!(none.lock().is_empty());
    }
}
