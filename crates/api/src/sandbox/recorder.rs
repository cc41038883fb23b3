//! Keeps what passes the doors of a sandbox: requests with their answers, and requests that the WeChat Pay door
//! refused for their signature, whole.
//!
//! **Invariants.** What passes is not altered: bodies are copied while they are read. Only paths that speak of
//! payments are kept; none of them carries a key in its body.
//!
//! **Absent on purpose:** production: there the router stays as it is.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
};
use http::{
    HeaderMap, StatusCode,
    header::{AUTHORIZATION, HOST},
    request::Parts,
};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tongbao_channel::wechat::{doctor::read_header, error};
use tongbao_core::id::MerchantId;
use tongbao_engine::exchange::{Answer, Exchange, SIGNED_BODY_MAX, SignedRequest, mask};

use crate::state::Api;

/// What the paths begin with that are kept. The list of certificates names no order.
const KEPT: [&str; 9] = [
    "/v1/payments",
    "/v1/refunds",
    "/v1/events",
    "/v1/deliveries",
    "/v3/pay/",
    "/v3/refund/",
    "/v3/combine-transactions/",
    "/v3/profitsharing/",
    "/sandbox/phone/",
];

/// Where the WeChat Pay door is.
const DOOR: &str = "/v3/";

/// How long a refusal waits for the rest of the body, which the doctor wants to see.
const REST_MAX: Duration = Duration::from_secs(1);

/// The router, with all that passes it kept; in production the router as it is.
pub fn recorded(api: &Arc<Api>, router: Router) -> Router {
    if !api.engine.is_sandbox() {
        return router;
    }
    router.layer(from_fn_with_state(Arc::clone(api), record))
}

async fn record(State(api): State<Arc<Api>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_door = path.starts_with(DOOR);
    let is_kept = KEPT.iter().any(|prefix| path.starts_with(prefix));
    if !(is_door || is_kept) {
        return next.run(request).await;
    }
    let began = api.engine.clock.world();
    let (parts, body) = request.into_parts();
    let exchange = begin(&api, &parts).filter(|_| is_kept);
    let asked = Arc::new(Asked {
        body: Mutex::new(body),
        seen: is_door.then(Mutex::default),
        exchange: exchange.clone(),
    });
    let signed = is_door.then(|| signed_request(&parts));
    let body = Body::new(AskedBody(Arc::clone(&asked)));
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(signed) = signed {
        response = keep_refused(&api, signed, &asked, response).await;
    }
    let Some(exchange) = exchange else { return response };
    let took_ms = u32::try_from(api.engine.clock.world().since_ms(began)).unwrap_or_default();
    let headers = mask::headers(texts(response.headers()));
    exchange.answer_with(Answer { status: response.status().as_u16(), headers, took_ms });
    response.map(|body| Body::new(AnsweredBody { body, exchange }))
}

/// Headers that are texts.
fn texts(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
}

fn begin(api: &Api, parts: &Parts) -> Option<Arc<Exchange>> {
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let headers = mask::headers(texts(&parts.headers));
    let merchant = merchant(api, &parts.headers);
    let exchange = Exchange::new(api.engine.now(), merchant, parts.method.as_str(), target, headers);
    api.engine.exchanges.as_ref().map(|exchanges| exchanges.begin(exchange))
}

/// Who asks, as far as the header says so. Whether it is true is the door's question.
fn merchant(api: &Api, headers: &HeaderMap) -> Option<MerchantId> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    if let Some(secret) = value.strip_prefix("Bearer ") {
        return api.key(secret.trim(), api.engine.now()).ok()?.map(|key| key.merchant);
    }
    let (items, _) = read_header(&[value]);
    let keys = api.engine.wechat_merchant(items.mchid.as_deref()?).ok()??;
    Some(keys.record.merchant)
}

/// A request of the door before its body.
fn signed_request(parts: &Parts) -> SignedRequest {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let host = parts.uri.authority().map(|authority| authority.as_str().to_owned());
    SignedRequest {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned(),
        host: host.or_else(|| parts.headers.get(HOST).map(text)),
        authorization: parts.headers.get_all(AUTHORIZATION).iter().map(text).collect(),
        body: Vec::new(),
        own: None,
    }
}

/// Keeps a request that the door refused because of its signature or of who signed.
async fn keep_refused(api: &Api, signed: SignedRequest, asked: &Asked, response: Response) -> Response {
    if !matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::BAD_REQUEST) {
        return response;
    }
    let (parts, body) = response.into_parts();
    // The door's own answers are there at once, and always whole.
    let Ok(body) = body.collect().await else { return Response::from_parts(parts, Body::empty()) };
    let body = body.to_bytes();
    let refusal = error::Body::from_json(&body).ok();
    let of_signature =
        refusal.filter(|refusal| matches!(refusal.code.as_str(), "SIGN_ERROR" | "MCH_NOT_EXISTS"));
    if let (Some(refusal), Some(exchanges)) = (of_signature, &api.engine.exchanges) {
        let body = asked.whole().await;
        let at = api.engine.clock.world();
        exchanges.keep(at, Some(refusal.message), SignedRequest { body, ..signed });
    }
    Response::from_parts(parts, Body::from(body))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The body of a request, which can be read on when the door has let go of it.
struct Asked {
    body: Mutex<Body>,
    seen: Option<Mutex<Vec<u8>>>,
    exchange: Option<Arc<Exchange>>,
}

impl Asked {
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut *lock(&self.body)).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            if let Some(exchange) = &self.exchange {
                exchange.ask(data);
            }
            if let Some(seen) = &self.seen {
                let mut seen = lock(seen);
                let room = SIGNED_BODY_MAX.saturating_sub(seen.len());
                seen.extend_from_slice(&data[..data.len().min(room)]);
            }
        }
        Poll::Ready(frame)
    }

    /// All of the body that comes in time.
    async fn whole(&self) -> Vec<u8> {
        let seen = || self.seen.as_ref().map(|seen| lock(seen).clone()).unwrap_or_default();
        let is_open = || seen().len() < SIGNED_BODY_MAX && !lock(&self.body).is_end_stream();
        let rest = async { while is_open() && matches!(poll_fn(|cx| self.poll(cx)).await, Some(Ok(_))) {} };
        // What did not come in time is missing, and the diagnosis says that another text was signed.
        drop(tokio::time::timeout(REST_MAX, rest).await);
        seen()
    }
}

/// What the door reads.
struct AskedBody(Arc<Asked>);

impl HttpBody for AskedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.0.poll(cx)
    }

    fn is_end_stream(&self) -> bool {
        lock(&self.0.body).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        lock(&self.0.body).size_hint()
    }
}

/// What the client reads.
struct AnsweredBody {
    body: Body,
    exchange: Arc<Exchange>,
}

impl HttpBody for AnsweredBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.exchange.answer_more(data);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
