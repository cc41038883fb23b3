//! Whether the random lives get to where it hurts: each rare state must be seen, or the model proves less
//! than it seems to.

use std::collections::BTreeMap;

use proptest::{strategy::Strategy, strategy::ValueTree, test_runner::TestRunner};
use proptest_state_machine::ReferenceStateMachine;

use super::{
    lives::Reference,
    reference::{BackResult, Outcome, Result as TryResult, Step, World},
};

const LIVES: usize = 2_000;

fn returned(world: &World) -> usize {
    world.backs.iter().filter(|back| back.no.is_none()).count()
}

fn pending(world: &World, bank: bool) -> bool {
    world.tries.iter().any(|tried| tried.bank == bank && tried.result == TryResult::Pending)
}

/// The rare states, by name: the world before a step, the step, the world after.
#[rustfmt::skip]
fn rare(before: &World, step: &Step, after: &World) -> Vec<&'static str> {
    let changed = after.outcome == Outcome::Changed;
    let alarmed = after.alarms > before.alarms;
    let (fails, expires) = (matches!(step, Step::BankFails { .. }), matches!(step, Step::Expire));
    let stale = matches!(step, Step::HeldIsSettled { stale: true, .. });
    let all = [
        ("late money after closing", after.closed_s.is_some() && returned(after) > returned(before)),
        ("a sale paid twice", before.sale.is_some() && returned(after) > returned(before)),
        ("two movements in the name of one attempt", after.takes.iter().enumerate().any(|(at, take)| {
            after.takes[..at].iter().any(|other| other.attempt == take.attempt)
        })),
        ("money of another payment while a result is waited for", after.strangers.len() > before.strangers.len()
            && after.strangers.last().is_some_and(|(at, _)| after.tries[*at].result == TryResult::Pending)),
        ("money of another payment after the end", after.strangers.len() > before.strangers.len() && !after.unsold()),
        ("a wrong amount before the right one", after.sale.is_some() && before.sale.is_none() && returned(before) > 0),
        ("failed, then paid", before.sale.is_none() && after.sale.is_some_and(|sale| {
            before.tries.get(sale).is_some_and(|tried| tried.result == TryResult::Failed)
        })),
        ("paid, then failed", fails && before.sale.is_some() && alarmed),
        ("paid while the payer's balance is held", after.sale.is_some() && pending(after, false)),
        ("held money given back", pending(before, false) && !pending(after, false) && before.sale.is_some()),
        ("held money paid by a stale word", stale && changed && alarmed),
        ("paid while another attempt at the bank is open", after.sale.is_some() && pending(after, true)),
        ("closed by an attempt that failed too late", fails && before.closed_s.is_none() && after.closed_s.is_some()),
        ("closed by its timer", matches!(step, Step::Expire) && changed),
        ("closed by the merchant", matches!(step, Step::Close) && changed),
        ("a timer in vain while an attempt is open", expires && before.pending() && before.sale.is_none()),
        ("a refund refused", after.backs.iter().any(|back| back.result == BackResult::Refused)),
        ("a refund paid after it had failed", after.lied),
        ("a refund that nobody covers", after.uncovered() > 0),
        ("more refunded than was paid", after.sale.is_some() && after.refunded() > after.asked),
        ("a return that the bank refuses", after.backs.iter().any(|back| back.result == BackResult::Stuck)),
        ("a refused return that goes through", before.backs.iter().zip(&after.backs).any(|(was, is)| {
            was.result == BackResult::Stuck && is.result == BackResult::Paid
        })),
        ("refunded to the last fen in parts", after.sale.is_some() && !after.lied && after.claimed() == after.asked
            && after.backs.iter().filter(|back| back.no.is_some() && back.result != BackResult::Refused).count() > 1),
        ("a merchant without cover", after.outcome == Outcome::Refused("merchant_balance_insufficient")),
        ("dollars instead of yuan", after.takes.iter().any(|take| take.money.currency != super::system::cny())),
    ];
    all.into_iter().filter(|(_, seen)| *seen).map(|(name, _)| name).collect()
}

const RARE_STATES: usize = 25;
/// The rarest needs five steps in one order.
const SIGHTINGS_MIN: usize = 3;

#[test]
fn the_random_lives_reach_every_rare_state() {
    let mut runner = TestRunner::deterministic();
    let lives = Reference::sequential_strategy(1..60);
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    for _ in 0..LIVES {
        let (mut world, steps, _) = lives.new_tree(&mut runner).unwrap().current();
        for step in &steps {
            let after = Reference::apply(world.clone(), step);
            for name in rare(&world, step, &after) {
                *seen.entry(name).or_default() += 1;
            }
            world = after;
        }
    }
    assert_eq!(seen.len(), RARE_STATES, "seen: {seen:#?}");
    assert!(seen.values().all(|times| *times >= SIGHTINGS_MIN), "seen: {seen:#?}");
}
