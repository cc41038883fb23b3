//! What a seed draws before anything happens: the size of its world, what is done in it, and which faults there are
//! and how often. Each seed leaves some faults out altogether, because a fault that always happens hides what comes
//! without it.

use tongbao_core::Time;

use crate::chance::Chance;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $rate:literal;)*) => {
        /// What can go wrong, and who does it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Fault { $($(#[$doc])* $name),* }

        impl Fault {
            /// All of them.
            pub(crate) const ALL: &[Fault] = &[$(Fault::$name),*];

            /// The name in reports.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Fault::$name => $text),* }
            }

            /// How often it happens at most, in a hundred chances.
            const fn rate_max(self) -> i64 {
                match self { $(Fault::$name => $rate),* }
            }
        }
    };
}

faults! {
    /// A channel never hears a call.
    CallLost = "channel: call lost", 20;
    /// A channel's answer does not arrive.
    AnswerLost = "channel: answer lost", 25;
    /// A channel answers after the lease of the task has run out.
    AnswerSlow = "channel: answer slower than a lease", 6;
    /// A channel tells the same again and again.
    Repeats = "channel: notification repeated", 40;
    /// A channel's notification comes hours late.
    TellsLate = "channel: notification late", 40;
    /// A channel does not know yet, and takes the money later.
    DecidesLate = "channel: result late", 40;
    /// A channel says that an attempt failed although it took the money.
    DeniesTaking = "channel: failed, then paid", 12;
    /// A channel says that an attempt failed after saying it was paid.
    DeniesPaid = "channel: paid, then failed", 8;
    /// A channel takes another amount.
    WrongAmount = "channel: wrong amount", 10;
    /// A channel takes another currency.
    WrongCurrency = "channel: wrong currency", 6;
    /// A channel names the money of another payment.
    WrongReference = "channel: another payment's money", 12;
    /// A channel takes the money twice.
    TakesTwice = "channel: money taken twice", 8;
    /// A channel does not answer for hours.
    Dead = "channel: dead for hours", 2;
    /// A channel refuses a refund.
    RefusesRefund = "channel: refund refused", 20;
    /// A channel refuses a refund and pays it after all.
    RefusesThenPays = "channel: refund refused, then paid", 12;
    /// A channel says that a refund failed which it has paid.
    DeniesRefund = "channel: refund paid, then failed", 8;
    /// A request does not arrive.
    RequestLost = "wire: request lost", 8;
    /// An answer to a request does not arrive.
    ReplyLost = "wire: answer lost", 10;
    /// A merchant sends a request again under its key, at once or later.
    AsksAgain = "merchant: same request again", 25;
    /// A merchant uses a key for another request.
    OtherBody = "merchant: same key, other body", 10;
    /// A merchant uses an order or refund number again.
    NumberReused = "merchant: number used again", 10;
    /// A merchant refunds from several places at once.
    RefundsAtOnce = "merchant: refunds in parallel", 40;
    /// A merchant closes what is being paid.
    ClosesWhilePaid = "merchant: closes what is being paid", 20;
    /// A receiver answers with an error.
    ReceiverErrs = "receiver: error", 25;
    /// A receiver does not answer.
    ReceiverHangs = "receiver: hangs", 12;
    /// A receiver redirects.
    ReceiverRedirects = "receiver: redirects", 6;
    /// A receiver takes an event, and its answer is lost.
    ReceiverBreaks = "receiver: takes it, answer lost", 12;
    /// A receiver is away for days.
    ReceiverDead = "receiver: dead for days", 4;
    /// A payer pays twice at once.
    DoubleClick = "payer: double click", 25;
    /// A payer pays by two methods at once.
    TwoDevices = "payer: two devices", 15;
    /// A payer types a wrong password.
    WrongPassword = "payer: wrong password", 25;
    /// A payer pays in the moment in which the time is over.
    PaysAtTheEnd = "payer: pays as the time ends", 25;
    /// The process ends between any two things that it does.
    Crash = "process: killed", 3;
    /// The process ends after a commit and before its answer.
    CrashBeforeAnswer = "process: killed between commit and answer", 2;
    /// The power goes; what was not synced is lost.
    PowerCut = "machine: power cut", 2;
    /// The power goes within a commit.
    PowerCutInCommit = "machine: power cut within a commit", 2;
    /// The store has no room for a step.
    Busy = "store: busy", 4;
    /// The store takes seconds.
    SlowStore = "store: slow", 5;
    /// The clock of the machine is set forward or back.
    ClockJump = "machine: clock set", 2;
}

