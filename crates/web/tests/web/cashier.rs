//! What the cashier shows at each step.

use tongbao_web::cashier::{MethodDetail, Notice, Outcome, ResultView, Step, render_cashier};
use tongbao_web::{Lang, MethodName, WhyNot};

use crate::samples;

fn zh(step: Step) -> String {
    render_cashier(&samples::cashier(step), &samples::frame(Lang::Zh))
}

#[test]
fn an_open_payment_shows_shop_goods_amount_time_and_code() {
    let html = zh(samples::sign_in(false));
    for expected in [
        "<h1>沙箱商店</h1>",
        "<span>¥</span>128.50",
        "星空系列盲盒",
        "×2",
        "¥118.00",
        "20261122-000137",
        "data-countdown=\"899\"",
        ">14:59</span>",
        "<path stroke=\"#000\"",
        "沙箱环境",
    ] {
        assert!(html.contains(expected), "{expected} is missing");
    }
}

#[test]
fn sign_in_asks_for_the_phone_first_and_then_for_the_code() {
    let phone = zh(samples::sign_in(false));
    assert!(phone.contains("/code?lang=zh\""));
    assert!(phone.contains("name=\"phone\" type=\"tel\""));
    assert!(!phone.contains("name=\"code\""));
    let code = zh(samples::sign_in(true));
    assert!(code.contains("/session?lang=zh\""));
    assert!(code.contains("name=\"phone\" value=\"13800000001\""));
    assert!(code.contains("autocomplete=\"one-time-code\""));
    assert!(code.contains("/sandbox/inbox?lang=zh"), "the sandbox says where the code arrives");
}

#[test]
fn confirming_asks_for_the_password_and_names_the_amount_on_the_button() {
    let html = zh(samples::confirm(100_000));
    assert!(html.contains("确认支付 ¥128.50"));
    assert!(html.contains("138****0001"));
    assert!(
        html.contains("type=\"password\" inputmode=\"numeric\" autocomplete=\"off\" pattern=\"[0-9]{6}\"")
    );
    assert!(html.contains("value=\"balance\" checked>"));
    assert!(html.contains("value=\"bank_card\" disabled>"));
    assert!(html.contains("维护中"));
}

#[test]
fn a_method_that_cannot_be_used_is_never_the_chosen_one() {
    let mut step = samples::confirm(5_000);
    let Step::Confirm(confirm) = &mut step else { unreachable!() };
    confirm.selected_method = Some("balance".into());
    let html = zh(step);
    assert!(html.contains("value=\"balance\" disabled>"));
    assert!(html.contains("value=\"bank_card\" checked>"));
}

#[test]
fn without_a_usable_method_there_is_no_button_to_press() {
    let mut step = samples::confirm(5_000);
    let Step::Confirm(confirm) = &mut step else { unreachable!() };
    confirm.methods.truncate(1);
    let html = zh(step);
    assert!(!html.contains("name=\"password\""));
    assert!(html.contains("目前没有可用的付款方式"));
}

#[test]
fn every_method_and_reason_has_a_place() {
    let mut step = samples::confirm(100_000);
    let Step::Confirm(confirm) = &mut step else { unreachable!() };
    for (key, name) in [("wechat", MethodName::WeChatPay), ("alipay", MethodName::Alipay)] {
        let mut method = confirm.methods[0].clone();
        method.key = key.into();
        method.name = name;
        method.detail = MethodDetail::None;
        method.why_not = Some(WhyNot::AboveLimit);
        confirm.methods.push(method);
    }
    let html = zh(step);
    assert!(html.contains("微信支付") && html.contains("支付宝") && html.contains("超过此方式的限额"));
}

#[test]
fn every_notice_says_what_happened_and_what_to_do() {
    for lang in [Lang::Zh, Lang::En] {
        for notice in samples::every_notice() {
            let mut view = samples::cashier(samples::confirm(100_000));
            view.notice = Some(notice.clone());
            let html = render_cashier(&view, &samples::frame(lang));
            let banner =
                html.split("role=\"alert\"><strong>").nth(1).unwrap().split("</div>").next().unwrap();
            let (title, next) = banner.split_once("</strong>").unwrap();
            assert!(!title.is_empty() && !next.trim().is_empty(), "{notice:?} in {lang:?} is incomplete");
            let chinese = banner.chars().any(|char| ('\u{4e00}'..='\u{9fff}').contains(&char));
            assert_eq!(chinese, lang == Lang::Zh, "{notice:?} in {lang:?}: {banner}");
        }
    }
}

#[test]
fn notices_carry_their_numbers() {
    let mut view = samples::cashier(samples::confirm(100_000));
    view.notice = Some(Notice::WrongPassword { tries_left: 1 });
    assert!(render_cashier(&view, &samples::frame(Lang::En)).contains("1 try left"));
    view.notice = Some(Notice::InsufficientBalance { short_by: samples::yuan(7_850) });
    assert!(render_cashier(&view, &samples::frame(Lang::Zh)).contains("还差 ¥78.50"));
    view.notice = Some(Notice::PasswordLocked { until: samples::NOW });
    assert!(render_cashier(&view, &samples::frame(Lang::En)).contains("Try again after 2026-11-22 16:57:25"));
}

#[test]
fn waiting_watches_the_result_with_and_without_scripts() {
    let html = zh(Step::Processing);
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
    let path = samples::cashier(Step::Processing).path();
    assert!(html.contains(&format!("data-status=\"{path}/status\"")));
    assert!(html.contains("fetch("));
    assert!(!html.contains("data-countdown"), "money under way does not expire");
    assert!(!zh(samples::confirm(100_000)).contains("http-equiv=\"refresh\""));
}

#[test]
fn results_show_the_end_and_the_way_back() {
    let paid =
        zh(samples::result(Outcome::Succeeded { paid_at: samples::NOW, method: Some(MethodName::Balance) }));
    for expected in ["支付成功", "2026-11-22 16:57:25", "余额", "返回商家", "https://shop.example/orders/137"]
    {
        assert!(paid.contains(expected), "{expected} is missing");
    }
    let partly = zh(samples::result(Outcome::PartlyRefunded { refunded: samples::yuan(5_900) }));
    assert!(partly.contains("已部分退款") && partly.contains("¥59.00 / ¥128.50"));
    let expired = zh(samples::result(Outcome::Expired));
    assert!(expired.contains("订单已过期") && !expired.contains("<form"));
}

#[test]
fn a_return_address_with_another_scheme_never_becomes_a_link() {
    for url in ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//evil.example", "ht"] {
        let step = Step::Result(ResultView { outcome: Outcome::Closed, return_url: Some(url.into()) });
        assert!(!zh(step).contains("返回商家"), "{url} became a link");
    }
}

#[test]
fn a_bank_leads_to_the_web_or_to_a_page_of_ours_and_nowhere_else() {
    for (address, shown) in [
        ("/sandbox/bank/pay_1/att_1", true),
        ("https://bank.example/3ds?id=1", true),
        ("javascript:alert(1)", false),
        ("//bank.example", false),
        ("data:text/html,x", false),
    ] {
        let html = zh(Step::AskedByBank(address.into()));
        assert_eq!(html.contains("前往银行页面"), shown, "{address}");
    }
}
