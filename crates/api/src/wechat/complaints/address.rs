//! `/v3/merchant-service/complaint-notifications`: where a merchant number is told of complaints.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    response::Response,
    routing::get,
};
use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::error::{Code, Refusal};
use tongbao_core::{
    Facts, Key,
    wechat::{
        WechatMerchant,
        merchant::{self, AddressChange, AddressChanged, ComplaintAddress},
    },
};

use super::Nothing;
use crate::wechat::{
    Door,
    answer::Answer,
    auth::Call,
    fields::{notify_url, of_error, of_fault, unexpected},
    run,
};

pub(super) fn routes() -> Router<Arc<Door>> {
    const ADDRESS: &str = "/v3/merchant-service/complaint-notifications";
    Router::new()
        .route(ADDRESS, get(get_address).post(create_address).put(replace_address).delete(delete_address))
}

async fn get_address(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, async |door, call| show(&door, &call)).await
}

async fn create_address(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, async |door, call| set(&door, &call, AddressChange::Create).await).await
}

async fn replace_address(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, async |door, call| set(&door, &call, AddressChange::Replace).await).await
}

async fn delete_address(State(door): State<Arc<Door>>, request: Request) -> Response {
    run(door, request, async |door, call| {
        let Nothing {} = call.query()?;
        change(&door, &call, AddressChange::Delete).await.map(|()| Answer::nothing())
    })
    .await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetAddress {
    url: String,
}

#[derive(Debug, Serialize)]
struct AddressBody<'a> {
    mchid: &'a str,
    url: &'a str,
}

fn missing() -> Refusal {
    Refusal::new(Code::ResourceNotExists, "未设置投诉通知回调地址")
}

/// What a merchant has just set is not yet in the keys that are looked up for it, so the store is asked.
fn show(door: &Door, call: &Call) -> Result<Answer, Refusal> {
    let Nothing {} = call.query()?;
    let key = Key::WechatMerchant(call.mchid().to_owned());
    let found = door.api.engine.store.find::<WechatMerchant>(key).map_err(|fault| of_fault(&fault))?;
    let address = found.and_then(|found| found.complaint_address).ok_or_else(missing)?;
    Ok(Answer::json(&AddressBody { mchid: call.mchid(), url: &address.url }))
}

async fn set(
    door: &Door,
    call: &Call,
    how: fn(ComplaintAddress) -> AddressChange,
) -> Result<Answer, Refusal> {
    let SetAddress { url } = call.json()?;
    notify_url("/url", &url, door.api.engine.mode.webhook_policy())?;
    let address = ComplaintAddress { url: url.clone(), by_public_key: call.by_public_key };
    change(door, call, how(address)).await?;
    Ok(Answer::json(&AddressBody { mchid: call.mchid(), url: &url }))
}

async fn change(door: &Door, call: &Call, wanted: AddressChange) -> Result<(), Refusal> {
    let mchid = call.mchid().to_owned();
    let decide =
        move |facts: &dyn Facts, _: &mut _| merchant::change_complaint_address(facts, &mchid, &wanted);
    let changed = door.api.engine.step(call.input("change_complaint_address"), decide).await;
    match changed.map_err(|error| of_error(&error, unexpected))? {
        AddressChanged::Done => Ok(()),
        AddressChanged::Missing => Err(missing()),
        AddressChanged::Exists => {
            Err(Refusal::new(Code::InvalidRequest, "已设置投诉通知回调地址，请使用更新接口"))
        }
    }
}
