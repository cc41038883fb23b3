//! Proving payment passwords: a few at a time, and only so many waiting.
//!
//! argon2id takes a core for some twenty milliseconds and 19 MiB, on purpose. Without a bound a crowd at the
//! cashier, or one client that guesses, would take every core and more memory than there is.
//!
//! **Invariants.** A place in the queue is taken before the try is counted, so who is turned away has lost
//! none. A check under way keeps its place though nobody waits for it any more.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tongbao_core::{
    Actor, ChangeSet, Facts, Refusal, Stop,
    id::PayerId,
    limits::PASSWORD_TRIES_MAX,
    payer::{self, Payer},
};
use tongbao_store::Fault;

use crate::{Engine, Error, Input};

/// Passwords checked at once. Two are a hundred a second, and leave the other cores to the writer.
pub const CHECKS_AT_ONCE_MAX: usize = 2;

/// Passwords that wait to be checked. The last of them waits two thirds of a second; beyond that the caller
/// is better off with "busy" and another try.
pub const CHECKS_WAITING_MAX: usize = 64;

/// The queue in front of the hash function.
pub(crate) struct Checks {
    places: Arc<Semaphore>,
    at_once: Arc<Semaphore>,
}

/// A place in the queue.
struct Place {
    _held: OwnedSemaphorePermit,
}

impl Checks {
    pub(crate) fn new() -> Checks {
        let places = CHECKS_AT_ONCE_MAX.saturating_add(CHECKS_WAITING_MAX);
        Checks {
            places: Arc::new(Semaphore::new(places)),
            at_once: Arc::new(Semaphore::new(CHECKS_AT_ONCE_MAX)),
        }
    }

    fn place(&self) -> Result<Place, Fault> {
        let held = Arc::clone(&self.places).try_acquire_owned();
        held.map(|held| Place { _held: held }).map_err(|_| Fault::Busy)
    }

    /// Runs a check on a thread for blocking work when its turn has come.
    async fn run<T: Send + 'static>(
        &self,
        place: Place,
        check: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = Arc::clone(&self.at_once).acquire_owned().await;
        let turn = turn.map_err(|_| Fault::Broken("the queue of passwords was closed".to_owned()))?;
        let checked = tokio::task::spawn_blocking(move || {
            let checked = check();
            drop((turn, place));
            checked
        });
        checked.await.map_err(|_| Fault::Broken("checking a password panicked".to_owned()))
    }
}

impl Engine {
    /// Hashes a password that was chosen, in its turn among those that are checked; [`Fault::Busy`] when too many
    /// wait. One that is not six digits, or too easy to guess, is refused.
    pub(crate) async fn hash_password(&self, password: String) -> Result<String, Error> {
        if !payer::is_password(&password) || payer::is_weak(&password) {
            let must = "six digits, not all equal and not a run such as 123456";
            return Err(Error::Refused(Refusal::Invalid { param: "password", must }));
        }
        let place = self.checks.place()?;
        let (vault, salt) = (Arc::clone(&self.vault), self.entropy.seed());
        Ok(self.checks.run(place, move || vault.hash_password(&password, &salt)).await?)
    }

    /// Whether a payer's payment password is right. The try is counted first; a right one is uncounted by
    /// the step that follows, whether it pays or is refused
    /// ([`tongbao_core::payment::steps::pay_proven`]). [`Fault::Busy`] when too many wait; nothing is
    /// counted then.
    pub async fn prove_password(&self, id: PayerId, password: String) -> Result<(), Error> {
        let place = self.checks.place()?;
        let input = Input { actor: Actor::Payer(id), name: "try_password" };
        let (hash, tries_left) = self
            .step(input, move |facts: &dyn Facts, cx| -> Result<(ChangeSet, (String, u8)), Stop> {
                let (change, hash, left) = payer::try_password(facts, cx, id)?;
                Ok((change, (hash, left)))
            })
            .await?;
        let vault = Arc::clone(&self.vault);
        if self.checks.run(place, move || vault.is_password(&password, &hash)).await? {
            return Ok(());
        }
        if tries_left > 0 {
            let tries_left = tries_left.min(PASSWORD_TRIES_MAX);
            return Err(Error::Refused(Refusal::WrongPassword { tries_left }));
        }
        let until = self.store.get::<Payer>(id)?.and_then(|payer| payer.locked_until);
        Err(Error::Refused(Refusal::PasswordLocked { until: until.unwrap_or(self.now()) }))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{Condvar, Mutex},
        time::Duration,
    };

