//! Utility payments with the sandbox's billers, and with one that is silent for a while.

#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use std::{
    future::ready,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use tongbao_channel::biller::{Biller, Booking, Standing};
use tongbao_core::{
    Actor, Context, Facts, Refusal,
    id::PayerId,
    ledger::{Account, Channel},
    payer,
    payment::Proofs,
    utility::{Failure, UtilityPayment, UtilityStatus, steps::Said},
};
use tongbao_engine::{
    Call, Deliveries, Engine, Error, Input, Mode, Worker,
    utility::{
        Billers, LookedUp, OFFER_LIFE_MS, Offer, SandboxBillers,
        sandbox_billers::{ACCOUNTS, Behaviour},
    },
    webhook::Sender,
};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::{Page, Query, model::ModelStore};

const INPUT: Input = Input { actor: Actor::Operator, name: "test" };
const PURSE: i64 = 50_000;
const WATER: &str = "sandbox_water";

struct World {
    engine: Arc<Engine>,
    worker: Worker,
    payer: PayerId,
    ahead_s: i64,
}

impl World {
    async fn new() -> World {
        World::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Engine)) -> World {
        let mut engine = Engine::new(Arc::new(ModelStore::default()), Mode::Sandbox, &[7; 32]).unwrap();
        change(&mut engine);
        let engine = Arc::new(engine);
        let sender = Sender::new(engine.mode.webhook_policy()).unwrap();
        let worker = Worker::new(Arc::clone(&engine), Deliveries::new(sender, Arc::new(|_| Vec::new())));
        let new = engine.new_payer("17000000001", "135790");
        let payer = engine.step(INPUT, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
        let money = Money { amount: Amount::new(PURSE).unwrap(), currency: Currency::CNY };
        let give = move |facts: &dyn Facts, _: &mut Context| {
            payer::top_up(facts, payer, Channel::SandboxBank, money)
        };
        engine.run(INPUT, give).await.unwrap();
        World { engine, worker, payer, ahead_s: 0 }
    }

    async fn offer(&self, account: &str) -> Offer {
        match self.engine.look_up_utility(self.payer, WATER, account).await.unwrap() {
            LookedUp::Due(offer) => *offer,
            other => panic!("{other:?}"),
        }
    }

    async fn pay(&self, offer: &Offer) -> UtilityPayment {
        self.engine.pay_utility(offer, Proofs::PASSWORD).await.unwrap()
    }

    async fn wait(&mut self, seconds: i64) {
        self.ahead_s += seconds;
        self.engine.clock.set_ahead_s(self.ahead_s);
        self.worker.run_once().await.unwrap();
    }

    fn now(&self, payment: &UtilityPayment) -> UtilityPayment {
        self.engine.store.get::<UtilityPayment>(payment.id).unwrap().unwrap()
    }

    fn has(&self, account: Account) -> i64 {
        self.engine.store.account(account.of(Currency::CNY)).unwrap().balance()
    }

    fn sums(&self) -> (i64, i64, i64) {
        let purse = self.has(Account::PayerAvailable(self.payer));
        (purse, self.has(Account::UtilitiesInFlight), self.has(Account::BillersClearing))
    }
}

#[tokio::test]
async fn every_test_account_does_what_it_is_documented_to_do() {
    for account in ACCOUNTS {
        let mut world = World::new().await;
        let due = account.due_minor;
        let found = world.engine.look_up_utility(world.payer, WATER, account.number).await.unwrap();
        let offer = match (account.behaviour, found) {
            (Behaviour::NothingDue, found) => {
                assert_eq!(found, LookedUp::NothingDue);
                continue;
            }
            (Behaviour::NoAnswer, found) => {
                assert_eq!(found, LookedUp::Unknown);
                continue;
            }
            (_, LookedUp::Due(offer)) => offer,
            (behaviour, found) => panic!("{behaviour:?} {found:?}"),
        };
        assert_eq!(
            (offer.amount.minor(), offer.account_hint()),
            (due, format!("****{}", &account.number[6..]))
        );
        let payment = world.pay(&offer).await;
        assert_eq!(world.sums(), (PURSE - due, due, 0));
        world.wait(0).await;
        let is_late = matches!(account.behaviour, Behaviour::LateSuccess | Behaviour::LateFailure);
        if is_late {
            assert_eq!((world.now(&payment).status, world.sums().1), (UtilityStatus::Sent, due));
        }
        world.wait(6).await;
        world.wait(6).await;
        let failure = match account.behaviour {
            Behaviour::Well | Behaviour::LateSuccess => None,
            Behaviour::AmountChanged => Some(Failure::AmountChanged),
            _ => Some(Failure::Refused),
        };
        let after = world.now(&payment);
        let (status, sums) = if failure.is_none() {
            (UtilityStatus::Paid, (PURSE - due, 0, due))
        } else {
            (UtilityStatus::Failed, (PURSE, 0, 0))
        };
        assert_eq!((after.status, after.failure, world.sums()), (status, failure, sums), "{account:?}");
    }
}

