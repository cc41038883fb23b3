//! Cases keep their names while they grow.

use tongbao_risk::aml::{Alert, Party, cases};

use super::{DAY_MS, HOUR_MS, Play, payer};

/// A fan-in to an account that begins so many days after the first day.
fn fan(play: &mut Play, to: Party, day: i64, senders: u128) {
    for sender in 0..12 {
        play.sends(day * DAY_MS + sender as i64 * HOUR_MS, payer(senders + sender), to, 3_000);
    }
}

/// Money that goes round between accounts.
fn round(play: &mut Play, accounts: [Party; 3], day: i64) {
    for hop in 0..3 {
        let at_ms = day * DAY_MS + hop as i64 * HOUR_MS;
        play.sends(at_ms, accounts[hop], accounts[(hop + 1) % 3], 20_000);
    }
}

fn alerts(write: impl Fn(&mut Play)) -> Vec<Alert> {
    let mut play = Play::default();
    write(&mut play);
    play.found().alerts
}

#[test]
fn a_case_keeps_its_name_while_alerts_are_added_and_cases_become_one() {
    let two = alerts(|play| {
        fan(play, payer(1), 0, 100);
        fan(play, payer(2), 5, 200);
    });
    let apart = cases(two);
    assert_eq!(apart.len(), 2);
    let together = cases(alerts(|play| {
        fan(play, payer(1), 0, 100);
        fan(play, payer(2), 5, 200);
        round(play, [payer(1), payer(2), payer(3)], 10);
    }));
    assert_eq!(together.len(), 1);
    assert_eq!(together[0].id, apart[0].id, "the older name stays");
    assert_eq!(together[0].accounts, [payer(1), payer(2), payer(3)]);
    assert_eq!(together[0].alerts.len(), 3);
    assert!(together[0].id.to_string().starts_with("aml-"));
}

#[test]
fn those_who_only_dealt_with_somebody_are_evidence_and_no_part_of_the_case() {
    let case = &cases(alerts(|play| fan(play, payer(1), 0, 100)))[0];
    assert_eq!(case.accounts, [payer(1)]);
    assert!(case.alerts[0].evidence.iter().all(|seen| seen.to == payer(1)));
}
