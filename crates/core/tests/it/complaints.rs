//! Complaints: every stage with every deed, and random lives in which nothing that was said is lost.

use proptest::prelude::*;
use tongbao_core::{
    Record, Refusal, Time,
    complaint::{
        Complaint, Deed, Denied, Link, MiniProgramLink, ProblemKind, Stage, Status, Turn, Verdict,
        WechatComplaint,
        machine::decide,
        steps::{self, Answered, NewComplaint},
    },
    delivery::{Delivery, Dialect},
    event::{Event, EventKind, Subject},
    id::PaymentId,
    limits::{COMPLAINT_TEXT_CHARS_MAX, COMPLAINT_TURNS_MAX},
    payer,
    payment::Method,
    wechat::merchant::{self, AddressChange, AddressChanged, ComplaintAddress},
    wechat::order::TradeType,
};

use crate::{
    samples::{app, id, merchant as some_merchant, payer},
    shop::{Shop, after, new_payer},
    wechat_orders::{MCHID, new_order, placed, shop as order_shop},
};

const HOOK: &str = "https://shop.example/complaints";

fn complained(kind: ProblemKind) -> Deed {
    Deed::Complained { kind, text: "cold".to_owned() }
}

fn responded(text: &str) -> Deed {
    Deed::Responded { text: text.to_owned(), link: None, mini_program: None }
}

fn approved() -> Deed {
    Deed::RefundApproved { within_days: Some(1), remark: None }
}

fn rejected(reason: &str) -> Deed {
    Deed::RefundRejected { reason: reason.to_owned(), remark: None }
}

/// A complaint with everything in it that there can be.
pub(crate) fn record() -> Record {
    let link = Link { url: HOOK.to_owned(), text: Some("order".to_owned()) };
    let some = |text: &str| Some(text.to_owned());
    let page = MiniProgramLink { appid: "wx1".to_owned(), path: "/a".to_owned(), text: "order".to_owned() };
    let deeds = [
        complained(ProblemKind::Refund),
        Deed::Responded { text: "sorry".to_owned(), link: Some(link), mini_program: Some(page) },
        Deed::RefundRejected { reason: "drunk".to_owned(), remark: some("seen") },
        Deed::RefundApproved { within_days: Some(3), remark: some("well") },
        Deed::Completed,
    ];
    Complaint {
        id: id(60),
        version: 5,
        merchant: some_merchant(),
        app: app(),
        payer: payer(),
        payment: id(4),
        stage: Stage {
            kind: ProblemKind::Refund,
            status: Status::Processed,
            verdict: Some(Verdict::Approved),
        },
        text: "cold".to_owned(),
        times: 1,
        turns: deeds.map(|deed| Turn { deed, at: after(7) }).into(),
        created_at: after(7),
        wechat: Some(WechatComplaint { mchid: MCHID.to_owned(), complaint_id: "2002".to_owned() }),
    }
    .into()
}

#[test]
fn every_stage_answers_every_deed() {
    use ProblemKind::{Other, Refund, ServiceNotWorking};
    use Status::{Pending, Processed, Processing};
    let stage = |kind, status, verdict| Stage { kind, status, verdict };
    let deeds = || [complained(Other), responded("sorry"), Deed::Completed, approved(), rejected("no")];
    for status in [Pending, Processing, Processed] {
        for kind in [Refund, ServiceNotWorking, Other] {
            for verdict in [None, Some(Verdict::Rejected), Some(Verdict::Approved)] {
                let now = stage(kind, status, verdict);
                let judged = |verdict| match (status, kind, now.verdict) {
                    (Processed, _, _) => Err(Denied::Processed),
                    (_, ServiceNotWorking | Other, _) => Err(Denied::NoRefundAsked),
                    (_, Refund, Some(Verdict::Approved)) => Err(Denied::Promised),
                    (_, Refund, _) => Ok(Some(stage(kind, Processing, Some(verdict)))),
                };
                let is_over = status == Processed;
                let expected = [
                    Ok(Some(stage(Other, Pending, None))),
                    if is_over { Err(Denied::Processed) } else { Ok(Some(stage(kind, Processing, verdict))) },
                    Ok((!is_over).then_some(stage(kind, Processed, verdict))),
                    judged(Verdict::Approved),
                    judged(Verdict::Rejected),
                ];
                assert_eq!(deeds().map(|deed| decide(now, &deed)), expected, "{now:?}");
            }
        }
    }
}

