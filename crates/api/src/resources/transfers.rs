//! Transfers as merchants see them in events. They are made through the WeChat Pay door; `/v1` only tells of them.

use serde::Serialize;
use tongbao_core::{
    transfer::{Transfer, TransferStatus},
    wechat::WechatTransferBatch,
};
use tongbao_money::Currency;
use utoipa::ToSchema;

use crate::wire::rfc3339;

/// A transfer to a payer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transfer)]
pub struct TransferBody {
    /// Its id: `trf_…`.
    pub id: String,
    /// The merchant's own number. That of a transfer of a batch is unique in its batch only.
    pub transfer_no: String,
    /// How much, in minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// The batch it is of: `wxb_…`; null unless it is of one.
    pub batch: Option<String>,
    /// Who is to have it: `pyr_…`.
    pub recipient: String,
    /// What for.
    pub remark: String,
    /// `offered`, `accepted` or `returned`.
    pub status: &'static str,
    /// Why it was returned: `withdrawn` or `expired`; null unless it was.
    pub return_reason: Option<&'static str>,
    /// When it was offered.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// The instant from which it cannot be accepted.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When it was accepted or returned; null before.
    #[schema(format = DateTime)]
    pub ended_at: Option<String>,
}

impl TransferBody {
    /// A transfer as merchants see it.
    pub fn of(transfer: &Transfer) -> TransferBody {
        let return_reason = match transfer.status {
            TransferStatus::Offered | TransferStatus::Accepted => None,
            TransferStatus::Returned(reason) => Some(reason.name()),
        };
        TransferBody {
            id: transfer.id.to_string(),
            transfer_no: transfer.sender.number().to_owned(),
            amount: transfer.money.amount.minor(),
            currency: transfer.money.currency.to_string(),
            batch: transfer.detail.map(|detail| detail.batch.to_string()),
            recipient: transfer.recipient.to_string(),
            remark: transfer.remark.clone(),
            status: transfer.status.name(),
            return_reason,
            created_at: rfc3339(transfer.created_at),
            expires_at: rfc3339(transfer.expires_at),
            ended_at: transfer.ended_at.map(rfc3339),
        }
    }
}

/// A batch of transfers that is finished.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TransferBatch)]
pub struct TransferBatchBody {
    /// Its id: `wxb_…`.
    pub id: String,
    /// The merchant's own number.
    pub batch_no: String,
    /// What was asked for in all, in minor units.
    pub amount: i64,
    /// What reached its recipients, in minor units. You have the rest again.
    pub paid_amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// How many transfers were asked for.
    pub count: u32,
    /// How many of them reached their recipients.
    pub paid_count: u32,
    /// When it was accepted.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When the last of its transfers ended.
    #[schema(format = DateTime)]
    pub ended_at: String,
}

impl TransferBatchBody {
    /// A batch as merchants see it.
    pub fn of(batch: &WechatTransferBatch) -> TransferBatchBody {
        TransferBatchBody {
            id: batch.id.to_string(),
            batch_no: batch.terms.out_batch_no.clone(),
            amount: batch.total.amount.minor(),
            paid_amount: batch.paid.amount.minor(),
            currency: Currency::CNY.to_string(),
            count: batch.total.count,
            paid_count: batch.paid.count,
            created_at: rfc3339(batch.created_at),
            ended_at: rfc3339(batch.updated_at),
        }
    }
}
