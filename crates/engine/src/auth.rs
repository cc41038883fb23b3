//! Secrets that people and programs show: API keys, one-time codes, webhook secrets.

use tongbao_core::{
    Actor, Key, Refusal, Time,
    api_key::{ApiKey, NewApiKey, Scope},
    endpoint::WebhookSecret,
    id::PayerId,
    payer::{self, CodePurpose, NewPayer, Payer},
};
use tongbao_store::Fault;

use crate::{
    Engine, Error, Input,
    account::{Purpose, untold},
    vault::{Field, Unreadable},
    webhook::Secret,
};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(HEX[usize::from(nibble & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

/// The digest under which a secret key is kept.
pub fn secret_key_digest(secret: &str) -> [u8; 32] {
    blake3::hash(secret.as_bytes()).into()
}

/// A phone number with the middle hidden: `138****0001`.
pub fn mask_phone(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().collect();
    let hidden = |at: usize| at >= 3 && at + 4 < digits.len();
    digits.iter().enumerate().map(|(at, digit)| if hidden(at) { '*' } else { *digit }).collect()
}

impl Engine {
    /// Makes a secret key for an app: the key itself, shown once, and what is kept of it.
    pub fn new_secret_key(
        &self,
        scopes: Vec<Scope>,
        networks: Vec<String>,
        expires_at: Option<Time>,
    ) -> (String, NewApiKey) {
        let secret = format!("{}{}", self.mode.key_prefix(), hex(&self.entropy.secret()));
        let last: String = secret.chars().skip(secret.chars().count().saturating_sub(4)).collect();
        let hint = format!("{}…{last}", self.mode.key_prefix());
        let digest = secret_key_digest(&secret);
        (secret, NewApiKey { digest, hint, scopes, networks, expires_at })
    }

    /// Makes a webhook secret: the text shown once, and its sealed form.
    pub fn new_webhook_secret(&self) -> (String, WebhookSecret) {
        let secret = Secret::from_bytes(self.entropy.secret()).expose();
        let sealed = self.vault.seal(Field::WebhookSecret, &secret);
        (secret, WebhookSecret { sealed, until: None })
    }

    /// The secrets among these that sign now.
    pub fn live_secrets(&self, secrets: &[WebhookSecret], now: Time) -> Result<Vec<Secret>, Unreadable> {
        let live = secrets.iter().filter(|secret| secret.until.is_none_or(|until| now < until));
        live.map(|secret| {
            let text = self.vault.open(Field::WebhookSecret, &secret.sealed)?;
            Secret::parse(&text).map_err(|_| Unreadable)
        })
        .collect()
    }

    /// The key that this secret is, if it is one; whether it may be used now is the caller's to check.
    pub fn api_key(&self, secret: &str) -> Result<Option<ApiKey>, Fault> {
        self.store.find::<ApiKey>(Key::Secret(secret_key_digest(secret)))
    }

    /// The payer with this phone number whose account is open.
    pub fn payer_by_phone(&self, phone: &str) -> Result<Option<Payer>, Fault> {
        let digest = self.vault.digest("phone", phone);
        let mut turn = 0_u32;
        loop {
            match self.store.find::<Payer>(payer::phone_key(digest, turn))? {
                // That account was closed; the number may have another.
                Some(payer) if payer.closed_at.is_some() => turn = turn.saturating_add(1),
                found => return Ok(found),
            }
        }
    }

    /// What a new payer is made of. Hashes the password, beside those that wait to be checked: for commands
    /// and tests, not for doors and async workers.
    pub fn new_payer(&self, phone: &str, password: &str) -> NewPayer {
        self.payer_with(phone, self.vault.hash_password(password, &self.entropy.seed()))
    }

    /// The same with a password that was hashed.
    pub(crate) fn payer_with(&self, phone: &str, password: String) -> NewPayer {
        NewPayer {
            phone_sealed: self.vault.seal(Field::Phone, phone),
            phone_digest: self.vault.digest("phone", phone),
            phone_hint: mask_phone(phone),
            password,
        }
    }

    /// Sends a code that signs a payer in. When the day's codes are used up the answer is that of one that was asked
    /// for too soon.
    pub async fn send_code(&self, id: PayerId) -> Result<(), Error> {
        self.send_code_for(id, Purpose::SignIn).await.map_err(untold)
    }

    /// Whether a payer's code is right; a wrong one is counted.
    pub async fn use_code(&self, id: PayerId, code: &str) -> Result<(), Error> {
        let digest = self.vault.digest("code", &format!("{id}/{code}"));
        let input = Input { actor: Actor::Payer(id), name: "use_code" };
        let right = self
            .step(input, move |facts, cx| payer::use_code(facts, cx, (id, CodePurpose::SignIn), &digest))
            .await?;
        if right { Ok(()) } else { Err(Error::Refused(Refusal::WrongCode)) }
    }
}
