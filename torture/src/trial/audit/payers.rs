//! The payers' money, found out by paying: no more than the expected balance can be spent, and all of it can.

use serde_json::json;

use super::things::Things;
use crate::{
    book::Broken,
    client::Ask,
    load::Load,
    output::Failure,
    sandbox::Payer,
    wire::{Attempt, Payment},
};

/// Compares each payer's balance with what the things say it must be.
pub(super) async fn compare(load: &Load, things: &Things) -> Result<(), Failure> {
    for payer in &load.payers {
        let from_balance = |payment: &&Payment| {
            payment.payer.as_ref() == Some(&payer.id) && payment.method.as_deref() == Some("balance")
        };
        let spent =
            things.paid().filter(from_balance).map(|payment| payment.amount - payment.amount_refunded);
        let left = payer.balance - spent.sum::<i64>();
        if left < 0 {
            load.book.broken(Broken::Doubled, format_args!("{} spent {} more than it had", payer.id, -left));
            continue;
        }
        // Asking for too much first: it must fail, and leave the balance as it is.
        if can_pay(load, payer, left + 1).await? {
            load.book.broken(Broken::Doubled, format_args!("{} has more than {left} fen", payer.id));
        } else if left > 0 && !can_pay(load, payer, left).await? {
            load.book.broken(Broken::Lost, format_args!("{} has less than {left} fen", payer.id));
        }
    }
    Ok(())
}

async fn can_pay(load: &Load, payer: &Payer, amount: i64) -> Result<bool, Failure> {
    let order_no = format!("audit/{}/{amount}", payer.id);
    let new =
        json!({"order_no": order_no, "amount": amount, "currency": "CNY", "description": "the balance"});
    let payment: Payment = load.client.ask(&Ask::post("/v1/payments", Some(&new), None)).await?.read()?;
    let pay = json!({"payer": payer.id, "code": payment.id, "method": "balance"});
    let answer = load.client.ask(&Ask::post("/sandbox/phone/pay", Some(&pay), None)).await?;
    Ok(answer.read::<Attempt>()?.paid)
}
