//! The keys of WeChat Pay's interface, opened and parsed, and signing with them.
//!
//! **Invariants.** A private key is never signed with on an async worker: a signature takes a third of a
//! millisecond or more. What was opened is looked up again after a second, so a revoked certificate is good
//! for at most that much longer. Certificates and timestamps are judged by the world's time, because those
//! who make them have no other.
//!
//! **Absent on purpose:** HTTP, orders, and a memory of nonces: the door has those.

pub mod doctor;
pub mod found;
mod keyring;
mod notice;
mod openid;
pub mod prepay;
mod rotation;
mod sensitive;
pub mod transfer;

use std::sync::Arc;

use tongbao_channel::wechat::{answer::Headers, serial::KeyName, signature::SigningKey};
use tongbao_store::Fault;

pub(crate) use keyring::Keyring;
pub use keyring::{MerchantKeys, PlatformKeys};
pub(crate) use notice::seal;
pub use notice::{OrderNotice, RenderOrderEvent};

use crate::Engine;

/// A private key and the name by which others know its public half.
#[derive(Clone, Debug)]
pub struct NamedKey {
    /// Its name.
    pub name: KeyName,
    /// The key.
    pub key: Arc<SigningKey>,
}

impl Engine {
    /// Signs an answer or notification with this body, as sent now.
    pub async fn sign_wechat(&self, key: NamedKey, body: Vec<u8>) -> Result<(Headers, Vec<u8>), Fault> {
        let broken = |why: &str| Fault::Broken(format!("signing: {why}"));
        let place = self.wechat.signers.acquire().await.map_err(|_| broken("no places"))?;
        let (now, random) = (self.clock.world(), self.entropy.seed());
        let signed = tokio::task::spawn_blocking(move || {
            let headers = Headers::sign(&key.key, key.name, now, random, &body);
            (headers, body)
        });
        let signed = signed.await.map_err(|_| broken("a panic"))?;
        drop(place);
        Ok(signed)
    }
}
