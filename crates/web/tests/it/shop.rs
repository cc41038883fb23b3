//! An instance with a merchant, an app, an endpoint and two payers.

use std::{collections::BTreeMap, sync::Arc};

use axum::Router;
use serde_json::json;
use tongbao_core::{
    Actor, List,
    endpoint::{self, NewEndpoint},
    id::{AppId, PayerId, PaymentId},
    ledger::Channel,
    merchant::{self, NewMerchant},
    message::{Message, Text},
    payer,
    payment::{
        Item, Payment,
        create::{NewPayment, create},
    },
    sandbox,
};
use tongbao_engine::{Engine, Input, Mode};
use tongbao_money::{Amount, BasisPoints, Currency, Money};
use tongbao_store::{Query, Store, model::ModelStore};
use tongbao_web::{
    handlers::{Pages, SandboxNotes, router, sandbox_router},
    sandbox::{CommandPurpose, CommandView},
};

use crate::browser::{Browser, Page};

pub(crate) const BASE: &str = "http://127.0.0.1:8080";
/// Has 10,000 yuan.
pub(crate) const RICH: &str = "17000000001";
/// Has one yuan.
pub(crate) const POOR: &str = "17000000002";
pub(crate) const PASSWORD: &str = "111111";

pub(crate) struct Shop {
    pub(crate) engine: Arc<Engine>,
    pub(crate) router: Router,
    pub(crate) app: AppId,
    pub(crate) rich: PayerId,
    pub(crate) poor: PayerId,
}

pub(crate) fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

pub(crate) fn fen(amount: i64) -> Money {
    Money { amount: Amount::new(amount).unwrap(), currency: Currency::CNY }
}

impl Shop {
    pub(crate) async fn sandbox() -> Shop {
        Shop::open(Mode::Sandbox, BASE).await
    }

    pub(crate) async fn open(mode: Mode, base_url: &str) -> Shop {
        let store: Arc<dyn Store> = Arc::new(ModelStore::default());
        let engine = Arc::new(Engine::new(store, mode, &[7; 32]).unwrap());
        if mode == Mode::Sandbox {
            engine.run(input("mark_sandbox"), sandbox::mark).await.unwrap();
        }
        let app = merchant(&engine).await;
        let rich = payer(&engine, RICH, 1_000_000).await;
        let poor = payer(&engine, POOR, 100).await;
        let pages =
            Pages::new(Arc::clone(&engine), base_url, json!({"info": {"title": "Shop API", "version": "1"}}));
        let mut routes = router(Arc::clone(&pages));
        if mode == Mode::Sandbox {
            let notes = SandboxNotes {
                keys_path: "tongbao-sandbox/sandbox.json".into(),
                commands: vec![CommandView {
                    purpose: CommandPurpose::Create,
                    command: "tongbao pay".into(),
                }],
                passwords: BTreeMap::from([(rich, PASSWORD.to_owned())]),
                render_event: Arc::new(|event| {
                    format!("{{\"type\":\"{}\"}}", event.kind.name()).into_bytes()
                }),
            };
            routes = routes.merge(sandbox_router(pages, notes));
        }
        Shop { engine, router: routes, app, rich, poor }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.router)
    }

    /// A payment of 128.50 yuan; gives its id and the path of its cashier.
    pub(crate) async fn payment(&self, description: &str) -> (PaymentId, String) {
        self.payment_of(description, 12_850).await
    }

    /// The same of another amount, in fen.
    pub(crate) async fn payment_of(&self, description: &str, minor: i64) -> (PaymentId, String) {
        let new = NewPayment {
            order_no: format!("order-{}", tongbao_engine::auth::hex(&self.engine.entropy.seed())),
            money: fen(minor),
            description: description.to_owned(),
            items: vec![Item { name: description.to_owned(), quantity: 2, unit_amount: fen(6_425).amount }],
            metadata: BTreeMap::new(),
            notify_url: None,
            return_url: Some("https://shop.example/orders/1".into()),
            expires_in_s: 900,
        };
        let app = self.app;
        let step = self.engine.step(input("create_payment"), move |facts, cx| create(facts, cx, app, &new));
        let id = step.await.unwrap().payment.id;
        (id, format!("/cashier/{id}"))
    }

    pub(crate) fn read(&self, id: PaymentId) -> Payment {
        self.engine.store.get::<Payment>(id).unwrap().unwrap()
    }

    /// The one-time code that was sent last.
    pub(crate) fn last_code(&self) -> String {
        let code = |message: Message| match message.text {
            Text::SignInCode(code) | Text::SecurityCode(code) | Text::MailCode(code) => Some(code),
            _ => None,
        };
        self.messages().into_iter().find_map(code).expect("a code was sent")
    }

    /// Newest first.
    pub(crate) fn messages(&self) -> Vec<Message> {
        let query = Query::List { list: List::Messages, after: None, newest_first: true, limit: 100 };
        let records = self.engine.store.records(query).unwrap();
        let message = |record: &_| <Message as tongbao_core::facts::Entity>::of(record).cloned();
        records.iter().filter_map(message).collect()
    }

    /// Signs in on the cashier at `path` and gives the page that follows.
    pub(crate) async fn sign_in(&self, browser: &mut Browser, path: &str, phone: &str) -> Page {
        let page = browser.get(path).await;
        let page = browser.submit(&page, &format!("{path}/code"), &[("phone", phone)]).await;
        let code = self.last_code();
        browser.submit(&page, &format!("{path}/session"), &[("phone", phone), ("code", &code)]).await
    }
}

async fn merchant(engine: &Engine) -> AppId {
    let secret = engine.new_webhook_secret().1;
    let fee_rate = BasisPoints::new(60).unwrap();
    let new = NewMerchant { name: "沙箱茶馆".into(), fee_rate, secret: secret.clone() };
    let made = engine.step(input("create_merchant"), move |_, cx| {
        let (change, _, app) = merchant::create(cx, &new);
        Ok((change, app))
    });
    let app = made.await.unwrap();
    let new = NewEndpoint { url: "http://127.0.0.1:9/notify".into(), events: Vec::new(), secret };
    engine
        .step(input("create_endpoint"), move |facts, cx| endpoint::create(facts, cx, app, &new))
        .await
        .unwrap();
    app
}

async fn payer(engine: &Engine, phone: &str, balance: i64) -> PayerId {
    let new = engine.new_payer(phone, PASSWORD);
    let id =
        engine.step(input("create_payer"), move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
    let top_up = move |facts: &dyn tongbao_core::Facts, _: &mut _| {
        payer::top_up(facts, id, Channel::SandboxBank, fen(balance))
    };
    engine.run(input("top_up"), top_up).await.unwrap();
    id
}
