//! An instance in memory with a merchant, a payer with money, and a client that calls the router itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tongbao_api::listener::{Arrival, RequestId};
use tongbao_api::{Api, openapi, payer as payer_api, sandbox};
use tongbao_core::api_key::{self, Scope};
use tongbao_core::id::{ApiKeyId, AppId, PayerId};
use tongbao_core::ledger::Channel;
use tongbao_core::merchant::{self, NewMerchant};
use tongbao_core::payer::{self, NewPayer};
use tongbao_core::{Actor, Time};
use tongbao_engine::{Engine, Input, Mode};
use tongbao_money::{Amount, BasisPoints, Currency, Money};
use tongbao_store::Store;
use tongbao_store::model::ModelStore;
use tower::ServiceExt;

/// Where these instances say they are reached.
pub(crate) const BASE_URL: &str = "http://localhost:8080";
/// The platform's fee: 0.60 %.
pub(crate) const FEE_BPS: u16 = 60;
/// What the payer has at the beginning, in fen.
pub(crate) const PAYER_HAS: i64 = 1_000_000;

pub(crate) fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

/// A merchant with its app and a key that may do everything.
#[derive(Clone, Debug)]
pub(crate) struct Merchant {
    pub(crate) app: AppId,
    pub(crate) key: String,
}

pub(crate) struct Shop {
    pub(crate) engine: Arc<Engine>,
    pub(crate) router: Router,
    pub(crate) own: Merchant,
    pub(crate) payer: PayerId,
    ahead_s: AtomicI64,
}

impl Shop {
    /// A sandbox in memory.
    pub(crate) async fn open() -> Shop {
        Shop::over(Arc::new(ModelStore::default()), Mode::Sandbox).await
    }

    /// A sandbox in memory that is reached elsewhere.
    pub(crate) async fn at(base_url: &str) -> Shop {
        Shop::reached_at(base_url, Arc::new(ModelStore::default()), Mode::Sandbox).await
    }

    /// An instance over a store.
    pub(crate) async fn over(store: Arc<dyn Store>, mode: Mode) -> Shop {
        Shop::reached_at(BASE_URL, store, mode).await
    }

    async fn reached_at(base_url: &str, store: Arc<dyn Store>, mode: Mode) -> Shop {
        let engine = Arc::new(Engine::new(store, mode, &[7; 32]).unwrap());
        let api = Api::new(Arc::clone(&engine), base_url);
        let router = openapi::router(Arc::clone(&api)).merge(payer_api::router(Arc::clone(&api)));
        let router = router.merge(sandbox::sandbox_router(api));
        let own = merchant(&engine).await;
        let payer = payer(&engine, 1, PAYER_HAS).await;
        Shop { engine, router, own, payer, ahead_s: AtomicI64::new(0) }
    }

    /// Lets a second pass, so that what comes next has a later id: within a millisecond ids are in no order.
    pub(crate) fn tick(&self) {
        self.engine.clock.set_ahead_s(self.ahead_s.fetch_add(1, Ordering::Relaxed) + 1);
    }

    /// Another merchant of the same instance.
    pub(crate) async fn stranger(&self) -> Merchant {
        merchant(&self.engine).await
    }

    /// A key of the shop's app.
    pub(crate) async fn key(&self, scopes: &[Scope], networks: &[&str], expires_at: Option<Time>) -> String {
        self.key_with_id(scopes, networks, expires_at).await.0
    }

    pub(crate) async fn key_with_id(
        &self,
        scopes: &[Scope],
        networks: &[&str],
        expires_at: Option<Time>,
    ) -> (String, ApiKeyId) {
        key(&self.engine, self.own.app, scopes, networks, expires_at).await
    }

    /// Sends a request.
    pub(crate) async fn send(&self, call: Call) -> Reply {
        send(self.router.clone(), call).await
    }

    /// Sends a request with the shop's own key.
    pub(crate) async fn ask(&self, call: Call) -> Reply {
        let call = call.key(&self.own.key);
        self.send(call).await
    }

    /// Creates a payment of so many fen and gives its id.
    pub(crate) async fn payment(&self, order_no: &str, amount: i64) -> String {
        let reply = self.ask(Call::post("/v1/payments", &new_payment(order_no, amount))).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.text("/id")
    }

    /// The payer pays from the balance.
    pub(crate) async fn pay(&self, payment: &str) -> Reply {
        let body = json!({ "payer": self.payer.to_string(), "code": payment });
        self.send(Call::post("/sandbox/phone/pay", &body)).await
    }

    /// A payment of so many fen that was paid.
    pub(crate) async fn paid(&self, order_no: &str, amount: i64) -> String {
        let payment = self.payment(order_no, amount).await;
        let reply = self.pay(&payment).await;
        assert_eq!(reply.json()["paid"], true, "{reply:?}");
        payment
    }

    /// The rows of a list.
    pub(crate) async fn list(&self, path: &str) -> Vec<Value> {
        let reply = self.ask(Call::get(path)).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()["data"].as_array().unwrap().clone()
    }
}

