//! The forms of the wallet, as their handlers get them.

use std::sync::Arc;

use axum::{
    Form,
    extract::{FromRequest, FromRequestParts as _, Request, rejection::FormRejection},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::visitor::Visitor;
use crate::handlers::{Pages, answer::Trouble};

/// A form of ours, filled in by who is signed in.
///
/// One that another site sent, or that was open through another sign-in, does nothing: the browser goes to the page
/// that is at its address, which says so.
pub(super) struct Posted<F = Bare>(pub(super) Visitor, pub(super) F);

/// A form with nothing in it but its token.
#[derive(Deserialize)]
pub(super) struct Bare {}

#[derive(Deserialize)]
struct Signed<F> {
    #[serde(default)]
    csrf: String,
    #[serde(flatten)]
    form: F,
}

impl<F: DeserializeOwned> FromRequest<Arc<Pages>> for Posted<F> {
    type Rejection = Response;

    async fn from_request(request: Request, pages: &Arc<Pages>) -> Result<Posted<F>, Response> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, pages).await.map_err(Trouble::into_response)?;
        let request = Request::from_parts(parts, body);
        let form = Form::<Signed<F>>::from_request(request, pages).await;
        let Form(signed) = form.map_err(FormRejection::into_response)?;
        if visitor.is_our_form(&signed.csrf) {
            return Ok(Posted(visitor, signed.form));
        }
        Err(visitor.expired(&visitor.visit.path))
    }
}
