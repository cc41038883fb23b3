//! Cards, top-up and withdrawal over HTTP: what each form does, once, and what it refuses to do.

use std::sync::Arc;

use axum::http::StatusCode;
use tongbao_core::{
    List, Refusal, ledger::Account, limits::CARDS_PER_PAYER_MAX, payer::Payer, top_up::TopUp,
    withdrawal::Withdrawal,
};
use tongbao_engine::{
    Deliveries, Error, Worker,
    bank::{
        Binding, Holder,
        sandbox_card::{CARDS, SECURITY_CODE},
    },
    webhook::{Policy, Sender},
};
use tongbao_money::Currency;
use tongbao_store::Query;

use crate::{
    browser::{Browser, Page},
    shop::{PASSWORD, POOR, RICH, Shop},
};

const WELL: &str = "6200 0000 0000 0013";
const PERSON: [(&str, &str); 3] =
    [("name", "张三"), ("id_number", "11010119900307889X"), ("phone", "13800000000")];

/// A browser in which this payer is signed in to the wallet.
async fn signed_in(shop: &Shop, phone: &str) -> Browser {
    let mut browser = shop.browser();
    let page = browser.get("/wallet/sign-in").await;
    let page = browser.submit(&page, "/wallet/sign-in/code", &[("phone", phone)]).await;
    let code = shop.last_code();
    browser.submit(&page, "/wallet/sign-in/session", &[("phone", phone), ("code", &code)]).await;
    assert!(browser.has("tongbao_wallet"));
    browser
}

async fn bind(browser: &mut Browser, number: &str) -> Page {
    let page = browser.get("/wallet/cards/new").await;
    let fields = [&[("number", number)][..], &PERSON].concat();
    browser.submit(&page, "/wallet/cards/new", &fields).await
}

/// Binds a credit card with these digits from its back.
async fn bind_credit(browser: &mut Browser, code: &str) -> Page {
    let page = browser.get("/wallet/cards/new").await;
    let fields = [&[("number", "6200000000000021"), ("security_code", code)][..], &PERSON].concat();
    browser.submit(&page, "/wallet/cards/new", &fields).await
}

/// The value of a form's field.
fn field(page: &Page, name: &str) -> String {
    let text = page.text();
    let value = text.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("the page has the field");
    value.split('"').next().unwrap().replace("&#43;", "+").replace("&#61;", "=").replace("&#47;", "/")
}

async fn work(shop: &Shop) {
    let deliveries = Deliveries::new(Sender::new(Policy::LoopbackToo).unwrap(), Arc::new(|_| Vec::new()));
    Worker::new(Arc::clone(&shop.engine), deliveries).run_once().await.unwrap();
}

fn available(shop: &Shop) -> i64 {
    let account = Account::PayerAvailable(shop.rich).of(Currency::CNY);
    shop.engine.store.account(account).unwrap().balance()
}

fn count(shop: &Shop, list: List) -> usize {
    let query = Query::List { list, after: None, newest_first: false, limit: 100 };
    shop.engine.store.records(query).unwrap().len()
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_the_sign_in_and_back() {
    let shop = Shop::sandbox().await;
    for path in ["/wallet/cards", "/wallet/cards/new", "/wallet/top-up", "/wallet/withdrawal"] {
        let answer = shop.browser().get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answer.header("location"), format!("/wallet/sign-in?back={path}"));
    }
    for path in ["/wallet/cards/new", "/wallet/top-up", "/wallet/withdrawal", "/wallet/withdrawal/confirm"] {
        let answer = shop.browser().post(path, &[("amount", "1"), ("password", PASSWORD)]).await;
        assert!(answer.header("location").starts_with("/wallet/sign-in"), "{path}");
    }
}

