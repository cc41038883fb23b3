//! Opening a lane, and finding out where it stands.

use std::collections::BTreeMap;

use tongbao_core::Time;

use super::{
    connect::Trouble,
    facts::digest_of_change,
    session::Session,
    values::{bad_row, bytes, column, number, signed, time},
};
use crate::{
    lane::{self, LANE_MAX, LaneEnd, LaneLine, before_first, lane_of, within},
    log::Digest,
    rows::Head,
};

/// How often a lane is asked for when others take theirs at the same moment.
const OPENINGS_TRIED_MAX: u32 = 50;

/// Changes or postings after which a lane is left for a new one; a batch never has as many as are left then.
const LANE_FULL: u64 = (1 << lane::NUMBER_BITS) - (1 << 32);

/// A lane that this process writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lane {
    pub(super) number: u32,
    pub(super) head: Head,
}

impl Lane {
    /// Takes a new lane.
    pub(super) async fn open(session: &Session) -> Result<Lane, Trouble> {
        for _ in 0..OPENINGS_TRIED_MAX {
            match try_open(session).await {
                Err(Trouble::Again(_)) => {}
                done => return done,
            }
        }
        Err(Trouble::Again("no lane was free".to_owned()))
    }

    /// Whether the database has this lane as this process left it. After a fail-over to a copy that was behind, it
    /// has not.
    pub(super) async fn is_whole(&self, session: &Session) -> Result<bool, Trouble> {
        if within(self.head.change) == 0 {
            return Ok(true);
        }
        Ok(digest_of_change(session, self.head.change).await? == Some(self.head.digest))
    }

    /// Whether it is time for another.
    pub(super) fn is_full(&self) -> bool {
        within(self.head.change).max(within(self.head.posting)) > LANE_FULL
    }
}

async fn try_open(session: &Session) -> Result<Lane, Trouble> {
    let client = &session.client;
    let known = lanes(session).await?;
    let number = known.last().map_or(0, |last| last.number + 1);
    if number > LANE_MAX {
        return Err(Trouble::Failed("there are no lanes left".to_owned()));
    }
    let mut named: BTreeMap<u32, u64> = BTreeMap::new();
    for end in known.iter().flat_map(|line| &line.ends) {
        named.insert(lane_of(end.number), end.number);
    }
    let (mut ends, mut latest) = (Vec::new(), Time::from_ms(0));
    for line in &known {
        let Some((end, at)) = end_of(session, line.number).await? else { continue };
        latest = latest.max(at);
        if named.get(&line.number) != Some(&end.number) {
            ends.push(end);
        }
    }
    let before = known.last().map(|last| last.opening);
    let opening = before.map_or([0; 32], |before| lane::opening(number, &before, &ends));
    let sql = "INSERT INTO lane (number, opening, ends) VALUES ($1, $2, $3)";
    let column = i32::try_from(number).unwrap_or(i32::MAX);
    client.execute(sql, &[&column, &opening.as_slice(), &LaneEnd::encode(&ends)]).await?;
    let first = before_first(number);
    let head = Head { change: first, digest: opening, at: latest, posting: first, account: first };
    Ok(Lane { number, head })
}

/// All lanes, in order.
async fn lanes(session: &Session) -> Result<Vec<LaneLine>, Trouble> {
    let sql = "SELECT number, opening, ends FROM lane ORDER BY number";
    let rows = session.client.query(sql, &[]).await?;
    Ok(rows.iter().map(line).collect::<Result<_, _>>()?)
}

/// A lane from its three columns.
pub(super) fn line(row: &tokio_postgres::Row) -> Result<LaneLine, crate::port::Fault> {
    Ok(LaneLine {
        number: u32::try_from(column::<i32>(row, 0)?).map_err(|_| bad_row("lane"))?,
        opening: bytes(row, 1)?,
        ends: LaneEnd::decode(column(row, 2)?).ok_or_else(|| bad_row("lane"))?,
    })
}

/// The last change of every lane that has one; the parameter is how far lanes are apart.
pub(super) const ENDS: &str = "SELECT last.number, last.digest FROM lane CROSS JOIN LATERAL
    (SELECT number, digest FROM change
     WHERE change.number > lane.number * $1::bigint AND change.number < (lane.number + 1) * $1::bigint
     ORDER BY change.number DESC LIMIT 1) AS last ORDER BY last.number";

/// An end from its two columns.
pub(super) fn end(row: &tokio_postgres::Row) -> Result<LaneEnd, crate::port::Fault> {
    Ok(LaneEnd { number: number(row, 0)?, digest: bytes(row, 1)? })
}

/// Where a lane ends now, and when that was.
async fn end_of(session: &Session, lane: u32) -> Result<Option<(LaneEnd, Time)>, Trouble> {
    let sql = "SELECT number, digest, at FROM change WHERE number > $1 AND number < $2 ORDER BY number DESC LIMIT 1";
    let (first, next) = (signed(before_first(lane)), signed(before_first(lane + 1)));
    let Some(row) = session.client.query_opt(sql, &[&first, &next]).await? else { return Ok(None) };
    let digest: Digest = bytes(&row, 1)?;
    Ok(Some((LaneEnd { number: number(&row, 0)?, digest }, time(&row, 2)?)))
}
