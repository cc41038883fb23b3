//! What a new sandbox has for WeChat Pay's interface: the platform's keys, and the merchant's identity with the
//! files that an SDK is configured with.

use std::{fs, path::Path};

use serde::{Deserialize, Serialize};
use tongbao_core::{
    id::{AppId, PayerId},
    wechat::{
        merchant::{KeyMode, NewWechatMerchant},
        platform::NewPlatform,
    },
};
use tongbao_engine::{
    Engine,
    wechat::found::{Enrolment, Founded, authority_name},
};

use crate::{instance::write_private, output::Failure};

/// The merchant number of every sandbox.
const MCHID: &str = "1900000001";
/// The app that is bound to it.
const APPID: &str = "wx0000000000000001";
/// The name in its certificate.
const ORGANIZATION: &str = "Sandbox Tea House";

/// The directory of the files, beside `sandbox.json`.
const DIRECTORY: &str = "wechat";

/// What `sandbox.json` says of WeChat Pay's interface. Files are named from the directory of `sandbox.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SandboxWechat {
    /// The merchant number.
    pub(crate) mchid: String,
    /// The app that is bound to it.
    pub(crate) appid: String,
    /// The serial number of the merchant's certificate.
    pub(crate) serial_no: String,
    /// The merchant's private key.
    pub(crate) private_key_file: String,
    /// The merchant's certificate.
    pub(crate) certificate_file: String,
    /// The key shared with the platform.
    pub(crate) apiv3_key: String,
    /// The id of the platform's public key.
    pub(crate) public_key_id: String,
    /// The platform's public key.
    pub(crate) public_key_file: String,
    /// The certificate of the authority that issued all others.
    pub(crate) ca_file: String,
    /// How the app names the test payers.
    pub(crate) openids: Vec<SandboxOpenid>,
}

/// How the app names a test payer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SandboxOpenid {
    /// The payer.
    pub(crate) payer: PayerId,
    /// Its name.
    pub(crate) openid: String,
}

/// A file to be written.
struct PemFile {
    name: String,
    text: zeroize::Zeroizing<String>,
}

/// What was made, not in the store yet.
pub(crate) struct WechatSeed {
    pub(crate) platform: NewPlatform,
    pub(crate) merchant: NewWechatMerchant,
    pub(crate) shown: SandboxWechat,
    files: Vec<PemFile>,
}

impl WechatSeed {
    /// Makes the keys.
    pub(crate) fn make(engine: &Engine, app: AppId, payers: &[PayerId]) -> Result<WechatSeed, Failure> {
        let Founded { platform, authority } = engine.found_wechat(authority_name(engine.mode))?;
        let appids = [APPID.to_owned()];
        let key_mode = KeyMode::Both;
        let who = Enrolment { mchid: MCHID, organization: ORGANIZATION, app, appids: &appids, key_mode };
        let enrolled = engine.enrol_wechat(&authority, &who)?;
        let name = |file: &str| format!("{DIRECTORY}/{file}");
        let openid =
            |payer: &PayerId| SandboxOpenid { payer: *payer, openid: engine.wechat_openid(APPID, *payer) };
        let shown = SandboxWechat {
            mchid: MCHID.to_owned(),
            appid: APPID.to_owned(),
            serial_no: enrolled.merchant.certificate.serial.clone(),
            private_key_file: name("apiclient_key.pem"),
            certificate_file: name("apiclient_cert.pem"),
            apiv3_key: enrolled.api_v3_key,
            public_key_id: platform.public_key.id.clone(),
            public_key_file: name("pub_key.pem"),
            ca_file: name("ca.pem"),
            openids: payers.iter().map(openid).collect(),
        };
        let file = |name: &String, text: &str| PemFile { name: name.clone(), text: text.to_owned().into() };
        let files = vec![
            file(&shown.private_key_file, &enrolled.private_key),
            file(&shown.certificate_file, &enrolled.certificate),
            file(&shown.public_key_file, &platform.public_key.public_key),
            file(&shown.ca_file, &platform.authority.certificate),
        ];
        Ok(WechatSeed { platform, merchant: enrolled.merchant, shown, files })
    }

    /// Writes the files for their owner only, durably, into a directory beside `sandbox.json`.
    pub(crate) fn write(&self, beside: &Path) -> Result<(), Failure> {
        let directory = beside.join(DIRECTORY);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&directory)
            .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
        self.files.iter().try_for_each(|file| write_private(&beside.join(&file.name), &file.text))
    }
}