#[tokio::test]
async fn a_card_is_bound_shown_by_its_last_digits_arranged_and_unbound() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    browser.get("/wallet/cards").await.shows(&["No card is bound yet"]);
    for (number, told) in [
        ("1234", "This is not a card number"),
        ("6200 0000 0000 0014", "This is not a card number"),
        ("6200 0000 0000 0104", "Your bank did not confirm it"),
        ("6200 0000 0000 0112", "Your bank did not answer"),
    ] {
        let page = bind(&mut browser, number).await;
        page.shows(&[told]);
        page.hides(&["张三", "value=\"6200"]);
    }
    let page = browser.get("/wallet/cards/new").await;
    let nameless =
        [("number", WELL), ("name", "1"), ("id_number", "11010119900307889X"), ("phone", "13800000000")];
    browser.submit(&page, "/wallet/cards/new", &nameless).await.shows(&["This is not a name"]);
    let nobody =
        [("number", WELL), ("name", "张三"), ("id_number", "110101199003078890"), ("phone", "13800000000")];
    browser.submit(&page, "/wallet/cards/new", &nobody).await.shows(&["This is not an ID number"]);
    let silent = [("number", WELL), ("name", "张三"), ("id_number", "11010119900307889X"), ("phone", "1")];
    browser.submit(&page, "/wallet/cards/new", &silent).await.shows(&["This is not a phone number"]);
    let bound = bind(&mut browser, WELL).await;
    bound.shows(&["The card is bound", "··0013", "Debit card", "Default"]);
    bound.hides(&["620000", "6200 0000"]);
    bind(&mut browser, "6200000000000021").await.shows(&["This is a credit card"]);
    for (code, told) in [("12", "digits from the back are wrong"), ("124", "digits from the back are wrong")]
    {
        bind_credit(&mut browser, code).await.shows(&[told]);
    }
    let page = bind_credit(&mut browser, "123").await;
    page.shows(&["··0021", "Credit card"]);
    let id = page.text().split("/wallet/cards/crd_").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let deed = |deed: &str| format!("/wallet/cards/crd_{id}/{deed}");
    browser.submit(&page, &deed("disable"), &[]).await.shows(&["Switched off", "Switch on"]);
    browser.submit(&page, &deed("enable"), &[]).await.hides(&["Switched off"]);
    browser.submit(&page, &deed("unbind"), &[]).await.shows(&["The card is unbound"]);
    let answer = browser.submit(&page, &deed("default"), &[]).await;
    answer.shows(&["This card cannot be used"]);
    assert_eq!(browser.post(&deed("steal"), &[("csrf", &page.token())]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_of_another_site_or_of_another_payers_card_does_nothing() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    let page = bind(&mut browser, WELL).await;
    let id = page.text().split("/wallet/cards/crd_").nth(1).unwrap().split('/').next().unwrap().to_owned();
    let path = format!("/wallet/cards/crd_{id}/unbind");
    let forged = browser.post(&path, &[("csrf", "AAAA")]).await;
    browser.follow(forged).await.shows(&["The page was open for too long", "··0013"]);
    shop.engine.clock.set_ahead_s(60);
    let mut other = signed_in(&shop, POOR).await;
    let theirs = other.get("/wallet/cards/new").await;
    other.submit(&theirs, &path, &[]).await.shows(&["This card cannot be used", "No card is bound yet"]);
    browser.get("/wallet/cards").await.shows(&["··0013"]);
}

#[tokio::test]
async fn a_wallet_holds_as_many_cards_as_it_may() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    let own = |number: &str| !matches!(number, "6200000000000104" | "6200000000000112");
    let mut cards = CARDS.iter().filter(|card| own(card.number));
    let person = |text: &str| text.to_owned();
    let holder = |number: &str| {
        let holder = Holder::new(person(number), person("张三"), person("1"), person("2"));
        holder.with_security_code(person(SECURITY_CODE))
    };
    for card in cards.by_ref().take(CARDS_PER_PAYER_MAX) {
        let bound = shop.engine.bind_card(shop.rich, holder(card.number)).await.unwrap();
        assert!(matches!(bound, Binding::Bound(_)), "{bound:?}");
    }
    let page = browser.get("/wallet/cards").await;
    assert_eq!(page.text().matches("<article").count(), CARDS_PER_PAYER_MAX);
    page.hides(&["Bind a card"]);
    let more = shop.engine.bind_card(shop.rich, holder(cards.next().unwrap().number)).await;
    assert_eq!(more, Err(Error::Refused(Refusal::TooManyCards)));
}

