//! The pages of notices, of one's own data and of closing the account.

use axum::http::StatusCode;

use crate::{
    handlers_wallet_account::{CHOSEN, NEW, sign_up},
    shop::Shop,
};

const NOTICES: &str = "/wallet/security/notices";
const MAIL: &str = "/wallet/security/mail";
const DATA: &str = "/wallet/security/data";
const CLOSING: &str = "/wallet/security/closing";

#[tokio::test]
async fn a_payer_chooses_its_notices_and_adds_and_removes_a_mail_address() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    sign_up(&shop, &mut browser, NEW).await.shows(&["Notices", "Download my data", "Close my account"]);
    let page = browser.get(NOTICES).await;
    page.shows(&["170****0009", "name=\"sms\" type=\"checkbox\" value=\"1\" checked", "Add a mail address"]);
    page.hides(&["name=\"mail\""]);
    let page = browser.submit(&page, NOTICES, &[("english", "1")]).await;
    page.shows(&["Your choice is saved", "name=\"english\" type=\"checkbox\" value=\"1\" checked"]);
    page.hides(&["name=\"sms\" type=\"checkbox\" value=\"1\" checked"]);
    let page = browser.get(MAIL).await;
    let page = browser.submit(&page, MAIL, &[("mail", "<script>@nowhere")]).await;
    page.shows(&["This is not a mail address"]);
    page.hides(&["<script>@", "nowhere"]);
    let page = browser.submit(&page, MAIL, &[("mail", "tester@example.com")]).await;
    page.shows(&["A code is on its way", "t***@example.com", "Use another address"]);
    let page = browser.submit(&page, "/wallet/security/mail/code", &[("code", "000000")]).await;
    page.shows(&["The code has expired"]);
    let code = shop.last_code();
    let page = browser.submit(&page, "/wallet/security/mail/code", &[("code", &code)]).await;
    page.shows(&["The address is confirmed", "t***@example.com", "name=\"mail\"", "Send no more mail"]);
    let page = browser.submit(&page, "/wallet/security/mail/end", &[]).await;
    page.shows(&["The address is removed", "None"]);
    browser.get("/wallet/messages").await.shows(&["Notices go to t***@example.com, too"]);
    browser.get("/sandbox/inbox").await.shows(&["mail t***@example.com"]);
}

#[tokio::test]
async fn ones_data_is_downloaded_after_the_password_and_told_of() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    sign_up(&shop, &mut browser, NEW).await;
    let page = browser.get(DATA).await;
    browser.submit(&page, DATA, &[("password", "024680")]).await.shows(&["Wrong payment password"]);
    let page = browser.get(DATA).await;
    let fields = [("csrf", &*page.token()), ("password", CHOSEN)];
    let copy = browser.post(DATA, &fields).await;
    assert_eq!((copy.status, copy.header("content-type")), (StatusCode::OK, "application/json"));
    assert!(copy.header("content-disposition").starts_with("attachment"));
    assert_eq!(copy.header("cache-control"), "no-store");
    copy.shows(&["\"phone\": \"17000000009\""]);
    copy.hides(&["argon2", "sealed", "digest"]);
    browser.get("/wallet/messages").await.shows(&["A copy of your data was just downloaded"]);
    let forged = [("csrf", "x"), ("password", CHOSEN)];
    assert_eq!(browser.post(DATA, &forged).await.status, StatusCode::SEE_OTHER, "another site gets nothing");
}

#[tokio::test]
async fn an_account_is_closed_and_its_number_signs_up_again() {
    let shop = Shop::sandbox().await;
    let mut browser = shop.browser();
    sign_up(&shop, &mut browser, NEW).await;
    let first = shop.engine.payer_by_phone(NEW).unwrap().unwrap().id;
    let page = browser.get(CLOSING).await;
    page.shows(&["This cannot be undone"]);
    shop.engine.clock.set_ahead_s(31);
    let page = browser.submit(&page, &format!("{CLOSING}/code"), &[]).await;
    page.shows(&["Close the account"]);
    let code = shop.last_code();
    let page = browser.submit(&page, CLOSING, &[("code", "000000"), ("password", CHOSEN)]).await;
    page.shows(&["The code has expired"]);
    let page = browser.submit(&page, CLOSING, &[("code", &code), ("password", CHOSEN)]).await;
    page.shows(&["Sign in or sign up"]);
    browser.get("/wallet/security").await.hides(&["170****0009"]);
    shop.engine.clock.set_ahead_s(62);
    sign_up(&shop, &mut shop.browser(), NEW).await.shows(&["170****0009", "Not verified"]);
    assert_ne!(shop.engine.payer_by_phone(NEW).unwrap().unwrap().id, first);
}