/// A shop of WeChat Pay's interface that is told of complaints, and a payment of 100 fen.
fn shop() -> (Shop, PaymentId) {
    let mut shop = order_shop();
    let payment = placed(&mut shop, after(0), &new_order("paid", TradeType::Native)).id;
    shop.pay(after(1), payment, Method::Balance).unwrap();
    assert_eq!(set(&mut shop, &AddressChange::Create(address(HOOK))), AddressChanged::Done);
    (shop, payment)
}

fn address(url: &str) -> ComplaintAddress {
    ComplaintAddress { url: url.to_owned(), by_public_key: true }
}

fn set(shop: &mut Shop, change: &AddressChange) -> AddressChanged {
    let step = shop.books.step(after(1), |facts, _| merchant::change_complaint_address(facts, MCHID, change));
    step.unwrap()
}

fn raise(shop: &mut Shop, at: Time, payment: PaymentId, text: &str) -> Result<Complaint, Refusal> {
    let new = NewComplaint { payer: shop.payer, payment, kind: ProblemKind::Refund, text: text.to_owned() };
    shop.books.step(at, |facts, cx| steps::raise(facts, cx, &new))
}

fn answer(shop: &mut Shop, at: Time, number: &str, deed: &Deed) -> Result<Answered, Refusal> {
    shop.books.step(at, |facts, cx| steps::answer(facts, cx, MCHID, number, deed))
}

