//! `tongbao bench store`: payments a second that the store commits.
//!
//! Each caller collects one payment at a time: the payment's row, two postings, an event, the order
//! number and the idempotency key with its answer, in one durable commit. Every tenth request is sent
//! again, as clients do, and must be answered from what was stored.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use hdrhistogram::Histogram;
use serde_json::json;
use tokio::task::JoinSet;
use tongbao_core::{
    Key, Want,
    id::{AppId, MerchantId, PayerId},
    idempotency::Ask,
    ledger::Account,
    payment::{
        Status,
        create::{Created, NewPayment},
        steps::{Collect, Shown, collect},
    },
};
use tongbao_engine::Engine;
use tongbao_money::{Amount, Currency, Money};

use super::{
    StoreOptions, probe,
    report::Report,
    world::{self, Scratch},
};
use crate::{commands::block_on, output::Failure};

/// Payers the payments are spread over.
const PAYERS: u32 = 10_000;

/// Every this-many-th request is sent twice.
const REPEATED: u64 = 10;

pub(super) fn run(options: &StoreOptions) -> Result<(), Failure> {
    let scratch = Scratch::new(options.common.directory.as_deref())?;
    let probe = probe::run(scratch.path())?;
    let report = block_on(async {
        let engines = match &options.postgres {
            Some(url) => world::engines_on(&scratch, url, options.stores).await?,
            None => vec![world::engine(&scratch).await?],
        };
        let engine = engines.first().ok_or("no store was opened")?;
        let merchants = if options.hot { 1 } else { options.merchants };
        let apps = Arc::new(world::merchants(engine, merchants).await?);
        let payers = Arc::new(world::payers(engine, PAYERS).await?);
        let run = measure(&engines, &apps, &payers, options).await?;
        let verified = tongbao_store::verify::verify(engine.store.as_ref(), &mut |_| {})?;
        if !verified.is_clean() {
            return Err(format!("the books do not agree: {}", verified.findings.join("; ")).into());
        }
        let details = vec![
            ("payments", json!(run.payments)),
            ("replayed", json!(run.replayed)),
            ("callers", json!(options.callers)),
            ("merchants", json!(merchants)),
            ("store", json!(if options.postgres.is_some() { "postgres" } else { "sqlite" })),
            ("stores", json!(engines.len())),
            ("seconds", json!(run.seconds)),
            ("verified_changes", json!(verified.changes)),
        ];
        #[expect(clippy::cast_precision_loss, reason = "a count of payments, for a rate")]
        let rate = run.payments as f64 / run.seconds;
        Ok(Report { rate_name: "commits_per_s", rate, latencies_us: run.latencies_us, probe, details })
    })?;
    report.print(options.common.json)
}

struct Run {
    payments: u64,
    replayed: u64,
    seconds: f64,
    latencies_us: Histogram<u64>,
}

async fn measure(
    engines: &[Arc<Engine>],
    apps: &Arc<Vec<(MerchantId, AppId)>>,
    payers: &Arc<Vec<PayerId>>,
    options: &StoreOptions,
) -> Result<Run, Failure> {
    let (stop, counter) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut callers = JoinSet::new();
    let start = Instant::now();
    for engine in engines.iter().cycle().take(options.callers as usize) {
        let (engine, apps, payers) = (Arc::clone(engine), Arc::clone(apps), Arc::clone(payers));
        let (stop, counter) = (Arc::clone(&stop), Arc::clone(&counter));
        callers.spawn(async move {
            let mut latencies_us = Histogram::<u64>::new(3)?;
            let mut replayed = 0;
            while !stop.load(Ordering::Relaxed) {
                let number = counter.fetch_add(1, Ordering::Relaxed);
                let asked = Instant::now();
                let first = pay(&engine, &apps, &payers, number).await?;
                latencies_us.record(u64::try_from(asked.elapsed().as_micros())?)?;
                if first {
                    return Err(Failure::from("a new payment was taken for a repeated one"));
                }
                if number.is_multiple_of(REPEATED) {
                    if !pay(&engine, &apps, &payers, number).await? {
                        return Err(Failure::from("a repeated request was paid twice"));
                    }
                    replayed += 1;
                }
            }
            Ok((latencies_us, replayed))
        });
    }
    tokio::time::sleep(options.common.duration()).await;
    stop.store(true, Ordering::Relaxed);
    let mut run = Run { payments: 0, replayed: 0, seconds: 0.0, latencies_us: Histogram::new(3)? };
    while let Some(caller) = callers.join_next().await {
        let (latencies_us, replayed) = caller??;
        run.latencies_us.add(latencies_us)?;
        run.replayed += replayed;
    }
    run.seconds = start.elapsed().as_secs_f64();
    run.payments = counter.load(Ordering::Relaxed);
    Ok(run)
}

/// Spreads numbers evenly without a pattern (Knuth's multiplicative hashing).
fn spread(number: u64, count: usize) -> usize {
    let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    usize::try_from(mixed).unwrap_or_default() % count.max(1)
}

/// Pays; tells whether the answer was an earlier one.
async fn pay(
    engine: &Engine,
    apps: &[(MerchantId, AppId)],
    payers: &[PayerId],
    number: u64,
) -> Result<bool, Failure> {
    let (merchant, app) = apps[spread(number, apps.len())];
    let payer = payers[spread(number ^ 0x5555, payers.len())];
    let by = Collect { payer, shown: Shown::SandboxPhone, sandbox: true };
    let money = Money { amount: Amount::new(1_999).unwrap_or_default(), currency: Currency::CNY };
    let new = NewPayment {
        // Merchants' numbers have no order that would help an index.
        order_no: format!("{:016x}-{number}", number.wrapping_mul(0xD134_2543_DE82_EF95)),
        money,
        description: "Two cups of tea".to_owned(),
        items: Vec::new(),
        metadata: std::collections::BTreeMap::new(),
        notify_url: None,
        return_url: None,
        expires_in_s: 1_800,
    };
    let ask = Ask { caller: app.into(), key: format!("key-{number}"), request: "0".repeat(32) };
    let want = vec![
        Want::Record(app.into()),
        Want::Record(payer.into()),
        Want::Key(Key::OrderNo(merchant, new.order_no.clone())),
        Want::Account(Account::PayerAvailable(payer).of(money.currency)),
    ];
    let answered = engine.answer_wanting(
        world::input("collect_payment"),
        Some(ask),
        want,
        move |facts, cx| collect(facts, cx, app, &new, &by),
        |result: Result<&Created, _>| match result {
            Ok(created) if created.payment.status == Status::Succeeded => {
                (201, serde_json::to_string(&created.payment).unwrap_or_default())
            }
            Ok(_) => (500, "not paid".to_owned()),
            Err(refusal) => (409, refusal.to_string()),
        },
    );
    let answered = answered.await?;
    if answered.status != 201 {
        return Err(answered.body.into());
    }
    Ok(answered.replayed)
}
