//! A payer proves what a combined order waits for: one proof, for all of its payments.

use super::{
    super::{WechatCombinedOrder, by_id},
    apply_all, go_on,
};
use crate::{
    ChangeSet, Context, Facts, Refusal, Stop,
    id::{AttemptId, PayerId, WechatCombinedOrderId},
    message::Text,
    payer,
    payment::{
        Payment, Proofs,
        machine::{self, Input, Next},
        steps::{Given, take_up},
    },
};

/// A payer proves something for a combined order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProveCombined {
    /// Which order.
    pub order: WechatCombinedOrderId,
    /// Who.
    pub payer: PayerId,
    /// The digest of what is paid, as the challenge named it.
    pub digest: [u8; 32],
    /// The proof.
    pub given: Given,
    /// Whether this is a sandbox, where faults may wait for the attempt.
    pub sandbox: bool,
}

type Begun = Vec<(Next, AttemptId)>;

/// Takes a proof up, as [`crate::payment::steps::prove`] does for a single payment.
pub fn prove(
    facts: &dyn Facts,
    cx: &mut Context,
    ask: &ProveCombined,
) -> Result<(ChangeSet, Result<Vec<Payment>, Refusal>), Stop> {
    let order = by_id(facts, ask.order)?;
    let payments = order.payments(facts)?;
    let mut change = ChangeSet::default();
    let at = cx.at();
    let proven = || -> Result<(Proofs, Option<Begun>), Refusal> {
        let mut begun = Vec::with_capacity(payments.len());
        let mut proofs = Proofs::NONE;
        for payment in &payments {
            let (attempt, next) = payment.proven(ask.payer, &ask.digest, ask.given.proof(), at)?;
            proofs = attempt.proofs.with(ask.given.proof());
            let Some(next) = next else { return Ok((proofs, None)) };
            begun.push((next, attempt.id));
        }
        Ok((proofs, Some(begun)))
    };
    if let Err(refusal) = take_up(facts, cx, &mut change, (ask.payer, ask.given), || proven().map(drop))? {
        if refusal == Refusal::PayerFrozen {
            end(facts, cx, &mut change, (&payments, ask.payer))?;
        }
        return Ok((change, Err(refusal)));
    }
    let (proofs, begun) = proven()?;
    let Some(begun) = begun else { return Ok((change, Ok(payments))) };
    if begun.iter().all(|(next, _)| next.payment.pending().is_none()) {
        let after = apply_all(facts, cx, &mut change, payments.iter().zip(begun))?;
        return Ok((change, Ok(after)));
    }
    let before = change.clone();
    let whole: (&WechatCombinedOrder, &[Payment], Begun) = (order, &payments, begun);
    match go_on(facts, cx, &mut change, whole, (ask.payer, proofs.factors()), ask.sandbox) {
        Ok(after) => Ok((change, Ok(after))),
        Err(Stop::Refuse(refusal)) => {
            let mut change = before;
            end(facts, cx, &mut change, (&payments, ask.payer))?;
            Ok((change, Err(refusal)))
        }
        Err(need) => Err(need),
    }
}

/// Ends what waits for proofs, at all of its payments.
fn end(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    (payments, payer): (&[Payment], PayerId),
) -> Result<(), Stop> {
    let mut ended = Vec::with_capacity(payments.len());
    for payment in payments {
        let Some((attempt, _)) = payment.challenged(payer) else { continue };
        let next = machine::decide(payment, Input::EndChallenge(attempt.id), cx.at())?;
        ended.extend(next.map(|next| (payment, (next, attempt.id))));
    }
    apply_all(facts, cx, change, ended.into_iter()).map(drop)
}

/// The payer takes back what waits for its proofs.
pub fn take_back(
    facts: &dyn Facts,
    cx: &mut Context,
    id: WechatCombinedOrderId,
    payer: PayerId,
) -> Result<ChangeSet, Stop> {
    let payments = by_id(facts, id)?.payments(facts)?;
    let mut change = ChangeSet::default();
    end(facts, cx, &mut change, (&payments, payer))?;
    Ok(change)
}

/// Sends the one-time code that a combined order waits for, as [`crate::payment::steps::send_code`] does.
pub fn send_code(
    facts: &dyn Facts,
    cx: &mut Context,
    (id, payer, digest): (WechatCombinedOrderId, PayerId, &[u8; 32]),
    code: [u8; 32],
    inbox: Option<Text>,
) -> Result<ChangeSet, Stop> {
    let payments = by_id(facts, id)?.payments(facts)?;
    for payment in &payments {
        payment.waiting(payer, digest, cx.at())?;
    }
    payer::able(facts, payer)?;
    payer::send_code(facts, cx, (payer, payer::CodePurpose::Payment), code, inbox)
}
