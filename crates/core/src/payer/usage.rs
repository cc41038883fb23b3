//! How much payers pay from their balances, and how much they may.
//!
//! The limits are those of 非银行支付机构网络支付业务管理办法 (People's Bank of China, announcement 2015 no. 43): article 11
//! by how well the payer is known ([`Level`]), article 24 by how a payment was proven ([`Factors`]). What counts is
//! what leaves the balance for somebody else: payments and transfers, by their sums and by how many there are in a day.
//! Top-ups do not count, nor do withdrawals to a
//! card of the payer's own, but for level I ([`withdraw`]). A refund gives nothing back: the articles count payments.
//!
//! **Invariants.** Days and years are those of Asia/Shanghai: UTC+8, without summer time since 1991. A person has one
//! account ([`ACCOUNTS_PER_PERSON_MAX`](crate::limits::ACCOUNTS_PER_PERSON_MAX)), so what is counted for a payer is
//! what the articles count for a customer. A payer without an identity and without limits of its own is known by rules
//! of the institution's own, as in a closed loop: what it proves with two factors is neither limited nor counted. What
//! is paid with one, as by a payment code, has the limits of a day for everybody, because whoever holds such a payer's
//! phone pays as easily as with any other. (Without any factor only the developer at a sandbox's phone pays.)

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, Currency, Money};

use super::{
    Payer,
    identity::{Identity, Level},
    known,
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Time,
    id::{PayerId, UsageId},
    limits::{
        FEWER_FACTORS_COUNT_PER_DAY_MAX, FEWER_FACTORS_PER_DAY_MAX, LEVEL_I_TOTAL_MAX, LEVEL_II_PER_YEAR_MAX,
        LEVEL_III_PER_YEAR_MAX, TWO_FACTORS_COUNT_PER_DAY_MAX, TWO_FACTORS_PER_DAY_MAX,
    },
    time::CHINA_AHEAD_MS,
};

/// How many proofs of different kinds a payer gave for one payment (article 22: something known, something owned,
/// something of the body).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factors {
    /// None: paid without a proof, at a sandbox's phone.
    None,
    /// One: a code that was shown, without the password.
    One,
    /// Two: the payment password, on a device that a one-time code signed in.
    Two,
}

/// A limit that would be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// What the payer allows itself in one payment.
    OwnPerPayment,
    /// What the payer allows itself in a day.
    OwnPerDay,
    /// A day's payments with fewer than two proofs.
    FewerFactorsPerDay,
    /// A day's payments with two proofs.
    TwoFactorsPerDay,
    /// All payments of level I.
    Total,
    /// A year's payments.
    PerYear,
}

/// What a payer allows itself, below what the law allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnLimits {
    /// The most in one payment.
    pub per_payment: Option<Amount>,
    /// The most in one day.
    pub per_day: Option<Amount>,
    /// The most payments in one day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count_per_day: Option<u32>,
}

impl OwnLimits {
    /// Whether any of them is higher than before, or gone.
    fn allows_more_than(&self, before: &OwnLimits) -> bool {
        fn more<T: Ord>(now: Option<T>, before: Option<T>) -> bool {
            before.is_some_and(|before| now.is_none_or(|now| now > before))
        }
        more(self.per_payment, before.per_payment)
            || more(self.per_day, before.per_day)
            || more(self.count_per_day, before.count_per_day)
    }
}

/// What a payer has paid from its balance. Only yuan count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Its id.
    pub id: UsageId,
    /// How often it changed.
    pub version: u32,
    /// Whose.
    pub payer: PayerId,
    /// Ever.
    pub total: Amount,
    /// The year that was paid in last.
    pub year: i16,
    /// In that year.
    pub in_year: Amount,
    /// The day that was paid on last, in days since 1970-01-01.
    pub day: i64,
    /// On that day, with fewer than two proofs.
    pub fewer_factors: Amount,
    /// On that day, with two.
    pub two_factors: Amount,
    /// How many payments that were on that day, with fewer than two proofs. Those from before payments were counted
    /// are not among them.
    #[serde(default)]
    pub fewer_factors_count: u32,
    /// How many with two.
    #[serde(default)]
    pub two_factors_count: u32,
}

