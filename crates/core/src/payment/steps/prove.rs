//! A payer proves what an attempt waits for; with the last proof that is needed the attempt goes on in the same step.
//!
//! **Invariant.** A proof is taken up for the digest that it was given for, while that waits, and for nothing else.

use super::{
    super::{
        Attempt, Payment, Proof, Status,
        machine::{self, Input, Next},
    },
    apply, known,
    pay::go_on,
};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Time,
    id::{PayerId, PaymentId},
    message::Text,
    payer,
    wechat::combine,
};

/// A proof, as it is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// The payment password, counted by [`payer::try_password`] and found right for this digest.
    Password,
    /// Keyed digest of a one-time code as it was typed, bound to the payer and this digest. Checked here.
    Code([u8; 32]),
    /// A passkey's assertion over this digest, verified by the shell.
    Passkey,
}

impl Given {
    /// Which proof it is.
    pub const fn proof(self) -> Proof {
        match self {
            Given::Password => Proof::Password,
            Given::Code(_) => Proof::Code,
            Given::Passkey => Proof::Passkey,
        }
    }
}

impl std::fmt::Debug for Given {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Given({})", self.proof().name())
    }
}

impl Payment {
    /// The attempt that waits for proofs of this digest, and what becomes of the payment with this one: none if that
    /// was given before.
    pub(crate) fn proven(
        &self,
        payer: PayerId,
        digest: &[u8; 32],
        proof: Proof,
        at: Time,
    ) -> Result<(&Attempt, Option<Next>), Refusal> {
        let attempt = self.waiting(payer, digest, at)?;
        let next = machine::decide(self, Input::Prove(attempt.id, proof), at)?;
        Ok((attempt, next))
    }

    /// The attempt of this payer that waits for proofs of this digest, if it still takes them.
    pub(crate) fn waiting(&self, payer: PayerId, digest: &[u8; 32], at: Time) -> Result<&Attempt, Refusal> {
        let waits = self.challenged(payer).filter(|(_, challenge)| challenge.digest == *digest);
        match (waits.filter(|(_, challenge)| challenge.is_live(at)), self.status) {
            (Some((attempt, _)), _) => Ok(attempt),
            (None, Status::Open) => Err(Refusal::ProofVoid),
            (None, Status::Processing) => Err(Refusal::PaymentProcessing),
            (None, Status::Succeeded) => Err(Refusal::PaymentPaid),
            (None, Status::Closed) => Err(machine::closed_refusal(self)),
        }
    }
}

/// A payer proves something for a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prove {
    /// Which payment.
    pub payment: PaymentId,
    /// Who.
    pub payer: PayerId,
    /// The digest of what is paid, as the challenge named it.
    pub digest: [u8; 32],
    /// The proof.
    pub given: Given,
    /// Whether this is a sandbox, where faults may wait for the attempt.
    pub sandbox: bool,
}

/// Takes a proof up. A right password starts the count of tries again and a wrong code is counted whatever becomes of
/// the payment, and a refusal ends the challenge where more proofs would not help; so refusals are part of the answer.
pub fn prove(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &Prove,
) -> Result<(ChangeSet, Result<Payment, Refusal>), Stop> {
    let now = known(facts, ask.payment)?;
    combine::refuse_alone(now)?;
    let mut change = ChangeSet::default();
    let at = cx.at();
    let proven = || now.proven(ask.payer, &ask.digest, ask.given.proof(), at);
    if let Err(refusal) = take_up(facts, cx, &mut change, (ask.payer, ask.given), || proven().map(drop))? {
        return end_if_frozen(facts, cx, change, (now, ask.payer), refusal);
    }
    let (attempt, next) = proven()?;
    let Some(mut next) = next else {
        return Ok((change, Ok(now.clone())));
    };
    if next.payment.pending().is_none() {
        let payment = apply(facts, cx, &mut change, now, next)?;
        return Ok((change, Ok(payment)));
    }
    let factors = attempt.proofs.with(ask.given.proof()).factors();
    let before = change.clone();
    match go_on(facts, cx, &mut change, &mut next, (attempt, factors), ask.sandbox) {
        Ok(()) => {
            let payment = apply(facts, cx, &mut change, now, next)?;
            Ok((change, Ok(payment)))
        }
        Err(Stop::Refuse(refusal)) => {
            let mut change = before;
            end(facts, cx, &mut change, (now, ask.payer))?;
            Ok((change, Err(refusal)))
        }
        Err(need) => Err(need),
    }
}

/// Takes up what a proof is worth by itself: a right password starts the count of tries again, a code is used or a
/// wrong one counted. A code is only looked at if `waits` has nothing against it and the payer is not frozen.
pub(crate) fn take_up(
    facts: &dyn Facts,
    cx: &Context,
    change: &mut ChangeSet,
    (payer, given): (PayerId, Given),
    waits: impl FnOnce() -> Result<(), Refusal>,
) -> Result<Result<(), Refusal>, Stop> {
    if given == Given::Password {
        payer::password_was_right(facts, change, payer)?;
    }
    match waits().map_err(Stop::Refuse).and_then(|()| payer::able(facts, payer).map(drop)) {
        Err(Stop::Refuse(refusal)) => return Ok(Err(refusal)),
        other => other?,
    }
    let Given::Code(digest) = given else { return Ok(Ok(())) };
    match payer::use_code(facts, cx, (payer, payer::CodePurpose::Payment), &digest) {
        Ok((used, right)) => {
            *change = used;
            Ok(if right { Ok(()) } else { Err(Refusal::WrongCode) })
        }
        Err(Stop::Refuse(refusal)) => Ok(Err(refusal)),
        Err(need) => Err(need),
    }
}

/// The refusal of a proof as an answer. Who is frozen gives no more proofs: what waits for them ends.
fn end_if_frozen(
    facts: &dyn Facts,
    cx: &mut Context,
    mut change: ChangeSet,
    (now, payer): (&Payment, PayerId),
    refusal: Refusal,
) -> Result<(ChangeSet, Result<Payment, Refusal>), Stop> {
    if refusal == Refusal::PayerFrozen {
        end(facts, cx, &mut change, (now, payer))?;
    }
    Ok((change, Err(refusal)))
}

fn end(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    (now, payer): (&Payment, PayerId),
) -> Result<(), Stop> {
    let Some((attempt, _)) = now.challenged(payer) else { return Ok(()) };
    if let Some(next) = machine::decide(now, Input::EndChallenge(attempt.id), cx.at())? {
        apply(facts, cx, change, now, next)?;
    }
    Ok(())
}

/// The payer takes back what waits for its proofs. What does not wait stays as it is.
pub fn take_back(
    facts: &dyn Facts,
    cx: &mut Context,
    id: PaymentId,
    payer: PayerId,
) -> Result<ChangeSet, Stop> {
    let now = known(facts, id)?;
    combine::refuse_alone(now)?;
    let mut change = ChangeSet::default();
    end(facts, cx, &mut change, (now, payer))?;
    Ok(change)
}

/// Sends the one-time code that an attempt waits for. `code` is its keyed digest, bound to the payer and to the digest
/// of what is paid.
pub fn send_code(
    facts: &dyn Facts,
    cx: &mut Context,
    (id, payer, digest): (PaymentId, PayerId, &[u8; 32]),
    code: [u8; 32],
    inbox: Option<Text>,
) -> Result<ChangeSet, Stop> {
    let now = known(facts, id)?;
    now.waiting(payer, digest, cx.at())?;
    payer::able(facts, payer)?;
    payer::send_code(facts, cx, (payer, payer::CodePurpose::Payment), code, inbox)
}
