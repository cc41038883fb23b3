//! Transfers, collection codes and bills over HTTP: what is refused, what is repeated, and what nobody else sees.

use axum::http::StatusCode;
use tongbao_core::{
    facts::Entity,
    id::PayerId,
    ledger::Account,
    limits::PAYEE_LOOK_UPS_PER_DAY_MAX,
    payer::{Payer, freeze},
    transfer::Transfer,
};
use tongbao_money::Currency;

use crate::{
    browser::{Browser, Page},
    handlers_wallet_account::{NEW, sign_up},
    shop::{PASSWORD, POOR, RICH, Shop, input},
};

/// Bytes of a page: what the first flight of a connection carries (RFC 6928), as the cashier's.
const PAGE_BYTES_MAX: usize = 14 * 1024;

async fn sign_in(shop: &Shop, phone: &str) -> Browser {
    let mut browser = shop.browser();
    let page = browser.get("/wallet/sign-in").await;
    let page = browser.submit(&page, "/wallet/sign-in/code", &[("phone", phone)]).await;
    let code = shop.last_code();
    let fields = [("phone", phone), ("code", code.as_str())];
    let page = browser.submit(&page, "/wallet/sign-in/session", &fields).await;
    page.shows(&["Latest bills"]);
    browser
}

fn balance(shop: &Shop, payer: PayerId) -> i64 {
    shop.engine.store.account(Account::PayerAvailable(payer).of(Currency::CNY)).unwrap().balance()
}

/// The value of the field `d` of a page.
fn draft(page: &Page) -> String {
    let text = page.text();
    text.split("name=\"d\" value=\"").nth(1).expect("a draft").split('"').next().unwrap().to_owned()
}

/// The page that asks for the password.
async fn prepared(browser: &mut Browser, phone: &str, amount: &str, note: &str) -> Page {
    let page = browser.get("/wallet/transfer").await;
    let page = browser.submit(&page, "/wallet/transfer/payee", &[("phone", phone)]).await;
    let draft = draft(&page);
    let fields = [("d", draft.as_str()), ("amount", amount), ("note", note), ("way", "at_once")];
    browser.submit(&page, "/wallet/transfer/amount", &fields).await
}

#[tokio::test]
async fn a_transfer_is_sent_once_however_often_its_form_is() {
    let shop = Shop::sandbox().await;
    let mut browser = sign_in(&shop, RICH).await;
    let page = prepared(&mut browser, POOR, "12.34", "<b>午饭</b>").await;
    page.shows(&["¥", "12.34", "&#60;b&#62;午饭&#60;/b&#62;", "You have never sent money to this person"]);
    page.hides(&["<b>午饭", POOR]);
    let sealed = draft(&page);
    let fields = [("d", sealed.as_str()), ("password", PASSWORD)];
    let sent = browser.submit(&page, "/wallet/transfer/send", &fields).await;
    sent.shows(&["Money sent", "&#60;b&#62;"]);
    let again = browser.submit(&page, "/wallet/transfer/send", &fields).await;
    again.shows(&["Money sent"]);
    assert_eq!((balance(&shop, shop.rich), balance(&shop, shop.poor)), (1_000_000 - 1_234, 100 + 1_234));
    // The payee is offered the next time, without a look-up and without a warning.
    let start = browser.get("/wallet/transfer").await;
    start.shows(&["Sent to before", "170****0002"]);
    let path = start.text().split("href=\"/wallet/transfer?d=").nth(1).unwrap().to_owned();
    let path = format!("/wallet/transfer?d={}", path.split('"').next().unwrap());
    browser.get(&path).await.hides(&["You have never sent money"]);
}

