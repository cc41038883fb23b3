//! Days and lines of bills.

use proptest::prelude::*;
use tongbao_channel::wechat::bill::{BillDigest, Day, Deal, Flow, FlowSums, Trade, TradeBill, TradeSums};
use tongbao_core::Time;
use tongbao_core::refund::RefundStatus;
use tongbao_money::BasisPoints;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

#[test]
fn a_day_begins_and_ends_at_midnight_in_beijing() {
    let day = day("2018-06-08");
    assert_eq!(day.start(), Time::from_ms(1_528_387_200_000));
    assert_eq!(day.end().since_ms(day.start()), 86_400_000);
    for (time, is_in) in [
        (day.start().plus_ms(-1), false),
        (day.start(), true),
        (day.end().plus_ms(-1), true),
        (day.end(), false),
    ] {
        assert_eq!(Day::of(time) == day, is_in);
    }
    assert_eq!(Day::of(Time::from_ms(0)), self::day("1970-01-01"));
    // Instants beyond the calendar belong to its edges.
    assert!(Day::of(Time::from_ms(i64::MAX)) > self::day("9999-01-01"));
    assert!(Day::of(Time::from_ms(i64::MIN)) < self::day("0001-01-01"));
}

#[test]
fn a_day_is_written_in_one_way_only() {
    for text in [
        "",
        "2018-6-8",
        "20180608",
        "2018-06-31",
        "2018-13-01",
        "2018-00-01",
        "2018/06/08",
        "2018-06-08 ",
        "2018-W23-5",
        "-018-06-08",
        "2018-06-0８",
        "２018-06-8",
        "----------",
        "2018-0608-",
    ] {
        assert_eq!(Day::parse(text), None, "{text}");
    }
    assert!(day("2024-02-29") < day("2024-03-01"));
    assert_eq!(Day::parse("2023-02-29"), None);
}

#[test]
fn months_are_those_of_the_calendar() {
    for (today, months, earlier) in [
        ("2026-05-31", 3, "2026-02-28"),
        ("2024-05-30", 3, "2024-02-29"),
        ("2026-03-01", 3, "2025-12-01"),
        ("2026-03-15", 0, "2026-03-15"),
    ] {
        assert_eq!(day(today).months_before(months), day(earlier), "{today}");
    }
}

#[test]
fn a_digest_is_that_of_all_parts() {
    let mut digest = BillDigest::default();
    digest.update(b"a");
    digest.update(b"bc");
    // The first example of FIPS 180.
    assert_eq!(digest.finish(), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

proptest! {
    #[test]
    fn a_day_has_a_number(number in -700_000..2_900_000_i32) {
        let day = Day::from_number(number).unwrap();
        prop_assert_eq!(day.number(), number);
        prop_assert_eq!(Day::of(day.start()), day);
        prop_assert_eq!(Day::of(day.end()).number(), number + 1);
    }

    #[test]
    fn what_is_no_day_of_the_calendar_has_no_number(number in prop_oneof![i32::MIN..-5_000_000, 5_000_000..i32::MAX]) {
        prop_assert_eq!(Day::from_number(number), None);
    }

    /// Readers split a line at `` ,` ``, or take the backticks away and split at commas.
    #[test]
    fn a_line_is_read_in_both_ways(
        texts in prop::collection::vec("[a-z茶,`\"\r\n\u{1} ]{0,12}", 5),
        amount in any::<i64>(),
        fee in any::<i64>(),
        is_refund: bool,
    ) {
        let refund = Deal::Refund {
            refund_id: &texts[3],
            out_refund_no: &texts[4],
            status: RefundStatus::Failed,
            succeeded_at: None,
            is_reversal: fee > 0,
        };
        let trade = Trade {
            at: Time::from_ms(0),
            appid: "",
            mchid: "1900000001",
            device_id: "",
            transaction_id: &texts[0],
            out_trade_no: "",
            openid: "",
            kind: "NATIVE",
            bank_type: "OTHERS",
            description: &texts[1],
            attach: &texts[2],
            fee,
            fee_rate: BasisPoints::new(60).unwrap(),
            amount,
            deal: if is_refund { refund } else { Deal::Payment },
        };
        let flow = Flow {
            at: Time::from_ms(i64::MAX),
            business_no: &texts[0],
            number: "",
            business: "",
            kind: "",
            amount,
            balance: fee,
            applicant: &texts[1],
            remark: &texts[2],
            voucher_no: &texts[3],
        };
        for bill in [TradeBill::All, TradeBill::Success, TradeBill::Refund] {
            let (mut text, mut sums) = (String::new(), TradeSums::new(bill));
            sums.heading(&mut text);
            sums.line(&mut text, &trade);
            sums.end(&mut text);
            check(&text, sums.lines());
        }
        let (mut text, mut sums) = (String::new(), FlowSums::default());
        FlowSums::heading(&mut text);
        sums.line(&mut text, &flow);
        sums.end(&mut text);
        check(&text, 1);
    }
}

fn check(text: &str, lines: u64) {
    let mut rows: Vec<&str> = text.split("\r\n").collect();
    assert!(rows.iter().all(|row| !row.contains(['\r', '\n'])));
    assert_eq!(rows.pop(), Some(""), "the last line ends, too");
    let (Some(sums), Some(names)) = (rows.pop(), rows.pop()) else { panic!("{text}") };
    let columns = rows.remove(0);
    assert_eq!(rows.len() as u64, lines);
    for row in rows {
        assert_eq!(values(row), columns.split(',').count(), "{row}");
    }
    assert_eq!(values(sums), names.split(',').count(), "{sums}");
}

/// How many values a line has, however it is split.
#[track_caller]
fn values(row: &str) -> usize {
    let by_both: Vec<&str> = row.strip_prefix('`').unwrap().split(",`").collect();
    let without = row.replace('`', "");
    assert_eq!(by_both, without.split(',').collect::<Vec<_>>());
    by_both.len()
}
