//! What a merchant is told that received a share, or got one back.

use serde::Serialize;
use tongbao_channel::wechat::time::rfc3339;
use tongbao_core::profit_sharing::{order::ReceivedShare, receiver::ReceiverKind};

/// A share as notifications tell it.
#[derive(Debug, Serialize)]
pub(crate) struct ShareNotice {
    mchid: String,
    transaction_id: String,
    order_id: String,
    out_order_no: String,
    receiver: Receiver,
    success_time: String,
}

#[derive(Debug, Serialize)]
struct Receiver {
    #[serde(rename = "type")]
    kind: &'static str,
    account: String,
    amount: i64,
    description: String,
}

impl ShareNotice {
    pub(crate) fn of(share: &ReceivedShare) -> ShareNotice {
        ShareNotice {
            mchid: share.mchid.clone(),
            transaction_id: share.transaction_id.clone(),
            order_id: share.order_id.clone(),
            out_order_no: share.out_order_no.clone(),
            receiver: Receiver {
                kind: ReceiverKind::Merchant.name(),
                account: share.told.clone(),
                amount: share.money.amount.minor(),
                description: share.description.clone(),
            },
            success_time: rfc3339(share.at),
        }
    }
}
