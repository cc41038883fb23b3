//! The page behind an H5 URL: it leads to the cashier.

use std::sync::Arc;

use axum::{
    extract::{Query, State},
    response::{Html, IntoResponse, Redirect, Response},
};
use http::{StatusCode, Uri};
use tongbao_core::{
    Actor,
    id::PaymentId,
    payment::Payment,
    wechat::{
        WechatCombinedOrder,
        order::{self, Prepay},
    },
};
use tongbao_engine::{
    Engine, Error, Input,
    wechat::prepay::{Scanned, prepay_id},
};
use tongbao_store::Fault;

use super::Door;
use crate::refusal::fault;

/// Where it is, as WeChat Pay's is at its own host.
pub(super) const PATH: &str = "/cgi-bin/mmpayweb-bin/checkmweb";

/// The H5 URL of an order. What follows `package` has no meaning here; clients expect it.
pub(super) fn url(base_url: &str, prepay: &Prepay) -> Option<String> {
    let package = u32::from_str_radix(prepay.code.token.get(..8)?, 16).ok()?;
    Some(format!("{base_url}{PATH}?prepay_id={}&package={package}", prepay_id(prepay)))
}

/// The parameter that a merchant's page may add: where the payer goes afterwards.
const REDIRECT_URL: &str = "redirect_url";

pub(super) async fn open(State(door): State<Arc<Door>>, uri: Uri) -> Response {
    let (cashier, payment) = match leads_to(&door.api.engine, &uri) {
        Ok(Some(found)) => found,
        Ok(None) => return page(StatusCode::GONE, "支付链接已失效", "支付链接已失效，请返回商户重新下单。"),
        Err(error) => return fault(&error).into_response(),
    };
    match keep_return(&door.api.engine, payment, &uri).await {
        Ok(()) => Redirect::to(&format!("/cashier/{cashier}")).into_response(),
        Err(Error::Refused(_)) => {
            let what = "redirect_url须为http或https开头的完整URL，并经过URL编码。";
            page(StatusCode::BAD_REQUEST, "商家参数格式有误", what)
        }
        Err(Error::Fault(error)) => fault(&error).into_response(),
    }
}

/// The id that the cashier knows, and the payment that remembers where the payer goes afterwards: of a combined
/// order, the first.
fn leads_to(engine: &Engine, uri: &Uri) -> Result<Option<(String, PaymentId)>, Fault> {
    Ok(match engine.scan_wechat(&uri.to_string())? {
        Scanned::Payment(id) => Some((id.to_string(), id)),
        Scanned::Combined(id) => {
            let order = engine.store.get::<WechatCombinedOrder>(id)?;
            let first = order.and_then(|order| order.sub_orders.first().map(|sub| sub.payment));
            first.map(|first| (id.to_string(), first))
        }
        Scanned::NoCode | Scanned::Unknown | Scanned::Over(_) => None,
    })
}

async fn keep_return(engine: &Engine, payment: PaymentId, uri: &Uri) -> Result<(), Error> {
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(uri).unwrap_or_default();
    let Some((_, url)) = pairs.into_iter().find(|(name, _)| name == REDIRECT_URL) else { return Ok(()) };
    let Some(known) = engine.store.get::<Payment>(payment)? else { return Ok(()) };
    // The merchant's page wrote the address.
    let input = Input { actor: Actor::App(known.app), name: "keep_return_url" };
    engine.run(input, move |facts, _| order::return_to(facts, payment, &url)).await
}

fn page(status: StatusCode, title: &'static str, text: &'static str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><p>{text}</p></body>\n</html>\n"
    );
    (status, Html(html)).into_response()
}
