//! `/v3/profitsharing/return-orders`: a receiver gives a share back, and looking that up.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    error::{Code, InternalCode, Location, Refusal},
    time::rfc3339,
};
use tongbao_core::{
    Facts, Key,
    profit_sharing::{
        SharingReturn,
        giving_back::{self, NewReturn, OrderName, ReturnResult, Returned},
    },
};

use super::{DESCRIPTION_CHARS_MAX, invalid, missing, orders::out_order_no};
use crate::wechat::{
    Door, Number,
    answer::Answer,
    auth::{Call, unknown_merchant},
    fields::{amount, of_error, of_fault, text, unexpected},
    number,
};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateReturn {
    order_id: Option<String>,
    out_order_no: Option<String>,
    out_return_no: String,
    return_mchid: String,
    amount: i64,
    description: String,
}

impl CreateReturn {
    fn read(self, mchid: &str) -> Result<NewReturn, Refusal> {
        out_order_no("/out_return_no", &self.out_return_no, Location::Body)?;
        text("/return_mchid", &self.return_mchid, 32)?;
        text("/description", &self.description, DESCRIPTION_CHARS_MAX)?;
        let amount = amount("/amount", self.amount)?;
        // The platform's number wins if both are there, as with refunds.
        let order = match (self.order_id, self.out_order_no) {
            (Some(id), _) => {
                text("/order_id", &id, 64)?;
                OrderName::OrderId(id)
            }
            (None, Some(number)) => {
                out_order_no("/out_order_no", &number, Location::Body)?;
                OrderName::OutOrderNo(number)
            }
            (None, None) => return Err(Refusal::missing("/order_id", Location::Body)),
        };
        Ok(NewReturn {
            mchid: mchid.to_owned(),
            order,
            out_return_no: self.out_return_no,
            return_mchid: self.return_mchid,
            amount,
            description: self.description,
        })
    }
}

/// A return as it is answered.
#[derive(Debug, Serialize)]
struct ReturnBody {
    order_id: String,
    out_order_no: String,
    out_return_no: String,
    return_id: String,
    return_mchid: String,
    amount: i64,
    description: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    fail_reason: Option<&'static str>,
    create_time: String,
    finish_time: String,
}

impl ReturnBody {
    fn of(given: &SharingReturn) -> ReturnBody {
        let (result, fail_reason) = match given.result {
            ReturnResult::Succeeded => ("SUCCESS", None),
            ReturnResult::BalanceNotEnough => ("FAILED", Some("BALANCE_NOT_ENOUGH")),
        };
        ReturnBody {
            order_id: given.order_id.clone(),
            out_order_no: given.out_order_no.clone(),
            out_return_no: given.out_return_no.clone(),
            return_id: given.return_id.clone(),
            return_mchid: given.return_mchid.clone(),
            amount: given.money.amount.minor(),
            description: given.description.clone(),
            result,
            fail_reason,
            create_time: rfc3339(given.created_at),
            finish_time: rfc3339(given.created_at),
        }
    }
}

/// `POST /v3/profitsharing/return-orders`.
pub(super) async fn create(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let new = call.json::<CreateReturn>()?.read(call.mchid())?;
    let decide = move |facts: &dyn Facts, cx: &mut _| giving_back::create(facts, cx, &new);
    let returned = door.api.engine.step(call.input("return_share"), decide).await;
    match returned.map_err(|error| of_error(&error, unexpected))? {
        Returned::Made(given) => Ok(Answer::json(&ReturnBody::of(&given))),
        Returned::UnknownMerchant => Err(unknown_merchant()),
        Returned::UnknownOrder => Err(missing("分账单不存在")),
        Returned::Differs => {
            Err(invalid("回退单号已存在但信息不一致").numbered(InternalCode::REENTRY_DIFFERS))
        }
        Returned::NoShare => Err(invalid("回退方不是该分账单的商户接收方")),
        Returned::TooLarge => Err(invalid("回退金额超过可回退金额")),
        Returned::TooMany => Err(Refusal::new(Code::RuleLimit, "分账回退次数已达上限")),
        Returned::TooLate => Err(invalid("分账单已超过可回退的期限")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfOrder {
    out_order_no: String,
}

/// `GET /v3/profitsharing/return-orders/{out_return_no}`.
pub(super) fn get(door: &Door, call: &Call, path: Number) -> Result<Answer, Refusal> {
    let number = number("out_return_no", path)?;
    out_order_no("out_return_no", &number, Location::Path)?;
    let of: OfOrder = call.query()?;
    let key = Key::SharingReturnNo(call.merchant.record.merchant, number);
    let found = door.api.engine.store.find::<SharingReturn>(key).map_err(|fault| of_fault(&fault))?;
    let own = found.filter(|given| given.out_order_no == of.out_order_no);
    own.map(|given| Answer::json(&ReturnBody::of(&given))).ok_or_else(|| missing("回退单不存在"))
}
