//! Exhaustive small worlds: every state of the two machines that a few inputs can reach, every input in
//! each of them, and a table that says what must come of it. A pair that was not seen fails the test, as
//! does an outcome that the table does not name or names in vain.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tongbao_core::{
    Context, Time,
    event::AlarmKind,
    id::{AttemptId, PayerId},
    ledger::Channel,
    limits::ATTEMPTS_PER_PAYMENT_MAX,
    payment::{
        Attempt, AttemptStatus, Failure, Method, Payment, Proofs, Status,
        machine::{self, Happened, Input},
    },
    refund::{
        Origin, Refund, RefundStatus, Target,
        machine::{self as refund_machine, Happened as RefundHappened, Input as RefundInput},
    },
};
use tongbao_money::Amount;

use crate::shop::{EXPIRES_IN_S, Shop, after, amount, yuan};

/// What came of each pair of state and input.
type Seen = BTreeMap<(String, String), BTreeSet<String>>;

/// Reads a table of one line per pair: state, input, outcomes; a line that begins with `|` has more outcomes
/// of the pair above.
fn table(text: &str) -> Seen {
    let mut table = Seen::new();
    let text = text.lines().map(str::trim).collect::<Vec<_>>().join("\n").replace("\n|", " ");
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace().map(ToOwned::to_owned);
        let pair = (words.next().unwrap(), words.next().unwrap());
        assert!(table.insert(pair, words.collect()).is_none(), "twice in the table: {line}");
    }
    table
}

fn assert_equal(seen: &Seen, expected: &Seen) {
    for (pair, outcomes) in expected {
        assert_eq!(seen.get(pair), Some(outcomes), "{pair:?}: seen on the left, expected on the right");
    }
    for (pair, outcomes) in seen {
        assert!(expected.contains_key(pair), "{pair:?} gives {outcomes:?} and is not in the table");
    }
}

const AMOUNT: i64 = 3;
const ATTEMPTS: usize = 2;
const REFUNDS: u16 = 2;
/// Four times as many as there are.
const STATES_MAX: usize = 100_000;

/// The moments that matter: before the time is over, and just when it is.
fn moments() -> [Time; 2] {
    [after(EXPIRES_IN_S - 1), after(EXPIRES_IN_S)]
}

fn attempts() -> Vec<Attempt> {
    let mut cx = Context::new(after(0), [5; 16]);
    let payer: PayerId = cx.draw();
    let attempt = |id: AttemptId| Attempt {
        id,
        method: Method::SandboxBank,
        payer,
        status: AttemptStatus::Processing,
        started_at: after(1),
        failure: None,
        reference: None,
        other_references: Vec::new(),
        contested: Vec::new(),
        fault: None,
        proofs: Proofs::NONE,
        challenge: None,
        confirmation: None,
        risk: None,
        review: None,
    };
    (0..=ATTEMPTS).map(|_| attempt(cx.draw())).collect()
}

/// The inputs that can be said to a payment, each with the name of its kind. Facts about refunds are
/// said only of refunds that can be: what is claimed and not yet refunded, or what failed before.
fn inputs(now: &Payment, failed: i64) -> Vec<(&'static str, Input)> {
    let mut inputs = vec![("expire", Input::Expire), ("close", Input::Close)];
    let attempts = attempts();
    if now.attempts.len() < ATTEMPTS {
        inputs.push(("begin", Input::Begin(attempts[now.attempts.len()].clone())));
    } else if now.status != Status::Open {
        inputs.push(("begin", Input::Begin(attempts[ATTEMPTS].clone())));
    }
    for (place, attempt) in attempts.iter().enumerate() {
        let id = attempt.id;
        let mut say = |name, money, movement: &str| {
            let reference = Some(format!("{movement}{place}"));
            inputs.push((name, Input::Paid { attempt: id, money, reference }));
        };
        say("paid", yuan(AMOUNT), "a");
        say("paid_wrong", yuan(AMOUNT - 1), "b");
        if place == 0 {
            say("paid", yuan(AMOUNT), "another");
        }
        inputs.push(("failed", Input::Failed { attempt: id, failure: Failure::Declined }));
        if place != 1 {
            let reference = "of another payment".to_owned();
            inputs.push(("contested", Input::Contested { attempt: id, reference }));
        }
    }
    if now.refund_count < REFUNDS {
        inputs.extend([1, AMOUNT, AMOUNT + 1].map(|minor| ("claim", Input::ClaimRefund(amount(minor)))));
    }
    let (one, none) = (amount(1), Amount::ZERO);
    let open = now.refund_claimed.minor() - now.refunded.minor();
    let unpaid = now.status != Status::Succeeded;
    if unpaid || open > 0 {
        inputs.push(("refund_paid", Input::RefundPaid(one)));
        inputs.push(("refund_failed", Input::RefundFailed { amount: one, fee: none }));
    }
    if unpaid || failed > 0 {
        inputs.push(("paid_after_all", Input::RefundPaidAfterAll { amount: one, fee: none }));
    }
    inputs
}

