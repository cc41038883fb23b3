//! Texts that the browser keeps for us: readable by whoever holds them, but ours.
//!
//! `purpose` is signed with the content, so that what was signed for one use is nothing in another.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tongbao_engine::vault::Vault;

/// What is signed: the purpose has no zero byte, so no two pairs give the same bytes.
pub(super) fn content(purpose: &str, payload: &[u8]) -> Vec<u8> {
    [b"page\0", purpose.as_bytes(), b"\0", payload].concat()
}

/// The payload and its signature, as text for a cookie or a query.
pub(super) fn sign(vault: &Vault, purpose: &str, payload: &[u8]) -> String {
    let signature = vault.sign(&content(purpose, payload));
    format!("{}.{}", URL_SAFE_NO_PAD.encode(payload), URL_SAFE_NO_PAD.encode(signature))
}

/// The payload of a text that was signed here for this purpose.
pub(super) fn open(vault: &Vault, purpose: &str, text: &str) -> Option<Vec<u8>> {
    let (payload, signature) = text.split_once('.')?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    vault.is_signature(&content(purpose, &payload), &signature).then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::{Vault, open, sign};

    #[test]
    fn only_the_same_vault_and_purpose_open_a_text() {
        let vault = Vault::new(&[1; 32]);
        let text = sign(&vault, "session", b"who");
        assert_eq!(open(&vault, "session", &text).as_deref(), Some(b"who".as_slice()));
        assert_eq!(open(&vault, "notice", &text), None);
        assert_eq!(open(&Vault::new(&[2; 32]), "session", &text), None);
        let other = sign(&vault, "session", b"she");
        let spliced = format!("{}.{}", text.split_once('.').unwrap().0, other.split_once('.').unwrap().1);
        assert_eq!(open(&vault, "session", &spliced), None);
        for broken in ["", ".", "d2hv", "d2hv.", "!.!"] {
            assert_eq!(open(&vault, "session", broken), None, "{broken}");
        }
    }
}
