//! `POST /sandbox/clock` and `POST /sandbox/faults`: the settings of the sandbox.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, Facts, Key, payer,
    sandbox::{self, Fault, Sandbox, WaitingFault},
};
use tongbao_engine::{Engine, Error, Input};
use tongbao_store::Fault as StoreFault;

use crate::{
    json::StrictJson, problem::Problem, refusal::failed, state::Api, wire::parse_param_id, wire::rfc3339,
};

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Developer, name }
}

/// How far to move the clock.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AdvanceClock {
    advance_s: i64,
}

/// What time it is then.
#[derive(Debug, Serialize)]
struct ClockBody {
    now: String,
    /// How far the clock is ahead in all, in seconds.
    advanced_s: i64,
}

/// Moves the clock ahead by so many seconds; gives how far it is ahead in all. It goes on even if the caller
/// goes away, so that the clock never stays behind what is stored.
pub async fn advance_clock(engine: &Arc<Engine>, seconds: i64) -> Result<i64, Error> {
    let engine = Arc::clone(engine);
    let moved = tokio::spawn(async move {
        let advance = move |facts: &dyn Facts, cx: &mut _| sandbox::advance_clock(facts, cx, seconds);
        let mut ahead_s = engine.step(input("advance_clock"), advance).await?.advanced_s;
        // Of two that move it at once, the one that sets it last may hold the smaller sum: look again.
        loop {
            engine.clock.set_ahead_s(ahead_s);
            let stored = engine.store.find::<Sandbox>(Key::Sandbox)?.map_or(0, |stored| stored.advanced_s);
            if stored == ahead_s {
                return Ok(ahead_s);
            }
            ahead_s = stored;
        }
    });
    moved.await.unwrap_or_else(|_| Err(StoreFault::Broken("moving the clock panicked".to_owned()).into()))
}

pub(super) async fn advance(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<AdvanceClock>,
) -> Result<Response, Problem> {
    let advanced_s = advance_clock(&api.engine, value.advance_s).await.map_err(|error| failed(&error))?;
    Ok(axum::Json(ClockBody { now: rfc3339(api.engine.now()), advanced_s }).into_response())
}

/// What goes wrong with the next attempt.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FaultName {
    Declined,
    InsufficientBalance,
    ResultLate,
    DuplicateNotification,
    SignatureProbe,
}

impl FaultName {
    const fn fault(self) -> Fault {
        match self {
            FaultName::Declined => Fault::Declined,
            FaultName::InsufficientBalance => Fault::InsufficientBalance,
            FaultName::ResultLate => Fault::ResultLate,
            FaultName::DuplicateNotification => Fault::DuplicateNotification,
            FaultName::SignatureProbe => Fault::SignatureProbe,
        }
    }

    const fn of(fault: Fault) -> FaultName {
        match fault {
            Fault::Declined => FaultName::Declined,
            Fault::InsufficientBalance => FaultName::InsufficientBalance,
            Fault::ResultLate => FaultName::ResultLate,
            Fault::DuplicateNotification => FaultName::DuplicateNotification,
            Fault::SignatureProbe => FaultName::SignatureProbe,
        }
    }
}

/// A fault to arm.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmFault {
    fault: FaultName,
    #[serde(default)]
    payer: Option<String>,
}

/// A fault that waits for its attempt.
#[derive(Debug, Serialize)]
struct FaultBody {
    fault: FaultName,
    /// Only for attempts of this payer; null is anyone's.
    payer: Option<String>,
}

/// All that wait, in the order in which they will be used.
#[derive(Debug, Serialize)]
struct FaultsBody {
    faults: Vec<FaultBody>,
}

/// Arms a fault for the next attempt, of one payer or of anyone.
pub async fn arm_fault(engine: &Engine, fault: WaitingFault) -> Result<Sandbox, Error> {
    let arm = move |facts: &dyn Facts, cx: &mut _| {
        if let Some(payer) = fault.payer {
            payer::known(facts, payer)?;
        }
        sandbox::arm_fault(facts, cx, fault)
    };
    engine.step(input("arm_fault"), arm).await
}

pub(super) async fn arm(
    State(api): State<Arc<Api>>,
    StrictJson { value, .. }: StrictJson<ArmFault>,
) -> Result<Response, Problem> {
    let payer = value.payer.as_deref().map(|id| parse_param_id("payer", id)).transpose()?;
    let fault = WaitingFault { payer, fault: value.fault.fault() };
    let sandbox = arm_fault(&api.engine, fault).await.map_err(|error| failed(&error))?;
    let wire = |waiting: &WaitingFault| FaultBody {
        fault: FaultName::of(waiting.fault),
        payer: waiting.payer.map(|payer| payer.to_string()),
    };
    Ok(axum::Json(FaultsBody { faults: sandbox.faults.iter().map(wire).collect() }).into_response())
}
