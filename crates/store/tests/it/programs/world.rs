//! From four small numbers to an input about things that exist: what a program knows of its world.

use std::collections::BTreeMap;

use tongbao_core::{
    Id, Record, Task, Time, Work,
    api_key::{NewApiKey, Scope},
    delivery::{DeliveryAttempt, Sent},
    endpoint::{NewEndpoint, WebhookSecret},
    event::EventKind,
    id::{ApiKeyId, AppId, AttemptId, DeliveryId, EndpointId, MerchantId, PayerId, PaymentId, RefundId},
    idempotency::Ask,
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

use super::input::{Action, Input};
use crate::by_hand::{after, seed};

/// One step of a program, before it is known what there is: a kind, and three numbers that choose.
pub(crate) type Op = (u8, u16, u16, u16);

/// How many kinds there are; frequent ones count several times.
pub(crate) const KINDS: u8 = 40;

/// See the module.
#[derive(Debug)]
pub(crate) struct World {
    at: Time,
    steps: u64,
    pub(crate) merchants: Vec<MerchantId>,
    pub(crate) apps: Vec<AppId>,
    pub(crate) payers: Vec<PayerId>,
    pub(crate) payments: Vec<PaymentId>,
    /// Attempts, with what they were asked for.
    attempts: Vec<(PaymentId, AttemptId, Money)>,
    pub(crate) refunds: Vec<RefundId>,
    deliveries: Vec<(AppId, DeliveryId)>,
    endpoints: Vec<(AppId, EndpointId)>,
    keys: Vec<ApiKeyId>,
    /// Tasks that were leased, and may be lost since.
    leases: Vec<Task>,
    pub(crate) ids: Vec<Id>,
}

fn pick<T: Copy>(from: &[T], number: u16) -> Option<T> {
    from.get(usize::from(number) % from.len().max(1)).copied()
}

fn byte(number: u16) -> u8 {
    number.to_be_bytes()[1]
}

pub(crate) fn money(number: u16, minor: i64) -> Money {
    let currency = if number.is_multiple_of(7) { Currency::parse("USD").unwrap() } else { Currency::CNY };
    Money { amount: Amount::new(minor).unwrap(), currency }
}

impl Default for World {
    fn default() -> World {
        World {
            at: after(0),
            steps: 0,
            merchants: Vec::new(),
            apps: Vec::new(),
            payers: Vec::new(),
            payments: Vec::new(),
            attempts: Vec::new(),
            refunds: Vec::new(),
            deliveries: Vec::new(),
            endpoints: Vec::new(),
            keys: Vec::new(),
            leases: Vec::new(),
            ids: Vec::new(),
        }
    }
}

impl World {
    /// What every program begins with: two merchants, two payers with money, an endpoint.
    pub(crate) fn opening() -> Vec<Op> {
        vec![
            (0, 0, 0, 0),
            (0, 1, 0, 0),
            (1, 1, 0, 0),
            (1, 2, 0, 0),
            (2, 0, 50_000, 1),
            (2, 1, 9_000, 1),
            (24, 0, 0, 0),
        ]
    }

    /// What an op comes to in this world.
    pub(crate) fn action(&mut self, op: Op) -> Action {
        self.steps += 1;
        let (kind, a, b, c) = op;
        if kind % KINDS >= 36 {
            // Mostly forward, now and then the clock of another machine that is behind.
            let seconds = if c.is_multiple_of(9) { -i64::from(b % 40) } else { i64::from(b % 400) };
            self.at = self.at.plus_s(seconds);
            return Action::Due { now: self.at, limit: u32::from(a % 5) };
        }
        self.at = self.at.plus_ms(i64::from(c % 1_500));
        let input = self.money_input(op).or_else(|| self.task_input(op)).or_else(|| self.other_input(op));
        // What is about something that is not there yet becomes a payment; the opening made an app.
        let input = input.or_else(|| self.new_payment(a, b, c)).unwrap_or(Input::Clock(1));
        Action::Step { at: self.at, seed: seed(self.steps), input: Box::new(input) }
    }

    fn money_input(&self, (kind, a, b, c): Op) -> Option<Input> {
        Some(match kind % KINDS {
            0 if self.merchants.len() < 3 => Input::Merchant(NewMerchant {
                name: format!("merchant {a}"),
                fee_rate: BasisPoints::new(a % 300)?,
                secret: secret(b),
            }),
            1 => Input::Payer(byte(a % 6)),
            2 => Input::TopUp(pick(&self.payers, a)?, money(c, i64::from(b))),
            3..=7 => self.new_payment(a, b, c)?,
            8..=12 => Input::Pay(Pay {
                payment: pick(&self.payments, a)?,
                payer: pick(&self.payers, b)?,
                method: if c.is_multiple_of(3) { Method::SandboxBank } else { Method::Balance },
                shown: if c.is_multiple_of(5) { Shown::PASSWORD } else { Shown::SandboxPhone },
                sandbox: !c.is_multiple_of(11),
            }),
            13..=15 => self.word_of_an_attempt(a, b, c)?,
            16 => Input::Close(pick(&self.apps, b)?, pick(&self.payments, a)?),
            17..=19 => Input::Refund(
                pick(&self.apps, c)?,
                NewRefund {
                    payment: pick(&self.payments, a)?,
                    refund_no: format!("R{}", b % 11),
                    amount: Amount::new(i64::from(b % 700))?,
                    reason: c.is_multiple_of(2).then(|| "the tea was cold".to_owned()),
                },
            ),
            20 => Input::HearRefund(pick(&self.refunds, a)?, None, refund_word(b)),
            _ => return None,
        })
    }

    fn new_payment(&self, a: u16, b: u16, c: u16) -> Option<Input> {
        let app = pick(&self.apps, a)?;
        // Few order numbers and few keys, so that they come again, with equal content and with other.
        let new = NewPayment {
            order_no: format!("N{}", b % 12),
            money: money(c, i64::from(b % 36) * 25 + 1),
            description: "a pot of tea".to_owned(),
            items: Vec::new(),
            metadata: BTreeMap::from([("table".to_owned(), (b % 3).to_string())]),
            notify_url: c.is_multiple_of(2).then(|| "https://shop.example/notify".to_owned()),
            return_url: None,
            expires_in_s: 60 + i64::from(c % 600),
        };
        let ask =
            Ask { caller: app.into(), key: format!("key {}", a % 40), request: format!("{:04x}", b % 2) };
        Some(Input::Payment(ask, new))
    }

    fn word_of_an_attempt(&self, a: u16, b: u16, c: u16) -> Option<Input> {
        let (payment, attempt, asked) = pick(&self.attempts, a)?;
        let minor = if b.is_multiple_of(6) { asked.amount.minor() + 1 } else { asked.amount.minor() };
        let paid = Money { amount: Amount::new(minor)?, ..asked };
        let said = match b % 4 {
            // References come again: for the same attempt, and for others.
            0 | 1 => Said::Paid { money: paid, reference: Some(format!("ref {}", c % 6)) },
            2 => Said::Failed(Failure::Declined),
            _ => Said::Unknown,
        };
        Some(Input::Hear((payment, attempt), None, said))
    }

    /// A worker does the work of a task it has leased, or lost since.
    fn task_input(&self, (kind, a, b, c): Op) -> Option<Input> {
        if !(29..=35).contains(&(kind % KINDS)) {
            return None;
        }
        let Task { key, work } = *self.leases.get(usize::from(a) % self.leases.len().max(1))?;
        Some(match work {
            Work::ExpirePayment(payment) => Input::Expire(payment, key),
            Work::SubmitAttempt(payment, attempt) | Work::QueryAttempt(payment, attempt) => {
                let known = self.attempts.iter().position(|(_, known, _)| *known == attempt)?;
                let word = self.word_of_an_attempt(u16::try_from(known).ok()?, b, c)?;
                let Input::Hear(_, _, said) = word else { return None };
                Input::Hear((payment, attempt), Some(key), said)
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
            | Work::EndReview(_)
            | Work::EndRide(_)
            | Work::QueryBiller(_) => return None,
            Work::Deliver(delivery) => match c % 8 {
                0 => Input::Postpone(delivery, key, self.at.plus_s(i64::from(b % 100))),
                1 => Input::Abandon(delivery, key),
                _ => Input::Sent(delivery, key, self.sent(b)),
            },
        })
    }

    fn sent(&self, b: u16) -> Sent {
        let failed = b.is_multiple_of(2);
        Sent {
            attempt: DeliveryAttempt {
                at: self.at,
                http_status: Some(if failed { 500 } else { 200 }),
                failure: failed.then(|| "status".to_owned()),
                duration_ms: u32::from(b),
            },
            retry_after_s: b.is_multiple_of(5).then_some(40),
            jitter: byte(b % 101),
        }
    }

    fn other_input(&self, (kind, a, b, c): Op) -> Option<Input> {
        Some(match kind % KINDS {
            21 | 22 => {
                let (app, delivery) = pick(&self.deliveries, a)?;
                Input::Resend(app, delivery)
            }
            23 => {
                let (app, endpoint) = pick(&self.endpoints, a)?;
                if b.is_multiple_of(2) {
                    Input::Rotate(app, endpoint, secret(c))
                } else {
                    Input::DeleteEndpoint(app, endpoint)
                }
            }
            24 => {
                let events = EventKind::ALL.iter().copied().take(usize::from(b % 4)).collect();
                let url = format!("https://shop.example/hook/{}", a % 5);
                Input::Endpoint(pick(&self.apps, a)?, NewEndpoint { url, events, secret: secret(c) })
            }
            28 => Input::Clock(i64::from(b % 90) + 1),
            25 => Input::Fault(WaitingFault {
                payer: pick(&self.payers, a).filter(|_| c.is_multiple_of(2)),
                fault: [
                    Fault::Declined,
                    Fault::InsufficientBalance,
                    Fault::ResultLate,
                    Fault::DuplicateNotification,
                ][usize::from(b % 4)],
            }),
            26 => match pick(&self.keys, a).filter(|_| b.is_multiple_of(3)) {
                Some(key) => Input::Revoke(key),
                None => Input::Key(pick(&self.apps, a)?, self.new_key(c)),
            },
            27 => {
                let payer = pick(&self.payers, a)?;
                match b % 3 {
                    0 => Input::TryPassword(payer),
                    1 => Input::SendCode(payer, [byte(c % 2); 32]),
                    _ => Input::UseCode(payer, [byte(c % 2); 32]),
                }
            }
            _ => return None,
        })
    }

    fn new_key(&self, c: u16) -> NewApiKey {
        let mut digest = [byte(c); 32];
        digest[..8].copy_from_slice(&self.steps.to_be_bytes());
        NewApiKey {
            digest,
            hint: "sk_sandbox_ab…yz".to_owned(),
            scopes: Scope::ALL.to_vec(),
            networks: Vec::new(),
            expires_at: None,
        }
    }

    fn learn_payment(&mut self, payment: &Payment) {
        note(&mut self.payments, payment.id);
        for attempt in &payment.attempts {
            note(&mut self.attempts, (payment.id, attempt.id, payment.money));
        }
    }

    /// Takes note of a record that a step wrote.
    pub(crate) fn learn(&mut self, record: &Record) {
        if record.version() == 1 {
            self.ids.push(record.id());
        }
        match record {
            Record::Merchant(merchant) => note(&mut self.merchants, merchant.id),
            Record::App(app) => note(&mut self.apps, app.id),
            Record::Payer(payer) => note(&mut self.payers, payer.id),
            Record::Refund(refund) => note(&mut self.refunds, refund.id),
            Record::Delivery(delivery) => note(&mut self.deliveries, (delivery.app, delivery.id)),
            Record::Endpoint(endpoint) => note(&mut self.endpoints, (endpoint.app, endpoint.id)),
            Record::ApiKey(key) => note(&mut self.keys, key.id),
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

    /// Takes note of tasks that were leased.
    pub(crate) fn hold(&mut self, leases: &[Task]) {
        self.leases.extend_from_slice(leases);
    }
}

fn note<T: PartialEq>(known: &mut Vec<T>, found: T) {
    if !known.contains(&found) {
        known.push(found);
    }
}

fn secret(number: u16) -> WebhookSecret {
    WebhookSecret { sealed: format!("sealed {number}"), until: None }
}

fn refund_word(number: u16) -> RefundSaid {
    match number % 5 {
        0 => RefundSaid::Working,
        1 => RefundSaid::Failed,
        2 => RefundSaid::Unknown,
        _ => RefundSaid::Paid { reference: Some(format!("out {number}")) },
    }
}
