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
/// The reference of the payers' API.
pub const PAYER_DOCS: &str = "/docs/payer";

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

/// The page of the sandbox's bank for the holder of a card, and its form. Fields: `csrf`, `said`.
pub const BANK: &str = "/sandbox/bank/{payment}/{attempt}";

/// The same for the card that pays a payment by this attempt.
pub fn bank(payment_id: &str, attempt_id: &str) -> String {
    tongbao_engine::bank::sandbox_card::page(payment_id, attempt_id)
}

/// The timeline of the payment with this id.
pub fn timeline(payment_id: &str) -> String {
    format!("{TIMELINE}?of={payment_id}")
}

/// Form: send a notification again. Fields: `csrf`.
pub fn resend(delivery_id: &str) -> String {
    format!("{NOTIFICATIONS}/{delivery_id}/resend")
}

/// The wallet's first page.
pub const WALLET: &str = "/wallet";
/// Sign in to the wallet, or sign up. `back` is the page to go on to.
pub const SIGN_IN: &str = "/wallet/sign-in";
/// Form: what a passkey is asked to sign to come in, as JSON. Fields: `csrf`.
pub const SIGN_IN_PASSKEY: &str = "/wallet/sign-in/passkey";
/// Form: sign in by it. Fields: `csrf`, `passkey`, `back`.
pub const SIGN_IN_PASSKEY_SESSION: &str = "/wallet/sign-in/passkey/session";
/// Choose a payment password for a new account.
pub const SIGN_UP: &str = "/wallet/sign-up";
/// Form: sign out. Fields: `csrf`.
pub const SIGN_OUT: &str = "/wallet/sign-out";
/// The security centre.
pub const SECURITY: &str = "/wallet/security";
/// Where the payer is signed in.
pub const DEVICES: &str = "/wallet/security/devices";
/// Change the payment password.
pub const PASSWORD: &str = "/wallet/security/password";
/// Set the payment password anew by proving who one is.
pub const RESET: &str = "/wallet/security/reset";
/// Real-name verification.
pub const IDENTITY: &str = "/wallet/security/identity";
/// The payer's passkeys. Also the form that adds one. Fields: `csrf`, `name`, `passkey`.
pub const PASSKEYS: &str = "/wallet/security/passkeys";
/// Form: what the device is asked for, as JSON. Fields: `csrf`, `name`, `password`.
pub const PASSKEYS_OPTIONS: &str = "/wallet/security/passkeys/options";
/// Form: remove one. Fields: `csrf`, `passkey`.
pub const PASSKEYS_REMOVAL: &str = "/wallet/security/passkeys/removal";
/// Where the code is asked for that adds one.
pub const PASSKEYS_CODE: &str = "/wallet/security/passkeys/code";
/// What may be paid from the balance.
pub const LIMITS: &str = "/wallet/security/limits";
/// Where payment codes are switched on for this device.
pub const CODE_SWITCH: &str = "/wallet/security/codes";
/// Where they are switched off.
pub const CODE_SWITCH_OFF: &str = "/wallet/security/codes/end";
/// Freeze and unfreeze.
pub const FREEZE: &str = "/wallet/security/freeze";
/// What the payer is told by SMS and mail. Also its form. Fields: `csrf`, `sms`, `mail`, `english`.
pub const NOTICES: &str = "/wallet/security/notices";
/// The mail address of notices. Also its form. Fields: `csrf`, `mail`.
pub const MAIL: &str = "/wallet/security/mail";
/// Form: confirm the address. Fields: `csrf`, `code`.
pub const MAIL_CODE: &str = "/wallet/security/mail/code";
/// Form: send no mail any more. Fields: `csrf`.
pub const MAIL_END: &str = "/wallet/security/mail/end";
/// A copy of everything that is kept about the payer. Also its form. Fields: `csrf`, `password`.
pub const OWN_DATA: &str = "/wallet/security/data";
/// Close the account. Also its form. Fields: `csrf`, `code`, `password`.
pub const CLOSING: &str = "/wallet/security/closing";
/// Form: send the code for that. Fields: `csrf`.
pub const CLOSING_CODE: &str = "/wallet/security/closing/code";
/// What the payer was told.
pub const MESSAGES: &str = "/wallet/messages";
/// The payer's bills.
pub const BILLS: &str = "/wallet/bills";
/// The payer's payment code, for a shop to scan. Also its form: show the present one. Fields: `csrf`.
pub const PAYMENT_CODE: &str = "/wallet/code";
/// Send money to another payer. `d` is the transfer so far, sealed.
pub const TRANSFER: &str = "/wallet/transfer";
/// Form: to whom. Fields: `csrf`, `phone`.
pub const TRANSFER_PAYEE: &str = "/wallet/transfer/payee";
/// Form: how much. Fields: `csrf`, `d`, `amount`, `note`, `way`, `surname`.
pub const TRANSFER_AMOUNT: &str = "/wallet/transfer/amount";
/// Form: send it. Fields: `csrf`, `d`, `password` or `passkey`.
pub const TRANSFER_SEND: &str = "/wallet/transfer/send";
/// Form: what a passkey is asked to sign, as JSON. Fields: `csrf`, `d`.
pub const TRANSFER_PASSKEY: &str = "/wallet/transfer/passkey";
/// The payer's collection code. Also the form that makes it. Fields: `csrf`.
pub const COLLECT: &str = "/wallet/collect";
/// Form: what the code asks for. Fields: `csrf`, `amount`.
pub const COLLECT_AMOUNT: &str = "/wallet/collect/amount";
/// Form: hide or show the balance. Fields: `csrf`, `hide`.
pub const BALANCE: &str = "/wallet/balance";
/// Put money in.
pub const TOP_UP: &str = "/wallet/top-up";
/// Take money out.
pub const WITHDRAWAL: &str = "/wallet/withdrawal";
/// Bank cards.
pub const CARDS: &str = "/wallet/cards";

