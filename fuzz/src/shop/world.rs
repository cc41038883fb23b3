//! What a program knows of its world, and how three bytes become an input about it.

use std::collections::BTreeMap;

use tongbao_core::{
    Record, Task, Time, Work,
    delivery::{DeliveryAttempt, Sent},
    endpoint::WebhookSecret,
    id::{AppId, AttemptId, DeliveryId, MerchantId, PayerId, PaymentId, RefundId},
    merchant::NewMerchant,
    payment::{
        Failure, Method, Payment,
        create::NewPayment,
        steps::{Pay, Said, Shown},
    },
    refund::steps::{NewRefund, Said as RefundSaid},
    sandbox::{Fault, WaitingFault},
};
use tongbao_money::{Amount, BasisPoints, Currency, Money};
use tongbao_store::{Outcome, Page, Query, Store};

use super::input::{Action, Answered, Input};

/// The moment at which every program begins.
const START_MS: i64 = 1_750_000_000_000;
/// The merchant's fee.
const FEE_BPS: u16 = 60;
/// What each payer has at the beginning, in fen.
const PURSE: i64 = 3_000;
/// The payers.
const PAYERS: u8 = 2;

/// Everything that exists, in the order of its making.
#[derive(Debug)]
pub struct World {
    at: Time,
    steps: u64,
    /// How many payments a program may make.
    payments_max: usize,
    /// The merchant.
    pub merchant: Option<MerchantId>,
    app: Option<AppId>,
    /// The payers.
    pub payers: Vec<PayerId>,
    /// The payments.
    pub payments: Vec<PaymentId>,
    attempts: Vec<(PaymentId, AttemptId, Money)>,
    /// The refunds, those of unexpected money too.
    pub refunds: Vec<RefundId>,
    deliveries: Vec<DeliveryId>,
    leases: Vec<Task>,
    /// What came from outside into each purse, in fen.
    pub topped_up: BTreeMap<PayerId, i64>,
}

fn pick<T: Copy>(from: &[T], number: u8) -> Option<T> {
    from.get(usize::from(number) % from.len().max(1)).copied()
}

fn yuan(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap_or_default(), currency: Currency::CNY }
}

fn note<T: PartialEq>(known: &mut Vec<T>, found: T) {
    if !known.contains(&found) {
        known.push(found);
    }
}

impl World {
    /// A world in which nothing exists yet.
    pub fn new(payments_max: usize) -> World {
        World {
            at: Time::from_ms(START_MS),
            steps: 0,
            payments_max,
            merchant: None,
            app: None,
            payers: Vec::new(),
            payments: Vec::new(),
            attempts: Vec::new(),
            refunds: Vec::new(),
            deliveries: Vec::new(),
            leases: Vec::new(),
            topped_up: BTreeMap::new(),
        }
    }

    /// Lets a merchant and payers with money join; gives what was done for that.
    pub fn open(&mut self, store: &dyn Store) -> Vec<(Action, Answered)> {
        let secret = WebhookSecret { sealed: "sealed".to_owned(), until: None };
        let fee_rate = BasisPoints::new(FEE_BPS).unwrap_or_default();
        let mut done = vec![
            self.take(store, Input::Merchant(NewMerchant { name: "茶馆".to_owned(), fee_rate, secret })),
        ];
        for number in 0..PAYERS {
            done.push(self.take(store, Input::Payer(number)));
        }
        for payer in self.payers.clone() {
            done.push(self.take(store, Input::TopUp(payer, yuan(PURSE))));
        }
        done
    }

    /// Does what three bytes say.
    pub fn act(&mut self, store: &dyn Store, [kind, a, b]: [u8; 3]) -> (Action, Answered) {
        if kind % 20 >= 17 {
            // Mostly forward, now and then the clock of another machine that is behind.
            let seconds = if b.is_multiple_of(13) { -i64::from(b) } else { i64::from(a) * i64::from(b) / 16 };
            self.at = self.at.plus_s(seconds);
            return self.learn(store, Action::Due { now: self.at, limit: u32::from(b % 5) });
        }
        self.at = self.at.plus_ms(i64::from(b) * 7);
        let input = self.of_merchant(kind, a, b).or_else(|| self.of_others(kind, a, b));
        let input = input.unwrap_or(Input::Fault(WaitingFault { payer: None, fault: Fault::Declined }));
        self.take(store, input)
    }

    fn take(&mut self, store: &dyn Store, input: Input) -> (Action, Answered) {
        self.steps += 1;
        let seed = u128::from(self.steps).to_be_bytes();
        self.learn(store, Action::Step { at: self.at, seed, input: Box::new(input) })
    }

