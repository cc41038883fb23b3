//! Rotating data keys: a new one seals from now on, and what older ones sealed is sealed anew, a part at a time.
//!
//! **Invariants.** Every part is a step; one that is interrupted is taken up where something is left. Old keys still
//! open what was not reached yet. Nothing of an opened text leaves this module but sealed.

use std::collections::BTreeMap;

use tongbao_core::{
    Actor, Facts, Id, Record,
    data_keys::{self, candidates},
};
use tongbao_store::{Fault, Page, Query};

use crate::{Engine, Error, Input};

/// Records of one part: each is read, and those with old texts are written in one step.
const PART: u32 = 200;

/// How far a rotation is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Records looked at.
    pub seen: u64,
    /// Records in which something was sealed anew.
    pub resealed: u64,
}

fn input(name: &'static str) -> Input {
    Input { actor: Actor::Operator, name }
}

impl Engine {
    /// Makes a new data key, which seals from now on; gives its number.
    pub async fn add_data_key(&self) -> Result<u32, Error> {
        self.vault.look_for_keys();
        let number = self.vault.newest_key().saturating_add(1);
        let wrapped = self.vault.wrap(number, &self.entropy.secret());
        let add = move |facts: &dyn Facts, cx: &mut _| data_keys::add(facts, cx, number, &wrapped);
        self.run(input("add_data_key"), add).await?;
        self.vault.look_for_keys();
        Ok(number)
    }

    /// Seals anew whatever in the store was not sealed with the newest key; tells how far it is after every part.
    pub async fn reseal_all(&self, tell: &mut (dyn FnMut(Progress) + Send)) -> Result<Progress, Error> {
        let (mut after, mut progress) = (None, Progress::default());
        loop {
            let Page::Stored(lines) = self.store.read(Query::Stored(after, PART))? else {
                return Err(
                    Fault::Unreadable("the store answered records with another page".to_owned()).into()
                );
            };
            let Some(last) = lines.last() else { return Ok(progress) };
            after = Some(last.id);
            progress.seen = progress.seen.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
            let mut ids: Vec<Id> = Vec::new();
            let mut fresh: BTreeMap<String, String> = BTreeMap::new();
            for line in &lines {
                let record = Record::decode(line.id.kind, &line.body);
                let record = record.map_err(|error| Fault::Unreadable(format!("{}: {error}", line.id)))?;
                let old = candidates(&record).into_iter();
                let before = fresh.len();
                fresh.extend(old.filter_map(|text| Some((text.clone(), self.vault.resealed(&text)?))));
                if fresh.len() > before {
                    ids.push(line.id);
                }
            }
            if !ids.is_empty() {
                let reseal = move |facts: &dyn Facts, _: &mut _| data_keys::reseal(facts, &ids, &fresh);
                let count = self.step(input("reseal_records"), reseal).await?;
                progress.resealed = progress.resealed.saturating_add(count);
            }
            tell(progress);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tongbao_core::{Key, data_keys::DataKeys, payer};
    use tongbao_store::{Store, model::ModelStore};

    use super::*;
    use crate::{Mode, vault::Field};

    async fn with_payer(store: &Arc<dyn Store>, phone: &str) -> Engine {
        let engine = Engine::new(Arc::clone(store), Mode::Production, &[7; 32]).unwrap();
        let new = engine.new_payer(phone, "135790");
        engine.step(input("create_payer"), move |facts, cx| payer::create(facts, cx, &new)).await.unwrap();
        engine
    }

    fn sealed(engine: &Engine, phone: &str) -> String {
        engine.payer_by_phone(phone).unwrap().unwrap().phone_sealed
    }

    #[tokio::test]
    async fn what_was_sealed_is_sealed_anew_and_an_older_process_learns_the_key() {
        let store: Arc<dyn Store> = Arc::new(ModelStore::default());
        let engine = with_payer(&store, "17000000001").await;
        let other = Engine::new(Arc::clone(&store), Mode::Production, &[7; 32]).unwrap();
        let old = sealed(&engine, "17000000001");
        assert!(!old.contains('.'));
        assert_eq!(engine.reseal_all(&mut |_| ()).await.unwrap().resealed, 0, "one key sealed everything");
        assert_eq!(engine.add_data_key().await, Ok(2));
        let progress = engine.reseal_all(&mut |_| ()).await.unwrap();
        assert_eq!(progress.resealed, 1);
        let new = sealed(&engine, "17000000001");
        assert!(new.starts_with("2."));
        for text in [&old, &new] {
            assert_eq!(other.vault.open(Field::Phone, text).as_deref(), Ok("17000000001"));
            assert!(other.vault.open(Field::Name, text).is_err());
        }
        assert_eq!(other.vault.newest_key(), 2, "learned from the text it met");
        assert_eq!(engine.reseal_all(&mut |_| ()).await.unwrap().resealed, 0, "nothing is left");
        let stranger = Engine::new(store, Mode::Production, &[8; 32]).unwrap();
        assert_eq!(stranger.vault.newest_key(), 1, "wrapped for another master key");
        assert!(stranger.vault.open(Field::Phone, &new).is_err());
    }

    #[tokio::test]
    async fn a_rotation_that_was_interrupted_is_finished_by_the_next_pass() {
        let store: Arc<dyn Store> = Arc::new(ModelStore::default());
        let engine = with_payer(&store, "17000000001").await;
        engine.add_data_key().await.unwrap();
        // Between the two a payer joined, and the process ended before anything was sealed anew.
        let engine_after = with_payer(&store, "17000000002").await;
        assert!(sealed(&engine_after, "17000000002").starts_with("2."));
        assert_eq!(engine_after.reseal_all(&mut |_| ()).await.unwrap().resealed, 1);
        assert_eq!(engine_after.add_data_key().await, Ok(3));
        assert_eq!(engine_after.reseal_all(&mut |_| ()).await.unwrap().resealed, 2);
        let keys = store.find::<DataKeys>(Key::DataKeys).unwrap().unwrap();
        assert_eq!(keys.keys.iter().map(|key| key.number).collect::<Vec<_>>(), [2, 3]);
    }
}
