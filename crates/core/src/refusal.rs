//! Every way to say no, each with the code the API publishes.

use std::fmt;

use crate::{
    Time,
    id::{PaymentId, RefundId, RideId},
    payer::usage::Limit,
};

/// The answer is no, and nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No such thing, or not yours: the two look alike on purpose.
    NotFound(&'static str),
    /// A field is out of its range; the text says which range.
    Invalid {
        /// The field's name in the request.
        param: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// The order number names another payment with other content.
    OrderNoUsed(PaymentId),
    /// The refund number names another refund with other content.
    RefundNoUsed(RefundId),
    /// The idempotency key was used with another body; the hashes' first 8 digits.
    KeyReused {
        /// Of the first request.
        first: String,
        /// Of this request.
        second: String,
    },
    /// The payment's time is over.
    PaymentExpired,
    /// The payment was closed.
    PaymentClosed,
    /// The payment was paid already.
    PaymentPaid,
    /// An attempt is under way and its result is not known.
    PaymentProcessing,
    /// The payment was not paid, so there is nothing to refund.
    NotPaid,
    /// More than is left to refund, in minor units.
    RefundTooLarge {
        /// What is left.
        left: i64,
    },
    /// The payment has as many refunds as it may have.
    TooManyRefunds,
    /// The payment has as many attempts as it may have.
    TooManyAttempts,
    /// The merchant's account does not cover the refund.
    MerchantBalance,
    /// The transfer was accepted already.
    TransferAccepted,
    /// The transfer went back to its sender, or is about to: its time is over.
    TransferReturned,
    /// The payer's balance does not cover the transfer.
    BalanceInsufficient,
    /// The card is switched off, unbound, or of a kind that cannot do this.
    CardUnusable,
    /// The payer has as many cards as it may have.
    TooManyCards,
    /// Too many checks of cards with banks.
    TooManyCardChecks {
        /// When the next is made.
        until: Time,
    },
    /// The fee is another than was shown.
    FeeChanged,
    /// The payer has looked up as many payees as it may on one day.
    LookUpsUsedUp,
    /// Static collection codes have taken from the payer on this day as much as they may; in minor units.
    CollectionLimit {
        /// What they may still take today.
        left: i64,
    },
    /// The payer's account is frozen: no money leaves it.
    PayerFrozen,
    /// Nobody has verified yet who the payer is, so nothing may be paid from the balance.
    IdentityRequired,
    /// What was given is not the identity of the payer.
    WrongIdentity {
        /// Tries left before the lock.
        tries_left: u8,
    },
    /// Too many wrong identities.
    IdentityLocked {
        /// When it opens again.
        until: Time,
    },
    /// The person has as many accounts as it may have.
    TooManyAccounts,
    /// A limit of payments from the balance would be passed; in fen.
    LimitReached {
        /// Which.
        limit: Limit,
        /// What may still be paid under it.
        left: i64,
    },
    /// As many payments were made from the balance today as a day may have.
    PaymentsUsedUp,
    /// What was proven is something else, or does not wait for a proof any more.
    ProofVoid,
    /// Risk control does not let it go on.
    Blocked,
    /// Risk control asks for a passkey.
    PasskeyNeeded,
    /// Somebody has decided otherwise, or the time of the review is over.
    ReviewEnded,
    /// The payment password is wrong.
    WrongPassword {
        /// Tries left before the lock.
        tries_left: u8,
    },
    /// Too many wrong passwords.
    PasswordLocked {
        /// When it opens again.
        until: Time,
    },
    /// The one-time code is wrong, used or too old.
    WrongCode,
    /// A code was sent a moment ago.
    CodeTooSoon,
    /// As many codes were sent there today as a day may have.
    CodesOfDayUsedUp,
    /// What is asked for takes the payment password, and none was given.
    PasswordRequired,
    /// Payment codes are not switched on where the payer is signed in.
    PaymentCodesOff,
    /// What a passkey signed is not what was asked of it, or too old, or used; or the passkey is none of the payer's.
    PasskeyRefused,
    /// The payer has as many passkeys as it may have.
    TooManyPasskeys,
    /// The app has as many webhook endpoints as it may have.
    TooManyEndpoints,
    /// The key is revoked already, or the last of its app.
    KeyRevoked,
    /// The ride number names another ride with other content.
    RideNoUsed(RideId),
    /// What was scanned is no transit code, or not of who rides.
    TransitCodeInvalid,
    /// The transit code was good once.
    TransitCodeExpired,
    /// The transit code has passed a gate already.
    TransitCodeUsed,
    /// The payer is on a ride that has not ended.
    RideOpen,
    /// The ride has ended otherwise.
    RideEnded,
    /// The payer owes a fare.
    DebtOpen,
    /// The worker no longer holds the task.
    LeaseLost,
}

impl Refusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Refusal::NotFound(_) => "not_found",
            Refusal::Invalid { .. } => "invalid_value",
            Refusal::OrderNoUsed(_) => "order_no_used",
            Refusal::RefundNoUsed(_) => "refund_no_used",
            Refusal::KeyReused { .. } => "idempotency_key_reused",
            Refusal::PaymentExpired => "payment_expired",
            Refusal::PaymentClosed => "payment_closed",
            Refusal::PaymentPaid => "payment_already_paid",
            Refusal::PaymentProcessing => "payment_processing",
            Refusal::NotPaid => "payment_not_paid",
            Refusal::RefundTooLarge { .. } => "refund_too_large",
            Refusal::TooManyRefunds => "too_many_refunds",
            Refusal::TooManyAttempts => "too_many_attempts",
            Refusal::MerchantBalance => "merchant_balance_insufficient",
            Refusal::TransferAccepted => "transfer_accepted",
            Refusal::TransferReturned => "transfer_returned",
            Refusal::BalanceInsufficient => "balance_insufficient",
            Refusal::CardUnusable => "card_unusable",
            Refusal::TooManyCards => "too_many_cards",
            Refusal::TooManyCardChecks { .. } => "too_many_card_checks",
            Refusal::FeeChanged => "fee_changed",
            Refusal::LookUpsUsedUp => "look_ups_used_up",
            Refusal::CollectionLimit { .. } => "collection_limit",
            Refusal::PayerFrozen => "payer_frozen",
            Refusal::IdentityRequired => "identity_required",
            Refusal::WrongIdentity { .. } => "wrong_identity",
            Refusal::IdentityLocked { .. } => "identity_locked",
            Refusal::TooManyAccounts => "too_many_accounts",
            Refusal::LimitReached { .. } => "limit_reached",
            Refusal::PaymentsUsedUp => "payments_used_up",
            Refusal::ProofVoid => "proof_void",
            Refusal::Blocked => "blocked",
            Refusal::PasskeyNeeded => "passkey_needed",
            Refusal::ReviewEnded => "review_ended",
            Refusal::WrongPassword { .. } => "wrong_password",
            Refusal::PasswordLocked { .. } => "password_locked",
            Refusal::WrongCode => "wrong_code",
            Refusal::CodeTooSoon => "code_too_soon",
            Refusal::CodesOfDayUsedUp => "codes_of_day_used_up",
            Refusal::PasswordRequired => "password_required",
            Refusal::PaymentCodesOff => "payment_codes_off",
            Refusal::PasskeyRefused => "passkey_refused",
            Refusal::TooManyPasskeys => "too_many_passkeys",
            Refusal::TooManyEndpoints => "too_many_endpoints",
            Refusal::KeyRevoked => "key_revoked",
            Refusal::RideNoUsed(_) => "ride_no_used",
            Refusal::TransitCodeInvalid => "transit_code_invalid",
            Refusal::TransitCodeExpired => "transit_code_expired",
            Refusal::TransitCodeUsed => "transit_code_used",
            Refusal::RideOpen => "ride_open",
            Refusal::RideEnded => "ride_ended",
            Refusal::DebtOpen => "debt_open",
            Refusal::LeaseLost => "lease_lost",
        }
    }

    /// The field at fault, where there is one.
    pub const fn param(&self) -> Option<&'static str> {
        match self {
            Refusal::Invalid { param, .. } => Some(param),
            Refusal::OrderNoUsed(_) => Some("order_no"),
            Refusal::RefundNoUsed(_) => Some("refund_no"),
            Refusal::RefundTooLarge { .. } | Refusal::CollectionLimit { .. } => Some("amount"),
            Refusal::PasswordRequired => Some("password"),
            Refusal::RideNoUsed(_) => Some("ride_no"),
            Refusal::TransitCodeInvalid | Refusal::TransitCodeExpired | Refusal::TransitCodeUsed => {
                Some("code")
            }
            Refusal::NotFound(_)
            | Refusal::KeyReused { .. }
            | Refusal::PaymentExpired
            | Refusal::PaymentClosed
            | Refusal::PaymentPaid
            | Refusal::PaymentProcessing
            | Refusal::NotPaid
            | Refusal::TooManyRefunds
            | Refusal::TooManyAttempts
            | Refusal::MerchantBalance
            | Refusal::TransferAccepted
            | Refusal::TransferReturned
            | Refusal::BalanceInsufficient
            | Refusal::CardUnusable
            | Refusal::TooManyCards
            | Refusal::TooManyCardChecks { .. }
            | Refusal::FeeChanged
            | Refusal::LookUpsUsedUp
            | Refusal::PayerFrozen
            | Refusal::IdentityRequired
            | Refusal::WrongIdentity { .. }
            | Refusal::IdentityLocked { .. }
            | Refusal::TooManyAccounts
            | Refusal::LimitReached { .. }
            | Refusal::PaymentsUsedUp
            | Refusal::ProofVoid
            | Refusal::Blocked
            | Refusal::PasskeyNeeded
            | Refusal::ReviewEnded
            | Refusal::WrongPassword { .. }
            | Refusal::PasswordLocked { .. }
            | Refusal::WrongCode
            | Refusal::CodeTooSoon
            | Refusal::CodesOfDayUsedUp
            | Refusal::PaymentCodesOff
            | Refusal::PasskeyRefused
            | Refusal::TooManyPasskeys
            | Refusal::TooManyEndpoints
            | Refusal::KeyRevoked
            | Refusal::RideOpen
            | Refusal::RideEnded
            | Refusal::DebtOpen
            | Refusal::LeaseLost => None,
        }
    }
}

