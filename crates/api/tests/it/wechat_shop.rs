//! A shop that is a merchant of WeChat Pay's interface, and a client that signs as its SDK would.

use std::sync::{Arc, LazyLock};

use axum::Router;
use serde_json::{Value, json};
use tongbao_api::Api;
use tongbao_api::rate::Quota;
use tongbao_api::wechat::{self, render_order_event};
use tongbao_channel::wechat::answer::Headers;
use tongbao_channel::wechat::authority::Authority;
use tongbao_channel::wechat::authorization::Authorization;
use tongbao_channel::wechat::certificate::Certificate;
use tongbao_channel::wechat::envelope::ApiV3Key;
use tongbao_channel::wechat::message;
use tongbao_channel::wechat::serial::{KeyName, Serial};
use tongbao_channel::wechat::signature::{SigningKey, VerifyingKey};
use tongbao_core::Facts;
use tongbao_core::id::AppId;
use tongbao_core::wechat::merchant::{self as identities, KeyMode};
use tongbao_core::wechat::platform;
use tongbao_engine::wechat::found::{Enrolment, Founded};
use tongbao_engine::{Deliveries, Engine, Mode, Worker, webhook};
use tongbao_store::model::ModelStore;

use crate::api_shop::{BASE_URL, Call, Reply, Shop, input, send};

pub(crate) const MCHID: &str = "1900000001";
pub(crate) const OTHER_MCHID: &str = "1900000002";
pub(crate) const APPID: &str = "wx0000000000000001";

/// Made once: keys take their time. All shops have the same master key, so all can open what was sealed here.
static FOUNDED: LazyLock<Founded> = LazyLock::new(|| {
    let engine = Engine::new(Arc::new(ModelStore::default()), Mode::Sandbox, &[7; 32]).unwrap();
    engine.found_wechat("Test").unwrap()
});

/// One of the two ways in which a merchant verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verify {
    PublicKey,
    Certificates,
}

/// What an SDK is configured with.
pub(crate) struct Client {
    pub(crate) mchid: String,
    pub(crate) key: SigningKey,
    pub(crate) serial: Serial,
    pub(crate) api_v3_key: ApiV3Key,
    pub(crate) verify: Verify,
}

pub(crate) struct WechatShop {
    pub(crate) shop: Shop,
    pub(crate) client: Client,
    pub(crate) router: Router,
}

/// Far more than a test asks.
const QUOTA: Quota = Quota::new(10_000, 10_000);

impl WechatShop {
    pub(crate) async fn open() -> WechatShop {
        WechatShop::with(QUOTA).await
    }

    /// A shop whose merchant may ask this often.
    pub(crate) async fn with(quota: Quota) -> WechatShop {
        let shop = Shop::open().await;
        let found = |facts: &dyn Facts, cx: &mut _| platform::found(facts, cx, &FOUNDED.platform);
        shop.engine.step(input("found_platform"), found).await.unwrap();
        let client = enrol(&shop.engine, &FOUNDED.authority, MCHID, shop.own.app).await;
        let api = Api::new(Arc::clone(&shop.engine), BASE_URL);
        let router = shop.router.clone().merge(wechat::router(api, quota));
        WechatShop { shop, client, router }
    }

    /// Another merchant of the same instance.
    pub(crate) async fn stranger(&self) -> Client {
        let app = self.shop.stranger().await.app;
        enrol(&self.shop.engine, &FOUNDED.authority, OTHER_MCHID, app).await
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shop.engine
    }

    /// How the bound app names the shop's payer.
    pub(crate) fn openid(&self) -> String {
        self.engine().wechat_openid(APPID, self.shop.payer)
    }

    pub(crate) async fn send(&self, call: Call) -> Reply {
        send(self.router.clone(), call).await
    }

