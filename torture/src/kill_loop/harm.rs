//! The harm: what happens to the process while it works, and what is checked after each.

use std::{
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{task::JoinHandle, time::sleep};

use crate::{
    book::Broken,
    chance::Chance,
    load::{Load, same_again},
    output::Failure,
    sandbox::{Sandbox, Verifier},
};

/// The pause between two harms, on average.
const PAUSE_MEAN_MS: u64 = 1_200;
/// Of a hundred harms, those from here to the next are freezes, second processes, ends and kills.
const FREEZE: u64 = 0;
const SECOND: u64 = 12;
const END: u64 = 18;
const KILL: u64 = 26;
/// How long the process is frozen.
const FREEZE_MIN_MS: u64 = 200;
const FREEZE_MAX_MS: u64 = 800;
/// A process that is killed while it starts is killed within this time.
const KILL_AGAIN_WITHIN_MS: u64 = 80;
/// What is promised: a process that was killed serves again within this time (`reliability` F1).
const RECOVERY_MAX: Duration = Duration::from_secs(5);
/// Answers read back after each restart.
const READ_BACK: usize = 20;

/// What was done, and how it recovered.
#[derive(Debug, Default)]
pub(super) struct Harmed {
    pub(super) kills: u64,
    /// Of the kills, those that hit a process which was still starting.
    pub(super) kills_while_starting: u64,
    pub(super) freezes: u64,
    pub(super) ends: u64,
    pub(super) seconds: u64,
    pub(super) verified: u64,
    /// From each start after a death to the first good answer.
    pub(super) recoveries: Vec<Duration>,
}

/// Does harm until the end.
pub(super) async fn until(
    end: Instant,
    sandbox: &mut Sandbox,
    load: &Arc<Load>,
    harmed: &mut Harmed,
    chance: &mut Chance,
) -> Result<(), Failure> {
    let mut recount: Option<JoinHandle<()>> = None;
    // Each of them once, however short the run is; then by chance.
    let mut first = [KILL, FREEZE, END, SECOND].into_iter();
    loop {
        let pause = Duration::from_millis(chance.wait_ms(PAUSE_MEAN_MS));
        sleep(pause.min(end.saturating_duration_since(Instant::now()))).await;
        if Instant::now() >= end {
            break;
        }
        match first.next().unwrap_or_else(|| chance.between(0, 99)) {
            FREEZE..SECOND => {
                sandbox.freeze(Duration::from_millis(chance.between(FREEZE_MIN_MS, FREEZE_MAX_MS))).await?;
                harmed.freezes += 1;
                continue;
            }
            SECOND..END => {
                second(sandbox.second().await?, load);
                harmed.seconds += 1;
                continue;
            }
            END..KILL => {
                ended(sandbox.terminate().await?, load);
                harmed.ends += 1;
            }
            _ => kill(sandbox, load, harmed, chance).await?,
        }
        let took = sandbox.restart(&load.client).await?;
        recovered(took, load, harmed);
        read_back(load).await;
        // Recounted beside the running process, and killed under the verifier's eyes if it comes to that.
        if recount.as_ref().is_none_or(JoinHandle::is_finished) {
            recount = Some(tokio::spawn(verify(sandbox.verifier(), Arc::clone(load))));
            harmed.verified += 1;
        }
    }
    if let Some(recount) = recount {
        recount.await?;
    }
    Ok(())
}

async fn kill(
    sandbox: &mut Sandbox,
    load: &Arc<Load>,
    harmed: &mut Harmed,
    chance: &mut Chance,
) -> Result<(), Failure> {
    sandbox.kill()?;
    harmed.kills += 1;
    if chance.percent(20) {
        // What the dead left is recounted as it lies there.
        verify(sandbox.verifier(), Arc::clone(load)).await;
        harmed.verified += 1;
    }
    while chance.percent(20) {
        sandbox.start()?;
        sleep(Duration::from_millis(chance.between(0, KILL_AGAIN_WITHIN_MS))).await;
        sandbox.kill()?;
        harmed.kills += 1;
        harmed.kills_while_starting += 1;
    }
    Ok(())
}

async fn verify(verifier: Verifier, load: Arc<Load>) {
    load.book.judge(verifier.verify().await);
}

fn second(status: ExitStatus, load: &Load) {
    if status.success() {
        load.book.broken(Broken::Other, "a second sandbox on the same directory ended as if all were well");
    }
}

fn ended(status: ExitStatus, load: &Load) {
    if !status.success() {
        load.book.broken(Broken::Other, format_args!("after SIGTERM the sandbox ended with {status}"));
    }
}

fn recovered(took: Duration, load: &Load, harmed: &mut Harmed) {
    harmed.recoveries.push(took);
    if took > RECOVERY_MAX {
        load.book.broken(Broken::Other, format_args!("it took {took:?} to serve again after a death"));
    }
}

/// What was acknowledged just before the death must be there: asks for the latest answers again.
async fn read_back(load: &Load) {
    for kept in load.book.latest(READ_BACK) {
        same_again(&load.client, &load.book, &kept).await;
    }
}
