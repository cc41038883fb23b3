//! Notices: who is told what by which medium, when, and how often; mail addresses; codes on their way.

use proptest::{prelude::*, test_runner::Config};
use tongbao_core::{
    ChangeSet, Context, Facts, Record, Refusal, Stop, Task, Time, Work,
    id::{MessageId, NoticeId},
    limits::{CODE_LIFE_MS, CODE_PAUSE_MS, CODE_TRIES_MAX, LARGE_PAYMENT_MIN},
    message::{Message, Text},
    notice::{
        self, CODE_RETRY_AFTER_S, Carried, Language, Medium, NEWS_PER_DAY_MAX, Notice, NoticeStatus,
        RETRY_AFTER_S, What, awake,
        contact::{self, Choice, Contact, MailAddress},
        told::{AccountTold, PaymentTold},
    },
    payer::{self, freeze},
    payment::{Failure, Method, steps},
};

use crate::shop::{Shop, after, yuan};

/// Ten o'clock in the morning in China, on the day after the shop opened.
const MORNING_S: i64 = 10 * 3_600 + 53 * 60 + 20;
const BOTH: [Medium; 2] = [Medium::Sms, Medium::Mail];

/// A step as the engine takes it: what the decision tells is followed.
fn told(
    shop: &mut Shop,
    at: Time,
    decide: impl Fn(&dyn Facts, &mut Context) -> Result<ChangeSet, Stop>,
) -> Result<(), Refusal> {
    shop.books.step(at, |facts, cx| {
        let mut change = decide(facts, cx)?;
        notice::follow(facts, cx, &mut change, true)?;
        Ok((change, ()))
    })
}

fn newest(shop: &Shop) -> Message {
    shop.books.all::<Message>().max_by_key(|message| message.id).unwrap().clone()
}

fn plan(shop: &mut Shop, at: Time, message: MessageId, media: &[Medium]) -> Result<(), Refusal> {
    let lease = *shop.books.tasks(|work| work == Work::Notify(message)).first().unwrap();
    shop.books.step(at, |facts, cx| Ok((notice::plan(facts, cx, message, lease, media)?, ())))
}

fn notices(shop: &Shop, message: MessageId) -> Vec<Notice> {
    let of = |notice: &&Notice| notice.what == What::Message(message);
    shop.books.all::<Notice>().filter(of).cloned().collect()
}

fn address() -> MailAddress {
    MailAddress { sealed: "sealed".to_owned(), hint: "t***@example.com".to_owned() }
}

fn with_mail(shop: &mut Shop, at: Time) {
    let id = shop.payer;
    told(shop, at, |facts, cx| contact::ask_mail(facts, cx, id, &address(), [7; 32])).unwrap();
    let confirm = shop.books.step(at, |facts, cx| contact::confirm_mail(facts, cx, id, &[7; 32]));
    assert_eq!(confirm, Ok(true));
}

fn known(shop: &Shop) -> Option<Contact> {
    shop.books.all::<Contact>().next().cloned()
}

fn choose(shop: &mut Shop, choice: Choice) {
    let id = shop.payer;
    told(shop, after(0), |facts, cx| contact::choose(facts, cx, id, choice)).unwrap();
}

/// Tells the payer something; gives the message.
fn tell(shop: &mut Shop, at: Time, text: &Text) -> MessageId {
    let id = shop.payer;
    let before: Vec<MessageId> = shop.books.all::<Message>().map(|message| message.id).collect();
    told(shop, at, |facts, cx| {
        let mut change = ChangeSet::default();
        change.put(tongbao_core::message::tell(cx, payer::known(facts, id)?, text.clone()));
        Ok(change)
    })
    .unwrap();
    let fresh = |message: &&Message| !before.contains(&message.id);
    shop.books.all::<Message>().find(fresh).unwrap().id
}

fn news() -> Text {
    Text::Payment(PaymentTold::Closed { money: yuan(100) })
}

