//! `tongbao bench http`: payments a second from end to end, over real HTTP on loopback.
//!
//! Server and clients share this machine, in one process on different runtimes. Each payment is two
//! requests: create (authenticated, under an idempotency key) and pay from a balance; both are durable
//! before they are answered, and the payment's event is written with it. The clients speak just enough HTTP
//! to leave the cores to the server. Through the WeChat Pay door the first request is signed, and its answer, see
//! [`super::wechat`].

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZero,
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use serde_json::json;
use tokio::task::JoinSet;
use tongbao_core::{
    api_key::{self, Scope},
    id::{AppId, MerchantId, PayerId},
};
use tongbao_engine::Engine;

use super::{
    Door, HttpOptions, probe,
    report::Report,
    wechat,
    wire::Wire,
    world::{self, Scratch, input},
};
use crate::{
    commands::worker_threads,
    config::Rate,
    judge,
    output::Failure,
    server::{Bound, Serving},
};

/// Merchants and payers the payments are spread over.
const MERCHANTS: u32 = 16;
const PAYERS: u32 = 1_000;

/// How payments are created.
enum Shops {
    /// With these secret keys.
    V1(Vec<String>),
    /// With requests that were signed.
    Wechat(wechat::Shops),
}

/// What a client needs.
struct World {
    address: SocketAddr,
    engine: Arc<Engine>,
    shops: Shops,
    payers: Vec<PayerId>,
    until: Instant,
}

pub(super) fn run(options: &HttpOptions) -> Result<(), Failure> {
    let scratch = Scratch::new(options.common.directory.as_deref())?;
    let mut probe = probe::run(scratch.path())?;
    let server =
        tokio::runtime::Builder::new_multi_thread().worker_threads(worker_threads()).enable_all().build()?;
    let mut engine = server.block_on(world::engine(&scratch))?;
    judge::Risk::shipped(options.risk).fit(&mut engine)?;
    let (bound, shops, payers) = server.block_on(prepare(&engine, options))?;
    if let Shops::Wechat(shops) = &shops {
        probe.rsa_sign_per_s = Some(shops.rsa_sign_per_s);
    }
    let address = bound.address();
    let serving = server.spawn({
        let (engine, base_url) = (Arc::clone(&engine), format!("http://{address}"));
        async move { bound.serve(engine, &base_url, None).await }
    });
    let client = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let start = Instant::now();
    let until = start + options.common.duration();
    let world = Arc::new(World { address, engine: Arc::clone(&engine), shops, payers, until });
    let latencies_us = client.block_on(load(&world, options.connections))?;
    let seconds = start.elapsed().as_secs_f64();
    serving.abort();
    server.shutdown_timeout(Duration::from_secs(1));
    let verified = tongbao_store::verify::verify(engine.store.as_ref(), &mut |_| {})?;
    if !verified.is_clean() {
        return Err(format!("the books do not agree: {}", verified.findings.join("; ")).into());
    }
    let payments = latencies_us.len();
    let details = vec![
        ("payments", json!(payments)),
        ("connections", json!(options.connections)),
        ("risk", json!(engine.judge.is_some())),
        ("cores", json!(available_parallelism().map_or(1, NonZero::get))),
        ("seconds", json!(seconds)),
        ("verified_changes", json!(verified.changes)),
    ];
    #[expect(clippy::cast_precision_loss, reason = "a count of payments, for a rate")]
    let rate = payments as f64 / seconds;
    Report { rate_name: "payments_per_s", rate, latencies_us, probe, details }.print(options.common.json)
}

async fn prepare(
    engine: &Arc<Engine>,
    options: &HttpOptions,
) -> Result<(Bound, Shops, Vec<PayerId>), Failure> {
    let apps = world::merchants(engine, MERCHANTS).await?;
    let payers = world::payers(engine, PAYERS).await?;
    let shops = match options.door {
        Door::V1 => Shops::V1(keys(engine, &apps).await?),
        Door::Wechat => {
            let seconds = options.common.seconds;
            if seconds > wechat::SECONDS_MAX {
                return Err(format!("through this door at most {} seconds", wechat::SECONDS_MAX).into());
            }
            Shops::Wechat(wechat::open(engine, &apps, options.connections, seconds).await?)
        }
    };
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let bound = Serving { listen, tls: None, rate: Rate::sandbox() }.bind()?;
    Ok((bound, shops, payers))
}

/// A secret key for each app.
async fn keys(engine: &Arc<Engine>, apps: &[(MerchantId, AppId)]) -> Result<Vec<String>, Failure> {
    let mut keys = Vec::new();
    for (_, app) in apps.iter().copied() {
        let (secret, new) = engine.new_secret_key(Scope::ALL.to_vec(), Vec::new(), None);
        engine.step(input("create_api_key"), move |facts, cx| api_key::create(facts, cx, app, &new)).await?;
        keys.push(secret);
    }
    Ok(keys)
}

async fn load(world: &Arc<World>, connections: u32) -> Result<Histogram<u64>, Failure> {
    let mut clients = JoinSet::new();
    for number in 0..connections {
        let world = Arc::clone(world);
        clients.spawn(async move { client(&world, number).await });
    }
    let mut latencies_us = Histogram::<u64>::new(3)?;
    while let Some(client) = clients.join_next().await {
        latencies_us.add(client??)?;
    }
    Ok(latencies_us)
}

/// One connection: a payment after the other until the time is over.
async fn client(world: &World, number: u32) -> Result<Histogram<u64>, Failure> {
    let mut wire = Wire::connect(world.address).await?;
    let mut latencies_us = Histogram::<u64>::new(3)?;
    let payer = world.payers[number as usize % world.payers.len()];
    for order in 0_u32.. {
        if Instant::now() >= world.until {
            break;
        }
        let asked = Instant::now();
        match &world.shops {
            Shops::V1(keys) => {
                let key = &keys[number as usize % keys.len()];
                pay(&mut wire, key, payer, &format!("{number}-{order}")).await?;
            }
            Shops::Wechat(shops) => {
                let now = world.engine.clock.world();
                wechat::pay(&mut wire, shops, payer, (number, order), now).await?;
            }
        }
        latencies_us.record(u64::try_from(asked.elapsed().as_micros())?)?;
    }
    Ok(latencies_us)
}

async fn pay(wire: &mut Wire, key: &str, payer: PayerId, order: &str) -> Result<(), Failure> {
    let headers = format!("Authorization: Bearer {key}\r\nIdempotency-Key: key-{order}\r\n");
    let body = format!(
        r#"{{"order_no":"order-{order}","amount":1999,"currency":"CNY","description":"Two cups of tea"}}"#
    );
    let created = wire.post("/v1/payments", &headers, &body).await?;
    let payment = created.expect(201)?.split_once(r#""id":""#).and_then(|(_, rest)| rest.split_once('"'));
    let (payment, _) = payment.ok_or("a payment without an id")?;
    let body = format!(r#"{{"payer":"{payer}","code":"{payment}"}}"#);
    let paid = wire.post("/sandbox/phone/pay", "", &body).await?;
    let paid = paid.expect(200)?.starts_with(r#"{"paid":true"#);
    if paid { Ok(()) } else { Err("a payment was not paid".into()) }
}
