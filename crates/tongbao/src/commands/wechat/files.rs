//! The files that a merchant's SDK is configured with: one directory for each certificate.
//!
//! ```text
//!   DIR/apiclient_key.pem    the merchant's private key, unless the merchant made it
//!   DIR/apiclient_cert.pem   the merchant's certificate
//!   DIR/pub_key.pem          the platform's public key
//!   DIR/ca.pem               the authority that issued all certificates
//!   DIR/wechat.json          numbers, the APIv3 key, and which file is what
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;
use tongbao_core::wechat::{WechatPlatform, merchant::KeyMode};
use zeroize::Zeroizing;

use crate::{instance::write_private, output::Failure, wechat_seed::SandboxOpenid};

const PRIVATE_KEY: &str = "apiclient_key.pem";
const CERTIFICATE: &str = "apiclient_cert.pem";
const PUBLIC_KEY: &str = "pub_key.pem";
const AUTHORITY: &str = "ca.pem";
const OVERVIEW: &str = "wechat.json";
const ALL: [&str; 5] = [PRIVATE_KEY, CERTIFICATE, PUBLIC_KEY, AUTHORITY, OVERVIEW];

/// What a merchant is given.
pub(super) struct Given {
    pub(super) mchid: String,
    pub(super) appids: Vec<String>,
    pub(super) key_mode: KeyMode,
    /// The serial number of the certificate.
    pub(super) serial: String,
    pub(super) certificate: String,
    pub(super) private_key: Option<Zeroizing<String>>,
    pub(super) api_v3_key: Option<Zeroizing<String>>,
    /// How the first appid names the test payers of a sandbox.
    pub(super) openids: Vec<SandboxOpenid>,
}

/// `wechat.json`. The names are those of `wechat` in `sandbox.json`; files are named from its directory.
#[derive(Serialize)]
struct Overview<'a> {
    mchid: &'a str,
    appid: &'a str,
    appids: &'a [String],
    key_mode: KeyMode,
    serial_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key_file: Option<&'static str>,
    certificate_file: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    apiv3_key: Option<&'a str>,
    public_key_id: &'a str,
    public_key_file: &'static str,
    ca_file: &'static str,
    #[serde(skip_serializing_if = "<[SandboxOpenid]>::is_empty")]
    openids: &'a [SandboxOpenid],
}

/// A directory that has none of these files yet.
pub(super) struct Directory(PathBuf);

impl Directory {
    /// Refuses one that has any of them.
    pub(super) fn new(path: &Path) -> Result<Directory, Failure> {
        match ALL.iter().map(|name| path.join(name)).find(|file| file.exists()) {
            Some(file) => Err(format!("{} exists; nothing is overwritten", file.display()).into()),
            None => Ok(Directory(path.to_owned())),
        }
    }

    /// Writes them durably, for their owner only.
    pub(super) fn write(&self, platform: &WechatPlatform, given: &Given) -> Result<(), Failure> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0).map_err(|error| format!("cannot make {}: {error}", self.0.display()))?;
        let overview = Overview {
            mchid: &given.mchid,
            appid: given.appids.first().map_or("", String::as_str),
            appids: &given.appids,
            key_mode: given.key_mode,
            serial_no: &given.serial,
            private_key_file: given.private_key.as_ref().map(|_| PRIVATE_KEY),
            certificate_file: CERTIFICATE,
            apiv3_key: given.api_v3_key.as_ref().map(|key| key.as_str()),
            public_key_id: &platform.public_key.id,
            public_key_file: PUBLIC_KEY,
            ca_file: AUTHORITY,
            openids: &given.openids,
        };
        let overview = Zeroizing::new(format!("{}\n", serde_json::to_string_pretty(&overview)?));
        let write = |name: &str, text: &str| write_private(&self.0.join(name), text);
        if let Some(key) = &given.private_key {
            write(PRIVATE_KEY, key)?;
        }
        write(CERTIFICATE, &given.certificate)?;
        write(PUBLIC_KEY, &platform.public_key.public_key)?;
        write(AUTHORITY, &platform.authority.certificate)?;
        write(OVERVIEW, &overview)
    }

    /// Removes what was written for a commit that did not happen.
    pub(super) fn take_back(&self) {
        for name in ALL {
            // What is not there need not go, and what stays belongs to no merchant.
            drop(fs::remove_file(self.0.join(name)));
        }
    }

    pub(super) fn display(&self) -> std::path::Display<'_> {
        self.0.display()
    }
}
