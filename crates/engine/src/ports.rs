//! What the engine needs from the world: the time, chance, a way to receivers and one to channels. Tests and the
//! simulator bring their own.

use std::{
    future::ready,
    pin::Pin,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tongbao_channel::{sandbox_bank, sandbox_identity};
use tongbao_core::{
    Time,
    payer::{id_number::IdNumber, identity::Said as IdentitySaid},
    payment::{Attempt, Payment, steps::Said},
    refund::{Refund, steps::Said as RefundSaid},
};

use crate::webhook::{Outcome, Sender};

/// A call to the outside, which ends later.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Takes notifications to their receivers.
pub trait Transport: Send + Sync {
    /// Makes one attempt: POST `body` with `headers` to `url`. Never fails otherwise than in the [`Outcome`], and
    /// ends within the deadline.
    fn post<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'a str, &'a str)],
        body: Vec<u8>,
        deadline: Duration,
    ) -> Call<'a, Outcome>;
}

impl Transport for Sender {
    fn post<'a>(
        &'a self,
        url: &'a str,
        headers: &'a [(&'a str, &'a str)],
        body: Vec<u8>,
        deadline: Duration,
    ) -> Call<'a, Outcome> {
        Box::pin(self.send_within(url, headers, body, deadline))
    }
}

/// Speaks to payment channels. The same question may be asked any number of times: the id in it is the channel's
/// idempotency key.
pub trait Channels: Send + Sync {
    /// Hands a new attempt over.
    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> Call<'a, Said>;
    /// Asks what became of an attempt.
    fn query<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> Call<'a, Said>;
    /// Hands a refund over, or asks what became of it.
    fn refund<'a>(&'a self, refund: &'a Refund) -> Call<'a, RefundSaid>;
}

/// The one channel there is: the bank of the sandbox, which needs no wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct SandboxChannels;

impl Channels for SandboxChannels {
    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> Call<'a, Said> {
        Box::pin(ready(sandbox_bank::submit(payment, attempt)))
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> Call<'a, Said> {
        Box::pin(ready(sandbox_bank::query(payment, attempt)))
    }

    fn refund<'a>(&'a self, refund: &'a Refund) -> Call<'a, RefundSaid> {
        Box::pin(ready(sandbox_bank::refund(refund)))
    }
}

/// Asks those who know whether a name and an ID number belong together.
pub trait IdentityProvider: Send + Sync {
    /// Asks once. Never fails otherwise than in the answer, and ends within a deadline of its own.
    fn ask<'a>(&'a self, name: &'a str, number: &'a IdNumber) -> Call<'a, IdentitySaid>;
}

/// The sources of the sandbox, which need no wire.
#[derive(Clone, Copy, Debug, Default)]
pub struct SandboxIdentities;

impl IdentityProvider for SandboxIdentities {
    fn ask<'a>(&'a self, name: &'a str, number: &'a IdNumber) -> Call<'a, IdentitySaid> {
        Box::pin(ready(sandbox_identity::ask(name, number)))
    }
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now. Never before an earlier answer.
    fn now(&self) -> Time;
    /// The world's time, however far this clock was moved: what others compare a timestamp with.
    fn world(&self) -> Time;
    /// Moves it: from now on it is this far ahead of the world's. Only a sandbox does that.
    fn set_ahead_s(&self, seconds: i64);
}

/// Draws random bytes.
pub trait Entropy: Send + Sync {
    /// Sixteen bytes nobody can guess.
    fn seed(&self) -> [u8; 16];
    /// Thirty-two bytes nobody can guess.
    fn secret(&self) -> [u8; 32];
}

/// The clock of the machine, moved ahead by as much as a sandbox was told to.
#[derive(Debug, Default)]
pub struct SystemClock {
    ahead_ms: AtomicI64,
    latest_ms: AtomicI64,
}

impl Clock for SystemClock {
    fn world(&self) -> Time {
        #[expect(clippy::disallowed_methods, reason = "this is the port that everyone else asks")]
        let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time::from_ms(i64::try_from(machine.as_millis()).unwrap_or(i64::MAX))
    }

    fn now(&self) -> Time {
        let now_ms = self.world().ms().saturating_add(self.ahead_ms.load(Ordering::Relaxed));
        // A machine's clock may be set back; ours stands still until it has caught up.
        let before = self.latest_ms.fetch_max(now_ms, Ordering::Relaxed);
        Time::from_ms(now_ms.max(before))
    }

    fn set_ahead_s(&self, seconds: i64) {
        self.ahead_ms.store(seconds.saturating_mul(1_000), Ordering::Relaxed);
    }
}

/// The generator of the crypto library, seeded by the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl SystemEntropy {
    fn fill(bytes: &mut [u8]) {
        // A machine without randomness cannot make secrets; nothing sensible can go on.
        aws_lc_rs::rand::fill(bytes).expect("the operating system gives random bytes");
    }
}

impl Entropy for SystemEntropy {
    fn seed(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        SystemEntropy::fill(&mut bytes);
        bytes
    }

    fn secret(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        SystemEntropy::fill(&mut bytes);
        bytes
    }
}
