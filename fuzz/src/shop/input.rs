//! Inputs of the platform as values, so that two stores can be given the same ones.

use tongbao_core::{
    Actor, Cause, ChangeSet, Context, Facts, Stop, Task, TaskKey, Time,
    delivery::{self, Sent},
    id::{AppId, AttemptId, DeliveryId, PayerId, PaymentId, RefundId},
    ledger::Channel,
    merchant::{self, NewMerchant},
    payer::{self, NewPayer},
    payment::{
        create::{NewPayment, create},
        steps::{self, Pay, Said},
    },
    refund::steps::{self as refunds, NewRefund, Said as RefundSaid},
    sandbox::{self, WaitingFault},
};
use tongbao_money::Money;
use tongbao_store::{Answer, Fault, Outcome, Step, Store};

/// One input, with all that its decision is given.
#[derive(Clone, Debug)]
pub enum Input {
    /// A merchant joins.
    Merchant(NewMerchant),
    /// The payer with this number joins.
    Payer(u8),
    /// A payer's balance grows.
    TopUp(PayerId, Money),
    /// The merchant asks for a payment.
    Create(AppId, NewPayment),
    /// A payer pays.
    Pay(Pay),
    /// A channel's word on an attempt, to a task or unasked.
    Hear((PaymentId, AttemptId), Option<TaskKey>, Said),
    /// The merchant closes a payment.
    Close(AppId, PaymentId),
    /// A payment's time may be over.
    Expire(PaymentId, TaskKey),
    /// The merchant asks for a refund.
    Refund(AppId, NewRefund),
    /// A channel's word on a refund.
    HearRefund(RefundId, Option<TaskKey>, RefundSaid),
    /// A notification was sent.
    Sent(DeliveryId, TaskKey, Sent),
    /// A notification is to be sent again.
    Resend(AppId, DeliveryId),
    /// Something goes wrong with the next attempt.
    Fault(WaitingFault),
}

impl Input {
    fn decide(&self, facts: &dyn Facts, cx: &mut Context) -> Result<ChangeSet, Stop> {
        match self {
            Input::Merchant(new) => Ok(merchant::create(cx, new).0),
            Input::Payer(number) => payer::create(facts, cx, &new_payer(*number)).map(|(change, _)| change),
            Input::TopUp(payer, money) => payer::top_up(facts, *payer, Channel::SandboxBank, *money),
            Input::Create(app, new) => create(facts, cx, *app, new).map(|(change, _)| change),
            Input::Pay(ask) => steps::pay(facts, cx, ask).map(|(change, _)| change),
            Input::Hear(about, lease, said) => steps::hear(facts, cx, *about, *lease, said),
            Input::Close(app, payment) => steps::close(facts, cx, *app, *payment).map(|(change, _)| change),
            Input::Expire(payment, lease) => steps::expire(facts, cx, *payment, *lease),
            Input::Refund(app, new) => refunds::create(facts, cx, *app, new).map(|(change, _)| change),
            Input::HearRefund(refund, lease, said) => refunds::hear(facts, cx, *refund, *lease, said),
            Input::Sent(delivery, lease, sent) => delivery::record_attempt(facts, *delivery, *lease, sent),
            Input::Resend(app, delivery) => {
                delivery::resend(facts, cx, *app, *delivery).map(|(change, _)| change)
            }
            Input::Fault(fault) => sandbox::arm_fault(facts, cx, *fault).map(|(change, _)| change),
        }
    }
}

fn new_payer(number: u8) -> NewPayer {
    NewPayer {
        phone_sealed: "sealed".to_owned(),
        phone_digest: [number; 32],
        phone_hint: "138****0001".to_owned(),
        password: "$argon2id$a phc string".to_owned(),
    }
}

/// Something a program does with a store.
#[derive(Clone, Debug)]
pub enum Action {
    /// Takes a step.
    Step {
        /// When.
        at: Time,
        /// The seed of its ids.
        seed: [u8; 16],
        /// What.
        input: Box<Input>,
    },
    /// Leases what is due.
    Due {
        /// When.
        now: Time,
        /// How much of it.
        limit: u32,
    },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Answered {
    /// Of a step.
    Step(Result<Outcome, Fault>),
    /// Of a lease.
    Due(Result<Vec<Task>, Fault>),
}

/// An answer that was asked for.
pub enum Asked {
    /// Of a step.
    Step(Answer<Outcome>),
    /// Of a lease.
    Due(Answer<Vec<Task>>),
}

impl Asked {
    /// Waits for it.
    pub fn wait(self) -> Answered {
        match self {
            Asked::Step(answer) => Answered::Step(answer.wait()),
            Asked::Due(answer) => Answered::Due(answer.wait()),
        }
    }
}

impl Action {
    /// Asks a store for it, without waiting.
    pub fn ask(&self, store: &dyn Store) -> Asked {
        match self.clone() {
            Action::Due { now, limit } => Asked::Due(store.due(now, limit)),
            Action::Step { at, seed, input } => {
                let cause = Cause { at, actor: Actor::Operator, input: "run_program" };
                let context = Context::new(at, seed);
                let decide = Box::new(move |facts: &dyn Facts| input.decide(facts, &mut context.clone()));
                Asked::Step(store.step(Step { cause, decide }))
            }
        }
    }
}
