//! Ids: a type for each thing, a UUID of version 7 inside, a prefix outside (`pay_01k…`).
//!
//! The text form is `TypeID` 0.3 (<https://github.com/jetify-com/typeid>): prefix, `_`, and 26 digits
//! of lower-case Crockford base32. Version 7 (RFC 9562 §5.7) begins with the time, so new ids sort
//! after old ones and new rows go to the end of an index.
//!
//! **Absent on purpose:** drawing an id; [`crate::Context`] does that.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};
use uuid::Uuid;

const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 26 digits of 5 bits hold 130; the first two bits are always zero.
const DIGITS_LEN: usize = 26;

/// A text that is not an id of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for NotAnId {}

fn write_digits(uuid: Uuid, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut rest = uuid.as_u128();
    let mut text = [b'0'; DIGITS_LEN];
    for place in text.iter_mut().rev() {
        let digit = usize::try_from(rest & 31).unwrap_or_default();
        *place = DIGITS.get(digit).copied().unwrap_or(b'0');
        rest >>= 5;
    }
    f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
}

fn read_digits(text: &str) -> Result<Uuid, NotAnId> {
    let bytes = text.as_bytes();
    // A first digit above 7 would need more than 128 bits.
    if bytes.len() != DIGITS_LEN || bytes.first().is_none_or(|first| *first > b'7') {
        return Err(NotAnId);
    }
    let mut value = 0_u128;
    for byte in bytes {
        let digit = DIGITS.iter().position(|known| known == byte).ok_or(NotAnId)?;
        value = (value << 5) | u128::try_from(digit).map_err(|_| NotAnId)?;
    }
    Ok(Uuid::from_u128(value))
}

/// What an id names.
pub trait TypedId: Copy + Into<Id> {
    /// The kind.
    const KIND: Kind;
    /// The id with this UUID.
    fn from_uuid(uuid: Uuid) -> Self;
    /// The UUID inside.
    fn uuid(self) -> Uuid;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:ident, $code:literal, $prefix:literal;)*) => {
        /// The kinds of id, each with a number in the store and a prefix in text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$doc])* $kind),* }

        impl Kind {
            /// All of them.
            pub const ALL: &[Kind] = &[$(Kind::$kind),*];

            /// The number in the store; never reused.
            pub const fn code(self) -> u8 {
                match self { $(Kind::$kind => $code),* }
            }

            /// The kind with this number.
            pub const fn from_code(code: u8) -> Option<Kind> {
                match code { $($code => Some(Kind::$kind),)* _ => None }
            }

            /// The prefix in text.
            pub const fn prefix(self) -> &'static str {
                match self { $(Kind::$kind => $prefix),* }
            }
        }

        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(Uuid);

            impl TypedId for $name {
                const KIND: Kind = Kind::$kind;
                fn from_uuid(uuid: Uuid) -> Self { $name(uuid) }
                fn uuid(self) -> Uuid { self.0 }
            }

            impl From<$name> for Id {
                fn from(id: $name) -> Id { Id { kind: Kind::$kind, uuid: id.0 } }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { Id::from(*self).fmt(f) }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { Id::from(*self).fmt(f) }
            }

            impl FromStr for $name {
                type Err = NotAnId;
                fn from_str(text: &str) -> Result<Self, NotAnId> {
                    let digits = text.strip_prefix(concat!($prefix, "_")).ok_or(NotAnId)?;
                    read_digits(digits).map($name)
                }
            }

            impl TryFrom<Id> for $name {
                type Error = NotAnId;
                fn try_from(id: Id) -> Result<Self, NotAnId> {
                    if id.kind == Kind::$kind { Ok($name(id.uuid)) } else { Err(NotAnId) }
                }
            }

            impl Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    Id::from(*self).serialize(serializer)
                }
            }

            impl<'de> Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    Id::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
                }
            }
        )*
    };
}

