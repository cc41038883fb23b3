//! The four lists for the payers' API: authorization, idempotency, audit, malformed input.

use serde_json::json;
use tongbao_core::Actor;

use crate::{
    api_lists::{log, malformed},
    api_shop::Call,
    payer_operations::{PUBLIC, WITH_IDEMPOTENCY_KEY, Wallets, inputs, payer_operations},
    payer_purse::Purse,
};

/// Operations that reach nothing by an id and make or show something of the payer's own.
fn is_always_own(operation: &str) -> bool {
    let ids = [
        "create_attempt",
        "create_card_arrangement",
        "create_challenge_code",
        "create_collection_amount",
        "create_name_check",
        "create_debt_payment",
        "create_proof",
        "create_top_up",
        "create_transfer_acceptance",
        "create_transfer_refusal",
        "create_transfer_withdrawal",
        "create_withdrawal",
        "delete_card",
        "delete_passkey",
        "delete_session",
        "get_bill",
        "get_collection_code",
        "get_ride",
        "get_top_up",
        "get_transfer",
        "get_utility_payment",
        "get_withdrawal",
    ];
    !ids.contains(&operation)
}

#[tokio::test]
async fn every_payer_operation_has_a_sample_that_succeeds() {
    for operation in payer_operations() {
        let wallets = Wallets::new().await;
        let call = wallets.sample(&operation.id).await;
        assert!(call.method == operation.method && operation.fits(&call.path), "{}", operation.id);
        assert_eq!(operation.is_public(), PUBLIC.contains(&operation.id.as_str()), "{}", operation.id);
        let reply = wallets.shop.send(call).await;
        assert!(reply.is_success() && operation.documents(reply.status), "{}: {reply:?}", operation.id);
    }
}

