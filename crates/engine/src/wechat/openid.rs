//! How an app of WeChat Pay's interface names a payer (openid).
//!
//! The payer's id, encrypted as one block of AES-256 under a key of the installation and the app, and four bytes of
//! a keyed digest over that: always the same for one app, another for every app, and readable by nobody else. What
//! was not made here is told apart, so a wrong openid is refused when an order is placed and not when it is paid.

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, EncryptingKey, UnboundCipherKey};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tongbao_core::id::{PayerId, TypedId};
use uuid::Uuid;

use crate::{Engine, vault::is_equal};

/// What every openid begins with; 27 characters of Base64 follow.
const PREFIX: char = 'o';
const BLOCK_BYTES: usize = 16;
const CHECK_BYTES: usize = 4;

impl Engine {
    /// How this app names this payer.
    pub fn wechat_openid(&self, appid: &str, payer: PayerId) -> String {
        let mut bytes = payer.uuid().as_bytes().to_vec();
        let key = EncryptingKey::ecb(self.openid_key(appid)).expect("AES-256 has a mode of single blocks");
        key.encrypt(&mut bytes).expect("sixteen bytes are one block");
        let check = self.openid_check(appid, &bytes);
        bytes.extend_from_slice(&check);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The payer that this app names so; `None` if it was not named here. Whether there still is such a payer is
    /// another question.
    pub fn wechat_payer(&self, appid: &str, openid: &str) -> Option<PayerId> {
        let bytes = URL_SAFE_NO_PAD.decode(openid.strip_prefix(PREFIX)?).ok()?;
        let (block, check) = bytes.split_first_chunk::<BLOCK_BYTES>()?;
        if !is_equal(check, &self.openid_check(appid, block)) {
            return None;
        }
        let mut block = *block;
        let key = DecryptingKey::ecb(self.openid_key(appid)).ok()?;
        key.decrypt(&mut block, DecryptionContext::None).ok()?;
        Some(PayerId::from_uuid(Uuid::from_bytes(block)))
    }

    fn openid_key(&self, appid: &str) -> UnboundCipherKey {
        let key = self.vault.digest("wechat openid key", appid);
        UnboundCipherKey::new(&AES_256, &key).expect("32 bytes are a key of AES-256")
    }

    fn openid_check(&self, appid: &str, block: &[u8]) -> [u8; CHECK_BYTES] {
        let digest =
            self.vault.digest("wechat openid check", &format!("{appid}/{}", crate::auth::hex(block)));
        let mut check = [0; CHECK_BYTES];
        check.copy_from_slice(&digest[..CHECK_BYTES]);
        check
    }
}
