//! A child process under torture: started by its recipe, signalled by its own id.
//!
//! **Invariants.** Only a process that was started here is ever signalled, and it does not outlive the supervisor.

use std::{
    ffi::OsString,
    fs::OpenOptions,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tokio::time::sleep;

use crate::output::Failure;

/// How often a state is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How a process is started, again and again.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// User and group to run as, if not our own.
    pub(crate) owner: Option<(u32, u32)>,
    /// The file that its words are added to.
    pub(crate) log: PathBuf,
}

impl Recipe {
    /// A recipe without surroundings.
    pub(crate) fn new(program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Recipe {
        let (arguments, environment) = (Vec::new(), Vec::new());
        Recipe { program: program.into(), arguments, environment, owner: None, log: log.into() }
    }

    /// With more arguments.
    pub(crate) fn with<S: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = S>) -> Recipe {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    fn spawn(&self) -> Result<Child, Failure> {
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command.spawn().map_err(|error| format!("{}: {error}", self.program.display()).into())
    }
}

/// See the module.
pub(crate) struct Process {
    name: String,
    recipe: Recipe,
    child: Option<Child>,
}

impl Process {
    /// A process of this name that was not started yet.
    pub(crate) fn new(name: impl Into<String>, recipe: Recipe) -> Process {
        Process { name: name.into(), recipe, child: None }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The id of the process while it runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Starts it, and returns at once.
    pub(crate) fn start(&mut self) -> Result<(), Failure> {
        self.child = Some(self.recipe.spawn()?);
        Ok(())
    }

    /// Fails if it has ended.
    pub(crate) fn still_runs(&mut self) -> Result<(), Failure> {
        let name = &self.name;
        let Some(child) = &mut self.child else { return Err(format!("{name} was not started").into()) };
        match child.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("{name} ended by itself: {status}").into()),
        }
    }

    /// Ends it between two of its instructions: SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Freezes it for a while: SIGSTOP, then SIGCONT.
    pub(crate) async fn freeze(&self, time: Duration) -> Result<(), Failure> {
        self.signal("STOP")?;
        sleep(time).await;
        self.signal("CONT")
    }

    /// Asks it to end, and gives how it did: SIGTERM. After `within` it is killed, and that is a failure.
    pub(crate) async fn terminate(&mut self, within: Duration) -> Result<ExitStatus, Failure> {
        self.signal("TERM")?;
        self.end(within).await
    }

    /// Waits for its end.
    pub(crate) async fn end(&mut self, within: Duration) -> Result<ExitStatus, Failure> {
        let name = &self.name;
        let Some(mut child) = self.child.take() else { return Err(format!("{name} was not started").into()) };
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > deadline {
                child.kill()?;
                child.wait()?;
                return Err(format!("{name} still ran after {} s", within.as_secs()).into());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Sends a signal by the program `kill`: the standard library sends SIGKILL only.
    fn signal(&self, signal: &str) -> Result<(), Failure> {
        let Some(id) = self.id() else { return Err(format!("{} was not started", self.name).into()) };
        let status = Command::new("kill").arg(format!("-{signal}")).arg(id.to_string()).status()?;
        if status.success() { Ok(()) } else { Err(format!("kill -{signal} ended with {status}").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It fails only if the child has ended already, which is what is wanted.
        drop(self.kill());
    }
}
