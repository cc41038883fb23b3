//! The transit code, rides and debt over HTTP: shown, scanned, settled, owed and paid; and what nobody else sees.

use axum::http::StatusCode;
use tongbao_core::{
    Facts,
    id::{AppId, PayerId, RideId},
    ledger::Account,
    payer::{Payer, freeze, identity::Identity},
    transit::{
        Ride,
        steps::{self, NewExit, NewRide},
    },
};
use tongbao_money::{Amount, Currency};

use crate::{
    browser::{Browser, Page},
    shop::{PASSWORD, POOR, RICH, Shop, input},
};

const CODE: &str = "/wallet/transit";
const DEBT: &str = "/wallet/debt";
/// Where codes are switched on.
const SWITCH: &str = "/wallet/security/codes";

async fn signed_in(shop: &Shop, phone: &str) -> Browser {
    let mut browser = shop.browser();
    let page = browser.get("/wallet/sign-in").await;
    let page = browser.submit(&page, "/wallet/sign-in/code", &[("phone", phone)]).await;
    let code = shop.last_code();
    browser.submit(&page, "/wallet/sign-in/session", &[("phone", phone), ("code", &code)]).await;
    assert!(browser.has("tongbao_wallet"));
    browser
}

/// The same where codes are switched on.
async fn rider(shop: &Shop, phone: &str) -> Browser {
    let mut browser = signed_in(shop, phone).await;
    let page = browser.get(SWITCH).await;
    browser.submit(&page, SWITCH, &[("password", PASSWORD)]).await;
    browser
}

/// The digits on a page.
fn digits(page: &Page) -> String {
    let text = page.text();
    let shown = text.split("class=\"digits\">").nth(1).expect("a code").split('<').next().unwrap();
    shown.chars().filter(char::is_ascii_digit).collect()
}

async fn shown(browser: &mut Browser) -> String {
    let page = browser.get(CODE).await;
    digits(&browser.submit(&page, CODE, &[]).await)
}

async fn enters(shop: &Shop, app: AppId, code: &str) -> RideId {
    let code = shop.engine.scanned_transit_code(code).unwrap();
    let (station, max) = ("<b>Square</b>".to_owned(), Amount::new(1_500).unwrap());
    let ride_no = shop.engine.request_number();
    let new = NewRide { ride_no, code, station, max, scanned_at: None };
    let enter = move |facts: &dyn Facts, cx: &mut _| steps::enter(facts, cx, app, &new);
    shop.engine.step(input("create_ride"), enter).await.unwrap().ride.id
}

async fn leaves(shop: &Shop, app: AppId, id: RideId, fare: i64) -> Ride {
    let new = NewExit {
        code: None,
        station: "East".to_owned(),
        fare: Amount::new(fare).unwrap(),
        scanned_at: None,
    };
    let exit = move |facts: &dyn Facts, cx: &mut _| steps::exit(facts, cx, app, id, &new);
    shop.engine.step(input("create_ride_exit"), exit).await.unwrap()
}

async fn set_frozen(shop: &Shop, payer: PayerId, frozen: bool) {
    let set = move |facts: &dyn Facts, cx: &mut tongbao_core::Context| {
        if frozen { freeze::freeze_own(facts, cx, payer) } else { freeze::unfreeze(facts, cx, payer) }
    };
    shop.engine.run(input("set_frozen"), set).await.unwrap();
}

fn purse(shop: &Shop, payer: PayerId) -> i64 {
    let account = Account::PayerAvailable(payer).of(Currency::CNY);
    shop.engine.store.account(account).unwrap().balance()
}

