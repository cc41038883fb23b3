//! Under which name passkeys are made: the domain at which payers reach us.
//!
//! A passkey belongs to a domain, never to an address, and browsers offer none where the page came without TLS
//! (Web Authentication Level 3, sections 5.1.3 and 13.4.9). `localhost` counts as a domain, and needs no TLS.

use url::{Host, Url};

/// The platform as a passkey knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelyingParty {
    /// The domain: the RP ID.
    pub id: String,
    /// Where the pages that may ask come from: scheme, host and port.
    pub origin: String,
}

/// Why there are no passkeys here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOffered {
    /// Payers reach us at an IP address.
    Address,
    /// The pages come without TLS.
    WithoutTls,
}

impl RelyingParty {
    /// The one of an instance that browsers reach at `base_url`.
    pub fn of(base_url: &str) -> Result<RelyingParty, NotOffered> {
        let url = Url::parse(base_url).map_err(|_| NotOffered::Address)?;
        let Some(Host::Domain(domain)) = url.host() else { return Err(NotOffered::Address) };
        let local = domain == "localhost" || domain.ends_with(".localhost");
        if url.scheme() != "https" && !local {
            return Err(NotOffered::WithoutTls);
        }
        Ok(RelyingParty { id: domain.to_owned(), origin: url.origin().ascii_serialization() })
    }
}

#[cfg(test)]
mod tests {
    use super::{NotOffered, RelyingParty};

    #[test]
    fn passkeys_belong_to_a_domain_that_is_reached_safely() {
        let party = |id: &str, origin: &str| Ok(RelyingParty { id: id.into(), origin: origin.into() });
        for (base_url, expected) in [
            ("https://pay.example", party("pay.example", "https://pay.example")),
            ("https://pay.example:8443", party("pay.example", "https://pay.example:8443")),
            ("https://PAY.example:443", party("pay.example", "https://pay.example")),
            ("http://localhost:8080", party("localhost", "http://localhost:8080")),
            ("http://pay.localhost", party("pay.localhost", "http://pay.localhost")),
            ("http://pay.example", Err(NotOffered::WithoutTls)),
            ("http://notlocalhost", Err(NotOffered::WithoutTls)),
            ("http://127.0.0.1:8080", Err(NotOffered::Address)),
            ("https://192.0.2.7", Err(NotOffered::Address)),
            ("https://[2001:db8::1]", Err(NotOffered::Address)),
            ("pay.example", Err(NotOffered::Address)),
        ] {
            assert_eq!(RelyingParty::of(base_url), expected, "{base_url}");
        }
    }
}
