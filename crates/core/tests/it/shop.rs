//! A merchant with an app, a payer with money, and the short way to let things happen to them.

use std::collections::BTreeMap;

use tongbao_core::{
    Context, Facts, Refusal, TaskKey, Time, Work,
    endpoint::{self, NewEndpoint, WebhookSecret},
    event::EventKind,
    id::{AppId, AttemptId, EndpointId, MerchantId, PayerId, PaymentId, RefundId},
    ledger::Channel,
    merchant::{self, NewMerchant},
    payer::{self, NewPayer},
    payment::{
        Method, Payment,
        create::{self, NewPayment},
        steps::{self, Pay, Said, Shown},
    },
    refund::{
        self, Refund,
        steps::{NewRefund, Said as RefundSaid},
    },
};
use tongbao_money::{Amount, BasisPoints, Currency, Money};

use crate::books::Books;

/// The moment at which every shop opens.
pub(crate) const OPENED_MS: i64 = 1_750_000_000_000;
pub(crate) const EXPIRES_IN_S: i64 = 600;
pub(crate) const NOTIFY_URL: &str = "https://shop.example/notify";

pub(crate) fn amount(minor: i64) -> Amount {
    Amount::new(minor).unwrap()
}

pub(crate) fn yuan(minor: i64) -> Money {
    Money { amount: amount(minor), currency: Currency::CNY }
}

/// `seconds` after the shop opened.
pub(crate) fn after(seconds: i64) -> Time {
    Time::from_ms(OPENED_MS).plus_s(seconds)
}

pub(crate) fn secret(sealed: &str) -> WebhookSecret {
    WebhookSecret { sealed: sealed.to_owned(), until: None }
}

pub(crate) fn new_payment(order_no: &str, money: Money) -> NewPayment {
    NewPayment {
        order_no: order_no.to_owned(),
        money,
        description: "a pot of tea".to_owned(),
        items: Vec::new(),
        metadata: BTreeMap::new(),
        notify_url: Some(NOTIFY_URL.to_owned()),
        return_url: None,
        expires_in_s: EXPIRES_IN_S,
    }
}

pub(crate) fn new_payer(phone: u8) -> NewPayer {
    NewPayer {
        phone_sealed: "sealed".to_owned(),
        phone_digest: [phone; 32],
        phone_hint: "138****0001".to_owned(),
        password: "$argon2id$a phc string".to_owned(),
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Shop {
    pub(crate) books: Books,
    pub(crate) merchant: MerchantId,
    pub(crate) app: AppId,
    pub(crate) payer: PayerId,
}

impl Shop {
    pub(crate) fn open(fee_bps: u16, payer_has: i64) -> Shop {
        let mut books = Books::default();
        let (merchant, app) = another_merchant(&mut books, fee_bps);
        let payer = books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(1))).unwrap();
        let top_up = |facts: &dyn Facts, _: &mut Context| {
            Ok((payer::top_up(facts, payer, Channel::SandboxBank, yuan(payer_has))?, ()))
        };
        books.step(after(0), top_up).unwrap();
        Shop { books, merchant, app, payer }
    }

    pub(crate) fn payment(&mut self, order_no: &str, minor: i64) -> PaymentId {
        let (app, new) = (self.app, new_payment(order_no, yuan(minor)));
        let created = self.books.step(after(0), |facts, cx| create::create(facts, cx, app, &new)).unwrap();
        created.payment.id
    }

    pub(crate) fn endpoint(&mut self, events: &[EventKind]) -> EndpointId {
        let url = "https://shop.example/hook".to_owned();
        let (app, new) = (self.app, NewEndpoint { url, events: events.to_vec(), secret: secret("first") });
        self.books.step(after(0), |facts, cx| endpoint::create(facts, cx, app, &new)).unwrap().id
    }

    pub(crate) fn pay(&mut self, at: Time, payment: PaymentId, method: Method) -> Result<Payment, Refusal> {
        let ask = Pay { payment, payer: self.payer, method, shown: Shown::SandboxPhone, sandbox: true };
        self.books.step(at, |facts, cx| steps::pay(facts, cx, &ask))
    }

    pub(crate) fn hear(
        &mut self,
        at: Time,
        about: (PaymentId, AttemptId),
        lease: Option<TaskKey>,
        said: &Said,
    ) -> Result<(), Refusal> {
        self.books.step(at, |facts, cx| Ok((steps::hear(facts, cx, about, lease, said)?, ())))
    }

    pub(crate) fn close(&mut self, at: Time, payment: PaymentId) -> Result<Payment, Refusal> {
        let app = self.app;
        self.books.step(at, |facts, cx| steps::close(facts, cx, app, payment))
    }

    /// Fires the timer of a payment. One that is not there any more is told so, and changes nothing.
    pub(crate) fn expire(&mut self, at: Time, payment: PaymentId) {
        let work = Work::ExpirePayment(payment);
        let found = self.books.tasks(|other| other == work).first().copied();
        let gone = TaskKey { due_at: after(0), id: work.task_id() };
        let told = self.expire_under(at, payment, found.unwrap_or(gone));
        assert_eq!(told, if found.is_some() { Ok(()) } else { Err(Refusal::LeaseLost) });
    }

    /// Fires the timer of a payment for a worker that holds this lease, or held it once.
    pub(crate) fn expire_under(
        &mut self,
        at: Time,
        payment: PaymentId,
        lease: TaskKey,
    ) -> Result<(), Refusal> {
        self.books.step(at, |facts, cx| Ok((steps::expire(facts, cx, payment, lease)?, ())))
    }

    pub(crate) fn refund(&mut self, at: Time, new: &NewRefund) -> Result<Refund, Refusal> {
        let app = self.app;
        self.books.step(at, |facts, cx| refund::steps::create(facts, cx, app, new)).map(|made| made.refund)
    }

    pub(crate) fn hear_refund(
        &mut self,
        at: Time,
        id: RefundId,
        lease: Option<TaskKey>,
        said: &RefundSaid,
    ) -> Result<(), Refusal> {
        self.books.step(at, |facts, cx| Ok((refund::steps::hear(facts, cx, id, lease, said)?, ())))
    }

    /// A payment of `minor` that the sandbox's bank has taken under reference `r`.
    pub(crate) fn paid_by_bank(&mut self, order_no: &str, minor: i64) -> (PaymentId, AttemptId) {
        let payment = self.payment(order_no, minor);
        let attempt = self.pay(after(1), payment, Method::SandboxBank).unwrap().attempts[0].id;
        let reference = Some(format!("r of {order_no}"));
        self.hear(after(2), (payment, attempt), None, &Said::Paid { money: yuan(minor), reference }).unwrap();
        (payment, attempt)
    }
}

pub(crate) fn another_merchant(books: &mut Books, fee_bps: u16) -> (MerchantId, AppId) {
    let fee_rate = BasisPoints::new(fee_bps).unwrap();
    let new = NewMerchant { name: "Teahouse".to_owned(), fee_rate, secret: secret("notify") };
    books
        .step(after(0), |_, cx| {
            let (change, merchant, app) = merchant::create(cx, &new);
            Ok((change, (merchant, app)))
        })
        .unwrap()
}

pub(crate) fn new_refund(payment: PaymentId, refund_no: &str, minor: i64) -> NewRefund {
    NewRefund { payment, refund_no: refund_no.to_owned(), amount: amount(minor), reason: None }
}
