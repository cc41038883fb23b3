//! Sending money to another payer: finding the payee, comparing a name, drawing numbers and tokens.
//!
//! **Absent on purpose:** the transfer itself, which is a step of the core like any other.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use tongbao_core::{
    Actor, Facts, Key, Time,
    collection::{self, CollectionCode},
    id::PayerId,
    payer::{
        Payer,
        identity::{Identity, Person},
    },
    transfer::payee,
};
use tongbao_store::Fault;

use crate::{Engine, Error, Input, auth::hex, vault::Field};

/// How long a payee who was found can be sent money by the reference of the look-up, in milliseconds: as long as a
/// transfer on its way through the wallet's pages.
const PAYEE_REFERENCE_LIFE_MS: i64 = 15 * 60 * 1_000;

/// Whom a payer has found.
#[derive(Serialize, Deserialize)]
struct PayeeReference {
    at: Time,
    payer: PayerId,
    payee: PayerId,
}

impl Engine {
    /// Whom a payer has found, as text that its app may keep: good for this payer, for a quarter of an hour.
    pub fn seal_payee(&self, payer: PayerId, payee: PayerId) -> String {
        let reference = PayeeReference { at: self.now(), payer, payee };
        let text = serde_json::to_string(&reference).expect("numbers and ids always become JSON");
        self.vault.seal(Field::PayeeReference, &text).replace('+', "-").replace('/', "_")
    }

    /// Whom this payer has found, if the reference is good.
    pub fn open_payee(&self, payer: PayerId, text: &str) -> Option<PayerId> {
        let sealed = text.replace('-', "+").replace('_', "/");
        let text = self.vault.open(Field::PayeeReference, &sealed).ok()?;
        let reference: PayeeReference = serde_json::from_str(&text).ok()?;
        let fresh = self.now().since_ms(reference.at) < PAYEE_REFERENCE_LIFE_MS;
        (fresh && reference.payer == payer).then_some(reference.payee)
    }

    /// Who has a phone number, for a payer who wants to send money there. Counted, found or not.
    pub async fn look_up_payee(&self, payer: PayerId, phone: &str) -> Result<Option<PayerId>, Error> {
        let digest = self.vault.digest("phone", phone);
        let input = Input { actor: Actor::Payer(payer), name: "look_up_payee" };
        self.step(input, move |facts: &dyn Facts, cx| payee::look_up(facts, cx, payer, digest)).await
    }

    /// Whether a payee's name begins with this character: who sends types the one that is hidden in the hint. Counted
    /// before it is compared, so that a crowd of guesses gets no more than the limit says. A payee without a verified
    /// name has none that could be compared.
    pub async fn is_surname(&self, payer: PayerId, payee: &Payer, typed: &str) -> Result<bool, Error> {
        let input = Input { actor: Actor::Payer(payer), name: "check_payee_name" };
        self.run(input, move |facts, cx| payee::count_name_check(facts, cx, payer)).await?;
        let Some(Identity::Verified { person, .. }) = &payee.identity else { return Ok(false) };
        let Some(person) = self.store.get::<Person>(*person)? else { return Ok(false) };
        let unreadable = |_| Fault::Broken("a name cannot be opened".to_owned());
        let name = self.vault.open(Field::Name, &person.name_sealed).map_err(unreadable)?;
        let mut typed = typed.trim().chars();
        let first = typed.next().filter(|_| typed.next().is_none());
        Ok(first.is_some() && name.chars().next() == first)
    }

    /// A payer's collection code, made at first use.
    pub async fn enrol_collection_code(&self, payer: PayerId) -> Result<CollectionCode, Error> {
        let token = self.collection_token();
        let input = Input { actor: Actor::Payer(payer), name: "enrol_collection_code" };
        self.step(input, move |facts: &dyn Facts, cx| collection::enrol(facts, cx, payer, &token)).await
    }

    /// What stands in the address of a new collection code: 128 random bits.
    pub fn collection_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.entropy.seed())
    }

    /// A payer's collection code, if it has one.
    pub fn collection_code(&self, payer: PayerId) -> Result<Option<CollectionCode>, Fault> {
        self.store.find::<CollectionCode>(Key::CollectionCodeOf(payer.into()))
    }

    /// The number of a payer's request: 128 random bits, as nobody else will draw.
    pub fn request_number(&self) -> String {
        hex(&self.entropy.seed())
    }
}
