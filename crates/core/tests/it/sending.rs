//! Transfers between payers, collection codes and look-ups: what is refused, what is counted, and that no fen is made
//! or lost.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tongbao_core::{
    Facts, Key, Refusal, Time, Work,
    collection::{self, Collected, CollectionCode, PayCode},
    event::Event,
    id::{PayerId, TransferId},
    ledger::{Account, Channel},
    limits::{COLLECTION_PER_DAY_MAX, PAYEE_LOOK_UPS_PER_DAY_MAX, TRANSFER_NOTE_CHARS_MAX, TRANSFER_OPEN_S},
    message::{Message, Text},
    payer::{self, Payer},
    payment::Proofs,
    transfer::{
        ReturnReason, Transfer, TransferStatus,
        payee::{self, Payee, Sending},
        send::{self, NewTransfer, Way, What, is_note},
        steps,
    },
};
use tongbao_money::{Currency, Money};

use crate::{
    books::Books,
    shop::{after, amount, new_payer, yuan},
};

/// Payers with so many fen each.
fn town(has: &[i64]) -> (Books, Vec<PayerId>) {
    let mut books = Books::default();
    let mut payers = Vec::new();
    for (phone, has) in (1..).zip(has) {
        let id = books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(phone))).unwrap();
        let money = yuan(*has);
        let top_up =
            |facts: &dyn Facts, _: &mut _| Ok((payer::top_up(facts, id, Channel::SandboxBank, money)?, ()));
        books.step(after(0), top_up).unwrap();
        payers.push(id);
    }
    (books, payers)
}

fn balance(books: &Books, payer: PayerId) -> i64 {
    books.balance(Account::PayerAvailable(payer), Currency::CNY)
}

fn new_transfer(number: &str, (sender, recipient): (PayerId, PayerId), minor: i64, way: Way) -> NewTransfer {
    NewTransfer {
        number: number.to_owned(),
        sender,
        recipient,
        money: yuan(minor),
        note: "午饭".to_owned(),
        way,
        collection: None,
        proofs: Proofs::PASSWORD,
    }
}

fn sent(books: &mut Books, at: Time, new: &NewTransfer) -> Result<Transfer, Refusal> {
    books.step(at, |facts, cx| send::send_proven(facts, cx, new)).unwrap()
}

fn told(books: &Books, payer: PayerId) -> Vec<What> {
    let mine = books.all::<Message>().filter(|message| message.payer == payer);
    let what = |message: &Message| match &message.text {
        Text::Transfer(told) => told.what,
        other => panic!("{other:?}"),
    };
    mine.map(what).collect()
}

#[test]
fn an_instant_transfer_is_there_at_once_and_both_are_told() {
    let (mut books, payers) = town(&[1_000, 0]);
    let (one, other) = (payers[0], payers[1]);
    let new = new_transfer("n1", (one, other), 300, Way::AtOnce);
    assert!(!payee::is_known(&books, one, other).unwrap());
    let made = sent(&mut books, after(1), &new).unwrap();
    assert_eq!((made.status, made.ended_at), (TransferStatus::Accepted, Some(after(1))));
    assert_eq!((balance(&books, one), balance(&books, other)), (700, 300));
    assert!(books.tasks(|work| matches!(work, Work::ExpireTransfer(_))).is_empty(), "nothing waits");
    assert_eq!((told(&books, one), told(&books, other)), (vec![What::Sent], vec![What::Received]));
    assert_eq!(books.all::<Event>().count(), 0, "no merchant is told");
    assert!(payee::is_known(&books, one, other).unwrap() && !payee::is_known(&books, other, one).unwrap());
    // Pressing twice moves money once; the same number cannot mean something else.
    assert_eq!(sent(&mut books, after(2), &new).unwrap(), made);
    for differs in [
        NewTransfer { money: yuan(301), ..new.clone() },
        NewTransfer { note: String::new(), ..new.clone() },
        NewTransfer { way: Way::ToBeAccepted, ..new.clone() },
    ] {
        assert_eq!(sent(&mut books, after(2), &differs).unwrap_err().param(), Some("number"));
    }
    sent(&mut books, after(3), &NewTransfer { number: "n2".to_owned(), ..new }).unwrap();
    assert_eq!((balance(&books, one), balance(&books, other)), (400, 600));
    assert_eq!(books.all::<Payee>().count(), 1);
    // Nobody takes back or declines what has arrived.
    let late = books.step(after(4), |facts, cx| steps::take_back(facts, cx, one, made.id));
    assert_eq!(late.unwrap_err(), Refusal::TransferAccepted);
    let late = books.step(after(4), |facts, cx| steps::decline(facts, cx, other, made.id));
    assert_eq!(late.unwrap_err(), Refusal::TransferAccepted);
}

