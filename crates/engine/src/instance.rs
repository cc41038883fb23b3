//! Whose a store is: settled by the first process that starts on it, and found out by every other.

use tongbao_core::{
    Actor, Key,
    instance::{self, Claimed, Instance},
};
use tongbao_store::Fault;

use crate::{
    Engine,
    step::{Error, Input},
};

impl Engine {
    /// Takes the store for this kind of instance and this master key, if nobody has taken it; says whose it is. It
    /// must be [`Claimed::Ours`] before anything else is written.
    pub async fn claim(&self) -> Result<Claimed, Error> {
        let (is_sandbox, key_check) = (self.is_sandbox(), self.vault.key_check());
        let input = Input { actor: Actor::Operator, name: "claim_instance" };
        self.step(input, move |facts, cx| instance::claim(facts, cx, is_sandbox, key_check)).await
    }

    /// Whose the store is, for those who only read. A store from before nobody said so is taken for ours.
    pub fn claimed(&self) -> Result<Claimed, Fault> {
        let known = self.store.find::<Instance>(Key::Instance)?;
        let belongs = |known: Instance| known.belongs_to(self.is_sandbox(), &self.vault.key_check());
        Ok(known.map_or(Claimed::Ours, belongs))
    }
}
