//! The oblivious function: what the source computes of its own values, and what both compute of a member's.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use voprf::{BlindedElement, EvaluationElement, Group, Proof, Ristretto255, VoprfClient, VoprfServer};

use super::{SharedKind, chance::Chance};

/// Bytes of a point.
pub const ELEMENT_BYTES: usize = 32;
/// Bytes of a proof: two scalars.
pub const PROOF_BYTES: usize = 64;
/// Values of one question. RFC 9497 allows 65,535; a thousand are 32 kilobytes and a quarter of a second of the
/// source's time.
pub const BATCH_MAX: usize = 1_000;

/// What the function says of a value: half of the 64 bytes of its output, which is as hard to guess.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub [u8; 32]);

/// 64 hexadecimal digits, on the wire and where it is stored.
impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Token, D::Error> {
        let text = String::deserialize(deserializer)?;
        let token = blake3::Hash::from_hex(&text).map_err(D::Error::custom)?;
        Ok(Token(token.into()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.0.first_chunk().map_or(0, |first| u32::from_be_bytes(*first));
        write!(f, "Token({first:08x}…)")
    }
}

/// Why a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No value, more than [`BATCH_MAX`], or not as many as were asked about.
    Count,
    /// Not a point, or the one that says nothing.
    Element,
    /// The proof does not fit: the source has used another key than it has published.
    Proof,
    /// A value longer than the function takes.
    Value,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refused::Count => "a question has from 1 to 1,000 points, and an answer as many",
            Refused::Element => "a point of ristretto255 in its 32 bytes is wanted",
            Refused::Proof => "the proof does not fit the published key",
            Refused::Value => "the value is too long",
        })
    }
}

impl std::error::Error for Refused {}

/// The points that a source has evaluated, and the proof that it did so with its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// One for each point that was asked about, in their order.
    pub elements: Vec<[u8; ELEMENT_BYTES]>,
    /// The proof for all of them.
    pub proof: [u8; PROOF_BYTES],
}

/// A source: whoever has the key.
pub struct Evaluator(VoprfServer<Ristretto255>);

impl fmt::Debug for Evaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Evaluator")
    }
}

impl Evaluator {
    /// The source whose key follows from this seed (`DeriveKeyPair` of RFC 9497, section 3.2.1).
    pub fn new(seed: &[u8; 32]) -> Option<Evaluator> {
        VoprfServer::new_from_seed(seed, b"tongbao list sharing").ok().map(Evaluator)
    }

    /// What members check answers by.
    pub fn public_key(&self) -> [u8; ELEMENT_BYTES] {
        Ristretto255::serialize_elem(self.0.get_public_key()).into()
    }

    /// The token of a value of one's own.
    pub fn token(&self, kind: SharedKind, value: &str) -> Result<Token, Refused> {
        let output = self.0.evaluate(&kind.input(value)?).map_err(|_| Refused::Value)?;
        Ok(token_of(&output))
    }

    /// Evaluates a member's points, which say nothing of its values. The seed must be new each time.
    pub fn answer(&self, seed: &[u8; 32], asked: &[[u8; ELEMENT_BYTES]]) -> Result<Answer, Refused> {
        if asked.is_empty() || asked.len() > BATCH_MAX {
            return Err(Refused::Count);
        }
        let points = asked.iter().map(|point| BlindedElement::<Ristretto255>::deserialize(point));
        let points: Vec<_> = points.collect::<Result<_, _>>().map_err(|_| Refused::Element)?;
        let prepared: Vec<_> = self.0.batch_blind_evaluate_prepare(points.iter()).collect();
        let mut chance = Chance::new(seed);
        let finished = self.0.batch_blind_evaluate_finish(&mut chance, points.iter(), &prepared);
        let finished = finished.map_err(|_| Refused::Count)?;
        let proof = finished.proof.serialize().into();
        Ok(Answer { elements: finished.messages.map(|element| element.serialize().into()).collect(), proof })
    }
}

/// A member's question about some of its values: it keeps what takes the blinds away again.
pub struct Asking {
    clients: Vec<VoprfClient<Ristretto255>>,
    inputs: Vec<Vec<u8>>,
    message: Vec<[u8; ELEMENT_BYTES]>,
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asking({} values)", self.inputs.len())
    }
}

impl Asking {
    /// Blinds the values. The seed must be new each time: with the same seed the same points would be sent again.
    pub fn about<'a>(
        seed: &[u8; 32],
        values: impl IntoIterator<Item = (SharedKind, &'a str)>,
    ) -> Result<Asking, Refused> {
        let mut chance = Chance::new(seed);
        let mut asking = Asking { clients: Vec::new(), inputs: Vec::new(), message: Vec::new() };
        for (kind, value) in values {
            let input = kind.input(value)?;
            let blinded =
                VoprfClient::<Ristretto255>::blind(&input, &mut chance).map_err(|_| Refused::Value)?;
            asking.message.push(blinded.message.serialize().into());
            asking.clients.push(blinded.state);
            asking.inputs.push(input);
        }
        let count = asking.inputs.len();
        if (1..=BATCH_MAX).contains(&count) { Ok(asking) } else { Err(Refused::Count) }
    }

    /// What is sent: a point for each value, and nothing else.
    pub fn message(&self) -> &[[u8; ELEMENT_BYTES]] {
        &self.message
    }

    /// The tokens of the values, in their order, if the source has answered with the key that it has published.
    pub fn tokens(&self, answer: &Answer, public_key: &[u8; ELEMENT_BYTES]) -> Result<Vec<Token>, Refused> {
        if answer.elements.len() != self.clients.len() {
            return Err(Refused::Count);
        }
        let public_key = Ristretto255::deserialize_elem(public_key).map_err(|_| Refused::Element)?;
        let points =
            answer.elements.iter().map(|point| EvaluationElement::<Ristretto255>::deserialize(point));
        let points: Vec<_> = points.collect::<Result<_, _>>().map_err(|_| Refused::Element)?;
        let proof = Proof::deserialize(&answer.proof).map_err(|_| Refused::Proof)?;
        let outputs = VoprfClient::batch_finalize(&self.inputs, &self.clients, &points, &proof, public_key);
        let outputs = outputs.map_err(|_| Refused::Proof)?;
        outputs.map(|output| output.map(|output| token_of(&output)).map_err(|_| Refused::Value)).collect()
    }
}

fn token_of(output: &[u8]) -> Token {
    let mut token = [0; 32];
    token.iter_mut().zip(output).for_each(|(to, from)| *to = *from);
    Token(token)
}
