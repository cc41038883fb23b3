//! The pages over HTTP, driven as a browser drives them, over an engine on the model store.

#![expect(clippy::unwrap_used, reason = "a test that cannot unwrap has failed")]

#[path = "../../../engine/tests/it/authenticator.rs"]
mod authenticator;
mod browser;
mod handlers_assets;
mod handlers_cashier;
mod handlers_challenge;
mod handlers_inspect;
mod handlers_money;
mod handlers_notices;
mod handlers_passkey_sign_in;
mod handlers_passkeys;
mod handlers_sandbox;
mod handlers_security;
mod handlers_sign_in;
mod handlers_transfers;
mod handlers_transit;
mod handlers_utility;
mod handlers_wallet_account;
mod handlers_wallet_attacks;
mod handlers_wallet_send;
mod handlers_wechat;
#[path = "../web/page.rs"]
mod page;
mod shop;