#[tokio::test]
async fn a_draft_is_good_for_its_sender_only_and_a_form_for_its_session() {
    let shop = Shop::sandbox().await;
    let (mut rich, mut poor) = (sign_in(&shop, RICH).await, sign_in(&shop, POOR).await);
    let page = prepared(&mut rich, POOR, "1", "").await;
    let sealed = draft(&page);
    let fields = [("d", sealed.as_str()), ("password", PASSWORD)];
    let own = poor.get("/wallet/transfer").await;
    poor.submit(&own, "/wallet/transfer/send", &fields).await.shows(&["The page was open for too long"]);
    // Forged, or from the page of another session: nothing is tried, and no try at the password is lost.
    let token = own.token();
    for csrf in ["", "x", token.as_str()] {
        let answer = rich.post("/wallet/transfer/send", &[fields[0], fields[1], ("csrf", csrf)]).await;
        rich.follow(answer).await.shows(&["The page was open for too long"]);
    }
    let tries = shop.engine.store.get::<Payer>(shop.rich).unwrap().unwrap().password_tries;
    assert_eq!((balance(&shop, shop.rich), tries), (1_000_000, 0));
    for broken in ["", "x", &sealed[1..]] {
        let answer =
            rich.submit(&page, "/wallet/transfer/send", &[("d", broken), ("password", PASSWORD)]).await;
        answer.shows(&["The page was open for too long"]);
    }
}

