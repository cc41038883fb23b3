//! Running other programs, and saying what is run.
//!
//! Invariants: a command is printed before it starts, in a form that can be pasted into a shell; a
//! program that cannot be found is told apart from one that fails.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why a command of this tool ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// A check said no, or a program failed.
    Failed(String),
    /// A program is not on this machine and could not be installed.
    Missing {
        /// What is missing, with its version where one is pinned.
        what: String,
        /// The command a person can run to install it.
        command: String,
        /// What went wrong when this tool tried.
        why: String,
    },
    /// A check said no and everything about it has been printed.
    Told,
}

impl fmt::Display for Stop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(why) => write!(out, "failed: {why}"),
            Self::Told => write!(out, "failed, see above"),
            Self::Missing { what, command, why } => {
                write!(out, "missing: {what} ({why}); install it with: {command}")
            }
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Shorthand for a failed check.
pub(crate) fn failed<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(why.into()))
}

/// Prints one line. A reader that closed the pipe early is no reason to stop.
pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// Whether this run is on a build server, where a missing program is a failure.
pub(crate) fn on_build_server() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true" || value == "1")
}

/// The repository's root: the parent of this package's directory.
pub(crate) fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    match own.as_deref().and_then(Path::parent) {
        Some(root) => root.to_path_buf(),
        None => PathBuf::from("."),
    }
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(target) => root().join(target),
        None => root().join("target"),
    }
}

/// A cargo command at the repository's root, coloured only for people.
pub(crate) fn cargo<I: AsRef<OsStr>>(arguments: impl IntoIterator<Item = I>) -> Command {
    let mut command = program("cargo");
    command.args(arguments);
    if on_build_server() {
        command.env("CARGO_TERM_COLOR", "never");
    }
    command
}

/// A command at the repository's root.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root());
    command
}

/// Says what is about to be run.
pub(crate) fn announce(command: &Command) {
    say(&format!("$ {}", spelled(command)));
}

/// Runs a command to its end with our own output, and fails unless it succeeds.
pub(crate) fn succeed(command: &mut Command) -> Result<(), Stop> {
    announce(command);
    let status = command.status().map_err(|error| not_started(command, &error))?;
    if status.success() { Ok(()) } else { failed(format!("{} ended with {status}", name_of(command))) }
}

/// Runs a command quietly and returns what it wrote to standard output.
pub(crate) fn capture(command: &mut Command) -> Result<String, Stop> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    failed(format!("{} ended with {}: {}", name_of(command), output.status, errors.trim()))
}

/// Runs a command and gives `each` its output line by line; returns whether it succeeded.
pub(crate) fn listen(command: &mut Command, mut each: impl FnMut(&str)) -> Result<bool, Stop> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| not_started(command, &error))?;
    let pipe = child.stdout.take().expect("standard output was piped one line above");
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        each(text.trim_end_matches('\n'));
        line.clear();
    }
    Ok(child.wait()?.success())
}

/// Whether a program of this name can be started from the search path.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

fn not_started(command: &Command, error: &io::Error) -> Stop {
    Stop::Failed(format!("{} did not start: {error}", name_of(command)))
}

fn name_of(command: &Command) -> String {
    Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The command as a person would type it, environment first.
pub(crate) fn spelled(command: &Command) -> String {
    let set = command.get_envs().filter_map(|(name, value)| {
        value.map(|value| format!("{}={}", name.to_string_lossy(), quoted(&value.to_string_lossy())))
    });
    let program = quoted(&command.get_program().to_string_lossy());
    let arguments = command.get_args().map(|argument| quoted(&hidden(&argument.to_string_lossy())));
    set.chain([program]).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// A secret key is shown by its kind only.
fn hidden(argument: &str) -> String {
    match argument.split_once("sk_") {
        Some((before, _)) => format!("{before}sk_…"),
        None => argument.to_owned(),
    }
}

fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:=,@+…".contains(letter);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_spelled_as_a_person_would_type_it() {
        let mut command = Command::new("cargo");
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(spelled(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn a_secret_key_is_never_spelled() {
        let mut command = Command::new("st");
        command.arg("Authorization: Bearer sk_sandbox_0123");
        assert_eq!(spelled(&command), "st 'Authorization: Bearer sk_…'");
    }

    #[test]
    fn lines_are_passed_on_and_the_end_is_told() {
        let mut heard = Vec::new();
        let done = listen(Command::new("sh").args(["-c", "echo one; echo two; exit 3"]), |line| {
            heard.push(line.to_owned());
        });
        assert!(!done.expect("sh starts"));
        assert_eq!(heard, ["one", "two"]);
    }
}
