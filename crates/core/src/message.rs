//! Messages to payers. The sandbox shows them in its inbox; production hands them to an SMS port.

use serde::{Deserialize, Serialize};

use crate::{
    Context, Time,
    id::{MessageId, PayerId},
};

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// A one-time code for signing in. Written only in a sandbox, where the inbox stands in for the
    /// payer's phone.
    SignInCode(String),
}

/// A message to a payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Always 1: a message does not change.
    pub version: u32,
    /// To whom.
    pub payer: PayerId,
    /// The payer's number, masked.
    pub phone_hint: String,
    /// What.
    pub text: Text,
    /// When.
    pub created_at: Time,
}

/// A message to a payer, from now.
pub fn create(cx: &mut Context, payer: PayerId, phone_hint: String, text: Text) -> Message {
    Message { id: cx.draw(), version: 1, payer, phone_hint, text, created_at: cx.at() }
}
