//! `/wallet/security/passkeys`: the payer's passkeys, adding one and removing one.
//!
//! A passkey is added in two requests: the payment password and a one-time code get what the device is asked for, and
//! the form brings what the device has made. Neither does anything without the other. The code is asked for before.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::{
    Refusal, Time,
    id::PasskeyId,
    limits::PASSKEYS_PER_PAYER_MAX,
    payer::{CodePurpose, is_password, passkey::is_name},
};
use tongbao_engine::{
    Error,
    account::Purpose,
    passkey::{NotOffered, Registration, options::creation},
};

use super::{Posted, Told, Visitor, around, send_code_to, telling, told_of};
use crate::{
    handlers::{answer::Trouble, passkey, record_view::moment},
    i18n, paths,
    wallet::passkeys::{Adding, PasskeyRow, PasskeysView, render_passkeys},
};

const DAY_MS: i64 = 24 * 3_600 * 1_000;

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let passkeys = visitor.pages.engine.passkeys(visitor.payer.id)?;
    let adding = match &visitor.pages.party {
        Err(NotOffered::Address) => Adding::AtAddress,
        Err(NotOffered::WithoutTls) => Adding::WithoutTls,
        Ok(_) if passkeys.len() >= PASSKEYS_PER_PAYER_MAX => Adding::Full,
        Ok(_) => Adding::Possible,
    };
    let row = |passkey: tongbao_core::payer::passkey::Passkey| PasskeyRow {
        id: passkey.id.to_string(),
        name: passkey.name,
        used_on: passkey.used_on.map(date),
        created_at: moment(passkey.created_at),
    };
    let view = PasskeysView {
        around: around(&visitor, paths::PASSKEYS),
        passkeys: passkeys.into_iter().map(row).collect(),
        adding,
        code_sent: visitor.payer.code_for(CodePurpose::Passkey).is_some(),
        device: visitor.visit.device_name.clone(),
    };
    Ok(visitor.page(|frame| render_passkeys(&view, frame)))
}

/// The date of a day of China.
fn date(day: i64) -> String {
    // The middle of a day in China is the same date in UTC.
    let text = moment(Time::from_ms(day.saturating_mul(DAY_MS))).text();
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[derive(Deserialize)]
pub(super) struct AskForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn send_code(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    send_code_to(&visitor, Purpose::Passkey, paths::PASSKEYS).await
}

/// What the device is asked for, in exchange for the payment password and the code.
pub(super) async fn ask(Posted(visitor, form): Posted<AskForm>) -> Result<Response, Trouble> {
    let lang = visitor.frame().lang;
    let tell = |told| {
        let notice = i18n::told::wording(told, lang);
        Ok(passkey::told(&[notice.title, notice.next].join(" ")))
    };
    let Some(party) = visitor.pages.relying_party() else { return tell(Told::PasskeyRefused) };
    if !is_name(form.name.trim()) {
        return tell(Told::InvalidPasskeyName);
    }
    if !is_password(&form.password) {
        return tell(Told::MalformedPassword);
    }
    let engine = &visitor.pages.engine;
    match engine.ask_for_new_passkey(visitor.payer.id, form.password, form.code.trim()).await {
        Ok(challenge) => {
            let passkeys = engine.passkeys(visitor.payer.id)?;
            Ok(passkey::options(&creation(party, &challenge.bytes(), &visitor.payer, &passkeys)))
        }
        Err(error) => tell(told_of(error)?),
    }
}

#[derive(Deserialize)]
pub(super) struct AddForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    passkey: String,
}

pub(super) async fn add(Posted(visitor, form): Posted<AddForm>) -> Result<Response, Trouble> {
    let new = serde_json::from_str::<Registration>(&form.passkey).ok();
    let Some((party, new)) = visitor.pages.relying_party().zip(new) else {
        return Ok(telling(&visitor, paths::PASSKEYS, Told::PasskeyRefused));
    };
    let name = form.name.trim();
    if !is_name(name) {
        return Ok(telling(&visitor, paths::PASSKEYS, Told::InvalidPasskeyName));
    }
    let told = match visitor.pages.engine.register_passkey(visitor.payer.id, party, &new, name).await {
        Ok(_) => Told::PasskeyAdded,
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::PASSKEYS, told))
}

#[derive(Deserialize)]
pub(super) struct RemovalForm {
    #[serde(default)]
    passkey: String,
}

pub(super) async fn remove(Posted(visitor, form): Posted<RemovalForm>) -> Result<Response, Trouble> {
    let id: PasskeyId = form.passkey.parse().map_err(|_| Trouble::NotFound)?;
    let told = match visitor.pages.engine.remove_passkey(visitor.payer.id, id).await {
        Ok(()) => Told::PasskeyRemoved,
        Err(Error::Refused(Refusal::NotFound(_))) => return Err(Trouble::NotFound),
        Err(error) => told_of(error)?,
    };
    Ok(telling(&visitor, paths::PASSKEYS, told))
}
