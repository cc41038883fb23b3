//! Who a payer is: verified by sources outside, kept sealed, found by keyed digests.
//!
//! Levels follow 非银行支付机构网络支付业务管理办法 (People's Bank of China, announcement 2015 no. 43), article 11: by how many
//! independent sources confirm name and number. What a level allows is in [`super::usage`].
//!
//! **Invariants.** A person has [`ACCOUNTS_PER_PERSON_MAX`] accounts at most. An account is one person's for ever; a
//! level rises and never falls.
//!
//! **Absent on purpose:** names and numbers that can be read. The shell seals them; here are digests, and hints that
//! hide all but an end.

use serde::{Deserialize, Serialize};

use super::{Payer, open, usage};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayerId, PersonId},
    limits::{
        ACCOUNTS_PER_PERSON_MAX, IDENTITY_LOCK_MS, IDENTITY_TRIES_MAX, LEVEL_I_SOURCES_MIN,
        LEVEL_II_SOURCES_MIN, LEVEL_III_SOURCES_MIN,
    },
    message::{self, Text},
};

/// How well a payer is known: classes Ⅰ to Ⅲ of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Level {
    /// One source confirmed name and number.
    One,
    /// Three did.
    Two,
    /// Five did.
    Three,
}

impl Level {
    /// The level that so many independent sources give.
    pub const fn of_sources(sources: u8) -> Option<Level> {
        if sources >= LEVEL_III_SOURCES_MIN {
            Some(Level::Three)
        } else if sources >= LEVEL_II_SOURCES_MIN {
            Some(Level::Two)
        } else if sources >= LEVEL_I_SOURCES_MIN {
            Some(Level::One)
        } else {
            None
        }
    }
}

/// What is known of who a payer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Nothing yet: a phone number was shown, no name.
    Unverified,
    /// A person.
    Verified {
        /// Which.
        person: PersonId,
        /// How well it is known.
        level: Level,
        /// The name with all but its last character hidden.
        name_hint: String,
        /// The ID number with all but its ends hidden.
        number_hint: String,
        /// Since when at this level.
        at: Time,
    },
}

impl Identity {
    /// How well the payer is known.
    pub const fn level(&self) -> Option<Level> {
        match self {
            Identity::Unverified => None,
            Identity::Verified { level, .. } => Some(*level),
        }
    }
}

/// What sources say of a name and an ID number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// They belong together.
    Match {
        /// How many independent sources confirm it.
        sources: u8,
    },
    /// They do not.
    NoMatch,
    /// No answer, or one that says nothing. Never taken for "no match".
    Unknown,
}

/// Name and ID number, as somebody gives them: nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Keyed digest of the name.
    pub name_digest: [u8; 32],
    /// Keyed digest of the ID number.
    pub number_digest: [u8; 32],
}

/// What was confirmed of a person.
#[derive(Clone)]
pub struct Confirmed {
    /// The digests of name and number.
    pub claim: Claim,
    /// The name, sealed.
    pub name_sealed: String,
    /// The ID number, sealed.
    pub number_sealed: String,
    /// The name, masked.
    pub name_hint: String,
    /// The ID number, masked.
    pub number_hint: String,
    /// How many independent sources confirmed it; not 0.
    pub sources: u8,
}

/// A person that a payer was verified to be.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// How often it changed.
    pub version: u32,
    /// Keyed digest of the ID number, to find the person by.
    pub number_digest: [u8; 32],
    /// Keyed digest of the name.
    pub name_digest: [u8; 32],
    /// The ID number, sealed by the shell.
    pub number_sealed: String,
    /// The name, sealed by the shell.
    pub name_sealed: String,
    /// Its accounts.
    pub payers: Vec<PayerId>,
    /// Those that it closed, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former: Vec<PayerId>,
    /// When it was verified first.
    pub created_at: Time,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({}, version {})", self.id, self.version)
    }
}

/// Wrong identities given for a payer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// Since the last right one.
    pub count: u8,
    /// When the next may be given.
    pub locked_until: Option<Time>,
}

impl Tries {
    /// Whether there are none.
    pub(super) fn is_none(&self) -> bool {
        *self == Tries::default()
    }

    /// Refuses while they are locked.
    pub(super) fn open(self, at: Time) -> Result<(), Refusal> {
        match self.locked_until.filter(|until| at < *until) {
            Some(until) => Err(Refusal::IdentityLocked { until }),
            None => Ok(()),
        }
    }

    /// One more. After a lock has passed the count starts again.
    pub(super) fn after_wrong(self, at: Time) -> Tries {
        let before = if self.locked_until.is_some() { 0 } else { self.count };
        let count = before.saturating_add(1);
        let locked_until = (count >= IDENTITY_TRIES_MAX).then(|| at.plus_ms(IDENTITY_LOCK_MS));
        Tries { count, locked_until }
    }

    /// What who gave the last wrong one is told.
    pub const fn refusal(self) -> Refusal {
        match self.locked_until {
            Some(until) => Refusal::IdentityLocked { until },
            None => Refusal::WrongIdentity { tries_left: IDENTITY_TRIES_MAX.saturating_sub(self.count) },
        }
    }
}

