//! What people and channels do to the process: the same inputs of the core that its doors use. Whoever gets no answer
//! does it again.

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{HeaderMap, Request as HttpRequest, header::AUTHORIZATION};
use http_body_util::BodyExt as _;
use tongbao_core::{
    Actor, ChangeSet, Context, Facts, Refusal, Stop,
    id::{AttemptId, PayerId, PaymentId, RefundId, TransferId, WechatCombinedOrderId},
    payer,
    payment::{
        self, Method, Payment, Proof, Proofs,
        steps::{Pay, Said, Shown},
    },
    payment_code::{self, Window},
    profit_sharing::{giving_back, order as sharing},
    refund::{self, steps::Said as RefundSaid},
    sandbox::{self, WaitingFault},
    transfer,
    wechat::{
        codepay,
        combine::{self, PayCombined},
        order, transfer as bill, transfer_batch,
    },
};
use tongbao_engine::{Engine, Error, Input};
use tongbao_store::Fault;
use tower::ServiceExt as _;

/// Names what somebody does.
pub(crate) type ActId = u64;

/// A request to `/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Which shop asks.
    pub(crate) shop: usize,
    /// Its secret key.
    pub(crate) secret: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: String,
    /// The `Idempotency-Key`.
    pub(crate) key: Option<String>,
    pub(crate) aim: Aim,
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// A new payment.
    Order,
    /// Money back; so often it was tried before.
    Refund(u8),
    /// No more payment.
    Close,
    /// To know.
    Look,
}

/// A payer pays.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) payment: PaymentId,
    pub(crate) payer: PayerId,
    pub(crate) method: Method,
    /// Whether the password is typed, and typed right; otherwise it is a test payer's phone.
    pub(crate) password: Option<bool>,
    /// How often this payer tried before.
    pub(crate) tries: u8,
}

/// What a channel tells of its own accord.
#[derive(Clone, Debug)]
pub(crate) enum Word {
    /// Of an attempt.
    Attempt(PaymentId, AttemptId, Said),
    /// Of a refund.
    Refund(RefundId, RefundSaid),
}

/// A combined order to be closed, by all its numbers.
#[derive(Clone, Debug)]
pub(crate) struct Closing {
    pub(crate) mchid: String,
    pub(crate) appid: String,
    pub(crate) number: String,
    /// Merchant number and order number of each part.
    pub(crate) parts: Vec<(String, String)>,
}

/// What somebody does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Ask(Request),
    Pay(Visit),
    Tell(Word),
    /// A developer lets the next result of a payer's be late.
    Arm(PayerId),
    Place(Box<order::NewOrder>),
    Share(Box<sharing::NewSharingOrder>),
    GiveBack(Box<giving_back::NewReturn>),
    Combine(Box<combine::NewCombinedOrder>),
    PayCombined(WechatCombinedOrderId, PayerId),
    CloseCombined(Box<Closing>),
    /// A payer shows a code with this digest.
    ShowCode(PayerId, [u8; 32]),
    Scan(Box<codepay::NewCodeOrder>),
    Reverse(String, String, String),
    Transfer(Box<bill::NewTransferBill>),
    Batch(Box<transfer_batch::NewTransferBatch>),
    Accept(PayerId, TransferId),
    Cancel(String, String),
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) enum Yield {
    Reply { status: u16, body: String, replayed: bool },
    Payment(Box<Payment>),
    WrongPassword,
    Placed(order::Placed),
    Shared(sharing::Shared),
    GivenBack(giving_back::Returned),
    Combined(combine::Placed),
    CombinedPaid,
    CombinedClosed(combine::Closed),
    Shown(payment_code::Shown),
    Scanned(codepay::Scanned),
    Reversed,
    Offered(bill::Offered),
    Accepted,
    Cancelled(bill::Cancelled),
    Nothing,
}

/// What came of it, or why nothing did.
pub(crate) type Finished = Result<Yield, Error>;

/// The process, as far as acts reach it.
#[derive(Clone)]
pub(crate) struct Doors {
    pub(crate) engine: Arc<Engine>,
    pub(crate) router: Router,
}

