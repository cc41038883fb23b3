//! `/wallet/collect`: the payer's own collection code. `/c/{token}`: what others scan.
//!
//! The printed address only leads into the wallet: whom a code pays is shown to who is signed in.

use std::sync::Arc;

use axum::{Extension, extract::Path, response::Response};
use serde::Deserialize;
use tongbao_core::{
    Actor, Facts, Key,
    collection::{self, CollectionCode, Owner},
    transfer::send::is_note,
};
use tongbao_engine::{Error, Input};
use tongbao_money::Amount;

use super::{
    super::told,
    Posted, Visitor,
    draft::Told,
    told_of,
    transfer::{by_code, cannot_pay, complete, payee_of},
    typed_sum, who, yuan,
};
use crate::{
    handlers::{
        answer::{Trouble, see_other},
        visit::Visit,
    },
    paths,
    wallet::{
        Around, Tab,
        send::{AmountView, CollectView, notice, render_amount, render_collect},
    },
};

/// Characters of a token: 128 bits in Base64.
const TOKEN_CHARS: usize = 22;

fn around(visitor: &Visitor, here: &str) -> Around {
    let whose = visitor.payer.id.to_string();
    let carried = told::read::<Told>(&visitor.pages, &visitor.visit, visitor.now, (&whose, here));
    let lang = visitor.frame().lang;
    visitor.around(Tab::Home, here).saying(carried.map(|told| notice(&told.notice(), lang)))
}

fn telling(visitor: &Visitor, path: &str, told: Told) -> Response {
    let whose = visitor.payer.id.to_string();
    visitor.to(&told::address(&visitor.pages, visitor.now, (&whose, path), &told))
}

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let code = visitor.pages.engine.collection_code(visitor.payer.id)?;
    let address =
        |code: &CollectionCode| format!("{}{}", visitor.pages.base_url, paths::collection_code(&code.token));
    let view = CollectView {
        address: code.as_ref().map(address),
        who: who(&visitor.payer),
        fixed: code.and_then(|code| code.fixed).map(|fixed| yuan(fixed.minor())),
    };
    let around = around(&visitor, paths::COLLECT);
    Ok(visitor.page(|frame| render_collect(&view, &around, frame)))
}

pub(super) async fn make(Posted(visitor, _): Posted) -> Result<Response, Trouble> {
    match visitor.pages.engine.enrol_collection_code(visitor.payer.id).await {
        Ok(_) => Ok(visitor.to(paths::COLLECT)),
        Err(error) => Ok(telling(&visitor, paths::COLLECT, told_of(error)?)),
    }
}

#[derive(Deserialize)]
pub(super) struct FixForm {
    #[serde(default)]
    amount: String,
}

/// Sets what the code asks for; an empty field leaves it to whoever pays.
pub(super) async fn fix(Posted(visitor, form): Posted<FixForm>) -> Result<Response, Trouble> {
    let fixed = Some(form.amount.as_str()).filter(|typed| !typed.trim().is_empty());
    let fixed = match fixed.map(typed_sum) {
        Some(None) => return Ok(telling(&visitor, paths::COLLECT, Told::BadAmount)),
        Some(fixed) => fixed,
        None => None,
    };
    let (payer, actor) = (visitor.payer.id, Actor::Payer(visitor.payer.id));
    let fix = move |facts: &dyn Facts, _: &mut _| collection::fix(facts, payer, fixed);
    match visitor.pages.engine.step(Input { actor, name: "fix_collection_code" }, fix).await {
        Ok(_) => Ok(visitor.to(paths::COLLECT)),
        Err(Error::Refused(tongbao_core::Refusal::Invalid { .. })) => {
            Ok(telling(&visitor, paths::COLLECT, Told::BadAmount))
        }
        Err(error) => Ok(telling(&visitor, paths::COLLECT, told_of(error)?)),
    }
}

pub(super) async fn back(visitor: Visitor) -> Result<Response, Trouble> {
    Ok(visitor.to(paths::COLLECT))
}

fn is_token(text: &str) -> bool {
    text.len() == TOKEN_CHARS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The address that is printed: goes on in the wallet, known or not.
pub(super) async fn scanned(
    Extension(visit): Extension<Arc<Visit>>,
    Path(token): Path<String>,
) -> Result<Response, Trouble> {
    if !is_token(&token) {
        return Err(Trouble::NotFound);
    }
    Ok(see_other(&visit.frame("").href(&paths::collection(&token))))
}

fn known(visitor: &Visitor, token: String) -> Result<CollectionCode, Trouble> {
    let found = visitor.pages.engine.store.find::<CollectionCode>(Key::CollectionCode(token))?;
    found.ok_or(Trouble::NotFound)
}

/// How much is paid to a code.
pub(super) async fn pay(visitor: Visitor, Path(token): Path<String>) -> Result<Response, Trouble> {
    let code = known(&visitor, token)?;
    if code.owner == Owner::Payer(visitor.payer.id) {
        return Ok(visitor.to(paths::COLLECT));
    }
    let (who, first_time) = payee_of(&visitor, code.owner)?;
    let view = AmountView {
        action: paths::collection(&code.token),
        draft: String::new(),
        who,
        by_code: true,
        fixed: code.fixed.map(|fixed| yuan(fixed.minor())),
        first_time,
        amount: String::new(),
        note: String::new(),
        to_be_accepted: false,
    };
    let around = Around { tab: None, ..around(&visitor, &paths::collection(&code.token)) };
    Ok(visitor.page(|frame| render_amount(&view, &around, frame)))
}

#[derive(Deserialize)]
pub(super) struct CodeForm {
    #[serde(default)]
    amount: String,
    #[serde(default)]
    note: String,
}

/// Takes the amount; the next page asks for the password.
pub(super) async fn amount(
    Path(token): Path<String>,
    Posted(visitor, form): Posted<CodeForm>,
) -> Result<Response, Trouble> {
    let code = known(&visitor, token)?;
    let path = paths::collection(&code.token);
    let minor = code.fixed.or_else(|| typed_sum(&form.amount)).map(Amount::minor);
    let note = form.note.trim();
    let told = if code.owner == Owner::Payer(visitor.payer.id) {
        Some(Told::Yourself)
    } else if is_note(note) {
        cannot_pay(&visitor, minor)?
    } else {
        Some(Told::BadNote)
    };
    if let Some(told) = told {
        return Ok(telling(&visitor, &path, told));
    }
    let draft = by_code(&visitor, &code, minor.unwrap_or_default(), note);
    Ok(visitor.to(&complete(&visitor, draft, None).path(&visitor)))
}