#[tokio::test]
async fn a_top_up_takes_the_password_of_its_own_form_and_happens_once() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    browser.get("/wallet/top-up").await.shows(&["You need a debit card", "/wallet/cards/new"]);
    bind(&mut browser, WELL).await;
    let page = browser.get("/wallet/top-up").await;
    let (card, number) = (field(&page, "card"), field(&page, "request"));
    let form = |amount, password| {
        [("request", number.as_str()), ("card", card.as_str()), ("amount", amount), ("password", password)]
    };
    for (amount, password, told) in [
        ("0", PASSWORD, "This is not an amount"),
        ("1.234", PASSWORD, "This is not an amount"),
        ("50000.01", PASSWORD, "This is not an amount"),
        ("5", "1", "The payment password is six digits"),
        ("5", "000000", "Wrong payment password"),
    ] {
        browser.submit(&page, "/wallet/top-up", &form(amount, password)).await.shows(&[told]);
    }
    let tries = || shop.engine.store.get::<Payer>(shop.rich).unwrap().unwrap().password_tries;
    assert_eq!((tries(), count(&shop, List::TopUpsOf(shop.rich))), (1, 0));
    let asking = browser.submit(&page, "/wallet/top-up", &form("5", PASSWORD)).await;
    asking.shows(&["We are asking the bank", "http-equiv=\"refresh\"", "··0013", "5.00"]);
    assert_eq!(tries(), 0, "a right password starts the count again");
    browser.submit(&page, "/wallet/top-up", &form("5", PASSWORD)).await.shows(&["We are asking the bank"]);
    work(&shop).await;
    assert_eq!((count(&shop, List::TopUpsOf(shop.rich)), available(&shop)), (1, 1_000_500));
    let again = browser.submit(&page, "/wallet/top-up", &form("5", PASSWORD)).await;
    again.shows(&["Topped up"]);
    again.hides(&["http-equiv=\"refresh\""]);
    browser.submit(&page, "/wallet/top-up", &form("6", PASSWORD)).await.shows(&["open for too long"]);
    let query = Query::List { list: List::TopUpsOf(shop.rich), after: None, newest_first: false, limit: 1 };
    let made = shop.engine.store.records(query).unwrap().remove(0);
    let id = <TopUp as tongbao_core::facts::Entity>::of(&made).unwrap().id;
    shop.engine.clock.set_ahead_s(60);
    let mut other = signed_in(&shop, POOR).await;
    let answer = other.get(&format!("/wallet/top-up/{id}")).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND, "another payer's is none");
}

#[tokio::test]
async fn a_withdrawal_shows_its_fee_before_the_password_and_happens_once() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    bind(&mut browser, WELL).await;
    let page = browser.get("/wallet/withdrawal").await;
    page.shows(&["1,000.00", "0.1 %"]);
    let card = field(&page, "card");
    let ask = |amount| [("card", card.as_str()), ("amount", amount), ("speed", "now")];
    browser.submit(&page, "/wallet/withdrawal", &ask("10000")).await.shows(&["Not enough balance"]);
    browser.submit(&page, "/wallet/withdrawal", &ask("x")).await.shows(&["This is not an amount"]);
    let confirm = browser.submit(&page, "/wallet/withdrawal", &ask("3000")).await;
    // 1,000 yuan are free, 0.1 % of 2,000 is 2.
    confirm.shows(&["¥2.00", "¥3,002.00", "··0013"]);
    let draft = field(&confirm, "d");
    confirm_with(&mut browser, &confirm, &draft, "000000")
        .await
        .shows(&["Wrong payment password", "¥3,002.00"]);
    let mut forged = draft.clone();
    forged.replace_range(30..31, if draft.as_bytes()[30] == b'A' { "B" } else { "A" });
    confirm_with(&mut browser, &confirm, &forged, PASSWORD).await.shows(&["The page was open for too long"]);
    assert_eq!(available(&shop), 1_000_000);
    confirm_with(&mut browser, &confirm, &draft, PASSWORD).await.shows(&["We are asking the bank"]);
    confirm_with(&mut browser, &confirm, &draft, PASSWORD).await.shows(&["We are asking the bank"]);
    assert_eq!((available(&shop), count(&shop, List::WithdrawalsOf(shop.rich))), (699_800, 1));
    work(&shop).await;
    confirm_with(&mut browser, &confirm, &draft, PASSWORD).await.shows(&["Withdrawn", "¥2.00"]);
    browser.get("/wallet/withdrawal").await.shows(&["¥0.00", "¥6,998.00"]);
    shop.engine.clock.set_ahead_s(601);
    confirm_with(&mut browser, &confirm, &draft, PASSWORD).await.shows(&["The page was open for too long"]);
    let mut other = signed_in(&shop, POOR).await;
    let page = other.get("/wallet/withdrawal").await;
    let stolen = [("d", draft.as_str()), ("password", PASSWORD), ("csrf", &page_token(&mut other).await)];
    let answer = other.post("/wallet/withdrawal/confirm", &stolen).await;
    other.follow(answer).await.shows(&["The page was open for too long"]);
    page.hides(&["6,998"]);
    assert_eq!(available(&shop), 699_800);
}

