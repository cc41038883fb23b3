//! The words of utility payments.

use tongbao_core::utility::{Failure, Utility, UtilityTold};
use tongbao_engine::utility::sandbox_billers::Behaviour;

use super::{Lang, phrase::plural};
use crate::{amount::Amount, moment::Moment, wallet::utility::UtilityNotice};

texts! {
    /// The words of these pages.
    pub(crate) Text {
        Title: "生活缴费", "Utilities";
        NoBillers: "暂时没有可缴费的机构，请稍后再来。", "No biller can be reached right now. Please come back later.";
        Biller: "缴费机构", "Biller";
        Kind: "类型", "Kind";
        Account: "户号", "Account number";
        AccountHint: "纸质或电子账单上的户号，4 至 20 位", "4 to 20 characters; it stands on your bill";
        LookUp: "查询应缴", "See what is due";
        Known: "缴过的户号", "Paid before";
        TestAccounts: "沙箱测试户号", "Test accounts of the sandbox";
        Confirm: "确认缴费", "Confirm the payment";
        Holder: "户主", "Holder";
        Period: "账期", "Period";
        FromBalance: "余额", "Balance";
        NotEnough: "余额不足，请先充值。", "Your balance does not cover this. Top up first.";
        TopUp: "充值", "Top up";
        Password: "支付密码", "Payment password";
        PasswordHint: "6 位数字", "6 digits";
        Another: "缴其他户号", "Another account";
        Asking: "正在等待缴费机构确认", "Waiting for the biller";
        AskingBody: "通常只需几秒。请不要重复缴费；关闭此页也不会影响结果。",
            "This usually takes seconds. Please do not pay again; closing this page changes nothing.";
        Paid: "缴费成功", "Paid";
        Failed: "缴费未成功", "Not paid";
        MoneyBack: "款项已退回余额，可重新查询后再缴。",
            "The money is back in your balance. Ask again what is due, then pay.";
        Reference: "缴费机构流水号", "Biller's number";
        Number: "单号", "Number";
        Progress: "进度", "What happened";
        StepTaken: "从余额付款", "Paid from the balance";
        StepBooked: "缴费机构已入账", "Booked by the biller";
        StepBack: "缴费机构未受理，已退回余额", "The biller refused; back in your balance";
        StepAsking: "等待缴费机构入账", "To be booked by the biller";
        Print: "打印或保存为 PDF", "Print or save as PDF";
        PrintHint: "也可以用浏览器的打印功能保存。", "Your browser's print menu saves it, too.";
        BackHome: "返回钱包", "Back to the wallet";
    }
}

/// What is supplied.
pub(crate) fn utility(lang: Lang, utility: Utility) -> &'static str {
    match (utility, lang) {
        (Utility::Water, Lang::Zh) => "水费",
        (Utility::Water, Lang::En) => "Water",
        (Utility::Electricity, Lang::Zh) => "电费",
        (Utility::Electricity, Lang::En) => "Electricity",
        (Utility::Gas, Lang::Zh) => "燃气费",
        (Utility::Gas, Lang::En) => "Gas",
    }
}

/// What a test account is for.
pub(crate) fn behaviour(lang: Lang, behaviour: Behaviour) -> &'static str {
    match (behaviour, lang) {
        (Behaviour::Well, Lang::Zh) => "一切正常",
        (Behaviour::Well, Lang::En) => "all goes well",
        (Behaviour::NothingDue, Lang::Zh) => "没有欠费",
        (Behaviour::NothingDue, Lang::En) => "nothing is due",
        (Behaviour::Refused, Lang::Zh) => "付款后被拒，退回余额",
        (Behaviour::Refused, Lang::En) => "refused after payment; comes back",
        (Behaviour::LateSuccess, Lang::Zh) => "超时后成功",
        (Behaviour::LateSuccess, Lang::En) => "late, then good",
        (Behaviour::LateFailure, Lang::Zh) => "超时后失败，退回余额",
        (Behaviour::LateFailure, Lang::En) => "late, then bad; comes back",
        (Behaviour::NoAnswer, Lang::Zh) => "查询无应答",
        (Behaviour::NoAnswer, Lang::En) => "no answer to the question what is due",
        (Behaviour::AmountChanged, Lang::Zh) => "付款时金额已变，退回余额",
        (Behaviour::AmountChanged, Lang::En) => "another amount is due when it is paid; comes back",
    }
}

/// The label of the button that pays.
pub(crate) fn pay(lang: Lang, amount: &Amount) -> String {
    match lang {
        Lang::Zh => format!("确认缴费 {amount}"),
        Lang::En => format!("Pay {amount}"),
    }
}

/// Why a biller did not take a payment.
pub(crate) fn failure(lang: Lang, failure: Failure) -> &'static str {
    match (failure, lang) {
        (Failure::Refused, Lang::Zh) => "缴费机构拒绝了这笔缴费。",
        (Failure::Refused, Lang::En) => "The biller said no.",
        (Failure::AmountChanged, Lang::Zh) => "应缴金额已变化。",
        (Failure::AmountChanged, Lang::En) => "Another amount is due now.",
    }
}

