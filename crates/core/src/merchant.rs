//! Merchants and their apps.

use serde::{Deserialize, Serialize};
use tongbao_money::BasisPoints;

use crate::{
    ChangeSet, Context, Facts, Stop, Time,
    endpoint::{WebhookSecret, rotated},
    id::{AppId, EndpointId, MerchantId},
};

/// Who is paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// How often it changed.
    pub version: u32,
    /// What payers see.
    pub name: String,
    /// The platform's fee of each payment.
    pub fee_rate: BasisPoints,
    /// When it joined.
    pub created_at: Time,
}

/// An app of a merchant: holds keys, is notified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub merchant: MerchantId,
    /// What the merchant calls it.
    pub name: String,
    /// Secrets that sign notifications to a payment's own `notify_url`, newest first.
    pub secrets: Vec<WebhookSecret>,
    /// Its webhook endpoints, in the order of their making.
    pub endpoints: Vec<EndpointId>,
    /// When it was made.
    pub created_at: Time,
}

/// What a new merchant and its first app are made of.
#[derive(Clone, Debug)]
pub struct NewMerchant {
    /// What payers see.
    pub name: String,
    /// The platform's fee.
    pub fee_rate: BasisPoints,
    /// The app's first secret for notifications.
    pub secret: WebhookSecret,
}

/// Makes a merchant and its first app.
pub fn create(cx: &mut Context, new: &NewMerchant) -> (ChangeSet, MerchantId, AppId) {
    let (merchant, app): (MerchantId, AppId) = (cx.draw(), cx.draw());
    let mut change = ChangeSet::default();
    change.put(Merchant {
        id: merchant,
        version: 1,
        name: new.name.clone(),
        fee_rate: new.fee_rate,
        created_at: cx.at(),
    });
    change.put(App {
        id: app,
        version: 1,
        merchant,
        name: "default".to_owned(),
        secrets: vec![new.secret.clone()],
        endpoints: Vec::new(),
        created_at: cx.at(),
    });
    (change, merchant, app)
}

/// Adds a new secret for notifications to a payment's own `notify_url`; the old one signs beside it for a
/// day.
pub fn rotate_secret(
    facts: &dyn Facts,
    cx: &Context,
    id: AppId,
    secret: &WebhookSecret,
) -> Result<(ChangeSet, App), Stop> {
    let now = app(facts, id)?;
    let secrets = rotated(&now.secrets, secret, cx.at());
    let next = App { version: now.version.saturating_add(1), secrets, ..now.clone() };
    let mut change = ChangeSet::default();
    change.put(next.clone());
    Ok((change, next))
}

/// The app with this id.
pub fn app(facts: &dyn Facts, id: AppId) -> Result<&App, Stop> {
    Ok(facts.get::<App>(id)?.ok_or(crate::Refusal::NotFound("app"))?)
}
