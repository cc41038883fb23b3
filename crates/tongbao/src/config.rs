//! The configuration file of `tongbao serve` and `tongbao worker`, in TOML. An unknown key is refused with its line.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde::Deserialize;
use tongbao_api::{listener::TlsConfig, payer::PAYER_QUOTA, rate::Quota};
use tongbao_engine::{Engine, list_sharing::Settings};

use crate::{
    carriers::{self, Mail, Sms},
    commands::DATABASE_VARIABLE,
    instance::{Instance, database_url},
    judge::Risk,
    output::Failure,
    sharing::Sharing,
};

/// What the file says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The directory with the database and the master key.
    data: PathBuf,
    /// The URL of the database, if it is not the file in the directory.
    database: Option<String>,
    /// The address to listen on.
    pub(crate) listen: SocketAddr,
    /// Where a process that only works answers for its health.
    #[serde(default = "worker_listen")]
    pub(crate) worker_listen: SocketAddr,
    /// How long a process goes on serving after SIGTERM while it says that it is not ready, in seconds.
    #[serde(default = "drain_notice_s")]
    drain_notice_s: u32,
    /// Where merchants and payers reach this instance, without a slash at the end.
    pub(crate) base_url: String,
    /// The same for clients of WeChat Pay's interface, if they have another address: files are offered for download
    /// there.
    pub(crate) wechat_base_url: Option<String>,
    /// Certificate and key; without them a proxy in front must speak TLS.
    pub(crate) tls: Option<Tls>,
    /// How much one key and one address may ask.
    #[serde(default)]
    pub(crate) rate: Rate,
    /// The gateway for text messages; without it no one-time code can be sent.
    sms: Option<Sms>,
    /// The mail server; without it payers are told nothing by mail.
    mail: Option<Mail>,
    /// Other institutions with which risk lists are shared; nobody unless given.
    sharing: Option<Sharing>,
    /// Who judges payments.
    #[serde(default)]
    risk: Risk,
}

/// Loopback, because nobody but whoever watches the process needs it.
fn worker_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 8_081))
}

/// Balancers that ask every two seconds (as `HAProxy` does unless told otherwise) have asked twice by then.
fn drain_notice_s() -> u32 {
    5
}

/// The longest notice, in seconds: with the drain of the listener it stays below what supervisors commonly wait
/// before they kill a process (Kubernetes 30 s, systemd 90 s).
const DRAIN_NOTICE_S_MAX: u32 = 15;

/// Certificate and key, in PEM files.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tls {
    cert_file: PathBuf,
    key_file: PathBuf,
}

/// Reads where an instance is reached; the error says what it must look like.
pub(crate) fn base_url(text: &str) -> Result<String, String> {
    let web = text.starts_with("https://") || text.starts_with("http://");
    if web && !text.ends_with('/') {
        Ok(text.to_owned())
    } else {
        Err("must begin with https:// and have no slash at the end".to_owned())
    }
}

/// Requests a second, and at once.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rate {
    /// By one secret key, a second.
    per_key_per_s: u32,
    /// By one address (one /64 network in IPv6), a second.
    per_address_per_s: u32,
    /// By one payer, under `/payer/v1`, a second.
    per_payer_per_s: u32,
    /// One-time codes asked for from one address, an hour.
    codes_per_address_per_h: u32,
    /// Codes and other proofs of a sign-in typed at one address, an hour.
    sign_ins_per_address_per_h: u32,
}

/// Codes and sign-ins are as many as people behind one address (an office, a provider's gateway) need in an hour. A
/// code is one of a million: who guesses at other people's, 120 an hour day and night, is right about once a year.
impl Default for Rate {
    fn default() -> Rate {
        Rate {
            per_key_per_s: 1_000,
            per_address_per_s: 2_000,
            per_payer_per_s: PAYER_QUOTA.per_second(),
            codes_per_address_per_h: 120,
            sign_ins_per_address_per_h: 120,
        }
    }
}

