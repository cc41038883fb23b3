//! `/sandbox/wechat/…`: the signature doctor (签名诊断), and the requests that the door refused lately.
//!
//! Absent on purpose: private keys. Who needs to see what a key would sign has the string to sign.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use tongbao_channel::wechat::{
    authorization::SCHEME,
    doctor::{Difference, Finding},
};
use tongbao_engine::{
    exchange::{Exchanges, KeptRequest, SignedRequest},
    wechat::doctor::Examination,
};
use utoipa::ToSchema;

use crate::{
    errors::SandboxErrors,
    idempotent::IDEMPOTENCY_KEY,
    json::StrictJson,
    problem::{INVALID_VALUE, MISSING_FIELD, Problem},
    refusal::fault,
    state::Api,
    wire::{ListPage, rfc3339},
};

/// Bytes of a request: a body of the door and a string to sign, both with every character escaped at the worst.
const REQUEST_BYTES_MAX: usize = 512 * 1024;

/// What to examine: a refused request by its number, or a request in pieces.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CreateSignatureExamination {
    /// The number of a request that the door refused; instead of the fields of a request.
    refused: Option<u64>,
    /// The method, as it was sent.
    method: Option<String>,
    /// The target as it was sent: path and query, with or without scheme and host.
    url: Option<String>,
    /// The body as it was sent.
    body: Option<String>,
    /// The same in Base64, for a body that is not UTF-8.
    body_base64: Option<String>,
    /// The whole header `Authorization`; instead of its items.
    authorization: Option<String>,
    /// `mchid` of the header.
    mchid: Option<String>,
    /// `nonce_str` of the header.
    nonce_str: Option<String>,
    /// `timestamp` of the header, as it was written.
    timestamp: Option<String>,
    /// `serial_no` of the header.
    serial_no: Option<String>,
    /// `signature` of the header.
    signature: Option<String>,
    /// The string that your program signed, to be compared.
    string_to_sign: Option<String>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignatureExamination)]
pub(super) struct SignatureExaminationBody {
    /// Whether the door takes this signature. Nonce and time are judged apart: see `findings`.
    verifies: bool,
    /// The merchant number of the header.
    mchid: Option<String>,
    /// The serial number of the merchant's certificate that was used to verify.
    serial_no: Option<String>,
    /// The string that the platform builds from the request.
    string_to_sign: Option<String>,
    /// The same by lines, with what cannot be seen written out.
    lines: Vec<LineBody>,
    /// What is wrong, each with what to do.
    findings: Vec<FindingBody>,
    /// Your own string beside it.
    own: Option<OwnBody>,
}

/// One line of the string to sign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedLine)]
struct LineBody {
    /// `method`, `url`, `timestamp`, `nonce_str` or `body`.
    name: &'static str,
    /// The line with its line end, as in `POST\n` with a backslash.
    text: String,
}

/// Something that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignatureFinding)]
struct FindingBody {
    /// The stable name.
    code: &'static str,
    /// What it is about: an item, a serial number, seconds.
    about: Option<String>,
    /// What to do.
    instruction: InstructionBody,
}

/// A text in both languages.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Instruction)]
struct InstructionBody {
    /// In Chinese.
    zh: &'static str,
    /// In English.
    en: &'static str,
}

/// Your own string to sign.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnStringToSign)]
struct OwnBody {
    /// Whether it is what was signed, as it should be signed; null if there was nothing to find out with.
    is_signed: Option<bool>,
    /// Where it parts from the platform's; null if they are equal.
    difference: Option<DifferenceBody>,
}

/// Where two strings part.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FirstDifference)]
struct DifferenceBody {
    /// The first byte that differs, counted from 0.
    byte: usize,
    /// Its line, counted from 1.
    line: usize,
    /// Its byte in that line, counted from 1.
    column: usize,
    /// The platform's string from there on.
    expected: String,
    /// Yours.
    found: String,
}

