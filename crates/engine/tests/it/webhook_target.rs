//! The SSRF table: addresses and URLs that may and may not receive a webhook.

use std::net::IpAddr;

use tongbao_engine::webhook::address::is_forbidden;
use tongbao_engine::webhook::target::Policy::{LoopbackToo, PublicOnly};
use tongbao_engine::webhook::target::TargetRefusal::{
    self, Address, Fragment, HostMissing, Malformed, Name, NotHttp, NotHttps, Port, TooLong, UserInfo,
};
use tongbao_engine::webhook::target::{Policy, URL_MAX_BYTES, check_url};

/// First and last address of each forbidden block.
const FORBIDDEN_ADDRESSES: &[&str] = &[
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "192.175.48.1",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:8.8.8.8",
    "64:ff9b::a00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "2001:20::1",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db8::1",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::1",
    "2002:7f00:1::1",
    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2620:4f:8000::1",
    "3fff::1",
    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

/// Public addresses, most of them next to a forbidden block.
const PUBLIC_ADDRESSES: &[&str] = &[
    "1.0.0.0",
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "203.0.114.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2003::1",
    "2400:3200::1",
    "2606:4700:4700::1111",
    "3ffe:ffff::1",
    "3fff:1000::1",
];

#[test]
fn every_special_purpose_block_is_forbidden_from_its_first_to_its_last_address() {
    for text in FORBIDDEN_ADDRESSES {
        let address: IpAddr = text.parse().expect("an address");
        assert!(is_forbidden(address), "{text}");
        assert!(!PublicOnly.permits(address), "{text}");
        assert_eq!(LoopbackToo.permits(address), address.is_loopback(), "{text}");
    }
}

#[test]
fn public_addresses_next_to_the_blocks_are_permitted() {
    for text in PUBLIC_ADDRESSES {
        let address: IpAddr = text.parse().expect("an address");
        assert!(!is_forbidden(address), "{text}");
        assert!(PublicOnly.permits(address) && LoopbackToo.permits(address), "{text}");
    }
}

#[test]
fn every_forbidden_address_is_refused_as_a_literal_in_a_url() {
    for text in FORBIDDEN_ADDRESSES {
        let host = if text.contains(':') { format!("[{text}]") } else { (*text).to_owned() };
        assert_eq!(check_url(&format!("https://{host}/notify"), PublicOnly), Err(Address), "{text}");
    }
}

fn assert_refused(policy: Policy, cases: &[(&str, TargetRefusal)]) {
    for (text, refusal) in cases {
        assert_eq!(check_url(text, policy), Err(*refusal), "{text:?}");
    }
}

#[test]
fn disguised_spellings_of_an_address_are_seen_through() {
    assert_refused(
        PublicOnly,
        &[
            ("https://2130706433/", Address),
            ("https://0x7f000001/", Address),
            ("https://0x7f.0.0.1/", Address),
            ("https://0x7F.1/", Address),
            ("https://017700000001/", Address),
            ("https://0177.0.0.1/", Address),
            ("https://127.1/", Address),
            ("https://127.0.1/", Address),
            ("https://127.0.0.1./", Address),
            ("https://0/", Address),
            ("https://0x/", Address),
            ("https://10.1/", Address),
            ("https://0xa9fea9fe/", Address),
            ("https://0xa9.0376.43518/", Address),
            ("https://2852039166/latest/meta-data/", Address),
            ("https://%31%32%37.0.0.1/", Address),
            ("https://127%2e0%2e0%2e1/", Address),
            ("https://１２７.０.０.１/", Address),
            ("https://127。0。0。1/", Address),
            ("https://①②⑦.⓪.⓪.①/", Address),
            ("https://[::ffff:7f00:1]/", Address),
            ("https://[0:0:0:0:0:0:0:1]/", Address),
            ("https://[0000::0001]/", Address),
            ("https://[::ffff:169.254.169.254]/", Address),
            ("https://[fe80::1%25eth0]/", Malformed),
            ("https://[fe80::1%eth0]/", Malformed),
            ("https://[::1/", Malformed),
            ("https://256.256.256.256/", Malformed),
            ("https://127.0.0.1.1/", Malformed),
            ("https://4294967296/", Malformed),
            ("https://0x1ffffffff/", Malformed),
        ],
    );
}

#[test]
fn names_of_the_inside_are_refused() {
    assert_refused(
        PublicOnly,
        &[
            ("https://localhost/", Name),
            ("https://localhost./", Name),
            ("https://LOCALHOST/", Name),
            ("https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", Name),
            ("https://ｌｏｃａｌｈｏｓｔ/", Name),
            ("https://loc\u{ad}alhost/", Name),
            ("https://shop.localhost/", Name),
            ("https://localhost.localdomain/", Name),
            ("https://printer.local/", Name),
            ("https://printer.local./", Name),
            ("https://db.internal/", Name),
            ("https://metadata.google.internal/computeMetadata/v1/", Name),
            ("https://metadata.tencentyun.com/latest/", Name),
            ("https://metadata.packet.net/", Name),
            ("https://instance-data/latest/", Name),
            ("https://metadata/", Name),
            ("https://redis:8443/", Name),
            ("https://router.home.arpa/", Name),
            ("https://1.0.0.127.in-addr.arpa/", Name),
            ("https://shop.test/", Name),
            ("https://shop.invalid/", Name),
            ("https://hidden.onion/", Name),
            ("https://nas.lan/", Name),
            ("https://shop..example.com/", Name),
            ("https://.example.com/", Name),
            ("https://./", Name),
            ("https://shop.example.com../", Name),
        ],
    );
}

#[test]
fn urls_of_another_shape_are_refused() {
    let long = format!("https://shop.example.com/{}", "a".repeat(URL_MAX_BYTES));
    assert_refused(
        PublicOnly,
        &[
            ("", Malformed),
            ("shop.example.com", Malformed),
            ("//shop.example.com/", Malformed),
            ("https:shop.example.com", Malformed),
            ("https:/shop.example.com", Malformed),
            ("https:\\\\shop.example.com", Malformed),
            ("https://shop.example.com\\@127.0.0.1/", Malformed),
            ("https://shop.example.com/a b", Malformed),
            (" https://shop.example.com/", Malformed),
            ("https://shop.example.com/\n", Malformed),
            ("https://127.0.\t0.1/", Malformed),
            ("https://shop.example.com/\u{3000}", Malformed),
            ("https://shop.example.com:99999/", Malformed),
            ("https://shop.example.com:port/", Malformed),
            ("https://sh%00op.example.com/", Malformed),
            ("https://shop^.example.com/", Malformed),
            ("https://", HostMissing),
            ("https:///shop.example.com/", HostMissing),
            ("https://?a=b", HostMissing),
            ("https://:443/", Malformed),
            ("http://shop.example.com/", NotHttps),
            ("ftp://shop.example.com/", NotHttps),
            ("file:///etc/passwd", NotHttps),
            ("gopher://127.0.0.1:6379/_INFO", NotHttps),
            ("unix:///run/docker.sock", NotHttps),
            ("data:text/plain,hello", Malformed),
            ("javascript:alert(1)", Malformed),
            ("https://user@shop.example.com/", UserInfo),
            ("https://user:password@shop.example.com/", UserInfo),
            ("https://@shop.example.com/", UserInfo),
            ("https://:@shop.example.com/", UserInfo),
            ("https://shop.example.com@127.0.0.1/", UserInfo),
            ("https://shop.example.com#@127.0.0.1/", Fragment),
            ("https://shop.example.com/notify#top", Fragment),
            ("https://shop.example.com/#", Fragment),
            (&long, TooLong),
        ],
    );
}

#[test]
fn only_443_and_unclaimed_high_ports_are_open_in_production() {
    for port in [0, 1, 21, 22, 23, 25, 53, 80, 110, 143, 442, 444, 445, 465, 587, 993, 1023] {
        assert_eq!(check_url(&format!("https://shop.example.com:{port}/"), PublicOnly), Err(Port), "{port}");
    }
    for port in [2375, 2379, 3306, 3389, 5432, 5672, 6379, 6443, 6667, 9200, 10_250, 11_211, 27_017] {
        assert_eq!(check_url(&format!("https://shop.example.com:{port}/"), PublicOnly), Err(Port), "{port}");
    }
    for port in [443, 1024, 3000, 8000, 8080, 8443, 65_535] {
        assert!(check_url(&format!("https://shop.example.com:{port}/"), PublicOnly).is_ok(), "{port}");
    }
}

#[test]
fn ordinary_urls_are_accepted_and_put_into_normal_form() {
    for (text, normal) in [
        ("https://shop.example.com", "https://shop.example.com/"),
        ("https://shop.example.com:443/notify?a=b", "https://shop.example.com/notify?a=b"),
        ("HTTPS://Shop.Example.COM./a/../b", "https://shop.example.com./b"),
        ("https://商店.example.com/通知", "https://xn--czrs0t.example.com/%E9%80%9A%E7%9F%A5"),
        // A look-alike is a name of its own; what it resolves to is judged like any other.
        ("https://\u{455}hop.example.com/", "https://xn--hop-ehd.example.com/"),
        ("https://1.1.1.1/", "https://1.1.1.1/"),
        ("https://[2606:4700:4700::1111]:8443/", "https://[2606:4700:4700::1111]:8443/"),
        ("https://notlocalhost.com/", "https://notlocalhost.com/"),
        ("https://shop.example.com/@user", "https://shop.example.com/@user"),
    ] {
        assert_eq!(check_url(text, PublicOnly).expect(text).as_str(), normal);
    }
    let longest = format!("https://shop.example.com/{}", "a".repeat(URL_MAX_BYTES - 25));
    assert_eq!(longest.len(), URL_MAX_BYTES);
    assert!(check_url(&longest, PublicOnly).is_ok());
}

#[test]
fn the_sandbox_reaches_this_host_and_nothing_else_that_is_not_public() {
    for text in [
        "http://127.0.0.1:8080/notify",
        "http://127.1:8080/",
        "https://[::1]:1/",
        "http://localhost:3000/",
        "http://localhost./",
        "http://shop.localhost:6379/",
        "http://shop.example.com/",
    ] {
        assert!(check_url(text, LoopbackToo).is_ok(), "{text}");
    }
    assert_refused(
        LoopbackToo,
        &[
            ("http://0.0.0.0:8080/", Address),
            ("http://[::]:8080/", Address),
            ("http://[::ffff:127.0.0.1]:8080/", Address),
            ("http://10.0.0.1/", Address),
            ("http://192.168.1.1/", Address),
            ("http://169.254.169.254/latest/meta-data/", Address),
            ("http://metadata.google.internal/", Name),
            ("http://redis/", Name),
            ("http://notlocalhost/", Name),
            ("http://127.0.0.1:0/", Port),
            ("http://user@127.0.0.1:8080/", UserInfo),
            ("http://127.0.0.1:8080/#top", Fragment),
            ("ftp://127.0.0.1/", NotHttp),
            ("file:///etc/passwd", NotHttp),
        ],
    );
}

#[test]
fn every_refusal_has_its_own_code_and_sentence() {
    let all = [TooLong, Malformed, NotHttps, NotHttp, UserInfo, Fragment, HostMissing, Port, Name, Address];
    let codes: std::collections::BTreeSet<_> = all.iter().map(|refusal| refusal.code()).collect();
    let sentences: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!((codes.len(), sentences.len()), (all.len(), all.len()));
    assert!(TooLong.to_string().contains(&URL_MAX_BYTES.to_string()));
}
