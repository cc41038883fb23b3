//! The trade bill (交易账单): what was paid and what was asked back on a day.

use std::borrow::Cow;

use tongbao_core::{Time, refund::RefundStatus};
use tongbao_money::BasisPoints;

use super::{fee, heading, line, yuan};
use crate::wechat::time::date_time;

const FIRST: [&str; 14] = [
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
];
const TIMES: [&str; 2] = ["退款申请时间", "退款成功时间"];
const REFUND: [&str; 6] =
    ["微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款类型", "退款状态"];
const LAST: [&str; 5] = ["商品名称", "商户数据包", "手续费", "费率", "订单金额"];
const ASKED: [&str; 1] = ["申请退款金额"];
const REMARK: [&str; 1] = ["费率备注"];

const SUMS: [&str; 7] = [
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
];
const SUMS_OF_SUCCESS: [&str; 4] = ["总交易单数", "应结订单总金额", "手续费总金额", "订单总金额"];

/// No amount.
const NONE: &str = "0.00";

/// Which lines a bill has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeBill {
    /// Payments and refunds.
    All,
    /// Payments.
    Success,
    /// Refunds, with two columns more.
    Refund,
}

/// What a line tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deal<'a> {
    /// An order was paid.
    Payment,
    /// A refund was asked for.
    Refund {
        /// The platform's number of it.
        refund_id: &'a str,
        /// The merchant's own.
        out_refund_no: &'a str,
        /// Where it stood when the day was over.
        status: RefundStatus,
        /// When it reached the payer, if that was before the day was over.
        succeeded_at: Option<Time>,
        /// Whether it is the reversal of an order that was paid with a payment code.
        is_reversal: bool,
    },
}

/// A line of the bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trade<'a> {
    /// When the order was paid, or the refund asked for.
    pub at: Time,
    /// The app for which the order was placed.
    pub appid: &'a str,
    /// The merchant number.
    pub mchid: &'a str,
    /// The till.
    pub device_id: &'a str,
    /// The platform's number of the order.
    pub transaction_id: &'a str,
    /// The merchant's own.
    pub out_trade_no: &'a str,
    /// How the app names the payer.
    pub openid: &'a str,
    /// Where the order was paid.
    pub kind: &'a str,
    /// From which bank.
    pub bank_type: &'a str,
    /// What for.
    pub description: &'a str,
    /// What the merchant wanted to have back.
    pub attach: &'a str,
    /// The fee in fen; negative if it is given back.
    pub fee: i64,
    /// The rate that was agreed when the order was placed.
    pub fee_rate: BasisPoints,
    /// What was paid or is to go back, in fen.
    pub amount: i64,
    /// Which of both.
    pub deal: Deal<'a>,
}

impl Trade<'_> {
    const fn is_refund(&self) -> bool {
        matches!(self.deal, Deal::Refund { .. })
    }
}

/// Sums in fen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeSums {
    bill: TradeBill,
    lines: u64,
    orders: i64,
    refunds: i64,
    fees: i64,
}

impl TradeSums {
    /// Those of a bill that has no lines yet.
    pub const fn new(bill: TradeBill) -> TradeSums {
        TradeSums { bill, lines: 0, orders: 0, refunds: 0, fees: 0 }
    }

