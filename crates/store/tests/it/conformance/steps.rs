//! Steps that do as they should.

use std::sync::{Arc, Mutex};

use tongbao_core::{ChangeSet, Facts, Key, Need, Refusal, Stop, Task, Want, Work, ledger::AccountState};
use tongbao_money::Currency;
use tongbao_store::{Outcome, Store};

use crate::by_hand::{
    BANK, after, change, changes, committed, everything, id, merchant, payer, post, posting, purse, put,
    step, stored_merchant, yuan,
};

pub(crate) fn a_commit_has_a_number_and_the_digest_of_its_line(store: &dyn Store) {
    let first = put(store, after(0), vec![merchant(1, 1).into()]);
    let second = put(store, after(1), vec![merchant(1, 2).into()]);
    assert_eq!((first.number, second.number), (1, 2));
    let lines = changes(store);
    assert_eq!([lines[0].digest, lines[1].digest], [first.digest, second.digest]);
    assert_eq!(stored_merchant(store, 1), Some(merchant(1, 2)));
}

pub(crate) fn a_refused_step_changes_nothing(store: &dyn Store) {
    put(store, after(0), vec![merchant(1, 1).into()]);
    let before = everything(store);
    let refused = step(store, after(1), |_| Err(Refusal::PaymentClosed.into()));
    assert_eq!(refused, Ok(Outcome::Refused(Refusal::PaymentClosed)));
    assert_eq!(everything(store), before);
}

pub(crate) fn a_step_without_changes_is_unchanged(store: &dyn Store) {
    put(store, after(0), vec![merchant(1, 1).into()]);
    let before = everything(store);
    assert_eq!(change(store, after(1), ChangeSet::default()), Ok(Outcome::Unchanged));
    assert_eq!(everything(store), before);
}

pub(crate) fn a_decision_is_asked_again_until_it_has_its_facts(store: &dyn Store) {
    put(store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 7).into()]);
    post(store, after(0), vec![posting(BANK, purse(2), yuan(500))]);
    let timer = Task::new(after(60), Work::ExpirePayment(id(9)));
    let tasks = vec![timer.clone()];
    committed(change(store, after(0), ChangeSet { tasks, ..ChangeSet::default() }));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    let decide = move |facts: &dyn Facts| -> Result<ChangeSet, Need> {
        let merchant = facts.record(id::<tongbao_core::id::MerchantId>(1).into())?.cloned();
        let holder = facts.key(&Key::Phone([7; 32]))?;
        let account = facts.account(&purse(2).of(Currency::CNY))?;
        let waits = facts.task(&timer.key)?;
        kept.lock().unwrap().push((merchant, holder, account.balance(), waits));
        Ok(ChangeSet::default())
    };
    let wants = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&wants);
    let outcome = step(store, after(1), move |facts| {
        decide(facts).map_err(|need| {
            kept.lock().unwrap().push(need.0.clone());
            need.into()
        })
    });
    assert_eq!(outcome, Ok(Outcome::Unchanged));
    let expected = (Some(merchant(1, 1).into()), Some(payer(2, 1, 7).id.into()), 500, true);
    assert_eq!(*asked.lock().unwrap(), [expected], "answered once, when everything was known");
    // What the store happened to have at hand it was not asked for; the rest, once each and in order.
    let wants = wants.lock().unwrap();
    let kinds: Vec<u8> = wants
        .iter()
        .map(|want| match want {
            Want::Record(_) => 1,
            Want::Key(_) => 2,
            Want::Account(_) => 3,
            Want::Task(_) => 4,
            Want::All(_) => 5,
        })
        .collect();
    assert!(kinds.is_sorted() && kinds.len() <= 4 && kinds.contains(&4), "{wants:?}");
}

