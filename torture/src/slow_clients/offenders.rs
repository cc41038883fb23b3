//! Clients that misbehave, and how long the server lets them.

use std::{
    collections::BTreeMap,
    io::ErrorKind,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::output::Failure;

/// How often an offender does its little something.
const DRIP_EVERY: Duration = Duration::from_millis(250);
/// What the server may be late by: a quarter of a deadline by its design, and a busy machine.
const LATE_MAX: Duration = Duration::from_secs(3);
/// Bytes that a slow body promises and never gets to.
const PROMISED_BYTES: usize = 4_000;
/// The largest answer that anyone may ask for; enough of them fill every buffer on the way.
const LARGE_ANSWER: &str = "GET /v1/openapi.json HTTP/1.1\r\nHost: sandbox\r\n\r\n";
const LARGE_ANSWERS: usize = 200;

/// A way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A request head, a few bytes at a time.
    Head,
    /// A request body, a byte at a time.
    Body,
    /// Large answers asked for, and never read.
    NeverReading,
}

impl Kind {
    /// All of them.
    pub(super) const ALL: [Kind; 3] = [Kind::Head, Kind::Body, Kind::NeverReading];

    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Head => "slow head",
            Kind::Body => "slow body",
            Kind::NeverReading => "never reading",
        }
    }

    /// When it must be closed, as `crates/api` documents: `HEAD_TIMEOUT`, `BODY_TIMEOUT` and
    /// `WRITE_STALL_TIMEOUT`.
    const fn deadline(self) -> Duration {
        match self {
            Kind::Head => Duration::from_secs(5),
            Kind::Body | Kind::NeverReading => Duration::from_secs(10),
        }
    }
}

/// How long the offenders of one kind lived.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// How many were closed by the server.
    pub(super) closed: u32,
    pub(super) earliest: Option<Duration>,
    pub(super) latest: Option<Duration>,
    /// How many lived beyond their deadline.
    pub(super) overstayed: u32,
}

/// The lives of all offenders.
#[derive(Debug, Default)]
pub(super) struct Lives(Mutex<BTreeMap<Kind, Sums>>);

impl Lives {
    /// The lives of one kind.
    pub(super) fn of(&self, kind: Kind) -> Sums {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&kind).copied().unwrap_or_default()
    }

    fn note(&self, kind: Kind, life: Duration, closed: bool) {
        let mut lives = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sums = lives.entry(kind).or_default();
        if closed {
            sums.closed += 1;
            sums.earliest = Some(sums.earliest.map_or(life, |earliest| earliest.min(life)));
            sums.latest = sums.latest.max(Some(life));
        }
        sums.overstayed += u32::from(life > kind.deadline() + LATE_MAX);
    }
}

/// Misbehaves again and again until the end.
pub(super) async fn offend(
    kind: Kind,
    address: String,
    secret_key: String,
    lives: Arc<Lives>,
    end: Instant,
) -> Result<(), Failure> {
    while Instant::now() < end {
        let mut stream = TcpStream::connect(&address).await?;
        let begun = Instant::now();
        let opening = opening(kind, &secret_key);
        let sent = timeout(DRIP_EVERY, stream.write_all(opening.as_bytes())).await;
        // A client that does not read may not get rid of all it wants to say: that is the idea.
        let mut open = !matches!(sent, Ok(Err(_)));
        while open && Instant::now() < end {
            sleep(DRIP_EVERY).await;
            open = drip(kind, &stream);
        }
        lives.note(kind, begun.elapsed(), !open);
    }
    Ok(())
}

fn opening(kind: Kind, secret_key: &str) -> String {
    match kind {
        Kind::Head => "GET /health/live HTTP/1.1\r\nHost: sandbox\r\nX-Slow: ".to_owned(),
        Kind::Body => format!(
            "POST /v1/payments HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer {secret_key}\r\n\
             Content-Type: application/json\r\nContent-Length: {PROMISED_BYTES}\r\n\r\n{{"
        ),
        Kind::NeverReading => LARGE_ANSWER.repeat(LARGE_ANSWERS),
    }
}

/// One more byte; gives whether the connection is still open.
fn drip(kind: Kind, stream: &TcpStream) -> bool {
    if kind != Kind::NeverReading {
        // The end of the stream, or a reset, is the server's word; an answer such as 408 comes before it.
        let mut answer = [0; 1_024];
        loop {
            match stream.try_read(&mut answer) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
    }
    match stream.try_write(b" ") {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}