#[test]
fn an_offer_waits_and_is_accepted_declined_taken_back_or_returned() {
    let (mut books, payers) = town(&[1_000, 0, 0]);
    let (one, other, stranger) = (payers[0], payers[1], payers[2]);
    let mut offer = |number: &str| {
        let new = new_transfer(number, (one, other), 100, Way::ToBeAccepted);
        sent(&mut books, after(0), &new).unwrap().id
    };
    let ids: Vec<TransferId> = ["a", "b", "c", "d"].map(&mut offer).into();
    assert_eq!((balance(&books, one), balance(&books, other)), (600, 0));
    for id in &ids {
        let gone = Err(Refusal::NotFound("transfer"));
        let accept = books.step(after(1), |facts, cx| steps::accept(facts, cx, stranger, *id));
        let decline = books.step(after(1), |facts, cx| steps::decline(facts, cx, one, *id));
        let back = books.step(after(1), |facts, cx| steps::take_back(facts, cx, other, *id));
        assert_eq!((accept, decline, back), (gone.clone(), gone.clone(), gone));
    }
    books.step(after(1), |facts, cx| steps::accept(facts, cx, other, ids[0])).unwrap();
    books.step(after(2), |facts, cx| steps::decline(facts, cx, other, ids[1])).unwrap();
    books.step(after(3), |facts, cx| steps::take_back(facts, cx, one, ids[2])).unwrap();
    assert_eq!((balance(&books, one), balance(&books, other)), (800, 100));
    let over = after(TRANSFER_OPEN_S);
    let timer = books.tasks(|work| work == Work::ExpireTransfer(ids[3]))[0];
    let late = books.step(over, |facts, cx| steps::accept(facts, cx, other, ids[3]));
    assert_eq!(late.unwrap_err(), Refusal::TransferReturned, "its time is over, timer or not");
    let lease = books.lease(timer, over.plus_s(60));
    books.step(over, |facts, cx| Ok((steps::expire(facts, cx, ids[3], lease)?, ()))).unwrap();
    assert_eq!((balance(&books, one), balance(&books, other)), (900, 100));
    assert!(books.tasks(|work| matches!(work, Work::ExpireTransfer(_))).is_empty());
    let back = |reason| (What::CameBack(reason), What::WentBack(reason));
    let (declined, withdrawn) = (back(ReturnReason::Declined), back(ReturnReason::Withdrawn));
    let expired = back(ReturnReason::Expired);
    assert_eq!(told(&books, one)[4..], [What::WasAccepted, declined.0, withdrawn.0, expired.0]);
    assert_eq!(told(&books, other)[4..], [What::Accepted, declined.1, withdrawn.1, expired.1]);
}

