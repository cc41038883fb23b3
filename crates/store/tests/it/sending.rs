//! A town of payers who send each other money at once, while some are frozen and some withdraw: no fen is made or lost,
//! nobody is ever below zero, and what is frozen stays where it is.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use simdisk::Chance;
use tongbao_core::{
    ChangeSet, Context, Facts, Record, Stop,
    card::{
        CardKind,
        steps::{self as cards, NewCard},
    },
    id::{CardId, PayerId, TransferId},
    ledger::{Account, Posting},
    payer::freeze,
    payment::Proofs,
    transfer::{
        TransferStatus,
        send::{self, NewTransfer, Way},
        steps,
    },
    withdrawal::{
        Speed,
        steps::{self as withdrawals, NewWithdrawal},
    },
};
use tongbao_store::{Answer, Fault, Outcome, Query, Step, Store, sqlite::SqliteStore};

use crate::{
    by_hand::{BANK, after, balance, cause, clean, id, payer, post, posting, purse, put, seed, stored, yuan},
    programs::number_from,
    sqlite::Place,
};

const PAYERS: u64 = 100;
const DEPOSIT: i64 = 10_000;
/// Threads that send.
const SENDERS: u64 = 4;
/// Transfers that each of them has under way at once.
const TOGETHER: u64 = 25;

/// What everybody in the town shares.
struct Town<'a> {
    stores: Vec<&'a dyn Store>,
    cards: Vec<CardId>,
    /// For each payer: odd while it is known to be frozen. It becomes odd after the freeze was answered, and even again
    /// before it is lifted.
    frozen: Vec<AtomicU64>,
    /// Transfers that were offered and may still be.
    offered: Mutex<Vec<(u64, u64, TransferId)>>,
    /// Numbers for contexts.
    drawn: AtomicU64,
    done: AtomicBool,
}

