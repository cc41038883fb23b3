//! Records: every kind encodes and decodes to itself; its keys and lists follow from its content and
//! stand under the same bytes for ever.

use std::collections::BTreeSet;

use tongbao_core::{
    ChangeSet, Id, Key, KeyDigest, List, Record, TaskKey, Work,
    id::{AppId, EventId, Kind, MerchantId, PayerId, PaymentId, RefundId},
    ledger::Channel,
    payment::Payment,
    refund::{Origin, Target},
    risk::list::Entity,
};
use tongbao_money::Amount;
use uuid::Uuid;

use crate::{
    samples::{
        all, app, bare_payment, full_payment, id, merchant, order_refund, payer, people, refund, told, wechat,
    },
    shop::{after, yuan},
};

#[test]
fn every_kind_of_record_decodes_to_itself() {
    let mut seen = BTreeSet::new();
    for record in all() {
        let kind = record.id().kind;
        let stored = record.encode().unwrap();
        let read = Record::decode(kind, &stored).unwrap();
        assert_eq!(read, record);
        assert_eq!(read.encode().unwrap(), stored, "the stored form is stable");
        assert_eq!((read.keys(), read.lists()), (record.keys(), record.lists()));
        seen.insert(kind);
    }
    let kept: BTreeSet<Kind> = Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Attempt).collect();
    assert_eq!(seen, kept, "every kind was tried");
}

#[test]
fn a_stored_form_of_another_kind_or_broken_is_refused() {
    for record in all() {
        let stored = record.encode().unwrap();
        assert!(Record::decode(record.id().kind, &stored[..stored.len() - 1]).is_err());
        assert!(Record::decode(Kind::Attempt, &stored).is_err());
        for other in Kind::ALL.iter().filter(|kind| **kind != record.id().kind) {
            assert!(Record::decode(*other, &stored).is_err(), "{} read as {other:?}", record.id());
        }
    }
}

#[test]
fn a_stored_form_without_the_newer_fields_is_read() {
    // The older stored form is JSON; fields have the same names in both.
    let mut stored = serde_json::to_value(bare_payment()).unwrap();
    let fields = stored.as_object_mut().unwrap();
    for newer in ["fee", "fee_returned", "refund_claimed", "refunded", "refund_count"] {
        fields.remove(newer).unwrap();
    }
    let read = Record::decode(Kind::Payment, stored.to_string().as_bytes()).unwrap();
    let none = Amount::ZERO;
    let without = Payment {
        fee: none,
        fee_returned: none,
        refund_claimed: none,
        refunded: none,
        refund_count: 0,
        ..bare_payment()
    };
    assert_eq!(read, Record::from(without));
}

#[test]
fn the_stored_form_is_a_map_with_named_fields() {
    for record in all() {
        let stored = record.encode().unwrap();
        // Of at most 15 fields, or at most 65,535, by the specification of MessagePack.
        assert!(stored[0] & 0xf0 == 0x80 || stored[0] == 0xde, "{} begins with {:x}", record.id(), stored[0]);
        let field = b"\xa7version";
        assert!(stored.windows(field.len()).any(|window| window == field), "fields have their names");
    }
}

#[test]
fn the_keys_of_a_record_are_those_of_its_content() {
    let reference = |text: &str| Key::ChannelReference(Channel::SandboxBank, text.to_owned());
    let order_no = Key::OrderNo(merchant(), "order-1".to_owned());
    let transaction = Key::WechatTransaction("4200000000000000000000000001".to_owned());
    let prepay = Key::WechatPrepay("00000000000000aa".to_owned());
    assert_eq!(
        Record::from(full_payment()).keys(),
        [order_no, transaction, prepay, reference("a"), reference("b"), reference("c")]
    );
    let keys: Vec<Vec<Key>> = people().iter().map(Record::keys).collect();
    assert_eq!(keys, [vec![], vec![], vec![Key::Secret([7; 32])], vec![Key::PhoneAgain([9; 32], 1)]]);
    assert!(told().iter().all(|record| record.keys().is_empty()));
    let refund_no = Key::RefundNo(merchant(), "refund-1".to_owned());
    let to_payer = Target::Balance(payer());
    assert_eq!(Record::from(refund(Origin::Merchant("refund-1".to_owned()), to_payer)).keys(), [refund_no]);
    assert!(Record::from(refund(Origin::Unexpected, to_payer)).keys().is_empty());
    let refund_id = Key::WechatRefund("50300000000000000000000000001".to_owned());
    let refund_no = Key::RefundNo(merchant(), "refund-2".to_owned());
    assert_eq!(Record::from(order_refund()).keys(), [refund_no, refund_id]);
    let keys: Vec<Vec<Key>> = wechat().iter().map(Record::keys).collect();
    let mchid = Key::WechatMerchant("1900000001".to_owned());
    assert_eq!(keys, [vec![mchid], vec![Key::WechatPlatform]]);
}

