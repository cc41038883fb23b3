//! The life of one order: created, then paid, closed or left; refunded in parts; looked up now and then.
//!
//! Some of it is done twice at once: the same request, two payers, two refunds of the rest, closing and paying.
//! Of two that race one must win, and the other must be told.

use serde_json::{Value, json};

use super::Load;
use crate::{
    book::Broken,
    chance::Chance,
    client::{Answer, Ask},
    output::Failure,
    wire::{Attempt, Payment, Refund, code},
};

/// Amounts paid from a balance, in fen: small, so that the payers' money lasts for the run.
const BALANCE_AMOUNT_MAX: u64 = 240;
/// Amounts paid through the bank, in fen.
const BANK_AMOUNT_MAX: u64 = 2_000_000;
/// Longer than any clock jumps here, so that nothing expires that somebody is paying: seven days, the most there is.
const EXPIRES_IN_S: u64 = 7 * 24 * 3_600;
/// Attempts at paying one order.
const ATTEMPTS_MAX: u32 = 3;

/// See the module.
pub(super) struct Order<'a> {
    load: &'a Load,
    name: String,
    chance: &'a mut Chance,
    asked: u32,
}

impl<'a> Order<'a> {
    /// An order of this name, which no other has.
    pub(super) fn new(load: &'a Load, name: String, chance: &'a mut Chance) -> Order<'a> {
        Order { load, name, chance, asked: 0 }
    }

    /// Lives it.
    pub(super) async fn live(mut self) -> Result<(), Failure> {
        let method = if self.chance.percent(75) { "balance" } else { "sandbox_bank" };
        let payment = self.create(method).await?;
        let fate = self.chance.between(0, 99);
        let payment = match fate {
            0..=3 => payment,
            4..=9 => self.close(&payment).await?,
            10..=14 => self.close_and_pay_at_once(&payment, method).await?,
            15..=19 => self.pay_twice_at_once(&payment, method).await?,
            _ => self.pay(&payment, method).await?,
        };
        if payment.is_paid() && self.chance.percent(50) {
            self.refund_parts(&payment).await?;
        }
        if self.chance.percent(30) {
            self.look_up(&payment.id).await?;
        }
        Ok(())
    }

    /// Makes one attempt through the bank, which takes the next fault that waits.
    pub(super) async fn use_up_a_fault(mut self) -> Result<(), Failure> {
        let payment = self.create("sandbox_bank").await?;
        let ask = self.attempt(&payment, "sandbox_bank");
        self.told(&ask).await?;
        self.look_up(&payment.id).await.map(drop)
    }

    fn next_key(&mut self) -> String {
        self.asked += 1;
        format!("{}/{}", self.name, self.asked)
    }

    /// Asks until answered, and writes the answer down.
    async fn told(&self, ask: &Ask) -> Result<Answer, Failure> {
        let answer = self.load.client.ask(ask).await?;
        self.load.book.keep(ask, &answer);
        self.check(ask, &answer);
        Ok(answer)
    }

    fn check(&self, ask: &Ask, answer: &Answer) {
        if !answer.is_success() && answer.status != 409 {
            self.load.book.broken(Broken::Other, format_args!("{ask:?} was answered {answer:?}"));
        }
    }

    async fn create(&mut self, method: &str) -> Result<Payment, Failure> {
        let most = if method == "balance" { BALANCE_AMOUNT_MAX } else { BANK_AMOUNT_MAX };
        let body = json!({
            "order_no": format!("order-{}", self.name),
            "amount": self.chance.between(1, most),
            "currency": "CNY",
            "description": "a pot of tea 一壶茶",
            "notify_url": self.load.notify_url,
            "expires_in": EXPIRES_IN_S,
            "metadata": {"task": self.name},
        });
        // Without a key the order number alone must see to it that asking twice does it once.
        let key = if self.chance.percent(85) { Some(self.next_key()) } else { None };
        let ask = Ask::post("/v1/payments", Some(&body), key);
        let twice = ask.key.is_some() && self.chance.percent(10);
        let answer = if twice { self.twice_at_once(&ask).await? } else { self.told(&ask).await? };
        if answer.status == 200 && answer.tries > 1 {
            self.load.book.note_unacknowledged();
        } else if answer.status != 201 {
            self.load.book.broken(Broken::Doubled, format_args!("{ask:?} was new and answered {answer:?}"));
        }
        let payment: Payment = answer.read()?;
        self.load.book.see_payment(&payment);
        Ok(payment)
    }

    /// A double click: the same request twice at the same time. There is one answer.
    async fn twice_at_once(&self, ask: &Ask) -> Result<Answer, Failure> {
        let (one, two) = tokio::try_join!(self.load.client.ask(ask), self.load.client.ask(ask))?;
        if one.is_success() && (one.status, &one.body) != (two.status, &two.body) {
            self.load.book.broken(Broken::Doubled, format_args!("{ask:?} at once gave {one:?} and {two:?}"));
        }
        // If both are replays, the first answer was lost on the way to whoever tried more often.
        let later = two.replayed && (!one.replayed || one.tries > two.tries);
        let first = if later { one } else { two };
        self.load.book.keep(ask, &first);
        self.check(ask, &first);
        Ok(first)
    }

    fn attempt(&mut self, payment: &Payment, method: &str) -> Ask {
        let payer = self.chance.pick(&self.load.payers).map(|payer| payer.id.clone()).unwrap_or_default();
        let code = if self.chance.percent(50) { &payment.id } else { &payment.qr_text };
        let body = json!({"payer": payer, "code": code, "method": method});
        Ask::post("/sandbox/phone/pay", Some(&body), None)
    }

    async fn arm_a_fault(&mut self) -> Result<(), Failure> {
        let faults = ["declined", "insufficient_balance", "result_late", "duplicate_notification"];
        let body = json!({"fault": self.chance.pick(&faults)});
        let answer = self.load.client.ask(&Ask::post("/sandbox/faults", Some(&body), None)).await?;
        // 400 says that a hundred wait already.
        if answer.is_success() || answer.status == 400 { Ok(()) } else { Err(format!("{answer:?}").into()) }
    }

    async fn pay(&mut self, payment: &Payment, method: &str) -> Result<Payment, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            if self.chance.percent(8) {
                self.arm_a_fault().await?;
            }
            let ask = self.attempt(payment, method);
            let answer = self.told(&ask).await?;
            if answer.is_success() {
                let attempt: Attempt = answer.read()?;
                self.load.book.see_payment(&attempt.payment);
                if attempt.paid != attempt.payment.is_paid() {
                    self.load.book.broken(Broken::Other, format_args!("{ask:?} was answered {answer:?}"));
                }
                if attempt.payment.status != "open" {
                    return Ok(attempt.payment);
                }
            } else {
                // Nobody else pays this order: the attempt was made by a try whose answer was lost.
                if answer.tries > 1 {
                    self.load.book.note_unacknowledged();
                } else {
                    self.load.book.broken(Broken::Other, format_args!("{ask:?} was answered {answer:?}"));
                }
                return self.look_up(&payment.id).await;
            }
        }
        self.look_up(&payment.id).await
    }

    /// Two phones scan one code. The answers may come in any order, so the payment is looked up afterwards.
    async fn pay_twice_at_once(&mut self, payment: &Payment, method: &str) -> Result<Payment, Failure> {
        let (one, two) = (self.attempt(payment, method), self.attempt(payment, method));
        let (first, second) = tokio::try_join!(self.told(&one), self.told(&two))?;
        let paid =
            |answer: &Answer| answer.is_success() && answer.read::<Attempt>().is_ok_and(|told| told.paid);
        if paid(&first) && paid(&second) {
            let id = &payment.id;
            self.load
                .book
                .broken(Broken::Doubled, format_args!("{id} was paid by {first:?} and by {second:?}"));
        }
        self.look_up(&payment.id).await
    }

    async fn close(&mut self, payment: &Payment) -> Result<Payment, Failure> {
        let ask = self.closure(payment);
        let answer = self.told(&ask).await?;
        let closed: Payment = answer.read()?;
        self.load.book.see_payment(&closed);
        if closed.status != "closed" {
            self.load.book.broken(Broken::Other, format_args!("{ask:?} was answered {answer:?}"));
        }
        Ok(closed)
    }

    fn closure(&mut self, payment: &Payment) -> Ask {
        let key = Some(self.next_key());
        Ask::post(format!("/v1/payments/{}/closure", payment.id), None, key)
    }

    async fn close_and_pay_at_once(&mut self, payment: &Payment, method: &str) -> Result<Payment, Failure> {
        let (close, pay) = (self.closure(payment), self.attempt(payment, method));
        let (closed, paid) = tokio::try_join!(self.told(&close), self.told(&pay))?;
        let after = self.look_up(&payment.id).await?;
        let taken = paid.is_success() && paid.read::<Attempt>()?.paid;
        if closed.is_success() && (taken || after.status != "closed") {
            self.load
                .book
                .broken(Broken::Other, format_args!("closed by {closed:?}, paid by {paid:?}: {after:?}"));
        }
        Ok(after)
    }

    async fn look_up(&mut self, id: &str) -> Result<Payment, Failure> {
        let payment: Payment = self.load.client.get(&format!("/v1/payments/{id}")).await?;
        self.load.book.see_payment(&payment);
        if self.chance.percent(20) {
            let path = format!("/v1/payments?order_no={}", payment.order_no);
            let found: Vec<Payment> = self.load.client.all(&path).await?;
            if found.iter().map(|found| &found.id).ne([&payment.id]) {
                let order_no = &payment.order_no;
                self.load.book.broken(Broken::Doubled, format_args!("{order_no} is the number of {found:?}"));
            }
        }
        Ok(payment)
    }

    async fn refund_parts(&mut self, payment: &Payment) -> Result<(), Failure> {
        let mut left = payment.amount.saturating_sub(payment.amount_refunded);
        for _ in 0..self.chance.between(1, 3) {
            match self.chance.between(0, 9) {
                0 => {
                    self.refund(payment, left.saturating_add(1)).await?;
                }
                1 if left > 0 => {
                    self.refund_the_rest_twice_at_once(payment, left).await?;
                    left = 0;
                }
                _ if left > 0 => {
                    let amount = self.part_of(left)?;
                    let granted = self.refund(payment, amount).await?;
                    left -= if granted { amount } else { 0 };
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn part_of(&mut self, left: i64) -> Result<i64, Failure> {
        Ok(i64::try_from(self.chance.between(1, u64::try_from(left)?))?)
    }

    fn new_refund(&mut self, payment: &Payment, amount: i64) -> Ask {
        let key = self.next_key();
        let reason = if self.chance.percent(50) { json!("the tea was cold 茶凉了") } else { Value::Null };
        let refund_no = format!("refund-{key}");
        let body = json!({"payment": payment.id, "refund_no": refund_no, "amount": amount, "reason": reason});
        Ask::post("/v1/refunds", Some(&body), Some(key))
    }

    /// Asks for one refund; gives whether it was granted. More than is left must be refused.
    async fn refund(&mut self, payment: &Payment, amount: i64) -> Result<bool, Failure> {
        let ask = self.new_refund(payment, amount);
        let answer = self.told(&ask).await?;
        if answer.is_success() {
            self.load.book.see_refund(&answer.read::<Refund>()?);
        } else if code(&answer.body) != "refund_too_large" {
            self.load.book.broken(Broken::Other, format_args!("{ask:?} was answered {answer:?}"));
        }
        Ok(answer.is_success())
    }

    async fn refund_the_rest_twice_at_once(&mut self, payment: &Payment, left: i64) -> Result<(), Failure> {
        let (one, two) = (self.new_refund(payment, left), self.new_refund(payment, left));
        let (first, second) = tokio::try_join!(self.told(&one), self.told(&two))?;
        let granted: Vec<&Answer> =
            [&first, &second].into_iter().filter(|answer| answer.is_success()).collect();
        for answer in &granted {
            self.load.book.see_refund(&answer.read::<Refund>()?);
        }
        if granted.len() != 1 {
            let kind = if granted.is_empty() { Broken::Other } else { Broken::Doubled };
            let id = &payment.id;
            self.load.book.broken(kind, format_args!("{left} of {id} were left; {first:?} and {second:?}"));
        }
        Ok(())
    }
}
