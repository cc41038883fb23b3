//! Asking again what was answered before: the second answer must be the first.

use crate::{
    book::{Book, Broken, Kept},
    client::Client,
    wire::without_request_id,
};

/// Sends a request again under its key, and compares the answers: a result to the byte, a refusal but for
/// the id of the request.
pub(crate) async fn same_again(client: &Client, book: &Book, kept: &Kept) {
    let Some(again) = book.judge(client.ask(&kept.ask).await) else { return };
    let first = &kept.answer;
    if again.status == first.status && is_same(first.is_success(), &first.body, &again.body) {
        if !again.replayed {
            let ask = &kept.ask;
            book.broken(Broken::Doubled, format_args!("{ask:?} was done again: {again:?}"));
        }
        return;
    }
    let (ask, body) = (&kept.ask, &first.body);
    book.broken(
        Broken::Lost,
        format_args!("{ask:?} was answered {} {body} and is now {again:?}", first.status),
    );
}

fn is_same(success: bool, first: &str, again: &str) -> bool {
    if success { first == again } else { without_request_id(first) == without_request_id(again) }
}
