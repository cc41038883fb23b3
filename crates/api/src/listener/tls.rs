//! TLS by rustls with the aws-lc-rs provider, TLS 1.2 and 1.3, HTTP/2 before HTTP/1.1; and a certificate for
//! development.
//!
//! Absent on purpose: client certificates, and reloading. A new certificate takes effect with the next
//! start, which the graceful drain makes harmless.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::BindFault;

/// Days for which a development certificate is valid: the longest that Apple's systems accept from a
/// certificate the user installed (825 days, Apple support article HT210176).
const VALID_DAYS: i64 = 825;

/// A development certificate is replaced when fewer days than this are left.
const RENEW_DAYS: i64 = 30;

/// First bytes of the line that says what a development certificate is for.
const LABEL: &str = "Tongbao development certificate for";

/// Where a listener's certificate and key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate chain in PEM, the server's own certificate first.
    pub cert_file: PathBuf,
    /// The private key in PEM: PKCS#8, PKCS#1 or SEC1.
    pub key_file: PathBuf,
}

pub(super) fn server_config(config: &TlsConfig) -> Result<ServerConfig, BindFault> {
    let certificate_fault =
        |source: pem::Error| BindFault::Certificate { file: config.cert_file.clone(), source };
    let chain = CertificateDer::pem_file_iter(&config.cert_file)
        .map_err(certificate_fault)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(certificate_fault)?;
    let key = PrivateKeyDer::from_pem_file(&config.key_file)
        .map_err(|source| BindFault::Key { file: config.key_file.clone(), source })?;
    let mut server = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(BindFault::Tls)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Tickets keep resumption state with the client, so that a flood of handshakes costs us no memory.
    server.ticketer = aws_lc_rs::Ticketer::new().map_err(BindFault::Tls)?;
    Ok(server)
}

/// A self-signed certificate for `names` (host names and IP addresses) in `directory/tls`, made at first use
/// and again when the names change or it is about to expire. The key is readable by its owner only.
///
/// For development: nobody vouches for it, so clients must be told to trust it.
#[expect(clippy::disallowed_methods, reason = "clients judge a certificate by the real time")]
pub fn development_certificate(directory: &Path, names: &[String]) -> io::Result<TlsConfig> {
    let directory = directory.join("tls");
    let config =
        TlsConfig { cert_file: directory.join("certificate.pem"), key_file: directory.join("key.pem") };
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    if !is_current(&config, names, today) {
        fs::create_dir_all(&directory)?;
        make_certificate(&config, names, today).map_err(io::Error::other)?;
    }
    Ok(config)
}

/// The first line of the certificate file, which PEM readers skip.
fn label(names: &[String], until: Date) -> String {
    format!("{LABEL} {}, valid until {until}", names.join(" "))
}

fn is_current(config: &TlsConfig, names: &[String], today: Date) -> bool {
    let Ok(text) = fs::read_to_string(&config.cert_file) else { return false };
    let first = text.lines().next().unwrap_or_default();
    let until = first.rsplit(' ').next().and_then(|date| date.parse::<Date>().ok());
    let Some(until) = until else { return false };
    first == label(names, until)
        && today.saturating_add(RENEW_DAYS.days()) < until
        && config.key_file.is_file()
}

fn make_certificate(
    config: &TlsConfig,
    names: &[String],
    today: Date,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    // From yesterday, for clients whose clock is a little behind.
    let from = today.saturating_sub(1.days());
    let until = from.saturating_add(VALID_DAYS.days());
    let mut params = CertificateParams::new(names)?;
    params.not_before = date_time_ymd(from.year().into(), from.month().try_into()?, from.day().try_into()?);
    params.not_after = date_time_ymd(until.year().into(), until.month().try_into()?, until.day().try_into()?);
    params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
    params.distinguished_name.push(DnType::CommonName, "Tongbao development");
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    write_private(&config.key_file, &key.serialize_pem())?;
    // Last, because the certificate file is what says that both are complete.
    write_private(&config.cert_file, &format!("{}\n{}", label(names, until), certificate.pem()))?;
    Ok(())
}

/// Writes a file that only its owner may read, whole or not at all.
fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let draft = file.with_extension("draft");
    let _ = fs::remove_file(&draft);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut handle = options.open(&draft)?;
    handle.write_all(text.as_bytes())?;
    handle.sync_all()?;
    fs::rename(&draft, file)
}