#[test]
fn nights_in_china_last_from_ten_to_eight() {
    let clock = |hour: i64, minute: i64| Time::from_ms(((hour - 8) * 60 + minute) * 60_000);
    for (at, sent) in [
        (clock(0, 0), clock(8, 0)),
        (clock(7, 59), clock(8, 0)),
        (clock(8, 0), clock(8, 0)),
        (clock(12, 30), clock(12, 30)),
        (clock(21, 59), clock(21, 59)),
        (clock(22, 0), clock(32, 0)),
        (clock(23, 59), clock(32, 0)),
    ] {
        assert_eq!(awake(at), sent, "{}", at.ms());
    }
}

#[test]
fn news_waits_for_the_morning_and_alerts_for_nothing() {
    let mut shop = Shop::open(60, 0);
    with_mail(&mut shop, after(0));
    let (night, morning) = (after(60), awake(after(60)));
    assert!(morning > night, "the shop opens at night");
    let message = tell(&mut shop, night, &news());
    plan(&mut shop, night, message, &BOTH).unwrap();
    let planned = notices(&shop, message);
    assert_eq!(planned.iter().map(|notice| notice.medium).collect::<Vec<_>>(), BOTH);
    for notice in planned {
        assert_eq!((notice.next_at, notice.status), (Some(morning), NoticeStatus::Due));
        assert_eq!(shop.books.tasks(|work| work == Work::SendNotice(notice.id))[0].due_at, morning);
    }
    let (id, later) = (shop.payer, after(61));
    told(&mut shop, later, |facts, cx| freeze::freeze_own(facts, cx, id)).unwrap();
    let message = newest(&shop).id;
    plan(&mut shop, later, message, &BOTH).unwrap();
    assert_eq!(notices(&shop, message).len(), 2);
    assert!(notices(&shop, message).iter().all(|notice| notice.next_at == Some(later)));
}

#[test]
fn a_payer_chooses_what_news_comes_by_and_gets_alerts_by_all_media() {
    let alert = Text::Account(AccountTold::DataTaken);
    let morning = after(MORNING_S);
    for (sms, mail, by) in [
        (true, true, &[Medium::Sms, Medium::Mail][..]),
        (true, false, &[Medium::Sms]),
        (false, true, &[Medium::Mail]),
        (false, false, &[]),
    ] {
        let mut shop = Shop::open(60, 0);
        with_mail(&mut shop, after(0));
        choose(&mut shop, Choice { sms, mail, language: Language::En });
        for (text, by) in [(news(), by), (alert.clone(), &BOTH[..])] {
            let message = tell(&mut shop, morning, &text);
            plan(&mut shop, morning, message, &BOTH).unwrap();
            let planned = notices(&shop, message);
            assert_eq!(planned.iter().map(|notice| notice.medium).collect::<Vec<_>>(), by);
            assert!(planned.iter().all(|notice| notice.language == Language::En));
        }
    }
    let mut shop = Shop::open(60, 0);
    let message = tell(&mut shop, morning, &alert);
    plan(&mut shop, morning, message, &BOTH).unwrap();
    assert_eq!(notices(&shop, message).len(), 1, "no address was confirmed");
    let message = tell(&mut shop, morning, &alert);
    plan(&mut shop, morning, message, &[Medium::Mail]).unwrap();
    assert_eq!(notices(&shop, message), [], "no text message can leave");
}

#[test]
fn news_leaves_twenty_times_a_day_and_alerts_as_often_as_they_come() {
    let mut shop = Shop::open(60, 0);
    let mut left = |at: Time, text: &Text| {
        let message = tell(&mut shop, at, text);
        plan(&mut shop, at, message, &BOTH).unwrap();
        notices(&shop, message).len()
    };
    let morning = after(MORNING_S);
    for number in 0..NEWS_PER_DAY_MAX {
        assert_eq!(left(morning, &news()), 1, "{number}");
    }
    assert_eq!(left(morning, &news()), 0, "one too many");
    assert_eq!(left(morning, &Text::Frozen), 1);
    assert_eq!(left(morning, &news()), 0);
    let midnight = morning.next_china_day();
    assert_eq!(left(midnight.plus_ms(-1), &news()), 0);
    assert_eq!(left(midnight, &news()), 1, "a new day in Shanghai");
}

