//! `/sandbox/signature`: the signature doctor. A pasted request is kept in memory under a number, so that the page that
//! shows it is a GET like any other.

use std::sync::Arc;

use axum::{Extension, Form, extract::State, response::Response};
use serde::Deserialize;
use tongbao_engine::{
    exchange::{Exchanges, KeptRequest, SIGNED_BODY_MAX, SignedRequest},
    wechat::doctor::Examination,
};
use tongbao_store::Fault;

use super::{SandboxPages, answer, answer::Trouble, console};
use crate::{
    handlers::{record_view::moment, visit::Visit},
    i18n::{Lang, sandbox::SandboxNotice},
    paths,
    sandbox::{
        DifferenceView, ExaminedView, FindingRow, OwnTextView, RefusedRow, SignatureFormView, SignatureView,
        render_signature,
    },
};

/// The query parameter with the number of a request.
const NUMBER: &str = "number";

/// Bytes of the form: a body and a string to sign, each byte as `%XX` at the worst, and a header.
pub(super) const FORM_BYTES_MAX: usize = SIGNED_BODY_MAX * 2 * 3 + 16 * 1024;

pub(super) async fn show(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
) -> Result<Response, Trouble> {
    let exchanges = sandbox.pages.engine.exchanges.as_ref();
    let asked = visit.query(NUMBER);
    let number = asked.and_then(|number| number.parse().ok());
    let kept = number.and_then(|number| exchanges?.kept(number));
    let examination = match &kept {
        Some(kept) => Some(examine(&sandbox, Arc::clone(kept)).await?),
        None => None,
    };
    sandbox.page(&visit, |frame| {
        let refused = exchanges.map(Exchanges::refused).unwrap_or_default();
        let view = SignatureView {
            console: console::view(&sandbox, &visit)?,
            is_forgotten: asked.is_some() && kept.is_none(),
            form: kept.as_deref().map(form).unwrap_or_default(),
            examined: kept
                .as_deref()
                .zip(examination)
                .map(|(kept, examination)| examined(frame.lang, kept, examination)),
            refused: refused.iter().map(|kept| refused_row(kept)).collect(),
        };
        Ok(render_signature(&view, frame))
    })
}

/// Examines on a thread that may be busy for a while.
async fn examine(sandbox: &SandboxPages, kept: Arc<KeptRequest>) -> Result<Examination, Fault> {
    let engine = Arc::clone(&sandbox.pages.engine);
    let examined = tokio::task::spawn_blocking(move || {
        engine.examine_wechat(&kept.request, kept.at, kept.refused.is_some())
    });
    examined.await.unwrap_or_else(|_| Err(Fault::Broken("examining a signature panicked".to_owned())))
}

fn examined(lang: Lang, kept: &KeptRequest, examination: Examination) -> ExaminedView {
    let findings = examination.findings.iter().map(|finding| FindingRow {
        code: finding.mistake.code(),
        about: finding.about.clone(),
        instruction: match lang {
            Lang::Zh => finding.mistake.chinese(),
            Lang::En => finding.mistake.english(),
        },
    });
    let findings = findings.collect();
    let lines = examination.lines();
    let difference = examination.difference.map(|difference| DifferenceView {
        line: difference.line,
        column: difference.column,
        expected: difference.expected,
        found: difference.found,
    });
    ExaminedView {
        verifies: examination.verifies,
        mchid: examination.items.mchid,
        serial: examination.serial,
        findings,
        lines,
        own: kept
            .request
            .own
            .as_ref()
            .map(|_| OwnTextView { is_signed: examination.own_is_signed, difference }),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn form(kept: &KeptRequest) -> SignatureFormView {
    let request = &kept.request;
    SignatureFormView {
        method: request.method.clone(),
        url: request.target.clone(),
        authorization: request.authorization.first().cloned().unwrap_or_default(),
        body: text(&request.body),
        own: request.own.as_deref().map(text).unwrap_or_default(),
    }
}

fn refused_row(kept: &KeptRequest) -> RefusedRow {
    RefusedRow {
        address: format!("{}?{NUMBER}={}", paths::SIGNATURE, kept.number),
        at: moment(kept.at),
        method: kept.request.method.clone(),
        url: kept.request.target.clone(),
        refused: kept.refused.clone().unwrap_or_default(),
    }
}

#[derive(Deserialize)]
pub(super) struct SignatureForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    method: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    authorization: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    own: String,
}

/// Keeps what was pasted and leads to the page that shows it.
pub(super) async fn paste(
    State(sandbox): State<SandboxPages>,
    Extension(visit): Extension<Arc<Visit>>,
    Form(form): Form<SignatureForm>,
) -> Result<Response, Trouble> {
    if !sandbox.is_our_form(&visit, &form.csrf) {
        return Ok(console::back(&visit, paths::SIGNATURE, SandboxNotice::FormExpired));
    }
    let (engine, request) = (&sandbox.pages.engine, form.request());
    let Some((exchanges, request)) = engine.exchanges.as_ref().zip(request) else {
        return Ok(console::back(&visit, paths::SIGNATURE, SandboxNotice::Failed));
    };
    let number = exchanges.keep(engine.clock.world(), None, request);
    let page = format!("{}?{NUMBER}={number}", paths::SIGNATURE);
    Ok(answer::see_other(&visit.frame("").href(&page)))
}

impl SignatureForm {
    fn request(self) -> Option<SignedRequest> {
        let url = self.url.trim();
        let (host, target) = match url.split_once("://") {
            Some((_, rest)) => {
                let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
                (Some(host.to_owned()), target)
            }
            None => (None, url),
        };
        let target = target.split('#').next().filter(|target| target.starts_with('/'))?;
        let header = self.authorization.trim();
        let header = header.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        let header = header.map_or(self.authorization.trim(), |(_, value)| value.trim());
        Some(SignedRequest {
            method: self.method.trim().to_owned(),
            target: target.to_owned(),
            host,
            authorization: Some(header.to_owned()).filter(|header| !header.is_empty()).into_iter().collect(),
            body: line_ends(&self.body).into_bytes(),
            own: Some(own_text(&self.own)).filter(|own| !own.is_empty()),
        })
    }
}

/// Browsers send every line end of a text field as CR LF (HTML standard, "constructing the entry list").
fn line_ends(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A string to sign as it was pasted: in one line with `\n` written out, or as lines.
fn own_text(pasted: &str) -> Vec<u8> {
    let text = line_ends(pasted);
    let is_written_out = !text.trim_end().contains('\n') && text.contains("\\n");
    if is_written_out { text.trim_end().replace("\\n", "\n").into_bytes() } else { text.into_bytes() }
}
