//! Cards, top-ups, withdrawals and payments with the sandbox's bank: every test card does what it is documented to do,
//! and no number of a card is anywhere but sealed.

#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

use std::{
    future::ready,
    sync::{Arc, Mutex},
};

use tongbao_channel::bank::{Checked, Movement};
use tongbao_core::{
    Actor, Context, Facts, List, Record, Refusal, Stop,
    card::{Card, CardKind, CardNumber, steps::Arrange},
    id::{AppId, CardId, PayerId, PaymentId, TopUpId, WithdrawalId},
    ledger::{Account, Channel},
    limits::CARD_CHECKS_MAX,
    merchant::{self, NewMerchant},
    payer,
    payment::{
        Failure, HolderSaid, Method, Payment, Proofs, Status,
        create::{self, NewPayment},
        steps::{self as payments, Pay, Said, Shown},
    },
    refund::{
        Refund, RefundStatus,
        steps::{self as refunds, NewRefund},
    },
    top_up::{TopUp, TopUpStatus, steps::NewTopUp},
    withdrawal::{
        Speed, Withdrawal, WithdrawalStatus,
        steps::{NewWithdrawal, Said as PayoutSaid},
    },
};
use tongbao_engine::{
    Call, Deliveries, Engine, Error, Input, Mode, Worker,
    bank::{
        Bank, Binding, Holder, SandboxBank,
        sandbox_card::{self, Behaviour, CARDS, SECURITY_CODE},
    },
    webhook::Sender,
};
use tongbao_money::{Amount, BasisPoints, Currency, Money};
use tongbao_store::{Query, model::ModelStore};

const PASSWORD: &str = "135790";
const PHONE: &str = "17000000001";
const ID_NUMBER: &str = "11010119900307889X";
const INPUT: Input = Input { actor: Actor::Operator, name: "test" };

struct World {
    engine: Arc<Engine>,
    worker: Worker,
    payer: PayerId,
    app: AppId,
    ahead_s: i64,
}

fn fen(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::CNY }
}

fn number(wanted: Behaviour) -> &'static str {
    CARDS.iter().find(|card| card.behaviour == wanted).unwrap().number
}

fn holder(number: &str) -> Holder {
    let holder = Holder::new(number.to_owned(), "张三".to_owned(), ID_NUMBER.to_owned(), PHONE.to_owned());
    holder.with_security_code(SECURITY_CODE.to_owned())
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
        let deliveries = Deliveries::new(sender, Arc::new(|_| Vec::new()));
        let worker = Worker::new(Arc::clone(&engine), deliveries);
        let new = engine.new_payer(PHONE, PASSWORD);
        let payer = engine.step(INPUT, move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
        let (_, secret) = engine.new_webhook_secret();
        let new = NewMerchant { name: "Teahouse".to_owned(), fee_rate: BasisPoints::ZERO, secret };
        let app = engine
            .step(INPUT, move |_, cx| {
                let (change, _, app) = merchant::create(cx, &new);
                Ok((change, app))
            })
            .await
            .unwrap();
        World { engine, worker, payer, app, ahead_s: 0 }
    }

    async fn bind(&self, number: &str) -> Result<Binding, Error> {
        self.engine.bind_card(self.payer, holder(number)).await
    }

    async fn bound(&self, behaviour: Behaviour) -> CardId {
        match self.bind(number(behaviour)).await.unwrap() {
            Binding::Bound(card) => card.id,
            other => panic!("{other:?}"),
        }
    }

    /// A step that gives a refusal as part of its answer.
    async fn ask<T: Send + 'static>(
        &self,
        decide: impl FnMut(
            &dyn Facts,
            &mut Context,
        ) -> Result<(tongbao_core::ChangeSet, Result<T, Refusal>), Stop>
        + Send
        + 'static,
    ) -> Result<T, Refusal> {
        self.engine.step(INPUT, decide).await.unwrap()
    }

    async fn top_up(&self, card: CardId, minor: i64) -> Result<TopUpId, Refusal> {
        let new = NewTopUp { payer: self.payer, card, request_no: format!("{card}"), money: fen(minor) };
        let planned =
            self.ask(move |facts, cx| tongbao_core::top_up::steps::plan_proven(facts, cx, &new)).await;
        planned.map(|top_up| top_up.id)
    }

    async fn withdraw(&self, card: CardId, minor: i64) -> Result<WithdrawalId, Refusal> {
        let new = NewWithdrawal {
            payer: self.payer,
            card,
            request_no: format!("{card}"),
            money: fen(minor),
            speed: Speed::Now,
            fee_shown: Amount::ZERO,
            proofs: Proofs::PASSWORD,
        };
        let planned =
            self.ask(move |facts, cx| tongbao_core::withdrawal::steps::plan_proven(facts, cx, &new)).await;
        planned.map(|withdrawal| withdrawal.id)
    }

    async fn pay(&self, order_no: &str, card: CardId) -> PaymentId {
        let new = NewPayment {
            order_no: order_no.to_owned(),
            money: fen(500),
            description: "tea".to_owned(),
            items: Vec::new(),
            metadata: std::collections::BTreeMap::new(),
            notify_url: None,
            return_url: None,
            expires_in_s: 86_400,
        };
        let app = self.app;
        let made = self.engine.step(INPUT, move |facts, cx| create::create(facts, cx, app, &new)).await;
        let payment = made.unwrap().payment.id;
        let (payer, method) = (self.payer, Method::Card(card));
        let ask = Pay { payment, payer, method, shown: Shown::SandboxPhone, sandbox: true };
        self.engine.step(INPUT, move |facts, cx| payments::pay(facts, cx, &ask)).await.unwrap();
        payment
    }

    /// Lets so many seconds pass, and does what is due then.
    async fn wait(&mut self, seconds: i64) {
        self.ahead_s += seconds;
        self.engine.clock.set_ahead_s(self.ahead_s);
        while self.worker.run_once().await.unwrap() > 0 {}
    }

    fn get<T: tongbao_core::facts::Entity + Clone>(&self, id: T::Id) -> T {
        self.engine.store.get::<T>(id).unwrap().unwrap()
    }

    fn has(&self, account: Account) -> i64 {
        self.engine.store.account(account.of(Currency::CNY)).unwrap().balance()
    }

    fn available(&self) -> i64 {
        self.has(Account::PayerAvailable(self.payer))
    }
}

