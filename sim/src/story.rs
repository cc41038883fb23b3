//! What merchants and payers do next, whatever they were told.

use serde_json::{Value, json};
use tongbao_core::{
    Refusal, Time,
    id::{PayerId, PaymentId},
    payment::{Attempt, AttemptStatus, Method, Payment, Status},
};
use tongbao_engine::Error;
use tongbao_store::Fault as Failed;

use crate::{
    acts::{Act, ActId, Aim, Finished, Request, Visit, Yield},
    agenda::{Epoch, Event},
    book::text,
    plan::{Fault, Feature},
    seen::Rare,
    state::State,
};

const SECOND_MS: i64 = 1_000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
/// The time before faults end in which nothing new is begun, in tenths of the whole.
const LAST_TENTHS: i64 = 1;
/// Refunds that a merchant tries of one payment.
const REFUND_TRIES_MAX: u8 = 4;
/// Tries of one payer to pay one payment.
const PAY_TRIES_MAX: u8 = 4;

impl State {
    /// Plans the orders of the whole story.
    pub(crate) fn begin_story(&mut self) {
        let until_ms = self.plan.trouble_ms.saturating_mul(10 - LAST_TENTHS).div_euclid(10);
        for number in 0..self.plan.orders {
            let after_ms = self.chance.between(0, until_ms);
            if self.does(Feature::Share) {
                self.plan_shared_order(after_ms, number);
            } else if self.does(Feature::Combine) {
                self.plan_combined_order(after_ms, number);
            } else if self.does(Feature::Scan) {
                self.plan_code(after_ms, number);
            } else {
                self.plan_order(after_ms, number);
            }
            if self.does(Feature::Batch) {
                let later_ms = self.chance.between(after_ms, until_ms);
                self.plan_batch(later_ms, number);
            }
            if self.does(Feature::Transfer) {
                let later_ms = self.chance.between(after_ms, until_ms);
                self.plan_transfer(later_ms, number);
            }
        }
    }

    /// One of the shops.
    pub(crate) fn any_shop(&mut self) -> usize {
        let last = self.shops.len().saturating_sub(1);
        usize::try_from(self.chance.between(0, i64::try_from(last).unwrap_or_default())).unwrap_or_default()
    }

    /// One of the payers.
    pub(crate) fn any_payer(&mut self) -> Option<PayerId> {
        let ids: Vec<PayerId> = self.persons.iter().map(|person| person.id).collect();
        self.chance.pick(&ids)
    }

    /// An amount that somebody pays, in minor units.
    pub(crate) fn any_amount(&mut self) -> i64 {
        match self.chance.between(0, 9) {
            0 => 1,
            1 => self.chance.between(2, 9),
            2 => self.chance.between(50_000, 5_000_000),
            _ => self.chance.between(10, 20_000),
        }
    }

    fn request(&mut self, shop: usize, path: String, body: &Value, aim: Aim, key: Option<String>) -> Request {
        let secret = self.shops.get(shop).map(|shop| shop.key.clone()).unwrap_or_default();
        Request { shop, secret, method: "POST", path, body: body.to_string(), key, aim }
    }

    fn plan_order(&mut self, after_ms: i64, number: i64) {
        let shop = self.any_shop();
        let amount = self.any_amount();
        let currency = if self.chance.percent(8) { "JPY" } else { "CNY" };
        let expires_in = self.chance.pick(&[60, 300, 1_800, 604_800]).unwrap_or(1_800);
        let host = self.shops.get(shop).map(|shop| shop.host.clone()).unwrap_or_default();
        let mut body = json!({
            "order_no": format!("order-{number}"), "amount": amount, "currency": currency,
            "description": "Tea", "expires_in": expires_in,
        });
        if self.chance.percent(50) {
            body["notify_url"] = format!("https://{host}/paid").into();
        }
        let key = Some(format!("key-{number}"));
        let request = self.request(shop, "/v1/payments".to_owned(), &body, Aim::Order, key);
        self.plan_misuse(after_ms, &request, &body);
        self.act_in(after_ms, Act::Ask(request));
    }

    /// The same key for another request, the same number for another order.
    fn plan_misuse(&mut self, after_ms: i64, request: &Request, body: &Value) {
        if self.strikes(Fault::OtherBody) {
            let mut other = body.clone();
            other["amount"] = 77.into();
            let other = Request { body: other.to_string(), ..request.clone() };
            let later_ms = self.wait_ms(MINUTE_MS);
            self.act_in(after_ms.saturating_add(later_ms), Act::Ask(other));
        }
        if self.strikes(Fault::NumberReused) {
            let mut other = body.clone();
            other["description"] = "Coffee".into();
            other["reason"] = Value::Null;
            if request.aim == Aim::Order {
                other.as_object_mut().map(|fields| fields.remove("reason"));
            } else {
                other["reason"] = "Another reason".into();
                other.as_object_mut().map(|fields| fields.remove("description"));
            }
            let key = request.key.as_ref().map(|key| format!("{key}-again"));
            let other = Request { body: other.to_string(), key, ..request.clone() };
            let later_ms = self.wait_ms(MINUTE_MS);
            self.act_in(after_ms.saturating_add(later_ms), Act::Ask(other));
        }
    }

