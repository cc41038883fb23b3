//! `tongbao bench ledger`: postings a second in large batches, statements readable afterwards.

use std::time::Instant;

use hdrhistogram::Histogram;
use serde_json::json;
use tongbao_core::{
    ChangeSet, Context, Facts,
    id::PayerId,
    ledger::{Account, Posting, Reason},
};
use tongbao_engine::Engine;
use tongbao_money::{Amount, Currency, Money};

use super::{
    Common, probe,
    report::Report,
    world::{self, Scratch},
};
use crate::{commands::block_on, output::Failure};

/// Postings of one batch, as TigerBeetle's own benchmark has them.
const BATCH: u64 = 8_189;
/// Accounts the postings are spread over.
const ACCOUNTS: u32 = 10_000;
/// Entries of the statement that is read afterwards to show that history is there.
const STATEMENT: u32 = 100;

pub(super) fn run(options: &Common) -> Result<(), Failure> {
    let scratch = Scratch::new(options.directory.as_deref())?;
    let probe = probe::run(scratch.path())?;
    let report = block_on(async {
        let engine = world::engine(&scratch).await?;
        let payers = world::payers(&engine, ACCOUNTS).await?;
        let (mut latencies_us, mut postings) = (Histogram::<u64>::new(3)?, 0);
        let start = Instant::now();
        while start.elapsed() < options.duration() {
            let asked = Instant::now();
            let batch = batch(&payers, postings);
            let change = move |_: &dyn Facts, _: &mut Context| {
                Ok(ChangeSet { postings: batch.clone(), ..ChangeSet::default() })
            };
            engine.run(world::input("post_batch"), change).await?;
            latencies_us.record(u64::try_from(asked.elapsed().as_micros())?)?;
            postings += BATCH;
        }
        let seconds = start.elapsed().as_secs_f64();
        let read_us = statement(&engine, &payers)?;
        let details = vec![
            ("postings", json!(postings)),
            ("batch", json!(BATCH)),
            ("accounts", json!(ACCOUNTS)),
            ("statement_us", json!(read_us)),
            ("seconds", json!(seconds)),
        ];
        #[expect(clippy::cast_precision_loss, reason = "a count of postings, for a rate")]
        let rate = postings as f64 / seconds;
        Ok(Report { rate_name: "postings_per_s", rate, latencies_us, probe, details })
    })?;
    report.print(options.json)
}

fn batch(payers: &[PayerId], first: u64) -> Vec<Posting> {
    let money = Money { amount: Amount::new(7).unwrap_or_default(), currency: Currency::CNY };
    let at = |number: u64| {
        let mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        usize::try_from(mixed).unwrap_or_default() % payers.len()
    };
    let posting = |number: u64| {
        let (from, to) = (at(number), at(number ^ 0xFFFF_0000));
        let to = if from == to { (to + 1) % payers.len() } else { to };
        let (from, to) = (payers[from], payers[to]);
        let (debit, credit) = (Account::PayerAvailable(from), Account::PayerAvailable(to));
        Posting { debit, credit, money, reason: Reason::Payment, subject: from.into() }
    };
    (first..first + BATCH).map(posting).collect()
}

/// Reads one statement; gives the time it took in microseconds.
fn statement(engine: &Engine, payers: &[PayerId]) -> Result<u128, Failure> {
    let first = payers.first().ok_or("no accounts")?;
    let account = Account::PayerAvailable(*first).of(Currency::CNY);
    let asked = Instant::now();
    let entries = engine.store.entries(account, None, STATEMENT)?;
    if entries.is_empty() {
        return Err("the statement is empty".into());
    }
    Ok(asked.elapsed().as_micros())
}
