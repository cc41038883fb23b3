//! `POST …/proof`: the payer gives what an attempt waits for. `POST …/proof/code` sends the one-time code again,
//! `POST …/proof/end` takes the attempt back.
//!
//! Which attempt is meant, the signed-in payer and the page say; what it is for, the digest in its challenge. A form of
//! a page that was left open proves nothing for an attempt that began later, because a code is made for one digest.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use tongbao_core::{
    Refusal,
    limits::CODE_TRIES_MAX,
    payer::{CodePurpose, Payer},
    payment::{Payment, Proof},
};
use tongbao_engine::{
    Error,
    paying::{Payable, Waiting},
};

use super::{
    Till,
    notice::Told,
    pay::{is_password, told_of},
};
use crate::handlers::{Pages, answer::Trouble, visit::Visit};

#[derive(Deserialize)]
pub(super) struct ProofForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    password: String,
}

impl Till<'_> {
    /// What is paid here.
    pub(super) fn payable(&self) -> Payable {
        self.combined.map_or(Payable::Payment(self.payment.id), Payable::Combined)
    }

    /// What an attempt of the signed-in payer waits for at this till, if one does that has at least one proof: one
    /// without any is begun anew like a payment that nobody tried yet.
    pub(super) fn waiting(&self) -> Option<(Waiting, Proof)> {
        let (_, payer) = self.payer.as_ref()?;
        waiting_at(self, &self.payment, payer)
    }
}

fn waiting_at(till: &Till, payment: &Payment, payer: &Payer) -> Option<(Waiting, Proof)> {
    let (attempt, challenge) = payment.challenged(payer.id)?;
    if !till.is_payable() || !challenge.is_live(till.now) || attempt.proofs.is_none() {
        return None;
    }
    let waiting = Waiting { payer: payer.id, of: till.payable(), digest: challenge.digest };
    Some((waiting, challenge.missing(attempt.proofs).iter().next()?))
}

/// Sends the code that an attempt waits for, if it waits for one; a payment that went straight on waits for nothing.
pub(super) async fn send_if_missing(till: &Till<'_>, payment: &Payment) -> Result<Option<Told>, Trouble> {
    let Some((_, payer)) = &till.payer else { return Ok(None) };
    match waiting_at(till, payment, payer) {
        Some((waiting, Proof::Code)) => send(till, &waiting).await,
        Some((_, Proof::Password | Proof::Passkey)) | None => Ok(None),
    }
}

async fn send(till: &Till<'_>, waiting: &Waiting) -> Result<Option<Told>, Trouble> {
    match till.pages.engine.send_challenge_code(waiting).await {
        Ok(()) => Ok(None),
        Err(error) => told_of(till, error),
    }
}

pub(super) async fn prove(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let told = match opened(&till, &form) {
        Err(told) => told,
        Ok((waiting, proof)) => proven(&till, &waiting, proof, form).await?,
    };
    Ok(told.map_or_else(|| till.again(), |told| till.again_telling(told, None)))
}

/// What the form is about, or what to tell who sent it.
fn opened(till: &Till, form: &ProofForm) -> Result<(Waiting, Proof), Option<Told>> {
    if till.payer.is_none() {
        return Err(till.is_payable().then_some(Told::SessionEnded));
    }
    if !till.is_our_form(&form.csrf) {
        return Err(Some(Told::FormExpired));
    }
    till.waiting().ok_or_else(|| till.is_payable().then_some(Told::ProofVoid))
}

async fn proven(
    till: &Till<'_>,
    waiting: &Waiting,
    proof: Proof,
    form: ProofForm,
) -> Result<Option<Told>, Trouble> {
    let engine = &till.pages.engine;
    let given = match proof {
        Proof::Password if !is_password(&form.password) => return Ok(Some(Told::MalformedPassword)),
        Proof::Password => engine.prove_by_password(waiting, form.password).await,
        Proof::Code => engine.prove_by_code(waiting, form.code.trim()).await,
        // A passkey signs on a page of its own.
        Proof::Passkey => return Ok(Some(Told::ProofVoid)),
    };
    match given {
        Ok(payment) => send_if_missing(till, &payment).await,
        Err(Error::Refused(Refusal::WrongCode)) => {
            let payer = engine.store.get::<Payer>(waiting.payer)?;
            let code = payer.as_ref().and_then(|payer| payer.code_for(CodePurpose::Payment));
            let left = code.map_or(0, |code| CODE_TRIES_MAX.saturating_sub(code.tries));
            Ok(Some(if left == 0 { Told::CodeExpired } else { Told::WrongCode(left) }))
        }
        Err(error) => told_of(till, error),
    }
}

pub(super) async fn send_again(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let told = match opened(&till, &form) {
        Err(told) => told,
        Ok((waiting, _)) => send(&till, &waiting).await?,
    };
    Ok(told.map_or_else(|| till.again(), |told| till.again_telling(told, None)))
}

pub(super) async fn take_back(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<ProofForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let Ok((waiting, _)) = opened(&till, &form) else { return Ok(till.again()) };
    match pages.engine.take_back(waiting.payer, waiting.of).await {
        Ok(()) => Ok(till.again()),
        Err(error) => {
            let told = told_of(&till, error)?;
            Ok(told.map_or_else(|| till.again(), |told| till.again_telling(told, None)))
        }
    }
}