impl Limit {
    /// What it limits, for developers.
    pub const fn name(self) -> &'static str {
        match self {
            Limit::OwnPerPayment => "the payer's own limit of a payment",
            Limit::OwnPerDay => "the payer's own limit of a day",
            Limit::FewerFactorsPerDay => "a day's payments with fewer than two proofs",
            Limit::TwoFactorsPerDay => "a day's payments with two proofs",
            Limit::Total => "all payments of level I",
            Limit::PerYear => "a year's payments",
        }
    }
}

/// The civil date of an instant in Asia/Shanghai. Instants beyond the calendar are clamped to its ends.
pub fn date_of(at: Time) -> Date {
    let ms = at.plus_ms(CHINA_AHEAD_MS).ms();
    let end = if ms < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_millisecond(ms).unwrap_or(end).to_zoned(TimeZone::UTC).date()
}

/// What counts at one moment: sums of earlier days and years are zero again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Ever.
    pub total: Amount,
    /// This year.
    pub in_year: Amount,
    /// Today, with fewer than two proofs.
    pub fewer_factors: Amount,
    /// Today, with two.
    pub two_factors: Amount,
    /// How many payments that were today, with fewer than two proofs.
    pub fewer_factors_count: u32,
    /// How many with two.
    pub two_factors_count: u32,
}

impl Counted {
    /// Today's payments.
    pub fn in_day(&self) -> Amount {
        sum(self.fewer_factors, self.two_factors)
    }

    /// How many payments were made today.
    pub const fn count_in_day(&self) -> u32 {
        self.fewer_factors_count.saturating_add(self.two_factors_count)
    }
}

impl Usage {
    /// What counts at this moment.
    pub fn at(&self, at: Time) -> Counted {
        let this = |same: bool, amount| if same { amount } else { Amount::ZERO };
        let these = |same: bool, count| if same { count } else { 0 };
        let (today, year) = (self.day == at.china_day(), self.year == date_of(at).year());
        Counted {
            total: self.total,
            in_year: this(year, self.in_year),
            fewer_factors: this(today, self.fewer_factors),
            two_factors: this(today, self.two_factors),
            fewer_factors_count: these(today, self.fewer_factors_count),
            two_factors_count: these(today, self.two_factors_count),
        }
    }
}

/// Sums of what was paid stay far below the largest amount; one that would not is the largest.
fn sum(left: Amount, right: Amount) -> Amount {
    left.plus(right).unwrap_or(Amount::MAX)
}

/// Which limits hold for a payment with so many proofs, as what is counted, and the most it may come to.
fn limits(payer: &Payer, counted: &Counted, factors: Factors) -> Vec<(Limit, Amount, Amount)> {
    let mut limits = Vec::with_capacity(4);
    let own = payer.own_limits.unwrap_or_default();
    limits.extend(own.per_payment.map(|most| (Limit::OwnPerPayment, Amount::ZERO, most)));
    limits.extend(own.per_day.map(|most| (Limit::OwnPerDay, counted.in_day(), most)));
    let level = payer.identity.as_ref().and_then(Identity::level);
    match factors {
        Factors::None if level.is_none() => {}
        Factors::None | Factors::One => {
            limits.push((Limit::FewerFactorsPerDay, counted.fewer_factors, FEWER_FACTORS_PER_DAY_MAX));
        }
        Factors::Two if level.is_some() => {
            limits.push((Limit::TwoFactorsPerDay, counted.two_factors, TWO_FACTORS_PER_DAY_MAX));
        }
        Factors::Two => {}
    }
    limits.extend(level.map(|level| of_level(level, counted)));
    limits
}

