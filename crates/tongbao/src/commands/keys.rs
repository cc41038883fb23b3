//! `tongbao keys`: merchants, their apps' secret keys, and the keys that fields are sealed with. The instance must be
//! stopped meanwhile: one process writes a store.

use std::{process::ExitCode, sync::Arc};

use clap::{Args, Subcommand};
use comfy_table::Table;
use tongbao_core::{
    Actor, List, Record,
    api_key::{self, Scope},
    id::{ApiKeyId, AppId},
    merchant::{self, NewMerchant},
};
use tongbao_engine::{Engine, Input, Mode, rotation::Progress};
use tongbao_money::BasisPoints;
use tongbao_store::{Query, Store, verify::verify};

use super::{Place, block_on};
use crate::output::{self, Failure};

/// The command line of `tongbao keys`.
#[derive(Args)]
pub(crate) struct Keys {
    #[command(flatten)]
    data: Place,
    /// The instance is a sandbox
    #[arg(long, global = true)]
    sandbox: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Make a merchant with one app and one key
    Merchant {
        /// What payers see
        #[arg(long)]
        name: String,
        /// The platform's fee in basis points: 60 is 0.60 %
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=10_000))]
        fee_bps: u16,
    },
    /// Make another key for an app; it is shown once
    Create {
        /// The app
        #[arg(long)]
        app: AppId,
        /// What it may do; all of it unless given
        #[arg(long, value_delimiter = ',', value_name = "SCOPE,…", value_parser = scope)]
        scopes: Vec<Scope>,
        /// Networks it may be used from, as in 203.0.113.0/24; anywhere unless given
        #[arg(long, value_delimiter = ',', value_name = "NETWORK,…")]
        networks: Vec<ipnet::IpNet>,
        /// Days it works; for ever unless given
        #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
        days: Option<u16>,
    },
    /// List merchants, apps and keys
    List,
    /// Make a new key for sealed fields and seal all of them anew, or finish doing so
    Rotate,
    /// Revoke a key from now on
    Revoke {
        /// The key's id, as listed
        key: ApiKeyId,
    },
}

fn scope(name: &str) -> Result<Scope, String> {
    let known = Scope::ALL.into_iter().find(|scope| scope.name() == name);
    known.ok_or_else(|| "one of read, payments, refunds, webhooks".to_owned())
}

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

impl Keys {
    /// Does what is asked.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if matches!(self.what, What::List) {
            list(self.data.instance().reader()?.as_ref())?;
            return Ok(ExitCode::SUCCESS);
        }
        let instance = self.data.instance();
        instance.create()?;
        let mode = if self.sandbox { Mode::Sandbox } else { Mode::Production };
        block_on(async {
            let engine = instance.engine(mode).await?;
            match self.what {
                What::List => Ok(()),
                What::Rotate => rotate(&engine).await,
                What::Merchant { name, fee_bps } => make_merchant(&engine, name, fee_bps).await,
                What::Create { app, scopes, networks, days } => {
                    let scopes = if scopes.is_empty() { Scope::ALL.to_vec() } else { scopes };
                    let networks = networks.iter().map(ToString::to_string).collect();
                    make_key(&engine, app, scopes, networks, days).await
                }
                What::Revoke { key } => {
                    engine
                        .run(input("revoke_api_key"), move |facts, cx| api_key::revoke(facts, cx, key))
                        .await?;
                    output::line(format_args!("revoked {key}"))
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Finishes a rotation that was interrupted, or begins one; then recounts the store.
async fn rotate(engine: &Arc<Engine>) -> Result<(), Failure> {
    let bar = output::progress("records looked at");
    let mut tell = |progress: Progress| bar.set_position(progress.seen);
    let before = engine.reseal_all(&mut tell).await?;
    let (key, resealed) = if before.resealed > 0 {
        (engine.vault.newest_key(), before.resealed)
    } else {
        let key = engine.add_data_key().await?;
        (key, engine.reseal_all(&mut tell).await?.resealed)
    };
    bar.finish_and_clear();
    let report = verify(engine.store.as_ref(), &mut |_| ())?;
    if !report.is_clean() {
        return Err("sealed anew, but the store is not clean: run `tongbao verify`".into());
    }
    output::line(format_args!("data key {key} seals; {resealed} records sealed anew; verify: clean"))
}

async fn make_merchant(engine: &Arc<Engine>, name: String, fee_bps: u16) -> Result<(), Failure> {
    let (webhook_secret, secret) = engine.new_webhook_secret();
    let fee_rate = BasisPoints::new(fee_bps).ok_or("a fee is at most 10000 basis points")?;
    let new = NewMerchant { name, fee_rate, secret };
    let made = engine.step(input("create_merchant"), move |_, cx| {
        let (change, merchant, app) = merchant::create(cx, &new);
        Ok((change, (merchant, app)))
    });
    let (merchant, app) = made.await?;
    output::line(format_args!("merchant {merchant}\napp {app}\nwebhook secret {webhook_secret}"))?;
    make_key(engine, app, Scope::ALL.to_vec(), Vec::new(), None).await
}

async fn make_key(
    engine: &Arc<Engine>,
    app: AppId,
    scopes: Vec<Scope>,
    networks: Vec<String>,
    days: Option<u16>,
) -> Result<(), Failure> {
    let until = days.map(|days| engine.now().plus_s(i64::from(days) * 24 * 3_600));
    let (secret, new) = engine.new_secret_key(scopes, networks, until);
    let made = engine.step(input("create_api_key"), move |facts, cx| api_key::create(facts, cx, app, &new));
    let id = made.await?;
    output::line(format_args!("key {id}\nsecret key {secret}"))?;
    output::note("The secret key is shown this once; only a digest of it is kept.");
    Ok(())
}

/// Rows listed of each kind.
const LISTED_MAX: u32 = 1_000;

fn list(store: &dyn Store) -> Result<(), Failure> {
    let all = |list| store.records(Query::List { list, after: None, newest_first: false, limit: LISTED_MAX });
    let mut table = Table::new();
    table.set_header(["merchant", "app", "key", "hint", "scopes", "state"]);
    for record in all(List::Merchants)? {
        let Record::Merchant(merchant) = record else { continue };
        for app in all(List::Apps(merchant.id))? {
            let Record::App(app) = app else { continue };
            for key in all(List::ApiKeys(app.id))? {
                let Record::ApiKey(key) = key else { continue };
                let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
                let state = if key.revoked_at.is_some() { "revoked" } else { "live" };
                let (app, id) = (app.id.to_string(), key.id.to_string());
                table.add_row([merchant.name.clone(), app, id, key.hint, scopes.join(" "), state.to_owned()]);
            }
        }
    }
    output::line(table)
}
