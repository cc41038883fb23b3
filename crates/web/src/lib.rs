//! The pages: cashier, sandbox phone, inbox, notifications, API documentation.
//!
//! Two halves. Rendering is pure: a view goes in, HTML comes out. [`handlers`] fill the views and read the forms. Every
//! page is complete without scripts, loads one style sheet and nothing else, exists in Chinese and English, and stands
//! under a strict Content Security Policy (see [`mod@csp`]). Absent on purpose: decisions, which are the core's,
//! and state between two requests, which is the browser's, signed or sealed.

pub mod amount;
pub mod asset;
pub mod barcode;
pub mod cashier;
pub mod csp;
pub mod docs;
pub mod error;
pub mod frame;
pub mod handlers;
mod i18n;
pub mod moment;
pub mod notice;
pub mod paths;
pub mod qr;
pub mod sandbox;
pub mod wallet;

pub use amount::Amount;
pub use asset::asset;
pub use csp::csp;
pub use docs::render_docs;
pub use frame::Frame;
pub use i18n::Lang;
pub use i18n::common::{MethodName, PaymentStatus, WhyNot};
pub use i18n::sandbox::{DeliveryStatus, Fault, SandboxNotice};
pub use i18n::timeline::{BlockName, LineKind};
pub use moment::Moment;
pub use qr::qr_svg;

/// Renders a template into a string.
fn rendered(template: &impl askama::Template) -> String {
    template
        .render()
        .expect("the templates call nothing that fails, and a String takes everything written to it")
}
