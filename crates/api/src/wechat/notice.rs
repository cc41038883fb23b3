//! What a merchant is told of its orders, before the engine seals it.

use std::sync::Arc;

use tongbao_core::event::{Event, EventKind, Subject};
use tongbao_engine::{
    Engine,
    wechat::{OrderNotice, RenderOrderEvent},
};

use super::{
    combine::CombinedBody, complaints::ComplaintNotice, orders::TransactionBody, profit_sharing::ShareNotice,
    refunds::RefundNotice, transfer_batches::BatchNotice, transfers::BillNotice,
};

/// Writes events of orders for notifications.
pub fn render_order_event() -> RenderOrderEvent {
    Arc::new(write)
}

fn write(engine: &Engine, event: &Event) -> Option<OrderNotice> {
    let json = |body: serde_json::Result<Vec<u8>>| body.expect("texts and numbers always become JSON");
    let (event_type, summary) = match event.kind {
        EventKind::PaymentSucceeded => ("TRANSACTION.SUCCESS", "支付成功"),
        EventKind::RefundSucceeded => ("REFUND.SUCCESS", "退款成功"),
        EventKind::RefundFailed => ("REFUND.CLOSED", "退款关闭"),
        EventKind::TransferAccepted | EventKind::TransferReturned
            if matches!(event.subject, Subject::TransferBatch(_)) =>
        {
            ("MCHTRANSFER.BATCH.FINISHED", "商家转账批次完成通知")
        }
        EventKind::TransferAccepted | EventKind::TransferReturned => {
            ("MCHTRANSFER.BILL.FINISHED", "商家转账单据终态通知")
        }
        EventKind::ShareReceived => ("PROFITSHARING", "分账"),
        EventKind::ShareReturned => ("PROFITSHARING", "分账回退"),
        EventKind::ComplaintCreated => ("COMPLAINT.CREATE", "产生新投诉"),
        EventKind::ComplaintChanged => ("COMPLAINT.STATE_CHANGE", "投诉状态变化"),
        EventKind::PaymentClosed
        | EventKind::PaymentFailed
        | EventKind::RideSettled
        | EventKind::RideOwed => return None,
    };
    let (mchid, by_public_key, original_type, plaintext) = match &event.subject {
        Subject::Payment(payment) => {
            let order = payment.wechat.as_ref()?;
            let plaintext = json(serde_json::to_vec(&TransactionBody::of(engine, payment)?));
            (order.terms.mchid.clone(), order.by_public_key, "transaction", plaintext)
        }
        Subject::CombinedOrder(picture) => {
            let order = &picture.order;
            let plaintext = json(serde_json::to_vec(&CombinedBody::of(engine, picture)));
            (order.terms.mchid.clone(), order.by_public_key, "transaction", plaintext)
        }
        Subject::Refund(refund) => {
            let order = refund.wechat.as_ref()?;
            let plaintext = json(serde_json::to_vec(&RefundNotice::of(refund)?));
            (order.mchid.clone(), order.by_public_key, "refund", plaintext)
        }
        // Sealed with the key of who is told, and signed by a certificate: nothing was asked for that says otherwise.
        Subject::Share(share) => {
            let plaintext = json(serde_json::to_vec(&ShareNotice::of(share)));
            (share.told.clone(), false, "profitsharing", plaintext)
        }
        Subject::TransferBatch(batch) => {
            let plaintext = json(serde_json::to_vec(&BatchNotice::of(batch)));
            (batch.terms.mchid.clone(), batch.by_public_key, "mch_payment", plaintext)
        }
        Subject::Complaint(told) => {
            let wechat = told.wechat.as_ref()?;
            let plaintext = json(serde_json::to_vec(&ComplaintNotice::of(told, wechat)));
            (wechat.mchid.clone(), told.by_public_key, "complaint", plaintext)
        }
        // WeChat Pay's interface has no rides.
        Subject::Ride(_) => return None,
        Subject::Transfer(transfer) => {
            let bill = transfer.wechat.as_ref()?;
            let plaintext = json(serde_json::to_vec(&BillNotice::of(transfer)?));
            (bill.terms.mchid.clone(), bill.by_public_key, "mch_payment", plaintext)
        }
    };
    Some(OrderNotice { mchid, by_public_key, event_type, summary, original_type, plaintext })
}
