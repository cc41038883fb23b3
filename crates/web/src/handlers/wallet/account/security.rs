//! `/wallet/security`: how the account stands, and the way to each part of it.

use axum::response::Response;
use tongbao_core::payer::identity::Identity;

use super::{Visitor, around, devices};
use crate::{
    handlers::answer::Trouble,
    i18n::{
        message, phrase,
        wallet::{State as S, Text as T},
    },
    paths,
    wallet::{
        Tone,
        account::{SecurityRow, SecurityView, render_security},
    },
};

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let (frame, payer) = (visitor.frame(), &visitor.payer);
    let row = |name, path, (state, tone): (String, Option<Tone>)| SecurityRow { name, state, tone, path };
    let plain = |state: S| (frame.t(state).to_owned(), None);
    let identity = match &payer.identity {
        Some(Identity::Verified { level, .. }) => {
            (phrase::account_class(frame.lang, message::level_name(*level)), Some(Tone::Good))
        }
        Some(Identity::Unverified) => (frame.t(S::NotVerified).to_owned(), Some(Tone::Warn)),
        None => plain(S::NoLevelLimits),
    };
    let locked = payer.locked_until.is_some_and(|until| visitor.now < until);
    let password =
        if locked { (frame.t(S::Locked).to_owned(), Some(Tone::Bad)) } else { plain(S::PasswordSet) };
    let limits = payer.own_limits.map_or((String::new(), None), |_| plain(S::OwnLimits));
    let count = devices::live(&visitor)?.len();
    let passkeys = visitor.pages.engine.passkeys(payer.id)?.len();
    let frozen = if payer.frozen.is_some() {
        (frame.t(S::Frozen).to_owned(), Some(Tone::Bad))
    } else {
        plain(S::NotFrozen)
    };
    let codes = if visitor.session.shows_codes(payer) { S::CodesOn } else { S::CodesOff };
    let view = SecurityView {
        around: around(&visitor, paths::SECURITY),
        masked_phone: payer.phone_hint.clone(),
        rows: vec![
            row(T::Identity, paths::IDENTITY, identity),
            row(T::Limits, paths::LIMITS, limits),
            row(T::Password, paths::PASSWORD, password),
            row(T::Codes, paths::CODE_SWITCH, plain(codes)),
            row(T::Passkeys, paths::PASSKEYS, (phrase::passkeys(frame.lang, passkeys), None)),
            row(T::Devices, paths::DEVICES, (phrase::devices(frame.lang, count), None)),
            row(T::Notices, paths::NOTICES, (String::new(), None)),
            row(T::Freeze, paths::FREEZE, frozen),
            row(T::OwnData, paths::OWN_DATA, (String::new(), None)),
            row(T::Closing, paths::CLOSING, (String::new(), None)),
        ],
    };
    Ok(visitor.page(|frame| render_security(&view, frame)))
}
