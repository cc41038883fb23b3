//! How a phone names a transfer bill: by the `package_info` with which an app asks its user to confirm it.
//!
//! It is the id of the transfer in Base64 and no secret: only the recipient can accept a transfer.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tongbao_core::{
    Key,
    id::{TransferId, TypedId},
    transfer::Transfer,
};
use tongbao_store::Fault;
use uuid::Uuid;

use crate::Engine;

/// The `package_info` of a transfer: 24 characters.
pub fn package_info(transfer: TransferId) -> String {
    STANDARD.encode(transfer.uuid().as_bytes())
}

fn of_package(text: &str) -> Option<TransferId> {
    let bytes = STANDARD.decode(text).ok()?;
    Uuid::from_slice(&bytes).ok().map(TransferId::from_uuid)
}

impl Engine {
    /// The transfer that a text names: by its id, its `package_info` or the number of its bill.
    pub fn find_transfer(&self, text: &str) -> Result<Option<Transfer>, Fault> {
        let text = text.trim();
        match text.parse().ok().or_else(|| of_package(text)) {
            Some(id) => self.store.get::<Transfer>(id),
            None => self.store.find::<Transfer>(Key::WechatTransfer(text.to_owned())),
        }
    }
}
