//! What a new sandbox begins with: a merchant, an app, a secret key, three payers with balances.

use std::{path::Path, sync::Arc};

use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor,
    api_key::{self, Scope},
    id::{AppId, MerchantId, PayerId},
    ledger::Channel,
    merchant::{self, NewMerchant},
    payer, sandbox,
};
use tongbao_engine::{Engine, Input};
use tongbao_money::{Amount, BasisPoints, Currency, Money};

use crate::{instance::write_private, output::Failure};

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

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

/// Makes all of it. The address in the result is the caller's to fill in.
pub(crate) async fn sandbox(engine: &Arc<Engine>, api: &str) -> Result<SandboxFile, Failure> {
    engine.run(input("mark_sandbox"), sandbox::mark).await?;
    let (webhook_secret, sealed) = engine.new_webhook_secret();
    let fee_rate = BasisPoints::new(FEE_BPS).ok_or("a rate above 100 %")?;
    let new = NewMerchant { name: "Sandbox Tea House 沙箱茶馆".to_owned(), fee_rate, secret: sealed };
    let made = engine.step(input("create_merchant"), move |_, cx| {
        let (change, merchant, app) = merchant::create(cx, &new);
        Ok((change, (merchant, app)))
    });
    let (merchant, app) = made.await?;
    let (secret_key, new) = engine.new_secret_key(Scope::ALL.to_vec(), Vec::new(), None);
    engine.step(input("create_api_key"), move |facts, cx| api_key::create(facts, cx, app, &new)).await?;
    let mut payers = Vec::new();
    for (phone, password, balance) in PAYERS {
        let id = test_payer(engine, phone, password, balance).await?;
        payers.push(SandboxPayer { id, phone: phone.to_owned(), password: password.to_owned(), balance });
    }
    let webhook_public_key = engine.signing_key.public_key();
    Ok(SandboxFile {
        api: api.to_owned(),
        secret_key,
        webhook_secret,
        webhook_public_key,
        merchant,
        app,
        payers,
    })
}

/// A payer with this much money from the sandbox's bank.
pub(crate) async fn test_payer(
    engine: &Arc<Engine>,
    phone: &str,
    password: &str,
    balance: i64,
) -> Result<PayerId, Failure> {
    let new = engine.new_payer(phone, password);
    let id = engine.step(input("create_payer"), move |facts, cx| payer::create(facts, cx, &new)).await?;
    let amount = Amount::new(balance).ok_or("a balance out of range")?;
    let money = Money { amount, currency: Currency::CNY };
    engine
        .run(input("top_up"), move |facts, _| payer::top_up(facts, id, Channel::SandboxBank, money))
        .await?;
    Ok(id)
}
