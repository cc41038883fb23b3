//! The shell around the core: steps, tasks, webhook delivery, secrets.
//!
//! ```text
//!   doors ──▶ Engine::step ──▶ Store::step(decide)          one input, one commit
//!   worker ──▶ Store::due ──▶ call, send ──▶ Engine::step   never a call inside a step
//! ```
//!
//! **Absent on purpose:** decisions (the core takes them), SQL, HTTP servers, and a second way to write.

pub mod account;
pub mod auth;
pub mod bank;
pub mod bills;
mod deliver;
pub mod exchange;
pub mod identity;
mod instance;
pub mod list_sharing;
pub mod notice;
pub mod own_data;
pub mod passkey;
pub mod password;
pub mod paying;
pub mod payment_code;
pub mod phone;
mod ports;
pub mod purse;
pub mod risk_list;
pub mod rotation;
mod sending;
mod signed_in;
mod step;
pub mod timeline;
pub mod transit;
pub mod utility;
pub mod vault;
pub mod webhook;
pub mod wechat;
mod worker;

use std::sync::Arc;

use tokio::sync::Notify;
use tongbao_core::{Key, Time, data_keys::DataKeys, event::Event, sandbox::Sandbox};
use tongbao_risk::judge::Judge;
use tongbao_store::{Fault, Store};

pub use deliver::Deliveries;
pub use ports::{
    Call, Channels, Clock, Entropy, IdentityProvider, SandboxChannels, SandboxIdentities, SystemClock,
    SystemEntropy, Transport,
};
pub use signed_in::SignedIn;
pub use step::{Answered, Error, Input};
pub use worker::Worker;

use vault::Vault;
use webhook::{Policy, SigningKey};

/// Writes an event as merchants see it. The API owns the wire form; the engine is given it.
pub type RenderEvent = Arc<dyn Fn(&Event) -> Vec<u8> + Send + Sync>;

/// Which of the two kinds of instance this is; they never share a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For developers: test payers, a clock that can be moved, loopback webhooks.
    Sandbox,
    /// For real money.
    Production,
}

impl Mode {
    /// The beginning of every secret key of such an instance.
    pub const fn key_prefix(self) -> &'static str {
        match self {
            Mode::Sandbox => "sk_sandbox_",
            Mode::Production => "sk_live_",
        }
    }

    /// Where webhooks may go.
    pub const fn webhook_policy(self) -> Policy {
        match self {
            Mode::Sandbox => Policy::LoopbackToo,
            Mode::Production => Policy::PublicOnly,
        }
    }
}

/// Everything the doors and workers share.
pub struct Engine {
    /// Where state lives.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws ids and secrets.
    pub entropy: Arc<dyn Entropy>,
    /// Seals and opens.
    pub vault: Arc<Vault>,
    /// Signs notifications, beside each endpoint's own secrets.
    pub signing_key: SigningKey,
    /// Who says who payers are; production has nobody yet, and verifies nobody.
    pub identities: Option<Arc<dyn IdentityProvider>>,
    /// Sandbox or production.
    pub mode: Mode,
    /// What passed between developers' programs and a sandbox; production keeps none of it.
    pub exchanges: Option<exchange::Exchanges>,
    /// The bank of cards; production has none yet.
    pub bank: Option<Arc<dyn bank::Bank>>,
    /// Who takes utility payments; production has nobody yet.
    pub billers: Option<Arc<dyn utility::Billers>>,
    /// Who judges what payers ask for; without one nothing is judged, and nothing remembered for it.
    pub judge: Option<Arc<Judge>>,
    /// How notices reach payers.
    pub carriers: notice::Carriers,
    /// Keys of WeChat Pay's interface.
    pub(crate) wechat: wechat::Keyring,
    /// Where passwords wait to be checked.
    pub(crate) checks: password::Checks,
    /// Tells the worker that something is due now.
    pub(crate) wake: Arc<Notify>,
}

impl Engine {
    /// An engine over a store. A sandbox whose clock was moved goes on from there.
    pub fn new(store: Arc<dyn Store>, mode: Mode, master_key: &[u8; 32]) -> Result<Engine, Fault> {
        let (kept, key) = (Arc::clone(&store), Key::DataKeys);
        let source = move || kept.find::<DataKeys>(key.clone()).ok().flatten();
        let vault = Vault::new(master_key).with_source(Box::new(source));
        let clock = SystemClock::default();
        if mode == Mode::Sandbox {
            let settings = store.find::<Sandbox>(Key::Sandbox)?;
            clock.set_ahead_s(settings.map_or(0, |settings| settings.advanced_s));
        }
        Ok(Engine {
            store,
            clock: Arc::new(clock),
            entropy: Arc::new(SystemEntropy),
            signing_key: SigningKey::from_seed(vault.signing_seed()),
            vault: Arc::new(vault),
            mode,
            exchanges: (mode == Mode::Sandbox).then(exchange::Exchanges::default),
            bank: (mode == Mode::Sandbox).then(|| Arc::new(bank::SandboxBank) as Arc<dyn bank::Bank>),
            billers: (mode == Mode::Sandbox)
                .then(|| Arc::new(utility::SandboxBillers) as Arc<dyn utility::Billers>),
            identities: (mode == Mode::Sandbox)
                .then(|| Arc::new(SandboxIdentities) as Arc<dyn IdentityProvider>),
            judge: None,
            carriers: match mode {
                Mode::Sandbox => notice::Carriers::sandbox(),
                Mode::Production => notice::Carriers::none(),
            },
            wechat: wechat::Keyring::new(),
            checks: password::Checks::new(),
            wake: Arc::new(Notify::new()),
        })
    }

    /// Now.
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Whether this is a sandbox.
    pub fn is_sandbox(&self) -> bool {
        self.mode == Mode::Sandbox
    }
}