#[test]
fn what_cannot_be_sent_is_refused_and_the_count_of_tries_starts_again() {
    let (mut books, payers) = town(&[1_000, 0]);
    let (one, other) = (payers[0], payers[1]);
    let new = new_transfer("n1", (one, other), 1_000, Way::AtOnce);
    let gone = crate::samples::id(99);
    let refused = |param| Some(param);
    for (differs, param) in [
        (NewTransfer { recipient: one, ..new.clone() }, refused("recipient")),
        (NewTransfer { money: yuan(0), ..new.clone() }, refused("amount")),
        (NewTransfer { money: yuan(10_000_000_001), ..new.clone() }, refused("amount")),
        (NewTransfer { note: "\u{202e}00.1".to_owned(), ..new.clone() }, refused("note")),
        (NewTransfer { number: String::new(), ..new.clone() }, refused("number")),
        (
            NewTransfer {
                money: Money { currency: Currency::parse("USD").unwrap(), ..yuan(1) },
                ..new.clone()
            },
            refused("currency"),
        ),
        (NewTransfer { recipient: gone, ..new.clone() }, None),
        (NewTransfer { money: yuan(1_001), ..new.clone() }, None),
    ] {
        books
            .step(after(1), |facts, cx| {
                let (change, ..) = payer::try_password(facts, cx, one)?;
                Ok((change, ()))
            })
            .unwrap();
        assert_eq!(sent(&mut books, after(1), &differs).unwrap_err().param(), param, "{differs:?}");
        assert_eq!(books.get::<Payer>(one).password_tries, 0);
    }
    let short = NewTransfer { money: yuan(1_001), ..new.clone() };
    assert_eq!(sent(&mut books, after(1), &short), Err(Refusal::BalanceInsufficient));
    let lost = NewTransfer { recipient: gone, ..new.clone() };
    assert_eq!(sent(&mut books, after(1), &lost), Err(Refusal::NotFound("payer")));
    // To the last fen.
    sent(&mut books, after(1), &new).unwrap();
    assert_eq!((balance(&books, one), balance(&books, other)), (0, 1_000));
}

#[test]
fn who_is_frozen_receives_and_does_not_send() {
    let (mut books, payers) = town(&[1_000, 1_000]);
    let (one, other) = (payers[0], payers[1]);
    let before = new_transfer("n1", (one, other), 100, Way::ToBeAccepted);
    let offered = sent(&mut books, after(0), &before).unwrap();
    books.step(after(1), |facts, cx| Ok((payer::freeze::freeze_own(facts, cx, one)?, ()))).unwrap();
    let new = new_transfer("n2", (one, other), 100, Way::AtOnce);
    assert_eq!(sent(&mut books, after(2), &new), Err(Refusal::PayerFrozen));
    assert_eq!(sent(&mut books, after(2), &before).unwrap(), offered, "what was done is still told");
    sent(&mut books, after(2), &new_transfer("n1", (other, one), 50, Way::AtOnce)).unwrap();
    // What a frozen payer offered before comes back to it, and moves no further.
    books.step(after(3), |facts, cx| steps::decline(facts, cx, other, offered.id)).unwrap();
    assert_eq!((balance(&books, one), balance(&books, other)), (1_050, 950));
}

#[test]
fn a_note_is_short_and_turns_nothing_around() {
    let long = "字".repeat(TRANSFER_NOTE_CHARS_MAX);
    for fine in ["", "午饭", "<script>alert(1)</script>", "a & b \"c\"", long.as_str(), "👨‍👩‍👧 🎂"]
    {
        assert!(is_note(fine), "{fine}");
    }
    let longer = format!("{long}字");
    for bad in [
        longer.as_str(),
        "a\nb",
        "\u{0}",
        "\u{7f}",
        "\u{9b}",
        "\u{202e}",
        "\u{2066}x",
        "\u{200f}",
        "\u{2028}",
    ] {
        assert!(!is_note(bad), "{bad:?}");
    }
}

/// Midnight in China, after the day on which shops open.
fn midnight() -> Time {
    let opened = after(0).china_day();
    let days = |day: i64| Time::from_ms(day * 24 * 3_600 * 1_000 - 8 * 3_600 * 1_000);
    assert_eq!(days(opened + 1).china_day(), opened + 1);
    days(opened + 1)
}