    pub(crate) fn get(&self, target: &str) -> Call {
        self.client.signed(self.engine(), "GET", target, b"")
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Call {
        self.client.signed(self.engine(), "POST", target, body.to_string().as_bytes())
    }

    /// Sends a signed request; what comes back must be signed if it is good, and must not be if it is not.
    pub(crate) async fn ask(&self, call: Call) -> Reply {
        let reply = self.send(call).await;
        self.client.check(self.engine(), &reply);
        reply
    }

    /// An order of 100 fen that is placed for native paying; its code URL.
    pub(crate) async fn native(&self, out_trade_no: &str) -> String {
        let reply = self.ask(self.post("/v3/pay/transactions/native", &new_order(out_trade_no))).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.text("/code_url")
    }

    /// The payer pays by a code.
    pub(crate) async fn pay(&self, code: &str) -> Reply {
        let body = json!({ "payer": self.shop.payer.to_string(), "code": code });
        self.send(Call::post("/sandbox/phone/pay", &body)).await
    }

    /// An order of 100 fen that was paid.
    pub(crate) async fn paid(&self, out_trade_no: &str) {
        let code = self.native(out_trade_no).await;
        assert_eq!(self.pay(&code).await.json()["paid"], true);
    }

    pub(crate) async fn query(&self, out_trade_no: &str) -> Reply {
        self.ask(self.get(&format!("/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={MCHID}"))).await
    }

    /// Changes the merchant's identity.
    pub(crate) async fn identity(
        &self,
        change: impl Fn(&dyn Facts, &tongbao_core::Context) -> Result<tongbao_core::ChangeSet, tongbao_core::Stop>
        + Send
        + 'static,
    ) {
        let step = move |facts: &dyn Facts, cx: &mut tongbao_core::Context| change(facts, cx);
        self.engine().run(input("change_identity"), step).await.unwrap();
        // What was looked up is believed for a second.
        self.shop.tick();
        self.shop.tick();
    }

    pub(crate) async fn set_key_mode(&self, mode: KeyMode) {
        self.identity(move |facts, _| identities::set_key_mode(facts, MCHID, mode)).await;
    }

    /// A worker that tells merchants.
    pub(crate) fn worker(&self) -> Worker {
        let sender = webhook::Sender::new(webhook::Policy::LoopbackToo).unwrap();
        let render = tongbao_api::event_body::render_event(BASE_URL);
        let deliveries = Deliveries::new(sender, render).with_orders(render_order_event());
        Worker::new(Arc::clone(&self.shop.engine), deliveries)
    }
}

async fn enrol(engine: &Engine, authority: &Authority, mchid: &str, app: AppId) -> Client {
    let appids = [APPID.to_owned()];
    let who = Enrolment { mchid, organization: "Tea House", app, appids: &appids, key_mode: KeyMode::Both };
    let enrolled = engine.enrol_wechat(authority, &who).unwrap();
    let new = enrolled.merchant;
    let register = move |facts: &dyn Facts, cx: &mut _| identities::register(facts, cx, &new);
    engine.step(input("register"), register).await.unwrap();
    Client {
        mchid: mchid.to_owned(),
        key: SigningKey::from_pem(&enrolled.private_key).unwrap(),
        serial: Certificate::from_pem(&enrolled.certificate).unwrap().serial(),
        api_v3_key: ApiV3Key::new(enrolled.api_v3_key.as_bytes()).unwrap(),
        verify: Verify::Certificates,
    }
}

/// The smallest order.
pub(crate) fn new_order(out_trade_no: &str) -> Value {
    json!({
        "appid": APPID,
        "mchid": MCHID,
        "description": "一壶茶",
        "out_trade_no": out_trade_no,
        "notify_url": "https://shop.example.com/notify",
        "amount": { "total": 100 },
    })
}

/// The same with some fields put in, or taken out where they are null.
pub(crate) fn order_with(out_trade_no: &str, fields: &Value) -> Value {
    let mut order = new_order(out_trade_no);
    for (name, value) in fields.as_object().unwrap() {
        if value.is_null() {
            order.as_object_mut().unwrap().remove(name);
        } else {
            order[name] = value.clone();
        }
    }
    order
}

impl Client {
    /// The value of `Authorization` for a request that is signed now.
    pub(crate) fn authorization(&self, engine: &Engine, method: &str, target: &str, body: &[u8]) -> String {
        let nonce = tongbao_channel::wechat::draw::nonce(engine.entropy.seed());
        self.authorization_at(engine.clock.world().ms() / 1_000, &nonce, method, target, body)
    }

