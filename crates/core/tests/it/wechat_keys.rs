//! Identities of merchants in WeChat Pay's interface, and the platform's keys.

use tongbao_core::{
    Refusal,
    id::AppId,
    wechat::{
        WechatMerchant, WechatPlatform,
        merchant::{self, KeyMode, MerchantCertificate, NewWechatMerchant},
        platform::{self, NewPlatform, PlatformCertificate, PlatformPublicKey, SealedAuthority},
    },
};

use crate::{
    shop::{Shop, after},
    wechat_orders::MCHID,
};

const DAY_S: i64 = 24 * 3_600;

fn certificate(serial: &str) -> MerchantCertificate {
    MerchantCertificate {
        serial: serial.to_owned(),
        public_key: "pem".to_owned(),
        not_before: after(10),
        not_after: after(20),
        revoked_at: None,
    }
}

/// The identity of an app.
pub(crate) fn identity(mchid: &str, app: AppId) -> NewWechatMerchant {
    NewWechatMerchant {
        mchid: mchid.to_owned(),
        app,
        appids: vec!["wx0000000000000001".to_owned()],
        certificate: certificate("01"),
        api_v3_key: Some("sealed".to_owned()),
        key_mode: KeyMode::Both,
    }
}

#[test]
fn a_merchant_number_is_given_once() {
    let mut shop = Shop::open(0, 0);
    let new = identity(MCHID, shop.app);
    shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &new)).unwrap();
    let invalid = |param, must| Err(Refusal::Invalid { param, must });
    let appids = "1 to 50 texts of 1 to 32 letters or digits";
    let long = "1".repeat(33);
    for (new, refused) in [
        (new.clone(), invalid("mchid", "a number that no other merchant has")),
        (identity("", shop.app), invalid("mchid", "1 to 32 letters or digits")),
        (identity(&long, shop.app), invalid("mchid", "1 to 32 letters or digits")),
        (identity("1 2", shop.app), invalid("mchid", "1 to 32 letters or digits")),
        (NewWechatMerchant { appids: Vec::new(), ..identity("2", shop.app) }, invalid("appids", appids)),
        (
            NewWechatMerchant { appids: vec!["wx".to_owned(); 51], ..identity("2", shop.app) },
            invalid("appids", appids),
        ),
        (NewWechatMerchant { appids: vec![long], ..identity("2", shop.app) }, invalid("appids", appids)),
    ] {
        let asked = shop.books.step(after(1), |facts, cx| merchant::register(facts, cx, &new));
        assert_eq!(asked.map(drop), refused);
    }
}

#[test]
fn a_certificate_signs_between_its_dates_until_it_is_revoked() {
    let mut shop = Shop::open(0, 0);
    let new = identity(MCHID, shop.app);
    shop.books.step(after(0), |facts, cx| merchant::register(facts, cx, &new)).unwrap();
    let second = certificate("02");
    let add = |shop: &mut Shop| {
        shop.books.step(after(1), |facts, _| Ok((merchant::add_certificate(facts, MCHID, &second)?, ())))
    };
    assert_eq!(add(&mut shop), Ok(()));
    assert!(add(&mut shop).is_err(), "a serial number stands for one certificate");
    let revoke = |shop: &mut Shop, at, serial| {
        shop.books
            .step(after(at), |facts, cx| Ok((merchant::revoke_certificate(facts, cx, MCHID, serial)?, ())))
    };
    assert_eq!(revoke(&mut shop, 12, "01"), Ok(()));
    assert_eq!(revoke(&mut shop, 13, "01"), Ok(()), "again");
    assert_eq!(revoke(&mut shop, 13, "03"), Err(Refusal::NotFound("certificate")));
    let certificates = shop.books.all::<WechatMerchant>().next().unwrap().certificates.clone();
    let usable = |at| certificates.iter().map(|known| known.is_usable_at(after(at))).collect::<Vec<_>>();
    for (at, expected) in [(9, false), (10, true), (20, true), (21, false)] {
        assert_eq!(usable(at), [false, expected], "at {at}");
    }
    assert_eq!(certificates[0].revoked_at, Some(after(12)));
    let unknown = merchant::set_key_mode;
    let asked = shop.books.step(after(15), |facts, _| Ok((unknown(facts, "0", KeyMode::PublicKey)?, ())));
    assert_eq!(asked, Err(Refusal::NotFound("WeChat Pay merchant")));
}

fn platform_certificate(serial: &str, from_day: i64, to_day: i64) -> PlatformCertificate {
    PlatformCertificate {
        serial: serial.to_owned(),
        certificate: "pem".to_owned(),
        key_sealed: "sealed".to_owned(),
        not_before: after(from_day * DAY_S),
        not_after: after(to_day * DAY_S),
        retired_at: None,
    }
}