#[test]
fn look_ups_are_counted_found_or_not_until_midnight_in_china() {
    let (mut books, payers) = town(&[0, 0]);
    let one = payers[0];
    let last = midnight().plus_ms(-1);
    let mut look = |at, digest: u8| books.step(at, |facts, cx| payee::look_up(facts, cx, one, [digest; 32]));
    for count in 0..PAYEE_LOOK_UPS_PER_DAY_MAX {
        let digest = if count % 2 == 0 { 2 } else { 200 };
        let expected = (digest == 2).then_some(payers[1]);
        assert_eq!(look(last, digest), Ok(expected));
    }
    assert_eq!(look(last, 2), Err(Refusal::LookUpsUsedUp));
    assert_eq!(look(after(0), 2), Err(Refusal::LookUpsUsedUp), "a clock set back gives no more");
    assert_eq!(look(midnight(), 2), Ok(Some(payers[1])));
    // Names that are checked count with them.
    for _ in 1..PAYEE_LOOK_UPS_PER_DAY_MAX {
        books.step(midnight(), |facts, cx| Ok((payee::count_name_check(facts, cx, one)?, ()))).unwrap();
    }
    let more = books.step(midnight(), |facts, cx| Ok((payee::count_name_check(facts, cx, one)?, ())));
    assert_eq!(more, Err(Refusal::LookUpsUsedUp));
    let other = books.step(midnight(), |facts, cx| payee::look_up(facts, cx, payers[1], [1; 32]));
    assert_eq!(other, Ok(Some(one)), "each payer has a count of its own");
}

fn pay_code(books: &mut Books, at: Time, ask: &PayCode) -> Result<Transfer, Refusal> {
    let paid = books.step(at, |facts, cx| collection::pay_proven(facts, cx, ask))?;
    paid.map(|collected| match collected {
        Collected::Transfer(transfer) => *transfer,
        Collected::Payment(payment) => panic!("{} is a person's", payment.id),
    })
}

#[test]
fn collection_codes_take_five_hundred_yuan_a_day_of_one_payer() {
    let max = COLLECTION_PER_DAY_MAX.minor();
    assert_eq!(max, 50_000);
    let (mut books, payers) = town(&[10 * max, 0, 0]);
    let (one, owners) = (payers[0], [payers[1], payers[2]]);
    for (owner, token) in owners.into_iter().zip(["t1", "t2"]) {
        let made = books.step(after(0), |facts, cx| collection::enrol(facts, cx, owner, token)).unwrap();
        let again = books.step(after(0), |facts, cx| collection::enrol(facts, cx, owner, "other")).unwrap();
        assert_eq!(made, again, "who has a code keeps it");
    }
    let ask = |number: i64, token: &str, minor: i64| PayCode {
        token: token.to_owned(),
        number: number.to_string(),
        payer: one,
        amount: amount(minor),
        note: String::new(),
        proofs: Proofs::PASSWORD,
    };
    let last = midnight().plus_ms(-1);
    // Amounts, and what is left after each; the codes of all owners are counted together.
    for (number, (token, minor, at, left)) in (1..).zip([
        ("t1", max - 1, last, Ok(())),
        ("t2", 2, last, Err(1)),
        ("t2", 1, last, Ok(())),
        ("t1", 1, last, Err(0)),
        ("t1", max + 1, midnight(), Err(max)),
        ("t1", max, midnight(), Ok(())),
        ("t2", 1, midnight(), Err(0)),
        ("t2", 1, last, Err(0)),
    ]) {
        let answer = pay_code(&mut books, at, &ask(number, token, minor)).map(drop);
        assert_eq!(answer, left.map_err(|left| Refusal::CollectionLimit { left }), "line {number}");
    }
    assert_eq!(balance(&books, one), 10 * max - 2 * max);
    assert_eq!((balance(&books, owners[0]), balance(&books, owners[1])), (2 * max - 1, 1));
    // Asked for again, the first is found and nothing is counted; ordinary transfers are not counted here.
    let first = pay_code(&mut books, midnight(), &ask(1, "t1", max - 1)).unwrap();
    assert!(first.collection.is_some());
    sent(&mut books, midnight(), &new_transfer("n", (one, owners[0]), max, Way::AtOnce)).unwrap();
    let own = PayCode { payer: owners[0], ..ask(9, "t1", 1) };
    assert_eq!(pay_code(&mut books, midnight(), &own).unwrap_err().param(), Some("recipient"));
    let unknown = pay_code(&mut books, midnight(), &ask(9, "t3", 1));
    assert_eq!(unknown, Err(Refusal::NotFound("collection code")));
}

