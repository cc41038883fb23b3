//! One input, one commit: how the doors and workers change state.

use std::sync::{Arc, Mutex, PoisonError};

use tongbao_core::{
    Actor, Cause, ChangeSet, Context, Facts, Key, Need, Refusal, Stop, Want,
    idempotency::{self, Ask},
    notice, risk,
};
use tongbao_store::{Fault, Outcome, Step};

use crate::Engine;

/// Why a step gave no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The answer is no.
    Refused(Refusal),
    /// The world failed.
    Fault(Fault),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Fault(fault)
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::Refused(refusal) => refusal.fmt(f),
            Error::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// An answer to a request, ready to be sent: what is kept under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: String,
    /// Whether it is the stored answer to an earlier request with the same key.
    pub replayed: bool,
}

/// Who asks for what: goes into the change log.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Who.
    pub actor: Actor,
    /// What, as `<verb>_<resource>`.
    pub name: &'static str,
}

impl Engine {
    /// Decides and commits; gives what the decision gave beside its change set.
    pub async fn step<T: Send + 'static>(
        &self,
        input: Input,
        decide: impl FnMut(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop> + Send + 'static,
    ) -> Result<T, Error> {
        self.step_wanting(input, Vec::new(), decide).await
    }

    /// The same, for a decision that knows beforehand what it will ask for: all of it is loaded at once.
    pub async fn step_wanting<T: Send + 'static>(
        &self,
        input: Input,
        want: Vec<Want>,
        mut decide: impl FnMut(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop> + Send + 'static,
    ) -> Result<T, Error> {
        let at = self.clock.now();
        let context = Context::new(at, self.entropy.seed()).judged_by(self.judge.clone());
        let slot = Arc::new(Mutex::new(None));
        let (result, wake) = (Arc::clone(&slot), Arc::clone(&self.wake));
        let is_carried = self.carriers.carry_something();
        let mut want = Some(want).filter(|want| !want.is_empty());
        let decide = Box::new(move |facts: &dyn Facts| {
            if let Some(want) = want.take() {
                return Err(Need(Want::All(want)).into());
            }
            let mut cx = context.clone();
            let (mut change, value) = decide(facts, &mut cx)?;
            risk::follow(facts, &cx, &mut change)?;
            notice::follow(facts, &mut cx, &mut change, is_carried)?;
            let due = change.tasks.iter().any(|task| task.key.due_at <= at);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some((value, due));
            Ok(change)
        });
        let cause = Cause { at, actor: input.actor, input: input.name };
        match self.store.step(Step { cause, decide }).await? {
            Outcome::Refused(refusal) => Err(Error::Refused(refusal)),
            Outcome::Committed(_) | Outcome::Unchanged => {
                let decided = result.lock().unwrap_or_else(PoisonError::into_inner).take();
                let Some((value, due)) = decided else {
                    return Err(Fault::Broken("a step without a decision".to_owned()).into());
                };
                if due {
                    wake.notify_one();
                }
                Ok(value)
            }
        }
    }

    /// A step that gives only its change set.
    pub async fn run(
        &self,
        input: Input,
        mut decide: impl FnMut(&dyn Facts, &mut Context) -> Result<ChangeSet, Stop> + Send + 'static,
    ) -> Result<(), Error> {
        self.step(input, move |facts, cx| decide(facts, cx).map(|change| (change, ()))).await
    }

    /// A step under an idempotency key: the first answer is kept in the same commit, refusals too, and
    /// given again to whoever asks again. `render` turns a result or a refusal into status and body.
    pub async fn answer<T: Send + 'static>(
        &self,
        input: Input,
        ask: Option<Ask>,
        decide: impl FnMut(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop> + Send + 'static,
        render: impl Fn(Result<&T, &Refusal>) -> (u16, String) + Send + 'static,
    ) -> Result<Answered, Fault> {
        self.answer_wanting(input, ask, Vec::new(), decide, render).await
    }

    /// The same, for a decision that knows beforehand what it will ask for.
    pub async fn answer_wanting<T: Send + 'static>(
        &self,
        input: Input,
        ask: Option<Ask>,
        mut want: Vec<Want>,
        mut decide: impl FnMut(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop> + Send + 'static,
        render: impl Fn(Result<&T, &Refusal>) -> (u16, String) + Send + 'static,
    ) -> Result<Answered, Fault> {
        want.extend(ask.iter().map(|ask| Want::Key(Key::Idempotency(ask.caller, ask.key.clone()))));
        let answered = self.step_wanting(input, want, move |facts, cx| {
            if let Some(ask) = &ask {
                match idempotency::earlier(facts, ask) {
                    Ok(None) => {}
                    Ok(Some(reply)) => {
                        let (status, body) = (reply.status, reply.body.clone());
                        return Ok((ChangeSet::default(), Answered { status, body, replayed: true }));
                    }
                    // The key belongs to another request: this refusal is not kept under it.
                    Err(Stop::Refuse(refusal)) => {
                        let (status, body) = render(Err(&refusal));
                        return Ok((ChangeSet::default(), Answered { status, body, replayed: false }));
                    }
                    Err(need) => return Err(need),
                }
            }
            let (mut change, (status, body)) = match decide(facts, cx) {
                Ok((change, value)) => (change, render(Ok(&value))),
                Err(Stop::Refuse(refusal)) => (ChangeSet::default(), render(Err(&refusal))),
                Err(need) => return Err(need),
            };
            if let Some(ask) = &ask {
                change.put(idempotency::reply(cx, ask, status, body.clone()));
            }
            Ok((change, Answered { status, body, replayed: false }))
        });
        answered.await.map_err(|error| match error {
            Error::Fault(fault) => fault,
            // Refusals were rendered above; one here would be a decision that refused twice.
            Error::Refused(refusal) => Fault::Broken(refusal.to_string()),
        })
    }
}