    use tongbao_store::model::ModelStore;

    use super::*;
    use crate::Mode;

    /// How many run now, and the most that ever did.
    #[derive(Default)]
    struct Running {
        counts: Mutex<(usize, usize)>,
        more: Condvar,
    }

    /// Runs until one more than may run with it has begun, or for so long that it would have.
    fn crowd(running: &Running) {
        let mut counts = running.counts.lock().unwrap();
        counts.0 += 1;
        counts.1 = counts.1.max(counts.0);
        running.more.notify_all();
        let wait = Duration::from_millis(50);
        let too_many = |counts: &mut (usize, usize)| counts.0 <= CHECKS_AT_ONCE_MAX;
        let (mut counts, _) = running.more.wait_timeout_while(counts, wait, too_many).unwrap();
        counts.0 -= 1;
    }

    #[tokio::test]
    async fn no_more_are_checked_at_once_than_the_limit_says() {
        let (checks, running) = (Arc::new(Checks::new()), Arc::new(Running::default()));
        let mut jobs = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let (checks, running) = (Arc::clone(&checks), Arc::clone(&running));
            jobs.spawn(async move {
                let place = checks.place().unwrap();
                checks.run(place, move || crowd(&running)).await
            });
        }
        for done in jobs.join_all().await {
            done.unwrap();
        }
        assert_eq!(running.counts.lock().unwrap().1, CHECKS_AT_ONCE_MAX);
    }

    #[tokio::test]
    async fn a_check_that_panics_or_is_forgotten_gives_its_place_back() {
        let checks = Checks::new();
        let all = CHECKS_AT_ONCE_MAX + CHECKS_WAITING_MAX;
        for _ in 0..all {
            let place = checks.place().unwrap();
            let told = checks.run(place, || assert!(std::env::args().count() == 0, "panics")).await;
            assert_eq!(told, Err(Fault::Broken("checking a password panicked".to_owned())));
            let place = checks.place().unwrap();
            drop(checks.run(place, || ()));
        }
        let places: Vec<Place> = (0..all).map(|_| checks.place().unwrap()).collect();
        assert_eq!(checks.place().err(), Some(Fault::Busy));
        drop(places);
        assert!(checks.place().is_ok());
    }

    #[tokio::test]
    async fn who_finds_no_place_is_told_so_and_loses_no_try() {
        const PASSWORD: &str = "135790";
        let store = Arc::new(ModelStore::default());
        let engine = Engine::new(store, Mode::Production, &[7; 32]).unwrap();
        let new = engine.new_payer("17000000001", PASSWORD);
        let input = Input { actor: Actor::Operator, name: "create_payer" };
        let id = engine.step(input, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
        let tries = || engine.store.get::<Payer>(id).unwrap().unwrap().password_tries;
        let room = CHECKS_AT_ONCE_MAX + CHECKS_WAITING_MAX;
        let mut crowd: Vec<Place> = (0..room).map(|_| engine.checks.place().unwrap()).collect();
        for _ in 0..=PASSWORD_TRIES_MAX {
            let told = engine.prove_password(id, PASSWORD.to_owned()).await;
            assert_eq!((told, tries()), (Err(Error::Fault(Fault::Busy)), 0));
        }
        crowd.pop();
        let told = engine.prove_password(id, PASSWORD.to_owned()).await;
        assert_eq!((told, tries()), (Ok(()), 1), "counted; the payment uncounts it");
    }
}