    /// Lines so far.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    fn has_refunds(self) -> bool {
        self.bill != TradeBill::Success
    }

    fn has_times(self) -> bool {
        self.bill == TradeBill::Refund
    }

    /// Adds the names of the columns.
    pub fn heading(&self, text: &mut String) {
        let parts: [(&[&str], bool); 6] = [
            (&FIRST, true),
            (&TIMES, self.has_times()),
            (&REFUND, self.has_refunds()),
            (&LAST, true),
            (&ASKED, self.has_refunds()),
            (&REMARK, true),
        ];
        let shown = parts.into_iter().filter(|(_, shown)| *shown);
        heading(text, shown.flat_map(|(names, _)| names.iter().copied()));
    }

    /// Adds a line and counts it, if the bill has lines of this kind.
    pub fn line(&mut self, text: &mut String, trade: &Trade<'_>) {
        let fits = match self.bill {
            TradeBill::All => true,
            TradeBill::Success => !trade.is_refund(),
            TradeBill::Refund => trade.is_refund(),
        };
        if !fits {
            return;
        }
        self.lines = self.lines.saturating_add(1);
        self.fees = self.fees.saturating_add(trade.fee);
        let sum = if trade.is_refund() { &mut self.refunds } else { &mut self.orders };
        *sum = sum.saturating_add(trade.amount);
        let values = self.values(trade);
        line(text, values.iter().map(AsRef::as_ref));
    }

    fn values<'a>(self, trade: &Trade<'a>) -> Vec<Cow<'a, str>> {
        let amount = yuan(trade.amount);
        let (state, paid) = match trade.deal {
            Deal::Payment => ("SUCCESS", amount.as_str()),
            Deal::Refund { is_reversal: true, .. } => ("REVOKED", NONE),
            Deal::Refund { .. } => ("REFUND", NONE),
        };
        let mut values: Vec<Cow<'a, str>> = vec![
            date_time(trade.at).into(),
            trade.appid.into(),
            trade.mchid.into(),
            // No merchant here has a service provider.
            "0".into(),
            trade.device_id.into(),
            trade.transaction_id.into(),
            trade.out_trade_no.into(),
            trade.openid.into(),
            trade.kind.into(),
            state.into(),
            trade.bank_type.into(),
            "CNY".into(),
            paid.to_owned().into(),
            NONE.into(),
        ];
        if self.has_refunds() {
            values.extend(self.of_refund(trade, &amount));
        }
        values.extend([
            trade.description.into(),
            trade.attach.into(),
            fee(trade.fee).into(),
            rate(trade.fee_rate).into(),
            paid.to_owned().into(),
        ]);
        if self.has_refunds() {
            values.push(if trade.is_refund() { amount.into() } else { NONE.into() });
        }
        // The remark to the rate: no merchant has a special one.
        values.push("".into());
        values
    }

    fn of_refund<'a>(self, trade: &Trade<'a>, amount: &str) -> Vec<Cow<'a, str>> {
        match trade.deal {
            Deal::Payment => ["0", "0", NONE, NONE, "", ""].map(Cow::from).to_vec(),
            Deal::Refund { refund_id, out_refund_no, status, succeeded_at, .. } => {
                let succeeded = succeeded_at.map(date_time).unwrap_or_default();
                let times = self.has_times().then(|| [date_time(trade.at).into(), succeeded.into()]);
                let mut values: Vec<Cow<'a, str>> = times.into_iter().flatten().collect();
                values.extend([
                    refund_id.into(),
                    out_refund_no.into(),
                    amount.to_owned().into(),
                    NONE.into(),
                    "ORIGINAL".into(),
                    name(status).into(),
                ]);
                values
            }
        }
    }

    /// Adds the sums, which end the bill.
    pub fn end(&self, text: &mut String) {
        let (count, orders, fees) = (self.lines.to_string(), yuan(self.orders), fee(self.fees));
        if self.has_refunds() {
            let refunds = yuan(self.refunds);
            heading(text, SUMS);
            line(text, [count.as_str(), &orders, &refunds, NONE, &fees, &orders, &refunds]);
        } else {
            heading(text, SUMS_OF_SUCCESS);
            line(text, [count.as_str(), &orders, &fees, &orders]);
        }
    }
}

/// A rate as a percentage with two decimals.
fn rate(rate: BasisPoints) -> String {
    format!("{}.{:02}%", rate.bps() / 100, rate.bps() % 100)
}

const fn name(status: RefundStatus) -> &'static str {
    match status {
        RefundStatus::Accepted | RefundStatus::Processing => "PROCESSING",
        RefundStatus::Succeeded => "SUCCESS",
        RefundStatus::Failed => "FAIL",
        RefundStatus::Abnormal => "CHANGE",
    }
}
