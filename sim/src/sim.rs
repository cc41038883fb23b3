//! One world, from its beginning to its end.
//!
//! First things go wrong for a time. Then nothing goes wrong any more, nobody begins anything new, and time passes
//! until nothing is left to do; that must come within [`REST_MS`]. Then the oracle looks at everything.

use std::sync::{Arc, Mutex, PoisonError};

use tongbao_core::{ChangeSet, Facts, Stop};
use tongbao_engine::Error;
use tongbao_store::{Fault as Failed, Outcome, Page, Query, Step};

use crate::{
    acts::{Act, ActId, Finished, Request, Yield},
    agenda::{Answer, Ask, Death, Epoch, Event},
    canary::{self, Canary, Shown, Tampering},
    found::Founding,
    oracle,
    plan::{BEGIN, Fault, Kept, Plan},
    process::Process,
    seen::{Rare, Seen},
    state::{Shared, State},
    store::Backing,
    trace::Lines,
};

/// How long everything may take that was accepted before faults ended: 30 days until frozen money is unfrozen, and the
/// retries of what that tells.
const REST_MS: i64 = 40 * 86_400_000;
/// How often workers look without being told, in milliseconds, while there are faults and afterwards.
const POLL_MS: i64 = 10 * 60_000;
const POLL_AT_REST_MS: i64 = 6 * 60 * 60_000;
/// Events after which a world is taken for one that never ends.
const EVENTS_MAX: u64 = 400_000;
/// Tasks that a worker takes at once.
const TASKS_MAX: i64 = 40;

/// What became of a world.
pub(crate) struct Told {
    pub(crate) plan: Plan,
    pub(crate) hash: String,
    pub(crate) violations: Vec<String>,
    pub(crate) seen: Seen,
    pub(crate) faults: std::collections::BTreeMap<Fault, u64>,
    pub(crate) events: u64,
    pub(crate) commits: u64,
    pub(crate) acknowledged: u64,
    /// How long it lasted in its own time, in milliseconds.
    pub(crate) lasted_ms: i64,
    /// How long it took from the end of faults until nothing was left to do.
    pub(crate) healed_ms: i64,
    /// How often a canary did what it does.
    pub(crate) tampered: u64,
    /// Whether it happened on both stores.
    pub(crate) compared: bool,
}

/// See the module.
pub(crate) struct Sim {
    shared: Shared,
    backing: Arc<Backing>,
    process: Option<Process>,
    events: u64,
    healed_at: Option<tongbao_core::Time>,
    /// What was asked of a store that died while it did it.
    in_doubt: Mutex<Option<(&'static str, ChangeSet)>>,
}

/// Lets the world of a seed happen. Where its store is on a disk that never loses its power, it happens in memory, too:
/// both stores must tell the same story, whatever else goes wrong.
pub(crate) fn run(seed: u64, canary: Option<Canary>, lines: Lines) -> Told {
    let plan = Plan::draw(seed);
    let loses_power = [Fault::PowerCut, Fault::PowerCutInCommit].iter().any(|fault| plan.fault(*fault) > 0);
    let compares = plan.kept == Kept::Disk && !loses_power && canary.is_none();
    let mut told = happen(plan.clone(), canary, lines);
    if compares {
        let in_memory = happen(Plan { kept: Kept::Memory, ..plan }, canary, Lines::Hashed);
        told.compared = true;
        if in_memory.hash != told.hash {
            told.violations
                .push(format!("on disk it came to {}, in memory to {}", told.hash, in_memory.hash));
        }
    }
    told
}

/// Lets what was drawn happen.
pub(crate) fn happen(plan: Plan, canary: Option<Canary>, lines: Lines) -> Told {
    let seed = plan.seed;
    let tampering = canary.map(|canary| Tampering::new(canary, seed));
    let shared = Shared::new(plan.clone(), lines, tampering);
    let backing = Arc::new(Backing::new(plan.kept, seed));
    let mut sim =
        Sim { shared, backing, process: None, events: 0, healed_at: None, in_doubt: Mutex::new(None) };
    let healed_ms = sim.live();
    sim.tell(plan, healed_ms)
}

impl Sim {
    fn live(&mut self) -> i64 {
        self.returns();
        self.found();
        {
            let mut state = self.shared.lock();
            let trouble_ms = state.plan.trouble_ms;
            state.trouble = true;
            state.plan_in(trouble_ms, Event::Heals);
            state.plan_in(POLL_MS, Event::Polls);
            state.begin_story();
        }
        while !self.is_over() {
            let Some((at, event)) = self.shared.lock().agenda.take() else { break };
            self.events = self.events.saturating_add(1);
            self.shared.lock().now = at;
            self.happens(event);
            self.go_on();
        }
        let healed_ms = self.healed_at.map_or(0, |healed| self.shared.lock().now.since_ms(healed));
        oracle::judge(self);
        healed_ms
    }

