//! `tongbao receive`: a small receiver of notifications that checks each with the Standard Webhooks library
//! and prints it: what a merchant's own server would do.

use std::{net::SocketAddr, process::ExitCode, sync::Arc};

use axum::{Router, body::Bytes, extract::State, routing::post};
use clap::Args;
use http::{HeaderMap, StatusCode};
use standardwebhooks::Webhook;
use tongbao_api::listener::{Limits, ListenConfig, Listener};

use super::{Place, block_on, quick_start::RECEIVER};
use crate::{
    output::{self, Failure},
    seed::SandboxFile,
};

/// The command line of `tongbao receive`.
#[derive(Args)]
pub(crate) struct Receive {
    #[command(flatten)]
    data: Place,
    /// The address to listen on
    #[arg(long, value_name = "ADDR", default_value = RECEIVER)]
    listen: SocketAddr,
    /// The secret (whsec_…) that signs; that of the sandbox unless given
    #[arg(long, value_name = "SECRET", env = "TONGBAO_WEBHOOK_SECRET", hide_env_values = true)]
    secret: Option<String>,
}

impl Receive {
    /// Receives until it is stopped.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let secret = match self.secret {
            Some(secret) => secret,
            None => SandboxFile::read(&self.data.instance().directory().join("sandbox.json"))?.webhook_secret,
        };
        let webhook = Webhook::new(&secret).map_err(|_| "the secret must be of the form whsec_…")?;
        block_on(async {
            let listener =
                Listener::bind(ListenConfig { addr: self.listen, tls: None, limits: Limits::default() })?;
            output::line(format_args!("receiving notifications at http://{}/", listener.local_addr()))?;
            let router = Router::new().route("/", post(check)).with_state(Arc::new(webhook));
            let drained = listener.serve(router, async { drop(tokio::signal::ctrl_c().await) }).await;
            output::note(format_args!("stopped; {} connections cut", drained.cut));
            Ok(())
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Checks one notification; a wrong signature is answered 401 and shown.
async fn check(State(webhook): State<Arc<Webhook>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let event: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let kind = event["type"].as_str().unwrap_or("something that is no event");
    let id = event["id"].as_str().unwrap_or("without an id");
    let (status, verdict) = match webhook.verify(&body, &headers) {
        Ok(()) => (StatusCode::NO_CONTENT, "signature ok"),
        Err(_) => (StatusCode::UNAUTHORIZED, "SIGNATURE WRONG, refused"),
    };
    // A terminal that went away is no reason to refuse the notification.
    drop(output::line(format_args!("{kind} {id}: {verdict}")));
    status
}