ids! {
    /// A merchant: who is paid.
    MerchantId = Merchant, 1, "mch";
    /// An app of a merchant: what holds keys and is notified.
    AppId = App, 2, "app";
    /// A secret key of an app.
    ApiKeyId = ApiKey, 3, "key";
    /// A payer: who pays.
    PayerId = Payer, 4, "pyr";
    /// A payment.
    PaymentId = Payment, 5, "pay";
    /// One attempt to pay a payment; also the channel's idempotency key.
    AttemptId = Attempt, 6, "att";
    /// A refund.
    RefundId = Refund, 7, "rfd";
    /// An event: what merchants are told.
    EventId = Event, 8, "evt";
    /// A webhook endpoint.
    EndpointId = Endpoint, 9, "whe";
    /// The delivery of one event to one place.
    DeliveryId = Delivery, 10, "dlv";
    /// A stored answer to an idempotency key.
    ReplyId = Reply, 11, "rep";
    /// A message to a payer.
    MessageId = Message, 12, "msg";
    /// The settings of a sandbox.
    SandboxId = Sandbox, 13, "sbx";
    /// An alarm: something a person must look at.
    AlarmId = Alarm, 14, "alm";
    /// A merchant's identity in WeChat Pay's interface.
    WechatMerchantId = WechatMerchant, 15, "wxm";
    /// The platform's keys in WeChat Pay's interface.
    WechatPlatformId = WechatPlatform, 16, "wxp";
    /// A transfer to a payer.
    TransferId = Transfer, 17, "trf";
    /// A batch of transfers of WeChat Pay's interface.
    WechatTransferBatchId = WechatTransferBatch, 18, "wxb";
    /// The details of such a batch.
    WechatTransferListId = WechatTransferList, 19, "wxl";
    /// A combined order of WeChat Pay's interface.
    WechatCombinedOrderId = WechatCombinedOrder, 20, "wxc";
    /// A payment code that was shown.
    PaymentCodeId = PaymentCode, 30, "pcd";
    /// What a payer's payment codes are made of.
    PaymentCodeSeedId = PaymentCodeSeed, 31, "pcs";
    /// What is frozen of a payment for profit sharing.
    SharingId = Sharing, 21, "shg";
    /// A request to share.
    SharingOrderId = SharingOrder, 22, "sho";
    /// A share that is given back.
    SharingReturnId = SharingReturn, 23, "shr";
    /// With whom a merchant may share.
    SharingReceiverId = SharingReceiver, 24, "shv";
    /// A person that a payer was verified to be.
    PersonId = Person, 50, "psn";
    /// A device on which a payer is or was signed in.
    SessionId = Session, 51, "ses";
    /// What a payer has paid from its balance.
    UsageId = Usage, 52, "usg";
    /// A phone number on its way to an account.
    SignUpId = SignUp, 53, "sup";
    /// What an instance says of itself.
    InstanceId = Instance, 65, "ins";
    /// A message or code on its way to a payer.
    NoticeId = Notice, 85, "ntc";
    /// How a payer is reached.
    ContactId = Contact, 86, "ctt";
    /// The vault's data keys.
    DataKeysId = DataKeys, 87, "dks";
    /// A complaint of a payer.
    ComplaintId = Complaint, 40, "cpl";
    /// A payer's bank card.
    CardId = Card, 55, "crd";
    /// A card's number, by which a card is known to the vault: its token.
    CardNumberId = CardNumber, 56, "cdn";
    /// What is kept of a payer's cards as a whole.
    WalletId = Wallet, 57, "wlt";
    /// Money that a payer moves from a card to the balance; also the bank's idempotency key.
    TopUpId = TopUp, 58, "tpu";
    /// Money that a payer moves from the balance to a card; also the bank's idempotency key.
    WithdrawalId = Withdrawal, 59, "wdr";
    /// What a payer's sending of a day comes to.
    SendingId = Sending, 60, "snd";
    /// Somebody to whom a payer has sent money.
    PayeeId = Payee, 61, "pye";
    /// A passkey of a payer.
    PasskeyId = Passkey, 70, "psk";
    /// What is kept of a payer's passkeys as a whole.
    PasskeyRingId = PasskeyRing, 71, "psr";
    /// A collection code.
    CollectionCodeId = CollectionCode, 62, "clc";
    /// What a payer pays a biller; also the biller's idempotency key.
    UtilityPaymentId = UtilityPayment, 75, "utp";
    /// What is remembered of an entity for decisions about risk.
    RiskProfileId = RiskProfile, 110, "rpf";
    /// What was decided about a movement of a payer's money.
    RiskDecisionId = RiskDecision, 112, "rdc";
    /// A review of an attempt by a person.
    ReviewId = Review, 111, "rvw";
    /// An entity that stands on risk lists.
    ListedEntityId = ListedEntity, 100, "lst";
    /// Where our chain of deltas of risk lists ends.
    ListLogId = ListLog, 101, "lsl";
    /// A delta of risk lists that we have published.
    ListDeltaId = ListDelta, 102, "lsd";
    /// What is known of a source of shared lists.
    ListSourceId = ListSource, 103, "lss";
    /// What is known of a token of a source.
    ListTokenId = ListToken, 104, "lsk";
    /// What a member of the sharing has asked.
    ListMemberId = ListMember, 105, "lsm";
    /// A ride.
    RideId = Ride, 90, "rid";
    /// What is kept of a payer's rides as a whole.
    RiderId = Rider, 91, "rdr";
    /// A transit code that was shown.
    TransitCodeId = TransitCode, 92, "trc";
    /// A fare that is owed.
    DebtId = Debt, 93, "dbt";
    /// What a passkey is asked to sign by who is not signed in.
    SignInChallengeId = SignInChallenge, 95, "sic";
    /// An attempt to pay by card.
    CardPaymentId = CardPayment, 97, "cpy";
    /// From where a payer has signed in.
    NetworksId = Networks, 96, "net";
}

/// Any id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// What it names.
    pub kind: Kind,
    /// Which one.
    pub uuid: Uuid,
}

impl Id {
    /// The bytes under which it is stored and hashed: kind, then UUID.
    pub fn bytes(self) -> [u8; 17] {
        let mut bytes = [0; 17];
        if let Some((first, rest)) = bytes.split_first_mut() {
            *first = self.kind.code();
            rest.copy_from_slice(self.uuid.as_bytes());
        }
        bytes
    }

    /// The id stored as these bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Id> {
        let (code, uuid) = bytes.split_first()?;
        Some(Id { kind: Kind::from_code(*code)?, uuid: Uuid::from_slice(uuid).ok()? })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.prefix())?;
        f.write_str("_")?;
        write_digits(self.uuid, f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Id {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Id, NotAnId> {
        let (prefix, digits) = text.split_once('_').ok_or(NotAnId)?;
        let kind = Kind::ALL.iter().find(|kind| kind.prefix() == prefix).ok_or(NotAnId)?;
        Ok(Id { kind: *kind, uuid: read_digits(digits)? })
    }
}

/// Text where people read it, 17 bytes in the stored form.
impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            serializer.serialize_bytes(&self.bytes())
        }
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_str(IdVisitor)
        } else {
            deserializer.deserialize_bytes(IdVisitor)
        }
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = Id;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Id, E> {
        Id::from_bytes(bytes).ok_or_else(|| E::custom(NotAnId))
    }
}
