//! The harm: what happens to processes, disk, network and database while they work, and what is checked after each.

use std::{
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use super::{harmed::Harmed, kind::Kind, world::World};
use crate::{
    book::{Book, Broken},
    chance::Chance,
    fleet::ended_well,
    load::{Load, same_again},
    output::Failure,
    place::Place,
    process::LOOK_EVERY,
    proxy::Weather,
    trial::Trial,
};

/// For how long a harm lasts that ends by itself.
const LAST_MIN_MS: u64 = 200;
const LAST_MAX_MS: u64 = 1_500;
/// How often a process that was killed is killed again while it starts, and within which time.
const KILLED_AGAIN_PERCENT: u64 = 35;
const KILL_AGAIN_WITHIN_MS: u64 = 80;
/// How far the clocks jump, in seconds, either way. `reliability` F18 names an hour.
const JUMP_S_MAX: u64 = 3_600;
/// How long to wait for a full disk to be felt. A log that is written over needs no room for a while.
const FULL_FELT_WITHIN: Duration = Duration::from_secs(2);
/// Answers read back after each restart.
const READ_BACK: usize = 20;

/// What harm, how often, and until when.
pub(super) struct Plan {
    pub(super) end: Instant,
    /// The pause between two harms, on average.
    pub(super) pause_mean_ms: u64,
    /// The kinds to choose from, in the order in which each is done once.
    pub(super) possible: Vec<Kind>,
}

/// Does harm until the end.
pub(super) async fn until(
    plan: &Plan,
    world: &World,
    trial: &mut Trial,
    harmed: &mut Harmed,
    chance: &mut Chance,
) -> Result<(), Failure> {
    let mut recount: Option<JoinHandle<()>> = None;
    // Each of them once, however short the run is; then by chance.
    let mut first = plan.possible.iter().copied();
    let mut farthest_s = 0;
    loop {
        let pause = Duration::from_millis(chance.wait_ms(plan.pause_mean_ms));
        sleep(pause.min(plan.end.saturating_duration_since(Instant::now()))).await;
        if Instant::now() >= plan.end {
            break;
        }
        let Some(kind) = first.next().or_else(|| draw(&plan.possible, chance)) else { break };
        let last = Duration::from_millis(chance.between(LAST_MIN_MS, LAST_MAX_MS));
        match kind {
            Kind::Clock => farthest_s = farthest_s.max(jump(trial, chance)?),
            Kind::Kill | Kind::End | Kind::Freeze | Kind::Second => {
                one_process(kind, last, trial, harmed, chance).await?;
            }
            Kind::Full => {
                if !full(last, world, trial).await? {
                    continue;
                }
            }
            Kind::Cut => foul(Weather::Cut, last, world).await,
            Kind::Stall => foul(Weather::Stalled, last, world).await,
            Kind::HalfOpen => foul(Weather::HalfOpen, last, world).await,
            Kind::Crash => {
                // A recount has one connection, and would not survive the server.
                if let Some(recount) = recount.take() {
                    recount.await?;
                }
                world.crash(last).await?;
            }
        }
        harmed.note(kind);
        let took = trial.fleet.all_answer(&trial.client).await?;
        match kind {
            Kind::Clock | Kind::Second => continue,
            // The time that a process took to start was noted.
            Kind::Kill | Kind::End => {}
            Kind::Freeze | Kind::Full | Kind::Cut | Kind::Stall | Kind::HalfOpen | Kind::Crash => {
                harmed.recovered(took, &trial.book);
            }
        }
        read_back(&trial.load).await?;
        // Recounted beside the running processes, and killed under the verifier's eyes if it comes to that.
        if recount.as_ref().is_none_or(JoinHandle::is_finished) && harmed.may_recount() {
            let places: Option<&Place> = trial.fleet.members.first().map(|member| &member.place);
            recount = places.map(|place| tokio::spawn(verify(place.clone(), Arc::clone(&trial.book))));
            harmed.verified += 1;
        }
    }
    if let Some(recount) = recount {
        recount.await?;
    }
    // From here on all clocks agree, and nothing waits for a time that somebody was ahead of.
    trial.fleet.set_clocks(farthest_s)
}

/// One of these, by their weights.
fn draw(possible: &[Kind], chance: &mut Chance) -> Option<Kind> {
    let whole: u64 = possible.iter().map(|kind| kind.weight()).sum();
    let mut left = chance.between(1, whole);
    possible.iter().copied().find(|kind| {
        let is_it = left <= kind.weight();
        left = left.saturating_sub(kind.weight());
        is_it
    })
}

/// Harms one process, whichever.
async fn one_process(
    kind: Kind,
    last: Duration,
    trial: &mut Trial,
    harmed: &mut Harmed,
    chance: &mut Chance,
) -> Result<(), Failure> {
    let count = u64::try_from(trial.fleet.members.len())?;
    let which = usize::try_from(chance.between(1, count))? - 1;
    let Some(member) = trial.fleet.members.get_mut(which) else { return Err("an empty fleet".into()) };
    match kind {
        Kind::Freeze => return member.process.freeze(last).await,
        Kind::Second => {
            second(member.second().await?, &trial.book);
            return Ok(());
        }
        Kind::End => {
            let status = member.terminate().await?;
            ended_well(member, status, &trial.book);
        }
        _ => {
            member.process.kill()?;
            if harmed.may_recount() {
                // What the dead left is recounted as it lies there.
                verify(member.place.clone(), Arc::clone(&trial.book)).await;
                harmed.verified += 1;
            }
            while chance.percent(KILLED_AGAIN_PERCENT) {
                member.process.start()?;
                sleep(Duration::from_millis(chance.between(0, KILL_AGAIN_WITHIN_MS))).await;
                member.process.kill()?;
                harmed.note(Kind::Kill);
                harmed.kills_while_starting += 1;
            }
        }
    }
    let took = member.restart(&trial.client).await?;
    harmed.recovered(took, &trial.book);
    Ok(())
}

/// Lets the network be foul for a while.
async fn foul(weather: Weather, last: Duration, world: &World) {
    world.weather(weather);
    sleep(last).await;
    world.weather(Weather::Clear);
}

/// Sets the clock of one process, whichever; gives how far ahead it is now.
fn jump(trial: &Trial, chance: &mut Chance) -> Result<i64, Failure> {
    let shift_s = i64::try_from(chance.between(0, 2 * JUMP_S_MAX))? - i64::try_from(JUMP_S_MAX)?;
    if let Some(clock) = chance.pick(&trial.fleet.members).and_then(|member| member.place.clock.as_ref()) {
        clock.set(shift_s)?;
    }
    Ok(shift_s)
}

/// Fills the disk until somebody is refused for it; looking up must go on, and nobody may end by it. Gives whether
/// it was felt.
async fn full(last: Duration, world: &World, trial: &mut Trial) -> Result<bool, Failure> {
    let disk = world.disk()?;
    let refused = trial.client.unavailable();
    disk.fill()?;
    let begun = Instant::now();
    while trial.client.unavailable() == refused && begun.elapsed() < FULL_FELT_WITHIN {
        sleep(LOOK_EVERY).await;
    }
    sleep(last).await;
    if !trial.client.answers("/v1/balance").await {
        trial.book.broken(Broken::Other, "with a full disk nothing can be looked up");
    }
    disk.free()?;
    for member in &mut trial.fleet.members {
        if let Err(why) = member.process.still_runs() {
            trial.book.broken(Broken::Other, format_args!("the disk was full: {why}"));
            member.restart(&trial.client).await?;
        }
    }
    Ok(trial.client.unavailable() > refused)
}

async fn verify(place: Place, book: Arc<Book>) {
    book.judge(place.verify().await);
}

fn second(status: ExitStatus, book: &Book) {
    if status.success() {
        book.broken(Broken::Other, "a second process on the same directory ended as if all were well");
    }
}

/// What was acknowledged just before the harm must be there: asks for the latest answers again, all at once.
async fn read_back(load: &Arc<Load>) -> Result<(), Failure> {
    let mut asking = JoinSet::new();
    for kept in load.book.latest(READ_BACK) {
        let load = Arc::clone(load);
        asking.spawn(async move { same_again(&load.client, &load.book, &kept).await });
    }
    while let Some(done) = asking.join_next().await {
        done?;
    }
    Ok(())
}