    fn tell(self, plan: Plan, healed_ms: i64) -> Told {
        let events = self.events;
        let state = self.shared.lock();
        Told {
            hash: state.trace.hash(),
            violations: state.violations.clone(),
            seen: state.seen.clone(),
            faults: state.faults.clone(),
            events,
            commits: state.watch.commits,
            acknowledged: state.book.count,
            lasted_ms: state.now.since_ms(BEGIN),
            healed_ms,
            tampered: state.tampering.as_ref().map_or(0, |tampering| tampering.times),
            compared: false,
            plan,
        }
    }

    /// The world outside of the process.
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// What is kept.
    pub(crate) fn backing(&self) -> &Backing {
        &self.backing
    }

    fn is_over(&mut self) -> bool {
        let mut state = self.shared.lock();
        let Some(healed) = self.healed_at else { return false };
        let left = || state.watch.tasks.iter().take(5).map(|it| format!("{it:?}")).collect::<Vec<_>>();
        if self.events > EVENTS_MAX {
            let left = left();
            state.violated(format!("not at rest within {EVENTS_MAX} events: tasks {left:?}"));
            return true;
        }
        if state.now.since_ms(healed) > REST_MS {
            let (left, acts) = (left(), state.acts.len());
            state.violated(format!("not at rest after 40 days: {acts} acts, tasks {left:?}"));
            return true;
        }
        if !state.acts.is_empty() || !state.is_up {
            return false;
        }
        let now = state.now;
        drop(state);
        let left = self.backing.store().and_then(|store| match store.read(Query::Backlog(now)) {
            Ok(Page::Backlog(backlog)) => Some(backlog.tasks),
            Ok(_) | Err(_) => None,
        });
        left == Some(0)
    }

    fn go_on(&mut self) {
        if let Some(process) = &mut self.process {
            process.go_on();
        }
    }