/// What a payer is told of a utility payment.
pub(crate) fn message(lang: Lang, told: &UtilityTold) -> String {
    let money = told.money;
    let amount = Amount::new(money.amount.minor(), money.currency.code(), money.currency.exponent());
    let biller = &told.biller;
    match (told.failure, lang) {
        (None, Lang::Zh) => format!("缴费成功：{biller} 已收到 {amount}。"),
        (None, Lang::En) => format!("Paid: {biller} has your {amount}."),
        (Some(why), Lang::Zh) => {
            format!("向 {biller} 缴费 {amount} 未成功：{}款项已退回余额。", failure(lang, why))
        }
        (Some(why), Lang::En) => {
            format!("{biller} did not take your {amount}. {} It is back in your balance.", failure(lang, why))
        }
    }
}

/// What happened, and what to do next.
pub(crate) fn notice(lang: Lang, told: &UtilityNotice) -> (String, String) {
    match lang {
        Lang::Zh => chinese(told),
        Lang::En => english(told),
    }
}

fn until(ms: i64) -> String {
    Moment::from_unix_ms(ms).text()
}

fn fen(minor: i64) -> Amount {
    Amount::new(minor, "CNY", 2)
}

fn chinese(told: &UtilityNotice) -> (String, String) {
    let (title, next): (&str, &str) = match told {
        UtilityNotice::WrongPassword(left) => {
            return ("支付密码不正确".into(), format!("还可以再试 {left} 次，之后将暂时锁定。"));
        }
        UtilityNotice::PasswordLocked(at) => {
            return ("支付密码已锁定".into(), format!("请在 {} 之后再试。没有付款。", until(*at)));
        }
        UtilityNotice::LimitReached(left) => {
            let next =
                format!("没有付款。本次最多还能付 {}；可在安全中心查看限额，或提升实名等级。", fen(*left));
            return ("超过支付限额".into(), next);
        }
        UtilityNotice::MalformedPassword => ("支付密码是 6 位数字", "请重新输入。没有付款。"),
        UtilityNotice::PasskeyRefused => ("未能确认通行密钥", "没有付款。请重试，或输入支付密码。"),
        UtilityNotice::OfferExpired => ("页面停留太久", "没有付款。请重新查询应缴金额。"),
        UtilityNotice::Busy => ("系统繁忙", "没有付款。请稍后再试。"),
        UtilityNotice::Frozen => ("账户已冻结", "没有付款。请到安全中心解冻，或联系客服。"),
        UtilityNotice::IdentityRequired => ("需要先实名认证", "没有付款。请到安全中心完成实名认证。"),
        UtilityNotice::BalanceInsufficient => ("余额不足", "没有付款。请先充值。"),
        UtilityNotice::NoSuchAccount => ("没有找到这个户号", "请核对缴费机构和账单上的户号。"),
        UtilityNotice::NothingDue => ("这个户号没有欠费", "现在不需要缴费。"),
        UtilityNotice::NoAnswer => ("缴费机构没有应答", "没有付款。请稍后再查询。"),
        UtilityNotice::PaymentsUsedUp => ("今天的付款次数已用完", "没有付款。请明天再来。"),
        UtilityNotice::LookUpsUsedUp => ("今天的查询次数已用完", "请明天再来。"),
        UtilityNotice::AmountTooLarge => ("金额超过单笔上限", "没有付款。请到缴费机构办理。"),
    };
    (title.into(), next.into())
}

fn english(told: &UtilityNotice) -> (String, String) {
    let (title, next): (&str, &str) = match told {
        UtilityNotice::WrongPassword(left) => {
            let tries = plural(u64::from(*left), "try", "tries");
            return (
                "Wrong payment password".into(),
                format!("{left} {tries} left before it locks for a while."),
            );
        }
        UtilityNotice::PasswordLocked(at) => {
            let next = format!("Try again after {}. Nothing was paid.", until(*at));
            return ("Payment password locked".into(), next);
        }
        UtilityNotice::LimitReached(left) => {
            let next = format!(
                "Nothing was paid. CNY {} more is allowed; the security centre shows your limits.",
                fen(*left).digits()
            );
            return ("Above your limit".into(), next);
        }
        UtilityNotice::MalformedPassword => {
            ("The payment password is six digits", "Please enter it again. Nothing was paid.")
        }
        UtilityNotice::PasskeyRefused => {
            ("The passkey was not accepted", "Nothing was paid. Try again, or enter the payment password.")
        }
        UtilityNotice::OfferExpired => {
            ("The page was open for too long", "Nothing was paid. Please ask again what is due.")
        }
        UtilityNotice::Busy => ("Busy right now", "Nothing was paid. Try again shortly."),
        UtilityNotice::Frozen => {
            ("Your account is frozen", "Nothing was paid. Unfreeze it in the security centre, or contact us.")
        }
        UtilityNotice::IdentityRequired => {
            ("Your identity is not verified", "Nothing was paid. Verify it in the security centre first.")
        }
        UtilityNotice::BalanceInsufficient => ("Not enough balance", "Nothing was paid. Top up first."),
        UtilityNotice::NoSuchAccount => {
            ("There is no such account", "Compare biller and number with your bill.")
        }
        UtilityNotice::NothingDue => ("Nothing is due on this account", "There is nothing to pay now."),
        UtilityNotice::NoAnswer => ("The biller did not answer", "Nothing was paid. Ask again later."),
        UtilityNotice::PaymentsUsedUp => {
            ("You have paid as often as a day allows", "Nothing was paid. Please come back tomorrow.")
        }
        UtilityNotice::LookUpsUsedUp => {
            ("No more accounts can be looked up today", "Please come back tomorrow.")
        }
        UtilityNotice::AmountTooLarge => {
            ("More is due than can be paid here at once", "Nothing was paid. Please ask the biller.")
        }
    };
    (title.into(), next.into())
}