impl From<Difference> for DifferenceBody {
    fn from(difference: Difference) -> DifferenceBody {
        let Difference { byte, line, column, expected, found } = difference;
        DifferenceBody { byte, line, column, expected, found }
    }
}

impl From<Finding> for FindingBody {
    fn from(Finding { mistake, about }: Finding) -> FindingBody {
        let instruction = InstructionBody { zh: mistake.chinese(), en: mistake.english() };
        FindingBody { code: mistake.code(), about, instruction }
    }
}

impl SignatureExaminationBody {
    fn of(examination: Examination, has_own: bool) -> SignatureExaminationBody {
        let lines = examination.lines().into_iter().map(|(name, text)| LineBody { name, text }).collect();
        let difference = examination.difference.map(DifferenceBody::from);
        SignatureExaminationBody {
            verifies: examination.verifies,
            mchid: examination.items.mchid,
            serial_no: examination.serial,
            string_to_sign: examination.text.map(|text| String::from_utf8_lossy(&text).into_owned()),
            lines,
            findings: examination.findings.into_iter().map(FindingBody::from).collect(),
            own: has_own.then_some(OwnBody { is_signed: examination.own_is_signed, difference }),
        }
    }
}

/// Examine a signature
///
/// Shows the string that the platform builds from a request of WeChat Pay's interface, whether the signature fits it,
/// and what went wrong if not. Only a sandbox has this; it needs no key and changes nothing.
#[utoipa::path(post, path = "/sandbox/wechat/signature", tag = "sandbox",
    operation_id = "create_signature_examination",
    security(()),
    request_body = CreateSignatureExamination,
    responses((status = 200, description = "What was found", body = SignatureExaminationBody), SandboxErrors))]
pub(super) async fn create_signature_examination(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    StrictJson { value, .. }: StrictJson<CreateSignatureExamination, REQUEST_BYTES_MAX>,
) -> Result<Response, Problem> {
    if headers.contains_key(IDEMPOTENCY_KEY) {
        let detail =
            "Nothing is changed here, so nothing is kept under a key. Send it without `Idempotency-Key`.";
        return Err(Problem::of(INVALID_VALUE).param("Idempotency-Key").detail(detail));
    }
    let (request, at, was_refused) = match value.refused {
        Some(number) => {
            let kept = api.engine.exchanges.as_ref().and_then(|exchanges| exchanges.kept(number));
            let kept = kept.filter(|kept| kept.refused.is_some()).ok_or_else(|| {
                let detail = "There is no such refused request, or it is forgotten: the last 20 are kept.";
                Problem::of(INVALID_VALUE).param("refused").detail(detail)
            })?;
            let own = value.string_to_sign.map(String::into_bytes);
            (SignedRequest { own, ..kept.request.clone() }, kept.at, true)
        }
        None => (value.request()?, api.engine.clock.world(), false),
    };
    let has_own = request.own.is_some();
    let engine = Arc::clone(&api.engine);
    // Thousands of digests take some hundredths of a second.
    let examined =
        tokio::task::spawn_blocking(move || engine.examine_wechat(&request, at, was_refused)).await;
    let examination = examined.map_err(|_| Problem::internal())?.map_err(|error| fault(&error))?;
    Ok(axum::Json(SignatureExaminationBody::of(examination, has_own)).into_response())
}

