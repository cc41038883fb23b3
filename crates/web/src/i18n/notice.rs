//! What the cashier says when something did not work: what happened, and what to do next.

use crate::cashier::Notice;
use crate::i18n::Lang;
use crate::i18n::phrase::{duration, plural};

/// A notice in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wording {
    /// What happened, one sentence.
    pub(crate) title: String,
    /// What the reader can do about it.
    pub(crate) next: String,
}

/// Puts `notice` into words.
pub(crate) fn wording(notice: &Notice, lang: Lang) -> Wording {
    let (title, next) = match lang {
        Lang::Zh => chinese(notice),
        Lang::En => english(notice),
    };
    Wording { title, next }
}

fn chinese(notice: &Notice) -> (String, String) {
    let (title, next): (&str, &str) = match notice {
        Notice::WrongPassword { tries_left } => {
            return ("支付密码不正确".into(), format!("还可以再试 {tries_left} 次，之后将暂时锁定。"));
        }
        Notice::PasswordLocked { until } => {
            return ("支付密码已锁定".into(), format!("请在 {} 之后再试。没有扣款。", until.text()));
        }
        Notice::InsufficientBalance { short_by } => {
            return ("余额不足".into(), format!("还差 {short_by}。请选择其他付款方式，或充值后再付。"));
        }
        Notice::LimitReached { left } => {
            let next =
                format!("余额还可付 {left}，没有扣款。请选择其他付款方式，或在钱包的安全中心查看限额。");
            return ("超过限额".into(), next);
        }
        Notice::WrongCode { tries_left } => {
            return ("验证码不正确".into(), format!("请核对短信，还可以再试 {tries_left} 次。"));
        }
        Notice::CodeTooSoon { wait_s } => {
            return ("验证码刚刚发送过".into(), format!("请等 {} 再重新获取。", duration(Lang::Zh, *wait_s)));
        }
        Notice::TooManyAttempts { wait_s } => {
            return ("尝试次数过多".into(), format!("请等 {} 再试。", duration(Lang::Zh, *wait_s)));
        }
        Notice::MalformedPassword => ("支付密码是 6 位数字", "请重新输入。"),
        Notice::Declined => ("付款被拒绝", "没有扣款。请选择其他付款方式，或联系发卡银行。"),
        Notice::CardInsufficient => ("银行卡余额不足", "没有扣款。请换一张卡，或选择其他付款方式。"),
        Notice::CardExpired => ("银行卡已过有效期", "没有扣款。请换一张卡，或选择其他付款方式。"),
        Notice::NotConfirmed => {
            ("银行未收到您的确认", "没有扣款。请重新付款并在银行页面确认，或选择其他付款方式。")
        }
        Notice::Blocked => ("这笔付款未能完成", "没有扣款。请选择其他付款方式，或联系客服。"),
        Notice::PaymentsUsedUp => ("今日余额付款次数已用完", "没有扣款。请明天再试，或用银行卡付款。"),
        Notice::PasskeyRefused => ("未能确认通行密钥", "没有扣款。请重试，或输入支付密码。"),
        Notice::ProofVoid => ("确认时间已过", "没有扣款。请重新付款。"),
        Notice::MethodUnavailable => ("此付款方式暂不可用", "没有扣款。请选择其他付款方式。"),
        Notice::AttemptsUsedUp => ("此订单的付款次数已用完", "没有扣款。请回到商家重新下单。"),
        Notice::MoneyReturned => ("银行扣款金额与订单不符", "已扣的款项会自动全额退回。请稍后重新付款。"),
        Notice::AccountFrozen => ("账户已冻结", "没有扣款。请在钱包的安全中心解除冻结，或换一个账户付款。"),
        Notice::IdentityRequired => {
            ("需要实名认证", "没有扣款。请先在钱包的安全中心完成实名认证，或选择其他付款方式。")
        }
        Notice::CodesUsedUp => ("今天的验证码已用完", "每天最多发送 10 次。请明天再试，或使用通行密钥付款。"),
        Notice::CodeExpired => ("验证码已失效", "请重新获取验证码。"),
        Notice::InvalidPhone => ("手机号格式不正确", "请输入 11 位中国大陆手机号，或以 + 开头的国际号码。"),
        Notice::SessionEnded => ("登录已失效", "为了您的安全，请重新登录后付款。没有扣款。"),
        Notice::FormExpired => ("页面停留太久", "没有扣款。请重新提交。"),
        Notice::AlreadyPaid => ("此订单已支付", "没有重复扣款。"),
        Notice::TemporarilyUnavailable => ("系统繁忙", "没有扣款。请稍后再试。"),
    };
    (title.into(), next.into())
}

