//! The router of `/v1` and its OpenAPI 3.1 document, made from the same list of operations.

use std::sync::Arc;

use axum::{Json, Router, response::IntoResponse, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{resources::payments, state::Api};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tongbao",
        description = "The native API of the Tongbao payment platform. Amounts are integers in minor units; \
                       times are RFC 3339 in UTC; errors are RFC 9457 problem details with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&SecretKey),
    security(("secret_key" = []))
)]
struct Document;

struct SecretKey;

impl Modify for SecretKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A secret key of an app: `sk_sandbox_…` or `sk_live_…`."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("secret_key", SecurityScheme::Http(scheme));
    }
}

fn operations() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(payments::create_payment, payments::list_payments))
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::create_payment_closure))
}

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    operations().into_openapi()
}

/// The routes of `/v1`, the document among them.
pub fn router(api: Arc<Api>) -> Router {
    let (routes, document) = operations().split_for_parts();
    let document = Arc::new(document);
    let serve = move || std::future::ready(Json(Arc::clone(&document)).into_response());
    routes.route("/v1/openapi.json", get(serve)).with_state(api)
}