impl Refusal {
    /// What is wrong and what to do, for what is too much of a payment.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`fmt` names those that are told here")]
    fn tell_of_bounds(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::RefundTooLarge { left: 0 } => f.write_str("Nothing is left to refund of this payment."),
            Refusal::RefundTooLarge { left } => {
                write!(f, "Only {left} minor units are left to refund of this payment.")
            }
            Refusal::TooManyRefunds => {
                f.write_str("The payment has had 50 refunds, which is the most it may have.")
            }
            Refusal::TooManyAttempts => {
                f.write_str("Too many attempts to pay this payment failed. Create a new one.")
            }
            Refusal::MerchantBalance => f.write_str("The merchant's balance does not cover this refund."),
            _ => Ok(()),
        }
    }

    /// The same for what only payers meet.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`fmt` names those that are told here")]
    fn tell_payer(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::BalanceInsufficient => f.write_str("There is not enough money. Top up, or send less."),
            Refusal::CardUnusable => {
                f.write_str("This card cannot be used for this. Choose another, or bind one.")
            }
            Refusal::TooManyCards => f.write_str("A payer may have 10 cards. Unbind one first."),
            Refusal::TooManyCardChecks { .. } => {
                f.write_str("Too many cards were checked without being bound. Try again later.")
            }
            Refusal::FeeChanged => f.write_str("The fee has changed. Look at it and confirm again."),
            Refusal::LookUpsUsedUp => {
                f.write_str("No more payees can be looked up today. Try again tomorrow.")
            }
            Refusal::CollectionLimit { left } => write!(
                f,
                "Collection codes may take 500 yuan a day from one payer; {left} minor units are left today."
            ),
            Refusal::PayerFrozen => f.write_str(
                "The payer's account is frozen. The payer can unfreeze it in the security centre of the wallet.",
            ),
            Refusal::IdentityRequired => {
                f.write_str("The payer must verify who it is before it pays from the balance.")
            }
            Refusal::WrongIdentity { tries_left } => {
                write!(f, "Name and number are not those of the payer. {tries_left} tries are left.")
            }
            Refusal::IdentityLocked { .. } => {
                f.write_str("Too many wrong identities were given. Try again later.")
            }
            Refusal::TooManyAccounts => {
                f.write_str("The person has an account already. Sign in to that one.")
            }
            Refusal::LimitReached { limit, left } => {
                write!(f, "The payer may pay {left} fen more from the balance ({}).", limit.name())
            }
            Refusal::PaymentsUsedUp => {
                f.write_str("The payer has paid as often as it may today. Try again tomorrow, or by card.")
            }
            Refusal::Blocked => f.write_str("This cannot be done now. Ask customer service."),
            Refusal::PasskeyNeeded => {
                f.write_str("Confirm this with a passkey. Passkeys are added in the security centre.")
            }
            Refusal::ReviewEnded => {
                f.write_str("The review has ended with another finding. Look at it again.")
            }
            _ => self.tell_of_proofs(f),
        }
    }
}

