//! Transfers, a collection code and bills in a real browser of a phone's size: two payers, each on a phone of its own.

use serde_json::json;

use crate::{
    browser::{Driver, element, open, program},
    person::{Person, text},
    process::Sandbox,
};

const DAY_S: i64 = 24 * 3_600;

/// A note that would be a script on a page that did not escape it.
const NOTE: &str = "<script>document.title='owned'</script>";

impl Person<'_> {
    /// Asks for the wallet, and is let in by phone number and code.
    async fn opens_the_wallet(&self) {
        self.goes("/wallet").await;
        self.signs_in().await;
        self.reads("Latest bills").await;
    }

    /// Goes as far as the page that asks for the password.
    async fn prepares(&self, to: &Person<'_>, amount: &str, note: &str, way: &str) {
        self.goes("/wallet/transfer").await;
        self.fills("#phone", text(&to.payer["phone"])).await;
        self.presses(".pay-button").await;
        self.fills("#amount", amount).await;
        self.fills("#note", note).await;
        self.presses(&format!("input[name=way][value={way}]")).await;
        self.presses(".pay-button").await;
        self.reads("Confirm the transfer").await;
    }

    async fn path(&self) -> String {
        self.browser.current_url().await.unwrap().path().to_owned()
    }
}

#[tokio::test]
async fn money_is_offered_accepted_returned_and_paid_by_a_code_and_bills_tell_of_it() {
    let Some(program) = program() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(&directory.path().join("data"));
    let driver = Driver::start(&program);
    let person = async |number: usize| Person {
        browser: open(&driver, &directory.path().join(format!("profile {number}"))).await,
        sandbox: &sandbox,
        payer: &sandbox.file["payers"][number],
    };
    let (one, other) = (person(0).await, person(1).await);
    one.opens_the_wallet().await;
    other.opens_the_wallet().await;

    // A number that nobody has, then the right one, and a wrong password on the way.
    one.goes("/wallet/transfer").await;
    one.fills("#phone", "17000000999").await;
    one.presses(".pay-button").await;
    one.reads("Nobody here has this number").await;
    one.prepares(&other, "12.34", NOTE, "to_be_accepted").await;
    one.reads("You have never sent money to this person").await;
    one.reads(NOTE).await;
    one.confirms("000000").await;
    one.reads("Wrong payment password").await;
    one.types_the_password().await;
    one.reads("Sent; waiting for them to accept").await;
    one.finds("/wallet", "¥9,987.66").await;

    // The other one sees what waits, with the note as text, and takes it.
    other.finds("/wallet", "Waiting for you").await;
    other.presses("a[href*='/wallet/bills/trf_']").await;
    other.reads(NOTE).await;
    assert_ne!(other.browser.title().await.unwrap(), "owned");
    other.presses("form[action*=acceptance] button").await;
    other.reads("Completed").await;
    other.finds("/wallet", "¥1,012.34").await;

    // One that nobody takes comes back after a day.
    one.prepares(&other, "100", "rent", "to_be_accepted").await;
    one.types_the_password().await;
    one.reads("waiting for them to accept").await;
    let offered = one.path().await;
    sandbox.post("/sandbox/clock", json!({"advance_s": DAY_S + 60})).await;
    one.finds(&offered, "Not accepted in time; went back").await;
    one.finds("/wallet", "¥9,987.66").await;

    // The other one makes a collection code, and one pays it.
    other.goes("/wallet/collect").await;
    other.presses(".pay-button").await;
    let address = element(&other.browser, "p.code").await.text().await.unwrap();
    let path = format!("/c/{}", address.rsplit_once("/c/").unwrap().1);
    one.goes(&path).await;
    one.reads("500 yuan a day").await;
    one.fills("#amount", "500.01").await;
    one.presses(".pay-button").await;
    one.types_the_password().await;
    one.reads("¥500.00 more today").await;
    one.goes(&path).await;
    one.fills("#amount", "20").await;
    one.presses(".pay-button").await;
    one.types_the_password().await;
    one.reads("Money sent").await;
    one.finds("/wallet", "¥9,967.66").await;
    other.finds("/wallet", "¥1,032.34").await;

    bills_tell(&one, &other).await;
    one.browser.close().await.unwrap();
    other.browser.close().await.unwrap();
}

/// The month's bills of both, and the payer's own code on the screen.
async fn bills_tell(one: &Person<'_>, other: &Person<'_>) {
    one.finds("/wallet/bills?kind=transfer", "Sent to 170****0002").await;
    let page = element(&one.browser, "main").await.text().await.unwrap();
    for told in ["-¥12.34", "-¥100.00", "+¥100.00", "-¥20.00", "Came back from 170****0002"] {
        assert!(page.contains(told), "{told} is missing: {page}");
    }
    other.finds("/wallet/bills", "Received from 170****0001").await;
    let page = element(&other.browser, "main").await.text().await.unwrap();
    assert!(page.contains("+¥12.34") && page.contains("+¥20.00") && !page.contains("100.00"), "{page}");
    other.finds("/wallet/messages", "170****0001 sent you ¥20.00").await;
    one.goes("/wallet/code").await;
    one.reads("asks for it once").await;
    one.types_the_password().await;
    one.reads("Show my code").await;
    one.presses(".pay-button").await;
    let digits = element(&one.browser, "output.digits").await.text().await.unwrap();
    assert_eq!(digits.chars().filter(char::is_ascii_digit).count(), 18, "{digits}");
    element(&one.browser, ".bars svg path").await;
}
