//! The sandbox's phone accepts a transfer whose package is pasted.

use tongbao_core::{
    Facts, Time,
    transfer::{Transfer, TransferStatus},
    wechat::{
        merchant::{self, KeyMode, MerchantCertificate, NewWechatMerchant},
        transfer::{self as bills, NewTransferBill, Offered, TransferTerms},
    },
};
use tongbao_engine::wechat::transfer::package_info;

use crate::shop::{Shop, fen, input};

const MCHID: &str = "1900000001";
const APPID: &str = "wx0000000000000001";

async fn enrol(shop: &Shop) {
    let certificate = MerchantCertificate {
        serial: "01".to_owned(),
        public_key: "pem".to_owned(),
        not_before: Time::from_ms(0),
        not_after: Time::from_ms(1),
        revoked_at: None,
    };
    let new = NewWechatMerchant {
        mchid: MCHID.to_owned(),
        app: shop.app,
        appids: vec![APPID.to_owned()],
        certificate,
        api_v3_key: None,
        key_mode: KeyMode::Both,
    };
    let register = move |facts: &dyn Facts, cx: &mut _| merchant::register(facts, cx, &new);
    shop.engine.step(input("register"), register).await.unwrap();
}

async fn offered(shop: &Shop, number: &str) -> Transfer {
    let terms = TransferTerms {
        mchid: MCHID.to_owned(),
        appid: APPID.to_owned(),
        openid: "o".to_owned(),
        scene_id: "1000".to_owned(),
        perception: None,
        reports: Vec::new(),
        notify_url: None,
    };
    let new = NewTransferBill {
        out_bill_no: number.to_owned(),
        money: fen(500),
        recipient: shop.poor,
        remark: "wages".to_owned(),
        terms,
        name: None,
        by_public_key: false,
    };
    let create = move |facts: &dyn Facts, cx: &mut _| bills::create(facts, cx, &new);
    let made = shop.engine.step(input("create_transfer"), create).await.unwrap();
    let Offered::Made(transfer) = made else { panic!("{made:?}") };
    *transfer
}

#[tokio::test]
async fn the_phone_of_its_recipient_accepts_a_transfer_and_no_other_does() {
    let shop = Shop::sandbox().await;
    enrol(&shop).await;
    let (id, _) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/phone").await;
    let (rich, poor, payment) = (shop.rich.to_string(), shop.poor.to_string(), id.to_string());
    let fields = [("payer", rich.as_str()), ("method", "balance"), ("code", payment.as_str())];
    browser.submit(&page, "/sandbox/phone/form", &fields).await.shows(&["Paid."]);
    let (first, second) = (offered(&shop, "T1").await, offered(&shop, "T2").await);
    let package = package_info(first.id);
    let number = second.wechat.as_ref().unwrap().transfer_bill_no.clone();
    for (payer, code, told) in [
        (&rich, &package, "No payment has this code"),
        (&poor, &package, "The transfer was accepted."),
        (&poor, &package, "The transfer was accepted."),
    ] {
        let fields = [("payer", payer.as_str()), ("method", "balance"), ("code", code.as_str())];
        browser.submit(&page, "/sandbox/phone/form", &fields).await.shows(&[told]);
    }
    let cancel = |facts: &dyn Facts, cx: &mut _| bills::cancel(facts, cx, MCHID, "T2");
    shop.engine.step(input("cancel_transfer"), cancel).await.unwrap();
    let fields = [("payer", poor.as_str()), ("method", "balance"), ("code", number.as_str())];
    browser.submit(&page, "/sandbox/phone/form", &fields).await.shows(&["has gone back"]);
    let now = shop.engine.store.get::<Transfer>(first.id).unwrap().unwrap();
    assert_eq!((now.status, now.version), (TransferStatus::Accepted, 2));
}
