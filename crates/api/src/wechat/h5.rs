//! The page behind an H5 URL: it leads to the cashier.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{Html, IntoResponse, Redirect, Response},
};
use http::{StatusCode, Uri};
use tongbao_core::payment::Payment;
use tongbao_engine::wechat::prepay::{Scanned, prepay_id};

use super::Door;
use crate::refusal::fault;

/// Where it is, as WeChat Pay's is at its own host.
pub(super) const PATH: &str = "/cgi-bin/mmpayweb-bin/checkmweb";

/// The H5 URL of an order. What follows `package` has no meaning here; clients expect it.
pub(super) fn url(base_url: &str, payment: &Payment) -> Option<String> {
    let order = payment.wechat.as_ref()?;
    let package = u32::from_str_radix(order.prepay_token.get(..8)?, 16).ok()?;
    Some(format!("{base_url}{PATH}?prepay_id={}&package={package}", prepay_id(order)))
}

pub(super) async fn open(State(door): State<Arc<Door>>, uri: Uri) -> Response {
    const OVER: &str = "<!doctype html>\n<html lang=\"zh-CN\">\n<head><meta charset=\"utf-8\">\
        <title>支付链接已失效</title></head>\n<body><p>支付链接已失效，请返回商户重新下单。</p></body>\n</html>\n";
    match door.api.engine.scan_wechat(&uri.to_string()) {
        Ok(Scanned::Payment(id)) => Redirect::to(&format!("/cashier/{id}")).into_response(),
        Ok(Scanned::NoCode | Scanned::Unknown | Scanned::Over(_)) => {
            (StatusCode::GONE, Html(OVER)).into_response()
        }
        Err(error) => fault(&error).into_response(),
    }
}