    /// Something was done, and who did it is told.
    pub(crate) fn finishes(&mut self, epoch: Epoch, id: ActId, finished: Finished) {
        if epoch != self.epoch {
            return;
        }
        let Some(act) = self.acts.get(&id).cloned() else { return };
        if self.strikes(Fault::ReplyLost) {
            let after_ms = self.wait_ms(10 * SECOND_MS);
            return self.plan_in(after_ms, Event::Acts(id));
        }
        let busy = matches!(finished, Ok(Yield::Reply { status: 503 | 429, .. }));
        let failed = matches!(finished, Err(Error::Fault(_)));
        if busy || failed {
            if let Err(Error::Fault(Failed::Broken(why))) = finished {
                self.acts.remove(&id);
                return self.violated(format!("{} broke an invariant: {why}", act.name()));
            }
            let after_ms = self.wait_ms(2 * SECOND_MS);
            return self.plan_in(after_ms, Event::Acts(id));
        }
        self.acts.remove(&id);
        if self.strikes(Fault::AsksAgain) {
            let mean_ms = self.chance.pick(&[1, SECOND_MS, 10 * MINUTE_MS]).unwrap_or(1);
            let after_ms = self.wait_ms(mean_ms);
            self.act_in(after_ms, act.clone());
        }
        match finished {
            Ok(came) => self.goes_on(act, came),
            Err(Error::Refused(refusal)) => self.refused(&act, &refusal),
            Err(Error::Fault(_)) => {}
        }
    }

    fn goes_on(&mut self, act: Act, came: Yield) {
        match (act, came) {
            (Act::Ask(request), Yield::Reply { status, body, replayed }) => {
                self.note(&format!("shop {}: {} {} → {status}", request.shop, request.method, request.path));
                self.answered(&request, status, &body, replayed);
            }
            (Act::Pay(visit), Yield::Payment(paid)) => self.paid(&visit, &paid),
            (Act::Pay(visit), Yield::WrongPassword) => self.tries_again(&visit),
            (act, came) => self.wechat_goes_on(act, came),
        }
    }

    fn refused(&mut self, act: &Act, refusal: &Refusal) {
        self.note(&format!("{}: {}", act.name(), refusal.code()));
        match (act, refusal) {
            (Act::Tell(word), refusal) => {
                self.violated(format!("the fact {word:?} was refused: {}", refusal.code()));
            }
            (Act::Pay(_), Refusal::PaymentExpired) => self.see(Rare::ExpiredForPayer),
            (Act::Pay(_), Refusal::PaymentPaid) => self.see(Rare::PaidForPayer),
            (Act::Pay(_) | Act::PayCombined(..), Refusal::PaymentProcessing) => {
                self.see(Rare::ProcessingForPayer);
            }
            (Act::Accept(..), Refusal::TransferReturned) => self.see(Rare::TransferRace),
            _ => {}
        }
    }

    fn answered(&mut self, request: &Request, status: u16, body: &str, replayed: bool) {
        let said: Value = serde_json::from_str(body).unwrap_or_default();
        let id = text(&said, "id");
        let known = id.parse().is_ok_and(|id: PaymentId| self.book.payments.contains_key(&id));
        self.keep_answer(request, (status, body), replayed);
        if status >= 500 || matches!(status, 400..=403) {
            self.violated(format!("{} {} was answered with {status}: {body}", request.method, request.path));
        }
        match (text(&said, "code").as_str(), request.aim) {
            ("refund_too_large", _) => self.see(Rare::RefundTooLarge),
            ("merchant_balance_insufficient", _) => self.see(Rare::MerchantBalance),
            ("order_no_used" | "refund_no_used", _) => self.see(Rare::NumberUsed),
            ("payment_processing", Aim::Close) => self.see(Rare::CloseWhileProcessing),
            ("payment_not_paid" | "payment_processing", Aim::Refund(tries)) => {
                self.refunds_later(request, tries);
            }
            _ => {}
        }
        if let (Aim::Order, false, true, Ok(payment)) =
            (request.aim, known, matches!(status, 200 | 201), id.parse())
        {
            let expires_at = self.expiry(payment);
            self.plan_visits(payment, expires_at, true);
            self.plan_closing(request.shop, payment);
            let amount = said.get("amount").and_then(Value::as_i64).unwrap_or(1);
            self.plan_refunds(request.shop, payment, amount);
        }
    }

    /// When a payment's time is over, in the world.
    pub(crate) fn expiry(&self, payment: PaymentId) -> Time {
        let known = self.watch.payments.get(&payment);
        known.map_or(self.now, |payment| self.world_time(payment.payable_until()))
    }

