//! `/sandbox/inbox`: the text messages that a sandbox does not send.

use std::sync::Arc;

use axum::{Extension, extract::State, response::Response};
use tongbao_core::{
    List,
    message::{Message, Text},
};

use super::{SandboxPages, answer::Trouble, console};
use crate::{
    handlers::{record_view::moment, visit::Visit},
    i18n::{Lang, message, phrase},
    sandbox::{InboxView, MessageView, render_inbox},
};

/// Messages shown.
const MESSAGES_MAX: u32 = 50;

pub(super) async fn show(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    sandbox.page(&visit, |frame| {
        let messages = sandbox.newest::<Message>(List::Messages, MESSAGES_MAX)?;
        let messages = messages.iter().map(|message| message_view(message, frame.lang)).collect();
        Ok(render_inbox(&InboxView { console: console::view(&sandbox, &visit)?, messages }, frame))
    })
}

fn message_view(message: &Message, lang: Lang) -> MessageView {
    let (text, code) = match &message.text {
        Text::SignInCode(code) | Text::SecurityCode(code) => {
            (phrase::code_message(lang, code), Some(code.clone()))
        }
        text => (message::wording(lang, text), None),
    };
    MessageView { at: moment(message.created_at), masked_phone: message.phone_hint.clone(), text, code }
}
