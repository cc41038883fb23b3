//! What happened, line by line: hashed always, kept or printed when asked for.

use tongbao_core::Time;

use crate::{output::say, plan::BEGIN};

/// What becomes of the lines beside the hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Nothing.
    Hashed,
    /// They are printed at once.
    Printed,
}

/// See the module.
pub(crate) struct Trace {
    hash: blake3::Hasher,
    lines: Lines,
}

impl Trace {
    /// An empty one.
    pub(crate) fn new(lines: Lines) -> Trace {
        Trace { hash: blake3::Hasher::new(), lines }
    }

    /// Adds a line.
    pub(crate) fn note(&mut self, at: Time, line: &str) {
        self.hash.update(&at.ms().to_be_bytes()).update(line.as_bytes()).update(b"\n");
        if self.lines == Lines::Printed {
            let ms = at.since_ms(BEGIN);
            let (days, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
            let (hours, rest) = (rest.div_euclid(3_600_000), rest.rem_euclid(3_600_000));
            let (minutes, rest) = (rest.div_euclid(60_000), rest.rem_euclid(60_000));
            let (seconds, ms) = (rest.div_euclid(1_000), rest.rem_euclid(1_000));
            say(format_args!("{days:3}d {hours:02}:{minutes:02}:{seconds:02}.{ms:03}  {line}"));
        }
    }

    /// The hash of all of them, in hexadecimal digits.
    pub(crate) fn hash(&self) -> String {
        self.hash.finalize().to_hex()[..32].to_owned()
    }
}
