//! What a browser brings back from a device, and whether it is what was asked for.
//!
//! The checks are those of Web Authentication Level 3, section 7.1 for a new passkey and section 7.2 for a signature,
//! as far as they concern who asks for no attestation and no extension. A signature is looked at last.
//!
//! **Absent on purpose:** CBOR. Who asks for no attestation gets the public key from the browser as
//! `SubjectPublicKeyInfo` and everything else at fixed places (section 5.2.1.1); nothing of a registration is signed in
//! either case. Times and storage are the core's.

use aws_lc_rs::{
    digest::{SHA256, digest},
    signature::{self, ParsedPublicKey, VerificationAlgorithm},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Deserializer, de::Error as _};
use tongbao_core::{
    id::TypedId as _,
    payer::passkey::{Algorithm, Passkey},
};

use super::RelyingParty;

/// Bytes of a credential id at most (Web Authentication Level 3, section 7.1).
const CREDENTIAL_BYTES_MAX: usize = 1_023;

/// Bytes of a public key at most: an RSA key of 8,192 bits has less.
const PUBLIC_KEY_BYTES_MAX: usize = 1_200;

/// Bytes before the credential in what an authenticator says: digest of the RP ID, flags, count (section 6.1).
const HEAD_LEN: usize = 32 + 1 + 4;

/// Bytes that say which make of device it is; nobody asks.
const AAGUID_LEN: usize = 16;

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const CREDENTIAL_INCLUDED: u8 = 1 << 6;

/// Bytes that a browser sends as base64url.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary(pub Vec<u8>);

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Binary, D::Error> {
        let text = String::deserialize(deserializer)?;
        URL_SAFE_NO_PAD.decode(text).map(Binary).map_err(D::Error::custom)
    }
}

/// A new passkey, as the page's script sends it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registration {
    /// The credential id.
    pub id: Binary,
    /// What the browser says: JSON.
    pub client: Binary,
    /// What the device says.
    pub authenticator: Binary,
    /// The public key: `SubjectPublicKeyInfo`.
    pub public_key: Binary,
    /// The COSE number of its algorithm.
    pub algorithm: i64,
}

/// A signature of a passkey, as the page's script sends it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// The credential id.
    pub id: Binary,
    /// What the browser says: JSON.
    pub client: Binary,
    /// What the device says.
    pub authenticator: Binary,
    /// Over both of them.
    pub signature: Binary,
    /// Whose passkey the device says it is: the bytes of the payer's id. Devices that keep the passkey's owner say it.
    #[serde(default)]
    pub user: Option<Binary>,
}

/// What is wrong with it. Only tests and logs read this: whoever sent it is told that it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// It is not of the form that browsers send.
    Form,
    /// It was made for another purpose.
    Purpose,
    /// Another challenge was answered.
    Challenge,
    /// A page of another origin asked for it, or one within another page.
    Origin,
    /// The device answered another domain.
    RelyingParty,
    /// Nobody was there.
    Presence,
    /// The device has not made sure who it was.
    Verification,
    /// What it says of copies contradicts itself, or what it said before.
    Copies,
    /// It is another passkey.
    Credential,
    /// The key is of no kind that was asked for.
    Key,
    /// The signature is not of this key, or not of this.
    Signature,
}

/// What is known of a passkey that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The credential id, in base64url.
    pub credential: String,
    /// How it signs.
    pub algorithm: Algorithm,
    /// The public key, in base64url.
    pub public_key: String,
    /// The device's count of signatures.
    pub sign_count: u32,
    /// Whether it may be copied to other devices.
    pub backup_eligible: bool,
}

#[derive(Deserialize)]
struct Client {
    #[serde(rename = "type")]
    purpose: String,
    challenge: String,
    origin: String,
    #[serde(rename = "crossOrigin", default)]
    cross_origin: bool,
    #[serde(rename = "topOrigin", default)]
    top_origin: Option<String>,
}

struct Authenticator<'a> {
    flags: u8,
    sign_count: u32,
    rest: &'a [u8],
}

