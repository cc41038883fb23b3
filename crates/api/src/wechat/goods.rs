//! The goods of an order: the same rules whichever endpoint they come to, and whatever it calls their fields.

use tongbao_channel::wechat::error::{Location, Refusal};

use super::fields::{optional, text, wrong};

/// Lines of goods in one order.
const GOODS_MAX: usize = 6_000;

/// A line of goods.
pub(super) struct Goods<'a> {
    pub(super) merchant_id: &'a str,
    /// The name of the field that has the platform's number, and the number.
    pub(super) platform_id: (&'static str, Option<&'a String>),
    pub(super) name: Option<&'a String>,
    pub(super) quantity: u32,
    pub(super) unit_price: i64,
}

/// What stands beside the goods, checked together with them.
pub(super) fn check<'a, L>(
    invoice_id: Option<&String>,
    cost_price: Option<i64>,
    goods: Option<&'a [L]>,
) -> Result<(), Refusal>
where
    &'a L: Into<Goods<'a>>,
{
    optional("/detail/invoice_id", invoice_id, 32)?;
    if cost_price.is_some_and(|price| price < 0) {
        return Err(wrong("/detail/cost_price", "不能为负数", Location::Body));
    }
    let Some(goods) = goods else { return Ok(()) };
    if !(1..=GOODS_MAX).contains(&goods.len()) {
        return Err(wrong("/detail/goods_detail", "须有1至6000项", Location::Body));
    }
    for (at, goods) in goods.iter().enumerate() {
        let goods: Goods<'_> = goods.into();
        let field = |name| format!("/detail/goods_detail/{at}/{name}");
        text(&field("merchant_goods_id"), goods.merchant_id, 32)?;
        let (name, number) = goods.platform_id;
        optional(&field(name), number, 32)?;
        optional(&field("goods_name"), goods.name, 256)?;
        if goods.quantity == 0 {
            return Err(wrong(&field("quantity"), "须为大于0的整数", Location::Body));
        }
        if goods.unit_price < 0 {
            return Err(wrong(&field("unit_price"), "不能为负数", Location::Body));
        }
    }
    Ok(())
}
