//! What a payment may be made of: the check agrees with the limits as the documentation states them, written
//! down here a second time.

use std::collections::BTreeMap;

use tongbao_core::{
    Refusal,
    payment::{
        Item,
        create::{NewPayment, is_order_no},
    },
};
use tongbao_money::{Amount, Currency, Money};

use super::Target;
use crate::{bytes::Bytes, driver::reached};

/// See the module.
pub const TARGET: Target = Target {
    name: "new_payments",
    run: target,
    words: &[
        "\u{5}order",
        "https://",
        "http://",
        "javascript:",
        "\u{7f}",
        "\u{85}",
        "\n",
        "通宝",
        "_-|*.:/@",
        "\u{200b}",
        "é",
    ],
};

/// Currencies, some of which payments are not taken in.
const CODES: [&str; 6] = ["CNY", "USD", "TWD", "KWD", "INR", "BHD"];

/// Takes an input: the fields of a payment.
pub fn target(input: &[u8]) {
    let mut bytes = Bytes::new(input);
    let new = new_payment(&mut bytes);
    match new.check() {
        Ok(()) => {
            reached("accepted");
            for (param, holds) in laws(&new) {
                assert!(holds, "accepted in spite of its {param}: {new:?}");
            }
        }
        Err(Refusal::Invalid { param, .. }) => {
            reached(param);
            let broken = laws(&new).iter().any(|(law, holds)| *law == param && !holds);
            assert!(broken, "refused for its {param}: {new:?}");
        }
        Err(other) => panic!("{other:?} is not about a field"),
    }
}

fn new_payment(bytes: &mut Bytes<'_>) -> NewPayment {
    let minor = bytes.long() >> (bytes.byte() % 64);
    let amount = Amount::new(minor).unwrap_or(Amount::MAX);
    let code = bytes.pick(&CODES).expect("there are codes");
    let currency = Currency::parse(code).expect("ISO 4217 has all of them");
    let repeated = |bytes: &mut Bytes<'_>| bytes.text().repeat(usize::from(bytes.byte()) % 12);
    let url = |bytes: &mut Bytes<'_>| (!bytes.byte().is_multiple_of(2)).then(|| repeated(bytes));
    NewPayment {
        order_no: bytes.text(),
        money: Money { amount, currency },
        description: repeated(bytes),
        items: (0..bytes.byte() % 60).map(|_| item(bytes)).collect(),
        metadata: (0..bytes.byte() % 30).map(|_| (bytes.text(), repeated(bytes))).collect::<BTreeMap<_, _>>(),
        notify_url: url(bytes),
        return_url: url(bytes)
            .map(|rest| if bytes.byte().is_multiple_of(2) { format!("https://{rest}") } else { rest }),
        expires_in_s: 60 + i64::from(bytes.short()) * i64::from(bytes.byte()) - i64::from(bytes.byte()),
    }
}

fn item(bytes: &mut Bytes<'_>) -> Item {
    let unit_amount = Amount::new(bytes.long() >> (bytes.byte() % 64)).unwrap_or_default();
    Item {
        name: format!("{}x", bytes.text()),
        quantity: u32::from(bytes.byte().wrapping_add(1)),
        unit_amount,
    }
}

fn is_text(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// The documented limits, each with the name of its field.
fn laws(new: &NewPayment) -> [(&'static str, bool); 9] {
    let order_no =
        new.order_no.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-|*.:/@".contains(letter));
    let item = |item: &Item| {
        is_text(&item.name, 256)
            && item.quantity >= 1
            && (0..=10_000_000_000).contains(&item.unit_amount.minor())
    };
    let entry = |(key, value): (&String, &String)| is_text(key, 40) && value.chars().count() <= 500;
    let web =
        |url: &String| is_text(url, 2_048) && (url.starts_with("https://") || url.starts_with("http://"));
    assert_eq!(is_order_no(&new.order_no), order_no && (1..=64).contains(&new.order_no.len()));
    [
        ("order_no", is_order_no(&new.order_no)),
        ("amount", (1..=10_000_000_000).contains(&new.money.amount.minor())),
        ("currency", !["KWD", "INR", "BHD"].contains(&new.money.currency.code())),
        ("description", is_text(&new.description, 256)),
        ("expires_in", (60..=604_800).contains(&new.expires_in_s)),
        ("items", new.items.len() <= 50 && new.items.iter().all(item)),
        ("metadata", new.metadata.len() <= 20 && new.metadata.iter().all(entry)),
        ("notify_url", new.notify_url.as_ref().is_none_or(|url| is_text(url, 2_048))),
        ("return_url", new.return_url.as_ref().is_none_or(web)),
    ]
}
