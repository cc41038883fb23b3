//! What a merchant of WeChat Pay's interface (API v3) is, and what its orders remember.
//!
//! An order (订单) of that interface is a payment with a [`WechatOrder`] in it. It is created, paid, closed
//! and refunded by the steps of [`crate::payment`] and [`crate::refund`]; here is only what that interface
//! asks beside them: when an order number may be used again, how a prepay id lives, what a refund must name.
//!
//! **Invariants.** A merchant number belongs to one merchant for ever, a transaction id to one payment, a
//! refund id to one refund. What was asked for when an order was placed never changes.
//!
//! **Absent on purpose:** signatures, certificates as anything but texts, the wire forms, and a second way to
//! move money.

pub mod codepay;
pub mod combine;
pub mod merchant;
pub mod number;
pub mod order;
pub mod platform;
pub mod refund;
pub mod transfer;
pub mod transfer_batch;

pub use combine::WechatCombinedOrder;
pub use merchant::WechatMerchant;
pub use order::WechatOrder;
pub use platform::WechatPlatform;
pub use refund::WechatRefund;
pub use transfer::WechatTransfer;
pub use transfer_batch::{WechatTransferBatch, WechatTransferList};
