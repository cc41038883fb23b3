//! Sessions: where a payer is signed in to the wallet, one for each device.
//!
//! **Invariants.** A sign-in replaces the secret of the device's session, so one that was planted or copied before
//! is worth nothing. A session that was ended, or is over, opens nothing until the payer signs in there again; nor does
//! one of a closed account, or one that began before all others were ended by another payment password. It opens no
//! money: each payment has proofs of its own. Payment codes, which pay small sums without one, are shown on a device
//! only after the payment password switched them on there, until the next sign-in.

use serde::{Deserialize, Serialize};

use super::{
    Payer,
    network::{self, NetworkDigest},
    open, password_was_right,
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayerId, SessionId},
    limits::SESSION_LIFE_MS,
    message::{self, Text},
};

/// A device on which a payer is or was signed in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// How often it changed.
    pub version: u32,
    /// Whose.
    pub payer: PayerId,
    /// Digest of the secret that names the device.
    pub device: [u8; 32],
    /// Digest of the secret of the last sign-in.
    pub secret: [u8; 32],
    /// What kind of device it said to be: the families of its browser and system, no more.
    pub device_name: String,
    /// The day it was seen last, in days since 1970-01-01 in Asia/Shanghai.
    pub seen_on: i64,
    /// When the payer signed in last.
    pub signed_in_at: Time,
    /// When it was ended: by the payer, here or from another device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// Since when the device may show payment codes: the payment password allowed it after the last sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes_since: Option<Time>,
    /// When the payer signed in first.
    pub created_at: Time,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Session({}, of {}, version {})", self.id, self.payer, self.version)
    }
}

/// That all sessions of a payer but one were ended at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOut {
    /// When.
    pub at: Time,
    /// The one on which the payer did it.
    pub but: SessionId,
}

impl Session {
    /// Whether it opens the wallet of its payer at this moment.
    pub fn opens(&self, payer: &Payer, at: Time) -> bool {
        let after = |out: SignedOut| self.signed_in_at > out.at || self.id == out.but;
        self.payer == payer.id
            && payer.closed_at.is_none()
            && payer.signed_out.is_none_or(after)
            && self.is_live(at)
    }

    /// Whether payment codes are shown on it: they were switched on after the last sign-in and under the present
    /// payment password.
    pub fn shows_codes(&self, payer: &Payer) -> bool {
        let after = |since: Time| payer.signed_out.is_none_or(|out| since > out.at);
        self.codes_since.is_some_and(after)
    }

    /// Whether it counts at this moment, by itself.
    pub fn is_live(&self, at: Time) -> bool {
        self.ended_at.is_none() && at.since_ms(self.signed_in_at) < SESSION_LIFE_MS
    }

    /// Itself, ended; nothing if it was over.
    pub(super) fn ended(&self, at: Time) -> Option<Session> {
        self.ended_at.is_none().then(|| Session { ended_at: Some(at), ..self.next() })
    }

