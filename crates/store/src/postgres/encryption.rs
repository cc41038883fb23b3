//! TLS to the database, and what is wrong when there is none.

use std::{io, path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::error::SqlState;

use super::address::Address;
use crate::port::Fault;

/// Trusts the authorities that the URL names, or else those of the system or of `SSL_CERT_FILE`. They are read only if
/// they are needed.
pub(super) fn tls(address: &Address) -> Result<ClientConfig, Fault> {
    let authorities = match &address.authorities {
        _ if !address.is_encrypted() => RootCertStore::empty(),
        Some(file) => named(file)?,
        None => of_the_system(),
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|error| Fault::Stopped(format!("TLS: {error}")))?;
    Ok(config.with_root_certificates(authorities).with_no_client_auth())
}

/// All certificates in a file, which must be such.
fn named(file: &Path) -> Result<RootCertStore, Fault> {
    let refused = |why: &dyn std::fmt::Display| {
        Fault::Stopped(format!("the certificates of {} (sslrootcert): {why}", file.display()))
    };
    let mut authorities = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| refused(&error))? {
        let certificate = certificate.map_err(|error| refused(&error))?;
        authorities.add(certificate).map_err(|error| refused(&error))?;
    }
    if authorities.is_empty() {
        return Err(refused(&"there are none"));
    }
    Ok(authorities)
}

fn of_the_system() -> RootCertStore {
    let mut authorities = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    authorities.add_parsable_certificates(found.certs);
    for error in found.errors {
        tracing::warn!(%error, "a certificate of the system cannot be read");
    }
    authorities
}

/// What to do about an error that is about encryption, if it is.
pub(super) fn advice(error: &tokio_postgres::Error) -> Option<&'static str> {
    if let Some(error) = error.as_db_error() {
        let is_plain = error.message().contains("no encryption");
        return (is_plain && *error.code() == SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
            .then_some("the server demands TLS: say sslmode=verify-full");
    }
    let cause = std::error::Error::source(error)?;
    let Some(failed) = cause.downcast_ref::<io::Error>() else {
        // The driver has no type for it.
        return (cause.to_string() == "server does not support TLS").then_some(
            "the server speaks no TLS: give it a certificate; sslmode=disable goes without, \
             where nobody else is on the way",
        );
    };
    match failed.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(wrong) => Some(match wrong {
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the server's certificate is for another host than the URL names"
            }
            // Of an authority with the name of one that is trusted, and another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "the server's certificate is of no authority that is trusted here: name the file with its \
                 certificate as sslrootcert"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired"
            }
            _ => "the server's certificate is not accepted",
        }),
        _ => None,
    }
}
