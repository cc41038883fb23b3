//! Pass-through: nearly all that came in by transfers leaves within minutes by transfers or withdrawals, little is
//! left in the balance, and that several times in a few days.

use super::Detector;
use crate::aml::{
    Alert, Movement, MovementKind, Pattern, TieIndex,
    alert::{Figure, share_bps},
    movement::{Evidence, Party},
    recent::{Kept, Mute, Recent},
    table::{PassThrough, count, fen, hours_ms},
};

const MINUTE_MS: i64 = 60_000;

/// One time that money came and went.
#[derive(Clone, Debug)]
struct Episode {
    at_ms: i64,
    came: i64,
    went: i64,
    evidence: Vec<Evidence>,
}

/// Movements of one episode that are kept: an alert names those of its last ones.
const EPISODE_EVIDENCE_MAX: usize = 32;

#[derive(Clone, Debug, Default)]
struct Passing {
    came: Recent,
    went: Recent,
    episodes: Vec<Episode>,
    mute: Mute,
}

/// See the module.
pub(super) struct PassThroughs {
    table: PassThrough,
    accounts: Kept<Party, Passing>,
}

impl PassThroughs {
    pub(super) fn new(table: &PassThrough) -> PassThroughs {
        let life_ms = hours_ms(table.episodes_h).max(table.window_min * MINUTE_MS);
        PassThroughs { table: table.clone(), accounts: Kept::new(life_ms) }
    }

    fn leave(&mut self, account: Party, movement: &Movement) -> Option<Alert> {
        let (table, at_ms) = (&self.table, movement.at_ms);
        let window_ms = table.window_min * MINUTE_MS;
        let passing = self.accounts.meet(account, at_ms);
        passing.came.prune(at_ms, window_ms);
        passing.went.prune(at_ms, window_ms);
        let first_ms = passing.came.iter().next()?.at_ms;
        passing.went.push(movement.seen());
        let came: i64 = passing.came.iter().map(|seen| seen.minor).sum();
        let after = || passing.went.iter().filter(|seen| seen.at_ms >= first_ms);
        let went: i64 = after().map(|seen| seen.minor).sum();
        let part = share_bps(went, came);
        let episodes_ms = hours_ms(table.episodes_h);
        passing.episodes.retain(|episode| episode.at_ms > at_ms.saturating_sub(episodes_ms));
        // A little may stay each time, so what is left is held against all that came.
        let all_came = passing.episodes.iter().fold(came, |sum, episode| sum.saturating_add(episode.came));
        let left = movement.left.map_or(0, |left| share_bps(left.minor(), all_came));
        let is_episode = came >= fen(table.in_min_yuan)
            && (table.out_share_min_bps..=table.out_share_max_bps).contains(&part)
            && left <= table.left_max_bps;
        if !is_episode {
            return None;
        }
        let evidence = passing.came.iter().chain(after()).copied().take(EPISODE_EVIDENCE_MAX).collect();
        passing.episodes.push(Episode { at_ms, came, went, evidence });
        passing.came.clear();
        passing.went.clear();
        if passing.episodes.len() < count(table.episodes_min) {
            return None;
        }
        let episodes = std::mem::take(&mut passing.episodes);
        if passing.mute.is_on(at_ms) {
            return None;
        }
        passing.mute.set(at_ms, episodes_ms);
        let (came, went) = (
            episodes.iter().fold(0, |sum: i64, episode| sum.saturating_add(episode.came)),
            episodes.iter().fold(0, |sum: i64, episode| sum.saturating_add(episode.went)),
        );
        let figures = vec![
            Figure::count("episodes", episodes.len()),
            Figure::fen("came_in", came),
            Figure::fen("went_out", went),
            Figure::share("went_out_of_it", went, came),
            Figure::span("each_within", window_ms),
            Figure::span("window", episodes_ms),
        ];
        let evidence = episodes.into_iter().flat_map(|episode| episode.evidence).collect();
        Some(Alert::new(Pattern::PassThrough, at_ms, vec![account], figures, evidence))
    }
}

impl Detector for PassThroughs {
    fn see(&mut self, movement: &Movement, _: &TieIndex, alerts: &mut Vec<Alert>) {
        let goes_out = matches!(movement.kind, MovementKind::Transfer | MovementKind::Withdrawal);
        if goes_out && movement.from.is_payer() {
            alerts.extend(self.leave(movement.from, movement));
        }
        if movement.kind == MovementKind::Transfer && movement.to.is_payer() {
            let window_ms = self.table.window_min * MINUTE_MS;
            let passing = self.accounts.meet(movement.to, movement.at_ms);
            passing.came.prune(movement.at_ms, window_ms);
            passing.came.push(movement.seen());
        }
    }
}
