//! What a sandbox prints when it starts, and shows on its first page: commands that can be pasted.

use std::path::Path;

use tongbao_api::event_body::render_event;
use tongbao_web::{
    handlers::SandboxNotes,
    sandbox::{CommandPurpose, CommandView},
};

use crate::seed::SandboxFile;

/// Where `tongbao receive` listens unless told otherwise.
pub(crate) const RECEIVER: &str = "127.0.0.1:9090";

/// One command of the quick start; some also stand on the first page.
struct Pasted {
    what: &'static str,
    purpose: Option<CommandPurpose>,
    command: String,
}

fn commands(file: &SandboxFile, directory: &Path) -> Vec<Pasted> {
    let SandboxFile { api, secret_key, .. } = file;
    let payer = file.payers.first().map(|payer| payer.id.to_string()).unwrap_or_default();
    let json = "-H 'Content-Type: application/json'";
    let auth = format!("-H 'Authorization: Bearer {secret_key}'");
    let data = directory.display();
    // As the reader started it: `target/release/tongbao` after `cargo run --release`.
    let program = std::env::args().next().unwrap_or_else(|| "tongbao".to_owned());
    let refund = |number: u8, amount: u32| {
        format!(
            "curl -s {api}/v1/refunds {auth} {json} \\\n  \
             -d '{{\"payment\":\"'$PAY'\",\"refund_no\":\"R-100{number}\",\"amount\":{amount}}}'"
        )
    };
    vec![
        Pasted {
            what: "In a second terminal: receive notifications and check their signatures",
            purpose: Some(CommandPurpose::Listen),
            command: format!("{program} receive --data {data}"),
        },
        Pasted {
            what: "Create a payment of ¥19.99",
            purpose: Some(CommandPurpose::Create),
            command: format!(
                "PAY=$(curl -s {api}/v1/payments {auth} {json} -H 'Idempotency-Key: first-order' \\\n  -d '{{\"order_no\":\"A-1001\",\"amount\":1999,\"currency\":\"CNY\",\"description\":\"Two cups of tea\",\"notify_url\":\"http://{RECEIVER}/\"}}' \\\n  | sed 's/.*\"id\":\"\\(pay_[a-z0-9]*\\)\".*/\\1/'); echo $PAY"
            ),
        },
        Pasted {
            what: "Pay it as a test payer (or on the phone page, or at its cashier with phone and password)",
            purpose: Some(CommandPurpose::Pay),
            command: format!(
                "curl -s {api}/sandbox/phone/pay {json} -d '{{\"payer\":\"{payer}\",\"code\":\"'$PAY'\"}}'"
            ),
        },
        Pasted { what: "Refund a part", purpose: Some(CommandPurpose::Refund), command: refund(1, 999) },
        Pasted { what: "Refund the rest", purpose: None, command: refund(2, 1_000) },
        Pasted { what: "A third refund is refused", purpose: None, command: refund(3, 1) },
        Pasted {
            what: "List what happened",
            purpose: None,
            command: format!("curl -s {api}/v1/events {auth}"),
        },
        Pasted {
            what: "Recount the books",
            purpose: None,
            command: format!("{program} verify --data {data}"),
        },
    ]
}

/// What the sandbox's pages show beside what the store knows.
pub(crate) fn notes(file: &SandboxFile, directory: &Path) -> SandboxNotes {
    let shown = |pasted: Pasted| Some(CommandView { purpose: pasted.purpose?, command: pasted.command });
    SandboxNotes {
        keys_path: directory.join("sandbox.json").display().to_string(),
        commands: commands(file, directory).into_iter().filter_map(shown).collect(),
        passwords: file.payers.iter().map(|payer| (payer.id, payer.password.clone())).collect(),
        render_event: render_event(&file.api),
    }
}

/// The text printed at the start.
pub(crate) fn text(file: &SandboxFile, directory: &Path) -> String {
    let api = &file.api;
    let mut text = format!(
        "Tongbao sandbox · 通宝沙箱\n\n  API        {api}/v1     documentation {api}/docs\n  \
         Start      {api}/sandbox\n  Phone      {api}/sandbox/phone\n  Inbox      {api}/sandbox/inbox\n  \
         Wallet     {api}/wallet\n  Notices    {api}/sandbox/notifications\n  Keys       {}\n\n",
        directory.join("sandbox.json").display(),
    );
    for payer in &file.payers {
        text.extend([
            "  Payer      ",
            &payer.id.to_string(),
            " phone ",
            &payer.phone,
            " password ",
            &payer.password,
            "\n",
        ]);
    }
    for (number, pasted) in commands(file, directory).into_iter().enumerate() {
        let Pasted { what, command, .. } = pasted;
        text.extend(["\n", &(number + 1).to_string(), ". ", what, "\n\n", &command, "\n"]);
    }
    text.push_str("\nStop with Ctrl-C; a restart finds everything as it was.");
    text
}
