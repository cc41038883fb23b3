//! The operations of the OpenAPI document, and for each a request that succeeds: what the four lists are
//! checked over. A new operation without a sample fails the tests.

use serde_json::{Value, json};
use tongbao_api::openapi::document;
use tongbao_core::api_key::Scope;
use tongbao_core::endpoint::{self, Endpoint, EndpointStatus};
use tongbao_core::id::EndpointId;
use tongbao_core::{ChangeSet, Facts};

use crate::api_rides::{entry, riding, shown};
use crate::api_shop::{Call, Shop, input, new_payment, payer};

/// The operations that need no key.
pub(crate) const PUBLIC: [&str; 5] = [
    "create_signature_examination",
    "get_openapi",
    "get_payment_timeline",
    "get_webhook_public_key",
    "list_refused_requests",
];

/// The operations that are no GET and change nothing.
pub(crate) const WITHOUT_CHANGE: [&str; 1] = ["create_signature_examination"];

/// The POST operations that are kept under no key: their answers hold a secret, or they change nothing.
pub(crate) const WITHOUT_IDEMPOTENCY_KEY: [&str; 4] = [
    "create_webhook_endpoint",
    "create_secret_rotation",
    "create_app_secret_rotation",
    "create_signature_examination",
];

/// One operation of the document.
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) source: Value,
}

impl Operation {
    /// Whether the document says that no key is needed.
    pub(crate) fn is_public(&self) -> bool {
        self.source["security"] == json!([{}])
    }

    pub(crate) fn documents(&self, status: u16) -> bool {
        self.source["responses"].get(status.to_string()).is_some()
    }

    /// Whether a path is one of this operation's.
    pub(crate) fn fits(&self, path: &str) -> bool {
        let path = path.split('?').next().unwrap();
        let (mine, other): (Vec<&str>, Vec<&str>) =
            (self.path.split('/').collect(), path.split('/').collect());
        let same = |(mine, other): (&&str, &&str)| mine.starts_with('{') || mine == other;
        mine.len() == other.len() && mine.iter().zip(&other).all(same)
    }

    /// The names of its query parameters.
    pub(crate) fn query(&self) -> Vec<String> {
        let parameters = self.source["parameters"].as_array().into_iter().flatten();
        let query = parameters.filter(|parameter| parameter["in"] == "query");
        query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    }
}

/// All operations of the document.
pub(crate) fn operations() -> Vec<Operation> {
    operations_of(&serde_json::to_value(document()).unwrap())
}

/// All operations of a document.
pub(crate) fn operations_of(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, source) in item.as_object().unwrap() {
            let method = match method.as_str() {
                "get" => "GET",
                "post" => "POST",
                "delete" => "DELETE",
                other => panic!("{other} {path}: teach these tests the method"),
            };
            let id = source["operationId"].as_str().unwrap().to_owned();
            operations.push(Operation { id, method, path: path.clone(), source: source.clone() });
        }
    }
    operations
}

/// A shop in which everything has happened once.
pub(crate) struct Stocked {
    pub(crate) shop: Shop,
    open: String,
    paid: String,
    refund: String,
    event: String,
    delivery: String,
    endpoint: String,
    disabled: String,
    ride: String,
    code: String,
}

/// An endpoint that failed for too long.
async fn disabled_endpoint(shop: &Shop) -> String {
    let hook = json!({ "url": "http://127.0.0.1:9/disabled" });
    let id = shop.ask(Call::post("/v1/webhook_endpoints", &hook)).await.text("/id");
    let (app, known): (_, EndpointId) = (shop.own.app, id.parse().unwrap());
    let disable = move |facts: &dyn Facts, _: &mut _| {
        let now = endpoint::owned(facts, app, known)?;
        let mut change = ChangeSet::default();
        change.put(Endpoint { version: now.version + 1, status: EndpointStatus::Disabled, ..now.clone() });
        Ok(change)
    };
    shop.engine.run(input("disable_endpoint"), disable).await.unwrap();
    id
}

impl Stocked {
    pub(crate) async fn new() -> Stocked {
        let shop = Shop::open().await;
        let hook = json!({ "url": "http://127.0.0.1:9/hook" });
        let endpoint = shop.ask(Call::post("/v1/webhook_endpoints", &hook)).await.text("/id");
        let open = shop.payment("open", 1_000).await;
        let paid = shop.paid("paid", 2_000).await;
        let body = json!({ "payment": paid, "refund_no": "first", "amount": 500 });
        let refund = shop.ask(Call::post("/v1/refunds", &body)).await.text("/id");
        let first = |rows: Vec<Value>| rows[0]["id"].as_str().unwrap().to_owned();
        let event = first(shop.list("/v1/events").await);
        let delivery = first(shop.list("/v1/deliveries").await);
        let disabled = disabled_endpoint(&shop).await;
        shop.ask(Call::post("/v1/collection_code", &json!({}))).await;
        let ride = riding(&shop, shop.payer, "first").await;
        let code = shown(&shop, payer(&shop.engine, 2, 0).await).await;
        Stocked { shop, open, paid, refund, event, delivery, endpoint, disabled, ride, code }
    }

