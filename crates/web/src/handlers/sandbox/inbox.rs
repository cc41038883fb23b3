//! `/sandbox/inbox`: the text messages that a sandbox does not send.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use tongbao_core::{
    List, Time,
    message::{Message, Text},
    notice::{Medium, Notice, What},
};

use super::{SandboxPages, answer::Trouble, console};
use crate::{
    handlers::{record_view::moment, visit::Visit},
    i18n::{Lang, message, phrase},
    sandbox::{InboxView, MessageView, render_inbox},
};

/// Messages shown.
const MESSAGES_MAX: u32 = 50;
/// Notices looked at: two for each of those, one by each medium.
const NOTICES_MAX: u32 = 100;

pub(super) async fn show(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    sandbox.page(&visit, |frame| {
        let messages = sandbox.newest::<Message>(List::Messages, MESSAGES_MAX)?;
        let notices = sandbox.newest::<Notice>(List::Notices, NOTICES_MAX)?;
        let now = sandbox.pages.engine.now();
        let view = |message| message_view(message, &ways(message, &notices, now, frame.lang), frame.lang);
        let messages = messages.iter().map(view).collect();
        Ok(render_inbox(&InboxView { console: console::view(&sandbox, &visit)?, messages }, frame))
    })
}

/// By what a message would have left: a code by the medium it is for, anything else by its notices.
fn ways(message: &Message, notices: &[Notice], now: Time, lang: Lang) -> Vec<String> {
    let way = |medium, hint: &str| format!("{} {hint}", phrase::medium(lang, medium));
    match message.text {
        Text::MailCode(_) => vec![way(Medium::Mail, &message.phone_hint)],
        Text::SignInCode(_) | Text::SecurityCode(_) => vec![way(Medium::Sms, &message.phone_hint)],
        _ => {
            let own = notices.iter().filter(|notice| notice.what == What::Message(message.id));
            own.map(|notice| {
                let way = way(notice.medium, &notice.to_hint);
                match notice.next_at.filter(|at| now < *at) {
                    Some(at) => phrase::waits_until(lang, &way, &moment(at).text()),
                    None => way,
                }
            })
            .collect()
        }
    }
}

fn message_view(message: &Message, ways: &[String], lang: Lang) -> MessageView {
    let (text, code) = match &message.text {
        Text::SignInCode(code) | Text::SecurityCode(code) | Text::MailCode(code) => {
            (phrase::code_message(lang, code), Some(code.clone()))
        }
        text => (message::wording(lang, text), None),
    };
    MessageView {
        at: moment(message.created_at),
        masked_phone: message.phone_hint.clone(),
        text,
        code,
        ways: ways.to_vec(),
    }
}
