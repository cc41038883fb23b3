//! What payers read outside the wallet: in text messages and mail.

use tongbao_core::{
    message::Text,
    notice::{Language, Urgency},
};
use tongbao_engine::notice::Wording;

use crate::i18n::{Lang, message};

/// A message as it is sent.
pub fn write(language: Language, text: &Text) -> Wording {
    let lang = match language {
        Language::Zh => Lang::Zh,
        Language::En => Lang::En,
    };
    let subject = match (text.urgency(), lang) {
        (Urgency::Code, Lang::Zh) => "通宝验证码",
        (Urgency::Code, Lang::En) => "Your Tongbao code",
        (Urgency::Alert, Lang::Zh) => "通宝账户安全提醒",
        (Urgency::Alert, Lang::En) => "Tongbao: a change in your account",
        (Urgency::News, Lang::Zh) => "通宝账户通知",
        (Urgency::News, Lang::En) => "News from Tongbao",
    };
    Wording { subject: subject.to_owned(), text: message::wording(lang, text) }
}
