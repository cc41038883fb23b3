//! Records: what the store keeps by id, with versions.
//!
//! A record is stored as a MessagePack map with named fields, its *stored form*; these types define it. A
//! field is added with a default, never renamed or removed. The wire forms of the API are other types.
//!
//! **Invariants.** The keys and lists of a record follow from its content, so they can be rebuilt and
//! verified. A key, once taken, stays with its record; lists are those of version 1.

use crate::{
    Id, Key, List,
    api_key::ApiKey,
    card::{Card, CardNumber, Wallet},
    collection::CollectionCode,
    complaint::Complaint,
    data_keys::DataKeys,
    delivery::Delivery,
    endpoint::Endpoint,
    event::{Alarm, Event},
    facts::Entity,
    id::Kind,
    idempotency::Reply,
    instance::Instance,
    merchant::{App, Merchant},
    message::Message,
    notice::{Notice, contact::Contact},
    payer::{
        self, Payer,
        identity::Person,
        network::Networks,
        passkey::{Passkey, PasskeyRing, SignInChallenge},
        session::Session,
        sign_up::SignUp,
        usage::Usage,
    },
    payment::{Payment, by_card::CardPayment},
    payment_code::{PaymentCode, PaymentCodeSeed},
    profit_sharing::{Sharing, SharingOrder, SharingReceiver, SharingReturn},
    refund::Refund,
    risk::{
        RiskDecision, RiskProfile,
        list::ListedEntity,
        list_sharing::{ListDelta, ListLog, ListMember, ListSource, ListToken},
        review::Review,
    },
    sandbox::Sandbox,
    top_up::TopUp,
    transfer::{
        Transfer,
        payee::{Payee, Sending},
    },
    transit::{Debt, Ride, Rider, TransitCode},
    utility::UtilityPayment,
    wechat::{WechatCombinedOrder, WechatMerchant, WechatPlatform, WechatTransferBatch, WechatTransferList},
    withdrawal::Withdrawal,
};

/// Room for most stored forms.
const STORED_FORM_LEN: usize = 768;

macro_rules! records {
    ($($name:ident { $id:ident },)*) => {
        /// One record.
        #[derive(Clone, Debug, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented as its own type")]
        pub enum Record { $($name($name)),* }

        impl Record {
            /// Its id.
            pub fn id(&self) -> Id {
                match self { $(Record::$name(record) => record.id.into()),* }
            }

            /// Its version; 1 is new.
            pub fn version(&self) -> u32 {
                match self { $(Record::$name(record) => record.version),* }
            }

            /// The stored form.
            pub fn encode(&self) -> Result<Vec<u8>, rmp_serde::encode::Error> {
                let mut stored = Vec::with_capacity(STORED_FORM_LEN);
                match self {
                    $(Record::$name(record) => rmp_serde::encode::write_named(&mut stored, record)?),*
                }
                Ok(stored)
            }

            /// The same fields as JSON, ids as texts: for its owner to read, not to be stored.
            pub fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self { $(Record::$name(record) => serde_json::to_value(record)),* }
            }

            /// The record with these fields.
            pub fn from_json(kind: Kind, value: serde_json::Value) -> Result<Record, serde_json::Error> {
                match kind {
                    $(Kind::$name => serde_json::from_value(value).map(Record::$name),)*
                    Kind::Attempt => Err(serde::de::Error::custom("an attempt is part of its payment")),
                }
            }

            /// The record with this stored form.
            pub fn decode(kind: Kind, stored: &[u8]) -> Result<Record, rmp_serde::decode::Error> {
                // Before the first release stored forms were JSON objects; no map begins with this byte.
                if stored.first() == Some(&b'{') {
                    return Record::decode_json(kind, stored).map_err(serde::de::Error::custom);
                }
                match kind {
                    $(Kind::$name => rmp_serde::from_slice(stored).map(Record::$name),)*
                    Kind::Attempt => Err(serde::de::Error::custom("an attempt is part of its payment")),
                }
            }
        }

        impl Record {
            fn decode_json(kind: Kind, stored: &[u8]) -> Result<Record, serde_json::Error> {
                Record::from_json(kind, serde_json::from_slice(stored)?)
            }
        }

        $(
            impl From<$name> for Record {
                fn from(record: $name) -> Record { Record::$name(record) }
            }

            impl Entity for $name {
                type Id = crate::id::$id;

                fn of(record: &Record) -> Option<&Self> {
                    if let Record::$name(found) = record { Some(found) } else { None }
                }
            }
        )*
    };
}

