//! Each pattern by hand: one that is complete, and ones that lack one thing each.

use tongbao_money::Amount;
use tongbao_risk::aml::{MovementKind, Party, Pattern, Tie, TieKind};

use super::{DAY_MS, HOUR_MS, MINUTE_MS, Play, figure, merchant, payer, yuan};

/// How many alerts of a pattern there must be.
fn check(what: &str, pattern: Pattern, expected: usize, write: impl Fn(&mut Play)) {
    let mut play = Play::default();
    write(&mut play);
    let alerts = play.alerts(pattern);
    assert_eq!(alerts.len(), expected, "{what}: {alerts:#?}");
}

#[test]
fn structuring_is_three_amounts_just_below_a_line_and_none_that_crosses_it() {
    let just_below = |play: &mut Play, amounts: &[i64], apart_ms: i64| {
        for (place, amount) in (0..).zip(amounts) {
            play.sends(place * apart_ms, payer(1), payer(2 + place as u128), *amount);
        }
    };
    let case = |what, expected, amounts: &[i64], apart_ms| {
        check(what, Pattern::Structuring, expected, |play| just_below(play, amounts, apart_ms));
    };
    case("three in a day", 1, &[49_000, 45_000, 49_999], HOUR_MS);
    case("three in a week", 1, &[49_000, 45_000, 49_999], 2 * DAY_MS);
    case("three in two weeks", 0, &[49_000, 45_000, 49_999], 4 * DAY_MS);
    case("two", 0, &[49_000, 45_000], HOUR_MS);
    case("one on the line", 0, &[49_000, 45_000, 50_000], HOUR_MS);
    case("one too far below", 0, &[49_000, 44_999, 49_999], HOUR_MS);
    case(
        "who crosses it as often hides nothing",
        0,
        &[49_000, 60_000, 70_000, 45_000, 80_000, 49_999],
        HOUR_MS,
    );
    case("three more within the week are told once", 1, &[49_000; 6], HOUR_MS);
}

#[test]
fn fan_in_and_fan_out_are_many_strangers_and_a_sum() {
    let fan = |play: &mut Play, others: u128, amount: i64, is_in: bool, from_ms: i64| {
        for other in 0..others {
            let (from, to) =
                if is_in { (payer(10 + other), payer(1)) } else { (payer(1), payer(10 + other)) };
            play.sends(from_ms + other as i64 * HOUR_MS, from, to, amount);
        }
    };
    for (pattern, is_in) in [(Pattern::FanIn, true), (Pattern::FanOut, false)] {
        check("ten", pattern, 1, |play| fan(play, 10, 3_000, is_in, 0));
        check("nine", pattern, 0, |play| fan(play, 9, 9_000, is_in, 0));
        check("small change", pattern, 0, |play| fan(play, 40, 60, is_in, 0));
        check("the other way", pattern, 0, |play| fan(play, 12, 3_000, !is_in, 0));
        check("old acquaintances", pattern, 0, |play| {
            fan(play, 12, 100, is_in, 0);
            fan(play, 12, 3_000, is_in, 30 * DAY_MS);
        });
        check("whom one met half a year ago is a stranger", pattern, 1, |play| {
            fan(play, 12, 100, is_in, 0);
            fan(play, 12, 3_000, is_in, 200 * DAY_MS);
        });
    }
}

#[test]
fn pass_through_is_in_and_out_within_half_an_hour_again_and_again() {
    let pass = |play: &mut Play, times: i64, after_ms: i64, out: i64, left: Option<i64>| {
        for time in 0..times {
            let at_ms = time * 5 * HOUR_MS;
            play.sends(at_ms, payer(2), payer(1), 10_000);
            let to = Party::Outside;
            let movement = play.add(at_ms + after_ms, MovementKind::Withdrawal, payer(1), to, yuan(out));
            movement.left = left.and_then(|left| Amount::new(left * 100));
        }
    };
    let case = |what, expected, times, after_ms, out, left| {
        check(what, Pattern::PassThrough, expected, |play| pass(play, times, after_ms, out, left));
    };
    case("three times", 1, 3, 29 * MINUTE_MS, 9_000, Some(1_000));
    case("twice", 0, 2, 29 * MINUTE_MS, 9_000, Some(1_000));
    case("after half an hour", 0, 3, 30 * MINUTE_MS, 9_000, Some(1_000));
    case("less than nine tenths", 0, 3, 5 * MINUTE_MS, 8_999, Some(1_000));
    case("more than came", 0, 3, 5 * MINUTE_MS, 12_000, None);
    case("much is left", 0, 3, 5 * MINUTE_MS, 9_500, Some(9_000));
}