#[test]
fn the_lists_of_a_record_hold_its_kind() {
    let mut seen = BTreeSet::new();
    for record in all() {
        for list in record.lists() {
            assert_eq!(list.kind(), record.id().kind);
            seen.insert(list.bytes()[0]);
        }
    }
    assert_eq!(
        seen,
        (1..=17).chain([40, 50, 51, 60, 61, 75, 85, 90, 91, 92, 97, 100, 110, 111]).chain(55..=58).collect(),
        "every list was stood in"
    );
}

#[test]
fn keys_and_lists_stand_under_the_same_bytes_for_ever() {
    // Stored indexes hold these bytes: a change here is a migration.
    let named = |tag: u8, kind: u8, owner: u8| {
        let mut bytes = vec![tag, kind];
        bytes.extend([0; 15]);
        bytes.push(owner);
        bytes.extend(b"order-1");
        bytes
    };
    let text = || "order-1".to_owned();
    let table = [
        (Key::OrderNo(merchant(), text()), named(1, 1, 1)),
        (Key::RefundNo(merchant(), text()), named(2, 1, 1)),
        (Key::Idempotency(app().into(), text()), named(3, 2, 2)),
        (Key::Secret([7; 32]), [&[4][..], &[7; 32]].concat()),
        (Key::Phone([7; 32]), [&[5][..], &[7; 32]].concat()),
        (Key::ChannelReference(Channel::SandboxBank, text()), b"\x06sandbox_bank\0order-1".to_vec()),
        (Key::Sandbox, vec![7]),
        (Key::Instance, vec![65]),
        (Key::WechatMerchant(text()), b"\x08order-1".to_vec()),
        (Key::WechatPlatform, vec![9]),
        (Key::WechatTransaction(text()), b"\x0aorder-1".to_vec()),
        (Key::WechatRefund(text()), b"\x0border-1".to_vec()),
        (Key::WechatPrepay(text()), b"\x0corder-1".to_vec()),
        (Key::TransferNo(merchant(), text()), named(13, 1, 1)),
        (Key::WechatTransfer(text()), b"\x0eorder-1".to_vec()),
        (Key::WechatTransferBatchNo(merchant(), text()), named(15, 1, 1)),
        (Key::WechatTransferBatch(text()), b"\x10order-1".to_vec()),
        (Key::WechatTransferDetail(id(1), 7), [&named(17, 18, 1)[..18], &[0, 0, 0, 7]].concat()),
        (Key::SharingOf(id(1)), named(21, 5, 1)[..18].to_vec()),
        (Key::SharingOrderNo(merchant(), text()), named(22, 1, 1)),
        (Key::SharingOrder(text()), b"\x17order-1".to_vec()),
        (Key::SharingReturnNo(merchant(), text()), named(24, 1, 1)),
        (Key::SharingReceiver("19".to_owned(), text()), b"\x1919/order-1".to_vec()),
        (Key::IdNumber([7; 32]), [&[50][..], &[7; 32]].concat()),
        (Key::Session(id(1), [7; 32]), [&named(51, 4, 1)[..18], &[7; 32]].concat()),
        (Key::UsageOf(id(1)), named(52, 4, 1)[..18].to_vec()),
        (Key::SignUp([7; 32]), [&[53][..], &[7; 32]].concat()),
        (Key::ComplaintOf(id(1)), named(40, 5, 1)[..18].to_vec()),
        (Key::WechatComplaint(text()), b"\x29order-1".to_vec()),
        (Key::CardNumber([7; 32]), [&[55][..], &[7; 32]].concat()),
        (Key::CardOf(payer(), id(1)), [&named(56, 4, 3)[..18], &[56], &[0; 15], &[1]].concat()),
        (Key::Wallet(payer()), named(57, 4, 3)[..18].to_vec()),
        (Key::TopUpNo(payer(), text()), named(58, 4, 3)),
        (Key::WithdrawalNo(payer(), text()), named(59, 4, 3)),
        (Key::PayerTransferNo(payer(), text()), named(60, 4, 3)),
        (Key::Sending(payer()), named(61, 4, 3)[..18].to_vec()),
        (Key::Payee(payer(), id(1)), [&named(62, 4, 3)[..18], &named(4, 0, 1)[..1], &[0; 15], &[1]].concat()),
        (Key::CollectionCode(text()), b"\x3forder-1".to_vec()),
        (Key::DataKeys, vec![87]),
        (Key::PhoneAgain([7; 32], 1), [&[86][..], &[7; 32], &[0, 0, 0, 1]].concat()),
        (Key::ContactOf(payer()), named(85, 4, 3)[..18].to_vec()),
        (Key::CollectionCodeOf(payer().into()), named(64, 4, 3)[..18].to_vec()),
        (Key::Passkey([7; 32]), [&[70][..], &[7; 32]].concat()),
        (Key::PasskeyRing(payer()), named(71, 4, 3)[..18].to_vec()),
        (Key::UtilityPaymentNo(payer(), text()), named(75, 4, 3)),
    ];
    for (key, hashed) in table {
        assert_eq!(key.digest(), blake3::hash(&hashed).as_bytes()[..16], "{key:?}");
    }
    let list = |tag: u8, owner: u16| {
        let mut bytes = [0_u8; 17];
        bytes[0] = tag;
        bytes[15..].copy_from_slice(&owner.to_be_bytes());
        bytes
    };
    assert_eq!(List::Payments(merchant()).bytes(), list(1, 1));
    assert_eq!(List::DeliveriesOf(id::<EventId>(258)).bytes(), list(7, 258));
    assert_eq!(List::Messages.bytes(), list(12, 0));
}