/// Counts that a payer asks to be verified, before a source is asked: so many askings at once ask no more often than
/// one after another. The step that hears a confirmation uncounts it.
///
/// That a person has an account already is not told here: only sources that confirmed name and number show that the
/// asker is entitled to know.
pub fn ask(facts: &dyn Facts, cx: &Context, id: PayerId, claim: &Claim) -> Result<ChangeSet, Stop> {
    let payer = open(facts, id)?;
    payer.identity_tries.open(cx.at())?;
    if let Some(Identity::Verified { .. }) = &payer.identity
        && !is_of(facts, payer, claim)?
    {
        return Err(Refusal::Invalid { param: "number", must: "that of the person the account is of" }.into());
    }
    let mut change = ChangeSet::default();
    change.put(Payer { identity_tries: payer.identity_tries.after_wrong(cx.at()), ..payer.next() });
    Ok(change)
}

/// A source did not answer: the asking is not counted.
pub fn forget_asking(facts: &dyn Facts, id: PayerId) -> Result<ChangeSet, Stop> {
    let payer = open(facts, id)?;
    let mut change = ChangeSet::default();
    let count = payer.identity_tries.count.saturating_sub(1);
    change.put(Payer { identity_tries: Tries { count, locked_until: None }, ..payer.next() });
    Ok(change)
}

/// Sources confirmed who a payer is. A level that it has already stays; the level that is told is the one it has then.
pub fn verify(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PayerId,
    confirmed: &Confirmed,
) -> Result<(ChangeSet, Level), Stop> {
    let payer = open(facts, id)?;
    let level = Level::of_sources(confirmed.sources);
    let level = level.ok_or(Refusal::Invalid { param: "sources", must: "1 at least" })?;
    let mut change = ChangeSet::default();
    let person = if let Some(person) = facts.find::<Person>(&Key::IdNumber(confirmed.claim.number_digest))? {
        may_join(person, payer)?;
        if !person.payers.contains(&id) {
            let payers = person.payers.iter().copied().chain([id]).collect();
            let version = person.version.saturating_add(1);
            change.put(Person { version, payers, ..person.clone() });
            if let Some(former) = person.former.last() {
                usage::carry(facts, cx, &mut change, (*former, id))?;
            }
        }
        person.id
    } else {
        let person = first_met(cx, id, confirmed);
        let id = person.id;
        change.put(person);
        id
    };
    let before = match &payer.identity {
        Some(Identity::Verified { person: known, .. }) if *known != person => {
            return Err(
                Refusal::Invalid { param: "number", must: "that of the person the account is of" }.into()
            );
        }
        Some(identity) => identity.level(),
        None => None,
    };
    let identity_tries = Tries::default();
    if before.is_some_and(|before| before >= level) {
        change.put(Payer { identity_tries, ..payer.next() });
        return Ok((change, before.unwrap_or(level)));
    }
    let (name_hint, number_hint) = (confirmed.name_hint.clone(), confirmed.number_hint.clone());
    let identity = Some(Identity::Verified { person, level, name_hint, number_hint, at: cx.at() });
    change.put(message::tell(cx, payer, Text::IdentityVerified(level)));
    change.put(Payer { identity, identity_tries, ..payer.next() });
    Ok((change, level))
}

fn first_met(cx: &mut Context, payer: PayerId, confirmed: &Confirmed) -> Person {
    Person {
        id: cx.draw(),
        version: 1,
        number_digest: confirmed.claim.number_digest,
        name_digest: confirmed.claim.name_digest,
        number_sealed: confirmed.number_sealed.clone(),
        name_sealed: confirmed.name_sealed.clone(),
        payers: vec![payer],
        former: Vec::new(),
        created_at: cx.at(),
    }
}

/// Whether a payer may be, or is, an account of this person.
fn may_join(person: &Person, payer: &Payer) -> Result<(), Refusal> {
    if person.payers.contains(&payer.id) || person.payers.len() < ACCOUNTS_PER_PERSON_MAX {
        Ok(())
    } else {
        Err(Refusal::TooManyAccounts)
    }
}

/// A payer closes its account: the person may have another.
pub(super) fn leave(facts: &dyn Facts, change: &mut ChangeSet, payer: &Payer) -> Result<(), Stop> {
    let Some(Identity::Verified { person, .. }) = &payer.identity else { return Ok(()) };
    let person = facts.get::<Person>(*person)?.ok_or(Refusal::NotFound("person"))?;
    let payers = person.payers.iter().copied().filter(|id| *id != payer.id).collect();
    let former = person.former.iter().copied().chain([payer.id]).collect();
    change.put(Person { version: person.version.saturating_add(1), payers, former, ..person.clone() });
    Ok(())
}

/// Whether a claim is of the person that a payer is. Of a payer that is not verified it never is.
pub(super) fn is_of(facts: &dyn Facts, payer: &Payer, claim: &Claim) -> Result<bool, Stop> {
    let Some(Identity::Verified { person, .. }) = &payer.identity else { return Ok(false) };
    let person = facts.get::<Person>(*person)?.ok_or(Refusal::NotFound("person"))?;
    // Digests are keyed, so comparing them byte by byte tells a guesser nothing.
    Ok(person.number_digest == claim.number_digest && person.name_digest == claim.name_digest)
}
