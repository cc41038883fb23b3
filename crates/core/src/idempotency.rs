//! Asking twice does it once.
//!
//! The stored answer is a record of its own, written in the same commit as the change it answers. A
//! refusal is an answer too and is stored; a fault is not, because nothing was committed.

use serde::{Deserialize, Serialize};

use crate::{
    Context, Facts, Key, Refusal, Stop, Time,
    id::{AppId, ReplyId},
};

/// The answer given to the first request with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Its id.
    pub id: ReplyId,
    /// Always 1: an answer does not change.
    pub version: u32,
    /// Whose key.
    pub app: AppId,
    /// The `Idempotency-Key`.
    pub key: String,
    /// The first 16 bytes of BLAKE3 over operation and body, in hexadecimal.
    pub request: String,
    /// The HTTP status answered.
    pub status: u16,
    /// The body answered, to the byte.
    pub body: String,
    /// When.
    pub created_at: Time,
}

/// A request's key and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whose key.
    pub app: AppId,
    /// The `Idempotency-Key`.
    pub key: String,
    /// Digest of operation and body, in hexadecimal.
    pub request: String,
}

/// The answer to a key that was seen before; a refusal when the content differs.
pub fn earlier<'a>(facts: &'a dyn Facts, ask: &Ask) -> Result<Option<&'a Reply>, Stop> {
    let key = Key::Idempotency(ask.app, ask.key.clone());
    let Some(reply) = facts.find::<Reply>(&key)? else { return Ok(None) };
    if reply.request == ask.request {
        return Ok(Some(reply));
    }
    let short = |digest: &str| digest.chars().take(8).collect();
    Err(Refusal::KeyReused { first: short(&reply.request), second: short(&ask.request) }.into())
}

/// The record that keeps an answer.
pub fn reply(cx: &mut Context, ask: &Ask, status: u16, body: String) -> Reply {
    Reply {
        id: cx.draw(),
        version: 1,
        app: ask.app,
        key: ask.key.clone(),
        request: ask.request.clone(),
        status,
        body,
        created_at: cx.at(),
    }
}
