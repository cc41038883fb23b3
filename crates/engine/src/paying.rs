//! A payer pays at a page or an app: with what proofs, what the attempt waits for then, and how it is proven.
//!
//! **Invariants.** A password is counted before it is checked, and what is found right is used in the step that
//! follows. A one-time code is made for the digest of one attempt, so it opens no other. A refusal of the core is an
//! [`Error`] here, whatever else its step has kept.

use tongbao_core::{
    Actor, Facts, Refusal,
    id::{PayerId, PaymentId, WechatCombinedOrderId},
    message::Text,
    notice::contact,
    payment::{
        Method, Payment, Proofs,
        steps::{self, Given, Pay, Prove, Shown},
    },
    wechat::combine::{self, PayCombined, ProveCombined},
};
use tongbao_store::Fault;

use crate::{Engine, Error, Input, account::Purpose, vault::Field};

/// What a payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payable {
    /// A payment.
    Payment(PaymentId),
    /// All of a combined order.
    Combined(WechatCombinedOrderId),
}

/// What an attempt waits for, as who proves it names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Who pays.
    pub payer: PayerId,
    /// What.
    pub of: Payable,
    /// The digest of what is paid, from the attempt's challenge.
    pub digest: [u8; 32],
}

fn by(payer: PayerId, name: &'static str) -> Input {
    Input { actor: Actor::Payer(payer), name }
}

/// Of a combined order the first payment: all of them are in the same state.
fn first(payments: Vec<Payment>) -> Result<Payment, Error> {
    let first = payments.into_iter().next();
    first.ok_or_else(|| Error::Fault(Fault::Broken("a combined order without payments".to_owned())))
}

impl Engine {
    /// Pays with the payment password. Gives the payment as it is then: paid, asked of a channel, failed, or waiting
    /// for more proofs ([`Payment::challenged`]).
    pub async fn pay_with_password(
        &self,
        payer: PayerId,
        of: Payable,
        method: Method,
        password: String,
    ) -> Result<Payment, Error> {
        self.prove_password(payer, password).await?;
        self.pay(payer, of, method, Proofs::PASSWORD).await
    }

    /// Pays with proofs that were found right; without any, the attempt waits for all that it needs.
    pub async fn pay(
        &self,
        payer: PayerId,
        of: Payable,
        method: Method,
        proofs: Proofs,
    ) -> Result<Payment, Error> {
        let (shown, sandbox) = (Shown::Proofs(proofs), self.is_sandbox());
        match of {
            Payable::Payment(payment) => {
                let ask = Pay { payment, payer, method, shown, sandbox };
                let pay = move |facts: &dyn Facts, cx: &mut _| steps::pay_proven(facts, cx, &ask);
                self.step(by(payer, "pay_payment"), pay).await?.map_err(Error::Refused)
            }
            Payable::Combined(order) => {
                let ask = PayCombined { order, payer, method, shown, sandbox };
                let pay = move |facts: &dyn Facts, cx: &mut _| combine::pay_proven(facts, cx, &ask);
                let paid = self.step(by(payer, "pay_combined_order"), pay).await?;
                paid.map_err(Error::Refused).and_then(first)
            }
        }
    }

    /// Proves what an attempt waits for by the payment password.
    pub async fn prove_by_password(&self, waiting: &Waiting, password: String) -> Result<Payment, Error> {
        self.prove_password(waiting.payer, password).await?;
        self.prove(waiting, Given::Password).await
    }

    /// Proves what an attempt waits for by the one-time code that was sent for it.
    pub async fn prove_by_code(&self, waiting: &Waiting, code: &str) -> Result<Payment, Error> {
        let typed = self.typed_code(waiting.payer, Purpose::Challenge(waiting.digest), code);
        self.prove(waiting, Given::Code(typed)).await
    }

    /// Takes up a proof that was found right, or a code as it was typed. With the last proof that is needed the attempt
    /// goes on. A passkey must have signed the digest.
    pub async fn prove(&self, waiting: &Waiting, given: Given) -> Result<Payment, Error> {
        let Waiting { payer, of, digest } = *waiting;
        let sandbox = self.is_sandbox();
        match of {
            Payable::Payment(payment) => {
                let ask = Prove { payment, payer, digest, given, sandbox };
                let prove = move |facts: &dyn Facts, cx: &mut _| steps::prove(facts, cx, &ask);
                self.step(by(payer, "prove_payment"), prove).await?.map_err(Error::Refused)
            }
            Payable::Combined(order) => {
                let ask = ProveCombined { order, payer, digest, given, sandbox };
                let prove = move |facts: &dyn Facts, cx: &mut _| combine::prove(facts, cx, &ask);
                let proven = self.step(by(payer, "prove_combined_order"), prove).await?;
                proven.map_err(Error::Refused).and_then(first)
            }
        }
    }

    /// Sends the one-time code for what waits. [`Refusal::CodeTooSoon`] if one was sent a moment ago.
    pub async fn send_challenge_code(&self, waiting: &Waiting) -> Result<(), Error> {
        self.can_send()?;
        let Waiting { payer, of, digest } = *waiting;
        let code = self.new_code();
        let kept = self.code_digest(&payer.to_string(), Purpose::Challenge(digest), &code);
        let sealed = self.vault.seal(Field::Code, &code);
        let inbox = self.is_sandbox().then_some(Text::SecurityCode(code));
        self.run(by(payer, "send_code"), move |facts, cx| {
            let mut change = match of {
                Payable::Payment(id) => {
                    steps::send_code(facts, cx, (id, payer, &digest), kept, inbox.clone())?
                }
                Payable::Combined(id) => {
                    combine::send_code(facts, cx, (id, payer, &digest), kept, inbox.clone())?
                }
            };
            if inbox.is_none() {
                contact::phone_code(facts, cx, &mut change, payer, sealed.clone())?;
            }
            Ok(change)
        })
        .await
    }

    /// The payer takes back what waits for its proofs.
    pub async fn take_back(&self, payer: PayerId, of: Payable) -> Result<(), Error> {
        let take_back = move |facts: &dyn Facts, cx: &mut _| match of {
            Payable::Payment(id) => steps::take_back(facts, cx, id, payer),
            Payable::Combined(id) => combine::take_back(facts, cx, id, payer),
        };
        self.run(by(payer, "take_back_payment"), take_back).await
    }

    /// The card's holder is back from the bank's page, which says nothing: the bank is asked at once what became of the
    /// attempt. What it does not say yet the worker asks again.
    pub async fn holder_came_back(&self, payer: PayerId, id: PaymentId) -> Result<(), Error> {
        let found = self.store.get::<Payment>(id)?;
        let payment = found.ok_or(Error::Refused(Refusal::NotFound("payment")))?;
        let pending = payment.pending().filter(|attempt| attempt.payer == payer);
        let Some(attempt) = pending.filter(|attempt| attempt.confirmation.is_some()) else { return Ok(()) };
        let Method::Card(card) = attempt.method else { return Ok(()) };
        let said = self.charge_attempt_again((&payment, attempt), card).await?;
        let which = (id, attempt.id);
        self.run(by(payer, "hear_attempt"), move |facts, cx| steps::hear(facts, cx, which, None, &said)).await
    }
}
