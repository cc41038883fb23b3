//! The fund flow bill (资金账单): what went into an account of a merchant and out of it, with the balance after it.

use tongbao_core::Time;

use super::{heading, line, yuan};
use crate::wechat::time::date_time;

const COLUMNS: [&str; 11] = [
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
];
const SUMS: [&str; 5] = ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"];

/// One movement of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow<'a> {
    /// When it was booked.
    pub at: Time,
    /// The platform's number of what it was booked for.
    pub business_no: &'a str,
    /// The number of the movement itself.
    pub number: &'a str,
    /// What it was booked for.
    pub business: &'a str,
    /// The same, more exactly.
    pub kind: &'a str,
    /// What it did to the balance, in fen.
    pub amount: i64,
    /// The balance after it, in fen.
    pub balance: i64,
    /// Who asked for it.
    pub applicant: &'a str,
    /// What that one wrote to it.
    pub remark: &'a str,
    /// The merchant's own number of what it was booked for.
    pub voucher_no: &'a str,
}

/// How often, and how much in fen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    amount: i64,
}

/// What the last line of the bill says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowSums {
    income: Sum,
    expenditure: Sum,
}

impl FlowSums {
    /// Adds the names of the columns.
    pub fn heading(text: &mut String) {
        heading(text, COLUMNS);
    }

    /// Adds a line, and counts it.
    pub fn line(&mut self, text: &mut String, flow: &Flow<'_>) {
        let (sum, direction) =
            if flow.amount < 0 { (&mut self.expenditure, "支出") } else { (&mut self.income, "收入") };
        let amount = flow.amount.saturating_abs();
        sum.count = sum.count.saturating_add(1);
        sum.amount = sum.amount.saturating_add(amount);
        let (at, amount, balance) = (date_time(flow.at), yuan(amount), yuan(flow.balance));
        let values = [
            at.as_str(),
            flow.business_no,
            flow.number,
            flow.business,
            flow.kind,
            direction,
            &amount,
            &balance,
            flow.applicant,
            flow.remark,
            flow.voucher_no,
        ];
        line(text, values);
    }

    /// Lines so far.
    pub const fn lines(&self) -> u64 {
        self.income.count.saturating_add(self.expenditure.count)
    }

    /// Adds the sums, which end the bill.
    pub fn end(&self, text: &mut String) {
        heading(text, SUMS);
        let (income, expenditure) = (self.income, self.expenditure);
        let values = [
            self.lines().to_string(),
            income.count.to_string(),
            yuan(income.amount),
            expenditure.count.to_string(),
            yuan(expenditure.amount),
        ];
        line(text, values.iter().map(String::as_str));
    }
}
