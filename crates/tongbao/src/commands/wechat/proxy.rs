//! `tongbao wechat proxy`: stands for WeChat Pay's hosts on this machine, for SDKs that know no other.
//!
//! It speaks TLS with a certificate of the sandbox's own authority, either at once (a hosts file led here) or after a
//! `CONNECT` (a proxy setting led here), and hands the bytes inside on to the sandbox.
//!
//! **Invariants.** No byte goes anywhere but to the sandbox: a `CONNECT` for another host is refused. HTTP/2 is not
//! offered, because WeChat Pay's SDK for Java looks headers up as HTTP/1.1 writes them.
//!
//! **Absent on purpose:** plain requests to a proxy, and passing other hosts on. Whoever needs those too sets the proxy
//! in the SDK and not for the whole process.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use clap::Args;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tongbao_channel::wechat::authority::TlsLeaf;
use tongbao_core::{Key, wechat::WechatPlatform};
use tongbao_engine::Engine;

use crate::{
    instance::Instance,
    output::{self, Failure},
    seed::SandboxFile,
};

/// The hosts of WeChat Pay's API that SDKs know (documents: 接口规则, 基本规则).
pub(super) const HOSTS: [&str; 5] = [
    "api.mch.weixin.qq.com",
    "api2.mch.weixin.qq.com",
    "api.wechatpay.cn",
    "api2.wechatpay.cn",
    "apihk.mch.weixin.qq.com",
];

/// Connections at once: more than the SDKs of one machine open.
const CONNECTIONS_MAX: usize = 256;
/// How long a client may take for its `CONNECT`, and for its TLS handshake.
const GREETING_MAX: Duration = Duration::from_secs(10);
/// Bytes of a `CONNECT` with its headers.
const HEAD_BYTES_MAX: usize = 8_192;
/// The first byte of a TLS connection: a handshake record (RFC 8446 §5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// The command line of `tongbao wechat proxy`.
#[derive(Args)]
pub(super) struct Proxy {
    /// The address to listen on; 127.0.0.1:443 for a hosts file
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
}

/// A certificate for the hosts, by the sandbox's own authority.
pub(super) fn certificate(engine: &Engine) -> Result<TlsLeaf, Failure> {
    let platform = engine.store.find::<WechatPlatform>(Key::WechatPlatform)?;
    let platform = platform.ok_or("this sandbox has no keys for WeChat Pay; start a new one elsewhere")?;
    let hosts = HOSTS.map(str::to_owned);
    Ok(engine.certify_wechat_hosts(&engine.wechat_authority(&platform)?, &hosts)?)
}

fn acceptor(leaf: &TlsLeaf) -> Result<TlsAcceptor, Failure> {
    let chain = vec![CertificateDer::from_pem_slice(leaf.certificate_pem.as_bytes())?];
    let key = PrivateKeyDer::from_pem_slice(leaf.key_pem.as_bytes())?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(TlsAcceptor::from(Arc::new(config.with_no_client_auth().with_single_cert(chain, key)?)))
}

impl Proxy {
    pub(super) async fn run(self, instance: &Instance) -> Result<(), Failure> {
        let engine = instance.reading_engine()?;
        let tls = acceptor(&certificate(&engine)?)?;
        let api = SandboxFile::read(&instance.directory().join("sandbox.json"))?.api;
        let inside =
            api.strip_prefix("http://").ok_or("the sandbox speaks TLS itself; start it without --tls")?;
        let inside: Arc<str> = Arc::from(inside);
        let listener = TcpListener::bind(self.listen)
            .await
            .map_err(|error| format!("cannot listen on {}: {error}", self.listen))?;
        output::line(format_args!("{} leads to {api} from {}", HOSTS[0], listener.local_addr()?))?;
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let place = Arc::clone(&places).acquire_owned().await?;
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections at the moment");
                    // Out of handles: trying again at once would only turn the wheel.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let (tls, inside) = (tls.clone(), Arc::clone(&inside));
            tokio::spawn(async move {
                if let Err(error) = pass(stream, &tls, &inside).await {
                    tracing::debug!(%peer, %error, "connection ended early");
                }
                drop(place);
            });
        }
    }
}

/// One connection, from its first byte to its last.
async fn pass(mut stream: TcpStream, tls: &TlsAcceptor, inside: &str) -> Result<(), Failure> {
    let mut first = [0];
    timeout(GREETING_MAX, stream.peek(&mut first)).await??;
    if first != [TLS_HANDSHAKE] && !timeout(GREETING_MAX, connect(&mut stream)).await?? {
        return Ok(());
    }
    let mut outer = timeout(GREETING_MAX, tls.accept(stream)).await??;
    let mut inner = TcpStream::connect(inside).await?;
    inner.set_nodelay(true)?;
    copy_bidirectional(&mut outer, &mut inner).await?;
    Ok(())
}

/// Reads a `CONNECT` and answers it; whether it named one of the hosts.
async fn connect(stream: &mut TcpStream) -> Result<bool, Failure> {
    let mut head = Vec::new();
    // Byte by byte: whatever follows the head belongs to TLS.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX {
            return Err("a head without an end".into());
        }
        head.push(stream.read_u8().await?);
    }
    let known = is_known(std::str::from_utf8(&head).unwrap_or_default());
    let answer: &[u8] = if known {
        b"HTTP/1.1 200 Connection Established\r\n\r\n"
    } else {
        b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    };
    stream.write_all(answer).await?;
    Ok(known)
}

/// Whether this is a `CONNECT` for one of the hosts.
fn is_known(head: &str) -> bool {
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (Some("CONNECT"), Some(target)) = (words.next(), words.next()) else { return false };
    let host = target.strip_suffix(":443").unwrap_or_default();
    HOSTS.iter().any(|known| known.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hosts_of_wechat_pay_are_led_to_the_sandbox() {
        for (head, known) in [
            ("CONNECT api.mch.weixin.qq.com:443 HTTP/1.1\r\nHost: x\r\n\r\n", true),
            ("CONNECT API.mch.weixin.qq.com:443 HTTP/1.1\r\n\r\n", true),
            ("CONNECT api.mch.weixin.qq.com:80 HTTP/1.1\r\n\r\n", false),
            ("CONNECT api.mch.weixin.qq.com HTTP/1.1\r\n\r\n", false),
            ("CONNECT example.com:443 HTTP/1.1\r\n\r\n", false),
            ("GET http://api.mch.weixin.qq.com/ HTTP/1.1\r\n\r\n", false),
            ("", false),
        ] {
            assert_eq!(is_known(head), known, "{head}");
        }
    }
}