#[tokio::test]
async fn a_payer_shows_a_code_rides_and_reads_what_it_cost() {
    let shop = Shop::sandbox().await;
    let mut browser = rider(&shop, RICH).await;
    browser.get("/wallet").await.shows(&["/wallet/transit"]);
    let page = browser.get(CODE).await;
    page.shows(&["Show my code", "/wallet/rides"]);
    page.hides(&["class=\"digits\""]);
    let code = shown(&mut browser).await;
    assert_eq!(digits(&browser.get(CODE).await), code, "the same again while it is good");
    assert_eq!(shown(&mut browser).await, code, "and when it is asked for again");
    let ride = enters(&shop, shop.app, &code).await;
    let page = browser.get(CODE).await;
    page.shows(&["You are on a ride", "&#60;b&#62;Square"]);
    page.hides(&[&code]);
    assert_ne!(shown(&mut browser).await, code, "another follows one that was used");
    let path = format!("/wallet/rides/{ride}");
    browser.get(&path).await.shows(&["On the way", "Highest fare", "15.00"]);
    leaves(&shop, shop.app, ride, 400).await;
    assert_eq!(purse(&shop, shop.rich), 1_000_000 - 400);
    browser.get(&path).await.shows(&["Paid", "4.00", "East", "Paid from the balance"]);
    browser.get("/wallet/rides").await.shows(&[&path, "&#60;b&#62;Square", "East", "4.00", "Paid"]);
    browser.get("/wallet/bills?kind=ride").await.shows(&[&path, "-¥4.00"]);
    browser.get("/wallet/messages").await.shows(&["Your ride is over. ¥4.00 was paid from your balance."]);
    browser.get(CODE).await.hides(&["You are on a ride"]);
    browser.get(DEBT).await.shows(&["Nothing is owed"]);
}

#[tokio::test]
async fn a_fare_that_is_owed_blocks_the_code_until_it_is_paid_on_its_page() {
    let shop = Shop::sandbox().await;
    let mut browser = rider(&shop, RICH).await;
    let code = shown(&mut browser).await;
    let ride = enters(&shop, shop.app, &code).await;
    set_frozen(&shop, shop.rich, true).await;
    leaves(&shop, shop.app, ride, 400).await;
    let page = browser.get(CODE).await;
    page.shows(&["Pay it", DEBT, "4.00"]);
    page.hides(&["Show my code"]);
    browser.get("/wallet/messages").await.shows(&["could not be paid", "Your account was frozen"]);
    let page = browser.get(DEBT).await;
    page.shows(&["Fare to be paid", "Pay ¥4.00", "Your account was frozen"]);
    let debt = shop.engine.open_debt(shop.rich).unwrap().unwrap().id.to_string();
    browser.submit(&page, DEBT, &[("debt", &debt)]).await.shows(&["Your account is frozen"]);
    set_frozen(&shop, shop.rich, false).await;
    let forged = browser.post(DEBT, &[("debt", &debt), ("csrf", "x")]).await;
    assert_eq!((forged.status, purse(&shop, shop.rich)), (StatusCode::SEE_OTHER, 1_000_000));
    browser.submit(&page, DEBT, &[("debt", &debt)]).await.shows(&["The fare is paid", "Nothing is owed"]);
    browser.submit(&page, DEBT, &[("debt", &debt)]).await.shows(&["Nothing is owed"]);
    assert_eq!(purse(&shop, shop.rich), 1_000_000 - 400, "a form that is sent twice pays once");
    browser
        .get(&format!("/wallet/rides/{ride}"))
        .await
        .shows(&["The balance could not pay", "Paid from the balance"]);
    assert_eq!(shown(&mut browser).await.len(), 18);
}

#[tokio::test]
async fn who_has_too_little_is_led_to_the_top_up() {
    let shop = Shop::sandbox().await;
    let mut poor = rider(&shop, POOR).await;
    let code = shown(&mut poor).await;
    let ride = enters(&shop, shop.app, &code).await;
    leaves(&shop, shop.app, ride, 101).await;
    let page = poor.get(DEBT).await;
    page.shows(&["Your balance does not cover this", "/wallet/top-up", "Your balance was short"]);
    page.hides(&["Pay ¥1.01"]);
    assert_eq!(purse(&shop, shop.poor), 100);
}

