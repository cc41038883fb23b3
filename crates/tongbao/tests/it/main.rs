//! The binary, as its users meet it: started as a process, spoken to over HTTP, killed and restarted.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod browser;
mod commands;
mod first_start;
mod pages;
mod payer_api;
mod person;
mod process;
mod production;
mod quick_start;
mod restart;
mod risk_aml;
mod risk_lists;
mod risk_rules;
mod risk_sharing;
mod roles;
mod rotation;
mod shared_database;
mod tipping_off;
mod wallet_account;
mod wallet_challenge;
mod wallet_money;
mod wallet_passkeys;
mod wallet_send;
mod wallet_transit;
mod wallet_utility;
mod wechat;
mod wechat_commands;
