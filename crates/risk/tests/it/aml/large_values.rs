//! Large-value days.

use tongbao_money::{Amount, Currency, Money};
use tongbao_risk::aml::{Checked, Day, Direction, LargeValue, MovementKind, Party, Thresholds};

use super::{DAY_MS, HOUR_MS, NOON_MS, Play, found, merchant, payer};

fn days(write: impl Fn(&mut Play)) -> Vec<LargeValue> {
    let mut play = Play::default();
    write(&mut play);
    play.found().large_values
}

#[test]
fn a_day_is_reported_from_the_sum_on_each_direction_apart() {
    let reported = days(|play| {
        play.sends(0, payer(1), payer(2), 300_000);
        play.sends(HOUR_MS, payer(1), payer(3), 200_000);
        play.sends(DAY_MS, payer(1), payer(2), 499_999);
    });
    assert_eq!(reported.len(), 1);
    let day = &reported[0];
    assert_eq!((day.customer, day.direction), (payer(1), Direction::Out));
    assert_eq!((day.movements, day.minor, day.largest_minor), (2, 50_000_000, 30_000_000));
    assert_eq!(day.day_ms, NOON_MS - 12 * HOUR_MS, "days are those of Shanghai");
}

#[test]
fn a_day_ends_at_midnight_in_shanghai() {
    let apart = days(|play| {
        play.sends(12 * HOUR_MS - 1, payer(1), payer(2), 250_000);
        play.sends(12 * HOUR_MS, payer(1), payer(2), 250_000);
    });
    assert!(apart.is_empty());
}

#[test]
fn merchants_and_currencies_have_lines_of_their_own() {
    let reported = days(|play| {
        play.sends(0, merchant(1), merchant(2), 1_999_999);
        play.sends(1, merchant(3), merchant(4), 2_000_000);
        let dollars =
            Money { amount: Amount::new(10_000_000).unwrap(), currency: Currency::parse("USD").unwrap() };
        play.add(2, MovementKind::Withdrawal, payer(9), Party::Outside, dollars);
    });
    let table = Thresholds::shipped();
    let lines: Vec<(&str, Party)> =
        reported.iter().map(|day| (table.large_value[day.line].id.as_str(), day.customer)).collect();
    let expected = [
        ("natural_domestic_foreign", payer(9)),
        ("other_domestic", merchant(3)),
        ("other_domestic", merchant(4)),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_line_is_in_force_from_its_day_on_and_until_its_last() {
    let mut play = Play::default();
    play.sends(0, payer(1), payer(2), 600_000);
    let day = |text: &str| Day::try_from(text.to_owned()).unwrap();
    let reported = |from: &str, until: Option<&str>| {
        let mut table = Thresholds::shipped();
        (table.large_value[0].from, table.large_value[0].until) = (day(from), until.map(day));
        found(&table, &[], &play.movements).large_values.len()
    };
    assert_eq!(reported("2026-03-02", None), 2, "sent and received");
    assert_eq!(reported("2026-03-03", None), 0);
    assert_eq!(reported("2019-01-01", Some("2026-03-02")), 0);
    assert_eq!(reported("2019-01-01", Some("2026-03-03")), 2);
}

#[test]
fn no_shipped_figure_claims_to_have_been_read_in_the_notice() {
    let table = Thresholds::shipped();
    assert_eq!(table.large_value.len(), 4);
    for line in &table.large_value {
        assert_ne!(line.checked, Checked::Notice, "{}: say where it was read", line.id);
        assert!(!line.source.is_empty());
    }
}
