//! What the URL of a database says.
//!
//! ```text
//!   postgres://user:password@host:port,host:port/name?sslmode=verify-full&sslrootcert=/etc/tongbao/database.pem
//! ```
//! What leaves this machine is encrypted unless the URL says `sslmode=disable`. Where it is encrypted, the server shows
//! a certificate for the host's name, of an authority that is trusted here: those of the system, or only those in the
//! file that `sslrootcert` names. `require` and `verify-full` mean the same, because an encrypted way to nobody in
//! particular keeps no secret from whoever stands in between.
//!
//! **Absent on purpose:** `allow`, `prefer` and `verify-ca`, with which that one could have it his way; and
//! certificates of clients.

use std::{path::PathBuf, time::Duration};

use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config, Error,
    config::{Host, SslMode},
};

use crate::port::Fault;

/// How long making a connection may take, and how long a read waits for one of the pool.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may be silent before it is probed, and how long what was sent may stay unconfirmed: a
/// database machine that vanished is noticed within this time and not after the two hours of TCP.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
const UNCONFIRMED_MAX: Duration = Duration::from_secs(15);

/// See the module.
#[derive(Debug)]
pub(super) struct Address {
    /// All that the driver is told.
    pub(super) config: Config,
    /// A file with the certificates of the authorities that are trusted, instead of the system's.
    pub(super) authorities: Option<PathBuf>,
}

impl Address {
    /// Reads a URL. Nothing of it is in the error, as it may hold a password.
    pub(super) fn parse(url: &str) -> Result<Address, Fault> {
        let (url, own) = split(url);
        let parsed: Result<Config, Error> = url.parse();
        let mut config = parsed.map_err(|error| refused(&with_cause(&error)))?;
        let is_encrypted = match own.mode.as_deref() {
            None => own.authorities.is_some() || !stays_here(&config),
            Some("disable") if own.authorities.is_none() => false,
            Some("disable") => return Err(refused("sslrootcert means nothing with sslmode=disable")),
            Some("require" | "verify-full") => true,
            Some(_) => return Err(refused("sslmode must be disable, require or verify-full")),
        };
        config.ssl_mode(if is_encrypted { SslMode::Require } else { SslMode::Disable });
        config.connect_timeout(CONNECT_TIMEOUT).keepalives_idle(KEEPALIVE_IDLE);
        config
            .keepalives_interval(KEEPALIVE_IDLE / 2)
            .keepalives_retries(2)
            .tcp_user_timeout(UNCONFIRMED_MAX);
        if config.get_application_name().is_none() {
            config.application_name("tongbao");
        }
        Ok(Address { config, authorities: own.authorities })
    }

    /// Whether connections are encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Disable
    }
}

/// The parameters that the driver does not have, or has otherwise.
#[derive(Default)]
struct Own {
    mode: Option<String>,
    authorities: Option<PathBuf>,
}

/// The URL without our own parameters, and these.
fn split(url: &str) -> (String, Own) {
    // As the driver does: a question mark before the first `@` is part of the password.
    let host = url.find('@').unwrap_or(0);
    let Some(at) = url.get(host..).and_then(|rest| rest.find('?')).map(|at| host + at) else {
        return (url.to_owned(), Own::default());
    };
    let (before, parameters) = url.split_at(at);
    let (mut own, mut rest) = (Own::default(), Vec::new());
    for parameter in parameters.trim_start_matches('?').split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let decoded = || percent_decode_str(value).decode_utf8_lossy().into_owned();
        match name {
            "sslmode" => own.mode = Some(decoded()),
            "sslrootcert" => own.authorities = Some(decoded().into()),
            _ => rest.push(parameter),
        }
    }
    let separator = if rest.is_empty() { "" } else { "?" };
    (format!("{before}{separator}{}", rest.join("&")), own)
}

fn refused(why: &str) -> Fault {
    Fault::Stopped(format!("the URL of the database: {why}"))
}

fn with_cause(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

fn stays_here(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_the_machine_is_encrypted_unless_the_url_says_otherwise() {
        for (url, is_encrypted) in [
            ("postgres://127.0.0.1/shop", false),
            ("postgres://localhost,127.0.0.2/shop", false),
            ("postgres://db.example/shop", true),
            ("postgres://localhost,db.example/shop", true),
            ("postgres://db.example/shop?sslmode=disable", false),
            ("postgres://127.0.0.1/shop?sslmode=require", true),
            ("postgres://127.0.0.1/shop?connect_timeout=3&sslmode=verify-full", true),
            ("postgres://127.0.0.1/shop?sslrootcert=/ca.pem", true),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.is_encrypted(), is_encrypted, "{url}");
            assert_eq!(address.config.get_dbname(), Some("shop"), "{url}");
        }
    }

    #[test]
    fn the_file_of_the_authorities_is_named_in_the_url() {
        let url =
            "postgres://u:p%3F?@db.example/shop?target_session_attrs=read-write&sslrootcert=/a%20b/c+d.pem";
        let address = Address::parse(url).unwrap();
        assert_eq!(address.authorities, Some("/a b/c+d.pem".into()));
        assert_eq!(address.config.get_password(), Some(&b"p??"[..]));
        assert_eq!(Address::parse("postgres://db.example/shop").unwrap().authorities, None);
    }

    #[test]
    fn what_protects_from_nobody_is_refused_and_the_password_not_told() {
        for (parameters, says) in [
            ("sslmode=prefer", "sslmode must be"),
            ("sslmode=allow", "sslmode must be"),
            ("sslmode=verify-ca", "sslmode must be"),
            ("sslmode=", "sslmode must be"),
            ("sslmode=disable&sslrootcert=/ca.pem", "sslrootcert means nothing"),
            ("sslcert=/mine.pem", "sslcert"),
            ("connect_timeout=soon", "connect_timeout"),
        ] {
            let url = format!("postgres://u:hush@db.example/shop?{parameters}");
            let Err(Fault::Stopped(why)) = Address::parse(&url) else { panic!("{parameters} was taken") };
            assert!(why.contains(says) && !why.contains("hush"), "{parameters}: {why}");
        }
    }
}
