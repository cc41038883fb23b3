//! The ride's table of states and inputs, pure over the ride alone.

use tongbao_money::Amount;

use super::{Gate, Ride, RideStatus};
use crate::{Refusal, Time};

/// What can be said to a ride.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The operator tells where it ended and what it costs.
    Exit(Gate, Amount),
    /// Nobody told in time.
    Missed,
    /// What was owed is paid.
    Collected,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// The fare is known: it is to be taken now, or becomes a debt.
    Ended,
    /// The debt is paid.
    Settled,
}

/// The ride after an input, still with the old version, and what happened; `None` is "already so". A ride that has
/// ended is settled in what comes back, until whoever books finds that it cannot be ([`Ride::status`]).
pub fn decide(now: &Ride, input: Input, at: Time) -> Result<Option<(Ride, Happened)>, Refusal> {
    // Nothing happens to a ride before it began, whatever the clock does.
    let at = at.max(now.created_at);
    let ended = |exit, fare| Ride {
        status: RideStatus::Settled,
        exit,
        fare: Some(fare),
        ended_at: Some(at),
        settled_at: Some(at),
        ..now.clone()
    };
    match (now.status, input) {
        (RideStatus::Riding, Input::Exit(gate, fare)) => Ok(Some((ended(Some(gate), fare), Happened::Ended))),
        (RideStatus::Riding, Input::Missed) => Ok(Some((ended(None, now.max), Happened::Ended))),
        (RideStatus::Settled | RideStatus::Owed, Input::Exit(gate, fare)) => {
            let told = now.exit.as_ref().is_some_and(|exit| exit.station == gate.station);
            if told && now.fare == Some(fare) { Ok(None) } else { Err(Refusal::RideEnded) }
        }
        (RideStatus::Owed, Input::Collected) => {
            let settled = Ride { status: RideStatus::Settled, settled_at: Some(at), ..now.clone() };
            Ok(Some((settled, Happened::Settled)))
        }
        (RideStatus::Settled | RideStatus::Owed, Input::Missed)
        | (RideStatus::Riding | RideStatus::Settled, Input::Collected) => Ok(None),
    }
}
