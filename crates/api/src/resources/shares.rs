//! Shares of payments as merchants see them in events. They are made through the WeChat Pay door; `/v1` only tells
//! of them.

use serde::Serialize;
use tongbao_core::profit_sharing::order::ReceivedShare;
use utoipa::ToSchema;

use crate::wire::rfc3339;

/// A share of another merchant's payment, or one that was given back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Share)]
pub struct ShareBody {
    /// The merchant number that shares.
    pub mchid: String,
    /// The number of the payment in WeChat Pay's interface.
    pub transaction_id: String,
    /// The platform's number of the request to share.
    pub order_id: String,
    /// The number that the merchant who shares has given it.
    pub out_order_no: String,
    /// How much, in minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// What for.
    pub description: String,
    /// When it was received.
    #[schema(format = DateTime)]
    pub received_at: String,
}

impl ShareBody {
    /// A share as merchants see it.
    pub fn of(share: &ReceivedShare) -> ShareBody {
        ShareBody {
            mchid: share.mchid.clone(),
            transaction_id: share.transaction_id.clone(),
            order_id: share.order_id.clone(),
            out_order_no: share.out_order_no.clone(),
            amount: share.money.amount.minor(),
            currency: share.money.currency.to_string(),
            description: share.description.clone(),
            received_at: rfc3339(share.at),
        }
    }
}
