//! Both languages are complete, and the choice between them follows the reader.

use super::{
    Lang, Phrase, cashier, common, docs, error, money, passkey, phrase, sandbox, send, signature, timeline,
    transit, utility, wallet,
};

fn is_chinese(char: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&char)
}

fn assert_complete<P: Phrase + std::fmt::Debug>(table: &[P]) {
    for key in table {
        let (zh, en) = (key.phrase(Lang::Zh), key.phrase(Lang::En));
        assert!(!zh.trim().is_empty() && !en.trim().is_empty(), "{key:?} is empty in one language");
        // The toggle names each language in itself.
        if en != "中文" {
            assert!(!en.chars().any(is_chinese), "{key:?} has Chinese in English: {en}");
            assert!(zh.chars().any(is_chinese) || zh.starts_with('+'), "{key:?} has no Chinese: {zh}");
        }
    }
}

#[test]
fn every_table_is_complete_in_both_languages() {
    assert_complete(common::Text::ALL);
    assert_complete(common::PaymentStatus::ALL);
    assert_complete(common::MethodName::ALL);
    assert_complete(common::WhyNot::ALL);
    assert_complete(cashier::Text::ALL);
    assert_complete(docs::Text::ALL);
    assert_complete(money::Text::ALL);
    assert_complete(error::Text::ALL);
    assert_complete(sandbox::Text::ALL);
    assert_complete(sandbox::Fault::ALL);
    assert_complete(sandbox::DeliveryStatus::ALL);
    assert_complete(sandbox::SandboxNotice::ALL);
    assert_complete(passkey::Text::ALL);
    assert_complete(send::Text::ALL);
    assert_complete(send::BillKind::ALL);
    assert_complete(send::BillStatus::ALL);
    assert_complete(signature::Text::ALL);
    assert_complete(timeline::Text::ALL);
    assert_complete(timeline::LineKind::ALL);
    assert_complete(utility::Text::ALL);
    assert_complete(transit::Text::ALL);
    assert_complete(timeline::BlockName::ALL);
    assert_complete(wallet::Text::ALL);
    assert_complete(wallet::State::ALL);
}

#[test]
fn every_fault_is_offered_on_the_phone() {
    assert_eq!(sandbox::Fault::EVERY.len(), sandbox::Fault::ALL.len());
    assert!(sandbox::Fault::ALL.iter().all(|fault| sandbox::Fault::EVERY.contains(fault)));
}

#[test]
fn the_header_with_the_highest_quality_wins() {
    assert_eq!(Lang::negotiate(None), Lang::Zh);
    assert_eq!(Lang::negotiate(Some("")), Lang::Zh);
    assert_eq!(Lang::negotiate(Some("zh-CN,zh;q=0.9,en;q=0.8")), Lang::Zh);
    assert_eq!(Lang::negotiate(Some("en-GB,en;q=0.9,zh;q=0.8")), Lang::En);
    assert_eq!(Lang::negotiate(Some("de, en;q=0.5, zh;q=0.7")), Lang::Zh);
    assert_eq!(Lang::negotiate(Some("zh;q=0, en;q=0.1")), Lang::En);
    assert_eq!(Lang::negotiate(Some("fr-FR")), Lang::En);
    assert_eq!(Lang::negotiate(Some("*")), Lang::Zh);
    assert_eq!(Lang::negotiate(Some(";;q=,,q=x")), Lang::En);
}

#[test]
fn durations_show_their_two_largest_units() {
    assert_eq!(phrase::duration(Lang::En, 0), "0 s");
    assert_eq!(phrase::duration(Lang::En, 59), "59 s");
    assert_eq!(phrase::duration(Lang::En, 60), "1 min");
    assert_eq!(phrase::duration(Lang::En, 3_661), "1 h 1 min");
    assert_eq!(phrase::duration(Lang::Zh, 90_000), "1 天 1 小时");
    assert_eq!(phrase::duration(Lang::Zh, 86_460), "1 天");
}

#[test]
fn english_counts_one_in_the_singular() {
    assert_eq!(phrase::attempts(Lang::En, 1), "1 attempt");
    assert_eq!(phrase::attempts(Lang::En, 2), "2 attempts");
    assert_eq!(phrase::attempts(Lang::Zh, 1), "1 次");
}
