//! One key, one request, one answer.

use tongbao_core::{
    ChangeSet, Context, Facts, Record, Refusal, Stop,
    id::{AppId, Kind, PayerId, ReplyId, TypedId as _},
    idempotency::{self, Ask, Reply},
};

use crate::{
    books::Books,
    shop::{after, another_merchant},
};

fn ask(app: AppId, key: &str, request: &str) -> Ask {
    Ask { caller: app.into(), key: key.to_owned(), request: request.to_owned() }
}

/// Answers an ask the way a request does: the earlier answer if there is one, else a new one, kept.
fn answer(books: &mut Books, ask: &Ask, body: &str) -> Result<(u16, String), Refusal> {
    books.step(after(0), |facts: &dyn Facts, cx: &mut Context| -> Result<_, Stop> {
        if let Some(reply) = idempotency::earlier(facts, ask)? {
            return Ok((ChangeSet::default(), (reply.status, reply.body.clone())));
        }
        let mut change = ChangeSet::default();
        change.put(idempotency::reply(cx, ask, 201, body.to_owned()));
        Ok((change, (201, body.to_owned())))
    })
}

#[test]
fn the_same_key_and_request_get_the_first_answer_to_the_byte() {
    let mut books = Books::default();
    let (_, app) = another_merchant(&mut books, 0);
    let first = answer(&mut books, &ask(app, "k", "aaaaaaaaaaaaaaaa"), "{\"first\":1}");
    assert_eq!(first, Ok((201, "{\"first\":1}".to_owned())));
    for _ in 0..3 {
        assert_eq!(answer(&mut books, &ask(app, "k", "aaaaaaaaaaaaaaaa"), "another"), first);
    }
    assert_eq!(books.all::<Reply>().count(), 1);
}

#[test]
fn the_same_key_with_another_request_is_refused_and_says_both() {
    let mut books = Books::default();
    let (_, app) = another_merchant(&mut books, 0);
    answer(&mut books, &ask(app, "k", "aaaaaaaaaaaaaaaa"), "first").unwrap();
    let refused = answer(&mut books, &ask(app, "k", "aaaaaaaabbbbbbbb"), "other");
    let reused = Refusal::KeyReused { first: "aaaaaaaa".to_owned(), second: "aaaaaaaa".to_owned() };
    assert_eq!(refused, Err(reused), "digests are compared whole and shown short");
    let refused = answer(&mut books, &ask(app, "k", "cc"), "other").unwrap_err();
    assert_eq!(refused.code(), "idempotency_key_reused");
    assert!(refused.to_string().contains("aaaaaaaa…") && refused.to_string().contains("cc…"));
    assert_eq!(books.all::<Reply>().count(), 1);
}

#[test]
fn keys_are_told_apart_by_app_and_by_case() {
    let mut books = Books::default();
    let ((_, app), (_, other)) = (another_merchant(&mut books, 0), another_merchant(&mut books, 0));
    for (app, key, body) in [(app, "k", "1"), (app, "K", "2"), (app, "k ", "3"), (other, "k", "4")] {
        assert_eq!(answer(&mut books, &ask(app, key, "aa"), body), Ok((201, body.to_owned())));
    }
    assert_eq!(books.all::<Reply>().count(), 4);
}

#[test]
fn keys_of_an_app_and_of_a_payer_are_told_apart() {
    let mut books = Books::default();
    let (_, app) = another_merchant(&mut books, 0);
    let payer = PayerId::from_uuid(app.uuid());
    answer(&mut books, &ask(app, "k", "aa"), "the app's").unwrap();
    let own = Ask { caller: payer.into(), ..ask(app, "k", "aa") };
    assert_eq!(answer(&mut books, &own, "the payer's"), Ok((201, "the payer's".to_owned())));
}

#[test]
fn a_reply_from_when_only_apps_had_keys_is_read() {
    let (reply, app): (ReplyId, AppId) =
        (ReplyId::from_uuid(uuid::Uuid::from_u128(1)), AppId::from_uuid(uuid::Uuid::from_u128(2)));
    let stored = serde_json::json!({
        "id": reply.to_string(), "version": 1, "app": app.to_string(), "key": "k", "request": "aa",
        "status": 201, "body": "{}", "created_at": 0,
    });
    let Record::Reply(read) = Record::decode(Kind::Reply, stored.to_string().as_bytes()).unwrap() else {
        panic!("another kind of record");
    };
    assert_eq!((read.caller, read.key.as_str()), (app.into(), "k"));
}