#[test]
fn a_code_with_an_amount_takes_that_amount_only() {
    let (mut books, payers) = town(&[1_000, 0]);
    let (one, owner) = (payers[0], payers[1]);
    let none = books.step(after(0), |facts, _| collection::fix(facts, owner, None));
    assert_eq!(none, Err(Refusal::NotFound("collection code")));
    books.step(after(0), |facts, cx| collection::enrol(facts, cx, owner, "t")).unwrap();
    for (minor, fine) in [(0, false), (1, true), (50_000, true), (50_001, false), (300, true)] {
        let fixed = books.step(after(0), |facts, _| collection::fix(facts, owner, Some(amount(minor))));
        assert_eq!(fixed.is_ok(), fine, "{minor}");
    }
    let ask = |number: &str, minor| PayCode {
        token: "t".to_owned(),
        number: number.to_owned(),
        payer: one,
        amount: amount(minor),
        note: String::new(),
        proofs: Proofs::PASSWORD,
    };
    assert_eq!(pay_code(&mut books, after(1), &ask("1", 299)).unwrap_err().param(), Some("amount"));
    let paid = pay_code(&mut books, after(1), &ask("1", 300)).unwrap();
    books.step(after(2), |facts, _| collection::fix(facts, owner, None)).unwrap();
    assert_eq!(pay_code(&mut books, after(3), &ask("2", 1)).unwrap().money, yuan(1));
    books.step(after(4), |facts, _| collection::fix(facts, owner, Some(amount(5)))).unwrap();
    assert_eq!(pay_code(&mut books, after(5), &ask("1", 300)).unwrap(), paid, "paid before it was changed");
    assert_eq!((balance(&books, one), balance(&books, owner)), (699, 301));
    assert_eq!(books.all::<Sending>().map(|sending| sending.by_code).collect::<Vec<_>>(), [amount(301)]);
    assert_eq!(books.all::<CollectionCode>().count(), 1);
}

/// What happens in a random life: a deed, who does it to whom, a number and an amount.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Send(Way),
    Scan,
    Accept,
    Decline,
    TakeBack,
    Timer,
    Freeze,
    Unfreeze,
    Wait,
}

fn deeds() -> impl Strategy<Value = Vec<(Deed, usize, usize, i64)>> {
    let deed = prop_oneof![
        4 => Just(Deed::Send(Way::ToBeAccepted)),
        2 => Just(Deed::Send(Way::AtOnce)),
        2 => Just(Deed::Scan),
        3 => Just(Deed::Accept),
        2 => Just(Deed::Decline),
        2 => Just(Deed::TakeBack),
        2 => Just(Deed::Timer),
        1 => Just(Deed::Freeze),
        1 => Just(Deed::Unfreeze),
        2 => Just(Deed::Wait),
    ];
    prop::collection::vec((deed, 0..3_usize, 0..6_usize, 1..400_i64), 1..60)
}

const HAS: i64 = 900;

