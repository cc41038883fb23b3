//! `/wallet/sign-in`: a phone number, a code, and in. A number that nobody has goes on to choose a password.
//!
//! Until the code is right, a number that nobody has looks and takes the same as one that somebody has: the page
//! follows from what the browser keeps, either way is one step, and the answer comes at a pace of its own.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_core::{Actor, Facts, Refusal, payer::session as sessions};
use tongbao_engine::{
    Engine, Error, Input,
    account::{Device, DeviceSecret, Entered},
};
use tongbao_store::Fault;

use super::{super::session, Posted, Told, Visitor, sign_up, told};
use crate::{
    cashier::CHANGE_PHONE,
    handlers::{
        Pages,
        answer::{self, Trouble, see_other},
        form_token::{self, Scope},
        sign_in::{SignIn, phone_number, unhurried},
        visit::Visit,
    },
    i18n::{self, phrase, wallet::Text as T},
    paths,
    wallet::{
        Around,
        account::{Field, FieldKind, Form as PageForm, FormView, render_form},
    },
};

/// Where the browser keeps how far it got.
pub(super) const KEPT_AT: &str = "/wallet";

/// Who is told something before anybody is signed in.
const NOBODY: &str = "";

#[derive(Deserialize)]
pub(super) struct EntryForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    phone: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    back: String,
}

/// Where to go on to: a page of the wallet, by a path of letters and digits; the wallet's first page otherwise.
pub(super) fn way_back(asked: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'_');
    let ours = asked.starts_with("/wallet/") && asked.bytes().all(plain) && !asked.contains("//");
    if ours && asked.len() <= 128 { asked } else { paths::WALLET }
}

/// The address of a page before the sign-in, with the way back.
pub(super) fn with_back(path: &str, back: &str) -> String {
    if back == paths::WALLET { path.to_owned() } else { format!("{path}?back={back}") }
}

/// What stands around a page before the sign-in.
pub(super) fn around(pages: &Pages, visit: &Visit, path: &str) -> Around {
    let now = pages.engine.now();
    let carried: Option<Told> = told::read(pages, visit, now, (NOBODY, path));
    let lang = visit.frame("").lang;
    Around {
        here: with_back(path, way_back(visit.query("back").unwrap_or_default())),
        tab: None,
        sandbox: pages.engine.is_sandbox(),
        notice: carried.map(|told| i18n::told::wording(told, lang)),
    }
}

/// A page before the sign-in.
pub(super) fn page(pages: &Pages, visit: &Visit, view: &FormView) -> Response {
    let (token, cookie) = form_token::issue(pages, visit, Scope::Wallet, None);
    let frame = visit.frame(token);
    let mut response = answer::html(&frame, render_form(view, &frame));
    if let Some(cookie) = cookie {
        cookie.set(&mut response, pages);
    }
    response
}

/// Back to a page before the sign-in, which says what came of a form.
pub(super) fn telling(pages: &Pages, visit: &Visit, (path, back): (&str, &str), what: Told) -> Response {
    // The way back stands in the address and is judged anew; what is told is signed for the bare path.
    let address = told::address(pages, pages.engine.now(), (NOBODY, path), &what);
    let address = if back == paths::WALLET { address } else { format!("{address}&back={back}") };
    see_other(&visit.frame("").href(&address))
}

/// The device of this request, as what signs in.
pub(super) fn seat<'a>(visit: &'a Visit, secret: &'a DeviceSecret) -> Device<'a> {
    Device { secret, name: &visit.device_name, address: visit.address }
}

pub(super) fn is_our_form(pages: &Pages, visit: &Visit, token: &str) -> bool {
    form_token::is_right(pages, visit, Scope::Wallet, None, token)
}

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let back = way_back(visit.query("back").unwrap_or_default());
    if session::read(&pages, &visit, pages.engine.now())?.is_some() {
        return Ok(see_other(&visit.frame("").href(back)));
    }
    let mut response = page(&pages, &visit, &view(&pages, &visit, back));
    if visit.query(CHANGE_PHONE).is_some() {
        SignIn::forget(KEPT_AT.to_owned()).set(&mut response, &pages);
    }
    Ok(response)
}

