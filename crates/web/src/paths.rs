//! Where the pages live and where their forms lead. The router and the templates both read them here.
//!
//! The paths of forms end in a word that no endpoint of the sandbox's JSON API has, so that the two never meet.

/// The sandbox's start page.
pub const START: &str = "/sandbox";
/// The payer's phone.
pub const PHONE: &str = "/sandbox/phone";
/// The messages that a real system would send by SMS.
pub const INBOX: &str = "/sandbox/inbox";
/// The notifications to the merchant.
pub const NOTIFICATIONS: &str = "/sandbox/notifications";
/// The signature doctor. `number` names a request that is remembered.
pub const SIGNATURE: &str = "/sandbox/signature";
/// The timeline of a payment. `of` names it.
pub const TIMELINE: &str = "/sandbox/timeline";
/// The API reference.
pub const DOCS: &str = "/docs";

/// Form: create a test payment. Fields: `csrf`.
pub const CREATE_PAYMENT: &str = "/sandbox/payments/form";
/// Form: pay by phone. Fields: `csrf`, `payer`, `method`, and `tap` (a payment's id, from a one-tap button) or `code`.
pub const PHONE_PAY: &str = "/sandbox/phone/form";
/// Form: show the payer's payment code. Fields: `csrf`, `payer`.
pub const PHONE_CODE: &str = "/sandbox/phone/code/form";
/// Form: what happens to the next payment. Fields: `csrf`, `fault` (empty for none), `payer`.
pub const FAULTS: &str = "/sandbox/faults/form";
/// Form: move the clock. Fields: `csrf`, `advance_s`, `back` (the path to return to).
pub const CLOCK: &str = "/sandbox/clock/form";
/// Form: examine a pasted request. Fields: `csrf`, `method`, `url`, `authorization`, `body`, `own`.
pub const SIGNATURE_FORM: &str = "/sandbox/signature/form";

/// The timeline of the payment with this id.
pub fn timeline(payment_id: &str) -> String {
    format!("{TIMELINE}?of={payment_id}")
}

/// Form: send a notification again. Fields: `csrf`.
pub fn resend(delivery_id: &str) -> String {
    format!("{NOTIFICATIONS}/{delivery_id}/resend")
}
