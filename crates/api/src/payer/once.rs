//! Asking twice does it once, where money moves: `once` is the way of every such request.
//!
//! Such a request has an `Idempotency-Key`. Its answer is kept under the key in the commit of the change, refusals of
//! the decision too, as for merchants. Two things are different here. The digest by which a request is known again
//! leaves the payment password out: with it in there, who reads the store could try out all passwords against it. What
//! a passkey has signed is left out, too: it is another each time. (A one-time code stays in: it is used up or void
//! once its answer is kept.) And who asks again is answered before anything is proven: no try is counted, nothing is
//! hashed; the session is proof enough for what it may read anyway. A wrong password is no answer of the decision and
//! is not kept, so the same key is good for the right one.
//!
//! The number by which the core knows a top-up, a withdrawal or a transfer again is made from the key.

use std::sync::Arc;

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use serde::Serialize;
use tongbao_core::{
    ChangeSet, Context, Facts, Key, Refusal, Stop,
    id::PayerId,
    idempotency::{Ask, Reply},
    payment::Proofs,
};
use tongbao_engine::{Answered, auth::hex};

use super::{bearer::Bearer, proof::Proof};
use crate::{
    idempotent::{IDEMPOTENCY_KEY, IdempotencyKey, render, respond},
    problem::{INVALID_VALUE, Problem},
    refusal::{fault, refused},
    state::Api,
};

/// The `Idempotency-Key` that has to be there.
#[derive(Clone, Debug)]
pub struct MoneyKey(IdempotencyKey);

impl<S: Sync> FromRequestParts<S> for MoneyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<MoneyKey, Problem> {
        if !parts.headers.contains_key(IDEMPOTENCY_KEY) {
            let detail = "Money moves here: send an `Idempotency-Key`, and the same one when you ask again.";
            return Err(Problem::of(INVALID_VALUE).param("Idempotency-Key").detail(detail));
        }
        IdempotencyKey::from_request_parts(parts, state).await.map(MoneyKey)
    }
}

/// Refuses an `Idempotency-Key` where no answer is kept under one.
#[derive(Clone, Copy, Debug)]
pub struct NoKey;

impl<S: Sync> FromRequestParts<S> for NoKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<NoKey, Problem> {
        if parts.headers.contains_key(IDEMPOTENCY_KEY) {
            let detail = "No money moves here, and no answer is kept. Send it without `Idempotency-Key`.";
            return Err(Problem::of(INVALID_VALUE).param("Idempotency-Key").detail(detail));
        }
        Ok(NoKey)
    }
}

impl MoneyKey {
    /// The request. `what` is its body; the password in it is not serialized.
    fn ask(self, payer: PayerId, what: &impl Serialize) -> Result<Ask, Problem> {
        let body = serde_json::to_vec(what).map_err(|_| Problem::internal())?;
        self.0.ask(payer, &body).ok_or_else(Problem::internal)
    }
}

/// A request that was not answered before.
pub(super) struct Asked {
    /// The number by which the core knows it again, made from its key.
    pub(super) number: String,
    /// What it proves.
    pub(super) proofs: Proofs,
}

fn number(ask: &Ask) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(b"payer request number 1\0").update(ask.key.as_bytes());
    hex(&hash.finalize().as_bytes()[..16])
}

/// The answer that was kept under the key, if one was.
fn earlier(api: &Api, ask: &Ask) -> Result<Option<Response>, Problem> {
    let key = Key::Idempotency(ask.caller, ask.key.clone());
    let Some(reply) = api.engine.store.find::<Reply>(key).map_err(|error| fault(&error))? else {
        return Ok(None);
    };
    reply.answers(ask).map_err(|refusal| refused(&refusal))?;
    Ok(Some(respond(Answered { status: reply.status, body: reply.body, replayed: true })))
}

/// What was decided after a proof: a refusal is part of the answer, because the tries start again whatever comes of
/// the request.
pub(super) type Proven<T> = Result<(ChangeSet, Result<T, Refusal>), Stop>;

/// Does what a payer asks, once. An answer that was kept is given again. Otherwise `plan` makes the decision or refuses
/// what cannot be asked, then the proof is taken, then it is decided, and the answer is kept under the key.
pub(super) async fn once<T: Send + 'static, D>(
    api: &Arc<Api>,
    (bearer, name): (&Bearer, &'static str),
    (key, body, proof): (MoneyKey, &impl Serialize, Proof),
    plan: impl FnOnce(&Asked) -> Result<D, Problem>,
    (status, body_of): (StatusCode, impl Fn(&T) -> String + Send + 'static),
) -> Result<Response, Problem>
where
    D: FnMut(&dyn Facts, &mut Context) -> Proven<T> + Send + 'static,
{
    let ask = key.ask(bearer.id(), body)?;
    if let Some(answer) = earlier(api, &ask)? {
        return Ok(answer);
    }
    let decide = plan(&Asked { number: number(&ask), proofs: proof.proofs() })?;
    bearer.prove(api, proof).await?;
    let rendered = render(move |_: &T| status, body_of);
    let flat = move |result: Result<&Result<T, Refusal>, &Refusal>| match result {
        Ok(Ok(value)) => rendered(Ok(value)),
        Ok(Err(refusal)) | Err(refusal) => rendered(Err(refusal)),
    };
    let answered = api.engine.answer(bearer.input(name), Some(ask), decide, flat).await;
    answered.map(respond).map_err(|error| fault(&error))
}

/// A body as the text that is kept.
pub(super) fn text(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// A body that was made.
pub(super) fn created(body: impl Serialize) -> Response {
    (StatusCode::CREATED, axum::Json(body)).into_response()
}
