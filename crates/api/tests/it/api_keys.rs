//! Which keys are let in, and from where.

use std::net::SocketAddr;

use tongbao_api::listener::Limits;
use tongbao_core::api_key::{self, Scope};

use crate::api_shop::{Call, Shop, input};
use crate::socket::Server;

#[tokio::test]
async fn a_key_stops_working_at_its_end() {
    let shop = Shop::open().await;
    let key = shop.key(&Scope::ALL, &[], Some(shop.engine.now().plus_s(3_600))).await;
    assert_eq!(shop.send(Call::get("/v1/payments").key(&key)).await.status, 200);
    shop.engine.clock.set_ahead_s(3_601);
    let reply = shop.send(Call::get("/v1/payments").key(&key)).await;
    reply.refused(401, "unauthenticated", "");
    assert!(reply.text("/detail").contains("expired"));
}

#[tokio::test]
async fn a_revoked_key_stops_working_within_a_second() {
    let shop = Shop::open().await;
    let (key, id) = shop.key_with_id(&Scope::ALL, &[], None).await;
    assert_eq!(shop.send(Call::get("/v1/payments").key(&key)).await.status, 200);
    let revoke = move |facts: &dyn tongbao_core::Facts, cx: &mut _| api_key::revoke(facts, cx, id);
    shop.engine.run(input("revoke_api_key"), revoke).await.unwrap();
    shop.engine.clock.set_ahead_s(1);
    let reply = shop.send(Call::get("/v1/payments").key(&key)).await;
    reply.refused(401, "unauthenticated", "");
    assert!(reply.text("/detail").contains("revoked"));
}

#[tokio::test]
async fn a_key_works_only_from_its_networks() {
    let shop = Shop::open().await;
    let key = shop.key(&Scope::ALL, &["10.0.0.0/8", "2001:db8::/32"], None).await;
    let from = |peer: &str| {
        let peer: SocketAddr = peer.parse().unwrap();
        Call { peer, ..Call::get("/v1/payments").key(&key) }
    };
    for peer in ["10.1.2.3:1", "[::ffff:10.1.2.3]:1", "[2001:db8::1]:1"] {
        assert_eq!(shop.send(from(peer)).await.status, 200, "{peer}");
    }
    for peer in ["127.0.0.1:1", "11.0.0.1:1", "[::1]:1"] {
        shop.send(from(peer)).await.refused(403, "forbidden", "");
    }
}

#[tokio::test]
async fn the_listener_tells_where_a_request_comes_from() {
    let shop = Shop::open().await;
    let near = shop.key(&Scope::ALL, &["127.0.0.0/8"], None).await;
    let far = shop.key(&Scope::ALL, &["192.0.2.0/24"], None).await;
    let server = Server::start(shop.router.clone(), Limits::default(), None);
    for (key, status) in [(near, 200), (far, 403)] {
        let mut client = server.connect().await;
        let head = format!("GET /v1/payments HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {key}\r\n\r\n");
        client.send(head).await;
        assert_eq!(client.reply().await.status, status);
    }
}

#[tokio::test]
async fn a_key_of_production_is_no_key_of_the_sandbox() {
    let shop = Shop::open().await;
    let live = shop.own.key.replace("sk_sandbox_", "sk_live_");
    let reply = shop.send(Call::get("/v1/payments").key(&live)).await;
    reply.refused(401, "unauthenticated", "");
    assert!(!String::from_utf8_lossy(&reply.body).contains(&live));
}
