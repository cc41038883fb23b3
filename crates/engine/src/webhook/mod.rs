//! Sending webhooks: how a request is signed, where it may go, and how it is sent.
//!
//! Three pieces that know nothing of payments or of the store:
//! - [`signature`]: Standard Webhooks headers, HMAC-SHA256 per live secret and Ed25519;
//! - [`target`] and [`address`]: which URL and which IP address may receive a webhook;
//! - [`sender`]: one attempt over HTTP, with [`lookup`] inside the connector and an [`outcome`] at the end.
//!
//! Invariant: no byte leaves for an address that [`target::Policy`] does not permit, whatever a merchant
//! writes into the URL, whatever the name resolves to, and whatever the receiver answers.
//!
//! Absent on purpose: the retry schedule and the decision to give up (pure, in the core), and the storage of
//! attempts (the store).

pub mod address;
pub mod lookup;
pub mod outcome;
pub mod sender;
pub mod signature;
pub mod target;

pub use outcome::{Failure, Outcome};
pub use sender::Sender;
pub use signature::{Secret, SignedHeaders, SigningKey, sign};
pub use target::{Policy, check_url};
