//! The words of transit codes, rides and debts.

use tongbao_core::transit::{DebtReason, RideOutcome, RideTold};

use super::{Lang, money};
use crate::{amount::Amount, wallet::transit::TransitNotice};

texts! {
    /// The words of these pages.
    pub(crate) Text {
        Title: "乘车码", "Transit code";
        CodeTitle: "出示乘车码", "Show the gate your transit code";
        CodeLabel: "乘车码二维码", "Transit code as a QR code";
        CodeHint: "进站、出站各扫一次。下车后自动从余额扣款。",
            "Scan it on the way in and on the way out. The fare leaves your balance after the ride.";
        CodeIntro: "乘车码每分钟更新，可用于乘坐公交和地铁。请在闸机前打开。",
            "The code changes every minute. Open it when you stand at the gate.";
        ShowCode: "显示乘车码", "Show my code";
        NewCode: "更新乘车码", "Show a new code";
        Riding: "乘车中", "You are on a ride";
        RidingHint: "出站时请再次出示乘车码。", "Show the code again on the way out.";
        MyRides: "乘车记录", "My rides";
        NoRides: "还没有乘车记录。", "No rides yet.";
        Older: "更早的记录", "Older";
        RideTitle: "乘车详情", "Ride";
        Operator: "运营方", "Operator";
        Entry: "进站", "In";
        Exit: "出站", "Out";
        NotTold: "未收到出站记录，按最高票价计", "No exit was reported; the highest fare counts";
        MaxFare: "最高票价", "Highest fare";
        Number: "单号", "Number";
        StatusRiding: "乘车中", "On the way";
        StatusSettled: "已扣款", "Paid";
        StatusOwed: "待补缴", "To be paid";
        Progress: "进度", "What happened";
        StepIn: "进站", "Went in";
        StepOut: "出站，票价确定", "Went out; the fare is known";
        StepMissed: "超时未出站，按最高票价计费", "No exit in time; charged the highest fare";
        StepPaid: "从余额扣款", "Paid from the balance";
        StepOwed: "余额未能扣款，等待补缴", "The balance could not pay; to be paid";
        DebtTitle: "待补缴车费", "Fare to be paid";
        DebtIntro: "补缴后才能继续乘车。充值到账时也会自动补缴。",
            "You can ride again once it is paid. The next top-up pays it by itself.";
        NoDebt: "没有待补缴的车费", "Nothing is owed";
        NoDebtHint: "可以正常乘车。", "You can ride.";
        Balance: "余额", "Balance";
        NotEnough: "余额不足，请先充值。", "Your balance does not cover this. Top up first.";
        TopUp: "充值", "Top up";
        SeeRide: "查看这次乘车", "See the ride";
        SeeDebt: "去补缴", "Pay it";
        BackToCode: "返回乘车码", "Back to the code";
        BackHome: "返回钱包", "Back to the wallet";
    }
}

/// The label of the button that pays a debt.
pub(crate) fn pay(lang: Lang, amount: &Amount) -> String {
    match lang {
        Lang::Zh => format!("补缴 {amount}"),
        Lang::En => format!("Pay {amount}"),
    }
}

/// Why a fare could not be paid after the ride.
pub(crate) fn reason(lang: Lang, reason: DebtReason) -> &'static str {
    match (reason, lang) {
        (DebtReason::Balance, Lang::Zh) => "下车时余额不足。",
        (DebtReason::Balance, Lang::En) => "Your balance was short when the ride was over.",
        (DebtReason::Limit, Lang::Zh) => "下车时已达到余额付款限额。",
        (DebtReason::Limit, Lang::En) => "A limit of your account was reached when the ride was over.",
        (DebtReason::Frozen, Lang::Zh) => "下车时账户已冻结。",
        (DebtReason::Frozen, Lang::En) => "Your account was frozen when the ride was over.",
    }
}

/// What a payer is told of a ride.
pub(crate) fn message(lang: Lang, told: &RideTold) -> String {
    let amount = money::text(told.money);
    match (told.outcome, lang) {
        (RideOutcome::Settled, Lang::Zh) => format!("乘车已结束，车费 {amount} 已从余额扣款。"),
        (RideOutcome::Settled, Lang::En) => {
            format!("Your ride is over. {amount} was paid from your balance.")
        }
        (RideOutcome::Owed(why), Lang::Zh) => {
            format!("乘车已结束，车费 {amount} 未能扣款：{}请在钱包中补缴后再乘车。", reason(lang, why))
        }
        (RideOutcome::Owed(why), Lang::En) => format!(
            "Your ride is over, and {amount} could not be paid. {} Pay it in the wallet before the next ride.",
            reason(lang, why)
        ),
        (RideOutcome::DebtPaid, Lang::Zh) => format!("车费 {amount} 已补缴，可以继续乘车。"),
        (RideOutcome::DebtPaid, Lang::En) => format!("The fare of {amount} is paid. You can ride again."),
    }
}

/// How long a code is still shown.
pub(crate) fn changes_in(lang: Lang, seconds: u64) -> String {
    super::send::changes_in(lang, seconds)
}

/// What is said after something was done, and what the payer can do about it.
pub(crate) fn notice(lang: Lang, told: TransitNotice) -> (String, String) {
    match lang {
        Lang::Zh => chinese(told),
        Lang::En => english(told),
    }
}

fn left(minor: i64) -> Amount {
    let yuan = tongbao_money::Currency::CNY;
    Amount::new(minor, yuan.code(), yuan.exponent())
}

fn chinese(told: TransitNotice) -> (String, String) {
    let (title, next): (&str, &str) = match told {
        TransitNotice::LimitReached(minor) => {
            let next = format!("没有扣款。还可付款 {}；限额见安全中心。", left(minor));
            return ("超出限额".into(), next);
        }
        TransitNotice::CodesUsedUp => ("这一分钟的乘车码已用完", "请稍后再更新。"),
        TransitNotice::Busy => ("系统繁忙", "没有扣款，请稍后再试。"),
        TransitNotice::Frozen => ("账户已冻结", "请到安全中心解冻，或联系客服。"),
        TransitNotice::IdentityRequired => ("需要先实名认证", "请到安全中心完成实名认证。"),
        TransitNotice::PaymentsUsedUp => ("今天的付款次数已用完", "没有扣款。请明天再来。"),
        TransitNotice::BalanceInsufficient => ("余额不足", "没有扣款。请先充值。"),
        TransitNotice::Paid => ("车费已补缴", "可以继续乘车。"),
    };
    (title.into(), next.into())
}

fn english(told: TransitNotice) -> (String, String) {
    let (title, next): (&str, &str) = match told {
        TransitNotice::LimitReached(minor) => {
            let next = format!(
                "Nothing was paid. {} more is allowed; the security centre shows your limits.",
                left(minor)
            );
            return ("Above your limit".into(), next);
        }
        TransitNotice::CodesUsedUp => ("All codes of this minute were used", "Try again in a minute."),
        TransitNotice::Busy => ("Busy right now", "Nothing was paid. Try again shortly."),
        TransitNotice::Frozen => {
            ("Your account is frozen", "Unfreeze it in the security centre, or contact us.")
        }
        TransitNotice::IdentityRequired => {
            ("Your identity is not verified", "Verify it in the security centre first.")
        }
        TransitNotice::PaymentsUsedUp => {
            ("You have paid as often as a day allows", "Nothing was paid. Please come back tomorrow.")
        }
        TransitNotice::BalanceInsufficient => ("Not enough balance", "Nothing was paid. Top up first."),
        TransitNotice::Paid => ("The fare is paid", "You can ride again."),
    };
    (title.into(), next.into())
}
