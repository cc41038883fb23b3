//! Fields that only the platform may read (敏感信息字段), and the names that were in them.
//!
//! **Invariant.** A name is sealed before it reaches the core, and is readable here only while it is checked or
//! encrypted for the merchant that gave it.

use tongbao_channel::wechat::{
    sensitive::{DecryptingKey, Undecryptable},
    serial::KeyName,
};
use tongbao_core::{payer::Payer, wechat::transfer::SealedName};
use tongbao_store::Fault;
use zeroize::Zeroizing;

use crate::{Engine, vault::Field};

impl Engine {
    /// The content of a field that was encrypted for one of the platform's keys. A request names the key; without
    /// a name, or with one that is not ours, nothing can be read.
    pub async fn open_wechat_field(
        &self,
        key: Option<&KeyName>,
        field: String,
    ) -> Result<Result<Zeroizing<String>, Undecryptable>, Fault> {
        let broken = |why: &str| Fault::Broken(format!("reading a field: {why}"));
        let platform = self.wechat_platform()?;
        let key = platform.as_ref().zip(key).and_then(|(platform, name)| platform.private_key(name));
        let Some(key) = key else { return Ok(Err(Undecryptable)) };
        // Decrypting takes as long as signing, and is as little for an async worker.
        let place = self.wechat.signers.acquire().await.map_err(|_| broken("no places"))?;
        let read = tokio::task::spawn_blocking(move || DecryptingKey::new(&key).decrypt(&field));
        let read = read.await.map_err(|_| broken("a panic"))?;
        drop(place);
        Ok(read)
    }

    /// Seals a person's name for the core.
    pub fn seal_name(&self, name: &str) -> SealedName {
        let digest = self.vault.digest("name", name);
        SealedName { sealed: self.vault.seal(Field::Name, name), digest }
    }

    /// A payer's phone number, which was sealed here.
    pub fn open_phone(&self, payer: &Payer) -> Result<Zeroizing<String>, Fault> {
        let opened = self.vault.open(Field::Phone, &payer.phone_sealed).map(Zeroizing::new);
        opened.map_err(|unreadable| Fault::Unreadable(unreadable.to_string()))
    }

    /// A name that was sealed here.
    pub fn open_name(&self, name: &SealedName) -> Result<Zeroizing<String>, Fault> {
        let opened = self.vault.open(Field::Name, &name.sealed).map(Zeroizing::new);
        opened.map_err(|unreadable| Fault::Unreadable(unreadable.to_string()))
    }
}