    /// Makes the first records, before anything can go wrong.
    fn found(&mut self) {
        let Some(process) = &mut self.process else { return };
        let plan = self.shared.lock().plan.clone();
        let founding = Founding { engine: Arc::clone(&process.doors.engine), fee_bps: plan.fee_bps };
        let made = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&made);
        process.begin(async move {
            let founded = founding.found(plan.merchants, plan.payers, plan.payer_has).await;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(founded);
        });
        self.go_on();
        while made.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            let Some((at, event)) = self.shared.lock().agenda.take() else { break };
            self.shared.lock().now = at;
            self.happens(event);
            self.go_on();
        }
        let founded = made.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut state = self.shared.lock();
        match founded {
            Some(Ok((shops, persons))) => {
                state.bank.top_ups = persons.iter().map(|person| person.had).sum();
                (state.shops, state.persons) = (shops, persons);
            }
            Some(Err(error)) => state.violated(format!("the world could not begin: {error}")),
            None => state.violated("the world did not begin".to_owned()),
        }
    }

    fn is_now(&self, epoch: Epoch) -> bool {
        let state = self.shared.lock();
        state.is_up && state.epoch == epoch
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Store(epoch, ask) if self.is_now(epoch) => self.store(epoch, ask),
            Event::StoreAnswers(epoch, answer) if self.is_now(epoch) => match answer {
                Answer::Step(reply, outcome) => drop(reply.send(outcome)),
                Answer::Due(reply, tasks) => drop(reply.send(tasks)),
            },
            Event::BankHears(question) => self.shared.lock().bank_hears(question),
            Event::BankAnswers(heard) => heard.give(),
            Event::BankDecides(id) => self.shared.lock().bank_decides(id),
            Event::LetterArrives(letter) => self.shared.lock().letter_arrives(letter),
            Event::LetterAnswered(letter, outcome) => letter.answer(outcome),
            Event::Acts(id) => self.act(id),
            Event::Finishes(epoch, id, finished) => self.shared.lock().finishes(epoch, id, finished),
            Event::Looks(epoch, worker) if self.is_now(epoch) => self.look(epoch, worker),
            Event::Performs(epoch, worker, task) if self.is_now(epoch) => self.perform(worker, task),
            Event::Polls => self.poll(),
            Event::Dies(epoch, death) if self.is_now(epoch) => self.dies(death),
            Event::Returns => self.returns(),
            Event::ClockSet => self.shared.lock().clock_jumps(),
            Event::Heals => self.heals(),
            // What belongs to a process that is gone.
            Event::Store(..)
            | Event::StoreAnswers(..)
            | Event::Looks(..)
            | Event::Performs(..)
            | Event::Dies(..) => {}
        }
    }

    fn act(&mut self, id: ActId) {
        let mut state = self.shared.lock();
        let Some(act) = state.acts.get(&id).cloned() else { return };
        state.may_be_killed();
        if !state.is_up || state.strikes(Fault::RequestLost) {
            let after_ms = state.wait_ms(5_000);
            return state.plan_in(after_ms, Event::Acts(id));
        }
        let epoch = state.epoch;
        drop(state);
        let (shared, Some(process)) = (self.shared.clone(), &mut self.process) else { return };
        let doors = process.doors.clone();
        process.begin(async move {
            let finished = doors.perform(act).await;
            let mut state = shared.lock();
            let after_ms = state.wait_ms(20);
            state.plan_in(after_ms, Event::Finishes(epoch, id, finished));
        });
    }

    fn look(&mut self, epoch: Epoch, worker: usize) {
        let Some(process) = &mut self.process else { return };
        let (shared, engine) = (self.shared.clone(), Arc::clone(&process.doors.engine));
        process.begin(async move {
            let limit = shared.lock().chance.between(1, TASKS_MAX);
            let limit = u32::try_from(limit).unwrap_or(1);
            let Ok(tasks) = engine.store.due(engine.now(), limit).await else { return };
            let mut state = shared.lock();
            if tasks.len() >= usize::try_from(limit).unwrap_or_default() {
                let now = state.now;
                state.looks_at(now);
            }
            for task in tasks {
                let after_ms = state.chance.between(0, 2);
                state.plan_in(after_ms, Event::Performs(epoch, worker, task));
            }
        });
    }

    fn perform(&mut self, worker: usize, task: tongbao_core::Task) {
        let Some(process) = &mut self.process else { return };
        let Some(worker) = process.workers.get(worker).or(process.workers.first()).cloned() else { return };
        self.shared.lock().may_be_killed();
        process.begin(async move { worker.perform(&task).await });
    }

    fn poll(&mut self) {
        let mut state = self.shared.lock();
        let after_ms = if state.trouble { POLL_MS } else { POLL_AT_REST_MS };
        state.plan_in(after_ms, Event::Polls);
        let now = state.now;
        state.looks_at(now);
        if state.strikes(Fault::ClockJump) {
            state.plan_in(1, Event::ClockSet);
        }
        if state.plan.kept == Kept::Disk && state.strikes(Fault::PowerCut) {
            let epoch = state.epoch;
            state.plan_in(1, Event::Dies(epoch, Death::Power));
        }
    }

    /// The store does what it was asked.
    fn store(&mut self, epoch: Epoch, ask: Ask) {
        let mut state = self.shared.lock();
        let busy = state.strikes(Fault::Busy);
        let on_disk = state.plan.kept == Kept::Disk;
        let doomed = on_disk && !busy && state.strikes(Fault::PowerCutInCommit);
        let death = if state.chance.percent(50) { Death::Power } else { Death::Killed };
        let doom = state.chance.between(1, 8).unsigned_abs();
        drop(state);
        if busy {
            return match ask {
                Ask::Step(_, reply) => drop(reply.send(Err(Failed::Busy))),
                Ask::Due(_, _, reply) => drop(reply.send(Err(Failed::Busy))),
            };
        }
        let Some(store) = self.backing.store() else { return };
        if doomed {
            self.backing.rest();
            self.backing.doom(doom);
        }
        let answer = match ask {
            Ask::Due(now, limit, reply) => {
                let tasks = store.due(now, limit).wait();
                let mut state = self.shared.lock();
                if let Ok(tasks) = &tasks {
                    state.note(&format!("store: {} tasks", tasks.len()));
                    state.watch.leased(tasks);
                    for task in tasks {
                        let at = state.world_time(task.key.due_at);
                        state.looks_at(at);
                    }
                }
                Answer::Due(reply, tasks)
            }
            Ask::Step(step, reply) => {
                let outcome = self.step(&*store, step);
                Answer::Step(reply, outcome)
            }
        };
        drop(store);
        if doomed {
            drop(answer);
            return self.dies(death);
        }
        self.answer(epoch, answer);
    }

    fn answer(&mut self, epoch: Epoch, answer: Answer) {
        let mut state = self.shared.lock();
        let committed = matches!(answer, Answer::Step(_, Ok(Outcome::Committed(_))));
        if committed && state.strikes(Fault::CrashBeforeAnswer) {
            state.see(Rare::DiedBeforeAnswer);
            drop(state);
            drop(answer);
            return self.dies(Death::Killed);
        }
        let after_ms = state.chance.between(0, 2);
        state.plan_in(after_ms, Event::StoreAnswers(epoch, answer));
    }

    /// One step, watched, and perhaps tampered with.
    fn step(&self, store: &dyn tongbao_store::Store, step: Step) -> Result<Outcome, Failed> {
        let canary = self.shared.lock().tampers_with_step();
        let Step { cause, mut decide } = step;
        let slot = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&slot);
        let watched = move |facts: &dyn Facts| -> Result<ChangeSet, Stop> {
            let change = match canary {
                None => decide(facts)?,
                Some(canary) => canary::changed(canary, decide(&Shown::new(facts, canary))?),
            };
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(change.clone());
            Ok(change)
        };
        let outcome = store.step(Step { cause, decide: Box::new(watched) }).wait();
        let change = slot.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
        let mut state = self.shared.lock();
        let input = cause.input;
        match &outcome {
            Ok(Outcome::Committed(committed)) => {
                let digest = &blake3::Hash::from(committed.digest).to_hex()[..12];
                state.note(&format!("store: {input} by {}: {} {digest}", cause.actor, committed.number));
                state.committed(input, &change);
            }
            Ok(Outcome::Unchanged) => state.note(&format!("store: {input} by {}: unchanged", cause.actor)),
            Ok(Outcome::Refused(refusal)) => {
                state.note(&format!("store: {input} by {}: {}", cause.actor, refusal.code()));
                if *refusal == tongbao_core::Refusal::LeaseLost {
                    state.see(Rare::LeaseLost);
                }
            }
            Err(Failed::Broken(why)) => state.violated(format!("{input} broke an invariant: {why}")),
            Err(_) => {
                // The words of a dying store are chance of another kind.
                state.note(&format!("store: {input} in doubt"));
                *self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner) = Some((input, change));
            }
        }
        outcome
    }

    /// The process ends. What it was in the middle of is gone; who waited for it asks again.
    fn dies(&mut self, death: Death) {
        self.process = None;
        let mut state = self.shared.lock();
        state.note(&format!("the process ends: {death:?}"));
        state.is_up = false;
        state.epoch = state.epoch.saturating_add(1);
        let again = state.chance.bits();
        let after_ms = state.wait_ms(20_000).saturating_add(500);
        state.plan_in(after_ms, Event::Returns);
        let open: Vec<ActId> = state.acts.keys().copied().collect();
        for id in open {
            let after_ms = state.wait_ms(10_000);
            state.plan_in(after_ms, Event::Acts(id));
        }
        drop(state);
        self.backing.die(death, again);
    }

    /// The process comes back.
    fn returns(&mut self) {
        let mut state = self.shared.lock();
        let ends_leases = state.plan.kept != Kept::MemoryShared;
        let workers = state.plan.workers;
        state.begin_epoch();
        state.note("the process begins");
        drop(state);
        if let Err(fault) = self.backing.open(ends_leases) {
            return self.shared.lock().violated(format!("the store does not open: {fault}"));
        }
        self.resolve_doubt();
        let mut state = self.shared.lock();
        if ends_leases && state.watch.end_leases() {
            state.see(Rare::LeaseEndedByReturn);
        }
        drop(state);
        match Process::start(&self.shared, &self.backing, workers) {
            Ok(process) => self.process = Some(process),
            Err(fault) => self.shared.lock().violated(format!("the process does not start: {fault}")),
        }
        let mut state = self.shared.lock();
        let now = state.now;
        state.looks_at(now);
    }

    /// Finds out whether the step that was under way when the store died was committed.
    fn resolve_doubt(&self) {
        let doubt = self.in_doubt.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some((input, change)), Some(store)) = (doubt, self.backing.store()) else { return };
        let mut state = self.shared.lock();
        let known = state.watch.commits;
        match store.read(Query::Changes(known, 2)) {
            Ok(Page::Changes(lines)) if lines.is_empty() => state.see(Rare::CommitLostInCut),
            Ok(Page::Changes(lines)) if lines.len() == 1 => {
                state.see(Rare::CommitSurvivedCut);
                state.committed(input, &change);
            }
            other => state.violated(format!("after {known} commits there are {other:?}")),
        }
    }

    /// Faults end.
    fn heals(&mut self) {
        let mut state = self.shared.lock();
        state.note("faults end");
        state.trouble = false;
        state.set_clock(0);
        self.healed_at = Some(state.now);
        state.bank_heals();
    }

    /// Asks the API and waits for its answer.
    pub(crate) fn ask(&mut self, request: Request) -> Result<(u16, String), Error> {
        let Some(process) = &mut self.process else { return Err(Failed::Busy.into()) };
        let doors = process.doors.clone();
        let slot: Arc<Mutex<Option<Finished>>> = Arc::default();
        let kept = Arc::clone(&slot);
        process.begin(async move {
            let finished = doors.perform(Act::Ask(request)).await;
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(finished);
        });
        self.go_on();
        let finished = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        match finished {
            Some(Ok(Yield::Reply { status, body, .. })) => Ok((status, body)),
            Some(Ok(_)) | None => Err(Failed::Busy.into()),
            Some(Err(error)) => Err(error),
        }
    }
}

impl State {
    /// The process may be killed soon, in the middle of whatever it does then.
    fn may_be_killed(&mut self) {
        if self.strikes(Fault::Crash) {
            let (epoch, after_ms) = (self.epoch, self.chance.between(0, 300));
            self.plan_in(after_ms, Event::Dies(epoch, Death::Killed));
        }
    }

    /// The clock of the machine is set.
    fn clock_jumps(&mut self) {
        let by = self.chance.pick(&[-86_400_000, -3_600_000, 3_600_000, 86_400_000]).unwrap_or_default();
        self.set_clock(by);
    }
}
