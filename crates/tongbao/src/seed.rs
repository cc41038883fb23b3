//! What a new sandbox begins with: a merchant, an app, a secret key, three payers with balances, and the merchant's
//! identity in WeChat Pay's interface.
//!
//! **Invariant.** It is decided whole, its files are made durable, and then it is committed in one step. A
//! process that is killed before the commit leaves an empty store, and the next start makes everything anew; one
//! that is killed after it leaves a whole sandbox.

use std::path::Path;

use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, ChangeSet, Context, Facts, Id, Key, Lookup, Record, Stop, TaskKey,
    api_key::{self, Scope},
    id::{AppId, MerchantId, PayerId},
    ledger::{AccountKey, AccountState, Channel},
    merchant::{self, NewMerchant},
    payer, sandbox,
    wechat::{merchant as wechat_merchant, platform},
};
use tongbao_engine::{Engine, Input};
use tongbao_money::{Amount, BasisPoints, Currency, Money};

use crate::{
    instance::write_private,
    output::Failure,
    wechat_seed::{SandboxWechat, WechatSeed},
};

/// What the merchant pays per payment: 0.60 %, the usual rate of Chinese wallets.
const FEE_BPS: u16 = 60;

/// The test payers: phone number, payment password, balance in fen. 170 0000 numbers are not assigned
/// to anyone; the third payer cannot afford much, on purpose.
const PAYERS: [(&str, &str, i64); 3] = [
    ("17000000001", "111111", 1_000_000),
    ("17000000002", "222222", 100_000),
    ("17000000003", "333333", 100),
];

/// `sandbox.json`: everything a program needs to use the sandbox.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SandboxFile {
    /// Where it listens.
    pub(crate) api: String,
    /// The app's secret key.
    pub(crate) secret_key: String,
    /// The secret that signs notifications to a payment's `notify_url`.
    pub(crate) webhook_secret: String,
    /// The Ed25519 key that also signs them.
    pub(crate) webhook_public_key: String,
    /// The merchant.
    pub(crate) merchant: MerchantId,
    /// Its app.
    pub(crate) app: AppId,
    /// The test payers.
    pub(crate) payers: Vec<SandboxPayer>,
    /// The merchant in WeChat Pay's interface; a sandbox from before that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wechat: Option<SandboxWechat>,
}

/// A test payer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SandboxPayer {
    /// Its id.
    pub(crate) id: PayerId,
    /// The number to sign in with.
    pub(crate) phone: String,
    /// The payment password.
    pub(crate) password: String,
    /// The balance at the beginning, in fen.
    pub(crate) balance: i64,
}

impl SandboxFile {
    /// Reads it.
    pub(crate) fn read(file: &Path) -> Result<SandboxFile, Failure> {
        let text = std::fs::read_to_string(file).map_err(|error| {
            format!("cannot read {}: {error}; start `tongbao sandbox` first", file.display())
        })?;
        serde_json::from_str(&text).map_err(|error| format!("{} is damaged: {error}", file.display()).into())
    }

    /// Writes it for its owner only.
    pub(crate) fn write(&self, file: &Path) -> Result<(), Failure> {
        write_private(file, &format!("{}\n", serde_json::to_string_pretty(self)?))
    }
}

/// What was decided so far over a store that is empty but for it: the facts of the next decision, and in
/// the end one change set.
#[derive(Default)]
struct Made(ChangeSet);

impl Facts for Made {
    fn record(&self, id: Id) -> Lookup<Option<&Record>> {
        Ok(self.0.records.iter().find(|record| record.id() == id))
    }

    fn key(&self, key: &Key) -> Lookup<Option<Id>> {
        Ok(self.0.records.iter().find(|record| record.keys().contains(key)).map(Record::id))
    }

    fn account(&self, _: &AccountKey) -> Lookup<AccountState> {
        Ok(AccountState::default())
    }

    fn task(&self, _: &TaskKey) -> Lookup<bool> {
        Ok(false)
    }
}

