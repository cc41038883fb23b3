//! The operations of the payers' document, and for each a request that succeeds: what the four lists are checked over.
//! A new operation without a sample fails the tests.

use serde_json::{Value, json};

use crate::{
    api_operations::{Operation, operations_of},
    api_shop::{Call, Shop},
    payer_purse::{CARD, PASSWORD, Purse, last_code, new_card},
};

/// The operations that need no session.
pub(crate) const PUBLIC: [&str; 4] = ["create_code", "create_payer", "create_session", "get_openapi"];

/// The operations that are kept under a key: money moves.
pub(crate) const WITH_IDEMPOTENCY_KEY: [&str; 9] = [
    "create_attempt",
    "create_collection_payment",
    "create_proof",
    "create_top_up",
    "create_transfer",
    "create_transfer_acceptance",
    "create_transfer_refusal",
    "create_transfer_withdrawal",
    "create_withdrawal",
];

/// A number that nobody has.
pub(crate) const NEW_PHONE: &str = "17000000077";

/// All operations of the payers' document.
pub(crate) fn payer_operations() -> Vec<Operation> {
    operations_of(&serde_json::to_value(tongbao_api::payer::document()).unwrap())
}

/// What the operation changes is in the log under these names, in this order.
pub(crate) fn inputs(operation: &str) -> &'static [&'static str] {
    match operation {
        "create_code" | "create_security_code" | "create_challenge_code" => &["send_code"],
        "create_session" => &["use_code", "begin_session"],
        "create_payer" => &["sign_up"],
        "delete_session" => &["end_session"],
        "create_own_limits" => &["set_own_limits"],
        "create_identity_verification" => &["ask_identity", "verify_identity"],
        "create_password_change" => &["try_password", "change_password"],
        "create_password_reset" => &["reset_password"],
        "create_freeze" => &["freeze_payer"],
        "create_freeze_lifting" => &["try_password", "unfreeze_payer"],
        "create_card" => &["count_card_check", "bind_card"],
        "delete_card" => &["unbind_card"],
        "create_card_arrangement" => &["disable_card"],
        "create_top_up" => &["try_password", "plan_top_up"],
        "create_withdrawal" => &["try_password", "plan_withdrawal"],
        "create_payee_look_up" => &["look_up_payee"],
        "create_name_check" => &["check_payee_name"],
        "create_transfer" => &["try_password", "create_transfer"],
        "create_transfer_acceptance" => &["accept_transfer"],
        "create_transfer_refusal" => &["decline_transfer"],
        "create_transfer_withdrawal" => &["take_transfer_back"],
        "create_payment_code" => &["enrol_payment_code", "show_payment_code"],
        "create_collection_code" => &["enrol_collection_code"],
        "create_collection_amount" => &["fix_collection_code"],
        "create_collection_payment" => &["try_password", "pay_collection_code"],
        "create_attempt" => &["try_password", "pay_payment"],
        "create_proof" => &["try_password", "prove_payment"],
        "delete_challenge" => &["take_back_payment"],
        other => {
            assert!(other.starts_with("get_") || other.starts_with("list_"), "{other} changes something");
            &[]
        }
    }
}

/// Two payers to whom everything has happened once.
pub(crate) struct Wallets {
    pub(crate) shop: Shop,
    pub(crate) me: Purse,
    pub(crate) other: Purse,
    card: String,
    open: String,
    paid: String,
    challenged: String,
    challenge: String,
    top_up: String,
    withdrawal: String,
    offered: String,
    sent: String,
    token: String,
}

