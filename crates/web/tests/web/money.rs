//! Pages of cards, top-up and withdrawal: complete, labelled, light, in both languages, and shy.

use std::io::Write as _;

use tongbao_core::payment::Failure;
use tongbao_engine::bank::sandbox_card::CARDS;
use tongbao_web::{
    Frame, Lang, Moment, asset,
    wallet::{
        Around, Tab,
        money::{
            BindView, CardView, CardsView, Choice, ConfirmView, MoneyNotice, MoveState, MoveView,
            TestCardView, TopUpView, WithdrawView, notice, render_bind, render_cards, render_confirm,
            render_move, render_top_up, render_withdraw,
        },
    },
};

use crate::{page, samples};

/// As for a cashier: page and sheet fit the first flight of a connection, compressed at least.
const GZIP_LIMIT: usize = 8 * 1024;
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

fn around(told: Option<MoneyNotice>, lang: Lang) -> Around {
    let notice = told.map(|told| notice(&told, lang));
    Around { here: "/wallet/cards".into(), tab: Some(Tab::Home), sandbox: true, notice }
}

fn card(number: usize, bank: &str) -> CardView {
    let label = format!("{bank} ··00{number:02}");
    CardView { id: format!("crd_{number}"), label, is_credit: number == 1, is_off: number == 2 }
}

fn choices(bank: &str) -> Vec<Choice> {
    (0..10)
        .map(|number| Choice { id: format!("crd_{number}"), label: format!("{bank} ··{number:04}") })
        .collect()
}

fn moved(state: MoveState, bank: &str) -> MoveView {
    MoveView {
        id: "wdr_01k".into(),
        is_withdrawal: true,
        state,
        amount: samples::yuan(12_050),
        fee: Some(samples::yuan(10)),
        card: bank.into(),
        at: Moment::from_unix_ms(1_750_000_000_000),
    }
}

const STATES: [MoveState; 7] = [
    MoveState::Tomorrow,
    MoveState::Asking,
    MoveState::ToppedUp,
    MoveState::TopUpFailed(Some(Failure::InsufficientBalance)),
    MoveState::Withdrawn,
    MoveState::WithdrawalFailed(None),
    MoveState::WithdrawalBounced,
];

fn every_page(frame: &Frame, bank: &str) -> Vec<(String, String)> {
    let around = around(Some(MoneyNotice::CardWrong), frame.lang);
    let many = CardsView { cards: (0..10).map(|number| card(number, bank)).collect(), is_full: true };
    let none = CardsView { cards: Vec::new(), is_full: false };
    let test_cards =
        CARDS.iter().map(|card| TestCardView { number: card.number, behaviour: card.behaviour }).collect();
    let bind = BindView { holder: None, test_cards };
    let known = BindView { holder: Some((bank.into(), "1****2".into())), test_cards: Vec::new() };
    let (balance, free_left) = (samples::yuan(1_000_000), samples::yuan(100_000));
    let top_up = TopUpView { balance: balance.clone(), cards: choices(bank), number: "n".into() };
    let no_card = TopUpView { balance: balance.clone(), cards: Vec::new(), number: "n".into() };
    let withdraw = WithdrawView { balance, cards: choices(bank), free_left };
    let confirm = ConfirmView {
        draft: "d+/=".into(),
        amount: samples::yuan(120_000),
        fee: samples::yuan(20),
        total: samples::yuan(120_020),
        card: bank.into(),
        tomorrow: true,
        passkey: Some("/wallet/withdrawal/passkey".into()),
    };
    let mut pages = vec![
        ("cards".into(), render_cards(&many, &around, frame)),
        ("no cards".into(), render_cards(&none, &around, frame)),
        ("bind".into(), render_bind(&bind, &around, frame)),
        ("bind, known".into(), render_bind(&known, &around, frame)),
        ("top up".into(), render_top_up(&top_up, &around, frame)),
        ("top up without a card".into(), render_top_up(&no_card, &around, frame)),
        ("withdraw".into(), render_withdraw(&withdraw, &around, frame)),
        ("confirm".into(), render_confirm(&confirm, &around, frame)),
    ];
    for state in STATES {
        pages.push((format!("{state:?}"), render_move(&moved(state, bank), &around, frame)));
    }
    pages
}

fn gzip_len(bytes: &[u8]) -> usize {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

#[test]
fn every_page_of_money_is_well_formed_labelled_and_light() {
    for lang in [Lang::Zh, Lang::En] {
        let frame = samples::frame(lang);
        for (name, html) in every_page(&frame, "Bank") {
            page::assert_well_formed(&name, &html);
            page::assert_obeys_the_policy(&name, &html, &frame.nonce);
            page::assert_forms_carry(&name, &html, &frame.csrf);
            page::assert_fields_are_labelled(&name, &html);
            let path = html.split("rel=\"stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
            let weight = gzip_len(html.as_bytes()) + asset(path).unwrap().gzip.unwrap().len();
            assert!(weight <= GZIP_LIMIT, "{name} weighs {weight} bytes compressed");
        }
    }
}

#[test]
fn what_a_bank_is_called_is_escaped() {
    let frame = samples::frame(Lang::En);
    let mut seen = 0;
    for (name, html) in every_page(&frame, HOSTILE) {
        assert!(!html.contains("<script>alert") && !html.contains("<img"), "{name}");
        seen += usize::from(html.contains("&#60;script&#62;"));
    }
    assert!(seen >= 10, "it was shown");
}

#[test]
fn only_a_page_that_waits_loads_itself_anew() {
    let frame = samples::frame(Lang::En);
    for state in STATES {
        let html = render_move(&moved(state, "Bank"), &around(None, Lang::En), &frame);
        assert_eq!(html.contains("http-equiv=\"refresh\""), state == MoveState::Asking, "{state:?}");
    }
}

#[test]
fn every_notice_of_money_says_something_in_both_languages() {
    let every = [
        MoneyNotice::WrongPassword(1),
        MoneyNotice::PasswordLocked(0),
        MoneyNotice::MalformedPassword,
        MoneyNotice::FormExpired,
        MoneyNotice::Busy,
        MoneyNotice::Frozen,
        MoneyNotice::BadCardNumber,
        MoneyNotice::BadName,
        MoneyNotice::BadIdNumber,
        MoneyNotice::BadPhone,
        MoneyNotice::CardWrong,
        MoneyNotice::CardUnknown,
        MoneyNotice::TooManyCards,
        MoneyNotice::TooManyChecks(0),
        MoneyNotice::CardBound,
        MoneyNotice::CardUnbound,
        MoneyNotice::BadAmount,
        MoneyNotice::CardUnusable,
        MoneyNotice::BalanceInsufficient,
        MoneyNotice::Blocked,
        MoneyNotice::PasskeyNeeded,
        MoneyNotice::FeeChanged,
        MoneyNotice::IdentityRequired,
        MoneyNotice::LimitReached,
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
