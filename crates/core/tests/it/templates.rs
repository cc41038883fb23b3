//! Every template does to every account what its documentation says, for all amounts.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tongbao_core::{
    Context, Id,
    id::{MerchantId, PayerId},
    ledger::{Account, AccountKey, Channel, Posting, Purpose, Reason, template},
};
use tongbao_money::{Amount, Currency, Money};
use uuid::Uuid;

use crate::shop::{after, amount};

/// One call of one template: what it wrote, and what it says it does.
struct Case {
    name: &'static str,
    postings: Vec<Posting>,
    effect: Vec<(Account, i64)>,
}

struct Owners {
    payer: PayerId,
    another: PayerId,
    merchant: MerchantId,
    other: MerchantId,
    subject: Id,
}

fn owners() -> Owners {
    let mut cx = Context::new(after(0), [3; 16]);
    let payment: tongbao_core::id::PaymentId = cx.draw();
    Owners {
        payer: cx.draw(),
        merchant: cx.draw(),
        other: cx.draw(),
        subject: payment.into(),
        another: cx.draw(),
    }
}

const CHANNEL: Channel = Channel::SandboxBank;
const CLEARING: Account = Account::ChannelClearing(CHANNEL);
const FLYING: Account = Account::RefundsInFlight;
const OFFERED: Account = Account::TransfersInFlight;
const WITHDRAWN: Account = Account::WithdrawalsInFlight;
const OWED: Account = Account::UtilitiesInFlight;
const BILLERS: Account = Account::BillersClearing;
const FEES: Account = Account::PlatformFees;
const SUSPENSE: Account = Account::Suspense;

/// All templates, as a table: credits are positive, what is not named does not move.
fn cases(money: Money, fee: Amount) -> Vec<Case> {
    let mut all = paying_cases(money, fee);
    all.extend(waiting_cases(money));
    all.extend(withdrawing_cases(money, fee));
    all.extend(utility_cases(money, fee));
    all
}

/// The templates of payments and refunds.
fn paying_cases(money: Money, fee: Amount) -> Vec<Case> {
    let Owners { payer, merchant, subject, .. } = owners();
    let (available, held) = (Account::PayerAvailable(payer), Account::PayerHeld(payer));
    let pending = Account::MerchantPending(merchant);
    let (all, part) = (money.amount.minor(), fee.minor());
    let case = |name, postings, effect: &[(Account, i64)]| Case { name, postings, effect: effect.to_vec() };
    vec![
        case(
            "top_up",
            template::top_up(CHANNEL, payer, money, subject),
            &[(CLEARING, -all), (available, all)],
        ),
        case(
            "payment from the balance",
            template::payment(available, merchant, money, fee, subject),
            &[(available, -all), (pending, all - part), (FEES, part)],
        ),
        case(
            "payment of held money",
            template::payment(held, merchant, money, fee, subject),
            &[(held, -all), (pending, all - part), (FEES, part)],
        ),
        case(
            "payment through a channel",
            template::payment(CLEARING, merchant, money, fee, subject),
            &[(CLEARING, -all), (pending, all - part), (FEES, part)],
        ),
        case("hold", template::hold(payer, money, subject), &[(available, -all), (held, all)]),
        case("release", template::release(payer, money, subject), &[(held, -all), (available, all)]),
        case(
            "refund",
            template::refund(merchant, money, fee, subject),
            &[(pending, part - all), (FEES, -part), (FLYING, all)],
        ),
        case(
            "refund_paid to a balance",
            template::refund_paid(available, money, subject),
            &[(FLYING, -all), (available, all)],
        ),
        case(
            "refund_paid by a channel",
            template::refund_paid(CLEARING, money, subject),
            &[(FLYING, -all), (CLEARING, all)],
        ),
        case(
            "refund_failed",
            template::refund_failed(merchant, money, fee, subject),
            &[(FLYING, -all), (pending, all - part), (FEES, part)],
        ),
        case(
            "refund_after_all",
            template::refund_after_all(merchant, CLEARING, money, fee, subject),
            &[(pending, part - all), (FEES, -part), (CLEARING, all)],
        ),
        case(
            "refund_uncovered",
            template::refund_uncovered(CLEARING, money, subject),
            &[(SUSPENSE, -all), (CLEARING, all)],
        ),
        case("unexpected", template::unexpected(CHANNEL, money, subject), &[(CLEARING, -all), (FLYING, all)]),
    ]
}

