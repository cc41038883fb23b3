//! Collection codes of shops: payments that scanning makes, and what they leave behind when they cannot be paid.

use tongbao_core::{
    ChangeSet, Context, Facts, Refusal, Time,
    collection::{self, Collected, CollectionCode, PayCode, order_no},
    ledger::{Account, template},
    payer::{
        self,
        freeze::freeze_own,
        usage::{OwnLimits, set_own_limits},
    },
    payment::{Payment, Proofs, Status},
    transfer::payee::Sending,
};
use tongbao_money::Currency;

use crate::shop::{Shop, after, amount, new_payer, yuan};

/// Midnight in China: 2025-06-15T16:00Z.
fn midnight() -> Time {
    Time::from_ms(1_750_003_200_000)
}

/// A shop's code, and a payer with money.
fn shop_code() -> (Shop, CollectionCode) {
    let mut shop = Shop::open(60, 100_000);
    let app = shop.app;
    let code = shop.books.step(after(0), |facts, cx| collection::enrol(facts, cx, app, "shop")).unwrap();
    let again = shop.books.step(after(0), |facts, cx| collection::enrol(facts, cx, app, "other")).unwrap();
    assert_eq!(again, code, "what was printed stays good");
    (shop, code)
}

fn at_shop(shop: &Shop, number: &str, minor: i64) -> PayCode {
    PayCode {
        token: "shop".to_owned(),
        number: number.to_owned(),
        payer: shop.payer,
        amount: amount(minor),
        note: String::new(),
        proofs: Proofs::PASSWORD,
    }
}

fn pay_shop(shop: &mut Shop, at: Time, ask: &PayCode) -> Result<Payment, Refusal> {
    let paid = shop.books.step(at, |facts, cx| collection::pay_proven(facts, cx, ask))?;
    paid.map(|collected| match collected {
        Collected::Payment(payment) => *payment,
        Collected::Transfer(transfer) => panic!("{} is to a person", transfer.id),
    })
}