#[test]
fn a_message_is_planned_once_and_only_under_its_lease() {
    let mut shop = Shop::open(60, 0);
    let message = tell(&mut shop, after(MORNING_S), &news());
    let lease = shop.books.tasks(|work| work == Work::Notify(message))[0];
    plan(&mut shop, after(MORNING_S), message, &BOTH).unwrap();
    let again = shop
        .books
        .step(after(MORNING_S), |facts, cx| Ok((notice::plan(facts, cx, message, lease, &BOTH)?, ())));
    assert_eq!(again, Err(Refusal::LeaseLost));
    assert_eq!(notices(&shop, message).len(), 1);
}

#[test]
fn payers_are_told_of_large_failed_and_closed_payments() {
    let large = LARGE_PAYMENT_MIN.minor();
    for (minor, says) in [(large - 1, None), (large, Some(PaymentTold::Large { money: yuan(large) }))] {
        let mut shop = Shop::open(60, 10 * large);
        let payment = shop.payment("one", minor);
        let ask = steps::Pay {
            payment,
            payer: shop.payer,
            method: Method::Balance,
            shown: steps::Shown::SandboxPhone,
            sandbox: true,
        };
        told(&mut shop, after(1), |facts, cx| Ok(steps::pay(facts, cx, &ask)?.0)).unwrap();
        let found = shop.books.all::<Message>().next().map(|message| message.text.clone());
        assert_eq!(found, says.map(Text::Payment));
    }
    let mut shop = Shop::open(60, 0);
    let payment = shop.payment("two", 100);
    let ask = steps::Pay {
        payment,
        payer: shop.payer,
        method: Method::Balance,
        shown: steps::Shown::SandboxPhone,
        sandbox: true,
    };
    told(&mut shop, after(1), |facts, cx| Ok(steps::pay(facts, cx, &ask)?.0)).unwrap();
    let failed = PaymentTold::Failed { money: yuan(100), failure: Some(Failure::InsufficientBalance) };
    assert_eq!(newest(&shop).text, Text::Payment(failed));
    let app = shop.app;
    told(&mut shop, after(2), |facts, cx| Ok(steps::close(facts, cx, app, payment)?.0)).unwrap();
    assert_eq!(newest(&shop).text, Text::Payment(PaymentTold::Closed { money: yuan(100) }));
    let nobody = shop.payment("three", 100);
    let before = shop.books.all::<Message>().count();
    told(&mut shop, after(2), |facts, cx| Ok(steps::close(facts, cx, app, nobody)?.0)).unwrap();
    assert_eq!(shop.books.all::<Message>().count(), before, "nobody tried to pay it");
}

#[test]
fn without_a_way_out_messages_stay_in_the_wallet() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    let froze = shop.books.step(after(1), |facts, cx| {
        let mut change = freeze::freeze_own(facts, cx, id)?;
        notice::follow(facts, cx, &mut change, false)?;
        let plans = |task: &Task| matches!(task.work, Work::Notify(_));
        let messages = change.records.iter().filter(|record| matches!(record, Record::Message(_))).count();
        let told = (messages, change.tasks.iter().any(plans));
        Ok((change, told))
    });
    assert_eq!(froze, Ok((1, false)));
}

