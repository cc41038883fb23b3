//! What every handler of the API shares.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tongbao_core::{Time, api_key::ApiKey, id::PayerId};
use tongbao_engine::{
    Engine,
    auth::secret_key_digest,
    passkey::{NotOffered, RelyingParty},
};
use tongbao_store::Fault;

use crate::{
    payer::{PASSKEYS_NOT_OFFERED, PAYER_QUOTA},
    problem::Problem,
    rate::{KEYS_MAX, Limiter, Quota},
};

/// How long a secret key is remembered after it was looked up, in milliseconds: a revoked key works for
/// at most that much longer.
const KEY_REMEMBERED_MS: i64 = 1_000;

/// Secret keys remembered at once; beyond that all are forgotten, which costs each one look-up.
const KEYS_REMEMBERED_MAX: usize = 10_000;

/// A key, and when it was looked up.
type Remembered = (Time, Arc<ApiKey>);

/// The API of one instance.
pub struct Api {
    /// Decides, commits, reads.
    pub engine: Arc<Engine>,
    /// Where this instance is reached, without a slash at the end: goes into `cashier_url`.
    pub base_url: String,
    /// Under which name passkeys are made, or why there are none.
    party: Result<RelyingParty, NotOffered>,
    /// What is left of each payer's allowance of requests.
    pub(crate) payers: Limiter<PayerId>,
    keys: Mutex<HashMap<[u8; 32], Remembered>>,
}

impl Api {
    /// The API of an engine that is reached at `base_url`.
    pub fn new(engine: Arc<Engine>, base_url: impl Into<String>) -> Arc<Api> {
        Api::limited(engine, base_url, PAYER_QUOTA)
    }

    /// The same with what one payer may ask of the payers' API.
    pub fn limited(engine: Arc<Engine>, base_url: impl Into<String>, payer: Quota) -> Arc<Api> {
        let payers = Limiter::new(payer, KEYS_MAX);
        let base_url = base_url.into();
        let party = RelyingParty::of(&base_url);
        Arc::new(Api { engine, base_url, party, payers, keys: Mutex::default() })
    }

    /// Under which name passkeys are made; refused where there are none.
    pub(crate) fn relying_party(&self) -> Result<&RelyingParty, Problem> {
        self.party.as_ref().map_err(|why| {
            Problem::of(PASSKEYS_NOT_OFFERED).detail(match why {
                NotOffered::Address => {
                    "Passkeys belong to a domain, and this instance is reached at an IP address."
                }
                NotOffered::WithoutTls => {
                    "Browsers offer passkeys over TLS only; this instance is reached without."
                }
            })
        })
    }

    /// The key that this secret is. Found ones are remembered for a second; unknown ones are not, so a
    /// new key works at once and guesses fill no memory.
    pub(crate) fn key(&self, secret: &str, now: Time) -> Result<Option<Arc<ApiKey>>, Fault> {
        let digest = secret_key_digest(secret);
        let remembered = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(&digest).cloned();
        if let Some((at, key)) =
            remembered.filter(|(at, _)| (0..KEY_REMEMBERED_MS).contains(&now.since_ms(*at)))
        {
            debug_assert!(at <= now, "the clock does not go back");
            return Ok(Some(key));
        }
        let Some(key) = self.engine.api_key(secret)?.map(Arc::new) else { return Ok(None) };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_REMEMBERED_MAX {
            keys.clear();
        }
        keys.insert(digest, (now, Arc::clone(&key)));
        Ok(Some(key))
    }
}
