//! As a member: one pull of a source. Deltas are taken, new values of our own are screened, hits are told.

use std::fmt;

use reqwest::{Client, Method, StatusCode};
use serde::de::DeserializeOwned;
use tongbao_core::{
    Actor, Facts, Key, List, Record,
    risk::{
        list::Entity,
        list_sharing::{ListSource, Screened, pulled, screened, take_delta},
    },
};
use tongbao_risk::sharing::{Answer, Asking, Chain, Refused, SharedKind};
use tongbao_store::{Fault, Query};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{
    Asked, Deltas, Evaluated, Hits, MEMBER_HEADER, Member, NONCE_HEADER, SIGNATURE_HEADER, SharingKeys,
    SignedRequest, TIMESTAMP_HEADER, bytes_of,
};
use crate::{Engine, Error, Input, auth::hex, vault::Field};

/// Values of one question: a tenth of a second of the source's time.
const SCREENED_AT_ONCE: u32 = 500;
/// Questions of one pull, so that deltas are not kept waiting by a first screening of many payers.
const QUESTIONS_PER_PULL: u32 = 20;
/// Bytes of an answer: a page of deltas of the longest items, and room.
const ANSWER_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Why a pull ended early. What was taken before stays taken.
#[derive(Debug)]
pub enum PullFailure {
    /// The source does not answer.
    Unreachable(reqwest::Error),
    /// It answers with this status.
    Refused(StatusCode),
    /// What it answers is not what it has signed, or not what was asked for.
    Forged(&'static str),
    /// An evaluation does not fit its key.
    Evaluation(Refused),
    /// A step or a read of ours failed.
    Step(Error),
}

impl fmt::Display for PullFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PullFailure::Unreachable(error) => write!(f, "the source does not answer: {error}"),
            PullFailure::Refused(status) => write!(f, "the source answers {status}"),
            PullFailure::Forged(why) => f.write_str(why),
            PullFailure::Evaluation(refused) => write!(f, "an evaluation is refused: {refused}"),
            PullFailure::Step(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PullFailure {}

impl From<Error> for PullFailure {
    fn from(error: Error) -> PullFailure {
        PullFailure::Step(error)
    }
}

impl From<Fault> for PullFailure {
    fn from(fault: Fault) -> PullFailure {
        PullFailure::Step(fault.into())
    }
}

const fn input(name: &'static str) -> Input {
    Input { actor: Actor::Worker, name }
}

/// Values of our own with whom or what they name.
type Values = Vec<(SharedKind, Zeroizing<String>, Entity)>;

/// One source, as we ask it.
pub(super) struct Pull<'a> {
    pub(super) engine: &'a Engine,
    pub(super) client: &'a Client,
    pub(super) keys: &'a SharingKeys,
    /// Our own name.
    pub(super) name: &'a str,
    pub(super) source: &'a Member,
    pub(super) url: &'a str,
}

impl Pull<'_> {
    /// Takes what is new, screens what is new here, tells hits.
    pub(super) async fn run(&self) -> Result<(), PullFailure> {
        while self.take_page().await? {}
        for _ in 0..QUESTIONS_PER_PULL {
            if !self.screen_payers().await? && !self.screen_cards().await? {
                break;
            }
        }
        let name = self.source.name.clone();
        let note = move |facts: &dyn Facts, cx: &mut _| pulled(facts, cx, &name);
        self.engine.run(input("pull_shared_lists"), note).await?;
        let hits = Hits { hits: self.known()?.map(|known| known.hits).unwrap_or_default() };
        let body = serde_json::to_vec(&hits).unwrap_or_default();
        self.send(Method::PUT, "/sharing/v1/hits", body).await.map(drop)
    }

    fn known(&self) -> Result<Option<ListSource>, Fault> {
        self.engine.store.find::<ListSource>(Key::ListSource(self.source.name.clone()))
    }

    /// Takes a page of deltas; whether there are more.
    async fn take_page(&self) -> Result<bool, PullFailure> {
        let chain = self.known()?.map_or(Chain::default(), |known| known.chain);
        let page: Deltas =
            self.ask(Method::GET, &format!("/sharing/v1/deltas?after={}", chain.number), Vec::new()).await?;
        let end = page.follow(chain, self.source, self.engine.clock.world()).map_err(PullFailure::Forged)?;
        for delta in page.deltas {
            let name = self.source.name.clone();
            let take = move |facts: &dyn Facts, cx: &mut _| take_delta(facts, cx, &name, &delta);
            self.engine.run(input("take_list_delta"), take).await?;
        }
        Ok(end.number < page.latest)
    }

