//! Utility payments: the port to billers, what is due, and how a payment is asked about.
//!
//! **Invariants.** No call to a biller is made inside a step, and none without its intent committed before: a look-up
//! is counted, a payment is a record. The payment's id is the biller's idempotency key, so a worker that died after
//! asking asks again. No answer in time is "unknown", never a failure. What is paid is what the biller said is due:
//! payers carry it sealed, and cannot change it.

use std::{future::ready, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
pub use tongbao_channel::{biller::Biller, sandbox_billers};
use tongbao_channel::{
    biller::{Booking, Standing, is_account},
    sandbox_billers as sandbox,
};
use tongbao_core::{
    Actor, Facts, Key, Refusal, TaskKey, Time,
    id::{PayerId, UtilityPaymentId},
    payer::passkey::digest_of,
    payment::Proofs,
    transfer::payee,
    utility::{
        Utility, UtilityPayment,
        steps::{self, NewUtilityPayment, Said},
    },
};
use tongbao_money::{Amount, Currency, Money};
use tongbao_store::Fault;
use zeroize::Zeroizing;

use crate::{Call, Engine, Error, Input, bank::work::Asked, vault::Field};

/// How long a biller may take to answer; a lease is six times as long.
pub const ANSWER_TIME: Duration = Duration::from_secs(10);

/// How long an offer can be paid, in milliseconds: after that the biller is asked again what is due.
pub const OFFER_LIFE_MS: i64 = 15 * 60 * 1_000;

/// Digits of an account's number that pages show.
const HINT_CHARS: usize = 4;

/// Speaks to billers, each by its code. A payment may be asked for any number of times: the id in it is the biller's
/// idempotency key.
pub trait Billers: Send + Sync {
    /// Who takes payments.
    fn directory(&self) -> Call<'_, Vec<Biller>>;
    /// What is due on an account.
    fn look_up<'a>(&'a self, biller: &'a str, account: &'a str) -> Call<'a, Standing>;
    /// Has a payment booked.
    fn pay<'a>(&'a self, booking: &'a Booking) -> Call<'a, Said>;
    /// Asks what became of a payment.
    fn query<'a>(&'a self, booking: &'a Booking) -> Call<'a, Said>;
}

/// The billers of the sandbox, which need no wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct SandboxBillers;

impl Billers for SandboxBillers {
    fn directory(&self) -> Call<'_, Vec<Biller>> {
        Box::pin(ready(sandbox::directory()))
    }

    fn look_up<'a>(&'a self, biller: &'a str, account: &'a str) -> Call<'a, Standing> {
        Box::pin(ready(sandbox::look_up(biller, account)))
    }

    fn pay<'a>(&'a self, booking: &'a Booking) -> Call<'a, Said> {
        Box::pin(ready(sandbox::pay(booking)))
    }

    fn query<'a>(&'a self, booking: &'a Booking) -> Call<'a, Said> {
        Box::pin(ready(sandbox::pay(booking)))
    }
}

/// What a biller said is due, as one payer may pay it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Who may pay it.
    pub payer: PayerId,
    /// When the biller was asked.
    pub at: Time,
    /// The number under which it is paid, once.
    pub number: String,
    /// The code of the biller.
    pub biller: String,
    /// What the biller is called.
    pub biller_name: String,
    /// What it supplies.
    pub utility: Utility,
    /// The number of the account.
    pub account: String,
    /// The holder's name, masked by the biller.
    pub holder: String,
    /// What the biller calls the time that is paid for.
    pub period: String,
    /// How much, in fen.
    pub amount: Amount,
}

impl Offer {
    /// The last digits of the account.
    pub fn account_hint(&self) -> String {
        let left_out = self.account.chars().count().saturating_sub(HINT_CHARS);
        let shown: String = self.account.chars().skip(left_out).collect();
        format!("****{shown}")
    }

    /// The digest of what is confirmed: all of it, its number among it.
    pub fn about(&self) -> [u8; 32] {
        let text = serde_json::to_vec(self).expect("numbers and texts always become JSON");
        digest_of("a utility payment", [text.as_slice()])
    }
}

impl std::fmt::Debug for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offer({})", self.number)
    }
}

/// What a look-up found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookedUp {
    /// Something is due.
    Due(Box<Offer>),
    /// Nothing is.
    NothingDue,
    /// There is no such account, or no such biller.
    NoSuchAccount,
    /// The biller gave no answer.
    Unknown,
}

/// The number of an account as billers know it: what a payer typed, without white space, in capital letters.
pub fn plain_account(typed: &str) -> String {
    let plain: String = typed.chars().filter(|char| !char.is_whitespace()).collect();
    plain.to_ascii_uppercase()
}

impl Engine {
    /// The billers that take payments; none while the directory cannot be reached.
    pub async fn billers(&self) -> Vec<Biller> {
        let Some(billers) = &self.billers else { return Vec::new() };
        timeout(ANSWER_TIME, billers.directory()).await.unwrap_or_default()
    }

