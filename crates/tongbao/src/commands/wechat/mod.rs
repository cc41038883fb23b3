//! `tongbao wechat`: merchants of WeChat Pay's interface, their certificates and the platform's.
//!
//! Commands that write need the instance stopped, because one process writes a store; `show`, `trust` and `proxy` read
//! beside a running one.
//!
//! **Invariants.** Files are durable before the commit that makes them good, because keys in them are nowhere else. No
//! file is ever overwritten, and all are their owner's only. Of a merchant's key the store has the public half.

mod enroll;
mod files;
mod merchant;
mod platform;
mod proxy;
mod show;
mod trust;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Subcommand, ValueEnum};
use tongbao_channel::wechat::{
    authority::requested_key,
    signature::{SigningKey, VerifyingKey},
};
use tongbao_core::{
    Actor, Key,
    wechat::{
        WechatMerchant,
        merchant::{KeyMode, is_number},
    },
};
use tongbao_engine::{Engine, Input};

use super::{Place, block_on};
use crate::output::Failure;

/// The command line of `tongbao wechat`.
#[derive(Args)]
pub(crate) struct Wechat {
    #[command(flatten)]
    data: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Give an app a merchant number, an APIv3 key and a certificate; the instance must be stopped
    Enroll(enroll::Enroll),
    /// Issue a merchant's next certificate, while the present one stays good; the instance must be stopped
    Rotate(merchant::Rotate),
    /// Revoke a merchant's certificate from now on; the instance must be stopped
    Revoke(merchant::Revoke),
    /// Change what a merchant verifies with; the instance must be stopped
    KeyMode(merchant::SetKeyMode),
    /// Make the platform certificate that follows; both are listed, the present one signs; the instance must be
    /// stopped
    RotatePlatform,
    /// Let the newest platform certificate sign from now on; the instance must be stopped
    SwitchPlatform,
    /// Show a merchant's certificates, or the platform's
    Show(show::Show),
    /// Print how each SDK is led to this sandbox, with its real values, and write the files for that
    Trust,
    /// Stand for api.mch.weixin.qq.com on this machine, for SDKs that know no other host
    Proxy(proxy::Proxy),
}

/// For whom a certificate is issued, over which key, and where it goes.
#[derive(Args)]
struct Issue {
    /// Its name in the certificate; the merchant's name unless given
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,
    /// A certificate request (PKCS#10, PEM, RSA of 2048 bits) by a merchant who keeps its private key to itself
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,
    /// Where the files are written for its SDK; nothing there is overwritten
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

impl Wechat {
    /// Does what is asked.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let instance = self.data.instance();
        let writer = async || instance.engine(instance.mode()?).await;
        match self.what {
            What::Enroll(enroll) => block_on(async { enroll.run(&writer().await?, &instance).await }),
            What::Rotate(rotate) => block_on(async { rotate.run(&writer().await?, &instance).await }),
            What::Revoke(revoke) => block_on(async { revoke.run(&writer().await?).await }),
            What::KeyMode(set) => block_on(async { set.run(&writer().await?).await }),
            What::RotatePlatform => block_on(async { platform::rotate(&writer().await?).await }),
            What::SwitchPlatform => block_on(async { platform::switch(&writer().await?).await }),
            What::Show(show) => show.run(instance.reader()?.as_ref()),
            What::Trust => trust::run(&instance),
            What::Proxy(proxy) => block_on(proxy.run(&instance)),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

/// What a merchant verifies with, as the command line says it.
#[derive(Clone, Copy, ValueEnum)]
enum KeyModeName {
    /// With platform certificates (平台证书)
    Certificates,
    /// With the public key (微信支付公钥)
    PublicKey,
    /// With either; each request names which
    Both,
}

impl From<KeyModeName> for KeyMode {
    fn from(name: KeyModeName) -> KeyMode {
        match name {
            KeyModeName::Certificates => KeyMode::Certificates,
            KeyModeName::PublicKey => KeyMode::PublicKey,
            KeyModeName::Both => KeyMode::Both,
        }
    }
}

/// A merchant number or appid.
fn number(text: &str) -> Result<String, String> {
    if is_number(text) { Ok(text.to_owned()) } else { Err("1 to 32 letters or digits".to_owned()) }
}

/// The key that a certificate is issued for.
struct MerchantKey {
    public: VerifyingKey,
    /// The private half, if it was made here.
    private: Option<SigningKey>,
}

impl MerchantKey {
    /// The key of a certificate request, or else a new one.
    fn of(request: Option<&Path>) -> Result<MerchantKey, Failure> {
        let Some(file) = request else {
            let key = SigningKey::generate();
            return Ok(MerchantKey { public: key.verifying_key(), private: Some(key) });
        };
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| failed(&error))?;
        Ok(MerchantKey { public: requested_key(&text).map_err(|error| failed(&error))?, private: None })
    }
}

/// The merchant with this number.
fn known(engine: &Arc<Engine>, mchid: &str) -> Result<WechatMerchant, Failure> {
    let found = engine.store.find::<WechatMerchant>(Key::WechatMerchant(mchid.to_owned()))?;
    found.ok_or_else(|| format!("there is no merchant number {mchid} here").into())
}
