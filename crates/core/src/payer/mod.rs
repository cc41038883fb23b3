//! Payers: who they are, and the proofs they give before money moves.
//!
//! A try at the password is counted before it is checked, so any number of guesses at once gets no
//! more than [`PASSWORD_TRIES_MAX`](crate::limits::PASSWORD_TRIES_MAX) checked.

pub mod closing;
mod code;
pub mod freeze;
pub mod id_number;
pub mod identity;
pub mod network;
pub mod passkey;
mod password;
pub mod session;
pub mod sign_up;
pub mod usage;

use serde::{Deserialize, Serialize};
use tongbao_money::Money;

pub use self::{
    code::{CodeDay, CodePurpose, Codes, OneTimeCode, send_code, use_code},
    password::{
        PASSWORD_DIGITS, change_password, is_password, is_weak, password_was_right, reset_password,
        try_password,
    },
};
use self::{freeze::Freeze, identity::Identity, session::SignedOut, usage::OwnLimits};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::PayerId,
    ledger::{Channel, template},
};

/// Who pays.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payer {
    /// Its id.
    pub id: PayerId,
    /// How often it changed.
    pub version: u32,
    /// The phone number, sealed by the shell.
    pub phone_sealed: String,
    /// Keyed digest of the phone number, to find the payer by.
    pub phone_digest: [u8; 32],
    /// The phone number, masked: `138****0001`.
    pub phone_hint: String,
    /// The payment password as an argon2id PHC string.
    pub password: String,
    /// Tries at the password since the last right one.
    pub password_tries: u8,
    /// When the password may be tried again.
    pub locked_until: Option<Time>,
    /// The code that signs in, sent last, until it is used. Before each purpose had a place of its own, the last code
    /// for any.
    pub code: Option<OneTimeCode>,
    /// The codes for other purposes.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub codes: Box<Codes>,
    /// What is known of who the payer is. A payer whom the institution knows by rules of its own, as in a closed
    /// loop, has none, and no limits by level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// What the payer allows itself, below what the law allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_limits: Option<OwnLimits>,
    /// Since when no money leaves, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Freeze>,
    /// Wrong identities since the last right one, where the password is set anew.
    #[serde(default, skip_serializing_if = "identity::Tries::is_none")]
    pub identity_tries: identity::Tries,
    /// How many accounts of this phone number were closed before this one was opened.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub phone_turn: u32,
    /// When it was closed, for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Time>,
    /// When all sessions but one were ended at once, by another payment password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_out: Option<SignedOut>,
    /// When the payer joined.
    pub created_at: Time,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(turn: &u32) -> bool {
    *turn == 0
}

impl std::fmt::Debug for Payer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payer({}, version {})", self.id, self.version)
    }
}

impl Payer {
    fn next(&self) -> Payer {
        Payer { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// What a new payer is made of.
#[derive(Clone)]
pub struct NewPayer {
    /// The phone number, sealed.
    pub phone_sealed: String,
    /// Its keyed digest.
    pub phone_digest: [u8; 32],
    /// The number, masked.
    pub phone_hint: String,
    /// argon2id PHC string of the payment password.
    pub password: String,
}

/// Makes a payer; a phone number has one payer.
pub fn create(facts: &dyn Facts, cx: &mut Context, new: &NewPayer) -> Result<(ChangeSet, PayerId), Stop> {
    let phone_turn = free(facts, &new.phone_digest)?;
    let id = cx.draw();
    let mut change = ChangeSet::default();
    change.put(Payer { phone_turn, ..fresh(id, cx.at(), new) });
    Ok((change, id))
}

/// The key of the account that has a number in this turn. A key stays with its record for ever, so each account that
/// is opened after another was closed has the next.
pub const fn phone_key(phone_digest: [u8; 32], turn: u32) -> Key {
    if turn == 0 { Key::Phone(phone_digest) } else { Key::PhoneAgain(phone_digest, turn) }
}

/// Who has a number now, if somebody has; and the turn of that account, or else of the next.
pub fn holder<'a>(facts: &'a dyn Facts, phone_digest: &[u8; 32]) -> Result<(Option<&'a Payer>, u32), Stop> {
    let mut turn = 0_u32;
    loop {
        let found = facts.find::<Payer>(&phone_key(*phone_digest, turn))?;
        match found {
            Some(payer) if payer.closed_at.is_some() => turn = turn.saturating_add(1),
            found => return Ok((found, turn)),
        }
    }
}

/// The turn in which nobody has this number.
fn free(facts: &dyn Facts, phone_digest: &[u8; 32]) -> Result<u32, Stop> {
    match holder(facts, phone_digest)? {
        (None, turn) => Ok(turn),
        (Some(_), _) => {
            Err(Refusal::Invalid { param: "phone", must: "a number that no other payer has" }.into())
        }
    }
}

fn fresh(id: PayerId, at: Time, new: &NewPayer) -> Payer {
    Payer {
        id,
        version: 1,
        phone_sealed: new.phone_sealed.clone(),
        phone_digest: new.phone_digest,
        phone_hint: new.phone_hint.clone(),
        password: new.password.clone(),
        password_tries: 0,
        locked_until: None,
        code: None,
        codes: Box::default(),
        identity: None,
        own_limits: None,
        frozen: None,
        identity_tries: identity::Tries::default(),
        phone_turn: 0,
        closed_at: None,
        signed_out: None,
        created_at: at,
    }
}

/// The payer with this id.
pub fn known(facts: &dyn Facts, id: PayerId) -> Result<&Payer, Stop> {
    Ok(facts.get::<Payer>(id)?.ok_or(Refusal::NotFound("payer"))?)
}

/// The payer with this id, if its account was not closed. Whatever somebody sends to a payer asks this; money that
/// comes by itself, such as a refund, asks [`known`].
pub fn open(facts: &dyn Facts, id: PayerId) -> Result<&Payer, Stop> {
    let payer = known(facts, id)?;
    if payer.closed_at.is_some() {
        return Err(Refusal::NotFound("payer").into());
    }
    Ok(payer)
}

/// The payer with this id, if money may leave its accounts: neither closed nor frozen. Whatever pays or sends asks
/// this.
pub fn able(facts: &dyn Facts, id: PayerId) -> Result<&Payer, Stop> {
    let payer = open(facts, id)?;
    if payer.frozen.is_some() {
        return Err(Refusal::PayerFrozen.into());
    }
    Ok(payer)
}

/// A channel took money in for a payer's balance.
pub fn top_up(facts: &dyn Facts, id: PayerId, channel: Channel, money: Money) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    let postings = template::top_up(channel, payer.id, money, payer.id.into());
    Ok(ChangeSet { postings, ..ChangeSet::default() })
}
