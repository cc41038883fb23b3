//! Lists of records.

use crate::{
    Id,
    id::{AppId, EventId, Kind, MerchantId, PayerId, PaymentId},
};

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
    /// The messages that a payer reads in the wallet.
    MessagesOf(PayerId),
    /// The devices on which a payer is or was signed in.
    SessionsOf(PayerId),
    /// A payer's cards, unbound ones among them.
    CardsOf(PayerId),
    /// A payer's top-ups.
    TopUpsOf(PayerId),
    /// A payer's withdrawals.
    WithdrawalsOf(PayerId),
    /// All numbers of cards.
    CardNumbers,
    /// All merchant numbers of WeChat Pay's interface.
    WechatMerchants,
    /// The transfers of a payer to others.
    TransfersBy(PayerId),
    /// To whom a payer has sent money.
    Payees(PayerId),
    /// All notices to payers.
    Notices,
    /// What a payer has paid billers.
    UtilityPaymentsOf(PayerId),
    /// What a payer has begun to pay by card.
    CardPaymentsOf(PayerId),
    /// All entities that stand on risk lists, or stood.
    ListedEntities,
    /// What was decided about a payer's transfers, withdrawals and top-ups.
    RiskDecisionsOf(PayerId),
    /// All reviews of attempts by a person.
    Reviews,
    /// An operator's rides.
    Rides(MerchantId),
    /// A payer's rides.
    RidesOf(PayerId),
    /// What a payer owes and owed.
    DebtsOf(PayerId),
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
            List::MessagesOf(id) => (50, Some(id.into())),
            List::SessionsOf(id) => (51, Some(id.into())),
            List::CardsOf(id) => (55, Some(id.into())),
            List::TopUpsOf(id) => (56, Some(id.into())),
            List::WithdrawalsOf(id) => (57, Some(id.into())),
            List::CardNumbers => (58, None),
            List::WechatMerchants => (17, None),
            List::TransfersBy(id) => (60, Some(id.into())),
            List::Payees(id) => (61, Some(id.into())),
            List::Notices => (85, None),
            List::UtilityPaymentsOf(id) => (75, Some(id.into())),
            List::CardPaymentsOf(id) => (97, Some(id.into())),
            List::ListedEntities => (100, None),
            List::Reviews => (110, None),
            List::RiskDecisionsOf(id) => (111, Some(id.into())),
            List::Rides(id) => (90, Some(id.into())),
            List::RidesOf(id) => (91, Some(id.into())),
            List::DebtsOf(id) => (92, Some(id.into())),
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
            List::Messages | List::MessagesOf(_) => Kind::Message,
            List::SessionsOf(_) => Kind::Session,
            List::Alarms => Kind::Alarm,
            List::Transfers(_) | List::TransfersTo(_) | List::TransfersBy(_) => Kind::Transfer,
            List::Payees(_) => Kind::Payee,
            List::Notices => Kind::Notice,
            List::UtilityPaymentsOf(_) => Kind::UtilityPayment,
            List::CardPaymentsOf(_) => Kind::CardPayment,
            List::ListedEntities => Kind::ListedEntity,
            List::Reviews => Kind::Review,
            List::RiskDecisionsOf(_) => Kind::RiskDecision,
            List::Rides(_) | List::RidesOf(_) => Kind::Ride,
            List::DebtsOf(_) => Kind::Debt,
            List::SharingOrders(_) => Kind::SharingOrder,
            List::Complaints(_) => Kind::Complaint,
            List::CardsOf(_) => Kind::Card,
            List::TopUpsOf(_) => Kind::TopUp,
            List::WithdrawalsOf(_) => Kind::Withdrawal,
            List::CardNumbers => Kind::CardNumber,
            List::WechatMerchants => Kind::WechatMerchant,
        }
    }
}
