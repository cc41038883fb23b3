//! The operations of the payers' document, and for each a request that succeeds: what the four lists are checked over.
//! A new operation without a sample fails the tests.

use serde_json::{Value, json};
use tongbao_core::payer::passkey::Algorithm;

use crate::{
    api_operations::{Operation, operations_of},
    api_rides::{owing, permit, riding},
    api_shop::{Call, Shop},
    authenticator::Device,
    payer_purse::{
        BILLER, CARD, PARTY, PASSWORD, Purse, UTILITY_ACCOUNT, assertion, credential, last_code, new_card,
    },
};

/// The operations that need no session.
pub(crate) const PUBLIC: [&str; 6] = [
    "create_code",
    "create_passkey_session",
    "create_payer",
    "create_session",
    "create_sign_in_challenge",
    "get_openapi",
];

/// The operations that are kept under a key: money moves.
pub(crate) const WITH_IDEMPOTENCY_KEY: [&str; 11] = [
    "create_attempt",
    "create_collection_payment",
    "create_debt_payment",
    "create_proof",
    "create_top_up",
    "create_transfer",
    "create_transfer_acceptance",
    "create_transfer_refusal",
    "create_transfer_withdrawal",
    "create_utility_payment",
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
        "create_sign_in_challenge" => &["ask_to_sign_in"],
        "create_passkey_session" => &["sign_in_by_passkey"],
        "create_passkey_registration" => &["try_password", "ask_new_passkey"],
        "create_passkey" => &["register_passkey"],
        "delete_passkey" => &["remove_passkey"],
        "create_passkey_challenge" => &["ask_passkey"],
        "create_notice_settings" => &["choose_notices"],
        "create_mail_address" => &["ask_mail"],
        "create_mail_confirmation" => &["confirm_mail"],
        "delete_mail_address" => &["remove_mail"],
        "create_own_data_copy" => &["try_password", "take_own_data"],
        "create_account_closing" => &["try_password", "begin_closing", "close_account"],
        "create_utility_look_up" => &["look_up_biller_account"],
        "create_utility_payment" => &["try_password", "plan_utility_payment"],
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
        "create_payment_code_permission" => &["try_password", "switch_codes_on"],
        "delete_payment_code_permission" => &["switch_codes_off"],
        "create_payment_code" => &["enrol_payment_code", "show_payment_code"],
        "create_collection_code" => &["enrol_collection_code"],
        "create_collection_amount" => &["fix_collection_code"],
        "create_collection_payment" => &["try_password", "pay_collection_code"],
        "create_transit_code" => &["enrol_payment_code", "show_transit_code"],
        "create_debt_payment" => &["pay_debt"],
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
    empty: Purse,
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
    utility: String,
    /// A device with a passkey of the first payer's.
    device: Device,
}