impl Rate {
    /// So many that a developer's load test never meets them.
    pub(crate) fn sandbox() -> Rate {
        Rate {
            per_key_per_s: 100_000,
            per_address_per_s: 100_000,
            per_payer_per_s: 100_000,
            codes_per_address_per_h: 1_000_000,
            sign_ins_per_address_per_h: 1_000_000,
        }
    }

    /// The quota of a key: twice the rate at once.
    pub(crate) fn key(self) -> Quota {
        Quota::new(self.per_key_per_s, self.per_key_per_s.saturating_mul(2))
    }

    /// The quota of an address.
    pub(crate) fn address(self) -> Quota {
        Quota::new(self.per_address_per_s, self.per_address_per_s.saturating_mul(2))
    }

    /// The quota of a payer: an app that starts asks for several things at once.
    pub(crate) fn payer(self) -> Quota {
        Quota::new(self.per_payer_per_s, self.per_payer_per_s.saturating_mul(6))
    }

    /// The quota of an address for one-time codes: a quarter of an hour's at once.
    pub(crate) fn codes(self) -> Quota {
        Quota::per_hour(self.codes_per_address_per_h, self.codes_per_address_per_h.div_ceil(4))
    }

    /// The quota of an address for tries at a sign-in: as before.
    pub(crate) fn sign_ins(self) -> Quota {
        Quota::per_hour(self.sign_ins_per_address_per_h, self.sign_ins_per_address_per_h.div_ceil(4))
    }

    fn is_positive(self) -> bool {
        let Rate {
            per_key_per_s,
            per_address_per_s,
            per_payer_per_s,
            codes_per_address_per_h,
            sign_ins_per_address_per_h,
        } = self;
        let hourly = [codes_per_address_per_h, sign_ins_per_address_per_h];
        [per_key_per_s, per_address_per_s, per_payer_per_s].into_iter().chain(hourly).all(|count| count > 0)
    }
}

impl Config {
    /// Reads and checks the file.
    pub(crate) fn read(file: &Path) -> Result<Config, Failure> {
        let text =
            fs::read_to_string(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let mut config: Config =
            toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        let urls =
            [("base_url", Some(&config.base_url)), ("wechat_base_url", config.wechat_base_url.as_ref())];
        for (name, url) in urls.into_iter().filter_map(|(name, url)| Some((name, url?))) {
            base_url(url).map_err(|must| format!("{name} {must}"))?;
        }
        config.database = config.database.or_else(|| std::env::var(DATABASE_VARIABLE).ok());
        if let Some(url) = &config.database {
            database_url(url).map_err(|must| format!("database {must}"))?;
        }
        if !config.rate.is_positive() {
            return Err("[rate] must allow at least 1 of each".into());
        }
        if config.drain_notice_s > DRAIN_NOTICE_S_MAX {
            return Err(format!("drain_notice_s must be at most {DRAIN_NOTICE_S_MAX}").into());
        }
        Ok(config)
    }

    /// Gives an engine that nobody else has yet its judge and its ways to payers.
    pub(crate) fn fit(&self, engine: &mut Arc<Engine>) -> Result<(), Failure> {
        self.risk.fit(engine)?;
        carriers::fit(engine, self.sms.as_ref(), self.mail.as_ref())
    }

    /// With whom risk lists are shared, if with anybody.
    pub(crate) fn sharing(&self) -> Result<Option<Arc<Settings>>, Failure> {
        Ok(self.sharing.as_ref().map(Sharing::settings).transpose()?.map(Arc::new))
    }

    /// The instance it is about.
    pub(crate) fn instance(&self) -> Instance {
        Instance::at(&self.data).on_server(self.database.clone())
    }

    /// How long the process goes on serving after SIGTERM while it says that it is not ready.
    pub(crate) fn drain_notice(&self) -> Duration {
        Duration::from_secs(self.drain_notice_s.into())
    }

    /// Certificate and key for the listener.
    pub(crate) fn tls(&self) -> Option<TlsConfig> {
        let files =
            |tls: &Tls| TlsConfig { cert_file: tls.cert_file.clone(), key_file: tls.key_file.clone() };
        self.tls.as_ref().map(files)
    }
}
