//! Creating a payment: what is asked for, within its limits, under an order number of its own.

use std::collections::BTreeMap;

use tongbao_money::{Amount, Money};

use super::{Item, Payment, Status, steps::timer};
use crate::{
    ChangeSet, Context, Facts, Key, Refusal, Stop,
    id::{AppId, PaymentId},
    limits::{
        CURRENCIES, CURRENCIES_MUST, DESCRIPTION_CHARS_MAX, EXPIRES_IN_S_MAX, EXPIRES_IN_S_MIN, ITEMS_MAX,
        METADATA_ENTRIES_MAX, METADATA_KEY_CHARS_MAX, METADATA_VALUE_CHARS_MAX, ORDER_NO_CHARS_MAX,
        PAYMENT_AMOUNT_MAX, URL_CHARS_MAX,
    },
    merchant::{self, App, Merchant},
    wechat::WechatOrder,
};

/// What a merchant asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// The merchant's own number.
    pub order_no: String,
    /// How much.
    pub money: Money,
    /// What for.
    pub description: String,
    /// The goods.
    pub items: Vec<Item>,
    /// Whatever the merchant wants kept with it.
    pub metadata: BTreeMap<String, String>,
    /// Where events are sent; checked by the shell.
    pub notify_url: Option<String>,
    /// Where the payer goes afterwards.
    pub return_url: Option<String>,
    /// For how many seconds it may be paid.
    pub expires_in_s: i64,
}

/// Whether a text has from 1 to `max` characters, none of them a control character.
pub(crate) fn is_text(text: &str, max: usize) -> bool {
    !text.is_empty()
        && text.chars().take(max.saturating_add(1)).count() <= max
        && !text.chars().any(char::is_control)
}

/// Whether a text can be an order or refund number: letters, digits and `_-|*.:/@`, as WeChat Pay and
/// Alipay merchants use them.
pub fn is_order_no(text: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*.:/@".contains(&byte);
    (1..=ORDER_NO_CHARS_MAX).contains(&text.len()) && text.bytes().all(known)
}

fn invalid(param: &'static str, must: &'static str) -> Refusal {
    Refusal::Invalid { param, must }
}

impl NewPayment {
    /// Whether every field is within its limits; says which is not.
    pub fn check(&self) -> Result<(), Refusal> {
        if !(EXPIRES_IN_S_MIN..=EXPIRES_IN_S_MAX).contains(&self.expires_in_s) {
            return Err(invalid("expires_in", "from 60 seconds to 7 days, in seconds"));
        }
        self.check_content()
    }

    /// The same without its time, whose limits depend on the door.
    pub(crate) fn check_content(&self) -> Result<(), Refusal> {
        if !is_order_no(&self.order_no) {
            return Err(invalid("order_no", "1 to 64 letters, digits or characters of _-|*.:/@"));
        }
        if self.money.amount.is_zero() || self.money.amount > PAYMENT_AMOUNT_MAX {
            return Err(invalid("amount", "from 1 to 10000000000 minor units"));
        }
        if !CURRENCIES.contains(&self.money.currency.code()) {
            return Err(invalid("currency", CURRENCIES_MUST));
        }
        if !is_text(&self.description, DESCRIPTION_CHARS_MAX) {
            return Err(invalid("description", "1 to 256 characters without control characters"));
        }
        self.check_items()?;
        self.check_metadata()?;
        let short = |url: &Option<String>| url.as_ref().is_none_or(|url| is_text(url, URL_CHARS_MAX));
        if !short(&self.notify_url) {
            return Err(invalid("notify_url", "a URL of at most 2048 characters"));
        }
        let web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if !short(&self.return_url) || !self.return_url.as_ref().is_none_or(web) {
            return Err(invalid("return_url", "an http or https URL of at most 2048 characters"));
        }
        Ok(())
    }