impl Town<'_> {
    /// A step of the core, taken by one of the stores.
    fn step<T: 'static>(
        &self,
        store: usize,
        mut decide: impl FnMut(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop> + Send + 'static,
    ) -> Answer<Outcome> {
        let drawn = self.drawn.fetch_add(1, Ordering::Relaxed);
        let context = Context::new(after(0), seed(drawn));
        let decide = Box::new(move |facts: &dyn Facts| Ok(decide(facts, &mut context.clone())?.0));
        self.stores[store % self.stores.len()].step(Step { cause: cause(after(0)), decide })
    }

    fn transfer(&self, store: usize, number: u64, (from, to, minor): (u64, u64, i64)) -> Answer<Outcome> {
        let new = NewTransfer {
            number: number.to_string(),
            sender: id(from),
            recipient: id(to),
            money: yuan(minor),
            note: String::new(),
            way: if number.is_multiple_of(2) { Way::AtOnce } else { Way::ToBeAccepted },
            collection: None,
            proofs: Proofs::PASSWORD,
        };
        self.step(store, move |facts, cx| send::send(facts, cx, &new))
    }

    /// Transfers of one thread. A payer that was frozen before a transfer was asked for, and all the while until it
    /// was answered, has not sent it.
    fn send(&self, thread: u64, transfers: u64) -> u64 {
        let mut chance = Chance::new(thread);
        let (mut number, mut sent) = (thread * 1_000_000, 0);
        let store = usize::try_from(thread).unwrap();
        while number < thread * 1_000_000 + transfers {
            let asked: Vec<_> = (0..TOGETHER)
                .map(|_| {
                    number += 1;
                    let from = chance.below(PAYERS);
                    let to = (from + 1 + chance.below(PAYERS - 1)) % PAYERS;
                    let minor = i64::try_from(chance.below(2_000)).unwrap() + 1;
                    let mark = self.mark(from);
                    (from, mark, self.transfer(store, number, (from, to, minor)))
                })
                .collect();
            for (from, mark, answer) in asked {
                match answer.wait() {
                    Ok(Outcome::Committed(_)) => {
                        let still = mark % 2 == 1 && self.mark(from) == mark;
                        assert!(!still, "payer {from} is frozen and has sent money");
                        sent += 1;
                    }
                    Ok(_) | Err(Fault::Busy) => {}
                    Err(fault) => panic!("{fault}"),
                }
            }
        }
        sent
    }

    fn mark(&self, payer: u64) -> u64 {
        self.frozen[usize::try_from(payer).unwrap()].load(Ordering::SeqCst)
    }

    /// Freezes and unfreezes payers until the others are done. Who was frozen a moment ago, at one store, sends nothing
    /// at another.
    fn freeze(&self) {
        let mut chance = Chance::new(77);
        let mut number = 80_000_000;
        while !self.done.load(Ordering::Relaxed) {
            let from = chance.below(PAYERS);
            let (payer, mark): (PayerId, _) = (id(from), &self.frozen[usize::try_from(from).unwrap()]);
            let frozen =
                self.step(0, move |facts, cx| Ok((freeze::freeze_own(facts, cx, payer)?, ()))).wait();
            if frozen.is_err() {
                continue;
            }
            mark.fetch_add(1, Ordering::SeqCst);
            number += 1;
            let sent = self.transfer(1, number, (from, (from + 1) % PAYERS, 1)).wait();
            assert!(!matches!(sent, Ok(Outcome::Committed(_))), "payer {from} is frozen and has sent money");
            mark.fetch_add(1, Ordering::SeqCst);
            let lift = || self.step(1, move |facts, cx| Ok((freeze::unfreeze(facts, cx, payer)?, ()))).wait();
            while lift().is_err() {}
        }
    }

    /// Ends offers in every way, and withdraws, until the others are done.
    fn live(&self) {
        let mut chance = Chance::new(99);
        let mut number = 0;
        while !self.done.load(Ordering::Relaxed) {
            let next = self.offered.lock().unwrap().pop();
            if let Some((from, to, transfer)) = next {
                let (sender, recipient) = (id::<PayerId>(from), id::<PayerId>(to));
                let what = chance.below(4);
                let ended = self.step(2, move |facts, cx| match what {
                    0 => steps::decline(facts, cx, recipient, transfer),
                    1 => steps::take_back(facts, cx, sender, transfer),
                    _ => steps::accept(facts, cx, recipient, transfer),
                });
                drop(ended.wait());
            } else {
                self.find_offers();
            }
            number += 1;
            let from = chance.below(PAYERS);
            let minor = i64::try_from(chance.below(200)).unwrap() + 1;
            let new = NewWithdrawal {
                payer: id(from),
                card: self.cards[usize::try_from(from).unwrap()],
                request_no: number.to_string(),
                money: yuan(minor),
                speed: Speed::Now,
                fee_shown: tongbao_money::Amount::ZERO,
                proofs: Proofs::PASSWORD,
            };
            let mark = self.mark(from);
            let asked = self.step(3, move |facts, cx| match withdrawals::plan_proven(facts, cx, &new)? {
                (change, Ok(made)) => Ok((change, made)),
                (_, Err(refusal)) => Err(refusal.into()),
            });
            if let Ok(Outcome::Committed(_)) = asked.wait() {
                assert!(
                    mark.is_multiple_of(2) || self.mark(from) != mark,
                    "payer {from} is frozen and withdrew"
                );
            }
        }
    }

    /// Looks for offers among the newest transfers to somebody.
    fn find_offers(&self) {
        let to = self.drawn.load(Ordering::Relaxed) % PAYERS;
        let list = tongbao_core::List::TransfersTo(id(to));
        let query = Query::List { list, after: None, newest_first: true, limit: 20 };
        for record in self.stores[0].records(query).unwrap() {
            if let Record::Transfer(transfer) = record
                && transfer.status == TransferStatus::Offered
            {
                let sender = transfer.sender.payer().unwrap();
                let from = (0..PAYERS).find(|number| id::<PayerId>(*number) == sender).unwrap();
                self.offered.lock().unwrap().push((from, to, transfer.id));
            }
        }
    }
}

