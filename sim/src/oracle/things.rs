//! Payments, refunds, transfers: each has ended, as the channel knows it did, and is there once, as it was
//! acknowledged.

use serde_json::Value;
use tongbao_core::{
    id::PaymentId,
    payment::{AttemptStatus, Failure, Method, Payment, Status},
    refund::{Refund, RefundStatus, Target},
    transfer::{Transfer, TransferStatus},
    wechat::WechatTransferBatch,
};

use super::Holdings;
use crate::{
    acts::{Aim, Request},
    bank::{DealStatus, Payout},
    sim::Sim,
    state::State,
};

/// Checks that all has ended, and as the channel says.
pub(super) fn check(held: &Holdings, state: &State, found: &mut Vec<String>) {
    for payment in held.all::<Payment>() {
        if !matches!(payment.status, Status::Succeeded | Status::Closed) {
            found.push(format!("{} is still {:?}", payment.id, payment.status));
        }
        for attempt in payment.attempts.iter().filter(|attempt| attempt.method == Method::SandboxBank) {
            let Some(deal) = state.bank.deals.get(&attempt.id) else {
                found.push(format!("the bank never heard of {}", attempt.id));
                continue;
            };
            let fits = match attempt.status {
                // The payers of these worlds prove all that is asked for in one request.
                AttemptStatus::Challenged | AttemptStatus::Unproven | AttemptStatus::Processing => false,
                AttemptStatus::Succeeded | AttemptStatus::Returned => deal.status == DealStatus::Took,
                AttemptStatus::Failed => deal.status == DealStatus::Declined,
            };
            if !fits {
                let (is, was) = (attempt.status, deal.status);
                found.push(format!("{} is {is:?}, and the bank {was:?}", attempt.id));
            }
            if attempt.failure == Some(Failure::Declined) && !deal.said_failed {
                found.push(format!("{} counts as declined, which the bank never said", attempt.id));
            }
        }
    }
    for refund in held.all::<Refund>() {
        let paid = state.bank.payouts.get(&refund.id).map(Payout::is_paid);
        let fits = match (refund.target, refund.status) {
            (_, RefundStatus::Accepted | RefundStatus::Processing) => false,
            (Target::Balance(_), status) => status == RefundStatus::Succeeded && paid.is_none(),
            (Target::Channel(_), RefundStatus::Succeeded) => paid == Some(true),
            (Target::Channel(_), RefundStatus::Failed | RefundStatus::Abnormal) => paid == Some(false),
        };
        if !fits {
            found.push(format!("{} is {:?}, and the bank paid: {paid:?}", refund.id, refund.status));
        }
    }
    for transfer in held.all::<Transfer>() {
        if transfer.status == TransferStatus::Offered || transfer.ended_at.is_none() {
            found.push(format!("{} is still offered", transfer.id));
        }
    }
    for batch in held.all::<WechatTransferBatch>() {
        let of = |transfer: &&Transfer| transfer.detail.is_some_and(|detail| detail.batch == batch.id);
        let paid: i64 = held.all::<Transfer>().filter(of).map(|it| it.money.amount.minor()).sum();
        let back = batch.returned.minor();
        if !batch.is_finished() || paid.saturating_add(back) != batch.total.amount.minor() {
            found.push(format!("{} paid {paid} and returned {back} of {:?}", batch.id, batch.total));
        }
    }
    acknowledged(held, state, found);
}

fn acknowledged(held: &Holdings, state: &State, found: &mut Vec<String>) {
    for (id, known) in &state.book.payments {
        let fits = held.get::<Payment>(*id).is_some_and(|payment| {
            payment.order_no == known.number && payment.money.amount.minor() == known.amount
        });
        let same = |payment: &&Payment| {
            payment.order_no == known.number && state.shop_of(payment.merchant) == Some(known.shop)
        };
        let count = held.all::<Payment>().filter(same).count();
        if !fits || count != 1 {
            found.push(format!("{id} was acknowledged as {known:?} and is there {count} times"));
        }
    }
    for (id, known) in &state.book.refunds {
        let fits = held.get::<Refund>(*id).is_some_and(|refund| {
            refund.refund_no() == Some(&known.number) && refund.money.amount.minor() == known.amount
        });
        if !fits {
            found.push(format!("{id} was acknowledged as {known:?} and is not there like that"));
        }
    }
    for (id, minor) in &state.book.transfers {
        if held.get::<Transfer>(*id).is_none_or(|transfer| transfer.money.amount.minor() != *minor) {
            found.push(format!("{id} was acknowledged and is not there like that"));
        }
    }
}

/// Asks the API for every payment that was acknowledged.
pub(super) fn ask_again(sim: &mut Sim, found: &mut Vec<String>) {
    let known: Vec<(PaymentId, usize, i64, String)> = {
        let state = sim.shared().lock();
        let secret = |shop: usize| state.shops.get(shop).map(|shop| shop.key.clone()).unwrap_or_default();
        let line = |(id, known): (&PaymentId, &crate::book::Acknowledged)| {
            (*id, known.shop, known.amount, secret(known.shop))
        };
        state.book.payments.iter().map(line).collect()
    };
    for (id, shop, amount, secret) in known {
        let path = format!("/v1/payments/{id}");
        let (method, body, key) = ("GET", String::new(), None);
        let request = Request { shop, secret, method, path, body, key, aim: Aim::Look };
        let said = match sim.ask(request) {
            Ok((200, body)) => serde_json::from_str::<Value>(&body).unwrap_or_default(),
            other => {
                found.push(format!("{id} was acknowledged, and the API says {other:?}"));
                continue;
            }
        };
        if said.get("amount").and_then(Value::as_i64) != Some(amount) {
            found.push(format!("{id} was acknowledged with {amount}, and the API says {said}"));
        }
    }
}