    pub(crate) fn authorization_at(
        &self,
        timestamp_s: i64,
        nonce: &str,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> String {
        let request = message::Request { method, target, timestamp_s, nonce, body };
        let signature = self.key.sign(&request.message());
        let signed = Authorization::new(&self.mchid, nonce, timestamp_s, self.serial, &signature);
        signed.unwrap().to_string()
    }

    /// A request with everything that is needed.
    pub(crate) fn signed(&self, engine: &Engine, method: &'static str, target: &str, body: &[u8]) -> Call {
        let call = Call { body: body.to_vec(), ..Call::new(method, target) }
            .header("accept", "application/json")
            .header("user-agent", "test")
            .header("content-type", "application/json")
            .header("authorization", self.authorization(engine, method, target, body));
        match self.verify {
            Verify::PublicKey => call.header("wechatpay-serial", FOUNDED.platform.public_key.id.clone()),
            Verify::Certificates => call,
        }
    }

    /// The platform's key that this client knows.
    pub(crate) fn platform_key(&self) -> (KeyName, VerifyingKey) {
        let platform = &FOUNDED.platform;
        match self.verify {
            Verify::PublicKey => (
                platform.public_key.id.parse().unwrap(),
                VerifyingKey::from_pem(&platform.public_key.public_key).unwrap(),
            ),
            Verify::Certificates => (
                platform.certificate.serial.parse().unwrap(),
                VerifyingKey::from_pem(&platform.certificate.certificate).unwrap(),
            ),
        }
    }

    /// Verifies five headers over a body.
    pub(crate) fn believes(&self, engine: &Engine, headers: &http::HeaderMap, body: &[u8]) -> bool {
        let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let Ok(read) = Headers::read(pairs) else { return false };
        let (name, key) = self.platform_key();
        read.key == name && read.verify(&key, engine.clock.world(), body).is_ok()
    }

    /// Checks the headers of an answer.
    #[track_caller]
    pub(crate) fn check(&self, engine: &Engine, reply: &Reply) {
        let signed = reply.headers.keys().filter(|name| name.as_str().starts_with("wechatpay-")).count();
        let request_id = reply.headers["request-id"].to_str().unwrap();
        let (digits, number) = request_id.split_once('-').unwrap();
        assert!(digits.len() == 32 && number.parse::<u32>().is_ok(), "{request_id}");
        assert_eq!(reply.headers["content-language"], "zh-CN");
        assert_eq!(reply.headers["cache-control"], "no-cache, must-revalidate");
        if reply.is_success() {
            assert_eq!((signed, number), (5, "0"), "{reply:?}");
            assert!(self.believes(engine, &reply.headers, &reply.body), "{reply:?}");
        } else {
            assert_eq!(signed, 0, "{reply:?}");
            assert_ne!(number, "0");
            assert!(reply.json()["code"].is_string() && reply.json()["message"].is_string());
        }
        if !reply.body.is_empty() {
            assert_eq!(reply.headers["content-type"], "application/json; charset=utf-8");
        }
    }
}

impl Reply {
    /// Checks that the answer is this refusal of the door.
    #[track_caller]
    pub(crate) fn denied(&self, status: u16, code: &str, number: u32) {
        let request_id = self.headers["request-id"].to_str().unwrap().to_owned();
        let (_, told) = request_id.split_once('-').unwrap();
        assert_eq!((self.status, self.text("/code")), (status, code.to_owned()), "{:?}", self.json());
        assert_eq!(told, number.to_string(), "{:?}", self.json());
    }
}
