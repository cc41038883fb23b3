//! `tongbao wechat rotate`, `revoke` and `key-mode`: what changes of a merchant after its enrolment.

use std::sync::Arc;

use clap::Args;
use tongbao_channel::wechat::serial::Serial;
use tongbao_core::{
    Key,
    merchant::Merchant,
    wechat::{
        WechatPlatform,
        merchant::{add_certificate, revoke_certificate, set_key_mode},
    },
};
use tongbao_engine::{Engine, vault::Field, wechat::found::kept};
use zeroize::Zeroizing;

use super::{
    Issue, KeyModeName, MerchantKey,
    enroll::openids,
    files::{Directory, Given},
    input, known, number,
};
use crate::{
    instance::Instance,
    output::{self, Failure},
};

/// The command line of `tongbao wechat rotate`.
#[derive(Args)]
pub(super) struct Rotate {
    /// The merchant number
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    mchid: String,
    #[command(flatten)]
    issue: Issue,
}

impl Rotate {
    pub(super) async fn run(self, engine: &Arc<Engine>, instance: &Instance) -> Result<(), Failure> {
        let record = known(engine, &self.mchid)?;
        let organization = match self.issue.organization {
            Some(name) => name,
            None => engine.store.get::<Merchant>(record.merchant)?.ok_or("an app without a merchant")?.name,
        };
        let directory = Directory::new(&self.issue.to)?;
        let platform = engine.store.find::<WechatPlatform>(Key::WechatPlatform)?;
        let platform = platform.ok_or("the platform has no keys")?;
        let authority = engine.wechat_authority(&platform)?;
        let key = MerchantKey::of(self.issue.csr.as_deref())?;
        let certificate = engine.certify_wechat(&authority, &self.mchid, &organization, &key.public)?;
        let shared =
            record.api_v3_key.as_ref().map(|sealed| engine.vault.open(Field::WechatApiV3Key, sealed));
        let given = Given {
            mchid: record.mchid,
            openids: openids(engine, instance, &record.appids)?,
            appids: record.appids,
            key_mode: record.key_mode,
            serial: certificate.serial().to_string(),
            certificate: certificate.to_pem(),
            private_key: key.private.map(|key| key.to_pem()),
            api_v3_key: shared.transpose()?.map(Zeroizing::new),
        };
        directory.write(&platform, &given)?;
        let (mchid, new) = (self.mchid, kept(&certificate));
        let made = engine
            .run(input("rotate_wechat_certificate"), move |facts, _| add_certificate(facts, &mchid, &new));
        made.await.inspect_err(|_| directory.take_back())?;
        output::line(format_args!("serial number {}\nfiles {}", given.serial, directory.display()))?;
        output::note("The certificates before it stay good until they end or are revoked.");
        Ok(())
    }
}

/// The command line of `tongbao wechat revoke`.
#[derive(Args)]
pub(super) struct Revoke {
    /// The merchant number
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    mchid: String,
    /// The serial number of the certificate, as `tongbao wechat show` has it
    #[arg(long)]
    serial: Serial,
}

impl Revoke {
    pub(super) async fn run(self, engine: &Arc<Engine>) -> Result<(), Failure> {
        let Revoke { mchid, serial } = self;
        let revoked = {
            let (mchid, serial) = (mchid.clone(), serial.to_string());
            engine.run(input("revoke_wechat_certificate"), move |facts, cx| {
                revoke_certificate(facts, cx, &mchid, &serial)
            })
        };
        revoked.await?;
        output::line(format_args!("revoked {serial}"))?;
        let world = engine.clock.world();
        if !known(engine, &mchid)?.certificates.iter().any(|known| known.is_usable_at(world)) {
            output::note("No certificate is left with which this merchant could sign.");
        }
        Ok(())
    }
}

/// The command line of `tongbao wechat key-mode`.
#[derive(Args)]
pub(super) struct SetKeyMode {
    /// The merchant number
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    mchid: String,
    /// What it verifies answers and notifications with
    #[arg(value_enum)]
    mode: KeyModeName,
}

impl SetKeyMode {
    pub(super) async fn run(self, engine: &Arc<Engine>) -> Result<(), Failure> {
        let SetKeyMode { mchid, mode } = self;
        engine
            .run(input("set_wechat_key_mode"), move |facts, _| set_key_mode(facts, &mchid, mode.into()))
            .await?;
        output::line("changed")
    }
}
