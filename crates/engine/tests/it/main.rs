//! Integration tests of the engine, one binary.

mod bank;
mod passwords;
mod webhook_receiver;
mod webhook_sender;
mod webhook_signature;
mod webhook_target;
mod webhook_tls;
mod wechat_openid;
