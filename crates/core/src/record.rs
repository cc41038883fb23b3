//! Records: what the store keeps by id, with versions.
//!
//! A record is stored as a MessagePack map with named fields, its *stored form*; these types define it. A
//! field is added with a default, never renamed or removed. The wire forms of the API are other types.
//!
//! **Invariants.** The keys and lists of a record follow from its content, so they can be rebuilt and
//! verified. A key, once taken, stays with its record; lists are those of version 1.

use crate::{
    Id,
    api_key::ApiKey,
    complaint::Complaint,
    delivery::Delivery,
    endpoint::Endpoint,
    event::{Alarm, Event},
    facts::Entity,
    id::{AppId, EventId, Kind, MerchantId, PayerId, PaymentId, WechatTransferBatchId},
    idempotency::Reply,
    ledger::Channel,
    merchant::{App, Merchant},
    message::Message,
    payer::Payer,
    payment::Payment,
    payment_code::{PaymentCode, PaymentCodeSeed},
    profit_sharing::{Sharing, SharingOrder, SharingReceiver, SharingReturn},
    refund::Refund,
    sandbox::Sandbox,
    transfer::Transfer,
    wechat::{WechatCombinedOrder, WechatMerchant, WechatPlatform, WechatTransferBatch, WechatTransferList},
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
                match kind {
                    $(Kind::$name => serde_json::from_slice(stored).map(Record::$name),)*
                    Kind::Attempt => Err(serde::de::Error::custom("an attempt is part of its payment")),
                }
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
}

/// A name that one record holds for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A merchant's order number.
    OrderNo(MerchantId, String),
    /// A merchant's refund number.
    RefundNo(MerchantId, String),
    /// An app's idempotency key.
    Idempotency(AppId, String),
    /// A secret key, by its digest.
    Secret([u8; 32]),
    /// A payer's phone number, by keyed digest.
    Phone([u8; 32]),
    /// What a channel calls a movement of money.
    ChannelReference(Channel, String),
    /// The settings of the sandbox.
    Sandbox,
    /// A merchant number of WeChat Pay's interface.
    WechatMerchant(String),
    /// The platform's keys in WeChat Pay's interface.
    WechatPlatform,
    /// A transaction id of WeChat Pay's interface.
    WechatTransaction(String),
    /// A refund id of WeChat Pay's interface.
    WechatRefund(String),
    /// The token in the prepay codes of an order.
    WechatPrepay(String),
    /// A merchant's transfer number.
    TransferNo(MerchantId, String),
    /// The number of a transfer bill of WeChat Pay's interface.
    WechatTransfer(String),
    /// A merchant's number of a batch of transfers.
    WechatTransferBatchNo(MerchantId, String),
    /// The platform's number of a batch of transfers.
    WechatTransferBatch(String),
    /// The transfer that paid a detail of a batch, by the place of the detail.
    WechatTransferDetail(WechatTransferBatchId, u32),
    /// A merchant number's combined order, by its number of the whole.
    WechatCombinedOrder(String, String),
    /// A payment code, by keyed digest.
    PaymentCode([u8; 32]),
    /// The seed of a payer's payment codes.
    PaymentCodeSeed(PayerId),
    /// The sharing of a payment.
    SharingOf(PaymentId),
    /// A merchant's number of a request to share.
    SharingOrderNo(MerchantId, String),
    /// The platform's number of a request to share.
    SharingOrder(String),
    /// A merchant's number of a return.
    SharingReturnNo(MerchantId, String),
    /// A receiver of a merchant number, by its type and account.
    SharingReceiver(String, String),
    /// The complaint about a payment.
    ComplaintOf(PaymentId),
    /// The number of a complaint in WeChat Pay's interface.
    WechatComplaint(String),
}

/// 128 bits of BLAKE3 over a key: what the index holds.
pub type KeyDigest = [u8; 16];

