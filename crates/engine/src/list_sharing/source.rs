//! As a source: what members are answered.

use std::collections::BTreeMap;

use tongbao_core::{
    Actor, Facts, Key,
    risk::list_sharing::{ListDelta, ListLog, count_asked, take_hits},
};
use tongbao_risk::sharing::{Chain, ELEMENT_BYTES, Refused};
use tongbao_store::Fault;

use super::{Asked, Deltas, Evaluated, SharingKeys, bytes_of};
use crate::{Engine, Error, Input, auth::hex};

/// Deltas of one answer. Each has as many items as an import's step has lines: some 100 kilobytes.
pub const DELTAS_PER_PAGE: u64 = 20;

const fn input(name: &'static str) -> Input {
    Input { actor: Actor::Worker, name }
}

/// What became of a member's question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counted {
    /// It was counted and evaluated.
    Answered(Evaluated),
    /// It is not a question: no points, too many, or what is no point.
    Wrong(Refused),
    /// The member has asked as much as a day allows.
    UsedUp,
}

impl Engine {
    /// The deltas after a number, signed. A number that there is not yet gives none.
    pub fn shared_deltas(&self, keys: &SharingKeys, name: &str, after: u64) -> Result<Deltas, Fault> {
        let head = self.store.find::<ListLog>(Key::ListLog)?.map_or(Chain::default(), |log| log.chain);
        let mut chain = match after {
            0 => Chain::default(),
            after if after > head.number => head,
            after => self.delta(after)?.chain,
        };
        let mut deltas = Vec::new();
        while chain.number < head.number.min(after.saturating_add(DELTAS_PER_PAGE)) {
            let next = self.delta(chain.number.saturating_add(1))?;
            chain = next.chain;
            deltas.push(next.delta);
        }
        Ok(Deltas::signed(keys, name, deltas, chain, head.number, self.clock.world()))
    }

    fn delta(&self, number: u64) -> Result<ListDelta, Fault> {
        let found = self.store.find::<ListDelta>(Key::ListDelta(number))?;
        found.ok_or_else(|| Fault::Broken(format!("delta {number} of the lists is missing")))
    }

    /// Counts what a member asks about, and evaluates it. What is refused is not counted.
    pub async fn evaluate_for(
        &self,
        keys: &SharingKeys,
        member: &str,
        asked: &Asked,
        per_day_max: u32,
    ) -> Result<Counted, Error> {
        let points = asked.elements.iter().map(|element| bytes_of::<ELEMENT_BYTES>(element));
        let Some(points) = points.collect::<Option<Vec<_>>>() else {
            return Ok(Counted::Wrong(Refused::Element));
        };
        let count = u32::try_from(points.len()).unwrap_or(u32::MAX);
        let name = member.to_owned();
        // Evaluated first and given away only once it is counted: a wrong question costs nothing.
        let answer = match keys.evaluator.answer(&self.entropy.secret(), &points) {
            Ok(answer) => answer,
            Err(refused) => return Ok(Counted::Wrong(refused)),
        };
        let count_it = move |facts: &dyn Facts, cx: &mut _| count_asked(facts, cx, &name, count, per_day_max);
        if !self.step(input("evaluate_shared_values"), count_it).await? {
            tracing::warn!(member, count, "a member of the list sharing has asked as much as a day allows");
            return Ok(Counted::UsedUp);
        }
        tracing::info!(member, count, "a member of the list sharing asked");
        let elements = answer.elements.iter().map(|element| hex(element)).collect();
        Ok(Counted::Answered(Evaluated { elements, proof: hex(&answer.proof) }))
    }

    /// Keeps what a member tells of our entries.
    pub async fn take_list_hits(&self, member: &str, hits: BTreeMap<String, u64>) -> Result<(), Error> {
        let name = member.to_owned();
        let take = move |facts: &dyn Facts, cx: &mut _| take_hits(facts, cx, &name, &hits);
        self.run(input("take_list_hits"), take).await
    }
}
