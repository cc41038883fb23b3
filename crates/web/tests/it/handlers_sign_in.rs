//! A payer signs in by a one-time code, and learns nothing about others by trying.

use crate::{
    browser::Page,
    shop::{POOR, RICH, Shop},
};

#[tokio::test]
async fn switching_the_account_signs_out() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = shop.sign_in(&mut browser, &path, RICH).await;
    let page = browser.submit(&page, &format!("{path}/session/end"), &[]).await;
    page.shows(&["name=\"phone\""]);
    assert!(!browser.has("tongbao_session"));
}

#[tokio::test]
async fn a_wrong_code_is_counted_and_five_void_it() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get(&path).await;
    let mut page = browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    let code = shop.last_code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let session = format!("{path}/session");
    for left in ["4 tries left", "3 tries left", "2 tries left", "1 try left"] {
        page = browser.submit(&page, &session, &[("phone", RICH), ("code", wrong)]).await;
        page.shows(&["Wrong code", left]);
    }
    page = browser.submit(&page, &session, &[("phone", RICH), ("code", wrong)]).await;
    page.shows(&["The code has expired"]);
    page = browser.submit(&page, &session, &[("phone", RICH), ("code", &code)]).await;
    page.shows(&["The code has expired"]);
    assert!(!browser.has("tongbao_session"));
}

#[tokio::test]
async fn a_code_is_good_for_five_minutes_and_for_its_number_only() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get(&path).await;
    let page = browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    let code = shop.last_code();
    let session = format!("{path}/session");
    browser
        .submit(&page, &session, &[("phone", POOR), ("code", &code)])
        .await
        .shows(&["The code has expired"]);
    shop.engine.clock.set_ahead_s(301);
    browser
        .submit(&page, &session, &[("phone", RICH), ("code", &code)])
        .await
        .shows(&["The code has expired"]);
    assert!(!browser.has("tongbao_session"));
}

#[tokio::test]
async fn a_number_that_nobody_has_looks_like_one_that_somebody_has() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut seen = Vec::new();
    for phone in [RICH, "17099999999"] {
        let mut browser = shop.browser();
        let mut pages = vec![browser.get(&path).await];
        for (form, fields) in [
            ("code", [("phone", phone), ("code", "")]),
            ("code", [("phone", phone), ("code", "")]),
            ("session", [("phone", phone), ("code", "abcdef")]),
            ("session", [("phone", phone), ("code", "abcdef")]),
        ] {
            let page = browser.submit(&pages[0], &format!("{path}/{form}"), &fields).await;
            pages.push(page);
        }
        let words = |page: &Page| {
            let text = page.text();
            let main = text.split("<main>").nth(1).unwrap().split("<aside").next().unwrap().to_owned();
            // Tokens are random; the time left runs on.
            let main = main.replace(&page.token(), "").replace(phone, "");
            main.split("role=\"timer\"")
                .map(|part| part.split_once("</span>").map_or(part.to_owned(), |(_, rest)| rest.to_owned()))
                .collect::<String>()
        };
        seen.push(pages.iter().map(words).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(shop.messages().len(), 1, "nobody is sent a code for a number that nobody has");
}

#[tokio::test]
async fn another_code_waits_half_a_minute() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get(&path).await;
    let page = browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    let page = browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    page.shows(&["A code was sent a moment ago", "name=\"code\""]);
    shop.engine.clock.set_ahead_s(31);
    let page = browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    page.shows(&["We sent a code"]);
    page.hides(&["role=\"alert\""]);
    assert_eq!(shop.messages().len(), 2);
}

#[tokio::test]
async fn a_malformed_number_comes_back_to_be_corrected_and_a_number_can_be_changed() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get(&path).await;
    let page = browser.submit(&page, &format!("{path}/code"), &[("phone", "1700000\"<b>")]).await;
    page.shows(&["This is not a phone number", "value=\"1700000&#34;&#60;b&#62;\""]);
    let page = browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    page.shows(&["name=\"code\"", "change_phone=1"]);
    let page = browser.get(&format!("{path}?change_phone=1")).await;
    page.shows(&["id=\"phone\""]);
    page.hides(&["name=\"code\"", RICH]);
    browser.get(&path).await.hides(&["name=\"code\""]);
}

#[tokio::test]
async fn a_second_browser_is_told_the_same_of_known_and_unknown_numbers() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    for phone in [RICH, "17099999999"] {
        for _ in 0..2 {
            let mut browser = shop.browser();
            let page = browser.get(&path).await;
            let page = browser.submit(&page, &format!("{path}/code"), &[("phone", phone)]).await;
            page.shows(&["We sent a code to", "name=\"code\""]);
            page.hides(&["role=\"alert\""]);
        }
    }
    assert_eq!(shop.messages().len(), 1, "the code sent to the first browser is good in the second");
}

#[tokio::test]
async fn a_code_signs_in_once() {
    let shop = Shop::sandbox().await;
    let (_, path) = shop.payment("tea").await;
    let mut browser = shop.browser();
    let page = browser.get(&path).await;
    let page = browser.submit(&page, &format!("{path}/code"), &[("phone", RICH)]).await;
    let mut other = browser.clone();
    let code = shop.last_code();
    let fields = [("phone", RICH), ("code", code.as_str())];
    browser.submit(&page, &format!("{path}/session"), &fields).await.shows(&["170****0001"]);
    other.submit(&page, &format!("{path}/session"), &fields).await.shows(&["Wrong code"]);
    assert!(!other.has("tongbao_session"));
}