impl Key {
    /// The digest under which it is stored.
    pub fn digest(&self) -> KeyDigest {
        let mut hash = blake3::Hasher::new();
        match self {
            Key::OrderNo(merchant, text) => named(&mut hash, 1, (*merchant).into(), text),
            Key::RefundNo(merchant, text) => named(&mut hash, 2, (*merchant).into(), text),
            Key::Idempotency(app, text) => named(&mut hash, 3, (*app).into(), text),
            Key::Secret(digest) => {
                hash.update(&[4]).update(digest);
            }
            Key::Phone(digest) => {
                hash.update(&[5]).update(digest);
            }
            Key::ChannelReference(channel, text) => {
                hash.update(&[6]).update(channel.name().as_bytes()).update(&[0]).update(text.as_bytes());
            }
            Key::Sandbox => {
                hash.update(&[7]);
            }
            Key::WechatMerchant(text) => tagged(&mut hash, 8, text),
            Key::WechatPlatform => tagged(&mut hash, 9, ""),
            Key::WechatTransaction(text) => tagged(&mut hash, 10, text),
            Key::WechatRefund(text) => tagged(&mut hash, 11, text),
            Key::WechatPrepay(text) => tagged(&mut hash, 12, text),
            Key::TransferNo(merchant, text) => named(&mut hash, 13, (*merchant).into(), text),
            Key::WechatTransfer(text) => tagged(&mut hash, 14, text),
            Key::WechatTransferBatchNo(merchant, text) => named(&mut hash, 15, (*merchant).into(), text),
            Key::WechatTransferBatch(text) => tagged(&mut hash, 16, text),
            Key::WechatTransferDetail(batch, place) => {
                hash.update(&[17]).update(&Id::from(*batch).bytes()).update(&place.to_be_bytes());
            }
            // No merchant number has a slash.
            Key::WechatCombinedOrder(mchid, text) => tagged(&mut hash, 20, &format!("{mchid}/{text}")),
            Key::PaymentCode(digest) => {
                hash.update(&[30]).update(digest);
            }
            Key::PaymentCodeSeed(payer) => named(&mut hash, 31, (*payer).into(), ""),
            Key::SharingOf(payment) => named(&mut hash, 21, (*payment).into(), ""),
            Key::SharingOrderNo(merchant, text) => named(&mut hash, 22, (*merchant).into(), text),
            Key::SharingOrder(text) => tagged(&mut hash, 23, text),
            Key::SharingReturnNo(merchant, text) => named(&mut hash, 24, (*merchant).into(), text),
            // Neither a merchant number nor a type has a slash in it.
            Key::SharingReceiver(mchid, account) => tagged(&mut hash, 25, &format!("{mchid}/{account}")),
            Key::ComplaintOf(payment) => named(&mut hash, 40, (*payment).into(), ""),
            Key::WechatComplaint(text) => tagged(&mut hash, 41, text),
        }
        let mut digest = KeyDigest::default();
        hash.finalize_xof().fill(&mut digest);
        digest
    }
}

fn named(hash: &mut blake3::Hasher, tag: u8, owner: Id, text: &str) {
    hash.update(&[tag]).update(&owner.bytes()).update(text.as_bytes());
}

fn tagged(hash: &mut blake3::Hasher, tag: u8, text: &str) {
    hash.update(&[tag]).update(text.as_bytes());
}

/// A list that records stand in, in the order of their ids, which is the order of their making.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum List {
    /// A merchant's payments.
    Payments(MerchantId),
    /// A merchant's refunds.
    Refunds(MerchantId),
    /// The refunds of one payment.
    RefundsOf(PaymentId),
    /// An app's events.
    Events(AppId),
    /// An app's webhook endpoints.
    Endpoints(AppId),
    /// An app's deliveries.
    Deliveries(AppId),
    /// The deliveries of one event.
    DeliveriesOf(EventId),
    /// An app's secret keys.
    ApiKeys(AppId),
    /// All merchants.
    Merchants,
    /// All apps of a merchant.
    Apps(MerchantId),
    /// All payers.
    Payers,
    /// All messages.
    Messages,
    /// All alarms.
    Alarms,
    /// A merchant's transfers.
    Transfers(MerchantId),
    /// The transfers to a payer.
    TransfersTo(PayerId),
    /// A merchant's requests to share.
    SharingOrders(MerchantId),
    /// The complaints about a merchant.
    Complaints(MerchantId),
}

