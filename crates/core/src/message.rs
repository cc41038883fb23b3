//! Messages to payers. The wallet shows a payer its own, but for those with a code in them; what else becomes of them
//! is in [`crate::notice`]. In a sandbox, the inbox shows codes.

use serde::{Deserialize, Serialize};

use crate::{
    Context, List, Time,
    bank::BankTold,
    id::{MessageId, PayerId},
    notice::{
        Urgency,
        told::{AccountTold, PaymentTold},
    },
    payer::{Payer, identity::Level},
    transfer::send::TransferTold,
    transit::RideTold,
    utility::UtilityTold,
};

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// A one-time code for signing in. Written only in a sandbox, where the inbox stands in for the
    /// payer's phone.
    SignInCode(String),
    /// What became of a card, a top-up or a withdrawal.
    Bank(BankTold),
    /// What became of a transfer between payers.
    Transfer(TransferTold),
    /// What became of a utility payment.
    Utility(UtilityTold),
    /// What became of a ride.
    Ride(RideTold),
    /// A one-time code that confirms what a payer asked for in the security centre; written as the former.
    SecurityCode(String),
    /// A one-time code that confirms a mail address; written as the former, in the place of mail.
    MailCode(String),
    /// What became of a payment.
    Payment(PaymentTold),
    /// What happened to the account.
    Account(AccountTold),
    /// Somebody signed in on a device that never signed in before: what kind of device.
    NewDevice(String),
    /// Somebody signed in on a device that is known, from a network that is not: what kind of device.
    NewNetwork(String),
    /// Who the payer is was verified.
    IdentityVerified(Level),
    /// The payment password was changed or set anew.
    PasswordChanged,
    /// A passkey was added: its name.
    PasskeyAdded(String),
    /// A passkey was removed: its name.
    PasskeyRemoved(String),
    /// No money leaves the payer's accounts any more.
    Frozen,
    /// Money may leave them again.
    Unfrozen,
}

impl Text {
    /// What it is about, as the sandbox's API names it.
    pub const fn name(&self) -> &'static str {
        match self {
            Text::SignInCode(_) => "sign_in_code",
            Text::SecurityCode(_) => "security_code",
            Text::MailCode(_) => "mail_code",
            Text::Payment(_) => "payment",
            Text::Account(_) => "account",
            Text::Bank(_) => "bank",
            Text::Transfer(_) => "transfer",
            Text::Utility(_) => "utility",
            Text::Ride(_) => "ride",
            Text::NewDevice(_) => "new_device",
            Text::NewNetwork(_) => "new_network",
            Text::IdentityVerified(_) => "identity_verified",
            Text::PasswordChanged => "password_changed",
            Text::PasskeyAdded(_) => "passkey_added",
            Text::PasskeyRemoved(_) => "passkey_removed",
            Text::Frozen => "frozen",
            Text::Unfrozen => "unfrozen",
        }
    }

    /// Whether a secret is in it: such a message goes to the phone only.
    const fn is_secret(&self) -> bool {
        matches!(self, Text::SignInCode(_) | Text::SecurityCode(_) | Text::MailCode(_))
    }

    /// How soon the payer must know it.
    pub const fn urgency(&self) -> Urgency {
        match self {
            Text::SignInCode(_) | Text::SecurityCode(_) | Text::MailCode(_) => Urgency::Code,
            Text::NewDevice(_)
            | Text::NewNetwork(_)
            | Text::PasswordChanged
            | Text::PasskeyAdded(_)
            | Text::PasskeyRemoved(_)
            | Text::Frozen
            | Text::Unfrozen
            | Text::Account(_)
            | Text::Payment(PaymentTold::Large { .. }) => Urgency::Alert,
            Text::Bank(_)
            | Text::Transfer(_)
            | Text::Utility(_)
            | Text::Ride(_)
            | Text::IdentityVerified(_)
            | Text::Payment(PaymentTold::Failed { .. } | PaymentTold::Closed { .. }) => Urgency::News,
        }
    }
}

/// A message to a payer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Always 1: a message does not change.
    pub version: u32,
    /// To whom.
    pub payer: PayerId,
    /// The payer's number, masked; of a code that goes by mail, the address.
    pub phone_hint: String,
    /// What.
    pub text: Text,
    /// When.
    pub created_at: Time,
    /// Whether it stands in the payer's own list. Those from before there was one do not.
    #[serde(default)]
    pub in_wallet: bool,
}

impl Message {
    /// The lists it stands in.
    pub(crate) fn lists(&self) -> Vec<List> {
        let own = self.in_wallet.then_some(List::MessagesOf(self.payer));
        std::iter::once(List::Messages).chain(own).collect()
    }
}

/// A message to a payer, from now.
pub fn create(cx: &mut Context, payer: PayerId, phone_hint: String, text: Text) -> Message {
    let in_wallet = !text.is_secret();
    Message { id: cx.draw(), version: 1, payer, phone_hint, text, created_at: cx.at(), in_wallet }
}

/// The same to a payer that is known.
pub fn tell(cx: &mut Context, payer: &Payer, text: Text) -> Message {
    create(cx, payer.id, payer.phone_hint.clone(), text)
}
