//! A rule as an operator manages it: the text, who answers for it, how far it is trusted, and its examples.
//!
//! **Invariants.** A share is from 1 to 100 percent, and the same payer is always on the same side of it: whoever is
//! refused by a rule that is live for ten percent is not let through by trying again.
//!
//! **Absent on purpose:** approvals. Who may change a record is decided where operators are known.

mod example;
pub(super) mod file;

pub use example::Example;

/// A rule with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleRecord {
    /// Its name for good, in small letters, as in `new_payee_burst`.
    pub id: String,
    /// Counts its changes, from 1.
    pub version: u32,
    /// How far it is trusted.
    pub mode: Mode,
    /// Who answers for it.
    pub owner: String,
    /// What it is for, in Chinese.
    pub title_zh: String,
    /// What it is for, in English.
    pub title_en: String,
    /// The rule itself.
    pub text: String,
    /// When it ends, in milliseconds since 1970; never, unless given.
    pub expires_ms: Option<i64>,
    /// For whom it rests meanwhile.
    pub snoozes: Vec<Snooze>,
    /// What it must hit.
    pub hits: Vec<Example>,
    /// What it must not hit.
    pub misses: Vec<Example>,
}

/// How far a rule is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is checked and not run.
    Draft,
    /// It is run and noted, and changes nothing.
    Shadow,
    /// It counts, for so many percent of payers; for the others it is a shadow.
    Live(u8),
}

impl Mode {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Mode::Draft => "draft",
            Mode::Shadow => "shadow",
            Mode::Live(_) => "live",
        }
    }
}

/// A time in which a rule rests for one payer, payee or device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snooze {
    /// Whose id it is.
    pub entity: String,
    /// Until when, in milliseconds since 1970.
    pub until_ms: i64,
    /// Who said so.
    pub by: String,
    /// Why.
    pub why: String,
}

impl RuleRecord {
    /// Whether it has ended by then.
    pub fn has_expired(&self, now_ms: i64) -> bool {
        self.expires_ms.is_some_and(|expires| expires <= now_ms)
    }

    /// Whether it rests for one of these.
    pub fn is_snoozed(&self, entities: &[&str], now_ms: i64) -> bool {
        self.snoozes
            .iter()
            .any(|snooze| snooze.until_ms > now_ms && entities.contains(&snooze.entity.as_str()))
    }

    /// Whether it counts for this payer, or whoever else the share is drawn by.
    pub fn is_live_for(&self, drawn_by: &str) -> bool {
        match self.mode {
            Mode::Draft | Mode::Shadow => false,
            Mode::Live(percent) if percent >= 100 => true,
            Mode::Live(percent) => {
                let mut digest = blake3::Hasher::new();
                digest.update(self.id.as_bytes()).update(b"\0").update(drawn_by.as_bytes());
                let drawn =
                    digest.finalize().as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
                drawn % 100 < u64::from(percent)
            }
        }
    }
}
