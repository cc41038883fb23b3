//! Made-up worlds: what is planted is found, what is ordinary is mostly left alone.

use tongbao_risk::aml::{
    Thresholds,
    evaluation::{Score, scores},
    generator::World,
};

/// Small worlds: 1,500 payers each; `tongbao risk aml --generated` judges larger ones.
const SMALL: World = World { payers: 1_500, merchants: 50, days: 150, schemes: 10, seed: 0 };

#[test]
fn the_same_world_has_the_same_history_in_order_and_without_debts() {
    let world = World { payers: 600, schemes: 2, seed: 5, ..SMALL };
    let (one, other) = (world.history(), world.history());
    assert_eq!(one.movements, other.movements);
    assert_eq!(one.schemes, other.schemes);
    assert!(one.movements.is_sorted_by_key(|movement| movement.at_ms));
    assert!(one.movements.len() > 50_000, "{}", one.movements.len());
    assert_eq!(one.schemes.len(), 20);
    let next = World { seed: 6, ..world }.history();
    assert_ne!(one.movements.len(), next.movements.len());
}

#[test]
fn nine_in_ten_schemes_are_found_at_five_false_alerts_for_ten_thousand_accounts() {
    let table = Thresholds::shipped();
    let mut sums: Vec<Score> = Vec::new();
    for seed in 1..=2 {
        let world = World { seed, ..SMALL };
        let judged = scores(&world, &world.history(), &table, &mut || {});
        sums = if sums.is_empty() {
            judged
        } else {
            sums.iter().zip(&judged).map(|(sum, score)| sum.and(score)).collect()
        };
    }
    for score in sums {
        assert_eq!(score.schemes, 20);
        assert!(score.recall() >= 0.9, "{score:?}");
        assert!(score.false_per_10_000() <= 5.0, "{score:?}");
    }
}
