//! The kinds of harm.

use clap::ValueEnum;

/// What is done to an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Kind {
    /// A process ends between two instructions.
    Kill,
    /// A process stands still for a while.
    Freeze,
    /// A process is asked to end.
    End,
    /// The time of day jumps.
    Clock,
    /// Another process is started on the files of the first.
    Second,
    /// There is no room on the disk for a while.
    Full,
    /// The connections to the database are cut, and new ones refused.
    Cut,
    /// Nothing passes between processes and database for a while.
    Stall,
    /// The database hears and is not heard; then the connections are cut.
    HalfOpen,
    /// The database's server ends without a word and starts again.
    Crash,
}

impl Kind {
    /// All of them, in the order in which each is done once.
    pub(super) const ALL: [Kind; 10] = [
        Kind::Kill,
        Kind::Cut,
        Kind::HalfOpen,
        Kind::Freeze,
        Kind::Crash,
        Kind::Full,
        Kind::Clock,
        Kind::End,
        Kind::Stall,
        Kind::Second,
    ];

    /// What it is called.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Kill => "SIGKILL",
            Kind::Freeze => "SIGSTOP and SIGCONT",
            Kind::End => "SIGTERM",
            Kind::Clock => "clock jumps",
            Kind::Second => "second process refused",
            Kind::Full => "disk full",
            Kind::Cut => "database connections cut",
            Kind::Stall => "database connections stalled",
            Kind::HalfOpen => "database answers lost",
            Kind::Crash => "database server crashed",
        }
    }

    /// Its name on the command line.
    pub(super) fn option(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// How likely it is, beside the others.
    pub(super) const fn weight(self) -> u64 {
        match self {
            Kind::Kill => 60,
            Kind::Freeze | Kind::Cut | Kind::HalfOpen => 10,
            Kind::End | Kind::Clock | Kind::Crash | Kind::Full => 7,
            Kind::Second | Kind::Stall => 5,
        }
    }
}
