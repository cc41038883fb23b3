//! The platform's certificate is replaced while a sandbox runs.

use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Value, json};
use tongbao_channel::wechat::answer::Headers;
use tongbao_channel::wechat::certificate::{Certificate, CertificateList};
use tongbao_channel::wechat::serial::{KeyName, Serial};
use tongbao_core::Facts;
use tongbao_core::wechat::platform;
use tongbao_engine::Mode;
use tongbao_store::model::ModelStore;

use crate::api_shop::{Call, Reply, Shop, input};
use crate::wechat_notices::Receiver;
use crate::wechat_shop::{WechatShop, order_with};

const REPLACE: &str = "/sandbox/wechat/platform-certificate";

async fn replace(door: &WechatShop, step: &str) -> Reply {
    door.send(Call::post(REPLACE, &json!({ "step": step }))).await
}

/// What `/v3/certificates` lists for the shop, opened with its key.
async fn listed(door: &WechatShop) -> Vec<Certificate> {
    let reply = door.send(door.get("/v3/certificates")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let list: CertificateList = serde_json::from_slice(&reply.body).unwrap();
    list.data.iter().map(|sealed| sealed.open(&door.client.api_v3_key).unwrap().unwrap()).collect()
}

fn serials(certificates: &[Certificate]) -> Value {
    certificates.iter().map(|known| known.serial().to_string()).collect()
}

/// Which of the certificates this is signed with, if it is good.
fn signed_by(door: &WechatShop, known: &[Certificate], headers: &HeaderMap, body: &[u8]) -> Option<Serial> {
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let read = Headers::read(pairs).unwrap();
    let KeyName::Certificate(serial) = read.key else { return None };
    let by = known.iter().find(|certificate| certificate.serial() == serial)?;
    read.verify(by.key(), door.engine().clock.world(), body).ok().map(|()| serial)
}

#[tokio::test]
async fn the_next_certificate_is_listed_first_and_signs_when_it_is_told_to() {
    let (door, receiver) = (WechatShop::open().await, Receiver::start());
    let before = listed(&door).await;
    let order = order_with("order-1", &json!({ "notify_url": receiver.url() }));
    let placed = door.ask(door.post("/v3/pay/transactions/native", &order)).await;

    let rotated = replace(&door, "rotate").await;
    let both = listed(&door).await;
    assert_eq!((before.len(), both.len(), rotated.status), (1, 2, 200));
    let (old, new) = (both[0].serial(), both[1].serial());
    assert_eq!(rotated.json(), json!({ "signs": old.to_string(), "listed": serials(&both) }));
    let reply = door.query("order-1").await;
    assert_eq!(signed_by(&door, &both, &reply.headers, &reply.body), Some(old), "the present one signs");

    let switched = replace(&door, "switch").await;
    assert_eq!(switched.json(), json!({ "signs": new.to_string(), "listed": serials(&both) }));
    assert_eq!(serials(&listed(&door).await), serials(&both), "both are listed");
    let reply = door.send(door.get("/v3/certificates")).await;
    assert_eq!(signed_by(&door, &both, &reply.headers, &reply.body), Some(new));
    assert_eq!(signed_by(&door, &before, &reply.headers, &reply.body), None, "the old list is not enough");

    assert_eq!(door.pay(&placed.text("/code_url")).await.json()["paid"], true);
    door.worker().run_once().await.unwrap();
    let (headers, body) = receiver.taken().remove(0);
    assert_eq!(signed_by(&door, &both, &headers, &body), Some(new), "and what was ordered before");
    assert_eq!(replace(&door, "switch").await.json(), switched.json(), "asked twice, done once");
}

#[tokio::test]
async fn one_certificate_follows_at_a_time_and_the_oldest_leaves_the_list() {
    let door = WechatShop::open().await;
    replace(&door, "switch").await.refused(400, "invalid_value", "certificate");
    assert_eq!(replace(&door, "rotate").await.status, 200);
    replace(&door, "rotate").await.refused(400, "invalid_value", "certificate");
    assert_eq!(replace(&door, "switch").await.status, 200);
    let second = listed(&door).await[1].serial();
    assert_eq!(replace(&door, "rotate").await.status, 200);
    let third = listed(&door).await;
    assert_eq!((third.len(), third[0].serial()), (2, second), "the retired one is gone");
    assert_eq!(replace(&door, "revoke").await.status, 400);
    assert_eq!(door.send(Call::post(REPLACE, &json!({}))).await.status, 400);
}

#[tokio::test]
async fn two_who_rotate_at_once_make_one_certificate() {
    let door = WechatShop::open().await;
    let (one, other) = tokio::join!(replace(&door, "rotate"), replace(&door, "rotate"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400]);
    assert_eq!(listed(&door).await.len(), 2);
}

#[tokio::test]
async fn without_platform_keys_and_in_production_there_is_nothing_to_rotate() {
    let bare = Shop::open().await;
    let rotate = || Call::post(REPLACE, &json!({ "step": "rotate" }));
    bare.send(rotate()).await.refused(404, "not_found", "");
    let production = Shop::over(Arc::new(ModelStore::default()), Mode::Production).await;
    let founded = production.engine.found_wechat("Test").unwrap().platform;
    let found = move |facts: &dyn Facts, cx: &mut _| platform::found(facts, cx, &founded);
    production.engine.step(input("found_platform"), found).await.unwrap();
    assert_eq!(production.send(rotate()).await.status, 404);
    let kept = production.engine.wechat_platform().unwrap().unwrap();
    assert_eq!(kept.listed(production.engine.clock.world()).count(), 1);
}
