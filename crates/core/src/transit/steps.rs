//! From what an operator reports to what changes: postings, debts, events, messages, tasks.
//!
//! The platform's clock decides. A gate may say when it scanned a code, if its report was late: at most
//! [`REPORT_LATE_MS_MAX`] ago, and at most [`CLOCK_AHEAD_MS_MAX`] ahead, which then counts as now.

use tongbao_money::Amount;

use super::{
    Debt, DebtReason, Gate, Ride, RideOutcome, RideStatus, RideTold, Rider, code, fen,
    machine::{self, Input},
    rider,
};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop, Task, TaskKey, Time, Work,
    delivery::Dialect,
    event::{self, Audience, EventKind, Subject},
    id::{AppId, PayerId, RideId},
    ledger::{Account, template},
    limits::{CLOCK_AHEAD_MS_MAX, FARE_MAX, REPORT_LATE_MS_MAX, RIDE_OPEN_S, STATION_CHARS_MAX},
    merchant::{self, Merchant},
    message::{self, Text},
    payer::{
        self,
        usage::{self, Factors},
    },
    payment::create::{is_order_no, is_text},
};

/// What an operator reports when somebody goes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRide {
    /// The operator's own number.
    pub ride_no: String,
    /// Keyed digest of the code that was scanned.
    pub code: [u8; 32],
    /// Where.
    pub station: String,
    /// What the ride costs if nobody tells its end, and at most, in fen.
    pub max: Amount,
    /// When the gate scanned the code; now, if it does not say.
    pub scanned_at: Option<Time>,
}

/// What an operator reports when somebody goes out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExit {
    /// Keyed digest of the code that was scanned, if one was.
    pub code: Option<[u8; 32]>,
    /// Where.
    pub station: String,
    /// What the ride costs, in fen; it may cost nothing.
    pub fare: Amount,
    /// When the gate let the rider out; now, if it does not say.
    pub scanned_at: Option<Time>,
}

/// A ride that was recorded, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The ride.
    pub ride: Ride,
    /// Whether this request recorded it; otherwise an equal one did.
    pub new: bool,
}

fn check_station(station: &str) -> Result<(), Refusal> {
    if is_text(station, STATION_CHARS_MAX) {
        return Ok(());
    }
    Err(Refusal::Invalid { param: "station", must: "1 to 64 characters without control characters" })
}

/// The instant that counts, of what a gate says and the platform's clock.
fn instant(now: Time, scanned_at: Option<Time>) -> Result<Time, Refusal> {
    let Some(scanned_at) = scanned_at else { return Ok(now) };
    let late_ms = now.since_ms(scanned_at);
    if late_ms > REPORT_LATE_MS_MAX || late_ms < CLOCK_AHEAD_MS_MAX.saturating_neg() {
        let must = "from 10 minutes ago to one minute ahead of the platform's clock";
        return Err(Refusal::Invalid { param: "scanned_at", must });
    }
    Ok(scanned_at.min(now))
}

impl NewRide {
    /// Whether every field is within its limits; says which is not.
    pub fn check(&self) -> Result<(), Refusal> {
        if !is_order_no(&self.ride_no) {
            let must = "1 to 64 letters, digits or characters of _-|*.:/@";
            return Err(Refusal::Invalid { param: "ride_no", must });
        }
        check_station(&self.station)?;
        if self.max.is_zero() || self.max > FARE_MAX {
            return Err(Refusal::Invalid { param: "max_amount", must: "from 1 to 20000 fen" });
        }
        Ok(())
    }
}