/// The templates of money that waits: for the recipient of a transfer, or to be shared.
fn waiting_cases(money: Money) -> Vec<Case> {
    let Owners { payer, another, merchant, other, subject } = owners();
    let available = Account::PayerAvailable(payer);
    let (pending, frozen) = (Account::MerchantPending(merchant), Account::MerchantFrozen(merchant));
    let others = Account::MerchantPending(other);
    let all = money.amount.minor();
    let case = |name, postings, effect: &[(Account, i64)]| Case { name, postings, effect: effect.to_vec() };
    vec![
        case("transfer", template::transfer(pending, money, subject), &[(pending, -all), (OFFERED, all)]),
        case(
            "transfer_accepted",
            template::transfer_accepted(payer, money, subject),
            &[(OFFERED, -all), (available, all)],
        ),
        case(
            "transfer_returned",
            template::transfer_returned(pending, money, subject),
            &[(OFFERED, -all), (pending, all)],
        ),
        case(
            "transfer of a payer's",
            template::transfer(available, money, subject),
            &[(available, -all), (OFFERED, all)],
        ),
        case(
            "transfer_at_once",
            template::transfer_at_once(payer, another, money, subject),
            &[(available, -all), (Account::PayerAvailable(another), all)],
        ),
        case("freeze", template::freeze(merchant, money, subject), &[(pending, -all), (frozen, all)]),
        case("unfreeze", template::unfreeze(merchant, money, subject), &[(frozen, -all), (pending, all)]),
        case(
            "share to a payer",
            template::share(merchant, available, money, subject),
            &[(frozen, -all), (available, all)],
        ),
        case(
            "share to a merchant",
            template::share(merchant, others, money, subject),
            &[(frozen, -all), (others, all)],
        ),
        case(
            "share_returned",
            template::share_returned(other, merchant, money, subject),
            &[(others, -all), (pending, all)],
        ),
    ]
}

/// The templates of withdrawals.
fn withdrawing_cases(money: Money, fee: Amount) -> Vec<Case> {
    let Owners { payer, subject, .. } = owners();
    let available = Account::PayerAvailable(payer);
    let (all, part) = (money.amount.minor(), fee.minor());
    let case = |name, postings, effect: &[(Account, i64)]| Case { name, postings, effect: effect.to_vec() };
    vec![
        case(
            "withdrawal",
            template::withdrawal(payer, money, fee, subject),
            &[(available, -all - part), (WITHDRAWN, all + part)],
        ),
        case(
            "withdrawal_paid",
            template::withdrawal_paid(CHANNEL, money, fee, subject),
            &[(WITHDRAWN, -all - part), (CLEARING, all), (FEES, part)],
        ),
        case(
            "withdrawal_returned",
            template::withdrawal_returned(payer, money, fee, subject),
            &[(WITHDRAWN, -all - part), (available, all + part)],
        ),
        case(
            "withdrawal_bounced",
            template::withdrawal_bounced(CHANNEL, payer, money, fee, subject),
            &[(CLEARING, -all), (FEES, -part), (available, all + part)],
        ),
        case(
            "withdrawal_uncovered",
            template::withdrawal_uncovered(CHANNEL, money, subject),
            &[(SUSPENSE, -all), (CLEARING, all)],
        ),
        case(
            "withdrawal_uncovered_back",
            template::withdrawal_uncovered_back(CHANNEL, money, subject),
            &[(CLEARING, -all), (SUSPENSE, all)],
        ),
    ]
}

/// The templates of utility payments and fares.
fn utility_cases(money: Money, fee: Amount) -> Vec<Case> {
    let Owners { payer, merchant, subject, .. } = owners();
    let pending = Account::MerchantPending(merchant);
    let available = Account::PayerAvailable(payer);
    let all = money.amount.minor();
    let case = |name, postings, effect: &[(Account, i64)]| Case { name, postings, effect: effect.to_vec() };
    vec![
        case("utility", template::utility(payer, money, subject), &[(available, -all), (OWED, all)]),
        case("utility_paid", template::utility_paid(money, subject), &[(OWED, -all), (BILLERS, all)]),
        case(
            "utility_returned",
            template::utility_returned(payer, money, subject),
            &[(OWED, -all), (available, all)],
        ),
        case(
            "fare",
            template::fare(payer, merchant, money, fee, subject),
            &[(available, -all), (pending, all - fee.minor()), (FEES, fee.minor())],
        ),
        case(
            "utility_surplus",
            template::utility_surplus(money, subject),
            &[(SUSPENSE, -all), (BILLERS, all)],
        ),
    ]
}

/// What postings do to balances; what comes to nothing is left out.
fn effect(postings: &[Posting]) -> BTreeMap<AccountKey, i64> {
    let mut effect = BTreeMap::new();
    for posting in postings {
        *effect.entry(posting.debit_key()).or_default() -= posting.money.amount.minor();
        *effect.entry(posting.credit_key()).or_default() += posting.money.amount.minor();
    }
    effect.retain(|_, moved| *moved != 0);
    effect
}

fn moneys() -> impl Strategy<Value = (Money, Amount)> {
    let max = Amount::MAX.minor();
    let minor = prop_oneof![1 => Just(0), 1 => Just(1), 1 => Just(max), 4 => 1..10_000_i64, 4 => 0..=max];
    let currency = prop_oneof![Just("CNY"), Just("JPY"), Just("KWD")];
    (minor, currency).prop_flat_map(|(minor, currency)| {
        let money = Money { amount: amount(minor), currency: Currency::parse(currency).unwrap() };
        let fee = prop_oneof![Just(0), Just(minor), 0..=minor];
        (Just(money), fee.prop_map(amount))
    })
}

