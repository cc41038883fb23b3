//! Closing an account (注销), for good.
//!
//! ```text
//!   open ── code right ──▶ frozen by the payer ── empty, nothing under way ──▶ closed
//!                                └──────────── otherwise ──▶ open, as before
//! ```
//!
//! An account is frozen before anybody looks whether money of the payer's is under way: what is found then cannot
//! become more. If the process dies in between, the payer unfreezes the account and closes it again.
//!
//! **Invariants.** A closed account stays closed, pays nothing and opens nothing; nobody can send to it by asking.
//! What others owe it still comes: a refund to its balance is booked there, and an operator pays it out. The phone
//! number is free for a new account at once, the person for a new identity check; what was paid this year counts
//! there, too.
//!
//! **Kept:** the account's records, sealed as they were: transactions and identity for ten years at least
//! (反洗钱法 as revised in 2024, article 34).

use tongbao_money::Currency;

use super::{
    CodePurpose, Payer,
    freeze::{By, Freeze},
    identity,
};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop,
    id::{PayerId, SessionId},
    ledger::{Account, AccountKey},
    limits::CURRENCIES,
    message::{self, Text},
    notice::{contact, told::AccountTold},
    payer::session::Session,
};

/// Why an account cannot be closed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// There is money in it.
    Balance,
    /// Money of the payer's is under way.
    UnderWay,
}

/// Begins to close an account by a one-time code, after the password was found right: no money leaves it any more. A
/// frozen account is refused. The tries at the password start again and a wrong code is counted whatever comes of it,
/// so a refusal is part of the answer.
pub fn begin(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    code: &[u8; 32],
) -> Result<(ChangeSet, Result<(), Refusal>), Stop> {
    let payer = super::open(facts, id)?;
    let proven = Payer { password_tries: 0, locked_until: None, ..payer.next() };
    let mut change = ChangeSet::default();
    let (proven, right) = match proven.clone().typed(CodePurpose::Closing, cx.at(), code) {
        Ok(typed) => typed,
        Err(refusal) => {
            change.put(proven);
            return Ok((change, Err(refusal)));
        }
    };
    let told = match (right, payer.frozen.is_some()) {
        (false, _) => Err(Refusal::WrongCode),
        (true, true) => Err(Refusal::PayerFrozen),
        (true, false) => Ok(()),
    };
    let fresh = told.is_ok().then(|| Freeze { by: By::Payer, reason: None, at: cx.at() });
    let frozen = fresh.or_else(|| payer.frozen.clone());
    change.put(Payer { frozen, ..proven });
    Ok((change, told))
}

/// Closes an account whose closing began, and ends these sessions. `under_way` is whether money of the payer's was
/// found under way after it began; then, or if there is money in it, it is as it was before.
pub fn finish(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    under_way: bool,
    sessions: &[SessionId],
) -> Result<(ChangeSet, Result<(), Hindrance>), Stop> {
    let payer = super::open(facts, id)?;
    let mut change = ChangeSet::default();
    // An operator may have frozen it meanwhile, or the payer lifted the freeze elsewhere.
    if payer.frozen.as_ref().is_none_or(|freeze| freeze.by != By::Payer) {
        return Err(Refusal::PayerFrozen.into());
    }
    let hindrance = if is_empty(facts, id)? {
        under_way.then_some(Hindrance::UnderWay)
    } else {
        Some(Hindrance::Balance)
    };
    if let Some(hindrance) = hindrance {
        change.put(Payer { frozen: None, ..payer.next() });
        return Ok((change, Err(hindrance)));
    }
    for session in sessions {
        let session = facts.get::<Session>(*session)?.filter(|session| session.payer == id);
        change.records.extend(session.and_then(|session| session.ended(cx.at())).map(Into::into));
    }
    identity::leave(facts, &mut change, payer)?;
    contact::forget(facts, &mut change, id)?;
    change.put(message::tell(cx, payer, Text::Account(AccountTold::Closed)));
    change.put(Payer {
        closed_at: Some(cx.at()),
        code: None,
        codes: Box::default(),
        own_limits: None,
        ..payer.next()
    });
    Ok((change, Ok(())))
}

/// Whether there is nothing in any account of a payer's.
fn is_empty(facts: &dyn Facts, id: PayerId) -> Result<bool, Stop> {
    for currency in CURRENCIES.iter().filter_map(|code| Currency::parse(code).ok()) {
        for account in [Account::PayerAvailable(id), Account::PayerHeld(id)] {
            if facts.account(&AccountKey { account, currency })?.balance() != 0 {
                return Ok(false);
            }
        }
    }
    Ok(true)
}