    fn next(&self) -> Session {
        Session { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// What a sign-in brings.
#[derive(Clone)]
pub struct SignIn {
    /// Digest of the secret that names the device.
    pub device: [u8; 32],
    /// Digest of a fresh secret.
    pub secret: [u8; 32],
    /// What kind of device it says to be.
    pub device_name: String,
    /// From where, if that is known.
    pub network: Option<NetworkDigest>,
}

/// A payer signs in on a device, after a code or by a passkey. On a new device the payer is told, and on a device that
/// is known, from a network that is not.
pub fn begin(
    facts: &dyn Facts,
    cx: &mut Context,
    payer: PayerId,
    sign_in: &SignIn,
) -> Result<(ChangeSet, SessionId), Stop> {
    let payer = open(facts, payer)?;
    let mut change = ChangeSet::default();
    let before = facts.find::<Session>(&Key::Session(payer.id, sign_in.device))?;
    let elsewhere = match sign_in.network {
        Some(network) => network::note(facts, cx, &mut change, payer.id, network)?,
        None => false,
    };
    let device = || sign_in.device_name.clone();
    let told = match (before.is_none(), elsewhere) {
        (true, _) => Some(Text::NewDevice(device())),
        (false, true) => Some(Text::NewNetwork(device())),
        (false, false) => None,
    };
    change.records.extend(told.map(|text| message::tell(cx, payer, text).into()));
    let id = put(cx, &mut change, before, payer.id, sign_in);
    Ok((change, id))
}

/// The session of a payer that has just signed up; nobody is told of a new device.
pub(super) fn first(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: PayerId,
    sign_in: &SignIn,
) -> Result<SessionId, Stop> {
    if let Some(network) = sign_in.network {
        network::note(facts, cx, change, payer, network)?;
    }
    Ok(put(cx, change, None, payer, sign_in))
}

fn put(
    cx: &mut Context,
    change: &mut ChangeSet,
    before: Option<&Session>,
    payer: PayerId,
    sign_in: &SignIn,
) -> SessionId {
    let id = before.map_or_else(|| cx.draw(), |session| session.id);
    change.put(Session {
        id,
        version: before.map_or(0, |session| session.version).saturating_add(1),
        payer,
        device: sign_in.device,
        secret: sign_in.secret,
        device_name: sign_in.device_name.clone(),
        seen_on: cx.at().china_day(),
        signed_in_at: cx.at(),
        ended_at: None,
        codes_since: None,
        created_at: before.map_or(cx.at(), |session| session.created_at),
    });
    id
}

/// Notes the day on which a device was seen. At most one version a day comes of it.
pub fn see(facts: &dyn Facts, cx: &Context, id: SessionId) -> Result<ChangeSet, Stop> {
    let session = facts.get::<Session>(id)?.ok_or(Refusal::NotFound("session"))?;
    let mut change = ChangeSet::default();
    if session.seen_on != cx.at().china_day() {
        change.put(Session { seen_on: cx.at().china_day(), ..session.next() });
    }
    Ok(change)
}

/// Ends a payer's session; one of another payer is not found.
pub fn end(facts: &dyn Facts, cx: &Context, payer: PayerId, id: SessionId) -> Result<ChangeSet, Stop> {
    let session = facts.get::<Session>(id)?.filter(|session| session.payer == payer);
    let session = session.ok_or(Refusal::NotFound("session"))?;
    let mut change = ChangeSet::default();
    if session.ended_at.is_none() {
        change.put(Session { ended_at: Some(cx.at()), ..session.next() });
    }
    Ok(change)
}

/// Switches payment codes on where a payer is signed in, after the payment password was found right, or off. The tries
/// at the password start again.
pub fn switch_codes(
    facts: &dyn Facts,
    cx: &Context,
    (payer, id): (PayerId, SessionId),
    on: bool,
) -> Result<(ChangeSet, Session), Stop> {
    let holder = open(facts, payer)?;
    let session = facts.get::<Session>(id)?.filter(|session| session.opens(holder, cx.at()));
    let session = session.ok_or(Refusal::NotFound("session"))?;
    let mut change = ChangeSet::default();
    if on {
        password_was_right(facts, &mut change, payer)?;
    }
    if on == session.shows_codes(holder) {
        return Ok((change, session.clone()));
    }
    let switched = Session { codes_since: on.then_some(cx.at()), ..session.next() };
    change.put(switched.clone());
    Ok((change, switched))
}

/// Refuses payment codes where they are not switched on.
pub fn may_show_codes(facts: &dyn Facts, payer: PayerId, id: SessionId) -> Result<(), Stop> {
    let payer = open(facts, payer)?;
    let session = facts.get::<Session>(id)?.filter(|session| session.payer == payer.id);
    if session.is_some_and(|session| session.shows_codes(payer)) {
        Ok(())
    } else {
        Err(Refusal::PaymentCodesOff.into())
    }
}
