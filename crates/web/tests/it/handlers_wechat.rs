//! Orders of WeChat Pay's interface on the pages: combined orders on the cashier and the phone, payment codes.

use tongbao_core::{
    Facts, Time,
    payment::{Payment, Status, create::NewPayment},
    wechat::{
        WechatCombinedOrder,
        codepay::{self, NewCodeOrder, Scanned},
        combine::{self, CombinedTerms, NewCombinedOrder, NewSubOrder, Placed},
        merchant::{self, KeyMode, MerchantCertificate, NewWechatMerchant},
        order::{self, OrderTerms, TradeType},
    },
};
use tongbao_engine::wechat::prepay::code_url;

use crate::shop::{BASE, PASSWORD, RICH, Shop, fen, input};

const MCHID: &str = "1900000001";
const APPID: &str = "wx0000000000000001";

impl Shop {
    async fn enrol(&self) {
        let certificate = MerchantCertificate {
            serial: "01".to_owned(),
            public_key: String::new(),
            not_before: Time::from_ms(0),
            not_after: Time::from_ms(i64::MAX),
            revoked_at: None,
        };
        let new = NewWechatMerchant {
            mchid: MCHID.to_owned(),
            app: self.app,
            appids: vec![APPID.to_owned()],
            certificate,
            api_v3_key: None,
            key_mode: KeyMode::Both,
        };
        let register = move |facts: &dyn Facts, cx: &mut _| merchant::register(facts, cx, &new);
        self.engine.step(input("register"), register).await.unwrap();
    }

    /// A combined order of 30 yuan and 20 yuan.
    async fn combined(&self, number: &str) -> WechatCombinedOrder {
        let sub = |part: &str, minor| NewSubOrder {
            mchid: MCHID.to_owned(),
            out_trade_no: format!("{number}-{part}"),
            amount: fen(minor).amount,
            description: format!("茶叶 {part}"),
            attach: "7".to_owned(),
            goods_tag: None,
            detail: None,
            profit_sharing: None,
        };
        let terms = CombinedTerms {
            mchid: MCHID.to_owned(),
            appid: APPID.to_owned(),
            out_trade_no: number.to_owned(),
            trade_type: TradeType::H5,
            openid: None,
            scene_info: None,
            device_id: None,
            notify_url: "https://shop.example/notify".to_owned(),
        };
        let sub_orders = vec![sub("first", 3_000), sub("second", 2_000)];
        let new =
            NewCombinedOrder { terms, sub_orders, payer: None, by_public_key: false, time_expire: None };
        let place = move |facts: &dyn Facts, cx: &mut _| combine::place(facts, cx, &new);
        match self.engine.step(input("place"), place).await.unwrap() {
            Placed::Ready(order) => *order,
            other => panic!("{other:?}"),
        }
    }

    fn statuses(&self, order: &WechatCombinedOrder) -> Vec<Status> {
        order.sub_orders.iter().map(|sub| self.read(sub.payment).status).collect()
    }

