//! Writing to the terminal.

use std::{
    fmt::Display,
    io::{self, Write},
};

/// Writes a line. A reader that went away is no reason to stop.
pub(crate) fn say(line: impl Display) {
    let mut out = io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// Writes a line about what is wrong, beside the figures.
pub(crate) fn complain(line: impl Display) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}