#[tokio::test]
async fn the_bank_confirms_only_cards_of_the_holder_and_is_not_asked_for_ever() {
    let world = World::new().await;
    assert!(matches!(world.bind(number(Behaviour::Well)).await, Ok(Binding::Bound(_))));
    assert_eq!(world.bind(number(Behaviour::OfAnother)).await, Ok(Binding::Wrong));
    assert_eq!(world.bind("4111111111111111").await, Ok(Binding::Wrong), "nobody's card");
    assert_eq!(world.bind(number(Behaviour::NoAnswer)).await, Ok(Binding::Unknown));
    let credit: Card = world.get(world.bound(Behaviour::Credit).await);
    assert_eq!((credit.kind, credit.last_four.as_str()), (CardKind::Credit, "0021"));
    for _ in 3..CARD_CHECKS_MAX {
        assert_eq!(world.bind(number(Behaviour::OfAnother)).await, Ok(Binding::Wrong));
    }
    let told = world.bind(number(Behaviour::Bounces)).await;
    assert!(matches!(told, Err(Error::Refused(Refusal::TooManyCardChecks { .. }))), "{told:?}");
}

#[tokio::test]
async fn a_credit_card_is_bound_with_its_security_code_only() {
    let world = World::new().await;
    let digits = number(Behaviour::Credit);
    let person = || Holder { security_code: None, ..holder(digits) };
    let bind = async |holder| world.engine.bind_card(world.payer, holder).await;
    assert_eq!(bind(person()).await, Ok(Binding::SecurityCodeNeeded));
    let wrong = person().with_security_code("321".to_owned());
    assert_eq!(bind(wrong).await, Ok(Binding::WrongSecurityCode));
    let bound = bind(holder(digits)).await;
    let Ok(Binding::Bound(card)) = bound else { panic!("{bound:?}") };
    assert_eq!(card.kind, CardKind::Credit);
}

