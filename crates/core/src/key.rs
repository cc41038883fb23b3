//! Keys: names by which records are found, each held by one record for ever.

use crate::{
    Id,
    id::{CardNumberId, MerchantId, PayerId, PaymentId, WechatTransferBatchId},
    ledger::Channel,
    risk::list::Entity,
};

/// A name that one record holds for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A merchant's order number.
    OrderNo(MerchantId, String),
    /// A merchant's refund number.
    RefundNo(MerchantId, String),
    /// The idempotency key of an app, or of a payer.
    Idempotency(Id, String),
    /// A secret key, by its digest.
    Secret([u8; 32]),
    /// A payer's phone number, by keyed digest.
    Phone([u8; 32]),
    /// The same of an account that was opened after as many others of the number were closed.
    PhoneAgain([u8; 32], u32),
    /// What a channel calls a movement of money.
    ChannelReference(Channel, String),
    /// The settings of the sandbox.
    Sandbox,
    /// What the instance says of itself.
    Instance,
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
    /// The person with this ID number, by keyed digest.
    IdNumber([u8; 32]),
    /// A payer's session on a device, by the digest of the device's secret.
    Session(PayerId, [u8; 32]),
    /// What a payer has paid from its balance.
    UsageOf(PayerId),
    /// A phone number on its way to an account, by keyed digest.
    SignUp([u8; 32]),
    /// The number of a complaint in WeChat Pay's interface.
    WechatComplaint(String),
    /// A card's number, by keyed digest.
    CardNumber([u8; 32]),
    /// A payer's card of a number.
    CardOf(PayerId, CardNumberId),
    /// A payer's wallet.
    Wallet(PayerId),
    /// A payer's number of a top-up.
    TopUpNo(PayerId, String),
    /// A payer's number of a withdrawal.
    WithdrawalNo(PayerId, String),
    /// A payer's number of a transfer to another.
    PayerTransferNo(PayerId, String),
    /// What a payer's sending of a day comes to.
    Sending(PayerId),
    /// Somebody to whom a payer has sent money: the payer, then the other.
    Payee(PayerId, PayerId),
    /// A collection code, by the token in it.
    CollectionCode(String),
    /// The collection code of its owner.
    CollectionCodeOf(Id),
    /// A passkey, by the digest of its credential id.
    Passkey([u8; 32]),
    /// A payer's passkeys as a whole.
    PasskeyRing(PayerId),
    /// The vault's data keys.
    DataKeys,
    /// How a payer is reached.
    ContactOf(PayerId),
    /// A payer's number of a utility payment.
    UtilityPaymentNo(PayerId, String),
    /// What stands on risk lists about an entity.
    ListedEntity(Entity),
    /// Where our chain of deltas of risk lists ends.
    ListLog,
    /// A delta of risk lists that we have published, by its number.
    ListDelta(u64),
    /// A source of shared lists, by its name.
    ListSource(String),
    /// A token, by the name of its source.
    ListToken(String, [u8; 32]),
    /// A member of the sharing, by its name.
    ListMember(String),
    /// An operator's ride number.
    RideNo(MerchantId, String),
    /// A payer's rides as a whole.
    Rider(PayerId),
    /// A transit code, by keyed digest.
    TransitCode([u8; 32]),
    /// From where a payer has signed in.
    NetworksOf(PayerId),
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
            Key::Idempotency(caller, text) => named(&mut hash, 3, *caller, text),
            Key::Secret(digest) => found(&mut hash, 4, digest),
            Key::Phone(digest) => found(&mut hash, 5, digest),
            Key::ChannelReference(channel, text) => {
                tagged(&mut hash, 6, &format!("{}\0{text}", channel.name()));
            }
            Key::Sandbox => tagged(&mut hash, 7, ""),
            Key::WechatMerchant(text) => tagged(&mut hash, 8, text),
            Key::WechatPlatform => tagged(&mut hash, 9, ""),
            Key::WechatTransaction(text) => tagged(&mut hash, 10, text),
            Key::WechatRefund(text) => tagged(&mut hash, 11, text),
            Key::WechatPrepay(text) => tagged(&mut hash, 12, text),
            Key::TransferNo(merchant, text) => named(&mut hash, 13, (*merchant).into(), text),
            Key::WechatTransfer(text) => tagged(&mut hash, 14, text),
            Key::WechatTransferBatchNo(merchant, text) => named(&mut hash, 15, (*merchant).into(), text),
            Key::WechatTransferBatch(text) => tagged(&mut hash, 16, text),
            Key::WechatTransferDetail(batch, place) => owned(&mut hash, 17, *batch, &place.to_be_bytes()),
            // No merchant number has a slash.
            Key::WechatCombinedOrder(mchid, text) => tagged(&mut hash, 20, &format!("{mchid}/{text}")),
            Key::PaymentCode(digest) => found(&mut hash, 30, digest),
            Key::PaymentCodeSeed(payer) => named(&mut hash, 31, (*payer).into(), ""),
            Key::SharingOf(payment) => named(&mut hash, 21, (*payment).into(), ""),
            Key::SharingOrderNo(merchant, text) => named(&mut hash, 22, (*merchant).into(), text),
            Key::SharingOrder(text) => tagged(&mut hash, 23, text),
            Key::SharingReturnNo(merchant, text) => named(&mut hash, 24, (*merchant).into(), text),
            // Neither a merchant number nor a type has a slash in it.
            Key::SharingReceiver(mchid, account) => tagged(&mut hash, 25, &format!("{mchid}/{account}")),
            Key::IdNumber(digest) => found(&mut hash, 50, digest),
            Key::Session(payer, device) => owned(&mut hash, 51, *payer, device),
            Key::UsageOf(payer) => named(&mut hash, 52, (*payer).into(), ""),
            Key::SignUp(digest) => found(&mut hash, 53, digest),
            Key::Instance => tagged(&mut hash, 65, ""),
            Key::ComplaintOf(payment) => named(&mut hash, 40, (*payment).into(), ""),
            Key::WechatComplaint(text) => tagged(&mut hash, 41, text),
            Key::CardNumber(digest) => found(&mut hash, 55, digest),
            Key::CardOf(payer, number) => owned(&mut hash, 56, *payer, &Id::from(*number).bytes()),
            Key::Wallet(payer) => named(&mut hash, 57, (*payer).into(), ""),
            Key::TopUpNo(payer, text) => named(&mut hash, 58, (*payer).into(), text),
            Key::WithdrawalNo(payer, text) => named(&mut hash, 59, (*payer).into(), text),
            Key::PayerTransferNo(payer, text) => named(&mut hash, 60, (*payer).into(), text),
            Key::Sending(payer) => named(&mut hash, 61, (*payer).into(), ""),
            Key::Payee(payer, payee) => owned(&mut hash, 62, *payer, &Id::from(*payee).bytes()),
            Key::CollectionCode(text) => tagged(&mut hash, 63, text),
            Key::CollectionCodeOf(owner) => named(&mut hash, 64, *owner, ""),
            Key::Passkey(digest) => found(&mut hash, 70, digest),
            Key::PasskeyRing(payer) => named(&mut hash, 71, (*payer).into(), ""),
            Key::PhoneAgain(digest, turn) => after(&mut hash, 86, digest, &turn.to_be_bytes()),
            Key::DataKeys => tagged(&mut hash, 87, ""),
            Key::ContactOf(payer) => named(&mut hash, 85, (*payer).into(), ""),
            Key::UtilityPaymentNo(payer, text) => named(&mut hash, 75, (*payer).into(), text),
            Key::ListedEntity(entity) => bare(&mut hash, 100, &entity.bytes()),
            Key::ListLog => tagged(&mut hash, 101, ""),
            Key::ListDelta(number) => bare(&mut hash, 102, &number.to_be_bytes()),
            Key::ListSource(name) => tagged(&mut hash, 103, name),
            Key::ListToken(source, token) => after(&mut hash, 104, token, source.as_bytes()),
            Key::ListMember(name) => tagged(&mut hash, 105, name),
            Key::RideNo(merchant, text) => named(&mut hash, 90, (*merchant).into(), text),
            Key::Rider(payer) => named(&mut hash, 91, (*payer).into(), ""),
            Key::TransitCode(digest) => found(&mut hash, 92, digest),
            Key::NetworksOf(payer) => named(&mut hash, 96, (*payer).into(), ""),
        }
        let mut digest = KeyDigest::default();
        hash.finalize_xof().fill(&mut digest);
        digest
    }
}

fn found(hash: &mut blake3::Hasher, tag: u8, digest: &[u8; 32]) {
    after(hash, tag, digest, &[]);
}

/// A digest, then whatever follows it: all digests have 32 bytes, so it begins where they end.
fn after(hash: &mut blake3::Hasher, tag: u8, digest: &[u8; 32], rest: &[u8]) {
    hash.update(&[tag]).update(digest).update(rest);
}

fn owned(hash: &mut blake3::Hasher, tag: u8, owner: impl Into<Id>, rest: &[u8]) {
    hash.update(&[tag]).update(&owner.into().bytes()).update(rest);
}

fn bare(hash: &mut blake3::Hasher, tag: u8, bytes: &[u8]) {
    hash.update(&[tag]).update(bytes);
}

fn named(hash: &mut blake3::Hasher, tag: u8, owner: Id, text: &str) {
    hash.update(&[tag]).update(&owner.bytes()).update(text.as_bytes());
}

fn tagged(hash: &mut blake3::Hasher, tag: u8, text: &str) {
    hash.update(&[tag]).update(text.as_bytes());
}
