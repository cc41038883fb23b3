//! Real inputs of the platform as values, so that two stores can be given the same ones.

use tongbao_core::{
    Actor, Cause, ChangeSet, Context, Facts, Stop, Task, TaskKey, Time,
    api_key::{self, NewApiKey},
    delivery::{self, Sent},
    endpoint::{self, NewEndpoint, WebhookSecret},
    id::{ApiKeyId, AppId, AttemptId, DeliveryId, EndpointId, PayerId, PaymentId, RefundId},
    idempotency::{self, Ask},
    ledger::Channel,
    merchant::{self, NewMerchant},
    message::Text,
    payer::{self, NewPayer},
    payment::{
        create::{self, NewPayment},
        steps::{self, Pay, Said},
    },
    refund::steps::{self as refunds, NewRefund, Said as RefundSaid},
    sandbox::{self, WaitingFault},
};
use tongbao_money::Money;
use tongbao_store::{Answer, Fault, Outcome, Step, Store};

/// One input, with all that its decision is given.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Merchant(NewMerchant),
    /// A payer with this phone.
    Payer(u8),
    TopUp(PayerId, Money),
    /// A payment under an idempotency key, as the API creates it.
    Payment(Ask, NewPayment),
    Pay(Pay),
    Hear((PaymentId, AttemptId), Option<TaskKey>, Said),
    Close(AppId, PaymentId),
    Expire(PaymentId, TaskKey),
    Refund(AppId, NewRefund),
    HearRefund(RefundId, Option<TaskKey>, RefundSaid),
    Sent(DeliveryId, TaskKey, Sent),
    Postpone(DeliveryId, TaskKey, Time),
    Abandon(DeliveryId, TaskKey),
    Resend(AppId, DeliveryId),
    Endpoint(AppId, NewEndpoint),
    Rotate(AppId, EndpointId, WebhookSecret),
    DeleteEndpoint(AppId, EndpointId),
    Fault(WaitingFault),
    Clock(i64),
    Key(AppId, NewApiKey),
    Revoke(ApiKeyId),
    TryPassword(PayerId),
    SendCode(PayerId, [u8; 32]),
    UseCode(PayerId, [u8; 32]),
}

impl Input {
    /// Its kind, as it stands in `Debug`.
    pub(crate) fn name(&self) -> String {
        format!("{self:?}").split('(').next().unwrap_or_default().to_owned()
    }

    fn decide(&self, facts: &dyn Facts, cx: &mut Context) -> Result<ChangeSet, Stop> {
        match self {
            Input::Merchant(new) => Ok(merchant::create(cx, new).0),
            Input::Payer(phone) => payer::create(facts, cx, &new_payer(*phone)).map(|(change, _)| change),
            Input::TopUp(payer, money) => payer::top_up(facts, *payer, Channel::SandboxBank, *money),
            Input::Payment(ask, new) => answer(facts, cx, ask, new),
            Input::Pay(ask) => steps::pay(facts, cx, ask).map(|(change, _)| change),
            Input::Hear(about, lease, said) => steps::hear(facts, cx, *about, *lease, said),
            Input::Close(app, payment) => steps::close(facts, cx, *app, *payment).map(|(change, _)| change),
            Input::Expire(payment, lease) => steps::expire(facts, cx, *payment, *lease),
            Input::Refund(app, new) => refunds::create(facts, cx, *app, new).map(|(change, _)| change),
            Input::HearRefund(refund, lease, said) => refunds::hear(facts, cx, *refund, *lease, said),
            Input::Sent(delivery, lease, sent) => delivery::record_attempt(facts, *delivery, *lease, sent),
            Input::Postpone(delivery, lease, until) => delivery::postpone(facts, *delivery, *lease, *until),
            Input::Abandon(delivery, lease) => delivery::abandon(facts, *delivery, *lease),
            Input::Resend(app, delivery) => {
                delivery::resend(facts, cx, *app, *delivery).map(|(change, _)| change)
            }
            Input::Endpoint(app, new) => endpoint::create(facts, cx, *app, new).map(|(change, _)| change),
            Input::Rotate(app, endpoint, secret) => {
                endpoint::rotate_secret(facts, cx, *app, *endpoint, secret).map(|(change, _)| change)
            }
            Input::DeleteEndpoint(app, endpoint) => endpoint::delete(facts, *app, *endpoint),
            Input::Fault(fault) => sandbox::arm_fault(facts, cx, *fault).map(|(change, _)| change),
            Input::Clock(seconds) => sandbox::advance_clock(facts, cx, *seconds).map(|(change, _)| change),
            Input::Key(app, new) => api_key::create(facts, cx, *app, new).map(|(change, _)| change),
            Input::Revoke(key) => api_key::revoke(facts, cx, *key),
            Input::TryPassword(payer) => payer::try_password(facts, cx, *payer).map(|(change, ..)| change),
            Input::SendCode(payer, digest) => {
                let inbox = Some(Text::SignInCode("246810".to_owned()));
                payer::send_code(facts, cx, (*payer, payer::CodePurpose::SignIn), *digest, inbox)
            }
            Input::UseCode(payer, digest) => {
                payer::use_code(facts, cx, (*payer, payer::CodePurpose::SignIn), digest)
                    .map(|(change, _)| change)
            }
        }
    }
}

fn new_payer(phone: u8) -> NewPayer {
    NewPayer {
        phone_sealed: "sealed".to_owned(),
        phone_digest: [phone; 32],
        phone_hint: "138****0001".to_owned(),
        password: "$argon2id$a phc string".to_owned(),
    }
}

/// Creates a payment and keeps the answer under its key; refusals, too.
fn answer(facts: &dyn Facts, cx: &mut Context, ask: &Ask, new: &NewPayment) -> Result<ChangeSet, Stop> {
    if idempotency::earlier(facts, ask)?.is_some() {
        return Ok(ChangeSet::default());
    }
    let app = ask.caller.try_into().expect("programs ask as apps");
    let (mut change, status, body) = match create::create(facts, cx, app, new) {
        Ok((change, created)) => (change, 201, created.payment.id.to_string()),
        Err(Stop::Refuse(refusal)) => (ChangeSet::default(), 409, refusal.code().to_owned()),
        Err(need) => return Err(need),
    };
    change.put(idempotency::reply(cx, ask, status, body));
    Ok(change)
}

/// Something a program does with a store.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Step { at: Time, seed: [u8; 16], input: Box<Input> },
    Due { now: Time, limit: u32 },
}

/// What became of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answered {
    Step(Result<Outcome, Fault>),
    Due(Result<Vec<Task>, Fault>),
}

impl Answered {
    /// The fault, if that is what came.
    pub(crate) fn fault(&self) -> Option<&Fault> {
        match self {
            Answered::Step(outcome) => outcome.as_ref().err(),
            Answered::Due(tasks) => tasks.as_ref().err(),
        }
    }
}

/// An answer that was asked for.
pub(crate) enum Asked {
    Step(Answer<Outcome>),
    Due(Answer<Vec<Task>>),
}

impl Asked {
    pub(crate) fn wait(self) -> Answered {
        match self {
            Asked::Step(answer) => Answered::Step(answer.wait()),
            Asked::Due(answer) => Answered::Due(answer.wait()),
        }
    }
}

impl Action {
    /// Asks a store for it, without waiting.
    pub(crate) fn ask(&self, store: &dyn Store) -> Asked {
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
