//! Text messages: one signed HTTP request to the gateway of the institution, which speaks to the carriers.
//!
//! ```text
//!   POST <url>
//!   webhook-id: ntc_…   webhook-timestamp: …   webhook-signature: v1,…     (Standard Webhooks, shared secret)
//!   {"id":"ntc_…","to":"+8613800000001","kind":"one_time_code","language":"zh","code":"123456","text":"…"}
//! ```
//! 2xx means taken; other 4xx than 408, 425 and 429 mean refused for good; everything else, and no answer in ten
//! seconds, means "again".
//!
//! **Absent on purpose:** the dialects of single carriers. They differ in signatures and templates and change; a
//! gateway of fifty lines puts `kind`, `language` and `code` into a template that the carrier has approved.

use std::sync::Arc;

use serde_json::json;
use tongbao_core::notice::{Carried, Language};

use super::{Carrier, Letter};
use crate::{
    Call, Clock,
    webhook::{Failure, Outcome, Policy, Secret, Sender, sign},
};

/// See the module.
pub struct SmsCarrier {
    sender: Sender,
    clock: Arc<dyn Clock>,
    url: String,
    secret: Secret,
}

impl SmsCarrier {
    /// A carrier that posts to this address, which the operator has chosen and which may be inside. Fails where the
    /// system offers no certificate authority.
    pub fn new(url: String, secret: Secret, clock: Arc<dyn Clock>) -> Result<SmsCarrier, reqwest::Error> {
        Ok(SmsCarrier { sender: Sender::new(Policy::Configured)?, clock, url, secret })
    }
}

impl Carrier for SmsCarrier {
    fn carry<'a>(&'a self, letter: &'a Letter) -> Call<'a, Carried> {
        Box::pin(async move {
            let mut body = json!({
                "id": letter.id,
                "to": international(&letter.to),
                "kind": letter.kind,
                "language": match letter.language { Language::Zh => "zh", Language::En => "en" },
                "text": *letter.text,
            });
            if let Some(code) = &letter.code {
                body["code"] = json!(**code);
            }
            let body = body.to_string().into_bytes();
            let timestamp_s = self.clock.world().ms().div_euclid(1_000);
            let secrets = std::slice::from_ref(&self.secret);
            let headers = sign(&letter.id, timestamp_s, &body, secrets, None);
            let outcome = self.sender.send(&self.url, &headers, body).await;
            if !outcome.is_success() {
                let failure = outcome.failure.map(Failure::name);
                tracing::warn!(notice = letter.id, failure, status = outcome.status, "no SMS was taken");
            }
            carried(&outcome)
        })
    }
}

/// A number as E.164 writes it: payers of mainland China are known by their national number.
fn international(number: &str) -> String {
    if number.starts_with('+') { number.to_owned() } else { format!("+86{number}") }
}

fn carried(outcome: &Outcome) -> Carried {
    match outcome.failure {
        None => Carried::Taken,
        // Request Timeout, Too Early, Too Many Requests: the gateway asks for another try.
        Some(Failure::Http(408 | 425 | 429)) => Carried::Unanswered,
        Some(Failure::Http(400..=499)) => Carried::Refused,
        Some(_) => Carried::Unanswered,
    }
}

#[cfg(test)]
mod tests {
    use super::international;

    #[test]
    fn numbers_are_written_with_their_country() {
        assert_eq!(international("13800000001"), "+8613800000001");
        assert_eq!(international("+442079460000"), "+442079460000");
    }
}
