//! Random lives of a payment and its refunds against a reference that knows only what the outside
//! world did; and the lives that once went wrong, one by one.

mod checks;
mod deeds;
mod found;
mod lives;
mod rare;
mod reference;
mod system;

use proptest::test_runner::Config;
use proptest_state_machine::prop_state_machine;
use system::System;

prop_state_machine! {
    #![proptest_config(Config {
        cases: 2_000,
        // A step that does not fit the world is drawn again; about thirteen are in a life.
        max_local_rejects: u32::MAX,
        failure_persistence: None,
        ..Config::default()
    })]

    #[test]
    fn a_payment_agrees_with_the_world(sequential 1..60 => System);
}
