//! The digits of payment codes.
//!
//! A payer's seed is 32 random bytes, sealed by the vault. The digits of a window are made as RFC 6238 makes one-time
//! passwords, with three differences: HMAC is over SHA-256, which that RFC allows; the moving factor has a count in
//! its last byte, so that a code which was used is followed by another within its minute; and the digits are taken
//! from 128 bits of the tag instead of the 31 that RFC 4226 keeps, because eighteen digits need 56.
//!
//! **Absent on purpose:** a stored code. What is kept is a keyed digest; the digits can be made again from the seed.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use tongbao_core::{
    Actor, Facts, Key, Refusal, Time, Want,
    id::{PayerId, PaymentId, SessionId},
    payer::{
        Payer,
        session::{Session, may_show_codes},
    },
    payment_code::{
        self, CODES_PER_WINDOW_MAX, PaymentCode, PaymentCodeSeed, Shown, Window, is_code, machine,
    },
};
use tongbao_store::Fault;
use zeroize::Zeroizing;

use crate::{Engine, Error, Input, vault::Field};

/// The least of the codes, and how many there are: 18 digits that begin with 10 to 15, as WeChat Pay's do.
const CODE_MIN: u128 = 100_000_000_000_000_000;
pub(crate) const CODES: u128 = 60_000_000_000_000_000;

/// How often digits are made anew because a window ended meanwhile.
pub(crate) const TRIES: usize = 3;

/// A code, for the payer's eyes and the shop's reader.
#[derive(Clone, PartialEq, Eq)]
pub struct ShownCode {
    /// Its digits.
    pub digits: String,
    /// When the payer's next one is due.
    pub changes_at: Time,
    /// From when on it is worth nothing.
    pub expires_at: Time,
}

impl ShownCode {
    pub(crate) fn of(digits: String, window: Window) -> ShownCode {
        ShownCode { digits, changes_at: window.ends_at(), expires_at: window.expires_at() }
    }
}

impl std::fmt::Debug for ShownCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ShownCode(until {:?})", self.expires_at)
    }
}

/// The digits of one of a seed's codes in a window.
fn digits(seed: &[u8], window: Window, place: usize) -> String {
    (CODE_MIN + number(seed, window, place) % CODES).to_string()
}

/// What the digits of one of a seed's codes in a window are taken from.
pub(crate) fn number(seed: &[u8], window: Window, place: usize) -> u128 {
    let key = hmac::Key::new(hmac::HMAC_SHA256, seed);
    let place = i64::try_from(place).unwrap_or(i64::MAX);
    let factor = window.number().wrapping_mul(256).wrapping_add(place);
    let tag = hmac::sign(&key, &factor.to_be_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&tag.as_ref()[..16]);
    u128::from_be_bytes(bytes)
}

impl Engine {
    /// The code that a payer can show now where it is signed in; none if the payer has used up those of this minute.
    /// Refused unless payment codes were switched on there ([`Engine::switch_codes_on`]).
    pub async fn show_payment_code(
        &self,
        payer: PayerId,
        session: SessionId,
    ) -> Result<Option<ShownCode>, Error> {
        self.show_code(payer, Some(session)).await
    }

    /// The same on the phone of a sandbox, whose developer is signed in nowhere.
    pub async fn show_payment_code_to_developer(&self, payer: PayerId) -> Result<Option<ShownCode>, Error> {
        self.show_code(payer, None).await
    }

