//! `/wallet/security/limits`: what the payer may pay from the balance, and what it allows itself.

use axum::response::Response;
use serde::Deserialize;
use tongbao_core::{
    Key,
    limits::{
        FEWER_FACTORS_COUNT_PER_DAY_MAX, FEWER_FACTORS_PER_DAY_MAX, TWO_FACTORS_COUNT_PER_DAY_MAX,
        TWO_FACTORS_PER_DAY_MAX,
    },
    payer::{
        identity::Identity,
        is_password,
        usage::{self, Counted, Limit, OwnLimits, Usage},
    },
};
use tongbao_money::Amount;

use super::{super::yuan, Posted, Told, Visitor, around, telling, told_of};
use crate::{
    frame::Frame,
    handlers::answer::Trouble,
    i18n::{
        phrase,
        wallet::{State as S, Text as T},
    },
    paths,
    wallet::account::{Field, FieldKind, Form as PageForm, FormView, render_form},
};

#[derive(Deserialize)]
pub(super) struct LimitsForm {
    #[serde(default)]
    per_payment: String,
    #[serde(default)]
    per_day: String,
    #[serde(default)]
    count_per_day: String,
    #[serde(default)]
    password: String,
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let frame = visitor.frame();
    let usage = visitor.pages.engine.store.find::<Usage>(Key::UsageOf(visitor.payer.id))?;
    let counted = usage.map(|usage| usage.at(visitor.now)).unwrap_or_default();
    let own = visitor.payer.own_limits.unwrap_or_default();
    let field = |name, label, value: Option<Amount>| Field {
        value: value.map(yuan::plain).unwrap_or_default(),
        hint: Some(T::OwnHint),
        ..Field::new(name, label, FieldKind::Yuan)
    };
    let form = PageForm {
        action: paths::LIMITS.to_owned(),
        hidden: Vec::new(),
        fields: vec![
            field("per_payment", T::OwnPerPayment, own.per_payment),
            field("per_day", T::OwnPerDay, own.per_day),
            Field {
                value: own.count_per_day.map(|count| count.to_string()).unwrap_or_default(),
                hint: Some(T::OwnHint),
                ..Field::new("count_per_day", T::OwnCountPerDay, FieldKind::Count)
            },
            Field {
                hint: Some(T::OwnPasswordHint),
                ..Field::new("password", T::Password, FieldKind::PasswordIfNeeded)
            },
        ],
        button: T::SetLimits,
        danger: false,
    };
    let intro = match &visitor.payer.identity {
        Some(Identity::Verified { .. }) => String::new(),
        Some(Identity::Unverified) => frame.t(S::IdentityIntro).to_owned(),
        None => frame.t(S::NoLevelLimits).to_owned(),
    };
    let view = FormView {
        around: around(&visitor, paths::LIMITS),
        title: T::Limits,
        intro,
        facts: facts(&visitor, &counted, &frame),
        form: Some(form),
        sides: Vec::new(),
        links: vec![(T::BackToSecurity, paths::SECURITY.to_owned())],
        inbox: false,
        passkey: None,
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

/// The limits of the payer's level, and how much of each is used.
fn facts(visitor: &Visitor, counted: &Counted, frame: &Frame) -> Vec<(T, String)> {
    let Some(level) = visitor.payer.identity.as_ref().and_then(Identity::level) else { return Vec::new() };
    let line = |name, used: Amount, most: Amount| {
        let shown = |fen: Amount| yuan::shown(fen.minor());
        (name, phrase::used_of(frame.lang, &shown(used), &shown(most)))
    };
    let times = |name, used: u32, most: u32| (name, format!("{used} / {most}"));
    let (limit, used, most) = usage::of_level(level, counted);
    let name = if limit == Limit::Total { T::InAll } else { T::ThisYear };
    vec![
        line(name, used, most),
        line(T::TodayTwoFactors, counted.two_factors, TWO_FACTORS_PER_DAY_MAX),
        line(T::TodayFewerFactors, counted.fewer_factors, FEWER_FACTORS_PER_DAY_MAX),
        times(T::TodayTwoFactorsCount, counted.two_factors_count, TWO_FACTORS_COUNT_PER_DAY_MAX),
        times(T::TodayFewerFactorsCount, counted.fewer_factors_count, FEWER_FACTORS_COUNT_PER_DAY_MAX),
    ]
}

pub(super) async fn set(Posted(visitor, form): Posted<LimitsForm>) -> Result<Response, Trouble> {
    let tell = |told| Ok(telling(&visitor, paths::LIMITS, told));
    let own = match own(&form) {
        Ok(own) => own,
        Err(told) => return tell(told),
    };
    let password = Some(form.password).filter(|typed| !typed.is_empty());
    if password.as_ref().is_some_and(|typed| !is_password(typed)) {
        return tell(Told::MalformedPassword);
    }
    match visitor.pages.engine.set_own_limits(visitor.payer.id, own, password).await {
        Ok(()) => tell(Told::LimitsSet),
        Err(error) => tell(told_of(error)?),
    }
}

fn own(form: &LimitsForm) -> Result<OwnLimits, Told> {
    let count = form.count_per_day.trim();
    let count_per_day = match count {
        "" => None,
        count if count.len() <= 4 => Some(count.parse().map_err(|_| Told::InvalidLimit)?),
        _ => return Err(Told::InvalidLimit),
    };
    Ok(OwnLimits { per_payment: limit(&form.per_payment)?, per_day: limit(&form.per_day)?, count_per_day })
}

/// Yuan as people type them, in fen; nothing typed is no limit.
fn limit(text: &str) -> Result<Option<Amount>, Told> {
    if text.trim().is_empty() { Ok(None) } else { yuan::typed(text).map(Some).ok_or(Told::InvalidLimit) }
}