fn state_name(status: Status) -> String {
    format!("{status:?}").to_lowercase()
}

/// What happened, in a word for each thing.
fn word(happened: Happened) -> &'static str {
    match happened {
        Happened::Began(_) => "began",
        Happened::Succeeded(_) => "succeeded",
        Happened::AttemptFailed(_) => "attempt_failed",
        Happened::AttemptDropped(_) => "attempt_dropped",
        Happened::Closed => "closed",
        Happened::Unexpected(_, _, AlarmKind::WrongAmount) => "wrong_amount",
        Happened::Unexpected(_, _, AlarmKind::DoublePayment) => "double_payment",
        Happened::Unexpected(_, _, AlarmKind::LateMoney) => "late_money",
        Happened::Unexpected(..) => "unexpected",
        Happened::Alarm(_) => "alarm",
        Happened::RefundClaimed(_) => "claimed",
        Happened::RefundCounted => "counted",
    }
}

fn outcome(answer: &machine::Answer) -> String {
    match answer {
        Err(refusal) => format!("refused:{}", refusal.code()),
        Ok(None) => "same".to_owned(),
        Ok(Some(next)) => {
            let words: Vec<&str> = next.happened.iter().map(|happened| word(*happened)).collect();
            format!("{}:{}", state_name(next.payment.status), words.join("+"))
        }
    }
}

const PAYMENT_TABLE: &str = "
    open        begin           processing:began refused:payment_expired
    open        paid            succeeded:succeeded refused:not_found
    open        paid_wrong      open:wrong_amount+attempt_failed closed:wrong_amount+attempt_failed+closed
    |                           same refused:not_found
    open        failed          same refused:not_found
    open        contested       open:alarm same refused:not_found
    open        expire          same closed:closed
    open        close           closed:closed
    open        claim           refused:payment_not_paid
    open        refund_paid     refused:payment_not_paid
    open        refund_failed   refused:payment_not_paid
    open        paid_after_all  refused:payment_not_paid

    processing  begin           refused:payment_processing
    processing  paid            succeeded:succeeded refused:not_found
    processing  paid_wrong      processing:wrong_amount+attempt_failed open:wrong_amount+attempt_failed
    |                           closed:wrong_amount+attempt_failed+closed same refused:not_found
    processing  failed          open:attempt_failed closed:attempt_failed+closed same refused:not_found
    processing  contested       processing:alarm same refused:not_found
    processing  expire          same
    processing  close           refused:payment_processing
    processing  claim           refused:payment_processing
    processing  refund_paid     refused:payment_not_paid
    processing  refund_failed   refused:payment_not_paid
    processing  paid_after_all  refused:payment_not_paid

    succeeded   begin           refused:payment_already_paid
    succeeded   paid            succeeded:double_payment+attempt_dropped same refused:not_found
    succeeded   paid_wrong      succeeded:double_payment+attempt_dropped same refused:not_found
    succeeded   failed          succeeded:alarm succeeded:attempt_dropped same refused:not_found
    succeeded   contested       succeeded:alarm same refused:not_found
    succeeded   expire          same
    succeeded   close           refused:payment_already_paid
    succeeded   claim           succeeded:claimed refused:refund_too_large
    succeeded   refund_paid     succeeded:counted
    succeeded   refund_failed   succeeded:counted
    succeeded   paid_after_all  succeeded:counted

    closed      begin           refused:payment_closed refused:payment_expired
    closed      paid            closed:late_money+attempt_dropped same refused:not_found
    closed      paid_wrong      closed:late_money+attempt_dropped same refused:not_found
    closed      failed          same refused:not_found
    closed      contested       closed:alarm same refused:not_found
    closed      expire          same
    closed      close           same
    closed      claim           refused:payment_not_paid
    closed      refund_paid     refused:payment_not_paid
    closed      refund_failed   refused:payment_not_paid
    closed      paid_after_all  refused:payment_not_paid