/// Sends the form that confirms a withdrawal.
async fn confirm_with(browser: &mut Browser, page: &Page, draft: &str, password: &str) -> Page {
    let fields = [("d", draft), ("password", password)];
    browser.submit(page, "/wallet/withdrawal/confirm", &fields).await
}

async fn page_token(browser: &mut Browser) -> String {
    browser.get("/wallet/cards/new").await.token()
}

#[tokio::test]
async fn a_withdrawal_for_tomorrow_waits_for_midnight_in_shanghai() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    bind(&mut browser, WELL).await;
    let page = browser.get("/wallet/withdrawal").await;
    let card = field(&page, "card");
    let ask = [("card", card.as_str()), ("amount", "10"), ("speed", "next_day")];
    let confirm = browser.submit(&page, "/wallet/withdrawal", &ask).await;
    confirm.shows(&["Tomorrow"]);
    let draft = field(&confirm, "d");
    let fields = [("d", draft.as_str()), ("password", PASSWORD)];
    let page = browser.submit(&confirm, "/wallet/withdrawal/confirm", &fields).await;
    page.shows(&["Taken; the bank is asked tomorrow"]);
    let query =
        Query::List { list: List::WithdrawalsOf(shop.rich), after: None, newest_first: false, limit: 1 };
    let made = shop.engine.store.records(query).unwrap().remove(0);
    let made = <Withdrawal as tongbao_core::facts::Entity>::of(&made).unwrap().clone();
    work(&shop).await;
    browser.get(&format!("/wallet/withdrawal/{}", made.id)).await.shows(&["asked tomorrow"]);
    let wait_s = made.due_at.since_ms(shop.engine.clock.world()) / 1_000 + 1;
    shop.engine.clock.set_ahead_s(wait_s);
    work(&shop).await;
    browser.get(&format!("/wallet/withdrawal/{}", made.id)).await.shows(&["Withdrawn"]);
}

#[tokio::test]
async fn the_cashier_offers_the_cards_of_who_is_signed_in() {
    let shop = Shop::sandbox().await;
    let mut browser = signed_in(&shop, RICH).await;
    bind(&mut browser, WELL).await;
    bind(&mut browser, "6200000000000039").await;
    shop.engine.clock.set_ahead_s(60);
    let (id, path) = shop.payment("tea").await;
    let mut till = shop.browser();
    let page = shop.sign_in(&mut till, &path, RICH).await;
    page.shows(&["Bank card", "··0013", "··0039"]);
    page.hides(&["620000"]);
    let keys: Vec<String> = page
        .text()
        .split("name=\"method\" value=\"crd_")
        .skip(1)
        .map(|rest| format!("crd_{}", rest.split('"').next().unwrap()))
        .collect();
    let pay = format!("{path}/pay");
    let poor = [("method", keys[1].as_str()), ("password", PASSWORD)];
    let page = till.submit(&page, &pay, &poor).await;
    page.shows(&["We are asking the bank"]);
    work(&shop).await;
    let page = till.get(&path).await;
    page.shows(&["There is too little money on the card"]);
    let theirs = [("method", "crd_00000000000000000000000000"), ("password", PASSWORD)];
    till.submit(&page, &pay, &theirs).await.shows(&["This method cannot be used now"]);
    let rich = [("method", keys[0].as_str()), ("password", PASSWORD)];
    till.submit(&page, &pay, &rich).await;
    work(&shop).await;
    till.get(&path).await.shows(&["Payment complete"]);
    let paid = shop.read(id);
    assert_eq!(paid.paid_by().unwrap().method.name(), "bank_card");
    assert_eq!(available(&shop), 1_000_000, "the balance paid nothing");
    shop.engine.clock.set_ahead_s(120);
    let (_, path) = shop.payment("tea").await;
    let mut other = shop.browser();
    shop.sign_in(&mut other, &path, POOR).await.hides(&["··0013", "Bank card"]);
}