/// Whether a passkey was made for this challenge.
pub fn registered(party: &RelyingParty, challenge: &[u8; 32], new: &Registration) -> Result<Made, Wrong> {
    client(party, "webauthn.create", challenge, &new.client.0)?;
    let said = authenticator(party, &new.authenticator.0)?;
    if said.flags & CREDENTIAL_INCLUDED == 0 {
        return Err(Wrong::Form);
    }
    let id = &new.id.0;
    let fits = !id.is_empty() && id.len() <= CREDENTIAL_BYTES_MAX && credential(said.rest) == Some(id);
    if !fits {
        return Err(Wrong::Credential);
    }
    let algorithm = Algorithm::from_number(new.algorithm).ok_or(Wrong::Key)?;
    let short = new.public_key.0.len() <= PUBLIC_KEY_BYTES_MAX;
    if !short || ParsedPublicKey::new(verifier(algorithm), &new.public_key.0).is_err() {
        return Err(Wrong::Key);
    }
    Ok(Made {
        credential: URL_SAFE_NO_PAD.encode(id),
        algorithm,
        public_key: URL_SAFE_NO_PAD.encode(&new.public_key.0),
        sign_count: said.sign_count,
        backup_eligible: said.flags & BACKUP_ELIGIBLE != 0,
    })
}

/// Whether a passkey has signed this challenge; gives the device's count.
pub fn asserted(
    party: &RelyingParty,
    challenge: &[u8; 32],
    passkey: &Passkey,
    given: &Assertion,
) -> Result<u32, Wrong> {
    let of_another = |user: &Binary| user.0 != passkey.payer.uuid().as_bytes();
    if passkey.credential != URL_SAFE_NO_PAD.encode(&given.id.0)
        || given.user.as_ref().is_some_and(of_another)
    {
        return Err(Wrong::Credential);
    }
    client(party, "webauthn.get", challenge, &given.client.0)?;
    let said = authenticator(party, &given.authenticator.0)?;
    if (said.flags & BACKUP_ELIGIBLE != 0) != passkey.backup_eligible {
        return Err(Wrong::Copies);
    }
    let key = URL_SAFE_NO_PAD.decode(&passkey.public_key).map_err(|_| Wrong::Key)?;
    let key = ParsedPublicKey::new(verifier(passkey.algorithm), key).map_err(|_| Wrong::Key)?;
    let signed = [&given.authenticator.0, digest(&SHA256, &given.client.0).as_ref()].concat();
    key.verify_sig(&signed, &given.signature.0).map_err(|_| Wrong::Signature)?;
    Ok(said.sign_count)
}

fn verifier(algorithm: Algorithm) -> &'static dyn VerificationAlgorithm {
    match algorithm {
        Algorithm::Es256 => &signature::ECDSA_P256_SHA256_ASN1,
        Algorithm::EdDsa => &signature::ED25519,
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
    }
}

fn client(party: &RelyingParty, purpose: &str, challenge: &[u8; 32], said: &[u8]) -> Result<(), Wrong> {
    let said: Client = serde_json::from_slice(said).map_err(|_| Wrong::Form)?;
    if said.purpose != purpose {
        return Err(Wrong::Purpose);
    }
    if said.challenge != URL_SAFE_NO_PAD.encode(challenge) {
        return Err(Wrong::Challenge);
    }
    if said.origin != party.origin || said.cross_origin || said.top_origin.is_some() {
        return Err(Wrong::Origin);
    }
    Ok(())
}

fn authenticator<'a>(party: &RelyingParty, said: &'a [u8]) -> Result<Authenticator<'a>, Wrong> {
    let (head, rest) = said.split_first_chunk::<HEAD_LEN>().ok_or(Wrong::Form)?;
    let (domain, tail) = head.split_at(32);
    let [flags, count @ ..] = tail else { return Err(Wrong::Form) };
    let count = <[u8; 4]>::try_from(count).map_err(|_| Wrong::Form)?;
    if domain != digest(&SHA256, party.id.as_bytes()).as_ref() {
        return Err(Wrong::RelyingParty);
    }
    if flags & USER_PRESENT == 0 {
        return Err(Wrong::Presence);
    }
    if flags & USER_VERIFIED == 0 {
        return Err(Wrong::Verification);
    }
    if flags & BACKED_UP != 0 && flags & BACKUP_ELIGIBLE == 0 {
        return Err(Wrong::Copies);
    }
    Ok(Authenticator { flags: *flags, sign_count: u32::from_be_bytes(count), rest })
}

/// The credential id in what follows the head: make of the device, length, id, and then the key in its own form.
fn credential(rest: &[u8]) -> Option<&[u8]> {
    let (length, rest) = rest.get(AAGUID_LEN..)?.split_first_chunk::<2>()?;
    rest.get(..usize::from(u16::from_be_bytes(*length)))
}
