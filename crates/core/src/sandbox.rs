//! The settings of a sandbox: a clock that can be moved, and faults that wait for the next attempt.
//!
//! **Absent in production:** the record does not exist there, and no input of this file is reachable.

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop,
    id::{PayerId, SandboxId},
    limits::{SANDBOX_ADVANCE_S_MAX, SANDBOX_FAULTS_MAX},
};

/// What goes wrong with the next attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The attempt is declined.
    Declined,
    /// The attempt fails for lack of money.
    InsufficientBalance,
    /// The result is unknown at first and comes some seconds later.
    ResultLate,
    /// The notification of the result is sent twice.
    DuplicateNotification,
    /// The notification of the result is first sent with a signature that must be refused. Only an order of
    /// WeChat Pay's interface is told of in that way.
    SignatureProbe,
}

/// A fault waiting for its attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFault {
    /// Only for attempts of this payer; none is for anyone's.
    pub payer: Option<PayerId>,
    /// What.
    pub fault: Fault,
}

/// The settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// Its id.
    pub id: SandboxId,
    /// How often it changed.
    pub version: u32,
    /// How far the clock has been moved ahead, in seconds.
    pub advanced_s: i64,
    /// Faults, in the order in which they will be used.
    pub faults: Vec<WaitingFault>,
}

fn current(facts: &dyn Facts, cx: &mut Context) -> Result<Sandbox, Stop> {
    let id = cx.draw();
    let known = facts.find::<Sandbox>(&Key::Sandbox)?;
    Ok(known.cloned().unwrap_or(Sandbox { id, version: 0, advanced_s: 0, faults: Vec::new() }))
}

fn next(sandbox: Sandbox) -> Sandbox {
    Sandbox { version: sandbox.version.saturating_add(1), ..sandbox }
}

/// Marks a store as a sandbox's: from then on production refuses it.
pub fn mark(facts: &dyn Facts, cx: &mut Context) -> Result<ChangeSet, Stop> {
    let mut change = ChangeSet::default();
    if facts.key(&Key::Sandbox)?.is_none() {
        change.put(next(current(facts, cx)?));
    }
    Ok(change)
}

/// Moves the clock ahead.
pub fn advance_clock(
    facts: &dyn Facts,
    cx: &mut Context,
    seconds: i64,
) -> Result<(ChangeSet, Sandbox), Stop> {
    let now = current(facts, cx)?;
    let advanced_s = now.advanced_s.saturating_add(seconds);
    if seconds < 1 || advanced_s > SANDBOX_ADVANCE_S_MAX {
        return Err(
            Refusal::Invalid { param: "advance_s", must: "from 1 to ten years in all, in seconds" }.into()
        );
    }
    let sandbox = next(Sandbox { advanced_s, ..now });
    let mut change = ChangeSet::default();
    change.put(sandbox.clone());
    Ok((change, sandbox))
}

/// Arms a fault for the next attempt.
pub fn arm_fault(
    facts: &dyn Facts,
    cx: &mut Context,
    fault: WaitingFault,
) -> Result<(ChangeSet, Sandbox), Stop> {
    let mut now = current(facts, cx)?;
    if now.faults.len() >= SANDBOX_FAULTS_MAX {
        return Err(Refusal::Invalid { param: "fault", must: "armed only while fewer than 100 wait" }.into());
    }
    now.faults.push(fault);
    let sandbox = next(now);
    let mut change = ChangeSet::default();
    change.put(sandbox.clone());
    Ok((change, sandbox))
}

/// Takes the first fault that waits for this payer, if there is one.
pub fn take_fault(facts: &dyn Facts, change: &mut ChangeSet, payer: PayerId) -> Result<Option<Fault>, Stop> {
    let Some(now) = facts.find::<Sandbox>(&Key::Sandbox)? else { return Ok(None) };
    let for_payer = |waiting: &WaitingFault| waiting.payer.is_none_or(|only| only == payer);
    let Some(at) = now.faults.iter().position(for_payer) else { return Ok(None) };
    let mut rest = now.clone();
    let taken = rest.faults.remove(at);
    change.put(next(rest));
    Ok(Some(taken.fault))
}
