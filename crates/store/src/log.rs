//! The change log: one line for each step that changed something, each with a digest that covers the
//! line before, what it touched, every posting it wrote and the name of every account it opened. A line
//! that was altered, removed or put in between breaks the chain from there on.

use tongbao_core::{Id, Time, ledger::AccountKey};

use crate::port::PostingLine;

/// A BLAKE3 digest.
pub type Digest = [u8; 32];

/// One record that a change wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Touched {
    /// Which.
    pub id: Id,
    /// The version written.
    pub version: u32,
    /// The first 16 bytes of BLAKE3 of the stored form.
    pub body: [u8; 16],
}

/// Bytes of one [`Touched`] in the log.
const TOUCHED_LEN: usize = 17 + 4 + 16;

impl Touched {
    /// What is logged of a record with this stored form.
    pub(crate) fn of(id: Id, version: u32, body: &[u8]) -> Touched {
        let mut short = [0; 16];
        short.copy_from_slice(&blake3::hash(body).as_bytes()[..16]);
        Touched { id, version, body: short }
    }

    /// The bytes of several, as they stand in the log.
    pub(crate) fn encode(all: &[Touched]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(all.len() * TOUCHED_LEN);
        for touched in all {
            bytes.extend_from_slice(&touched.id.bytes());
            bytes.extend_from_slice(&touched.version.to_be_bytes());
            bytes.extend_from_slice(&touched.body);
        }
        bytes
    }

    /// The records that these bytes name; `None` when they are not whole.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<Touched>> {
        let chunks = bytes.chunks_exact(TOUCHED_LEN);
        if !chunks.remainder().is_empty() {
            return None;
        }
        let one = |chunk: &[u8]| {
            let (id, rest) = chunk.split_at_checked(17)?;
            let (version, body) = rest.split_at_checked(4)?;
            Some(Touched {
                id: Id::from_bytes(id)?,
                version: u32::from_be_bytes(version.try_into().ok()?),
                body: body.try_into().ok()?,
            })
        };
        chunks.map(one).collect()
    }
}

/// One line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeLine {
    /// Its number: 1, 2, 3, …
    pub number: u64,
    /// When; never before the line above.
    pub at: Time,
    /// Who.
    pub actor: String,
    /// Which input.
    pub input: String,
    /// The records written.
    pub touched: Vec<Touched>,
    /// How many postings it wrote.
    pub postings: u32,
    /// The digest of the log up to here.
    pub digest: Digest,
}

/// The digest of a line, given the one before, the postings it wrote and the accounts it opened, each in
/// order. Postings name accounts by number, so who is behind a number is part of the chain, too.
pub(crate) fn digest(
    before: &Digest,
    line: &ChangeLine,
    postings: &[PostingLine],
    opened: &[(u64, AccountKey)],
) -> Digest {
    let mut hash = blake3::Hasher::new();
    hash.update(before).update(&line.number.to_be_bytes()).update(&line.at.ms().to_be_bytes());
    for text in [&line.actor, &line.input] {
        hash.update(&(text.len() as u64).to_be_bytes()).update(text.as_bytes());
    }
    let touched = Touched::encode(&line.touched);
    hash.update(&(touched.len() as u64).to_be_bytes()).update(&touched);
    for posting in postings {
        for number in
            [posting.number, posting.debit, posting.credit, posting.debit_before, posting.credit_before]
        {
            hash.update(&number.to_be_bytes());
        }
        for number in [posting.amount, posting.debit_balance, posting.credit_balance] {
            hash.update(&number.to_be_bytes());
        }
        hash.update(&[posting.reason]).update(&posting.subject.bytes());
    }
    for (number, key) in opened {
        let name = key.to_string();
        hash.update(&number.to_be_bytes()).update(&(name.len() as u64).to_be_bytes()).update(name.as_bytes());
    }
    hash.finalize().into()
}