records! {
    Merchant { MerchantId },
    App { AppId },
    ApiKey { ApiKeyId },
    Payer { PayerId },
    Payment { PaymentId },
    Refund { RefundId },
    Event { EventId },
    Endpoint { EndpointId },
    Delivery { DeliveryId },
    Reply { ReplyId },
    Message { MessageId },
    Sandbox { SandboxId },
    Instance { InstanceId },
    Alarm { AlarmId },
    WechatMerchant { WechatMerchantId },
    WechatPlatform { WechatPlatformId },
    Transfer { TransferId },
    WechatTransferBatch { WechatTransferBatchId },
    WechatTransferList { WechatTransferListId },
    WechatCombinedOrder { WechatCombinedOrderId },
    PaymentCode { PaymentCodeId },
    PaymentCodeSeed { PaymentCodeSeedId },
    Sharing { SharingId },
    SharingOrder { SharingOrderId },
    SharingReturn { SharingReturnId },
    SharingReceiver { SharingReceiverId },
    Complaint { ComplaintId },
    Card { CardId },
    CardNumber { CardNumberId },
    Wallet { WalletId },
    TopUp { TopUpId },
    Withdrawal { WithdrawalId },
    Sending { SendingId },
    Payee { PayeeId },
    CollectionCode { CollectionCodeId },
    Passkey { PasskeyId },
    PasskeyRing { PasskeyRingId },
    UtilityPayment { UtilityPaymentId },
    DataKeys { DataKeysId },
    Notice { NoticeId },
    Contact { ContactId },
    Person { PersonId },
    Session { SessionId },
    Usage { UsageId },
    SignUp { SignUpId },
    ListedEntity { ListedEntityId },
    ListLog { ListLogId },
    ListDelta { ListDeltaId },
    ListSource { ListSourceId },
    ListToken { ListTokenId },
    ListMember { ListMemberId },
    RiskProfile { RiskProfileId },
    Review { ReviewId },
    RiskDecision { RiskDecisionId },
    Ride { RideId },
    Rider { RiderId },
    TransitCode { TransitCodeId },
    Debt { DebtId },
    SignInChallenge { SignInChallengeId },
    Networks { NetworksId },
    CardPayment { CardPaymentId },
}

