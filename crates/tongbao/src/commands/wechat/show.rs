//! `tongbao wechat show`: certificates and their states, also beside a running instance.

use clap::Args;
use comfy_table::Table;
use tongbao_channel::wechat::time::rfc3339;
use tongbao_core::{
    Key, Time,
    wechat::{WechatMerchant, WechatPlatform},
};
use tongbao_engine::{Clock, SystemClock};
use tongbao_store::Store;

use super::number;
use crate::output::{self, Failure};

/// The command line of `tongbao wechat show`.
#[derive(Args)]
pub(super) struct Show {
    /// The merchant number; the platform unless given
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    mchid: Option<String>,
}

impl Show {
    pub(super) fn run(self, store: &dyn Store) -> Result<(), Failure> {
        let world = SystemClock::default().world();
        match self.mchid {
            Some(mchid) => merchant(store, &mchid, world),
            None => platform(store, world),
        }
    }
}

fn table() -> Table {
    let mut table = Table::new();
    table.set_header(["serial number", "from", "to", "state"]);
    table
}

fn within(from: Time, to: Time, world: Time) -> &'static str {
    match (world < from, to < world) {
        (true, _) => "not yet",
        (_, true) => "ended",
        _ => "good",
    }
}

fn merchant(store: &dyn Store, mchid: &str, world: Time) -> Result<(), Failure> {
    let found = store.find::<WechatMerchant>(Key::WechatMerchant(mchid.to_owned()))?;
    let merchant = found.ok_or_else(|| format!("there is no merchant number {mchid} here"))?;
    let WechatMerchant { app, appids, key_mode, certificates, .. } = merchant;
    let key_mode = serde_json::to_value(key_mode)?;
    output::line(format_args!(
        "merchant number {mchid}\napp {app}\nappids {}\nverifies with {}",
        appids.join(" "),
        key_mode.as_str().unwrap_or_default()
    ))?;
    let mut table = table();
    for known in certificates {
        let state = match known.revoked_at {
            Some(_) => "revoked",
            None => within(known.not_before, known.not_after, world),
        };
        let (from, to) = (rfc3339(known.not_before), rfc3339(known.not_after));
        table.add_row([known.serial, from, to, state.to_owned()]);
    }
    output::line(table)
}

fn platform(store: &dyn Store, world: Time) -> Result<(), Failure> {
    let found = store.find::<WechatPlatform>(Key::WechatPlatform)?;
    let platform = found.ok_or("the platform has no keys yet; enroll a merchant first")?;
    output::line(format_args!("public key {}", platform.public_key.id))?;
    let signs = platform.signs_at(world).map(|known| known.serial.clone());
    let mut table = table();
    for known in platform.certificates {
        let state = match known.retired_at {
            _ if signs.as_ref() == Some(&known.serial) => "signs",
            Some(_) => "retired",
            None => within(known.not_before, known.not_after, world),
        };
        let (from, to) = (rfc3339(known.not_before), rfc3339(known.not_after));
        table.add_row([known.serial, from, to, state.to_owned()]);
    }
    output::line(table)
}
