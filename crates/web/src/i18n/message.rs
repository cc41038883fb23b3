//! What messages to payers say.

use tongbao_core::{
    message::Text,
    notice::told::{AccountTold, PaymentTold},
    payer::identity::Level,
    payment::Failure,
};

use crate::i18n::{Lang, money, phrase, send, transit, utility};

/// A message in one language; one with a code in it says it.
pub(crate) fn wording(lang: Lang, text: &Text) -> String {
    let fixed = |zh: &str, en: &str| match lang {
        Lang::Zh => zh.to_owned(),
        Lang::En => en.to_owned(),
    };
    match text {
        Text::Payment(told) => payment(lang, told),
        Text::Account(told) => account(lang, told),
        Text::SignInCode(code) | Text::SecurityCode(code) | Text::MailCode(code) => {
            phrase::code_message(lang, code)
        }
        Text::NewDevice(device) => new_device(lang, device),
        Text::NewNetwork(device) => new_network(lang, device),
        Text::IdentityVerified(level) => identity_verified(lang, *level),
        Text::PasswordChanged => fixed(
            "您的支付密码已更改。如非本人操作，请立即在安全中心冻结账户。",
            "Your payment password was changed. If it was not you, freeze the account in the security centre now.",
        ),
        Text::PasskeyAdded(name) => passkey_added(lang, name),
        Text::PasskeyRemoved(name) => passkey_removed(lang, name),
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
        Text::Utility(told) => utility::message(lang, told),
        Text::Ride(told) => transit::message(lang, told),
    }
}

fn new_network(lang: Lang, device: &str) -> String {
    let device = if device.is_empty() { String::new() } else { format!(" ({device})") };
    match lang {
        Lang::Zh => format!(
            "您的账户在新的网络环境登录{}。如非本人操作，请立即在安全中心移除该设备并冻结账户。",
            device.replace(" (", "（").replace(')', "）")
        ),
        Lang::En => format!(
            "Somebody signed in to your account from a network that was not used before{device}. If it was not you, \
             remove the device in the security centre and freeze the account now."
        ),
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

fn passkey_added(lang: Lang, name: &str) -> String {
    match lang {
        Lang::Zh => format!(
            "您添加了通行密钥“{name}”，可用它确认付款。如非本人操作，请立即在安全中心移除并冻结账户。"
        ),
        Lang::En => format!(
            "A passkey was added, “{name}”; it can confirm payments. If it was not you, remove it in the security \
             centre and freeze the account now."
        ),
    }
}

fn passkey_removed(lang: Lang, name: &str) -> String {
    match lang {
        Lang::Zh => format!("通行密钥“{name}”已移除，不能再用它付款。"),
        Lang::En => format!("The passkey “{name}” was removed. It confirms nothing any more."),
    }
}

fn payment(lang: Lang, told: &PaymentTold) -> String {
    let why = |failure: Option<Failure>| failure.map_or("", |failure| money::failure(lang, Some(failure)));
    match (told, lang) {
        (PaymentTold::Large { money }, Lang::Zh) => {
            format!("您刚刚支付了 {}。如非本人操作，请立即在安全中心冻结账户。", money::text(*money))
        }
        (PaymentTold::Large { money }, Lang::En) => format!(
            "You have just paid {}. If it was not you, freeze the account in the security centre now.",
            money::text(*money)
        ),
        (PaymentTold::Failed { money, failure }, Lang::Zh) => {
            format!("支付 {} 失败：{}没有扣款，可更换方式重新支付。", money::text(*money), why(*failure))
        }
        (PaymentTold::Failed { money, failure }, Lang::En) => format!(
            "Paying {} failed. {} Nothing was charged; you can pay another way.",
            money::text(*money),
            why(*failure)
        ),
        (PaymentTold::Closed { money }, Lang::Zh) => {
            format!("一笔 {} 的订单未支付，已关闭。如仍需购买，请重新下单。", money::text(*money))
        }
        (PaymentTold::Closed { money }, Lang::En) => format!(
            "An order of {} was closed without being paid. Order again if you still want it.",
            money::text(*money)
        ),
    }
}

fn account(lang: Lang, told: &AccountTold) -> String {
    match (told, lang) {
        (AccountTold::MailAdded { address }, Lang::Zh) => {
            format!("今后的通知也会发送到邮箱 {address}。如非本人操作，请立即在安全中心冻结账户。")
        }
        (AccountTold::MailAdded { address }, Lang::En) => format!(
            "Notices go to {address}, too, from now on. If it was not you, freeze the account in the security \
             centre now."
        ),
        (AccountTold::MailRemoved { address }, Lang::Zh) => {
            format!("通知不再发送到邮箱 {address}。如非本人操作，请立即在安全中心冻结账户。")
        }
        (AccountTold::MailRemoved { address }, Lang::En) => format!(
            "Notices go to {address} no more. If it was not you, freeze the account in the security centre now."
        ),
        (AccountTold::DataTaken, Lang::Zh) => {
            "您的个人数据刚刚被导出。如非本人操作，请立即在安全中心冻结账户。".to_owned()
        }
        (AccountTold::DataTaken, Lang::En) => {
            "A copy of your data was just downloaded. If it was not you, freeze the account in the security centre \
             now."
                .to_owned()
        }
        (AccountTold::Closed, Lang::Zh) => "您的钱包账户已注销。如非本人操作，请立即联系客服。".to_owned(),
        (AccountTold::Closed, Lang::En) => {
            "Your wallet was closed. If it was not you, contact us now.".to_owned()
        }
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
