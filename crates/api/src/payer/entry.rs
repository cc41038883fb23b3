//! `/payer/v1/codes`, `/payer/v1/sessions`, `/payer/v1/payers`: by phone number and one-time code to a session.
//!
//! Until the code is right, a number that nobody has is answered like one that somebody has: the same steps, at a pace
//! of their own. A session is bound to its device: signing in again with the same `device` ends the token from before.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use axum::{
    extract::{FromRequestParts, State},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Refusal,
    id::PayerId,
    limits::{CODE_LIFE_MS, CODE_PAUSE_MS, SESSION_LIFE_MS, SIGN_UP_LIFE_MS},
    transfer::send::is_note,
};
use tongbao_engine::{
    Error,
    account::{Device, DeviceSecret, Entered, SessionSecret},
    phone::{phone_number, unhurried},
};
use utoipa::ToSchema;

use super::{
    bearer::check_password,
    once::{NoKey, created},
    token::{Token, device_text, read_device, read_ticket, ticket_text},
};
use crate::{
    errors::EntryErrors,
    json::StrictJson,
    listener::Arrival,
    problem::Problem,
    refusal::{failed, refused},
    state::Api,
    wire::rfc3339,
};

/// Characters of the name of a device.
const DEVICE_NAME_CHARS_MAX: usize = 40;

/// A number to send a code to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCode {
    /// 11 digits of mainland China, or `+` and up to 15 digits of another country.
    #[schema(max_length = 32, example = "17000000001")]
    pub phone: String,
}

/// That a code is on its way.
#[derive(Serialize, ToSchema)]
#[schema(as = CodeSent)]
pub struct CodeBody {
    /// For how many seconds the code is good.
    pub expires_in: i64,
    /// After how many seconds another may be asked for.
    pub again_in: i64,
}

impl CodeBody {
    /// What is so of every code.
    pub(super) fn sent() -> CodeBody {
        CodeBody { expires_in: CODE_LIFE_MS / 1_000, again_in: CODE_PAUSE_MS / 1_000 }
    }
}

/// A code that was sent, and the device it is typed on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSession {
    /// The number that the code was sent to.
    #[schema(max_length = 32, example = "17000000001")]
    pub phone: String,
    /// The six digits.
    #[schema(max_length = 16, example = "123456")]
    pub code: String,
    /// What the last sign-in on this device was answered as `device`; a new one is given to who has none.
    #[serde(default)]
    #[schema(max_length = 32)]
    pub device: Option<String>,
    /// What the payer calls the device: at most 40 characters.
    #[serde(default)]
    #[schema(max_length = 40, example = "My phone")]
    pub device_name: Option<String>,
}

/// What a new payer chooses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePayer {
    /// The number that was proven.
    #[schema(max_length = 32, example = "17000000001")]
    pub phone: String,
    /// What `POST /payer/v1/sessions` answered.
    #[schema(max_length = 64)]
    pub sign_up: String,
    /// The payment password: six digits, not all equal and not a run such as 123456.
    #[schema(pattern = "^[0-9]{6}$")]
    pub password: String,
    /// As in `POST /payer/v1/sessions`.
    #[serde(default)]
    #[schema(max_length = 32)]
    pub device: Option<String>,
    /// As in `POST /payer/v1/sessions`.
    #[serde(default)]
    #[schema(max_length = 40)]
    pub device_name: Option<String>,
}

/// A sign-in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub struct SignedInBody {
    /// Who: `pyr_…`; null if nobody has the number yet.
    pub payer: Option<String>,
    /// Sent with every request as `Authorization: Bearer …`. Shown this once; null if nobody has the number yet.
    pub token: Option<String>,
    /// Names this device at its next sign-in. Keep it; it opens nothing by itself.
    pub device: Option<String>,
    /// When the session is over.
    #[schema(format = DateTime)]
    pub expires_at: Option<String>,
    /// Null unless nobody has the number: who holds this may choose a payment password with `POST /payer/v1/payers`.
    pub sign_up: Option<String>,
    /// Until when.
    #[schema(format = DateTime)]
    pub sign_up_until: Option<String>,
}

impl SignedInBody {
    /// A session that was begun.
    pub(super) fn of(api: &Api, payer: PayerId, device: DeviceSecret, secret: SessionSecret) -> SignedInBody {
        let device_text = device_text(&device);
        SignedInBody {
            payer: Some(payer.to_string()),
            token: Some(Token { payer, device, secret }.text(api.engine.mode)),
            device: Some(device_text),
            expires_at: Some(rfc3339(api.engine.now().plus_ms(SESSION_LIFE_MS))),
            sign_up: None,
            sign_up_until: None,
        }
    }
}

/// The address that a request came from; none without a listener.
#[derive(Clone, Copy, Debug)]
pub struct CameFrom(Option<IpAddr>);

impl CameFrom {
    /// What signs in.
    pub(super) fn device<'a>(self, secret: &'a DeviceSecret, name: &'a str) -> Device<'a> {
        Device { secret, name, address: self.0 }
    }
}

impl<S: Sync> FromRequestParts<S> for CameFrom {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<CameFrom, Infallible> {
        Ok(CameFrom(Arrival::of(&parts.extensions).map(|arrival| arrival.peer.ip())))
    }
}

