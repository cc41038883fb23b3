//! Pages of utility payments: complete, labelled, light, in both languages.

use tongbao_core::utility::{Failure, Utility};
use tongbao_engine::utility::sandbox_billers::ACCOUNTS;
use tongbao_web::{
    Frame, Lang, Moment, asset,
    wallet::{
        Around, Tab,
        utility::{
            BillerView, KnownView, OfferView, TestAccountView, UtilitiesView, UtilityNotice, UtilityState,
            UtilityView, notice, render_offer, render_utilities, render_utility,
        },
    },
};

use crate::{page, samples};

const LIMIT: usize = 14 * 1024;
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

fn around(lang: Lang) -> Around {
    let notice = Some(notice(&UtilityNotice::NoSuchAccount, lang));
    Around { here: "/wallet/utilities".into(), tab: Some(Tab::Home), sandbox: true, notice }
}

fn made(state: UtilityState, biller: &str) -> UtilityView {
    UtilityView {
        id: "utp_01k".into(),
        state,
        biller: biller.into(),
        utility: Utility::Water,
        account: "****0001".into(),
        period: biller.into(),
        amount: samples::yuan(8_650),
        at: Moment::from_unix_ms(1_750_000_000_000),
        ended_at: (state != UtilityState::Asking).then(|| Moment::from_unix_ms(1_750_000_009_000)),
        reference: (state == UtilityState::Paid).then(|| biller.into()),
    }
}

const STATES: [UtilityState; 4] = [
    UtilityState::Asking,
    UtilityState::Paid,
    UtilityState::Failed(Failure::Refused),
    UtilityState::Failed(Failure::AmountChanged),
];

fn every_page(frame: &Frame, biller: &str) -> Vec<(String, String)> {
    let around = around(frame.lang);
    let biller_of =
        |utility: Utility| BillerView { code: utility.name().into(), name: biller.into(), utility };
    let known = |number: usize| KnownView {
        payment: format!("utp_{number}"),
        biller: biller.into(),
        account: "****0001".into(),
    };
    let tests =
        ACCOUNTS.iter().map(|known| TestAccountView { number: known.number, behaviour: known.behaviour });
    let full = UtilitiesView {
        billers: Utility::ALL.map(biller_of).to_vec(),
        chosen: "water".into(),
        known: (0..5).map(known).collect(),
        tests: tests.collect(),
    };
    let none =
        UtilitiesView { billers: Vec::new(), chosen: String::new(), known: Vec::new(), tests: Vec::new() };
    let offer = OfferView {
        offer: "d-_".into(),
        biller: biller.into(),
        account: "1000000001".into(),
        holder: biller.into(),
        period: "2026-10".into(),
        amount: samples::yuan(8_650),
        balance: samples::yuan(10_000),
        is_enough: true,
        passkey: Some("/wallet/utilities/passkey".into()),
    };
    let short = OfferView { is_enough: false, ..offer.clone() };
    let mut pages = vec![
        ("utilities".into(), render_utilities(&full, &around, frame)),
        ("no billers".into(), render_utilities(&none, &around, frame)),
        ("offer".into(), render_offer(&offer, &around, frame)),
        ("offer, short".into(), render_offer(&short, &around, frame)),
    ];
    for state in STATES {
        pages.push((format!("{state:?}"), render_utility(&made(state, biller), &around, frame)));
    }
    pages
}

#[test]
fn every_page_of_utilities_is_well_formed_labelled_and_light() {
    for lang in [Lang::Zh, Lang::En] {
        let frame = samples::frame(lang);
        for (name, html) in every_page(&frame, "Water") {
            page::assert_well_formed(&name, &html);
            page::assert_obeys_the_policy(&name, &html, &frame.nonce);
            page::assert_forms_carry(&name, &html, &frame.csrf);
            page::assert_fields_are_labelled(&name, &html);
            let path = html.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
            let weight = html.len() + asset(path).unwrap().gzip.unwrap().len();
            assert!(weight <= LIMIT, "{name} weighs {weight} bytes");
        }
    }
}

#[test]
fn what_a_biller_says_is_escaped() {
    let frame = samples::frame(Lang::En);
    for (name, html) in every_page(&frame, HOSTILE) {
        assert!(!html.contains("<script>alert") && !html.contains("<img"), "{name}");
        assert_eq!(html.contains("&#60;script&#62;"), name != "no billers", "{name} shows it");
    }
}

#[test]
fn only_a_payment_that_waits_loads_itself_anew() {
    let frame = samples::frame(Lang::En);
    for state in STATES {
        let html = render_utility(&made(state, "Water"), &around(Lang::En), &frame);
        assert_eq!(html.contains("http-equiv=\"refresh\""), state == UtilityState::Asking, "{state:?}");
    }
}

#[test]
fn every_notice_of_utilities_says_something_in_both_languages() {
    let every = [
        UtilityNotice::WrongPassword(1),
        UtilityNotice::PasswordLocked(0),
        UtilityNotice::MalformedPassword,
        UtilityNotice::PasskeyRefused,
        UtilityNotice::OfferExpired,
        UtilityNotice::Busy,
        UtilityNotice::Frozen,
        UtilityNotice::IdentityRequired,
        UtilityNotice::LimitReached(1),
        UtilityNotice::BalanceInsufficient,
        UtilityNotice::NoSuchAccount,
        UtilityNotice::NothingDue,
        UtilityNotice::NoAnswer,
        UtilityNotice::PaymentsUsedUp,
        UtilityNotice::LookUpsUsedUp,
        UtilityNotice::AmountTooLarge,
    ];
    let mut titles = std::collections::BTreeSet::new();
    for told in every {
        let (zh, en) = (notice(&told, Lang::Zh), notice(&told, Lang::En));
        assert!(zh.title.chars().any(|char| ('\u{4e00}'..='\u{9fff}').contains(&char)), "{told:?}");
        assert!(en.title.is_ascii() && en.next.is_ascii(), "{told:?}");
        titles.insert(en.title);
    }
    assert_eq!(titles.len(), every.len());
}
