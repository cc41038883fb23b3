//! `/wallet/messages`: what the payer was told. Codes are not among it.

use axum::response::Response;
use tongbao_core::{
    List,
    facts::Entity as _,
    id::{MessageId, TypedId},
    message::Message,
};
use tongbao_store::Query;

use super::Visitor;
use crate::{
    handlers::{answer::Trouble, record_view::moment},
    i18n, paths,
    wallet::{
        Tab,
        account::{MessageRow, MessagesView, render_messages},
    },
};

/// Messages on one page.
const MESSAGES_MAX: u32 = 30;

pub(super) async fn show(visitor: Visitor) -> Result<Response, Trouble> {
    let lang = visitor.frame().lang;
    // A text that is no id begins at the newest.
    let before = visitor.visit.query("before").and_then(|text| text.parse::<MessageId>().ok());
    let after = before.map(TypedId::uuid);
    let list = List::MessagesOf(visitor.payer.id);
    let query = Query::List { list, after, newest_first: true, limit: MESSAGES_MAX };
    let records = visitor.pages.engine.store.records(query)?;
    let messages: Vec<&Message> = records.iter().filter_map(Message::of).collect();
    let full = messages.len() == usize::try_from(MESSAGES_MAX).unwrap_or(usize::MAX);
    let older =
        messages.last().filter(|_| full).map(|last| format!("{}?before={}", paths::MESSAGES, last.id));
    let row = |message: &&Message| MessageRow {
        at: moment(message.created_at),
        text: i18n::message::wording(lang, &message.text),
    };
    let view = MessagesView {
        around: visitor.around(Tab::Messages, paths::MESSAGES),
        messages: messages.iter().map(row).collect(),
        older,
    };
    Ok(visitor.page(|frame| render_messages(&view, frame)))
}
