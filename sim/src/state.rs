//! What the world is at one moment, all of it but the process: who lives in it, what is planned, what was seen.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tongbao_core::{
    Time,
    id::{MerchantId, PayerId},
};
use tongbao_engine::{Clock, Entropy};

use crate::{
    acts::{Act, ActId},
    agenda::{Agenda, Epoch, Event},
    bank::Bank,
    book::Book,
    canary::Tampering,
    chance::Chance,
    plan::{BEGIN, Fault, Feature, Plan},
    receivers::Receivers,
    seen::{Rare, Seen},
    trace::{Lines, Trace},
    watch::Watch,
};

/// A merchant, as it knows itself.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) merchant: MerchantId,
    /// Its secret key of the API.
    pub(crate) key: String,
    /// Its number in WeChat Pay's interface.
    pub(crate) mchid: String,
    /// Where it receives notifications, without the scheme.
    pub(crate) host: String,
}

/// A payer, as known to itself.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: PayerId,
    /// What it had at first, in fen.
    pub(crate) had: i64,
    /// Payment codes shown so far.
    pub(crate) codes: u64,
}

/// See the module.
pub(crate) struct State {
    pub(crate) plan: Plan,
    /// The time in the world.
    pub(crate) now: Time,
    /// How far the machine's clock is ahead of it, in milliseconds.
    skew_ms: i64,
    /// The latest time that this process was told.
    latest: Time,
    /// Whether faults happen.
    pub(crate) trouble: bool,
    pub(crate) chance: Chance,
    ids: Chance,
    pub(crate) agenda: Agenda,
    pub(crate) epoch: Epoch,
    pub(crate) is_up: bool,
    pub(crate) trace: Trace,
    pub(crate) seen: Seen,
    /// How often each fault happened.
    pub(crate) faults: BTreeMap<Fault, u64>,
    pub(crate) shops: Vec<Shop>,
    pub(crate) persons: Vec<Person>,
    pub(crate) bank: Bank,
    pub(crate) receivers: Receivers,
    pub(crate) watch: Watch,
    pub(crate) book: Book,
    /// What is being done, or waits to be.
    pub(crate) acts: BTreeMap<ActId, Act>,
    acted: ActId,
    pub(crate) tampering: Option<Tampering>,
    /// What must never be and was.
    pub(crate) violations: Vec<String>,
}

/// The state, shared by everything that the process asks.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<State>>);

/// After so many the rest says nothing new.
const VIOLATIONS_MAX: usize = 20;

impl Shared {
    /// A world before its beginning.
    pub(crate) fn new(plan: Plan, lines: Lines, tampering: Option<Tampering>) -> Shared {
        let mut chance = Chance::new(plan.seed);
        Shared(Arc::new(Mutex::new(State {
            ids: chance.fork(),
            chance,
            plan,
            now: BEGIN,
            skew_ms: 0,
            latest: BEGIN,
            trouble: false,
            agenda: Agenda::default(),
            epoch: 0,
            is_up: false,
            trace: Trace::new(lines),
            seen: Seen::default(),
            faults: BTreeMap::new(),
            shops: Vec::new(),
            persons: Vec::new(),
            bank: Bank::default(),
            receivers: Receivers::default(),
            watch: Watch::default(),
            book: Book::default(),
            acts: BTreeMap::new(),
            acted: 0,
            tampering,
            violations: Vec::new(),
        })))
    }

    /// Takes hold of it. Nothing may be polled meanwhile.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a fault happens now.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        let rate = self.plan.fault(fault);
        if !self.trouble || rate == 0 || !self.chance.percent(rate) {
            return false;
        }
        let count = self.faults.entry(fault).or_default();
        *count = count.saturating_add(1);
        true
    }

    /// Whether a feature is done for this order.
    pub(crate) fn does(&mut self, feature: Feature) -> bool {
        let rate = self.plan.feature(feature);
        self.trouble && rate > 0 && self.chance.percent(rate)
    }

    /// Plans an event after so many milliseconds.
    pub(crate) fn plan_in(&mut self, after_ms: i64, event: Event) {
        let at = self.now.plus_ms(after_ms.max(0));
        self.agenda.plan(at, event);
    }

    /// Lets somebody do something after so many milliseconds.
    pub(crate) fn act_in(&mut self, after_ms: i64, act: Act) {
        self.acted = self.acted.saturating_add(1);
        self.acts.insert(self.acted, act);
        self.plan_in(after_ms, Event::Acts(self.acted));
    }

    /// A wait around this mean.
    pub(crate) fn wait_ms(&mut self, mean_ms: i64) -> i64 {
        self.chance.wait_ms(mean_ms)
    }

    /// Adds a line to the trace.
    pub(crate) fn note(&mut self, line: &str) {
        self.trace.note(self.now, line);
    }

    /// Something rare was seen.
    pub(crate) fn see(&mut self, rare: Rare) {
        if self.seen.note(rare) {
            self.trace.note(self.now, &format!("seen: {}", rare.name()));
        }
    }

    /// Something that must never be.
    pub(crate) fn violated(&mut self, what: String) {
        self.trace.note(self.now, &format!("VIOLATED: {what}"));
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(what);
        }
    }

    /// The time by the machine's clock, as the process is told it: it never goes back while the process lives.
    pub(crate) fn told_time(&mut self) -> Time {
        self.latest = self.now.plus_ms(self.skew_ms).max(self.latest);
        self.latest
    }

    /// The time in the world at which the machine's clock shows this.
    pub(crate) fn world_time(&self, machine: Time) -> Time {
        machine.plus_ms(self.skew_ms.saturating_neg()).max(self.now)
    }

    /// Sets the machine's clock so far ahead of the world, or behind it.
    pub(crate) fn set_clock(&mut self, skew_ms: i64) {
        self.skew_ms = skew_ms;
        self.note(&format!("the machine's clock is {skew_ms} ms ahead"));
    }

    /// A new process begins: it remembers no time.
    pub(crate) fn begin_epoch(&mut self) {
        let machine = self.now.plus_ms(self.skew_ms);
        if machine < self.latest {
            self.see(Rare::ClockBehindAfterRestart);
        }
        self.latest = machine;
        self.is_up = true;
    }

    /// The shop with this merchant number.
    pub(crate) fn shop_of(&self, merchant: MerchantId) -> Option<usize> {
        self.shops.iter().position(|shop| shop.merchant == merchant)
    }
}

/// The machine's clock.
pub(crate) struct SimClock(pub(crate) Shared);

impl Clock for SimClock {
    fn now(&self) -> Time {
        self.0.lock().told_time()
    }

    fn world(&self) -> Time {
        self.0.lock().now
    }

    fn set_ahead_s(&self, _: i64) {}
}

/// Ids and secrets from the seed.
pub(crate) struct SimEntropy(pub(crate) Shared);

impl Entropy for SimEntropy {
    fn seed(&self) -> [u8; 16] {
        self.0.lock().ids.seed()
    }

    fn secret(&self) -> [u8; 32] {
        let mut state = self.0.lock();
        let (first, second) = (state.ids.seed(), state.ids.seed());
        let mut bytes = [0; 32];
        bytes[..16].copy_from_slice(&first);
        bytes[16..].copy_from_slice(&second);
        bytes
    }
}
