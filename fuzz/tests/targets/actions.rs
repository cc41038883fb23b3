//! Bytes as actions: two payments, two payers and a clock, on the model and on SQLite in memory of the
//! reference; whatever happens, the books agree.

use tongbao_core::{
    Actor, Cause, ChangeSet, Context, Facts, Stop, Time,
    endpoint::WebhookSecret,
    id::{AppId, PayerId, PaymentId},
    ledger::Channel,
    merchant::{self, NewMerchant},
    payer::{self, NewPayer},
    payment::{
        self, Method,
        create::NewPayment,
        steps::{Pay, Proof},
    },
    refund::steps::NewRefund,
    sandbox::{self, Fault, WaitingFault},
};
use tongbao_money::{Amount, BasisPoints, Currency, Money};
use tongbao_store::{Outcome, Step, Store, model::ModelStore, verify::verify};

use crate::time;

/// A store, a clock and a count for seeds.
struct Shop {
    store: ModelStore,
    now: Time,
    steps: u64,
}

fn yuan(minor: i64) -> Money {
    Money { amount: Amount::new(minor).unwrap(), currency: Currency::CNY }
}

impl Shop {
    fn step<T: Send + 'static>(
        &mut self,
        mut decide: impl FnMut(&dyn Facts, &mut Context) -> Result<(ChangeSet, T), Stop> + Send + 'static,
    ) -> Option<T> {
        self.steps += 1;
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.steps.to_be_bytes());
        let context = Context::new(self.now, seed);
        let (sender, receiver) = std::sync::mpsc::channel();
        let decide = Box::new(move |facts: &dyn Facts| {
            let (change, value) = decide(facts, &mut context.clone())?;
            sender.send(value).unwrap();
            Ok(change)
        });
        let cause = Cause { at: self.now, actor: Actor::Operator, input: "fuzz" };
        match self.store.step(Step { cause, decide }).wait().unwrap() {
            Outcome::Refused(_) => None,
            Outcome::Committed(_) | Outcome::Unchanged => receiver.try_iter().last(),
        }
    }

    fn open() -> (Shop, AppId, [PayerId; 2]) {
        let mut shop = Shop { store: ModelStore::default(), now: Time::from_ms(1_700_000_000_000), steps: 0 };
        let secret = WebhookSecret { sealed: String::new(), until: None };
        let new = NewMerchant { name: "shop".to_owned(), fee_rate: BasisPoints::new(60).unwrap(), secret };
        let app = shop.step(move |_, cx| {
            let (change, _, app) = merchant::create(cx, &new);
            Ok((change, app))
        });
        let payers = [1, 2].map(|number| {
            let new = NewPayer {
                phone_sealed: String::new(),
                phone_digest: [number; 32],
                phone_hint: String::new(),
                password: String::new(),
            };
            let id = shop.step(move |facts, cx| payer::create(facts, cx, &new)).unwrap();
            shop.step(move |facts, _| Ok((payer::top_up(facts, id, Channel::SandboxBank, yuan(1_000))?, ())));
            id
        });
        (shop, app.unwrap(), payers)
    }

    fn act(&mut self, app: AppId, payers: [PayerId; 2], payments: &[PaymentId; 2], action: u8, operand: u8) {
        let payment = payments[usize::from(operand % 2)];
        let payer = payers[usize::from(operand / 2 % 2)];
        let sandbox = true;
        match action % 7 {
            0 | 1 => {
                let method = if action.is_multiple_of(2) { Method::Balance } else { Method::SandboxBank };
                let ask = Pay { payment, payer, method, proof: Proof::SandboxPhone, sandbox };
                self.step(move |facts, cx| payment::steps::pay(facts, cx, &ask));
            }
            2 => {
                let amount = Amount::new(i64::from(operand) * 4).unwrap();
                let refund_no = format!("R{}", operand % 16);
                let new = NewRefund { payment, refund_no, amount, reason: None };
                self.step(move |facts, cx| tongbao_core::refund::steps::create(facts, cx, app, &new));
            }
            3 => drop(self.step(move |facts, cx| payment::steps::close(facts, cx, app, payment))),
            4 => self.now = self.now.plus_s(i64::from(operand) * 5),
            5 => {
                let faults = [
                    Fault::Declined,
                    Fault::InsufficientBalance,
                    Fault::ResultLate,
                    Fault::DuplicateNotification,
                ];
                let fault = faults[usize::from(operand % 4)];
                self.step(move |facts, cx| {
                    sandbox::arm_fault(facts, cx, WaitingFault { payer: Some(payer), fault })
                });
            }
            _ => self.work(),
        }
    }

    /// Does what is due, as the worker would.
    fn work(&mut self) {
        use tongbao_core::{Work, payment::steps::Said, refund::steps::Said as RefundSaid};
        for task in self.store.due(self.now, 64).wait().unwrap() {
            let key = task.key;
            match task.work {
                Work::ExpirePayment(id) => {
                    self.step(move |facts, cx| Ok((payment::steps::expire(facts, cx, id, key)?, ())));
                }
                Work::SubmitAttempt(id, attempt) | Work::QueryAttempt(id, attempt) => {
                    self.step(move |facts, cx| {
                        let known = payment::steps::known(facts, id)?;
                        let said = match known.attempt(attempt).map(|attempt| attempt.method) {
                            Some(Method::Balance) => payment::steps::held_result(known),
                            _ => Said::Paid { money: known.money, reference: Some(attempt.to_string()) },
                        };
                        Ok((payment::steps::hear(facts, cx, (id, attempt), Some(key), &said)?, ()))
                    });
                }
                Work::SubmitRefund(id) | Work::QueryRefund(id) => {
                    let said = RefundSaid::Paid { reference: Some(id.to_string()) };
                    self.step(move |facts, cx| {
                        Ok((tongbao_core::refund::steps::hear(facts, cx, id, Some(key), &said)?, ()))
                    });
                }
                Work::Deliver(_) => {}
            }
        }
    }
}

#[test]
fn the_books_agree_whatever_happens() {
    bolero::check!().with_test_time(time()).for_each(|bytes: &[u8]| {
        let (mut shop, app, payers) = Shop::open();
        let payments = [600, 700].map(|amount| {
            let new = NewPayment {
                order_no: format!("order-{amount}"),
                money: yuan(amount),
                description: "tea".to_owned(),
                items: Vec::new(),
                metadata: std::collections::BTreeMap::new(),
                notify_url: None,
                return_url: None,
                expires_in_s: 600,
            };
            shop.step(move |facts, cx| payment::create::create(facts, cx, app, &new)).unwrap().payment.id
        });
        for pair in bytes.chunks_exact(2) {
            shop.act(app, payers, &payments, pair[0], pair[1]);
        }
        let report = verify(&shop.store, &mut |_| {}).unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
    });
}
