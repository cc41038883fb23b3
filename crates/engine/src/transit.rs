//! The digits of transit codes, and what of rides is not decided in a step.
//!
//! The digits are made as those of payment codes, of the same sealed seed, under a key of their own: HMAC of the seed
//! over `PURPOSE`. Who saw all of a payer's payment codes knows nothing of its transit codes. They begin with 40 to
//! 45.
//!
//! **Absent on purpose:** a stored code, as there.

use aws_lc_rs::hmac;
use tongbao_core::{
    Actor, Facts, Key, Refusal, TaskKey, Want,
    id::{DebtId, MerchantId, PayerId, RideId, SessionId},
    payer::{
        Payer,
        session::{Session, may_show_codes},
    },
    payment_code::{CODES_PER_WINDOW_MAX, PaymentCodeSeed, Window},
    transit::{
        Debt, Ride, Rider,
        code::{self, Shown, TransitCode, is_code},
        debt, steps,
    },
};
use tongbao_store::Fault;
use zeroize::Zeroizing;

use crate::{
    Engine, Error, Input,
    payment_code::{CODES, ShownCode, TRIES, number},
};

/// What the key of transit codes is derived for, and what their digests are keyed by.
const PURPOSE: &str = "transit code";

/// The least of the codes.
const CODE_MIN: u128 = 400_000_000_000_000_000;

fn key_of(seed: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, seed);
    Zeroizing::new(hmac::sign(&key, PURPOSE.as_bytes()).as_ref().to_vec())
}

/// The digits of one of a key's codes in a window.
fn digits(key: &[u8], window: Window, place: usize) -> String {
    (CODE_MIN + number(key, window, place) % CODES).to_string()
}

impl Engine {
    /// The code that a payer can show a gate now where it is signed in; none if the payer has used up those of this
    /// minute. Refused unless payment codes were switched on there: a transit code pays without a further proof, too.
    pub async fn show_transit_code(
        &self,
        payer: PayerId,
        session: SessionId,
    ) -> Result<Option<ShownCode>, Error> {
        self.show_gate_code(payer, Some(session)).await
    }

    /// The same on the phone of a sandbox, whose developer is signed in nowhere.
    pub async fn show_transit_code_to_developer(&self, payer: PayerId) -> Result<Option<ShownCode>, Error> {
        self.show_gate_code(payer, None).await
    }

    async fn show_gate_code(
        &self,
        payer: PayerId,
        session: Option<SessionId>,
    ) -> Result<Option<ShownCode>, Error> {
        if let Some(id) = session {
            // Before a seed is made; the step that shows asks again.
            let known = self.store.get::<Payer>(payer)?.zip(self.store.get::<Session>(id)?);
            if !known.is_some_and(|(payer, session)| session.shows_codes(&payer)) {
                return Err(Error::Refused(Refusal::PaymentCodesOff));
            }
        }
        let seed = self.payment_code_seed(payer).await?;
        let own = key_of(&seed);
        for _ in 0..TRIES {
            let window = Window::of(self.now());
            let mut codes: Vec<String> =
                (0..CODES_PER_WINDOW_MAX).map(|place| digits(&own, window, place)).collect();
            let digests: Vec<[u8; 32]> = codes.iter().map(|code| self.transit_code_digest(code)).collect();
            let want = digests.first().map(|first| Want::Key(Key::TransitCode(*first)));
            let want = want.into_iter().chain([Want::Record(payer.into())]).collect();
            let show = move |facts: &dyn Facts, cx: &mut _| {
                if let Some(id) = session {
                    may_show_codes(facts, payer, id)?;
                }
                code::show(facts, cx, payer, window, &digests)
            };
            let input = Input { actor: Actor::Payer(payer), name: "show_transit_code" };
            match self.step_wanting(input, want, show).await? {
                Shown::Code(place, code) => {
                    return Ok(Some(ShownCode::of(codes.swap_remove(place), code.window)));
                }
                Shown::OtherWindow => {}
                Shown::UsedUp => return Ok(None),
            }
        }
        Err(Fault::Busy.into())
    }

