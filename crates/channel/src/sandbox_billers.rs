//! The billers of the sandbox: one for each utility, with an account for each thing that a biller does.
//!
//! They keep nothing, so an account owes the same after it was paid. An account of another number is nobody's. Each
//! account stands at each of the three billers.

use tongbao_core::utility::{Failure, Utility, steps::Said};
use tongbao_money::Amount;

use crate::biller::{Biller, Booking, Standing};

/// How long a late answer takes, in milliseconds: the first query, five seconds after, still finds nothing.
pub const LATE_MS: i64 = 8_000;

/// What is paid for, at all of them.
pub const PERIOD: &str = "2026-10";

/// What a biller does with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Behaviour {
    /// All goes well.
    Well,
    /// Nothing is due.
    NothingDue,
    /// What is paid is refused.
    Refused,
    /// The answer to a payment is late, and good.
    LateSuccess,
    /// The answer to a payment is late, and bad.
    LateFailure,
    /// The question what is due gets no answer.
    NoAnswer,
    /// Another amount is due when it is paid.
    AmountChanged,
}

/// An account that the sandbox's billers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TestAccount {
    /// Its number.
    pub number: &'static str,
    /// What the biller does with it.
    pub behaviour: Behaviour,
    /// What is due, in fen.
    pub due_minor: i64,
}

const fn account(number: &'static str, behaviour: Behaviour, due_minor: i64) -> TestAccount {
    TestAccount { number, behaviour, due_minor }
}

/// All test accounts.
pub const ACCOUNTS: [TestAccount; 7] = [
    account("1000000001", Behaviour::Well, 8_650),
    account("1000000002", Behaviour::NothingDue, 0),
    account("1000000003", Behaviour::Refused, 4_520),
    account("1000000004", Behaviour::LateSuccess, 13_280),
    account("1000000005", Behaviour::LateFailure, 6_300),
    account("1000000006", Behaviour::NoAnswer, 0),
    account("1000000007", Behaviour::AmountChanged, 9_900),
];

/// The billers' codes and names.
const BILLERS: [(&str, &str, Utility); 3] = [
    ("sandbox_water", "沙箱水务 Sandbox Water", Utility::Water),
    ("sandbox_electricity", "沙箱电力 Sandbox Power", Utility::Electricity),
    ("sandbox_gas", "沙箱燃气 Sandbox Gas", Utility::Gas),
];

/// The directory.
pub fn directory() -> Vec<Biller> {
    let line = |(code, name, utility): (&str, &str, Utility)| Biller {
        code: code.to_owned(),
        name: name.to_owned(),
        utility,
    };
    BILLERS.into_iter().map(line).collect()
}

fn known(biller: &str, number: &str) -> Option<TestAccount> {
    BILLERS.iter().find(|(code, ..)| *code == biller)?;
    ACCOUNTS.into_iter().find(|known| known.number == number)
}

/// What is due.
pub fn look_up(biller: &str, number: &str) -> Standing {
    let Some(account) = known(biller, number) else { return Standing::NoSuchAccount };
    match account.behaviour {
        Behaviour::NothingDue => Standing::NothingDue,
        Behaviour::NoAnswer => Standing::Unknown,
        Behaviour::Well
        | Behaviour::Refused
        | Behaviour::LateSuccess
        | Behaviour::LateFailure
        | Behaviour::AmountChanged => Standing::Due {
            holder: "*测试".to_owned(),
            period: PERIOD.to_owned(),
            amount: Amount::new(account.due_minor).unwrap_or_default(),
        },
    }
}

/// What became of a payment, or becomes of it now.
pub fn pay(booking: &Booking) -> Said {
    let paid = || Said::Paid { reference: format!("sandbox-biller/{}", booking.id) };
    let is_late = booking.age_ms() < LATE_MS;
    match known(&booking.biller, &booking.account).map(|account| account.behaviour) {
        Some(Behaviour::LateSuccess | Behaviour::LateFailure) if is_late => Said::Unknown,
        Some(Behaviour::Well | Behaviour::LateSuccess) => paid(),
        Some(Behaviour::AmountChanged) => Said::Failed(Failure::AmountChanged),
        Some(Behaviour::Refused | Behaviour::LateFailure | Behaviour::NothingDue | Behaviour::NoAnswer)
        | None => Said::Failed(Failure::Refused),
    }
}

#[cfg(test)]
mod tests {
    use tongbao_core::Time;
    use tongbao_money::{Currency, Money};
    use zeroize::Zeroizing;

    use super::{ACCOUNTS, Behaviour, Booking, Failure, LATE_MS, Said, Standing, directory, look_up, pay};
    use crate::biller::is_account;

    fn paid_after(biller: &str, number: &str, age_ms: i64) -> Said {
        let began_at = Time::from_ms(0);
        pay(&Booking {
            id: "utp_1".to_owned(),
            biller: biller.to_owned(),
            account: Zeroizing::new(number.to_owned()),
            period: "2026-10".to_owned(),
            money: Money { amount: tongbao_money::Amount::ZERO, currency: Currency::CNY },
            began_at,
            asked_at: began_at.plus_ms(age_ms),
        })
    }

    #[test]
    fn every_test_account_does_what_its_name_says_at_every_biller() {
        let paid = Said::Paid { reference: "sandbox-biller/utp_1".to_owned() };
        for biller in directory() {
            for account in ACCOUNTS {
                assert!(is_account(account.number));
                let standing = look_up(&biller.code, account.number);
                let (early, late) = (
                    paid_after(&biller.code, account.number, LATE_MS - 1),
                    paid_after(&biller.code, account.number, LATE_MS),
                );
                let refused = || Said::Failed(Failure::Refused);
                let (owes, first, then) = match account.behaviour {
                    Behaviour::Well => (true, paid.clone(), paid.clone()),
                    Behaviour::NothingDue | Behaviour::NoAnswer => (false, refused(), refused()),
                    Behaviour::Refused => (true, refused(), refused()),
                    Behaviour::LateSuccess => (true, Said::Unknown, paid.clone()),
                    Behaviour::LateFailure => (true, Said::Unknown, refused()),
                    Behaviour::AmountChanged => {
                        let changed = || Said::Failed(Failure::AmountChanged);
                        (true, changed(), changed())
                    }
                };
                assert_eq!(matches!(standing, Standing::Due { .. }), owes, "{}", account.number);
                assert_eq!((early, late), (first, then), "{}", account.number);
            }
            assert_eq!(look_up(&biller.code, "1000000008"), Standing::NoSuchAccount);
        }
        assert_eq!(look_up("another", "1000000001"), Standing::NoSuchAccount);
        assert_eq!(paid_after("another", "1000000001", 0), Said::Failed(Failure::Refused));
    }
}
