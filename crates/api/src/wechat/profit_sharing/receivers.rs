//! `/v3/profitsharing/receivers/{add,delete}`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::error::{InternalCode, Location, Refusal};
use tongbao_core::{
    Facts,
    profit_sharing::receiver::{self, Added, NewReceiver},
};

use super::{ACCOUNT_CHARS_MAX, NAME_CIPHERTEXT_CHARS_MAX, ReceiverType, invalid};
use crate::wechat::{
    Door,
    answer::Answer,
    auth::Call,
    fields::{of_error, of_fault, optional, text, unexpected, wrong},
    place,
    transfers::{encrypted, sealed_name},
};

/// What a receiver is to the merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Relation {
    Store,
    Staff,
    StoreOwner,
    Partner,
    Headquarter,
    Brand,
    Distributor,
    User,
    Supplier,
    ServiceProvider,
    Custom,
}

impl Relation {
    const fn name(self) -> &'static str {
        match self {
            Relation::Store => "STORE",
            Relation::Staff => "STAFF",
            Relation::StoreOwner => "STORE_OWNER",
            Relation::Partner => "PARTNER",
            Relation::Headquarter => "HEADQUARTER",
            Relation::Brand => "BRAND",
            Relation::Distributor => "DISTRIBUTOR",
            Relation::User => "USER",
            Relation::Supplier => "SUPPLIER",
            Relation::ServiceProvider => "SERVICE_PROVIDER",
            Relation::Custom => "CUSTOM",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddReceiver {
    appid: String,
    #[serde(rename = "type")]
    kind: ReceiverType,
    account: String,
    name: Option<String>,
    relation_type: Relation,
    custom_relation: Option<String>,
}

impl AddReceiver {
    fn check(&self) -> Result<(), Refusal> {
        text("/appid", &self.appid, 32)?;
        text("/account", &self.account, ACCOUNT_CHARS_MAX)?;
        optional("/name", self.name.as_ref(), NAME_CIPHERTEXT_CHARS_MAX)?;
        optional("/custom_relation", self.custom_relation.as_ref(), 10)?;
        match (self.relation_type, &self.custom_relation) {
            (Relation::Custom, None) => return Err(Refusal::missing("/custom_relation", Location::Body)),
            (Relation::Custom, Some(_)) | (_, None) => {}
            (_, Some(_)) => {
                let must = "仅relation_type为CUSTOM时可以填写";
                return Err(
                    wrong("/custom_relation", must, Location::Body).numbered(InternalCode::EXTRA_PARAMETER)
                );
            }
        }
        match (self.kind, &self.name) {
            (ReceiverType::Merchant, None) => Err(Refusal::missing("/name", Location::Body)),
            (ReceiverType::Merchant | ReceiverType::Person, _) => Ok(()),
        }
    }
}

/// What adding one is answered with.
#[derive(Debug, Serialize)]
struct ReceiverBody {
    #[serde(rename = "type")]
    kind: ReceiverType,
    account: String,
    /// Encrypted for the certificate that signed the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    relation_type: Relation,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom_relation: Option<String>,
}

pub(super) async fn add(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let mut body: AddReceiver = call.json()?;
    body.check()?;
    if !call.merchant.record.appids.contains(&body.appid) {
        return Err(place::not_bound());
    }
    let payer = match body.kind {
        ReceiverType::Merchant => None,
        ReceiverType::Person => {
            let found = door.api.engine.wechat_payer(&body.appid, &body.account);
            Some(found.ok_or_else(|| invalid("appid与openid不匹配"))?)
        }
    };
    let name = match body.name.take() {
        Some(ciphertext) => Some(sealed_name(&door, &call, "/name", ciphertext).await?),
        None => None,
    };
    let shown = name.as_ref().map(|name| encrypted(&door, &call, name)).transpose();
    let shown = shown.map_err(|fault| of_fault(&fault))?.flatten();
    let new = NewReceiver {
        mchid: call.mchid().to_owned(),
        account: body.account.clone(),
        payer,
        name,
        relation: body.relation_type.name().to_owned(),
        custom_relation: body.custom_relation.clone(),
    };
    let decide = move |facts: &dyn Facts, cx: &mut _| receiver::add(facts, cx, &new);
    let added = door.api.engine.step(call.input("add_sharing_receiver"), decide).await;
    match added.map_err(|error| of_error(&error, unexpected))? {
        Added::Done => Ok(Answer::json(&ReceiverBody {
            kind: body.kind,
            account: body.account,
            name: shown,
            relation_type: body.relation_type,
            custom_relation: body.custom_relation,
        })),
        Added::UnknownAccount => Err(wrong("/account", "对应的接收方不存在", Location::Body)),
        Added::Itself => Err(invalid("分账接收方不能是分账方自己")),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteReceiver {
    appid: String,
    #[serde(rename = "type")]
    kind: ReceiverType,
    account: String,
}

/// What deleting one is answered with.
#[derive(Debug, Serialize)]
struct DeletedBody {
    #[serde(rename = "type")]
    kind: ReceiverType,
    account: String,
}

pub(super) async fn delete(door: Arc<Door>, call: Call) -> Result<Answer, Refusal> {
    let body: DeleteReceiver = call.json()?;
    text("/account", &body.account, ACCOUNT_CHARS_MAX)?;
    if !call.merchant.record.appids.contains(&body.appid) {
        return Err(place::not_bound());
    }
    let (mchid, account) = (call.mchid().to_owned(), body.account.clone());
    let decide =
        move |facts: &dyn Facts, _: &mut _| receiver::delete(facts, &mchid, body.kind.kind(), &account);
    let deleted = door.api.engine.run(call.input("delete_sharing_receiver"), decide).await;
    deleted.map_err(|error| of_error(&error, unexpected))?;
    Ok(Answer::json(&DeletedBody { kind: body.kind, account: body.account }))
}
