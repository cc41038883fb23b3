//! What comes when: events in the order of their time, and of those at one time in the order of their planning.

use std::collections::BTreeMap;

use tongbao_core::{Id, Task, Time};
use tongbao_engine::webhook::Outcome as Posted;
use tongbao_store::{Fault, Outcome, Reply, Step};

use crate::{
    acts::{ActId, Finished},
    bank::{Heard, Question},
    receivers::Letter,
};

/// Which run of the process: what belongs to an earlier one is gone.
pub(crate) type Epoch = u64;

/// What the store is asked for.
pub(crate) enum Ask {
    /// A step.
    Step(Step, Reply<Outcome>),
    /// Tasks that are due.
    Due(Time, u32, Reply<Vec<Task>>),
}

/// An answer of the store on its way.
pub(crate) enum Answer {
    /// To a step.
    Step(Reply<Outcome>, Result<Outcome, Fault>),
    /// To a question for tasks.
    Due(Reply<Vec<Task>>, Result<Vec<Task>, Fault>),
}

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// It is killed.
    Killed,
    /// The power goes.
    Power,
}

/// What happens.
pub(crate) enum Event {
    /// The store gets to what it was asked.
    Store(Epoch, Ask),
    /// It answers.
    StoreAnswers(Epoch, Answer),
    /// A channel hears a question.
    BankHears(Question),
    /// It answers, or we know by now that no answer comes.
    BankAnswers(Heard),
    /// It makes up its mind about an attempt or a refund.
    BankDecides(Id),
    /// A notification of the platform reaches its receiver.
    LetterArrives(Letter),
    /// What came of it is known to the sender.
    LetterAnswered(Letter, Posted),
    /// Somebody does something.
    Acts(ActId),
    /// It was done, and its answer arrives.
    Finishes(Epoch, ActId, Finished),
    /// A worker looks for tasks.
    Looks(Epoch, usize),
    /// It begins one.
    Performs(Epoch, usize, Task),
    /// Workers look although nothing told them to.
    Polls,
    /// The process ends, unless it has ended.
    Dies(Epoch, Death),
    /// It comes back.
    Returns,
    /// The clock of the machine is set ahead or back.
    ClockSet,
    /// Faults end.
    Heals,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Agenda {
    events: BTreeMap<(Time, u64), Event>,
    planned: u64,
}

impl Agenda {
    /// Plans an event.
    pub(crate) fn plan(&mut self, at: Time, event: Event) {
        self.planned = self.planned.saturating_add(1);
        self.events.insert((at, self.planned), event);
    }

    /// Takes the next.
    pub(crate) fn take(&mut self) -> Option<(Time, Event)> {
        self.events.pop_first().map(|((at, _), event)| (at, event))
    }
}
