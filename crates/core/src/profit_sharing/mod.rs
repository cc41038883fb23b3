//! Profit sharing (分账): the money of a payment that stays frozen until it is shared with others.
//!
//! ```text
//!            share, refund            share the last of it, unfreeze, time over
//!   frozen ────────────────▶ frozen ─────────────────────────────────────────▶ finished
//! ```
//!
//! An order that was placed for sharing is paid into its merchant's `frozen` account, less the fee. What is shared
//! goes from there to other merchants and payers, what is refunded goes from there to the payer, and what is left in
//! the end goes to the merchant's other takings.
//!
//! **Invariants.** A payment has one [`Sharing`]. What is shared and what is refunded while it lasts never add up to
//! more than was frozen, because both are taken from the same sum in the same step. The balance of a merchant's
//! `frozen` account is the sum of what its sharings have frozen. What was shared counts against the greatest share
//! for ever, also when a receiver gives it back.
//!
//! **Absent on purpose:** partner and brand merchants. The limit of what a person may receive in a month.

pub mod giving_back;
pub mod machine;
pub mod order;
pub mod receiver;
pub mod steps;

use serde::{Deserialize, Serialize};
use tongbao_money::{Amount, BasisPoints, Money};

use crate::{
    Key, Time,
    id::{MerchantId, PaymentId, SharingId},
    payment::Payment,
};

pub use giving_back::SharingReturn;
pub use order::SharingOrder;
pub use receiver::SharingReceiver;

/// The greatest part of a payment that is shared: 30 %, unless a merchant has agreed on another (分账接入指南).
pub const SHARED_RATIO_MAX: BasisPoints = match BasisPoints::new(3_000) {
    Some(ratio) => ratio,
    None => BasisPoints::ZERO,
};
/// Nothing is shared before a minute has passed since the payment (same guide).
pub const SHARED_AFTER_MS: i64 = 60 * 1_000;
/// What is frozen after 30 days is unfrozen (same guide).
pub const FROZEN_FOR_S: i64 = 30 * 24 * 3_600;
/// Requests for one payment (same guide).
pub const ORDERS_PER_SHARING_MAX: u16 = 50;
/// Receivers of one request (same guide).
pub const SHARES_PER_ORDER_MAX: usize = 50;
/// What a receiver has can be given back for 180 days (same guide).
pub const GIVEN_BACK_WITHIN_MS: i64 = 180 * 24 * 3_600 * 1_000;
/// And 50 times for one request (same guide).
pub const RETURNS_PER_ORDER_MAX: u16 = 50;

/// What is frozen of one payment, and what was done with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sharing {
    /// Its id.
    pub id: SharingId,
    /// How often it changed.
    pub version: u32,
    /// Whose money it is.
    pub merchant: MerchantId,
    /// Of which payment.
    pub payment: PaymentId,
    /// What was paid.
    pub total: Money,
    /// What is frozen of it now.
    pub frozen: Amount,
    /// The sum of what was shared.
    pub shared: Amount,
    /// The sum of what was refunded from it.
    pub refunded: Amount,
    /// How many requests to share there were.
    pub orders: u16,
    /// When it was paid.
    pub created_at: Time,
    /// When what is left is unfrozen.
    pub ends_at: Time,
    /// When the last of it was unfrozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
}

impl Sharing {
    /// What can still be shared: what is frozen, and nothing once it is finished.
    pub fn unsplit(&self) -> Amount {
        if self.finished_at.is_some() { Amount::ZERO } else { self.frozen }
    }

    pub(crate) fn keys(&self) -> Vec<Key> {
        vec![Key::SharingOf(self.payment)]
    }
}

/// Whether a payment was asked for with profit sharing.
pub fn is_asked_for(payment: &Payment) -> bool {
    payment.wechat.as_ref().is_some_and(|order| order.terms.profit_sharing == Some(true))
}