/// Bind a card. Also its form. Fields: `csrf`, `number`, `name`, `id_number`, `phone`.
pub const BIND_CARD: &str = "/wallet/cards/new";
/// Confirm a withdrawal. `d` is the withdrawal so far, sealed. Also its form. Fields: `csrf`, `d`, `password`.
pub const WITHDRAWAL_CONFIRM: &str = "/wallet/withdrawal/confirm";
/// Form: what a passkey is asked to sign, as JSON. Fields: `csrf`, `d`.
pub const WITHDRAWAL_PASSKEY: &str = "/wallet/withdrawal/passkey";

/// Utility payments. Also the form that asks what is due. Fields: `csrf`, `biller` and `account`, or `again` (a payment
/// for the same account).
pub const UTILITIES: &str = "/wallet/utilities";
/// Confirm what is due. `d` is what the biller said, sealed. Also its form. Fields: `csrf`, `d`, `password`.
pub const UTILITY_OFFER: &str = "/wallet/utilities/offer";

/// What a passkey is asked to sign of an offer; for the script of its page. Fields: `csrf`, `d`.
pub const UTILITY_PASSKEY: &str = "/wallet/utilities/passkey";

/// Form: what is done with a card: `default`, `earlier`, `disable`, `enable` or `unbind`. Fields: `csrf`.
pub fn card_deed(id: &str, deed: &str) -> String {
    format!("{CARDS}/{id}/{deed}")
}

/// What became of a top-up.
pub fn top_up(id: &str) -> String {
    format!("{TOP_UP}/{id}")
}

/// What became of a withdrawal.
pub fn withdrawal(id: &str) -> String {
    format!("{WITHDRAWAL}/{id}")
}

/// The payer's transit code, for a gate to scan. Also its form: show the present one. Fields: `csrf`.
pub const TRANSIT: &str = "/wallet/transit";
/// The payer's rides.
pub const RIDES: &str = "/wallet/rides";
/// What the payer owes for a ride. Also the form that pays it. Fields: `csrf`, `debt`.
pub const DEBT: &str = "/wallet/debt";

/// What became of a ride.
pub fn ride(id: &str) -> String {
    format!("{RIDES}/{id}")
}

/// What became of a utility payment.
pub fn utility(id: &str) -> String {
    format!("{UTILITIES}/{id}")
}

/// The page of a collection code in the wallet; also its form. Fields: `csrf`, `amount`, `note`.
pub fn collection(token: &str) -> String {
    format!("/wallet/c/{token}")
}

/// What stands in a collection code that is printed: short, so that the picture is coarse.
pub fn collection_code(token: &str) -> String {
    format!("/c/{token}")
}

/// The page of one bill.
pub fn bill(id: &str) -> String {
    format!("{BILLS}/{id}")
}

/// Form: `acceptance`, `refusal` or `withdrawal` of a transfer. Fields: `csrf`.
pub fn transfer_deed(id: &str, deed: &str) -> String {
    format!("{TRANSFER}/{id}/{deed}")
}