    /// Screens the phone numbers of the next payers; whether there were some.
    async fn screen_payers(&self) -> Result<bool, PullFailure> {
        let after = self.known()?.and_then(|known| known.payers_until);
        let records = self.next(List::Payers, after)?;
        let (mut values, mut last) = (Values::new(), None);
        for record in &records {
            let Record::Payer(payer) = record else { continue };
            last = Some(record.id().uuid);
            if payer.closed_at.is_some() {
                continue;
            }
            let phone = self.open(Field::Phone, &payer.phone_sealed)?;
            values.push((SharedKind::Phone, phone, Entity::Phone(payer.phone_digest)));
        }
        self.screen(values, Screened { payers_until: last, ..Screened::default() }).await
    }

    /// The same with card numbers.
    async fn screen_cards(&self) -> Result<bool, PullFailure> {
        let after = self.known()?.and_then(|known| known.cards_until);
        let records = self.next(List::CardNumbers, after)?;
        let (mut values, mut last) = (Values::new(), None);
        for record in &records {
            let Record::CardNumber(number) = record else { continue };
            last = Some(record.id().uuid);
            let open = self.open(Field::CardNumber, &number.number_sealed)?;
            values.push((SharedKind::Card, open, Entity::Card(number.number_digest)));
        }
        self.screen(values, Screened { cards_until: last, ..Screened::default() }).await
    }

    fn next(&self, list: List, after: Option<Uuid>) -> Result<Vec<Record>, Fault> {
        self.engine.store.records(Query::List { list, after, newest_first: false, limit: SCREENED_AT_ONCE })
    }

    fn open(&self, field: Field, sealed: &str) -> Result<Zeroizing<String>, Fault> {
        let open = self.engine.vault.open(field, sealed);
        open.map(Zeroizing::new).map_err(|_| Fault::Broken("a sealed value cannot be opened".to_owned()))
    }

    /// Asks about values, blinded, and keeps their tokens; whether there was anything to note.
    async fn screen(&self, values: Values, mut found: Screened) -> Result<bool, PullFailure> {
        if found.payers_until.is_none() && found.cards_until.is_none() {
            return Ok(false);
        }
        if !values.is_empty() {
            let seed = Zeroizing::new(self.engine.entropy.secret());
            let named = values.iter().map(|(kind, value, _)| (*kind, value.as_str()));
            let asking = Asking::about(&seed, named).map_err(PullFailure::Evaluation)?;
            let asked = Asked { elements: asking.message().iter().map(|element| hex(element)).collect() };
            let body = serde_json::to_vec(&asked).unwrap_or_default();
            let answer: Evaluated = self.ask(Method::POST, "/sharing/v1/evaluations", body).await?;
            let elements =
                answer.elements.iter().map(|element| bytes_of(element)).collect::<Option<Vec<_>>>();
            let (Some(elements), Some(proof)) = (elements, bytes_of(&answer.proof)) else {
                return Err(PullFailure::Forged("an evaluation is not what was asked for"));
            };
            let tokens = asking.tokens(&Answer { elements, proof }, &self.source.evaluation_key);
            let tokens = tokens.map_err(PullFailure::Evaluation)?;
            found.tokens = tokens.into_iter().zip(values.iter().map(|(.., entity)| *entity)).collect();
        }
        let name = self.source.name.clone();
        let note = move |facts: &dyn Facts, cx: &mut _| screened(facts, cx, &name, &found);
        self.engine.run(input("screen_values"), note).await?;
        Ok(true)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        target: &str,
        body: Vec<u8>,
    ) -> Result<T, PullFailure> {
        let answer = self.send(method, target, body).await?;
        serde_json::from_slice(&answer).map_err(|_| PullFailure::Forged("an answer has another form"))
    }

    async fn send(&self, method: Method, target: &str, body: Vec<u8>) -> Result<Vec<u8>, PullFailure> {
        let (at_ms, nonce) = (self.engine.clock.world().ms(), hex(&self.engine.entropy.seed()));
        let signed = SignedRequest {
            member: self.name,
            source: &self.source.name,
            method: method.as_str(),
            target,
            at_ms,
            nonce: &nonce,
            body: &body,
        };
        let signature = signed.sign(self.keys);
        let request = self.client.request(method.clone(), format!("{}{target}", self.url));
        let request = request
            .header(MEMBER_HEADER, self.name)
            .header(TIMESTAMP_HEADER, at_ms)
            .header(NONCE_HEADER, nonce)
            .header(SIGNATURE_HEADER, signature)
            .header("content-type", "application/json");
        let mut answer = request.body(body).send().await.map_err(PullFailure::Unreachable)?;
        if !answer.status().is_success() {
            return Err(PullFailure::Refused(answer.status()));
        }
        let mut bytes = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(PullFailure::Unreachable)? {
            if bytes.len().saturating_add(part.len()) > ANSWER_BYTES_MAX {
                return Err(PullFailure::Forged("an answer is longer than any can be"));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }
}