/// The secrets of one payer's session with the id of the other.
fn of_another(wallets: &Wallets) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    use tongbao_core::id::TypedId as _;
    let mine = wallets.me.token.strip_prefix("pt_sandbox_").unwrap();
    let mut bytes = URL_SAFE_NO_PAD.decode(mine).unwrap();
    bytes[..16].copy_from_slice(wallets.other.id.uuid().as_bytes());
    format!("pt_sandbox_{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// What opens nothing here: no token, and tokens that are none, have ended, or were put together.
async fn bad_tokens(wallets: &Wallets) -> Vec<String> {
    let (shop, mine) = (&wallets.shop, &wallets.me.token);
    let ended = Purse::new(shop, "17000000003").await;
    let session = ended.ask(shop, Call::get("/payer/v1/sessions")).await.text("/data/0/id");
    let end = Call::new("DELETE", format!("/payer/v1/sessions/{session}"));
    assert_eq!(ended.ask(shop, end).await.status, 200);
    vec![
        String::new(),
        format!("Bearer {}", shop.own.key),
        format!("Bearer {}", ended.token),
        format!("Bearer {}", mine.replace("pt_sandbox_", "pt_live_")),
        format!("Bearer {}AAAAAAAAAA", &mine[..mine.len() - 10]),
        format!("Bearer {}", of_another(wallets)),
        format!("Basic {mine}"),
        "Bearer pt_sandbox_".to_owned(),
    ]
}

#[tokio::test]
async fn every_payer_operation_needs_a_session_except_those_that_lead_to_one() {
    for operation in payer_operations().iter().filter(|operation| !operation.is_public()) {
        let wallets = Wallets::new().await;
        let (shop, tokens) = (&wallets.shop, bad_tokens(&wallets).await);
        let call = wallets.sample(&operation.id).await;
        let bare = Call {
            headers: call.headers.iter().filter(|(name, _)| *name != "authorization").cloned().collect(),
            ..call
        };
        shop.send(bare.clone()).await.refused(401, "unauthenticated", "");
        for token in &tokens {
            let call = bare.clone().header("authorization", token.clone());
            shop.send(call).await.refused(401, "unauthenticated", "");
        }
    }
    // And a session opens nothing of the merchants' API.
    let wallets = Wallets::new().await;
    let call = Call::get("/v1/balance").key(&wallets.me.token);
    wallets.shop.send(call).await.refused(401, "unauthenticated", "");
}

#[tokio::test]
async fn no_payer_operation_reaches_another_payer() {
    for operation in payer_operations().iter().filter(|operation| !operation.is_public()) {
        let wallets = Wallets::new().await;
        let stranger = Purse::new(&wallets.shop, "17000000003").await;
        let call = wallets.sample(&operation.id).await.key(&stranger.token);
        let reply = wallets.shop.send(call).await;
        let id = operation.id.as_str();
        match id {
            // Whoever knows a payment's id may look at it, and pay it for itself.
            "create_attempt" => assert_eq!(reply.json()["is_mine"], true),
            "get_payment" => assert!(reply.json()["is_mine"] == false && reply.json()["method"].is_null()),
            // Another's challenge is none of the stranger's.
            "create_proof" | "create_challenge_code" => reply.refused(409, "proof_void", ""),
            "delete_challenge" => {
                let mine = Call::get(challenged(&wallets).await);
                let mine = wallets.me.ask(&wallets.shop, mine).await;
                assert!(!mine.json()["challenge"].is_null(), "{mine:?}");
            }
            "create_top_up" | "create_withdrawal" | "create_passkey_challenge" => {
                reply.refused(404, "not_found", "");
            }
            // Another's code, challenge and offer are none of the stranger's.
            "create_passkey_registration" | "create_mail_confirmation" | "create_account_closing" => {
                reply.refused(403, "wrong_code", "");
            }
            "create_passkey" => reply.refused(403, "passkey_refused", ""),
            "create_utility_payment" => reply.refused(400, "invalid_value", "offer"),
            "list_billers" => assert_eq!(reply.json()["data"].as_array().unwrap().len(), 3),
            "list_sessions" => assert_eq!(reply.json()["data"].as_array().unwrap().len(), 1),
            // What the stranger was told itself, of its sign-in.
            "list_messages" => {
                let kinds: Vec<_> = reply.json()["data"].as_array().unwrap().clone();
                assert!(kinds.len() == 1 && kinds[0]["kind"] == "new_device", "{kinds:?}");
            }
            _ if id.starts_with("list_") => assert_eq!(reply.json()["data"], json!([]), "{id}"),
            _ if is_always_own(id) => assert!(reply.status != 404, "{id}: {reply:?}"),
            _ => reply.refused(404, "not_found", ""),
        }
    }
}

/// The path of the payment that waits for proofs.
async fn challenged(wallets: &Wallets) -> String {
    let call = wallets.sample("delete_challenge").await;
    call.path.trim_end_matches("/challenge").to_owned()
}

#[tokio::test]
async fn every_payer_post_is_done_once_under_a_key_or_takes_none() {
    for operation in payer_operations().iter().filter(|operation| operation.method == "POST") {
        let wallets = Wallets::new().await;
        let (shop, id) = (&wallets.shop, operation.id.as_str());
        let call = wallets.sample(id).await.idempotent("the-key");
        let parameters = operation.source["parameters"].as_array().cloned().unwrap_or_default();
        let documented = parameters.iter().any(|parameter| parameter["name"] == "Idempotency-Key");
        let first = shop.send(call.clone()).await;
        if !WITH_IDEMPOTENCY_KEY.contains(&id) {
            first.refused(400, "invalid_value", "Idempotency-Key");
            assert!(!documented, "{id}");
            continue;
        }
        assert!(documented && first.is_success() && !first.is_replayed(), "{id}: {first:?}");
        let changes = log(shop).len();
        let second = shop.send(call.clone()).await;
        assert!(second.is_replayed(), "{id}");
        assert_eq!((second.status, second.body), (first.status, first.body), "{id}");
        assert_eq!(log(shop).len(), changes, "{id} did it twice, or counted a try");
        // The key belongs to that request, and to that payer.
        let body = json!({ "recipient": wallets.other.id.to_string(), "amount": 7, "password": "000000" });
        let other = Call::post("/payer/v1/transfers", &body).idempotent("the-key");
        wallets.me.ask(shop, other.clone()).await.refused(409, "idempotency_key_reused", "");
        wallets.other.ask(shop, other).await.refused(400, "invalid_value", "recipient");
        let without = Call {
            headers: call.headers.iter().filter(|(name, _)| *name != "idempotency-key").cloned().collect(),
            ..call
        };
        shop.send(without).await.refused(400, "invalid_value", "Idempotency-Key");
    }
}

#[tokio::test]
async fn every_change_of_a_payer_s_is_in_the_log_under_the_payer() {
    for operation in payer_operations() {
        let wallets = Wallets::new().await;
        let call = wallets.sample(&operation.id).await;
        let before = log(&wallets.shop).len();
        let reply = wallets.shop.send(call).await;
        assert!(reply.is_success(), "{}: {reply:?}", operation.id);
        let written = log(&wallets.shop).split_off(before);
        let names: Vec<&str> = written.iter().map(|line| line.input.as_str()).collect();
        assert_eq!(names, inputs(&operation.id), "{}", operation.id);
        let me = Actor::Payer(wallets.who(&operation.id).id).to_string();
        let nobody = Actor::Visitor.to_string();
        let is_new =
            ["create_code", "create_payer", "create_sign_in_challenge"].contains(&operation.id.as_str());
        let expected = if is_new { nobody } else { me };
        assert!(written.iter().all(|line| line.actor == expected), "{}: {written:?}", operation.id);
    }
}

#[tokio::test]
async fn no_payer_operation_stumbles_over_malformed_input() {
    for operation in payer_operations() {
        let wallets = Wallets::new().await;
        let sample = wallets.sample(&operation.id).await;
        for call in malformed(&operation, &sample) {
            let told = format!("{} {} {}", operation.id, call.path, String::from_utf8_lossy(&call.body));
            let token = (!operation.is_public()).then_some(wallets.who(&operation.id).token.as_str());
            let keyed = WITH_IDEMPOTENCY_KEY.contains(&operation.id.as_str());
            let call = token.into_iter().fold(call, Call::key);
            let has_key = call.headers.iter().any(|(name, _)| *name == "idempotency-key");
            let call = if keyed && !has_key { call.idempotent("malformed") } else { call };
            let reply = wallets.shop.send(call.clone()).await;
            let refused = (400..500).contains(&reply.status) && reply.status != 429;
            assert!(refused, "{}: {reply:?}", told.chars().take(300).collect::<String>());
            assert!(operation.documents(reply.status), "{told} answers {} unsaid", reply.status);
        }
    }
}

#[tokio::test]
async fn no_payer_operation_ignores_a_query_parameter() {
    let wallets = Wallets::new().await;
    for operation in payer_operations().into_iter().filter(|operation| !operation.query().is_empty()) {
        let sample = wallets.sample(&operation.id).await;
        let call = Call { path: format!("{}?no_such_parameter=1", operation.path), ..sample };
        wallets.shop.send(call).await.refused(400, "unknown_parameter", "no_such_parameter");
    }
}
