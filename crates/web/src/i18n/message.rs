//! What messages to payers say.

use tongbao_core::{message::Text, payer::identity::Level};

use crate::i18n::{Lang, money, phrase, send};

/// A message in one language; one with a code in it says it.
pub(crate) fn wording(lang: Lang, text: &Text) -> String {
    let fixed = |zh: &str, en: &str| match lang {
        Lang::Zh => zh.to_owned(),
        Lang::En => en.to_owned(),
    };
    match text {
        Text::SignInCode(code) | Text::SecurityCode(code) => phrase::code_message(lang, code),
        Text::NewDevice(device) => new_device(lang, device),
        Text::IdentityVerified(level) => identity_verified(lang, *level),
        Text::PasswordChanged => fixed(
            "您的支付密码已更改。如非本人操作，请立即在安全中心冻结账户。",
            "Your payment password was changed. If it was not you, freeze the account in the security centre now.",
        ),
        Text::Frozen => fixed(
            "您的账户已冻结：资金不会转出，仍可收款。",
            "Your account is frozen: no money leaves it. You can still receive money.",
        ),
        Text::Unfrozen => fixed(
            "您的账户已解除冻结。如非本人操作，请立即重新冻结。",
            "Your account is no longer frozen. If it was not you, freeze it again now.",
        ),
        Text::Bank(told) => money::told(lang, told),
        Text::Transfer(told) => send::message(lang, told),
    }
}

fn new_device(lang: Lang, device: &str) -> String {
    match (lang, device) {
        (Lang::Zh, "") => "您的账户在一台新设备上登录。如非本人操作，请在安全中心移除该设备。".to_owned(),
        (Lang::Zh, device) => {
            format!("您的账户在新设备（{device}）上登录。如非本人操作，请在安全中心移除该设备。")
        }
        (Lang::En, "") => {
            "Your account was used on a new device. If it was not you, remove the device in the \
                           security centre."
                .to_owned()
        }
        (Lang::En, device) => format!(
            "Your account was used on a new device ({device}). If it was not you, remove the device in the security \
             centre."
        ),
    }
}

/// What levels are called.
pub(crate) fn level_name(level: Level) -> &'static str {
    match level {
        Level::One => "Ⅰ",
        Level::Two => "Ⅱ",
        Level::Three => "Ⅲ",
    }
}

fn identity_verified(lang: Lang, level: Level) -> String {
    let level = level_name(level);
    match lang {
        Lang::Zh => format!("实名认证已通过，您的账户为{level}类支付账户。"),
        Lang::En => format!("Your identity is verified. Your account is of class {level} now."),
    }
}