/// Somebody goes in: a ride begins, by a code that a gate scanned. An equal report again finds the ride it made.
pub fn enter(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    new: &NewRide,
) -> Result<(ChangeSet, Entered), Stop> {
    new.check()?;
    let app = merchant::app(facts, app)?;
    let code = code::known(facts, &new.code)?;
    let mut change = ChangeSet::default();
    if let Some(earlier) = facts.find::<Ride>(&Key::RideNo(app.merchant, new.ride_no.clone()))? {
        let again = earlier.code == code.id && earlier.entry.station == new.station && earlier.max == new.max;
        if !again {
            return Err(Refusal::RideNoUsed(earlier.id).into());
        }
        return Ok((change, Entered { ride: earlier.clone(), new: false }));
    }
    let at = instant(cx.at(), new.scanned_at)?;
    let id = cx.draw();
    let used = code.used_for(id, at)?;
    let known = may_ride(facts, cx, code.payer, new.max)?;
    let merchant = facts.get::<Merchant>(app.merchant)?.ok_or(Refusal::NotFound("merchant"))?;
    let ride = Ride {
        id,
        version: 1,
        merchant: merchant.id,
        app: app.id,
        payer: code.payer,
        ride_no: new.ride_no.clone(),
        code: code.id,
        status: RideStatus::Riding,
        entry: Gate { station: new.station.clone(), at },
        exit: None,
        max: new.max,
        fare: None,
        fee_rate: merchant.fee_rate,
        debt: None,
        created_at: cx.at(),
        ended_at: None,
        settled_at: None,
    };
    let begun = Some(id);
    change.put(match known {
        Some(rider) => Rider { ride: begun, ..rider.next() },
        None => Rider { id: cx.draw(), version: 1, payer: code.payer, ride: begun, debt: None },
    });
    change.tasks.push(timer(&ride));
    change.put(used);
    change.put(ride.clone());
    Ok((change, Entered { ride, new: true }))
}

/// Whether a payer may begin a ride that costs so much at most.
fn may_ride<'a>(
    facts: &'a dyn Facts,
    cx: &Context,
    id: PayerId,
    max: Amount,
) -> Result<Option<&'a Rider>, Stop> {
    payer::able(facts, id)?;
    let known = rider(facts, id)?;
    if known.is_some_and(|rider| rider.debt.is_some()) {
        return Err(Refusal::DebtOpen.into());
    }
    if known.is_some_and(|rider| rider.ride.is_some()) {
        return Err(Refusal::RideOpen.into());
    }
    usage::may_spend(facts, cx.at(), id, fen(max), Factors::One)?;
    Ok(known)
}

fn timer(ride: &Ride) -> Task {
    Task::new(ride.created_at.plus_s(RIDE_OPEN_S), Work::EndRide(ride.id))
}

/// The app's merchant's ride with this id.
pub fn owned(facts: &dyn Facts, app: AppId, id: RideId) -> Result<&Ride, Stop> {
    let merchant = merchant::app(facts, app)?.merchant;
    let ride = facts.get::<Ride>(id)?.filter(|ride| ride.merchant == merchant);
    Ok(ride.ok_or(Refusal::NotFound("ride"))?)
}

/// Somebody goes out: the operator says where, and what the ride costs; it is settled in this step, or owed.
pub fn exit(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    id: RideId,
    new: &NewExit,
) -> Result<(ChangeSet, Ride), Stop> {
    check_station(&new.station)?;
    let now = owned(facts, app, id)?;
    if new.fare > now.max {
        return Err(Refusal::Invalid { param: "amount", must: "at most the ride's `max_amount`" }.into());
    }
    let gate = Gate { station: new.station.clone(), at: cx.at() };
    let Some((next, _)) = machine::decide(now, Input::Exit(gate, new.fare), cx.at())? else {
        return Ok((ChangeSet::default(), now.clone()));
    };
    let at = instant(cx.at(), new.scanned_at)?;
    // Two gates may differ by as much as each may differ from the platform.
    if new.scanned_at.is_some() && now.entry.at.since_ms(at) > CLOCK_AHEAD_MS_MAX {
        return Err(Refusal::Invalid { param: "scanned_at", must: "after the entry" }.into());
    }
    let mut change = ChangeSet::default();
    if let Some(digest) = &new.code {
        let code = code::known(facts, digest)?;
        if code.payer != now.payer {
            return Err(Refusal::TransitCodeInvalid.into());
        }
        change.put(code.used_for(id, at)?);
    }
    let exit = Some(Gate { station: new.station.clone(), at: at.max(now.entry.at) });
    change.done.push(timer(now).key);
    let ride = end(facts, cx, &mut change, Ride { exit, ..next })?;
    Ok((change, ride))
}