fn done(shop: &mut Shop, at: Time, number: &str, deed: &Deed) -> Complaint {
    match answer(shop, at, number, deed) {
        Ok(Answered::Done(complaint)) => *complaint,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_complaint_goes_from_the_payer_to_the_merchant_and_back_and_each_deed_is_told() {
    let (mut shop, payment) = shop();
    let first = raise(&mut shop, after(2), payment, "cold").unwrap();
    let number = first.wechat.as_ref().unwrap().complaint_id.clone();
    assert!(number.len() == 27 && number.starts_with("2002"), "{number}");
    assert_eq!(raise(&mut shop, after(3), payment, "cold").unwrap(), first, "asked twice, done once");
    let sorry = done(&mut shop, after(4), &number, &responded("sorry"));
    assert_eq!((sorry.stage.status, sorry.turns.len()), (Status::Processing, 2));
    assert_eq!(done(&mut shop, after(5), &number, &responded("sorry")), sorry);
    assert_eq!(done(&mut shop, after(5), &number, &responded("so sorry")).turns.len(), 3);
    let yes = done(&mut shop, after(6), &number, &approved());
    assert_eq!(yes.stage.verdict, Some(Verdict::Approved));
    let no = answer(&mut shop, after(6), &number, &rejected("no"));
    assert_eq!(no, Ok(Answered::Denied(Denied::Promised)));
    let over = done(&mut shop, after(7), &number, &Deed::Completed);
    assert_eq!(over.stage.status, Status::Processed);
    assert_eq!(done(&mut shop, after(8), &number, &Deed::Completed), over);
    // A time that goes back is not taken over.
    let again = raise(&mut shop, after(1), payment, "cold").unwrap();
    assert_eq!((again.id, again.times, again.stage.status), (first.id, 2, Status::Pending));
    assert_eq!((again.stage.verdict, again.turns.last().unwrap().at), (None, after(7)));

    let mut told: Vec<Event> = shop.books.all::<Event>().cloned().collect();
    told.retain(|event| matches!(event.subject, Subject::Complaint(_)));
    told.sort_by_key(|event| event.subject.sequence());
    let sequence: Vec<u32> = told.iter().map(|event| event.subject.sequence()).collect();
    assert_eq!(sequence, [1, 2, 3, 4, 5, 6]);
    let created: Vec<bool> = told.iter().map(|event| event.kind == EventKind::ComplaintCreated).collect();
    assert_eq!(created, [true, false, false, false, false, false]);
    let of = |event: &Event| match &event.subject {
        Subject::Complaint(told) => told.by_public_key,
        _ => false,
    };
    assert!(told.iter().all(of), "signed as who has set the address verifies");
    let sent = shop.books.all::<Delivery>().filter(|delivery| delivery.url == HOOK);
    assert_eq!(sent.filter(|delivery| delivery.dialect == Dialect::Wechat).count(), 6);
}

#[test]
fn who_has_not_paid_has_nothing_to_complain_about_and_a_foreign_merchant_sees_nothing() {
    let (mut shop, payment) = shop();
    let unpaid = shop.payment("open", 100);
    assert_eq!(raise(&mut shop, after(2), unpaid, "cold"), Err(Refusal::NotPaid));
    let payer = shop.books.step(after(2), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let of =
        |payer, payment| NewComplaint { payer, payment, kind: ProblemKind::Other, text: "cold".to_owned() };
    for (new, refused) in [
        (of(payer, payment), "payment"),
        (of(id(999), payment), "payer"),
        (of(shop.payer, id(999)), "payment"),
    ] {
        let asked = shop.books.step(after(2), |facts, cx| steps::raise(facts, cx, &new));
        assert_eq!(asked, Err(Refusal::NotFound(refused)));
    }
    for text in [String::new(), "a\nb".to_owned(), "冷".repeat(COMPLAINT_TEXT_CHARS_MAX + 1)] {
        let refused = raise(&mut shop, after(2), payment, &text).unwrap_err();
        assert_eq!(refused.param(), Some("text"));
    }
    let longest = "冷".repeat(COMPLAINT_TEXT_CHARS_MAX);
    let raised = raise(&mut shop, after(2), payment, &longest).unwrap();
    let number = raised.wechat.unwrap().complaint_id;
    let foreign = shop
        .books
        .step(after(3), |facts, cx| steps::answer(facts, cx, "1900000009", &number, &Deed::Completed));
    assert_eq!(foreign, Ok(Answered::Unknown));
    assert_eq!(answer(&mut shop, after(3), "2002", &Deed::Completed), Ok(Answered::Unknown));
    let payers = complained(ProblemKind::Other);
    assert_eq!(answer(&mut shop, after(3), &number, &payers), Ok(Answered::Unknown), "not in its name");

    // A payment that is no order has a complaint, too, and no number of that interface.
    let native = shop.payment("native", 100);
    shop.pay(after(3), native, Method::Balance).unwrap();
    assert_eq!(raise(&mut shop, after(4), native, "cold").unwrap().wechat, None);
}

#[test]
fn what_a_merchant_says_has_its_limits() {
    let (mut shop, payment) = shop();
    let number = raise(&mut shop, after(2), payment, "cold").unwrap().wechat.unwrap().complaint_id;
    let long = || "x".repeat(COMPLAINT_TEXT_CHARS_MAX + 1);
    let led = |url: &str, text: Option<String>| Deed::Responded {
        text: "sorry".to_owned(),
        link: Some(Link { url: url.to_owned(), text }),
        mini_program: None,
    };
    let page = |appid: &str, path: &str, text: String| Deed::Responded {
        text: "sorry".to_owned(),
        link: None,
        mini_program: Some(MiniProgramLink { appid: appid.to_owned(), path: path.to_owned(), text }),
    };
    let promised = |within_days, remark| Deed::RefundApproved { within_days, remark };
    for (deed, param) in [
        (responded(""), "response_content"),
        (responded(&long()), "response_content"),
        (led("http://shop.example", None), "jump_url"),
        (led(&format!("https://{}", "x".repeat(2_048)), None), "jump_url"),
        (led(HOOK, Some(long())), "jump_url_text"),
        (page("", "/a", "order".to_owned()), "mini_program_jump_info"),
        (page("wx1", "", "order".to_owned()), "mini_program_jump_info"),
        (page("wx1", "/a", long()), "mini_program_jump_info"),
        (promised(Some(366), None), "launch_refund_day"),
        (promised(None, Some(long())), "remark"),
        (rejected(""), "reject_reason"),
        (Deed::RefundRejected { reason: "no".to_owned(), remark: Some(String::new()) }, "remark"),
    ] {
        let refused = answer(&mut shop, after(3), &number, &deed).unwrap_err();
        assert_eq!(refused.param(), Some(param), "{deed:?}");
    }
    done(&mut shop, after(3), &number, &promised(Some(365), None));
}

#[test]
fn an_address_for_complaints_is_created_once_replaced_and_deleted() {
    use AddressChange::{Create, Delete, Replace};
    let mut shop = order_shop();
    let other = "https://shop.example/other";
    for (change, becomes) in [
        (Replace(address(HOOK)), AddressChanged::Missing),
        (Delete, AddressChanged::Done),
        (Create(address(HOOK)), AddressChanged::Done),
        (Create(address(HOOK)), AddressChanged::Done),
        (Create(address(other)), AddressChanged::Exists),
        (Replace(address(other)), AddressChanged::Done),
        (Create(address(other)), AddressChanged::Done),
        (Delete, AddressChanged::Done),
        (Delete, AddressChanged::Done),
        (Create(address(HOOK)), AddressChanged::Done),
    ] {
        assert_eq!(set(&mut shop, &change), becomes, "{change:?}");
    }
}

fn any_deed() -> impl Strategy<Value = Deed> {
    let text = prop_oneof![Just("a".to_owned()), Just("b".to_owned())];
    let kind = prop_oneof![Just(ProblemKind::Refund), Just(ProblemKind::Other)];
    prop_oneof![
        (kind, text.clone()).prop_map(|(kind, text)| Deed::Complained { kind, text }),
        text.clone().prop_map(|text| responded(&text)),
        Just(Deed::Completed),
        Just(approved()),
        text.prop_map(|text| rejected(&text)),
    ]
}

fn complaint() -> Complaint {
    let Record::Complaint(full) = record() else { unreachable!("it is one") };
    let deed = complained(ProblemKind::Refund);
    Complaint {
        version: 1,
        stage: Stage { kind: ProblemKind::Refund, status: Status::Pending, verdict: None },
        turns: vec![Turn { deed, at: after(0) }],
        ..full
    }
}

proptest! {
    #[test]
    fn a_history_only_grows_and_every_complaint_can_be_completed(
        deeds in proptest::collection::vec((any_deed(), 0..100_i64), 0..300),
    ) {
        let mut now = complaint();
        for (deed, at) in deeds {
            match now.after(&deed, after(at)) {
                Ok(Some(next)) => {
                    prop_assert_eq!(next.version, now.version + 1);
                    let (last, before) = next.turns.split_last().unwrap();
                    prop_assert_eq!(before, &now.turns[..]);
                    prop_assert_eq!(&last.deed, &deed);
                    prop_assert!(last.at >= before.last().unwrap().at);
                    prop_assert_eq!(next.after(&deed, after(at)), Ok(None), "asked twice, done once");
                    now = next;
                }
                Ok(None) => {}
                Err(Denied::Full) => {
                    prop_assert!(now.turns.len() >= COMPLAINT_TURNS_MAX - 1);
                }
                Err(_) => prop_assert!(now.stage.status == Status::Processed
                    || now.stage.kind != ProblemKind::Refund
                    || now.stage.verdict == Some(Verdict::Approved)),
            }
            prop_assert!(now.turns.len() <= COMPLAINT_TURNS_MAX);
            let complaints = now.turns.iter().filter(|turn| turn.deed.is_payers()).count();
            prop_assert_eq!(usize::from(now.times), complaints);
            if now.stage.status != Status::Processed {
                let over = now.after(&Deed::Completed, after(0)).unwrap().unwrap();
                prop_assert_eq!(over.stage.status, Status::Processed);
            }
        }
    }
}