    fn of_merchant(&self, kind: u8, a: u8, b: u8) -> Option<Input> {
        let app = self.app?;
        Some(match kind % 20 {
            0 | 1 => Input::Create(app, self.new_payment(a, b)),
            2 => Input::Close(app, pick(&self.payments, a)?),
            3..=5 => {
                // Few numbers, so that one comes again with the same content and with other.
                let refund_no = format!("R{}", b % 7);
                let amount = Amount::new(i64::from(b) * i64::from(a % 5) + i64::from(b % 3))?;
                let reason = b.is_multiple_of(2).then(|| "cold".to_owned());
                Input::Refund(app, NewRefund { payment: pick(&self.payments, a)?, refund_no, amount, reason })
            }
            6 if b.is_multiple_of(2) => Input::Resend(app, pick(&self.deliveries, a)?),
            _ => return None,
        })
    }

    fn new_payment(&self, a: u8, b: u8) -> NewPayment {
        let number = usize::from(a) % self.payments_max.max(1);
        NewPayment {
            order_no: format!("N{number}"),
            money: yuan(i64::from(b % 16) * 61 + 1),
            description: "a pot of tea".to_owned(),
            items: Vec::new(),
            metadata: BTreeMap::new(),
            notify_url: Some("https://shop.example/notify".to_owned()),
            return_url: None,
            expires_in_s: 60 + i64::from(b % 4) * 300,
        }
    }

    fn of_others(&self, kind: u8, a: u8, b: u8) -> Option<Input> {
        Some(match kind % 20 {
            7..=9 => Input::Pay(Pay {
                payment: pick(&self.payments, a)?,
                payer: pick(&self.payers, b)?,
                method: if b & 2 == 0 { Method::Balance } else { Method::SandboxBank },
                shown: Shown::SandboxPhone,
                sandbox: true,
            }),
            10 | 11 => {
                let told = pick(&self.attempts, a)?;
                Input::Hear((told.0, told.1), None, word(told, b))
            }
            12 => Input::HearRefund(pick(&self.refunds, a)?, None, refund_word(b)),
            13 => Input::TopUp(pick(&self.payers, a)?, yuan(i64::from(b))),
            14 => {
                let faults = [
                    Fault::Declined,
                    Fault::InsufficientBalance,
                    Fault::ResultLate,
                    Fault::DuplicateNotification,
                ];
                let payer = pick(&self.payers, a).filter(|_| b & 4 == 0);
                Input::Fault(WaitingFault { payer, fault: pick(&faults, b)? })
            }
            _ => return self.of_worker(a, b),
        })
    }

    /// A worker does the work of a task that it holds, or has lost since.
    fn of_worker(&self, a: u8, b: u8) -> Option<Input> {
        let Task { key, work } =
            self.leases.iter().rev().nth(usize::from(a) % self.leases.len().max(1))?.clone();
        Some(match work {
            Work::ExpirePayment(payment) => Input::Expire(payment, key),
            Work::SubmitAttempt(payment, attempt) | Work::QueryAttempt(payment, attempt) => {
                let told = self.attempts.iter().find(|(_, known, _)| *known == attempt)?;
                Input::Hear((payment, attempt), Some(key), word(*told, b))
            }
            Work::SubmitRefund(refund) | Work::QueryRefund(refund) => {
                Input::HearRefund(refund, Some(key), refund_word(b))
            }
            // Nothing here makes transfers or orders.
            Work::ExpireTransfer(_)
            | Work::Unfreeze(_)
            | Work::PayTransferBatch(_)
            | Work::SubmitTopUp(_)
            | Work::QueryTopUp(_)
            | Work::SubmitWithdrawal(_)
            | Work::QueryWithdrawal(_)
            | Work::Notify(_)
            | Work::SendNotice(_)
            | Work::PayBiller(_)
            | Work::QueryBiller(_)
            | Work::EndRide(_)
            | Work::EndReview(_) => return None,
            Work::Deliver(delivery) => {
                let failure = b.is_multiple_of(2).then(|| "status".to_owned());
                let attempt =
                    DeliveryAttempt { at: self.at, http_status: None, failure, duration_ms: u32::from(b) };
                let retry_after_s = b.is_multiple_of(5).then_some(40);
                Input::Sent(delivery, key, Sent { attempt, retry_after_s, jitter: b % 101 })
            }
        })
    }

