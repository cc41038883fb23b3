//! Two payers with phones, cards and money, signed in to the payers' API.

use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use tongbao_core::{
    Facts, List,
    facts::Entity as _,
    id::PayerId,
    ledger::Channel,
    message::{Message, Text},
    payer::{self, NewPayer},
};
use tongbao_engine::{
    Engine,
    account::{Device as Seat, DeviceSecret, SessionSecret},
    auth::mask_phone,
    vault::Field,
};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::Query;

use crate::{
    api_shop::{BASE_URL, Call, Reply, Shop, input},
    authenticator::Device,
};

/// The payment password of every payer here.
pub(crate) const PASSWORD: &str = "135790";
/// What each of them has at the beginning, in fen.
pub(crate) const HAS: i64 = 2_000_000;
/// The domain and the origin of passkeys.
pub(crate) const PARTY: (&str, &str) = ("localhost", BASE_URL);
/// The origin of somebody else's pages.
pub(crate) const BASE_URL_OF_ANOTHER: &str = "https://evil.example";
/// A biller of the sandbox.
pub(crate) const BILLER: &str = "sandbox_water";
/// An account there of which all goes well.
pub(crate) const UTILITY_ACCOUNT: &str = "1000000001";
/// A debit card of the sandbox's bank of which all goes well.
pub(crate) const CARD: &str = "6200000000000013";

/// A payer, signed in.
#[derive(Clone)]
pub(crate) struct Purse {
    pub(crate) id: PayerId,
    pub(crate) token: String,
    /// How the other one, who has looked it up, names it as a recipient.
    pub(crate) seen_as: String,
}

/// The hash takes a while, so there is one for all: of the vault of every shop, whose master key is the same.
fn hash(engine: &Engine) -> String {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| engine.vault.hash_password(PASSWORD, &[3; 16])).clone()
}

/// The token of a session, as an app is answered it.
pub(crate) fn token(payer: PayerId, device: &DeviceSecret, secret: &SessionSecret) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use tongbao_core::id::TypedId as _;
    let bytes = [payer.uuid().as_bytes().as_slice(), device.bytes(), secret.bytes()].concat();
    format!("pt_sandbox_{}", URL_SAFE_NO_PAD.encode(bytes))
}

impl Purse {
    /// A payer known by rules of the institution's own, with money.
    pub(crate) async fn new(shop: &Shop, phone: &str) -> Purse {
        let purse = Purse::empty(shop, phone).await;
        let money = Money { amount: Amount::new(HAS).unwrap(), currency: Currency::CNY };
        let id = purse.id;
        let top_up =
            move |facts: &dyn Facts, _: &mut _| payer::top_up(facts, id, Channel::SandboxBank, money);
        shop.engine.run(input("top_up"), top_up).await.unwrap();
        purse
    }

    /// The same without money.
    pub(crate) async fn empty(shop: &Shop, phone: &str) -> Purse {
        let engine = &shop.engine;
        let new = NewPayer {
            phone_sealed: engine.vault.seal(Field::Phone, phone),
            phone_digest: engine.vault.digest("phone", phone),
            phone_hint: mask_phone(phone),
            password: hash(engine),
        };
        let make = move |facts: &dyn Facts, cx: &mut _| payer::create(facts, cx, &new);
        let id = engine.step(input("create_payer"), make).await.unwrap();
        let device = engine.new_device_secret();
        let secret = engine
            .begin_session(id, Seat { secret: &device, name: "Test phone", address: None })
            .await
            .unwrap();
        Purse { id, token: token(id, &device, &secret), seen_as: id.to_string() }
    }

    /// Two payers who have looked each other up.
    pub(crate) async fn two(shop: &Shop) -> (Purse, Purse) {
        let (mut one, mut other) =
            (Purse::new(shop, "17000000001").await, Purse::new(shop, "17000000002").await);
        one.seen_as = shop.engine.seal_payee(other.id, one.id);
        other.seen_as = shop.engine.seal_payee(one.id, other.id);
        (one, other)
    }

    /// Sends a request as this payer.
    pub(crate) async fn ask(&self, shop: &Shop, call: Call) -> Reply {
        shop.send(call.key(&self.token)).await
    }