    async fn show_code(
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
        for _ in 0..TRIES {
            let window = Window::of(self.now());
            let mut codes: Vec<String> =
                (0..CODES_PER_WINDOW_MAX).map(|place| digits(&seed, window, place)).collect();
            let digests: Vec<[u8; 32]> = codes.iter().map(|code| self.payment_code_digest(code)).collect();
            let want = digests.first().map(|first| Want::Key(Key::PaymentCode(*first)));
            let want = want.into_iter().chain([Want::Record(payer.into())]).collect();
            let show = move |facts: &dyn Facts, cx: &mut _| {
                if let Some(id) = session {
                    may_show_codes(facts, payer, id)?;
                }
                payment_code::show(facts, cx, payer, window, &digests)
            };
            let input = Input { actor: Actor::Payer(payer), name: "show_payment_code" };
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
    pub fn shown_payment_code(&self, payer: PayerId) -> Result<Option<ShownCode>, Fault> {
        let Some(known) = self.store.find::<PaymentCodeSeed>(Key::PaymentCodeSeed(payer))? else {
            return Ok(None);
        };
        let (seed, now) = (self.open_seed(&known)?, self.now());
        let present = Window::of(now);
        for window in [present, present.before()] {
            for place in 0..CODES_PER_WINDOW_MAX {
                let digits = digits(&seed, window, place);
                let key = Key::PaymentCode(self.payment_code_digest(&digits));
                // They are shown in their order.
                let Some(code) = self.store.find::<PaymentCode>(key)? else { break };
                if code.payer == payer && machine::check(&code, now).is_ok() {
                    return Ok(Some(ShownCode::of(digits, window)));
                }
            }
        }
        Ok(None)
    }

    /// The keyed digest by which a code is known.
    pub fn payment_code_digest(&self, digits: &str) -> [u8; 32] {
        self.vault.digest("payment code", digits)
    }

    /// The payment for which a code was scanned; none if the text is no code, or nothing has scanned it.
    pub fn payment_of_code(&self, text: &str) -> Result<Option<PaymentId>, Fault> {
        let text = text.trim();
        if !is_code(text) {
            return Ok(None);
        }
        let found = self.store.find::<PaymentCode>(Key::PaymentCode(self.payment_code_digest(text)))?;
        Ok(found.and_then(|code| code.used).map(|used| used.payment))
    }

    /// A payer's seed, made at first use.
    pub(crate) async fn payment_code_seed(&self, payer: PayerId) -> Result<Zeroizing<Vec<u8>>, Error> {
        let known = self.store.find::<PaymentCodeSeed>(Key::PaymentCodeSeed(payer))?;
        let seed = if let Some(seed) = known {
            seed
        } else {
            let fresh = Zeroizing::new(STANDARD_NO_PAD.encode(self.entropy.secret()));
            let sealed = self.vault.seal(Field::PaymentCodeSeed, &fresh);
            let enrol = move |facts: &dyn Facts, cx: &mut _| payment_code::enrol(facts, cx, payer, &sealed);
            let input = Input { actor: Actor::Payer(payer), name: "enrol_payment_code" };
            self.step(input, enrol).await?
        };
        Ok(self.open_seed(&seed)?)
    }

    pub(crate) fn open_seed(&self, seed: &PaymentCodeSeed) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let unreadable = |_| Fault::Broken("the seed of payment codes cannot be opened".to_owned());
        let text = self.vault.open(Field::PaymentCodeSeed, &seed.seed_sealed).map_err(unreadable)?;
        let text = Zeroizing::new(text);
        let bytes = STANDARD_NO_PAD.decode(text.as_bytes());
        Ok(Zeroizing::new(bytes.map_err(|_| Fault::Broken("a seed is not Base64".to_owned()))?))
    }
}

#[cfg(test)]
mod tests {
    use tongbao_core::Time;

    use super::*;

    /// What Python says: `10**17 + int.from_bytes(hmac.new(bytes(range(32)), n.to_bytes(8, "big"), "sha256")
    /// .digest()[:16], "big") % (6 * 10**16)`, with `n` of window times 256 plus place.
    #[test]
    fn digits_are_those_of_another_implementation() {
        let seed: Vec<u8> = (0..32).collect();
        let window = Window::of(Time::from_ms(1_750_000_000_000));
        for (place, expected) in
            [(0, "156174010400454946"), (1, "145316766847561622"), (7, "156703564222038102")]
        {
            assert_eq!(digits(&seed, window, place), expected);
        }
    }

    #[test]
    fn every_code_has_the_form_of_one() {
        for number in 0..2_000 {
            let window = Window::of(Time::from_ms(number * 60_000));
            let code = digits(b"seed", window, 0);
            assert!(is_code(&code), "{code}");
        }
    }
}