";

/// What must hold of any payment, however it came to be.
fn check_payment(before: &Payment, next: &Payment) {
    let succeeded = next.attempts.iter().filter(|a| a.status == AttemptStatus::Succeeded).count();
    let pending = next.attempts.iter().filter(|a| a.status == AttemptStatus::Processing).count();
    assert_eq!(succeeded, usize::from(next.status == Status::Succeeded));
    assert_eq!(next.succeeded_at.is_some(), next.status == Status::Succeeded);
    assert_eq!(next.closed_at.is_some(), next.status == Status::Closed);
    assert!(pending == 0 || matches!(next.status, Status::Processing | Status::Succeeded));
    assert!(pending == 1 || next.status != Status::Processing);
    assert!(next.fee_returned <= next.fee && next.fee <= next.money.amount);
    assert!(next.latest() >= before.latest(), "recorded times never decrease");
    let terminal = matches!(before.status, Status::Succeeded | Status::Closed);
    assert!(!terminal || next.status == before.status, "a terminal state stays");
    assert_eq!((next.version, next.id, next.money), (before.version, before.id, before.money));
    let names: Vec<&String> = next.attempts.iter().flat_map(Attempt::references).collect();
    let distinct: BTreeSet<&String> = names.iter().copied().collect();
    assert_eq!(names.len(), distinct.len(), "one reference is booked once");
}

/// All of a payment that inputs change, to tell states apart by.
fn state((payment, failed): &(Payment, i64)) -> String {
    let attempt = |a: &Attempt| {
        (a.status, a.failure, a.reference.clone(), a.other_references.clone(), a.contested.len())
    };
    let attempts: Vec<_> = payment.attempts.iter().map(attempt).collect();
    let sums = (payment.refund_claimed, payment.refunded, payment.fee_returned, payment.refund_count);
    format!("{:?}", (payment.status, attempts, sums, payment.succeeded_at, payment.closed_at, failed))
}

#[test]
fn every_input_in_every_state_of_a_payment_gives_what_the_table_says() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payment("1", AMOUNT);
    let first = (shop.books.get::<Payment>(id), 0_i64);
    let (mut known, mut waiting) = (BTreeSet::from([state(&first)]), VecDeque::from([first]));
    let mut seen = Seen::new();
    let mut facts_refused = BTreeSet::new();
    while let Some((now, failed)) = waiting.pop_front() {
        for (name, input) in inputs(&now, failed) {
            for at in moments() {
                let answer = machine::decide(&now, input.clone(), at);
                let told = outcome(&answer);
                if told == "refused:not_found" {
                    facts_refused.insert(name);
                }
                seen.entry((state_name(now.status), name.to_owned())).or_default().insert(told);
                let Ok(Some(next)) = answer else { continue };
                check_payment(&now, &next.payment);
                let failed =
                    failed + i64::from(name == "refund_failed") - i64::from(name == "paid_after_all");
                let next = (next.payment, failed);
                if known.insert(state(&next)) {
                    assert!(known.len() < STATES_MAX, "the small world does not end");
                    waiting.push_back(next);
                }
            }
        }
    }
    assert_equal(&seen, &table(PAYMENT_TABLE));
    assert_eq!(seen.len(), 4 * 11, "every pair of state and kind of input was seen");
    assert_eq!(facts_refused, BTreeSet::from(["contested", "failed", "paid", "paid_wrong"]));
    assert!(known.len() > 10_000, "only {} states were reached", known.len());
}

#[test]
fn a_payment_takes_twenty_attempts_and_no_more() {
    let mut shop = Shop::open(60, 0);
    let id = shop.payment("1", 100);
    for number in 0..ATTEMPTS_PER_PAYMENT_MAX {
        let now = shop.pay(after(1), id, Method::Balance).unwrap();
        assert_eq!((now.attempts.len(), now.status), (number + 1, Status::Open));
    }
    let more = shop.pay(after(1), id, Method::SandboxBank);
    assert_eq!(more, Err(tongbao_core::Refusal::TooManyAttempts));
}

