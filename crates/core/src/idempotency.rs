//! Asking twice does it once.
//!
//! The stored answer is a record of its own, written in the same commit as the change it answers. A
//! refusal is an answer too and is stored; a fault is not, because nothing was committed.

use serde::{Deserialize, Serialize};

use crate::{Context, Facts, Id, Key, Refusal, Stop, Time, id::ReplyId};

/// The answer given to the first request with a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Its id.
    pub id: ReplyId,
    /// Always 1: an answer does not change.
    pub version: u32,
    /// Whose key: an app's, or a payer's. (Stored under the name it had when only apps had keys.)
    #[serde(rename = "app")]
    pub caller: Id,
    /// The `Idempotency-Key`.
    pub key: String,
    /// The first 16 bytes of BLAKE3 over operation and body, in hexadecimal. Payment passwords are not in it: who reads
    /// the store could try out every one against the digest.
    pub request: String,
    /// The HTTP status answered.
    pub status: u16,
    /// The body answered, to the byte.
    pub body: String,
    /// When.
    pub created_at: Time,
}

impl Reply {
    /// Whether it answers this request; a refusal if its key was used for another one.
    pub fn answers(&self, ask: &Ask) -> Result<(), Refusal> {
        if self.request == ask.request {
            return Ok(());
        }
        let short = |digest: &str| digest.chars().take(8).collect();
        Err(Refusal::KeyReused { first: short(&self.request), second: short(&ask.request) })
    }
}

/// A request's key and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whose key: an app's, or a payer's.
    pub caller: Id,
    /// The `Idempotency-Key`.
    pub key: String,
    /// Digest of operation and body without the payment password, in hexadecimal.
    pub request: String,
}

/// The answer to a key that was seen before; a refusal when the content differs.
pub fn earlier<'a>(facts: &'a dyn Facts, ask: &Ask) -> Result<Option<&'a Reply>, Stop> {
    let key = Key::Idempotency(ask.caller, ask.key.clone());
    let Some(reply) = facts.find::<Reply>(&key)? else { return Ok(None) };
    reply.answers(ask)?;
    Ok(Some(reply))
}

/// The record that keeps an answer.
pub fn reply(cx: &mut Context, ask: &Ask, status: u16, body: String) -> Reply {
    Reply {
        id: cx.draw(),
        version: 1,
        caller: ask.caller,
        key: ask.key.clone(),
        request: ask.request.clone(),
        status,
        body,
        created_at: cx.at(),
    }
}