#[test]
fn what_a_shops_code_takes_is_a_payment_of_the_shop_made_and_paid_at_once() {
    let (mut shop, code) = shop_code();
    let (payer, merchant) = (shop.payer, shop.merchant);
    let ask = PayCode { note: "two teas".to_owned(), ..at_shop(&shop, "n1", 3_000) };
    let payment = pay_shop(&mut shop, after(1), &ask).unwrap();
    assert_eq!((payment.status, payment.version), (Status::Succeeded, 1));
    assert_eq!((payment.merchant, payment.app, payment.money), (merchant, shop.app, yuan(3_000)));
    assert_eq!((&payment.order_no, payment.description.as_str()), (&order_no(payer, "n1"), "two teas"));
    assert!(payment.order_no.starts_with("code-") && payment.order_no.len() == 37, "{}", payment.order_no);
    assert_eq!(payment.metadata["collection_code"], code.id.to_string());
    let balance = |shop: &Shop, account| shop.books.balance(account, Currency::CNY);
    assert_eq!(balance(&shop, Account::PayerAvailable(payer)), 97_000);
    assert_eq!(balance(&shop, Account::MerchantPending(merchant)), 3_000 - 18, "less its fee");
    let size = shop.books.size();
    assert_eq!(pay_shop(&mut shop, after(2), &ask).unwrap(), payment, "the same form again");
    assert_eq!(shop.books.size(), size);
    let changed = PayCode { amount: amount(1), ..ask };
    assert_eq!(pay_shop(&mut shop, after(3), &changed).unwrap_err().code(), "order_no_used");
    let other = shop.books.step(after(3), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    let of_another = PayCode { payer: other, note: "two teas".to_owned(), ..at_shop(&shop, "n1", 3_000) };
    let refused = pay_shop(&mut shop, after(3), &of_another);
    assert_eq!(refused, Err(Refusal::BalanceInsufficient), "another's number finds nothing of this payer's");
    let unsaid = at_shop(&shop, "n2", 1);
    let silent = pay_shop(&mut shop, after(4), &unsaid).unwrap();
    assert_eq!(silent.description, "收款码收款");
}

#[test]
fn shops_codes_and_persons_codes_take_five_hundred_yuan_a_day_together() {
    let (mut shop, _) = shop_code();
    let other = shop.books.step(after(0), |facts, cx| payer::create(facts, cx, &new_payer(2))).unwrap();
    shop.books.step(after(0), |facts, cx| collection::enrol(facts, cx, other, "person")).unwrap();
    let noon = midnight().plus_s(-12 * 3_600);
    let ask = at_shop(&shop, "n1", 30_000);
    pay_shop(&mut shop, noon, &ask).unwrap();
    let person = PayCode { token: "person".to_owned(), ..at_shop(&shop, "n2", 19_999) };
    let to_person = shop.books.step(noon, |facts, cx| collection::pay_proven(facts, cx, &person)).unwrap();
    assert!(matches!(to_person, Ok(Collected::Transfer(_))));
    let too_much = at_shop(&shop, "n3", 2);
    assert_eq!(pay_shop(&mut shop, noon, &too_much), Err(Refusal::CollectionLimit { left: 1 }));
    let last = at_shop(&shop, "n4", 1);
    pay_shop(&mut shop, midnight().plus_ms(-1), &last).unwrap();
    assert_eq!(pay_shop(&mut shop, midnight(), &too_much).unwrap().status, Status::Succeeded, "a new day");
}

#[test]
fn what_a_shops_code_cannot_take_leaves_no_order_behind() {
    let (mut shop, _) = shop_code();
    let payer = shop.payer;
    let limits = OwnLimits { per_payment: Some(amount(40_000)), ..OwnLimits::default() };
    let limit = |facts: &dyn Facts, _: &mut Context| Ok((set_own_limits(facts, payer, limits, true)?, ()));
    shop.books.step(after(0), limit).unwrap();
    let table = [
        (at_shop(&shop, "a", 50_001), "collection_limit"),
        (at_shop(&shop, "b", 40_001), "limit_reached"),
        (at_shop(&shop, "c", 0), "invalid_value"),
        (at_shop(&shop, "", 1), "invalid_value"),
        (at_shop(&shop, &"n".repeat(65), 1), "invalid_value"),
        (PayCode { note: "\u{202e}".to_owned(), ..at_shop(&shop, "d", 1) }, "invalid_value"),
        (PayCode { proofs: Proofs::NONE, ..at_shop(&shop, "e", 1) }, "proof_void"),
        (PayCode { token: "none".to_owned(), ..at_shop(&shop, "f", 1) }, "not_found"),
    ];
    for (ask, code) in table {
        assert_eq!(pay_shop(&mut shop, after(1), &ask).unwrap_err().code(), code, "{ask:?}");
    }
    let hold = template::hold(payer, yuan(99_990), payer.into());
    shop.books.apply(ChangeSet { postings: hold, ..ChangeSet::default() });
    let short = at_shop(&shop, "g", 11);
    assert_eq!(pay_shop(&mut shop, after(1), &short), Err(Refusal::BalanceInsufficient));
    let freeze = |facts: &dyn Facts, cx: &mut Context| Ok((freeze_own(facts, cx, payer)?, ()));
    shop.books.step(after(1), freeze).unwrap();
    let frozen = at_shop(&shop, "h", 1);
    assert_eq!(pay_shop(&mut shop, after(2), &frozen), Err(Refusal::PayerFrozen));
    assert_eq!((shop.books.all::<Payment>().count(), shop.books.all::<Sending>().count()), (0, 0));
}

#[test]
fn a_shop_that_fixes_its_amount_is_paid_that_or_nothing() {
    let (mut shop, _) = shop_code();
    let app = shop.app;
    let earlier = at_shop(&shop, "n1", 300);
    let paid = pay_shop(&mut shop, after(1), &earlier).unwrap();
    shop.books.step(after(2), |facts, _| collection::fix(facts, app, Some(amount(500)))).unwrap();
    let other = at_shop(&shop, "n2", 300);
    assert_eq!(pay_shop(&mut shop, after(3), &other).unwrap_err().param(), Some("amount"));
    assert_eq!(pay_shop(&mut shop, after(3), &earlier).unwrap(), paid, "what was paid stays");
    let asked_for = at_shop(&shop, "n3", 500);
    assert_eq!(pay_shop(&mut shop, after(3), &asked_for).unwrap().money, yuan(500));
}