impl Refusal {
    /// The same for what payers prove.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`fmt` names those that are told here")]
    fn tell_of_proofs(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::ProofVoid => f.write_str(
                "This proof is for something else, was used, or came too late. Begin the payment again.",
            ),
            Refusal::WrongPassword { tries_left } => {
                write!(f, "The payment password is wrong. {tries_left} tries are left.")
            }
            Refusal::PasswordLocked { .. } => {
                f.write_str("The payment password is locked after too many wrong tries. Try again later.")
            }
            Refusal::WrongCode => f.write_str("The one-time code is wrong or too old. Ask for a new one."),
            Refusal::CodeTooSoon => f.write_str("A code was sent a moment ago. Ask again in half a minute."),
            Refusal::CodesOfDayUsedUp => {
                f.write_str("As many codes were sent there today as a day may have. Ask again tomorrow.")
            }
            Refusal::PasswordRequired => {
                f.write_str("This allows more than before, which takes the payment password. Send it as well.")
            }
            Refusal::PaymentCodesOff => f.write_str(
                "Payment codes are not switched on where the payer is signed in. Switch them on with the payment \
                 password.",
            ),
            Refusal::PasskeyRefused => {
                f.write_str("The passkey was not accepted. Try again, or use the payment password.")
            }
            Refusal::TooManyPasskeys => f.write_str("A payer may have 10 passkeys. Remove one first."),
            _ => Ok(()),
        }
    }
}

