//! The challenge (加验) of an attempt: what it waits for before it goes on.
//!
//! ```text
//!            begin                      prove                     prove, enough
//!   nothing ───────▶ challenged ───────────────────▶ challenged ───────────────▶ processing
//!                        │    (one proof of several)     │
//!                        └── time over, taken back, ─────┴──▶ unproven
//!                            frozen, payment ended
//! ```
//!
//! **Invariants.** A challenged attempt has moved nothing, holds nothing and was told to nobody; the payment is open
//! all the while. A proof is given for one digest, so for one attempt: its payment, payee, order, amount, payer and
//! method. What was given counts while the attempt waits, and never again. One attempt of a payer waits at a payment
//! at a time. An attempt whose time is over stands as challenged until somebody asks for it or the payment ends, and
//! takes no proof.

use serde::{Deserialize, Serialize};

use super::{Attempt, Method, Payment, policy, proof::Proofs};
use crate::{
    Time,
    id::{AttemptId, PayerId, TypedId, WechatCombinedOrderId},
    limits::CHALLENGE_LIFE_MS,
};

/// What an attempt waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Digest of what is paid.
    pub digest: [u8; 32],
    /// The sets of proofs of which any one is enough.
    pub needed: Vec<Proofs>,
    /// The instant from which no proof is taken any more.
    pub expires_at: Time,
}

impl Challenge {
    /// A challenge that begins now and ends with the payment at the latest.
    pub(crate) fn begin(digest: [u8; 32], needed: Vec<Proofs>, at: Time, payment: &Payment) -> Challenge {
        let expires_at = at.plus_ms(CHALLENGE_LIFE_MS).min(payment.payable_until());
        Challenge { digest, needed, expires_at }
    }

    /// Whether it still takes proofs.
    pub fn is_live(&self, at: Time) -> bool {
        at < self.expires_at
    }

    /// What is missing by the set that is nearest to what was given; of equals the first.
    pub fn missing(&self, given: Proofs) -> Proofs {
        let missing = self.needed.iter().map(|set| set.without(given));
        missing.min_by_key(|set| set.iter().count()).unwrap_or_default()
    }

    /// Whether these are enough.
    pub fn is_met(&self, given: Proofs) -> bool {
        policy::is_enough(&self.needed, given)
    }
}

/// What is being paid, in a form of which no two are alike: the fields stand in a fixed order, texts after their
/// lengths.
pub struct Paying<'a> {
    /// The payment; of a combined order its first.
    pub payment: &'a Payment,
    /// The combined order, if it is one: the sum is that of the whole.
    pub combined: Option<(WechatCombinedOrderId, i64)>,
    /// Who pays.
    pub payer: PayerId,
    /// How.
    pub method: Method,
    /// The attempt; of a combined order that of its first payment.
    pub attempt: AttemptId,
}

impl Paying<'_> {
    /// Its digest.
    pub fn digest(&self) -> [u8; 32] {
        let Paying { payment, combined, payer, method, attempt } = self;
        let mut hash = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            hash.update(&length.to_be_bytes()).update(bytes);
        };
        add(b"tongbao payment challenge 1");
        add(payment.id.uuid().as_bytes());
        add(attempt.uuid().as_bytes());
        add(payer.uuid().as_bytes());
        add(payment.merchant.uuid().as_bytes());
        add(payment.order_no.as_bytes());
        add(&payment.money.amount.minor().to_be_bytes());
        add(payment.money.currency.code().as_bytes());
        add(method.name().as_bytes());
        match method {
            Method::Card(card) => add(card.uuid().as_bytes()),
            Method::Balance | Method::SandboxBank => add(&[]),
        }
        if let Some((order, total)) = combined {
            add(order.uuid().as_bytes());
            add(&total.to_be_bytes());
        }
        hash.finalize().into()
    }
}

impl Payment {
    /// The attempt of this payer that waits for proofs, whether its time is over or not.
    pub fn challenged(&self, payer: PayerId) -> Option<(&Attempt, &Challenge)> {
        let mut of_payer = self.attempts.iter().filter(|attempt| attempt.payer == payer);
        of_payer.find_map(|attempt| Some((attempt, attempt.challenge.as_deref()?)))
    }
}
