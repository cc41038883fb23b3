//! Webhook endpoints: where an app wants its events sent.

use serde::{Deserialize, Serialize};

use crate::{
    ChangeSet, Context, Facts, Refusal, Stop, Time,
    event::EventKind,
    id::{AppId, EndpointId},
    limits::{ENDPOINT_FAILING_MS_MAX, ENDPOINTS_PER_APP_MAX},
    merchant::{self, App},
};

/// A secret that signs notifications, encrypted by the shell; the core never sees inside.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookSecret {
    /// The sealed secret.
    pub sealed: String,
    /// Signs until then; none is for ever.
    pub until: Option<Time>,
}

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookSecret(until {:?})", self.until)
    }
}

/// How long the old secret goes on signing beside the new one.
pub const ROTATION_OVERLAP_MS: i64 = 24 * 3_600 * 1_000;

/// Whether events are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// Events are sent.
    Enabled,
    /// It failed for five days on end; nothing more is sent until the app enables it.
    Disabled,
    /// The app deleted it.
    Deleted,
}

/// Where an app wants its events sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Its id.
    pub id: EndpointId,
    /// How often it changed.
    pub version: u32,
    /// Whose it is.
    pub app: AppId,
    /// Where to.
    pub url: String,
    /// Which events; none is all of them.
    pub events: Vec<EventKind>,
    /// Secrets that sign, newest first.
    pub secrets: Vec<WebhookSecret>,
    /// Whether events are sent.
    pub status: EndpointStatus,
    /// Since when every delivery failed.
    pub failing_since: Option<Time>,
    /// When it was made.
    pub created_at: Time,
}

impl Endpoint {
    /// Whether it wants events of this kind.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.status == EndpointStatus::Enabled && (self.events.is_empty() || self.events.contains(&kind))
    }

    fn next(&self) -> Endpoint {
        Endpoint { version: self.version.saturating_add(1), ..self.clone() }
    }

    /// The endpoint after a delivery to it succeeded or failed; `None` when nothing changes.
    pub fn after_delivery(&self, at: Time, delivered: bool) -> Option<Endpoint> {
        match (delivered, self.failing_since) {
            (true, None) => None,
            (true, Some(_)) => Some(Endpoint { failing_since: None, ..self.next() }),
            (false, None) => Some(Endpoint { failing_since: Some(at), ..self.next() }),
            (false, Some(since)) => (self.status == EndpointStatus::Enabled
                && at.since_ms(since) >= ENDPOINT_FAILING_MS_MAX)
                .then(|| Endpoint { status: EndpointStatus::Disabled, ..self.next() }),
        }
    }
}

/// What a new endpoint is made of; the URL has been checked.
#[derive(Clone, Debug)]
pub struct NewEndpoint {
    /// Where to.
    pub url: String,
    /// Which events; none is all.
    pub events: Vec<EventKind>,
    /// Its first secret.
    pub secret: WebhookSecret,
}

/// Adds an endpoint to an app.
pub fn create(
    facts: &dyn Facts,
    cx: &mut Context,
    app: AppId,
    new: &NewEndpoint,
) -> Result<(ChangeSet, Endpoint), Stop> {
    let app = merchant::app(facts, app)?;
    if app.endpoints.len() >= ENDPOINTS_PER_APP_MAX {
        return Err(Refusal::TooManyEndpoints.into());
    }
    let endpoint = Endpoint {
        id: cx.draw(),
        version: 1,
        app: app.id,
        url: new.url.clone(),
        events: new.events.clone(),
        secrets: vec![new.secret.clone()],
        status: EndpointStatus::Enabled,
        failing_since: None,
        created_at: cx.at(),
    };
    let mut endpoints = app.endpoints.clone();
    endpoints.push(endpoint.id);
    let mut change = ChangeSet::default();
    change.put(App { version: app.version.saturating_add(1), endpoints, ..app.clone() });
    change.put(endpoint.clone());
    Ok((change, endpoint))
}

/// The app's endpoint with this id, unless it was deleted.
pub fn owned(facts: &dyn Facts, app: AppId, id: EndpointId) -> Result<&Endpoint, Stop> {
    let endpoint = facts.get::<Endpoint>(id)?.filter(|endpoint| endpoint.app == app);
    let live = endpoint.filter(|endpoint| endpoint.status != EndpointStatus::Deleted);
    Ok(live.ok_or(Refusal::NotFound("webhook endpoint"))?)
}

/// Adds a new secret; the old one signs beside it for a day.
pub fn rotate_secret(
    facts: &dyn Facts,
    cx: &Context,
    app: AppId,
    id: EndpointId,
    secret: &WebhookSecret,
) -> Result<(ChangeSet, Endpoint), Stop> {
    let endpoint = owned(facts, app, id)?;
    let next = Endpoint { secrets: rotated(&endpoint.secrets, secret, cx.at()), ..endpoint.next() };
    let mut change = ChangeSet::default();
    change.put(next.clone());
    Ok((change, next))
}

/// Secrets after a rotation: the new one, and the newest before it for a day more. Older ones sign no
/// more, so there are never more than two.
pub(crate) fn rotated(secrets: &[WebhookSecret], new: &WebhookSecret, at: Time) -> Vec<WebhookSecret> {
    let until = Some(at.plus_ms(ROTATION_OVERLAP_MS));
    let old = secrets.first().map(|old| WebhookSecret { until, ..old.clone() });
    std::iter::once(new.clone()).chain(old).collect()
}

/// Enables an endpoint that was disabled; the time it may fail begins anew. One that is enabled stays as
/// it is.
pub fn enable(facts: &dyn Facts, app: AppId, id: EndpointId) -> Result<(ChangeSet, Endpoint), Stop> {
    let endpoint = owned(facts, app, id)?;
    let mut change = ChangeSet::default();
    if endpoint.status == EndpointStatus::Enabled {
        return Ok((change, endpoint.clone()));
    }
    let next = Endpoint { status: EndpointStatus::Enabled, failing_since: None, ..endpoint.next() };
    change.put(next.clone());
    Ok((change, next))
}

/// Deletes an endpoint: nothing more is sent to it.
pub fn delete(facts: &dyn Facts, app: AppId, id: EndpointId) -> Result<ChangeSet, Stop> {
    let endpoint = owned(facts, app, id)?;
    let app = merchant::app(facts, app)?;
    let endpoints = app.endpoints.iter().copied().filter(|kept| *kept != id).collect();
    let mut change = ChangeSet::default();
    change.put(App { version: app.version.saturating_add(1), endpoints, ..app.clone() });
    change.put(Endpoint { status: EndpointStatus::Deleted, ..endpoint.next() });
    Ok(change)
}
