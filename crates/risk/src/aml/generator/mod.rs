//! Made-up accounts that go about their lives, with schemes of launderers planted among them, by a seed.
//!
//! A [`World`] has payers with contacts, families, jobs, shops and habits (`everyday`, `groups`, `trades`), and some of
//! each pattern's schemes (`schemes`, `layering`), run from ordinary accounts that go on with their ordinary lives.
//! All parameters stand in `docs/aml.md`.
//!
//! **Invariants.** The same world gives the same history. Movements are in the order of their times; no balance is
//! ever below nothing.
//!
//! **Absent on purpose:** everything real. Those who planted the schemes wrote the detectors.

mod balances;
mod draft;
mod everyday;
mod groups;
mod layering;
mod people;
mod schemes;
mod trades;

use self::{draft::Drafts, people::People};
use super::Pattern;
use super::movement::{Movement, Party, Tie};

/// The first instant of a world: 2025-01-01 in Asia/Shanghai.
pub const START_MS: i64 = 1_735_660_800_000;

/// Before this day no scheme begins, and no alert is judged: detectors learn who knows whom.
pub const WARM_UP_DAYS: u32 = 30;

/// How large a world is, and what it is drawn by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    /// How many payers; at least 500.
    pub payers: u32,
    /// How many merchants; at least 20.
    pub merchants: u32,
    /// How many days; at least 150, for a silence and what comes before and after it.
    pub days: u32,
    /// How many schemes of each pattern.
    pub schemes: u32,
    /// What everything is drawn by.
    pub seed: u64,
}

impl Default for World {
    fn default() -> World {
        World { payers: 9_700, merchants: 300, days: 150, schemes: 20, seed: 1 }
    }
}

/// A planted scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Which pattern it follows.
    pub pattern: Pattern,
    /// The accounts that an alert must name.
    pub accounts: Vec<Party>,
    /// Accounts that help: an alert about them is no false one, and does not find the scheme.
    pub helpers: Vec<Party>,
    /// When it begins, in milliseconds since 1970.
    pub from_ms: i64,
    /// When it ends.
    pub until_ms: i64,
}

/// What happened in a world.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// What accounts have: told before the movements.
    pub ties: Vec<(Party, Tie)>,
    /// Money that moved, in the order of time.
    pub movements: Vec<Movement>,
    /// What was planted.
    pub schemes: Vec<Scheme>,
}

impl World {
    /// The same, but at least as large as a world must be, and not so small that its schemes find no accounts.
    #[must_use]
    pub fn at_least_possible(self) -> World {
        let payers = self.payers.max(500).max(self.schemes.saturating_mul(60));
        World { payers, merchants: self.merchants.max(20), days: self.days.max(150), ..self }
    }

    /// Makes the history up.
    #[must_use]
    pub fn history(self) -> History {
        let world = self.at_least_possible();
        let mut people = People::of(&world);
        let mut drafts = Drafts::default();
        let planted = schemes::plant(&world, &mut people, &mut drafts);
        everyday::live(&world, &people, &mut drafts);
        groups::live(&world, &people, &mut drafts);
        trades::live(&world, &people, &mut drafts);
        everyday::withdraw_at_once(&world, &people, &mut drafts);
        let movements = balances::settle(&world, &people, drafts);
        History { ties: people.ties, movements, schemes: planted }
    }
}
