//! Risk lists from the command line: one by one, and from files that are imported twice.

use std::{fmt::Write as _, fs, path::Path, process::Output};

use serde_json::Value;

use crate::process::{printed, run};

fn list(data: &Path, arguments: &[&str]) -> Output {
    let place = ["--data", data.to_str().unwrap()];
    run([&["risk", "list"][..], arguments, &place].concat())
}

fn shown(data: &Path, kind: &str, value: &str) -> Value {
    serde_json::from_str(&printed(&list(data, &["show", kind, value, "--json"]))).unwrap()
}

fn error(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_entry_is_added_shown_and_ended_and_its_authors_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let add = [
        "add",
        "phone",
        "138 0000 0001",
        "--list",
        "block",
        "--category",
        "fraud",
        "--reason",
        "STOLEN_CARD",
    ];
    let add = [&add[..], &["--author", "li", "--evidence", "case-1"]].concat();
    assert_eq!(printed(&list(data, &add)), "added 1\n");
    assert_eq!(printed(&list(data, &add)), "stands already as 1\n");
    let found = shown(data, "phone", "13800000001");
    assert_eq!(found["entries"][0]["state"], "counts");
    assert!(!found.to_string().contains("13800000001"), "a number is a digest: {found}");
    let digest = found["entity"].as_str().unwrap().to_owned();
    assert_eq!(shown(data, "phone", &digest), found);

    let end = ["end", "phone", &digest, "--entry", "1", "--author", "wang", "--reason", "cleared"];
    printed(&list(data, &end));
    let found = shown(data, "phone", "13800000001");
    assert_eq!(found["entries"][0]["state"], "ended");
    assert_eq!(found["entries"][0]["author"], "li");
    assert_eq!(found["entries"][0]["ended"]["author"], "wang");
    assert_eq!(shown(data, "phone", "13800000002")["entries"], serde_json::json!([]));

    let bad = [
        "add",
        "phone",
        "1380000000",
        "--list",
        "watch",
        "--category",
        "fraud",
        "--reason",
        "A",
        "--author",
        "li",
    ];
    assert!(error(&list(data, &bad)).contains("phone must be a phone number"));
    let bad = [
        "add",
        "address",
        "::1",
        "--list",
        "allow",
        "--category",
        "trusted",
        "--reason",
        "A",
        "--author",
        "li",
    ];
    assert!(error(&list(data, &bad)).contains("`until` must be given"));
    assert!(printed(&run(["verify", "--data", data.to_str().unwrap()])).starts_with("verify: clean"));
}

#[test]
fn a_file_is_imported_once_and_every_bad_line_has_its_number_and_reason() {
    let directory = tempfile::tempdir().unwrap();
    let (data, file) = (directory.path().join("a"), directory.path().join("list.csv"));
    fs::create_dir(&data).unwrap();
    let mut text = "\u{feff}kind,value,list,category,reason,from,until,evidence\r\n".to_owned();
    for number in 0..1_300 {
        write!(text, "phone,138{number:08},block,fraud,IMPORTED,,,\"case, {number}\"\r\n").unwrap();
    }
    let bad = [
        ("phone,138,block,fraud,IMPORTED,,,", "bad_value"),
        ("mail,a@b.example,block,fraud,IMPORTED,,,", "unknown_kind"),
        ("phone,13900000001,grey,fraud,IMPORTED,,,", "unknown_list"),
        ("phone,13900000001,block,rude,IMPORTED,,,", "bad_category"),
        ("phone,13900000001,block,trusted,IMPORTED,,,", "bad_category"),
        ("phone,13900000001,block,fraud,imported,,,", "bad_reason"),
        ("phone,13900000001,block,fraud,IMPORTED,soon,,", "bad_time"),
        ("phone,13900000001,block,fraud,IMPORTED,,2020-01-01,", "bad_until"),
        ("phone,13900000001,block,fraud,IMPORTED", "columns"),
        ("phone,13900000001,block,fraud,IMPORTED,,,\"open", "unclosed_quote"),
    ];
    text.push_str("\r\n");
    for (line, _) in bad {
        write!(text, "{line}\r\n").unwrap();
    }
    text.push_str("address,192.0.2.7,watch,gambling,IMPORTED,,2099-01-01,");
    fs::write(&file, text).unwrap();

    let import = ["import", file.to_str().unwrap(), "--author", "li"];
    let first = list(&data, &import);
    let report: Vec<String> =
        bad.iter().enumerate().map(|(place, (_, why))| format!("{},{why}", 1_303 + place)).collect();
    assert_eq!(error(&first).trim(), format!("line,why\n{}", report.join("\n")));
    let summary = |added, known| {
        format!("1313 lines: {added} added, {known} known, 1 blank, 10 rejected, 1 names the columns\n")
    };
    assert_eq!(String::from_utf8_lossy(&first.stdout), summary(1_301, 0));
    let again = list(&data, &import);
    assert_eq!(String::from_utf8_lossy(&again.stdout), summary(0, 1_301));
    assert_eq!(shown(&data, "phone", "13800001299")["entries"][0]["evidence"], "case, 1299");

    let (out, other) = (directory.path().join("out.csv"), directory.path().join("b"));
    printed(&list(&data, &["export", "--to", out.to_str().unwrap()]));
    fs::create_dir(&other).unwrap();
    fs::copy(data.join("master.key"), other.join("master.key")).unwrap();
    let taken = printed(&list(&other, &["import", out.to_str().unwrap(), "--author", "li"]));
    assert_eq!(taken, "1302 lines: 1301 added, 0 known, 0 blank, 0 rejected, 1 names the columns\n");
    assert_eq!(shown(&other, "address", "192.0.2.7")["entries"][0]["until"], "2098-12-31T16:00:00.000Z");
    assert!(printed(&run(["verify", "--data", data.to_str().unwrap()])).starts_with("verify: clean"));

    let headless = directory.path().join("headless.csv");
    fs::write(&headless, "phone,13800000001,block,fraud,A\n").unwrap();
    let refused = list(&data, &["import", headless.to_str().unwrap(), "--author", "li"]);
    assert!(error(&refused).contains("the first line names the column \"phone\""));
}
