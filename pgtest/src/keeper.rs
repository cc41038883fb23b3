//! The keeper: a shell that starts and stops the server as it is told, and cleans up when nobody is there to
//! tell it anything any more.

use std::{
    fs::{self, OpenOptions},
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::{OpenOptionsExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{USER, place::unprivileged};

/// What it does: one word in, one exit status out; at the end of the words it ends the server.
const SCRIPT: &str = r#"
control() { "$programs/pg_ctl" --pgdata data --wait --timeout 120 --log log --silent "$@"; }
directory=$1 programs=$2 user=$3
cd "$directory" || exit
while read -r word; do
    case $word in
        create) "$programs/initdb" --pgdata data --username "$user" --auth trust --encoding UTF8 --locale C --no-sync ;;
        start) control start ;;
        stop) control --mode fast stop ;;
        crash) control --mode immediate stop ;;
    esac >> keeper.log 2>&1
    echo $?
done
control --mode immediate stop > /dev/null 2>&1
cd / && rm -rf "$directory"
"#;

/// See the module.
pub(crate) struct Keeper {
    child: Child,
    /// Closed to end it.
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    directory: PathBuf,
}

impl Keeper {
    pub(crate) fn new(programs: &Path) -> Keeper {
        // From here on it is the keeper that removes it.
        let made = tempfile::Builder::new().prefix("pgtest-").tempdir();
        let directory = made.expect("a temporary directory can be made").keep();
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "keeper"]).arg(&directory).arg(programs).arg(USER);
        // In a group of its own, so that an interrupt at the terminal ends the tests and the keeper cleans up.
        shell.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some((user, group)) = unprivileged() {
            chown(&directory, Some(user), Some(group)).expect("root may give a directory away");
            shell.uid(user).gid(group);
        }
        let mut child = shell.spawn().expect("there is a shell");
        let words = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().expect("the keeper's answers are piped"));
        Keeper { child, words, answers, directory }
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a file for the server alone, whose own it is.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.directory.join(name);
        let written = || {
            let mut options = OpenOptions::new();
            options
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o600)
                .open(&path)?
                .write_all(text.as_bytes())?;
            match unprivileged() {
                Some((user, group)) => chown(&path, Some(user), Some(group)),
                None => Ok(()),
            }
        };
        written().unwrap_or_else(|error| panic!("{name} cannot be written: {error}"));
    }

    /// Has something done, which cannot fail.
    pub(crate) fn tell(&mut self, word: &str) {
        assert!(self.try_tell(word), "`{word}` failed:\n{}", self.log());
    }

    /// Has something done; tells whether it succeeded.
    pub(crate) fn try_tell(&mut self, word: &str) -> bool {
        let words = self.words.as_mut().expect("the keeper is told to until it is dropped");
        writeln!(words, "{word}").expect("the keeper listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("the keeper answers");
        answer.trim() == "0"
    }

    /// What the server and the keeper's programs have said.
    pub(crate) fn log(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.directory.join(name)).unwrap_or_default();
        read("keeper.log") + &read("log")
    }
}

impl Drop for Keeper {
    /// Waits until the server has ended and the directory is gone.
    fn drop(&mut self) {
        self.words = None;
        // Nothing can be done about a shell that is gone already.
        drop(self.child.wait());
    }
}