#[tokio::test]
async fn a_card_with_three_d_secure_pays_when_its_holder_has_confirmed_and_not_before() {
    use Behaviour::{Confirms, ConfirmsLate};
    use HolderSaid::{Confirmed, Refused};
    let failed = (Status::Open, Some(Failure::NotConfirmed));
    for (behaviour, said, now, later) in [
        (Confirms, Some(Confirmed), (Status::Succeeded, None), (Status::Succeeded, None)),
        (Confirms, Some(Refused), failed, failed),
        (Confirms, None, (Status::Processing, None), failed),
        (ConfirmsLate, Some(Confirmed), (Status::Processing, None), (Status::Succeeded, None)),
        (ConfirmsLate, Some(Refused), failed, failed),
    ] {
        let mut world = World::new().await;
        let card = world.bound(behaviour).await;
        let id = world.pay("order", card).await;
        world.wait(0).await;
        world.wait(60).await;
        let attempt = world.get::<Payment>(id).attempts[0].clone();
        let page = sandbox_card::page(&id.to_string(), &attempt.id.to_string());
        assert_eq!(attempt.to_confirm().map(|asked| &asked.address), Some(&page), "{behaviour:?}");
        assert_eq!(world.get::<Payment>(id).status, Status::Processing, "nobody guesses");
        if let Some(said) = said {
            let which = (id, attempt.id);
            let answer =
                move |facts: &dyn Facts, cx: &mut _| payments::holder_answered(facts, cx, which, said);
            world.engine.run(INPUT, answer).await.unwrap();
        }
        world.engine.holder_came_back(world.payer, id).await.unwrap();
        let seen = |world: &World| {
            let payment = world.get::<Payment>(id);
            (payment.status, payment.attempts[0].failure)
        };
        assert_eq!(seen(&world), now, "{behaviour:?} {said:?}");
        world.wait(10 * 60).await;
        world.wait(60).await;
        assert_eq!(seen(&world), later, "{behaviour:?} {said:?}");
    }
}

#[tokio::test]
async fn a_holder_that_never_comes_back_is_found_out_about_by_the_worker() {
    let mut world = World::new().await;
    let card = world.bound(Behaviour::Confirms).await;
    let id = world.pay("order", card).await;
    world.wait(0).await;
    let which = (id, world.get::<Payment>(id).attempts[0].id);
    let answer = move |facts: &dyn Facts, cx: &mut _| {
        payments::holder_answered(facts, cx, which, HolderSaid::Confirmed)
    };
    world.engine.run(INPUT, answer).await.unwrap();
    world.wait(6).await;
    assert_eq!(world.get::<Payment>(id).status, Status::Succeeded);
    let top_up = world.top_up(card, 700).await.unwrap();
    world.wait(0).await;
    assert_eq!(world.get::<TopUp>(top_up).status, TopUpStatus::Paid, "nobody stands before a page");
}

#[tokio::test]
async fn each_test_card_tops_up_pays_and_takes_money_as_documented() {
    use Behaviour::{Bounces, Declined, Expired, Insufficient, LateFailure, LateReversal, LateSuccess, Well};
    let (no, little, old) =
        (Some(Failure::Declined), Some(Failure::InsufficientBalance), Some(Failure::CardExpired));
    // What the card pays for, and what arrives on it.
    let table = [
        (Well, None, None),
        (Insufficient, little, None),
        (Expired, old, old),
        (Declined, no, no),
        (LateSuccess, None, None),
        (LateFailure, no, no),
        (Bounces, None, None),
        (LateReversal, None, None),
    ];
    for (behaviour, charge, payout) in table {
        let mut world = World::new().await;
        let card = world.bound(behaviour).await;
        let late = matches!(behaviour, LateSuccess | LateFailure);
        let top_up = world.top_up(card, 700).await.unwrap();
        let payment = world.pay("order", card).await;
        world.wait(0).await;
        if late {
            assert_eq!(world.get::<TopUp>(top_up).status, TopUpStatus::Sent, "nobody guesses");
            assert_eq!(world.get::<Payment>(payment).status, Status::Processing);
        }
        world.wait(6).await;
        world.wait(6).await;
        let (top_up, payment): (TopUp, Payment) = (world.get(top_up), world.get(payment));
        assert_eq!((top_up.failure, payment.attempts[0].failure), (charge, charge), "{behaviour:?}");
        let (has, status) = if charge.is_none() { (700, Status::Succeeded) } else { (0, Status::Open) };
        assert_eq!((world.available(), payment.status), (has, status), "{behaviour:?}");
        let (payer, channel) = (world.payer, Channel::SandboxBank);
        let give = move |facts: &dyn Facts, _: &mut Context| payer::top_up(facts, payer, channel, fen(1_000));
        world.engine.run(INPUT, give).await.unwrap();
        let before = world.available();
        let withdrawal = world.withdraw(card, 900).await.unwrap();
        assert_eq!((world.available(), world.has(Account::WithdrawalsInFlight)), (before - 900, 900));
        world.wait(0).await;
        if late {
            assert_eq!(world.get::<Withdrawal>(withdrawal).status, WithdrawalStatus::Sent);
            assert_eq!(world.has(Account::WithdrawalsInFlight), 900, "it stays where it is");
        }
        world.wait(6).await;
        world.wait(6).await;
        let after: Withdrawal = world.get(withdrawal);
        let (status, has) = match payout {
            None => (WithdrawalStatus::Paid, before - 900),
            Some(_) => (WithdrawalStatus::Failed, before),
        };
        assert_eq!((after.status, after.failure, world.available()), (status, payout, has), "{behaviour:?}");
        world.wait(25 * 3_600).await;
        let after: Withdrawal = world.get(withdrawal);
        if behaviour == Bounces {
            assert_eq!((after.status, world.available()), (WithdrawalStatus::Bounced, before));
        } else {
            assert_eq!((after.status, world.available()), (status, has), "{behaviour:?} stays");
        }
        assert_eq!(world.has(Account::WithdrawalsInFlight), 0);
    }
}

