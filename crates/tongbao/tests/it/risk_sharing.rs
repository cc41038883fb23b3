//! Two instances, each a process with a database of its own, that share risk lists.

use std::{fs, net::TcpListener, path::Path};

use serde_json::Value;

use crate::process::{Process, Sandbox, printed, run, wait_for};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The public keys of an instance, as another has to write them down.
fn keys(data: &Path) -> String {
    printed(&run(["risk", "share", "keys", "--data", text(data)]))
}

/// Writes a configuration with one member; gives its path.
fn config(data: &Path, address: &str, name: &str, member: &str) -> String {
    let file = data.join("serve.toml");
    let data = text(data);
    let content = format!(
        "data = {data:?}\nlisten = {address:?}\nworker_listen = \"127.0.0.1:0\"\ndrain_notice_s = 0\n\
         base_url = \"https://{name}.example\"\n[sharing]\nname = {name:?}\npull_interval_s = 1\n\
         [[sharing.members]]\n{member}"
    );
    fs::write(&file, content).unwrap();
    text(&file).to_owned()
}

fn entries(data: &Path, phone: &str) -> Value {
    let shown = run(["risk", "list", "show", "phone", phone, "--json", "--data", text(data)]);
    let shown: Value = serde_json::from_str(&printed(&shown)).unwrap();
    shown["entries"].clone()
}

#[tokio::test]
async fn an_entry_goes_from_one_instance_to_another_and_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let (north, south) = (directory.path().join("north"), directory.path().join("south"));
    // The south is a sandbox, because it has payers from the start.
    let sandbox = Sandbox::start(&south);
    let phone = sandbox.payer()["phone"].as_str().unwrap().to_owned();
    sandbox.process.terminate();
    fs::create_dir(&north).unwrap();
    let add = [
        "risk",
        "list",
        "add",
        "phone",
        &phone,
        "--list",
        "block",
        "--category",
        "fraud",
        "--reason",
        "STOLEN",
    ];
    let add = [&add[..], &["--author", "li", "--share", "--data", text(&north)]].concat();
    assert_eq!(printed(&run(add)), "added 1\n");

    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let of_south = format!("name = \"south\"\n{}", keys(&south));
    let of_north = format!("name = \"north\"\nurl = \"http://{address}\"\n{}", keys(&north));
    let (north_file, south_file) =
        (config(&north, &address, "north", &of_south), config(&south, "127.0.0.1:0", "south", &of_north));
    let served = Process::start(["serve", "--config", &north_file]);
    served.line();
    let worker = Process::start(["worker", "--config", &south_file]);
    worker.line();
    let state = async |wanted: &str| {
        wait_for(wanted, async || {
            let found = entries(&south, &phone);
            (found[0]["state"] == wanted).then_some(found)
        })
        .await
    };
    let found = state("counts").await;
    assert_eq!(
        (found[0]["source"].as_str(), found[0]["reason"].as_str()),
        (Some("north"), Some("SHARED_FRAUD"))
    );

    served.terminate();
    let end =
        ["risk", "list", "end", "phone", &phone, "--entry", "1", "--author", "wang", "--reason", "wrong"];
    printed(&run([&end[..], &["--data", text(&north)]].concat()));
    let served = Process::start(["serve", "--config", &north_file]);
    served.line();
    let found = state("ended").await;
    assert_eq!(found[0]["ended"]["author"], "north");
    worker.terminate();
    served.terminate();

    let status = printed(&run(["risk", "share", "status", "--json", "--config", &south_file]));
    let status: Value = serde_json::from_str(&status).unwrap();
    assert_eq!(
        (&status["members"][0]["taken_until"], &status["members"][0]["hits"]["fraud"]),
        (&2.into(), &1.into())
    );
    for data in [&north, &south] {
        assert!(printed(&run(["verify", "--data", text(data)])).starts_with("verify: clean"));
    }
}

#[test]
fn two_sets_are_compared_and_each_part_is_timed() {
    let report = printed(&run(["risk", "share", "bench", "--size", "100", "--json"]));
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["in_common"], &report["bytes"]), (&50.into(), &6_464.into()));
    assert!(report["seconds"]["in_all"].as_f64().is_some_and(|seconds| seconds > 0.0));
}