/// Everybody with a deposit and a card.
fn settle(store: &dyn Store) -> Vec<CardId> {
    let records = (0..PAYERS).map(|number| payer(number, 1, u8::try_from(number).unwrap()).into()).collect();
    put(store, after(0), records);
    let deposits: Vec<Posting> =
        (0..PAYERS).map(|number| posting(BANK, purse(number), yuan(DEPOSIT))).collect();
    post(store, after(0), deposits);
    let bind = |number: u64| {
        let payer: PayerId = id(number);
        let new = NewCard {
            number_digest: [u8::try_from(number).unwrap(); 32],
            number_sealed: "sealed".to_owned(),
            last_four: "0000".to_owned(),
            bank: "bank".to_owned(),
            kind: CardKind::Debit,
        };
        let context = Context::new(after(0), seed(500_000_000 + number));
        let slot = std::sync::Arc::new(Mutex::new(None));
        let bound = std::sync::Arc::clone(&slot);
        let decide = Box::new(move |facts: &dyn Facts| {
            let (change, card) = cards::bind(facts, &mut context.clone(), payer, &new)?;
            *slot.lock().unwrap() = Some(card.id);
            Ok(change)
        });
        assert!(matches!(
            store.step(Step { cause: cause(after(0)), decide }).wait(),
            Ok(Outcome::Committed(_))
        ));
        bound.lock().unwrap().take().unwrap()
    };
    (0..PAYERS).map(bind).collect()
}

/// What the records say that everybody should have, against what the accounts say.
fn recount(store: &dyn Store) {
    let mut should: BTreeMap<PayerId, i64> = (0..PAYERS).map(|number| (id(number), DEPOSIT)).collect();
    let (mut offered, mut withdrawn, mut transfers) = (0, 0, 0);
    for line in stored(store, 1_000) {
        match Record::decode(line.id.kind, &line.body).unwrap() {
            Record::Transfer(transfer) => {
                let minor = transfer.money.amount.minor();
                let sender = transfer.sender.payer().unwrap();
                transfers += 1;
                *should.get_mut(&sender).unwrap() -= minor;
                match transfer.status {
                    TransferStatus::Offered => offered += minor,
                    TransferStatus::Accepted => *should.get_mut(&transfer.recipient).unwrap() += minor,
                    TransferStatus::Returned(_) => *should.get_mut(&sender).unwrap() += minor,
                }
            }
            Record::Withdrawal(withdrawal) => {
                let minor = withdrawal.money.amount.minor() + withdrawal.fee.minor();
                *should.get_mut(&withdrawal.payer).unwrap() -= minor;
                withdrawn += minor;
            }
            _ => {}
        }
    }
    for (number, (payer, should)) in should.into_iter().enumerate() {
        let has = balance(store, Account::PayerAvailable(payer));
        assert_eq!(has, should, "payer {number} has what the records say");
        assert!(has >= 0);
    }
    assert_eq!(balance(store, Account::TransfersInFlight), offered);
    assert_eq!(balance(store, Account::WithdrawalsInFlight), withdrawn);
    assert!(
        transfers > 100 && withdrawn > 0,
        "{transfers} transfers and {withdrawn} fen withdrawn show something"
    );
    clean(store);
}

fn live(stores: Vec<&dyn Store>, transfers: u64) {
    let first = stores[0];
    let town = Town {
        cards: settle(first),
        stores,
        frozen: (0..PAYERS).map(|_| AtomicU64::new(0)).collect(),
        offered: Mutex::new(Vec::new()),
        drawn: AtomicU64::new(1_000_000_000),
        done: AtomicBool::new(false),
    };
    let sent: u64 = thread::scope(|scope| {
        scope.spawn(|| town.freeze());
        scope.spawn(|| town.live());
        let town = &town;
        let send = |number| scope.spawn(move || town.send(number, transfers / SENDERS));
        let senders: Vec<_> = (0..SENDERS).map(send).collect();
        let sent: Vec<_> = senders.into_iter().map(thread::ScopedJoinHandle::join).collect();
        // Ends the others also when a check failed.
        town.done.store(true, Ordering::Relaxed);
        sent.into_iter().map(|sent| sent.unwrap()).sum()
    });
    assert!(sent > transfers / 10, "{sent} of {transfers} transfers were made");
    recount(first);
}

/// How many transfers are asked for.
fn transfers() -> u64 {
    number_from("TONGBAO_TRANSFERS", 10_000).into()
}

#[test]
fn ten_thousand_transfers_among_a_hundred_payers_lose_no_fen() {
    let place = Place::new();
    let store = SqliteStore::open(&place.file()).unwrap();
    live(vec![&store], transfers());
}

#[test]
fn ten_thousand_transfers_lose_no_fen_on_a_database_of_four_stores() {
    use tongbao_store::postgres::PostgresStore;
    let Some(url) = pgtest::database() else { return };
    let stores: Vec<PostgresStore> = (0..4).map(|_| PostgresStore::open(&url).unwrap()).collect();
    live(stores.iter().map(|store| store as &dyn Store).collect(), transfers());
}
