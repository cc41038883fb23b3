//! What a combined order looks like to its merchant: in answers to queries, and in its one notification.

use serde::Serialize;
use tongbao_channel::wechat::time::rfc3339_ms;
use tongbao_core::{Time, payment::Payment, wechat::combine::CombinedPicture};
use tongbao_engine::Engine;

use crate::wechat::orders::{BANK_TYPE, PayerBody, SceneBody, state};

/// A combined order, as queries answer it and its notification tells it.
#[derive(Debug, Serialize)]
pub(in crate::wechat) struct CombinedBody {
    combine_appid: String,
    combine_mchid: String,
    combine_out_trade_no: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    combine_payer_info: Option<PayerBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneBody>,
    sub_orders: Vec<SubBody>,
}

#[derive(Debug, Serialize)]
struct SubBody {
    amount: SubAmountBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bank_type: Option<&'static str>,
    mchid: String,
    out_trade_no: String,
    /// Always empty: there are no coupons here.
    #[serde(skip_serializing_if = "Option::is_none")]
    promotion_detail: Option<[(); 0]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    success_time: Option<String>,
    trade_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trade_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct SubAmountBody {
    currency: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer_amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer_currency: Option<&'static str>,
    total_amount: i64,
}

impl SubBody {
    fn of(payment: &Payment, now: Time) -> Option<SubBody> {
        let order = payment.wechat.as_ref()?;
        let (paid, total_amount) = (payment.paid_by(), payment.money.amount.minor());
        let (trade_state, _) = state(payment, now);
        Some(SubBody {
            amount: SubAmountBody {
                currency: "CNY",
                payer_amount: paid.map(|_| total_amount),
                payer_currency: paid.map(|_| "CNY"),
                total_amount,
            },
            attach: order.terms.attach.clone(),
            bank_type: paid.map(|_| BANK_TYPE),
            mchid: order.terms.mchid.clone(),
            out_trade_no: payment.order_no.clone(),
            promotion_detail: paid.map(|_| []),
            success_time: payment.succeeded_at.map(rfc3339_ms),
            trade_state,
            trade_type: paid.map(|_| order.terms.trade_type.name()),
            transaction_id: paid.map(|_| order.transaction_id.clone()),
        })
    }
}

impl CombinedBody {
    pub(in crate::wechat) fn of(engine: &Engine, picture: &CombinedPicture) -> CombinedBody {
        let CombinedPicture { order, payments } = picture;
        let paid = payments.first().and_then(Payment::paid_by);
        let openid = paid.map(|attempt| match &order.terms.openid {
            Some(openid) => openid.clone(),
            None => engine.wechat_openid(&order.terms.appid, attempt.payer),
        });
        CombinedBody {
            combine_appid: order.terms.appid.clone(),
            combine_mchid: order.terms.mchid.clone(),
            combine_out_trade_no: order.terms.out_trade_no.clone(),
            combine_payer_info: openid.map(|openid| PayerBody { openid }),
            scene_info: order.terms.device_id.clone().map(|device_id| SceneBody { device_id }),
            sub_orders: payments.iter().filter_map(|payment| SubBody::of(payment, engine.now())).collect(),
        }
    }
}
