//! The stages of a test run, in their order.

use std::path::{Path, PathBuf};

use super::count::Count;
use super::{schemathesis, wechat};
use crate::run::{self, Stop};
use crate::{openapi, tidy, tools};

/// Seconds for each fuzz target: enough to replay the corpus and look around, short enough for every push.
const FUZZ_SECONDS: u32 = 10;

/// The simulated worlds: always the same, so that a new failure comes from a change. Every rare state is among them.
const SEEDS: &str = "0..1000";

/// Seconds of harm to the release binary, on each store.
const KILL_SECONDS: u32 = 60;

/// One stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Stage {
    /// Formatting, by rustfmt
    Fmt,
    /// Lints, with warnings as errors
    Clippy,
    /// The house rules
    Tidy,
    /// Licences, bans and sources of dependencies
    Deny,
    /// The API documentation builds without a warning
    Doc,
    /// The release binaries
    Build,
    /// the documents under openapi are what the code says
    Openapi,
    /// Simulated worlds and canaries, in one thread and no time each
    Sim,
    /// Inputs made up for everything that parses
    Fuzz,
    /// Requests made up from the OpenAPI document
    Schemathesis,
    /// SDKs of WeChat Pay against the sandbox
    Wechat,
    /// PostgreSQL's server, which the stages after this one start for themselves
    Postgresql,
    /// The release binary, harmed in every way under load on both stores, and beside slow clients
    Killloop,
    /// A browser and its driver for the page tests
    Browser,
    /// Every test of every package
    Tests,
}

impl Stage {
    /// Cheap and common failures first; the tests last, so that a run ends with their summary.
    pub(crate) const ALL: [Self; 15] = [
        Self::Fmt,
        Self::Clippy,
        Self::Tidy,
        Self::Deny,
        Self::Doc,
        Self::Build,
        Self::Openapi,
        Self::Sim,
        Self::Fuzz,
        Self::Schemathesis,
        Self::Wechat,
        Self::Postgresql,
        Self::Killloop,
        Self::Browser,
        Self::Tests,
    ];

    /// What to run before every commit.
    pub(crate) const QUICK: [Self; 4] = [Self::Fmt, Self::Clippy, Self::Tidy, Self::Tests];
}

/// What earlier stages leave to later ones.
#[derive(Default)]
pub(crate) struct Workshop {
    /// Whether to ask for known vulnerabilities, which needs a network.
    advisories: bool,
    /// The tests counted so far.
    pub(crate) count: Count,
    built: bool,
    browser: Option<tools::Browser>,
    postgresql: Option<PathBuf>,
}

impl Workshop {
    /// Nothing built, nothing counted.
    pub(crate) fn new(advisories: bool) -> Self {
        Self { advisories, ..Self::default() }
    }

    /// Runs one stage.
    pub(crate) fn run(&mut self, stage: Stage) -> Result<(), Stop> {
        match stage {
            Stage::Fmt => run::succeed(&mut run::cargo(["fmt", "--all", "--check"])),
            Stage::Clippy => {
                let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
                run::succeed(&mut run::cargo(arguments))
            }
            Stage::Tidy => tidy::command(&tidy::Options::default()),
            Stage::Deny => deny(self.advisories),
            Stage::Doc => {
                let mut command = run::cargo(["doc", "--no-deps", "--workspace"]);
                run::succeed(command.env("RUSTDOCFLAGS", "-D warnings"))
            }
            Stage::Build => self.release("tongbao").map(drop),
            Stage::Openapi => {
                let tongbao = self.release("tongbao")?;
                for (name, arguments) in openapi::DOCUMENTS {
                    openapi::check(name, &run::capture(run::program(&tongbao).args(arguments))?)?;
                }
                Ok(())
            }
            Stage::Sim => self.sim(),
            Stage::Fuzz => self.fuzz(),
            Stage::Schemathesis => schemathesis::conform(&self.release("tongbao")?),
            Stage::Wechat => wechat::conform(&self.built_or_debug("tongbao")?),
            Stage::Killloop => self.kill_loop(),
            Stage::Browser => self.find_browser(),
            Stage::Postgresql => self.find_postgresql(),
            Stage::Tests => self.tests(),
        }
    }