#[tokio::test]
async fn the_number_of_an_account_is_nowhere_but_sealed() {
    let mut world = World::new().await;
    let offer = world.offer("1000000001").await;
    assert!(!format!("{offer:?}").contains("1000000001"));
    let sealed = world.engine.seal_offer(&offer);
    assert!(!sealed.contains("1000000001"));
    let payment = world.pay(&offer).await;
    world.wait(0).await;
    assert_eq!(*world.engine.biller_account(&payment).unwrap(), "1000000001");
    let Page::Changes(lines) = world.engine.store.read(Query::Changes(0, 1_000)).unwrap() else {
        panic!("the log is read")
    };
    assert!(!format!("{lines:?}").contains("1000000001"));
    let stored = world.now(&payment);
    assert!(!format!("{stored:?}").contains("1000000001"));
}

#[tokio::test]
async fn an_offer_is_good_for_its_payer_and_a_quarter_of_an_hour() {
    let mut world = World::new().await;
    let offer = world.offer("1000000001").await;
    let sealed = world.engine.seal_offer(&offer);
    assert_eq!(world.engine.open_offer(world.payer, &sealed), Some(offer));
    let new = world.engine.new_payer("17000000002", "135790");
    let other = world.engine.step(INPUT, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
    assert_eq!(world.engine.open_offer(other, &sealed), None);
    assert_eq!(world.engine.open_offer(world.payer, &sealed[1..]), None);
    world.wait(OFFER_LIFE_MS / 1_000).await;
    assert_eq!(world.engine.open_offer(world.payer, &sealed), None);
}

/// The sandbox's billers, behind a line that may be down; keeps what it was asked to book.
struct Line {
    is_down: AtomicBool,
    booked: Mutex<Vec<String>>,
}

impl Billers for Line {
    fn directory(&self) -> Call<'_, Vec<Biller>> {
        SandboxBillers.directory()
    }

    fn look_up<'a>(&'a self, biller: &'a str, account: &'a str) -> Call<'a, Standing> {
        if self.is_down.load(Ordering::Relaxed) {
            return Box::pin(ready(Standing::Unknown));
        }
        Box::pin(ready(tongbao_channel::sandbox_billers::look_up(biller, account)))
    }

    fn pay<'a>(&'a self, booking: &'a Booking) -> Call<'a, Said> {
        self.booked.lock().unwrap().push(booking.id.clone());
        if self.is_down.load(Ordering::Relaxed) {
            return Box::pin(ready(Said::Unknown));
        }
        SandboxBillers.pay(booking)
    }

    fn query<'a>(&'a self, booking: &'a Booking) -> Call<'a, Said> {
        self.pay(booking)
    }
}

#[tokio::test]
async fn a_biller_that_is_silent_is_asked_again_under_the_same_name_and_never_taken_for_a_refusal() {
    let line = Arc::new(Line { is_down: AtomicBool::new(false), booked: Mutex::default() });
    let billers = Arc::clone(&line);
    let mut world = World::with(|engine| engine.billers = Some(billers)).await;
    let offer = world.offer("1000000001").await;
    line.is_down.store(true, Ordering::Relaxed);
    let asked = world.engine.look_up_utility(world.payer, WATER, "1000000001").await.unwrap();
    assert_eq!(asked, LookedUp::Unknown);
    let payment = world.pay(&offer).await;
    for seconds in [0, 10, 30] {
        world.wait(seconds).await;
        assert_eq!(world.now(&payment).status, UtilityStatus::Sent);
        assert_eq!(world.sums(), (PURSE - 8_650, 8_650, 0));
    }
    line.is_down.store(false, Ordering::Relaxed);
    world.wait(3_600).await;
    assert_eq!((world.now(&payment).status, world.sums()), (UtilityStatus::Paid, (PURSE - 8_650, 0, 8_650)));
    let mut booked = line.booked.lock().unwrap().clone();
    assert!(booked.len() >= 4, "{booked:?}");
    booked.dedup();
    assert_eq!(booked, [payment.id.to_string()], "one name, whatever became of the answer");
}

#[tokio::test]
async fn without_billers_nothing_can_be_looked_up_and_what_is_under_way_stays() {
    let world = World::with(|engine| engine.billers = None).await;
    assert!(world.engine.billers().await.is_empty());
    let asked = world.engine.look_up_utility(world.payer, WATER, "1000000001").await;
    assert_eq!(asked, Ok(LookedUp::Unknown));
    let with = World::new().await;
    let offer = with.offer("1000000001").await;
    let refused = world.engine.pay_utility(&offer, Proofs::PASSWORD).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::NotFound(_)))), "{refused:?}");
}
