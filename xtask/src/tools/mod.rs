//! Programs that the test run needs and cargo does not bring: found first, else installed.
//!
//! What we install goes to `target/tools`, except for Debian packages, which need root. Versions that
//! change verdicts are pinned here.
//!
//! Absent on purpose: downloads of our own. cargo, pip and apt know where things come from.

mod browser;
mod cargo_deny;
mod false_time;
mod postgresql;
mod schemathesis;
mod wechat;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::run::{self, Stop};

pub(crate) use browser::{Browser, browser};
pub(crate) use cargo_deny::cargo_deny;
pub(crate) use false_time::false_time;
pub(crate) use postgresql::postgresql;
pub(crate) use schemathesis::schemathesis;
pub(crate) use wechat::{WechatClients, wechat_clients};

/// Finds or installs everything, and says where it is.
pub(crate) fn command() -> Result<(), Stop> {
    let found = [
        ("cargo-deny", cargo_deny()),
        ("schemathesis", schemathesis()),
        ("wechat", wechat_clients().map(|clients| clients.node)),
        ("libfaketime", false_time()),
        ("postgresql", postgresql()),
        ("chromedriver", browser().map(|browser| browser.driver)),
    ];
    let mut last = Ok(());
    for (name, place) in found {
        match place {
            Ok(place) => run::say(&format!("{name}: {}", place.display())),
            Err(stop) => {
                run::say(&format!("{name}: {stop}"));
                last = Err(stop);
            }
        }
    }
    last
}

/// Where tools of our own choosing are installed.
fn place() -> PathBuf {
    run::target().join("tools")
}

/// Makes a virtual environment for Python; Debian keeps the module for it in a package of its own.
fn python_environment(venv: &Path) -> Result<(), Stop> {
    let make = || run::succeed(run::program("python3").args(["-m", "venv", "--clear"]).arg(venv));
    if run::which("python3").is_some() && make().is_ok() {
        return Ok(());
    }
    apt_install(&["python3", "python3-venv"])?;
    make().map_err(|stop| missing("python3 with venv", "apt-get install python3-venv", stop.to_string()))
}

/// A program that is not here, with the way to get it.
fn missing(what: &str, command: &str, why: impl Into<String>) -> Stop {
    Stop::Missing { what: what.to_owned(), command: command.to_owned(), why: why.into() }
}

/// Installs Debian packages, if this is Debian and we may.
fn apt_install(packages: &[&str]) -> Result<(), Stop> {
    static LISTS: OnceLock<bool> = OnceLock::new();
    let by_hand = format!("apt-get install {}", packages.join(" "));
    let what = packages.join(", ");
    if run::which("apt-get").is_none() {
        return Err(missing(&what, &by_hand, "this is not Debian"));
    }
    if run::capture(Command::new("id").arg("-u"))?.trim() != "0" {
        return Err(missing(&what, &by_hand, "only root may install packages"));
    }
    LISTS.get_or_init(|| run::succeed(&mut apt_get(&["update", "--quiet"])).is_ok());
    let mut install = apt_get(&["install", "--yes", "--quiet", "--no-install-recommends"]);
    run::succeed(install.args(packages)).map_err(|stop| missing(&what, &by_hand, stop.to_string()))
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = run::program("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
    command
}

/// Whether a program answers to `--version` with exactly this version among its words.
fn has_version(program: &Path, arguments: &[&str], version: &str) -> bool {
    let answer = run::capture(run::program(program).args(arguments)).unwrap_or_default();
    answer.split_whitespace().any(|word| word == version)
}
