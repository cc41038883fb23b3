//! Pages: whatever a merchant or payer writes stays text.
//!
//! A page made with a text, and one made with the same text after its letters `<>&"'` became others, must have
//! the same tags and attributes: then the text made none of them.

use serde_json::{Value, json};
use tongbao_web::{
    Amount, Frame, Lang, MethodName, Moment,
    cashier::{
        CashierView, ConfirmView, ItemView, MethodDetail, MethodView, Outcome, ResultView, SignInView, Step,
        render_cashier,
    },
    qr_svg, render_docs,
};

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// Longest text in a QR code, in bytes (ISO/IEC 18004, version 40-M).
const QR_BYTES_MAX: usize = 2_331;

/// See the module.
pub const TARGET: Target = Target {
    name: "pages",
    run: target,
    words: &[
        "<script>",
        "</",
        "\"",
        "'",
        "&",
        "&lt;",
        "-->",
        "]]>",
        "{{",
        "{%",
        "javascript:",
        "https://",
        "\u{4}<b>x",
        "`",
        "```",
        "\n\n",
        "- ",
        "通宝",
        "\u{202e}",
        "\0",
        "onload=",
        "=",
    ],
};

/// Takes an input: the texts of a cashier, a document or a QR code, as the first byte says.
pub fn target(input: &[u8]) {
    let choice = input.first().copied().unwrap_or_default();
    let lang = if choice & 64 == 0 { Lang::Zh } else { Lang::En };
    let frame = Frame::new(Some(tag(lang)), None, None, "nonce", "csrf");
    let texts = texts(input);
    let harmless: Vec<String> = texts.iter().map(|text| disarmed(text)).collect();
    match choice % 8 {
        0..=3 => {
            let page = |texts: &[String]| render_cashier(&cashier(texts, choice), &frame);
            same_marks(&page(&texts), &page(&harmless), &texts);
        }
        4 | 5 => {
            let page = |texts: &[String]| render_docs(&document(texts), choice & 32 == 0, &frame);
            same_marks(&page(&texts), &page(&harmless), &texts);
        }
        6 => draw(input),
        _ => {
            if let Ok(arbitrary) = serde_json::from_slice::<Value>(input.get(1..).unwrap_or_default()) {
                reached("a document");
                render_docs(&arbitrary, choice & 32 == 0, &frame);
            }
        }
    }
}

fn draw(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let picture = qr_svg(&text);
    // Each kind of letter has its own encoding, so a text that is longer than that may still fit.
    assert!(!picture.is_empty() || text.len() > QR_BYTES_MAX, "{} bytes give no picture", text.len());
    let drawn = picture.matches('<').count();
    assert!(picture.is_empty() || drawn == 4, "{drawn} tags");
    reached(if picture.is_empty() { "no picture" } else { "a picture" });
}

const fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh",
        Lang::En => "en",
    }
}

fn texts(input: &[u8]) -> Vec<String> {
    let mut bytes = Bytes::new(input);
    bytes.byte();
    (0..8).map(|_| bytes.text()).collect()
}

fn disarmed(text: &str) -> String {
    text.chars().map(|letter| if "<>&\"'".contains(letter) { 'x' } else { letter }).collect()
}

fn same_marks(page: &str, harmless: &str, texts: &[String]) {
    for mark in ['<', '>', '"', '\''] {
        let (found, meant) = (page.matches(mark).count(), harmless.matches(mark).count());
        assert_eq!(found, meant, "{texts:?} made {mark} of its own");
    }
}

fn cashier(texts: &[String], choice: u8) -> CashierView {
    let text = |number: usize| texts.get(number).cloned().unwrap_or_default();
    let yuan = Amount::new(12_850, "CNY", 2);
    let item = ItemView { name: text(2), quantity: 2, amount: Some(yuan.clone()) };
    CashierView {
        base: String::new(),
        payment_id: "pay_01m80hb17de009a3e0mcxcrzpx".to_owned(),
        qr_text: "http://127.0.0.1:8080/cashier/pay_01m80hb17de009a3e0mcxcrzpx".to_owned(),
        merchant_name: text(0),
        description: text(1),
        order_no: text(3),
        items: vec![item],
        amount: yuan,
        expires_in_s: u64::from(choice) * 1_000,
        sandbox: choice.is_multiple_of(2),
        notice: None,
        step: step(&text, choice),
    }
}

fn step(text: &dyn Fn(usize) -> String, choice: u8) -> Step {
    reached(&format!("step {}", choice % 4));
    match choice % 4 {
        0 => Step::SignIn(SignInView { phone: text(4), code_sent: choice > 127 }),
        1 => {
            let detail = MethodDetail::Instrument(text(6));
            let method = MethodView { key: text(5), name: MethodName::Balance, detail, why_not: None };
            Step::Confirm(ConfirmView {
                masked_phone: text(4),
                methods: vec![method],
                selected_method: None,
                passkey: choice > 127,
            })
        }
        2 => Step::Processing,
        _ => {
            let paid_at = Moment::from_unix_ms(1_795_337_845_000);
            let outcome = Outcome::Succeeded { paid_at, method: Some(MethodName::Balance) };
            Step::Result(ResultView { outcome, return_url: Some(format!("https://{}", text(7))) })
        }
    }
}

fn document(texts: &[String]) -> Value {
    let text = |number: usize| texts.get(number).cloned().unwrap_or_default();
    json!({
        "info": {"title": text(0), "version": text(1), "description": text(2)},
        "tags": [{"name": "things", "description": text(3)}],
        "paths": {"/v1/things": {"post": {
            "tags": ["things"],
            "summary": text(4),
            "description": text(5),
            "parameters": [{"name": text(6), "in": "query", "description": text(7), "schema": {"type": "string"}}],
            "responses": {"200": {"description": text(3)}},
            "x-error-codes": [{"code": text(6), "status": 409, "description": text(2)}],
        }}},
    })
}