    /// A request for this operation that succeeds, without a key; and the scope that its key needs.
    pub(crate) fn sample(&self, operation: &str) -> (Call, Option<Scope>) {
        let post = |path: String, body: Value| Call::post(path, &body);
        let get = |path: &str| Call::get(path);
        let read = Some(Scope::Read);
        let Stocked { open, paid, refund, event, delivery, endpoint, disabled, .. } = self;
        match operation {
            "create_payment" => create_payment(),
            "get_payment" => (get(&format!("/v1/payments/{open}")), read),
            "list_payments" => (get("/v1/payments?status=open&limit=10"), read),
            "create_payment_closure" => {
                (post(format!("/v1/payments/{open}/closure"), json!({})), Some(Scope::Payments))
            }
            "create_collection_code" => {
                (post("/v1/collection_code".to_owned(), json!({ "amount": 700 })), Some(Scope::Payments))
            }
            "get_collection_code" => (get("/v1/collection_code"), read),
            "create_refund" => {
                let body = json!({ "payment": paid, "refund_no": "new", "amount": 1 });
                (post("/v1/refunds".to_owned(), body), Some(Scope::Refunds))
            }
            "get_refund" => (get(&format!("/v1/refunds/{refund}")), read),
            "list_refunds" => (get(&format!("/v1/refunds?payment={paid}")), read),
            "create_ride" => (post("/v1/rides".to_owned(), entry("new", &self.code)), Some(Scope::Payments)),
            "create_ride_exit" => {
                let body = json!({ "station": "East", "amount": 400 });
                (post(format!("/v1/rides/{}/exit", self.ride), body), Some(Scope::Payments))
            }
            "get_ride" => (get(&format!("/v1/rides/{}", self.ride)), read),
            "list_rides" => (get("/v1/rides?status=riding&limit=10"), read),
            "get_event" => (get(&format!("/v1/events/{event}")), read),
            "list_events" => (get("/v1/events?order=asc"), read),
            "get_balance" => (get("/v1/balance"), read),
            "list_balance_entries" => (get("/v1/balance/entries?currency=CNY"), read),
            "create_webhook_endpoint" => {
                let body = json!({ "url": "http://localhost:9/other", "events": ["refund.failed"] });
                (post("/v1/webhook_endpoints".to_owned(), body), Some(Scope::Webhooks))
            }
            "get_webhook_endpoint" => (get(&format!("/v1/webhook_endpoints/{endpoint}")), read),
            "list_webhook_endpoints" => (get("/v1/webhook_endpoints"), read),
            "delete_webhook_endpoint" => {
                (Call::new("DELETE", format!("/v1/webhook_endpoints/{endpoint}")), Some(Scope::Webhooks))
            }
            "create_secret_rotation" => {
                let path = format!("/v1/webhook_endpoints/{endpoint}/secret_rotation");
                (Call::new("POST", path), Some(Scope::Webhooks))
            }
            "create_enablement" => {
                let path = format!("/v1/webhook_endpoints/{disabled}/enablement");
                (Call::new("POST", path), Some(Scope::Webhooks))
            }
            "create_app_secret_rotation" => {
                (Call::new("POST", "/v1/app/secret_rotation"), Some(Scope::Webhooks))
            }
            "get_webhook_public_key" => (get("/v1/webhook_public_key"), None),
            "get_delivery" => (get(&format!("/v1/deliveries/{delivery}")), read),
            "list_deliveries" => (get(&format!("/v1/deliveries?event={event}&status=due")), read),
            "create_delivery_resend" => {
                (Call::new("POST", format!("/v1/deliveries/{delivery}/resend")), Some(Scope::Webhooks))
            }
            "get_openapi" => (get("/v1/openapi.json"), None),
            "create_signature_examination" => {
                let body = json!({ "method": "GET", "url": "/v3/certificates", "authorization": "x" });
                (post("/sandbox/wechat/signature".to_owned(), body), None)
            }
            "list_refused_requests" => (get("/sandbox/wechat/refused"), None),
            "get_payment_timeline" => (get(&format!("/sandbox/payments/{paid}/timeline")), None),
            other => panic!("{other} has no sample: write one, so that it stands on the four lists"),
        }
    }
}

fn create_payment() -> (Call, Option<Scope>) {
    (Call::post("/v1/payments".to_owned(), &new_payment("new", 100)), Some(Scope::Payments))
}
