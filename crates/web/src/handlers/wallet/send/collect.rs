//! `/wallet/collect`: the payer's own collection code. `/c/{token}`: what others scan.
//!
//! The printed address only leads into the wallet: whom a code pays is shown to who is signed in.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use tongbao_core::{
    Actor, Facts, Key,
    collection::{self, CollectionCode, Owner},
    payer::Payer,
    transfer::{payee::Payee, send::is_note},
};
use tongbao_engine::{Error, Input};
use tongbao_money::Amount;

use super::{
    super::{told, visitor::Visitor},
    BareForm,
    draft::Told,
    fen, told_of,
    transfer::{by_code, cannot_pay, complete},
    who, yuan,
};
use crate::{
    handlers::{
        Pages,
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
    let carried = told::read::<Told>(visitor.pages, visitor.visit, visitor.now, (&whose, here));
    let lang = visitor.frame().lang;
    Around { notice: carried.map(|told| notice(&told.notice(), lang)), ..visitor.around(Tab::Home, here) }
}

fn telling(visitor: &Visitor, path: &str, told: Told) -> Response {
    let whose = visitor.payer.id.to_string();
    visitor.to(&told::address(visitor.pages, visitor.now, (&whose, path), &told))
}

pub(super) async fn show(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let code = pages.engine.collection_code(visitor.payer.id)?;
    let address =
        |code: &CollectionCode| format!("{}{}", pages.base_url, paths::collection_code(&code.token));
    let view = CollectView {
        address: code.as_ref().map(address),
        who: who(&visitor.payer),
        fixed: code.and_then(|code| code.fixed).map(|fixed| yuan(fixed.minor())),
    };
    let around = around(&visitor, paths::COLLECT);
    Ok(visitor.page(|frame| render_collect(&view, &around, frame)))
}

pub(super) async fn make(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<BareForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    if !visitor.is_our_form(&form.csrf) {
        return Ok(telling(&visitor, paths::COLLECT, Told::FormExpired));
    }
    match pages.engine.enrol_collection_code(visitor.payer.id).await {
        Ok(_) => Ok(visitor.to(paths::COLLECT)),
        Err(error) => Ok(telling(&visitor, paths::COLLECT, told_of(error)?)),
    }
}

#[derive(Deserialize)]
pub(super) struct FixForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    amount: String,
}

/// Sets what the code asks for; an empty field leaves it to whoever pays.
pub(super) async fn fix(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<FixForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    if !visitor.is_our_form(&form.csrf) {
        return Ok(telling(&visitor, paths::COLLECT, Told::FormExpired));
    }
    let fixed = Some(form.amount.as_str()).filter(|typed| !typed.trim().is_empty());
    let fixed = match fixed.map(fen) {
        Some(None) => return Ok(telling(&visitor, paths::COLLECT, Told::BadAmount)),
        Some(fixed) => fixed,
        None => None,
    };
    let (payer, actor) = (visitor.payer.id, Actor::Payer(visitor.payer.id));
    let fix = move |facts: &dyn Facts, _: &mut _| collection::fix(facts, payer, fixed);
    match pages.engine.step(Input { actor, name: "fix_collection_code" }, fix).await {
        Ok(_) => Ok(visitor.to(paths::COLLECT)),
        Err(Error::Refused(tongbao_core::Refusal::Invalid { .. })) => {
            Ok(telling(&visitor, paths::COLLECT, Told::BadAmount))
        }
        Err(error) => Ok(telling(&visitor, paths::COLLECT, told_of(error)?)),
    }
}

pub(super) async fn back(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    Visitor::open(&pages, &visit).await.map(|visitor| visitor.to(paths::COLLECT))
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

/// A code, and whose it is.
fn known(visitor: &Visitor, token: String) -> Result<(CollectionCode, Payer), Trouble> {
    let store = &visitor.pages.engine.store;
    let code = store.find::<CollectionCode>(Key::CollectionCode(token))?.ok_or(Trouble::NotFound)?;
    let Owner::Payer(owner) = code.owner;
    let owner = store.get::<Payer>(owner)?.ok_or(Trouble::NotFound)?;
    Ok((code, owner))
}

/// How much is paid to a code.
pub(super) async fn pay(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(token): Path<String>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let (code, owner) = known(&visitor, token)?;
    if owner.id == visitor.payer.id {
        return Ok(visitor.to(paths::COLLECT));
    }
    let key = Key::Payee(visitor.payer.id, owner.id);
    let view = AmountView {
        action: paths::collection(&code.token),
        draft: String::new(),
        who: who(&owner),
        by_code: true,
        fixed: code.fixed.map(|fixed| yuan(fixed.minor())),
        first_time: pages.engine.store.find::<Payee>(key)?.is_none(),
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
    csrf: String,
    #[serde(default)]
    amount: String,
    #[serde(default)]
    note: String,
}

/// Takes the amount; the next page asks for the password.
pub(super) async fn amount(
    State(pages): State<Arc<Pages>>,
    Extension(visit): Extension<Arc<Visit>>,
    Path(token): Path<String>,
    Form(form): Form<CodeForm>,
) -> Result<Response, Trouble> {
    let visitor = Visitor::open(&pages, &visit).await?;
    let (code, owner) = known(&visitor, token)?;
    let path = paths::collection(&code.token);
    let minor = code.fixed.or_else(|| fen(&form.amount)).map(Amount::minor);
    let note = form.note.trim();
    let told = if !visitor.is_our_form(&form.csrf) {
        Some(Told::FormExpired)
    } else if owner.id == visitor.payer.id {
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
