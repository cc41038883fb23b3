//! Where webhooks may go: no spelling of a forbidden address is accepted, and a public one is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tongbao_engine::webhook::{Policy, address::is_forbidden, check_url, target::URL_MAX_BYTES};
use url::{Host, Url};

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// Blocks of the IANA registries of special addresses, and two that are not special.
const BLOCKS: [[u8; 4]; 20] = [
    [0, 0, 0, 0],
    [10, 0, 0, 0],
    [100, 64, 0, 0],
    [127, 0, 0, 0],
    [168, 63, 129, 16],
    [169, 254, 0, 0],
    [172, 16, 0, 0],
    [192, 0, 0, 0],
    [192, 0, 2, 0],
    [192, 31, 196, 0],
    [192, 52, 193, 0],
    [192, 88, 99, 0],
    [192, 168, 0, 0],
    [192, 175, 48, 0],
    [198, 18, 0, 0],
    [198, 51, 100, 0],
    [203, 0, 113, 0],
    [224, 0, 0, 0],
    [8, 8, 8, 0],
    [193, 0, 0, 0],
];

/// See the module.
pub const TARGET: Target = Target {
    name: "webhook_urls",
    run: target,
    words: &[
        "https://",
        "http://",
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fe80::1%25eth0]",
        "localhost",
        "localhost.",
        ".internal",
        "169.254.169.254",
        "metadata.tencentyun.com",
        "shop.example.com",
        ":443",
        ":22",
        ":6379",
        "@",
        "#",
        "?",
        "/",
        "\\",
        "%2e",
        "%00",
        "１２７。０。０。１",
        "ⓛocalhost",
        "xn--",
        "..",
        "8.8.8.8",
        "2001:4860::",
        "user:pw@",
    ],
};

/// Takes an input: as a URL, and as an address to be spelled in every way.
pub fn target(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        arbitrary(text, Policy::PublicOnly);
        arbitrary(text, Policy::LoopbackToo);
        let within = |policy| check_url(text, policy).is_ok();
        assert!(
            !within(Policy::PublicOnly) || within(Policy::LoopbackToo),
            "the sandbox is stricter about {text}"
        );
    }
    let mut bytes = Bytes::new(input);
    spelled(&mut bytes);
    carried(&mut bytes);
}

fn arbitrary(text: &str, policy: Policy) {
    let accepted = match check_url(text, policy) {
        Ok(accepted) => accepted,
        Err(refusal) => return reached(refusal.code()),
    };
    assert!(text.len() <= URL_MAX_BYTES);
    let url = Url::parse(accepted.as_str()).expect("a normal form is a URL");
    assert!(url.scheme() == "https" || (policy == Policy::LoopbackToo && url.scheme() == "http"), "{url}");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
    let port = url.port_or_known_default().expect("web addresses have a port");
    assert!(policy == Policy::LoopbackToo || port == 443 || port >= 1_024, "{url}");
    // The normal form is judged like the text, so whoever reads it later comes to the same end.
    assert_eq!(
        check_url(accepted.as_str(), policy).map(|again| again.as_str().to_owned()),
        Ok(url.to_string())
    );
    match url.host().expect("web addresses have a host") {
        Host::Ipv4(address) => check_address(address.into(), policy, &url),
        Host::Ipv6(address) => check_address(address.into(), policy, &url),
        Host::Domain(name) => {
            reached("a name");
            // A resolver would take these for addresses; the URL parser must have, too.
            let bare = name.trim_end_matches('.');
            assert!(bare.parse::<IpAddr>().is_err(), "{url} names an address");
            let last = bare.rsplit('.').next().unwrap_or_default();
            assert!(!last.bytes().all(|byte| byte.is_ascii_digit()), "{url} ends like an address");
            let local = bare == "localhost" || bare.ends_with(".localhost");
            assert!(bare.contains('.') || local, "{url} names a neighbour");
            assert!(policy == Policy::LoopbackToo || !local, "{url} is this machine");
        }
    }
}

fn check_address(address: IpAddr, policy: Policy, url: &Url) {
    reached(if address.is_ipv4() { "an IPv4 address" } else { "an IPv6 address" });
    let allowed = !is_forbidden(address) || (policy == Policy::LoopbackToo && address.is_loopback());
    assert!(allowed && policy.permits(address), "{url} was accepted");
}

/// An address of a block that is special, or next to one, or anywhere.
fn near_a_border(bytes: &mut Bytes<'_>) -> Ipv4Addr {
    let base = bytes.pick(&BLOCKS).map_or(0, u32::from_be_bytes);
    let spread = u32::MAX.checked_shr(u32::from(bytes.byte() % 33)).unwrap_or_default();
    Ipv4Addr::from(base.wrapping_add(u32::from_be_bytes(bytes.array()) & spread))
}

/// An IPv4 address in each of the spellings that resolvers know.
fn spelled(bytes: &mut Bytes<'_>) {
    let address = near_a_border(bytes);
    let [a, b, c, d] = address.octets();
    let number = u32::from(address);
    let spellings = [
        address.to_string(),
        format!("{address}."),
        number.to_string(),
        format!("0x{number:x}"),
        format!("0{number:o}"),
        format!("0x{a:x}.0x{b:X}.0{c:o}.{d}"),
        format!("{a}.{}", number & 0x00FF_FFFF),
        format!("{a}.{b}.{}", number & 0xFFFF),
        format!("[::ffff:{address}]"),
        format!("[::{address}]"),
        format!("[64:ff9b::{address}]"),
        format!("%{:02x}{}", address.to_string().as_bytes()[0], &address.to_string()[1..]),
    ];
    for spelling in &spellings {
        let checked = check_url(&format!("https://{spelling}/hook"), Policy::PublicOnly);
        assert!(checked.is_err() || !is_forbidden(address.into()), "https://{spelling}/hook was accepted");
    }
    let plain = check_url(&format!("https://{address}/hook"), Policy::PublicOnly);
    assert_eq!(plain.is_ok(), !is_forbidden(address.into()), "{address}");
    let sandbox = check_url(&format!("http://{address}:8080/hook"), Policy::LoopbackToo);
    assert_eq!(sandbox.is_ok(), Policy::LoopbackToo.permits(address.into()), "{address}");
    // What the standard library calls special is forbidden; our tables know more.
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || address.is_unspecified();
    assert!(!special || is_forbidden(address.into()), "{address}");
}

/// An IPv6 address, and all those that carry an IPv4 address inside.
fn carried(bytes: &mut Bytes<'_>) {
    let address = Ipv6Addr::from_octets(bytes.array());
    let plain = check_url(&format!("https://[{address}]/hook"), Policy::PublicOnly);
    assert_eq!(plain.is_ok(), !is_forbidden(address.into()), "{address}");
    let special = address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4_mapped().is_some();
    assert!(!special || is_forbidden(address.into()), "{address}");
    let inside = Ipv4Addr::from_octets(bytes.array());
    let [a, b, c, d] = inside.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    for carrier in [
        inside.to_ipv6_mapped(),
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
    ] {
        assert!(is_forbidden(carrier.into()), "{carrier} carries {inside}");
    }
}
