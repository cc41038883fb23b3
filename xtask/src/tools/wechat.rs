//! SDKs for WeChat Pay, each in an environment of its own under `target/tools/wechat`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{missing, place, python_environment};
use crate::run::{self, Stop};

/// What is installed, with versions that are pinned there.
const REQUIREMENTS: &str = "conformance/wechat/requirements.txt";
const PACKAGE: &str = "conformance/wechat/package.json";
/// The client in Rust, a package outside the workspace.
const RUST: &str = "conformance/wechat/wxpay-rs/Cargo.toml";
/// Its binary.
const RUST_CLIENT: &str = "wxpay-rs-client";
/// The client in Go, a module of its own.
const GO: &str = "conformance/wechat/go";
/// The client in Java, and what names its SDK.
const JAVA: &str = "conformance/wechat/java";
const POM: &str = "conformance/wechat/java/pom.xml";
const JAVA_SOURCES: [&str; 3] = ["Client.java", "Products.java", "Sandbox.java"];

/// Where the SDKs are.
pub(crate) struct WechatClients {
    /// A Python that has them.
    pub(crate) python: PathBuf,
    /// A directory from which Node finds them.
    pub(crate) node: PathBuf,
    /// A client with one of them built in.
    pub(crate) rust: PathBuf,
    /// The same in Go.
    pub(crate) go: PathBuf,
    /// Where Java finds them, and its client.
    pub(crate) java: OsString,
}

/// Finds or installs the SDKs.
pub(crate) fn wechat_clients() -> Result<WechatClients, Stop> {
    let own = place().join("wechat");
    fs::create_dir_all(own.join("node"))?;
    let (python, node) = (python(&own)?, node(&own.join("node"))?);
    let (rust, go, java) = (rust(&own.join("rust"))?, go(&own)?, java(&own.join("java"))?);
    Ok(WechatClients { python, node, rust, go, java })
}

/// Half a minute at the first time: Go compiles its own library, too.
fn go(own: &Path) -> Result<PathBuf, Stop> {
    let unfit = |why: String| missing("Go 1.24 or newer", "see https://go.dev/doc/install", why);
    if run::which("go").is_none() {
        return Err(unfit("not on the search path".to_owned()));
    }
    let client = own.join("wechatpay-go-client");
    let mut build = run::program("go");
    build.current_dir(run::root().join(GO)).args(["build", "-buildvcs=false", "-o"]).arg(&client).arg(".");
    run::succeed(&mut build).map_err(|stop| unfit(stop.to_string()))?;
    Ok(client)
}

/// Maven fetches the SDK; the compiler needs no more than that.
fn java(own: &Path) -> Result<OsString, Stop> {
    let unfit =
        |why: String| missing("JDK 17 with Maven", "apt-get install openjdk-17-jdk-headless maven", why);
    if ["java", "javac", "mvn"].into_iter().any(|program| run::which(program).is_none()) {
        return Err(unfit("not on the search path".to_owned()));
    }
    let (library, classes, done) = (own.join("lib"), own.join("classes"), own.join("installed.xml"));
    fs::create_dir_all(&classes)?;
    if !is_same(&done, POM) {
        let mut fetch = run::program("mvn");
        fetch.args(["--quiet", "--batch-mode", "--file"]).arg(run::root().join(POM));
        fetch.arg("dependency:copy-dependencies");
        fetch.arg(format!("-DoutputDirectory={}", library.display()));
        run::succeed(&mut fetch).map_err(|stop| unfit(stop.to_string()))?;
        fs::copy(run::root().join(POM), done)?;
    }
    let path = env::join_paths([library.join("*"), classes.clone()])
        .map_err(|error| Stop::Failed(error.to_string()))?;
    let sources = JAVA_SOURCES.map(|name| run::root().join(JAVA).join(name));
    let mut compile = run::program("javac");
    compile.args(["-encoding", "UTF-8", "-cp"]).arg(&path).arg("-d").arg(&classes).args(sources);
    run::succeed(&mut compile)?;
    Ok(path)
}

/// Some two hundred packages: minutes at the first time, a moment afterwards.
fn rust(own: &Path) -> Result<PathBuf, Stop> {
    let mut build = run::cargo(["build", "--quiet", "--locked", "--manifest-path", RUST, "--target-dir"]);
    run::succeed(build.arg(own)).map_err(|stop| {
        missing("the client with wxpay-rs", &format!("cargo fetch --manifest-path {RUST}"), stop.to_string())
    })?;
    Ok(own.join("debug").join(RUST_CLIENT))
}

fn python(own: &Path) -> Result<PathBuf, Stop> {
    let venv = own.join("venv");
    let python = venv.join("bin/python");
    let done = own.join("requirements.txt");
    if python.exists() && is_same(&done, REQUIREMENTS) {
        return Ok(python);
    }
    python_environment(&venv)?;
    let by_hand = format!("pip install -r {REQUIREMENTS}");
    let mut install = run::program(venv.join("bin/pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", "--requirement", REQUIREMENTS]);
    run::succeed(&mut install)
        .map_err(|stop| missing("the Python SDKs for WeChat Pay", &by_hand, stop.to_string()))?;
    fs::copy(run::root().join(REQUIREMENTS), done)?;
    Ok(python)
}

fn node(own: &Path) -> Result<PathBuf, Stop> {
    let done = own.join("installed.json");
    if own.join("node_modules").exists() && is_same(&done, PACKAGE) {
        return Ok(own.to_owned());
    }
    let unfit = |why: String| missing("Node 20 with npm", "apt-get install nodejs npm", why);
    if run::which("node").is_none() || run::which("npm").is_none() {
        return Err(unfit("not on the search path".to_owned()));
    }
    fs::copy(run::root().join(PACKAGE), own.join("package.json"))?;
    let mut install = run::program("npm");
    install.current_dir(own).args([
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ]);
    run::succeed(&mut install).map_err(|stop| unfit(stop.to_string()))?;
    fs::copy(run::root().join(PACKAGE), done)?;
    Ok(own.to_owned())
}

/// Whether what was installed is what is asked for now.
fn is_same(done: &Path, asked: &str) -> bool {
    let read = |path: &Path| fs::read(path).ok();
    read(done).is_some_and(|done| Some(done) == read(&run::root().join(asked)))
}
