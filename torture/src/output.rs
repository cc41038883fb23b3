//! Writing to the terminal.

use std::{
    error::Error,
    fmt::Display,
    io::{self, Write},
};

/// Whatever stops the supervisor itself; a promise that was broken is not one of these.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Writes a line. A reader that went away is no reason to stop torturing.
pub(crate) fn say(line: impl Display) {
    let mut out = io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}