/// The limit of a level (article 11), what is counted under it, and the most.
pub const fn of_level(level: Level, counted: &Counted) -> (Limit, Amount, Amount) {
    match level {
        Level::One => (Limit::Total, counted.total, LEVEL_I_TOTAL_MAX),
        Level::Two => (Limit::PerYear, counted.in_year, LEVEL_II_PER_YEAR_MAX),
        Level::Three => (Limit::PerYear, counted.in_year, LEVEL_III_PER_YEAR_MAX),
    }
}

/// Whether [`spend`] would be refused, as things stand.
pub fn may_spend(
    facts: &dyn Facts,
    at: Time,
    payer: PayerId,
    money: Money,
    factors: Factors,
) -> Result<(), Stop> {
    room(facts, at, payer, money, factors).map(drop)
}

/// Whether a payer may pay this from its balance, with these proofs, to somebody else; counts it. One call for each
/// movement and step. A payer that nobody has verified may not ([`Refusal::IdentityRequired`]).
pub fn spend(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: PayerId,
    money: Money,
    factors: Factors,
) -> Result<(), Stop> {
    if let Some((before, counted)) = room(facts, cx.at(), payer, money, factors)? {
        count(cx, change, payer, before, &counted, (money.amount, Some(factors)));
    }
    Ok(())
}

/// What is counted of the payer so far, if this fits beside it; none if the payer is not counted.
fn room(
    facts: &dyn Facts,
    at: Time,
    payer: PayerId,
    money: Money,
    factors: Factors,
) -> Result<Option<(Option<&Usage>, Counted)>, Stop> {
    let payer = known(facts, payer)?;
    if payer.identity == Some(Identity::Unverified) {
        return Err(Refusal::IdentityRequired.into());
    }
    let is_free = payer.identity.is_none() && payer.own_limits.is_none() && factors != Factors::One;
    if is_free || money.currency != Currency::CNY {
        return Ok(None);
    }
    let before = facts.find::<Usage>(&Key::UsageOf(payer.id))?;
    let counted = before.map(|usage| usage.at(at)).unwrap_or_default();
    for (limit, used, most) in limits(payer, &counted, factors) {
        let left = most.minor().saturating_sub(used.minor());
        if money.amount.minor() > left {
            return Err(Refusal::LimitReached { limit, left: left.max(0) }.into());
        }
    }
    if counts(payer, &counted, factors).into_iter().any(|(used, most)| used >= most) {
        return Err(Refusal::PaymentsUsedUp.into());
    }
    Ok(Some((before, counted)))
}

/// How many payments of a day were made, and how many may be, by each rule that holds for so many proofs.
fn counts(payer: &Payer, counted: &Counted, factors: Factors) -> Vec<(u32, u32)> {
    let mut counts = Vec::with_capacity(2);
    let own = payer.own_limits.unwrap_or_default();
    counts.extend(own.count_per_day.map(|most| (counted.count_in_day(), most)));
    let level = payer.identity.as_ref().and_then(Identity::level);
    match factors {
        Factors::None if level.is_none() => {}
        Factors::None | Factors::One => {
            counts.push((counted.fewer_factors_count, FEWER_FACTORS_COUNT_PER_DAY_MAX));
        }
        Factors::Two if level.is_some() => {
            counts.push((counted.two_factors_count, TWO_FACTORS_COUNT_PER_DAY_MAX));
        }
        Factors::Two => {}
    }
    counts
}

/// Whether a payer may withdraw this to a card of its own; counts it where it counts. Level I counts withdrawals with
/// its payments (article 11, item 1); for the other levels, and by the day, the articles leave them out.
pub fn withdraw(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: PayerId,
    money: Money,
) -> Result<(), Stop> {
    let payer = known(facts, payer)?;
    let level = payer.identity.as_ref().and_then(Identity::level);
    if payer.identity == Some(Identity::Unverified) {
        return Err(Refusal::IdentityRequired.into());
    }
    if level != Some(Level::One) || money.currency != Currency::CNY {
        return Ok(());
    }
    let before = facts.find::<Usage>(&Key::UsageOf(payer.id))?;
    let counted = before.map(|usage| usage.at(cx.at())).unwrap_or_default();
    let (limit, used, most) = of_level(Level::One, &counted);
    let left = most.minor().saturating_sub(used.minor());
    if money.amount.minor() > left {
        return Err(Refusal::LimitReached { limit, left: left.max(0) }.into());
    }
    count(cx, change, payer.id, before, &counted, (money.amount, None));
    Ok(())
}

