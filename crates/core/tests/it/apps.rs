//! Apps: their keys and their webhook endpoints.

use tongbao_core::{
    ChangeSet, Key, Refusal,
    api_key::{self, ApiKey, NewApiKey, Scope},
    delivery::Delivery,
    endpoint::{self, Endpoint, EndpointStatus, NewEndpoint, ROTATION_OVERLAP_MS},
    event::EventKind,
    id::{ApiKeyId, AppId},
    limits::{ENDPOINT_FAILING_MS_MAX, ENDPOINTS_PER_APP_MAX},
    merchant::{self, App},
};

use crate::shop::{Shop, after, another_merchant, secret};

fn new_key(shop: &mut Shop, digest: u8) -> ApiKeyId {
    let (app, hint) = (shop.app, "sk_…1234".to_owned());
    let new = NewApiKey {
        digest: [digest; 32],
        hint,
        scopes: Scope::ALL.to_vec(),
        networks: Vec::new(),
        expires_at: None,
    };
    shop.books.step(after(0), |facts, cx| api_key::create(facts, cx, app, &new)).unwrap()
}

fn revoke(shop: &mut Shop, id: ApiKeyId) -> Result<(), Refusal> {
    shop.books.step(after(5), |facts, cx| Ok((api_key::revoke(facts, cx, id)?, ())))
}

#[test]
fn a_key_is_found_by_its_digest_and_revoked_once() {
    let mut shop = Shop::open(0, 0);
    let (first, second) = (new_key(&mut shop, 1), new_key(&mut shop, 2));
    let found = |shop: &Shop, digest: u8| {
        let facts: &dyn tongbao_core::Facts = &shop.books;
        facts.find::<ApiKey>(&Key::Secret([digest; 32])).unwrap().map(|key| key.id)
    };
    assert_eq!([found(&shop, 1), found(&shop, 2), found(&shop, 3)], [Some(first), Some(second), None]);
    revoke(&mut shop, first).unwrap();
    assert_eq!(revoke(&mut shop, first), Err(Refusal::KeyRevoked));
    assert_eq!(shop.books.get::<ApiKey>(first).revoked_at, Some(after(5)));
    assert_eq!(found(&shop, 1), Some(first), "a revoked key is still known, to be refused by name");
    let nobody = shop.books.context(after(0)).draw();
    assert_eq!(revoke(&mut shop, nobody), Err(Refusal::NotFound("key")));
}

#[test]
fn an_app_has_at_most_sixteen_endpoints_and_a_deleted_one_makes_room() {
    let mut shop = Shop::open(0, 0);
    let made: Vec<_> = (0..ENDPOINTS_PER_APP_MAX).map(|_| shop.endpoint(&[])).collect();
    let (app, url) = (shop.app, "https://shop.example/hook".to_owned());
    let new = NewEndpoint { url, events: Vec::new(), secret: secret("first") };
    let more = shop.books.step(after(1), |facts, cx| endpoint::create(facts, cx, app, &new));
    assert_eq!(more, Err(Refusal::TooManyEndpoints));
    shop.books.step(after(1), |facts, _| Ok((endpoint::delete(facts, app, made[3])?, ()))).unwrap();
    shop.endpoint(&[]);
    let kept = shop.books.get::<App>(shop.app).endpoints;
    assert!(kept.len() == ENDPOINTS_PER_APP_MAX && !kept.contains(&made[3]));
}

#[test]
fn a_rotated_secret_signs_beside_the_new_one_for_a_day() {
    let mut shop = Shop::open(0, 0);
    let (app, id) = (shop.app, shop.endpoint(&[]));
    for name in ["second", "third"] {
        let new = secret(name);
        shop.books.step(after(9), |facts, cx| endpoint::rotate_secret(facts, cx, app, id, &new)).unwrap();
    }
    let secrets = shop.books.get::<Endpoint>(id).secrets;
    let until = after(9).plus_ms(ROTATION_OVERLAP_MS);
    let kept: Vec<_> = secrets.iter().map(|secret| (secret.sealed.as_str(), secret.until)).collect();
    assert_eq!(kept, [("third", None), ("second", Some(until))]);
}

