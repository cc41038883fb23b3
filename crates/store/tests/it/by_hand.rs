//! Steps made by hand: any change set at all, also those that no decision of the core would make.

use tongbao_core::{
    Actor, Cause, ChangeSet, Context, Facts, Id, KeyDigest, Record, Stop, Time,
    id::{MerchantId, PayerId, TypedId},
    ledger::{Account, Channel, Posting, Reason},
    merchant::Merchant,
    payer::{Payer, identity::Tries},
};
use tongbao_money::{Amount, BasisPoints, Currency, Money};
use tongbao_store::{
    AccountLine, Backlog, ChangeLine, Committed, Fault, Listing, Outcome, Page, PostingLine, Query,
    RecordLine, Step, Store, TrialLine,
    verify::{Report, verify},
};

/// The moment at which every test begins.
pub(crate) const START_MS: i64 = 1_750_000_000_000;
/// More rows than any test here writes.
pub(crate) const ALL_ROWS: u32 = 10_000;
/// Later than anything in a test.
pub(crate) const LATE: Time = Time::from_ms(START_MS + 1_000_000_000_000);

/// `seconds` after the start.
pub(crate) fn after(seconds: i64) -> Time {
    Time::from_ms(START_MS).plus_s(seconds)
}

/// A seed for each number.
pub(crate) fn seed(number: u64) -> [u8; 16] {
    u128::from(number).to_be_bytes()
}

/// An id for each number; a greater number sorts later.
pub(crate) fn id<T: TypedId>(number: u64) -> T {
    let at = Time::from_ms(START_MS + i64::try_from(number).unwrap());
    Context::new(at, seed(number)).draw()
}

pub(crate) fn cause(at: Time) -> Cause {
    Cause { at, actor: Actor::Worker, input: "act_by_hand" }
}

/// Takes a step and waits for its outcome.
pub(crate) fn step(
    store: &dyn Store,
    at: Time,
    decide: impl FnMut(&dyn Facts) -> Result<ChangeSet, Stop> + Send + 'static,
) -> Result<Outcome, Fault> {
    store.step(Step { cause: cause(at), decide: Box::new(decide) }).wait()
}

/// Takes a step that changes just this.
pub(crate) fn change(store: &dyn Store, at: Time, change: ChangeSet) -> Result<Outcome, Fault> {
    step(store, at, move |_| Ok(change.clone()))
}

/// The commit of a step that must have changed something.
#[track_caller]
pub(crate) fn committed(outcome: Result<Outcome, Fault>) -> Committed {
    match outcome {
        Ok(Outcome::Committed(committed)) => committed,
        other => panic!("not committed: {other:?}"),
    }
}

/// Puts records, which must be accepted.
#[track_caller]
pub(crate) fn put(store: &dyn Store, at: Time, records: Vec<Record>) -> Committed {
    committed(change(store, at, ChangeSet { records, ..ChangeSet::default() }))
}

/// Writes postings, which must be accepted.
#[track_caller]
pub(crate) fn post(store: &dyn Store, at: Time, postings: Vec<Posting>) -> Committed {
    committed(change(store, at, ChangeSet { postings, ..ChangeSet::default() }))
}

pub(crate) fn merchant(number: u64, version: u32) -> Merchant {
    Merchant {
        id: id(number),
        version,
        name: format!("merchant {number}, version {version}"),
        fee_rate: BasisPoints::new(60).unwrap(),
        created_at: after(0),
    }
}

/// A payer whose phone is `phone`: a record with a key.
pub(crate) fn payer(number: u64, version: u32, phone: u8) -> Payer {
    Payer {
        id: id(number),
        version,
        phone_sealed: "sealed".to_owned(),
        phone_digest: [phone; 32],
        phone_hint: "138****0001".to_owned(),
        password: "$argon2id$a phc string".to_owned(),
        password_tries: 0,
        locked_until: None,
        code: None,
        codes: Box::default(),
        identity: None,
        own_limits: None,
        frozen: None,
        phone_turn: 0,
        closed_at: None,
        signed_out: None,
        identity_tries: Tries::default(),
        created_at: after(0),
    }
}

pub(crate) fn yuan(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::CNY }
}

pub(crate) const BANK: Account = Account::ChannelClearing(Channel::SandboxBank);

