//! The commands that a sandbox prints, pasted into a shell in order.

use std::process::Command;

use crate::process::{Process, Sandbox, printed};

/// The commands after each "1. …" heading, in order.
fn commands(lines: &[String]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut inside = false;
    for line in lines {
        let heading = line.split_once(". ").is_some_and(|(number, _)| number.parse::<u8>().is_ok());
        if heading {
            commands.push(String::new());
            inside = true;
        } else if line.starts_with("Stop with") {
            inside = false;
        } else if let Some(command) = commands.last_mut().filter(|_| inside) {
            command.push_str(line);
            command.push('\n');
        }
    }
    commands
}

#[test]
fn the_printed_commands_do_what_they_say() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(directory.path());
    let commands = commands(&sandbox.printed);
    let [receive, rest @ ..] = commands.as_slice() else { panic!("no commands in {:?}", sandbox.printed) };
    assert_eq!(rest.len(), 7, "{rest:?}");
    // The printed receiver has a fixed port; a test takes a free one.
    assert!(receive.contains(" receive --data "), "{receive}");
    let data = directory.path().to_str().unwrap();
    let receiver = Process::start(["receive", "--data", data, "--listen", "127.0.0.1:0"]);
    let address = receiver.line().split("http://").nth(1).unwrap().trim_end_matches('/').to_owned();

    let script = rest.join("\necho\necho ---\n").replace("127.0.0.1:9090", &address);
    let output = printed(&Command::new("bash").args(["-c", &script]).output().unwrap());
    let answers: Vec<&str> = output.split("---").map(str::trim).collect();
    assert!(answers[0].starts_with("pay_"), "{output}");
    assert!(answers[1].starts_with(r#"{"paid":true"#), "{output}");
    assert!(
        answers[2].contains(r#""amount":999,"#) && answers[2].contains(r#""status":"succeeded""#),
        "{output}"
    );
    assert!(
        answers[3].contains(r#""amount":1000,"#) && answers[3].contains(r#""status":"succeeded""#),
        "{output}"
    );
    assert!(answers[4].contains(r#""code":"refund_too_large""#), "{output}");
    assert!(answers[5].contains("payment.succeeded") && answers[5].contains("refund.succeeded"), "{output}");
    assert!(answers[6].starts_with("verify: clean"), "{output}");

    let mut notified: Vec<String> = (0..3).map(|_| receiver.line()).collect();
    notified.sort();
    assert!(notified.iter().all(|line| line.ends_with("signature ok")), "{notified:?}");
    let kinds: Vec<&str> = notified.iter().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(kinds, ["payment.succeeded", "refund.succeeded", "refund.succeeded"]);
}