fn phone(text: &str) -> Result<String, Problem> {
    let must = "11 digits of mainland China, or + and up to 15 digits of another country";
    phone_number(text).ok_or_else(|| refused(&Refusal::Invalid { param: "phone", must }))
}

/// The secret of the device and its name.
pub(super) fn device(
    api: &Api,
    device: Option<&str>,
    name: Option<String>,
) -> Result<(DeviceSecret, String), Problem> {
    let must = "what the last sign-in on this device answered, or left out";
    let known = device
        .map(|text| read_device(text).ok_or_else(|| refused(&Refusal::Invalid { param: "device", must })));
    let name = name.unwrap_or_default();
    if name.chars().count() > DEVICE_NAME_CHARS_MAX || !is_note(&name) {
        let must = "at most 40 characters, none of which controls how others are shown";
        return Err(refused(&Refusal::Invalid { param: "device_name", must }));
    }
    Ok((known.transpose()?.unwrap_or_else(|| api.engine.new_device_secret()), name))
}

/// Send a one-time code
///
/// The answer is the same whether or not somebody has the number. Asking again too soon sends no second code: the
/// first is good.
#[utoipa::path(post, path = "/payer/v1/codes", tag = "entry", operation_id = "create_code", security(()),
    request_body = CreateCode,
    responses((status = 202, description = "A code is on its way", body = CodeBody), EntryErrors))]
pub async fn create_code(
    State(api): State<Arc<Api>>,
    _: NoKey,
    StrictJson { value, .. }: StrictJson<CreateCode>,
) -> Result<Response, Problem> {
    let phone = phone(&value.phone)?;
    match unhurried(api.engine.send_entry_code(&phone)).await {
        // Whether one was sent a moment ago is not told: it could have been asked for by who has the number.
        Ok(()) | Err(Error::Refused(Refusal::CodeTooSoon)) => {
            Ok((StatusCode::ACCEPTED, axum::Json(CodeBody::sent())).into_response())
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Sign in
///
/// Answers 201 with a session, or 200 with a ticket for signing up if nobody has the number. Takes no
/// `Idempotency-Key`: the answer holds a secret. A payer who signs in on a device that is new is told so by a message.
#[utoipa::path(post, path = "/payer/v1/sessions", tag = "entry", operation_id = "create_session", security(()),
    request_body = CreateSession,
    responses((status = 201, description = "Signed in", body = SignedInBody),
        (status = 200, description = "Nobody has the number: go on to sign up", body = SignedInBody), EntryErrors),
    extensions(("x-error-codes" = json!(["wrong_code"]))))]
pub async fn create_session(
    State(api): State<Arc<Api>>,
    _: NoKey,
    from: CameFrom,
    StrictJson { value, .. }: StrictJson<CreateSession>,
) -> Result<Response, Problem> {
    let phone = phone(&value.phone)?;
    let (device, name) = device(&api, value.device.as_deref(), value.device_name)?;
    let entered = match unhurried(api.engine.use_entry_code(&phone, value.code.trim())).await {
        Ok(entered) => entered,
        // The number was taken between two looks.
        Err(Error::Refused(Refusal::Invalid { .. })) => Entered::Wrong,
        Err(error) => return Err(failed(&error)),
    };
    match entered {
        Entered::Payer(payer) => {
            let begun = api.engine.begin_session(payer, from.device(&device, &name)).await;
            let secret = begun.map_err(|error| failed(&error))?;
            Ok(created(SignedInBody::of(&api, payer, device, secret)))
        }
        Entered::New(ticket) => Ok(axum::Json(SignedInBody {
            payer: None,
            token: None,
            device: None,
            expires_at: None,
            sign_up: Some(ticket_text(&ticket)),
            sign_up_until: Some(rfc3339(api.engine.now().plus_ms(SIGN_UP_LIFE_MS))),
        })
        .into_response()),
        Entered::Wrong => Err(refused(&Refusal::WrongCode)),
    }
}

/// Sign up
///
/// Makes the payer of a number that was proven, signed in on this device. Nothing is paid from the balance before the
/// payer has verified who it is.
#[utoipa::path(post, path = "/payer/v1/payers", tag = "entry", operation_id = "create_payer", security(()),
    request_body = CreatePayer,
    responses((status = 201, description = "The payer, signed in", body = SignedInBody), EntryErrors),
    extensions(("x-error-codes" = json!(["wrong_code"]))))]
pub async fn create_payer(
    State(api): State<Arc<Api>>,
    _: NoKey,
    from: CameFrom,
    StrictJson { value, .. }: StrictJson<CreatePayer>,
) -> Result<Response, Problem> {
    let phone = phone(&value.phone)?;
    let (device, name) = device(&api, value.device.as_deref(), value.device_name)?;
    check_password("password", &value.password)?;
    let ticket = read_ticket(&value.sign_up).ok_or_else(|| refused(&Refusal::WrongCode))?;
    let made = api.engine.sign_up((&phone, value.password), &ticket, from.device(&device, &name)).await;
    match made {
        Ok((payer, secret)) => Ok(created(SignedInBody::of(&api, payer, device, secret))),
        // The number was taken meanwhile: the ticket is worth nothing.
        Err(Error::Refused(Refusal::Invalid { param: "phone", .. })) => Err(refused(&Refusal::WrongCode)),
        Err(error) => Err(failed(&error)),
    }
}