#[tokio::test]
async fn who_may_not_ride_is_told_why_in_plain_words() {
    let shop = Shop::sandbox().await;
    let mut browser = rider(&shop, RICH).await;
    let page = browser.get(CODE).await;
    set_frozen(&shop, shop.rich, true).await;
    browser.submit(&page, CODE, &[]).await.shows(&["Your account is frozen", "Show my code"]);
    set_frozen(&shop, shop.rich, false).await;
    let id = shop.rich;
    let unknown = move |facts: &dyn Facts, _: &mut tongbao_core::Context| {
        let now = facts.get::<Payer>(id)?.unwrap();
        let mut change = tongbao_core::ChangeSet::default();
        change.put(Payer { version: now.version + 1, identity: Some(Identity::Unverified), ..now.clone() });
        Ok(change)
    };
    shop.engine.run(input("unverify"), unknown).await.unwrap();
    browser.submit(&page, CODE, &[]).await.shows(&["Your identity is not verified"]);
}

#[tokio::test]
async fn codes_of_a_minute_come_to_an_end() {
    let shop = Shop::sandbox().await;
    let mut browser = rider(&shop, RICH).await;
    let page = browser.get(CODE).await;
    for _ in 0..tongbao_core::payment_code::CODES_PER_WINDOW_MAX {
        let code = shown(&mut browser).await;
        let ride = enters(&shop, shop.app, &code).await;
        leaves(&shop, shop.app, ride, 0).await;
    }
    browser.submit(&page, CODE, &[]).await.shows(&["All codes of this minute were used"]);
    shop.engine.clock.set_ahead_s(60);
    assert_eq!(shown(&mut browser).await.len(), 18);
}

#[tokio::test]
async fn nobody_sees_rides_or_pays_debts_of_another() {
    let shop = Shop::sandbox().await;
    let mut rich = rider(&shop, RICH).await;
    let code = shown(&mut rich).await;
    let ride = enters(&shop, shop.app, &code).await;
    set_frozen(&shop, shop.rich, true).await;
    leaves(&shop, shop.app, ride, 100).await;
    set_frozen(&shop, shop.rich, false).await;
    let mut poor = rider(&shop, POOR).await;
    let path = format!("/wallet/rides/{ride}");
    for other in [path.as_str(), "/wallet/rides/rid_x", &format!("/wallet/rides/{}", shop.rich)] {
        assert_eq!(poor.get(other).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    poor.get("/wallet/rides").await.shows(&["No rides yet"]);
    poor.get(DEBT).await.shows(&["Nothing is owed"]);
    let own = poor.get("/wallet").await;
    let debt = shop.engine.open_debt(shop.rich).unwrap().unwrap().id.to_string();
    let fields = [("debt", debt.as_str()), ("csrf", &own.token())];
    assert_eq!(poor.post(DEBT, &fields).await.status, StatusCode::NOT_FOUND);
    let fields = [("debt", "x"), ("csrf", &own.token())];
    assert_eq!(poor.post(DEBT, &fields).await.status, StatusCode::NOT_FOUND);
    assert_eq!((purse(&shop, shop.rich), purse(&shop, shop.poor)), (1_000_000, 100));
    for path in [CODE, DEBT, "/wallet/rides", &path] {
        let answer = shop.browser().get(path).await;
        assert!(answer.header("location").starts_with("/wallet/sign-in"), "{path}");
    }
}

#[tokio::test]
async fn a_code_is_shown_only_where_codes_are_switched_on() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    assert!(browser.get(CODE).await.header("location").starts_with(SWITCH));
    let home = browser.get("/wallet").await;
    let answer = browser.post(CODE, &[("csrf", &home.token())]).await;
    assert!(answer.header("location").starts_with(SWITCH), "{}", answer.header("location"));
    let mut browser = rider(&shop, RICH).await;
    assert_eq!(shown(&mut browser).await.len(), 18);
}