impl Wallets {
    pub(crate) async fn new() -> Wallets {
        let shop = Shop::open().await;
        let me = Purse::new(&shop, "17000000001").await;
        let other = Purse::new(&shop, "17000000002").await;
        let card = me.bind(&shop, CARD).await;
        let open = shop.payment("open", 1_000).await;
        let (paid, challenged) = (shop.payment("paid", 2_000).await, shop.payment("large", 600_000).await);
        let id = |value: Value| value["id"].as_str().unwrap().to_owned();
        let pay = json!({ "method": "balance", "password": PASSWORD });
        me.done(&shop, (&format!("/payer/v1/payments/{paid}/attempts"), "1"), &pay).await;
        let wait = json!({ "method": "balance" });
        let waits = me.done(&shop, (&format!("/payer/v1/payments/{challenged}/attempts"), "2"), &wait).await;
        let challenge = waits["challenge"]["digest"].as_str().unwrap().to_owned();
        let top_up = json!({ "amount": 100, "card": card, "password": PASSWORD });
        let top_up = id(me.done(&shop, ("/payer/v1/top_ups", "3"), &top_up).await);
        let withdraw = json!({ "amount": 100, "card": card, "fee": 0, "password": PASSWORD });
        let withdrawal = id(me.done(&shop, ("/payer/v1/withdrawals", "4"), &withdraw).await);
        let send = |to: &Purse| {
            let (recipient, way) = (to.id.to_string(), "to_be_accepted");
            json!({ "recipient": recipient, "amount": 300, "note": "tea", "way": way, "password": PASSWORD })
        };
        let offered = id(other.done(&shop, ("/payer/v1/transfers", "5"), &send(&me)).await);
        let sent = id(me.done(&shop, ("/payer/v1/transfers", "6"), &send(&other)).await);
        let code = other.ask(&shop, Call::post("/payer/v1/collection_code", &json!({}))).await;
        let token = code.text("/token");
        Wallets {
            shop,
            me,
            other,
            card,
            open,
            paid,
            challenged,
            challenge,
            top_up,
            withdrawal,
            offered,
            sent,
            token,
        }
    }

    /// The one session of the first payer.
    async fn session(&self) -> String {
        self.me.ask(&self.shop, Call::get("/payer/v1/sessions")).await.text("/data/0/id")
    }

    /// What has to happen before the sample can succeed.
    async fn prepare(&self, operation: &str) {
        let (shop, me) = (&self.shop, &self.me);
        match operation {
            "create_session" => {
                let call = Call::post("/payer/v1/codes", &json!({ "phone": "17000000001" }));
                assert_eq!(shop.send(call).await.status, 202);
            }
            "get_collection_code" | "create_collection_amount" => {
                let made = me.ask(shop, Call::post("/payer/v1/collection_code", &json!({}))).await;
                assert_eq!(made.status, 201, "{made:?}");
            }
            "create_freeze_lifting" => {
                me.ask(shop, Call::post("/payer/v1/freezes", &json!({}))).await;
                let purpose = json!({ "purpose": "freeze_lifting" });
                assert_eq!(me.ask(shop, Call::post("/payer/v1/security_codes", &purpose)).await.status, 202);
            }
            "create_password_reset" => {
                let who = json!({ "name": "测试乙", "id_number": "990000199001010033" });
                let verified = me.ask(shop, Call::post("/payer/v1/identity_verifications", &who)).await;
                assert_eq!(verified.json()["level"], 2, "{verified:?}");
                let purpose = json!({ "purpose": "password_reset" });
                assert_eq!(me.ask(shop, Call::post("/payer/v1/security_codes", &purpose)).await.status, 202);
            }
            _ => {}
        }
    }

    /// The ticket of somebody new.
    async fn ticket(&self) -> String {
        let call = Call::post("/payer/v1/codes", &json!({ "phone": NEW_PHONE }));
        assert_eq!(self.shop.send(call).await.status, 202);
        let code = last_code(&self.shop.engine);
        let call = Call::post("/payer/v1/sessions", &json!({ "phone": NEW_PHONE, "code": code }));
        self.shop.send(call).await.text("/sign_up")
    }

    /// A request of this operation that succeeds, of the first payer.
    pub(crate) async fn sample(&self, operation: &str) -> Call {
        self.prepare(operation).await;
        let call = match operation {
            "create_code" => post("codes", &json!({ "phone": NEW_PHONE })),
            "create_session" => {
                let code = last_code(&self.shop.engine);
                post("sessions", &json!({ "phone": "17000000001", "code": code, "device_name": "Phone" }))
            }
            "create_payer" => {
                let ticket = self.ticket().await;
                post("payers", &json!({ "phone": NEW_PHONE, "sign_up": ticket, "password": "246802" }))
            }
            "delete_session" => delete(&format!("sessions/{}", self.session().await)),
            "get_openapi" => return get("openapi.json"),
            other => self.account(other).or_else(|| self.money(other)).unwrap_or_else(|| {
                panic!("{other} has no sample: write one, so that it stands on the four lists")
            }),
        };
        if PUBLIC.contains(&operation) { call } else { call.key(&self.me.token) }
    }