#[test]
fn a_cycle_is_three_to_six_hops_in_the_order_of_time_that_lose_little() {
    let ring = |play: &mut Play, hops: u128, step_ms: i64, keeps: f64| {
        let mut amount = 50_000.0;
        for hop in 0..hops {
            play.sends(hop as i64 * step_ms, payer(1 + hop), payer(1 + (hop + 1) % hops), amount as i64);
            amount *= keeps;
        }
    };
    let case = |what, expected, hops, step_ms, keeps| {
        check(what, Pattern::Cycle, expected, |play| ring(play, hops, step_ms, keeps));
    };
    case("three", 1, 3, HOUR_MS, 0.98);
    case("six", 1, 6, 10 * HOUR_MS, 0.98);
    case("two are a loan paid back", 0, 2, HOUR_MS, 1.0);
    case("seven", 0, 7, HOUR_MS, 1.0);
    case("too slow", 0, 3, 37 * HOUR_MS, 1.0);
    case("loses too much", 0, 3, HOUR_MS, 0.91);
    case("grows", 0, 3, HOUR_MS, 1.01);
    case("against the order of time", 0, 4, -HOUR_MS, 1.0);
    let mut play = Play::default();
    ring(&mut play, 4, HOUR_MS, 1.0);
    let alerts = play.alerts(Pattern::Cycle);
    assert_eq!(alerts[0].accounts, [payer(1), payer(2), payer(3), payer(4)]);
    assert_eq!((figure(&alerts[0], "hops"), alerts[0].evidence.len()), (4, 4));
}

#[test]
fn a_burst_counts_after_ninety_silent_days_and_against_the_busiest_day() {
    let burst = |play: &mut Play, silent_days: i64, before: i64, each: i64, count: i64| {
        play.sends(0, payer(1), payer(2), before);
        for step in 0..count {
            play.sends(silent_days * DAY_MS + step * HOUR_MS, payer(3), payer(1), each);
        }
    };
    let case = |what, expected, silent_days, before, each, count| {
        check(what, Pattern::DormantBurst, expected, |play| burst(play, silent_days, before, each, count));
    };
    case("six large ones", 1, 90, 500, 5_000, 6);
    case("after 89 days", 0, 89, 500, 5_000, 6);
    case("five", 0, 90, 500, 5_000, 5);
    case("groceries", 0, 90, 500, 499, 60);
    case("who moved as much before", 0, 90, 10_000, 5_000, 6);
    check("a new account was never silent", Pattern::DormantBurst, 0, |play| {
        for step in 0..8 {
            play.sends(step * HOUR_MS, payer(3), payer(1), 5_000);
        }
    });
}

#[test]
fn a_ring_shares_things_that_are_not_common_collects_and_passes_on() {
    let ring = |play: &mut Play, members: u128, kind: TieKind, sends_on: bool, sharing: u128| {
        for other in 0..sharing {
            play.ties.push((payer(1 + other), Tie { kind, key: 7 }));
        }
        for member in 0..members {
            for sender in 0..2 {
                play.sends(
                    member as i64 * HOUR_MS,
                    payer(100 + 2 * member + sender),
                    payer(1 + member),
                    4_000,
                );
            }
            if sends_on {
                play.withdraws(member as i64 * HOUR_MS + 30 * MINUTE_MS, payer(1 + member), 7_500);
            }
        }
    };
    let case = |what, expected, members, kind, sends_on, sharing| {
        check(what, Pattern::MuleRing, expected, |play| ring(play, members, kind, sends_on, sharing));
    };
    case("four on a device", 1, 4, TieKind::Device, true, 4);
    case("five on an address", 1, 5, TieKind::Address, true, 5);
    case("three collect of four", 1, 3, TieKind::Card, true, 4);
    case("two collect", 0, 2, TieKind::Card, true, 4);
    case("three in all", 0, 3, TieKind::Device, true, 3);
    case("they keep it", 0, 4, TieKind::Device, false, 4);
    case("nothing in common", 0, 4, TieKind::Device, true, 0);
    case("a dormitory's address", 0, 4, TieKind::Address, true, 40);
}