impl CreateSignatureExamination {
    fn request(self) -> Result<SignedRequest, Problem> {
        let missing = |field: &'static str| {
            let detail = "Give `method` and `url`, or the number of a refused request as `refused`.";
            Problem::of(MISSING_FIELD).param(field).detail(detail)
        };
        let authorization = self.header()?;
        let method = self.method.ok_or_else(|| missing("method"))?;
        let url = self.url.ok_or_else(|| missing("url"))?;
        let (host, target) = host_and_target(&url)?;
        let body = match (self.body, self.body_base64) {
            (Some(_), Some(_)) => return Err(either("body_base64", "body")),
            (Some(text), None) => text.into_bytes(),
            (None, Some(encoded)) => STANDARD.decode(encoded).map_err(|_| {
                let detail = "`body_base64` must be Base64 with padding.";
                Problem::of(INVALID_VALUE).param("body_base64").detail(detail)
            })?,
            (None, None) => Vec::new(),
        };
        let own = self.string_to_sign.map(String::into_bytes);
        Ok(SignedRequest { method, target, host, authorization, body, own })
    }

    /// The header, whole or put together from its items.
    fn header(&self) -> Result<Vec<String>, Problem> {
        let items = [
            ("mchid", &self.mchid),
            ("nonce_str", &self.nonce_str),
            ("timestamp", &self.timestamp),
            ("serial_no", &self.serial_no),
            ("signature", &self.signature),
        ];
        let given = items.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
        let written: Vec<String> = given.map(|(name, value)| format!("{name}=\"{value}\"")).collect();
        match (&self.authorization, written.is_empty()) {
            (Some(_), false) => Err(either("authorization", "its items")),
            (Some(whole), true) => Ok(vec![whole.trim().to_owned()]),
            (None, true) => Ok(Vec::new()),
            (None, false) => Ok(vec![format!("{SCHEME} {}", written.join(","))]),
        }
    }
}

fn either(param: &'static str, other: &str) -> Problem {
    Problem::of(INVALID_VALUE).param(param).detail(format!("Give `{param}` or {other}, not both."))
}

/// Host and target of an address, or of a target alone.
fn host_and_target(url: &str) -> Result<(Option<String>, String), Problem> {
    let url = url.trim();
    let (host, target) = match url.split_once("://") {
        Some((_, rest)) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            (Some(rest[..end].to_owned()), &rest[end..])
        }
        None => (None, url),
    };
    // A fragment is never sent.
    let target = target.split('#').next().unwrap_or_default();
    if target.starts_with('/') {
        return Ok((host, target.to_owned()));
    }
    let detail = "`url` must be the target as it was sent, beginning with `/`; or a whole address.";
    Err(Problem::of(INVALID_VALUE).param("url").detail(detail))
}

/// A request that the door refused for its signature.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedRequest)]
pub(super) struct RefusedRequestBody {
    /// Its number; give it as `refused` to have it examined.
    number: u64,
    /// When it came, by the world's clock.
    at: String,
    /// The method.
    method: String,
    /// Path and query.
    url: String,
    /// The `message` of the refusal.
    refused: String,
    /// The headers `Authorization` that it had.
    authorization: Vec<String>,
    /// Bytes of its body.
    body_bytes: usize,
}

impl RefusedRequestBody {
    fn of(kept: &KeptRequest) -> RefusedRequestBody {
        RefusedRequestBody {
            number: kept.number,
            at: rfc3339(kept.at),
            method: kept.request.method.clone(),
            url: kept.request.target.clone(),
            refused: kept.refused.clone().unwrap_or_default(),
            authorization: kept.request.authorization.clone(),
            body_bytes: kept.request.body.len(),
        }
    }
}

/// List refused requests
///
/// The last 20 requests of WeChat Pay's interface that were refused because of their signature, newest first. They are
/// kept in memory. Only a sandbox has this.
#[utoipa::path(get, path = "/sandbox/wechat/refused", tag = "sandbox", operation_id = "list_refused_requests",
    security(()),
    responses((status = 200, description = "The requests", body = ListPage<RefusedRequestBody>), SandboxErrors))]
pub(super) async fn list_refused_requests(State(api): State<Arc<Api>>) -> Response {
    let refused = api.engine.exchanges.as_ref().map(Exchanges::refused).unwrap_or_default();
    let data = refused.iter().map(|kept| RefusedRequestBody::of(kept)).collect();
    axum::Json(ListPage { data, next_cursor: None }).into_response()
}
