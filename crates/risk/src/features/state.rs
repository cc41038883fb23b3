//! Everything that is remembered: a fold over events, saved as bytes with a checksum.

use std::{collections::BTreeMap, collections::VecDeque, fmt};

use super::{EntityId, Event, Label, Payee, Payer, Payment, Vector, definition_hash, extract, number};

/// What is remembered of all payers and payees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    payers: BTreeMap<EntityId, Payer>,
    payees: BTreeMap<EntityId, Payee>,
}

/// Bytes that are no state, or not one of these features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damaged {
    /// They do not begin as a state does.
    NotAState,
    /// They were saved with other features; the state is built again by a fold over the events.
    OtherFeatures,
    /// They are cut off, or the checksum differs.
    Checksum,
}

impl fmt::Display for Damaged {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Damaged::NotAState => "these bytes are not a saved state of features",
            Damaged::OtherFeatures => {
                "this state was saved with other features; build it again from the events"
            }
            Damaged::Checksum => "this state was damaged: its checksum differs",
        })
    }
}

impl std::error::Error for Damaged {}

/// How a saved state begins.
const OPENING: &[u8; 16] = b"tongbao-features";
const HASH_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 32;
const ID_BYTES: usize = 16;
const WORD_BYTES: usize = 4;

impl State {
    /// The features of a payment that is about to be made.
    #[must_use]
    pub fn features(&self, payment: &Payment) -> Vector {
        let payer = self.payers.get(&payment.payer).copied().unwrap_or_default();
        let payee = self.payees.get(&payment.payee).copied().unwrap_or_default();
        extract(&payer, &payee, payment)
    }

    /// Takes an event over; of a payment its features, read before it was.
    pub fn apply(&mut self, event: &Event) -> Option<Vector> {
        match event {
            Event::Payment(payment) => Some(self.pay(payment)),
            Event::Label(label) => {
                self.payers.entry(label.payment.payer).or_default().hear(label);
                self.payees.entry(label.payment.payee).or_default().hear(label);
                None
            }
        }
    }

    fn pay(&mut self, payment: &Payment) -> Vector {
        let payer = self.payers.entry(payment.payer).or_default();
        let payee = self.payees.entry(payment.payee).or_default();
        let vector = extract(payer, payee, payment);
        let ratio = payer.amount_over_mean(payment);
        payer.add(payment);
        payee.add(payment, ratio);
        vector
    }

    /// What is remembered of a payer.
    #[must_use]
    pub fn payer(&self, id: EntityId) -> Option<&Payer> {
        self.payers.get(&id)
    }

    /// What is remembered of a payee.
    #[must_use]
    pub fn payee(&self, id: EntityId) -> Option<&Payee> {
        self.payees.get(&id)
    }

    /// The state as bytes: an opening, the hash of the definitions, payers and payees in the order of their ids, and
    /// the BLAKE3 of all that.
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut bytes = OPENING.to_vec();
        bytes.extend(definition_hash().as_bytes());
        save_map(&mut bytes, &self.payers, Payer::to_words);
        save_map(&mut bytes, &self.payees, Payee::to_words);
        let checksum = blake3::hash(&bytes);
        bytes.extend(checksum.as_bytes());
        bytes
    }

    /// Reads what [`State::save`] wrote.
    pub fn load(bytes: &[u8]) -> Result<State, Damaged> {
        let rest = bytes.strip_prefix(OPENING).ok_or(Damaged::NotAState)?;
        let (hash, _) = rest.split_at_checked(HASH_BYTES).ok_or(Damaged::Checksum)?;
        if hash != definition_hash().as_bytes() {
            return Err(Damaged::OtherFeatures);
        }
        let end = bytes.len().checked_sub(CHECKSUM_BYTES).ok_or(Damaged::Checksum)?;
        let (body, checksum) = bytes.split_at(end);
        if blake3::hash(body).as_bytes() != checksum {
            return Err(Damaged::Checksum);
        }
        let mut rest = body.get(OPENING.len() + HASH_BYTES..).ok_or(Damaged::Checksum)?;
        let payers = load_map(&mut rest, Payer::from_words)?;
        let payees = load_map(&mut rest, Payee::from_words)?;
        if !rest.is_empty() {
            return Err(Damaged::Checksum);
        }
        Ok(State { payers, payees })
    }

    /// The digest of the state: equal for equal states, as 64 hexadecimal digits.
    #[must_use]
    pub fn hash(&self) -> String {
        blake3::hash(&self.save()).to_hex().to_string()
    }
}

fn save_map<T: Copy, const N: usize>(
    bytes: &mut Vec<u8>,
    map: &BTreeMap<EntityId, T>,
    words: impl Fn(T) -> [u32; N],
) {
    bytes.extend((map.len() as u64).to_le_bytes());
    for (id, kept) in map {
        bytes.extend(id.0.to_le_bytes());
        bytes.extend(words(*kept).iter().flat_map(|word| word.to_le_bytes()));
    }
}

fn load_map<T, const N: usize>(
    rest: &mut &[u8],
    of: impl Fn([u32; N]) -> T,
) -> Result<BTreeMap<EntityId, T>, Damaged> {
    let length = u64::from_le_bytes(take(rest)?);
    let mut map = BTreeMap::new();
    for _ in 0..length {
        let id = EntityId(u128::from_le_bytes(take::<ID_BYTES>(rest)?));
        let mut words = [0; N];
        for word in &mut words {
            *word = u32::from_le_bytes(take::<WORD_BYTES>(rest)?);
        }
        map.insert(id, of(words));
    }
    Ok(map)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], Damaged> {
    let (taken, left) = rest.split_first_chunk::<N>().ok_or(Damaged::Checksum)?;
    *rest = left;
    Ok(*taken)
}

/// Folds payments in the order of their times, each with whether it was fraud, into their features. What became of
/// a payment is heard `delay_s` seconds after it was made, and before a payment of the same second.
pub fn labelled<'a>(
    payments: impl IntoIterator<Item = (Payment, bool)> + 'a,
    delay_s: u32,
) -> impl Iterator<Item = Vector> + 'a {
    let ratio = number("amount_over_mean").unwrap_or_default();
    let (mut state, mut waiting) = (State::default(), VecDeque::<Label>::new());
    payments.into_iter().map(move |(payment, fraud)| {
        while let Some(label) = waiting.pop_front_if(|label| label.at_s <= payment.at_s) {
            state.apply(&Event::Label(label));
        }
        let vector = state.pay(&payment);
        let at_s = payment.at_s.saturating_add(delay_s);
        waiting.push_back(Label { at_s, payment, amount_over_mean: vector[ratio], fraud });
        vector
    })
}