#[tokio::test]
async fn numbers_cannot_be_tried_out() {
    let shop = Shop::sandbox().await;
    let mut browser = sign_in(&shop, RICH).await;
    let page = browser.get("/wallet/transfer").await;
    let mut look =
        async |phone: &str| browser.submit(&page, "/wallet/transfer/payee", &[("phone", phone)]).await;
    look("12").await.shows(&["This is not a phone number"]);
    look(RICH).await.shows(&["This is you"]);
    for count in 1..PAYEE_LOOK_UPS_PER_DAY_MAX {
        look(&format!("170000005{count:02}")).await.shows(&["Nobody here has this number"]);
    }
    look(POOR).await.shows(&["No more numbers can be looked up today"]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_said_before_the_password_is_tried() {
    let shop = Shop::sandbox().await;
    let mut browser = sign_in(&shop, POOR).await;
    prepared(&mut browser, RICH, "1.01", "").await.shows(&["Not enough balance", "value=\"1.01\""]);
    prepared(&mut browser, RICH, "0", "").await.shows(&["This is not an amount"]);
    prepared(&mut browser, RICH, "1", "a\u{202e}b").await.shows(&["This note cannot be used"]);
    let page = prepared(&mut browser, RICH, "1", "").await;
    let payer = shop.poor;
    let frozen = shop.engine.run(input("freeze"), move |facts, cx| freeze::freeze_own(facts, cx, payer));
    frozen.await.unwrap();
    let sealed = draft(&page);
    let fields = [("d", sealed.as_str()), ("password", PASSWORD)];
    browser.submit(&page, "/wallet/transfer/send", &fields).await.shows(&["Your account is frozen"]);
    let payer = shop.engine.store.get::<Payer>(shop.poor).unwrap().unwrap();
    assert_eq!((balance(&shop, shop.poor), payer.password_tries), (100, 0));
}

#[tokio::test]
async fn a_bill_is_shown_to_those_it_concerns() {
    let shop = Shop::sandbox().await;
    let (mut rich, mut poor) = (sign_in(&shop, RICH).await, sign_in(&shop, POOR).await);
    let page = prepared(&mut rich, POOR, "1", "tea").await;
    let sealed = draft(&page);
    let sent = rich.submit(&page, "/wallet/transfer/send", &[("d", &sealed), ("password", PASSWORD)]).await;
    let id = sent.text().split("trf_").nth(1).unwrap()[..26].to_owned();
    poor.get(&format!("/wallet/bills/trf_{id}")).await.shows(&["Received from 170****0001", "+", "tea"]);
    let (payment, path) = shop.payment("Pu-erh").await;
    let at_cashier = shop.sign_in(&mut shop.browser(), &path, RICH).await;
    assert_eq!(at_cashier.status, StatusCode::OK);
    for strange in [format!("pay_{}", &payment.to_string()[4..]), shop.rich.to_string(), "x".to_owned()] {
        let answer = poor.get(&format!("/wallet/bills/{strange}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{strange}");
    }
    let stranger = shop.browser().get(&format!("/wallet/bills/trf_{id}")).await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER, "who is not signed in is asked to");
    // Only a recipient accepts and only a sender takes back; what has arrived stays.
    for deed in ["acceptance", "refusal", "withdrawal"] {
        let path = format!("/wallet/transfer/trf_{id}/{deed}");
        let home = rich.get("/wallet").await;
        let answer = rich.post(&path, &[("csrf", &home.token())]).await;
        let expected = if deed == "withdrawal" { StatusCode::SEE_OTHER } else { StatusCode::NOT_FOUND };
        assert_eq!(answer.status, expected, "{deed}");
    }
    assert_eq!(balance(&shop, shop.poor), 200);
}

#[tokio::test]
async fn a_collection_code_leads_in_and_takes_what_its_owner_asks_for() {
    let shop = Shop::sandbox().await;
    let (mut rich, mut poor) = (sign_in(&shop, RICH).await, sign_in(&shop, POOR).await);
    let page = poor.get("/wallet/collect").await;
    let made = poor.submit(&page, "/wallet/collect", &[]).await;
    let token = made.text().split("/c/").nth(1).unwrap()[..22].to_owned();
    let fixed = poor.submit(&made, "/wallet/collect/amount", &[("amount", "500.01")]).await;
    fixed.shows(&["This is not an amount"]);
    poor.submit(&made, "/wallet/collect/amount", &[("amount", "3.50")]).await.shows(&["3.50"]);
    let scanned = shop.browser().get(&format!("/c/{token}")).await;
    assert_eq!(scanned.header("location"), format!("/wallet/c/{token}"));
    for strange in ["/c/x", "/wallet/c/aaaaaaaaaaaaaaaaaaaaaa"] {
        assert_eq!(rich.get(strange).await.status, StatusCode::NOT_FOUND, "{strange}");
    }
    let path = format!("/wallet/c/{token}");
    let page = rich.get(&path).await;
    page.shows(&["3.50", "170****0002"]);
    // The amount typed into the request does not count where the owner asks for one.
    let confirm = rich.submit(&page, &path, &[("amount", "1"), ("note", "tip")]).await;
    poor.submit(&made, "/wallet/collect/amount", &[("amount", "")]).await;
    let sealed = draft(&confirm);
    let fields = [("d", sealed.as_str()), ("password", PASSWORD)];
    rich.submit(&confirm, "/wallet/transfer/send", &fields).await.shows(&["Money sent", "Collection code"]);
    assert_eq!(balance(&shop, shop.poor), 450);
    let transfers = shop.engine.store.records(tongbao_store::Query::List {
        list: tongbao_core::List::TransfersTo(shop.poor),
        after: None,
        newest_first: true,
        limit: 9,
    });
    let transfers = transfers.unwrap();
    assert!(transfers.iter().filter_map(Transfer::of).all(|transfer| transfer.collection.is_some()));
}

/// Switches payment codes on, and comes to their page.
async fn codes_on(browser: &mut Browser) -> Page {
    let switch = browser.get("/wallet/code").await;
    assert_eq!(switch.header("location"), "/wallet/security/codes");
    let switch = browser.get("/wallet/security/codes").await;
    browser.submit(&switch, "/wallet/security/codes", &[("password", PASSWORD)]).await
}

#[tokio::test]
async fn a_device_shows_payment_codes_once_the_password_has_allowed_it() {
    let shop = Shop::sandbox().await;
    let mut browser = sign_in(&shop, RICH).await;
    let switch = browser.get("/wallet/security/codes").await;
    switch.shows(&["asks for it once", "name=\"password\""]);
    let answer = browser.post("/wallet/code", &[("csrf", &switch.token())]).await;
    assert_eq!(answer.header("location"), "/wallet/security/codes", "no code without the password");
    for (typed, told) in [("000000", "Wrong payment password"), ("1", "six digits"), ("", "six digits")] {
        browser.submit(&switch, "/wallet/security/codes", &[("password", typed)]).await.shows(&[told]);
    }
    let page = codes_on(&mut browser).await;
    page.shows(&["Show my code"]);
    browser.submit(&page, "/wallet/code", &[]).await.shows(&["Changes in"]);
    shop.engine.clock.set_ahead_s(31);
    let mut other = sign_in(&shop, RICH).await;
    assert_eq!(other.get("/wallet/code").await.header("location"), "/wallet/security/codes");
    let on = browser.get("/wallet/security/codes").await;
    on.shows(&["This device shows payment codes"]);
    let off = browser.submit(&on, "/wallet/security/codes/end", &[]).await;
    off.shows(&["Payment codes are off on this device", "name=\"password\""]);
    assert_eq!(browser.get("/wallet/code").await.header("location"), "/wallet/security/codes");
}

#[tokio::test]
async fn pages_are_small_whole_without_scripts_and_hide_the_balance_on_request() {
    let shop = Shop::sandbox().await;
    let mut browser = sign_in(&shop, RICH).await;
    let home = browser.get("/wallet").await;
    home.shows(&["10,000.00", "Top-up"]);
    let hidden = browser.submit(&home, "/wallet/balance", &[("hide", "1")]).await;
    hidden.hides(&["10,000.00</p>"]);
    browser.submit(&hidden, "/wallet/balance", &[("hide", "")]).await.shows(&["10,000.00"]);
    let page = codes_on(&mut browser).await;
    browser.submit(&page, "/wallet/code", &[]).await.shows(&["Changes in", "<svg"]);
    for path in [
        "/wallet",
        "/wallet/code",
        "/wallet/security/codes",
        "/wallet/transfer",
        "/wallet/collect",
        "/wallet/bills",
    ] {
        for lang in ["zh", "en"] {
            let page = browser.get(&format!("{path}?lang={lang}&text=large")).await;
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.body.len() <= PAGE_BYTES_MAX, "{path} has {} bytes", page.body.len());
            page.hides(&[" style=", " onclick="]);
        }
    }
    for strange in
        ["month=x", "month=9999-12", "kind=x", "page=x", "page=99999999999999999999", "month=1970-01"]
    {
        assert_eq!(
            browser.get(&format!("/wallet/bills?{strange}")).await.status,
            StatusCode::OK,
            "{strange}"
        );
    }
}

#[tokio::test]
async fn a_verified_name_is_compared_a_few_times_a_day() {
    let shop = Shop::sandbox().await;
    sign_up(&shop, &mut shop.browser(), NEW).await;
    let payee = shop.engine.payer_by_phone(NEW).unwrap().unwrap();
    shop.engine.verify_identity(payee.id, "测试甲", "990000199001010017").await.unwrap();
    let mut browser = sign_in(&shop, RICH).await;
    let page = browser.get("/wallet/transfer").await;
    let page = browser.submit(&page, "/wallet/transfer/payee", &[("phone", NEW)]).await;
    page.shows(&["**甲 (170****0009)", "Check the name"]);
    page.hides(&["测试"]);
    let sealed = draft(&page);
    let mut check = async |surname: &str| {
        let fields = [("d", sealed.as_str()), ("amount", "1"), ("surname", surname)];
        browser.submit(&page, "/wallet/transfer/amount", &fields).await
    };
    check("").await.shows(&["Confirm the transfer"]);
    check("测").await.shows(&["Confirm the transfer", "**甲 (170****0009)"]);
    // One look-up and one comparison are counted; what is seen of the name is not what is asked for.
    for wrong in ["甲", "测试", "张"].iter().cycle().take(usize::from(PAYEE_LOOK_UPS_PER_DAY_MAX) - 2) {
        check(wrong).await.shows(&["The name does not match"]);
    }
    check("测").await.shows(&["No more numbers can be looked up today"]);
}
