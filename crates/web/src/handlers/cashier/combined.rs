//! A combined order on the cashier: its payments, shown as one that comes to what all of them come to.

use tongbao_core::{
    id::WechatCombinedOrderId,
    merchant::{App, Merchant},
    payment::{Item, Payment},
    wechat::{WechatCombinedOrder, combine::total},
};
use tongbao_engine::Engine;
use tongbao_store::Fault;

/// The first of its payments, with the sum, the name of who combines, and a line for each of them. They are all in
/// the same state, so its state is that of all. Shown and never stored.
pub(super) fn picture(engine: &Engine, id: WechatCombinedOrderId) -> Result<Option<Payment>, Fault> {
    let store = &engine.store;
    let Some(order) = store.get::<WechatCombinedOrder>(id)? else { return Ok(None) };
    let payments: Vec<Payment> = order
        .sub_orders
        .iter()
        .filter_map(|sub| store.get::<Payment>(sub.payment).transpose())
        .collect::<Result<_, _>>()?;
    let Some(first) = payments.first().cloned() else { return Ok(None) };
    let merchant = store.get::<App>(order.app)?.map_or(first.merchant, |app| app.merchant);
    let items = payments.iter().map(|payment| line(engine, payment)).collect::<Result<_, Fault>>()?;
    let refunded = payments.iter().filter_map(|payment| {
        let refunded = payment.refunded;
        (!refunded.is_zero()).then_some(refunded)
    });
    let refunded = refunded.fold(tongbao_money::Amount::ZERO, |sum, part| sum.plus(part).unwrap_or(sum));
    Ok(Some(Payment {
        merchant,
        money: total(&payments),
        order_no: order.terms.out_trade_no,
        items,
        refunded,
        ..first
    }))
}

/// What one of its payments is for, and whom it pays.
fn line(engine: &Engine, payment: &Payment) -> Result<Item, Fault> {
    let merchant = engine.store.get::<Merchant>(payment.merchant)?;
    let name = merchant.map(|merchant| merchant.name).unwrap_or_default();
    let name = format!("{name} · {}", payment.description);
    Ok(Item { name, quantity: 1, unit_amount: payment.money.amount })
}