fn english(notice: &Notice) -> (String, String) {
    match notice {
        Notice::WrongPassword { tries_left } => {
            let tries = plural(u64::from(*tries_left), "try", "tries");
            let next = format!("{tries_left} {tries} left before it locks for a while.");
            ("Wrong payment password".into(), next)
        }
        Notice::PasswordLocked { until } => {
            let next = format!("Try again after {}. Nothing was charged.", until.text());
            ("Payment password locked".into(), next)
        }
        Notice::InsufficientBalance { short_by } => {
            let next = format!("{short_by} is missing. Choose another method, or top up first.");
            ("Not enough balance".into(), next)
        }
        Notice::LimitReached { left } => {
            let next = format!(
                "You may pay {left} more from the balance; nothing was charged. Choose another method, or look at \
                 your limits in the wallet's security centre."
            );
            ("Above the limit".into(), next)
        }
        Notice::WrongCode { tries_left } => {
            let tries = plural(u64::from(*tries_left), "try", "tries");
            ("Wrong code".into(), format!("Check the message. {tries_left} {tries} left."))
        }
        Notice::CodeTooSoon { wait_s } => {
            let next = format!("Wait {} before asking for another.", duration(Lang::En, *wait_s));
            ("A code was sent a moment ago".into(), next)
        }
        Notice::TooManyAttempts { wait_s } => {
            ("Too many attempts".into(), format!("Try again in {}.", duration(Lang::En, *wait_s)))
        }
        fixed => {
            let (title, next) = english_without_figures(fixed);
            (title.into(), next.into())
        }
    }
}

fn english_without_figures(notice: &Notice) -> (&'static str, &'static str) {
    match notice {
        // Said with their figures above.
        Notice::WrongPassword { .. }
        | Notice::PasswordLocked { .. }
        | Notice::InsufficientBalance { .. }
        | Notice::LimitReached { .. }
        | Notice::WrongCode { .. }
        | Notice::CodeTooSoon { .. }
        | Notice::TooManyAttempts { .. } => ("", ""),
        Notice::MalformedPassword => ("The payment password is six digits", "Please enter it again."),
        Notice::Declined => {
            ("The payment was declined", "Nothing was charged. Choose another method, or ask your bank.")
        }
        Notice::CardInsufficient => (
            "There is too little money on the card",
            "Nothing was charged. Choose another card or another method.",
        ),
        Notice::CardExpired => {
            ("The card is no longer valid", "Nothing was charged. Choose another card or another method.")
        }
        Notice::NotConfirmed => (
            "Your bank was not told to pay",
            "Nothing was charged. Pay again and confirm on the bank's page, or choose another method.",
        ),
        Notice::Blocked => (
            "This payment cannot be made",
            "Nothing was charged. Choose another method, or ask customer service.",
        ),
        Notice::PaymentsUsedUp => (
            "No more payments from the balance today",
            "Nothing was charged. Try again tomorrow, or pay by card.",
        ),
        Notice::PasskeyRefused => {
            ("The passkey was not accepted", "Nothing was charged. Try again, or enter the payment password.")
        }
        Notice::ProofVoid => ("The time to confirm is over", "Nothing was charged. Please pay again."),
        Notice::MethodUnavailable => {
            ("This method cannot be used now", "Nothing was charged. Choose another method.")
        }
        Notice::AttemptsUsedUp => {
            ("This order was tried too often", "Nothing was charged. Please order again in the shop.")
        }
        Notice::MoneyReturned => (
            "The bank charged another amount than asked",
            "All of it comes back by itself. Please pay again in a while.",
        ),
        Notice::AccountFrozen => (
            "The account is frozen",
            "Nothing was charged. Unfreeze it in the wallet's security centre, or pay from another account.",
        ),
        Notice::IdentityRequired => (
            "Your identity must be verified first",
            "Nothing was charged. Verify it in the wallet's security centre, or choose another method.",
        ),
        Notice::CodesUsedUp => ("No more codes today", "Try again tomorrow, or pay with a passkey."),
        Notice::CodeExpired => ("The code has expired", "Ask for a new one."),
        Notice::InvalidPhone => {
            ("This is not a phone number", "Enter 11 digits, or an international number starting with +.")
        }
        Notice::SessionEnded => {
            ("You have been signed out", "For your safety, sign in again to pay. Nothing was charged.")
        }
        Notice::FormExpired => {
            ("The page was open for too long", "Nothing was charged. Please submit again.")
        }
        Notice::AlreadyPaid => ("This order is already paid", "Nothing was charged twice."),
        Notice::TemporarilyUnavailable => ("Busy right now", "Nothing was charged. Try again shortly."),
    }
}
