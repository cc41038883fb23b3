//! Which IP addresses are on the public Internet, and which a webhook must never reach.
//!
//! Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries, the IPv4 multicast registry, and the
//! IPv6 address space registry. Every block of these is forbidden, also the few that IANA marks as globally
//! reachable (AS112, AMT, PCP anycast): no merchant's server lives there.
//!
//! IPv6 is decided the safe way round: only global unicast, `2000::/3`, is public at all. That alone excludes
//! `::`, `::1`, IPv4-compatible, IPv4-mapped and IPv4-translated addresses, NAT64 (`64:ff9b::/96`,
//! `64:ff9b:1::/48`), discard (`100::/64`), `SRv6` (`5f00::/16`), unique local (`fc00::/7`), link-local
//! (`fe80::/10`), site-local (`fec0::/10`), multicast (`ff00::/8`) and all unassigned space. Addresses that
//! carry an IPv4 address inside are refused whole instead of being unpacked, so there is no second parser
//! to fool. The cost: a host whose only way to IPv4 is DNS64 cannot deliver to IPv4-only receivers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// Forbidden IPv4 blocks.
const FORBIDDEN_V4: [Ipv4Net; 19] = [
    v4([0, 0, 0, 0], 8),        // "This network", RFC 791; 0.0.0.0 connects to the own host.
    v4([10, 0, 0, 0], 8),       // Private use, RFC 1918.
    v4([100, 64, 0, 0], 10),    // Shared address space behind carrier NAT, RFC 6598.
    v4([127, 0, 0, 0], 8),      // Loopback, RFC 1122.
    v4([168, 63, 129, 16], 32), // Not IANA's: the virtual host address of Microsoft Azure, as documented there.
    v4([169, 254, 0, 0], 16),   // Link-local, RFC 3927; cloud metadata lives here.
    v4([172, 16, 0, 0], 12),    // Private use, RFC 1918.
    v4([192, 0, 0, 0], 24),     // IETF protocol assignments, RFC 6890.
    v4([192, 0, 2, 0], 24),     // Documentation, RFC 5737.
    v4([192, 31, 196, 0], 24),  // AS112, RFC 7535.
    v4([192, 52, 193, 0], 24),  // AMT, RFC 7450.
    v4([192, 88, 99, 0], 24),   // Deprecated 6to4 relay anycast, RFC 7526.
    v4([192, 168, 0, 0], 16),   // Private use, RFC 1918.
    v4([192, 175, 48, 0], 24),  // AS112 direct delegation, RFC 7534.
    v4([198, 18, 0, 0], 15),    // Benchmarking, RFC 2544.
    v4([198, 51, 100, 0], 24),  // Documentation, RFC 5737.
    v4([203, 0, 113, 0], 24),   // Documentation, RFC 5737.
    v4([224, 0, 0, 0], 4),      // Multicast, RFC 5771.
    v4([240, 0, 0, 0], 4),      // Reserved, RFC 1112, with limited broadcast, RFC 919.
];

/// The only part of IPv6 that IANA allocates as global unicast (RFC 4291).
const GLOBAL_UNICAST_V6: Ipv6Net = v6([0x2000, 0, 0], 3);

/// Forbidden blocks inside [`GLOBAL_UNICAST_V6`].
const FORBIDDEN_V6: [Ipv6Net; 5] = [
    v6([0x2001, 0, 0], 23), // IETF protocol assignments, RFC 2928: Teredo, benchmarking, ORCHID and others.
    v6([0x2001, 0xdb8, 0], 32), // Documentation, RFC 3849.
    v6([0x2002, 0, 0], 16), // 6to4, RFC 3056: an IPv4 address inside.
    v6([0x2620, 0x4f, 0x8000], 48), // AS112 direct delegation, RFC 7534.
    v6([0x3fff, 0, 0], 20), // Documentation, RFC 9637.
];

const fn v4(octets: [u8; 4], prefix_bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::from_octets(octets), prefix_bits)
}

const fn v6(head: [u16; 3], prefix_bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(head[0], head[1], head[2], 0, 0, 0, 0, 0), prefix_bits)
}

/// Whether the address is anything but an ordinary public unicast address.
pub fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => FORBIDDEN_V4.iter().any(|block| block.contains(&address)),
        IpAddr::V6(address) => {
            !GLOBAL_UNICAST_V6.contains(&address) || FORBIDDEN_V6.iter().any(|block| block.contains(&address))
        }
    }
}