proptest! {
    #[test]
    fn every_template_does_what_it_says_for_all_amounts((money, fee) in moneys()) {
        let subject = owners().subject;
        for Case { name, postings, effect: said } in cases(money, fee) {
            for posting in &postings {
                prop_assert!(!posting.money.amount.is_zero(), "{name} moves nothing");
                prop_assert_ne!(posting.debit, posting.credit, "{} moves to where it was", name);
                prop_assert_eq!(posting.money.currency, money.currency, "{}", name);
                prop_assert_eq!(posting.subject, subject, "{}", name);
            }
            let moved = effect(&postings);
            let sum: i64 = moved.values().sum();
            prop_assert_eq!(sum, 0, "{} makes or loses money", name);
            let said: BTreeMap<AccountKey, i64> = said
                .into_iter()
                .filter(|(_, minor)| *minor != 0)
                .map(|(account, minor)| (account.of(money.currency), minor))
                .collect();
            prop_assert_eq!(moved, said, "{}", name);
        }
    }

    #[test]
    fn account_names_parse_back(bytes in any::<[u8; 16]>(), currency in "CNY|USD|JPY|KWD") {
        for account in accounts(Uuid::from_bytes(bytes)) {
            let key = account.of(Currency::parse(&currency).unwrap());
            prop_assert_eq!(key.to_string().parse::<AccountKey>(), Ok(key));
            prop_assert_eq!(account.to_string().parse::<Account>(), Ok(account));
        }
    }

    #[test]
    fn what_is_read_as_an_account_is_written_the_same(
        name in "(payer|merchant|platform|channel)(/(pyr_|mch_)?[0-9a-z]{0,27}){0,3}/?(held|fees)?(/CNY)?"
    ) {
        if let Ok(key) = name.parse::<AccountKey>() {
            prop_assert_eq!(key.to_string(), name.clone());
        }
        if let Ok(account) = name.parse::<Account>() {
            prop_assert_eq!(account.to_string(), name);
        }
    }
}

fn accounts(uuid: Uuid) -> Vec<Account> {
    use tongbao_core::id::TypedId;
    let (payer, merchant) = (PayerId::from_uuid(uuid), MerchantId::from_uuid(uuid));
    vec![
        Account::PayerAvailable(payer),
        Account::PayerHeld(payer),
        Account::MerchantPending(merchant),
        Account::MerchantAvailable(merchant),
        Account::MerchantFrozen(merchant),
        FEES,
        FLYING,
        OFFERED,
        WITHDRAWN,
        OWED,
        BILLERS,
        SUSPENSE,
        CLEARING,
    ]
}

#[test]
fn a_name_that_is_not_of_an_account_is_refused() {
    let payer = owners().payer;
    let names = [
        String::new(),
        "CNY".to_owned(),
        "platform/fees".to_owned(),
        "platform/fees/cny".to_owned(),
        "platform/fees/XXX".to_owned(),
        "platform/fees/extra/CNY".to_owned(),
        "platform/unknown/CNY".to_owned(),
        "platform//CNY".to_owned(),
        "channel/sandbox_bank/CNY".to_owned(),
        "channel/other/clearing/CNY".to_owned(),
        format!("payer/{payer}/CNY"),
        format!("payer/{payer}/pending/CNY"),
        format!("payer/{payer}/available/more/CNY"),
        format!("merchant/{payer}/pending/CNY"),
        format!("payer/{payer}/available/CNY "),
        format!(" payer/{payer}/available/CNY"),
    ];
    for name in names {
        assert!(name.parse::<AccountKey>().is_err(), "{name:?}");
    }
}

#[test]
fn only_money_that_others_owe_us_may_be_below_zero() {
    for account in accounts(Uuid::nil()) {
        let without = matches!(account.purpose(), Purpose::Suspense | Purpose::Clearing);
        assert_eq!(account.floor(), (!without).then_some(0), "{account}");
    }
}

#[test]
fn every_reason_is_written_by_a_template_and_read_back_by_its_code() {
    let money = Money { amount: amount(100), currency: Currency::CNY };
    let written = cases(money, amount(1)).into_iter().flat_map(|case| case.postings);
    let mut codes: Vec<u8> = written.map(|posting| posting.reason.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    let known: Vec<u8> = (0..=u8::MAX).filter(|code| Reason::from_code(*code).is_some()).collect();
    assert_eq!(codes, known, "each reason has its template");
    for code in &known {
        assert_eq!(Reason::from_code(*code).unwrap().code(), *code);
    }
    let mut names: Vec<&str> = known.iter().map(|code| Reason::from_code(*code).unwrap().name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), known.len(), "each has a name of its own");
}