fn founding() -> NewPlatform {
    NewPlatform {
        authority: SealedAuthority { certificate: "pem".to_owned(), key_sealed: "sealed".to_owned() },
        certificate: platform_certificate("01", 0, 100),
        public_key: PlatformPublicKey {
            id: "PUB_KEY_ID_1".to_owned(),
            public_key: "pem".to_owned(),
            key_sealed: "sealed".to_owned(),
        },
    }
}

#[test]
fn the_certificate_that_follows_signs_in_the_last_five_days() {
    let mut shop = Shop::open(0, 0);
    let new = founding();
    let found = |shop: &mut Shop| shop.books.step(after(0), |facts, cx| platform::found(facts, cx, &new));
    assert!(found(&mut shop).is_ok());
    assert!(found(&mut shop).is_err(), "there is one platform");
    let add = |shop: &mut Shop, day: i64, next: &PlatformCertificate| {
        let world = after(day * DAY_S);
        shop.books.step(world, |facts, _| Ok((platform::add_certificate(facts, world, next)?, ())))
    };
    add(&mut shop, 90, &platform_certificate("02", 90, 200)).unwrap();
    assert!(add(&mut shop, 91, &platform_certificate("03", 91, 200)).is_err(), "two at once");
    let now = |shop: &Shop| shop.books.all::<WechatPlatform>().next().unwrap().clone();
    let platform = now(&shop);
    let signs = |day: i64| platform.signs_at(after(day * DAY_S)).map(|found| found.serial.clone());
    for (day, serial) in [(-1, None), (0, Some("01")), (94, Some("01")), (95, Some("02")), (197, Some("02"))]
    {
        assert_eq!(signs(day).as_deref(), serial, "day {day}");
    }
    assert_eq!(signs(201), None);
    add(&mut shop, 101, &platform_certificate("04", 101, 300)).unwrap();
    let serials: Vec<String> = now(&shop).certificates.iter().map(|known| known.serial.clone()).collect();
    assert_eq!(serials, ["02", "04"], "what has ended is gone");
}

#[test]
fn the_newest_certificate_takes_over_when_it_is_told_to_and_the_old_one_is_listed_on() {
    let mut shop = Shop::open(0, 0);
    let switch = |shop: &mut Shop, day: i64| {
        let world = after(day * DAY_S);
        shop.books.step(world, |facts, _| Ok((platform::switch_certificate(facts, world)?, ())))
    };
    assert_eq!(switch(&mut shop, 0), Err(Refusal::NotFound("WeChat Pay platform")));
    shop.books.step(after(0), |facts, cx| platform::found(facts, cx, &founding())).unwrap();
    let early = Err(Refusal::Invalid { param: "certificate", must: "added before it takes over" });
    assert_eq!(switch(&mut shop, 1), early, "there is no other");
    let add = |shop: &mut Shop, day: i64, next: &PlatformCertificate| {
        let world = after(day * DAY_S);
        shop.books.step(world, |facts, _| Ok((platform::add_certificate(facts, world, next)?, ())))
    };
    add(&mut shop, 2, &platform_certificate("02", 3, 300)).unwrap();
    assert_eq!(switch(&mut shop, 2), early, "it is not valid yet");
    assert_eq!(switch(&mut shop, 4), Ok(()));
    let now = |shop: &Shop| shop.books.all::<WechatPlatform>().next().unwrap().clone();
    let platform = now(&shop);
    assert_eq!((platform.certificates.len(), platform.version), (2, 3));
    assert_eq!(platform.certificates[0].retired_at, Some(after(4 * DAY_S)));
    let signs = |platform: &WechatPlatform, day: i64| {
        platform.signs_at(after(day * DAY_S)).map(|found| found.serial.clone())
    };
    assert_eq!(signs(&platform, 4).as_deref(), Some("02"));
    assert_eq!(signs(&platform, 2), None, "a retired one signs at no time");
    assert_eq!(switch(&mut shop, 5), Ok(()), "again");
    assert_eq!(now(&shop), platform, "which changes nothing");
    add(&mut shop, 6, &platform_certificate("03", 6, 400)).unwrap();
    let serials: Vec<String> = now(&shop).certificates.iter().map(|known| known.serial.clone()).collect();
    assert_eq!(serials, ["02", "03"], "what was retired makes room");
    assert_eq!(signs(&now(&shop), 7).as_deref(), Some("02"), "the next one waits");
    assert!(add(&mut shop, 8, &platform_certificate("04", 8, 400)).is_err(), "two at once");
}
