//! The router of `/v1` and its OpenAPI 3.1 document, made from the same list of operations.
//!
//! The document names under `x-error-codes` every code that a problem may have, and with each operation those
//! that are its own.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        extensions::Extensions,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    errors::{ProblemDetails, PublicErrors},
    refusal,
    resources::{
        app, balance, collection_code, deliveries, events, payments, refunds, rides, webhook_endpoints,
    },
    sandbox,
    state::Api,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tongbao",
        description = "The native API of the Tongbao payment platform. Amounts are integers in minor units; \
                       times are RFC 3339 in UTC; errors are RFC 9457 problem details with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "payments", description = "What a merchant asks a payer for. Create one, send the payer to its \
                                           `cashier_url`, and wait for the event `payment.succeeded`."),
        (name = "refunds", description = "Money that goes back, in one piece or several."),
        (name = "rides", description = "Riders who go in and out by their transit codes, and pay afterwards."),
        (name = "events", description = "What happened to payments, refunds and rides, kept as it was then."),
        (name = "balance", description = "What the merchant has, and why."),
        (name = "webhooks", description = "Where events are sent, and what became of each."),
        (name = "sandbox", description = "What helps a developer in a sandbox. Production has none of it."),
        (name = "document", description = "This document."),
    ),
    components(schemas(ProblemDetails)),
    modifiers(&SECRET_KEY, &ErrorCodes),
    security(("secret_key" = []))
)]
struct Document;

/// How a secret key is sent.
const SECRET_KEY: BearerToken = BearerToken {
    name: "secret_key",
    description: "A secret key of an app: `sk_sandbox_…` or `sk_live_…`.",
};

/// Names a secret that is sent as `Authorization: Bearer …` (RFC 6750).
pub(crate) struct BearerToken {
    /// What operations call it.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) description: &'static str,
}

impl Modify for BearerToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(self.description));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme(self.name, SecurityScheme::Http(scheme.build()));
    }
}

/// Names every code that a problem may have.
pub(crate) struct ErrorCodes;

impl Modify for ErrorCodes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let codes: Vec<serde_json::Value> = refusal::kinds()
            .iter()
            .map(|kind| {
                let (code, status, description) = (kind.code, kind.status.as_u16(), kind.title);
                serde_json::json!({ "code": code, "status": status, "description": description })
            })
            .collect();
        let extensions = Extensions::builder().add("x-error-codes", codes).build();
        document.extensions.get_or_insert_default().merge(extensions);
    }
}

fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(payments::create_payment, payments::list_payments))
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::create_payment_closure))
        .routes(routes!(collection_code::create_collection_code, collection_code::get_collection_code))
        .routes(routes!(refunds::create_refund, refunds::list_refunds))
        .routes(routes!(refunds::get_refund))
        .routes(routes!(rides::create_ride, rides::list_rides))
        .routes(routes!(rides::get_ride))
        .routes(routes!(rides::create_ride_exit))
        .routes(routes!(events::list_events))
        .routes(routes!(events::get_event))
        .routes(routes!(balance::get_balance))
        .routes(routes!(balance::list_balance_entries))
        .routes(routes!(
            webhook_endpoints::create_webhook_endpoint,
            webhook_endpoints::list_webhook_endpoints
        ))
        .routes(routes!(webhook_endpoints::get_webhook_endpoint, webhook_endpoints::delete_webhook_endpoint))
        .routes(routes!(webhook_endpoints::create_secret_rotation))
        .routes(routes!(webhook_endpoints::create_enablement))
        .routes(routes!(app::create_app_secret_rotation))
        .routes(routes!(webhook_endpoints::get_webhook_public_key))
        .routes(routes!(deliveries::list_deliveries))
        .routes(routes!(deliveries::get_delivery))
        .routes(routes!(deliveries::create_delivery_resend))
        .routes(routes!(get_openapi))
}

/// Get this document
///
/// No secret key is needed.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "document", operation_id = "get_openapi",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value), PublicErrors))]
async fn get_openapi() -> Response {
    static TEXT: LazyLock<String> =
        LazyLock::new(|| document().to_json().expect("a document of texts and numbers becomes JSON"));
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = operations().into_openapi();
    document.merge(sandbox::operations().into_openapi());
    document
}

/// The routes of `/v1`, the document among them.
pub fn router(api: Arc<Api>) -> Router {
    let (routes, _) = operations().split_for_parts();
    routes.with_state(api)
}