impl Doors {
    /// Does it.
    pub(crate) async fn perform(self, act: Act) -> Finished {
        let worker = |name| Input { actor: Actor::Worker, name };
        match act {
            Act::Ask(request) => self.ask(request).await,
            Act::Pay(visit) => self.pay(visit).await,
            Act::Tell(Word::Attempt(payment, attempt, said)) => {
                let hear = move |facts: &dyn Facts, cx: &mut Context| {
                    payment::steps::hear(facts, cx, (payment, attempt), None, &said)
                };
                self.engine.run(worker("hear_attempt"), hear).await.map(|()| Yield::Nothing)
            }
            Act::Tell(Word::Refund(id, said)) => {
                let hear = move |facts: &dyn Facts, cx: &mut Context| {
                    refund::steps::hear(facts, cx, id, None, &said)
                };
                self.engine.run(worker("hear_refund"), hear).await.map(|()| Yield::Nothing)
            }
            Act::Arm(payer) => {
                let fault = WaitingFault { payer: Some(payer), fault: sandbox::Fault::ResultLate };
                let arm = move |facts: &dyn Facts, cx: &mut Context| {
                    sandbox::arm_fault(facts, cx, fault).map(|(change, _)| (change, Yield::Nothing))
                };
                self.step(Actor::Developer, "arm_fault", arm).await
            }
            Act::ShowCode(payer, digest) => {
                let show = move |facts: &dyn Facts, cx: &mut Context| {
                    let window = Window::of(cx.at());
                    yields(payment_code::show(facts, cx, payer, window, &[digest]), Yield::Shown)
                };
                self.step(Actor::Payer(payer), "show_payment_code", show).await
            }
            Act::Accept(payer, id) => {
                let accept = move |facts: &dyn Facts, cx: &mut Context| {
                    let accepted = transfer::steps::accept(facts, cx, payer, id);
                    yields(accepted, |_| Yield::Accepted)
                };
                self.step(Actor::Payer(payer), "accept_transfer", accept).await
            }
            Act::PayCombined(order, payer) => {
                let (method, shown) = (Method::Balance, Shown::SandboxPhone);
                let ask = PayCombined { order, payer, method, shown, sandbox: true };
                let pay = move |facts: &dyn Facts, cx: &mut Context| {
                    yields(combine::pay(facts, cx, &ask), |_| Yield::CombinedPaid)
                };
                self.step(Actor::Payer(payer), "pay_combined_order", pay).await
            }
            merchants => self.wechat(merchants).await,
        }
    }

    /// What merchants of WeChat Pay's interface do.
    async fn wechat(self, act: Act) -> Finished {
        let name = act.name();
        let decide = move |facts: &dyn Facts, cx: &mut Context| match &act {
            Act::Place(new) => yields(order::place(facts, cx, new), Yield::Placed),
            Act::Share(new) => yields(sharing::create(facts, cx, new), Yield::Shared),
            Act::GiveBack(new) => yields(giving_back::create(facts, cx, new), Yield::GivenBack),
            Act::Combine(new) => yields(combine::place(facts, cx, new), Yield::Combined),
            Act::CloseCombined(named) => {
                let Closing { mchid, appid, number, parts } = &**named;
                yields(combine::close(facts, cx, (mchid, appid, number), parts), Yield::CombinedClosed)
            }
            Act::Scan(new) => yields(codepay::scan(facts, cx, new), Yield::Scanned),
            Act::Reverse(mchid, appid, number) => {
                yields(codepay::reverse(facts, cx, (mchid, appid), number), |_| Yield::Reversed)
            }
            Act::Transfer(new) => yields(bill::create(facts, cx, new), Yield::Offered),
            Act::Batch(new) => yields(transfer_batch::create(facts, cx, new), |_| Yield::Nothing),
            Act::Cancel(mchid, number) => yields(bill::cancel(facts, cx, mchid, number), Yield::Cancelled),
            _ => Ok((ChangeSet::default(), Yield::Nothing)),
        };
        self.step(Actor::Operator, name, decide).await
    }