#[test]
fn keys_of_rides_and_risk_lists_stand_under_the_same_bytes_for_ever() {
    let named = |tag: u8, kind: u8, owner: u8| {
        let mut bytes = vec![tag, kind];
        bytes.extend([0; 15]);
        bytes.push(owner);
        bytes.extend(b"order-1");
        bytes
    };
    let text = || "order-1".to_owned();
    let table = [
        (Key::NetworksOf(payer()), named(96, 4, 3)[..18].to_vec()),
        (Key::RideNo(merchant(), text()), named(90, 1, 1)),
        (Key::Rider(payer()), named(91, 4, 3)[..18].to_vec()),
        (Key::TransitCode([7; 32]), [&[92][..], &[7; 32]].concat()),
        (Entity::Payer(payer()).key(), [&[100, 1][..], &named(4, 0, 3)[..1], &[0; 15], &[3]].concat()),
        (Entity::Phone([7; 32]).key(), [&[100, 5][..], &[7; 32]].concat()),
        (Entity::Address([127, 0, 0, 1].into()).key(), vec![100, 4, 127, 0, 0, 1]),
        (Key::ListLog, vec![101]),
        (Key::ListDelta(258), vec![102, 0, 0, 0, 0, 0, 0, 1, 2]),
        (Key::ListSource("north".to_owned()), b"\x67north".to_vec()),
        (Key::ListToken("north".to_owned(), [7; 32]), [&[104][..], &[7; 32], b"north"].concat()),
        (Key::ListMember("north".to_owned()), b"\x69north".to_vec()),
    ];
    for (key, hashed) in table {
        assert_eq!(key.digest(), blake3::hash(&hashed).as_bytes()[..16], "{key:?}");
    }
}

#[test]
fn no_two_keys_share_a_digest() {
    let (one, other): (MerchantId, MerchantId) = (id(1), id(257));
    let app: AppId = id(1);
    let mut digests: BTreeSet<KeyDigest> = BTreeSet::new();
    let mut count = 0;
    for text in ["", "a", "ab", "a\u{0}b"] {
        let text = || text.to_owned();
        for key in [
            Key::OrderNo(one, text()),
            Key::OrderNo(other, text()),
            Key::RefundNo(one, text()),
            Key::Idempotency(app.into(), text()),
            Key::Idempotency(payer().into(), text()),
            Key::ChannelReference(Channel::SandboxBank, text()),
            Key::WechatMerchant(text()),
            Key::WechatTransaction(text()),
            Key::WechatRefund(text()),
            Key::WechatPrepay(text()),
            Key::TransferNo(one, text()),
            Key::WechatTransfer(text()),
            Key::WechatTransferBatchNo(one, text()),
            Key::WechatTransferBatch(text()),
            Key::SharingOrderNo(one, text()),
            Key::SharingOrder(text()),
            Key::SharingReturnNo(one, text()),
            Key::SharingReceiver("19".to_owned(), text()),
            Key::WechatComplaint(text()),
            Key::TopUpNo(payer(), text()),
            Key::WithdrawalNo(payer(), text()),
            Key::PayerTransferNo(payer(), text()),
            Key::CollectionCode(text()),
            Key::UtilityPaymentNo(payer(), text()),
            Key::RideNo(one, text()),
        ] {
            digests.insert(key.digest());
            count += 1;
        }
    }
    for key in [
        Key::Secret([1; 32]),
        Key::Phone([1; 32]),
        Key::IdNumber([1; 32]),
        Key::SignUp([1; 32]),
        Key::Session(id(1), [1; 32]),
        Key::UsageOf(id(1)),
        Key::Passkey([1; 32]),
        Key::TransitCode([1; 32]),
        Key::PaymentCode([1; 32]),
        Key::Rider(id(1)),
        Key::PasskeyRing(id(1)),
        Key::NetworksOf(id(1)),
        Entity::Payer(id(1)).key(),
        Entity::Payee(id::<PayerId>(1).into()).key(),
        Entity::Device([1; 32]).key(),
        Entity::Card([1; 32]).key(),
        Entity::Phone([1; 32]).key(),
        Key::Sandbox,
        Key::Instance,
        Key::WechatPlatform,
    ] {
        digests.insert(key.digest());
        count += 1;
    }
    assert_eq!(digests.len(), count);
}