/// Ends a ride whose end nobody told, for the most that it can cost. The worker must still hold `lease`.
pub fn miss(facts: &dyn Facts, cx: &mut Context, id: RideId, lease: TaskKey) -> Result<ChangeSet, Stop> {
    lease.held(facts)?;
    let mut change = ChangeSet { done: vec![lease], ..ChangeSet::default() };
    let now = facts.get::<Ride>(id)?.ok_or(Refusal::NotFound("ride"))?;
    if let Some((next, _)) = machine::decide(now, Input::Missed, cx.at())? {
        end(facts, cx, &mut change, next)?;
    }
    Ok(change)
}

/// Takes the fare of a ride that is over, or makes a debt of it.
fn end(facts: &dyn Facts, cx: &mut Context, change: &mut ChangeSet, ended: Ride) -> Result<Ride, Stop> {
    let known = rider(facts, ended.payer)?.ok_or(Refusal::NotFound("rider"))?;
    match take(facts, cx, change, &ended, Amount::ZERO)? {
        Ok(()) => {
            change.put(Rider { ride: None, ..known.next() });
            tell(facts, cx, change, ended, RideOutcome::Settled)
        }
        Err(NotCovered { reason, .. }) => {
            let debt = Debt {
                id: cx.draw(),
                version: 1,
                payer: ended.payer,
                merchant: ended.merchant,
                ride: ended.id,
                money: ended.money(),
                reason,
                created_at: cx.at(),
                paid_at: None,
                paid_by: None,
            };
            let owed = Some(debt.id);
            change.put(Rider { ride: None, debt: owed, ..known.next() });
            change.put(debt);
            let ride = Ride { status: RideStatus::Owed, debt: owed, settled_at: None, ..ended };
            tell(facts, cx, change, ride, RideOutcome::Owed(reason))
        }
    }
}

/// Why a fare was not taken, for the debt and for a payer who asked.
#[derive(Clone, Debug)]
pub(super) struct NotCovered {
    pub(super) reason: DebtReason,
    pub(super) refusal: Refusal,
}

/// Takes a fare from the balance, in which `arrived` is beside what the facts say, and pays the operator.
pub(super) fn take(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    ride: &Ride,
    arrived: Amount,
) -> Result<Result<(), NotCovered>, Stop> {
    let money = ride.money();
    if money.amount.is_zero() {
        return Ok(Ok(()));
    }
    let not = |reason, refusal| Ok(Err(NotCovered { reason, refusal }));
    if payer::known(facts, ride.payer)?.frozen.is_some() {
        return not(DebtReason::Frozen, Refusal::PayerFrozen);
    }
    let available = Account::PayerAvailable(ride.payer);
    let balance = facts.account(&available.of(money.currency))?.balance();
    if balance.saturating_add(arrived.minor()) < money.amount.minor() {
        return not(DebtReason::Balance, Refusal::BalanceInsufficient);
    }
    match usage::spend(facts, cx, change, ride.payer, money, Factors::One) {
        Ok(()) => {}
        Err(Stop::Need(need)) => return Err(need.into()),
        Err(Stop::Refuse(refusal)) => return not(DebtReason::Limit, refusal),
    }
    let fee = ride.fee_rate.of(money.amount);
    change.postings.extend(template::fare(ride.payer, ride.merchant, money, fee, ride.id.into()));
    Ok(Ok(()))
}

/// Writes the next version of a ride down, and tells the operator and the payer.
pub(super) fn tell(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    ride: Ride,
    outcome: RideOutcome,
) -> Result<Ride, Stop> {
    let ride = Ride { version: ride.version.saturating_add(1), ..ride };
    let kind = match outcome {
        RideOutcome::Settled | RideOutcome::DebtPaid => EventKind::RideSettled,
        RideOutcome::Owed(_) => EventKind::RideOwed,
    };
    let audience =
        Audience { app: ride.app, notify_url: None, dialect: Dialect::of(false), copies: 1, probe: false };
    event::announce(facts, cx, change, audience, kind, Subject::Ride(Box::new(ride.clone())))?;
    let owner = payer::known(facts, ride.payer)?;
    let told = RideTold { ride: ride.id, money: ride.money(), outcome };
    change.put(message::tell(cx, owner, Text::Ride(told)));
    change.put(ride.clone());
    Ok(ride)
}
