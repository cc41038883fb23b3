//! Lanes: where each ends at the moment of the count, whether each begins with what it must, and whether those
//! before it still have the ends it was opened on.

use super::Report;
use crate::{
    cache::Map,
    lane::{self, LaneEnd, LaneLine, before_first, lane_of},
    limits::READ_ROWS_MAX,
    log::{ChangeLine, Digest},
    port::{Fault, Page, Query, Store, unexpected},
};

/// How far a lane has been counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    lane: u32,
    /// Its last change and its last posting; before the first, the number before.
    pub(super) change: u64,
    pub(super) posting: u64,
    /// What the next change's digest covers.
    pub(super) digest: Digest,
}

/// See the module.
pub(super) struct Lanes {
    lines: Vec<LaneLine>,
    /// What is counted: changes up to these, one of each lane that has any.
    ends: Vec<LaneEnd>,
    /// Ends that openings name and that have not been counted.
    named: Map<u64, Digest>,
    counted: Vec<Counted>,
}

impl Lanes {
    /// Reads them, and checks how they were opened.
    pub(super) fn read(store: &dyn Store, report: &mut Report) -> Result<Lanes, Fault> {
        let ends = ends(store)?;
        let lines = lines(store)?;
        let mut named = Map::default();
        let mut before: Option<&LaneLine> = None;
        for line in &lines {
            let number = before.map_or(0, |before| before.number + 1);
            report.expect(line.number == number, || format!("lane {number} is missing"));
            let opening =
                before.map_or([0; 32], |before| lane::opening(line.number, &before.opening, &line.ends));
            report.expect(line.opening == opening, || format!("lane {} has another opening", line.number));
            named.extend(line.ends.iter().map(|end| (end.number, end.digest)));
            before = Some(line);
        }
        Ok(Lanes { lines, ends, named, counted: Vec::new() })
    }

    /// Whether a change is counted: later ones came meanwhile.
    pub(super) fn contain(&self, change: u64) -> bool {
        self.ends.iter().any(|end| lane_of(end.number) == lane_of(change) && change <= end.number)
    }

    /// How far the lane of this change is counted; begins the lane if this is its first.
    pub(super) fn enter(&mut self, change: u64, report: &mut Report) -> Counted {
        let lane = lane_of(change);
        match self.counted.last() {
            Some(counted) if counted.lane == lane => *counted,
            _ => {
                let opened = self.lines.iter().find(|line| line.number == lane);
                report.expect(opened.is_some(), || format!("lane {lane} was never opened"));
                let (first, digest) =
                    (before_first(lane), opened.map(|line| line.opening).unwrap_or_default());
                let counted = Counted { lane, change: first, posting: first, digest };
                self.counted.push(counted);
                counted
            }
        }
    }

    /// Goes on to this change, whose last posting is this one.
    pub(super) fn advance(&mut self, change: &ChangeLine, posting: u64, report: &mut Report) {
        if let Some(digest) = self.named.remove(&change.number) {
            report.expect(digest == change.digest, || {
                format!("change {} is not the one that a later lane was opened on", change.number)
            });
        }
        if let Some(counted) = self.counted.last_mut() {
            // Going on from what is written finds the next break, too, and not everything after the first.
            (counted.change, counted.posting, counted.digest) = (change.number, posting, change.digest);
        }
    }

    /// All has been counted.
    pub(super) fn finish(&self, report: &mut Report) {
        for end in &self.ends {
            let counted = self.counted.iter().any(|counted| counted.change == end.number);
            report.expect(counted, || format!("change {} is missing", end.number));
        }
        for number in self.named.keys() {
            report.find(|| format!("change {number} is missing; a later lane was opened on it"));
        }
        report.digest = match self.counted.as_slice() {
            [] => Digest::default(),
            [only] => only.digest,
            several => {
                let mut hash = blake3::Hasher::new();
                for counted in several {
                    hash.update(&counted.change.to_be_bytes()).update(&counted.digest);
                }
                hash.finalize().into()
            }
        };
    }

    /// Whether this is a posting of a change that was counted.
    pub(super) fn have_counted_posting(&self, number: u64) -> bool {
        let of_lane = self.counted.iter().find(|counted| counted.lane == lane_of(number));
        of_lane.is_some_and(|counted| number <= counted.posting)
    }

    /// Whether the log has grown since: only then may rows be ahead of it.
    pub(super) fn have_grown(&self, store: &dyn Store) -> Result<bool, Fault> {
        Ok(ends(store)? != self.ends)
    }
}

fn ends(store: &dyn Store) -> Result<Vec<LaneEnd>, Fault> {
    match store.read(Query::LaneEnds)? {
        Page::LaneEnds(ends) => Ok(ends),
        other => Err(unexpected(&other)),
    }
}

fn lines(store: &dyn Store) -> Result<Vec<LaneLine>, Fault> {
    let mut lines: Vec<LaneLine> = Vec::new();
    loop {
        let after = lines.last().map(|line| line.number);
        match store.read(Query::Lanes(after, READ_ROWS_MAX))? {
            Page::Lanes(page) if page.is_empty() => return Ok(lines),
            Page::Lanes(page) => lines.extend(page),
            other => return Err(unexpected(&other)),
        }
    }
}