    /// A POST of JSON under a key; it must succeed.
    pub(crate) async fn done(&self, shop: &Shop, (path, key): (&str, &str), body: &Value) -> Value {
        let reply = self.ask(shop, Call::post(path, body).idempotent(key)).await;
        assert!(reply.is_success(), "{path}: {reply:?}");
        reply.json()
    }

    /// Binds a card, whose id it gives.
    pub(crate) async fn bind(&self, shop: &Shop, number: &str) -> String {
        let reply = self.ask(shop, Call::post("/payer/v1/cards", &new_card(number))).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.text("/id")
    }

    /// Has a code sent for something.
    pub(crate) async fn send_code(&self, shop: &Shop, purpose: &str) {
        let call = Call::post("/payer/v1/security_codes", &json!({ "purpose": purpose }));
        let reply = self.ask(shop, call).await;
        assert_eq!(reply.status, 202, "{reply:?}");
    }

    /// What a device is asked to make.
    pub(crate) async fn begin_passkey(&self, shop: &Shop) -> Value {
        self.send_code(shop, "passkey").await;
        let body = json!({ "password": PASSWORD, "code": last_code(&shop.engine) });
        let reply = self.ask(shop, Call::post("/payer/v1/passkey_registrations", &body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.json()["options"].clone()
    }

    /// Adds a passkey, whose id it gives.
    pub(crate) async fn add_passkey(&self, shop: &Shop, device: &Device) -> String {
        let options = self.begin_passkey(shop).await;
        let made = device.make(options["challenge"].as_str().unwrap());
        let body = json!({ "name": "Phone", "credential": credential(&made) });
        let reply = self.ask(shop, Call::post("/payer/v1/passkeys", &body)).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.text("/id")
    }

    /// Closes the account; the refusal, if it stays.
    pub(crate) async fn close(&self, shop: &Shop) -> Result<Value, Reply> {
        self.send_code(shop, "account_closing").await;
        let body = json!({ "password": PASSWORD, "code": last_code(&shop.engine) });
        let reply = self.ask(shop, Call::post("/payer/v1/account_closings", &body)).await;
        if reply.status == 201 { Ok(reply.json()) } else { Err(reply) }
    }

    /// What is due on an account.
    pub(crate) async fn offer(&self, shop: &Shop, account: &str) -> String {
        let body = json!({ "biller": BILLER, "account": account });
        let reply = self.ask(shop, Call::post("/payer/v1/utility_look_ups", &body)).await;
        assert_eq!(reply.text("/status"), "due", "{reply:?}");
        reply.text("/offer")
    }

    /// What the payer can spend.
    pub(crate) async fn available(&self, shop: &Shop) -> i64 {
        self.ask(shop, Call::get("/payer/v1/balance")).await.json()["available"].as_i64().unwrap()
    }
}

/// A card to bind.
pub(crate) fn new_card(number: &str) -> Value {
    json!({ "number": number, "phone": "17000000009", "name": "测试", "id_number": "990000199001010017" })
}

/// The code that was sent last, as the inbox shows it.
pub(crate) fn last_code(engine: &Arc<Engine>) -> String {
    let query = Query::List { list: List::Messages, after: None, newest_first: true, limit: 10 };
    let records = engine.store.records(query).unwrap();
    let code = records.iter().filter_map(Message::of).find_map(|message| match &message.text {
        Text::SignInCode(code) | Text::SecurityCode(code) | Text::MailCode(code) => Some(code.clone()),
        _ => None,
    });
    code.unwrap()
}

/// What a device has made, as the API wants it.
pub(crate) fn credential(made: &Value) -> Value {
    json!({
        "credential_id": made["id"],
        "client_data_json": made["client"],
        "authenticator_data": made["authenticator"],
        "public_key": made["public_key"],
        "public_key_algorithm": made["algorithm"],
    })
}

/// What a device has signed, as the API wants it; whose passkey it says it is.
pub(crate) fn assertion(signed: &Value, user: Option<PayerId>) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use tongbao_core::id::TypedId as _;
    json!({
        "credential_id": signed["id"],
        "client_data_json": signed["client"],
        "authenticator_data": signed["authenticator"],
        "signature": signed["signature"],
        "user_handle": user.map(|user| URL_SAFE_NO_PAD.encode(user.uuid().as_bytes())),
    })
}
