//! Schemathesis: requests made from our OpenAPI document, answers held against it.

use std::path::PathBuf;

use super::{has_version, missing, place, python_environment};
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
    python_environment(&venv)?;
    let mut install = run::program(venv.join("bin/pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", &pinned()]);
    run::succeed(&mut install).map_err(unfit)?;
    Ok(program)
}

fn pinned() -> String {
    format!("schemathesis=={VERSION}")
}