#[tokio::test]
async fn a_refund_goes_back_to_the_card_also_when_the_bank_takes_its_time() {
    for behaviour in [Behaviour::Credit, Behaviour::LateReversal] {
        let mut world = World::new().await;
        let card = world.bound(behaviour).await;
        let payment = world.pay("order", card).await;
        world.wait(0).await;
        let new = NewRefund {
            payment,
            refund_no: "refund".to_owned(),
            amount: Amount::new(500).unwrap(),
            reason: None,
        };
        let app = world.app;
        let made = world.engine.step(INPUT, move |facts, cx| refunds::create(facts, cx, app, &new)).await;
        let refund = made.unwrap().refund.id;
        // The card may be gone by then.
        world.engine.arrange_card(world.payer, card, Arrange::Unbind).await.unwrap();
        world.wait(0).await;
        let expected =
            if behaviour == Behaviour::Credit { RefundStatus::Succeeded } else { RefundStatus::Processing };
        assert_eq!(world.get::<Refund>(refund).status, expected);
        world.wait(10).await;
        assert_eq!(world.get::<Refund>(refund).status, RefundStatus::Succeeded);
        assert_eq!(world.has(Account::ChannelClearing(Channel::SandboxBank)), 0, "the bank has it back");
    }
}

/// A bank that takes every order and never says what became of it.
struct Silent;

impl Bank for Silent {
    fn check<'a>(&'a self, _: &'a Holder) -> Call<'a, Checked> {
        Box::pin(ready(Checked::Right { bank: "Silent".to_owned(), kind: CardKind::Debit }))
    }

    fn charge<'a>(&'a self, _: &'a Movement) -> Call<'a, Said> {
        Box::pin(ready(Said::Unknown))
    }

    fn query_charge<'a>(&'a self, _: &'a Movement) -> Call<'a, Said> {
        Box::pin(ready(Said::Unknown))
    }

    fn pay_out<'a>(&'a self, _: &'a Movement) -> Call<'a, PayoutSaid> {
        Box::pin(ready(PayoutSaid::Unknown))
    }

    fn query_payout<'a>(&'a self, _: &'a Movement) -> Call<'a, PayoutSaid> {
        Box::pin(ready(PayoutSaid::Unknown))
    }

    fn reverse<'a>(&'a self, _: &'a Movement) -> Call<'a, refunds::Said> {
        Box::pin(ready(refunds::Said::Unknown))
    }
}

#[tokio::test]
async fn what_a_bank_does_not_say_is_never_guessed() {
    let mut world = World::with(|engine| engine.bank = Some(Arc::new(Silent))).await;
    let card = world.bound(Behaviour::Well).await;
    let (payer, channel) = (world.payer, Channel::SandboxBank);
    let give = move |facts: &dyn Facts, _: &mut Context| payer::top_up(facts, payer, channel, fen(1_000));
    world.engine.run(INPUT, give).await.unwrap();
    let top_up = world.top_up(card, 700).await.unwrap();
    let withdrawal = world.withdraw(card, 900).await.unwrap();
    for _ in 0..20 {
        world.wait(4_000).await;
    }
    assert_eq!(world.get::<TopUp>(top_up).status, TopUpStatus::Sent);
    assert_eq!(world.get::<Withdrawal>(withdrawal).status, WithdrawalStatus::Sent);
    assert_eq!((world.available(), world.has(Account::WithdrawalsInFlight)), (100, 900));
}

/// The sandbox's bank, and the numbers of the cards that money was sent back to.
#[derive(Default)]
struct Watched {
    reversed: Mutex<Vec<String>>,
}