#[test]
fn an_address_gets_nothing_before_its_code_and_a_code_has_the_limits_of_all_codes() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payer;
    let confirm = |shop: &mut Shop, at: Time, digest: u8| {
        shop.books.step(at, |facts, cx| contact::confirm_mail(facts, cx, id, &[digest; 32]))
    };
    assert_eq!(confirm(&mut shop, after(0), 7), Err(Refusal::WrongCode), "nothing was asked for");
    let ask = |shop: &mut Shop, at: Time| {
        told(shop, at, |facts, cx| contact::ask_mail(facts, cx, id, &address(), [7; 32]))
    };
    ask(&mut shop, after(0)).unwrap();
    assert!(known(&shop).unwrap().mail.is_none());
    let soon = after(0).plus_ms(CODE_PAUSE_MS - 1);
    assert_eq!(ask(&mut shop, soon), Err(Refusal::CodeTooSoon));
    for _ in 0..CODE_TRIES_MAX {
        assert_eq!(confirm(&mut shop, after(1), 8), Ok(false));
    }
    assert_eq!(confirm(&mut shop, after(1), 7), Err(Refusal::WrongCode), "tried too often");
    let later = after(0).plus_ms(CODE_PAUSE_MS);
    ask(&mut shop, later).unwrap();
    let late = later.plus_ms(CODE_LIFE_MS);
    assert_eq!(confirm(&mut shop, late, 7), Err(Refusal::WrongCode), "too old");
    ask(&mut shop, late).unwrap();
    assert_eq!(confirm(&mut shop, late, 7), Ok(true));
    let added = AccountTold::MailAdded { address: address().hint };
    assert_eq!(newest(&shop).text, Text::Account(added));
    assert_eq!(confirm(&mut shop, late, 7), Err(Refusal::WrongCode), "a code is used once");
    assert_eq!(known(&shop).unwrap().mail_address().unwrap().medium, Medium::Mail);
    told(&mut shop, late.plus_s(1), |facts, cx| contact::remove_mail(facts, cx, id)).unwrap();
    let removed = AccountTold::MailRemoved { address: address().hint };
    assert_eq!(newest(&shop).text, Text::Account(removed));
    assert!(known(&shop).unwrap().mail.is_none());
    let version = known(&shop).unwrap().version;
    told(&mut shop, late.plus_s(2), |facts, cx| contact::remove_mail(facts, cx, id)).unwrap();
    assert_eq!(known(&shop).unwrap().version, version, "nothing to remove");
}

fn code_notice(shop: &mut Shop) -> NoticeId {
    let id = shop.payer;
    let send = shop.books.step(after(0), |facts, cx| {
        let mut change = ChangeSet::default();
        contact::phone_code(facts, cx, &mut change, id, "sealed code".to_owned())?;
        Ok((change, ()))
    });
    send.unwrap();
    shop.books.all::<Notice>().next().unwrap().id
}

fn sent(shop: &mut Shop, at: Time, id: NoticeId, carried: Carried) -> Notice {
    let lease = shop.books.tasks(|work| work == Work::SendNotice(id))[0];
    shop.books.step(at, |facts, cx| Ok((notice::record_sent(facts, cx, id, lease, carried)?, ()))).unwrap();
    shop.books.get(id)
}

#[test]
fn a_notice_is_tried_again_by_its_schedule_and_forgets_code_and_address_when_it_is_over() {
    for (carried, status) in [(Carried::Taken, NoticeStatus::Done), (Carried::Refused, NoticeStatus::GivenUp)]
    {
        let mut shop = Shop::open(60, 0);
        let id = code_notice(&mut shop);
        let notice: Notice = shop.books.get(id);
        assert_eq!((notice.to_sealed.is_some(), notice.medium), (true, Medium::Sms));
        assert_eq!(notice.what, What::Code(Some("sealed code".to_owned())));
        let mut at = after(1);
        for wait_s in CODE_RETRY_AFTER_S {
            let notice = sent(&mut shop, at, id, Carried::Unanswered);
            assert_eq!((notice.status, notice.next_at), (NoticeStatus::Waiting, Some(at.plus_s(wait_s))));
            at = at.plus_s(wait_s);
        }
        let notice = sent(&mut shop, at, id, carried);
        assert_eq!((notice.status, notice.next_at, notice.to_sealed.clone()), (status, None, None));
        assert_eq!(notice.what, What::Code(None));
        assert!(shop.books.tasks(|work| work == Work::SendNotice(id)).is_empty());
    }
    let mut shop = Shop::open(60, 0);
    let id = code_notice(&mut shop);
    for _ in CODE_RETRY_AFTER_S {
        sent(&mut shop, after(1), id, Carried::Unanswered);
    }
    assert_eq!(sent(&mut shop, after(1), id, Carried::Unanswered).status, NoticeStatus::GivenUp);
}

