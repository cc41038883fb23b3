//! A sandbox for the stages that talk to one: started on a free port of the loopback address, stopped when it is
//! dropped. What it says goes to a log.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::run::{self, Stop};

/// The sandbox seeds a merchant and makes its keys before it answers; a busy machine takes seconds.
pub(crate) const START_S_MAX: u64 = 60;

/// Lines of the sandbox's log shown when a stage fails.
const LOG_LINES_SHOWN: usize = 40;

/// A running sandbox.
pub(crate) struct Sandbox {
    child: Child,
}

impl Sandbox {
    /// Starts the binary with its data in a directory.
    pub(crate) fn start(tongbao: &Path, data: &Path, log: &Path) -> Result<Self, Stop> {
        // The port is free now and asked for at once; nothing else on a build machine asks for it.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let said = File::create(log)?;
        let mut command = run::program(tongbao);
        command.arg("sandbox").arg("--data").arg(data).args(["--listen", &format!("127.0.0.1:{port}")]);
        command.stdin(Stdio::null()).stdout(said.try_clone()?).stderr(said);
        Ok(Self { child: command.spawn()? })
    }

    /// Waits until the sandbox has written its file, and reads from it what `read` wants.
    pub(crate) fn wait_for<T>(&mut self, data: &Path, read: impl Fn(&Value) -> Option<T>) -> Result<T, Stop> {
        let deadline = Instant::now() + Duration::from_secs(START_S_MAX);
        loop {
            if let Some(found) = file(&data.join("sandbox.json")).as_ref().and_then(&read) {
                return Ok(found);
            }
            self.still_runs()?;
            if Instant::now() > deadline {
                return run::failed(format!("the sandbox wrote no sandbox.json within {START_S_MAX} s"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Fails if the process has ended.
    pub(crate) fn still_runs(&mut self) -> Result<(), Stop> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => run::failed(format!("the sandbox ended with {status}")),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Either call fails only if the child has already ended, which is what we want.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// `sandbox.json`; `None` while it is not there or not yet whole.
pub(crate) fn file(path: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

/// The end of a sandbox's log.
pub(crate) fn show(log: &Path) {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    run::say(&format!("the sandbox said, at the end of {}:", log.display()));
    lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].iter().for_each(|line| run::say(line));
}