impl Record {
    /// The keys it holds.
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Record::ApiKey(key) => vec![Key::Secret(key.digest)],
            Record::Payer(payer) => vec![payer::phone_key(payer.phone_digest, payer.phone_turn)],
            Record::Payment(payment) => payment.keys(),
            Record::Refund(refund) => refund.keys(),
            Record::Reply(reply) => vec![Key::Idempotency(reply.caller, reply.key.clone())],
            Record::Sandbox(_) => vec![Key::Sandbox],
            Record::Instance(_) => vec![Key::Instance],
            Record::WechatMerchant(merchant) => merchant.keys(),
            Record::WechatPlatform(_) => vec![Key::WechatPlatform],
            Record::Transfer(transfer) => transfer.keys(),
            Record::WechatTransferBatch(batch) => batch.keys(),
            Record::WechatCombinedOrder(order) => order.keys(),
            Record::PaymentCode(code) => vec![Key::PaymentCode(code.digest)],
            Record::PaymentCodeSeed(seed) => vec![Key::PaymentCodeSeed(seed.payer)],
            Record::Sharing(sharing) => sharing.keys(),
            Record::SharingOrder(order) => order.keys(),
            Record::SharingReturn(given) => given.keys(),
            Record::SharingReceiver(receiver) => receiver.keys(),
            Record::Complaint(complaint) => complaint.keys(),
            Record::Card(card) => card.keys(),
            Record::CardNumber(number) => vec![Key::CardNumber(number.number_digest)],
            Record::Wallet(wallet) => vec![Key::Wallet(wallet.payer)],
            Record::TopUp(top_up) => top_up.keys(),
            Record::Withdrawal(withdrawal) => withdrawal.keys(),
            Record::Sending(sending) => vec![Key::Sending(sending.payer)],
            Record::Payee(payee) => vec![Key::Payee(payee.payer, payee.recipient)],
            Record::CollectionCode(code) => code.keys(),
            Record::Passkey(passkey) => passkey.keys(),
            Record::PasskeyRing(ring) => vec![Key::PasskeyRing(ring.payer)],
            Record::UtilityPayment(payment) => payment.keys(),
            Record::ListedEntity(listed) => listed.keys(),
            Record::ListLog(_) => vec![Key::ListLog],
            Record::ListDelta(delta) => delta.keys(),
            Record::ListSource(source) => source.keys(),
            Record::ListToken(token) => token.keys(),
            Record::ListMember(member) => member.keys(),
            Record::Person(person) => vec![Key::IdNumber(person.number_digest)],
            Record::Session(session) => vec![Key::Session(session.payer, session.device)],
            Record::Usage(usage) => vec![Key::UsageOf(usage.payer)],
            Record::SignUp(sign_up) => vec![Key::SignUp(sign_up.phone_digest)],
            Record::Networks(networks) => vec![Key::NetworksOf(networks.payer)],
            Record::DataKeys(_) => vec![Key::DataKeys],
            Record::Contact(contact) => vec![Key::ContactOf(contact.payer)],
            Record::Ride(ride) => ride.keys(),
            Record::Rider(rider) => vec![Key::Rider(rider.payer)],
            Record::TransitCode(code) => vec![Key::TransitCode(code.digest)],
            Record::Merchant(_)
            | Record::App(_)
            | Record::SignInChallenge(_)
            | Record::CardPayment(_)
            | Record::Notice(_)
            | Record::Event(_)
            | Record::Endpoint(_)
            | Record::Delivery(_)
            | Record::Message(_)
            | Record::WechatTransferList(_)
            | Record::Debt(_)
            | Record::RiskProfile(_)
            | Record::Review(_)
            | Record::RiskDecision(_)
            | Record::Alarm(_) => Vec::new(),
        }
    }

    /// The lists it stands in.
    pub fn lists(&self) -> Vec<List> {
        match self {
            Record::Merchant(_) => vec![List::Merchants],
            Record::App(app) => vec![List::Apps(app.merchant)],
            Record::ApiKey(key) => vec![List::ApiKeys(key.app)],
            Record::Payer(_) => vec![List::Payers],
            Record::Payment(payment) => vec![List::Payments(payment.merchant)],
            Record::Refund(refund) => refund.lists(),
            Record::Event(event) => event.lists(),
            Record::Endpoint(endpoint) => vec![List::Endpoints(endpoint.app)],
            Record::Delivery(delivery) => {
                vec![List::Deliveries(delivery.app), List::DeliveriesOf(delivery.event)]
            }
            Record::Message(message) => message.lists(),
            Record::Session(session) => vec![List::SessionsOf(session.payer)],
            Record::Alarm(_) => vec![List::Alarms],
            Record::Review(_) => Review::lists(),
            Record::RiskDecision(decision) => decision.lists(),
            Record::Transfer(transfer) => transfer.lists(),
            Record::WechatMerchant(_) => vec![List::WechatMerchants],
            Record::Notice(_) => Notice::lists(),
            Record::Reply(_)
            | Record::SignInChallenge(_)
            | Record::Networks(_)
            | Record::Sandbox(_)
            | Record::Contact(_)
            | Record::ListLog(_)
            | Record::ListDelta(_)
            | Record::ListSource(_)
            | Record::ListToken(_)
            | Record::ListMember(_)
            | Record::DataKeys(_)
            | Record::Wallet(_)
            | Record::Instance(_)
            | Record::WechatPlatform(_)
            | Record::Person(_)
            | Record::Passkey(_)
            | Record::PasskeyRing(_)
            | Record::Usage(_)
            | Record::SignUp(_)
            | Record::WechatTransferBatch(_)
            | Record::WechatTransferList(_)
            | Record::WechatCombinedOrder(_)
            | Record::PaymentCode(_)
            | Record::PaymentCodeSeed(_)
            | Record::Sharing(_)
            | Record::SharingReturn(_)
            | Record::SharingReceiver(_)
            | Record::Sending(_)
            | Record::Rider(_)
            | Record::TransitCode(_)
            | Record::RiskProfile(_)
            | Record::CollectionCode(_) => Vec::new(),
            Record::SharingOrder(order) => order.lists(),
            Record::Complaint(complaint) => complaint.lists(),
            Record::Card(card) => card.lists(),
            Record::CardNumber(_) => vec![List::CardNumbers],
            Record::TopUp(top_up) => top_up.lists(),
            Record::Withdrawal(withdrawal) => withdrawal.lists(),
            Record::Payee(payee) => vec![List::Payees(payee.payer)],
            Record::UtilityPayment(payment) => payment.lists(),
            Record::CardPayment(payment) => vec![List::CardPaymentsOf(payment.payer)],
            Record::ListedEntity(_) => ListedEntity::lists(),
            Record::Ride(ride) => ride.lists(),
            Record::Debt(debt) => debt.lists(),
        }
    }
}