    /// A shop scans these digits for so many fen.
    async fn scan(&self, number: &str, minor: i64, digits: &str) -> Payment {
        let payment = NewPayment {
            order_no: number.to_owned(),
            money: fen(minor),
            description: "tea".to_owned(),
            items: Vec::new(),
            metadata: std::collections::BTreeMap::new(),
            notify_url: None,
            return_url: None,
            expires_in_s: 0,
        };
        let terms = OrderTerms {
            mchid: MCHID.to_owned(),
            appid: APPID.to_owned(),
            trade_type: TradeType::Micropay,
            openid: None,
            attach: None,
            goods_tag: None,
            support_fapiao: None,
            detail: None,
            scene_info: None,
            device_id: None,
            profit_sharing: None,
        };
        let code = self.engine.payment_code_digest(digits);
        let new = NewCodeOrder { payment, terms, code, by_public_key: false, sandbox: true };
        let scan = move |facts: &dyn Facts, cx: &mut _| codepay::scan(facts, cx, &new);
        match self.engine.step(input("scan"), scan).await.unwrap() {
            Scanned::Order(payment) => *payment,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_cashier_shows_and_takes_all_of_a_combined_order() {
    let shop = Shop::sandbox().await;
    shop.enrol().await;
    let order = shop.combined("whole-1").await;
    let first = order.sub_orders[0].payment;
    let keep =
        move |facts: &dyn Facts, _: &mut _| order::return_to(facts, first, "https://shop.example/thanks");
    shop.engine.run(input("keep_return_url"), keep).await.unwrap();
    let path = format!("/cashier/{}", order.id);
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    page.shows(&["Pay ¥50.00", "沙箱茶馆", "茶叶 first", "茶叶 second", "¥30.00", "¥20.00"]);
    let fields = [("method", "sandbox_bank"), ("password", PASSWORD)];
    let refused = browser.submit(&page, &format!("{path}/pay"), &fields).await;
    refused.hides(&["Payment complete"]);
    assert_eq!(shop.statuses(&order), [Status::Open; 2], "no bank takes several payments in one step");
    let fields = [("method", "balance"), ("password", PASSWORD)];
    let page = browser.submit(&page, &format!("{path}/pay"), &fields).await;
    page.shows(&["Payment complete", "https://shop.example/thanks"]);
    assert_eq!(shop.statuses(&order), [Status::Succeeded; 2]);
    let status = browser.get(&format!("{path}/status")).await;
    assert!(status.text().contains("succeeded"), "{}", status.text());
}

#[tokio::test]
async fn a_part_s_own_cashier_is_that_of_the_whole() {
    let shop = Shop::sandbox().await;
    shop.enrol().await;
    let order = shop.combined("whole-1").await;
    let path = format!("/cashier/{}", order.sub_orders[1].payment);
    let mut browser = shop.browser();
    browser.get(&path).await.shows(&["50.00", "茶叶 first"]);
    let phone = browser.get("/sandbox/phone").await;
    phone.hides(&[&order.sub_orders[0].payment.to_string()]);
}

#[tokio::test]
async fn the_phone_pays_a_combined_order_by_its_code_or_its_cashier() {
    let shop = Shop::sandbox().await;
    shop.enrol().await;
    let (first, second) = (shop.combined("whole-1").await, shop.combined("whole-2").await);
    let mut browser = shop.browser();
    let page = browser.get("/sandbox/phone").await;
    let (rich, poor) = (shop.rich.to_string(), shop.poor.to_string());
    for (payer, code, told) in [
        (&poor, code_url(&first.prepay()), "Too little balance"),
        (&rich, code_url(&first.prepay()), "Paid."),
        (&rich, code_url(&first.prepay()), "cannot be paid any more"),
        (&rich, format!("{BASE}/cashier/{}", second.id), "Paid."),
        (&rich, "wxc_01k9yq3vx2e8gtm4d6w7zr5hbn".to_owned(), "No payment has this code"),
    ] {
        let fields = [("payer", payer.as_str()), ("method", "balance"), ("code", &code)];
        browser.submit(&page, "/sandbox/phone/form", &fields).await.shows(&[told]);
    }
    for order in [&first, &second] {
        assert_eq!(shop.statuses(order), [Status::Succeeded; 2]);
    }
    let nobody = browser.get("/cashier/wxc_01k9yq3vx2e8gtm4d6w7zr5hbn").await;
    assert_eq!(nobody.status, axum::http::StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_phone_shows_a_payment_code_and_takes_it_back_for_the_password() {
    let shop = Shop::sandbox().await;
    shop.enrol().await;
    let rich = shop.rich.to_string();
    let mut browser = shop.browser();
    let phone = format!("/sandbox/phone?payer={rich}");
    let page = browser.get(&phone).await;
    page.hides(&["<output>"]);
    assert_eq!(shop.engine.shown_payment_code(shop.rich).unwrap(), None, "looking shows nothing");
    let page = browser.submit(&page, "/sandbox/phone/code/form", &[("payer", &rich)]).await;
    page.shows(&["The payment code is shown.", "<output>"]);
    let grouped = page.text().split("<output>").nth(1).unwrap().split('<').next().unwrap().to_owned();
    let digits: String = grouped.split(' ').collect();
    assert_eq!(shop.engine.shown_payment_code(shop.rich).unwrap().unwrap().digits, digits);
    browser.get(&phone).await.shows(&[&grouped]);
    browser.get(&format!("/sandbox/phone?payer={}", shop.poor)).await.hides(&[&grouped]);

    // Above 1,000 yuan.
    let waits = shop.scan("dear-1", 100_001, &digits).await;
    assert_eq!(waits.status, Status::Open);
    let page = browser.get(&phone).await;
    page.hides(&[&grouped]);
    page.shows(&[&format!("value=\"{}\"", waits.id)]);
    let poor = shop.poor.to_string();
    for (payer, told) in [(&poor, "A rule refused the payment"), (&rich, "Paid.")] {
        let fields = [("payer", payer.as_str()), ("method", "balance"), ("code", &digits)];
        browser.submit(&page, "/sandbox/phone/form", &fields).await.shows(&[told]);
    }
    assert_eq!(shop.read(waits.id).status, Status::Succeeded);

    let page = browser.submit(&page, "/sandbox/phone/code/form", &[("payer", "nobody")]).await;
    page.shows(&["That did not work"]);
}