impl Bank for Watched {
    fn check<'a>(&'a self, holder: &'a Holder) -> Call<'a, Checked> {
        SandboxBank.check(holder)
    }

    fn charge<'a>(&'a self, charge: &'a Movement) -> Call<'a, Said> {
        SandboxBank.charge(charge)
    }

    fn query_charge<'a>(&'a self, charge: &'a Movement) -> Call<'a, Said> {
        SandboxBank.query_charge(charge)
    }

    fn pay_out<'a>(&'a self, payout: &'a Movement) -> Call<'a, PayoutSaid> {
        SandboxBank.pay_out(payout)
    }

    fn query_payout<'a>(&'a self, payout: &'a Movement) -> Call<'a, PayoutSaid> {
        SandboxBank.query_payout(payout)
    }

    fn reverse<'a>(&'a self, reversal: &'a Movement) -> Call<'a, refunds::Said> {
        self.reversed.lock().unwrap().push(reversal.card_number.to_string());
        SandboxBank.reverse(reversal)
    }
}

#[tokio::test]
async fn money_that_nobody_asked_for_goes_back_to_the_card_it_came_from() {
    let bank = Arc::new(Watched::default());
    let mut world = World::with(|engine| engine.bank = Some(Arc::clone(&bank) as Arc<dyn Bank>)).await;
    let (first, second) = (world.bound(Behaviour::Declined).await, world.bound(Behaviour::Well).await);
    let payment = world.pay("order", first).await;
    world.wait(0).await;
    let (payer, method) = (world.payer, Method::Card(second));
    let ask = Pay { payment, payer, method, shown: Shown::SandboxPhone, sandbox: true };
    world.engine.step(INPUT, move |facts, cx| payments::pay(facts, cx, &ask)).await.unwrap();
    world.wait(0).await;
    let paid: Payment = world.get(payment);
    assert_eq!((paid.status, paid.paid_by().unwrap().method), (Status::Succeeded, method));
    let attempt = paid.attempts[0].id;
    let said = Said::Paid { money: fen(500), reference: Some("after all".to_owned()) };
    let hear =
        move |facts: &dyn Facts, cx: &mut Context| payments::hear(facts, cx, (payment, attempt), None, &said);
    world.engine.run(INPUT, hear).await.unwrap();
    world.wait(0).await;
    assert_eq!(*bank.reversed.lock().unwrap(), [number(Behaviour::Declined)]);
}

#[tokio::test]
async fn production_has_no_bank_and_binds_nothing() {
    let world = World::with(|engine| engine.bank = None).await;
    assert_eq!(world.bind(number(Behaviour::Well)).await, Ok(Binding::Unknown));
    let engine = Engine::new(Arc::new(ModelStore::default()), Mode::Production, &[7; 32]).unwrap();
    assert!(engine.bank.is_none());
}

#[tokio::test]
async fn a_card_number_is_nowhere_but_sealed() {
    let mut world = World::new().await;
    let digits = number(Behaviour::Well);
    let card = world.bound(Behaviour::Well).await;
    world.top_up(card, 700).await.unwrap();
    world.wait(0).await;
    let movement = Movement {
        id: "id".to_owned(),
        card_number: digits.to_owned().into(),
        money: fen(1),
        began_at: world.engine.now(),
        asked_at: world.engine.now(),
        holder: None,
    };
    let shown = format!("{movement:?} {:?}", holder(digits));
    assert!(!shown.contains("0013") && !shown.contains(SECURITY_CODE));
    let lists = [
        List::CardsOf(world.payer),
        List::CardNumbers,
        List::TopUpsOf(world.payer),
        List::Messages,
        List::Payers,
    ];
    let mut seen = 0;
    for list in lists {
        let query = Query::List { list, after: None, newest_first: false, limit: 100 };
        for record in world.engine.store.records(query).unwrap() {
            let stored = record.encode().unwrap();
            assert!(!stored.windows(digits.len()).any(|part| part == digits.as_bytes()), "{list:?}");
            assert!(!format!("{record:?}").contains(digits), "{list:?}");
            if let Record::CardNumber(CardNumber { number_sealed, .. }) = &record {
                let opened = world.engine.vault.open(tongbao_engine::vault::Field::CardNumber, number_sealed);
                assert_eq!(opened.as_deref(), Ok(digits));
                assert!(world.engine.vault.open(tongbao_engine::vault::Field::Phone, number_sealed).is_err());
            }
            seen += 1;
        }
    }
    assert!(seen >= 5, "something was looked at");
}