    /// Asks the store, waits, and takes note of what there is now.
    fn learn(&mut self, store: &dyn Store, action: Action) -> (Action, Answered) {
        let answered = action.ask(store).wait();
        match &answered {
            Answered::Due(Ok(tasks)) => self.leases.extend_from_slice(tasks),
            Answered::Step(Ok(Outcome::Committed(committed))) => {
                if let Action::Step { input, .. } = &action
                    && let Input::TopUp(payer, money) = &**input
                {
                    *self.topped_up.entry(*payer).or_default() += money.amount.minor();
                }
                self.learn_change(store, committed.number);
            }
            Answered::Step(Ok(Outcome::Refused(_) | Outcome::Unchanged)) => {}
            Answered::Due(Err(fault)) | Answered::Step(Err(fault)) => panic!("{fault}, by {action:?}"),
        }
        (action, answered)
    }

    fn learn_payment(&mut self, payment: &Payment) {
        note(&mut self.payments, payment.id);
        for attempt in &payment.attempts {
            note(&mut self.attempts, (payment.id, attempt.id, payment.money));
        }
    }

    fn learn_change(&mut self, store: &dyn Store, number: u64) {
        let page = store.read(Query::Changes(number.saturating_sub(1), 1));
        let Ok(Page::Changes(lines)) = page else { panic!("the change log cannot be read: {page:?}") };
        for touched in lines.iter().flat_map(|line| &line.touched) {
            let found = store.records(Query::Record(touched.id)).expect("what was written can be read");
            match found.first().expect("what was written is there") {
                Record::Merchant(merchant) => self.merchant = Some(merchant.id),
                Record::App(app) => self.app = Some(app.id),
                Record::Payer(payer) => note(&mut self.payers, payer.id),
                Record::Refund(refund) => note(&mut self.refunds, refund.id),
                Record::Delivery(delivery) => note(&mut self.deliveries, delivery.id),
                Record::Payment(payment) => self.learn_payment(payment),
                Record::Event(_)
                | Record::Reply(_)
                | Record::Message(_)
                | Record::Notice(_)
                | Record::Contact(_)
                | Record::SignInChallenge(_)
                | Record::CardPayment(_)
                | Record::Networks(_)
                | Record::DataKeys(_)
                | Record::Sandbox(_)
                | Record::Instance(_)
                | Record::Alarm(_)
                | Record::ApiKey(_)
                | Record::Endpoint(_)
                | Record::WechatMerchant(_)
                | Record::WechatPlatform(_)
                | Record::Transfer(_)
                | Record::WechatTransferBatch(_)
                | Record::WechatTransferList(_)
                | Record::Sharing(_)
                | Record::SharingOrder(_)
                | Record::SharingReturn(_)
                | Record::SharingReceiver(_)
                | Record::Complaint(_)
                | Record::Card(_)
                | Record::CardNumber(_)
                | Record::Wallet(_)
                | Record::TopUp(_)
                | Record::Withdrawal(_)
                | Record::UtilityPayment(_)
                | Record::Ride(_)
                | Record::Rider(_)
                | Record::TransitCode(_)
                | Record::Debt(_)
                | Record::ListedEntity(_)
                | Record::ListLog(_)
                | Record::ListDelta(_)
                | Record::ListSource(_)
                | Record::ListToken(_)
                | Record::ListMember(_)
                | Record::RiskProfile(_)
                | Record::Review(_)
                | Record::RiskDecision(_)
                | Record::Sending(_)
                | Record::Payee(_)
                | Record::CollectionCode(_)
                | Record::Passkey(_)
                | Record::PasskeyRing(_)
                | Record::Person(_)
                | Record::Session(_)
                | Record::Usage(_)
                | Record::SignUp(_)
                | Record::WechatCombinedOrder(_)
                | Record::PaymentCode(_)
                | Record::PaymentCodeSeed(_) => {}
            }
        }
    }
}

/// What a channel says of an attempt: now and then another amount or currency, or a reference that came before,
/// also for another payment.
fn word((payment, _, asked): (PaymentId, AttemptId, Money), b: u8) -> Said {
    let usd = Currency::parse("USD").unwrap_or(asked.currency);
    let money = match b % 16 {
        3 => Money { amount: asked.amount.plus(asked.amount).unwrap_or(asked.amount), ..asked },
        7 => Money { currency: usd, ..asked },
        _ => asked,
    };
    match b / 16 % 8 {
        0 => Said::Unknown,
        1 => Said::Failed(Failure::Declined),
        2 => Said::Paid { money, reference: None },
        3 => Said::Paid { money, reference: Some("ref of many".to_owned()) },
        number => Said::Paid { money, reference: Some(format!("ref {number} of {payment}")) },
    }
}

fn refund_word(b: u8) -> RefundSaid {
    match b % 5 {
        0 => RefundSaid::Working,
        1 => RefundSaid::Failed,
        2 => RefundSaid::Unknown,
        _ => RefundSaid::Paid { reference: Some(format!("out {b}")) },
    }
}
