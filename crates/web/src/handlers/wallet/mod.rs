//! The wallet: a payer's own pages under `/wallet`.
//!
//! Whoever is not signed in is sent to the sign-in, and back afterwards. Forms carry a token bound to the session;
//! money moves by the proofs of its own form only.

mod account;
pub(super) mod money;
mod posted;
mod proof;
mod send;
mod session;
mod told;
mod transit;
mod utility;
mod visitor;
mod yuan;

use std::sync::Arc;

use axum::Router;

use super::Pages;

pub(super) fn routes() -> Router<Arc<Pages>> {
    Router::new()
        .merge(account::routes())
        .merge(money::routes())
        .merge(send::routes())
        .merge(transit::routes())
        .merge(utility::routes())
}
