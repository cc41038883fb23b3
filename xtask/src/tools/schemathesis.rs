//! Schemathesis: requests made from our OpenAPI document, answers held against it.

use std::path::{Path, PathBuf};

use super::{apt_install, has_version, missing, place};
use crate::run::{self, Stop};

/// Pinned, because every version generates other requests.
const VERSION: &str = "4.32.5";

/// The path of a `schemathesis` of our version, in a virtual environment of its own.
pub(crate) fn schemathesis() -> Result<PathBuf, Stop> {
    let venv = place().join("venv");
    let program = venv.join("bin/schemathesis");
    if has_version(&program, &["--version"], VERSION) {
        return Ok(program);
    }
    let by_hand =
        format!("python3 -m venv target/tools/venv && target/tools/venv/bin/pip install {}", pinned());
    let unfit = |stop: Stop| missing(&format!("schemathesis {VERSION}"), &by_hand, stop.to_string());
    create(&venv)?;
    let mut install = run::program(venv.join("bin/pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", &pinned()]);
    run::succeed(&mut install).map_err(unfit)?;
    Ok(program)
}

/// Makes the virtual environment; Debian keeps the module for it in a package of its own.
fn create(venv: &Path) -> Result<(), Stop> {
    let make = || run::succeed(run::program("python3").args(["-m", "venv", "--clear"]).arg(venv));
    if run::which("python3").is_some() && make().is_ok() {
        return Ok(());
    }
    apt_install(&["python3", "python3-venv"])?;
    make().map_err(|stop| missing("python3 with venv", "apt-get install python3-venv", stop.to_string()))
}

fn pinned() -> String {
    format!("schemathesis=={VERSION}")
}