    fn account(&self, operation: &str) -> Option<Call> {
        let Wallets { card, .. } = self;
        let who = json!({ "name": "测试乙", "id_number": "990000199001010033" });
        Some(match operation {
            "list_sessions" => get("sessions"),
            "get_payer" => get("payer"),
            "get_balance" => get("balance"),
            "get_limits" => get("limits"),
            "create_own_limits" => post("own_limits", &json!({ "per_payment": 900_000 })),
            "create_identity_verification" => post("identity_verifications", &who),
            "create_password_change" => {
                post("password_changes", &json!({ "password": PASSWORD, "new_password": "246802" }))
            }
            "create_security_code" => post("security_codes", &json!({ "purpose": "password_reset" })),
            "create_password_reset" => {
                let code = last_code(&self.shop.engine);
                let (name, number) = ("测试乙", "990000199001010033");
                let body =
                    json!({ "code": code, "name": name, "id_number": number, "new_password": "246802" });
                post("password_resets", &body)
            }
            "create_freeze" => post("freezes", &json!({})),
            "create_freeze_lifting" => {
                let code = last_code(&self.shop.engine);
                post("freeze_liftings", &json!({ "password": PASSWORD, "code": code }))
            }
            "create_card" => post("cards", &new_card("6200000000000088")),
            "list_cards" => get("cards"),
            "delete_card" => delete(&format!("cards/{card}")),
            "create_card_arrangement" => {
                post(&format!("cards/{card}/arrangements"), &json!({ "deed": "disable" }))
            }
            "list_messages" => get("messages?limit=5"),
            _ => return None,
        })
    }

    fn money(&self, operation: &str) -> Option<Call> {
        let Wallets { card, open, paid, challenged, challenge, offered, sent, .. } = self;
        let recipient = self.other.id.to_string();
        let call = match operation {
            "create_top_up" => post("top_ups", &json!({ "amount": 500, "card": card, "password": PASSWORD })),
            "get_top_up" => get(&format!("top_ups/{}", self.top_up)),
            "list_top_ups" => get("top_ups?limit=5"),
            "get_withdrawal_quote" => get("withdrawal_quote?amount=100"),
            "create_withdrawal" => {
                post("withdrawals", &json!({ "amount": 500, "card": card, "fee": 0, "password": PASSWORD }))
            }
            "get_withdrawal" => get(&format!("withdrawals/{}", self.withdrawal)),
            "list_withdrawals" => get("withdrawals"),
            "list_payees" => get("payees"),
            "create_payee_look_up" => post("payee_look_ups", &json!({ "phone": "17000000002" })),
            "create_name_check" => {
                post(&format!("payees/{recipient}/name_checks"), &json!({ "surname": "测" }))
            }
            "create_transfer" => {
                post("transfers", &json!({ "recipient": recipient, "amount": 700, "password": PASSWORD }))
            }
            "get_transfer" => get(&format!("transfers/{sent}")),
            "list_transfers" => get("transfers?direction=received&limit=5"),
            "create_transfer_acceptance" => post(&format!("transfers/{offered}/acceptance"), &json!({})),
            "create_transfer_refusal" => post(&format!("transfers/{offered}/refusal"), &json!({})),
            "create_transfer_withdrawal" => post(&format!("transfers/{sent}/withdrawal"), &json!({})),
            "create_payment_code" => post("payment_codes", &json!({})),
            "get_collection_code" => get("collection_code"),
            "create_collection_code" => post("collection_code", &json!({})),
            "create_collection_amount" => post("collection_code/amount", &json!({ "amount": 1_500 })),
            "get_scanned_code" => get(&format!("collection_codes/{}", self.token)),
            "create_collection_payment" => {
                let body = json!({ "token": self.token, "amount": 800, "password": PASSWORD });
                post("collection_payments", &body)
            }
            "get_payment" => get(&format!("payments/{paid}")),
            "create_attempt" => {
                let body = json!({ "method": "balance", "password": PASSWORD });
                post(&format!("payments/{open}/attempts"), &body)
            }
            "create_proof" => {
                let body = json!({ "challenge": challenge, "password": PASSWORD });
                post(&format!("payments/{challenged}/proofs"), &body)
            }
            "create_challenge_code" => {
                post(&format!("payments/{challenged}/codes"), &json!({ "challenge": challenge }))
            }
            "delete_challenge" => delete(&format!("payments/{challenged}/challenge")),
            "list_bills" => get("bills?kind=payment&limit=5"),
            "get_bill" => get(&format!("bills/{paid}")),
            _ => return None,
        };
        let keyed = WITH_IDEMPOTENCY_KEY.contains(&operation);
        Some(if keyed { call.idempotent("the-key") } else { call })
    }
}

fn get(path: &str) -> Call {
    Call::get(format!("/payer/v1/{path}"))
}

fn post(path: &str, body: &Value) -> Call {
    Call::post(format!("/payer/v1/{path}"), body)
}

fn delete(path: &str) -> Call {
    Call::new("DELETE", format!("/payer/v1/{path}"))
}
