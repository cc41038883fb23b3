//! The lines of a fund flow bill: the movements themselves, with the names that merchants know.

use tongbao_channel::wechat::{
    bill::{Flow, FlowSums},
    time::date_time,
};
use tongbao_core::{Id, Record, ledger::Reason};
use tongbao_store::{Entry, Fault, Query};

use super::text::Source;

/// Who asked for what nobody asked for by name.
const SYSTEM: &str = "system";

/// What keeps numbers of movements apart from all other digests of the vault.
const PURPOSE: &str = "wechat fund flow number";
/// Digits of such a number that follow the eight of the day: 28 in all, as WeChat Pay's have.
const FLOW_DIGITS: u32 = 20;

/// How a movement's cause is numbered.
struct Cause {
    subject: Id,
    business_no: String,
    voucher_no: String,
    remark: String,
}

/// See the module.
#[derive(Default)]
pub(super) struct Flows {
    sums: FlowSums,
    /// The cause of the line before, which often is that of the next.
    cause: Option<Cause>,
}

impl Flows {
    pub(super) fn heading(text: &mut String) {
        FlowSums::heading(text);
    }

    pub(super) const fn lines(&self) -> u64 {
        self.sums.lines()
    }

    pub(super) fn take(&mut self, source: &Source, entry: Entry, text: &mut String) -> Result<(), Fault> {
        let cause = match self.cause.take().filter(|cause| cause.subject == entry.subject) {
            Some(cause) => cause,
            None => cause(source, entry.subject)?,
        };
        let (business, kind) = names(entry.reason);
        let asked = matches!(entry.reason, Reason::Refund | Reason::Transfer);
        let applicant = if asked { format!("{}API", source.mchid) } else { SYSTEM.to_owned() };
        let flow = Flow {
            at: entry.at,
            business_no: &cause.business_no,
            number: &flow_number(source, &entry),
            business,
            kind,
            amount: entry.amount,
            balance: entry.balance,
            applicant: &applicant,
            remark: if asked { &cause.remark } else { "" },
            voucher_no: &cause.voucher_no,
        };
        self.sums.line(text, &flow);
        self.cause = Some(cause);
        Ok(())
    }

    pub(super) fn end(&self, text: &mut String) {
        self.sums.end(text);
    }
}

/// The number of a movement: the day, then digits of a keyed digest, so that it does not tell how many movements all
/// merchants have.
fn flow_number(source: &Source, entry: &Entry) -> String {
    let digest = source.engine.vault.digest(PURPOSE, &format!("{} {}", source.account, entry.number));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    let digits = u128::from_be_bytes(bytes) % 10_u128.pow(FLOW_DIGITS);
    let day: String = date_time(entry.at).chars().filter(char::is_ascii_digit).take(8).collect();
    format!("{day}{digits:0width$}", width = FLOW_DIGITS as usize)
}

/// The numbers of what a movement was booked for. What is not of WeChat Pay's interface is numbered as in `/v1`.
fn cause(source: &Source, subject: Id) -> Result<Cause, Fault> {
    let found = source.engine.store.records(Query::Record(subject))?;
    let own = || subject.to_string();
    let (business_no, voucher_no, remark) = match found.first() {
        Some(Record::Payment(payment)) => {
            let order = payment.wechat.as_ref().map(|order| order.transaction_id.clone());
            (order.unwrap_or_else(own), payment.order_no.clone(), None)
        }
        Some(Record::Refund(refund)) => {
            let order = refund.wechat.as_ref().map(|order| order.refund_id.clone());
            let number = refund.refund_no().unwrap_or_default();
            (order.unwrap_or_else(own), number.to_owned(), refund.reason.clone())
        }
        Some(Record::Transfer(transfer)) => {
            let bill = transfer.wechat.as_ref().map(|bill| bill.transfer_bill_no.clone());
            let number = transfer.sender.number().to_owned();
            (bill.unwrap_or_else(own), number, Some(transfer.remark.clone()))
        }
        Some(Record::Ride(ride)) => (own(), ride.ride_no.clone(), None),
        Some(Record::WechatTransferBatch(batch)) => {
            (batch.batch_id.clone(), batch.terms.out_batch_no.clone(), Some(batch.terms.remark.clone()))
        }
        // What is frozen of a payment is numbered as that is.
        Some(Record::Sharing(sharing)) => {
            let payment = cause(source, sharing.payment.into())?;
            return Ok(Cause { subject, ..payment });
        }
        Some(Record::SharingOrder(order)) => (order.order_id.clone(), order.out_order_no.clone(), None),
        Some(Record::SharingReturn(back)) => (back.return_id.clone(), back.out_return_no.clone(), None),
        _ => (own(), String::new(), None),
    };
    Ok(Cause { subject, business_no, voucher_no, remark: remark.unwrap_or_default() })
}

/// What merchants know a movement as: its business (业务名称) and its kind (业务类型).
const fn names(reason: Reason) -> (&'static str, &'static str) {
    match reason {
        Reason::Payment | Reason::Fare => ("交易", "交易"),
        Reason::Fee | Reason::FareFee => ("交易", "扣除交易手续费"),
        Reason::Refund => ("退款", "退款"),
        Reason::FeeReturn => ("退款", "退还交易手续费"),
        Reason::RefundFailed => ("退款", "退款关闭"),
        Reason::FeeAgain => ("退款", "扣除交易手续费"),
        Reason::Transfer => ("商家转账", "商家转账"),
        Reason::TransferReturned => ("商家转账", "商家转账退回"),
        Reason::Freeze => ("分账", "分账资金冻结"),
        Reason::Unfreeze => ("分账", "分账资金解冻"),
        Reason::Share => ("分账", "分账"),
        Reason::ShareReturned => ("分账", "分账回退"),
        Reason::TopUp => ("充值/提现", "充值"),
        // These do not touch a merchant's account.
        Reason::Hold
        | Reason::Release
        | Reason::RefundPaid
        | Reason::Unexpected
        | Reason::Return
        | Reason::TransferAccepted
        | Reason::Withdrawal
        | Reason::WithdrawalFee
        | Reason::WithdrawalPaid
        | Reason::WithdrawalFeeEarned
        | Reason::WithdrawalReturned
        | Reason::WithdrawalFeeReturned
        | Reason::WithdrawalBounced
        | Reason::TransferAtOnce
        | Reason::Utility
        | Reason::UtilityPaid
        | Reason::UtilityReturned => ("其他", "其他"),
    }
}
