//! `/wallet/security/limits`: what the payer may pay from the balance, and what it allows itself.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{
    Actor, Key,
    limits::{FEWER_FACTORS_PER_DAY_MAX, TWO_FACTORS_PER_DAY_MAX},
    payer::{
        identity::Identity,
        usage::{self, Counted, Limit, OwnLimits, Usage},
    },
};
use tongbao_engine::Input;
use tongbao_money::{Amount, Currency};

use super::{Told, Visitor, around, telling, told_of};
use crate::{
    frame::Frame,
    handlers::{Pages, answer::Trouble, record_view::amount, visit::Visit},
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
    csrf: String,
    #[serde(default)]
    per_payment: String,
    #[serde(default)]
    per_day: String,
}

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let frame = visitor.frame();
    let usage = pages.engine.store.find::<Usage>(Key::UsageOf(visitor.payer.id))?;
    let counted = usage.map(|usage| usage.at(visitor.now)).unwrap_or_default();
    let own = visitor.payer.own_limits.unwrap_or_default();
    let yuan = |name, label, value: Option<Amount>| Field {
        value: value.map(typed).unwrap_or_default(),
        hint: Some(T::OwnHint),
        ..Field::new(name, label, FieldKind::Yuan)
    };
    let form = PageForm {
        action: paths::LIMITS.to_owned(),
        hidden: Vec::new(),
        fields: vec![
            yuan("per_payment", T::OwnPerPayment, own.per_payment),
            yuan("per_day", T::OwnPerDay, own.per_day),
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
    };
    Ok(visitor.page(|frame| render_form(&view, frame)))
}

/// The limits of the payer's level, and how much of each is used.
fn facts(visitor: &Visitor<'_>, counted: &Counted, frame: &Frame) -> Vec<(T, String)> {
    let Some(level) = visitor.payer.identity.as_ref().and_then(Identity::level) else { return Vec::new() };
    let line = |name, used: Amount, most: Amount| {
        let shown = |fen: Amount| amount(fen.minor(), Currency::CNY);
        (name, phrase::used_of(frame.lang, &shown(used), &shown(most)))
    };
    let (limit, used, most) = usage::of_level(level, counted);
    let name = if limit == Limit::Total { T::InAll } else { T::ThisYear };
    vec![
        line(name, used, most),
        line(T::TodayTwoFactors, counted.two_factors, TWO_FACTORS_PER_DAY_MAX),
        line(T::TodayFewerFactors, counted.fewer_factors, FEWER_FACTORS_PER_DAY_MAX),
    ]
}

pub(super) async fn set(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<LimitsForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let tell = |told| Ok(telling(&visitor, paths::LIMITS, told));
    if !visitor.is_our_form(&form.csrf) {
        return tell(Told::FormExpired);
    }
    let (per_payment, per_day) = match (fen(&form.per_payment), fen(&form.per_day)) {
        (Ok(per_payment), Ok(per_day)) => (per_payment, per_day),
        (Err(told), _) | (_, Err(told)) => return tell(told),
    };
    let (payer, own) = (visitor.payer.id, OwnLimits { per_payment, per_day });
    let input = Input { actor: Actor::Payer(payer), name: "set_own_limits" };
    match pages.engine.run(input, move |facts, _| usage::set_own_limits(facts, payer, own)).await {
        Ok(()) => tell(Told::LimitsSet),
        Err(error) => tell(told_of(error)?),
    }
}

/// Yuan as people type them, in fen; nothing typed is no limit.
fn fen(text: &str) -> Result<Option<Amount>, Told> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !digits(whole, 9) || !digits(part, 2) {
        return Err(Told::InvalidLimit);
    }
    let minor = format!("{whole}{part:0<2}").parse().map_err(|_| Told::InvalidLimit)?;
    Amount::new(minor).map(Some).ok_or(Told::InvalidLimit)
}

/// The same as it would be typed.
fn typed(fen: Amount) -> String {
    let (yuan, rest) = (fen.minor() / 100, fen.minor() % 100);
    if rest == 0 { yuan.to_string() } else { format!("{yuan}.{rest:02}") }
}

#[cfg(test)]
mod tests {
    use super::{Amount, Told, fen, typed};

    #[test]
    fn amounts_are_read_as_they_are_shown() {
        for (text, minor) in [("500", 50_000), ("99.5", 9_950), ("0.01", 1), (" 0 ", 0)] {
            assert_eq!(fen(text), Ok(Amount::new(minor)), "{text}");
        }
        assert_eq!(fen(""), Ok(None));
        for text in ["-1", "1,000", "1.234", ".5", "1.", "1e3", "1234567890", "¥5"] {
            assert_eq!(fen(text), Err(Told::InvalidLimit), "{text}");
        }
        for minor in [0, 1, 50, 9_950, 50_000] {
            let amount = Amount::new(minor).unwrap();
            assert_eq!(fen(&typed(amount)), Ok(Some(amount)));
        }
    }
}
