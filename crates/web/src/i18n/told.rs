//! What the pages of the account say after a form: what happened, and what to do next.

use crate::{
    i18n::{
        Lang,
        phrase::{duration, plural},
    },
    moment::Moment,
    wallet::{
        Notice, Tone,
        account::{Hindrance, Told},
    },
};

/// Puts it into words.
pub(crate) fn wording(told: Told, lang: Lang) -> Notice {
    let (title, next) = match lang {
        Lang::Zh => chinese(told),
        Lang::En => english(told),
    };
    Notice { tone: tone(told), title, next }
}

fn tone(told: Told) -> Tone {
    match told {
        Told::CodeSent
        | Told::PasswordChanged
        | Told::PasswordReset
        | Told::CodesSwitchedOff
        | Told::IdentityVerified
        | Told::LimitsSet
        | Told::Unfrozen
        | Told::NoticesSet
        | Told::MailConfirmed
        | Told::MailRemoved
        | Told::PasskeyAdded
        | Told::PasskeyRemoved
        | Told::DeviceRemoved => Tone::Good,
        Told::Frozen | Told::Unanswered => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn until(ms: i64) -> String {
    Moment::from_unix_ms(ms).text()
}

fn chinese(told: Told) -> (String, String) {
    let (title, next): (&str, &str) = match told {
        Told::WrongCode(left) => {
            return ("验证码不正确".into(), format!("请核对短信，还可以再试 {left} 次。"));
        }
        Told::CodeTooSoon(wait_s) => {
            return ("验证码刚刚发送过".into(), format!("请等 {} 再重新获取。", duration(Lang::Zh, wait_s)));
        }
        Told::WrongPassword(left) => {
            return ("支付密码不正确".into(), format!("还可以再试 {left} 次，之后将暂时锁定。"));
        }
        Told::PasswordLocked(ms) => {
            return (
                "支付密码已锁定".into(),
                format!("请在 {} 之后再试，或通过实名信息重置支付密码。", until(ms)),
            );
        }
        Told::WrongIdentity(left) => {
            return ("身份信息不一致".into(), format!("请核对姓名和身份证号，还可以再试 {left} 次。"));
        }
        Told::IdentityLocked(ms) => {
            return ("身份信息错误次数过多".into(), format!("请在 {} 之后再试。", until(ms)));
        }
        Told::CodeExpired => ("验证码已失效", "请重新获取验证码。"),
        Told::CodeSent => ("验证码已发送", "5 分钟内有效。"),
        Told::InvalidPhone => ("手机号格式不正确", "请输入 11 位中国大陆手机号，或以 + 开头的国际号码。"),
        Told::FormExpired => ("页面停留太久", "没有任何更改。请重新提交。"),
        Told::Unavailable => ("系统繁忙", "没有任何更改。请稍后再试。"),
        Told::PasswordsDiffer => ("两次输入的密码不一致", "请重新输入。"),
        Told::MalformedPassword => ("支付密码是 6 位数字", "请重新输入。"),
        Told::WeakPassword => ("密码过于简单", "请勿使用相同数字或连号。"),
        Told::PasswordChanged => ("支付密码已更改", "其他设备已退出登录。"),
        Told::PasswordReset => ("支付密码已更改", "通行密钥已全部移除，其他设备已退出登录。"),
        Told::PasswordRequired => ("提高或取消限额需要支付密码", "没有任何更改。请输入支付密码后再次保存。"),
        Told::CodesSwitchedOff => ("本机已停用付款码", ""),
        Told::CodesUsedUp => ("今天的验证码已用完", "每天最多发送 10 次。请明天再试。"),
        Told::InvalidName => ("姓名格式不正确", "请输入证件上的姓名。"),
        Told::InvalidNumber => ("身份证号不正确", "请逐位核对 18 位公民身份号码。"),
        Told::TooYoung => ("未满 8 周岁", "请由监护人开通钱包。"),
        Told::TooManyAccounts => ("此人已有账户", "请登录原来的手机号。"),
        Told::OtherPerson => ("账户属于另一人", "请使用认证时的姓名和身份证号。"),
        Told::Unanswered => ("暂时无法核实", "没有计入次数。请稍后再试。"),
        Told::IdentityVerified => ("实名认证已通过", ""),
        Told::InvalidLimit => ("金额格式不正确", "请输入元，最多两位小数，例如 500 或 99.50。"),
        Told::LimitsSet => ("限额已保存", ""),
        Told::Frozen => ("账户已冻结", "资金不会转出，仍可收款。"),
        Told::Unfrozen => ("账户已解除冻结", ""),
        Told::FrozenByOperator => ("账户由平台冻结", "请联系客服。"),
        Told::PasskeyAdded => ("通行密钥已添加", "现在可以用它代替支付密码确认付款。"),
        Told::PasskeyRemoved => ("通行密钥已移除", "也可以在设备的密码管理中删除它。"),
        Told::PasskeyRefused => ("未能确认通行密钥", "没有任何更改。请重试，或使用支付密码。"),
        Told::PasskeySignsNobodyIn => ("未能用通行密钥登录", "请重试，或使用验证码登录。"),
        Told::TooManyPasskeys => ("通行密钥已有 10 个", "请先移除不用的。"),
        Told::InvalidPasskeyName => ("名称不可用", "请输入 1 到 30 个字。"),
        Told::DeviceRemoved => ("设备已移除", "该设备需重新登录。"),
        Told::NoticesSet => ("通知方式已保存", ""),
        Told::InvalidMail => ("邮箱格式不正确", "请输入类似 name@example.com 的地址。"),
        Told::MailConfirmed => ("邮箱已绑定", "今后的通知也会发送到这里。"),
        Told::MailRemoved => ("邮箱已解绑", "不再发送邮件。"),
        Told::NotClosable(hindrance) => hindered(Lang::Zh, hindrance),
    };
    (title.into(), next.into())
}

/// Why an account cannot be closed yet.
fn hindered(lang: Lang, hindrance: Hindrance) -> (&'static str, &'static str) {
    match (lang, hindrance) {
        (Lang::Zh, Hindrance::Balance) => ("账户还有余额", "请先提现或转出全部余额。"),
        (Lang::Zh, Hindrance::UnderWay) => ("还有进行中的转账、充值或提现", "请等待全部完成后再注销。"),
        (Lang::Zh, Hindrance::Frozen) => ("账户已冻结", "请先解除冻结。"),
        (Lang::En, Hindrance::Balance) => {
            ("There is money in the account", "Withdraw or send all of it first.")
        }
        (Lang::En, Hindrance::UnderWay) => {
            ("Money of yours is under way", "Wait until all transfers, top-ups and withdrawals are over.")
        }
        (Lang::En, Hindrance::Frozen) => ("The account is frozen", "Unfreeze it first."),
    }
}

/// What has figures in it; the rest is said without.
fn english(told: Told) -> (String, String) {
    let tries = |left: u8| format!("{left} {} left", plural(left.into(), "try", "tries"));
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is in a table of its own")]
    match told {
        Told::WrongCode(left) => ("Wrong code".into(), format!("Check the message. {}.", tries(left))),
        Told::CodeTooSoon(wait_s) => {
            let next = format!("Wait {} before asking for another.", duration(Lang::En, wait_s));
            ("A code was sent a moment ago".into(), next)
        }
        Told::WrongPassword(left) => {
            ("Wrong payment password".into(), format!("{} before it locks for a while.", tries(left)))
        }
        Told::PasswordLocked(ms) => {
            let next = format!("Try again after {}, or reset it by proving who you are.", until(ms));
            ("Payment password locked".into(), next)
        }
        Told::WrongIdentity(left) => {
            ("Name and number do not fit".into(), format!("Check both. {}.", tries(left)))
        }
        Told::IdentityLocked(ms) => {
            ("Too many wrong identities".into(), format!("Try again after {}.", until(ms)))
        }
        plain => {
            let (title, next) = english_without_figures(plain);
            (title.into(), next.into())
        }
    }
}

fn english_without_figures(told: Told) -> (&'static str, &'static str) {
    match told {
        Told::WrongCode(_)
        | Told::CodeTooSoon(_)
        | Told::WrongPassword(_)
        | Told::PasswordLocked(_)
        | Told::WrongIdentity(_)
        | Told::IdentityLocked(_) => ("", ""),
        Told::CodeExpired => ("The code has expired", "Ask for a new one."),
        Told::CodeSent => ("A code is on its way", "It is valid for 5 minutes."),
        Told::InvalidPhone => {
            ("This is not a phone number", "Enter 11 digits of mainland China, or + and the country code.")
        }
        Told::FormExpired => ("The page was open for too long", "Nothing was changed. Please send it again."),
        Told::Unavailable => ("We are busy", "Nothing was changed. Try again in a moment."),
        Told::PasswordsDiffer => ("The two passwords are not the same", "Please enter them again."),
        Told::MalformedPassword => ("The payment password is six digits", "Please enter it again."),
        Told::WeakPassword => ("This password is too easy to guess", "Not all digits equal, and no run."),
        Told::PasswordChanged => ("The payment password is changed", "Other devices are signed out."),
        Told::PasswordReset => {
            ("The payment password is changed", "All passkeys are removed, and other devices are signed out.")
        }
        Told::PasswordRequired => (
            "To allow more takes the payment password",
            "Nothing was changed. Enter the payment password and save again.",
        ),
        Told::CodesSwitchedOff => ("Payment codes are off on this device", ""),
        Told::CodesUsedUp => ("No more codes today", "We send ten a day at most. Try again tomorrow."),
        Told::InvalidName => ("This is not a name", "Enter the name on the ID card."),
        Told::InvalidNumber => ("This is not an ID number", "Check all 18 characters."),
        Told::TooYoung => ("Below eight years of age", "A guardian can open a wallet."),
        Told::TooManyAccounts => ("This person has a wallet", "Sign in with that phone number."),
        Told::OtherPerson => {
            ("The account is another person's", "Use the name and number it was verified with.")
        }
        Told::Unanswered => ("Nobody can verify it just now", "It was not counted. Try again later."),
        Told::IdentityVerified => ("You are verified", ""),
        Told::InvalidLimit => {
            ("This is not an amount", "Enter yuan with two decimals at most: 500 or 99.50.")
        }
        Told::LimitsSet => ("The limits are saved", ""),
        Told::Frozen => ("The account is frozen", "No money leaves it. You can still receive."),
        Told::Unfrozen => ("The account is not frozen any more", ""),
        Told::FrozenByOperator => ("The account was frozen by us", "Please contact us."),
        Told::PasskeyAdded => ("The passkey is added", "You can use it instead of the payment password now."),
        Told::PasskeyRemoved => ("The passkey is removed", "You can delete it in your device, too."),
        Told::PasskeyRefused => {
            ("The passkey was not accepted", "Nothing was changed. Try again, or use the payment password.")
        }
        Told::PasskeySignsNobodyIn => ("The passkey did not sign you in", "Try again, or sign in by a code."),
        Told::TooManyPasskeys => ("You have 10 passkeys", "Remove one that you do not use."),
        Told::InvalidPasskeyName => ("This cannot be its name", "Enter 1 to 30 characters."),
        Told::DeviceRemoved => ("The device is removed", "It must sign in again."),
        Told::NoticesSet => ("Your choice is saved", ""),
        Told::InvalidMail => ("This is not a mail address", "Enter one such as name@example.com."),
        Told::MailConfirmed => ("The address is confirmed", "Notices go there, too, from now on."),
        Told::MailRemoved => ("The address is removed", "No more mail is sent."),
        Told::NotClosable(hindrance) => hindered(Lang::En, hindrance),
    }
}