impl Refusal {
    /// The same for numbers and keys that are taken.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`fmt` names those that are told here")]
    fn tell_of_numbers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::OrderNoUsed(id) => write!(
                f,
                "This order number belongs to {id}, which was created with other content. Use a new order number, \
                 or repeat the first request unchanged."
            ),
            Refusal::RefundNoUsed(id) => write!(
                f,
                "This refund number belongs to {id}, which has other content. Use a new refund number, or repeat the \
                 first request unchanged."
            ),
            Refusal::KeyReused { first, second } => write!(
                f,
                "This Idempotency-Key was used for another request (content {first}…, now {second}…). Use a new key \
                 for a new request."
            ),
            _ => Ok(()),
        }
    }
}

impl Refusal {
    /// The same for what gates meet.
    #[expect(clippy::wildcard_enum_match_arm, reason = "`fmt` names those that are told here")]
    fn tell_operator(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::RideNoUsed(id) => write!(
                f,
                "This ride number belongs to {id}, which has other content. Use a new ride number, or repeat the \
                 first request unchanged."
            ),
            Refusal::TransitCodeInvalid => f.write_str(
                "This is no transit code of the rider. Have the transit code scanned, not another one.",
            ),
            Refusal::TransitCodeExpired => {
                f.write_str("The transit code is too old. Scan the one that the rider's phone shows now.")
            }
            Refusal::TransitCodeUsed => f.write_str(
                "The transit code was used already. Scan the next one, which the rider's phone shows.",
            ),
            Refusal::RideOpen => {
                f.write_str("The payer is on a ride that has not ended. Its operator has to report the exit.")
            }
            Refusal::RideEnded => {
                f.write_str("The ride has ended already, elsewhere or for another fare. Look it up.")
            }
            Refusal::DebtOpen => f.write_str(
                "The payer owes the fare of an earlier ride and has to pay it in the wallet first.",
            ),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Refusal {
    /// What is wrong and what to do, in English, for the developer of the caller.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotFound(what) => {
                write!(f, "There is no such {what} here. Check the id and the key you use.")
            }
            Refusal::Invalid { param, must } => write!(f, "`{param}` must be {must}."),
            Refusal::OrderNoUsed(_) | Refusal::RefundNoUsed(_) | Refusal::KeyReused { .. } => {
                self.tell_of_numbers(f)
            }
            Refusal::PaymentExpired => f.write_str("The payment has expired. Create a new one."),
            Refusal::PaymentClosed => f.write_str("The payment is closed. Create a new one."),
            Refusal::PaymentPaid => {
                f.write_str("The payment was paid already. To give money back, refund it.")
            }
            Refusal::PaymentProcessing => {
                f.write_str("An attempt's result is not known yet. Query the payment again shortly.")
            }
            Refusal::NotPaid => f.write_str("The payment was not paid, so there is nothing to refund."),
            Refusal::RefundTooLarge { .. }
            | Refusal::TooManyRefunds
            | Refusal::TooManyAttempts
            | Refusal::MerchantBalance => self.tell_of_bounds(f),
            Refusal::TransferAccepted => f.write_str("The transfer was accepted already."),
            Refusal::TransferReturned => {
                f.write_str("The transfer was not accepted in time or was taken back. Ask for a new one.")
            }
            Refusal::BalanceInsufficient
            | Refusal::CardUnusable
            | Refusal::TooManyCards
            | Refusal::TooManyCardChecks { .. }
            | Refusal::FeeChanged
            | Refusal::LookUpsUsedUp
            | Refusal::CollectionLimit { .. }
            | Refusal::PayerFrozen
            | Refusal::IdentityRequired
            | Refusal::WrongIdentity { .. }
            | Refusal::IdentityLocked { .. }
            | Refusal::TooManyAccounts
            | Refusal::LimitReached { .. }
            | Refusal::PaymentsUsedUp
            | Refusal::ProofVoid
            | Refusal::Blocked
            | Refusal::PasskeyNeeded
            | Refusal::ReviewEnded
            | Refusal::WrongPassword { .. }
            | Refusal::PasswordLocked { .. }
            | Refusal::WrongCode
            | Refusal::CodeTooSoon
            | Refusal::CodesOfDayUsedUp
            | Refusal::PasswordRequired
            | Refusal::PaymentCodesOff
            | Refusal::PasskeyRefused
            | Refusal::TooManyPasskeys => self.tell_payer(f),
            Refusal::TooManyEndpoints => {
                f.write_str("An app may have 16 webhook endpoints. Delete one first.")
            }
            Refusal::KeyRevoked => f.write_str("The key is revoked already."),
            Refusal::RideNoUsed(_)
            | Refusal::TransitCodeInvalid
            | Refusal::TransitCodeExpired
            | Refusal::TransitCodeUsed
            | Refusal::RideOpen
            | Refusal::RideEnded
            | Refusal::DebtOpen => self.tell_operator(f),
            Refusal::LeaseLost => f.write_str("Another worker has taken this task."),
        }
    }
}
