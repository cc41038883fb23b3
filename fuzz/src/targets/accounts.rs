//! Names of accounts: each account has one name, and no other text is that account.

use tongbao_core::{
    id::{MerchantId, PayerId, TypedId},
    ledger::{Account, AccountKey, Channel},
};
use tongbao_money::Currency;
use uuid::Uuid;

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "accounts",
    run: target,
    words: &[
        "payer/",
        "merchant/",
        "platform/",
        "channel/",
        "/available",
        "/held",
        "/pending",
        "/frozen",
        "fees",
        "refunds",
        "suspense",
        "sandbox_bank",
        "/clearing",
        "/CNY",
        "/USD",
        "/",
        "pyr_01m80hb17de009a3e0mcxcrzpx",
        "mch_01m80hb17de009a3e0mcxcrzpx",
    ],
};

/// Takes an input: as a name, and as an account.
pub fn target(input: &[u8]) {
    if let Ok(name) = std::str::from_utf8(input) {
        if let Ok(account) = name.parse::<Account>() {
            reached(account.purpose().name());
            assert_eq!(account.to_string(), name);
        }
        if let Ok(key) = name.parse::<AccountKey>() {
            reached(key.currency.code());
            assert_eq!(key.to_string(), name);
        }
    }
    let mut bytes = Bytes::new(input);
    let account = account(&mut bytes);
    assert_eq!(account.to_string().parse(), Ok(account));
    let code: String = bytes.array::<3>().iter().map(|byte| char::from(b'A' + byte % 26)).collect();
    if let Ok(currency) = Currency::parse(&code) {
        assert_eq!(currency.code(), code);
        assert!(currency.exponent() <= 4, "{code} has {} places", currency.exponent());
        let key = account.of(currency);
        assert_eq!(key.to_string().parse(), Ok(key));
    }
}

fn account(bytes: &mut Bytes<'_>) -> Account {
    let (kind, uuid) = (bytes.byte(), Uuid::from_bytes(bytes.array()));
    let (payer, merchant) = (PayerId::from_uuid(uuid), MerchantId::from_uuid(uuid));
    match kind % 13 {
        0 => Account::PayerAvailable(payer),
        1 => Account::PayerHeld(payer),
        2 => Account::MerchantPending(merchant),
        3 => Account::MerchantAvailable(merchant),
        4 => Account::MerchantFrozen(merchant),
        5 => Account::PlatformFees,
        6 => Account::RefundsInFlight,
        7 => Account::Suspense,
        8 => Account::TransfersInFlight,
        9 => Account::WithdrawalsInFlight,
        10 => Account::UtilitiesInFlight,
        11 => Account::BillersClearing,
        _ => Account::ChannelClearing(Channel::SandboxBank),
    }
}
