//! Writing to the terminal. A reader that closes the pipe (`tongbao … | head`) ends the program quietly.

use std::{
    error::Error,
    io::{self, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Whatever stops a command: shown once, by `main`.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Writes a line to standard output.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<(), Failure> {
    writeln!(io::stdout().lock(), "{text}").map_err(Into::into)
}

/// Writes a line to standard error: what a person should see and a pipe should not.
pub(crate) fn note(text: impl std::fmt::Display) {
    // Where even standard error is closed nobody is there to be told.
    drop(writeln!(io::stderr().lock(), "{text}"));
}

/// Says why the program ends.
pub(crate) fn complain(error: &Failure) {
    note(format_args!("tongbao: {error}"));
    let mut cause = error.source();
    while let Some(deeper) = cause {
        note(format_args!("  because: {deeper}"));
        cause = deeper.source();
    }
}

/// Whether a command ended because nobody reads its output any more.
pub(crate) fn is_closed_pipe(error: &Failure) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A bar for what takes long; only on a terminal, on standard error.
pub(crate) fn progress(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template("{spinner} {msg} {human_pos} ({per_sec}, {elapsed})");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_message(what);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