#[test]
fn an_apps_own_secret_is_rotated_in_the_same_way() {
    let mut shop = Shop::open(0, 0);
    let app = shop.app;
    let kept = |shop: &Shop| {
        let secrets = shop.books.get::<App>(app).secrets;
        secrets.into_iter().map(|secret| (secret.sealed, secret.until)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&shop), [("notify".to_owned(), None)]);
    for (seconds, name, old) in [(9, "second", "notify"), (99, "third", "second")] {
        let new = secret(name);
        let told = shop.books.step(after(seconds), |facts, cx| merchant::rotate_secret(facts, cx, app, &new));
        assert_eq!(told.unwrap(), shop.books.get(app));
        let until = after(seconds).plus_ms(ROTATION_OVERLAP_MS);
        assert_eq!(kept(&shop), [(name.to_owned(), None), (old.to_owned(), Some(until))]);
    }
    let nobody = shop.books.context(after(0)).draw();
    let told =
        shop.books.step(after(5), |facts, cx| merchant::rotate_secret(facts, cx, nobody, &secret("x")));
    assert_eq!(told, Err(Refusal::NotFound("app")));
}

#[test]
fn a_disabled_endpoint_is_enabled_again_and_fails_from_the_beginning() {
    let mut shop = Shop::open(60, 0);
    let (app, id) = (shop.app, shop.endpoint(&[]));
    let fail = |shop: &mut Shop, seconds: i64| {
        let next = shop.books.get::<Endpoint>(id).after_delivery(after(seconds), false);
        let records = next.into_iter().map(Into::into).collect();
        shop.books.apply(ChangeSet { records, ..ChangeSet::default() });
    };
    let enable = |shop: &mut Shop| shop.books.step(after(9), |facts, _| endpoint::enable(facts, app, id));
    fail(&mut shop, 0);
    let failing: Endpoint = shop.books.get(id);
    assert_eq!(enable(&mut shop), Ok(failing.clone()), "one that is enabled goes on counting");
    assert_eq!(shop.books.get::<Endpoint>(id), failing);
    let five_days_s = ENDPOINT_FAILING_MS_MAX / 1_000;
    fail(&mut shop, five_days_s);
    assert_eq!(shop.books.get::<Endpoint>(id).status, EndpointStatus::Disabled);
    let enabled = enable(&mut shop).unwrap();
    assert_eq!((enabled.status, enabled.failing_since), (EndpointStatus::Enabled, None));
    assert_eq!(shop.books.get::<Endpoint>(id), enabled);
    assert_eq!(enable(&mut shop), Ok(enabled), "twice is once");
    fail(&mut shop, five_days_s + 1);
    assert_eq!(shop.books.get::<Endpoint>(id).status, EndpointStatus::Enabled, "the five days begin anew");
    shop.books.step(after(9), |facts, _| Ok((endpoint::delete(facts, app, id)?, ()))).unwrap();
    assert_eq!(enable(&mut shop), Err(Refusal::NotFound("webhook endpoint")), "a deleted one stays deleted");
}

#[test]
fn another_apps_endpoint_is_not_found() {
    let mut shop = Shop::open(0, 0);
    let id = shop.endpoint(&[]);
    let (_, stranger): (_, AppId) = another_merchant(&mut shop.books, 0);
    let not_found = Refusal::NotFound("webhook endpoint");
    let deleted = shop.books.step(after(1), |facts, _| Ok((endpoint::delete(facts, stranger, id)?, ())));
    assert_eq!(deleted, Err(not_found.clone()));
    let new = secret("theirs");
    let rotated =
        shop.books.step(after(1), |facts, cx| endpoint::rotate_secret(facts, cx, stranger, id, &new));
    assert_eq!(rotated, Err(not_found.clone()));
    let enabled = shop.books.step(after(1), |facts, _| endpoint::enable(facts, stranger, id));
    assert_eq!(enabled, Err(not_found));
}

#[test]
fn an_endpoint_is_told_of_what_it_wants_until_it_is_deleted() {
    let mut shop = Shop::open(60, 0);
    let (all, some) = (shop.endpoint(&[]), shop.endpoint(&[EventKind::RefundFailed]));
    shop.paid_by_bank("1", 100);
    let app = shop.app;
    shop.books.step(after(5), |facts, _| Ok((endpoint::delete(facts, app, all)?, ()))).unwrap();
    shop.paid_by_bank("2", 100);
    let planned = |endpoint| shop.books.all::<Delivery>().filter(|d| d.endpoint == endpoint).count();
    assert_eq!((planned(Some(all)), planned(Some(some)), planned(None)), (1, 0, 2));
    let again = shop.books.step(after(6), |facts, _| Ok((endpoint::delete(facts, app, all)?, ())));
    assert_eq!(again, Err(Refusal::NotFound("webhook endpoint")));
}
