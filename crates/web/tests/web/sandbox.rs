//! What the sandbox pages show, full and empty.

use tongbao_web::Lang;
use tongbao_web::sandbox::{render_inbox, render_notifications, render_phone, render_start};

use crate::samples;

fn assert_contains(html: &str, expected: &[&str]) {
    for text in expected {
        assert!(html.contains(text), "{text} is missing");
    }
}

#[test]
fn the_start_page_has_keys_commands_payers_and_payments() {
    let html = render_start(&samples::start(false), &samples::frame(Lang::Zh));
    assert_contains(
        &html,
        &[
            "tongbao-sandbox/sandbox.json",
            "tongbao listen --forward-to",
            "13800000001",
            "¥10,000.00",
            "¥12,345.67",
            "status good\">已支付",
            "action=\"/sandbox/payments/form?lang=zh\"",
            "aria-current=\"page\">开始",
        ],
    );
}

#[test]
fn empty_lists_say_what_to_do() {
    let frame = samples::frame(Lang::En);
    assert_contains(&render_start(&samples::start(true), &frame), &["No payments yet. Press"]);
    assert_contains(&render_phone(&samples::phone(true), &frame), &["Create a payment on the Start page"]);
    assert_contains(&render_inbox(&samples::inbox(true), &frame), &["ask for a code"]);
    assert_contains(
        &render_notifications(&samples::notifications(true), &frame),
        &["register a webhook endpoint"],
    );
}

#[test]
fn the_phone_marks_payer_and_fault_and_pays_with_one_tap() {
    let view = samples::phone(false);
    let html = render_phone(&view, &samples::frame(Lang::En));
    let payer = format!("value=\"{}\" selected>13800000002", view.selected_payer);
    let tap = format!("name=\"tap\" value=\"{}\"", view.open_payments[0].id);
    assert_contains(
        &html,
        &[
            &payer,
            &tap,
            "value=\"result_late\" checked>",
            "The next payment will meet: Gets its result late",
            "14 min 59 s left",
        ],
    );
}

#[test]
fn the_inbox_highlights_the_code_inside_the_text() {
    let html = render_inbox(&samples::inbox(false), &samples::frame(Lang::Zh));
    assert_contains(&html, &["验证码 <mark>482913</mark>，5 分钟内有效", "138****0001"]);
    assert_eq!(html.matches("<mark>").count(), 2, "a message without a code has nothing to highlight");
}

#[test]
fn notifications_show_attempts_bodies_and_the_next_try() {
    let html = render_notifications(&samples::notifications(false), &samples::frame(Lang::En));
    assert_contains(
        &html,
        &[
            "payment.succeeded",
            "2 attempts",
            "connection refused",
            "status bad\">500",
            "status good\">200",
            "31 ms",
            "<details>",
            "&#34;currency&#34;: &#34;CNY&#34;",
            "Waiting to retry",
            "/resend?lang=en\"",
            "/sandbox/notifications?cursor=abc",
        ],
    );
}

#[test]
fn the_clock_shows_how_far_it_was_moved() {
    let frame = samples::frame(Lang::En);
    assert_contains(
        &render_phone(&samples::phone(false), &frame),
        &["1 d 1 h ahead", "name=\"advance_s\" value=\"86400\""],
    );
    assert_contains(&render_start(&samples::start(false), &frame), &["in step with real time"]);
}