fn view(pages: &Pages, visit: &Visit, back: &str) -> FormView {
    let SignIn { phone, sent_at, .. } = SignIn::read(pages, visit);
    let hidden_back = ("back", back.to_owned());
    let around = around(pages, visit, paths::SIGN_IN);
    if sent_at.is_none() {
        let field = Field::new("phone", T::Phone, FieldKind::Phone);
        let form = PageForm {
            action: "/wallet/sign-in/code".to_owned(),
            hidden: vec![hidden_back],
            fields: vec![Field { value: phone, hint: Some(T::PhoneHint), ..field }],
            button: T::SendCode,
            danger: false,
        };
        return FormView {
            around,
            title: T::SignInTitle,
            intro: String::new(),
            facts: Vec::new(),
            form: Some(form),
            sides: Vec::new(),
            links: Vec::new(),
            inbox: false,
            passkey: pages.relying_party().map(|_| back.to_owned()),
        };
    }
    let hidden = vec![hidden_back, ("phone", phone.clone())];
    let form = |action: &str, fields, button| PageForm {
        action: action.to_owned(),
        hidden: hidden.clone(),
        fields,
        button,
        danger: false,
    };
    let code = Field::new("code", T::Code, FieldKind::Code);
    let change = with_back(paths::SIGN_IN, back);
    let mark = if change.contains('?') { '&' } else { '?' };
    FormView {
        intro: phrase::code_sent(visit.frame("").lang, &phone),
        around,
        title: T::EnterCode,
        facts: Vec::new(),
        form: Some(form("/wallet/sign-in/session", vec![code], T::Continue)),
        sides: vec![form("/wallet/sign-in/code", Vec::new(), T::ResendCode)],
        links: vec![(T::ChangePhone, format!("{change}{mark}{CHANGE_PHONE}=1"))],
        inbox: pages.engine.is_sandbox(),
        passkey: None,
    }
}

pub(super) async fn send(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<EntryForm>,
) -> Result<Response, Trouble> {
    let (now, back) = (pages.engine.now(), way_back(&form.back));
    let place = (paths::SIGN_IN, back);
    if !is_our_form(&pages, &visit, &form.csrf) {
        return Ok(telling(&pages, &visit, place, Told::FormExpired));
    }
    let keeping = |told, sign_in: &SignIn| {
        let mut response = telling(&pages, &visit, place, told);
        sign_in.keep(&pages, KEPT_AT.to_owned()).set(&mut response, &pages);
        response
    };
    let Some(phone) = phone_number(&form.phone) else {
        return Ok(keeping(Told::InvalidPhone, &SignIn::typed(&form.phone)));
    };
    let before = SignIn::read(&pages, &visit);
    if let Some(wait_s) = before.wait_s(&phone, now) {
        return Ok(keeping(Told::CodeTooSoon(wait_s), &before));
    }
    if !unhurried(send_to(&pages.engine, &phone)).await? {
        return Ok(keeping(Told::Unavailable, &SignIn::typed(&phone)));
    }
    let mut response = see_other(&visit.frame("").href(&with_back(paths::SIGN_IN, back)));
    SignIn::sent(phone, now).keep(&pages, KEPT_AT.to_owned()).set(&mut response, &pages);
    Ok(response)
}

/// Whether a code is on its way.
async fn send_to(engine: &Engine, phone: &str) -> Result<bool, Trouble> {
    match engine.send_entry_code(phone).await {
        // Another browser asked for one a moment ago: that one is good here too.
        Ok(()) | Err(Error::Refused(Refusal::CodeTooSoon)) => Ok(true),
        // No SMS port, or no room; told alike for all numbers.
        Err(Error::Refused(Refusal::Invalid { .. }) | Error::Fault(Fault::Busy | Fault::Full)) => Ok(false),
        Err(Error::Fault(fault)) => Err(fault.into()),
        Err(Error::Refused(refusal)) => Err(Trouble::Refused(refusal)),
    }
}