    /// The path of a release binary. All are built by one call, so that shared crates are built once.
    fn release(&mut self, name: &str) -> Result<PathBuf, Stop> {
        if !self.built {
            run::succeed(&mut run::cargo([
                "build",
                "--release",
                "--package",
                "tongbao",
                "--package",
                "torture",
                "--package",
                "sim",
            ]))?;
            self.built = true;
        }
        Ok(run::target().join("release").join(name))
    }

    /// The path of a binary that was built in release mode before, or else of one for debugging, which is there
    /// sooner.
    fn built_or_debug(&mut self, name: &str) -> Result<PathBuf, Stop> {
        if self.built {
            return self.release(name);
        }
        run::succeed(&mut run::cargo(["build", "--package", name]))?;
        Ok(run::target().join("debug").join(name))
    }

    fn sim(&mut self) -> Result<(), Stop> {
        let mut command = run::program(self.release("sim")?);
        run::succeed(command.args(["--seeds", SEEDS, "--canaries", "--all-rare"]))
    }

    fn fuzz(&mut self) -> Result<(), Stop> {
        let mut command = run::cargo(["test", "--package", "fuzz"]);
        self.counted(command.env("FUZZ_SECONDS", FUZZ_SECONDS.to_string()))
    }

    fn kill_loop(&mut self) -> Result<(), Stop> {
        let tongbao = self.release("tongbao")?;
        let torture = self.release("torture")?;
        // Without the library the supervisor says what it does not try; a build server tries everything.
        if let Err(stop) = tools::false_time() {
            if run::on_build_server() {
                return Err(stop);
            }
            run::say(&stop.to_string());
        }
        for store in ["sqlite", "postgres"] {
            let mut kills = run::program(&torture);
            kills.args(["kill-loop", "--store", store, "--seconds", &KILL_SECONDS.to_string(), "--binary"]);
            if let Some(found) = &self.postgresql {
                kills.env("TONGBAO_POSTGRESQL", found);
            }
            run::succeed(kills.arg(&tongbao))?;
        }
        run::succeed(run::program(torture).args(["slow-clients", "--binary"]).arg(tongbao))
    }

    fn find_postgresql(&mut self) -> Result<(), Stop> {
        let found = tools::postgresql()?;
        run::say(&format!("{}", found.display()));
        self.postgresql = Some(found);
        Ok(())
    }

    fn find_browser(&mut self) -> Result<(), Stop> {
        let found = tools::browser()?;
        run::say(&format!("{} with {}", found.browser.display(), found.driver.display()));
        self.browser = Some(found);
        Ok(())
    }

    fn tests(&mut self) -> Result<(), Stop> {
        let mut command = run::cargo(["test", "--workspace", "--exclude", "fuzz", "--no-fail-fast"]);
        if self.built {
            command.env("TONGBAO_BIN", self.release("tongbao")?);
        }
        if let Some(found) = &self.postgresql {
            command.env("TONGBAO_POSTGRESQL", found);
        }
        if let Some(found) = &self.browser {
            command.env("TONGBAO_CHROMEDRIVER", &found.driver);
            command.env("TONGBAO_CHROMIUM", &found.browser);
        }
        self.counted(&mut command)
    }

    /// Runs `cargo test` and counts what it says.
    fn counted(&mut self, command: &mut std::process::Command) -> Result<(), Stop> {
        let mut count = Count::default();
        run::announce(command);
        let done = run::listen(command, |line| {
            run::say(line);
            count.hear(line);
        })?;
        self.count.add(count);
        match (done, count) {
            (false, _) => run::failed("cargo test said no"),
            (true, Count { passed: 0, .. }) => run::failed("cargo test ran no test at all"),
            (true, _) => Ok(()),
        }
    }
}

/// Judges the dependencies as they stand in `Cargo.lock`. Only advisories need the network then.
fn deny(advisories: bool) -> Result<(), Stop> {
    let program = tools::cargo_deny()?;
    run::succeed(&mut run::cargo(["fetch", "--locked"]))?;
    let own_checks = ["bans", "licenses", "sources"];
    succeed_deny(&program, &["--offline"], &own_checks)?;
    if advisories { succeed_deny(&program, &[], &["advisories"]) } else { Ok(()) }
}

fn succeed_deny(program: &Path, flags: &[&str], checks: &[&str]) -> Result<(), Stop> {
    let mut command = run::program(program);
    run::succeed(command.args(flags).args(["--workspace", "check", "--hide-inclusion-graph"]).args(checks))
}