    fn check_items(&self) -> Result<(), Refusal> {
        if self.items.len() > ITEMS_MAX {
            return Err(invalid("items", "at most 50 lines"));
        }
        let fits = |item: &Item| is_text(&item.name, DESCRIPTION_CHARS_MAX) && item.quantity > 0;
        if !self.items.iter().all(fits) {
            return Err(invalid(
                "items",
                "lines with a name of 1 to 256 characters and a quantity of at least 1",
            ));
        }
        if !self.items.iter().all(|item| item.unit_amount <= PAYMENT_AMOUNT_MAX) {
            return Err(invalid("items", "lines with a unit_amount of at most 10000000000 minor units"));
        }
        Ok(())
    }

    fn check_metadata(&self) -> Result<(), Refusal> {
        let fits = |(key, value): (&String, &String)| {
            is_text(key, METADATA_KEY_CHARS_MAX) && value.chars().count() <= METADATA_VALUE_CHARS_MAX
        };
        if self.metadata.len() > METADATA_ENTRIES_MAX || !self.metadata.iter().all(fits) {
            return Err(invalid(
                "metadata",
                "at most 20 entries, keys of 1 to 40 and values of at most 500 characters",
            ));
        }
        Ok(())
    }

    /// Whether an earlier payment under this order number is the same one, asked for again.
    fn is_again(&self, earlier: &Payment) -> bool {
        earlier.wechat.is_none()
            && earlier.money == self.money
            && earlier.description == self.description
            && earlier.items == self.items
            && earlier.metadata == self.metadata
            && earlier.notify_url == self.notify_url
            && earlier.return_url == self.return_url
            && earlier.expires_at == earlier.created_at.plus_s(self.expires_in_s)
    }
}

/// A payment that was created, now or before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The payment.
    pub payment: Payment,
    /// Whether this request created it; otherwise an equal one did.
    pub new: bool,
}

/// Creates a payment, or finds the one that an equal request created.
pub fn create(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    new: &NewPayment,
) -> Result<(ChangeSet, Created), Stop> {
    new.check()?;
    let app = merchant::app(facts, app)?;
    if let Some(earlier) = facts.find::<Payment>(&Key::OrderNo(app.merchant, new.order_no.clone()))? {
        if !new.is_again(earlier) {
            return Err(Refusal::OrderNoUsed(earlier.id).into());
        }
        return Ok((ChangeSet::default(), Created { payment: earlier.clone(), new: false }));
    }
    let mut change = ChangeSet::default();
    let payment = make(facts, cx, &mut change, app, new, |_, _| Ok(None))?;
    Ok((change, Created { payment, new: true }))
}

/// Makes a payment under an order number that is free. `order` is what it remembers for another interface.
pub(crate) fn make(
    facts: &dyn Facts,
    cx: &mut Context,
    change: &mut ChangeSet,
    app: &App,
    new: &NewPayment,
    order: impl FnOnce(&dyn Facts, PaymentId) -> Result<Option<Box<WechatOrder>>, Stop>,
) -> Result<Payment, Stop> {
    let merchant = facts.get::<Merchant>(app.merchant)?.ok_or(Refusal::NotFound("merchant"))?;
    let id = cx.draw();
    let payment = Payment {
        id,
        version: 1,
        merchant: merchant.id,
        app: app.id,
        order_no: new.order_no.clone(),
        money: new.money,
        description: new.description.clone(),
        items: new.items.clone(),
        metadata: new.metadata.clone(),
        notify_url: new.notify_url.clone(),
        return_url: new.return_url.clone(),
        status: Status::Open,
        fee_rate: merchant.fee_rate,
        fee: Amount::ZERO,
        fee_returned: Amount::ZERO,
        refund_claimed: Amount::ZERO,
        refunded: Amount::ZERO,
        refund_count: 0,
        attempts: Vec::new(),
        created_at: cx.at(),
        expires_at: cx.at().plus_s(new.expires_in_s),
        succeeded_at: None,
        closed_at: None,
        wechat: order(facts, id)?,
    };
    change.tasks.push(timer(&payment));
    change.put(payment.clone());
    Ok(payment)
}
