//! What URL a webhook may be sent to: the checks that need no network.
//!
//! They run when a merchant registers an endpoint, to answer at once, and again before every attempt, since
//! rules and stored rows change. The URL is parsed once, by the `url` crate after the WHATWG rules, and that
//! parse is what is connected to: decimal, octal, hexadecimal, short and full-width spellings of an IPv4
//! address have become an address before they are judged, and no other parser sees the text.
//!
//! Absent on purpose: DNS. What a name resolves to is judged by [`lookup`](super::lookup) in the connector.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::address::is_forbidden;

/// Longest URL in bytes; what browsers and proxies commonly carry, and ample for an endpoint.
pub const URL_MAX_BYTES: usize = 2_048;

/// Ports from 1024 up that [`Policy::PublicOnly`] refuses: the bad ports of the WHATWG Fetch standard and the
/// registered or customary ports of databases, brokers, caches, remote desktops and cluster control, so that
/// the platform cannot be made to knock on them. Below 1024 only 443 is allowed.
const FORBIDDEN_PORTS: [u16; 47] = [
    1433, 1521, 1719, 1720, 1723, 2049, 2181, 2375, 2376, 2379, 2380, 3306, 3389, 3659, 4045, 4190, 5060,
    5061, 5432, 5672, 5900, 5984, 5985, 5986, 6000, 6379, 6443, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
    6697, 7000, 7001, 8500, 9042, 9092, 9200, 9300, 10_080, 10_250, 10_255, 11_211, 27_017,
];

/// Zones that never name a public server: the IANA Special-Use Domain Names registry (RFC 6761 and
/// successors; of `arpa` the whole), `internal` as reserved by ICANN, and the private zones that RFC 6762
/// appendix G lists.
const FORBIDDEN_ZONES: [&str; 15] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "onion",
    "private",
    "test",
];

/// Names by which cloud providers serve instance metadata and that look public; the others are single labels
/// or lie under `internal`. Their addresses are forbidden too, so this only refuses earlier.
const METADATA_NAMES: [&str; 3] =
    ["metadata.packet.net", "metadata.platformequinix.com", "metadata.tencentyun.com"];

/// How far webhooks may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// Production: https to public addresses only.
    PublicOnly,
    /// Sandbox: also http, also `127.0.0.0/8`, `::1` and `localhost`, and any port but 0; everything else
    /// that is not public stays forbidden.
    LoopbackToo,
    /// An address that the operator has configured, not a merchant: http or https to wherever it is.
    Configured,
}

impl Policy {
    /// Whether a webhook may be sent to this address.
    pub fn permits(self, address: IpAddr) -> bool {
        match self {
            Self::PublicOnly => !is_forbidden(address),
            Self::LoopbackToo => !is_forbidden(address) || address.is_loopback(),
            Self::Configured => true,
        }
    }
}

/// A URL that passed [`check_url`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// The URL in normal form.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The parsed URL, for the client that connects to it.
    pub fn into_url(self) -> Url {
        self.0
    }
}

/// Why a URL may not receive webhooks. `Display` is a sentence for the merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetRefusal {
    /// Longer than [`URL_MAX_BYTES`].
    TooLong,
    /// Not an absolute URL, or with spaces, control characters or backslashes.
    Malformed,
    /// Not https, which [`Policy::PublicOnly`] demands.
    NotHttps,
    /// Neither http nor https.
    NotHttp,
    /// With user name or password.
    UserInfo,
    /// With a fragment.
    Fragment,
    /// Without a host.
    HostMissing,
    /// A port to which webhooks are not sent.
    Port,
    /// A host name that cannot be a public server.
    Name,
    /// An address that is not public, written in the URL or found behind its name.
    Address,
}

impl TargetRefusal {
    /// Stable name, for records and problem details.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "url_too_long",
            Self::Malformed => "url_malformed",
            Self::NotHttps => "url_not_https",
            Self::NotHttp => "url_not_http",
            Self::UserInfo => "url_user_info",
            Self::Fragment => "url_fragment",
            Self::HostMissing => "url_host_missing",
            Self::Port => "url_port_forbidden",
            Self::Name => "url_name_forbidden",
            Self::Address => "url_address_forbidden",
        }
    }
}

