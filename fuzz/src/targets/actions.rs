//! Actions: bytes are what happens to two payments and two purses, three bytes each; after every step the
//! books balance and explain themselves.

use tongbao_core::{List, Record, Refusal, event::AlarmKind};
use tongbao_store::{Outcome, Query, Store, model::ModelStore};

use super::Target;
use crate::{
    bytes::Bytes,
    driver::reached,
    shop::{
        Answered, World,
        laws::{Picture, balances, verifies},
    },
};

/// Longest program; the interesting ones are short.
const STEPS_MAX: usize = 60;
/// Payments of a program.
const PAYMENTS_MAX: usize = 2;

/// See the module.
pub const TARGET: Target = Target {
    name: "actions",
    run: target,
    // Create, pay by balance, pay by bank, hear, lease and work, refund, close.
    words: &[
        "\0\0\u{5}",
        "\u{7}\0\0",
        "\u{7}\0\u{2}",
        "\u{a}\0\u{30}",
        "\u{a}\0\u{10}",
        "\u{11}\u{10}\u{4}",
        "\u{f}\0\u{33}",
        "\u{3}\u{2}\u{9}",
        "\u{2}\0\0",
        "\u{e}\0\u{2}",
    ],
};

/// Takes an input: a program.
pub fn target(input: &[u8]) {
    play(input);
}

/// Plays a program; gives the alarms that it raised.
pub fn play(input: &[u8]) -> Vec<AlarmKind> {
    let (store, mut world) = (ModelStore::default(), World::new(PAYMENTS_MAX));
    world.open(&store);
    let mut before = Picture::of(&store, &world);
    let mut bytes = Bytes::new(input);
    let mut way = String::new();
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        let (action, answered) = world.act(&store, bytes.array());
        way.push_str(outcome(&answered));
        balances(&store);
        let after = Picture::of(&store, &world);
        after.follows(&before);
        after.is_sound();
        after.explains(&store, &world);
        before = after;
        reached(&format!("{} {}", name(&format!("{action:?}")), outcome(&answered)));
    }
    reached(way.get(way.len().saturating_sub(24)..).unwrap_or_default());
    verifies(&store);
    let alarms = alarms(&store);
    for kind in &alarms {
        reached(&format!("{kind:?}"));
    }
    alarms
}

fn alarms(store: &dyn Store) -> Vec<AlarmKind> {
    let query = Query::List { list: List::Alarms, after: None, newest_first: false, limit: 100 };
    let records = store.records(query).expect("readable");
    records
        .iter()
        .filter_map(|record| if let Record::Alarm(alarm) = record { Some(alarm.kind) } else { None })
        .collect()
}

/// The kind of input in an action's debug form.
fn name(action: &str) -> String {
    let input = action.split("input: ").nth(1).unwrap_or(action);
    input.chars().take_while(char::is_ascii_alphabetic).collect()
}

fn outcome(answered: &Answered) -> &'static str {
    match answered {
        Answered::Due(Ok(tasks)) if tasks.is_empty() => "idle ",
        Answered::Due(_) => "leased ",
        Answered::Step(Ok(Outcome::Committed(_))) => "done ",
        Answered::Step(Ok(Outcome::Unchanged)) => "same ",
        Answered::Step(Ok(Outcome::Refused(Refusal::LeaseLost))) => "lost ",
        Answered::Step(Ok(Outcome::Refused(_))) => "no ",
        Answered::Step(Err(_)) => "fault ",
    }
}
