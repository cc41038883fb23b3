//! Arithmetic of amounts and rates, against wider integers.

use tongbao_money::{Amount, BasisPoints};

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target =
    Target { name: "amounts", run: target, words: &["\0\0\0\0\0\0\0\u{1}", "\0\u{3}", "'\u{10}"] };

fn within(value: i128) -> Option<Amount> {
    i64::try_from(value).ok().and_then(Amount::new)
}

/// Takes an input: three amounts and a rate.
pub fn target(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let (a, b, c) = (amount(&mut bytes), amount(&mut bytes), amount(&mut bytes));
    let (wide_a, wide_b, wide_c) = (i128::from(a.minor()), i128::from(b.minor()), i128::from(c.minor()));
    assert_eq!(a.plus(b), within(wide_a + wide_b));
    assert_eq!(a.plus(b), b.plus(a));
    assert_eq!(a.minus(b), within(wide_a - wide_b));
    assert_eq!(a.minus(b).and_then(|rest| rest.plus(b)), a.minus(b).map(|_| a));
    assert_eq!(a.is_zero(), wide_a == 0);
    let share = if wide_c == 0 { None } else { within((wide_a * wide_b).div_euclid(wide_c)) };
    assert_eq!(a.portion(b, c), share);
    if b <= c
        && let Some(share) = a.portion(b, c)
    {
        // A part is never more than the whole, and what two parts leave over is less than two units.
        assert!(share <= a);
        let rest = c.minus(b).and_then(|rest| a.portion(rest, c)).expect("the rest is a part, too");
        assert!((0..=1).contains(&(wide_a - i128::from(share.minor()) - i128::from(rest.minor()))));
        reached("a part");
    }
    rate(&mut bytes, a, b);
}

fn amount(bytes: &mut Bytes<'_>) -> Amount {
    let minor = bytes.long() >> (bytes.byte() % 64);
    let read = Amount::new(minor);
    assert_eq!(read.is_some(), (0..=Amount::MAX.minor()).contains(&minor));
    reached(if read.is_some() { "in range" } else { "out of range" });
    let folded = minor.rem_euclid(Amount::MAX.minor() + 1);
    Amount::new(folded).expect("it was folded into the range")
}

fn rate(bytes: &mut Bytes<'_>, a: Amount, b: Amount) {
    let bps = bytes.short();
    let Some(rate) = BasisPoints::new(bps) else { return assert!(bps > BasisPoints::WHOLE) };
    let fee = |amount: Amount| i128::from(rate.of(amount).minor());
    let exact = i128::from(a.minor()) * i128::from(bps);
    // Half up: the fee is within half a unit of the exact one, and exactly half goes up.
    let off = fee(a) * 10_000 - exact;
    assert!((-4_999..=5_000).contains(&off), "{bps} of {a:?} is off by {off}");
    assert!(fee(a) <= i128::from(a.minor()));
    if a <= b {
        assert!(fee(a) <= fee(b), "more money, less fee");
    }
    reached(if fee(a) == 0 { "no fee" } else { "a fee" });
}
