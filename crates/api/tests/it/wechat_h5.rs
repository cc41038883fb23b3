//! The page behind an H5 URL, and where the payer goes after it.

use serde_json::json;

use crate::api_shop::{BASE_URL, Call, Reply};
use crate::wechat_shop::{WechatShop, order_with};

async fn h5_url(door: &WechatShop, number: &str) -> String {
    let scene = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    let order = order_with(number, &json!({ "scene_info": scene }));
    let placed = door.ask(door.post("/v3/pay/transactions/h5", &order)).await;
    placed.text("/h5_url").strip_prefix(BASE_URL).unwrap().to_owned()
}

async fn open(door: &WechatShop, url: &str) -> Reply {
    door.send(Call::get(url)).await
}

async fn return_url(door: &WechatShop) -> serde_json::Value {
    door.shop.list("/v1/payments").await[0]["return_url"].clone()
}

#[tokio::test]
async fn the_address_that_a_page_adds_first_is_where_the_payer_goes() {
    let door = WechatShop::open().await;
    let url = h5_url(&door, "order-1").await;
    let plain = open(&door, &url).await;
    assert_eq!((plain.status, return_url(&door).await), (303, json!(null)));
    for again in
        ["https%3A%2F%2Fshop.example%2Fdone%3Fid%3D7%26x%3D%E8%8C%B6", "https%3A%2F%2Fother.example%2F"]
    {
        let page = open(&door, &format!("{url}&redirect_url={again}")).await;
        assert_eq!((page.status, &page.headers["location"]), (303, &plain.headers["location"]));
        assert_eq!(return_url(&door).await, "https://shop.example/done?id=7&x=茶");
    }
    // The order is what it was: placing it again is the same order.
    assert_eq!(open(&door, &h5_url(&door, "order-1").await).await.status, 303);
}

#[tokio::test]
async fn an_address_that_is_none_is_told_and_not_kept() {
    let door = WechatShop::open().await;
    let url = h5_url(&door, "order-1").await;
    let long = format!("https%3A%2F%2Fshop.example%2F{}", "a".repeat(2_048));
    for wrong in [
        "javascript%3Aalert(1)",
        "%2F%2Fshop.example",
        "",
        "https%3A%2F%2Fshop.example%2F%0D%0A",
        long.as_str(),
    ] {
        let page = open(&door, &format!("{url}&redirect_url={wrong}")).await;
        assert_eq!(page.status, 400, "{wrong}");
        assert!(!String::from_utf8_lossy(&page.body).contains("shop.example"), "nothing is echoed");
    }
    assert_eq!(return_url(&door).await, json!(null));
    let void = url.replace("prepay_id=wx", "prepay_id=xx");
    assert_eq!(open(&door, &format!("{void}&redirect_url=https%3A%2F%2Fshop.example")).await.status, 410);
}
