//! What hits come to.

use tongbao_risk::rule::{Action, Proof, combine};

const ALL: [Action; 6] = [
    Action::Allow,
    Action::Challenge(Proof::Password),
    Action::Challenge(Proof::Code),
    Action::Challenge(Proof::Passkey),
    Action::Review,
    Action::Block,
];

#[test]
fn the_severest_of_two_wins_in_either_order() {
    for (mild, a) in ALL.into_iter().enumerate() {
        for (severe, b) in ALL.into_iter().enumerate() {
            let expected = ALL[mild.max(severe)];
            assert_eq!(combine([a, b], None), expected, "{a} and {b}");
            assert_eq!(combine([b, a, b], None), expected, "{b}, {a} and {b}");
        }
    }
    assert_eq!(combine([], None), Action::Allow);
}

#[test]
fn a_proof_meets_challenges_for_it_and_for_weaker_ones_and_nothing_else() {
    let cases = [
        (Action::Challenge(Proof::Password), Proof::Password, Action::Allow),
        (Action::Challenge(Proof::Password), Proof::Passkey, Action::Allow),
        (Action::Challenge(Proof::Code), Proof::Password, Action::Challenge(Proof::Code)),
        (Action::Challenge(Proof::Passkey), Proof::Code, Action::Challenge(Proof::Passkey)),
        (Action::Review, Proof::Passkey, Action::Review),
        (Action::Block, Proof::Passkey, Action::Block),
    ];
    for (hit, passed, expected) in cases {
        assert_eq!(combine([hit], Some(passed)), expected, "{hit} after {}", passed.name());
    }
    let two = [Action::Challenge(Proof::Code), Action::Challenge(Proof::Passkey)];
    assert_eq!(combine(two, Some(Proof::Code)), Action::Challenge(Proof::Passkey));
    assert_eq!(combine(two, Some(Proof::Passkey)), Action::Allow);
}
