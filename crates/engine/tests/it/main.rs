//! Integration tests of the engine, one binary.
#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

mod authenticator;
mod bank;
mod notices;
mod passkeys;
mod passwords;
mod utility;
mod webhook_receiver;
mod webhook_sender;
mod webhook_signature;
mod webhook_target;
mod webhook_tls;
mod wechat_openid;