pub(super) async fn enter(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<EntryForm>,
) -> Result<Response, Trouble> {
    let (engine, now, back) = (&pages.engine, pages.engine.now(), way_back(&form.back));
    let place = (paths::SIGN_IN, back);
    if !is_our_form(&pages, &visit, &form.csrf) {
        return Ok(telling(&pages, &visit, place, Told::FormExpired));
    }
    let sign_in = SignIn::read(&pages, &visit);
    let Some(phone) = phone_number(&form.phone).filter(|phone| sign_in.can_try(phone, now)) else {
        return Ok(telling(&pages, &visit, place, Told::CodeExpired));
    };
    let entered = match unhurried(engine.use_entry_code(&phone, form.code.trim())).await {
        Ok(entered) => entered,
        Err(Error::Fault(Fault::Busy | Fault::Full)) => {
            return Ok(telling(&pages, &visit, place, Told::Unavailable));
        }
        // The number was taken between two looks.
        Err(Error::Refused(Refusal::Invalid { .. })) => Entered::Wrong,
        Err(Error::Fault(fault)) => return Err(fault.into()),
        Err(Error::Refused(refusal)) => return Err(Trouble::Refused(refusal)),
    };
    match entered {
        Entered::Payer(payer) => {
            let device = session::device(&pages, &visit);
            let begun = engine.begin_session(payer, seat(&visit, &device)).await;
            let secret = match begun {
                Ok(secret) => secret,
                Err(Error::Fault(fault)) => return Err(fault.into()),
                Err(Error::Refused(refusal)) => return Err(Trouble::Refused(refusal)),
            };
            let mut response = see_other(&visit.frame("").href(back));
            session::begin(&pages, &mut response, payer, (&device, &secret));
            SignIn::forget(KEPT_AT.to_owned()).set(&mut response, &pages);
            Ok(response)
        }
        Entered::New(ticket) => {
            let mut response = see_other(&visit.frame("").href(&with_back(paths::SIGN_UP, back)));
            sign_up::Proven { phone, ticket }.keep(&pages).set(&mut response, &pages);
            SignIn::forget(KEPT_AT.to_owned()).set(&mut response, &pages);
            Ok(response)
        }
        Entered::Wrong => {
            let (sign_in, left) = sign_in.after_wrong_code();
            let told = if left == 0 { Told::CodeExpired } else { Told::WrongCode(left) };
            let mut response = telling(&pages, &visit, place, told);
            sign_in.keep(&pages, KEPT_AT.to_owned()).set(&mut response, &pages);
            Ok(response)
        }
    }
}

/// Who comes to the address of the form with a GET stays signed in.
pub(super) async fn stay(visitor: Visitor) -> Response {
    visitor.to(paths::SECURITY)
}

pub(super) async fn leave(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    let (payer, id) = (visitor.payer.id, visitor.session.id);
    let input = Input { actor: Actor::Payer(payer), name: "end_session" };
    let end = move |facts: &dyn Facts, cx: &mut _| sessions::end(facts, cx, payer, id);
    let ended = visitor.pages.engine.run(input, end).await;
    if let Err(error) = ended {
        return Ok(super::telling(&visitor, paths::SECURITY, super::told_of(error)?));
    }
    let mut response = visitor.to(paths::SIGN_IN);
    session::end(&visitor.pages, &mut response);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::way_back;

    #[test]
    fn the_way_back_leads_nowhere_else() {
        assert_eq!(way_back("/wallet/security/limits"), "/wallet/security/limits");
        for asked in [
            "",
            "/",
            "//evil.example/wallet/",
            "https://evil.example/wallet/x",
            "/wallet//evil.example",
            "/wallet/../cashier",
            "/wallet/x?back=/wallet/y",
            "/walletx",
            "/wallet/\r\nset-cookie: x",
            "/wallet/%2e",
        ] {
            assert_eq!(way_back(asked), "/wallet", "{asked}");
        }
        assert_eq!(way_back(&format!("/wallet/{}", "a".repeat(200))), "/wallet");
    }
}
