//! Real-name verification, and what else a payer proves in the security centre.
//!
//! ```text
//!   ask (counted, committed) ──▶ provider ──▶ match: verified    no match: stays counted    no answer: uncounted
//! ```
//!
//! **Invariants.** Names and numbers are sealed before they reach the core, and found by keyed digests. No source is
//! asked inside a step.

use tongbao_core::{
    Actor, Refusal,
    id::{PayerId, SessionId},
    limits::{ACCOUNT_AGE_MIN, NAME_CHARS_MAX},
    payer::{
        self, Payer, freeze,
        id_number::IdNumber,
        identity::{self, Claim, Confirmed, Level, Said},
        usage::{self, OwnLimits, date_of},
    },
};

use crate::{Engine, Error, Input, account::Purpose, vault::Field};

/// What became of an asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// The payer is who it says; the level it has then.
    Verified(Level),
    /// No source answered: try again later.
    Unanswered,
}

fn by(payer: PayerId, name: &'static str) -> Input {
    Input { actor: Actor::Payer(payer), name }
}

/// A name as it is compared: without white space, with one of the dots that names are written with.
pub fn plain_name(typed: &str) -> Option<String> {
    let dot = |char: char| if matches!(char, '•' | '・' | '．') { '·' } else { char };
    let name: String = typed.chars().filter(|char| !char.is_whitespace()).map(dot).collect();
    let fits = |char: char| char.is_alphabetic() || char == '·';
    ((2..=NAME_CHARS_MAX).contains(&name.chars().count()) && name.chars().all(fits)).then_some(name)
}

/// A name with all but its last character hidden.
fn mask_name(name: &str) -> String {
    let hidden = name.chars().count().saturating_sub(1);
    "*".repeat(hidden) + &name.chars().skip(hidden).collect::<String>()
}

impl Engine {
    /// What a payer says its name and number are, as digests. Refused if they cannot be anybody's.
    fn read_identity(&self, name: &str, number: &str) -> Result<(String, IdNumber, Claim), Refusal> {
        let must = "2 to 50 letters";
        let name = plain_name(name).ok_or(Refusal::Invalid { param: "name", must })?;
        let must = "an ID number of 18 characters whose check character fits";
        let number = IdNumber::parse(number).ok_or(Refusal::Invalid { param: "number", must })?;
        let claim = Claim {
            name_digest: self.vault.digest("name", &name),
            number_digest: self.vault.digest("id number", number.text()),
        };
        Ok((name, number, claim))
    }

    /// Verifies who a payer is.
    pub async fn verify_identity(&self, id: PayerId, name: &str, number: &str) -> Result<Checked, Error> {
        let (name, number, claim) = self.read_identity(name, number).map_err(Error::Refused)?;
        let age = number.age_on(date_of(self.now()));
        if age.is_none_or(|age| age < ACCOUNT_AGE_MIN) {
            let must = "that of somebody of at least 8 years";
            return Err(Error::Refused(Refusal::Invalid { param: "age", must }));
        }
        let Some(provider) = &self.identities else { return Ok(Checked::Unanswered) };
        let ask = move |facts: &dyn tongbao_core::Facts, cx: &mut _| identity::ask(facts, cx, id, &claim);
        self.run(by(id, "ask_identity"), ask).await?;
        match provider.ask(&name, &number).await {
            Said::Match { sources } => {
                let confirmed = Confirmed {
                    claim,
                    name_sealed: self.vault.seal(Field::Name, &name),
                    number_sealed: self.vault.seal(Field::IdNumber, number.text()),
                    name_hint: mask_name(&name),
                    number_hint: number.hint(),
                    sources,
                };
                let verify = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
                    identity::verify(facts, cx, id, &confirmed)
                };
                Ok(Checked::Verified(self.step(by(id, "verify_identity"), verify).await?))
            }
            Said::NoMatch => {
                let payer = self.store.get::<Payer>(id)?.ok_or(Error::Refused(Refusal::NotFound("payer")))?;
                Err(Error::Refused(payer.identity_tries.refusal()))
            }
            Said::Unknown => {
                self.run(by(id, "forget_asking"), move |facts, _| identity::forget_asking(facts, id)).await?;
                Ok(Checked::Unanswered)
            }
        }
    }

    /// Puts another payment password in the place of the old one, which must be right. All sessions but this one end.
    pub async fn change_password(
        &self,
        (id, session): (PayerId, SessionId),
        old: String,
        new: String,
    ) -> Result<(), Error> {
        // Whether the new one can be chosen is settled before a try at the old one is counted.
        let hash = self.hash_password(new).await?;
        self.prove_password(id, old).await?;
        let change = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
            payer::change_password(facts, cx, (id, session), &hash)
        };
        self.run(by(id, "change_password"), change).await
    }

    /// Sets the payment password anew, by name, ID number and a one-time code. All passkeys are removed, and all
    /// sessions but this one end.
    pub async fn reset_password(
        &self,
        (id, session): (PayerId, SessionId),
        (name, number, code): (&str, &str, &str),
        new: String,
    ) -> Result<(), Error> {
        let (_, _, claim) = self.read_identity(name, number).map_err(Error::Refused)?;
        let hash = self.hash_password(new).await?;
        let code = self.typed_code(id, Purpose::Reset, code);
        let reset = move |facts: &dyn tongbao_core::Facts, cx: &mut _| {
            payer::reset_password(facts, cx, (id, session), (&code, &claim), &hash)
        };
        self.step(by(id, "reset_password"), reset).await?.map_err(Error::Refused)
    }

    /// Sets what a payer allows itself. To allow more than before takes the payment password.
    pub async fn set_own_limits(
        &self,
        id: PayerId,
        own: OwnLimits,
        password: Option<String>,
    ) -> Result<(), Error> {
        let proven = password.is_some();
        if let Some(password) = password {
            self.prove_password(id, password).await?;
        }
        self.run(by(id, "set_own_limits"), move |facts, _| usage::set_own_limits(facts, id, own, proven))
            .await
    }

    /// A payer freezes itself.
    pub async fn freeze_own(&self, id: PayerId) -> Result<(), Error> {
        self.run(by(id, "freeze_payer"), move |facts, cx| freeze::freeze_own(facts, cx, id)).await
    }

    /// A payer lifts its own freeze, with the payment password and a one-time code.
    pub async fn unfreeze_own(&self, id: PayerId, password: String, code: &str) -> Result<(), Error> {
        let code = self.typed_code(id, Purpose::Unfreeze, code);
        self.prove_password(id, password).await?;
        let unfreeze =
            move |facts: &dyn tongbao_core::Facts, cx: &mut _| freeze::unfreeze_own(facts, cx, id, &code);
        self.step(by(id, "unfreeze_payer"), unfreeze).await?.map_err(Error::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::{mask_name, plain_name};

    #[test]
    fn names_are_compared_without_what_people_write_differently() {
        for (typed, plain) in [
            (" 测试 甲 ", Some("测试甲")),
            ("测试・甲", Some("测试·甲")),
            ("Test Name", Some("TestName")),
            ("甲", None),
            ("", None),
            ("测试1", None),
            ("<b>", None),
            ("测试\u{202e}甲", None),
        ] {
            assert_eq!(plain_name(typed).as_deref(), plain, "{typed}");
        }
        assert_eq!(plain_name(&"测".repeat(51)), None);
        assert_eq!(mask_name("测试甲"), "**甲");
    }
}
