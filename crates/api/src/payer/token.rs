//! The token of a session: what a payer's app sends with every request, and the secret that names its device.
//!
//! A token holds the payer's id and the secrets of device and session, of which only digests are kept
//! ([`tongbao_core::payer::session`]). It is good as long as its session is: until the payer signs out, ends it from
//! elsewhere, signs in anew on the same device, or thirty days are over.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tongbao_core::id::{PayerId, TypedId};
use tongbao_engine::{
    Mode,
    account::{DeviceSecret, SessionSecret},
};
use uuid::Uuid;

/// Bytes of a payer's id, of a device's secret, and of both.
const ID_LEN: usize = 16;
const DEVICE_LEN: usize = 16;

/// How a token begins, so that people and scanners know one that lies about.
const fn prefix(mode: Mode) -> &'static str {
    match mode {
        Mode::Sandbox => "pt_sandbox_",
        Mode::Production => "pt_live_",
    }
}

/// What a token says.
pub(super) struct Token {
    /// Who claims to be signed in.
    pub(super) payer: PayerId,
    /// On which device.
    pub(super) device: DeviceSecret,
    /// By which sign-in.
    pub(super) secret: SessionSecret,
}

impl Token {
    /// Itself as text.
    pub(super) fn text(&self, mode: Mode) -> String {
        let bytes = [self.payer.uuid().as_bytes(), self.device.bytes(), self.secret.bytes()].concat();
        format!("{}{}", prefix(mode), URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads one; none if it is none of this kind of instance.
    pub(super) fn read(text: &str, mode: Mode) -> Option<Token> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix(mode))?).ok()?;
        let (payer, rest) = bytes.split_at_checked(ID_LEN)?;
        let (device, secret) = rest.split_at_checked(DEVICE_LEN)?;
        Some(Token {
            payer: PayerId::from_uuid(Uuid::from_slice(payer).ok()?),
            device: DeviceSecret::from_bytes(device)?,
            secret: SessionSecret::from_bytes(secret)?,
        })
    }
}

/// The secret of a device as text.
pub(super) fn device_text(device: &DeviceSecret) -> String {
    URL_SAFE_NO_PAD.encode(device.bytes())
}

/// Reads the secret of a device.
pub(super) fn read_device(text: &str) -> Option<DeviceSecret> {
    DeviceSecret::from_bytes(&URL_SAFE_NO_PAD.decode(text).ok()?)
}

/// The ticket of a sign-up as text.
pub(super) fn ticket_text(ticket: &SessionSecret) -> String {
    URL_SAFE_NO_PAD.encode(ticket.bytes())
}

/// Reads the ticket of a sign-up.
pub(super) fn read_ticket(text: &str) -> Option<SessionSecret> {
    SessionSecret::from_bytes(&URL_SAFE_NO_PAD.decode(text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_comes_back_and_is_good_for_its_kind_of_instance_only() {
        let token = Token {
            payer: PayerId::from_uuid(Uuid::from_u128(7)),
            device: DeviceSecret::from_bytes(&[1; 16]).unwrap(),
            secret: SessionSecret::from_bytes(&[2; 32]).unwrap(),
        };
        let text = token.text(Mode::Sandbox);
        let read = Token::read(&text, Mode::Sandbox).unwrap();
        assert_eq!(read.payer, token.payer);
        assert_eq!((read.device.bytes(), read.secret.bytes()), (token.device.bytes(), token.secret.bytes()));
        assert!(Token::read(&text, Mode::Production).is_none());
    }

    #[test]
    fn what_is_no_token_is_none() {
        let long = format!("pt_sandbox_{}", "A".repeat(90));
        for text in ["", "pt_sandbox_", "pt_sandbox_AAAA", "pt_sandbox_%%", "sk_sandbox_0000", "通宝", &long]
        {
            assert!(Token::read(text, Mode::Sandbox).is_none(), "{text}");
        }
        assert!(read_device("AAAA").is_none() && read_ticket("").is_none());
    }
}
