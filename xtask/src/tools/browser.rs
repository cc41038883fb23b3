//! Chromium and its driver, for the tests that use the pages as a person would.

use std::path::{Path, PathBuf};

use super::{apt_install, missing};
use crate::run::{self, Stop};

/// Debian's packages: the browser, its driver, and letters for the Chinese pages.
const PACKAGES: [&str; 3] = ["chromium", "chromium-driver", "fonts-noto-cjk"];

/// What distributions call the browser.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A browser and the driver that fits it.
pub(crate) struct Browser {
    pub(crate) browser: PathBuf,
    pub(crate) driver: PathBuf,
}

/// A browser and its driver, of the same major version.
pub(crate) fn browser() -> Result<Browser, Stop> {
    if find().is_none() {
        apt_install(&PACKAGES)?;
    }
    let by_hand = format!("apt-get install {}", PACKAGES.join(" "));
    let unfit = |why: String| missing("chromium with chromedriver", &by_hand, why);
    let found = find().ok_or_else(|| unfit("not on the search path".to_owned()))?;
    let (browser, driver) = (major(&found.browser)?, major(&found.driver)?);
    if browser == driver {
        return Ok(found);
    }
    Err(unfit(format!("the browser is version {browser}, the driver {driver}")))
}

fn find() -> Option<Browser> {
    let browser = NAMES.iter().find_map(|name| run::which(name))?;
    let driver = run::which("chromedriver")?;
    Some(Browser { browser, driver })
}

/// The major version: the digits before the first dot of `Chromium 1.2.3` or `ChromeDriver 1.2.3`.
fn major(program: &Path) -> Result<String, Stop> {
    let answer = run::capture(run::program(program).arg("--version"))?;
    let number =
        answer.split_whitespace().find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()));
    Ok(number.unwrap_or_default().split('.').next().unwrap_or_default().to_owned())
}