#[test]
fn a_void_code_is_stale_and_a_message_never_is() {
    let mut shop = Shop::open(60, 0);
    let id = code_notice(&mut shop);
    let code: Notice = shop.books.get(id);
    assert!(
        !code.is_stale(after(0).plus_ms(CODE_LIFE_MS - 1)) && code.is_stale(after(0).plus_ms(CODE_LIFE_MS))
    );
    let message = tell(&mut shop, after(1), &Text::Frozen);
    plan(&mut shop, after(1), message, &BOTH).unwrap();
    assert!(!notices(&shop, message)[0].is_stale(after(1_000_000_000)));
}

#[test]
fn a_code_for_a_new_number_goes_to_the_payer_to_come() {
    let mut shop = Shop::open(60, 0);
    let new = payer::sign_up::Sending {
        phone_digest: [9; 32],
        phone_hint: "138****0009".to_owned(),
        code_digest: [5; 32],
        inbox: None,
    };
    let to = notice::Address {
        medium: Medium::Sms,
        sealed: "sealed phone".to_owned(),
        hint: new.phone_hint.clone(),
    };
    told(&mut shop, after(0), |facts, cx| {
        let mut change = payer::sign_up::send_code(facts, cx, &new)?;
        contact::entry_code(cx, &mut change, to.clone(), "sealed code".to_owned());
        Ok(change)
    })
    .unwrap();
    let notice = shop.books.all::<Notice>().next().unwrap();
    let sign_up = shop.books.all::<payer::sign_up::SignUp>().next().unwrap();
    assert_eq!(notice.payer, sign_up.payer);
    assert_eq!(notice.to_sealed.as_deref(), Some("sealed phone"));
    assert_eq!(shop.books.all::<Message>().count(), 0, "no code is written down to be read");
}

proptest! {
    #![proptest_config(Config::with_cases(256))]

    #[test]
    fn whatever_comes_of_sending_a_notice_ends_and_stays_over(
        is_code: bool,
        outcomes in prop::collection::vec(0..3_u8, 1..20),
    ) {
        let mut shop = Shop::open(60, 0);
        let id = code_notice(&mut shop);
        let mut notice: Notice = shop.books.get(id);
        if !is_code {
            notice.what = What::Message(newest_id());
        }
        let tries = if is_code { CODE_RETRY_AFTER_S.len() } else { RETRY_AFTER_S.len() };
        let (mut at, mut unanswered) = (after(0), 0);
        for outcome in outcomes {
            let carried = [Carried::Unanswered, Carried::Taken, Carried::Refused][usize::from(outcome)];
            at = at.plus_s(1);
            let Some(next) = notice.after(at, carried) else {
                prop_assert!(notice.is_over());
                continue;
            };
            prop_assert!(!notice.is_over());
            unanswered += usize::from(carried == Carried::Unanswered);
            prop_assert_eq!(next.version, notice.version + 1);
            prop_assert_eq!(usize::from(next.failures), unanswered);
            prop_assert!(unanswered <= tries + 1);
            prop_assert_eq!(next.is_over(), next.next_at.is_none());
            prop_assert_eq!(next.is_over(), next.to_sealed.is_none());
            prop_assert_eq!(next.is_over(), carried != Carried::Unanswered || unanswered > tries);
            prop_assert!(!(next.is_over() && matches!(next.what, What::Code(Some(_)))));
            notice = next;
        }
    }
}

fn newest_id() -> MessageId {
    Context::new(after(0), [1; 16]).draw()
}
