//! What every page keeps: complete, labelled, escaped, light, under the policy, in both languages.

use std::io::Write as _;

use tongbao_web::cashier::{Outcome, Step, render_cashier};
use tongbao_web::error::{ErrorView, render_error};
use tongbao_web::sandbox::{
    render_holder, render_inbox, render_notifications, render_phone, render_signature, render_start,
    render_timeline,
};
use tongbao_web::{Frame, Lang, asset, render_docs};

use crate::{page, samples};

/// The weight of a cashier as it is, in bytes: style sheet and page fit the first flight of a TCP connection
/// (ten segments of 1,460 bytes, RFC 6928) even uncompressed.
const SENT_LIMIT: usize = 14 * 1024;
/// The weight of a cashier compressed.
const GZIP_LIMIT: usize = 8 * 1024;

fn every_page(frame: &Frame) -> Vec<(String, String)> {
    let mut pages: Vec<_> = samples::cashier_steps()
        .into_iter()
        .map(|(name, view)| (format!("cashier {name}"), render_cashier(&view, frame)))
        .collect();
    for empty in [false, true] {
        pages.push((format!("start, empty {empty}"), render_start(&samples::start(empty), frame)));
        pages.push((format!("phone, empty {empty}"), render_phone(&samples::phone(empty), frame)));
        pages.push((format!("inbox, empty {empty}"), render_inbox(&samples::inbox(empty), frame)));
        let notifications = render_notifications(&samples::notifications(empty), frame);
        pages.push((format!("notifications, empty {empty}"), notifications));
        let signature = render_signature(&samples::signature(empty), frame);
        pages.push((format!("signature, empty {empty}"), signature));
        pages.push((format!("timeline, empty {empty}"), render_timeline(&samples::timeline(empty), frame)));
        pages.push((format!("bank, waits {empty}"), render_holder(&samples::holder(empty), frame)));
    }
    pages.push(("docs".into(), render_docs(&samples::openapi(), true, frame)));
    for status in [400, 403, 404, 410, 429, 500, 503] {
        let view = ErrorView { status, request_id: "req_1".into() };
        pages.push((format!("error {status}"), render_error(&view, frame)));
    }
    pages
}

