//! The payers' API under `/payer/v1`: what the pages of the wallet and the cashier do, for a payer's app.
//!
//! The same engine and the same steps of the core as the pages, so the same rules. A session's token is sent as
//! `Authorization: Bearer …`; there are no cookies, so a page of another site can send nothing in a payer's name.
//! Where money moves, a request has an `Idempotency-Key` ([`once`]).
//!
//! **Invariants.** A payer sees what is its own; everything else is answered like what does not exist. Names, ID
//! numbers, phone numbers and card numbers are masked in every answer, the payer's own among them. A merchant's key
//! opens nothing here, and a session's token nothing under `/v1`.
//!
//! **Absent on purpose:** combined orders of WeChat Pay's interface, which are paid at the cashier.

pub mod account;
pub mod bearer;
pub mod bills;
pub mod cards;
pub mod codes;
pub mod entry;
pub mod lists;
pub mod notices;
pub mod once;
pub mod own_data;
pub mod passkey_entry;
pub mod passkeys;
pub mod payees;
pub mod payments;
pub mod proof;
pub mod security;
pub mod sessions;
mod token;
pub mod top_ups;
pub mod transfers;
pub mod transit;
pub mod utilities;
pub mod withdrawals;

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    middleware::from_fn,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use bearer::PAYER_QUOTA;
pub(crate) use cards::{BANK_UNANSWERED, CARD_NOT_CONFIRMED, WRONG_SECURITY_CODE};
pub(crate) use codes::CODES_USED_UP;
pub(crate) use own_data::{ACCOUNT_NOT_EMPTY, MONEY_UNDER_WAY};
pub(crate) use passkeys::PASSKEYS_NOT_OFFERED;

use crate::{
    errors::{ProblemDetails, PublicErrors},
    openapi::{BearerToken, ErrorCodes},
    state::Api,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tongbao for payers",
        description = "The API of a payer's own app. Amounts are integers in minor units; times are RFC 3339 in UTC; \
                       errors are RFC 9457 problem details with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "entry", description = "By phone number and one-time code, or by a passkey, to a session."),
        (name = "account", description = "Who the payer is here, what it has, how much it may pay."),
        (name = "security", description = "Sessions, identity, payment password, passkeys, freezing, notices, own \
                                           data, the end of the account."),
        (name = "cards", description = "Bank cards."),
        (name = "money", description = "Top-ups and withdrawals."),
        (name = "transfers", description = "Money to other payers."),
        (name = "utilities", description = "Water, electricity and gas: what is due, and paying it."),
        (name = "codes", description = "Payment codes and collection codes."),
        (name = "payments", description = "What a shop asks for, and paying it."),
        (name = "rides", description = "Transit codes, rides, and fares that are owed."),
        (name = "bills", description = "What moved, and why."),
        (name = "document", description = "This document."),
    ),
    components(schemas(ProblemDetails)),
    modifiers(&SESSION, &ErrorCodes),
    security(("session" = []))
)]
struct Document;

/// How a session's token is sent.
const SESSION: BearerToken = BearerToken {
    name: "session",
    description: "The token of a session: `pt_sandbox_…` or `pt_live_…`.",
};

fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(entry::create_code))
        .routes(routes!(entry::create_session, sessions::list_sessions))
        .routes(routes!(passkey_entry::create_sign_in_challenge))
        .routes(routes!(passkey_entry::create_passkey_session))
        .routes(routes!(entry::create_payer))
        .routes(routes!(sessions::delete_session))
        .routes(routes!(account::get_payer))
        .routes(routes!(account::get_balance))
        .routes(routes!(account::get_limits))
        .routes(routes!(account::create_own_limits))
        .routes(routes!(security::create_identity_verification))
        .routes(routes!(security::create_password_change))
        .routes(routes!(security::create_security_code))
        .routes(routes!(security::create_password_reset))
        .routes(routes!(security::create_freeze))
        .routes(routes!(security::create_freeze_lifting))
        .routes(routes!(passkeys::create_passkey_registration))
        .routes(routes!(passkeys::create_passkey, passkeys::list_passkeys))
        .routes(routes!(passkeys::delete_passkey))
        .routes(routes!(passkeys::create_passkey_challenge))
        .routes(routes!(notices::create_notice_settings, notices::get_notice_settings))
        .routes(routes!(notices::create_mail_address, notices::delete_mail_address))
        .routes(routes!(notices::create_mail_confirmation))
        .routes(routes!(own_data::create_own_data_copy))
        .routes(routes!(own_data::create_account_closing))
        .routes(routes!(cards::create_card, cards::list_cards))
        .routes(routes!(cards::delete_card))
        .routes(routes!(cards::create_card_arrangement))
        .routes(routes!(top_ups::create_top_up, top_ups::list_top_ups))
        .routes(routes!(top_ups::get_top_up))
        .routes(routes!(withdrawals::get_withdrawal_quote))
        .routes(routes!(withdrawals::create_withdrawal, withdrawals::list_withdrawals))
        .routes(routes!(withdrawals::get_withdrawal))
        .routes(routes!(payees::list_payees))
        .routes(routes!(payees::create_payee_look_up))
        .routes(routes!(payees::create_name_check))
        .routes(routes!(transfers::create_transfer, transfers::list_transfers))
        .routes(routes!(transfers::get_transfer))
        .routes(routes!(transfers::create_transfer_acceptance))
        .routes(routes!(transfers::create_transfer_refusal))
        .routes(routes!(transfers::create_transfer_withdrawal))
        .routes(routes!(utilities::list_billers))
        .routes(routes!(utilities::create_utility_look_up))
        .routes(routes!(utilities::create_utility_payment, utilities::list_utility_payments))
        .routes(routes!(utilities::get_utility_payment))
        .routes(routes!(codes::create_payment_code_permission, codes::delete_payment_code_permission))
        .routes(routes!(codes::create_payment_code))
        .routes(routes!(codes::get_collection_code, codes::create_collection_code))
        .routes(routes!(codes::create_collection_amount))
        .routes(routes!(codes::get_scanned_code))
        .routes(routes!(transfers::create_collection_payment))
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::create_attempt))
        .routes(routes!(payments::create_proof))
        .routes(routes!(payments::create_challenge_code))
        .routes(routes!(payments::delete_challenge))
        .routes(routes!(transit::create_transit_code))
        .routes(routes!(transit::list_rides))
        .routes(routes!(transit::get_ride))
        .routes(routes!(transit::list_debts))
        .routes(routes!(transit::create_debt_payment))
        .routes(routes!(bills::list_bills))
        .routes(routes!(bills::get_bill))
        .routes(routes!(bills::list_messages))
        .routes(routes!(get_openapi))
}

/// Get this document
///
/// No session is needed.
#[utoipa::path(get, path = "/payer/v1/openapi.json", tag = "document", operation_id = "get_openapi",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value), PublicErrors))]
async fn get_openapi() -> Response {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| document().to_json().expect("a document of texts and numbers becomes JSON"));
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

/// The OpenAPI document of the payers' API.
pub fn document() -> utoipa::openapi::OpenApi {
    operations().into_openapi()
}

/// The routes of `/payer/v1`, the document among them.
pub fn router(api: Arc<Api>) -> Router {
    let (routes, _) = operations().split_for_parts();
    routes.layer(from_fn(bearer::tell_standing)).with_state(api)
}
