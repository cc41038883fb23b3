//! Sentences with numbers, amounts or times in them.
//!
//! Each is a function with one arm per language, so a missing translation does not build.

use tongbao_core::notice::Medium;

use crate::amount::Amount;
use crate::i18n::Lang;

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

/// The English noun for `count` things; Chinese needs none.
pub(crate) fn plural(count: u64, one: &'static str, many: &'static str) -> &'static str {
    if count == 1 { one } else { many }
}

/// The label of the pay button.
pub(crate) fn confirm_payment(lang: Lang, amount: &Amount) -> String {
    match lang {
        Lang::Zh => format!("确认支付 {amount}"),
        Lang::En => format!("Pay {amount}"),
    }
}

/// Tells where the one-time code went.
pub(crate) fn code_sent(lang: Lang, phone: &str) -> String {
    match lang {
        Lang::Zh => format!("验证码已发送至 {phone}"),
        Lang::En => format!("We sent a code to {phone}"),
    }
}

/// The text message that brings a one-time code.
pub(crate) fn code_message(lang: Lang, code: &str) -> String {
    match lang {
        Lang::Zh => format!("【通宝】验证码 {code}，5 分钟内有效。请勿告诉他人。"),
        Lang::En => format!("[Tongbao] Your code is {code}. It is valid for 5 minutes. Tell it to nobody."),
    }
}

/// What a medium is called.
pub(crate) fn medium(lang: Lang, medium: Medium) -> &'static str {
    match (lang, medium) {
        (Lang::Zh, Medium::Sms) => "短信",
        (Lang::Zh, Medium::Mail) => "邮件",
        (Lang::En, Medium::Sms) => "SMS",
        (Lang::En, Medium::Mail) => "mail",
    }
}

/// Something that is sent later.
pub(crate) fn waits_until(lang: Lang, what: &str, moment: &str) -> String {
    match lang {
        Lang::Zh => format!("{what}（{moment} 发送）"),
        Lang::En => format!("{what} (at {moment})"),
    }
}

/// The title of a cashier's browser tab.
pub(crate) fn cashier_title(lang: Lang, merchant: &str) -> String {
    match lang {
        Lang::Zh => format!("{merchant} · 收银台"),
        Lang::En => format!("{merchant} · Cashier"),
    }
}

/// A length of time in its largest two units.
pub(crate) fn duration(lang: Lang, seconds: u64) -> String {
    let units = match lang {
        Lang::Zh => [(DAY_S, " 天"), (HOUR_S, " 小时"), (MINUTE_S, " 分钟"), (1, " 秒")],
        Lang::En => [(DAY_S, " d"), (HOUR_S, " h"), (MINUTE_S, " min"), (1, " s")],
    };
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit_s, name) in units {
        let count = rest / unit_s;
        rest %= unit_s;
        if count > 0 {
            parts.push(format!("{count}{name}"));
        }
        if parts.len() == 2 || (!parts.is_empty() && count == 0) {
            break;
        }
    }
    if parts.is_empty() { format!("0{}", units[3].1) } else { parts.join(" ") }
}

/// How far the sandbox clock runs ahead of real time.
pub(crate) fn clock_ahead(lang: Lang, seconds: u64) -> String {
    let span = duration(lang, seconds);
    match lang {
        Lang::Zh => format!("快 {span}"),
        Lang::En => format!("{span} ahead"),
    }
}

/// How long an open payment can still be paid.
pub(crate) fn expires_in(lang: Lang, seconds: u64) -> String {
    let span = duration(lang, seconds);
    match lang {
        Lang::Zh => format!("还剩 {span}"),
        Lang::En => format!("{span} left"),
    }
}

/// The summary of a delivery's attempts.
pub(crate) fn attempts(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Zh => format!("{count} 次"),
        Lang::En => format!("{count} {}", plural(count as u64, "attempt", "attempts")),
    }
}

/// A place in a text of several lines.
pub(crate) fn line_and_column(lang: Lang, line: usize, column: usize) -> String {
    match lang {
        Lang::Zh => format!("第 {line} 行，第 {column} 字节"),
        Lang::En => format!("line {line}, byte {column}"),
    }
}

/// Says which of the sandbox's faults the next payment will meet.
pub(crate) fn fault_armed(lang: Lang, fault: &str) -> String {
    match lang {
        Lang::Zh => format!("下一笔付款将遇到：{fault}"),
        Lang::En => format!("The next payment will meet: {fault}"),
    }
}

/// The reference number of a failed request.
pub(crate) fn request_id(lang: Lang, id: &str) -> String {
    match lang {
        Lang::Zh => format!("请求编号 {id}"),
        Lang::En => format!("Request {id}"),
    }
}

/// How much of a limit is used.
pub(crate) fn used_of(lang: Lang, used: &Amount, most: &Amount) -> String {
    match lang {
        Lang::Zh => format!("{used} / 限额 {most}"),
        Lang::En => format!("{used} of {most}"),
    }
}

/// How many devices are signed in.
pub(crate) fn devices(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Zh => format!("{count} 台"),
        Lang::En => format!("{count} {}", plural(count as u64, "device", "devices")),
    }
}

/// How many passkeys there are.
pub(crate) fn passkeys(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Zh => format!("{count} 个"),
        Lang::En => format!("{count} {}", plural(count as u64, "passkey", "passkeys")),
    }
}

/// The class of an account (art. 11), as I, II or III.
pub(crate) fn account_class(lang: Lang, level: &str) -> String {
    match lang {
        Lang::Zh => format!("{level}类账户"),
        Lang::En => format!("Class {level}"),
    }
}
