//! The WeChat Pay door as `tongbao bench http` pays through it: orders of `/v3/pay/transactions/native`, each a signed
//! request and a signed answer.
//!
//! All requests are signed before the clock starts, on all cores, so that the clients leave the cores to the server
//! while it is measured. Of each answer the clients see that it is signed; the first of each connection they verify.
//! What is left for each order is one signature by the server, so that the rate of one core times the number of cores
//! is a bound that no run can pass.
//!
//! **Absent on purpose:** the APIv3 keys of these merchants, because without one nothing is sent: a notification would
//! cost a second signature for each payment, and nobody is there to receive it.

use std::{
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use serde_json::json;
use tongbao_channel::wechat::{
    answer,
    authorization::Authorization,
    message,
    serial::Serial,
    signature::{SigningKey, VerifyingKey},
};
use tongbao_core::{
    Time,
    id::{AppId, MerchantId, PayerId},
    wechat::{
        merchant::{KeyMode, NewWechatMerchant, register},
        platform,
    },
};
use tongbao_engine::{
    Engine,
    wechat::found::{Certified, Enrolment, Founded},
};

use super::{wire::Wire, world::input};
use crate::output::Failure;

/// What is asked for.
const TARGET: &str = "/v3/pay/transactions/native";
const APPID: &str = "wx0000000000000001";

/// Requests are signed for this much more than the bound, in percent: the probe is a measurement, too.
const SPARE_PERCENT: u64 = 25;

/// How long the rate of signing is measured.
const PROBE: Duration = Duration::from_secs(1);

/// The longest run: signing beforehand takes about as long, and a signature is good for five minutes.
pub(super) const SECONDS_MAX: u64 = 60;

/// A request that was signed beforehand.
struct Signed {
    headers: String,
    body: String,
}

/// Merchants with their signed requests.
pub(super) struct Shops {
    /// By connection, in the order in which they are sent.
    requests: Vec<Vec<Signed>>,
    public_key: VerifyingKey,
    /// Signatures a second of one core.
    pub(super) rsa_sign_per_s: u64,
}

/// A merchant number and the serial number of its certificate.
struct Identity {
    mchid: String,
    serial: Serial,
}

/// Gives merchants their identities and signs what the connections will ask for in so many seconds.
pub(super) async fn open(
    engine: &Arc<Engine>,
    apps: &[(MerchantId, AppId)],
    connections: u32,
    seconds: u64,
) -> Result<Shops, Failure> {
    let key = SigningKey::generate();
    let rsa_sign_per_s = rate(&key);
    let Founded { platform, authority } = engine.found_wechat("Tongbao Benchmark")?;
    let (public_key, id) =
        (VerifyingKey::from_pem(&platform.public_key.public_key)?, platform.public_key.id.clone());
    engine
        .step(input("found_wechat_platform"), move |facts, cx| platform::found(facts, cx, &platform))
        .await?;
    let mut identities = Vec::new();
    for (number, (_, app)) in apps.iter().enumerate() {
        let mchid = format!("16{number:08}");
        let appids = [APPID.to_owned()];
        let (organization, key_mode) = ("Benchmark", KeyMode::PublicKey);
        let who = Enrolment { mchid: &mchid, organization, app: *app, appids: &appids, key_mode };
        let Certified { merchant, .. } = engine.enrol_wechat_key(&authority, &who, &key.verifying_key())?;
        let new = NewWechatMerchant { api_v3_key: None, ..merchant };
        let serial = new.certificate.serial.parse()?;
        engine.step(input("enrol_wechat_merchant"), move |facts, cx| register(facts, cx, &new)).await?;
        identities.push(Identity { mchid, serial });
    }
    let cores = u64::try_from(available_parallelism().map_or(1, std::num::NonZero::get))?;
    let all = rsa_sign_per_s * cores * seconds * (100 + SPARE_PERCENT) / 100;
    let each = u32::try_from(all / u64::from(connections))?.saturating_add(1);
    let now = engine.clock.world();
    let requests = sign_all(&key, &identities, &id, now, connections, each)?;
    Ok(Shops { requests, public_key, rsa_sign_per_s })
}

/// Signatures a second of one core.
fn rate(key: &SigningKey) -> u64 {
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < PROBE {
        std::hint::black_box(key.sign_bytes(&count.to_be_bytes()));
        count += 1;
    }
    super::probe::rate(count, start)
}

/// Signs on all cores.
fn sign_all(
    key: &SigningKey,
    identities: &[Identity],
    public_key_id: &str,
    now: Time,
    connections: u32,
    each: u32,
) -> Result<Vec<Vec<Signed>>, Failure> {
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    let numbers: Vec<u32> = (0..connections).collect();
    let sign = |number: u32| -> Result<Vec<Signed>, Failure> {
        let who = &identities[number as usize % identities.len()];
        (0..each).map(|order| signed(key, who, public_key_id, now, &format!("{number}-{order}"))).collect()
    };
    std::thread::scope(|scope| {
        let share = numbers.len().div_ceil(cores).max(1);
        let threads: Vec<_> = numbers
            .chunks(share)
            .map(|share| scope.spawn(move || share.iter().map(|number| sign(*number)).collect::<Vec<_>>()))
            .collect();
        let shares = threads.into_iter().flat_map(|thread| thread.join().expect("signing does not panic"));
        shares.collect()
    })
}

fn signed(
    key: &SigningKey,
    who: &Identity,
    public_key_id: &str,
    now: Time,
    order: &str,
) -> Result<Signed, Failure> {
    let body = json!({
        "appid": APPID,
        "mchid": who.mchid,
        "description": "Two cups of tea",
        "out_trade_no": format!("order-{order}"),
        "notify_url": "http://127.0.0.1:9/",
        "amount": { "total": 1_999 },
    })
    .to_string();
    let (timestamp_s, nonce) = (now.ms().div_euclid(1_000), format!("nonce-{order}"));
    let request = message::Request {
        method: "POST",
        target: TARGET,
        timestamp_s,
        nonce: &nonce,
        body: body.as_bytes(),
    };
    let signature = key.sign(&request.message());
    let authorization = Authorization::new(&who.mchid, &nonce, timestamp_s, who.serial, &signature)?;
    let headers = format!(
        "Accept: application/json\r\nUser-Agent: tongbao-bench\r\nAuthorization: {authorization}\r\n\
         Wechatpay-Serial: {public_key_id}\r\n"
    );
    Ok(Signed { headers, body })
}

/// Places an order with the next signed request of a connection and pays it.
pub(super) async fn pay(
    wire: &mut Wire,
    shops: &Shops,
    payer: PayerId,
    (number, order): (u32, u32),
    now: Time,
) -> Result<(), Failure> {
    let Signed { headers, body } = shops
        .requests
        .get(number as usize)
        .and_then(|requests| requests.get(order as usize))
        .ok_or("more was placed than was signed beforehand")?;
    let placed = wire.post(TARGET, headers, body).await?;
    let head = answer::Headers::read(placed.headers())?;
    let text = placed.expect(200)?;
    if order == 0 {
        head.verify(&shops.public_key, now, text.as_bytes())?;
    }
    let code = text.split_once(r#""code_url":""#).and_then(|(_, rest)| rest.split_once('"'));
    let (code, _) = code.ok_or("an order without a code_url")?;
    let body = format!(r#"{{"payer":"{payer}","code":"{code}"}}"#);
    let paid = wire.post("/sandbox/phone/pay", "", &body).await?;
    let paid = paid.expect(200)?.starts_with(r#"{"paid":true"#);
    if paid { Ok(()) } else { Err("an order was not paid".into()) }
}
