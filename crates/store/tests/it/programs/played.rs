//! A program as the model plays it: what was asked in the end, and what was answered.

use tongbao_core::Record;
use tongbao_store::{Outcome, Page, Query, Store, model::ModelStore};

use super::{
    input::{Action, Answered},
    world::{Op, World},
};

/// See the module.
pub(crate) struct Played {
    pub(crate) actions: Vec<Action>,
    pub(crate) answers: Vec<Answered>,
    pub(crate) world: World,
    pub(crate) model: ModelStore,
}

impl Played {
    /// Plays a program on a fresh model.
    pub(crate) fn of(ops: &[Op]) -> Played {
        let (model, mut world) = (ModelStore::default(), World::default());
        let (mut actions, mut answers) = (Vec::new(), Vec::new());
        for op in World::opening().iter().chain(ops) {
            let action = world.action(*op);
            let answer = action.ask(&model).wait();
            learn(&mut world, &model, &answer);
            actions.push(action);
            answers.push(answer);
        }
        Played { actions, answers, world, model }
    }
}

/// What the first so many actions leave on a fresh model.
pub(crate) fn replayed(actions: &[Action]) -> ModelStore {
    let model = ModelStore::default();
    for action in actions {
        action.ask(&model).wait();
    }
    model
}

fn learn(world: &mut World, model: &ModelStore, answer: &Answered) {
    match answer {
        Answered::Due(Ok(tasks)) => world.hold(tasks),
        Answered::Step(Ok(Outcome::Committed(committed))) => {
            let Page::Changes(lines) = model.read(Query::Changes(committed.number - 1, 1)).unwrap() else {
                panic!("not a page of changes");
            };
            for touched in &lines[0].touched {
                let found: Vec<Record> = (model as &dyn Store).records(Query::Record(touched.id)).unwrap();
                world.learn(&found[0]);
            }
        }
        Answered::Due(Err(_)) | Answered::Step(_) => {}
    }
}