    /// The code that a payer has shown last and that can still be used. Changes nothing.
    pub fn shown_transit_code(&self, payer: PayerId) -> Result<Option<ShownCode>, Fault> {
        let Some(known) = self.store.find::<PaymentCodeSeed>(Key::PaymentCodeSeed(payer))? else {
            return Ok(None);
        };
        let (own, now) = (key_of(&self.open_seed(&known)?), self.now());
        let present = Window::of(now);
        for window in [present, present.before()] {
            for place in 0..CODES_PER_WINDOW_MAX {
                let digits = digits(&own, window, place);
                let key = Key::TransitCode(self.transit_code_digest(&digits));
                // They are shown in their order.
                let Some(code) = self.store.find::<TransitCode>(key)? else { break };
                if code.payer == payer && code.check(now).is_ok() {
                    return Ok(Some(ShownCode::of(digits, window)));
                }
            }
        }
        Ok(None)
    }

    /// The keyed digest by which a code is known.
    fn transit_code_digest(&self, digits: &str) -> [u8; 32] {
        self.vault.digest(PURPOSE, digits)
    }

    /// The same of what a gate scanned; refused if that does not look like a transit code.
    pub fn scanned_transit_code(&self, text: &str) -> Result<[u8; 32], Refusal> {
        if is_code(text) { Ok(self.transit_code_digest(text)) } else { Err(Refusal::TransitCodeInvalid) }
    }

    /// An operator's ride on which the payer is whose code was scanned at a way out; none if it is on none of its. The
    /// code is not used up by that.
    pub fn ride_of_code(&self, merchant: MerchantId, text: &str) -> Result<Option<Ride>, Error> {
        let key = Key::TransitCode(self.scanned_transit_code(text).map_err(Error::Refused)?);
        let code = self.store.find::<TransitCode>(key)?;
        let code = code.ok_or(Error::Refused(Refusal::TransitCodeInvalid))?;
        code.check(self.now()).map_err(Error::Refused)?;
        let ride = self.rider(code.payer)?.and_then(|rider| rider.ride);
        let ride = ride.map(|ride| self.store.get::<Ride>(ride)).transpose()?.flatten();
        Ok(ride.filter(|ride| ride.merchant == merchant))
    }

    /// What is kept of a payer's rides, if it ever rode.
    pub fn rider(&self, payer: PayerId) -> Result<Option<Rider>, Fault> {
        self.store.find::<Rider>(Key::Rider(payer))
    }

    /// What a payer owes.
    pub fn open_debt(&self, payer: PayerId) -> Result<Option<Debt>, Fault> {
        let owed = self.rider(payer)?.and_then(|rider| rider.debt);
        Ok(owed.map(|debt| self.store.get::<Debt>(debt)).transpose()?.flatten())
    }

    /// Pays a payer's debt from its balance; one that was paid already stays as it is.
    pub async fn pay_debt(&self, payer: PayerId, id: DebtId) -> Result<Debt, Error> {
        let input = Input { actor: Actor::Payer(payer), name: "pay_debt" };
        self.step(input, move |facts: &dyn Facts, cx: &mut _| debt::pay(facts, cx, payer, id)).await
    }

    /// Ends a ride whose end nobody told.
    pub(crate) async fn end_ride(&self, lease: TaskKey, id: RideId) -> Result<(), Error> {
        let input = Input { actor: Actor::Worker, name: "end_ride" };
        self.run(input, move |facts, cx| steps::miss(facts, cx, id, lease)).await
    }
}

#[cfg(test)]
mod tests {
    use tongbao_core::{Time, payment_code};

    use super::*;

    /// What Python says: `4 * 10**17 + int.from_bytes(hmac.new(hmac.new(bytes(range(32)), b"transit code", "sha256")
    /// .digest(), n.to_bytes(8, "big"), "sha256").digest()[:16], "big") % (6 * 10**16)`, with `n` of window times 256
    /// plus place.
    #[test]
    fn digits_are_those_of_another_implementation() {
        let seed: Vec<u8> = (0..32).collect();
        let window = Window::of(Time::from_ms(1_750_000_000_000));
        for (place, expected) in
            [(0, "409185105745610826"), (1, "422273670482145203"), (7, "425407330544417170")]
        {
            assert_eq!(digits(&key_of(&seed), window, place), expected);
        }
    }

    #[test]
    fn every_code_has_the_form_of_one_and_of_no_payment_code() {
        let own = key_of(b"seed");
        for number in 0..2_000 {
            let code = digits(&own, Window::of(Time::from_ms(number * 60_000)), 0);
            assert!(is_code(&code) && !payment_code::is_code(&code), "{code}");
        }
    }
}
