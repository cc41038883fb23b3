//! `/sharing/v1`: what other institutions ask of our lists. There only if an operator has named members.
//!
//! **Invariants.** Nothing is done for a request that no member has signed, just now and for us; nor a second time for
//! the same one. Each member has an allowance of requests, and one of values in a day that is kept in the store.
//!
//! **Absent on purpose:** this door in the OpenAPI document. It is between institutions that have agreed on it;
//! `docs/risk-sharing.md` has all of it.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use http::{HeaderMap, StatusCode, Uri};
use serde::{Deserialize, de::DeserializeOwned};
use tongbao_engine::{
    Engine,
    list_sharing::{
        Counted, Hits, MEMBER_HEADER, NONCE_HEADER, SIGNATURE_HEADER, Settings, SharingKeys, SignedRequest,
        TIMESTAMP_HEADER,
    },
};

use crate::{
    json::parse_query,
    problem::{BAD_REQUEST, BODY_TOO_LARGE, Kind, Problem},
    rate::{Limiter, Quota},
    refusal::{failed, fault},
    wechat::nonces::{Nonces, Noted},
};

/// Bytes of a request: a thousand points in hexadecimal are 67,000.
const BODY_BYTES_MAX: usize = 128 * 1_024;
/// Requests of one member a second, and at once: a pull is a handful, a first screening forty.
const PER_MEMBER: Quota = Quota::new(10, 60);
/// Members remembered by the limiter: more than have ever agreed on anything.
const MEMBERS_MAX: usize = 1_024;
/// Seconds after which a member that has used up its day may ask again: it is told to look once an hour.
const USED_UP_RETRY_S: u32 = 3_600;

/// The request is not signed by a member.
pub const NOT_A_MEMBER: Kind =
    Kind::new(StatusCode::UNAUTHORIZED, "not_a_member", "The request is not signed by a member");
/// A member has asked about as many values as a day allows.
pub const VALUES_USED_UP: Kind =
    Kind::new(StatusCode::TOO_MANY_REQUESTS, "values_used_up", "No more values can be asked about today");

struct Door {
    engine: Arc<Engine>,
    settings: Arc<Settings>,
    keys: SharingKeys,
    limiter: Limiter<String>,
    nonces: Nonces,
}

/// A request that a member has signed.
struct Admitted {
    uri: Uri,
    member: String,
    body: Bytes,
}

/// The routes.
pub fn router(engine: Arc<Engine>, settings: Arc<Settings>) -> Router {
    let keys = engine.sharing_keys();
    let (limiter, nonces) = (Limiter::new(PER_MEMBER, MEMBERS_MAX), Nonces::default());
    let door = Arc::new(Door { engine, settings, keys, limiter, nonces });
    Router::new()
        .route("/sharing/v1/deltas", get(list_deltas))
        .route("/sharing/v1/evaluations", post(create_evaluation))
        .route("/sharing/v1/hits", put(put_hits))
        .with_state(door)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    after: u64,
}

async fn list_deltas(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let Admitted { uri, .. } = door.admit(request).await?;
    let After { after } = parse_query(uri.query().unwrap_or_default())?;
    let (keys, name) = (&door.keys, &door.settings.name);
    let page = door.engine.shared_deltas(keys, name, after).map_err(|world| fault(&world))?;
    Ok(Json(page).into_response())
}

async fn create_evaluation(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let Admitted { member, body, .. } = door.admit(request).await?;
    let asked = read(&body)?;
    let per_day = door.settings.per_member_per_day;
    match door
        .engine
        .evaluate_for(&door.keys, &member, &asked, per_day)
        .await
        .map_err(|error| failed(&error))?
    {
        Counted::Answered(evaluated) => Ok(Json(evaluated).into_response()),
        Counted::Wrong(refused) => {
            Err(Problem::of(BAD_REQUEST).detail(refused.to_string()).param("elements"))
        }
        Counted::UsedUp => Err(Problem::of(VALUES_USED_UP).retry_after_s(USED_UP_RETRY_S)),
    }
}

async fn put_hits(State(door): State<Arc<Door>>, request: Request) -> Result<StatusCode, Problem> {
    let Admitted { member, body, .. } = door.admit(request).await?;
    let Hits { hits } = read(&body)?;
    door.engine.take_list_hits(&member, hits).await.map_err(|error| failed(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let detail = "The body must be the JSON object of this operation; see docs/risk-sharing.md.";
    serde_json::from_slice(body).map_err(|_| Problem::of(BAD_REQUEST).detail(detail))
}

impl Door {
    /// The member who has signed this request, and its body; refused if none has, or if it came before.
    async fn admit(&self, request: Request<Body>) -> Result<Admitted, Problem> {
        let (parts, body) = request.into_parts();
        let header = |name: &str| text(&parts.headers, name);
        let claimed = [MEMBER_HEADER, TIMESTAMP_HEADER, NONCE_HEADER, SIGNATURE_HEADER].map(header);
        let [Some(name), Some(at_ms), Some(nonce), Some(signature)] = claimed else { return Err(stranger()) };
        let member = self.settings.member(&name).ok_or_else(stranger)?;
        let at_ms = at_ms.parse().map_err(|_| stranger())?;
        let body = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| Problem::of(BODY_TOO_LARGE))?;
        let now = self.engine.clock.world();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let signed = SignedRequest {
            member: &name,
            source: &self.settings.name,
            method: parts.method.as_str(),
            target,
            at_ms,
            nonce: &nonce,
            body: &body,
        };
        if !signed.is_by(member, &signature, now) {
            return Err(stranger());
        }
        self.limiter.check(&name).map_err(|over| Problem::rate_limited(over.retry_after_s))?;
        match self.nonces.note(&name, &nonce, at_ms.div_euclid(1_000) + 1, now.ms().div_euclid(1_000)) {
            Noted::New => Ok(Admitted { uri: parts.uri, member: name, body }),
            Noted::Seen => Err(stranger().detail("This request was sent before. Sign each request anew.")),
            Noted::Full => Err(Problem::unavailable(1)),
        }
    }
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// One answer to all who are not members: which part did not fit is nobody's business.
fn stranger() -> Problem {
    Problem::of(NOT_A_MEMBER)
        .detail("Members sign each request with the key that this institution has of them.")
}