/// Where the state is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// In memory: what a process leaves, the next one finds.
    Memory,
    /// In memory; a process that comes back does not end the leases of the one before, as when there are several.
    MemoryShared,
    /// In SQLite on a simulated disk.
    Disk,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The seed.
    pub(crate) seed: u64,
    /// Where the state is kept.
    pub(crate) kept: Kept,
    /// How many merchants.
    pub(crate) merchants: i64,
    /// How many payers.
    pub(crate) payers: i64,
    /// How many orders.
    pub(crate) orders: i64,
    /// How many workers share the tasks.
    pub(crate) workers: i64,
    /// For how long things happen and go wrong, in milliseconds.
    pub(crate) trouble_ms: i64,
    /// The fee in hundredths of a percent.
    pub(crate) fee_bps: u16,
    /// What a payer has at first, in fen.
    pub(crate) payer_has: i64,
    /// Which faults there are, with how often in a hundred chances.
    pub(crate) faults: Vec<(Fault, u64)>,
    /// What is done beside paying, with how often in a hundred orders.
    pub(crate) features: Vec<(Feature, u64)>,
}

/// What is done beside creating and paying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// A merchant refunds.
    Refund,
    /// A merchant sends money to a payer.
    Transfer,
    /// A merchant sends money to many payers at once.
    Batch,
    /// An order whose money is shared.
    Share,
    /// Several orders paid at once.
    Combine,
    /// A shop scans a payment code.
    Scan,
    /// A merchant closes an order.
    Close,
    /// A payment from the channel instead of the balance.
    Bank,
    /// A sandbox was told to be late with the result of a balance payment.
    Hold,
}

impl Feature {
    const ALL: [(Feature, i64); 9] = [
        (Feature::Refund, 80),
        (Feature::Transfer, 30),
        (Feature::Batch, 8),
        (Feature::Share, 30),
        (Feature::Combine, 20),
        (Feature::Scan, 30),
        (Feature::Close, 20),
        (Feature::Bank, 90),
        (Feature::Hold, 20),
    ];
}

/// When every world begins: an instant of 2026.
pub(crate) const BEGIN: Time = Time::from_ms(1_780_000_000_000);

const HOUR_MS: i64 = 3_600_000;

impl Plan {
    /// What this seed draws.
    pub(crate) fn draw(seed: u64) -> Plan {
        let mut chance = Chance::new(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ 0x7461_6e67_6261_6f00);
        let kept = match seed % 10 {
            0 => Kept::Disk,
            1..=3 => Kept::MemoryShared,
            _ => Kept::Memory,
        };
        let rare = chance.percent(10);
        let mut faults = Vec::new();
        for fault in Fault::ALL {
            let rate = chance.between(1, fault.rate_max());
            // A seed in ten is free of faults; the others have each fault with even odds.
            if chance.percent(50) && !rare {
                faults.push((*fault, rate.unsigned_abs()));
            }
        }
        let mut features = Vec::new();
        for (feature, most) in Feature::ALL {
            let rate = chance.between(most / 4, most);
            if chance.percent(70) {
                features.push((feature, rate.unsigned_abs()));
            }
        }
        Plan {
            seed,
            kept,
            merchants: chance.between(1, 3),
            payers: chance.between(1, 4),
            orders: chance.between(4, 24),
            workers: chance.between(1, 3),
            trouble_ms: chance
                .pick(&[HOUR_MS / 2, 2 * HOUR_MS, 12 * HOUR_MS, 72 * HOUR_MS, 240 * HOUR_MS])
                .unwrap_or(HOUR_MS),
            fee_bps: chance.pick(&[0, 1, 60, 60, 250, 10_000]).unwrap_or(60),
            payer_has: chance.pick(&[0, 20_000, 200_000, 2_000_000]).unwrap_or(200_000),
            faults,
            features,
        }
    }

    /// How often a fault happens in a hundred chances.
    pub(crate) fn fault(&self, fault: Fault) -> u64 {
        self.faults.iter().find(|(known, _)| *known == fault).map_or(0, |(_, rate)| *rate)
    }

    /// How often a feature is done in a hundred orders.
    pub(crate) fn feature(&self, feature: Feature) -> u64 {
        self.features.iter().find(|(known, _)| *known == feature).map_or(0, |(_, rate)| *rate)
    }
}