impl Wallets {
    pub(crate) async fn new() -> Wallets {
        let shop = Shop::open().await;
        let (me, other) = Purse::two(&shop).await;
        let empty = Purse::empty(&shop, "17000000004").await;
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
            let (recipient, way) = (&to.seen_as, "to_be_accepted");
            json!({ "recipient": recipient, "amount": 300, "note": "tea", "way": way, "password": PASSWORD })
        };
        let offered = id(other.done(&shop, ("/payer/v1/transfers", "5"), &send(&me)).await);
        let sent = id(me.done(&shop, ("/payer/v1/transfers", "6"), &send(&other)).await);
        let code = other.ask(&shop, Call::post("/payer/v1/collection_code", &json!({}))).await;
        let token = code.text("/token");
        let offer = json!({ "offer": me.offer(&shop, UTILITY_ACCOUNT).await, "password": PASSWORD });
        let utility = id(me.done(&shop, ("/payer/v1/utility_payments", "7"), &offer).await);
        Wallets {
            shop,
            me,
            other,
            empty,
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
            utility,
            device: Device::new(Algorithm::EdDsa, b"sample", PARTY),
        }
    }

    /// Who asks for the sample: one who has nothing, where the account is closed by it.
    pub(crate) fn who(&self, operation: &str) -> &Purse {
        if operation == "create_account_closing" { &self.empty } else { &self.me }
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
            "create_passkey_registration" => me.send_code(shop, "passkey").await,
            "create_transit_code" | "create_payment_code" | "delete_payment_code_permission" => {
                permit(shop, me).await;
            }
            "get_ride" => {
                riding(shop, me.id, "1").await;
            }
            "create_debt_payment" => {
                owing(shop, me.id).await;
            }
            "create_passkey_session" | "create_passkey_challenge" | "delete_passkey" => {
                me.add_passkey(shop, &self.device).await;
            }
            "create_mail_confirmation" | "delete_mail_address" => {
                let mail = json!({ "mail": "tester@example.com" });
                assert_eq!(me.ask(shop, Call::post("/payer/v1/mail_address", &mail)).await.status, 202);
            }
            "create_account_closing" => self.empty.send_code(shop, "account_closing").await,
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
            "create_sign_in_challenge" => post("sign_in_challenges", &json!({})),
            "create_passkey_session" => self.passkey_session().await,
            "create_passkey" => self.new_passkey().await,
            "delete_passkey" => {
                let id = self.me.ask(&self.shop, get("passkeys")).await.text("/data/0/id");
                delete(&format!("passkeys/{id}"))
            }
            "create_utility_payment" => {
                let body = json!({ "offer": self.offer().await, "password": PASSWORD });
                post("utility_payments", &body).idempotent("the-key")
            }
            "get_ride" => {
                let ride = self.shop.engine.rider(self.me.id).unwrap().unwrap().ride.unwrap();
                get(&format!("rides/{ride}"))
            }
            "create_debt_payment" => {
                let debt = self.shop.engine.open_debt(self.me.id).unwrap().unwrap().id;
                post(&format!("debts/{debt}/payment"), &json!({})).idempotent("the-key")
            }
            other => self.account(other).or_else(|| self.money(other)).unwrap_or_else(|| {
                panic!("{other} has no sample: write one, so that it stands on the four lists")
            }),
        };
        if PUBLIC.contains(&operation) { call } else { call.key(&self.who(operation).token) }
    }

    async fn offer(&self) -> String {
        self.me.offer(&self.shop, UTILITY_ACCOUNT).await
    }

    async fn new_passkey(&self) -> Call {
        let options = self.me.begin_passkey(&self.shop).await;
        let made = self.device.make(options["challenge"].as_str().unwrap());
        post("passkeys", &json!({ "name": "Phone", "credential": credential(&made) }))
    }

    async fn passkey_session(&self) -> Call {
        let asked = self.shop.send(post("sign_in_challenges", &json!({}))).await.json();
        let signed = self.device.sign(asked["options"]["challenge"].as_str().unwrap());
        let passkey = assertion(&signed, Some(self.me.id));
        post("passkey_sessions", &json!({ "challenge": asked["challenge"], "passkey": passkey }))
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
            "create_passkey_registration" => {
                let code = last_code(&self.shop.engine);
                post("passkey_registrations", &json!({ "password": PASSWORD, "code": code }))
            }
            "list_passkeys" => get("passkeys"),
            "create_passkey_challenge" => {
                post("passkey_challenges", &json!({ "payment": { "challenge": self.challenge } }))
            }
            "get_notice_settings" => get("notice_settings"),
            "create_notice_settings" => {
                post("notice_settings", &json!({ "sms": false, "mail": true, "language": "en" }))
            }
            "create_mail_address" => post("mail_address", &json!({ "mail": "tester@example.com" })),
            "create_mail_confirmation" => {
                post("mail_address/confirmation", &json!({ "code": last_code(&self.shop.engine) }))
            }
            "delete_mail_address" => delete("mail_address"),
            "create_own_data_copy" => post("own_data_copies", &json!({ "password": PASSWORD })),
            "create_account_closing" => {
                let code = last_code(&self.shop.engine);
                post("account_closings", &json!({ "password": PASSWORD, "code": code }))
            }
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
            "create_payment_code_permission" => {
                post("payment_code_permission", &json!({ "password": PASSWORD }))
            }
            "delete_payment_code_permission" => delete("payment_code_permission"),
            "create_payment_code" => post("payment_codes", &json!({})),
            "create_transit_code" => post("transit_codes", &json!({})),
            "list_rides" => get("rides?limit=5"),
            "list_debts" => get("debts?limit=5"),
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
            "list_billers" => get("billers"),
            "create_utility_look_up" => {
                post("utility_look_ups", &json!({ "biller": BILLER, "account": UTILITY_ACCOUNT }))
            }
            "list_utility_payments" => get("utility_payments?limit=5"),
            "get_utility_payment" => get(&format!("utility_payments/{}", self.utility)),
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