    /// Asks a biller what is due on an account. Counted first, whatever the answer is.
    pub async fn look_up_utility(
        &self,
        payer: PayerId,
        biller: &str,
        account: &str,
    ) -> Result<LookedUp, Error> {
        let Some(billers) = &self.billers else { return Ok(LookedUp::Unknown) };
        let known = self.billers().await.into_iter().find(|known| known.code == biller);
        let Some(known) = known.filter(|_| is_account(account)) else {
            return Ok(LookedUp::NoSuchAccount);
        };
        let input = Input { actor: Actor::Payer(payer), name: "look_up_biller_account" };
        self.run(input, move |facts, cx| payee::count_biller_look_up(facts, cx, payer)).await?;
        let standing = timeout(ANSWER_TIME, billers.look_up(&known.code, account)).await;
        Ok(match standing.unwrap_or(Standing::Unknown) {
            Standing::Due { holder, period, amount } => LookedUp::Due(Box::new(Offer {
                payer,
                at: self.now(),
                number: self.request_number(),
                biller: known.code,
                biller_name: known.name,
                utility: known.utility,
                account: account.to_owned(),
                holder,
                period,
                amount,
            })),
            Standing::NothingDue => LookedUp::NothingDue,
            Standing::NoSuchAccount => LookedUp::NoSuchAccount,
            Standing::Unknown => LookedUp::Unknown,
        })
    }

    /// An offer as text that its payer may keep, for addresses and forms.
    pub fn seal_offer(&self, offer: &Offer) -> String {
        let text = serde_json::to_string(offer).expect("numbers and texts always become JSON");
        self.vault.seal(Field::UtilityOffer, &text).replace('+', "-").replace('/', "_")
    }

    /// The payer's offer that a text holds, if it can still be paid.
    pub fn open_offer(&self, payer: PayerId, text: &str) -> Option<Offer> {
        let sealed = text.replace('-', "+").replace('_', "/");
        let text = self.vault.open(Field::UtilityOffer, &sealed).ok()?;
        let offer: Offer = serde_json::from_str(&text).ok()?;
        let fresh = self.now().since_ms(offer.at) < OFFER_LIFE_MS;
        (fresh && offer.payer == payer).then_some(offer)
    }

    /// What a payment of an offer is made of.
    pub fn new_utility_payment(&self, offer: &Offer, proofs: Proofs) -> NewUtilityPayment {
        NewUtilityPayment {
            payer: offer.payer,
            request_no: offer.number.clone(),
            biller: offer.biller.clone(),
            biller_name: offer.biller_name.clone(),
            utility: offer.utility,
            account_sealed: self.vault.seal(Field::BillerAccount, &offer.account),
            account_hint: offer.account_hint(),
            period: offer.period.clone(),
            money: Money { amount: offer.amount, currency: Currency::CNY },
            proofs,
        }
    }

    /// Pays an offer from the balance, after proofs that were found right ([`Engine::prove_password`]). The same offer
    /// again is the same payment.
    pub async fn pay_utility(&self, offer: &Offer, proofs: Proofs) -> Result<UtilityPayment, Error> {
        let new = self.new_utility_payment(offer, proofs);
        let input = Input { actor: Actor::Payer(offer.payer), name: "plan_utility_payment" };
        let plan = move |facts: &dyn Facts, cx: &mut _| steps::plan_proven(facts, cx, &new);
        self.step(input, plan).await?.map_err(Error::Refused)
    }

    /// The payment that an offer has become, if it was paid.
    pub fn paid_offer(&self, offer: &Offer) -> Result<Option<UtilityPayment>, Fault> {
        self.store.find::<UtilityPayment>(Key::UtilityPaymentNo(offer.payer, offer.number.clone()))
    }

    /// The number of the account that a payment was made for.
    pub fn biller_account(&self, payment: &UtilityPayment) -> Result<Zeroizing<String>, Fault> {
        let opened = self.vault.open(Field::BillerAccount, &payment.account_sealed);
        opened.map(Zeroizing::new).map_err(|unreadable| Fault::Unreadable(unreadable.to_string()))
    }

    /// Has a payment booked by its biller, or asks what became of it.
    pub(crate) async fn ask_biller(
        &self,
        lease: TaskKey,
        id: UtilityPaymentId,
        asked: Asked,
    ) -> Result<(), Error> {
        let payment = self.store.get::<UtilityPayment>(id)?;
        let payment = payment.ok_or(Error::Refused(Refusal::NotFound("utility payment")))?;
        let booking = Booking {
            id: id.to_string(),
            account: self.biller_account(&payment)?,
            biller: payment.biller,
            period: payment.period,
            money: payment.money,
            began_at: payment.created_at,
            asked_at: self.now(),
        };
        let said = match (&self.billers, asked) {
            (None, _) => Said::Unknown,
            (Some(billers), Asked::First) => {
                timeout(ANSWER_TIME, billers.pay(&booking)).await.unwrap_or(Said::Unknown)
            }
            (Some(billers), Asked::Again) => {
                timeout(ANSWER_TIME, billers.query(&booking)).await.unwrap_or(Said::Unknown)
            }
        };
        let input = Input { actor: Actor::Worker, name: "hear_biller" };
        let hear = move |facts: &dyn Facts, cx: &mut _| steps::hear(facts, cx, id, Some(lease), &said);
        self.run(input, hear).await
    }
}
