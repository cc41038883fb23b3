//! What payers have in common, from the records as they are today: devices they are or were signed in on, networks
//! they signed in from, the numbers of their cards, the verified person.
//!
//! Keys are tokens and digests; nothing is unsealed. A network is what a provider gives to one place; those of many
//! payers say nothing, and the table of thresholds leaves them out.

use tongbao_core::{
    Id, Record,
    card::Card,
    facts::Entity,
    id::{CardId, NetworksId, PayerId, SessionId, TypedId},
    payer::{Payer, identity::Identity, network::Networks, session::Session},
};
use tongbao_risk::aml::{Monitor, Tie, TieKind};
use tongbao_store::{Page, Query, RecordLine, Store, limits::READ_ROWS_MAX};

use super::movements::party;
use crate::output::Failure;

/// Tells a monitor of them. `progress` is told how many records were looked at.
pub(super) fn tell(
    store: &dyn Store,
    monitor: &mut Monitor,
    progress: &mut dyn FnMut(u64),
) -> Result<(), Failure> {
    let (mut after, mut looked): (Option<Id>, u64) = (None, 0);
    loop {
        let Page::Stored(lines) = store.read(Query::Stored(after, READ_ROWS_MAX))? else {
            return Err("the store answered with another page than was asked for".into());
        };
        let Some(last) = lines.last() else { return Ok(()) };
        after = Some(last.id);
        looked += lines.len() as u64;
        for line in &lines {
            if let Some((payer, ties)) = told(line)? {
                for (kind, key) in ties {
                    monitor.tie(party(payer), Tie { kind, key });
                }
            }
        }
        progress(looked);
    }
}

/// A payer, and what it has.
type Told = (PayerId, Vec<(TieKind, u128)>);

fn told(line: &RecordLine) -> Result<Option<Told>, Failure> {
    let kinds = [PayerId::KIND, SessionId::KIND, CardId::KIND, NetworksId::KIND];
    if !kinds.contains(&line.id.kind) {
        return Ok(None);
    }
    let record = Record::decode(line.id.kind, &line.body)
        .map_err(|error| format!("{} cannot be read: {error}", line.id))?;
    let of_session = Session::of(&record).map(|session| {
        // The first half of a digest of a secret of 256 bits.
        let mut key = [0; 16];
        key.copy_from_slice(&session.device[..16]);
        (session.payer, vec![(TieKind::Device, u128::from_be_bytes(key))])
    });
    let of_networks = Networks::of(&record).map(|networks| {
        let keys = networks.known.iter().map(|known| u128::from_be_bytes(known.digest));
        (networks.payer, keys.map(|key| (TieKind::Address, key)).collect())
    });
    let of_card =
        Card::of(&record).map(|card| (card.payer, vec![(TieKind::Card, card.number.uuid().as_u128())]));
    let of_payer = Payer::of(&record).and_then(|payer| match payer.identity {
        Some(Identity::Verified { person, .. }) => {
            Some((payer.id, vec![(TieKind::Identity, person.uuid().as_u128())]))
        }
        Some(Identity::Unverified) | None => None,
    });
    Ok(of_session.or(of_networks).or(of_card).or(of_payer))
}
