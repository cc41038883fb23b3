//! Random lives: which steps are drawn, and which of them fit the world they come to.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;
use tongbao_core::sandbox::Fault;

use super::reference::{Came, RefundWord, Step, World};

pub(super) struct Reference;

fn worlds() -> impl Strategy<Value = World> {
    let asked = prop_oneof![Just(10_000), Just(7), Just(1), 1..100_i64];
    let fee_bps = prop_oneof![Just(60), Just(0), Just(5_000), Just(10_000), 0..10_000_i64];
    (asked, fee_bps, 0..4_i64, prop_oneof![Just(0), Just(3), Just(50_000)]).prop_map(
        |(asked, fee_bps, times, other_takings)| World {
            asked,
            fee_bps,
            payer_has: asked * times,
            other_takings,
            ..World::default()
        },
    )
}

fn faults() -> impl Strategy<Value = Step> {
    let fault = prop_oneof![
        1 => Just(Fault::Declined),
        1 => Just(Fault::InsufficientBalance),
        4 => Just(Fault::ResultLate),
        1 => Just(Fault::DuplicateNotification),
    ];
    (fault, prop::bool::weighted(0.8)).prop_map(|(fault, for_us)| Step::Arm { fault, for_us })
}

fn bank_words() -> impl Strategy<Value = Step> {
    let came = prop_oneof![
        6 => Just(Came::Asked), 1 => Just(Came::Less), 1 => Just(Came::More), 1 => Just(Came::Dollars)
    ];
    let takes = (any::<usize>(), came, any::<bool>());
    let repeats = (any::<usize>(), prop::bool::weighted(0.8), prop::option::weighted(0.2, any::<usize>()));
    let fails = (any::<usize>(), any::<bool>());
    let others = (any::<usize>(), any::<usize>(), any::<bool>());
    prop_oneof![
        3 => takes.prop_map(|(attempt, came, by_task)| Step::BankTakes { attempt, came, by_task }),
        2 => repeats.prop_map(|(take, named, other)| Step::BankRepeats { take, named, other }),
        3 => fails.prop_map(|(attempt, by_task)| Step::BankFails { attempt, by_task }),
        1 => fails.prop_map(|(attempt, by_task)| Step::BankSaysNothing { attempt, by_task }),
        1 => others.prop_map(|(attempt, which, by_task)| Step::BankTellsOfAnother { attempt, which, by_task }),
    ]
}

fn refunds(asked: i64) -> impl Strategy<Value = Step> {
    let minor = prop_oneof![2 => 1..=(asked / 3).max(1), 1 => 0..=asked + 1, 1 => Just(asked), 2 => Just(1)];
    let word = prop_oneof![
        1 => Just(RefundWord::Working),
        1 => Just(RefundWord::Unknown),
        3 => Just(RefundWord::Paid),
        3 => Just(RefundWord::Failed),
    ];
    prop_oneof![
        2 => (0..12_u8, minor).prop_map(|(no, minor)| Step::AskRefund { no, minor }),
        3 => (any::<usize>(), word, any::<bool>())
            .prop_map(|(refund, word, by_task)| Step::BankSaysOfRefund { refund, word, by_task }),
    ]
}

impl ReferenceStateMachine for Reference {
    type State = World;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<World> {
        worlds().boxed()
    }

    fn transitions(world: &World) -> BoxedStrategy<Step> {
        let times = prop_oneof![
            4 => (1..400_i64).prop_map(Step::Wait),
            1 => (1..900_i64).prop_map(Step::ClockBack),
        ];
        let held = (any::<usize>(), prop::bool::weighted(0.4));
        let held = held.prop_map(|(attempt, stale)| Step::HeldIsSettled { attempt, stale });
        // Before a sale the attempts are what matters, after it the refunds.
        let sold = world.sale.is_some();
        let weight = |before: u32, after: u32| if sold { after } else { before };
        prop_oneof![
            weight(4, 1) => times,
            1 => Just(Step::Drain),
            weight(4, 1) => faults(),
            weight(6, 1) => any::<bool>().prop_map(|bank| Step::Pay { bank }),
            weight(7, 4) => bank_words(),
            weight(1, 4) => held,
            2 => Just(Step::Expire),
            1 => Just(Step::Close),
            weight(2, 14) => refunds(world.asked),
        ]
        .boxed()
    }

    fn preconditions(world: &World, step: &Step) -> bool {
        match step {
            Step::BankTakes { .. }
            | Step::BankTellsOfAnother { .. }
            | Step::BankFails { .. }
            | Step::BankSaysNothing { .. } => world.bank_attempt(0).is_some(),
            Step::BankRepeats { .. } => !world.takes.is_empty(),
            Step::HeldIsSettled { .. } => world.held_attempt(0).is_some(),
            Step::BankSaysOfRefund { .. } => world.bank_refund(0).is_some(),
            Step::Drain => world.merchant_purse() > 0,
            _ => true,
        }
    }

    fn apply(mut world: World, step: &Step) -> World {
        world.outcome = world.take(step);
        world
    }
}