impl Made {
    /// Adds what a decision over all before it changes. Nothing here changes a record that was made here, so
    /// each is written once.
    fn add<T>(&mut self, decided: Result<(ChangeSet, T), Stop>) -> Result<T, Failure> {
        let (change, made) = decided.map_err(|stop| match stop {
            Stop::Refuse(refusal) => refusal.to_string(),
            Stop::Need(need) => format!("an empty store lacks {:?}", need.0),
        })?;
        self.0.records.extend(change.records);
        self.0.postings.extend(change.postings);
        self.0.tasks.extend(change.tasks);
        self.0.done.extend(change.done);
        Ok(made)
    }
}

/// What a new sandbox begins with, not in the store yet.
pub(crate) struct Seed {
    /// What its file says.
    pub(crate) file: SandboxFile,
    wechat: WechatSeed,
    change: ChangeSet,
}

impl Seed {
    /// Writes its files. They must be on the disk before the commit: the keys are nowhere else.
    pub(crate) fn write(&self, file: &Path) -> Result<(), Failure> {
        self.wechat.write(file.parent().unwrap_or(Path::new("")))?;
        self.file.write(file)
    }

    /// Puts all of it into the store, which must hold no sandbox yet, in one commit.
    pub(crate) async fn sow(&self, engine: &Engine) -> Result<(), Failure> {
        let input = Input { actor: Actor::Operator, name: "seed_sandbox" };
        let change = self.change.clone();
        let sown = engine.step(input, move |facts, _| {
            let is_first = facts.key(&Key::Sandbox)?.is_none();
            Ok((if is_first { change.clone() } else { ChangeSet::default() }, is_first))
        });
        if sown.await? {
            return Ok(());
        }
        Err("another process made this sandbox at the same moment: copy its sandbox.json over the one here"
            .into())
    }
}

/// Decides all of it.
pub(crate) fn sandbox(engine: &Engine, api: &str) -> Result<Seed, Failure> {
    let mut cx = Context::new(engine.now(), engine.entropy.seed());
    let mut made = Made::default();
    let mark = sandbox::mark(&made, &mut cx).map(|change| (change, ()));
    made.add(mark)?;
    let (webhook_secret, secret) = engine.new_webhook_secret();
    let fee_rate = BasisPoints::new(FEE_BPS).ok_or("a rate above 100 %")?;
    let new = NewMerchant { name: "Sandbox Tea House 沙箱茶馆".to_owned(), fee_rate, secret };
    let (change, merchant, app) = merchant::create(&mut cx, &new);
    made.add(Ok((change, ())))?;
    let (secret_key, new) = engine.new_secret_key(Scope::ALL.to_vec(), Vec::new(), None);
    let key = api_key::create(&made, &mut cx, app, &new);
    made.add(key)?;
    let mut payers = Vec::new();
    for (phone, password, balance) in PAYERS {
        let id = test_payer(engine, &mut made, &mut cx, (phone, password, balance))?;
        payers.push(SandboxPayer { id, phone: phone.to_owned(), password: password.to_owned(), balance });
    }
    let ids: Vec<PayerId> = payers.iter().map(|payer| payer.id).collect();
    let seed = WechatSeed::make(engine, app, &ids)?;
    let founded = platform::found(&made, &mut cx, &seed.platform);
    made.add(founded)?;
    let registered = wechat_merchant::register(&made, &mut cx, &seed.merchant);
    made.add(registered)?;
    let file = SandboxFile {
        api: api.to_owned(),
        secret_key,
        webhook_secret,
        webhook_public_key: engine.signing_key.public_key(),
        merchant,
        app,
        payers,
        wechat: Some(seed.shown.clone()),
    };
    Ok(Seed { file, wechat: seed, change: made.0 })
}

/// A payer with this much money from the sandbox's bank.
fn test_payer(
    engine: &Engine,
    made: &mut Made,
    cx: &mut Context,
    (phone, password, balance): (&str, &str, i64),
) -> Result<PayerId, Failure> {
    let payer = payer::create(made, cx, &engine.new_payer(phone, password));
    let id = made.add(payer)?;
    let amount = Amount::new(balance).ok_or("a balance out of range")?;
    let money = Money { amount, currency: Currency::CNY };
    let top_up = payer::top_up(made, id, Channel::SandboxBank, money).map(|change| (change, ()));
    made.add(top_up)?;
    Ok(id)
}
