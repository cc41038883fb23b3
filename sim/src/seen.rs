//! Rare states: what the faults are there for. A run over many seeds that does not see all of them has lost its
//! bite.

use std::collections::BTreeMap;

macro_rules! rares {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Something that a run over many seeds must have seen.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Rare { $($(#[$doc])* $name),* }

        impl Rare {
            /// All of them.
            pub(crate) const ALL: &[Rare] = &[$(Rare::$name),*];

            /// What it is.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Rare::$name => $text),* }
            }
        }
    };
}

rares! {
    /// An alarm.
    LateMoney = "money after closing, sent back";
    /// An alarm.
    DoublePayment = "paid twice, one sent back";
    /// An alarm.
    WrongAmount = "wrong amount or currency, sent back";
    /// An alarm.
    ReferenceClaimedTwice = "channel names another payment's money";
    /// An alarm.
    FailedAfterPaid = "attempt failed after it was paid";
    /// An alarm.
    RefundPaidAfterFailed = "refund paid after it had failed";
    /// An alarm.
    RefundFailedAfterPaid = "refund failed after it was paid";
    /// An alarm.
    ReturnFailed = "return of unexpected money refused";
    /// The return was paid after all.
    AbnormalPaid = "refused return paid after all";
    /// Suspense was debited.
    Uncovered = "refund paid after failing, without cover";
    /// A payment was closed although an attempt had begun.
    PaidAfterFailing = "attempt failed, then another paid";
    /// `LeaseLost`.
    LeaseLost = "lease lost to a second worker";
    /// The timer of a payment went off while its result was not known.
    TimerWhileProcessing = "time over while the result is unknown";
    /// It was closed when the attempt failed.
    ClosedByFailure = "closed by a failure after its time";
    /// A payer was told so.
    ExpiredForPayer = "payer pays after the time is over";
    /// A payer was told so.
    PaidForPayer = "payer pays what is paid";
    /// A payer was told so.
    ProcessingForPayer = "payer pays what is being paid";
    /// A merchant was told so.
    CloseWhileProcessing = "close while being paid";
    /// A merchant was told so.
    RefundTooLarge = "refunds race for the last fen";
    /// A merchant was told so.
    MerchantBalance = "merchant's balance does not cover";
    /// A merchant was told so.
    KeyReused = "key used for another request";
    /// A merchant was told so.
    NumberUsed = "order or refund number used again";
    /// The answer was stored.
    Replayed = "stored answer given again";
    /// The answer was stored before the process died.
    ReplayedAfterDeath = "stored answer of a dead process given";
    /// The commit survived, its answer did not.
    DiedBeforeAnswer = "died between commit and answer";
    /// The commit was under way when the power went, and is there.
    CommitSurvivedCut = "power cut within a commit that survived";
    /// The commit was under way when the power went, and is not there.
    CommitLostInCut = "power cut within a commit that did not";
    /// Tasks came back when the process did.
    LeaseEndedByReturn = "lease ended by a restart";
    /// The process came back to an earlier time.
    ClockBehindAfterRestart = "clock behind its own past after a restart";
    /// A password was locked.
    PasswordLocked = "payment password locked";
    /// A delivery was given up.
    GivenUp = "delivery given up";
    /// An endpoint was disabled.
    EndpointDisabled = "endpoint disabled after five days";
    /// The breaker.
    Postponed = "receiver rested after failures in a row";
    /// A receiver took it twice.
    ToldAgainAfterTaken = "event told again after it was taken";
    /// Money was held.
    Held = "balance held until the result is known";
    /// It was not accepted.
    TransferExpired = "transfer not accepted in time";
    /// Accept after it went back.
    TransferRace = "transfer accepted after it went back";
    /// Withdraw after it was accepted.
    TransferWithdrawnLate = "transfer withdrawn after it was accepted";
    /// Between two of them anything can happen.
    BatchInSteps = "batch of transfers paid in several steps";
    /// Its part went back.
    BatchDetailFailed = "detail of a batch that nobody can have";
    /// What was frozen is shared.
    Shared = "frozen money shared";
    /// More than may be shared.
    ShareDenied = "share denied";
    /// The time of frozen money is over.
    Unfrozen = "frozen money unfrozen by time";
    /// A refund of frozen money.
    RefundFromFrozen = "refund out of frozen money";
    /// A receiver that has not so much.
    ShareReturnShort = "share not given back for want of money";
    /// All of it.
    CombinedPaid = "combined order paid at once";
    /// All of it.
    CombinedClosed = "combined order closed at once";
    /// A payment code.
    CodeUsedTwice = "payment code used for another order";
    /// A payment code.
    CodeExpired = "payment code too old";
    /// Taken back.
    Reversed = "code payment reversed";
}

/// What was seen, and how often.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen(BTreeMap<Rare, u64>);

impl Seen {
    /// Counts it; gives whether it is the first time.
    pub(crate) fn note(&mut self, rare: Rare) -> bool {
        let count = self.0.entry(rare).or_default();
        *count = count.saturating_add(1);
        *count == 1
    }

    /// Adds what another world saw.
    pub(crate) fn add(&mut self, other: &Seen) {
        for (rare, count) in &other.0 {
            let sum = self.0.entry(*rare).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    /// How often it was seen.
    pub(crate) fn count(&self, rare: Rare) -> u64 {
        self.0.get(&rare).copied().unwrap_or_default()
    }
}
