//! `tongbao wechat enroll`: an app gets an identity in WeChat Pay's interface (进件).

use std::sync::Arc;

use clap::Args;
use tongbao_core::{
    Key,
    id::AppId,
    merchant::{App, Merchant},
    wechat::{WechatMerchant, WechatPlatform, merchant::register, platform},
};
use tongbao_engine::{
    Engine,
    wechat::found::{Certified, Enrolment, Founded, authority_name},
};

use super::{
    Issue, KeyModeName, MerchantKey,
    files::{Directory, Given},
    input, number,
};
use crate::{
    instance::Instance,
    output::{self, Failure},
    seed::SandboxFile,
    wechat_seed::SandboxOpenid,
};

/// Merchant numbers that are drawn: ten digits that begin with 16, as WeChat Pay's newer ones do.
const DRAWN_FIRST: u128 = 1_600_000_000;
const DRAWN_COUNT: u128 = 100_000_000;

/// The command line of `tongbao wechat enroll`.
#[derive(Args)]
pub(super) struct Enroll {
    /// The app that its orders belong to, as `tongbao keys list` shows it
    #[arg(long)]
    app: AppId,
    /// The merchant number; a free one is drawn unless given
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    mchid: Option<String>,
    /// Official accounts, mini programs and apps that are bound to it
    #[arg(long = "appid", required = true, value_delimiter = ',', value_name = "APPID,…", value_parser = number)]
    appids: Vec<String>,
    /// What it verifies answers and notifications with
    #[arg(long, value_enum, default_value = "both")]
    key_mode: KeyModeName,
    #[command(flatten)]
    issue: Issue,
}

impl Enroll {
    pub(super) async fn run(self, engine: &Arc<Engine>, instance: &Instance) -> Result<(), Failure> {
        let organization = self.issue.organization.map_or_else(|| name(engine, self.app), Ok)?;
        let mchid = free_number(engine, self.mchid)?;
        let directory = Directory::new(&self.issue.to)?;
        let key = MerchantKey::of(self.issue.csr.as_deref())?;
        let platform = founded(engine).await?;
        let authority = engine.wechat_authority(&platform)?;
        let (organization, key_mode) = (organization.as_str(), self.key_mode.into());
        let who = Enrolment { mchid: &mchid, organization, app: self.app, appids: &self.appids, key_mode };
        let Certified { merchant: new, certificate, api_v3_key } =
            engine.enrol_wechat_key(&authority, &who, &key.public)?;
        let given = Given {
            mchid: mchid.clone(),
            openids: openids(engine, instance, &self.appids)?,
            appids: self.appids,
            key_mode,
            serial: new.certificate.serial.clone(),
            certificate,
            private_key: key.private.map(|key| key.to_pem()),
            api_v3_key: Some(api_v3_key.into()),
        };
        directory.write(&platform, &given)?;
        let made = engine.step(input("enrol_wechat_merchant"), move |facts, cx| register(facts, cx, &new));
        made.await.inspect_err(|_| directory.take_back())?;
        let Given { serial, .. } = given;
        output::line(format_args!(
            "merchant number {mchid}\nserial number {serial}\nfiles {}",
            directory.display()
        ))?;
        output::note("The APIv3 key is in wechat.json there. No copy of the private key is kept.");
        Ok(())
    }
}

/// The name of the merchant whose app this is.
fn name(engine: &Engine, app: AppId) -> Result<String, Failure> {
    let app = engine.store.get::<App>(app)?.ok_or_else(|| format!("there is no app {app} here"))?;
    let merchant = engine.store.get::<Merchant>(app.merchant)?.ok_or("an app without a merchant")?;
    Ok(merchant.name)
}

/// The number asked for, or one that nobody has.
fn free_number(engine: &Engine, asked: Option<String>) -> Result<String, Failure> {
    let is_free = |mchid: &String| -> Result<bool, Failure> {
        Ok(engine.store.find::<WechatMerchant>(Key::WechatMerchant(mchid.clone()))?.is_none())
    };
    match asked {
        Some(mchid) if is_free(&mchid)? => Ok(mchid),
        Some(mchid) => Err(format!("merchant number {mchid} is taken").into()),
        None => loop {
            let drawn = u128::from_be_bytes(engine.entropy.seed()) % DRAWN_COUNT;
            let mchid = (DRAWN_FIRST + drawn).to_string();
            if is_free(&mchid)? {
                return Ok(mchid);
            }
        },
    }
}

/// The platform's keys; those of an instance that has none yet are made.
async fn founded(engine: &Arc<Engine>) -> Result<WechatPlatform, Failure> {
    let known = || engine.store.find::<WechatPlatform>(Key::WechatPlatform);
    if let Some(platform) = known()? {
        return Ok(platform);
    }
    let Founded { platform: new, .. } = engine.found_wechat(authority_name(engine.mode))?;
    let made = engine.step(input("found_wechat_platform"), move |facts, cx| platform::found(facts, cx, &new));
    made.await?;
    Ok(known()?.ok_or("the platform's keys were not kept")?)
}

/// How the first of the apps names a sandbox's test payers.
pub(super) fn openids(
    engine: &Engine,
    instance: &Instance,
    appids: &[String],
) -> Result<Vec<SandboxOpenid>, Failure> {
    let file = instance.directory().join("sandbox.json");
    let (Some(appid), true) = (appids.first(), engine.is_sandbox() && file.exists()) else {
        return Ok(Vec::new());
    };
    let payers = SandboxFile::read(&file)?.payers;
    let named = payers
        .iter()
        .map(|payer| SandboxOpenid { payer: payer.id, openid: engine.wechat_openid(appid, payer.id) });
    Ok(named.collect())
}
