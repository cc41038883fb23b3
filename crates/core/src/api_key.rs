//! Secret keys of apps: only a digest is kept.

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Time,
    id::{ApiKeyId, AppId, MerchantId},
    merchant,
};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Look at payments, refunds, events, balances.
    Read,
    /// Create and close payments.
    Payments,
    /// Refund.
    Refunds,
    /// Set webhook endpoints, re-send deliveries.
    Webhooks,
}

impl Scope {
    /// All of them.
    pub const ALL: [Scope; 4] = [Scope::Read, Scope::Payments, Scope::Refunds, Scope::Webhooks];

    /// The name in configuration and error texts.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Payments => "payments",
            Scope::Refunds => "refunds",
            Scope::Webhooks => "webhooks",
        }
    }
}

/// A secret key, as far as the platform knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub app: AppId,
    /// The app's merchant.
    pub merchant: MerchantId,
    /// BLAKE3 of the whole key. A key has 256 random bits, so a fast digest is enough.
    pub digest: [u8; 32],
    /// Enough of the key to recognise it by, not to use it.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Networks it may be used from, in CIDR form; none is from anywhere.
    pub networks: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it stops working.
    pub expires_at: Option<Time>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
}

/// What a new key is made of.
#[derive(Clone, Debug)]
pub struct NewApiKey {
    /// BLAKE3 of the key.
    pub digest: [u8; 32],
    /// Its first and last characters.
    pub hint: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From where.
    pub networks: Vec<String>,
    /// Until when.
    pub expires_at: Option<Time>,
}

/// Adds a key to an app.
pub fn create(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    new: &NewApiKey,
) -> Result<(ChangeSet, ApiKeyId), Stop> {
    let app = merchant::app(facts, app)?;
    let id = cx.draw();
    let mut change = ChangeSet::default();
    change.put(ApiKey {
        id,
        version: 1,
        app: app.id,
        merchant: app.merchant,
        digest: new.digest,
        hint: new.hint.clone(),
        scopes: new.scopes.clone(),
        networks: new.networks.clone(),
        created_at: cx.at(),
        expires_at: new.expires_at,
        revoked_at: None,
    });
    Ok((change, id))
}

/// Revokes a key from now on.
pub fn revoke(facts: &dyn Facts, cx: &Context, id: ApiKeyId) -> Result<ChangeSet, Stop> {
    let key = facts.get::<ApiKey>(id)?.ok_or(Refusal::NotFound("key"))?;
    if key.revoked_at.is_some() {
        return Err(Refusal::KeyRevoked.into());
    }
    let mut change = ChangeSet::default();
    change.put(ApiKey { version: key.version.saturating_add(1), revoked_at: Some(cx.at()), ..key.clone() });
    Ok(change)
}