    /// Somebody pays, or several do.
    pub(crate) fn plan_visits(&mut self, payment: PaymentId, expires_at: Time, may_use_bank: bool) {
        let Some(payer) = self.any_payer() else { return };
        if !self.trouble || self.chance.percent(6) {
            return;
        }
        let at_the_end = self.strikes(Fault::PaysAtTheEnd) && expires_at.since_ms(self.now) < 86_400_000;
        let mut after_ms = self.wait_ms(20 * SECOND_MS);
        if at_the_end {
            after_ms = expires_at.since_ms(self.now).saturating_add(self.chance.between(-30, 30));
        }
        let bank = may_use_bank && self.does(Feature::Bank);
        let method = if bank { Method::SandboxBank } else { Method::Balance };
        if !bank && self.does(Feature::Hold) {
            self.act_in(after_ms.saturating_sub(500), Act::Arm(payer));
        }
        let password = self.chance.percent(60).then_some(true);
        let visit = Visit { payment, payer, method, password, tries: 0 };
        if password.is_some() && self.strikes(Fault::WrongPassword) {
            for _ in 0..self.chance.between(1, 6) {
                let wrong = Visit { password: Some(false), tries: PAY_TRIES_MAX, ..visit.clone() };
                let before_ms = self.wait_ms(2_000);
                self.act_in(after_ms.saturating_sub(before_ms), Act::Pay(wrong));
            }
        }
        if self.strikes(Fault::DoubleClick) {
            let later_ms = self.chance.between(0, 20);
            self.act_in(after_ms.saturating_add(later_ms), Act::Pay(visit.clone()));
        }
        if self.strikes(Fault::TwoDevices) {
            let other = if bank { Method::Balance } else { Method::SandboxBank };
            let second = Visit { method: if may_use_bank { other } else { method }, ..visit.clone() };
            let later_ms = self.chance.between(0, 200);
            self.act_in(after_ms.saturating_add(later_ms), Act::Pay(second));
        }
        self.act_in(after_ms, Act::Pay(visit));
    }

    fn plan_closing(&mut self, shop: usize, payment: PaymentId) {
        let path = format!("/v1/payments/{payment}/closure");
        let closing = self.request(shop, path, &json!({}), Aim::Close, None);
        if self.strikes(Fault::ClosesWhilePaid) {
            let after_ms = self.wait_ms(20 * SECOND_MS);
            self.act_in(after_ms, Act::Ask(closing));
        } else if self.does(Feature::Close) {
            let after_ms = self.wait_ms(10 * MINUTE_MS);
            self.act_in(after_ms, Act::Ask(closing));
        }
    }

    /// A merchant refunds, at once from several places or in pieces.
    pub(crate) fn plan_refunds(&mut self, shop: usize, payment: PaymentId, amount: i64) {
        if !self.does(Feature::Refund) {
            return;
        }
        let at_once = self.strikes(Fault::RefundsAtOnce);
        let count = if at_once { self.chance.between(2, 4) } else { self.chance.between(1, 2) };
        let after_ms = self.wait_ms(10 * MINUTE_MS);
        for number in 0..count {
            let part = match self.chance.between(0, 3) {
                0 => amount,
                1 => self.chance.between(1, amount.max(1)),
                2 => amount.div_euclid(2).max(1),
                _ => 1,
            };
            let body = json!({
                "payment": payment.to_string(), "refund_no": format!("refund-{payment}-{number}"), "amount": part,
            });
            let key = Some(format!("refund-key-{payment}-{number}"));
            let request = self.request(shop, "/v1/refunds".to_owned(), &body, Aim::Refund(0), key);
            let later_ms = if at_once { self.chance.between(0, 30) } else { self.wait_ms(5 * MINUTE_MS) };
            self.plan_misuse(after_ms.saturating_add(later_ms), &request, &body);
            self.act_in(after_ms.saturating_add(later_ms), Act::Ask(request));
        }
    }

    /// It was not paid yet. A refusal is kept under its key, so there is another.
    fn refunds_later(&mut self, request: &Request, tries: u8) {
        if tries >= REFUND_TRIES_MAX || !self.trouble {
            return;
        }
        let key = request.key.as_ref().map(|key| format!("{key}+"));
        let later = Request { key, aim: Aim::Refund(tries.saturating_add(1)), ..request.clone() };
        let after_ms = self.wait_ms(20 * MINUTE_MS);
        self.act_in(after_ms, Act::Ask(later));
    }

    fn paid(&mut self, visit: &Visit, paid: &Payment) {
        self.note(&format!("{} pays {}: {:?}", visit.payer, visit.payment, paid.status));
        let failed = |last: &Attempt| last.status == AttemptStatus::Failed;
        if paid.status == Status::Open && paid.attempts.last().is_some_and(failed) {
            self.tries_again(visit);
        }
    }

    fn tries_again(&mut self, visit: &Visit) {
        if visit.tries >= PAY_TRIES_MAX || !self.trouble {
            return;
        }
        let method = if self.chance.percent(50) { visit.method } else { Method::SandboxBank };
        let password = visit.password.map(|_| true);
        let next = Visit { method, password, tries: visit.tries.saturating_add(1), ..visit.clone() };
        let after_ms = self.wait_ms(20 * SECOND_MS);
        self.act_in(after_ms, Act::Pay(next));
    }
}
