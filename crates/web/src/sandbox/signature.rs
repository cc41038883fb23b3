//! What the page of the signature doctor shows.

use super::view::ConsoleView;
use crate::moment::Moment;

/// The signature doctor.
#[derive(Clone, Debug)]
pub struct SignatureView {
    /// The head of the page.
    pub console: ConsoleView,
    /// What was examined, if something was.
    pub examined: Option<ExaminedView>,
    /// Whether a request was asked for that is forgotten.
    pub is_forgotten: bool,
    /// What stands in the form.
    pub form: SignatureFormView,
    /// Requests that the door refused, newest first.
    pub refused: Vec<RefusedRow>,
}

/// What was found about a request.
#[derive(Clone, Debug)]
pub struct ExaminedView {
    /// Whether the door takes the signature.
    pub verifies: bool,
    /// Whose request it says it is.
    pub mchid: Option<String>,
    /// The serial number of the certificate that was used.
    pub serial: Option<String>,
    /// What is wrong.
    pub findings: Vec<FindingRow>,
    /// The lines of the platform's string: name, and text with what cannot be seen written out.
    pub lines: Vec<(&'static str, String)>,
    /// The developer's own string beside it.
    pub own: Option<OwnTextView>,
}

/// Something that is wrong.
#[derive(Clone, Debug)]
pub struct FindingRow {
    /// The stable name.
    pub code: &'static str,
    /// What it is about.
    pub about: Option<String>,
    /// What to do, in the language of the page.
    pub instruction: &'static str,
}

/// The developer's own string to sign.
#[derive(Clone, Debug)]
pub struct OwnTextView {
    /// Whether it is what was signed, as it should be signed.
    pub is_signed: Option<bool>,
    /// Where it parts from the platform's.
    pub difference: Option<DifferenceView>,
}

/// Where two strings part.
#[derive(Clone, Debug)]
pub struct DifferenceView {
    /// The line, counted from 1.
    pub line: usize,
    /// The byte in it, counted from 1.
    pub column: usize,
    /// The platform's string from there on.
    pub expected: String,
    /// The developer's.
    pub found: String,
}

/// The form, filled with what was examined last.
#[derive(Clone, Debug, Default)]
pub struct SignatureFormView {
    /// The method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// The header.
    pub authorization: String,
    /// The body.
    pub body: String,
    /// The developer's own string.
    pub own: String,
}

/// A request that the door refused.
#[derive(Clone, Debug)]
pub struct RefusedRow {
    /// Where it is examined.
    pub address: String,
    /// When it came, by the world's clock.
    pub at: Moment,
    /// The method.
    pub method: String,
    /// Path and query.
    pub url: String,
    /// What it was refused with.
    pub refused: String,
}
