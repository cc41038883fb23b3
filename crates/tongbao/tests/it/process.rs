//! Processes of the binary under test: started on free ports, stopped by their own id.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use reqwest::{Client, Method};
use serde_json::Value;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The binary: the release build if the test run made one.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("TONGBAO_BIN").map_or_else(|| env!("CARGO_BIN_EXE_tongbao").into(), PathBuf::from)
}

/// Runs a command to its end.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Output {
    Command::new(binary()).args(arguments).output().unwrap()
}

/// What a command printed, if it succeeded.
pub(crate) fn printed(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "failed:\n{out}\n{err}");
    out.into_owned()
}

/// A running process, killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Starts the binary.
    pub(crate) fn start<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Process {
        let mut command = Command::new(binary());
        let mut child =
            command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Process { child, lines }
    }

    /// The next line it prints.
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("the process goes on printing")
    }

    /// All lines up to the first that contains this.
    pub(crate) fn lines_until(&self, end: &str) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let line = self.line();
            let last = line.contains(end);
            lines.push(line);
            if last {
                return lines;
            }
        }
    }

    /// SIGKILL, as a crash.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, without waiting for the end.
    pub(crate) fn ask_to_end(&self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
    }

    /// The next line it prints, unless it ends before that.
    pub(crate) fn line_or_end(&self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the process neither prints nor ends"),
        }
    }

    /// SIGTERM, as a supervisor stops it; it must end well. Gives what it has logged.
    pub(crate) fn terminate(mut self) -> String {
        self.ask_to_end();
        let status = self.child.wait().unwrap();
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(status.success(), "it ended with {status}:\n{text}");
        text
    }

    /// What it says when it ends by itself with a failure.
    pub(crate) fn failure(mut self) -> String {
        assert!(!self.child.wait().unwrap().success(), "it should not have started");
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A running sandbox and what its file says.
pub(crate) struct Sandbox {
    pub(crate) process: Process,
    pub(crate) file: Value,
    /// What it printed at the start.
    pub(crate) printed: Vec<String>,
    /// Making a client reads the machine's certificates, so there is one.
    client: Client,
}

impl Sandbox {
    /// Starts one on a free port.
    pub(crate) fn start(data: &Path) -> Sandbox {
        Sandbox::start_with(data, &[])
    }

    /// The same with its database on the server of this URL.
    pub(crate) fn start_on(data: &Path, url: &str) -> Sandbox {
        Sandbox::start_with(data, &["--database", url])
    }

    fn start_with(data: &Path, more: &[&str]) -> Sandbox {
        let own = ["sandbox", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
        let process = Process::start([&own[..], more].concat());
        let printed = process.lines_until("Stop with Ctrl-C");
        let file = serde_json::from_slice(&std::fs::read(data.join("sandbox.json")).unwrap()).unwrap();
        Sandbox { process, file, printed, client: Client::new() }
    }

    /// The first payer.
    pub(crate) fn payer(&self) -> &Value {
        &self.file["payers"][0]
    }

    /// Sends a request with the secret key; gives status and body.
    pub(crate) async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.file["api"].as_str().unwrap());
        let mut request =
            self.client.request(method, url).bearer_auth(self.file["secret_key"].as_str().unwrap());
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    /// The same, expecting success.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {status} {answer}");
        answer
    }

    /// Looks something up.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

/// Asks until the answer is the one waited for.
pub(crate) async fn wait_for<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        if let Some(answer) = ask().await {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not happen in {PATIENCE:?}");
}
