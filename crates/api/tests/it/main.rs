//! The HTTP foundation over real sockets on the loopback interface, and the operations of the API (`api_*`).
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod api_again;
mod api_bad_input;
mod api_keys;
mod api_lists;
mod api_money;
mod api_openapi;
mod api_operations;
mod api_rides;
mod api_sandbox;
mod api_shop;
mod api_timeline;
mod api_webhooks;
#[path = "../../../engine/tests/it/authenticator.rs"]
mod authenticator;
mod json;
mod list_sharing;
mod listener;
mod payer_entry;
mod payer_gates;
mod payer_lists;
mod payer_money;
mod payer_operations;
mod payer_passkeys;
mod payer_purse;
mod payer_security;
mod payer_utilities;
mod protocol;
mod rate;
mod socket;
mod wechat_bill_days;
mod wechat_bills;
mod wechat_codepay;
mod wechat_combine;
mod wechat_complaints;
mod wechat_doctor;
mod wechat_h5;
mod wechat_hostile;
mod wechat_listener;
mod wechat_notices;
mod wechat_orders;
mod wechat_rotation;
mod wechat_sharing;
mod wechat_shop;
mod wechat_transfer_batches;
mod wechat_transfers;
