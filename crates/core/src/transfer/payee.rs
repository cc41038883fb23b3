//! Payees: whom a payer may send money to, how one is found, and whom money was sent to before.
//!
//! **Invariants.** A look-up by phone number is counted in the step that makes it, found or not, and there are no more
//! of them on one day than [`PAYEE_LOOK_UPS_PER_DAY_MAX`], so that nobody can try out numbers. Days are China's.
//!
//! **Absent on purpose:** names. They are sealed; the shell opens and compares them, and counts a wrong one here.

use serde::{Deserialize, Serialize};
use tongbao_money::Amount;

use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayeeId, PayerId, SendingId},
    limits::{BILLER_LOOK_UPS_PER_DAY_MAX, COLLECTION_PER_DAY_MAX, PAYEE_LOOK_UPS_PER_DAY_MAX},
};

/// Somebody to whom a payer has sent money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payee {
    /// Its id.
    pub id: PayeeId,
    /// Always 1: who was paid once stays that.
    pub version: u32,
    /// Who sent.
    pub payer: PayerId,
    /// To whom.
    pub recipient: PayerId,
    /// When for the first time.
    pub created_at: Time,
}

/// What a payer's sending comes to on the day of which it was counted last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sending {
    /// Its id.
    pub id: SendingId,
    /// How often it changed.
    pub version: u32,
    /// Whose.
    pub payer: PayerId,
    /// The day, as [`Time::china_day`] counts them.
    pub day: i64,
    /// Payees looked up by phone number.
    pub look_ups: u16,
    /// What static collection codes took, in fen.
    pub by_code: Amount,
    /// Accounts looked up at billers.
    #[serde(default)]
    pub biller_look_ups: u16,
    /// When it was counted first.
    pub created_at: Time,
}

impl Sending {
    /// What was counted today; nothing was, on a new day. A clock that was set back begins no day again.
    pub fn today(facts: &dyn Facts, cx: &mut Context, payer: PayerId) -> Result<Sending, Stop> {
        let (id, at) = (cx.draw(), cx.at());
        let today = at.china_day();
        let (look_ups, biller_look_ups, by_code) = (0, 0, Amount::ZERO);
        let (version, day, created_at) = (0, today, at);
        let none = Sending { id, version, payer, day, look_ups, by_code, biller_look_ups, created_at };
        Ok(match facts.find::<Sending>(&Key::Sending(payer))? {
            None => none,
            Some(known) if known.day >= today => known.clone(),
            Some(known) => {
                Sending { id: known.id, version: known.version, created_at: known.created_at, ..none }
            }
        })
    }

    /// The same, changed once more.
    fn next(self) -> Sending {
        Sending { version: self.version.saturating_add(1), ..self }
    }

    /// What collection codes may still take today.
    pub fn left_by_code(&self) -> Amount {
        COLLECTION_PER_DAY_MAX.minus(self.by_code).unwrap_or_default()
    }
}

/// Counts one look-up of today; no more are given than the limit says.
fn count(facts: &dyn Facts, cx: &mut Context, payer: PayerId) -> Result<ChangeSet, Stop> {
    let now = Sending::today(facts, cx, payer)?;
    if now.look_ups >= PAYEE_LOOK_UPS_PER_DAY_MAX {
        return Err(Refusal::LookUpsUsedUp.into());
    }
    let mut change = ChangeSet::default();
    change.put(Sending { look_ups: now.look_ups.saturating_add(1), ..now }.next());
    Ok(change)
}

/// Who has the phone number with this keyed digest; counted, whether somebody has it or not.
pub fn look_up(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    phone_digest: [u8; 32],
) -> Result<(ChangeSet, Option<PayerId>), Stop> {
    let change = count(facts, cx, payer)?;
    let (found, _) = crate::payer::holder(facts, &phone_digest)?;
    Ok((change, found.map(|found| found.id)))
}

/// A name that a payer typed is about to be compared: it counts as a look-up, right or wrong, so that nobody can try
/// out names.
pub fn count_name_check(facts: &dyn Facts, cx: &mut Context, payer: PayerId) -> Result<ChangeSet, Stop> {
    count(facts, cx, payer)
}

/// Counts an account that is about to be looked up at a biller, found or not; no more are given on one day than
/// [`BILLER_LOOK_UPS_PER_DAY_MAX`].
pub fn count_biller_look_up(facts: &dyn Facts, cx: &mut Context, payer: PayerId) -> Result<ChangeSet, Stop> {
    let now = Sending::today(facts, cx, payer)?;
    if now.biller_look_ups >= BILLER_LOOK_UPS_PER_DAY_MAX {
        return Err(Refusal::LookUpsUsedUp.into());
    }
    let mut change = ChangeSet::default();
    change.put(Sending { biller_look_ups: now.biller_look_ups.saturating_add(1), ..now }.next());
    Ok(change)
}

/// Whether this payer has sent money to that one before.
pub fn is_known(facts: &dyn Facts, payer: PayerId, payee: PayerId) -> Result<bool, Stop> {
    Ok(facts.key(&Key::Payee(payer, payee))?.is_some())
}

/// Remembers whom money was sent to.
pub(crate) fn remember(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    (payer, recipient): (PayerId, PayerId),
) -> Result<(), Stop> {
    let id: PayeeId = cx.draw();
    if !is_known(facts, payer, recipient)? {
        change.put(Payee { id, version: 1, payer, recipient, created_at: cx.at() });
    }
    Ok(())
}

/// Counts what a static collection code takes, which is refused beyond the limit of the day.
pub(crate) fn count_by_code(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: PayerId,
    amount: Amount,
) -> Result<(), Stop> {
    let now = Sending::today(facts, cx, payer)?;
    let by_code = now.by_code.plus(amount).filter(|sum| *sum <= COLLECTION_PER_DAY_MAX);
    let Some(by_code) = by_code else {
        return Err(Refusal::CollectionLimit { left: now.left_by_code().minor() }.into());
    };
    change.put(Sending { by_code, ..now }.next());
    Ok(())
}