#[test]
fn cash_out_comes_back_to_the_payer_or_is_made_on_the_merchants_device() {
    let back = |play: &mut Play, times: i64, to: u128, after_ms: i64, amount: i64, kind: MovementKind| {
        for time in 0..times {
            let at_ms = time * 10 * HOUR_MS;
            play.add(at_ms, MovementKind::Payment, payer(1), merchant(1), yuan(4_000));
            play.add(at_ms + after_ms, kind, merchant(1), payer(to), yuan(amount));
        }
    };
    let case = |what, expected, times, to, after_ms, amount, kind| {
        check(what, Pattern::CashOut, expected, |play| back(play, times, to, after_ms, amount, kind));
    };
    case("three times", 1, 3, 1, HOUR_MS, 3_900, MovementKind::Transfer);
    case("twice", 0, 2, 1, HOUR_MS, 3_900, MovementKind::Transfer);
    case("to a stranger", 0, 3, 2, HOUR_MS, 3_900, MovementKind::Transfer);
    case("a part", 0, 3, 1, HOUR_MS, 3_000, MovementKind::Transfer);
    case("refunds are the honest way", 0, 4, 1, HOUR_MS, 3_900, MovementKind::Refund);
    check("to another account on the same card", Pattern::CashOut, 1, |play| {
        play.ties =
            vec![1, 2].into_iter().map(|who| (payer(who), Tie { kind: TieKind::Card, key: 5 })).collect();
        back(play, 3, 2, HOUR_MS, 3_900, MovementKind::Transfer);
    });
    for (expected, owner) in [(1, payer(1)), (0, payer(2))] {
        check("on the merchant's device", Pattern::CashOut, expected, |play| {
            let device = Tie { kind: TieKind::Device, key: 9 };
            play.ties = vec![(owner, device), (merchant(1), device)];
            for time in 0..4 {
                play.add(time * DAY_MS, MovementKind::Payment, payer(1), merchant(1), yuan(3_000));
            }
        });
    }
}

#[test]
fn gambling_is_round_small_amounts_at_night_and_few_large_payouts() {
    let house = |play: &mut Play, stakes: u128, hour: i64, fen: i64, players: u128, payout: i64| {
        for stake in 0..stakes {
            let at_ms = (hour - 12) * HOUR_MS + stake as i64 * MINUTE_MS;
            let money = tongbao_money::Money { amount: Amount::new(fen).unwrap(), ..yuan(0) };
            play.add(at_ms, MovementKind::Transfer, payer(10 + stake % players), payer(1), money);
        }
        play.sends((hour - 10) * HOUR_MS, payer(1), payer(10), payout);
    };
    let case = |what, expected, stakes, hour, fen, players, payout| {
        check(what, Pattern::Gambling, expected, |play| house(play, stakes, hour, fen, players, payout));
    };
    case("forty stakes", 1, 40, 23, 10_000, 20, 3_000);
    case("by day", 0, 40, 13, 10_000, 20, 3_000);
    case("prices", 0, 40, 23, 10_350, 20, 3_000);
    case("a round of friends", 0, 40, 23, 10_000, 6, 3_000);
    case("twenty stakes", 0, 20, 23, 10_000, 20, 3_000);
    case("no large payout", 0, 40, 23, 10_000, 20, 400);
}

#[test]
fn refund_abuse_is_nearly_everything_back_at_several_merchants() {
    let shop = |play: &mut Play, bought: u128, refunded: u128, merchants: u128, amount: i64| {
        for purchase in 0..bought {
            let (at_ms, shop) = (purchase as i64 * DAY_MS, merchant(1 + purchase % merchants));
            play.add(at_ms, MovementKind::Payment, payer(1), shop, yuan(amount));
            if purchase < refunded {
                play.add(at_ms + DAY_MS, MovementKind::Refund, shop, payer(1), yuan(amount));
            }
        }
    };
    let case = |what, expected, bought, refunded, merchants, amount| {
        check(what, Pattern::RefundAbuse, expected, |play| shop(play, bought, refunded, merchants, amount));
    };
    case("ten of ten", 1, 10, 10, 3, 400);
    case("seven", 0, 7, 7, 3, 400);
    case("at one merchant", 0, 10, 10, 1, 400);
    case("small change", 0, 10, 10, 3, 20);
    let mut play = Play::default();
    for purchase in 0..20 {
        play.add(purchase * HOUR_MS, MovementKind::Payment, payer(1), merchant(9), yuan(400));
    }
    shop(&mut play, 10, 10, 3, 400);
    assert!(play.alerts(Pattern::RefundAbuse).is_empty(), "who keeps most of it is a customer");
}

#[test]
fn other_currencies_are_left_out() {
    let mut play = Play::default();
    for (step, amount) in (0..).zip([49_000, 45_000, 49_999]) {
        play.sends(step * HOUR_MS, payer(1), payer(2), amount);
    }
    for movement in &mut play.movements {
        movement.money.currency = tongbao_money::Currency::parse("USD").unwrap();
    }
    assert!(play.found().alerts.is_empty());
}