fn refund_word(happened: RefundHappened) -> &'static str {
    match happened {
        RefundHappened::HandedOver => "handed_over",
        RefundHappened::Paid => "paid",
        RefundHappened::PaidAfterAll => "paid_after_all",
        RefundHappened::Failed => "failed",
        RefundHappened::Alarm(_) => "alarm",
    }
}

/// Origins stand before the state: a refund a merchant asked for, and the return of unexpected money.
const REFUND_TABLE: &str = "
    asked:accepted      working  processing:handed_over
    asked:accepted      paid     succeeded:paid
    asked:accepted      failed   failed:failed
    asked:processing    working  same
    asked:processing    paid     succeeded:paid
    asked:processing    failed   failed:failed
    asked:succeeded     working  same
    asked:succeeded     paid     same
    asked:succeeded     failed   succeeded:alarm same
    asked:failed        working  same
    asked:failed        paid     succeeded:paid_after_all
    asked:failed        failed   same
    asked:abnormal      working  same
    asked:abnormal      paid     succeeded:paid
    asked:abnormal      failed   same

    return:accepted     working  processing:handed_over
    return:accepted     paid     succeeded:paid
    return:accepted     failed   abnormal:alarm
    return:processing   working  same
    return:processing   paid     succeeded:paid
    return:processing   failed   abnormal:alarm
    return:succeeded    working  same
    return:succeeded    paid     same
    return:succeeded    failed   succeeded:alarm same
    return:failed       working  same
    return:failed       paid     succeeded:paid_after_all
    return:failed       failed   same
    return:abnormal     working  same
    return:abnormal     paid     succeeded:paid
    return:abnormal     failed   same
";

fn refund(origin: Origin, status: RefundStatus, contradicted: bool) -> Refund {
    let mut cx = Context::new(after(5), [6; 16]);
    Refund {
        id: cx.draw(),
        version: 1,
        merchant: cx.draw(),
        app: cx.draw(),
        payment: cx.draw(),
        attempt: None,
        origin,
        money: yuan(5),
        fee: Amount::ZERO,
        target: Target::Channel(Channel::SandboxBank),
        reason: None,
        status,
        contradicted,
        reference: None,
        created_at: cx.at(),
        succeeded_at: (status == RefundStatus::Succeeded).then(|| cx.at()),
        wechat: None,
    }
}

const REFUND_STATES: [RefundStatus; 5] = [
    RefundStatus::Accepted,
    RefundStatus::Processing,
    RefundStatus::Succeeded,
    RefundStatus::Failed,
    RefundStatus::Abnormal,
];

#[test]
fn every_input_in_every_state_of_a_refund_gives_what_the_table_says() {
    let mut seen = Seen::new();
    let reference = Some("r".to_owned());
    for status in REFUND_STATES {
        for (origin_name, origin) in
            [("asked", Origin::Merchant("r".to_owned())), ("return", Origin::Unexpected)]
        {
            for contradicted in [false, true] {
                let now = refund(origin.clone(), status, contradicted);
                for (name, input) in [
                    ("working", RefundInput::Working),
                    ("paid", RefundInput::Paid { reference: reference.clone() }),
                    ("failed", RefundInput::Failed),
                ] {
                    let answer = refund_machine::decide(&now, input.clone(), after(0));
                    let told = answer.as_ref().map_or("same".to_owned(), |(next, happened)| {
                        format!("{}:{}", next.status.name(), refund_word(*happened))
                    });
                    let state = format!("{origin_name}:{}", status.name());
                    seen.entry((state, name.to_owned())).or_default().insert(told);
                    let Some((next, _)) = answer else { continue };
                    let paid = next.status == RefundStatus::Succeeded;
                    assert_eq!(next.succeeded_at, paid.then_some(now.created_at), "never before it was made");
                    assert_eq!((next.money, next.version, next.id), (now.money, now.version, now.id));
                    assert_eq!(refund_machine::decide(&next, input, after(9)), None, "said twice, done once");
                }
            }
        }
    }
    assert_equal(&seen, &table(REFUND_TABLE));
    assert_eq!(seen.len(), 2 * 5 * 3, "every pair of origin, state and input was seen");
}