    async fn step(
        &self,
        actor: Actor,
        name: &'static str,
        decide: impl FnMut(&dyn Facts, &mut Context) -> Result<(ChangeSet, Yield), Stop> + Send + 'static,
    ) -> Finished {
        self.engine.step(Input { actor, name }, decide).await
    }

    async fn ask(self, request: Request) -> Finished {
        let mut builder = HttpRequest::builder().method(request.method).uri(&request.path);
        builder = builder.header(AUTHORIZATION, format!("Bearer {}", request.secret));
        if !request.body.is_empty() {
            builder = builder.header("content-type", "application/json");
        }
        if let Some(key) = &request.key {
            builder = builder.header("idempotency-key", key);
        }
        let unreadable = |why: String| Error::Fault(Fault::Unreadable(why));
        let asked = builder.body(Body::from(request.body)).map_err(|error| unreadable(error.to_string()))?;
        let answer = self.router.oneshot(asked).await.map_err(|never| unreadable(never.to_string()))?;
        let (status, replayed) = (answer.status().as_u16(), is_replayed(answer.headers()));
        let body = answer.into_body().collect().await.map_err(|error| unreadable(error.to_string()))?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        Ok(Yield::Reply { status, body, replayed })
    }

    /// As the cashier does: a try at the password is counted before it is looked at.
    async fn pay(self, visit: Visit) -> Finished {
        let Visit { payment, payer, method, password, .. } = visit;
        let actor = Actor::Payer(payer);
        let ask = |shown| Pay { payment, payer, method, shown, sandbox: true };
        let Some(right) = password else {
            let ask = ask(Shown::SandboxPhone);
            let pay = move |facts: &dyn Facts, cx: &mut Context| {
                yields(payment::steps::pay(facts, cx, &ask), |paid| Yield::Payment(Box::new(paid)))
            };
            return self.step(actor, "create_attempt", pay).await;
        };
        let count = move |facts: &dyn Facts, cx: &mut Context| {
            let (change, _, _) = payer::try_password(facts, cx, payer)?;
            Ok((change, ()))
        };
        self.engine.step(Input { actor, name: "try_password" }, count).await?;
        if !right {
            return Ok(Yield::WrongPassword);
        }
        // Large amounts need a code as well; the payers of these worlds have it at hand.
        let ask = ask(Shown::Proofs(Proofs::PASSWORD.with(Proof::Code)));
        let pay = move |facts: &dyn Facts, cx: &mut Context| payment::steps::pay_proven(facts, cx, &ask);
        let paid: Result<Payment, Refusal> =
            self.engine.step(Input { actor, name: "create_attempt" }, pay).await?;
        paid.map(|paid| Yield::Payment(Box::new(paid))).map_err(Error::Refused)
    }
}

fn yields<T>(
    decided: Result<(ChangeSet, T), Stop>,
    as_yield: impl FnOnce(T) -> Yield,
) -> Result<(ChangeSet, Yield), Stop> {
    decided.map(|(change, value)| (change, as_yield(value)))
}

fn is_replayed(headers: &HeaderMap) -> bool {
    headers.get("idempotency-replayed").is_some()
}

impl Act {
    /// The name of its input.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Act::Ask(_) => "ask",
            Act::Pay(_) => "pay",
            Act::Tell(_) => "tell",
            Act::Arm(_) => "arm_fault",
            Act::Place(_) => "place_order",
            Act::Share(_) => "share",
            Act::GiveBack(_) => "give_share_back",
            Act::Combine(_) => "place_combined_order",
            Act::PayCombined(..) => "pay_combined_order",
            Act::CloseCombined(_) => "close_combined_order",
            Act::ShowCode(..) => "show_payment_code",
            Act::Scan(_) => "scan_code",
            Act::Reverse(..) => "reverse_order",
            Act::Transfer(_) => "offer_transfer",
            Act::Batch(_) => "accept_transfer_batch",
            Act::Accept(..) => "accept_transfer",
            Act::Cancel(..) => "cancel_transfer",
        }
    }
}