#[test]
fn no_two_lists_share_their_bytes() {
    let (one, other): (MerchantId, MerchantId) = (id(1), id(257));
    let app: AppId = id(1);
    let payment: PaymentId = id(1);
    let lists = [
        List::Payments(one),
        List::Payments(other),
        List::Refunds(one),
        List::RefundsOf(payment),
        List::Apps(one),
        List::Events(app),
        List::Endpoints(app),
        List::Deliveries(app),
        List::ApiKeys(app),
        List::DeliveriesOf(id(1)),
        List::Merchants,
        List::Payers,
        List::Messages,
        List::Notices,
        List::Alarms,
        List::Transfers(one),
        List::TransfersTo(id(1)),
        List::SharingOrders(one),
        List::Complaints(one),
        List::MessagesOf(id(1)),
        List::SessionsOf(id(1)),
        List::WechatMerchants,
        List::CardsOf(id(1)),
        List::TopUpsOf(id(1)),
        List::WithdrawalsOf(id(1)),
        List::CardNumbers,
        List::TransfersBy(id(1)),
        List::Payees(id(1)),
        List::UtilityPaymentsOf(id(1)),
        List::CardPaymentsOf(id(1)),
        List::Rides(one),
        List::RidesOf(id(1)),
        List::DebtsOf(id(1)),
        List::ListedEntities,
    ];
    let bytes: BTreeSet<[u8; 17]> = lists.iter().map(|list| list.bytes()).collect();
    assert_eq!(bytes.len(), lists.len());
}

#[test]
fn a_task_stands_under_the_id_of_what_it_is_about_and_its_work_reads_back() {
    let (payment, attempt, refund) = (id::<PaymentId>(1), id(2), id::<RefundId>(3));
    let table = [
        (Work::ExpirePayment(payment), 1),
        (Work::SubmitAttempt(payment, attempt), 2),
        (Work::QueryAttempt(payment, attempt), 2),
        (Work::SubmitRefund(refund), 3),
        (Work::QueryRefund(refund), 3),
        (Work::Deliver(id(4)), 4),
        (Work::ExpireTransfer(id(5)), 5),
        (Work::Unfreeze(id(6)), 6),
        (Work::PayTransferBatch(id(7)), 7),
        (Work::SubmitTopUp(id(8)), 8),
        (Work::QueryTopUp(id(8)), 8),
        (Work::SubmitWithdrawal(id(9)), 9),
        (Work::QueryWithdrawal(id(9)), 9),
        (Work::Notify(id(10)), 10),
        (Work::SendNotice(id(11)), 11),
        (Work::PayBiller(id(75)), 75),
        (Work::QueryBiller(id(75)), 75),
        (Work::EndRide(id(90)), 90),
        (Work::EndReview(id(111)), 111),
    ];
    for (work, number) in table {
        let task = tongbao_core::Task::new(after(5), work);
        assert_eq!(task.key, TaskKey { due_at: after(5), id: Uuid::from_u128(number) });
        let stored = serde_json::to_string(&work).unwrap();
        assert_eq!(serde_json::from_str::<Work>(&stored).unwrap(), work);
    }
}

#[test]
fn a_change_set_is_empty_only_when_nothing_is_in_it() {
    assert!(ChangeSet::default().is_empty());
    let key = TaskKey { due_at: after(0), id: Uuid::nil() };
    let task = tongbao_core::Task::new(after(0), Work::Deliver(id(1)));
    let subject = Id::from(merchant());
    let postings = tongbao_core::ledger::template::hold(payer(), yuan(1), subject);
    for full in [
        ChangeSet { done: vec![key], ..ChangeSet::default() },
        ChangeSet { tasks: vec![task], ..ChangeSet::default() },
        ChangeSet { records: vec![full_payment().into()], ..ChangeSet::default() },
        ChangeSet { postings, ..ChangeSet::default() },
    ] {
        assert!(!full.is_empty());
    }
}