/// Adds to what is counted; without proofs only to what counts for ever.
fn count(
    cx: &mut Context,
    change: &mut ChangeSet,
    payer: PayerId,
    before: Option<&Usage>,
    counted: &Counted,
    (amount, factors): (Amount, Option<Factors>),
) {
    let add = |counts: bool, to| if counts { sum(to, amount) } else { to };
    let one_more = |counts: bool, to: u32| to.saturating_add(counts.into());
    let fewer = matches!(factors, Some(Factors::None | Factors::One));
    let two = factors == Some(Factors::Two);
    change.put(Usage {
        id: before.map_or_else(|| cx.draw(), |usage| usage.id),
        version: before.map_or(0, |usage| usage.version).saturating_add(1),
        payer,
        total: sum(counted.total, amount),
        year: date_of(cx.at()).year(),
        in_year: add(factors.is_some(), counted.in_year),
        day: cx.at().china_day(),
        fewer_factors: add(fewer, counted.fewer_factors),
        two_factors: add(two, counted.two_factors),
        fewer_factors_count: one_more(fewer, counted.fewer_factors_count),
        two_factors_count: one_more(two, counted.two_factors_count),
    });
}

/// What a person's closed account has paid counts for the one that follows it: the limits are the person's.
pub(super) fn carry(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    (former, payer): (PayerId, PayerId),
) -> Result<(), Stop> {
    let own = facts.find::<Usage>(&Key::UsageOf(payer))?;
    let Some(before) = facts.find::<Usage>(&Key::UsageOf(former))? else { return Ok(()) };
    let at = cx.at();
    let (theirs, ours) = (before.at(at), own.map(|own| own.at(at)).unwrap_or_default());
    change.put(Usage {
        id: own.map_or_else(|| cx.draw(), |own| own.id),
        version: own.map_or(0, |own| own.version).saturating_add(1),
        payer,
        total: sum(theirs.total, ours.total),
        year: date_of(at).year(),
        in_year: sum(theirs.in_year, ours.in_year),
        day: at.china_day(),
        fewer_factors: sum(theirs.fewer_factors, ours.fewer_factors),
        two_factors: sum(theirs.two_factors, ours.two_factors),
        fewer_factors_count: theirs.fewer_factors_count.saturating_add(ours.fewer_factors_count),
        two_factors_count: theirs.two_factors_count.saturating_add(ours.two_factors_count),
    });
    Ok(())
}

/// Sets what a payer allows itself. Zero allows nothing. To allow less takes nothing; to allow more, in any of them,
/// takes the payment password, and `proven` is whether that was found right. Then the tries at it start again.
pub fn set_own_limits(
    facts: &dyn Facts,
    id: PayerId,
    own: OwnLimits,
    proven: bool,
) -> Result<ChangeSet, Stop> {
    let payer = known(facts, id)?;
    if !proven && own.allows_more_than(&payer.own_limits.unwrap_or_default()) {
        return Err(Refusal::PasswordRequired.into());
    }
    let own_limits = Some(own).filter(|own| *own != OwnLimits::default());
    let counted = payer.password_tries > 0 || payer.locked_until.is_some();
    let mut change = ChangeSet::default();
    if proven && counted {
        change.put(Payer { own_limits, password_tries: 0, locked_until: None, ..payer.next() });
    } else if own_limits != payer.own_limits {
        change.put(Payer { own_limits, ..payer.next() });
    }
    Ok(change)
}
