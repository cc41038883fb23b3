//! What happens to an attempt while it waits for somebody: for proofs before it goes on, or for the word of a card's
//! holder after it did.

use super::{
    super::{Attempt, AttemptStatus, Confirmation, HolderSaid, Payment, Proof, Status},
    Answer, Happened, Next,
};
use crate::{
    Refusal, Time,
    id::{AttemptId, PayerId},
    limits::{ATTEMPTS_PER_PAYMENT_MAX, CHALLENGES_PER_PAYMENT_MAX, SANDBOX_HOLDER_WAIT_MS},
};

/// Of a payer's attempts of which nothing came before a proof only the last is kept, so that asking again and again
/// does not fill the payment; where those of many payers do, the ones that take no proof any more give way.
pub(super) fn make_room(payment: &mut Payment, payer: PayerId, at: Time) {
    payment.attempts.retain(|known| known.payer != payer || !known.is_before_proof());
    let waiting = payment.attempts.len().saturating_sub(payment.attempts_counted());
    if waiting >= CHALLENGES_PER_PAYMENT_MAX {
        let is_live = |known: &Attempt| known.challenge.as_ref().is_some_and(|waits| waits.is_live(at));
        payment.attempts.retain(|known| !known.is_before_proof() || is_live(known));
    }
}

/// A proof that was given before changes nothing. With the last one that is needed the attempt goes on.
pub(super) fn prove(now: &Payment, id: AttemptId, proof: Proof, at: Time) -> Answer {
    let known = now.attempt(id).ok_or(Refusal::NotFound("attempt"))?;
    let Some(challenge) = known.challenge.as_deref().filter(|challenge| challenge.is_live(at)) else {
        return Err(Refusal::ProofVoid);
    };
    if at >= now.payable_until() {
        return Err(Refusal::PaymentExpired);
    }
    if known.proofs.has(proof) {
        return Ok(None);
    }
    let proofs = known.proofs.with(proof);
    let mut payment = now.clone();
    if !challenge.is_met(proofs) {
        for attempt in payment.attempts.iter_mut().filter(|attempt| attempt.id == id) {
            attempt.proofs = proofs;
        }
        return Ok(Some(Next { payment, happened: Vec::new() }));
    }
    if now.attempts_counted() >= ATTEMPTS_PER_PAYMENT_MAX {
        return Err(Refusal::TooManyAttempts);
    }
    // It begins now, so it stands behind those that began before.
    payment.attempts.retain(|attempt| attempt.id != id);
    let status = AttemptStatus::Processing;
    payment.attempts.push(Attempt { status, started_at: at, proofs, challenge: None, ..known.clone() });
    payment.status = Status::Processing;
    Ok(Some(Next { payment, happened: vec![Happened::Began(id)] }))
}

pub(super) fn end_challenge(now: &Payment, id: AttemptId) -> Option<Next> {
    let waits = |attempt: &&Attempt| attempt.status == AttemptStatus::Challenged;
    now.attempt(id).filter(waits)?;
    let mut payment = now.clone();
    payment.attempts.iter_mut().filter(|attempt| attempt.id == id).for_each(unproven);
    Some(Next { payment, happened: Vec::new() })
}

/// The payment is over, so nothing waits for a proof any more.
pub(super) fn end_challenges(payment: &mut Payment) {
    let waits = |attempt: &&mut Attempt| attempt.status == AttemptStatus::Challenged;
    payment.attempts.iter_mut().filter(waits).for_each(unproven);
}

fn unproven(attempt: &mut Attempt) {
    (attempt.status, attempt.challenge) = (AttemptStatus::Unproven, None);
}

/// The bank's wish is kept once; said again, or of an attempt whose result is known, it changes nothing.
pub(super) fn must_confirm(now: &Payment, id: AttemptId, address: &str, at: Time) -> Answer {
    let attempt = now.attempt(id).ok_or(Refusal::NotFound("attempt"))?;
    if attempt.status != AttemptStatus::Processing || attempt.confirmation.is_some() {
        return Ok(None);
    }
    let mut payment = now.clone();
    for attempt in payment.attempts.iter_mut().filter(|attempt| attempt.id == id) {
        let address = address.to_owned();
        attempt.confirmation = Some(Box::new(Confirmation { address, since: at, said: None, said_at: None }));
    }
    Ok(Some(Next { payment, happened: Vec::new() }))
}

/// The first answer stands, if it comes in time.
pub(super) fn holder_answered(now: &Payment, id: AttemptId, said: HolderSaid, at: Time) -> Answer {
    let attempt = now.attempt(id).ok_or(Refusal::NotFound("attempt"))?;
    let is_late = |asked: &Confirmation| at.since_ms(asked.since) >= SANDBOX_HOLDER_WAIT_MS;
    if attempt.to_confirm().is_none_or(is_late) {
        return Ok(None);
    }
    let mut payment = now.clone();
    let asked = payment.attempts.iter_mut().filter(|attempt| attempt.id == id);
    for confirmation in asked.filter_map(|attempt| attempt.confirmation.as_deref_mut()) {
        (confirmation.said, confirmation.said_at) = (Some(said), Some(at));
    }
    Ok(Some(Next { payment, happened: Vec::new() }))
}