pub(crate) fn what_is_asked_for_together_is_answered_together(store: &dyn Store) {
    put(store, after(0), vec![merchant(1, 1).into(), payer(2, 1, 7).into()]);
    let wants = vec![
        Want::Record(merchant(1, 1).id.into()),
        Want::Key(Key::Phone([7; 32])),
        Want::Account(purse(2).of(Currency::CNY)),
        Want::Task(Task::new(after(60), Work::ExpirePayment(id(9))).key),
        Want::Record(merchant(3, 1).id.into()),
    ];
    let mut first = Some(wants);
    let outcome = step(store, after(1), move |facts| {
        if let Some(wants) = first.take() {
            return Err(Need(Want::All(wants)).into());
        }
        let asked = "this was asked for, and so was that";
        assert_eq!(facts.record(merchant(1, 1).id.into()).expect(asked), Some(&merchant(1, 1).into()));
        assert_eq!(facts.key(&Key::Phone([7; 32])).expect(asked), Some(payer(2, 1, 7).id.into()));
        assert_eq!(facts.account(&purse(2).of(Currency::CNY)).expect(asked), AccountState::default());
        let timer = Task::new(after(60), Work::ExpirePayment(id(9)));
        assert!(!facts.task(&timer.key).expect(asked));
        assert_eq!(facts.record(merchant(3, 1).id.into()).expect(asked), None);
        Err(Refusal::PaymentClosed.into())
    });
    assert_eq!(outcome, Ok(Outcome::Refused(Refusal::PaymentClosed)));
}

pub(crate) fn what_is_absent_is_a_fact_too(store: &dyn Store) {
    let outcome = step(store, after(0), |facts| {
        assert_eq!(facts.record(id::<tongbao_core::id::MerchantId>(1).into())?, None);
        assert_eq!(facts.key(&Key::Phone([7; 32]))?, None);
        assert_eq!(facts.account(&purse(2).of(Currency::CNY))?, AccountState::default());
        assert!(!facts.task(&Task::new(after(60), Work::ExpirePayment(id(9))).key)?);
        Err(Refusal::NotFound("anything").into())
    });
    assert_eq!(outcome, Ok(Outcome::Refused(Refusal::NotFound("anything"))));
}

pub(crate) fn a_step_sees_what_the_step_before_it_did(store: &dyn Store) {
    // Nobody waits in between, so a store may take them together.
    let answers: Vec<_> = (1..=20)
        .map(|version| {
            let decide = move |facts: &dyn Facts| {
                let known = facts.get::<tongbao_core::merchant::Merchant>(id(1))?;
                assert_eq!(known.map_or(0, |merchant| merchant.version), version - 1);
                let held = facts.account(&purse(1).of(Currency::CNY))?.balance();
                assert_eq!(held, i64::from(version - 1) * 5);
                Ok(ChangeSet {
                    records: vec![merchant(1, version).into()],
                    postings: vec![posting(BANK, purse(1), yuan(5))],
                    ..ChangeSet::default()
                })
            };
            let cause = crate::by_hand::cause(after(0));
            store.step(tongbao_store::Step { cause, decide: Box::new(decide) })
        })
        .collect();
    for (number, answer) in (1..).zip(answers) {
        assert_eq!(committed(answer.wait()).number, number);
    }
    assert_eq!(crate::by_hand::balance(store, purse(1)), 100);
}

pub(crate) fn a_key_that_a_later_version_adds_is_found(store: &dyn Store) {
    let holder = |store: &dyn Store, phone: u8| {
        let found = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&found);
        let outcome = step(store, after(5), move |facts| {
            *kept.lock().unwrap() = facts.key(&Key::Phone([phone; 32]))?;
            Err::<ChangeSet, Stop>(Refusal::CodeTooSoon.into())
        });
        assert_eq!(outcome, Ok(Outcome::Refused(Refusal::CodeTooSoon)));
        found.lock().unwrap().take()
    };
    put(store, after(0), vec![payer(1, 1, 7).into()]);
    assert_eq!(holder(store, 8), None);
    put(store, after(1), vec![payer(1, 2, 8).into()]);
    let id = Some(payer(1, 2, 8).id.into());
    assert_eq!((holder(store, 8), holder(store, 7)), (id, id), "a key once taken stays");
}
