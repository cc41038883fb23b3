//! Pages of transit: complete, labelled, light, in both languages.

use tongbao_core::transit::{DebtReason, RideStatus};
use tongbao_web::{
    Frame, Lang, Moment, asset,
    wallet::{
        Around, Tab,
        send::CodeShown,
        transit::{
            GateView, OwedView, RideRow, RideView, RidesView, RidingView, TransitNotice, TransitView, notice,
            render_debt, render_ride, render_rides, render_transit,
        },
    },
};

use crate::{page, samples};

const LIMIT: usize = 14 * 1024;
const HOSTILE: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
const STATES: [RideStatus; 3] = [RideStatus::Riding, RideStatus::Settled, RideStatus::Owed];

fn around(lang: Lang) -> Around {
    let notice = Some(notice(TransitNotice::LimitReached(120_000), lang));
    Around { here: "/wallet/transit".into(), tab: Some(Tab::Home), sandbox: true, notice }
}

fn gate(station: &str) -> GateView {
    GateView { station: station.into(), at: Moment::from_unix_ms(1_750_000_000_000) }
}

fn ride(status: RideStatus, station: &str, missed: bool) -> RideView {
    let over = status != RideStatus::Riding;
    RideView {
        id: "rid_01k".into(),
        operator: station.into(),
        status,
        entry: gate(station),
        exit: (over && !missed).then(|| gate(station)),
        max: samples::yuan(1_500),
        fare: over.then(|| samples::yuan(400)),
        ended_at: over.then(|| Moment::from_unix_ms(1_750_000_009_000)),
        reason: (status == RideStatus::Owed).then_some(DebtReason::Balance),
        settled_at: (status == RideStatus::Settled).then(|| Moment::from_unix_ms(1_750_000_010_000)),
    }
}

fn every_page(frame: &Frame, station: &str) -> Vec<(String, String)> {
    let around = around(frame.lang);
    let shown = CodeShown { digits: "412345678901234567".into(), changes_in_s: 40 };
    let code = TransitView { shown: Some(shown), riding: None, owed: None };
    let riding = RidingView { id: "rid_01k".into(), entry: gate(station) };
    let on_the_way = TransitView { riding: Some(riding), ..code.clone() };
    let none = TransitView { shown: None, ..code.clone() };
    let blocked = TransitView { owed: Some(samples::yuan(400)), ..none.clone() };
    let row = |number: usize| RideRow {
        id: format!("rid_{number}"),
        entry: gate(station),
        exit: (!number.is_multiple_of(3)).then(|| station.into()),
        fare: (!number.is_multiple_of(3)).then(|| samples::yuan(400)),
        status: STATES[number % 3],
    };
    let older = Some("/wallet/rides?after=rid_19".to_owned());
    let rides = RidesView { rides: (0..20).map(row).collect(), older };
    let no_rides = RidesView { rides: Vec::new(), older: None };
    let owed = OwedView {
        debt: "dbt_01k".into(),
        ride: "rid_01k".into(),
        operator: station.into(),
        amount: samples::yuan(400),
        reason: DebtReason::Balance,
        balance: samples::yuan(1_000),
        is_enough: true,
    };
    let short = OwedView { is_enough: false, reason: DebtReason::Frozen, ..owed.clone() };
    let mut pages = vec![
        ("code".into(), render_transit(&code, &around, frame)),
        ("on the way".into(), render_transit(&on_the_way, &around, frame)),
        ("no code".into(), render_transit(&none, &around, frame)),
        ("blocked".into(), render_transit(&blocked, &around, frame)),
        ("rides".into(), render_rides(&rides, &around, frame)),
        ("no rides".into(), render_rides(&no_rides, &around, frame)),
        ("debt".into(), render_debt(Some(&owed), &around, frame)),
        ("short".into(), render_debt(Some(&short), &around, frame)),
        ("no debt".into(), render_debt(None, &around, frame)),
    ];
    for status in STATES {
        let page = render_ride(&ride(status, station, false), &around, frame);
        pages.push((format!("ride {status:?}"), page));
    }
    pages.push(("missed".into(), render_ride(&ride(RideStatus::Settled, station, true), &around, frame)));
    pages
}

#[test]
fn every_page_of_transit_is_well_formed_labelled_and_light() {
    for lang in [Lang::Zh, Lang::En] {
        let frame = samples::frame(lang);
        for (name, html) in every_page(&frame, "Metro") {
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
fn what_an_operator_calls_its_stations_is_escaped() {
    let frame = samples::frame(Lang::En);
    let silent = ["code", "no code", "blocked", "no rides", "no debt"];
    for (name, html) in every_page(&frame, HOSTILE) {
        assert!(!html.contains("<script>alert") && !html.contains("<img"), "{name}");
        assert_eq!(html.contains("&#60;script&#62;"), !silent.contains(&name.as_str()), "{name} shows it");
    }
}

#[test]
fn who_owes_a_fare_is_led_to_pay_it_and_shown_no_code() {
    for lang in [Lang::Zh, Lang::En] {
        let frame = samples::frame(lang);
        let pages = every_page(&frame, "Metro");
        let html = |wanted: &str| &pages.iter().find(|(name, _)| name == wanted).unwrap().1;
        assert!(html("blocked").contains("/wallet/debt") && !html("blocked").contains("class=\"qr\""));
        assert!(html("ride Owed").contains("/wallet/debt") && !html("ride Settled").contains("/wallet/debt"));
        assert!(html("debt").contains("name=\"debt\" value=\"dbt_01k\""));
        assert!(html("short").contains("/wallet/top-up") && !html("short").contains("name=\"debt\""));
    }
}

#[test]
fn every_notice_of_transit_says_something_in_both_languages() {
    let every = [
        TransitNotice::CodesUsedUp,
        TransitNotice::Busy,
        TransitNotice::Frozen,
        TransitNotice::IdentityRequired,
        TransitNotice::LimitReached(1),
        TransitNotice::PaymentsUsedUp,
        TransitNotice::BalanceInsufficient,
        TransitNotice::Paid,
    ];
    let mut titles = std::collections::BTreeSet::new();
    for told in every {
        let (zh, en) = (notice(told, Lang::Zh), notice(told, Lang::En));
        assert!(zh.title.chars().any(|char| ('\u{4e00}'..='\u{9fff}').contains(&char)), "{told:?}");
        assert!(en.title.is_ascii() && !en.next.is_empty(), "{told:?}");
        titles.insert(en.title);
    }
    assert_eq!(titles.len(), every.len());
}