/// The smallest request for a payment.
pub(crate) fn new_payment(order_no: &str, amount: i64) -> Value {
    json!({ "order_no": order_no, "amount": amount, "currency": "CNY", "description": "A pot of tea" })
}

async fn merchant(engine: &Engine) -> Merchant {
    let (_, secret) = engine.new_webhook_secret();
    let fee_rate = BasisPoints::new(FEE_BPS).unwrap();
    let new = NewMerchant { name: "Tea House 茶馆".to_owned(), fee_rate, secret };
    let make = move |_: &dyn tongbao_core::Facts, cx: &mut _| {
        let (change, _, app) = merchant::create(cx, &new);
        Ok((change, app))
    };
    let app = engine.step(input("create_merchant"), make).await.unwrap();
    let (key, _) = key(engine, app, &Scope::ALL, &[], None).await;
    Merchant { app, key }
}

async fn key(
    engine: &Engine,
    app: AppId,
    scopes: &[Scope],
    networks: &[&str],
    expires_at: Option<Time>,
) -> (String, ApiKeyId) {
    let networks = networks.iter().map(|network| (*network).to_owned()).collect();
    let (secret, new) = engine.new_secret_key(scopes.to_vec(), networks, expires_at);
    let make = move |facts: &dyn tongbao_core::Facts, cx: &mut _| api_key::create(facts, cx, app, &new);
    (secret, engine.step(input("create_api_key"), make).await.unwrap())
}

/// A payer who can only use the sandbox's phone: nobody knows the password that this hash belongs to.
pub(crate) async fn payer(engine: &Engine, number: u8, minor: i64) -> PayerId {
    let new = NewPayer {
        phone_sealed: "sealed".to_owned(),
        phone_digest: [number; 32],
        phone_hint: "170****0001".to_owned(),
        password: "$argon2id$".to_owned(),
    };
    let make = move |facts: &dyn tongbao_core::Facts, cx: &mut _| payer::create(facts, cx, &new);
    let id = engine.step(input("create_payer"), make).await.unwrap();
    let money = Money { amount: Amount::new(minor).unwrap(), currency: Currency::CNY };
    let top_up = move |facts: &dyn tongbao_core::Facts, _: &mut _| {
        payer::top_up(facts, id, Channel::SandboxBank, money)
    };
    engine.run(input("top_up"), top_up).await.unwrap();
    id
}

/// A request in the making.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) peer: SocketAddr,
}

impl Call {
    pub(crate) fn new(method: &'static str, path: impl Into<String>) -> Call {
        let peer = SocketAddr::from(([127, 0, 0, 1], 50_000));
        Call { method, path: path.into(), headers: Vec::new(), body: Vec::new(), peer }
    }

    pub(crate) fn get(path: impl Into<String>) -> Call {
        Call::new("GET", path)
    }

    /// A POST of JSON.
    pub(crate) fn post(path: impl Into<String>, body: &Value) -> Call {
        Call::post_raw(path, body.to_string())
    }

    /// A POST that says it is JSON.
    pub(crate) fn post_raw(path: impl Into<String>, body: impl Into<Vec<u8>>) -> Call {
        Call { body: body.into(), ..Call::new("POST", path).header("content-type", "application/json") }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Call {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn key(self, secret: &str) -> Call {
        self.header("authorization", format!("Bearer {secret}"))
    }

    pub(crate) fn idempotent(self, key: &str) -> Call {
        self.header("idempotency-key", key)
    }
}

/// Sends a request to a router, as the listener would.
pub(crate) async fn send(router: Router, call: Call) -> Reply {
    let mut request = Request::builder().method(call.method).uri(&call.path);
    for (name, value) in &call.headers {
        request = request.header(*name, value);
    }
    let arrival = Arrival { peer: call.peer, request_id: RequestId::from_u128(1), secure: false };
    let request = request.extension(arrival).body(Body::from(call.body)).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes().to_vec();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The text at this JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        json.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {pointer}: {json}"))
            .to_owned()
    }

    pub(crate) fn is_success(&self) -> bool {
        StatusCode::from_u16(self.status).unwrap().is_success()
    }

    pub(crate) fn is_replayed(&self) -> bool {
        self.headers.get("idempotency-replayed").is_some_and(|value| value == "true")
    }

    /// The status, code and param of a problem, once its form has been checked.
    pub(crate) fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        let json = self.json();
        assert_eq!(json["status"], self.status);
        assert!(json["title"].is_string() && json["detail"].is_string(), "{json}");
        let param = json["param"].as_str().unwrap_or_default().to_owned();
        (self.status, json["code"].as_str().unwrap().to_owned(), param)
    }

    /// Checks that the answer is this refusal.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str, param: &str) {
        assert_eq!(self.problem(), (status, code.to_owned(), param.to_owned()), "{:?}", self.json());
    }
}
