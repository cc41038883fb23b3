//! Answers of the door: signed when they are good, and never when they are not.

use axum::{
    body::Body,
    extract::Request,
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE},
};
use serde::Serialize;
use tongbao_channel::wechat::error::{Code, InternalCode, Refusal, request_id};
use tongbao_engine::{Engine, wechat::NamedKey};

use super::fields::{of_fault, of_problem};
use crate::{
    listener::{Arrival, LongAnswer, REQUEST_ID, RequestId, Reword},
    problem::Problem,
};

/// An answer before it is signed.
pub(super) struct Answer {
    status: StatusCode,
    body: Vec<u8>,
}

impl Answer {
    /// 200 with compact JSON.
    pub(super) fn json(value: &impl Serialize) -> Answer {
        let body = serde_json::to_vec(value).expect("texts and numbers always become JSON");
        Answer { status: StatusCode::OK, body }
    }

    /// 204.
    pub(super) fn nothing() -> Answer {
        Answer { status: StatusCode::NO_CONTENT, body: Vec::new() }
    }
}

/// The name of a request, which its answer carries as `Request-ID`: the digits are those of the listener's
/// request id, so that the log and the answer agree.
#[derive(Clone, Copy)]
pub(super) struct Stamp(u128);

impl Stamp {
    pub(super) fn of(request: &Request) -> Stamp {
        let id = Arrival::of(request.extensions()).map_or_else(RequestId::generate, |seen| seen.request_id);
        Stamp(id.to_u128())
    }

    /// The answer, signed.
    pub(super) async fn sign(self, engine: &Engine, key: NamedKey, answer: Answer) -> Response {
        let Answer { status, body } = answer;
        match engine.sign_wechat(key, body).await {
            Ok((headers, body)) => {
                let mut response = self.dress(status, body, InternalCode::SUCCESS);
                for (name, value) in headers.pairs() {
                    set(&mut response, name, &value);
                }
                response
            }
            Err(fault) => self.refuse(&of_fault(&fault)),
        }
    }

    /// A refusal, which is not signed.
    pub(super) fn refuse(self, refusal: &Refusal) -> Response {
        let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        self.dress(status, refusal.to_json(), refusal.number)
    }

    /// A file, which is not signed, and which may take its time.
    pub(super) fn file(self, content_type: &'static str, body: Body) -> Response {
        let mut response = self.head(StatusCode::OK, Some(content_type), body, InternalCode::SUCCESS);
        response.extensions_mut().insert(LongAnswer);
        response
    }

    fn dress(self, status: StatusCode, body: Vec<u8>, number: InternalCode) -> Response {
        let content_type = (!body.is_empty()).then_some("application/json; charset=utf-8");
        self.head(status, content_type, Body::from(body), number)
    }

    fn head(
        self,
        status: StatusCode,
        content_type: Option<&'static str>,
        body: Body,
        number: InternalCode,
    ) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static("zh-CN"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, must-revalidate"));
        set(&mut response, REQUEST_ID.as_str(), &request_id(self.0.to_be_bytes(), number));
        response
    }
}

/// Sets a header of digits, letters and Base64.
fn set(response: &mut Response, name: &str, value: &str) {
    let name = HeaderName::from_bytes(name.as_bytes()).expect("our own names are header names");
    let value = HeaderValue::from_str(value).expect("digits, letters and Base64 can stand in a header");
    response.headers_mut().insert(name, value);
}

/// Nothing is under this path: a page, as WeChat Pay's own front answers, not signed.
pub(super) fn not_found() -> Response {
    const PAGE: &str = "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n\
        <center><h1>404 Not Found</h1></center>\r\n</body>\r\n</html>\r\n";
    (StatusCode::NOT_FOUND, Html(PAGE)).into_response()
}

/// The path is served, the method is not.
pub(super) async fn method_not_allowed(request: Request) -> Response {
    let refusal = Refusal::new(Code::InvalidRequest, "该接口不支持此HTTP方法");
    Stamp::of(&request).refuse(&refusal.at(StatusCode::METHOD_NOT_ALLOWED.as_u16()))
}

/// What the listener refuses by itself on the paths of the door: a deadline that passed, a panic.
pub const REWORD: Reword = Reword {
    is_of: |path| path.starts_with("/v3/"),
    say: |problem, request_id| Stamp(request_id.to_u128()).refuse(&of_problem(problem)),
};

/// Puts a refusal of a layer around the door, such as a rate limit, into the words of the door.
pub async fn reword(request: Request, next: Next) -> Response {
    let stamp = Stamp::of(&request);
    let response = next.run(request).await;
    match response.extensions().get::<Problem>() {
        Some(problem) => stamp.refuse(&of_problem(problem)),
        None => response,
    }
}
