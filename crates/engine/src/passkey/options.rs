//! What a device is told before it makes or uses a passkey: the dictionaries of Web Authentication Level 3, sections
//! 5.4 and 5.5, as JSON with binary values in base64url. The pages' scripts and payers' apps hand them to the device.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tongbao_core::{
    id::TypedId as _,
    limits::PASSKEY_CHALLENGE_LIFE_MS,
    payer::{
        Payer,
        passkey::{Algorithm, Passkey},
    },
};

use super::RelyingParty;

/// What browsers show as the maker of a passkey.
const PLATFORM: &str = "Tongbao 通宝";

fn known(passkeys: &[Passkey]) -> Vec<Value> {
    passkeys.iter().map(|known| json!({"type": "public-key", "id": known.credential})).collect()
}

/// What a device is asked to sign (`PublicKeyCredentialRequestOptions`). Without passkeys, those that the device keeps
/// for this domain are meant.
pub fn request(party: &RelyingParty, challenge: &[u8; 32], passkeys: &[Passkey]) -> Value {
    json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "rpId": party.id,
        "allowCredentials": known(passkeys),
        "userVerification": "required",
        "timeout": PASSKEY_CHALLENGE_LIFE_MS,
    })
}

/// What a device is asked to make (`PublicKeyCredentialCreationOptions`): one that it keeps, if it can, so that it also
/// signs in.
pub fn creation(party: &RelyingParty, challenge: &[u8; 32], payer: &Payer, passkeys: &[Passkey]) -> Value {
    let algorithms = Algorithm::ALL.map(|one| json!({"type": "public-key", "alg": one.number()}));
    json!({
        "challenge": URL_SAFE_NO_PAD.encode(challenge),
        "rp": {"id": party.id, "name": PLATFORM},
        "user": {
            "id": URL_SAFE_NO_PAD.encode(payer.id.uuid().as_bytes()),
            "name": payer.phone_hint,
            "displayName": payer.phone_hint,
        },
        "pubKeyCredParams": algorithms,
        "excludeCredentials": known(passkeys),
        "authenticatorSelection": {"residentKey": "preferred", "userVerification": "required"},
        "attestation": "none",
        "timeout": PASSKEY_CHALLENGE_LIFE_MS,
    })
}
