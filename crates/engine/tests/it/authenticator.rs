//! A device with a passkey in it that says whatever a test wants it to say.

use aws_lc_rs::{
    digest::{SHA256, digest},
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tongbao_core::payer::passkey::Algorithm;

/// Somebody is there, and the device has made sure who; a credential is included.
const HONEST: u8 = 0b0000_0101;
const CREDENTIAL_INCLUDED: u8 = 0b0100_0000;

enum PrivateKey {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

pub(crate) struct Device {
    /// The credential id.
    pub(crate) id: Vec<u8>,
    /// The domain it answers.
    pub(crate) rp_id: String,
    /// The origin that the browser names.
    pub(crate) origin: String,
    /// What the browser says beside that.
    pub(crate) extra: Value,
    /// The purpose that the browser names, if another than the real one.
    pub(crate) purpose: Option<&'static str>,
    /// The flags of what the device says.
    pub(crate) flags: u8,
    /// Its count of signatures.
    pub(crate) sign_count: u32,
    algorithm: Algorithm,
    key: PrivateKey,
}

fn text(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Device {
    /// An honest device for pages of `origin`.
    pub(crate) fn new(algorithm: Algorithm, id: &[u8], (rp_id, origin): (&str, &str)) -> Device {
        let key = match algorithm {
            Algorithm::Es256 => {
                PrivateKey::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
            }
            Algorithm::EdDsa => PrivateKey::EdDsa(Ed25519KeyPair::generate().unwrap()),
            Algorithm::Rs256 => PrivateKey::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        Device {
            id: id.to_vec(),
            rp_id: rp_id.to_owned(),
            origin: origin.to_owned(),
            extra: json!({}),
            purpose: None,
            flags: HONEST,
            sign_count: 0,
            algorithm,
            key,
        }
    }

    /// Its public key, as browsers give it.
    pub(crate) fn public_key(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match &self.key {
            PrivateKey::Es256(key) => key.public_key().as_der().unwrap(),
            PrivateKey::EdDsa(key) => key.public_key().as_der().unwrap(),
            PrivateKey::Rs256(key) => key.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

    fn client(&self, purpose: &str, challenge: &str) -> Vec<u8> {
        let mut said = json!({
            "type": self.purpose.unwrap_or(purpose),
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": false,
        });
        for (name, value) in self.extra.as_object().unwrap() {
            said[name] = value.clone();
        }
        said.to_string().into_bytes()
    }

    fn authenticator(&self, flags: u8) -> Vec<u8> {
        let domain = digest(&SHA256, self.rp_id.as_bytes());
        [domain.as_ref(), &[flags], &self.sign_count.to_be_bytes()].concat()
    }

    /// A new passkey for this challenge (base64url).
    pub(crate) fn make(&self, challenge: &str) -> Value {
        let length = u16::try_from(self.id.len()).unwrap().to_be_bytes();
        let head = self.authenticator(self.flags | CREDENTIAL_INCLUDED);
        // The key in its own form follows; nobody reads it.
        let said = [&head, &[0; 16][..], &length, &self.id, b"\xa5 and so on"].concat();
        json!({
            "id": text(&self.id),
            "client": text(self.client("webauthn.create", challenge)),
            "authenticator": text(said),
            "public_key": text(self.public_key()),
            "algorithm": self.algorithm.number(),
        })
    }

    /// Its signature over this challenge (base64url).
    pub(crate) fn sign(&self, challenge: &str) -> Value {
        let client = self.client("webauthn.get", challenge);
        let said = self.authenticator(self.flags);
        let signed = [said.as_slice(), digest(&SHA256, &client).as_ref()].concat();
        let random = SystemRandom::new();
        let signature = match &self.key {
            PrivateKey::Es256(key) => key.sign(&random, &signed).unwrap().as_ref().to_vec(),
            PrivateKey::EdDsa(key) => key.sign(&signed).as_ref().to_vec(),
            PrivateKey::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, &signed, &mut signature).unwrap();
                signature
            }
        };
        json!({
            "id": text(&self.id),
            "client": text(client),
            "authenticator": text(said),
            "signature": text(signature),
        })
    }
}