fn gzip_len(bytes: &[u8]) -> usize {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

fn sheet_of(html: &str) -> tongbao_web::asset::Asset {
    let path = html.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    asset(path).unwrap()
}

#[test]
fn every_page_is_well_formed_labelled_and_under_the_policy() {
    for lang in [Lang::Zh, Lang::En] {
        let frame = samples::frame(lang);
        for (name, html) in every_page(&frame) {
            page::assert_well_formed(&name, &html);
            page::assert_obeys_the_policy(&name, &html, &frame.nonce);
            page::assert_forms_carry(&name, &html, &frame.csrf);
            page::assert_fields_are_labelled(&name, &html);
            assert!(
                html.contains(&format!("<html lang=\"{}\"", lang.tag())),
                "{name} does not say its language"
            );
            sheet_of(&html);
        }
    }
}

#[test]
fn every_page_differs_between_the_languages() {
    let pages = every_page(&samples::frame(Lang::Zh)).into_iter().zip(every_page(&samples::frame(Lang::En)));
    for ((name, zh), (_, en)) in pages {
        let title =
            |html: &str| html.split("<title>").nth(1).unwrap().split("</title>").next().unwrap().to_owned();
        assert_ne!(title(&zh), title(&en), "{name} has one title in both languages");
    }
}

#[test]
fn a_cashier_weighs_less_than_the_first_flight_of_a_connection() {
    for lang in [Lang::Zh, Lang::En] {
        for (name, view) in samples::cashier_steps() {
            let html = render_cashier(&view, &samples::frame(lang));
            let sheet = sheet_of(&html);
            // Pages go out as they are, style sheets compressed.
            let sent = html.len() + sheet.gzip.unwrap().len();
            let compressed = gzip_len(html.as_bytes()) + sheet.gzip.unwrap().len();
            assert!(sent <= SENT_LIMIT, "{name} weighs {sent} bytes");
            assert!(compressed <= GZIP_LIMIT, "{name} weighs {compressed} bytes compressed");
        }
    }
}

#[test]
fn hostile_text_is_escaped_wherever_a_stranger_can_write() {
    const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let frame = samples::frame(Lang::Zh);
    let steps = [
        samples::sign_in(true),
        samples::confirm(100_000),
        Step::Processing,
        samples::result(Outcome::Closed),
    ];
    let mut pages = Vec::new();
    for mut step in steps {
        if let Step::SignIn(sign_in) = &mut step {
            sign_in.phone = HOSTILE.into();
        }
        let mut view = samples::cashier(step);
        for field in
            [&mut view.merchant_name, &mut view.description, &mut view.order_no, &mut view.items[0].name]
        {
            *field = HOSTILE.into();
        }
        pages.push(render_cashier(&view, &frame));
    }
    let mut start = samples::start(false);
    start.payments[0].order_no = HOSTILE.into();
    start.commands[0].command = HOSTILE.into();
    pages.push(render_start(&start, &frame));
    let mut phone = samples::phone(false);
    phone.code = HOSTILE.into();
    phone.open_payments[0].description = HOSTILE.into();
    pages.push(render_phone(&phone, &frame));
    let mut holder = samples::holder(true);
    (holder.merchant_name, holder.card) = (HOSTILE.into(), HOSTILE.into());
    pages.push(render_holder(&holder, &frame));
    let mut inbox = samples::inbox(false);
    inbox.messages[0].text = HOSTILE.into();
    inbox.messages[0].code = Some("<script>".into());
    pages.push(render_inbox(&inbox, &frame));
    let mut notifications = samples::notifications(false);
    notifications.deliveries[1].body = HOSTILE.into();
    notifications.deliveries[1].url = HOSTILE.into();
    notifications.deliveries[1].attempts[0].error = Some(HOSTILE.into());
    pages.push(render_notifications(&notifications, &frame));
    let mut signature = samples::signature(false);
    signature.form.body = HOSTILE.into();
    signature.refused[0].url = HOSTILE.into();
    let examined = signature.examined.as_mut().unwrap();
    examined.lines[4].1 = HOSTILE.into();
    examined.findings[0].about = Some(HOSTILE.into());
    examined.own.as_mut().unwrap().difference.as_mut().unwrap().found = HOSTILE.into();
    pages.push(render_signature(&signature, &frame));
    let mut timeline = samples::timeline(false);
    let found = timeline.found.as_mut().unwrap();
    found.order_no = HOSTILE.into();
    found.rows[0].blocks[0].1 = HOSTILE.into();
    found.rows[1].title = HOSTILE.into();
    pages.push(render_timeline(&timeline, &frame));
    pages.push(render_error(&ErrorView { status: 404, request_id: HOSTILE.into() }, &frame));
    let openapi =
        samples::openapi().to_string().replace("Create a payment", "<script>alert(1)</script><img src=x>");
    pages.push(render_docs(&serde_json::from_str(&openapi).unwrap(), true, &frame));
    for html in pages {
        assert!(!html.contains("<script>alert"), "a script got through");
        assert!(!html.contains("<img"), "an element got through");
        assert!(html.contains("&#60;script&#62;"), "the text is missing");
        page::assert_well_formed("hostile", &html);
        page::assert_obeys_the_policy("hostile", &html, &frame.nonce);
    }
}

#[test]
fn the_toggle_and_the_forms_carry_the_readers_choices() {
    let frame = Frame::new(Some("en"), Some("large"), None, "n", "c");
    let html = render_cashier(&samples::cashier(samples::confirm(100_000)), &frame);
    let path = samples::cashier(Step::Processing).path();
    assert!(html.contains(&format!("action=\"{path}/pay?lang=en&#38;text=large\"")));
    assert!(html.contains(&format!("href=\"{path}?lang=zh&#38;text=large\"")));
    assert!(html.contains("<html lang=\"en\" class=\"large\">"));
}