impl fmt::Display for TargetRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooLong => "The URL is longer than 2048 bytes.",
            Self::Malformed => {
                "This is not a URL that we can read; write it like https://shop.example.com/notify."
            }
            Self::NotHttps => "The URL has to begin with https://.",
            Self::NotHttp => "The URL has to begin with https:// or http://.",
            Self::UserInfo => "The URL must not contain a user name or password.",
            Self::Fragment => "The URL must not contain a fragment (#).",
            Self::HostMissing => "The URL has no host.",
            Self::Port => {
                "Webhooks are not sent to this port; use 443 or a port from 1024 that no common service owns."
            }
            Self::Name => "This host name is not a public one.",
            Self::Address => "The host is not on the public Internet.",
        })
    }
}

impl std::error::Error for TargetRefusal {}

/// Checks all of a URL that can be checked without the network.
pub fn check_url(text: &str, policy: Policy) -> Result<Target, TargetRefusal> {
    check_text(text, policy)?;
    let url = Url::parse(text).map_err(|_| TargetRefusal::Malformed)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetRefusal::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(TargetRefusal::Fragment);
    }
    if !url.port_or_known_default().is_some_and(|port| permits_port(policy, port)) {
        return Err(TargetRefusal::Port);
    }
    match url.host().ok_or(TargetRefusal::HostMissing)? {
        Host::Domain(name) => check_name(name, policy)?,
        Host::Ipv4(address) => check_address(address.into(), policy)?,
        Host::Ipv6(address) => check_address(address.into(), policy)?,
    }
    Ok(Target(url))
}

/// Refuses what the WHATWG parser would quietly repair: control characters and spaces are dropped by it,
/// backslashes become slashes, missing slashes appear, and an empty user name disappears.
fn check_text(text: &str, policy: Policy) -> Result<(), TargetRefusal> {
    if text.len() > URL_MAX_BYTES {
        return Err(TargetRefusal::TooLong);
    }
    if text.chars().any(|letter| letter.is_control() || letter.is_whitespace() || letter == '\\') {
        return Err(TargetRefusal::Malformed);
    }
    let (scheme, rest) = text.split_once("://").ok_or(TargetRefusal::Malformed)?;
    match (policy, scheme.to_ascii_lowercase().as_str()) {
        (_, "https") | (Policy::LoopbackToo | Policy::Configured, "http") => {}
        (Policy::PublicOnly, _) => return Err(TargetRefusal::NotHttps),
        (Policy::LoopbackToo | Policy::Configured, _) => return Err(TargetRefusal::NotHttp),
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(TargetRefusal::HostMissing);
    }
    if authority.contains('@') {
        return Err(TargetRefusal::UserInfo);
    }
    Ok(())
}

fn permits_port(policy: Policy, port: u16) -> bool {
    match policy {
        Policy::LoopbackToo | Policy::Configured => port != 0,
        Policy::PublicOnly => port == 443 || (port >= 1_024 && !FORBIDDEN_PORTS.contains(&port)),
    }
}

fn check_address(address: IpAddr, policy: Policy) -> Result<(), TargetRefusal> {
    if policy.permits(address) { Ok(()) } else { Err(TargetRefusal::Address) }
}

/// `name` is lower-case ASCII: the parser has applied IDNA to it.
fn check_name(name: &str, policy: Policy) -> Result<(), TargetRefusal> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if policy == Policy::Configured || policy == Policy::LoopbackToo && is_within(name, "localhost") {
        return Ok(());
    }
    // A single label is completed by the search list of this host, and so names a neighbour.
    let is_public = name.contains('.')
        && !name.split('.').any(str::is_empty)
        && !FORBIDDEN_ZONES.iter().any(|zone| is_within(name, zone))
        && !METADATA_NAMES.iter().any(|zone| is_within(name, zone));
    if is_public { Ok(()) } else { Err(TargetRefusal::Name) }
}

fn is_within(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|head| head.is_empty() || head.ends_with('.'))
}
