//! The world a benchmark runs in: a new instance in a temporary directory, with merchants and payers.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::task::JoinSet;
use tongbao_core::{
    Actor, ChangeSet, List,
    id::{AppId, MerchantId, PayerId},
    ledger::{Channel, template},
    merchant::{self, NewMerchant},
    payer::{self, NewPayer},
};
use tongbao_engine::{Engine, Entropy, Error, Input, Mode, SystemEntropy, auth::hex};
use tongbao_money::{Amount, BasisPoints, Currency, Money};
use tongbao_store::Query;

use crate::{instance::Instance, output::Failure};

/// A directory that is removed when it is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// A new directory under `parent`, or under the system's place for such.
    pub(super) fn new(parent: Option<&Path>) -> Result<Scratch, Failure> {
        let name = format!("tongbao-bench-{}", &hex(&SystemEntropy.seed())[..12]);
        let path = parent.map_or_else(std::env::temp_dir, Path::to_owned).join(name);
        fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A directory that cannot be removed is left for its owner; the figures stand.
        drop(fs::remove_dir_all(&self.0));
    }
}

pub(super) fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

/// A new sandbox engine in the directory.
pub(super) async fn engine(scratch: &Scratch) -> Result<Arc<Engine>, Failure> {
    Instance::at(scratch.path()).engine(Mode::Sandbox).await
}

/// So many engines on one empty database, with their key in the directory.
pub(super) async fn engines_on(
    scratch: &Scratch,
    url: &str,
    count: u32,
) -> Result<Vec<Arc<Engine>>, Failure> {
    let instance = Instance::at(scratch.path()).on_server(Some(url.to_owned()));
    let mut engines = Vec::new();
    for _ in 0..count {
        engines.push(instance.engine(Mode::Sandbox).await?);
    }
    let first = engines.first().ok_or("no store was asked for")?;
    if first
        .store
        .records(Query::List { list: List::Merchants, after: None, newest_first: false, limit: 1 })?
        .is_empty()
    {
        Ok(engines)
    } else {
        Err("this database is used; a benchmark needs an empty one".into())
    }
}

/// Steps of the world that wait for one commit together.
const TOGETHER: u32 = 256;

/// This many merchants, each with one app.
pub(super) async fn merchants(engine: &Arc<Engine>, count: u32) -> Result<Vec<(MerchantId, AppId)>, Failure> {
    together(count, |number| merchant(Arc::clone(engine), number)).await
}

/// This many payers who can pay for ever. They have no password: nothing here asks for one.
pub(super) async fn payers(engine: &Arc<Engine>, count: u32) -> Result<Vec<PayerId>, Failure> {
    together(count, |number| payer(Arc::clone(engine), number)).await
}

/// Makes `count` things, some at a time, so that they share commits.
async fn together<T, F>(count: u32, make: impl Fn(u32) -> F) -> Result<Vec<T>, Failure>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>> + Send + 'static,
{
    let mut made = Vec::new();
    for first in (0..count).step_by(TOGETHER as usize) {
        let mut making = JoinSet::new();
        for number in first..count.min(first + TOGETHER) {
            making.spawn(make(number));
        }
        while let Some(one) = making.join_next().await {
            made.push(one??);
        }
    }
    Ok(made)
}

async fn merchant(engine: Arc<Engine>, number: u32) -> Result<(MerchantId, AppId), Error> {
    let (_, secret) = engine.new_webhook_secret();
    let fee_rate = BasisPoints::new(60).unwrap_or_default();
    let new = NewMerchant { name: format!("merchant {number}"), fee_rate, secret };
    let made = engine.step(input("create_merchant"), move |_, cx| {
        let (change, merchant, app) = merchant::create(cx, &new);
        Ok((change, (merchant, app)))
    });
    made.await
}

async fn payer(engine: Arc<Engine>, number: u32) -> Result<PayerId, Error> {
    let phone = format!("199{number:08}");
    let new = NewPayer {
        phone_sealed: String::new(),
        phone_digest: engine.vault.digest("phone", &phone),
        phone_hint: tongbao_engine::auth::mask_phone(&phone),
        password: String::new(),
    };
    let amount = Amount::new(1_000_000_000_000).unwrap_or_default();
    let money = Money { amount, currency: Currency::CNY };
    let made = engine.step(input("create_payer"), move |facts, cx| {
        let (change, id) = payer::create(facts, cx, &new)?;
        let postings = template::top_up(Channel::SandboxBank, id, money, id.into());
        Ok((ChangeSet { postings, ..change }, id))
    });
    made.await
}