impl List {
    /// The 17 bytes that name the list in the index: which list, then whose.
    pub fn bytes(self) -> [u8; 17] {
        let (tag, owner) = match self {
            List::Payments(id) => (1, Some(Id::from(id))),
            List::Refunds(id) => (2, Some(id.into())),
            List::RefundsOf(id) => (3, Some(id.into())),
            List::Events(id) => (4, Some(id.into())),
            List::Endpoints(id) => (5, Some(id.into())),
            List::Deliveries(id) => (6, Some(id.into())),
            List::DeliveriesOf(id) => (7, Some(id.into())),
            List::ApiKeys(id) => (8, Some(id.into())),
            List::Merchants => (9, None),
            List::Apps(id) => (10, Some(id.into())),
            List::Payers => (11, None),
            List::Messages => (12, None),
            List::Alarms => (13, None),
            List::Transfers(id) => (14, Some(id.into())),
            List::TransfersTo(id) => (15, Some(id.into())),
            List::SharingOrders(id) => (16, Some(id.into())),
            List::Complaints(id) => (40, Some(id.into())),
        };
        let mut bytes = owner.map_or([0; 17], Id::bytes);
        if let Some(first) = bytes.first_mut() {
            *first = tag;
        }
        bytes
    }

    /// The kind of record that stands in it.
    pub const fn kind(self) -> Kind {
        match self {
            List::Payments(_) => Kind::Payment,
            List::Refunds(_) | List::RefundsOf(_) => Kind::Refund,
            List::Events(_) => Kind::Event,
            List::Endpoints(_) => Kind::Endpoint,
            List::Deliveries(_) | List::DeliveriesOf(_) => Kind::Delivery,
            List::ApiKeys(_) => Kind::ApiKey,
            List::Merchants => Kind::Merchant,
            List::Apps(_) => Kind::App,
            List::Payers => Kind::Payer,
            List::Messages => Kind::Message,
            List::Alarms => Kind::Alarm,
            List::Transfers(_) | List::TransfersTo(_) => Kind::Transfer,
            List::SharingOrders(_) => Kind::SharingOrder,
            List::Complaints(_) => Kind::Complaint,
        }
    }
}

impl Record {
    /// The keys it holds.
    pub fn keys(&self) -> Vec<Key> {
        match self {
            Record::ApiKey(key) => vec![Key::Secret(key.digest)],
            Record::Payer(payer) => vec![Key::Phone(payer.phone_digest)],
            Record::Payment(payment) => payment.keys(),
            Record::Refund(refund) => refund.keys(),
            Record::Reply(reply) => vec![Key::Idempotency(reply.app, reply.key.clone())],
            Record::Sandbox(_) => vec![Key::Sandbox],
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
            Record::Merchant(_)
            | Record::App(_)
            | Record::Event(_)
            | Record::Endpoint(_)
            | Record::Delivery(_)
            | Record::Message(_)
            | Record::WechatTransferList(_)
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
            Record::Message(_) => vec![List::Messages],
            Record::Alarm(_) => vec![List::Alarms],
            Record::Transfer(transfer) => transfer.lists(),
            Record::Reply(_)
            | Record::Sandbox(_)
            | Record::WechatMerchant(_)
            | Record::WechatPlatform(_)
            | Record::WechatTransferBatch(_)
            | Record::WechatTransferList(_)
            | Record::WechatCombinedOrder(_)
            | Record::PaymentCode(_)
            | Record::PaymentCodeSeed(_)
            | Record::Sharing(_)
            | Record::SharingReturn(_)
            | Record::SharingReceiver(_) => Vec::new(),
            Record::SharingOrder(order) => order.lists(),
            Record::Complaint(complaint) => complaint.lists(),
        }
    }
}
