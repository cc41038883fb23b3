//! `POST …/passkey`: what the payer's passkey is asked to sign. `POST …/passkey/proof`: it has signed.
//!
//! The attempt begins with the question, without a proof, so that what is signed is the digest of exactly that attempt.
//! Of such attempts the payment keeps the last, so that asking again and again fills nothing.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use tongbao_core::{
    payer::Payer,
    payment::{Method, Payment, Proofs, steps::Given},
};
use tongbao_engine::paying::Waiting;

use super::{
    Till,
    notice::Told,
    pay::{already_paid, chosen, told_of},
    prove,
};
use crate::handlers::{Pages, answer::Trouble, visit::Visit};

/// What is shown instead: something, and the method that stays chosen.
type Instead = (Option<Told>, Option<Method>);

#[derive(Deserialize)]
pub(super) struct AskForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    method: String,
}

pub(super) async fn ask(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<AskForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let waiting = match payer_of(&till, &form.csrf)? {
        Ok(payer) => waiting(&till, payer, &form.method).await?,
        Err(told) => Err((told, None)),
    };
    let waiting = match waiting {
        Ok(waiting) => waiting,
        Err(instead) => return Ok(shown(&till, instead)),
    };
    match pages.ask_passkey(waiting.payer, waiting.digest).await {
        Ok(answer) => Ok(answer),
        Err(error) => told_of(&till, error).map(|told| shown(&till, (told, None))),
    }
}

fn shown(till: &Till, (told, method): Instead) -> Response {
    told.map_or_else(|| till.again(), |told| till.again_telling(told, method))
}

/// Who is signed in and sent a form of ours for what can be paid; otherwise what to say.
fn payer_of<'a>(till: &'a Till, csrf: &str) -> Result<Result<&'a Payer, Option<Told>>, Trouble> {
    let Some((_, payer)) = &till.payer else {
        return Ok(Err(till.is_payable().then_some(Told::SessionEnded)));
    };
    if !till.is_our_form(csrf) {
        return Ok(Err(Some(Told::FormExpired)));
    }
    if !till.is_payable() {
        return Ok(Err(already_paid(till)?));
    }
    Ok(Ok(payer))
}

/// The attempt that waits, or one that begins.
async fn waiting(till: &Till<'_>, payer: &Payer, method: &str) -> Result<Result<Waiting, Instead>, Trouble> {
    if let Some((waiting, _)) = till.waiting() {
        return Ok(Ok(waiting));
    }
    let method = match chosen(till, payer, method)? {
        Ok(method) => method,
        Err((told, method)) => return Ok(Err((Some(told), method))),
    };
    Ok(match till.pages.engine.pay(payer.id, till.payable(), method, Proofs::NONE).await {
        Ok(payment) => of_payment(till, &payment, payer).ok_or((None, None)),
        Err(error) => Err((told_of(till, error)?, Some(method))),
    })
}

/// What an attempt of this payer waits for, with or without a proof.
fn of_payment(till: &Till, payment: &Payment, payer: &Payer) -> Option<Waiting> {
    let (_, challenge) = payment.challenged(payer.id)?;
    let live = challenge.is_live(till.now);
    live.then_some(Waiting { payer: payer.id, of: till.payable(), digest: challenge.digest })
}

#[derive(Deserialize)]
pub(super) struct PasskeyForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    passkey: String,
}

pub(super) async fn prove(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(id): Path<String>,
    Form(form): Form<PasskeyForm>,
) -> Result<Response, Trouble> {
    let till = Till::open(&pages, &visit, &id)?;
    let told = match payer_of(&till, &form.csrf)? {
        Ok(payer) => match of_payment(&till, &till.payment, payer) {
            Some(waiting) => proven(&till, &waiting, &form.passkey).await?,
            None => Some(Told::ProofVoid),
        },
        Err(told) => told,
    };
    Ok(shown(&till, (told, None)))
}

async fn proven(till: &Till<'_>, waiting: &Waiting, passkey: &str) -> Result<Option<Told>, Trouble> {
    let pages = till.pages;
    if let Err(error) = pages.prove_passkey(waiting.payer, waiting.digest, passkey).await {
        return told_of(till, error);
    }
    match pages.engine.prove(waiting, Given::Passkey).await {
        Ok(payment) => prove::send_if_missing(till, &payment).await,
        Err(error) => told_of(till, error),
    }
}