/// The spendable balance of the payer with this number.
pub(crate) fn purse(number: u64) -> Account {
    Account::PayerAvailable(id(number))
}

/// Moves money between any two accounts.
pub(crate) fn posting(debit: Account, credit: Account, money: Money) -> Posting {
    let subject = id::<PayerId>(1).into();
    Posting { debit, credit, money, reason: Reason::TopUp, subject }
}

/// All that a store can be asked for without changing it.
#[derive(Debug, PartialEq)]
pub(crate) struct Everything {
    pub(crate) changes: Vec<ChangeLine>,
    pub(crate) postings: Vec<PostingLine>,
    pub(crate) accounts: Vec<AccountLine>,
    pub(crate) records: Vec<RecordLine>,
    pub(crate) trial: Vec<TrialLine>,
    pub(crate) backlogs: Vec<Backlog>,
    pub(crate) keys: Vec<(KeyDigest, Id)>,
    pub(crate) listings: Vec<Listing>,
}

pub(crate) fn everything(store: &dyn Store) -> Everything {
    Everything {
        changes: changes(store),
        postings: postings(store),
        accounts: match store.read(Query::Accounts(0, ALL_ROWS)).unwrap() {
            Page::Accounts(lines) => lines,
            other => panic!("{other:?}"),
        },
        records: stored(store, ALL_ROWS),
        trial: trial(store),
        backlogs: [after(0), after(60), after(3_600), LATE].map(|at| backlog(store, at)).to_vec(),
        keys: keys(store, None, ALL_ROWS),
        listings: listings(store, None, ALL_ROWS),
    }
}

/// All records by their ids, read so many at a time: each store has an order of its own.
pub(crate) fn stored(store: &dyn Store, at_a_time: u32) -> Vec<RecordLine> {
    let (mut all, mut last) = (Vec::new(), None);
    loop {
        let Page::Stored(page) = store.read(Query::Stored(last, at_a_time)).unwrap() else {
            panic!("not stored forms");
        };
        let Some(line) = page.last() else { break };
        last = Some(line.id);
        all.extend(page);
    }
    all.sort_unstable_by_key(|line| line.id);
    all
}

pub(crate) fn keys(store: &dyn Store, after: Option<KeyDigest>, limit: u32) -> Vec<(KeyDigest, Id)> {
    match store.read(Query::Keys(after, limit)).unwrap() {
        Page::Keys(lines) => lines,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn listings(store: &dyn Store, after: Option<Listing>, limit: u32) -> Vec<Listing> {
    match store.read(Query::Listings(after, limit)).unwrap() {
        Page::Listings(lines) => lines,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn changes(store: &dyn Store) -> Vec<ChangeLine> {
    match store.read(Query::Changes(0, ALL_ROWS)).unwrap() {
        Page::Changes(lines) => lines,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn postings(store: &dyn Store) -> Vec<PostingLine> {
    match store.read(Query::Postings(0, ALL_ROWS)).unwrap() {
        Page::Postings(lines) => lines,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn trial(store: &dyn Store) -> Vec<TrialLine> {
    match store.read(Query::Trial).unwrap() {
        Page::Trial(lines) => lines,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn backlog(store: &dyn Store, at: Time) -> Backlog {
    match store.read(Query::Backlog(at)).unwrap() {
        Page::Backlog(backlog) => backlog,
        other => panic!("{other:?}"),
    }
}

/// The balance of an account in yuan, in minor units.
pub(crate) fn balance(store: &dyn Store, account: Account) -> i64 {
    store.account(account.of(Currency::CNY)).unwrap().balance()
}

pub(crate) fn balance_at(store: &dyn Store, account: Account, at: Time) -> i64 {
    match store.read(Query::BalanceAt(account.of(Currency::CNY), at)).unwrap() {
        Page::Balance(balance) => balance,
        other => panic!("{other:?}"),
    }
}

/// Recounts a store, in which nothing may be wrong.
#[track_caller]
pub(crate) fn clean(store: &dyn Store) -> Report {
    let report = verify(store, &mut |_| ()).unwrap();
    assert!(report.is_clean(), "{:#?}", report.findings);
    report
}

/// The merchant with this number, as it is stored.
pub(crate) fn stored_merchant(store: &dyn Store, number: u64) -> Option<Merchant> {
    store.get::<Merchant>(id::<MerchantId>(number)).unwrap()
}
