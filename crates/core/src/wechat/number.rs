//! Numbers that the platform gives out: transaction ids, refund ids, prepay codes.
//!
//! They are digits of BLAKE3 over the id of what they name, and free when they are drawn: a decision asks
//! before it takes one.

use std::{fmt, str::FromStr};

use crate::{Facts, Id, Key, Lookup};

/// What a transaction id begins with, as WeChat Pay's do; 28 digits in all.
const TRANSACTION_PREFIX: &str = "4200";
const TRANSACTION_DIGITS: usize = 24;
/// What a refund id begins with; 29 digits in all.
const REFUND_PREFIX: &str = "5030";
const REFUND_DIGITS: usize = 25;
/// What the number of a transfer bill begins with; 40 digits in all.
const TRANSFER_PREFIX: &str = "1330";
const TRANSFER_DIGITS: usize = 36;
/// What the number of a batch of transfers begins with, and that of one of its details; 40 digits in all.
const BATCH_PREFIX: &str = "1030";
const BATCH_DETAIL_PREFIX: &str = "1040";
/// What the number of a request to share begins with, and that of a return; 28 digits in all.
const SHARING_PREFIX: &str = "3008";
const SHARING_DIGITS: usize = 24;
/// What the number of one share begins with; 40 digits in all.
const DETAIL_PREFIX: &str = "3601";
const DETAIL_DIGITS: usize = 36;
/// What the number of a complaint begins with, and that of a turn of its history; 27 digits in all.
const COMPLAINT_PREFIX: &str = "2002";
const TURN_PREFIX: &str = "3002";
const COMPLAINT_DIGITS: usize = 23;

/// Hexadecimal digits of a prepay token, and of the sequence behind it.
const TOKEN_DIGITS: usize = 16;
const SEQUENCE_DIGITS: usize = 4;
const CODE_DIGITS: usize = TOKEN_DIGITS + SEQUENCE_DIGITS;

/// A free transaction id (微信支付订单号) for a payment.
pub fn transaction_id(facts: &dyn Facts, payment: Id) -> Lookup<String> {
    let draw = |count| format!("{TRANSACTION_PREFIX}{}", decimal(payment, count, TRANSACTION_DIGITS));
    free(facts, draw, Key::WechatTransaction)
}

/// A free refund id (微信支付退款单号) for a refund.
pub fn refund_id(facts: &dyn Facts, refund: Id) -> Lookup<String> {
    let draw = |count| format!("{REFUND_PREFIX}{}", decimal(refund, count, REFUND_DIGITS));
    free(facts, draw, Key::WechatRefund)
}

/// A free number (微信转账单号) for a transfer.
pub fn transfer_bill_no(facts: &dyn Facts, transfer: Id) -> Lookup<String> {
    let draw = |count| format!("{TRANSFER_PREFIX}{}", decimal(transfer, count, TRANSFER_DIGITS));
    free(facts, draw, Key::WechatTransfer)
}

/// A free number (微信批次单号) for a batch of transfers.
pub fn transfer_batch_id(facts: &dyn Facts, batch: Id) -> Lookup<String> {
    let draw = |count| format!("{BATCH_PREFIX}{}", decimal(batch, count, TRANSFER_DIGITS));
    free(facts, draw, Key::WechatTransferBatch)
}

/// The number (微信明细单号) of one detail of a batch. It is looked for among the details of its batch only.
pub fn transfer_detail_id(batch: Id, place: u32) -> String {
    format!("{BATCH_DETAIL_PREFIX}{}", decimal(batch, place, TRANSFER_DIGITS))
}

/// A free number (微信分账单号) for a request to share.
pub fn sharing_order_id(facts: &dyn Facts, order: Id) -> Lookup<String> {
    let draw = |count| format!("{SHARING_PREFIX}{}", decimal(order, count, SHARING_DIGITS));
    free(facts, draw, Key::SharingOrder)
}

/// The number (分账明细单号) of one share of a request. Nothing is found by it, so it need not be asked for.
pub fn sharing_detail_id(order: Id, place: u32) -> String {
    format!("{DETAIL_PREFIX}{}", decimal(order, place, DETAIL_DIGITS))
}

/// The number (微信回退单号) of a return. Nothing is found by it, either.
pub fn sharing_return_id(id: Id) -> String {
    format!("{SHARING_PREFIX}{}", decimal(id, 0, SHARING_DIGITS))
}

/// A free number (投诉单号) for a complaint.
pub fn complaint_id(facts: &dyn Facts, complaint: Id) -> Lookup<String> {
    let draw = |count| format!("{COMPLAINT_PREFIX}{}", decimal(complaint, count, COMPLAINT_DIGITS));
    free(facts, draw, Key::WechatComplaint)
}

/// The number (操作流水号) of a turn of a complaint's history. Nothing is found by it.
pub fn complaint_log_id(complaint: Id, place: u32) -> String {
    format!("{TURN_PREFIX}{}", decimal(complaint, place, COMPLAINT_DIGITS))
}

/// A free prepay token for a payment.
pub fn prepay_token(facts: &dyn Facts, payment: Id) -> Lookup<String> {
    let draw =
        |count| format!("{:0TOKEN_DIGITS$x}", number(b"prepay", payment, count) & u128::from(u64::MAX));
    free(facts, draw, Key::WechatPrepay)
}

/// The first of the texts whose key nobody has. The texts are as good as random, so the first nearly always is.
fn free(facts: &dyn Facts, draw: impl Fn(u32) -> String, key: impl Fn(String) -> Key) -> Lookup<String> {
    let mut count: u32 = 0;
    loop {
        let text = draw(count);
        if facts.key(&key(text.clone()))?.is_none() {
            return Ok(text);
        }
        count = count.wrapping_add(1);
    }
}

fn decimal(id: Id, count: u32, digits: usize) -> String {
    // A number of 128 bits has 39 digits; the last of them are as good as any.
    let text = format!("{:039}", number(b"number", id, count));
    text.chars().skip(39_usize.saturating_sub(digits)).collect()
}

fn number(purpose: &[u8], id: Id, count: u32) -> u128 {
    let mut hash = blake3::Hasher::new();
    hash.update(purpose).update(&id.bytes()).update(&count.to_be_bytes());
    let mut bytes = [0; 16];
    hash.finalize_xof().fill(&mut bytes);
    u128::from_be_bytes(bytes)
}

/// Twenty hexadecimal digits: the token of an order, and which of its prepay codes this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrepayCode {
    /// Names the order.
    pub token: String,
    /// Counts from 1.
    pub sequence: u16,
}

impl fmt::Display for PrepayCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:0SEQUENCE_DIGITS$x}", self.token, self.sequence)
    }
}

/// A text that is no prepay code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACode;

impl FromStr for PrepayCode {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<PrepayCode, NotACode> {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if text.len() != CODE_DIGITS || !text.bytes().all(lower) {
            return Err(NotACode);
        }
        let (token, sequence) = text.split_at(TOKEN_DIGITS);
        let sequence = u16::from_str_radix(sequence, 16).map_err(|_| NotACode)?;
        Ok(PrepayCode { token: token.to_owned(), sequence })
    }
}