/// One deed; what it answers is checked by what the balances and records say afterwards.
fn live(
    books: &mut Books,
    payers: &[PayerId],
    at: Time,
    (deed, who, number, minor): (Deed, usize, usize, i64),
) {
    let (one, other) = (payers[who], payers[(who + 1 + number % 2) % payers.len()]);
    let known: Vec<TransferId> = books.all::<Transfer>().map(|transfer| transfer.id).collect();
    let transfer = known.get(number).copied();
    let frozen = books.get::<Payer>(one).frozen.is_some();
    let before = balance(books, one);
    match (deed, transfer) {
        (Deed::Send(way), _) => {
            let new = new_transfer(&number.to_string(), (one, other), minor, way);
            let answer = sent(books, at, &new);
            assert!(!frozen || answer.is_err() || balance(books, one) == before, "frozen money stays");
        }
        (Deed::Scan, _) => {
            let token = format!("token of {other}");
            let made = books.step(at, |facts, cx| collection::enrol(facts, cx, other, &token)).unwrap();
            let ask = PayCode {
                token: made.token,
                number: format!("scan {number}").replace(' ', "-"),
                payer: one,
                amount: amount(minor),
                note: String::new(),
                proofs: Proofs::PASSWORD,
            };
            drop(pay_code(books, at, &ask));
            assert!(!frozen || balance(books, one) == before, "frozen money stays");
        }
        (Deed::Accept, Some(id)) => drop(books.step(at, |facts, cx| steps::accept(facts, cx, one, id))),
        (Deed::Decline, Some(id)) => drop(books.step(at, |facts, cx| steps::decline(facts, cx, one, id))),
        (Deed::TakeBack, Some(id)) => drop(books.step(at, |facts, cx| steps::take_back(facts, cx, one, id))),
        (Deed::Timer, Some(id)) => {
            if let Some(due) = books.tasks(|work| work == Work::ExpireTransfer(id)).first().copied() {
                let lease = books.lease(due, due.due_at.max(at).plus_s(60));
                books.step(at, |facts, cx| Ok((steps::expire(facts, cx, id, lease)?, ()))).unwrap();
            }
        }
        (Deed::Freeze, _) => {
            books.step(at, |facts, cx| Ok((payer::freeze::freeze_own(facts, cx, one)?, ()))).unwrap();
        }
        (Deed::Unfreeze, _) => {
            books.step(at, |facts, cx| Ok((payer::freeze::unfreeze(facts, cx, one)?, ()))).unwrap();
        }
        (Deed::Accept | Deed::Decline | Deed::TakeBack | Deed::Timer | Deed::Wait, _) => {}
    }
}

proptest! {
    #[test]
    fn money_between_payers_is_conserved_and_each_transfer_ends_once(deeds in deeds()) {
        let (mut books, payers) = town(&[HAS; 3]);
        let mut ahead_s = 0;
        for (deed, who, number, minor) in deeds {
            live(&mut books, &payers, after(ahead_s), (deed, who, number, minor));
            if matches!(deed, Deed::Wait) {
                ahead_s += minor * 400;
            }
            let mut should: BTreeMap<PayerId, i64> = payers.iter().map(|payer| (*payer, HAS)).collect();
            let mut between = 0;
            for transfer in books.all::<Transfer>() {
                let minor = transfer.money.amount.minor();
                let sender = transfer.sender.payer().unwrap();
                match transfer.status {
                    TransferStatus::Offered => between += minor,
                    TransferStatus::Accepted => *should.get_mut(&transfer.recipient).unwrap() += minor,
                    TransferStatus::Returned(_) => *should.get_mut(&sender).unwrap() += minor,
                }
                *should.get_mut(&sender).unwrap() -= minor;
                let timers = books.tasks(|work| work == Work::ExpireTransfer(transfer.id)).len();
                prop_assert_eq!(timers, usize::from(transfer.status == TransferStatus::Offered));
                let key = Key::PayerTransferNo(sender, transfer.sender.number().to_owned());
                prop_assert_eq!(books.key(&key).unwrap(), Some(transfer.id.into()));
            }
            for (payer, should) in should {
                prop_assert_eq!(balance(&books, payer), should);
            }
            prop_assert_eq!(books.balance(Account::TransfersInFlight, Currency::CNY), between);
        }
    }
}
